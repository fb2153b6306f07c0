package import DeployModel
import Parallel

/// The fold over events: counts by scope and bucket. Merging two folds gives the fold over both parts.
package struct EventAggregator {
    package static let bucketSeconds = 60
    package static let longestSeries = 50_000
    /// How many values of a dimension are counted by themselves; further ones are counted in the whole only.
    package static let limits: [Scope.Kind: Int] = [.workload: 2000, .pod: 5000, .version: 500, .error: 500]
    /// How many of them become series, the heaviest first.
    package static let seriesLimits: [Scope.Kind: Int] = [
        .workload: 200, .pod: 200, .version: 50, .error: 50,
    ]

    /// What is known of a pod's name, worked out once.
    private struct Pod {
        /// Where it is counted; `nil` when there are too many.
        var scope: Int?
        var workload: Int?
        var name: PodName
        var span = EventSpan()
    }

    private var scopes: [Scope] = [.all]
    private var counts: [BucketCounts] = [BucketCounts()]
    private var indices: [Scope.Kind: [String: Int]] = [:]
    /// The texts of each kind met so far, and for each the scope it is counted in.
    private var workloads = ScopeNames(), versions = ScopeNames(), messages = ScopeNames()
    private var podNames = NameTable()
    private var pods: [Pod] = []
    /// How long events took: those of each of the first few workloads, and first of all others.
    private var durations = [DurationCounts()]
    private var durationScopes = [0]
    package static let durationLimit = 12
    /// How many different messages are remembered with their template.
    private static let messageLimit = 4096
    private var leftOut: [Scope.Kind: Int] = [:]
    private(set) var span = EventSpan()
    /// The same of rows of counts alone.
    private var rowSpan = EventSpan()
    private var rows = BucketCounts()

    /// Texts of a field with the scopes they are counted in.
    private struct ScopeNames {
        private var table = NameTable()
        private var scopes: [Int] = []
        var count: Int { scopes.count }

        /// The scope of a text; −1 when it is none of those added.
        func scope(of text: UnsafeRawBufferPointer) -> Int {
            table.number(of: text).map { scopes[$0] } ?? -1
        }

        mutating func add(_ text: UnsafeRawBufferPointer, scope: Int) {
            if table.number(adding: text) == scopes.count { scopes.append(scope) }
        }
    }

    /// Counts by source since the last time they were spread out to the scopes.
    private var sources = SourceTable()
    private var counted: [SourceCounts] = []
    /// How many events were counted since.
    private var unsettled = 0
    private static let settledAfter = 32_768

    /// The places of an event's scopes; −1 where it has none. The workload that it names, or the one of its pod.
    private struct SourceScopes {
        var workload = -1, podWorkload = -1, version = -1
        /// The number of the pod.
        var pod = -1
    }

    /// What the events of one workload, pod and version count: most events differ in nothing else that is counted.
    private struct SourceCounts {
        var scopes: SourceScopes
        var counts = BucketCounts()
        var span = EventSpan()
        /// Where their durations are counted, once one had any.
        var durationIndex = -1

        init(_ scopes: SourceScopes) { self.scopes = scopes }
    }

    /// All events so far.
    var total: Rate { counts[0].total }

    /// All events and failing events, by minute.
    var minutes: BucketCounts { counts[0] }

    mutating func add(_ event: CountedEvent, of record: Record, with places: EventReading.Places) {
        let bucket = Self.bucket(event.time)
        // Bounds the memory where a part is long.
        unsettled += 1
        if unsettled == Self.settledAfter { settle() }
        if event.isRow {
            rowSpan.add(event.time)
            rows.add(bucket, events: event.events, errors: 0)
        }
        let source: Int
        if let known = sources.number(
            workload: record[places.workload], pod: record[places.pod], version: record[places.version])
        {
            if known == counted.count { counted.append(SourceCounts(scopes(of: record, places))) }
            source = known
            counted[source].counts.add(bucket, events: event.events, errors: event.errors)
            counted[source].span.add(event.time)
        } else {
            // Too many sources, or names that are too long: such an event is added by itself.
            source = -1
            count(event, bucket, in: scopes(of: record, places))
        }
        let duration = record[places.duration]
        if duration.isPresent, let duration = EventReading.number(duration) {
            durations[durationIndex(source, record, places)].add(
                bucket, duration: duration, events: event.events)
        }
        if event.isFailing { countKinds(of: record, bucket, event, with: places) }
    }

    /// Adds what was counted by source to the scopes of each; to be called when all events of a part were added.
    mutating func settle() {
        let all = counted
        (counted, sources, unsettled) = ([], SourceTable(), 0)
        for source in all { spread(source) }
    }

    private mutating func count(_ event: CountedEvent, _ bucket: Int, in scopes: SourceScopes) {
        counts[0].add(bucket, events: event.events, errors: event.errors)
        span.add(event.time)
        count(scopes.workload, bucket, event)
        count(scopes.podWorkload, bucket, event)
        count(scopes.version, bucket, event)
        if scopes.pod >= 0 {
            if let scope = pods[scopes.pod].scope { count(scope, bucket, event) }
            pods[scopes.pod].span.add(event.time)
        }
    }

    private mutating func spread(_ source: SourceCounts) {
        counts[0].merge(source.counts)
        span.merge(source.span)
        let scopes = source.scopes
        for scope in [scopes.workload, scopes.podWorkload, scopes.version] where scope >= 0 {
            counts[scope].merge(source.counts)
        }
        if scopes.pod >= 0 {
            if let scope = pods[scopes.pod].scope { counts[scope].merge(source.counts) }
            pods[scopes.pod].span.merge(source.span)
        }
    }

    /// What an event of a workload, pod and version is counted in besides the whole.
    private mutating func scopes(of record: Record, _ places: EventReading.Places) -> SourceScopes {
        var found = SourceScopes()
        found.workload = scope(of: record[places.workload], .workload, \.workloads)
        let pod = record[places.pod]
        if pod.isPresent {
            addPod(pod.text, ownsWorkload: !record[places.workload].isPresent, to: &found)
        }
        found.version = scope(of: record[places.version], .version, \.versions)
        return found
    }

    /// The scope of a field's text, perhaps a new one; −1 when it is not there, or when there are too many.
    private mutating func scope(
        of field: RecordField, _ kind: Scope.Kind, _ names: WritableKeyPath<EventAggregator, ScopeNames>
    ) -> Int {
        guard field.isPresent else { return -1 }
        let known = self[keyPath: names].scope(of: field.text)
        guard known < 0, let scope = index(kind, field.string) else { return known }
        self[keyPath: names].add(field.text, scope: scope)
        return scope
    }

    /// Where durations of an event's workload are counted: by themselves while there is room.
    private mutating func durationIndex(_ source: Int, _ record: Record, _ places: EventReading.Places)
        -> Int
    {
        if source >= 0, counted[source].durationIndex >= 0 { return counted[source].durationIndex }
        let workload = source >= 0 ? counted[source].scopes.workload : scopes(of: record, places).workload
        let index = durationScopes.firstIndex(of: workload) ?? timed(workload)
        if source >= 0 { counted[source].durationIndex = index }
        return index
    }

    private mutating func timed(_ workload: Int) -> Int {
        guard workload > 0, durations.count < Self.durationLimit else { return 0 }
        durations.append(DurationCounts())
        durationScopes.append(workload)
        return durations.count - 1
    }

    private mutating func addPod(
        _ text: UnsafeRawBufferPointer, ownsWorkload: Bool, to found: inout SourceScopes
    ) {
        var number = podNames.number(of: text) ?? -1
        if number < 0 {
            let name = String(decoding: text, as: UTF8.self)
            guard let scope = index(.pod, name) else { return }
            let parsed = PodName(name)
            number = podNames.number(adding: text)
            pods.append(
                Pod(
                    scope: scope, workload: ownsWorkload ? index(.workload, parsed.workload) : nil,
                    name: parsed))
        }
        found.pod = number
        if ownsWorkload {
            if pods[number].workload == nil {
                pods[number].workload = index(.workload, pods[number].name.workload)
            }
            found.podWorkload = pods[number].workload ?? -1
        }
    }

    private mutating func countKinds(
        of record: Record, _ bucket: Int, _ event: CountedEvent, with places: EventReading.Places
    ) {
        let kinds = record[places.errorKinds]
        let message = record[places.message]
        if kinds.isPresent {
            for part in kinds.string.split(separator: ";") {
                let pieces = part.split(separator: ":")
                guard pieces.count == 2, let number = Double(pieces[1]), number > 0,
                    let scope = index(.error, String(pieces[0]))
                else { continue }
                counts[scope].add(bucket, events: number, errors: number)
            }
        } else if message.kind == .string {
            var scope = messages.scope(of: message.text)
            if scope < 0 {
                scope = index(.error, MessageTemplate(message.string).text) ?? -1
                if scope >= 0, messages.count < Self.messageLimit { messages.add(message.text, scope: scope) }
            }
            count(scope, bucket, event)
        }
    }

    private mutating func count(_ scope: Int, _ bucket: Int, _ event: CountedEvent) {
        guard scope >= 0 else { return }
        counts[scope].add(bucket, events: event.events, errors: event.errors)
    }

    /// - Returns: `nil` when there are too many values of the kind already.
    private mutating func index(_ kind: Scope.Kind, _ name: String) -> Int? {
        if let known = indices[kind]?[name] { return known }
        guard (indices[kind]?.count ?? 0) < (Self.limits[kind] ?? .max) else {
            leftOut[kind, default: 0] += 1
            return nil
        }
        indices[kind, default: [:]][name] = scopes.count
        scopes.append(Scope(kind, name))
        counts.append(BucketCounts())
        return scopes.count - 1
    }

    /// Where a scope is counted: as all parts begin with the scopes of the first one, mostly where another part counts it.
    private mutating func place(of scope: Scope, likelyAt position: Int) -> Int? {
        if scopes.indices.contains(position), scopes[position] == scope { return position }
        return index(scope.kind, scope.name)
    }

    /// The same scopes without counts: what the next parts of the input begin with, so that what is counted in one part is
    /// counted in all.
    var emptied: EventAggregator {
        var copy = self
        copy.counts = counts.map { _ in BucketCounts() }
        copy.durations = durations.map { _ in DurationCounts() }
        for index in copy.pods.indices { copy.pods[index].span = EventSpan() }
        copy.leftOut = [:]
        copy.span = EventSpan()
        copy.rowSpan = EventSpan()
        copy.rows = BucketCounts()
        (copy.sources, copy.counted, copy.unsettled) = (SourceTable(), [], 0)
        return copy
    }

    /// Adds what another fold counted.
    mutating func merge(_ other: EventAggregator) {
        span.merge(other.span)
        rowSpan.merge(other.rowSpan)
        rows.merge(other.rows)
        counts[0].merge(other.counts[0])
        for (position, scope) in other.scopes.enumerated().dropFirst() {
            guard let own = place(of: scope, likelyAt: position) else { continue }
            counts[own].merge(other.counts[position])
        }
        for (position, scope) in other.durationScopes.enumerated() {
            let own = scope == 0 ? 0 : place(of: other.scopes[scope], likelyAt: scope) ?? 0
            durations[durationScopes.firstIndex(of: own) ?? timed(own)].merge(other.durations[position])
        }
        for (position, pod) in other.pods.enumerated() {
            if pod.scope != nil, pods.indices.contains(position), pods[position].name == pod.name {
                pods[position].span.merge(pod.span)
            } else {
                merge(pod, of: other)
            }
        }
        for (kind, count) in other.leftOut { leftOut[kind, default: 0] += count }
    }

    private mutating func merge(_ pod: Pod, of other: EventAggregator) {
        guard let scope = pod.scope, let own = index(.pod, other.scopes[scope].name) else { return }
        let name = other.scopes[scope].name
        let number = Array(name.utf8).withUnsafeBytes { podNames.number(adding: $0) }
        if number == pods.count {
            let workload = pod.workload == nil ? nil : index(.workload, pod.name.workload)
            pods.append(Pod(scope: own, workload: workload, name: pod.name))
        }
        pods[number].span.merge(pod.span)
    }

    /// Leaves out events that lie far from all others.
    ///
    /// - Returns: which these are; `nil` where there are none.
    mutating func setStraysAside() -> StrayTimes? {
        let filled = minutes.filled
        let kept = StrayTimes.kept(filled, bucketSeconds: Self.bucketSeconds)
        guard kept.count < filled.count, let first = kept.first, let last = kept.last else { return nil }
        let inside = minutes.total(in: first..<last + 1).events
        guard StrayTimes.areFew(minutes.total.events - inside, of: minutes.total.events) else { return nil }
        for index in counts.indices { counts[index].keep(first...last) }
        rows.keep(first...last)
        func start(_ bucket: Int) -> Instant { Instant(seconds: bucket * Self.bucketSeconds) }
        let window = TimeWindow(since: start(first), until: start(last + 1))
        span = span.clamped(to: window)
        rowSpan = rowSpan.clamped(to: window)
        let astray = filled.filter { !(first...last).contains($0) }
        return StrayTimes(
            buckets: astray.count, first: start(astray.first ?? first), last: start(astray.last ?? last))
    }

    /// The counts as series, all on the same buckets; an error kind's events are all events.
    func series(workers: Int) -> [Series] {
        guard let first = span.first, let last = span.last else { return [] }
        let width = Self.bucketSeconds
        let start = Int((first.seconds / Double(width)).rounded(.down))
        let end = Int((last.seconds / Double(width)).rounded(.down)) + 1
        let rowBuckets = rowBuckets
        var factor = rowBuckets
        while (end - start) / factor > Self.longestSeries { factor *= 2 }
        // Starting at a multiple of the factor keeps coarse buckets where they are whatever the first event is; rows of
        // counts reach from where the first one begins.
        let phase = rowBuckets > 1 ? start - (rowSpan.first.map(Self.bucket) ?? start) : start
        let aligned = start - (phase % factor + factor) % factor
        let grid = BucketGrid(first: aligned, count: end - aligned, factor: factor, bucketSeconds: width)
        let whole = counts[0].series(.all, on: grid)
        // What takes longest begins first.
        let parts = concurrentMap([nil] + chosenScopes(), workers: workers) { position in
            guard let position else { return slowSeries(on: grid) }
            guard position > 0 else { return [whole] }
            var series = counts[position].series(scopes[position], on: grid)
            if scopes[position].kind == .error { series.events = whole.events }
            return [series]
        }
        return (parts.dropFirst() + parts.prefix(1)).flatMap(\.self)
    }

    /// Slow events of all, and of each workload that is timed by itself.
    private func slowSeries(on grid: BucketGrid) -> [Series] {
        var all = DurationCounts()
        for own in durations { all.merge(own) }
        return ([(0, all)] + zip(durationScopes, durations).dropFirst().sorted { $0.0 < $1.0 }).compactMap {
            scope, durations in durations.series(scopes[scope], on: grid)
        }
    }

    /// Into how many buckets each row of counts reaches: what divides the time between all of them. 1 for events, whose times
    /// are their own.
    var rowBuckets: Int {
        Self.rowBuckets(filled: rows.filled)
    }

    /// The same for the buckets that hold rows of counts, ascending.
    package static func rowBuckets(filled: [Int]) -> Int {
        guard filled.count >= 8 else { return 1 }
        return filled.reduce(0) { greatestCommonDivisor($0, $1 - filled[0]) }
    }

    /// Until when the last row of counts reaches.
    var rowsEnd: Instant? {
        rowSpan.last.map { Instant(seconds: (Self.bucket($0) + rowBuckets) * Self.bucketSeconds) }
    }

    private static func bucket(_ time: Instant) -> Int {
        Int(floorDiv(time.milliseconds, Int64(bucketSeconds) * 1000))
    }

    /// The whole, and of each kind the heaviest scopes, by name.
    private func chosenScopes() -> [Int] {
        var chosen = [0]
        for kind in Scope.Kind.allCases where kind != .all {
            let ofKind = scopes.indices.filter { scopes[$0].kind == kind }
            let heaviest = ofKind.sorted { a, b in
                let (x, y) = (counts[a].total, counts[b].total)
                return (x.errors, x.events, scopes[b].name) > (y.errors, y.events, scopes[a].name)
            }.prefix(Self.seriesLimits[kind] ?? 0)
            chosen += heaviest.sorted { scopes[$0] < scopes[$1] }
        }
        return chosen
    }

    /// Pod templates by workload and first event.
    func rollouts() -> [ObservedRollout] {
        var found: [String: ObservedRollout] = [:]
        for pod in pods {
            guard let hash = pod.name.templateHash, let first = pod.span.first, let last = pod.span.last
            else { continue }
            let key = "\(pod.name.workload)/\(hash)"
            var rollout =
                found[key]
                ?? ObservedRollout(workload: pod.name.workload, hash: hash, first: first, last: last, pods: 0)
            rollout.first = min(rollout.first, first)
            rollout.last = max(rollout.last, last)
            rollout.pods += 1
            found[key] = rollout
        }
        return found.values.sorted { ($0.workload, $0.first, $0.hash) < ($1.workload, $1.first, $1.hash) }
    }

    /// What did not fit.
    var warnings: [Warning] {
        leftOut.sorted { $0.key.rawValue < $1.key.rawValue }.map { Self.tooManyValues(of: $0.key) }
    }

    /// There are more values of a kind than are counted by themselves.
    package static func tooManyValues(of kind: Scope.Kind) -> Warning {
        Warning(
            code: "too_many_values",
            text: "There are more than \(limits[kind] ?? 0) different values of \(kind.rawValue); "
                + "further ones count in the whole only.",
            remedy: "name a field with fewer values: --map \(kind.rawValue)=FIELD")
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}

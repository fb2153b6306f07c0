package import DeployModel

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

    /// All events so far.
    var total: Rate { counts[0].total }

    /// All events and failing events, by minute.
    var minutes: BucketCounts { counts[0] }

    mutating func add(_ event: CountedEvent, of record: Record, with places: EventReading.Places) {
        span.add(event.time)
        let bucket = Self.bucket(event.time)
        counts[0].add(bucket, events: event.events, errors: event.errors)
        if event.isRow {
            rowSpan.add(event.time)
            rows.add(bucket, events: event.events, errors: 0)
        }
        var workload = -1
        let workloadField = record[places.workload]
        if workloadField.isPresent {
            workload = workloads.scope(of: workloadField.text)
            if workload < 0 {
                workload = index(.workload, workloadField.string) ?? -1
                if workload >= 0 { workloads.add(workloadField.text, scope: workload) }
            }
            count(workload, bucket, event)
        }
        let duration = record[places.duration]
        if duration.isPresent, let duration = EventReading.number(duration) {
            durations[max(durationScopes.firstIndex(of: workload) ?? timed(workload), 0)].add(
                bucket, duration: duration, events: event.events)
        }
        let pod = record[places.pod]
        if pod.isPresent { countPod(pod.text, bucket, event, ownsWorkload: !workloadField.isPresent) }
        let version = record[places.version]
        if version.isPresent {
            var scope = versions.scope(of: version.text)
            if scope < 0 {
                scope = index(.version, version.string) ?? -1
                if scope >= 0 { versions.add(version.text, scope: scope) }
            }
            count(scope, bucket, event)
        }
        if event.isFailing { countKinds(of: record, bucket, event, with: places) }
    }

    /// Where durations of a workload are counted: by themselves while there is room.
    private mutating func timed(_ workload: Int) -> Int {
        guard workload > 0, durations.count < Self.durationLimit else { return 0 }
        durations.append(DurationCounts())
        durationScopes.append(workload)
        return durations.count - 1
    }

    private mutating func countPod(
        _ text: UnsafeRawBufferPointer, _ bucket: Int, _ event: CountedEvent, ownsWorkload: Bool
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
        if let scope = pods[number].scope { count(scope, bucket, event) }
        if ownsWorkload {
            if pods[number].workload == nil {
                pods[number].workload = index(.workload, pods[number].name.workload)
            }
            if let workload = pods[number].workload { count(workload, bucket, event) }
        }
        pods[number].span.add(event.time)
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
        return copy
    }

    /// Adds what another fold counted.
    mutating func merge(_ other: EventAggregator) {
        span.merge(other.span)
        rowSpan.merge(other.rowSpan)
        rows.merge(other.rows)
        counts[0].merge(other.counts[0])
        for (position, scope) in other.scopes.enumerated().dropFirst() {
            guard let own = index(scope.kind, scope.name) else { continue }
            counts[own].merge(other.counts[position])
        }
        for (position, scope) in other.durationScopes.enumerated() {
            let own = scope == 0 ? 0 : index(other.scopes[scope].kind, other.scopes[scope].name) ?? 0
            durations[durationScopes.firstIndex(of: own) ?? timed(own)].merge(other.durations[position])
        }
        for pod in other.pods { merge(pod, of: other) }
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
    func series() -> [Series] {
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
        let failing = chosenScopes().map { position in
            guard position > 0 else { return whole }
            var series = counts[position].series(scopes[position], on: grid)
            if scopes[position].kind == .error { series.events = whole.events }
            return series
        }
        return failing + slowSeries(on: grid)
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

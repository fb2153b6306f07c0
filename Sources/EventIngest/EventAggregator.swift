import DeployModel

/// The fold over events: counts by scope and bucket. Merging two folds gives the fold over both parts.
struct EventAggregator {
    static let bucketSeconds = 60
    private static let longestSeries = 50_000
    /// How many values of a dimension are counted by themselves; further ones are counted in the whole only.
    private static let limits: [Scope.Kind: Int] = [.workload: 2000, .pod: 5000, .version: 500, .error: 500]
    /// How many of them become series, the heaviest first.
    private static let seriesLimits: [Scope.Kind: Int] = [
        .workload: 200, .pod: 200, .version: 50, .error: 50,
    ]

    /// What is known of a pod's name, worked out once.
    private struct Pod {
        var scope: Int
        var workload: Int?
        var name: PodName
        var span = EventSpan()
    }

    private let roles: RoleAssignment
    private var scopes: [Scope] = [.all]
    private var counts: [BucketCounts] = [BucketCounts()]
    private var indices: [Scope.Kind: [String: Int]] = [:]
    private var pods: [String: Pod] = [:]
    /// How long events took: of all, and of each of the first few workloads.
    private var durations: [Int: DurationCounts] = [:]
    private static let durationLimit = 12
    private var leftOut: [Scope.Kind: Int] = [:]
    private(set) var span = EventSpan()

    init(_ roles: RoleAssignment) { self.roles = roles }

    /// All events so far.
    var total: Rate { counts[0].total }

    mutating func add(_ event: CountedEvent, of record: Record, with reading: inout EventReading) {
        span.add(event.time)
        let seconds = Int(event.time.seconds.rounded(.down))
        let bucket = seconds >= 0 ? seconds / Self.bucketSeconds : (seconds + 1) / Self.bucketSeconds - 1
        counts[0].add(bucket, events: event.events, errors: event.errors)
        let workload = reading.field(.workload, of: record)?.string
        if let workload { count(.workload, workload, bucket, event) }
        if let field = reading.field(.duration, of: record), let duration = EventReading.number(field) {
            time(0, bucket, duration, event)
            if let index = workload.flatMap({ indices[.workload]?[$0] }) {
                time(index, bucket, duration, event)
            }
        }
        if let pod = reading.field(.pod, of: record)?.string {
            countPod(pod, bucket, event, ownsWorkload: workload == nil)
        }
        if let version = reading.field(.version, of: record)?.string {
            count(.version, version, bucket, event)
        }
        if event.isFailing { countKinds(of: record, bucket, event, with: &reading) }
    }

    private mutating func time(_ scope: Int, _ bucket: Int, _ duration: Double, _ event: CountedEvent) {
        guard durations[scope] != nil || durations.count < Self.durationLimit else { return }
        durations[scope, default: DurationCounts()].add(bucket, duration: duration, events: event.events)
    }

    private mutating func countPod(_ name: String, _ bucket: Int, _ event: CountedEvent, ownsWorkload: Bool) {
        if pods[name] == nil {
            let parsed = PodName(name)
            guard let scope = index(.pod, name) else { return }
            pods[name] = Pod(
                scope: scope, workload: ownsWorkload ? index(.workload, parsed.workload) : nil, name: parsed)
        }
        guard let pod = pods[name] else { return }
        counts[pod.scope].add(bucket, events: event.events, errors: event.errors)
        if let workload = pod.workload {
            counts[workload].add(bucket, events: event.events, errors: event.errors)
        }
        pods[name]?.span.add(event.time)
    }

    private mutating func countKinds(
        of record: Record, _ bucket: Int, _ event: CountedEvent, with reading: inout EventReading
    ) {
        if let kinds = reading.field(.errorKinds, of: record)?.string {
            for part in kinds.split(separator: ";") {
                let pieces = part.split(separator: ":")
                guard pieces.count == 2, let number = Double(pieces[1]), number > 0 else { continue }
                count(
                    .error, String(pieces[0]), bucket,
                    CountedEvent(time: event.time, events: number, errors: number))
            }
        } else if let message = reading.field(.message, of: record), message.kind == .string {
            count(.error, MessageTemplate(message.string).text, bucket, event)
        }
    }

    private mutating func count(_ kind: Scope.Kind, _ name: String, _ bucket: Int, _ event: CountedEvent) {
        guard let index = index(kind, name) else { return }
        counts[index].add(bucket, events: event.events, errors: event.errors)
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

    /// Adds what another fold counted.
    mutating func merge(_ other: EventAggregator) {
        for (instant) in [other.span.first, other.span.last].compactMap({ $0 }) { span.add(instant) }
        counts[0].merge(other.counts[0])
        for (position, scope) in other.scopes.enumerated().dropFirst() {
            guard let own = index(scope.kind, scope.name) else { continue }
            counts[own].merge(other.counts[position])
            if let times = other.durations[position] {
                durations[own, default: DurationCounts()].merge(times)
            }
        }
        if let times = other.durations[0] { durations[0, default: DurationCounts()].merge(times) }
        for (name, pod) in other.pods {
            guard let scope = index(.pod, name) else { continue }
            var own =
                pods[name]
                ?? Pod(
                    scope: scope, workload: pod.workload.flatMap { _ in index(.workload, pod.name.workload) },
                    name: pod.name)
            for instant in [pod.span.first, pod.span.last].compactMap({ $0 }) { own.span.add(instant) }
            pods[name] = own
        }
        for (kind, count) in other.leftOut { leftOut[kind, default: 0] += count }
    }

    /// The counts as series, all on the same buckets; an error kind's events are all events.
    func series() -> [Series] {
        guard let first = span.first, let last = span.last else { return [] }
        let width = Self.bucketSeconds
        let start = Int((first.seconds / Double(width)).rounded(.down))
        let end = Int((last.seconds / Double(width)).rounded(.down)) + 1
        var factor = rowBuckets
        while (end - start) / factor > Self.longestSeries { factor *= 2 }
        // Starting at a multiple of the factor keeps coarse buckets where they are whatever the first event is; rows of
        // counts begin where the first one does.
        let aligned = rowBuckets > 1 ? start : start - (start % factor + factor) % factor
        let whole = counts[0].series(.all, first: aligned, count: end - aligned, bucketSeconds: width)
        let slow = durations.keys.sorted().compactMap { position in
            durations[position]?.series(
                scopes[position], first: aligned, count: end - aligned, bucketSeconds: width)?.coarsened(
                    by: factor)
        }
        let failing = chosenScopes().map { position in
            var series =
                position == 0
                ? whole
                : counts[position].series(
                    scopes[position], first: aligned, count: end - aligned, bucketSeconds: width)
            if scopes[position].kind == .error { series.events = whole.events }
            return series.coarsened(by: factor)
        }
        return failing + slow
    }

    /// Into how many buckets each row of counts reaches: what divides the time between all of them. 1 for events, whose times
    /// are their own.
    var rowBuckets: Int {
        guard roles.failure == .counts else { return 1 }
        let filled = counts[0].filled
        guard filled.count >= 8 else { return 1 }
        return filled.reduce(0) { greatestCommonDivisor($0, $1 - filled[0]) }
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
        for (_, pod) in pods {
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
        leftOut.sorted { $0.key.rawValue < $1.key.rawValue }.map { kind, _ in
            Warning(
                code: "too_many_values",
                text: "There are more than \(Self.limits[kind] ?? 0) different values of \(kind.rawValue); "
                    + "further ones count in the whole only.",
                remedy: "name a field with fewer values: --map \(kind.rawValue)=FIELD")
        }
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
}

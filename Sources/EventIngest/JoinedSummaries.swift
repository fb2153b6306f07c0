import DeployModel

extension EventSummary {
    /// The counts of this summary and of another one, as if all events had been counted at once.
    ///
    /// What was noted for reading files again stays this one's: the other one's sources come behind its own.
    public func joined(with other: EventSummary) -> EventSummary {
        var joined = self
        joined.inputs += other.inputs
        joined.span = [span, other.span].compactMap { $0 }.reduce(nil) { whole, span in
            whole.map {
                TimeWindow(since: min($0.since, span.since), until: max($0.until, span.until))
            } ?? span
        }
        joined.series = Self.joined(series, other.series)
        joined.rollouts = Self.joined(rollouts, other.rollouts)
        joined.sourceRoles = sourceRoles.followed(by: other.sourceRoles)
        joined.rejected += other.rejected
        joined.warnings += other.warnings.filter { !warnings.contains($0) }
        return joined
    }

    /// A template that both saw is one; how many of its pods both saw is not known.
    private static func joined(
        _ own: [ObservedRollout], _ others: [ObservedRollout]
    ) -> [ObservedRollout] {
        var rollouts = own
        for other in others {
            if let place = rollouts.firstIndex(where: {
                $0.workload == other.workload && $0.hash == other.hash
            }) {
                rollouts[place].first = min(rollouts[place].first, other.first)
                rollouts[place].last = max(rollouts[place].last, other.last)
                rollouts[place].pods = max(rollouts[place].pods, other.pods)
            } else {
                rollouts.append(other)
            }
        }
        return rollouts.sorted { ($0.workload, $0.first, $0.hash) < ($1.workload, $1.first, $1.hash) }
    }

    private struct Key: Hashable {
        var scope: Scope
        var slowerThan: Double?
    }

    /// The sums of series by scope, on buckets that both fill whole.
    private static func joined(_ own: [Series], _ others: [Series]) -> [Series] {
        guard let first = own.first else { return others }
        guard let second = others.first else { return own }
        let width = leastCommonMultiple(first.bucketSeconds, second.bucketSeconds)
        let all = (own + others).map { $0.aligned(to: width) }
        let start = all.map(\.start).min() ?? first.start
        let end = all.map(\.window.until).max() ?? first.window.until
        var sums: [Key: Series] = [:]
        for series in all {
            let key = Key(scope: series.scope, slowerThan: series.slowerThan)
            let padded = series.padded(from: start, to: end)
            sums[key] = sums[key].map { $0.adding(padded) } ?? padded
        }
        let whole = sums[Key(scope: .all, slowerThan: nil)]
        return sums.values.map { series in
            // A kind of error is counted among all events.
            guard series.scope.kind == .error, let whole else { return series }
            var series = series
            series.events = whole.events
            return series
        }.sorted { ($0.scope, $0.slowerThan ?? 0) < ($1.scope, $1.slowerThan ?? 0) }
    }

    private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
        var (x, y) = (a, b)
        while y > 0 { (x, y) = (y, x % y) }
        return a / x * b
    }
}

extension Series {
    /// The same counts in buckets of a width that is a multiple of the own, beginning at a multiple of it.
    fileprivate func aligned(to width: Int) -> Series {
        let step = Int64(width) * 1000
        let begin = Instant(milliseconds: floorDiv(start.milliseconds, step) * step)
        return padded(from: begin, to: window.until).coarsened(by: width / bucketSeconds)
    }

    /// The same with empty buckets before and behind.
    fileprivate func padded(from begin: Instant, to end: Instant) -> Series {
        let before = max(0, Int(start.seconds(since: begin)) / bucketSeconds)
        let behind = max(0, Int(end.seconds(since: window.until)) / bucketSeconds)
        var padded = self
        padded.start = begin
        padded.events = Array(repeating: 0, count: before) + events + Array(repeating: 0, count: behind)
        padded.errors = Array(repeating: 0, count: before) + errors + Array(repeating: 0, count: behind)
        return padded
    }

    fileprivate func adding(_ other: Series) -> Series {
        var sum = self
        for index in 0..<min(count, other.count) {
            sum.events[index] += other.events[index]
            sum.errors[index] += other.errors[index]
        }
        return sum
    }
}

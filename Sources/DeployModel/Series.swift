/// Which events a series counts.
public struct Scope: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
    /// The dimension that a scope fixes.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// All events.
        case all
        /// The events of one workload.
        case workload
        /// The events of one pod.
        case pod
        /// The events of one version.
        case version
        /// The events of one kind of error: `errors` counts that kind, `events` counts all events.
        case error
    }

    /// The dimension that is fixed.
    public var kind: Kind
    /// Its value; empty for ``Kind/all``.
    public var name: String

    /// All events.
    public static let all = Scope(.all, "")

    /// The events whose dimension has this value.
    public init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// `all events`, or `workload qw-deployment`.
    public var description: String { kind == .all ? "all events" : "\(kind.rawValue) \(name)" }

    /// By kind, then by name.
    public static func < (a: Scope, b: Scope) -> Bool {
        guard a.kind == b.kind else { return a.rank < b.rank }
        return a.name < b.name
    }

    private var rank: Int { Kind.allCases.firstIndex(of: kind) ?? 0 }
}

/// Counts of events and of failing events in equal time buckets, for one scope.
public struct Series: Sendable, Hashable, Codable {
    /// Whose events these are.
    public var scope: Scope
    /// The start of bucket 0.
    public var start: Instant
    /// The width of a bucket.
    public var bucketSeconds: Int
    /// All events of each bucket, weighted; a bucket without any is 0.
    public var events: [Double]
    /// Failing events of each bucket, weighted; as many buckets as ``events``.
    public var errors: [Double]
    /// Where ``errors`` counts slow events instead of failing ones: those that took longer than this, in the unit of the data; infinite
    /// where each workload has a limit of its own.
    public var slowerThan: Double?

    /// A series; `errors` must have as many buckets as `events`.
    public init(
        scope: Scope, start: Instant, bucketSeconds: Int, events: [Double], errors: [Double],
        slowerThan: Double? = nil
    ) {
        precondition(events.count == errors.count, "a series has as many error buckets as event buckets")
        precondition(bucketSeconds > 0, "a bucket has a width")
        self.scope = scope
        self.start = start
        self.bucketSeconds = bucketSeconds
        self.events = events
        self.errors = errors
        self.slowerThan = slowerThan
    }

    /// How many buckets.
    public var count: Int { events.count }

    /// The window that the buckets cover.
    public var window: TimeWindow { TimeWindow(since: start, until: start + count * bucketSeconds) }

    /// The counts of buckets `range`, summed; indices outside are ignored.
    public func total(in range: Range<Int>) -> Rate {
        range.clamped(to: 0..<count).reduce(into: Rate(0, of: 0)) { sum, index in
            sum = sum + Rate(errors[index], of: events[index])
        }
    }

    /// The counts of all buckets, summed.
    public var total: Rate { total(in: 0..<count) }

    /// The buckets that begin inside a window.
    public func buckets(in window: TimeWindow) -> Range<Int> {
        let width = Int64(bucketSeconds) * 1000
        let first = -floorDiv(start.milliseconds - window.since.milliseconds, width)
        let last = -floorDiv(start.milliseconds - window.until.milliseconds, width)
        let lower = Int(min(max(first, 0), Int64(count)))
        return lower..<max(lower, Int(min(max(last, 0), Int64(count))))
    }

    /// The buckets that begin inside a window, as a series of their own.
    public func slice(_ window: TimeWindow) -> Series {
        let range = buckets(in: window)
        return Series(
            scope: scope, start: start + range.lowerBound * bucketSeconds, bucketSeconds: bucketSeconds,
            events: Array(events[range]), errors: Array(errors[range]), slowerThan: slowerThan)
    }

    /// The same counts in buckets `factor` times as wide; the last one may be only partly covered.
    public func coarsened(by factor: Int) -> Series {
        guard factor > 1 else { return self }
        var coarse = Series(
            scope: scope, start: start, bucketSeconds: bucketSeconds * factor,
            events: Array(repeating: 0, count: (count + factor - 1) / factor),
            errors: Array(repeating: 0, count: (count + factor - 1) / factor), slowerThan: slowerThan)
        for index in 0..<count {
            coarse.events[index / factor] += events[index]
            coarse.errors[index / factor] += errors[index]
        }
        return coarse
    }
}

/// A pod template seen at work: all pods of a workload whose names carry the same template hash.
///
/// A new hash proves that the workload was replaced, and its first event says when, to the minute.
public struct ObservedRollout: Sendable, Hashable, Codable {
    /// The workload's name, as ``PodName`` reads it.
    public var workload: String
    /// The pod-template hash.
    public var hash: String
    /// The first and the last event of any pod with that hash.
    public var first: Instant, last: Instant
    /// How many pods carried the hash.
    public var pods: Int

    /// A template seen at work.
    public init(workload: String, hash: String, first: Instant, last: Instant, pods: Int) {
        self.workload = workload
        self.hash = hash
        self.first = first
        self.last = last
        self.pods = pods
    }
}

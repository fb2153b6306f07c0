import DeployModel
import RealModule

/// How long events took, counted by time bucket and by class of duration, four classes to a doubling.
struct DurationCounts {
    private static let classes = 256
    private static let perDoubling = 4.0
    /// The class of a duration of 1.
    private static let one = 80

    private var counts: [Int: Double] = [:]
    private(set) var total = 0.0

    mutating func add(_ bucket: Int, duration: Double, events: Double) {
        guard duration >= 0, duration.isFinite else { return }
        counts[bucket * Self.classes + Self.class(of: duration), default: 0] += events
        total += events
    }

    mutating func merge(_ other: DurationCounts) {
        total += other.total
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// Slow events among all with a duration: those above the class in which nine tenths of all lie.
    ///
    /// - Returns: `nil` when hardly any event says how long it took, or all took about as long.
    func series(_ scope: Scope, first: Int, count: Int, bucketSeconds: Int) -> Series? {
        guard total >= 200 else { return nil }
        var byClass = [Double](repeating: 0, count: Self.classes)
        for (key, events) in counts { byClass[key & (Self.classes - 1)] += events }
        var sum = 0.0
        guard
            let limit = byClass.indices.first(where: { index in
                sum += byClass[index]
                return sum >= 0.9 * total
            }), sum < total
        else { return nil }
        var series = Series(
            scope: scope, start: Instant(seconds: first * bucketSeconds), bucketSeconds: bucketSeconds,
            events: Array(repeating: 0, count: count), errors: Array(repeating: 0, count: count),
            slowerThan: Double.exp2(Double(limit + 1 - Self.one) / Self.perDoubling))
        for (key, events) in counts {
            let index = (key >> 8) - first
            guard index >= 0, index < count else { continue }
            series.events[index] += events
            if key & (Self.classes - 1) > limit { series.errors[index] += events }
        }
        return series
    }

    private static func `class`(of duration: Double) -> Int {
        guard duration > 0 else { return 0 }
        return min(max(Int((Double.log2(duration) * perDoubling).rounded(.down)) + one, 0), classes - 1)
    }
}

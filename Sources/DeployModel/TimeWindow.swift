/// A stretch of time, half open: `since` belongs to it, `until` does not.
public struct TimeWindow: Sendable, Hashable, Codable {
    /// The first instant inside.
    public var since: Instant
    /// The first instant after.
    public var until: Instant

    /// A window; one whose end is not after its start is empty.
    public init(since: Instant, until: Instant) {
        self.since = since
        self.until = until
    }

    /// Whether an instant lies inside.
    public func contains(_ instant: Instant) -> Bool { since <= instant && instant < until }

    /// Whether nothing lies inside.
    public var isEmpty: Bool { until <= since }

    /// Length in seconds; 0 when empty.
    public var seconds: Double { max(0, until.seconds(since: since)) }

    /// The part that two windows share, or `nil` when they share none.
    public func intersection(_ other: TimeWindow) -> TimeWindow? {
        let common = TimeWindow(since: max(since, other.since), until: min(until, other.until))
        return common.isEmpty ? nil : common
    }
}

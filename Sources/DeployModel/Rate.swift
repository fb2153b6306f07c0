/// Failing events out of all events. Both are sums of sampling weights, so they need not be whole.
public struct Rate: Sendable, Hashable, Codable {
    /// Failing events.
    public var errors: Double
    /// All events, failing ones included.
    public var events: Double

    /// `Rate(90, of: 10_000)`.
    public init(_ errors: Double, of events: Double) {
        self.errors = errors
        self.events = events
    }

    /// The share that fails, from 0 to 1; 0 when there are no events.
    public var value: Double { events > 0 ? errors / events : 0 }

    /// Both counts added.
    public static func + (a: Rate, b: Rate) -> Rate { Rate(a.errors + b.errors, of: a.events + b.events) }
}

/// An interval that holds a quantity with a stated probability (95 % unless said otherwise), ends included.
public struct Interval<Bound: Sendable & Hashable & Comparable & Codable>: Sendable, Hashable, Codable {
    /// The lower end.
    public var lower: Bound
    /// The upper end.
    public var upper: Bound

    /// An interval between two ends.
    public init(_ lower: Bound, _ upper: Bound) {
        self.lower = lower
        self.upper = upper
    }
}

/// What sets the failing events of one window apart: the answer of `explain`.
public struct WindowComparison: Sendable, Hashable, Codable {
    /// Each input as it was read.
    public var inputs: [InputSummary]
    /// The window whose failures are explained.
    public var interest: TimeWindow
    /// The window that they are compared with; `nil` when failing events are only set against the others.
    public var baseline: TimeWindow?
    /// The answer.
    public var explanation: Explanation
    /// How many events a sample was drawn from, where one was.
    public var sampledFrom: Double?
    /// What the reader must know.
    public var warnings: [Warning]

    /// A comparison.
    public init(
        inputs: [InputSummary], interest: TimeWindow, baseline: TimeWindow?, explanation: Explanation,
        sampledFrom: Double? = nil, warnings: [Warning] = []
    ) {
        self.inputs = inputs
        self.interest = interest
        self.baseline = baseline
        self.explanation = explanation
        self.sampledFrom = sampledFrom
        self.warnings = warnings
    }
}

public import DeployModel

/// What a caller may settle about an attribution.
public struct AttributionOptions: Sendable, Hashable {
    /// Fields that describe failures, whatever the events say of them.
    public var symptomFields: Set<String>
    /// Fields that may be causes, whatever the events say of them.
    public var causeFields: Set<String>
    /// Fields that failing is told by, as in `duration_ms > 2000`: they describe failures, unless their names say that they
    /// were known before (`status >= 500 and route != "/health"`).
    public var outcomeFields: Set<String>
    /// How many causes are named at most.
    public var maximumCauses: Int
    /// How many single claims are tried in pairs and triples; 64 at most.
    public var beamWidth: Int
    /// The part of the excess failures that a cause must hold, from 0 to 1.
    public var minimumCoverage: Double
    /// What the log-likelihood ratio of a cause must exceed after its penalty: at 6, about one table of noise in
    /// 400 gets an answer.
    public var minimumScore: Double

    /// Options.
    public init(
        symptomFields: Set<String> = [], causeFields: Set<String> = [], outcomeFields: Set<String> = [],
        maximumCauses: Int = 3,
        beamWidth: Int = 64, minimumCoverage: Double = 0.05, minimumScore: Double = 6
    ) {
        self.symptomFields = symptomFields
        self.causeFields = causeFields
        self.outcomeFields = outcomeFields
        self.maximumCauses = maximumCauses
        self.beamWidth = min(max(beamWidth, 1), 64)
        self.minimumCoverage = minimumCoverage
        self.minimumScore = minimumScore
    }
}

/// The smallest statements that set the failing events of a window apart from its other events.
///
/// The answer is a function of the events alone: it does not depend on the order of the rows, and a row of
/// weight 3 says the same as three rows.
///
/// - Parameters:
///   - table: the events; rows outside both windows are ignored.
///   - interest: when it went wrong.
///   - baseline: when all was well; `nil` sets failing events against the others of the same window.
///   - options: what the caller settles.
///   - workers: how many threads may work at once; the answer is the same for any number.
/// - Returns: causes with what they cover, and what the failures look like. ``Cause/aliases`` of a cause with
///   several predicates are claims that can stand for one of them.
public func explain(
    _ table: EventTable, interest: TimeWindow, baseline: TimeWindow?,
    options: AttributionOptions = AttributionOptions(), workers: Int = 1
) -> Explanation {
    let sample = Sample(table, interest: interest, baseline: baseline, workers: workers)
    let during = Rate(sample.errors, of: sample.interest.events)
    let before =
        baseline == nil ? nil : Rate(sample.baseline.errors, of: sample.baseline.events)
    var explanation = Explanation(outcome: .none, during: during, before: before)
    guard sample.errors > 0 else { return explanation }
    var roles = Roles(of: sample, in: table, options: options)
    let background = Background(of: sample, candidates: roles.candidates)
    let podField = sample.podField(in: table)
    let whole = Evidence(sample: sample, background: background)
    var looked = whole
    var slices: [Slice] = []
    if let signature = Signature(
        of: sample, symptoms: roles.symptoms, expected: background.expectedFailures(of: sample))
    {
        let fresh = sample.failing(only: signature.isNew, of: sample.fields[signature.field])
        looked = Evidence(
            sample: fresh, background: Background(of: fresh, candidates: roles.candidates))
        var inquiry = Inquiry(looked, of: whole, options: options)
        var freshRoles = roles
        slices = inquiry.run(roles: &freshRoles, podField: podField)
        if !slices.isEmpty {
            roles = freshRoles
            explanation.newFailures = signature.looks
        }
    }
    if slices.isEmpty {
        looked = whole
        var inquiry = Inquiry(whole, of: whole, options: options)
        slices = inquiry.run(roles: &roles, podField: podField)
    }
    explanation.symptoms = describeSymptoms(of: sample, roles: roles)
    if slices.isEmpty {
        explanation.outcome = background.hasRisen(sample) ? .global : .none
        return explanation
    }
    let witness = Witness(of: whole, looked, table: table, roles: roles, slices: slices)
    explanation.outcome = .causes
    explanation.causes = slices.map(witness.describe)
    return explanation
}

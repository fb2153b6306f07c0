/// A claim about one field of an event.
public struct Predicate: Sendable, Hashable, Codable {
    /// How a field is compared.
    public enum Comparison: Sendable, Hashable, Codable {
        /// The field has this value.
        case equals(FieldValue)
        /// The field has one of these values.
        case isIn([FieldValue])
        /// The field is a number above this one.
        case above(Double)
        /// The field is a number, this one at most.
        case atMost(Double)
        /// The event has no such field.
        case isNull
        /// The field is a text that begins so.
        case hasPrefix(String)
        /// The field is an array with this element.
        case contains(FieldValue)
    }

    /// The field's name as it stands in the events.
    public var field: String
    /// What is claimed of it.
    public var comparison: Comparison

    /// A claim about a field.
    public init(_ field: String, _ comparison: Comparison) {
        self.field = field
        self.comparison = comparison
    }
}

/// A slice of the events that the failures of an incident share: all its predicates hold.
public struct Cause: Sendable, Hashable, Codable {
    /// The claims; at least one.
    public var predicates: [Predicate]
    /// Failing events of the slice during the incident.
    public var errors: Double
    /// All events of the slice during the incident.
    public var events: Double
    /// Failing events that the slice would have had without the incident.
    public var expectedErrors: Double
    /// The slice's part of the incident's excess failures, from 0 to 1.
    public var coverage: Double
    /// The slice's share of failing events before the incident; `nil` when it had no events then.
    public var rateBefore: Double?
    /// The slice's share of failing events during the incident.
    public var rateAfter: Double
    /// Other claims that pick (nearly) the same events.
    public var aliases: [Predicate]
    /// The workload that the slice is, where it is one.
    public var workload: String?
    /// The pods with failing events of the slice, sorted.
    public var pods: [String]
    /// What the slice's failures look like, most frequent first.
    public var symptoms: [Symptom]

    /// A slice that explains failures.
    public init(
        predicates: [Predicate], errors: Double, events: Double, expectedErrors: Double, coverage: Double,
        rateBefore: Double?, rateAfter: Double, aliases: [Predicate] = [], workload: String? = nil,
        pods: [String] = [], symptoms: [Symptom] = []
    ) {
        self.predicates = predicates
        self.errors = errors
        self.events = events
        self.expectedErrors = expectedErrors
        self.coverage = coverage
        self.rateBefore = rateBefore
        self.rateAfter = rateAfter
        self.aliases = aliases
        self.workload = workload
        self.pods = pods
        self.symptoms = symptoms
    }
}

/// What the failures look like: a value that describes them and did not make them.
public struct Symptom: Sendable, Hashable, Codable {
    /// The field's name.
    public var field: String
    /// Its value; messages are templated, their changing parts replaced by `*`.
    public var value: String
    /// How many failing events of the incident have it.
    public var errors: Double

    /// A description of failures.
    public init(field: String, value: String, errors: Double) {
        self.field = field
        self.value = value
        self.errors = errors
    }
}

/// What sets the failing events of an incident apart.
public struct Explanation: Sendable, Hashable, Codable {
    /// The kind of answer.
    public enum Outcome: String, Sendable, Hashable, Codable {
        /// Slices were found that hold the failures.
        case causes
        /// Failures rose everywhere alike.
        case global
        /// Nothing rose.
        case none
    }

    /// The kind of answer.
    public var outcome: Outcome
    /// The slices, the one that explains most first; empty unless the outcome is ``Outcome/causes``.
    public var causes: [Cause]
    /// What the failures look like, most frequent first.
    public var symptoms: [Symptom]
    /// The looks by which new failures were told from those that were always there, most frequent first; empty when all
    /// failures alike were explained, or none.
    public var newFailures: [Symptom]
    /// Whether it is slow events that are explained, and "failing" means that.
    public var isOfSlowEvents = false
    /// All events that were explained.
    public var during: Rate
    /// The events that they were compared with; `nil` when failing events were only set against the others.
    public var before: Rate?

    /// An explanation.
    public init(
        outcome: Outcome, causes: [Cause] = [], symptoms: [Symptom] = [], newFailures: [Symptom] = [],
        during: Rate = Rate(0, of: 0), before: Rate? = nil
    ) {
        self.outcome = outcome
        self.during = during
        self.before = before
        self.causes = causes
        self.symptoms = symptoms
        self.newFailures = newFailures
    }

    /// Whether the new failures were few among the others, and hard to see without a look at what they say.
    public var areNewFailuresFew: Bool {
        !newFailures.isEmpty && newFailures.reduce(0) { $0 + $1.errors } < 0.5 * during.errors
    }
}

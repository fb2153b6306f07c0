/// What changed about the events.
public enum Signal: String, Sendable, Hashable, Codable, CaseIterable {
    /// The share of failing events.
    case errorRate = "error_rate"
    /// How many events succeed.
    case volume
    /// How long they take.
    case latency
    /// A kind of error that had not been seen before.
    case newError = "new_error"
}

/// A deploy with the probability that it made an incident.
public struct Suspect: Sendable, Hashable, Codable {
    /// The deploy's id.
    public var deploy: String
    /// From 0 to 1.
    public var probability: Double

    /// A suspected deploy.
    public init(deploy: String, probability: Double) {
        self.deploy = deploy
        self.probability = probability
    }
}

/// One way in which an incident may have come about, weighed.
///
/// Its probability is its prior probability times its Bayes factor, over the sum of these over all ways.
public struct WeighedCause: Sendable, Hashable, Codable {
    /// The deploy's id; `nil` for something else at any time.
    public var deploy: String?
    /// The prior weight; the weights of all ways need not sum to 1.
    public var prior: Double
    /// The natural logarithm of how many times likelier the counts are than if nothing had happened.
    public var logBayesFactor: Double
    /// When it would have begun, most probably.
    public var onset: Instant
    /// The probability after looking.
    public var probability: Double

    /// A weighed cause.
    public init(deploy: String?, prior: Double, logBayesFactor: Double, onset: Instant, probability: Double) {
        self.deploy = deploy
        self.prior = prior
        self.logBayesFactor = logBayesFactor
        self.onset = onset
        self.probability = probability
    }
}

/// A lasting change of a series, and who may have made it.
///
/// The probabilities of the suspects, ``noneProbability`` and ``externalProbability`` sum to 1.
public struct Incident: Sendable, Hashable, Codable {
    /// What changed.
    public var signal: Signal
    /// Whose events changed.
    public var scope: Scope
    /// The most probable start: the first instant of the changed stretch.
    public var onset: Instant
    /// Holds the onset with 95 % probability.
    public var onsetInterval: Interval<Instant>
    /// The first instant after the changed stretch; `nil` while it goes on.
    public var end: Instant?
    /// The id of the deploy that ended it, where one did.
    public var endedBy: String?
    /// Before the onset.
    public var baseline: Rate
    /// From the onset to the end.
    public var during: Rate
    /// How many times the baseline's rate the incident's rate is; for ``Signal/volume``, of the number of events.
    public var ratio: Double
    /// Holds the ratio with 95 % probability.
    public var ratioInterval: Interval<Double>
    /// Failing events beyond what the baseline's rate would have given (for ``Signal/volume``, missing events).
    public var excessErrors: Double
    /// Every deploy whose probability is not negligible, most probable first.
    public var suspects: [Suspect]
    /// The probability that nothing but noise happened.
    public var noneProbability: Double
    /// The probability that it changed at a time or in a place that no deploy explains.
    public var externalProbability: Double
    /// Every way in which it may have come about, weighed; the most probable first.
    public var weighed: [WeighedCause]
    /// For ``Signal/latency``: events that took longer than this count as slow, in the unit of the data.
    public var slowerThan: Double?

    /// How many times more (of volume: how many times fewer) there is than before.
    public var size: Double { signal == .volume ? 1 / max(ratio, 1e-9) : ratio }

    /// The suspect that is more likely than not to have made it and is tied with no other: when the first leads the second by
    /// less than a third, the two are tied rather than guessed.
    public var blamed: Suspect? {
        guard let first = suspects.first, first.probability > 0.5 else { return nil }
        guard suspects.count > 1 else { return first }
        return first.probability - suspects[1].probability < 1.0 / 3 ? nil : first
    }

    /// An incident.
    public init(
        signal: Signal, scope: Scope, onset: Instant, onsetInterval: Interval<Instant>, end: Instant? = nil,
        endedBy: String? = nil, baseline: Rate, during: Rate, ratio: Double, ratioInterval: Interval<Double>,
        excessErrors: Double, suspects: [Suspect], noneProbability: Double, externalProbability: Double,
        weighed: [WeighedCause] = [], slowerThan: Double? = nil
    ) {
        self.signal = signal
        self.scope = scope
        self.onset = onset
        self.onsetInterval = onsetInterval
        self.end = end
        self.endedBy = endedBy
        self.baseline = baseline
        self.during = during
        self.ratio = ratio
        self.ratioInterval = ratioInterval
        self.excessErrors = excessErrors
        self.suspects = suspects
        self.noneProbability = noneProbability
        self.externalProbability = externalProbability
        self.weighed = weighed
        self.slowerThan = slowerThan
    }
}

/// What the suspicion against a change is multiplied by: whether it can touch what fails, whether it is innocent, where it is,
/// and how likely its deploy is beside the likeliest.
public struct ScoreFactor: Sendable, Hashable, Codable {
    /// What a factor is about.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// Whether the change can touch what fails.
        case reach
        /// Whether something explains it away.
        case innocence
        /// Whether it is of production.
        case environment
        /// Whether another deploy is likelier to have done it.
        case deploy
    }

    /// What it is about.
    public var kind: Kind
    /// From 0 to 1.
    public var value: Double
    /// Why, in a few words.
    public var text: String

    /// A factor.
    public init(_ kind: Kind, _ value: Double, _ text: String) {
        self.kind = kind
        self.value = value
        self.text = text
    }
}

extension RankedChange {
    /// The evidence that adds up to the suspicion: each fact by itself could explain the failures. The rest is told by the
    /// factors, as it takes away from the suspicion.
    public var suspicions: [Evidence] {
        evidence.filter { $0.weight > 0 && $0.kind != ScoreFactor.Kind.reach.rawValue }
    }

    /// `score` as it is computed: 100 · (1 − Π(1 − wᵢ)) × reach × innocence × environment × deploy, to one decimal.
    public static func score(suspicions: [Evidence], factors: [ScoreFactor]) -> Double {
        let innocent = suspicions.reduce(1) { $0 * (1 - $1.weight) }
        let score = factors.reduce(100 * (1 - innocent)) { $0 * $1.value }
        return (score * 10).rounded() / 10
    }
}

import ConfigFaults
import DeployModel

/// The changes of deploys as they explain the failures of one incident, each deploy's ranked once, when it is first asked for.
struct ChangeRankings {
    private let comparisons: [String: ConfigComparison]
    private let failures: FailureContext
    private let hasNamesake: Bool
    private var known: [String: [RankedChange]] = [:]

    init(_ comparisons: [String: ConfigComparison], failures: FailureContext) {
        self.comparisons = comparisons
        self.failures = failures
        hasNamesake = comparisons.values.contains { $0.isCalled(after: failures) }
    }

    /// What was compared for a deploy, by its id; `nil` where its commits are not at hand.
    func comparison(of deploy: String) -> ConfigComparison? { comparisons[deploy] }

    /// The changes of a deploy, the most suspicious first; `nil` where its commits are not at hand.
    mutating func changes(of deploy: String) -> [RankedChange]? {
        if let found = known[deploy] { return found }
        guard let comparison = comparisons[deploy] else { return nil }
        let ranked = rankChanges(comparison, failures: failures, hasNamesake: hasNamesake)
        known[deploy] = ranked
        return ranked
    }
}

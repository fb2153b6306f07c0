import ConfigFaults
import DeployModel

/// The incident with its suspects weighed by what they changed as well: of deploys minutes apart the counts can hardly tell
/// which it was, while only one of them may have touched what fails.
///
/// odds × (0.03 + s)², where s is the score of the deploy's most suspicious change over 100. The exponent is what a
/// conditional logistic regression over real culprits among their neighbours gives (1.9, `Tests/Benchmarks/culprits.py`). How
/// probable it is that any deploy did it stays as the counts say.
func weighedByContent(
    _ incident: Incident, rankings: inout ChangeRankings
) -> Incident {
    guard incident.suspects.count > 1 else { return incident }
    var factors: [String: Double] = [:]
    for suspect in incident.suspects where suspect.probability >= leastProbability {
        factors[suspect.deploy] = contentFactor(of: suspect.deploy, rankings: &rankings)
    }
    func factor(_ deploy: String) -> Double { factors[deploy] ?? contentFactor(unknownSuspicion) }
    let before = incident.suspects.reduce(0) { $0 + $1.probability }
    let after = incident.suspects.reduce(0) { $0 + $1.probability * factor($1.deploy) }
    guard after > 0 else { return incident }
    let scale = before / after
    var weighed = incident
    weighed.suspects = incident.suspects.map { suspect in
        Suspect(
            deploy: suspect.deploy, probability: suspect.probability * factor(suspect.deploy) * scale)
    }.sorted { ($1.probability, $0.deploy) < ($0.probability, $1.deploy) }
    weighed.weighed = incident.weighed.map { cause in
        guard let deploy = cause.deploy else { return cause }
        var cause = cause
        cause.prior *= factor(deploy) * scale
        cause.probability *= factor(deploy) * scale
        return cause
    }.sorted { ($1.probability, $0.deploy ?? "") < ($0.probability, $1.deploy ?? "") }
    return weighed
}

/// Below this the changes of a deploy are not worth reading.
private let leastProbability = 0.002

/// What a deploy counts of whose changes nothing is known, or that changed code: as much as an ordinary change.
private let unknownSuspicion = 0.15

private func contentFactor(of deploy: String, rankings: inout ChangeRankings) -> Double {
    guard let comparison = rankings.comparison(of: deploy), comparison.configFiles > 0 else {
        return contentFactor(unknownSuspicion)
    }
    let worst = (rankings.changes(of: deploy)?.first?.score ?? 0) / 100
    return contentFactor(max(worst, comparison.otherFiles.isEmpty ? 0 : unknownSuspicion / 2))
}

private func contentFactor(_ suspicion: Double) -> Double { (0.03 + suspicion) * (0.03 + suspicion) }

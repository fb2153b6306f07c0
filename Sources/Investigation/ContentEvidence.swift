import ConfigFaults
import DeployModel

/// The incident with its suspects weighed by what they changed as well: of deploys minutes apart the counts can hardly tell
/// which it was, while only one of them may have touched what fails.
///
/// odds × (0.03 + s)², where s is the score of the deploy's most suspicious change over 100. The exponent is what a
/// conditional logistic regression over real culprits among their neighbours gives (1.9, `Tests/Benchmarks/culprits.py`). How
/// probable it is that any deploy did it stays as the counts say.
///
/// Before that, deploys that change nothing that runs give nearly all of what they have to the others, and to there being none:
/// ``shareOfProse``.
func weighedByContent(
    _ incident: Incident, rankings: inout ChangeRankings
) -> Incident {
    let incident = weighedWithoutProse(incident, rankings: rankings)
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

/// What a deploy keeps of its probability where it changes documents alone: it may have brought in something else.
private let shareOfProse = 0.02

private func weighedWithoutProse(_ incident: Incident, rankings: ChangeRankings) -> Incident {
    let harmless = Set(
        incident.suspects.lazy.map(\.deploy).filter { rankings.comparison(of: $0)?.changesProseOnly ?? false }
    )
    guard !harmless.isEmpty else { return incident }
    let moved = incident.suspects.reduce(0) {
        $0 + (harmless.contains($1.deploy) ? $1.probability * (1 - shareOfProse) : 0)
    }
    // Where nothing else is left, it is something that nobody deployed.
    let rest = 1 - moved
    guard rest > 0 else { return incident }
    func share(of deploy: String?) -> Double {
        (deploy.map(harmless.contains) ?? false ? shareOfProse : 1) / rest
    }
    var weighed = incident
    weighed.suspects = incident.suspects.map {
        Suspect(deploy: $0.deploy, probability: $0.probability * share(of: $0.deploy))
    }.sorted { ($1.probability, $0.deploy) < ($0.probability, $1.deploy) }
    weighed.noneProbability /= rest
    weighed.externalProbability /= rest
    weighed.weighed = incident.weighed.map { cause in
        var cause = cause
        if cause.deploy.map(harmless.contains) ?? false { cause.prior *= shareOfProse }
        cause.probability *= share(of: cause.deploy)
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

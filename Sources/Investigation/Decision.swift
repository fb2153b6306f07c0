import ChangeDetection
import DeployModel

/// The verdict of the first incident.
func decide(_ judgement: Judgement, deploys: [Deploy], observations: Observations) -> Verdict {
    let events = observations.whole?.total.events ?? 0
    guard let incident = judgement.incidents.first else {
        guard events >= 200, (observations.whole?.count ?? 0) >= 8 else {
            return Verdict(
                kind: .inconclusive, probability: 1, reason: "too_few_events",
                text: "\(Int(events.rounded())) events are too few to see a change.")
        }
        return Verdict(
            kind: .unchanged, probability: judgement.noneProbability, reason: "no_change",
            text: "The rate of failing events did not change: no deploy is to blame.")
    }
    let rates = "\(percent(incident.baseline.value)) to \(percent(incident.during.value))"
    let place = incident.scope == .all ? "" : " in \(incident.scope.name)"
    if let first = incident.suspects.first, first.probability > 0.5 {
        let deploy = deploys.first { $0.id == first.deploy }
        return Verdict(
            kind: .blamed, deploy: first.deploy, commit: deploy?.commit, probability: first.probability,
            reason: incident.signal.rawValue,
            text: "Deploy \(deploy?.shortName ?? first.deploy) made failing events go from \(rates)\(place).")
    }
    if incident.externalProbability > 0.5 {
        return Verdict(
            kind: .noDeploy, probability: incident.externalProbability, reason: "no_deploy_near",
            text: "Failing events went from \(rates)\(place), at a time that no deploy explains.")
    }
    let deployShare = incident.suspects.reduce(0) { $0 + $1.probability }
    guard deployShare > 0.5 else {
        return Verdict(
            kind: .inconclusive,
            probability: max(deployShare, incident.externalProbability, incident.noneProbability),
            reason: "weak_evidence",
            text: "Failing events may have gone from \(rates)\(place), but the evidence is weak.")
    }
    let names = incident.suspects.prefix(3).filter { $0.probability >= 0.1 }.map { suspect in
        deploys.first { $0.id == suspect.deploy }?.shortName ?? suspect.deploy
    }
    return Verdict(
        kind: .inconclusive, probability: deployShare, reason: "tied",
        text: "Failing events went from \(rates)\(place), and several deploys may have done it: "
            + "\(names.joined(separator: ", ")).")
}

/// `0.31 %`, `7.4 %`, `48 %`: two significant digits.
private func percent(_ share: Double) -> String {
    let value = share * 100
    guard value > 0 else { return "0 %" }
    if value >= 10 { return "\(Int(value.rounded())) %" }
    let decimals = value >= 1 ? 10.0 : value >= 0.1 ? 100.0 : 1000.0
    return "\((value * decimals).rounded() / decimals) %"
}

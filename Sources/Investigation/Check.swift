import ChangeDetection
public import DeployModel

/// What a check of one deploy found.
public struct Checked: Sendable, Equatable {
    /// The answer: blamed (a regression), no_deploy (something else changed since), unchanged, or inconclusive.
    public var verdict: Verdict
    /// What changed since the deploy.
    public var incidents: [Incident]
    /// How many more minutes of such traffic would do; `nil` when it could judge, or when no wait would do.
    public var neededMinutes: Int?
    /// How many series were looked at.
    public var seriesExamined: Int
}

/// Did a deploy regress?
///
/// The judgement is that of ``investigate(deploys:observations:source:attribution:question:)``, with half of the prior
/// weight on the deploy that is asked about. Where it finds nothing, ``sensitivity(of:to:ratio:)`` says whether there was
/// enough traffic since to see a change of the asked size.
///
/// - Parameters:
///   - deploy: the deploy; `nil` asks whether anything changed since the window began.
///   - minEffect: the smallest ratio of rates that matters, above 1.
public func check(
    _ deploy: Deploy?, among deploys: [Deploy], observations: Observations, minEffect: Double
) -> Checked {
    let judgement = judge(
        series: observations.series, candidates: deploys.map { Candidate($0) },
        rollouts: observations.rollouts,
        focus: deploy?.id)
    let since = deploy.map { $0.startedAt - 600 } ?? observations.window.since
    let incidents = judgement.incidents.filter { incident in
        incident.onsetInterval.upper >= since && incident.size >= minEffect && incident.noneProbability < 0.5
    }
    var checked = Checked(
        verdict: Verdict(kind: .unchanged, probability: 1, reason: "no_change", text: ""),
        incidents: incidents,
        neededMinutes: nil, seriesExamined: judgement.scopesExamined)
    var found = judgement
    found.incidents = incidents
    let name = deploy?.shortName ?? ""
    if let deploy, let mine = incidents.first(where: { isBlamed(deploy, for: $0) }) {
        found.incidents = [mine]
        checked.verdict = decide(found, deploys: deploys, observations: observations)
        checked.incidents = [mine] + incidents.filter { $0 != mine }
    } else if !incidents.isEmpty {
        checked.verdict = decide(found, deploys: deploys, observations: observations)
    } else if let deploy {
        checked.verdict = traffic(
            since: deploy, observations: observations, minEffect: minEffect, into: &checked)
    } else {
        checked.verdict.probability = judgement.noneProbability
        checked.verdict.text = "Nothing changed."
    }
    if checked.verdict.kind == .unchanged, checked.verdict.text.isEmpty {
        checked.verdict.text = "\(name) changed nothing."
    }
    return checked
}

private func isBlamed(_ deploy: Deploy, for incident: Incident) -> Bool {
    (incident.suspects.first { $0.deploy == deploy.id }?.probability ?? 0) > 0.5
}

/// Whether there was enough traffic since a deploy to rule a change of the asked size out.
private func traffic(
    since deploy: Deploy, observations: Observations, minEffect: Double, into checked: inout Checked
) -> Verdict {
    let done = max(deploy.finishedAt ?? deploy.startedAt, deploy.startedAt)
    let size = "×\(minEffect == minEffect.rounded() ? "\(Int(minEffect))" : "\(minEffect)")"
    guard let whole = observations.whole,
        let seen = sensitivity(of: whole, to: done, ratio: minEffect)
    else {
        return Verdict(
            kind: .inconclusive, probability: 1, reason: "too_few_events",
            text: "There are no events before and after \(deploy.shortName) to compare.")
    }
    let upper = (seen.interval.upper * 100).rounded() / 100
    switch seen.neededMinutes {
    case 0:
        return Verdict(
            kind: .unchanged, probability: 0.95, reason: "no_change",
            text: "\(deploy.shortName) made no change of \(size) or more: at most ×\(upper).")
    case let minutes?:
        checked.neededMinutes = minutes
        return Verdict(
            kind: .inconclusive, probability: 1, reason: "too_little_traffic",
            text:
                "Too early to tell a change of \(size) after \(deploy.shortName): needs about \(minutes) more minutes at this traffic."
        )
    case nil:
        return Verdict(
            kind: .inconclusive, probability: 1, reason: "too_little_traffic",
            text:
                "At this traffic a change of \(size) after \(deploy.shortName) cannot be told from noise, however long one waits."
        )
    }
}

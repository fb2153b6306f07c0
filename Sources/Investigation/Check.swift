import ChangeDetection
public import DeployModel
import RealModule

/// What a check of one deploy found.
public struct Checked: Sendable, Equatable {
    /// The answer: blamed (a regression), no_deploy (something else changed since), unchanged, or inconclusive.
    public var verdict: Verdict
    /// What changed since the deploy, and what still goes on.
    public var incidents: [Incident]
    /// How many more minutes of such traffic would do; `nil` when it could judge, or when no wait would do.
    public var neededMinutes: Int?
    /// How many series were looked at.
    public var seriesExamined: Int
    /// What the reader must know.
    public var warnings: [Warning] = []
}

/// Which deploy is checked.
public enum CheckedDeploy: Sendable, Equatable {
    /// One that the user named: only what it made itself, or what nobody made since, is held against it.
    case named(Deploy)
    /// The last one there was: whatever began since, or began before and still goes on, is told.
    case latest(Deploy)
    /// None is known: whatever began in the window, and still goes on, is told.
    case none

    /// The deploy.
    public var deploy: Deploy? {
        switch self {
        case .named(let deploy), .latest(let deploy): deploy
        case .none: nil
        }
    }
}

/// Did a deploy regress?
///
/// The judgement is that of ``investigate(deploys:observations:source:attribution:question:workers:)``. Where it finds nothing, ``sensitivity(of:to:ratio:)`` says whether
/// there was enough traffic since to see a change of the asked size.
///
/// - Parameters:
///   - asked: the deploy.
///   - deploys: all deploys of the window, with what they reach.
///   - minEffect: the smallest ratio of rates that matters, above 1.
///   - workers: how many threads may work at once.
///   - weigh: weighs the suspects of an incident by what they changed: ``weighed(_:by:observations:source:attribution:workers:)``.
/// - Throws: what `weigh` throws.
public func check(
    _ asked: CheckedDeploy, among deploys: [Deploy], observations: Observations, minEffect: Double,
    workers: Int = 1, weighing weigh: (Incident) throws -> Incident
) rethrows -> Checked {
    var judgement = judge(
        series: observations.judgeable, candidates: deploys.map { Candidate($0) },
        rollouts: observations.rollouts, workers: workers)
    for index in judgement.incidents.indices where judgement.incidents[index].mayBe(minEffect) {
        judgement.incidents[index] = try weigh(judgement.incidents[index])
    }
    guard !observations.holdOnlyFailures else {
        let verdict = decide(judgement, deploys: deploys, observations: observations)
        return Checked(
            verdict: verdict, incidents: [], neededMinutes: nil, seriesExamined: judgement.scopesExamined)
    }
    let real = judgement.incidents.filter { $0.mayBe(minEffect) && $0.noneProbability < 0.5 }
    func verdict(on incidents: [Incident]) -> Verdict {
        var found = judgement
        found.incidents = incidents
        return decide(found, deploys: deploys, observations: observations)
    }
    var checked = Checked(
        verdict: Verdict(kind: .unchanged, probability: 1, reason: "no_change", text: ""), incidents: [],
        neededMinutes: nil, seriesExamined: judgement.scopesExamined)
    let told = incidents(real, heldAgainst: asked)
    if !told.isEmpty {
        // What the deploy made comes first, however small beside the rest, then what another one made: that is what the verdict
        // speaks of.
        let mine = told.filter { asked.deploy.map(\.id) == $0.blamed?.deploy && $0.blamed != nil }
        let others = told.filter { !mine.contains($0) }
        checked.incidents = mine + others.filter { $0.blamed != nil } + others.filter { $0.blamed == nil }
        checked.verdict = verdict(on: mine.isEmpty ? told : mine)
        return checked
    }
    if let deploy = asked.deploy, observations.window.until > deploy.startedAt,
        deploy.startedAt > observations.window.since
    {
        // Another deploy's doing is not held against this one, but says nothing for it either: what came before counts.
        let others = real.filter { $0.onset >= deploy.startedAt - clockTolerance }.map(\.onset).min()
        let traffic = SinceDeploy(
            deploy, rollouts: observations.rollouts, whole: observations.whole,
            until: min(others ?? observations.window.until, observations.window.until))
        let running = real.first {
            $0.onset < deploy.startedAt - clockTolerance && $0.end.map { $0 > deploy.startedAt } ?? true
        }
        (checked.verdict, checked.neededMinutes) = traffic.verdict(
            minEffect: minEffect,
            besides: running.map { incident in
                let blamed = incident.blamed.flatMap { first in deploys.first { $0.id == first.deploy } }
                return moment(incident.onset) + (blamed.map { ", with \($0.shortName)" } ?? "")
            })
    } else {
        checked = quiet(asked, judgement, observations, checked)
    }
    checked.warnings = [FailingThroughout(observations)].compactMap { $0?.warning(besides: checked.verdict) }
    return checked
}

/// Clocks of records and events may differ by this.
private let clockTolerance = 600

/// The incidents that a check tells: see ``CheckedDeploy``.
private func incidents(_ real: [Incident], heldAgainst asked: CheckedDeploy) -> [Incident] {
    switch asked {
    case .named(let deploy):
        return real.filter { incident in
            if let first = incident.blamed { return first.deploy == deploy.id }
            return incident.onset >= deploy.startedAt - clockTolerance
        }
    case .latest(let deploy):
        return real.filter {
            $0.end == nil || $0.onset >= deploy.startedAt - clockTolerance
                || $0.blamed?.deploy == deploy.id
        }
    case .none: return real
    }
}

/// Nothing to tell, and no deploy inside the window to ask about: what that is worth.
private func quiet(
    _ asked: CheckedDeploy, _ judgement: Judgement, _ observations: Observations, _ checked: Checked
) -> Checked {
    var checked = checked
    var found = judgement
    found.incidents = []
    checked.verdict = decide(found, deploys: [], observations: observations)
    guard checked.verdict.kind == .unchanged else { return checked }
    // What fails all the time is not found well, though it does not change.
    guard checked.verdict.reason != "high_throughout" else {
        checked.verdict.kind = .inconclusive
        return checked
    }
    if let deploy = asked.deploy, deploy.startedAt <= observations.window.since {
        checked.verdict.text =
            "Nothing changed since the last deploy, \(deploy.shortName), or it is not in sight."
    } else {
        checked.verdict.kind = .inconclusive
        checked.verdict.reason = "no_deploys"
        checked.verdict.text = "Nothing changed, but no deploy is known that this could be said of."
    }
    return checked
}

extension Incident {
    /// Whether the change may be of that size: the far end of its interval is beyond it.
    func mayBe(_ ratio: Double) -> Bool {
        let largest = signal == .volume ? 1 / max(ratioInterval.lower, 1e-9) : ratioInterval.upper
        return ratio <= 1 || max(size, largest) >= ratio
    }
}

/// The traffic since a deploy took effect, and what it rules out.
private struct SinceDeploy {
    let deploy: Deploy
    let whole: Series?
    /// When its effect must have begun.
    let effective: Instant
    let until: Instant

    /// A commit says when it was merged: by then it was built and rolled out in four of five cases.
    private static let rolloutSeconds = 5400

    init(_ deploy: Deploy, rollouts: [ObservedRollout], whole: Series?, until: Instant) {
        self.deploy = deploy
        self.until = until
        self.whole = whole.map { $0.slice(TimeWindow(since: $0.window.since, until: until)) }
        let seen = rollouts.filter {
            deploy.workloads.contains($0.workload) && $0.first > deploy.startedAt - clockTolerance
        }.map(\.first).max()
        let done = max(deploy.finishedAt ?? deploy.startedAt, deploy.startedAt)
        effective = deploy.source.hasDeployClock ? done : seen ?? done + Self.rolloutSeconds
    }

    /// - Parameter running: since when, and with which deploy, failing events are another share already.
    func verdict(minEffect: Double, besides running: String?) -> (Verdict, neededMinutes: Int?) {
        let name = deploy.shortName
        let size = "×\(minEffect == minEffect.rounded() ? String(Int64(minEffect)) : "\(minEffect)")"
        if until <= effective, !deploy.source.hasDeployClock {
            let minutes = Int((effective.seconds(since: until) / 60).rounded(.up)) + 10
            return (
                Self.inconclusive(
                    "\(name) may not have been rolled out yet: a commit takes up to 90 minutes. "
                        + "Needs about \(minutes) more minutes, or a record of the deploy."), minutes
            )
        }
        guard let whole, let seen = sensitivity(of: whole, to: effective, ratio: minEffect) else {
            return (
                Self.inconclusive(
                    "There are no events before and after \(name) to compare.", reason: "too_few_events"), nil
            )
        }
        let rates =
            "\(percent(seen.before.value)) of events failed before, \(percent(seen.after.value)) of \(Int64(min(seen.after.events, 1e15))) since"
        switch seen.neededMinutes {
        case 0 where seen.before.errors + seen.after.errors == 0:
            return (
                Self.unchanged(
                    "\(name) made nothing fail: none of \(Int64(min(seen.after.events, 1e15))) events since failed."
                ),
                nil
            )
        case 0:
            let upper = (seen.interval.upper * 100).rounded() / 100
            return (
                Self.unchanged("\(name) made no change of \(size) or more: at most ×\(upper) (\(rates))."),
                nil
            )
        case let minutes?:
            return (
                Self.inconclusive(
                    "Too early to tell a change of \(size) after \(name): needs about \(minutes) more minutes at this traffic (\(rates))."
                ), minutes
            )
        case nil where running != nil:
            return (
                Self.inconclusive(
                    "Failing events had changed before \(name) came, \(running ?? ""): what it changed by itself cannot be told from that (\(rates))."
                ), nil
            )
        case nil:
            return (
                Self.inconclusive(
                    "At this traffic a change of \(size) after \(name) cannot be told from noise, however long one waits (\(rates))."
                ), nil
            )
        }
    }

    /// The upper end of a 90 % interval is a limit that holds in 95 of 100 cases.
    private static func unchanged(_ text: String) -> Verdict {
        Verdict(kind: .unchanged, probability: 0.95, reason: "no_change", text: text)
    }

    private static func inconclusive(_ text: String, reason: String = "too_little_traffic") -> Verdict {
        Verdict(kind: .inconclusive, probability: 1, reason: reason, text: text)
    }
}

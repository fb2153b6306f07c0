import ChangeDetection
public import DeployModel
import RealModule

/// What speaks for or against a deploy that the reader asked about.
///
/// - Parameters:
///   - id: the deploy's id, its commit, or the beginning of either.
/// - Returns: `nil` when no such deploy is among those of the window.
func askedDeploy(
    _ id: String, among deploys: [Deploy], judgement: Judgement, observations: Observations
) -> AskedDeploy? {
    guard let deploy = deploys.named(id) else { return nil }
    let done = max(deploy.finishedAt ?? deploy.startedAt, deploy.startedAt)
    func probability(in incident: Incident) -> Double {
        incident.suspects.first { $0.deploy == deploy.id }?.probability ?? 0
    }
    // The incident that it most probably made; the largest one where it made none.
    let suspected = judgement.incidents.filter { probability(in: $0) > 0 }
    let incident =
        suspected.max { probability(in: $0) < probability(in: $1) } ?? judgement.incidents.first
    let series = incident.flatMap { counted(by: $0, in: observations) } ?? observations.whole
    func rate(_ since: Instant, _ until: Instant) -> Rate {
        series.map { $0.total(in: $0.buckets(in: TimeWindow(since: since, until: until))) } ?? Rate(0, of: 0)
    }
    let place = series.map { $0.scope == .all ? "" : " in \($0.scope.name)" } ?? ""
    var asked = AskedDeploy(
        deploy: deploy, probability: incident.map(probability(in:)) ?? 0,
        measure: (series?.slowerThan == nil ? "failing events" : "slow events") + place,
        before: rate(deploy.startedAt - 3600, deploy.startedAt), after: rate(done, done + 3600), reasons: [])
    guard let incident else {
        asked.reasons = [
            "Nothing changed in the window that noise does not explain (\(percent(judgement.noneProbability)) sure)."
        ]
        return asked
    }
    asked.reasons = reasons(for: deploy, incident: incident, deploys: deploys)
    return asked
}

/// The series that an incident showed in; of traffic and of new kinds of error that of all events.
private func counted(by incident: Incident, in observations: Observations) -> Series? {
    guard incident.signal == .errorRate || incident.signal == .latency else { return nil }
    return observations.series.first {
        $0.scope == incident.scope && ($0.slowerThan != nil) == (incident.signal == .latency)
    }
}

private func reasons(for deploy: Deploy, incident: Incident, deploys: [Deploy]) -> [String] {
    var reasons = [timing(of: deploy, against: incident)]
    if let own = incident.weighed.first(where: { $0.deploy == deploy.id }),
        let best = incident.weighed.first(where: { $0.deploy != deploy.id })
    {
        reasons.append(comparison(of: own, with: best, deploys: deploys))
    }
    if let reach = reach(of: deploy, against: incident) { reasons.append(reach) }
    return reasons
}

extension [Deploy] {
    /// The deploy of that id or commit, whole or abbreviated; `nil` when none or several fit.
    public func named(_ name: String) -> Deploy? {
        if let exact = first(where: { $0.id == name }) { return exact }
        let fitting = filter { $0.id.hasPrefix(name) || ($0.commit?.hex.hasPrefix(name) ?? false) }
        return fitting.count == 1 ? fitting[0] : nil
    }
}

private func timing(of deploy: Deploy, against incident: Incident) -> String {
    let lag = incident.onset.seconds(since: deploy.startedAt)
    let minutes = Int((abs(lag) / 60).rounded())
    let span = minutes < 180 ? "\(minutes) min" : "\((minutes + 30) / 60) h"
    return lag < 0
        ? "The change began \(span) before this deploy did."
        : "The change began \(span) after this deploy did."
}

private func comparison(of own: WeighedCause, with best: WeighedCause, deploys: [Deploy]) -> String {
    let other = best.deploy.map { id in deploys.first { $0.id == id }?.shortName ?? id } ?? "something else"
    let difference = own.logBayesFactor - best.logBayesFactor
    let times = odds(abs(difference))
    return difference >= 0
        ? "The counts speak \(times) more for it than for \(other)."
        : "The counts speak \(times) more for \(other) than for it."
}

/// `1.4 times`, `120 times`, `more than 10,000 times`.
private func odds(_ logOdds: Double) -> String {
    guard logOdds < Double.log(10_000) else { return "more than 10,000 times" }
    let times = Double.exp(logOdds)
    let rounded = times < 10 ? (times * 10).rounded() / 10 : times.rounded()
    return rounded == rounded.rounded() ? "\(Int(rounded)) times" : "\(rounded) times"
}

private func reach(of deploy: Deploy, against incident: Incident) -> String? {
    guard incident.scope.kind == .workload, !deploy.workloads.isEmpty else { return nil }
    let name = incident.scope.name
    return deploy.workloads.contains(name)
        ? "Its configuration changes reach \(name), which is what fails."
        : "Its configuration changes reach \(deploy.workloads.prefix(3).joined(separator: ", ")), and not \(name), which is what fails."
}

import ChangeDetection
public import DeployModel

/// The verdict: of the largest incident that one deploy made, or of the largest one when there is none such.
///
/// An outage that no deploy made must not hide a smaller change that one did.
func decide(_ judgement: Judgement, deploys: [Deploy], observations: Observations) -> Verdict {
    let events = observations.whole?.total.events ?? 0
    let incidents = judgement.incidents
    guard !observations.holdOnlyFailures else {
        return Verdict(
            kind: .inconclusive, probability: 1, reason: "only_failures",
            text:
                "Every event failed. Without those that went well nothing tells whether more of them fail than before."
        )
    }
    guard let incident = incidents.first(where: { $0.blamed != nil }) ?? incidents.first else {
        guard events >= 200, (observations.whole?.count ?? 0) >= 8 else {
            return Verdict(
                kind: .inconclusive, probability: 1, reason: "too_few_events",
                text:
                    "\(Int64(min(events, 1e15).rounded())) events in \(observations.whole?.count ?? 0) buckets of time are too few to see a change."
            )
        }
        if let burst = largestBurst(of: judgement, observations: observations) {
            return Verdict(
                kind: .unchanged, probability: judgement.noneProbability, reason: "no_lasting_change",
                text:
                    "Failing events rose to \(percent(burst.rate.value)) for \(span(burst.window)) from \(moment(burst.window.since)) on and went back: too short to hold it against a deploy."
            )
        }
        if let failing = FailingThroughout(observations) {
            return Verdict(
                kind: .unchanged, probability: judgement.noneProbability, reason: "high_throughout",
                text: "\(failing.words): nothing changed inside it, but it may begin inside an incident.")
        }
        return Verdict(
            kind: .unchanged, probability: judgement.noneProbability, reason: "no_change",
            text: "The rate of failing events did not change: no deploy is to blame.")
    }
    let place = incident.scope == .all || incident.signal == .newError ? "" : " in \(incident.scope.name)"
    let change = change(of: incident) + place
    func name(_ id: String) -> String { deploys.first { $0.id == id }?.shortName ?? id }
    let suspects = incident.suspects
    if let first = incident.blamed {
        let deploy = deploys.first { $0.id == first.deploy }
        return Verdict(
            kind: .blamed, deploy: first.deploy, commit: deploy?.commit, probability: first.probability,
            reason: incident.signal.rawValue, text: "Deploy \(name(first.deploy)) made \(change.active).")
    }
    if incident.externalProbability > 0.5 {
        return Verdict(
            kind: .noDeploy, probability: incident.externalProbability,
            reason: "no_deploy_near",
            text: deploys.isEmpty
                ? "\(change.passive); there is no deploy in the window to judge."
                : "\(change.passive), at a time that no deploy explains.")
    }
    let deployShare = suspects.reduce(0) { $0 + $1.probability }
    guard deployShare > 0.5 else {
        return Verdict(
            kind: .inconclusive,
            probability: max(deployShare, incident.externalProbability, incident.noneProbability),
            reason: "weak_evidence", text: "\(change.passive), perhaps, but the evidence is weak.")
    }
    let likely = suspects.filter { $0.probability >= 0.1 }
    let names = (likely.count >= 2 ? likely : suspects).prefix(3).map { name($0.deploy) }
    let more = suspects.count - names.count
    guard likely.count != 1 else {
        return Verdict(
            kind: .inconclusive, probability: deployShare, reason: "weak_evidence",
            text: "\(change.passive), perhaps because of \(name(likely[0].deploy)), but the evidence is weak."
        )
    }
    return Verdict(
        kind: .inconclusive, probability: deployShare, reason: "tied",
        text: "\(change.passive), and several deploys may have done it: \(names.joined(separator: ", "))"
            + (likely.count < 2 && more > 0 ? " and \(more) more." : "."))
}

/// A verdict as far as what was read bears it: where a twentieth of the records could not be read, the ones that failed may be among
/// them, and that nothing changed is not known.
public func qualified(_ verdict: Verdict, by inputs: [InputSummary]) -> Verdict {
    let unread = Double(inputs.reduce(0) { $0 + $1.skipped })
    let all = inputs.reduce(unread) { $0 + $1.events }
    guard verdict.kind == .unchanged, unread >= 20, unread >= 0.05 * all else { return verdict }
    return Verdict(
        kind: .inconclusive, probability: 1, reason: "unread_events",
        text:
            "Nothing changed in what could be read, but \(percent(unread / all)) of the records could not be: they may be the ones that failed."
    )
}

/// The burst, of those that were set aside, with the most failing events beyond the usual, where it would be seen on a graph.
private func largestBurst(of judgement: Judgement, observations: Observations) -> (
    window: TimeWindow, rate: Rate
)? {
    guard let whole = observations.whole else { return nil }
    let stretches = judgement.transients.map(whole.buckets)
    let inside = stretches.reduce(Rate(0, of: 0)) { $0 + whole.total(in: $1) }
    let usual = Rate(whole.total.errors - inside.errors, of: whole.total.events - inside.events).value
    // What is set aside is set aside with some time around it.
    func height(_ bucket: Int) -> Double { whole.total(in: bucket..<bucket + 1).value }
    let bursts = stretches.compactMap { stretch -> (window: TimeWindow, rate: Rate)? in
        let threshold = max(3 * usual, (stretch.map(height).max() ?? 0) / 5)
        guard let first = stretch.first(where: { height($0) >= threshold }),
            let last = stretch.last(where: { height($0) >= threshold })
        else { return nil }
        let width = whole.bucketSeconds
        let window = TimeWindow(since: whole.start + first * width, until: whole.start + (last + 1) * width)
        return (window, whole.total(in: first..<last + 1))
    }
    return bursts.filter { $0.rate.errors >= 20 && $0.rate.value >= 3 * usual }
        .max { $0.rate.errors - $0.rate.events * usual < $1.rate.errors - $1.rate.events * usual }
}

func moment(_ instant: Instant) -> String {
    let date = CivilDate(instant)
    return "\(date.shortDay) \(date.clock)"
}

private func span(_ window: TimeWindow) -> String {
    let minutes = Int((window.until.seconds(since: window.since) / 60).rounded())
    return minutes < 120 ? "\(max(1, minutes)) min" : "\((minutes + 30) / 60) h"
}

/// The verdict where the only changes there are lie below the size that was asked for.
func belowMinEffect(_ largest: Incident, _ minEffect: Double) -> Verdict {
    let upper = (largest.ratioInterval.upper * 10).rounded() / 10
    let size = largest.signal == .volume ? percent(largest.ratio) + " of the traffic" : "×\(upper) at most"
    return Verdict(
        kind: .unchanged, probability: 0.95, reason: "below_min_effect",
        text: "Nothing changed by ×\(minEffect) or more; the largest change is one to \(size).")
}

/// What changed, as a deploy made it and as it went by itself.
private struct ChangeInWords {
    var active: String
    var passive: String

    static func + (words: ChangeInWords, place: String) -> ChangeInWords {
        ChangeInWords(active: words.active + place, passive: words.passive + place)
    }
}

private func change(of incident: Incident) -> ChangeInWords {
    let rates = "\(percent(incident.baseline.value)) to \(percent(incident.during.value))"
    switch incident.signal {
    case .errorRate:
        return ChangeInWords(
            active: "failing events go from \(rates)", passive: "Failing events went from \(rates)")
    case .latency:
        return ChangeInWords(
            active: "slow events go from \(rates)", passive: "Slow events went from \(rates)")
    case .volume:
        let left = percent(incident.ratio)
        return ChangeInWords(
            active: "successful events fall to \(left) of what they were",
            passive: "Successful events fell to \(left) of what they were")
    case .newError:
        let words = "a kind of error that had not been seen before: \(incident.scope.name)"
        return ChangeInWords(active: words, passive: "There is \(words)")
    }
}

/// `0.31 %`, `7.4 %`, `48 %`: two significant digits.
func percent(_ share: Double) -> String {
    let value = share * 100
    guard value > 0 else { return "0 %" }
    if value >= 10 { return "\(Int(value.rounded())) %" }
    let decimals = value >= 1 ? 10.0 : value >= 0.1 ? 100.0 : 1000.0
    return "\((value * decimals).rounded() / decimals) %"
}

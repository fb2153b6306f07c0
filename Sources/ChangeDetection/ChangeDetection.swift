public import DeployModel
import Parallel
import RealModule
import Synchronization

/// What the series say: the incidents, and how many series were looked at to find them.
public struct Judgement: Sendable, Equatable {
    /// The incidents, the one with the most excess failures first; empty when nothing changed.
    public var incidents: [Incident]
    /// The probability that nothing but noise happened, falls of traffic that are not told disregarded.
    public var noneProbability: Double
    /// How many series were examined: every one more makes the model ask for more evidence.
    public var scopesExamined: Int
    /// Short bursts that were set aside as nobody's fault.
    public var transients: [TimeWindow]
}

/// Says which deploy, if any, made the error rates change.
///
/// Each series is judged on its own by ``HypothesisScan``; series of single workloads and pods pay for their number, so
/// that looking at many does not find what is not there. The best one becomes an incident, its stretch is set aside, and
/// the search goes on for further ones.
///
/// - Parameters:
///   - series: counts by scope, all on the same buckets.
///   - candidates: the deploys that may have done it, in any order.
///   - rollouts: new pod templates seen in the events.
///   - workers: how many threads may work at once.
/// - Returns: the judgement; the same for the same values in any order, and for any number of threads.
public func judge(
    series: [Series], candidates: [Candidate], rollouts: [ObservedRollout],
    workers: Int = 1
) -> Judgement {
    let candidates = candidates.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    let rollouts = RolloutIndex(rollouts)
    let newKinds = judgedNewKinds(series, candidates: candidates, rollouts: rollouts)
        .filter(\.isNew)
    let scopes = examinedSeries(series, besides: Set(newKinds.map(\.series.scope)), workers: workers)
    var judgement = Judgement(
        incidents: [], noneProbability: 1, scopesExamined: scopes.count + newKinds.count, transients: [])
    let (failing, falling) = (scopes.filter { $0.signal != .volume }, scopes.filter { $0.signal == .volume })
    // The first looks at both in one go, so that no thread waits for the other's.
    let first = judgements(
        of: failing + falling, candidates: candidates, rollouts: rollouts, settled: [], known: nil,
        workers: workers)
    func search(
        _ scopes: [ExaminedSeries], first: [ScopeJudgement], newKinds: [NewKindJudgement]
    ) -> Found {
        found(
            scopes, first: first, newKinds: newKinds, candidates: candidates, rollouts: rollouts,
            workers: workers)
    }
    let failures = search(failing, first: first.filter { $0.signal != .volume }, newKinds: newKinds)
    let falls = search(falling, first: first.filter { $0.signal == .volume }, newKinds: [])
    judgement.transients = failures.transients
    let told = falls.incidents.filter { fall in
        isWorthTelling(fall, since: series.first?.window.since)
            && !failures.incidents.contains { abs($0.onset.seconds(since: fall.onset)) < edgeSeconds }
    }
    judgement.incidents = failures.incidents + told
    judgement.noneProbability = failures.noneProbability * (told.isEmpty ? 1 : falls.noneProbability)
    judgement.incidents.sort { ($0.excessErrors, $1.onset) > ($1.excessErrors, $0.onset) }
    return judgement
}

/// What is left of a change within this time of its edges is not another one.
private let edgeSeconds = 7200.0

/// Traffic falls for a thousand reasons, so a fall is told only when it took a tenth of the traffic at least, when there was a
/// while before it, and when deploys explain it or two thirds of the traffic are gone. A fall that begins with the record is
/// a rise somewhere later.
private func isWorthTelling(_ fall: Incident, since: Instant?) -> Bool {
    guard let since, fall.onset.seconds(since: since) > 6 * 3600, fall.ratio < 0.9 else { return false }
    return fall.suspects.reduce(0) { $0 + $1.probability } > 0.5 || fall.ratio < 1.0 / 3
}

/// The incidents of some series.
private struct Found {
    var incidents: [Incident] = []
    var noneProbability = 1.0
    var transients: [TimeWindow] = []
}

/// The incidents of some series, found one after the other, each seen past when the next is looked for.
///
/// - Parameter first: what each looks like when nothing is known yet.
private func found(
    _ scopes: [ExaminedSeries], first: [ScopeJudgement], newKinds: [NewKindJudgement],
    candidates: [Candidate],
    rollouts: RolloutIndex, workers: Int
) -> Found {
    var found = Found()
    /// What each incident is counted in.
    var sources: [(series: Series, bursts: [TimeWindow])] = []
    var settled: [TimeWindow] = []
    var examined = scopes
    var bursts: [TimeWindow]?
    for round in 0..<3 {
        let judged =
            round == 0
            ? first
            : judgements(
                of: examined, candidates: candidates, rollouts: rollouts, settled: settled, known: bursts,
                workers: workers)
        bursts = judged.first(where: \.isOfAllFailures)?.transients
        let allOdds = max(0, judged.first(where: \.isOfAllFailures)?.logOdds ?? 0)
        guard let best = mostTelling(judged, allOdds: allOdds) else { break }
        // Where nothing showed, nothing more will; and what single pods would add is not worth judging them again.
        examined = examined.filter { scope in
            scope.series.scope.kind != .pod
                && judged.contains {
                    $0.series.scope == scope.series.scope && $0.signal == scope.signal && $0.logOdds > -2
                }
        }
        let newest = round == 0 ? newKinds.first : nil
        // A closer look does not turn odds as bad as these, and costs as much as all the rest.
        let standing = best.standing(allOdds: allOdds)
        guard newest != nil || standing > (round == 0 ? -4 : 0) else {
            if round == 0 {
                found.noneProbability = 1 / (1 + Double.exp(standing))
                found.transients = best.transients
            }
            break
        }
        var incident = best.incident()
        var source = (series: best.series, bursts: best.transients)
        if let newest {
            let other = newest.incident()
            let isMost = (0.6...1.7).contains(other.excessErrors / max(incident.excessErrors, 1e-9))
            if best.signal == .errorRate, incident.noneProbability < 0.5, isMost {
                incident = incident.located(by: other)
            } else if newest.logOdds - newest.penalty > standing {
                incident = other
                source = (newest.series, [])
            }
        }
        guard settled.allSatisfy({ $0.isApart(from: incident.onset, by: edgeSeconds) }) else { break }
        if round == 0 {
            found.noneProbability = incident.noneProbability
            found.transients = best.transients
        }
        // More likely than not for the first; the following ones must stand out of what the first one left behind.
        guard incident.noneProbability < (round == 0 ? 0.5 : 0.02) else { break }
        found.incidents.append(incident)
        sources.append(source)
        settled.append(TimeWindow(since: incident.onset, until: incident.end ?? best.series.window.until))
    }
    // Each was counted when the later ones were not known yet.
    for index in found.incidents.indices {
        var others = settled
        others.remove(at: index)
        found.incidents[index] = found.incidents[index].recounted(
            in: sources[index].series, others: others, bursts: sources[index].bursts)
    }
    return found
}

extension Incident {
    /// The same change with its onset and its suspects taken from the new kind of error that it consists of: where nothing
    /// was before, the first occurrence says more than any ratio.
    fileprivate func located(by newKind: Incident) -> Incident {
        var incident = newKind
        (incident.signal, incident.scope) = (signal, scope)
        (incident.baseline, incident.during) = (baseline, during)
        (incident.ratio, incident.ratioInterval, incident.excessErrors) = (ratio, ratioInterval, excessErrors)
        (incident.end, incident.endedBy) = (end, endedBy)
        return incident
    }
}

extension TimeWindow {
    /// Whether an instant is further than some seconds from both edges.
    fileprivate func isApart(from instant: Instant, by seconds: Double) -> Bool {
        abs(instant.seconds(since: since)) > seconds && abs(instant.seconds(since: until)) > seconds
    }
}

/// The kinds of error that were not there before, the surest first.
private func judgedNewKinds(
    _ series: [Series], candidates: [Candidate], rollouts: RolloutIndex
) -> [NewKindJudgement] {
    let kinds = series.filter { $0.scope.kind == .error }
    let penalty = 1 + Double.log(Double(max(1, kinds.count)))
    return kinds.sorted { $0.scope < $1.scope }
        .compactMap {
            NewKindJudgement($0, penalty: penalty, candidates: candidates, rollouts: rollouts)
        }
        .sorted { $0.logOdds > $1.logOdds }
}

/// Judges each series. The bursts that the failures of all events have are set aside everywhere.
///
/// - Parameter known: the bursts that were found in another look at the same series. What is judged before this look's own are known is
///   judged with these, and once more when they are others.
private func judgements(
    of scopes: [ExaminedSeries], candidates: [Candidate], rollouts: RolloutIndex, settled: [TimeWindow],
    known: [TimeWindow]?, workers: Int
) -> [ScopeJudgement] {
    let hasWhole = scopes.first.map { $0.series.scope == .all && $0.signal == .errorRate } ?? false
    // Traffic and durations have bursts of their own.
    func isPart(_ index: Int) -> Bool { scopes[index].signal == .errorRate && !(hasWhole && index == 0) }
    let ofWhole = Mutex<[TimeWindow]?>(hasWhole ? nil : [])
    @Sendable func judge(_ index: Int, settingAside bursts: [TimeWindow]) -> ScopeJudgement? {
        let scope = scopes[index]
        return ScopeJudgement(
            scope.series, signal: scope.signal, penalty: scope.penalty, candidates: candidates,
            rollouts: rollouts, settled: settled, setAside: bursts)
    }
    let (whole, parts) = (scopes.indices.filter { !isPart($0) }, scopes.indices.filter(isPart))
    let apart = Set(whole)
    let looks = concurrentMap(whole + parts, workers: workers) { index in
        let bursts = apart.contains(index) ? [] : ofWhole.withLock { $0 } ?? known ?? []
        let judgement = judge(index, settingAside: bursts)
        if hasWhole, index == 0 { ofWhole.withLock { $0 = judgement?.transients ?? [] } }
        return (index: index, bursts: bursts, judgement: judgement)
    }
    var judged = [ScopeJudgement?](repeating: nil, count: scopes.count)
    for look in looks { judged[look.index] = look.judgement }
    let bursts = ofWhole.withLock { $0 } ?? []
    let misjudged = looks.filter { !apart.contains($0.index) && $0.bursts != bursts }.map(\.index)
    let again = concurrentMap(misjudged, workers: workers) { judge($0, settingAside: bursts) }
    for (index, judgement) in zip(misjudged, again) { judged[index] = judgement }
    return judged.compactMap { $0 }
}

/// The series that stands out most; where all events stand out too, a part of them only if the part holds most of the
/// excess, because a change of the whole shows in each of its parts. Of all that has become slower, the workload that holds most of it.
private func mostTelling(_ judged: [ScopeJudgement], allOdds: Double) -> ScopeJudgement? {
    let best = judged.max { $0.standing(allOdds: allOdds) < $1.standing(allOdds: allOdds) }
    guard let best else { return nil }
    if best.series.scope.kind == .pod, allOdds > 6, let whole = judged.first(where: \.isOfAllFailures) {
        return best.holdsMost(of: whole) ? best : whole
    }
    if best.signal == .latency, best.series.scope == .all {
        let slowest = judged.filter {
            $0.signal == .latency && $0.series.scope.kind == .workload && $0.logOdds > 6
        }.max { $0.logOdds < $1.logOdds }
        if let slowest, slowest.holdsMost(of: best) { return slowest }
    }
    return best
}

extension ScopeJudgement {
    /// Whether most of what a whole has too many is in this part of it.
    fileprivate func holdsMost(of whole: ScopeJudgement) -> Bool {
        let incident = incident()
        let during = TimeWindow(since: incident.onset, until: incident.end ?? series.window.until)
        let earlier = TimeWindow(since: series.window.since, until: incident.onset)
        let (before, after) = (
            whole.series.total(in: whole.series.buckets(in: earlier)),
            whole.series.total(in: whole.series.buckets(in: during))
        )
        let wholeExcess = after.errors - before.value * after.events
        return incident.excessErrors >= 0.7 * wholeExcess
    }
}

/// A quantity of a series that is worth a look.
private struct ExaminedSeries {
    var series: Series
    var signal: Signal
    /// What it must pay for there being others like it, in log odds.
    var penalty: Double
}

/// What is worth a look, with what each must pay.
///
/// The failures of all events are free. A part of them pays for the number of parts: half of its logarithm where the parts
/// are few and real (workloads, versions, kinds of error), all of it and six more for single pods, which come and go and
/// share in every change of the whole. Traffic and durations change for many reasons, so they pay a fixed price.
///
/// - Parameter judged: scopes that are judged otherwise.
private func examinedSeries(
    _ series: [Series], besides judged: Set<Scope>, workers: Int
) -> [ExaminedSeries] {
    var examined: [ExaminedSeries] = []
    let failures = concurrentMap(
        series.filter { $0.slowerThan == nil && !judged.contains($0.scope) }, workers: workers
    ) { (series: $0, total: $0.total) }
    let total = failures.first { $0.series.scope == .all }?.total.errors ?? 0
    for kind in [Scope.Kind.all, .workload, .version, .error, .pod] {
        var ofKind = failures.filter { $0.series.scope.kind == kind }
        // A part that is nearly the whole says nothing of its own.
        if kind == .error || kind == .version { ofKind.removeAll { $0.total.errors > 0.9 * total } }
        guard kind == .all || kind == .error || ofKind.count > 1 else { continue }
        let failing = ofKind.filter { $0.total.errors >= 8 || kind == .all }
            .sorted { ($0.total.errors, $1.series.scope) > ($1.total.errors, $0.series.scope) }
            .prefix(limit(of: kind))
        let many = Double.log(Double(max(1, ofKind.count)))
        let penalty = kind == .all ? 0 : kind == .pod ? 6 + many : 0.5 + 0.5 * many
        examined += failing.map { ExaminedSeries(series: $0.series, signal: .errorRate, penalty: penalty) }
    }
    let whole = failures.filter { $0.series.scope == .all && $0.total.events - $0.total.errors >= 100 }
    examined += whole.map { ExaminedSeries(series: $0.series, signal: .volume, penalty: 6) }
    let slow = series.filter { $0.slowerThan != nil && $0.total.errors >= 8 }.sorted { $0.scope < $1.scope }
    examined += slow.map {
        ExaminedSeries(series: $0, signal: .latency, penalty: 4 + 0.5 * Double.log(Double(slow.count)))
    }
    return examined
}

/// How many series of a kind are looked at, those with the most failures first.
private func limit(of kind: Scope.Kind) -> Int {
    switch kind {
    case .pod: 32
    case .version, .error: 12
    default: 200
    }
}

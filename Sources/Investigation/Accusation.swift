import ConfigFaults
import DeployModel

/// The deploys whose changes are worth reading: the blamed one, or those that share the blame.
func suspectsToAccuse(_ incident: Incident) -> Set<String> {
    if let blamed = incident.blamed { return [blamed.deploy] }
    return Set(incident.suspects.prefix(3).filter { $0.probability >= 0.1 }.map(\.deploy))
}

/// The configuration changes of the accused deploys, the most suspicious first; of a deploy that is the less likely one, by so
/// much less.
func accuse(
    _ deploys: [Deploy], of incident: Incident, rankings: inout ChangeRankings,
    source: some InvestigationSource
) throws -> [RankedChange] {
    var ranked: [RankedChange] = []
    let most = incident.suspects.first?.probability ?? 0
    for deploy in deploys {
        guard let changes = rankings.changes(of: deploy.id),
            let own = incident.suspects.first(where: { $0.deploy == deploy.id })?.probability
        else { continue }
        var origins = Origins(of: deploy)
        for var change in changes {
            if own < most {
                let factor = (own / most * 1000).rounded() / 1000
                change.factors.append(
                    ScoreFactor(
                        .deploy, factor,
                        "its deploy is \(percent(own)) likely, the likeliest \(percent(most))"))
                change.score = RankedChange.score(
                    suspicions: change.suspicions, factors: change.factors)
            }
            change.commit = try origins.origin(of: change.change.path, source: source) ?? deploy.commit
            ranked.append(change)
        }
    }
    // Stable: within one deploy the ranking's own order holds.
    return ranked.enumerated().sorted { a, b in
        a.element.score == b.element.score ? a.offset < b.offset : a.element.score > b.element.score
    }.map(\.element)
}

/// Who fails, is slow or loses traffic, and who does not, in the words of the configuration.
///
/// The shares come from the series of the workloads rather than from the explanation, because they cover the workloads
/// that stayed healthy as well: their health speaks against every change that reaches them.
func failureContext(_ incident: Incident, explanation: Explanation, observations: Observations)
    -> FailureContext
{
    let (during, before) = comparedWindows(incident, window: observations.window)
    var shares: [String: Double] = [:]
    var healthy: Set<String> = []
    var excesses: [String: Double] = [:]
    // Who fails no more than before may be slow, and who is slow may not have failed.
    let isOfSlowEvents = incident.signal == .latency
    for series in observations.series
    where series.scope.kind == .workload && (series.slowerThan != nil) == isOfSlowEvents {
        let after = series.total(in: series.buckets(in: during))
        let earlier = before.map { series.total(in: series.buckets(in: $0)) } ?? Rate(0, of: 0)
        if incident.signal == .volume, let before, before.seconds > 0 {
            let expected = (earlier.events - earlier.errors) * during.seconds / before.seconds
            guard expected >= 20 else { continue }
            excesses[series.scope.name] = expected - (after.events - after.errors)
            continue
        }
        guard after.events >= 20 else { continue }
        excesses[series.scope.name] = after.errors - after.events * earlier.value
    }
    let total = excesses.values.filter { $0 > 0 }.reduce(0, +)
    for (workload, excess) in excesses {
        if total > 0, excess / total >= 0.05 {
            shares[workload] = excess / total
        } else {
            healthy.insert(workload)
        }
    }
    return FailureContext(
        workloads: shares, healthyWorkloads: healthy,
        messages: telling(explanation) + explanation.causes.flatMap(\.predicates).compactMap(\.words))
}

/// What the failures of the incident say, without what is said by a few that were always there: a text counts where a tenth of
/// those have it that have the most frequent one of its field.
func telling(_ explanation: Explanation) -> [String] {
    func frequent(_ symptoms: [Symptom]) -> [String] {
        let most = Dictionary(symptoms.map { ($0.field, $0.errors) }, uniquingKeysWith: max)
        return symptoms.filter { $0.errors >= 0.1 * (most[$0.field] ?? 0) }.map(\.value)
    }
    let lists = explanation.causes.map(\.symptoms) + [explanation.newFailures]
    let ofCauses = lists.flatMap(frequent)
    return ofCauses.isEmpty ? frequent(explanation.symptoms) : ofCauses
}

extension Predicate {
    /// The text that a predicate names, for comparing with words of the configuration.
    fileprivate var words: String? {
        switch comparison {
        case .equals(.string(let text)), .hasPrefix(let text), .contains(.string(let text)): text
        default: nil
        }
    }
}

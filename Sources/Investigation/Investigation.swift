import Attribution
import ChangeDetection
public import ConfigFaults
public import DeployModel

/// What was seen of the events.
public struct Observations: Sendable, Equatable {
    /// The stretch of time that is judged.
    public var window: TimeWindow
    /// Counts by scope, all on the same buckets.
    public var series: [Series]
    /// New pod templates.
    public var rollouts: [ObservedRollout]

    /// What was seen.
    public init(window: TimeWindow, series: [Series], rollouts: [ObservedRollout]) {
        self.window = window
        self.series = byOwnLimits(series)
        self.rollouts = rollouts
    }

    /// The series of all events.
    public var whole: Series? { series.first { $0.scope == .all && $0.slowerThan == nil } }

    /// Whether every event failed: then no share of them can tell of a change, not that of one kind of failure among others either, which
    /// falls where another one begins.
    var holdOnlyFailures: Bool {
        whole.map { $0.total.events >= 20 && $0.total.errors == $0.total.events } ?? false
    }

    /// What is judged.
    var judgeable: [Series] { holdOnlyFailures ? [] : series }
}

/// The same series, slow events of all counted as those of each workload by its own limit, where workloads are nearly all there is:
/// where a fast one loses its traffic, nobody's requests have become slower, though more of all are slow.
private func byOwnLimits(_ series: [Series]) -> [Series] {
    let own = series.filter { $0.scope.kind == .workload && $0.slowerThan != nil }
    guard own.count > 1,
        let place = series.firstIndex(where: { $0.scope == .all && $0.slowerThan != nil }),
        own.allSatisfy({ $0.start == series[place].start && $0.events.count == series[place].events.count }),
        own.reduce(0, { $0 + $1.total.events }) >= 0.95 * series[place].total.events
    else { return series }
    var all = series
    for index in series[place].events.indices {
        all[place].events[index] = own.reduce(0) { $0 + $1.events[index] }
        all[place].errors[index] = own.reduce(0) { $0 + $1.errors[index] }
    }
    all[place].slowerThan = .infinity
    return all
}

/// What the pipeline asks of the ends when it has come to need it.
public protocol InvestigationSource {
    /// The events of two windows, for comparison.
    func events(during interest: TimeWindow, before baseline: TimeWindow?) throws -> EventTable

    /// What a sample explained, with exact counts where they can be had; the same by default.
    func recounted(
        _ explanation: Explanation, of table: EventTable, during interest: TimeWindow,
        before baseline: TimeWindow?
    ) throws -> Explanation

    /// The configuration before and after a deploy; `nil` when its commits are not at hand.
    func comparison(of deploy: Deploy) throws -> ConfigComparison?

    /// The commit within a deploy that last touched a file; `nil` when that cannot be told.
    func origin(of path: String, in deploy: Deploy) throws -> CommitID?
}

extension InvestigationSource {
    /// The same explanation: files have no more exact counts than were used.
    public func recounted(
        _ explanation: Explanation, of table: EventTable, during interest: TimeWindow,
        before baseline: TimeWindow?
    ) throws -> Explanation { explanation }
}

/// What an investigation found.
public struct Investigated: Sendable, Equatable {
    /// The answer.
    public var verdict: Verdict
    /// Incidents, explained and accused, by excess failures.
    public var findings: [Finding]
    /// The deploys, with what their configuration changes reach.
    public var deploys: [Deploy]
    /// What the reader must know.
    public var warnings: [Warning]
    /// How many series were looked at.
    public var seriesExamined: Int
    /// What speaks for and against the deploy that was asked about.
    public var asked: AskedDeploy?
}

/// What is asked of an investigation beyond who did it.
public struct Question: Sendable, Equatable {
    /// The id or commit, perhaps abbreviated, of a deploy that the reader asks about.
    public var deploy: String?
    /// The smallest ratio of rates that matters; changes below it count for none.
    public var minEffect: Double

    /// A question.
    public init(deploy: String? = nil, minEffect: Double = 1) {
        self.deploy = deploy
        self.minEffect = minEffect
    }
}

/// The pipeline: align, judge, explain, accuse.
///
/// - Parameters:
///   - deploys: the deploys that may have had an effect in the window.
///   - observations: the events, counted.
///   - source: answers what can only be asked once an incident is known.
///   - attribution: what the user settled about symptoms and causes.
///   - question: what else is asked.
///   - workers: how many threads may work at once; the answer is the same for any number.
/// - Throws: what `source` throws.
public func investigate(
    deploys: [Deploy], observations: Observations, source: some InvestigationSource,
    attribution: FieldPreferences = .init(), question: Question = .init(), workers: Int = 1
) throws -> Investigated {
    let (aligned, comparisons) = try align(deploys, source: source)
    var judgement = judge(
        series: observations.judgeable, candidates: aligned.map { Candidate($0) },
        rollouts: observations.rollouts, workers: workers)
    let small = judgement.incidents.filter { !$0.mayBe(question.minEffect) }
    judgement.incidents.removeAll { small.contains($0) }
    var eventWarnings: [Warning] = []
    var accusations: [(explanation: Explanation, rankings: ChangeRankings)] = []
    for (index, incident) in judgement.incidents.enumerated() {
        let (explanation, noted) = try explained(
            incident, observations: observations, source: source, by: attribution, workers: workers)
        eventWarnings += noted
        let failures = failureContext(incident, explanation: explanation, observations: observations)
        var rankings = ChangeRankings(comparisons, failures: failures)
        judgement.incidents[index] = weighedByContent(incident, rankings: &rankings)
        accusations.append((explanation, rankings))
    }
    var verdict = decide(judgement, deploys: aligned, observations: observations)
    if judgement.incidents.isEmpty, let largest = small.first {
        verdict = belowMinEffect(largest, question.minEffect)
    }
    let findings = try zip(judgement.incidents, accusations).map { incident, accusation in
        let accused = suspectsToAccuse(incident)
        var rankings = accusation.rankings
        let changes = try accuse(
            aligned.filter { accused.contains($0.id) }, of: incident, rankings: &rankings,
            source: source)
        return Finding(
            incident: incident, explanation: accusation.explanation, changes: changes,
            rollouts: incident.blamed.flatMap { suspect in aligned.first { $0.id == suspect.deploy } }
                .map {
                    replaced(
                        by: $0, incident: incident, explanation: accusation.explanation,
                        rollouts: observations.rollouts)
                }
                ?? [])
    }
    var warnings = comparisons.values.flatMap(\.warnings) + eventWarnings
    if verdict.reason == "high_throughout" {
        warnings += [FailingThroughout(observations)].compactMap { $0?.warning(besides: verdict) }
    }
    return Investigated(
        verdict: verdict, findings: findings, deploys: aligned,
        warnings: Set(warnings).sorted { ($0.code, $0.text) < ($1.code, $1.text) },
        seriesExamined: judgement.scopesExamined,
        asked: question.deploy.flatMap {
            askedDeploy($0, among: aligned, judgement: judgement, observations: observations)
        })
}

/// What a user settled about fields that the tool would otherwise judge by itself.
public struct FieldPreferences: Sendable, Equatable {
    /// Fields that only describe failures.
    public var symptoms: Set<String>
    /// Fields that may be causes whatever they look like.
    public var causes: Set<String>
    /// Fields that failing is told by.
    public var outcome: Set<String>

    /// Preferences; none by default.
    public init(symptoms: Set<String> = [], causes: Set<String> = [], outcome: Set<String> = []) {
        self.symptoms = symptoms
        self.causes = causes
        self.outcome = outcome
    }
}

/// The windows that an incident's events are compared over: during, and before (or after, when there is no before).
package func comparedWindows(_ incident: Incident, window: TimeWindow) -> (
    during: TimeWindow, before: TimeWindow?
) {
    let during = TimeWindow(since: incident.onset, until: incident.end ?? window.until)
    let before = TimeWindow(since: window.since, until: incident.onset)
    let after = TimeWindow(since: during.until, until: window.until)
    return (during, before.isEmpty ? (after.isEmpty ? nil : after) : before)
}

private func explained(
    _ incident: Incident, observations: Observations, source: some InvestigationSource,
    by preferences: FieldPreferences, workers: Int
) throws -> (Explanation, [Warning]) {
    let (during, before) = comparedWindows(incident, window: observations.window)
    let table = try source.events(during: during, before: before)
    func explain(_ table: EventTable) -> Explanation {
        Attribution.explain(
            table, interest: during, baseline: before,
            options: AttributionOptions(
                symptomFields: preferences.symptoms, causeFields: preferences.causes,
                outcomeFields: preferences.outcome), workers: workers)
    }
    switch incident.signal {
    case .errorRate, .newError: break
    case .latency:
        // Which events failed says nothing of why others are slow.
        let limits: SlowLimits
        switch (incident.slowerThan, incident.scope.kind) {
        case (let limit?, .workload): limits = .ofWorkloads([incident.scope.name: limit])
        case (let limit?, _) where limit.isFinite: limits = .ofAll(limit)
        default:
            let own = observations.series.filter { $0.scope.kind == .workload }
            limits = .ofWorkloads(
                own.reduce(into: [:]) { limits, series in
                    if let limit = series.slowerThan { limits[series.scope.name] = limit }
                })
        }
        guard let slow = table.failingWhereSlow(limits) else { return (.nothing, table.warnings) }
        var explanation = explain(slow)
        explanation.isOfSlowEvents = true
        // That they took long is what they were chosen by.
        let few = 0.05 * explanation.during.errors
        explanation.symptoms.removeAll { $0.field == table.roles[.duration] || $0.errors < few }
        return (explanation, table.warnings)
    case .volume: return (.nothing, table.warnings)
    }
    let explanation = explain(table)
    return (
        try source.recounted(explanation, of: table, during: during, before: before), table.warnings
    )
}

extension Explanation {
    /// Of what no events tell.
    fileprivate static var nothing: Explanation { Explanation(outcome: .none, causes: [], symptoms: []) }
}

/// The incident with its suspects weighed by what they changed as well, as an investigation weighs them.
///
/// - Parameter comparisons: what each deploy changed, by id, as ``align(_:source:)`` has them.
/// - Throws: what `source` throws.
public func weighed(
    _ incident: Incident, by comparisons: [String: ConfigComparison], observations: Observations,
    source: some InvestigationSource, attribution: FieldPreferences = .init(), workers: Int = 1
) throws -> Incident {
    guard incident.suspects.count > 1 else { return incident }
    let (explanation, _) = try explained(
        incident, observations: observations, source: source, by: attribution, workers: workers)
    var rankings = ChangeRankings(
        comparisons,
        failures: failureContext(incident, explanation: explanation, observations: observations))
    return weighedByContent(incident, rankings: &rankings)
}

/// When the pods of a deploy's workloads, or of those that fail, were first seen with a new template after it: the first time
/// for each, within a day.
private func replaced(
    by deploy: Deploy, incident: Incident, explanation: Explanation, rollouts: [ObservedRollout]
) -> [ObservedRollout] {
    var workloads = Set(deploy.workloads + explanation.causes.compactMap(\.workload))
    if incident.scope.kind == .workload { workloads.insert(incident.scope.name) }
    var first: [String: ObservedRollout] = [:]
    for rollout in rollouts where workloads.contains(rollout.workload) {
        let lag = rollout.first.seconds(since: deploy.startedAt)
        guard lag > -600, lag < 86_400, rollout.first < first[rollout.workload]?.first ?? rollout.first + 1
        else { continue }
        first[rollout.workload] = rollout
    }
    return first.values.sorted { ($0.first, $0.workload) < ($1.first, $1.workload) }
}

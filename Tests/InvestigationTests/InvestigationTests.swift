import ConfigFaults
import DeployModel
import Investigation
import TestSupport
import Testing

/// Answers of a made-up world.
private struct MadeUp: InvestigationSource {
    var table = EventTable(times: [], failing: [], weights: [], columns: [])

    func events(during interest: TimeWindow, before baseline: TimeWindow?) throws -> EventTable { table }
    func comparison(of deploy: Deploy) throws -> ConfigComparison? { nil }
    func origin(of path: String, in deploy: Deploy) throws -> CommitID? { nil }
}

private let start = Instant(seconds: 1_600_000_200)

/// Four days in five-minute buckets; from a minute on another rate of failures.
private func observations(rate: Double, fromMinute minute: Int, eventsPerBucket: Double = 60, days: Int = 4)
    -> Observations
{
    var noise = SeededNoise(seed: 11)
    var events: [Double] = [], errors: [Double] = []
    for bucket in 0..<days * 288 {
        let total = Double(noise.poisson(eventsPerBucket))
        events.append(total)
        errors.append(min(total, Double(noise.poisson(total * (bucket * 5 >= minute ? rate : 0.004)))))
    }
    let series = Series(scope: .all, start: start, bucketSeconds: 300, events: events, errors: errors)
    return Observations(window: series.window, series: [series], rollouts: [])
}

private func deploy(_ id: String, minute: Int) -> Deploy {
    Deploy(id: id, commit: nil, startedAt: start + minute * 60, title: id, source: .commit)
}

@Suite("From observations to a verdict")
struct InvestigationTests {
    @Test("a short burst is told, and held against nobody")
    func burst() throws {
        var observed = observations(rate: 0.004, fromMinute: 0)
        for bucket in 400..<412 { observed.series[0].errors[bucket] = observed.series[0].events[bucket] }
        let verdict = try investigate(
            deploys: [deploy("d", minute: 700)], observations: observed, source: MadeUp()
        ).verdict
        #expect(verdict.kind == .unchanged && verdict.reason == "no_lasting_change")
        #expect(verdict.text.contains("rose to 100 % for 60 min from 14 Sep 21:50 on"), "\(verdict.text)")
    }

    @Test(
        "names the verdict",
        arguments: [
            (
                deploys: [1000, 3960], rate: 0.06, minute: 4000, kind: Verdict.Kind.blamed,
                reason: "error_rate"
            ),
            (deploys: [700, 5700], rate: 0.06, minute: 4700, kind: .noDeploy, reason: "no_deploy_near"),
            (deploys: [1000, 3960], rate: 0.004, minute: 4000, kind: .unchanged, reason: "no_change"),
            (deploys: [3960, 3960], rate: 0.06, minute: 4000, kind: .inconclusive, reason: "tied"),
            (deploys: [], rate: 0.06, minute: 4000, kind: .noDeploy, reason: "no_deploy_near"),
        ])
    func verdict(deploys: [Int], rate: Double, minute: Int, kind: Verdict.Kind, reason: String) throws {
        let found = try investigate(
            deploys: deploys.enumerated().map { deploy("d\($0)", minute: $1) },
            observations: observations(rate: rate, fromMinute: minute), source: MadeUp())
        #expect(found.verdict.kind == kind, "\(found.verdict)")
        #expect(found.verdict.reason == reason)
        #expect((found.verdict.deploy != nil) == (kind == .blamed))
        #expect(found.findings.isEmpty == (kind == .unchanged))
        #expect((0...1).contains(found.verdict.probability))
    }

    @Test("a window that begins inside an outage is not called quiet", arguments: [0.12, 0.5, 1])
    func failingThroughout(rate: Double) throws {
        let found = try investigate(
            deploys: [deploy("d", minute: 700)], observations: observations(rate: rate, fromMinute: 0),
            source: MadeUp())
        #expect(found.verdict.kind == .unchanged && found.verdict.reason == "high_throughout")
        #expect(found.verdict.text.contains("from the beginning of the window"), "\(found.verdict.text)")
        #expect(found.warnings.map(\.code) == ["high_throughout"])
        #expect(found.warnings.first?.remedy?.contains("--since") == true)
    }

    @Test("nor one in which one workload fails all along while the others do not")
    func workloadFailingThroughout() throws {
        var seen = observations(rate: 0.004, fromMinute: 0)
        var mailer = observations(rate: 0.5, fromMinute: 0, eventsPerBucket: 3).series[0]
        mailer.scope = Scope(.workload, "mailer")
        seen.series.append(mailer)
        let found = try investigate(deploys: [], observations: seen, source: MadeUp())
        #expect(found.verdict.reason == "high_throughout")
        #expect(found.verdict.text.contains("in mailer"), "\(found.verdict.text)")
    }

    @Test("a deploy that is asked about is weighed for its own incident, not for a larger one")
    func asked() throws {
        var seen = observations(rate: 0.06, fromMinute: 4000)
        for bucket in 200..<500 { seen.series[0].errors[bucket] += 20 }
        let found = try investigate(
            deploys: [deploy("large", minute: 980), deploy("small", minute: 3980)], observations: seen,
            source: MadeUp(), question: Question(deploy: "small"))
        #expect(found.findings.map { $0.incident.suspects.first?.deploy } == ["large", "small"])
        #expect((found.asked?.probability ?? 0) > 0.9)
    }

    @Test("too few events are no all-clear")
    func tooFew() throws {
        let found = try investigate(
            deploys: [], observations: observations(rate: 0, fromMinute: 0, eventsPerBucket: 0.05, days: 2),
            source: MadeUp())
        #expect(found.verdict.kind == .inconclusive)
        #expect(found.verdict.reason == "too_few_events")
    }

    @Test("windows to compare: before, or after when there is no before")
    func windows() {
        let window = TimeWindow(since: start, until: start + 10_000)
        func incident(onset: Int, end: Int?) -> Incident {
            Incident(
                signal: .errorRate, scope: .all, onset: start + onset,
                onsetInterval: Interval(start + onset, start + onset), end: end.map { start + $0 },
                baseline: Rate(0, of: 0), during: Rate(0, of: 0), ratio: 1, ratioInterval: Interval(1, 1),
                excessErrors: 0,
                suspects: [], noneProbability: 0, externalProbability: 1)
        }
        let usual = comparedWindows(incident(onset: 4000, end: nil), window: window)
        #expect(usual.during == TimeWindow(since: start + 4000, until: start + 10_000))
        #expect(usual.before == TimeWindow(since: start, until: start + 4000))
        let fromTheStart = comparedWindows(incident(onset: 0, end: 3000), window: window)
        #expect(fromTheStart.before == TimeWindow(since: start + 3000, until: start + 10_000))
        #expect(comparedWindows(incident(onset: 0, end: nil), window: window).before == nil)
    }
}

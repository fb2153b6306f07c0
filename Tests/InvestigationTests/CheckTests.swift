import ConfigFaults
import DeployModel
import Investigation
import TestSupport
import Testing

/// Three days of five-minute buckets whose failure rate changes at a minute.
private func observed(
    rate: Double = 0.01, after: Double? = nil, minute: Int = 4000, until: Int = 4300, seed: UInt64 = 4
)
    -> Observations
{
    var noise = SeededNoise(seed: seed)
    let start = Instant(seconds: 1_600_000_200)
    var events: [Double] = [], errors: [Double] = []
    for bucket in 0..<until / 5 {
        let total = Double(noise.poisson(400))
        events.append(total)
        errors.append(Double(noise.poisson(total * (bucket * 5 >= minute ? after ?? rate : rate))))
    }
    let series = Series(scope: .all, start: start, bucketSeconds: 300, events: events, errors: errors)
    return Observations(window: series.window, series: [series], rollouts: [])
}

private func record(_ id: String, atMinute minute: Int) -> Deploy {
    let start = Instant(seconds: 1_600_000_200) + minute * 60
    return Deploy(
        id: id, commit: nil, startedAt: start, finishedAt: start + 120, title: id, author: "", source: .record
    )
}

/// A check of deploys of whose changes nothing is known.
private func check(
    _ asked: CheckedDeploy, among deploys: [Deploy], observations: Observations, minEffect: Double
) -> Checked {
    check(asked, among: deploys, observations: observations, minEffect: minEffect) { $0 }
}

@Suite("Checking the newest deploy")
struct CheckTests {
    private let deploys = [record("old", atMinute: 1000), record("new", atMinute: 4000)]

    @Test("a regression is blamed on it")
    func regression() {
        let checked = check(
            .latest(deploys[1]), among: deploys, observations: observed(after: 0.06), minEffect: 2)
        #expect(checked.verdict.kind == .blamed)
        #expect(checked.verdict.deploy == "new")
    }

    @Test("five hours of steady traffic rule a doubling out")
    func fine() {
        let checked = check(.latest(deploys[1]), among: deploys, observations: observed(), minEffect: 2)
        #expect(checked.verdict.kind == .unchanged)
        #expect(checked.neededMinutes == nil)
    }

    @Test("deploys are weighed as an investigation weighs them, whichever is asked about")
    func sameWeights() throws {
        struct Nothing: InvestigationSource {
            func events(during: TimeWindow, before: TimeWindow?) -> EventTable {
                EventTable(times: [], failing: [], weights: [], columns: [])
            }
            func comparison(of deploy: Deploy) -> ConfigComparison? { nil }
            func origin(of path: String, in deploy: Deploy) -> CommitID? { nil }
        }
        let many = (0..<6).map { record("d\($0)", atMinute: 3970 + $0 * 6) } + [record("new", atMinute: 4100)]
        let seen = observed(after: 0.06)
        let found = try investigate(deploys: many, observations: seen, source: Nothing())
        let suspects = try #require(found.findings.first).incident.suspects
        #expect(suspects.count > 1)
        for asked in [CheckedDeploy.latest(many[6]), .latest(many[0])] {
            let checked = try check(asked, among: many, observations: seen, minEffect: 2) {
                try weighed($0, by: [:], observations: seen, source: Nothing())
            }
            #expect(checked.incidents.first?.suspects == suspects)
        }
    }

    @Test("what fails from the beginning of the window on is no all-clear")
    func failingThroughout() {
        let before = [record("old", atMinute: -60)]
        let checked = check(
            .latest(before[0]), among: before, observations: observed(rate: 0.4), minEffect: 2)
        #expect(checked.verdict.kind == .inconclusive && checked.verdict.reason == "high_throughout")
        #expect(checked.warnings.map(\.code) == ["high_throughout"])
        let quiet = check(.latest(before[0]), among: before, observations: observed(), minEffect: 2)
        #expect(quiet.verdict.kind == .unchanged && quiet.warnings.isEmpty)
    }

    @Test("five minutes do not, and the answer says how many would")
    func early() {
        let checked = check(
            .latest(deploys[1]), among: deploys, observations: observed(until: 4015), minEffect: 1.5)
        #expect(checked.verdict.kind == .inconclusive)
        #expect(checked.verdict.reason == "too_little_traffic")
        #expect((checked.neededMinutes ?? 0) > 5)
    }

    @Test("what an older deploy broke is not held against a deploy that is named, but told of the latest")
    func older() {
        let seen = observed(after: 0.06, minute: 1002)
        let named = check(.named(deploys[1]), among: deploys, observations: seen, minEffect: 2)
        #expect(named.verdict.kind == .unchanged)
        #expect(named.incidents.isEmpty)
        let latest = check(.latest(deploys[1]), among: deploys, observations: seen, minEffect: 2)
        #expect(latest.verdict.deploy == "old")
    }

    @Test("what a later deploy broke does not hide that an earlier one made no change")
    func later() {
        let checked = check(
            .named(deploys[0]), among: deploys, observations: observed(after: 0.06), minEffect: 2)
        #expect(checked.verdict.kind == .unchanged)
        #expect(checked.verdict.text.contains("old made no change"))
    }

    @Test("a change whose interval reaches the size that was asked for is not let pass")
    func nearTheLimit() {
        let checked = check(
            .named(deploys[1]), among: deploys, observations: observed(after: 0.019), minEffect: 2)
        #expect(checked.verdict.kind == .blamed)
    }

    @Test("a deploy that is known by its commit only is given time to be rolled out")
    func commitClock() {
        var commit = deploys[1]
        commit.source = .commit
        let early = check(.named(commit), among: deploys, observations: observed(until: 4060), minEffect: 2)
        #expect(early.verdict.kind == .inconclusive)
        #expect((30...60).contains(early.neededMinutes ?? 0))
        let late = check(.named(commit), among: deploys, observations: observed(), minEffect: 2)
        #expect(late.verdict.kind == .unchanged)
    }

    @Test("a service where nothing fails passes once enough was served")
    func noFailures() {
        let busy = check(.latest(deploys[1]), among: deploys, observations: observed(rate: 0), minEffect: 2)
        #expect(busy.verdict.kind == .unchanged)
        let early = check(
            .latest(deploys[1]), among: deploys, observations: observed(rate: 0, until: 4010), minEffect: 2)
        #expect(early.verdict.kind == .inconclusive)
        #expect((20...45).contains(early.neededMinutes ?? 0))
    }

    @Test("without any deploy a quiet window is no all-clear, with one before it it is")
    func noDeploy() {
        let seen = observed()
        #expect(check(.none, among: [], observations: seen, minEffect: 2).verdict.reason == "no_deploys")
        let long = record("long ago", atMinute: -5000)
        #expect(
            check(.latest(long), among: [long], observations: seen, minEffect: 2).verdict.kind == .unchanged)
    }

    @Test("the minutes that are missing come in whole rows")
    func wideRows() throws {
        var seen = observed(until: 4060)
        seen.series[0] = seen.series[0].coarsened(by: 12)
        let checked = check(.latest(deploys[1]), among: deploys, observations: seen, minEffect: 1.25)
        let minutes = try #require(checked.neededMinutes)
        #expect(minutes % 60 == 0)
    }

    @Test("a reader who asks why not this deploy hears of the time and the odds")
    func whyNot() throws {
        struct Nothing: InvestigationSource {
            func events(during: TimeWindow, before: TimeWindow?) -> EventTable {
                EventTable(times: [], failing: [], weights: [], columns: [])
            }
            func comparison(of deploy: Deploy) -> ConfigComparison? { nil }
            func origin(of path: String, in deploy: Deploy) -> CommitID? { nil }
        }
        let found = try investigate(
            deploys: deploys, observations: observed(after: 0.06), source: Nothing(),
            question: Question(deploy: "old"))
        let asked = try #require(found.asked)
        #expect(asked.probability < 0.01)
        #expect(asked.reasons.contains { $0.contains("50 h after this deploy") })
        #expect(asked.reasons.contains { $0.contains("more than 10,000 times more for new") })
    }
}

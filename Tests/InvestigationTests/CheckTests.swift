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

@Suite("Checking the newest deploy")
struct CheckTests {
    private let deploys = [record("old", atMinute: 1000), record("new", atMinute: 4000)]

    @Test("a regression is blamed on it")
    func regression() {
        let checked = check(deploys[1], among: deploys, observations: observed(after: 0.06), minEffect: 2)
        #expect(checked.verdict.kind == .blamed)
        #expect(checked.verdict.deploy == "new")
    }

    @Test("five hours of steady traffic rule a doubling out")
    func fine() {
        let checked = check(deploys[1], among: deploys, observations: observed(), minEffect: 2)
        #expect(checked.verdict.kind == .unchanged)
        #expect(checked.neededMinutes == nil)
    }

    @Test("five minutes do not, and the answer says how many would")
    func early() {
        let checked = check(deploys[1], among: deploys, observations: observed(until: 4015), minEffect: 1.5)
        #expect(checked.verdict.kind == .inconclusive)
        #expect(checked.verdict.reason == "too_little_traffic")
        #expect((checked.neededMinutes ?? 0) > 5)
    }

    @Test("what an older deploy broke long before is not held against the newest")
    func older() {
        let checked = check(
            deploys[1], among: deploys, observations: observed(after: 0.06, minute: 1002), minEffect: 2)
        #expect(checked.verdict.kind == .unchanged)
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

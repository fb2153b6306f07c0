import ChangeDetection
import DeployModel
import TestSupport
import Testing

/// A made-up week of one workload in five-minute buckets.
private struct Week {
    var days = 4
    var eventsPerBucket = 60.0
    var background = 0.004
    var seed: UInt64 = 1
    /// Failure rates from an instant on, in minutes after the start; the last one that began holds.
    var rates: [(minute: Int, rate: Double)] = []

    static let start = Instant(seconds: 1_600_000_200)
    static func minute(_ minute: Int) -> Instant { start + minute * 60 }

    var series: Series {
        var noise = SeededNoise(seed: seed)
        let count = days * 288
        var events: [Double] = [], errors: [Double] = []
        for bucket in 0..<count {
            let total = Double(noise.poisson(eventsPerBucket))
            let rate = rates.last { $0.minute <= bucket * 5 }?.rate ?? background
            events.append(total)
            errors.append(min(total, Double(noise.poisson(total * rate))))
        }
        return Series(scope: .all, start: Self.start, bucketSeconds: 300, events: events, errors: errors)
    }
}

private func commit(_ id: String, atMinute minute: Int, workloads: Set<String> = []) -> Candidate {
    Candidate(id: id, startedAt: Week.minute(minute), hasDeployClock: false, workloads: workloads)
}

private func record(_ id: String, atMinute minute: Int) -> Candidate {
    Candidate(
        id: id, startedAt: Week.minute(minute), finishedAt: Week.minute(minute + 4), hasDeployClock: true)
}

@Suite("Judging which deploy changed a series")
struct JudgeTests {
    @Test("blames the commit before the rise, whose build and rollout took 40 minutes")
    func blamesCommit() throws {
        let week = Week(rates: [(4000, 0.06)])
        let judgement = judge(
            series: [week.series],
            candidates: [
                commit("early", atMinute: 1000), commit("culprit", atMinute: 3960),
                commit("late", atMinute: 5500),
            ],
            rollouts: [])
        let incident = try #require(judgement.incidents.first)
        #expect(incident.suspects.first?.deploy == "culprit")
        #expect((incident.suspects.first?.probability ?? 0) > 0.95)
        #expect(abs(incident.onset.seconds(since: Week.minute(4000))) <= 900)
        #expect(incident.end == nil)
        #expect(incident.ratioInterval.lower < 15 && 15 < incident.ratioInterval.upper)
    }

    @Test("blames nobody for a rise days after one deploy and a day before the next")
    func blamesNobody() throws {
        let week = Week(rates: [(4700, 0.06)])
        let judgement = judge(
            series: [week.series],
            candidates: [commit("early", atMinute: 700), commit("late", atMinute: 5700)],
            rollouts: [])
        let incident = try #require(judgement.incidents.first)
        #expect(incident.externalProbability > 0.9)
    }

    @Test("finds nothing in a quiet week, whatever the seed", arguments: 1...10)
    func quiet(seed: Int) {
        let week = Week(seed: UInt64(seed))
        let candidates = (0..<20).map { commit("d\($0)", atMinute: 300 + $0 * 250) }
        let judgement = judge(series: [week.series], candidates: candidates, rollouts: [])
        #expect(judgement.incidents.isEmpty)
        #expect(judgement.noneProbability > 0.5)
    }

    @Test("sets a burst of half an hour aside as nobody's fault")
    func transient() {
        let week = Week(rates: [(4000, 0.2), (4030, 0.004)])
        let judgement = judge(
            series: [week.series], candidates: [commit("a", atMinute: 1000), commit("b", atMinute: 5200)],
            rollouts: [])
        #expect(judgement.incidents.isEmpty)
        #expect(!judgement.transients.isEmpty)
    }

    @Test("names the deploy that ended it")
    func ended() throws {
        let week = Week(rates: [(3040, 0.08), (5040, 0.004)])
        let judgement = judge(
            series: [week.series],
            candidates: [
                commit("fine", atMinute: 1000), commit("culprit", atMinute: 3000),
                commit("fix", atMinute: 5000),
            ], rollouts: [])
        let incident = try #require(judgement.incidents.first)
        #expect(incident.suspects.first?.deploy == "culprit")
        #expect(incident.endedBy == "fix")
        let end = try #require(incident.end)
        #expect(abs(end.seconds(since: Week.minute(5040))) <= 1800)
    }

    @Test("two deploys at one instant share the blame")
    func tied() throws {
        let week = Week(rates: [(4002, 0.06)])
        let judgement = judge(
            series: [week.series], candidates: [record("a", atMinute: 4000), record("b", atMinute: 4000)],
            rollouts: [])
        let suspects = try #require(judgement.incidents.first).suspects
        #expect(suspects.count == 2)
        #expect(abs(suspects[0].probability - suspects[1].probability) < 1e-9)
    }

    @Test("a new pod template tells apart two commits of the same hour")
    func rollout() throws {
        let week = Week(rates: [(4000, 0.06)])
        let rollouts = [
            ObservedRollout(
                workload: "mailer", hash: "7d9f", first: Week.minute(3999), last: Week.minute(5700), pods: 3)
        ]
        let judgement = judge(
            series: [week.series],
            candidates: [
                commit("touches mailer", atMinute: 3930, workloads: ["mailer"]),
                commit("touches web", atMinute: 3950, workloads: ["web"]),
            ], rollouts: rollouts)
        let first = try #require(judgement.incidents.first?.suspects.first)
        #expect(first.deploy == "touches mailer")
        #expect(first.probability > 0.6)
    }

    @Test("probabilities of an incident sum to one", arguments: [0.012, 0.02, 0.06])
    func sumsToOne(rate: Double) {
        let week = Week(rates: [(4000, rate)])
        let candidates = (0..<30).map { commit("d\($0)", atMinute: 200 + $0 * 180) }
        for incident in judge(series: [week.series], candidates: candidates, rollouts: []).incidents {
            let sum =
                incident.suspects.reduce(0) { $0 + $1.probability } + incident.noneProbability
                + incident.externalProbability
            #expect(abs(sum - 1) < 1e-9)
        }
    }

    @Test("the order of series and candidates does not matter")
    func orderInvariant() {
        let week = Week(rates: [(4000, 0.06)])
        let quiet = Week(seed: 2)
        var series = [week.series, quiet.series, quiet.series]
        series[1].scope = Scope(.workload, "web")
        series[2].scope = Scope(.workload, "mailer")
        let candidates = [commit("a", atMinute: 1000), commit("b", atMinute: 3960)]
        let forward = judge(series: series, candidates: candidates, rollouts: [])
        let backward = judge(series: series.reversed(), candidates: candidates.reversed(), rollouts: [])
        #expect(forward == backward)
    }

    @Test("ten times the traffic at the same rates gives the same answer")
    func scale() {
        func verdict(_ factor: Double) -> String? {
            let week = Week(eventsPerBucket: 60 * factor, rates: [(4000, 0.06)])
            return judge(
                series: [week.series],
                candidates: [commit("a", atMinute: 1000), commit("b", atMinute: 3960)],
                rollouts: []
            ).incidents.first?.suspects.first?.deploy
        }
        #expect(verdict(1) == "b")
        #expect(verdict(10) == "b")
    }

    static let extremes: [(events: [Double], errors: [Double])] = {
        let long = 300
        let gap = [Double](repeating: 0, count: 400)
        func constant(_ value: Double) -> [Double] { Array(repeating: value, count: long) }
        return [
            (events: [1], errors: [1]),
            (events: [], errors: []),
            (events: constant(50), errors: constant(50)),
            (events: constant(1e9), errors: constant(3)),
            (events: [1e9] + gap + [5], errors: [10] + gap + [5]),
            (events: constant(0), errors: constant(0)),
        ]
    }()

    @Test(
        "extreme series are judged without a crash and without a number that is none",
        arguments: extremes.indices)
    func extreme(index: Int) {
        let (events, errors) = Self.extremes[index]
        let series = Series(
            scope: .all, start: Week.start, bucketSeconds: 300, events: events, errors: errors)
        let judgement = judge(series: [series], candidates: [commit("a", atMinute: 100)], rollouts: [])
        #expect(judgement.noneProbability.isFinite)
        for incident in judgement.incidents {
            #expect(incident.ratio.isFinite && incident.excessErrors.isFinite)
            #expect(incident.ratioInterval.lower.isFinite && incident.ratioInterval.upper.isFinite)
            #expect(incident.suspects.allSatisfy { $0.probability.isFinite })
        }
    }
}

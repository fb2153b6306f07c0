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
    @Test("a burst some hours before the change is not taken for its beginning")
    func burstBefore() throws {
        let week = Week(rates: [(2600, 0.12), (2630, 0.004), (3060, 0.08)])
        let judgement = judge(
            series: [week.series],
            candidates: [
                record("early", atMinute: 1600), record("culprit", atMinute: 3060),
                record("late", atMinute: 4400),
            ],
            rollouts: [])
        let incident = try #require(judgement.incidents.first)
        #expect(incident.suspects.first?.deploy == "culprit")
        #expect(abs(incident.onset.seconds(since: Week.minute(3060))) <= 900)
    }

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

    @Test("a deploy far away changes no verdict")
    func farAway() throws {
        let week = Week(rates: [(4000, 0.06)])
        let near = [commit("early", atMinute: 2000), commit("culprit", atMinute: 3960)]
        func first(_ candidates: [Candidate]) throws -> Suspect {
            try #require(
                judge(series: [week.series], candidates: candidates, rollouts: []).incidents.first?.suspects
                    .first)
        }
        let (without, with) = (try first(near), try first(near + [commit("far", atMinute: 5600)]))
        #expect(without.deploy == with.deploy)
        #expect(abs(without.probability - with.probability) < 0.02)
    }

    @Test("names of workloads mean nothing")
    func renamed() {
        func verdict(_ names: [String]) -> [String?] {
            let series = [Week(rates: [(4000, 0.03)]), Week(rates: [(4000, 0.1)]), Week(seed: 3)]
            let scopes = [Scope.all] + names.map { Scope(.workload, $0) }
            let scoped = zip(scopes, series).map { scope, week in
                var series = week.series
                series.scope = scope
                return series
            }
            let found = judge(
                series: scoped, candidates: [commit("a", atMinute: 1000), commit("b", atMinute: 3960)],
                rollouts: [])
            return found.incidents.map { $0.suspects.first?.deploy }
        }
        #expect(verdict(["mailer", "web"]) == verdict(["zeta", "alpha"]))
    }

    @Test("the hour at which a week begins means nothing", arguments: [3, 8, 17])
    func shifted(hours: Int) {
        func first(_ shift: Int) -> Suspect? {
            var series = Week(rates: [(4000, 0.06)]).series
            series.start = series.start + shift
            let candidates = [(1000, "a"), (3960, "b")].map { minute, id in
                Candidate(id: id, startedAt: Week.minute(minute) + shift, hasDeployClock: false)
            }
            return judge(series: [series], candidates: candidates, rollouts: []).incidents.first?.suspects
                .first
        }
        #expect(first(0)?.deploy == first(hours * 3600)?.deploy)
        #expect(abs((first(0)?.probability ?? 0) - (first(hours * 3600)?.probability ?? 1)) < 1e-6)
    }

    @Test(
        "a rise that grows while a deploy runs is that deploy's, not that of the one which began in between")
    func gradual() throws {
        var week = Week(eventsPerBucket: 3000, rates: [])
        for step in 0..<12 { week.rates.append((minute: 4000 + step * 5, rate: 0.004 * Double(step + 2))) }
        let slow = Candidate(
            id: "slow", startedAt: Week.minute(4000), finishedAt: Week.minute(4060), hasDeployClock: true)
        let judgement = judge(
            series: [week.series], candidates: [slow, record("between", atMinute: 4030)], rollouts: [])
        let first = try #require(judgement.incidents.first?.suspects.first)
        #expect(first.deploy == "slow")
        #expect(first.probability > 0.9)
    }

    @Test("a fall of traffic is a deploy's too, and a dip at every night is nobody's")
    func volume() throws {
        var noise = SeededNoise(seed: 9)
        func series(from minute: Int?) -> Series {
            let count = 5 * 288
            let events = (0..<count).map { bucket -> Double in
                let hour = Double(abs(bucket % 288 - 144)) / 144
                let night: Double = 1 - 0.6 * hour * hour
                let left: Double = bucket * 5 >= minute ?? .max ? 0.3 : 1
                return Double(noise.poisson(400 * night * left))
            }
            return Series(
                scope: .all, start: Week.start, bucketSeconds: 300, events: events,
                errors: events.map { ($0 / 100).rounded() })
        }
        let candidates = [
            record("a", atMinute: 2000), record("culprit", atMinute: 4400), record("b", atMinute: 6000),
        ]
        let judgement = judge(series: [series(from: 4403)], candidates: candidates, rollouts: [])
        let incident = try #require(judgement.incidents.first)
        #expect(incident.signal == .volume)
        #expect(incident.suspects.first?.deploy == "culprit")
        #expect((0.2...0.45).contains(incident.ratio))
        #expect(judge(series: [series(from: nil)], candidates: candidates, rollouts: []).incidents.isEmpty)
    }

    @Test("a kind of error that was never seen before is dated by its first occurrence")
    func newKind() throws {
        let week = Week()
        var kind = Week(rates: [(4000, 0.002)]).series
        kind.scope = Scope(.error, "cannot parse cursor")
        for bucket in 0..<800 { kind.errors[bucket] = 0 }
        kind.events = week.series.events
        let judgement = judge(
            series: [week.series, kind],
            candidates: [
                record("a", atMinute: 1000), record("culprit", atMinute: 3998), record("b", atMinute: 4400),
            ],
            rollouts: [])
        let incident = try #require(judgement.incidents.first)
        #expect(incident.signal == .newError)
        #expect(incident.scope.name == "cannot parse cursor")
        #expect(incident.suspects.first?.deploy == "culprit")
    }

    @Test("two incidents of one window are both found, the larger one first")
    func several() throws {
        let week = Week(days: 6, rates: [(2000, 0.05), (3000, 0.004), (5000, 0.12), (7500, 0.004)])
        let judgement = judge(
            series: [week.series],
            candidates: [
                record("small", atMinute: 1998), record("none", atMinute: 4000),
                record("large", atMinute: 4998),
            ],
            rollouts: [])
        #expect(judgement.incidents.map { $0.suspects.first?.deploy } == ["large", "small"])
    }

    @Test("enough traffic rules a change out, too little says how long to wait")
    func sensitivities() throws {
        let busy = Week(eventsPerBucket: 4000)
        let seen = try #require(sensitivity(of: busy.series, to: Week.minute(4000), ratio: 2))
        #expect(seen.neededMinutes == 0)
        #expect(seen.interval.lower < 1 && 1 < seen.interval.upper)
        var early = Week(eventsPerBucket: 200).series
        early = early.slice(TimeWindow(since: Week.start, until: Week.minute(4005)))
        let wanting = try #require(sensitivity(of: early, to: Week.minute(4000), ratio: 2))
        #expect((wanting.neededMinutes ?? 0) > 5)
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

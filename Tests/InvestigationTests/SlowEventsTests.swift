import DeployModel
import Testing

@testable import Investigation

@Suite("Slow events")
struct SlowEventsTests {
    private let start = Instant(seconds: 1_600_000_000)

    /// A series of slow events, or of failing ones without a limit.
    private func series(_ scope: Scope, events: [Double], slow: [Double], over limit: Double?) -> Series {
        Series(scope: scope, start: start, bucketSeconds: 60, events: events, errors: slow, slowerThan: limit)
    }

    private func observed(_ series: [Series]) -> [Series] {
        Observations(
            window: TimeWindow(since: start, until: start + 120), series: series, rollouts: []
        ).series
    }

    @Test(
        "are counted by the limit of each workload: where a fast one loses its traffic nobody has become slower"
    )
    func mix() {
        let search = series(Scope(.workload, "search"), events: [100, 100], slow: [10, 10], over: 400)
        let web = series(Scope(.workload, "web"), events: [900, 90], slow: [90, 9], over: 20)
        // By one limit for all, half of what is left is slow.
        let all = series(.all, events: [1000, 190], slow: [100, 100], over: 200)
        let failing = series(.all, events: [1000, 190], slow: [1, 1], over: nil)
        let found = observed([failing, all, search, web])
        #expect(found[0] == failing && found[2] == search && found[3] == web)
        #expect(found[1].events == [1000, 190] && found[1].errors == [100, 19])
        #expect(found[1].slowerThan == .infinity)
    }

    @Test("keep one limit where one workload is timed, or where much is of none")
    func whole() {
        let search = series(Scope(.workload, "search"), events: [100, 100], slow: [10, 10], over: 400)
        let web = series(Scope(.workload, "web"), events: [100, 100], slow: [10, 10], over: 20)
        let all = series(.all, events: [1000, 1000], slow: [100, 100], over: 200)
        #expect(observed([all, search]) == [all, search])
        #expect(observed([all, search, web]) == [all, search, web])
    }

    private func table(_ workloads: [String], _ durations: [FieldValue?], role: FieldRole = .workload)
        -> EventTable
    {
        func column(_ name: String, _ values: [FieldValue?]) -> EventTable.Column {
            let distinct = values.compactMap(\.self)
            return EventTable.Column(
                name: name, values: distinct,
                codes: values.map { value in
                    value.flatMap { distinct.firstIndex(of: $0) }.map(Int32.init) ?? -1
                })
        }
        return EventTable(
            times: workloads.indices.map { start + $0 }, failing: workloads.map { _ in true },
            weights: workloads.map { _ in 1 },
            columns: [column("ms", durations), column("who", workloads.map { .string($0) })],
            roles: [.duration: "ms", role: "who"])
    }

    @Test("are told by their duration, of the workload that is asked about")
    func chosen() throws {
        let events = table(["web", "web", "search", "web"], [.number(300), .number(20), .number(900), nil])
        #expect(
            try #require(events.failingWhereSlow(.ofAll(200))).failing == [true, false, true, false])
        #expect(
            try #require(events.failingWhereSlow(.ofWorkloads(["web": 200]))).failing == [
                true, false, false, false,
            ])
        let pods = table(
            ["web-6d4cf56db6-x7k2z", "search-6d4cf56db6-x7k2z"], [.string("300"), .number(900)], role: .pod)
        #expect(try #require(pods.failingWhereSlow(.ofWorkloads(["web": 200]))).failing == [true, false])
        let both = SlowLimits.ofWorkloads(["web": 200, "search": 1000])
        #expect(try #require(events.failingWhereSlow(both)).failing == [true, false, false, false])
        var untimed = events
        untimed.roles[.duration] = nil
        #expect(untimed.failingWhereSlow(.ofAll(200)) == nil)
    }
}

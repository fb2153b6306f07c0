import DeployModel
import EventIngest
import TestSupport
import Testing

private func summary(_ text: String) throws -> EventSummary {
    try withTemporaryFolder { folder in
        try write(text, to: "\(folder)/export.json")
        return try summarize(EventSources(["\(folder)/export.json"]), options: IngestOptions())
    }
}

/// A log of Datadog's, with members of its own.
private func log(_ index: Int, status: String, _ members: [String]) -> String {
    "{\"type\":\"log\",\"attributes\":{\"timestamp\":\"\(Instant(seconds: 1_600_000_000 + index * 60))\",\"status\":\"\(status)\","
        + "\"attributes\":{\(members.joined(separator: ","))}}}"
}

@Suite("Exports that are long in one way")
struct LongInputTests {
    @Test("an object of many keys, some of them twice, leads to its events all the same")
    func keys() throws {
        let logs = (0..<20).map { log($0, status: $0 % 4 == 0 ? "error" : "info", []) }
        let keys = (0..<3000).map { "\"k\($0 % 2000)\":\($0)" }
        let found = try summary("{\"data\":[\(logs.joined(separator: ","))],\(keys.joined(separator: ","))}")
        #expect(found.series[0].total == Rate(5, of: 20))
        #expect(found.inputs[0].skipped == 0)
    }

    @Test(
        "a field that comes again far behind does not replace what stands further out",
        arguments: [3, 31, 32, 33, 900])
    func fields(count: Int) throws {
        let members = (0..<count).map { "\"f\($0)\":\($0)" } + ["\"level\":\"info\"", "\"f0\":\"again\""]
        let logs = (0..<20).map { log($0, status: $0 % 4 == 0 ? "error" : "info", members) }
        let found = try summary("{\"data\":[\(logs.joined(separator: ","))]}")
        #expect(found.series[0].total == Rate(5, of: 20))
        #expect(found.inputs[0].skipped == 0)
    }

    @Test("an array of events with a text called metric and a value is no answer of Prometheus")
    func metricAsText() throws {
        let events = (0..<20).map {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0 * 60))\",\"metric\":\"checkout\",\"value\":\($0),\"error\":\($0 % 4 == 0)}"
        }
        let found = try summary("[\(events.joined(separator: ","))]")
        #expect(found.inputs[0].format == "json")
        #expect(found.series[0].total == Rate(5, of: 20))
    }
}

@Suite("Times that cannot be meant")
struct StrayTimeTests {
    private func events(_ others: [Instant]) -> String {
        let own = (0..<600).map { Instant(seconds: 1_600_000_000 + $0 * 300) }
        return (own + others).map { "{\"ts\":\"\($0)\",\"error\":false}" }.joined(separator: "\n") + "\n"
    }

    @Test(
        "a clock at zero and a year mistyped are left out and told",
        arguments: [[0], [3_999_999_960], [0, 60], [0, 3_999_999_960]])
    func strays(seconds: [Int]) throws {
        let plain = try summary(events([]))
        let found = try summary(events(seconds.map(Instant.init(seconds:))))
        #expect(found.span == plain.span && found.series == plain.series)
        let told = found.warnings.filter { $0.code == "stray_times" }
        #expect(told.count == 1 && told[0].text.contains("\(Instant(seconds: seconds[0]))"), "\(told)")
        #expect(found.inputs[0].events == Double(600 + seconds.count))
    }

    @Test("fifty events in two minutes of another year are no mistake of a clock")
    func burst() throws {
        let found = try summary(events((0..<50).map { Instant(seconds: 1_700_000_000 + $0 * 2) }))
        #expect(!found.warnings.contains { $0.code == "stray_times" })
        #expect(found.series[0].total.events == 650)
    }

    @Test(
        "what is only far, or many, stays",
        arguments: [[1_600_000_000 + 25 * 86_400], (0..<30).map { 1_500_000_000 + $0 * 60 }])
    func kept(seconds: [Int]) throws {
        let found = try summary(events(seconds.map(Instant.init(seconds:))))
        #expect(!found.warnings.contains { $0.code == "stray_times" })
        #expect(found.series[0].total.events == Double(600 + seconds.count))
    }
}

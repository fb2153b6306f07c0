import DeployModel
import EventIngest
import TestSupport
import Testing

/// An hour of an access log, two requests a minute, one of twelve failing.
private let accessLog = (0..<120).map { index in
    let status = index % 12 == 0 ? 502 : 200
    let minute = index / 2 < 10 ? "0\(index / 2)" : "\(index / 2)"
    return
        "10.0.0.\(index % 9) - - [13/Sep/2020:12:\(minute):0\(index % 2) +0000] \"GET /cart HTTP/1.1\" \(status) 612 \"-\" \"curl/8\"\n"
}.joined()

/// Two hours of a program's own log, one event a minute, one of ten failing.
private let programLog = (0..<120).map { index in
    "{\"at\":\"\(Instant(seconds: 1_599_998_400 + index * 60))\",\"outcome\":\"\(index % 10 == 0 ? "failed" : "ok")\",\"queue\":\"mail\"}\n"
}.joined()

/// Two hours of counts, a row of ten minutes each.
private let counts =
    "time,errors,successes\n"
    + (0..<12).map { "\(Instant(seconds: 1_599_998_400 + $0 * 600)),5,95\n" }.joined()

private func summary(
    _ files: [(name: String, text: String)], options: IngestOptions = IngestOptions()
) throws -> EventSummary {
    try withTemporaryFolder { folder in
        for file in files { try write(file.text, to: "\(folder)/\(file.name)") }
        return try summarize(EventSources(files.map { "\(folder)/\($0.name)" }), options: options)
    }
}

@Suite("Exports of different kinds in one run")
struct SourceRolesTests {
    @Test("each is read by its own fields, in either order", arguments: [false, true])
    func each(isReversed: Bool) throws {
        let files = [("access.log", accessLog), ("program.ndjson", programLog)]
        let found = try summary(isReversed ? files.reversed() : files)
        #expect(found.inputs.map(\.skipped) == [0, 0])
        #expect(found.inputs.map(\.events) == [120, 120])
        let whole = try #require(found.series.first { $0.scope == .all })
        #expect(whole.total == Rate(10 + 12, of: 240))
        #expect(found.warnings.isEmpty)
        #expect(found.inputs[0].assumptions != found.inputs[1].assumptions)
    }

    @Test("rows of counts beside events: the buckets are as long as a row, and all count")
    func countsBesideEvents() throws {
        let found = try summary([("program.ndjson", programLog), ("counts.csv", counts)])
        let whole = try #require(found.series.first { $0.scope == .all })
        #expect(whole.bucketSeconds == 600)
        #expect(whole.events == Array(repeating: 110, count: 12))
        #expect(whole.errors == Array(repeating: 6, count: 12))
        #expect(found.span?.seconds == 7200)
        #expect(found.inputs[1].assumptions.contains { $0.contains("10 min") })
        #expect(!found.inputs[0].assumptions.contains { $0.contains("10 min") })
    }

    @Test("the second pass reads each by its own fields too")
    func secondPass() throws {
        try withTemporaryFolder { folder in
            try write(accessLog, to: "\(folder)/access.log")
            try write(programLog, to: "\(folder)/program.ndjson")
            let sources = try EventSources(["\(folder)/access.log", "\(folder)/program.ndjson"])
            let found = try summarize(sources, options: IngestOptions())
            let table = try sampleTable(
                sources, summary: found, interest: try #require(found.span), baseline: nil,
                options: IngestOptions())
            #expect(table.count == 240)
            #expect(table.failing.count { $0 } == 22)
        }
    }

    @Test("an export cut into files keeps one reading, though only one of the files has failures")
    func parts() throws {
        func line(_ index: Int, _ rest: String) -> String {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + index))\",\"level\":\"info\",\"msg\":\"x\"\(rest)}\n"
        }
        let quiet = (0..<50).map { line($0, "") }.joined()
        let failing = (50..<100).map { line($0, $0 % 2 == 0 ? ",\"error\":\"boom\"" : "") }.joined()
        let cut = try summary([("a.ndjson", quiet), ("b.ndjson", failing)])
        let whole = try summary([("all.ndjson", quiet + failing)])
        #expect(cut.series == whole.series)
        #expect(whole.series[0].total == Rate(25, of: 100))
    }

    @Test("what went well need not say so where the file beside it says what failed")
    func successesApart() throws {
        let well = (0..<40).map {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0))\",\"path\":\"/\",\"user\":7}\n"
        }
        let failed = (0..<10).map {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0))\",\"error\":\"boom\",\"trace\":\"a\",\"host\":\"b\"}\n"
        }
        let found = try summary([("ok.ndjson", well.joined()), ("failed.ndjson", failed.joined())])
        #expect(found.series[0].total == Rate(10, of: 50))
    }

    @Test("a file that is named twice, or by its folder as well, is read once")
    func namedTwice() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/events/program.ndjson"
            try write(programLog, to: path)
            for names in [[path, path], ["\(folder)/events/", path], [path, "\(folder)/events"]] {
                let found = try summarize(EventSources(names), options: IngestOptions())
                #expect(found.series[0].total == Rate(12, of: 120))
                #expect(found.inputs.count == 1)
            }
        }
    }

    @Test("a mapped field belongs to the source that has it; one that none has is an error")
    func mapped() throws {
        let files = [("access.log", accessLog), ("program.ndjson", programLog)]
        let found = try summary(files, options: IngestOptions(roleFields: [.workload: "queue"]))
        #expect(found.series.contains { $0.scope == Scope(.workload, "mail") })
        #expect(found.inputs.map(\.skipped) == [0, 0])
        #expect(throws: IngestError.self) {
            try summary(files, options: IngestOptions(roleFields: [.workload: "nowhere"]))
        }
    }

    @Test("an expression that only one source can answer says so of the other")
    func expression() throws {
        let files = [("access.log", accessLog), ("program.ndjson", programLog)]
        let found = try summary(files, options: IngestOptions(errorExpression: "outcome == failed"))
        #expect(found.series[0].total == Rate(12, of: 240))
        #expect(found.warnings.map(\.code) == ["field_not_in_source"])
        #expect(found.warnings.first?.text.contains("access.log") == true)
    }
}

import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

/// Writes texts to files and counts them.
private func summary(_ texts: String..., options: IngestOptions = IngestOptions()) throws -> EventSummary {
    try withTemporaryFolder { folder in
        let paths = try texts.enumerated().map { index, text in
            let path = "\(folder)/\(index).txt"
            try write(text, to: path)
            return path
        }
        return try summarize(try EventSources(paths), options: options)
    }
}

private func whole(_ summary: EventSummary) -> Rate {
    summary.series.first { $0.scope == .all }?.total ?? Rate(0, of: 0)
}

private func time(_ minute: Int) -> String { "\(Instant(seconds: 1_600_000_020 + minute * 60))" }

/// Events of two workloads, one failing now and then, in NDJSON.
private func lines(_ range: Range<Int>) -> [String] {
    range.map { index in
        let pod = index % 3 == 0 ? "mailer-7d9f4b6c85-x7k2p" : "web-5f6d7c8b94-q8w4z"
        let failure =
            index % 10 == 0 ? ",\"error\":true,\"message\":\"no route to host \(index)\"" : ",\"error\":false"
        return "{\"ts\":\"\(time(index))\",\"pod\":\"\(pod)\",\"took\":{\"ms\":\(index)}\(failure)}"
    }
}

@Suite("Counting events")
struct SummaryTests {
    @Test(
        "an empty file among others is told and passed over, wherever it stands",
        arguments: ["", "[]", "timestamp,status\n"])
    func emptyAmongOthers(empty: String) throws {
        let text = lines(0..<100).joined(separator: "\n")
        for texts in [[empty, text], [text, empty]] {
            try withTemporaryFolder { folder in
                let paths = try texts.enumerated().map { index, text in
                    try write(text, to: "\(folder)/\(index).txt")
                    return "\(folder)/\(index).txt"
                }
                let sources = try EventSources(paths)
                let found = try summarize(sources, options: IngestOptions())
                #expect(whole(found) == Rate(10, of: 100))
                let warning = try #require(found.warnings.first { $0.code == "empty_source" })
                #expect(warning.text.contains(texts[0] == empty ? "/0.txt" : "/1.txt"))
                let span = try #require(found.span)
                let table = try sampleTable(
                    sources, summary: found, interest: span, baseline: nil, options: IngestOptions())
                #expect(table.times.count == 100)
            }
        }
    }

    @Test("where all files are empty, that is an error")
    func allEmpty() {
        let error = #expect(throws: IngestError.self) { try summary("", "") }
        #expect(error?.code == .empty, "\(String(describing: error))")
    }

    @Test("what was saved under two names is counted once, and told; what only looks alike is counted twice")
    func copies() throws {
        let text = lines(0..<100).joined(separator: "\n")
        let found = try summary(text, text)
        #expect(whole(found) == Rate(10, of: 100) && found.inputs.count == 1)
        let warning = try #require(found.warnings.first { $0.code == "same_content" })
        #expect(warning.text.contains("1.txt holds the same as") && warning.text.contains("0.txt"))
        let other = try summary(text, text.replacing("no route to host 90", with: "no route to host 91"))
        #expect(whole(other) == Rate(20, of: 200))
        #expect(!other.warnings.contains { $0.code == "same_content" })
    }

    @Test("a column that is empty at first is a column all the same: kinds of error may begin late")
    func emptyAtFirst() throws {
        let quiet = (0..<1500).map { "\(time($0)),95,0," }
        let failing = (1500..<1600).map { "\(time($0)),95,3,cursor lost:3" }
        let text = (["ts,success,error,error_types"] + quiet + failing).joined(separator: "\n")
        let found = try summary(text + "\n")
        let kind = try #require(found.series.first { $0.scope == Scope(.error, "cursor lost") })
        #expect(kind.total.errors == 300)
    }

    @Test("slow events are those beyond the class that holds nine tenths of all")
    func durations() throws {
        let lines = (0..<2000).map { index in
            "{\"ts\":\"\(time(index / 10))\",\"error\":false,\"duration_ms\":\(index % 20 == 0 ? 900 : 40 + index % 7)}"
        }
        let found = try summary(lines.joined(separator: "\n"))
        let slow = try #require(found.series.first { $0.slowerThan != nil })
        #expect(slow.total.errors == 100)
        #expect(slow.total.events == 2000)
        #expect((40.0...80).contains(slow.slowerThan ?? 0))
    }

    @Test(
        "roles are told by names and contents",
        arguments: [
            ("{\"ts\":\"2020-09-13T12:27:00Z\",\"error\":true}", "failing = error is set", 1.0),
            (
                "{\"time\":1600000000,\"http\":{\"status_code\":503}}",
                "failing = http.status_code of 500 and above", 1
            ),
            (
                "{\"@timestamp\":\"2020-09-13T12:27:00.123456Z\",\"level\":\"info\"}\n{\"@timestamp\":\"2020-09-13T12:27:00Z\",\"level\":\"ERROR\"}",
                "failing = level of error and above", 1
            ),
            ("{\"timestamp\":1600000000123,\"success\":false}", "failing = success is false", 1),
            (
                "{\"time\":\"2020-09-13T12:27:00Z\",\"event\":{\"outcome\":\"failure\"}}",
                "failing = event.outcome is a failure", 1
            ),
            (
                "ts,pod,success,error,error_types\n2020-09-13T12:27:00Z,a,95,5,E_base:5\n",
                "rows are counts: errors = error, successes = success", 5
            ),
            (
                "ts;status\n2020-09-13 12:27:00;500\n2020-09-13 12:28:00;200\n",
                "failing = status of 500 and above", 1
            ),
            (
                "{\"time\":\"2020-09-13T12:27:00Z\",\"samplerate\":10,\"data\":{\"error\":true}}",
                "weight = samplerate", 10
            ),
        ])
    func roles(text: String, assumption: String, errors: Double) throws {
        let summary = try summary(text)
        #expect(summary.inputs[0].assumptions.contains(assumption), "\(summary.inputs[0].assumptions)")
        #expect(whole(summary).errors == errors)
    }

    @Test(
        "times are read in every unit, once decided for the column",
        arguments: [
            "1600000020", "1600000020000", "1600000020000000", "\"1600000020000000000\"",
            "\"2020-09-13T12:27:00Z\"",
            "\"2020-09-13 12:27:00\"", "\"2020-09-13T14:27:00+02:00\"", "1600000020.5",
        ])
    func times(value: String) throws {
        let span = try summary("{\"ts\":\(value),\"error\":true}").span
        #expect(span?.since.seconds.rounded(.down) == 1_600_000_020)
    }

    @Test("a time of another kind is a line that cannot be read, and is named")
    func mixedTimes() throws {
        let good = (0..<50).map { "{\"ts\":\(1_600_000_000 + $0),\"error\":false}" }
        let summary = try summary(
            (good + ["{\"ts\":\"yesterday\",\"error\":false}", "nonsense", "{\"error\":true}"]).joined(
                separator: "\n"))
        #expect(summary.inputs[0].skipped == 3)
        #expect(summary.rejected.map(\.line) == [51, 52, 53])
        #expect(summary.warnings.contains { $0.code == "skipped_lines" && $0.text.contains(":51") })
        #expect(whole(summary).events == 50)
    }

    @Test("workloads come from pod names, and so do rollouts")
    func workloads() throws {
        let summary = try summary(lines(0..<300).joined(separator: "\n"))
        let workloads = summary.series.filter { $0.scope.kind == .workload }.map {
            "\($0.scope.name) \($0.total.events)"
        }
        #expect(workloads == ["mailer 100.0", "web 200.0"])
        #expect(
            summary.rollouts.map { "\($0.workload) \($0.hash) \($0.pods)" } == [
                "mailer 7d9f4b6c85 1", "web 5f6d7c8b94 1",
            ])
        #expect(summary.series.contains { $0.scope == Scope(.error, "no route to host *") })
        #expect(Set(summary.series.map { [$0.count, $0.bucketSeconds] }).count == 1)
    }

    @Test("a service stands for the workload when there is neither a workload nor a pod")
    func services() throws {
        let summary = try summary("time,service,status\n\(time(0)),worker,500\n\(time(1)),web,200\n")
        #expect(summary.series.filter { $0.scope.kind == .workload }.map(\.scope.name) == ["web", "worker"])
    }

    @Test("order, splitting and line ends do not matter")
    func invariances() throws {
        let all = lines(0..<300)
        let plain = try summary(all.joined(separator: "\n"))
        for other in [
            try summary(all.reversed().joined(separator: "\n")),
            try summary(all.joined(separator: "\r\n") + "\r\n"),
            try summary(all[..<77].joined(separator: "\n"), all[77...].joined(separator: "\n")),
            try summary("\u{FEFF}" + all.joined(separator: "\n")),
        ] {
            #expect(other.series == plain.series)
            #expect(other.rollouts == plain.rollouts)
            #expect(other.span == plain.span)
        }
    }

    @Test("rows of counts and raw events give the same series")
    func counts() throws {
        let raw = (0..<200).map { "{\"ts\":\"\(time($0 / 20))\",\"error\":\($0 % 20 == 0)}" }
        let rows = (0..<10).map { "\(time($0)),19,1" }
        let counted = try summary("ts,success,error\n" + rows.joined(separator: "\n"))
        #expect(try summary(raw.joined(separator: "\n")).series[0] == counted.series[0])
    }

    @Test("quoted cells may hold separators and newlines; a row that does not fit is counted")
    func delimited() throws {
        let summary = try summary(
            "ts,note,error\n\(time(0)),\"a, \"\"b\"\"\nc\",true\n\(time(1)),x\n\(time(2)),y,false\n")
        #expect(whole(summary) == Rate(1, of: 2))
        #expect(summary.rejected.map(\.line) == [4])
    }

    @Test(
        "--error says what failed",
        arguments: [
            ("status >= 500", 2.0), ("status >= 500 and route != '/health'", 1), ("not (status < 400)", 3),
            ("status == 404 or flag", 2),
            ("missing == null", 5), ("`odd name`", 1), ("route == \"/a\"", 2),
        ])
    func expressions(text: String, errors: Double) throws {
        let events = [
            "\"status\":200,\"route\":\"/a\",\"flag\":true", "\"status\":404,\"route\":\"/a\"",
            "\"status\":\"503\",\"route\":\"/b\"",
            "\"status\":500,\"route\":\"/health\"", "\"status\":302,\"odd name\":\"x\"",
        ].map { "{\"ts\":\"\(time(0))\",\($0)}" }
        #expect(
            whole(try summary(events.joined(separator: "\n"), options: IngestOptions(errorExpression: text)))
                .errors == errors)
    }

    @Test(
        "an expression that cannot be read is pointed at",
        arguments: ["", "status >", "(a", "a b", "'x'", "a and", "a > b", "a <= null", "a >= '5'"])
    func badExpressions(text: String) throws {
        let error = #expect(throws: IngestError.self) {
            try summary("{\"ts\":\"\(time(0))\"}", options: IngestOptions(errorExpression: text))
        }
        #expect(error?.problem.contains("at character") == true)
    }

    @Test(
        "an expression that never holds is told: it may be mistyped",
        arguments: [("took.ms > 1e9", 1), ("took.ms > 0", 0)])
    func idleExpression(text: String, warnings: Int) throws {
        let found = try summary(
            (0..<50).map { "{\"ts\":\"\(time($0))\",\"took.ms\":5}" }.joined(separator: "\n"),
            options: IngestOptions(errorExpression: text))
        #expect(found.warnings.count { $0.code == "nothing_fails" } == warnings)
    }

    @Test("an expression about a field that no event has is an error, not an all-clear")
    func mistypedExpression() throws {
        let error = #expect(throws: IngestError.self) {
            try summary(
                lines(0..<50).joined(separator: "\n"),
                options: IngestOptions(errorExpression: "eror or took.ms > 40"))
        }
        #expect(error?.problem.contains("'eror'") == true)
    }

    @Test("files in folders inside a folder are read too")
    func folders() throws {
        try withTemporaryFolder { folder in
            try write(lines(0..<50).joined(separator: "\n"), to: "\(folder)/a/1.ndjson")
            try write(lines(50..<80).joined(separator: "\n"), to: "\(folder)/a/late/2.ndjson")
            let found = try summarize(try EventSources(["\(folder)/a"]), options: IngestOptions())
            #expect(whole(found).events == 80)
        }
    }

    @Test("rows of counts cover the time to the next one; events do not")
    func rowsCoverTime() throws {
        let rows = (0..<20).map { "\(time($0 * 10)),90,10" }
        let counted = try summary("ts,success,error\n" + rows.joined(separator: "\n"))
        #expect(counted.series[0].bucketSeconds == 600)
        #expect(counted.series[0].count == 20)
        #expect(counted.span?.seconds == 12_000)
        #expect(counted.inputs[0].assumptions.contains("each row covers the 10 min from its time on"))
        let events = (0..<20).map { "{\"ts\":\"\(time($0 * 10))\",\"error\":true}" }
        #expect(try summary(events.joined(separator: "\n")).series[0].bucketSeconds == 60)
    }

    @Test("a mapped count beside an expression says how many events a row stands for")
    func countedRows() throws {
        let found = try summary(
            "ts,rc,count\n\(time(0)),200,90\n\(time(0)),503,10\n",
            options: IngestOptions(roleFields: [.count: "count"], errorExpression: "rc >= 500"))
        #expect(whole(found) == Rate(10, of: 100))
        #expect(found.inputs[0].assumptions.contains("each row stands for count events"))
    }

    @Test("counts that no double can hold are lines that cannot be read")
    func hugeCounts() throws {
        let found = try summary("ts,success,error\n\(time(0)),5,1\n\(time(1)),1e19,1\n")
        #expect(whole(found) == Rate(1, of: 6))
        #expect(found.inputs[0].skipped == 1)
    }

    @Test(
        "roles are seen through what an exporter wraps around events",
        arguments: [
            "{\"timestamp\":\"2020-09-13T12:27:00Z\",\"resource\":{\"attributes\":{\"k8s.pod.name\":\"a-0\",\"service.version\":\"7\"}},\"attributes\":{\"http.response.status_code\":503}}",
            "{\"Timestamp\":\"2020-09-13T12:27:00Z\",\"ResourceAttributes\":{\"k8s.pod.name\":\"a-0\",\"service.version\":\"7\"},\"SeverityText\":\"ERROR\"}",
            "{\"result\":{\"_time\":\"2020-09-13T12:27:00Z\",\"pod\":\"a-0\",\"version\":\"7\",\"level\":\"error\"}}",
        ])
    func wrapped(event: String) throws {
        let found = try summary(event)
        #expect(whole(found) == Rate(1, of: 1))
        #expect(found.roles.fields[.pod] != nil)
        #expect(found.roles.fields[.version] != nil)
    }

    @Test("a mapped field that no event has is an error with the nearest name")
    func mapping() throws {
        let error = #expect(throws: IngestError.self) {
            try summary(
                lines(0..<5).joined(separator: "\n"), options: IngestOptions(roleFields: [.pod: "pods"]))
        }
        #expect(error?.remedy == "did you mean --map pod=pod?")
    }
}

@Suite("Sampling events for comparison")
struct SamplingTests {
    private func table(_ paths: [String], limit: Int = 30_000) throws -> EventTable {
        let sources = try EventSources(paths)
        let summary = try summarize(sources, options: IngestOptions())
        let middle = Instant(seconds: 1_600_000_020 + 150 * 60)
        return try sampleTable(
            sources, summary: summary, interest: TimeWindow(since: middle, until: middle + 86_400),
            baseline: TimeWindow(since: middle - 86_400, until: middle), options: IngestOptions(),
            limit: limit)
    }

    @Test(
        "few events are all compared; of many, ten thousand of each class, and of rows of counts twice as many"
    )
    func rowsByDefault() throws {
        func kept(_ text: String, until end: Int) throws -> (rows: Int, standFor: Double, isSample: Bool) {
            try withTemporaryFolder { folder in
                try write(text, to: "\(folder)/a")
                let sources = try EventSources(["\(folder)/a"])
                let summary = try summarize(sources, options: IngestOptions())
                let start = Instant(seconds: 1_600_000_020)
                let table = try sampleTable(
                    sources, summary: summary, interest: TimeWindow(since: start, until: start + end),
                    baseline: nil, options: IngestOptions())
                return (table.count, table.weights.reduce(0, +).rounded(), table.sampledFrom != nil)
            }
        }
        let events = (0..<42_000).map { "{\"ts\":\(1_600_000_020 + $0),\"error\":\($0 % 20 == 0)}" }
            .joined(separator: "\n")
        #expect(try kept(events, until: 39_960) == (39_960, 39_960, false))
        #expect(try kept(events, until: 60_000) == (10_000 + 2100, 42_000, true))
        let counts = (0..<12_000).map { "\(1_600_000_020 + $0 / 4 * 60),r\($0 % 4),9,1" }
        let text = "time,route,successes,errors\n" + counts.joined(separator: "\n")
        #expect(try kept(text, until: 200_000) == (24_000, 120_000, false))
    }

    @Test("every event is a row with its fields, nested ones dotted")
    func rows() throws {
        try withTemporaryFolder { folder in
            try write(lines(0..<300).joined(separator: "\n"), to: "\(folder)/a")
            let table = try table(["\(folder)/a"])
            #expect(table.count == 300)
            #expect(table.columns.map(\.name) == ["error", "message", "pod", "took.ms"])
            #expect(table.failing.filter { $0 }.count == 30)
            #expect(table.sampledFrom == nil)
            #expect(table.column("took.ms")?.values[17] == .number(17))
        }
    }

    @Test("an array of labels has its elements, an array of anything else is its text")
    func arrays() throws {
        try withTemporaryFolder { folder in
            let arrays = [#"["canary","eu","eu"]"#, #"[ "\u00e4", 7, true, null ]"#, "[]", #"[{"a":1}]"#]
            let text = arrays.enumerated().map { index, array in
                #"{"ts":"2020-09-13T14:5\#(index):00Z","error":false,"tags":\#(array)}"#
            }
            try write(text.joined(separator: "\n"), to: "\(folder)/a")
            let column = try #require(table(["\(folder)/a"]).column("tags"))
            #expect(column.values == arrays.map(FieldValue.string))
            #expect(
                column.elements == [
                    0: [.string("canary"), .string("eu")],
                    1: [.string("ä"), .number(7), .bool(true)],
                ])
        }
    }

    @Test("fields that there is no room for are counted")
    func manyFields() throws {
        try withTemporaryFolder { folder in
            let fields = (0..<510).map { "\"f\($0)\":1" }.joined(separator: ",")
            try write("{\"ts\":\"2020-09-13T14:50:00Z\",\"error\":false,\(fields)}\n", to: "\(folder)/a")
            let table = try table(["\(folder)/a"])
            #expect(table.fieldsLeftOut == 12)
            #expect(table.warnings.map(\.code) == ["fields_left_out"])
        }
    }

    @Test("a sample stands for all, and is the same whatever the order and the files")
    func sample() throws {
        try withTemporaryFolder { folder in
            let all = lines(0..<300)
            try write(all.joined(separator: "\n"), to: "\(folder)/a")
            try write(all.reversed()[..<100].joined(separator: "\n"), to: "\(folder)/b/1")
            try write(all.reversed()[100...].joined(separator: "\n"), to: "\(folder)/b/2")
            let one = try table(["\(folder)/a"], limit: 40), other = try table(["\(folder)/b"], limit: 40)
            #expect(one == other)
            #expect(abs(one.weights.reduce(0, +) - 300) < 1e-9)
            #expect(one.sampledFrom == 300)
            #expect(one.failing.filter { $0 }.count == 30)
        }
    }

    @Test(
        "compressed files hold the same events",
        .enabled(if: isInstalled("gzip") && isInstalled("zstd"), "gzip and zstd are wanted to pack with"),
        arguments: ["gzip", "zstd"])
    func compressed(program: String) throws {
        try withTemporaryFolder { folder in
            try write(lines(0..<300).joined(separator: "\n") + "\n", to: "\(folder)/a")
            #expect(try run(program, ["-q", "-k", "\(folder)/a"]).status == 0)
            let packed = "\(folder)/a.\(program == "gzip" ? "gz" : "zst")"
            #expect(try table([packed]) == table(["\(folder)/a"]))
            // Two members one after the other are one file.
            let twice = try Data(contentsOf: URL(filePath: packed)) + Data(contentsOf: URL(filePath: packed))
            try twice.write(to: URL(filePath: packed))
            let doubled = try table([packed])
            #expect(doubled.weights.reduce(0, +) == 600)
            // Equal records are one row of their common weight.
            #expect(doubled.count == 300)
        }
    }
}

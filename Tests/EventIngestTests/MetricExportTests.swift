import DeployModel
import EventIngest
import TestSupport
import Testing

/// A series of the answer to a range query, a point a step.
private struct Metric {
    var labels: [String: String]
    var values: [String]
    var firstStep = 0

    func json(stepSeconds: Int) -> String {
        let names = labels.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(
            separator: ",")
        let points = values.enumerated().map {
            "[\(1_791_640_800 + (firstStep + $0.offset) * stepSeconds),\"\($0.element)\"]"
        }
        return "{\"metric\":{\(names)},\"values\":[\(points.joined(separator: ","))]}"
    }
}

private func summary(
    _ metrics: [Metric], stepSeconds: Int = 60, options: IngestOptions = IngestOptions()
) throws -> EventSummary {
    try withTemporaryFolder { folder in
        let result = metrics.map { $0.json(stepSeconds: stepSeconds) }.joined(separator: ",")
        try write(
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(result)]}}",
            to: "\(folder)/answer.json")
        return try summarize(try EventSources(["\(folder)/answer.json"]), options: options)
    }
}

private func total(_ summary: EventSummary) -> Rate {
    summary.series.first { $0.scope == .all }?.total ?? Rate(0, of: 0)
}

private func counter(_ code: String, _ values: [String], pod: String = "a", firstStep: Int = 0) -> Metric {
    Metric(
        labels: ["__name__": "http_requests_total", "code": code, "pod": pod], values: values,
        firstStep: firstStep)
}

@Suite("Metrics become rows of counts")
struct MetricExportTests {
    @Test(
        "what counters rose by counts",
        arguments: [
            // Nothing is known of what was before the first point.
            (["100", "140", "150"], 50),
            // A process that starts anew has counted from nothing.
            (["100", "140", "5", "9"], 49),
            // A missing scrape is no reset.
            (["100", "NaN", "150"], 50),
        ] as [([String], Double)])
    func counters(values: [String], events: Double) throws {
        #expect(try total(summary([counter("200", values)])) == Rate(0, of: events))
    }

    @Test("the same page twice, or pages that overlap, count once")
    func pages() throws {
        let failing = Metric(labels: ["__name__": "rates", "code": "500"], values: ["3", "4", "5", "4.5"])
        let passing = Metric(
            labels: ["__name__": "rates", "code": "200"], values: ["30", "40", "50", "45.5"])
        let once = try summary([failing, passing])
        #expect(try summary([failing, passing, failing, passing]).series == once.series)
        let second = Metric(labels: passing.labels, values: ["50", "45.5"], firstStep: 2)
        #expect(try summary([failing, passing, second]).series == once.series)
    }

    @Test("a hundred names: the counter of requests is found among them, and all others are left out")
    func manyNames() throws {
        let others = (0..<100).map { index in
            Metric(labels: ["__name__": "cache_\(index)_total", "code": "200"], values: ["1", "2", "3"])
        }
        let found = try summary(
            others + [counter("200", ["0", "10", "30"]), counter("500", ["0", "1", "3"])])
        #expect(total(found) == Rate(3, of: 33))
    }

    @Test("a pod that appears later began at nothing")
    func appears() throws {
        let found = try summary([
            counter("200", ["0", "10", "20", "30"]), counter("500", ["7", "9"], pod: "b", firstStep: 2),
        ])
        #expect(total(found) == Rate(9, of: 39))
    }

    @Test("the interval of a point ends at its time, and a longer step is said")
    func steps() throws {
        let values = (0...12).map { "\($0 * 600)" }
        let found = try summary([counter("200", values), counter("500", values)], stepSeconds: 300)
        let all = try #require(found.series.first { $0.scope == .all })
        #expect(all.start == Instant(seconds: 1_791_640_800))
        #expect(all.bucketSeconds == 300 && all.events == [Double](repeating: 1200, count: 12))
        #expect(found.inputs[0].assumptions.contains("each row covers the 5 min from its time on"))
    }

    @Test(
        "what values are is told by how they look, or by --metric-kind",
        arguments: [
            (["3", "5", "2"], nil, 10.0), (["0.5", "1.5", "2.5"], nil, 270),
            (["3", "5", "2"], .counter, 4), (["3", "5", "2"], .rate, 600),
            (["0.5", "1.5", "2.5"], .count, 4.5),
            ((0...30).map { "\($0 * $0)" }, nil, 900),
        ] as [([String], MetricKind?, Double)])
    func kinds(values: [String], kind: MetricKind?, events: Double) throws {
        let found = try summary(
            [Metric(labels: ["code": "500"], values: values)], options: IngestOptions(metricKind: kind))
        #expect(total(found) == Rate(events, of: events))
    }

    @Test(
        "failures are told by a label",
        arguments: [
            ("code", "503", true), ("code", "404", false), ("response_code_class", "5xx", true),
            ("response_code_class", "4xx", false),
            ("grpc_code", "Unavailable", true), ("grpc_code", "NotFound", false),
            ("rpc_grpc_status_code", "13", true),
            ("outcome", "SERVER_ERROR", true), ("success", "false", true), ("success", "true", false),
            ("error", "true", true),
            ("level", "error", true), ("level", "warn", false), ("status", "failure", true),
        ])
    func labels(name: String, value: String, isFailing: Bool) throws {
        let found = try summary([Metric(labels: [name: value, "pod": "a"], values: ["3", "4", "1"])])
        #expect(total(found) == Rate(isFailing ? 8 : 0, of: 8))
    }

    @Test("or by the names of two metrics, whatever else their labels are")
    func names() throws {
        let errors = Metric(
            labels: ["__name__": "jobs_failed", "pod": "a", "reason": "timeout"], values: ["1", "2", "3"])
        let all = Metric(
            labels: ["__name__": "jobs_processed_events", "pod": "a"], values: ["10", "11", "9"])
        let found = try summary([errors, all])
        #expect(total(found) == Rate(6, of: 30))
        #expect(found.series.contains { $0.scope == Scope(.pod, "a") && $0.total == Rate(6, of: 30) })
        let odd = Metric(labels: ["__name__": "x", "pod": "a"], values: ["10", "11", "9"])
        let named = IngestOptions(roleFields: [.errors: "jobs_failed", .count: "x"])
        #expect(try total(summary([errors, odd], options: named)) == Rate(6, of: 30))
        let error = #expect(throws: IngestError.self) {
            try summary(
                [errors, odd], options: IngestOptions(roleFields: [.errors: "jobs_faled", .count: "x"]))
        }
        #expect(error?.remedy == "did you mean jobs_failed?")
    }

    @Test("--error tells failures of metrics by any of their labels")
    func expression() throws {
        let metrics = [
            Metric(labels: ["code": "499", "pod": "a"], values: ["1", "2", "3"]),
            Metric(labels: ["code": "200", "pod": "a"], values: ["10", "20", "30"]),
        ]
        #expect(try total(summary(metrics)) == Rate(0, of: 66))
        #expect(
            try total(summary(metrics, options: IngestOptions(errorExpression: "code >= 400")))
                == Rate(6, of: 66))
    }

    @Test("of several metrics the one that counts requests is taken, and another one may be named")
    func several() throws {
        let metrics = [
            counter("500", ["0", "5"]),
            Metric(labels: ["__name__": "emails_total", "code": "500", "pod": "a"], values: ["0", "70"]),
        ]
        #expect(try total(summary(metrics)) == Rate(5, of: 5))
        #expect(
            try total(summary(metrics, options: IngestOptions(roleFields: [.count: "emails_total"])))
                == Rate(70, of: 70))
    }

    @Test("more failures than events are refused at their time")
    func contradiction() throws {
        let found = try summary([
            Metric(labels: ["__name__": "errors"], values: ["1", "9", "3"]),
            Metric(labels: ["__name__": "total"], values: ["10", "5", "9"]),
        ])
        #expect(total(found) == Rate(4, of: 19))
        #expect(
            found.rejected.map(\.reason) == ["at 2026-10-10T14:00:00Z more events failed than there were"])
    }
}

@Suite("Answers that were asked for")
struct AskedAnswerTests {
    /// An answer to a question, as it is written down for this reader.
    private func answer(_ question: String, _ values: [String], kind: String? = nil) -> String {
        let series = Metric(labels: ["pod": "a"], values: values).json(stepSeconds: 60)
        let told = kind.map { ",\"kind\":\"\($0)\"" } ?? ""
        return "{\"series\":\"\(question)\",\"step\":60\(told),\n\"answer\":{\"status\":\"success\",\"data\":"
            + "{\"resultType\":\"matrix\",\"result\":[\(series)]}}}\n"
    }

    @Test("are each of the kind that their question says, or look like")
    func kinds() throws {
        // A tenth of a failure a second is six a minute; the events are counts of each minute.
        let text =
            answer("errors", ["0.1", "0.1", "0.1"], kind: "rate") + answer("events", ["60", "61", "60"])
        let sources = try EventSources([.answers(name: "server") { try $0.write(text) }])
        let found = try total(summarize(sources, options: IngestOptions()))
        #expect(abs(found.errors - 18) < 1e-9)
        #expect(found.events == 181)
    }

    @Test("in parts are one series")
    func parts() throws {
        let first =
            answer("events", ["5", "6"], kind: "counter") + answer("errors", ["0", "0"], kind: "counter")
        let rest = Metric(labels: ["pod": "a"], values: ["9", "20"], firstStep: 2).json(stepSeconds: 60)
        let second = answer("events", [], kind: "counter")
            .replacing(Metric(labels: ["pod": "a"], values: []).json(stepSeconds: 60), with: rest)
        let sources = try EventSources([.answers(name: "server") { try $0.write(first + second) }])
        let found = try total(summarize(sources, options: IngestOptions()))
        #expect(found.events == 15)
    }
}

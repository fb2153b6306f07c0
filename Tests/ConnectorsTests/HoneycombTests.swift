import DeployModel
import EventIngest
import TestSupport
import Testing

@testable import Connectors

private let now = Instant(seconds: 1_700_000_123)

@Suite("What Honeycomb is asked")
struct HoneycombSourceTests {
    @Test(
        "is read from the address",
        arguments: [
            ("honeycomb://shop", "shop", []), ("honeycomb://my%20shop/", "my shop", []),
            ("honeycomb://__all__?by=error,k8s.pod.name", "__all__", ["error", "k8s.pod.name"]),
        ]
            as [(String, String, [String])])
    func address(text: String, dataset: String, fields: [String]) throws {
        let source = try HoneycombSource(text)
        #expect(source.dataset == dataset)
        #expect(source.fields == fields)
    }

    @Test(
        "is refused when it names none",
        arguments: ["honeycomb://", "honeycomb://key@shop", "honeycomb://a/b", "honeycomb://a?x=y"])
    func refused(text: String) { #expect(throws: ConnectorError.self) { try HoneycombSource(text) } }

    @Test(
        "keeps to the API's bounds of widths and lengths, without gaps",
        arguments: [300, 1800, 6 * 3600, 86_400, 2 * 86_400, 5 * 86_400, 7 * 86_400 - 300])
    func stretches(seconds: Int) throws {
        let window = TimeWindow(since: now - seconds, until: now)
        let stretches = try HoneycombSource("honeycomb://shop").stretches(window)
        for stretch in stretches {
            let range = Double(stretch.until - stretch.since)
            #expect(range <= 2 * 86_400 + 300)
            #expect((range / 1000...range / 10).contains(Double(stretch.granularitySeconds)))
        }
        #expect(zip(stretches, stretches.dropFirst()).allSatisfy { $0.until == $1.since })
        #expect(stretches[0].since <= Int(window.since.seconds))
        // The bucket that is still filling up is left out: half of it would look like a fall.
        let end = Int(window.until.seconds) - stretches[stretches.count - 1].until
        #expect((0..<300).contains(end))
        #expect(stretches.count <= seconds / (2 * 86_400) + 1)
    }

    @Test("what is older than seven days cannot be asked for")
    func tooOld() throws {
        let source = try HoneycombSource("honeycomb://shop")
        let week = TimeWindow(since: now - 7 * 86_400, until: now)
        #expect(try source.askable(week, now: now).since == now - 7 * 86_400 + 300)
        let longer = TimeWindow(since: now - 8 * 86_400, until: now)
        let error = #expect(throws: ConnectorError.self) { try source.askable(longer, now: now) }
        #expect(error?.remedy?.contains("--since 7d") == true)
    }

    @Test(
        "groups by what says how events ended, where, and of which version",
        arguments: [
            (
                ["duration_ms", "error", "k8s.pod.name", "service.name", "service.version"],
                "error,k8s.pod.name,service.name,service.version"
            ),
            (["http.response.status_code", "service.name"], "http.response.status_code,service.name"),
            (["Error", "host"], "Error,host"),
        ])
    func grouping(columns: [String], first: String) throws {
        let groupings = try HoneycombSource("honeycomb://shop").groupings(
            columns: columns, options: IngestOptions())
        #expect(groupings[0].joined(separator: ",") == first)
        #expect(groupings.last?.count == 1)
        #expect(Set(groupings).count == groupings.count)
    }

    @Test("groups by the fields of --error")
    func expression() throws {
        let options = IngestOptions(errorExpression: "http.status >= 500 and not retried")
        let groupings = try HoneycombSource("honeycomb://shop?by=region").groupings(
            columns: [], options: options)
        #expect(groupings == [["region", "http.status", "retried"]])
    }

    @Test("without a column for how events ended, says which there are")
    func noOutcome() throws {
        let source = try HoneycombSource("honeycomb://shop")
        let error = #expect(throws: ConnectorError.self) {
            try source.groupings(columns: ["b", "a"], options: IngestOptions())
        }
        #expect(error?.remedy?.contains("a, b") == true)
    }
}

@Suite("The members of a large object")
struct TopLevelMemberTests {
    @Test(
        "are found beside what is nested",
        arguments: [
            ("{\"id\":\"a\",\"complete\":true}", true),
            (
                " {\"data\":{\"complete\":false,\"x\":[1,{\"complete\":false}]},\n\"complete\" : true }\n",
                true
            ),
            ("{\"complete\":true,\"s\":\"}\\\"{\"}", true), ("{\"complete\":true", false), ("[true]", false),
            ("", false), ("{}}", false),
        ])
    func members(text: String, isComplete: Bool) {
        #expect(topLevelMembers(Array(text.utf8))?["complete"] == (isComplete ? .bool(true) : nil))
    }
}

/// What a dataset answers to a question, with a minute that is as long as a test can wait.
private func asked(
    _ stub: HoneycombStub, _ address: String = "honeycomb://shop", window: TimeWindow, now: Instant,
    limit: Int = 10, minute: Int64 = 60_000, options: IngestOptions = IngestOptions()
) throws -> (summary: EventSummary, warnings: [Warning]) {
    let connection = try ServerConnection(
        userAgent: "t", credentials: Credentials(stub.environment), isOffline: false, for: "")
    let source = try HoneycombSource(address)
    var api = try HoneycombAPI(dataset: source.dataset, over: connection).paced(
        limit: limit, milliseconds: minute)
    var warnings: [Warning] = []
    let sources = try EventSources([
        .answers(name: source.name) {
            warnings = try api.ask(source, window, now: now, options: options, into: $0)
        }
    ])
    return (try summarize(sources, options: options), warnings)
}

@Suite("Asking Honeycomb, as its documentation says it answers")
struct HoneycombAPITests {
    /// Traffic of half a day ago.
    private let clock: Instant
    private let traffic: ExportedTraffic

    init() {
        clock = Instant(seconds: currentSeconds())
        traffic = ExportedTraffic(start: Instant(seconds: currentSeconds() / 3600 * 3600 - 12 * 3600))
    }

    @Test("counts the events that there are, whatever the window is cut into", arguments: [13, 60, 7 * 24])
    func counts(hours: Int) throws {
        let stub = try HoneycombStub(traffic)
        let window = TimeWindow(since: clock - hours * 3600, until: clock)
        let (summary, warnings) = try asked(stub, window: window, now: clock)
        let total = summary.series.first { $0.scope == .all }?.total
        #expect(total == traffic.total)
        #expect(summary.inputs[0].format == "honeycomb")
        #expect(warnings.isEmpty)
        #expect(stub.refusals.isEmpty)
        let pods = summary.series.filter { $0.scope.kind == .pod }.map(\.scope.name)
        #expect(Set(pods) == Set(traffic.byPod.keys))
    }

    @Test("groups by less where there are too many groups, and says so")
    func manyGroups() throws {
        let events = (0..<3000).map { index in
            HoneycombStub.Event(
                time: clock - 3600 + index,
                columns: [
                    "pod": "\"web-\(index)\"", "service": "\"web\"",
                    "error": index % 10 == 0 ? "true" : "false",
                ])
        }
        let stub = try HoneycombStub(events: events)
        let (summary, warnings) = try asked(
            stub, window: TimeWindow(since: clock - 2 * 3600, until: clock), now: clock)
        #expect(summary.series.first { $0.scope == .all }?.total == Rate(300, of: 3000))
        #expect(warnings.map(\.code) == ["fewer_groups"])
    }

    @Test("says by which columns events are not told apart, and how to have them", arguments: [true, false])
    func notGrouped(isNamed: Bool) throws {
        let events = (0..<300).map { index in
            HoneycombStub.Event(
                time: clock - 3600 + index,
                columns: [
                    "pod": "\"web-\(index % 3)\"", "error": index % 10 == 0 ? "true" : "false",
                    "region": "\"eu\"", "trace.trace_id": "\"\(index)\"",
                ])
        }
        let (summary, warnings) = try asked(
            HoneycombStub(events: events),
            isNamed ? "honeycomb://shop?by=error,pod,region" : "honeycomb://shop",
            window: TimeWindow(since: clock - 2 * 3600, until: clock), now: clock)
        #expect(summary.series.first { $0.scope == .all }?.total == Rate(30, of: 300))
        #expect(warnings.map(\.code) == (isNamed ? [] : ["grouped_fields"]))
        guard !isNamed else { return }
        #expect(warnings[0].text == "Events of shop are told apart by error, pod only, not by region.")
        #expect(warnings[0].remedy?.hasSuffix("honeycomb://shop?by=error,region") == true)
    }

    @Test("waits rather than be refused when it has asked as often as it may")
    func paced() throws {
        let stub = try HoneycombStub(traffic, allowance: .init(results: 3, seconds: 2))
        let (summary, _) = try asked(
            stub, window: TimeWindow(since: clock - 5 * 86_400, until: clock), now: clock, limit: 3,
            minute: 3000)
        #expect(summary.series.first { $0.scope == .all }?.total == traffic.total)
        #expect(stub.received.count { $0.line.hasPrefix("POST /1/query_results") } == 4)
        #expect(stub.refusals.isEmpty)
    }

    @Test("asks again when others have used the minute up")
    func refusedThenAnswered() throws {
        let stub = try HoneycombStub(traffic, allowance: .init(results: 3, seconds: 4))
        let (summary, _) = try asked(
            stub, window: TimeWindow(since: clock - 5 * 86_400, until: clock), now: clock, minute: 6000)
        #expect(summary.series.first { $0.scope == .all }?.total == traffic.total)
        #expect(stub.refusals.contains(429))
    }

    @Test("a window without events is an error that says so")
    func empty() throws {
        let stub = try HoneycombStub(events: [.init(time: clock - 5 * 86_400, columns: ["error": "true"])])
        let error = #expect(throws: ConnectorError.self) {
            try asked(stub, window: TimeWindow(since: clock - 3600, until: clock), now: clock)
        }
        #expect(error?.problem.hasPrefix("the dataset has no events between") == true)
    }

    @Test("a dataset that is not there, and a wrong key, are errors that say how to mend them")
    func mistakes() throws {
        let stub = try HoneycombStub(traffic)
        let window = TimeWindow(since: clock - 3600, until: clock)
        let missing = #expect(throws: ConnectorError.self) {
            try asked(stub, "honeycomb://shoop", window: window, now: clock)
        }
        #expect(missing?.problem == "there is no dataset 'shoop' that the key may see")
        var variables = stub.environment
        variables["HONEYCOMB_API_KEY"] = "wr0ng"
        let connection = try ServerConnection(
            userAgent: "t", credentials: Credentials(variables), isOffline: false, for: "")
        let refused = #expect(throws: ConnectorError.self) {
            try HoneycombAPI(dataset: "shop", over: connection).markers()
        }
        #expect(refused?.code == .refused)
        #expect(refused?.remedy?.contains("HONEYCOMB_API_KEY") == true)
        #expect(refused?.description.contains("wr0ng") == false)
        variables["HONEYCOMB_API_KEY"] = nil
        let keyless = try ServerConnection(
            userAgent: "t", credentials: Credentials(variables), isOffline: false, for: "")
        let none = #expect(throws: ConnectorError.self) { try HoneycombAPI(dataset: "shop", over: keyless) }
        #expect(none?.code == .noKey)
    }

    @Test("writes a marker once, and reads it back")
    func markers() throws {
        let stub = try HoneycombStub(events: [])
        let connection = try ServerConnection(
            userAgent: "t", credentials: Credentials(stub.environment), isOffline: false, for: "")
        let api = try HoneycombAPI(dataset: "shop", over: connection)
        let marker = HoneycombAPI.Marker(
            message: "checkout \"r120\" 4f2c9d1", startedAt: clock - 60, finishedAt: clock)
        #expect(try api.mark(marker))
        #expect(try !api.mark(marker))
        #expect(stub.markers.count == 1)
        #expect(String(decoding: try api.markers(), as: UTF8.self).contains("\"type\":\"deploy\""))
    }
}

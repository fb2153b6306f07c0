import DeployModel
import EventIngest
import TestSupport
import Testing

@testable import Connectors

private func source(_ query: String) throws -> PrometheusSource {
    try PrometheusSource(ServerAddress("http://prom:9090/\(query)"))
}

private func window(hours: Int, from start: Int = 1_700_002_800) -> TimeWindow {
    TimeWindow(since: Instant(seconds: start), until: Instant(seconds: start + hours * 3600))
}

@Suite("What PromQL expressions count")
struct PrometheusQueryTests {
    @Test(
        "is told by what is called in them",
        arguments: [
            ("http_requests_total", .counter, nil),
            ("http_requests_total{path=\"/rate(x[5m])\"}", .counter, nil),
            ("sum by (pod) (http_server_duration_count)", .counter, nil),
            ("sum by (pod) (rate(http_requests_total[5m]))", .rate, 300),
            ("sum(increase(http_requests_total{code=~\"5..\"}[1h30m]))", .count, 5400),
            ("sum by (pod) (increase (x_total [1m])) or vector(0)", .count, 60),
            ("max_over_time(rate(x_total[1m])[10m:1m])", .rate, 600),
            ("errors_in_last_minute", nil, nil),
        ] as [(String, MetricKind?, Int?)])
    func kinds(expression: String, kind: MetricKind?, range: Int?) {
        let query = PrometheusQuery(name: "events", expression: expression)
        #expect(query.kind == kind)
        #expect(query.rangeSeconds == range)
    }

    @Test("counts of a range that is not the step are made to rates, so that no event counts twice")
    func rescaled() {
        let query = PrometheusQuery(name: "events", expression: "sum(increase(x_total[5m]))")
        #expect(query.asked(stepSeconds: 300) == ("sum(increase(x_total[5m]))", .count))
        #expect(query.asked(stepSeconds: 60) == ("(sum(increase(x_total[5m]))) / 300", .rate))
    }

    @Test(
        "the metrics and labels that an expression selects are known",
        arguments: [
            ("sum by (pod) (rate(a_total{code=~\"5..\", path!=\"/x{y}\"}[5m]))", ["a_total(code,path)"]),
            ("increase(a_total[1m]) / ignoring(x) b_total {pod='w'}", ["a_total()", "b_total(pod)"]),
            ("{__name__=\"a\"}", []),
        ])
    func selectors(expression: String, found: [String]) {
        let selectors = PrometheusQuery(name: "errors", expression: expression).selectors
        #expect(selectors.map { "\($0.metric)(\($0.labels.joined(separator: ",")))" } == found)
    }

    @Test("the variables of Grafana become the step", arguments: ["$__rate_interval", "${__interval}"])
    func variables(name: String) {
        let query = PrometheusQuery(name: "events", expression: "sum(increase(x_total[\(name)]))")
        #expect(query.asked(stepSeconds: 60) == ("sum(increase(x_total[60s]))", .count))
    }

    @Test(
        "durations are read",
        arguments: [
            ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("90s", 90), ("500ms", nil),
            ("999999y999999y", nil), ("5", nil), ("", nil),
            ("5x", nil),
        ])
    func durations(text: String, seconds: Int?) { #expect(promDuration(text) == seconds) }
}

@Suite("What Prometheus is asked")
struct PrometheusSourceTests {
    @Test(
        "steps as the expressions look back, else so that one request does",
        arguments: [
            ("?events=x_total", 4, 60), ("?events=x_total", 24 * 7, 60), ("?events=x_total", 24 * 8, 120),
            ("?events=x_total", 24 * 365, 3600), ("?events=rate(x_total[5m])", 4, 300),
            ("?errors=rate(x_total[1m])&events=rate(x_total[10m])", 4, 600),
            ("?events=rate(x_total[5m])&step=60", 4, 60),
            ("?events=x_total&step=1h", 4, 3600),
        ])
    func steps(query: String, hours: Int, seconds: Int) throws {
        #expect(try source(query).step(for: window(hours: hours)) == seconds)
    }

    @Test(
        "cuts a window into requests of 11,000 points, none of them twice, none left out",
        arguments: [1, 24, 24 * 30, 24 * 365])
    func ranges(hours: Int) throws {
        let queries = try source("?errors=e&events=rate(x_total[1m])&step=1m").rangeQueries(
            for: window(hours: hours))
        for name in ["errors", "events"] {
            let own = queries.filter { $0.name == name }
            #expect(own.allSatisfy { ($0.last - $0.first) / 60 < 11_000 })
            let points = own.flatMap { Array(stride(from: $0.first, through: $0.last, by: 60)) }
            // What counts so far needs the point before.
            let first = 1_700_002_800 + (name == "errors" ? 0 : 60)
            #expect(points == Array(stride(from: first, through: 1_700_002_800 + hours * 3600, by: 60)))
        }
    }

    @Test(
        "looks below the path of the address",
        arguments: ["", "prometheus", "prometheus/", "prometheus/api/v1/query_range"])
    func paths(path: String) throws {
        let source = try PrometheusSource(ServerAddress("http://mimir/\(path)?events=x"))
        #expect(
            source.address.appending("api/v1/query_range").place
                == "http://mimir/\(path.isEmpty ? "" : "prometheus/")api/v1/query_range")
    }

    @Test(
        "needs to know the events, and nothing else",
        arguments: [
            "", "?errors=x", "?events=", "?events=a&events=b", "?events=a&query=b", "?events=a&step=0",
            "?events=a&step=fast", "?events=a&step=999999999y999999999y",
            "?events=a&step=9223372036854775807",
        ])
    func refused(query: String) {
        let error = #expect(throws: ConnectorError.self) { try source(query) }
        #expect(error?.code == .badAddress)
        #expect(error?.remedy != nil)
    }

    @Test(
        "a text is the address of a server or a path",
        arguments: [
            ("prometheus+https://h/?events=x", true), ("honeycomb://shop", true), ("events.ndjson", false),
            ("-", false), ("a/b://c", false),
        ])
    func addresses(text: String, isServer: Bool) throws {
        #expect(EventServer.isAddress(text) == isServer)
        #expect(try (EventServer(text) != nil) == isServer)
    }

    @Test("an unknown kind of server is an error", arguments: ["mysql://h/", "https://h/events.json"])
    func unknownKind(text: String) {
        #expect(throws: ConnectorError.self) { try EventServer(text) }
    }
}

@Suite("Keys and where they go")
struct KeyTests {
    private func connection(_ variables: [String: String], isNamedByUser: Bool) throws -> ServerConnection {
        try ServerConnection(
            userAgent: "t", credentials: Credentials(variables), isOffline: false,
            isNamedByUser: isNamedByUser, for: "")
    }

    @Test(
        "a server that only the settings name gets a key where it is trusted",
        arguments: [
            ("https://prom.example/", true, "", true), ("https://prom.example/", false, "", false),
            ("https://prom.example/", false, "other.example, prom.example", true),
            ("http://127.0.0.1:9090/", false, "", true),
        ])
    func settings(address: String, isNamed: Bool, hosts: String, isSent: Bool) throws {
        let connection = try connection(
            ["K": "s3cret", "BLAMEDEPLOY_KEY_HOSTS": hosts], isNamedByUser: isNamed)
        let address = try ServerAddress(address)
        guard isSent else {
            let error = #expect(throws: ConnectorError.self) { try connection.key("K", for: address) }
            #expect(error?.remedy?.contains("BLAMEDEPLOY_KEY_HOSTS=prom.example") == true)
            return
        }
        #expect(try connection.key("K", for: address) == "s3cret")
    }

    @Test("patience is a number of seconds", arguments: ["0", "-1", "soon", "99999"])
    func patience(text: String) {
        #expect(throws: ConnectorError.self) {
            try connection(["BLAMEDEPLOY_TIMEOUT": text], isNamedByUser: true)
        }
    }

    @Test(
        "a key that travels in the clear is told",
        arguments: [("http://prom.example/", 1), ("https://prom.example/", 0), ("http://localhost/", 0)])
    func inClear(address: String, warnings: Int) throws {
        let connection = try connection([:], isNamedByUser: true)
        #expect(try connection.warnings(ofKeyTo: ServerAddress(address), isSent: true).count == warnings)
        #expect(try connection.warnings(ofKeyTo: ServerAddress(address), isSent: false).isEmpty)
    }

    @Test(
        "base 64 is that of RFC 4648",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func encoded(text: String, code: String) { #expect(base64(text) == code) }
}

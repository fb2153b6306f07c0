public import DeployModel
public import EventIngest

/// A server that speaks Prometheus's HTTP API (Prometheus, Thanos, Mimir, VictoriaMetrics), and what it is asked for.
///
/// The server adds up; what comes back is a few numbers for each step and each set of labels.
public struct PrometheusSource: Sendable, Hashable {
    /// The server, with the path that its API stands below.
    public let address: ServerAddress
    /// The expression that counts failing events; `nil` where a label of ``events`` says how they ended.
    public let errors: String?
    /// The expression that counts all events.
    public let events: String
    /// The step that was asked for.
    public let stepSeconds: Int?

    /// - Parameter address: with the parameters `errors`, `events` and `step`.
    /// - Throws: ``ConnectorError`` where a parameter is missing or not known.
    public init(_ address: ServerAddress) throws(ConnectorError) {
        let known = ["errors", "events", "step"]
        if let other = address.parameters.first(where: { !known.contains($0.name) }) {
            throw ConnectorError(
                .badAddress, "there is no parameter '\(other.name)'", at: address.place,
                remedy:
                    "the parameters are errors=PROMQL, events=PROMQL and step=60s; inside of them write & as %26"
            )
        }
        func value(_ name: String) throws(ConnectorError) -> String? {
            let values = address.parameters.filter { $0.name == name }.map(\.value)
            guard values.count < 2 else {
                throw ConnectorError(
                    .badAddress, "\(name) is there more than once", at: address.place,
                    remedy: "join the expressions with `or`, or add them up")
            }
            return values.first.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        }
        guard let events = try value("events") else {
            throw ConnectorError(
                .badAddress, "it does not say which series count the events", at: address.place,
                remedy: "add ?errors=PROMQL&events=PROMQL, such as "
                    + "events=sum by (pod) (increase(http_requests_total[1m]))")
        }
        (self.events, errors) = (events, try value("errors"))
        stepSeconds = try value("step").map { text throws(ConnectorError) in
            guard let seconds = promDuration(text) ?? Int(text), (1..<longestSeconds).contains(seconds) else {
                throw ConnectorError(
                    .badAddress, "step takes a duration such as 60s or 5m, not '\(text)'", at: address.place,
                    remedy: "leave it out to have it chosen by the window")
            }
            return seconds
        }
        var server = address
        server.parameters = []
        server.path = Self.apiRoot(server.path)
        self.address = server
    }

    /// The path that `/api/v1` stands below, also where the path of a query was copied whole.
    private static func apiRoot(_ path: String) -> String {
        for ending in ["/api/v1/query_range", "/api/v1/query", "/api/v1", "/api/v1/"]
        where path.hasSuffix(ending) {
            return path.dropLast(ending.count) + "/"
        }
        return path
    }

    /// How the source is called in reports.
    public var name: String { "prometheus+\(address.place)" }

    private var queries: [PrometheusQuery] {
        [errors.map { PrometheusQuery(name: "errors", expression: $0) }].compactMap { $0 }
            + [PrometheusQuery(name: "events", expression: events)]
    }

    // MARK: What is asked

    /// One range query.
    struct RangeQuery: Equatable {
        /// What the series of the answer are called.
        var name: String
        var expression: String
        var kind: MetricKind?
        /// Unix seconds, both included.
        var first: Int, last: Int
        var stepSeconds: Int
    }

    /// The most points that Prometheus returns for a series.
    static let mostPoints = 11_000
    /// More requests than this are taken for a mistake, and are not put on a server.
    private static let mostRequests = 500

    /// The steps that are chosen from, in seconds.
    private static let steps = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]

    /// The step for a window: as asked for; else the range that the expressions look back over, so that no event counts twice and
    /// none is left out; else the shortest one that needs one request.
    func step(for window: TimeWindow) -> Int {
        if let stepSeconds { return stepSeconds }
        if let range = queries.compactMap(\.rangeSeconds).max() { return max(range, 15) }
        let seconds = Int(window.until.seconds - window.since.seconds)
        return Self.steps.first { seconds / $0 < Self.mostPoints } ?? 86_400
    }

    /// The requests for a window. A point stands for the step that ends at it, so that the first one ends a step after the
    /// window begins; counters are asked one point earlier, to be differenced.
    func rangeQueries(for window: TimeWindow) -> [RangeQuery] {
        let step = step(for: window)
        let since = floorDiv(Int64(window.since.seconds), Int64(step)) * Int64(step)
        let until = floorDiv(Int64(window.until.seconds), Int64(step)) * Int64(step)
        return queries.flatMap { query -> [RangeQuery] in
            let (expression, kind) = query.asked(stepSeconds: step)
            let isDifferenced = kind == nil || kind == .counter
            let first = Int(since) + (isDifferenced ? 0 : step)
            return stride(from: first, through: max(Int(until), first), by: Self.mostPoints * step).map {
                begin in
                RangeQuery(
                    name: query.name, expression: expression, kind: kind, first: begin,
                    last: min(begin + (Self.mostPoints - 1) * step, max(Int(until), first)), stepSeconds: step
                )
            }
        }
    }

    // MARK: Asking

    /// Asks for a window, and writes the answers down for the reader of Prometheus's exports.
    ///
    /// - Returns: what the reader of a report must know.
    /// - Throws: ``ConnectorError``.
    public func ask(
        _ window: TimeWindow, over connection: ServerConnection, into file: AnswerFile
    ) throws -> [Warning] {
        let headers = try headers(connection)
        let api = address.appending("api/v1/query_range")
        let queries = rangeQueries(for: window)
        guard queries.count <= Self.mostRequests else {
            throw ConnectorError(
                .badAddress, "a step of \(step(for: window)) s would need \(queries.count) requests",
                at: address.place,
                remedy: "ask for a shorter window, or for a longer step with &step=5m")
        }
        for query in queries {
            let kind = query.kind.map { ",\"kind\":\"\($0.rawValue)\"" } ?? ""
            try file.write("{\"series\":\"\(query.name)\",\"step\":\(query.stepSeconds)\(kind),\n\"answer\":")
            let start = file.count
            let form = [
                ServerAddress.Parameter("query", query.expression), .init("start", "\(query.first)"),
                .init("end", "\(query.last)"), .init("step", "\(query.stepSeconds)"),
            ]
            var request = Self.request(api, form, headers)
            request.limits = connection.limits
            try connection.client.send(request) {
                try file.write($0)
            } startAnew: {
                try file.shorten(to: start)
            }
            // So short an answer has no series: nothing failed, or the expression selects what there is not.
            if query.name == "errors", file.count - start < 1000 {
                try requireNames(of: query, window, headers, connection)
            }
            guard file.count > start else {
                throw ConnectorError(
                    .badAnswer, "its answer is empty", at: api.place,
                    remedy: "check the address: is this the API?")
            }
            try file.write("}\n")
        }
        let isKeySent = headers.contains { $0.name == "Authorization" }
        return connection.warnings(ofKeyTo: address, isSent: isKeySent)
    }

    /// Makes sure that an expression that gave nothing speaks of metrics and labels that are there: a mistyped name must not clear
    /// everybody. Where a server does not tell its names, nothing can be said.
    private func requireNames(
        of query: RangeQuery, _ window: TimeWindow, _ headers: [HTTPRequest.Header],
        _ connection: ServerConnection
    ) throws {
        func names(_ path: String, matching metric: String) -> [String]? {
            let form = [
                ServerAddress.Parameter("match[]", metric), .init("start", "\(Int(window.since.seconds))"),
                .init("end", "\(Int(window.until.seconds))"),
            ]
            var request = Self.request(address.appending("api/v1/\(path)"), form, headers)
            request.limits = connection.limits
            request.limits.attempts = 1
            guard let body = try? connection.client.body(of: request),
                let answer = JSONNode.parse(String(decoding: body, as: UTF8.self)),
                answer["status"]?.text == "success",
                case .array(let names) = answer["data"]
            else { return nil }
            return names.compactMap(\.string)
        }
        for selector in Set(PrometheusQuery(name: query.name, expression: query.expression).selectors) {
            guard let labels = names("labels", matching: selector.metric) else { return }
            guard !labels.isEmpty else {
                throw ConnectorError(
                    .badAnswer, "there is no metric '\(selector.metric)' in the window", at: address.place,
                    remedy: "check the query for errors: try it where you see graphs")
            }
            for label in selector.labels where label != "__name__" && !labels.contains(label) {
                throw ConnectorError(
                    .badAnswer, "\(selector.metric) has no label '\(label)'", at: address.place,
                    remedy:
                        "its labels are \(labels.filter { $0 != "__name__" }.sorted().joined(separator: ", "))"
                )
            }
        }
    }

    /// Short questions are asked by GET, which servers that only let read allow; long ones do not fit into a line.
    private static func request(
        _ api: ServerAddress, _ form: [ServerAddress.Parameter], _ headers: [HTTPRequest.Header]
    ) -> HTTPRequest {
        let text = ServerAddress.form(form)
        guard text.utf8.count > 4000 else {
            var asked = api
            asked.parameters = form
            return HTTPRequest(get: asked, headers: headers)
        }
        return HTTPRequest(
            post: Array(text.utf8), to: api,
            headers: headers + [.init("Content-Type", "application/x-www-form-urlencoded")],
            isRepeatable: true)
    }

    private func headers(_ connection: ServerConnection) throws(ConnectorError) -> [HTTPRequest.Header] {
        var headers: [HTTPRequest.Header] = []
        if let token = try connection.key("PROMETHEUS_TOKEN", for: address) {
            headers.append(.init("Authorization", "Bearer \(token)"))
        } else if let user = try connection.credentials.key("PROMETHEUS_USER") {
            guard let password = try connection.key("PROMETHEUS_PASSWORD", for: address) else {
                throw ConnectorError(
                    .noKey, "PROMETHEUS_USER is set without a password", at: address.place,
                    remedy: "set PROMETHEUS_PASSWORD, or PROMETHEUS_PASSWORD_FILE to a file that holds it")
            }
            headers.append(.init("Authorization", "Basic \(base64("\(user):\(password)"))"))
        }
        if let tenant = try connection.credentials.key("PROMETHEUS_TENANT") {
            headers.append(.init("X-Scope-OrgID", tenant))
        }
        return headers
    }
}

/// A text in base 64 (RFC 4648).
func base64(_ text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bytes = Array(text.utf8)
    return stride(from: 0, to: bytes.count, by: 3).map { start in
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        return (0..<4).map { $0 <= group.count ? String(digits[bits >> (18 - 6 * $0) & 63]) : "=" }.joined()
    }.joined()
}

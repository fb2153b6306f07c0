public import DeployModel
public import EventIngest

/// Honeycomb's API, for one dataset.
public struct HoneycombAPI {
    private let dataset: String
    private let endpoint: ServerAddress
    private let key: String
    private let connection: ServerConnection
    private var pace: Pace

    /// - Parameters:
    ///   - dataset: its slug.
    ///   - connection: with the key as `HONEYCOMB_API_KEY`, and the address of the API as `HONEYCOMB_API_ENDPOINT`; that is never
    ///     told by arguments or settings, so that the key goes nowhere else.
    /// - Throws: ``ConnectorError`` where there is no key.
    public init(dataset: String, over connection: ServerConnection) throws(ConnectorError) {
        self.dataset = dataset
        self.connection = connection
        let credentials = connection.credentials
        endpoint = try ServerAddress(
            credentials.setting("HONEYCOMB_API_ENDPOINT") ?? "https://api.honeycomb.io")
        guard let key = try credentials.key("HONEYCOMB_API_KEY") else {
            throw ConnectorError(
                .noKey, "there is no key for Honeycomb", at: "honeycomb://\(dataset)",
                remedy: "set HONEYCOMB_API_KEY, or HONEYCOMB_API_KEY_FILE to a file that holds it")
        }
        self.key = key
        pace = Pace(limit: 10, milliseconds: 60_000)
    }

    /// The same with another limit, for tests that cannot wait a minute.
    package func paced(limit: Int, milliseconds: Int64) -> HoneycombAPI {
        var copy = self
        copy.pace = Pace(limit: limit, milliseconds: milliseconds)
        return copy
    }

    // MARK: Events

    /// Asks for the events of a window, counted by group and bucket, and writes the answers down for the reader of Honeycomb's
    /// query results.
    ///
    /// - Parameter now: the clock; what is older than seven days cannot be asked for.
    /// - Returns: what the reader of a report must know.
    public mutating func ask(
        _ source: HoneycombSource, _ window: TimeWindow, now: Instant, options: IngestOptions,
        into file: AnswerFile
    ) throws -> [Warning] {
        let window = try source.askable(window, now: now)
        let columns = source.fields.isEmpty ? try columns(of: source) : []
        let whole = HoneycombSource.Stretch(
            since: Int(window.since.seconds), until: Int(window.until.seconds),
            granularitySeconds: max(Int(window.until.seconds - window.since.seconds) / 10, 1))
        var warnings: [Warning] = []
        let groupings = try source.groupings(columns: columns, options: options)
        var chosen = groupings[0]
        for grouping in groupings {
            chosen = grouping
            let groups = try groupCount(source.specification(whole, by: grouping))
            guard groups > 0 else {
                throw ConnectorError(
                    .badAnswer, "the dataset has no events between \(window.since) and \(window.until)",
                    at: source.name,
                    remedy: "choose another window with --since and --until, or check the dataset")
            }
            if groups < HoneycombSource.mostGroups { break }
        }
        if chosen != groupings[0] {
            let left = groupings[0].filter { !chosen.contains($0) }.joined(separator: ", ")
            warnings.append(
                Warning(
                    code: "fewer_groups",
                    text:
                        "Grouped by \(left) too there are more groups than Honeycomb returns: it is not looked at.",
                    remedy: "choose what events are grouped by: honeycomb://\(dataset)?by=FIELD,FIELD"))
        }
        let others = columns.filter { !groupings[0].contains($0) && !Self.isBookkeeping($0) }
        if !others.isEmpty {
            let shown = others.sorted().prefix(3).joined(separator: ", ")
            warnings.append(
                Warning(
                    code: "grouped_fields",
                    text:
                        "Events of \(dataset) are told apart by \(chosen.joined(separator: ", ")) only, not by "
                        + "\(shown)\(others.count > 3 ? " or \(others.count - 3) more columns" : "").",
                    remedy:
                        "name what else they are grouped by: honeycomb://\(dataset)?by=\(([chosen[0]] + others.sorted().prefix(1)).joined(separator: ","))"
                ))
        }
        for stretch in source.stretches(window) {
            let answer = try result(of: source.specification(stretch, by: chosen), withSeries: true)
            // A document over several lines is read as a whole or not at all.
            try file.write("{\n")
            try answer.withUnsafeBytes {
                try file.write(UnsafeRawBufferPointer(rebasing: $0.drop { $0 <= 0x20 }.dropFirst()))
            }
            try file.write("\n")
        }
        return warnings + connection.warnings(ofKeyTo: endpoint, isSent: true)
    }

    /// Columns that differ in every event, or say nothing of what happened.
    private static func isBookkeeping(_ column: String) -> Bool {
        column.hasPrefix("trace.") || column.hasPrefix("meta.") || column.hasPrefix("telemetry.")
            || column.hasPrefix("library.")
            || ["name", "duration_ms", "timestamp", "time"].contains(column.lowercased())
    }

    /// The names of the columns of the dataset.
    private func columns(of source: HoneycombSource) throws -> [String] {
        guard dataset != "__all__" else {
            throw ConnectorError(
                .badAddress, "an environment as a whole does not list its columns", at: source.name,
                remedy: "say what its events are grouped by: honeycomb://__all__?by=error,service.name")
        }
        let body = try send(.get, "1/columns/\(dataset)")
        guard let node = JSONNode.parse(String(decoding: body, as: UTF8.self)), case .array = node else {
            throw unexpected("columns")
        }
        return node.elements.compactMap { $0["key_name"]?.string }
    }

    /// How many groups a query makes.
    private mutating func groupCount(_ specification: JSONNode) throws -> Int {
        let answer = try result(of: specification, withSeries: false)
        guard let node = JSONNode.parse(String(decoding: answer, as: UTF8.self)),
            case .array(let results) = node["data"]?["results"]
        else { throw unexpected("query_results") }
        return results.count
    }

    /// Creates a query, runs it, and waits for its end.
    ///
    /// - Returns: one whole object.
    private mutating func result(of specification: JSONNode, withSeries: Bool) throws -> [UInt8] {
        let query = try identifier(
            of: try send(.post(specification, isRepeatable: true), "1/queries/\(dataset)"), "queries")
        let run = JSONNode.object([
            "query_id": .string(query), "disable_series": .bool(!withSeries),
            "limit": .number(HoneycombSource.mostGroups),
        ])
        pace.wait()
        let id = try identifier(
            of: try send(.post(run, isRepeatable: true, isPaced: true), "1/query_results/\(dataset)"),
            "query_results")
        let end = monotonicMilliseconds() + Int64(connection.limits.silentSeconds) * 1000
        var pause: Int64 = 200
        while true {
            let answer = try send(.get, "1/query_results/\(dataset)/\(id)")
            guard let members = topLevelMembers(answer), let isComplete = members["complete"] else {
                throw unexpected("query_results")
            }
            if isComplete == .bool(true) { return answer }
            guard monotonicMilliseconds() + pause < end else {
                throw ConnectorError(
                    .timedOut, "the query did not end within \(connection.limits.silentSeconds) s",
                    at: place("query_results"),
                    remedy: "ask for a shorter window, or allow more time with BLAMEDEPLOY_TIMEOUT (seconds)")
            }
            sleep(milliseconds: pause)
            pause = min(pause * 3 / 2, 2000)
        }
    }

    private func identifier(of answer: [UInt8], _ what: String) throws(ConnectorError) -> String {
        guard let id = topLevelMembers(answer)?["id"]?.string, !id.isEmpty else { throw unexpected(what) }
        return id
    }

    // MARK: Markers

    /// The dataset's markers, all there are, as JSON.
    public func markers() throws -> [UInt8] { try send(.get, "1/markers/\(dataset)") }

    /// A marker of a deploy.
    public struct Marker: Sendable, Hashable {
        /// What it says: the commit should be in it, since markers have no field for one.
        public var message: String
        /// When the deploy began, and when it had taken effect, where known.
        public var startedAt: Instant, finishedAt: Instant?

        /// A marker of a deploy.
        public init(message: String, startedAt: Instant, finishedAt: Instant? = nil) {
            self.message = message
            self.startedAt = startedAt
            self.finishedAt = finishedAt
        }
    }

    /// Writes a marker, unless the same one is there.
    ///
    /// - Returns: whether it was not there.
    public func mark(_ marker: Marker) throws -> Bool {
        let body = try markers()
        guard let known = JSONNode.parse(String(decoding: body, as: UTF8.self)), case .array = known else {
            throw unexpected("markers")
        }
        let start = Int(marker.startedAt.seconds)
        let isThere = known.elements.contains {
            $0["message"]?.string == marker.message && $0["start_time"]?.double == Double(start)
        }
        guard !isThere else { return false }
        var members = [
            JSONNode.Member(key: "message", value: .string(marker.message)),
            JSONNode.Member(key: "type", value: .string("deploy")),
            JSONNode.Member(key: "start_time", value: .number(start)),
        ]
        if let end = marker.finishedAt {
            members.append(JSONNode.Member(key: "end_time", value: .number(Int(end.seconds))))
        }
        let made = try send(.post(.object(members), isRepeatable: false), "1/markers/\(dataset)")
        _ = try identifier(of: made, "markers")
        return true
    }

    // MARK: Asking

    private enum Question {
        case get
        case post(JSONNode, isRepeatable: Bool, isPaced: Bool = false)
    }

    private func send(_ question: Question, _ path: String) throws -> [UInt8] {
        let address = endpoint.appending(path)
        let headers = [HTTPRequest.Header("X-Honeycomb-Team", key)]
        var request: HTTPRequest
        switch question {
        case .get:
            request = HTTPRequest(get: address, headers: headers)
            request.limits = connection.limits
        case .post(let body, let isRepeatable, let isPaced):
            request = HTTPRequest(
                post: Array(body.json.utf8), to: address,
                headers: headers + [.init("Content-Type", "application/json")], isRepeatable: isRepeatable)
            request.limits = connection.limits
            // It does not say how long to wait when others of the team used the minute up.
            if isPaced { request.limits.firstWaitMilliseconds = Int(pace.milliseconds / 6) }
        }
        do {
            return try connection.client.body(of: request)
        } catch var error as ConnectorError {
            switch error.status {
            case 401, 403:
                error.remedy =
                    "check HONEYCOMB_API_KEY: queries need Run Queries and Manage Queries and Columns, and the Enterprise plan; "
                    + "markers need Manage Markers; datasets in the EU need HONEYCOMB_API_ENDPOINT=https://api.eu1.honeycomb.io"
            case 404:
                error.problem = "there is no dataset '\(dataset)' that the key may see"
                error.remedy =
                    "name it as it stands in the address of its page, and use the key of its environment"
            case 429:
                error.remedy = "Honeycomb takes 10 queries a minute from a team: wait a minute, and ask again"
            default: break
            }
            throw error
        }
    }

    private func place(_ what: String) -> String { endpoint.appending("1/\(what)/\(dataset)").place }

    private func unexpected(_ what: String) -> ConnectorError {
        ConnectorError(
            .badAnswer, "the answer is not what Honeycomb's API says it is", at: place(what),
            remedy: "check HONEYCOMB_API_ENDPOINT, and whether a proxy stands between")
    }
}

/// Keeps to so many questions in so long.
private struct Pace {
    let limit: Int
    let milliseconds: Int64
    private var asked: [Int64] = []

    init(limit: Int, milliseconds: Int64) {
        self.limit = limit
        self.milliseconds = milliseconds
    }

    /// Waits until one more may be asked, and counts it.
    mutating func wait() {
        let now = monotonicMilliseconds()
        if asked.count >= limit {
            let free = asked[asked.count - limit] + milliseconds
            if free > now { sleep(milliseconds: free - now) }
        }
        asked.append(monotonicMilliseconds())
    }
}

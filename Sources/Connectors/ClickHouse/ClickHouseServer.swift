import EventIngest

/// A server of ClickHouse: asks it queries, and hands over the rows of whole answers only.
final class ClickHouseServer {
    /// Where it is, without database and table.
    let address: ServerAddress
    private let client: HTTPClient
    private let headers: [HTTPRequest.Header]
    private let limits: HTTPRequest.Limits
    /// Whether settings may be sent along; users who may only read often may not.
    private var takesSettings = true
    private var binding = SQL.Binding.literals

    /// Seconds that the server may take for one query before it gives up by itself.
    private static let secondsSpare = 5

    /// - Parameters:
    ///   - address: `http://HOST:PORT`.
    ///   - headers: who asks.
    init(
        _ address: ServerAddress, client: HTTPClient, headers: [HTTPRequest.Header],
        limits: HTTPRequest.Limits
    ) {
        self.address = address
        self.client = client
        self.headers = headers
        self.limits = limits
    }

    /// How many bytes all answers took on the wire.
    var receivedBytes: Int { client.receivedBytes }

    /// Finds out whether the server knows query parameters: a server that does not says that it knows no such setting, or cannot
    /// read the query.
    func chooseBinding() throws {
        binding = .parameters
        do {
            _ = try rows("SELECT \(text: "known") AS answer", columns: 1)
        } catch let error as ConnectorError where error.isMisunderstanding {
            binding = .literals
        }
    }

    /// The rows of an answer that is small.
    ///
    /// - Parameter columns: how many cells a row has, at least.
    func rows(_ query: SQL, columns: Int) throws -> [[JSONNode]] {
        var rows: [[JSONNode]] = []
        try ask(query, columns: columns) { rows.append($0) }
        return rows
    }

    /// What the only row of an answer says.
    func row<Value>(_ query: SQL, columns: Int, _ read: ([JSONNode]) throws -> Value) throws -> Value {
        var values: [Value] = []
        try ask(query, columns: columns) { values.append(try read($0)) }
        guard let value = values.first, values.count == 1 else {
            throw badAnswer("it has \(values.count) rows rather than one")
        }
        return value
    }

    /// Asks a query.
    ///
    /// - Parameters:
    ///   - columns: how many cells a row has, at least.
    ///   - body: is handed the cells of each row as they come in; what it made of them must be forgotten when this throws.
    /// - Throws: ``ConnectorError``, or what `body` throws.
    func ask(_ query: SQL, columns: Int, _ body: ([JSONNode]) throws -> Void) throws {
        let body = { (cells: [JSONNode]) in
            guard cells.count >= columns else {
                throw CompactAnswer.Damage(reason: "a row has \(cells.count) cells rather than \(columns)")
            }
            try body(cells)
        }
        do {
            try send(query, settings: takesSettings, body)
        } catch let error as ConnectorError where takesSettings && error.isRefusalOfSettings {
            takesSettings = false
            try send(query, settings: false, body)
        }
    }

    private func send(_ query: SQL, settings: Bool, _ body: ([JSONNode]) throws -> Void) throws {
        let (text, parameters) = query.rendered(binding)
        var values = [ServerAddress.Parameter("wait_end_of_query", "1")]
        if settings {
            values += [
                ServerAddress.Parameter("readonly", "1"),
                ServerAddress.Parameter("enable_http_compression", "1"),
                ServerAddress.Parameter("output_format_json_quote_64bit_integers", "0"),
                ServerAddress.Parameter(
                    "max_execution_time", "\(max(limits.silentSeconds - Self.secondsSpare, 1))"),
            ]
        }
        values += parameters.map { ServerAddress.Parameter("param_\($0.name)", $0.value) }
        var request = HTTPRequest(
            post: Array("\(text) FORMAT JSONCompact".utf8), to: address.appending("", values),
            headers: headers, isRepeatable: true)
        request.limits = limits
        var answer = CompactAnswer()
        do {
            try client.send(request) { try answer.read($0, body) }
            try answer.finish()
        } catch let damage as CompactAnswer.Damage {
            if let text = damage.serverText { throw serverError(text) }
            throw badAnswer(damage.reason)
        } catch let error as ConnectorError {
            // Of a mistyped table ClickHouse says that there is no such thing, as web servers say it of a page.
            guard let text = serverException(in: error.problem) else { throw error }
            throw serverError(text)
        }
    }

    private func badAnswer(_ reason: String) -> ConnectorError {
        ConnectorError(
            .badAnswer, "the answer is not whole: \(reason)", at: address.place,
            remedy: "ask again; a proxy between may have cut it off")
    }

    private func serverError(_ text: String) -> ConnectorError {
        var error = ConnectorError(
            .serverError, "the server answered with an error: \(shortened(text))", at: address.place)
        let remedies: [(codes: Set<Int>, remedy: String)] = [
            (
                [60, 81],
                "check database and table in the address: clickhouse+http://HOST:PORT/DATABASE/TABLE"
            ),
            (
                [192, 193, 194, 516],
                "set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, or CLICKHOUSE_PASSWORD_FILE"
            ),
            ([497], "the user needs leave to SELECT from this table, and to SHOW its columns"),
            ([158, 159, 160, 241, 307], "ask for a shorter window with --since and --until"),
        ]
        let code = error.clickHouseCode
        error.remedy =
            remedies.first { code.map($0.codes.contains) ?? false }?.remedy
            ?? "the log of the server says more"
        return error
    }
}

extension ConnectorError {
    /// The number of the error that a server of ClickHouse answered with.
    var clickHouseCode: Int? {
        problem.cut(at: "Code: ").flatMap { Int($0.1.prefix { $0.isNumber }) }
    }

    /// Whether the server does not let this user change settings, as it says to users who may only read (164) and where settings
    /// are bounded (452).
    fileprivate var isRefusalOfSettings: Bool { [164, 452].contains(clickHouseCode) }

    /// Whether the server could not make sense of the query, or of what came with it: 62 is its syntax, 115 an unknown setting, and
    /// 164 a setting that this user may not change, for which it takes what it does not know.
    fileprivate var isMisunderstanding: Bool { [62, 115, 164].contains(clickHouseCode) }
}

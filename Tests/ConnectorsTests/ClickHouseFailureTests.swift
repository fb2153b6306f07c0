import Connectors
import DeployModel
import EventIngest
import TestSupport
import Testing

/// A server that answers the first questions well, and then does what a test tells it.
private func server(_ steps: @escaping @Sendable () -> [ScriptedStep]) throws -> ScriptedServer {
    try ScriptedServer { request, _ in
        let body = request.body
        if body.contains("AS answer") { return [.answer(answer([["answer", "String"]], [#"["known"]"#]))] }
        if body.hasPrefix("DESCRIBE") {
            return [
                .answer(
                    answer(
                        [["name", "String"], ["type", "String"]],
                        [#"["ts", "DateTime"]"#, #"["status", "UInt16"]"#]))
            ]
        }
        if body.contains("LIMIT 1000") {
            let rows = (0..<20).map { "[\(1_791_640_800_000 + $0 * 1000), \($0 % 2 == 0 ? 200 : 500)]" }
            return [.answer(answer([["ts", "Int64"], ["status", "UInt16"]], rows))]
        }
        return steps()
    }
}

/// `FORMAT JSONCompact`.
private func answer(_ columns: [[String]], _ rows: [String], count: Int? = nil) -> String {
    let meta = columns.map { "{\"name\": \"\($0[0])\", \"type\": \"\($0[1])\"}" }.joined(separator: ",")
    return """
        {
        \t"meta":
        \t[\(meta)],
        \t"data":
        \t[
        \t\t\(rows.joined(separator: ",\n\t\t"))
        \t],
        \t"rows": \(count ?? rows.count),
        \t"statistics": {"elapsed": 0.001, "rows_read": 20, "bytes_read": 160}
        }
        """
}

private let overview = [
    ["count()", "UInt64"], ["a", "UInt64"], ["b", "UInt64"], ["c", "UInt64"], ["d", "Int64"], ["e", "Int64"],
]
private let row = #"["20", "20", "20", "10", "1791640800000", "1791640819000"]"#

private func failure(of server: ScriptedServer) throws -> ConnectorError? {
    var connection = try ServerConnection(
        userAgent: "tests", credentials: Credentials([:]), isOffline: false, for: "it")
    connection.limits.silentSeconds = 1
    connection.limits.totalSeconds = 4
    connection.limits.attempts = 2
    connection.limits.firstWaitMilliseconds = 10
    let table = try ClickHouseTable("clickhouse+\(server.address)/default/events")
    let events = try ClickHouseEvents(table, over: connection, options: IngestOptions())
    return #expect(throws: ConnectorError.self) { try events.span() }
}

@Suite("Answers of ClickHouse that are none")
struct ClickHouseFailureTests {
    @Test(
        "are errors that say what happened",
        arguments: [
            (
                "an error behind good rows",
                [
                    ScriptedStep.answer(
                        "{\"meta\":[1,2,3,4,5,6],\"data\":[[1,1,1,1,1,1],Code: 241, e.displayText() = DB::Exception: Memory limit (for query) exceeded, e.what() = DB::Exception\n"
                    )
                ], "Code: 241", "shorter window"
            ),
            (
                "an error instead of rows",
                [.answer("Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)\n")],
                "Code: 159", "shorter window"
            ),
            (
                "an error inside of the document",
                [
                    .answer(
                        "{\"meta\":[1,2,3,4,5,6],\"data\":[[1,1,1,1,1,1]],\"rows\":1,\"exception\":\"Code: 395. DB::Exception: no\"}"
                    )
                ],
                "Code: 395", "log"
            ),
            (
                "an answer that ends too early", [.answer(String(answer(overview, [row]).prefix(300)))],
                "not whole", "ask again"
            ),
            (
                "fewer rows than it says", [.answer(answer(overview, [row], count: 2))],
                "says that it has 2 rows and has 1", "ask again"
            ),
            (
                "rows of another width", [.answer(answer(overview, ["[1, 2]"]))], "a row has 2 cells",
                "ask again"
            ),
            (
                "fewer columns than were asked for", [.answer(answer([["a", "UInt64"]], ["[1]"]))],
                "a row has 1 cells", "ask again"
            ),
            (
                "no row where there must be one", [.answer(answer(overview, []))], "0 rows rather than one",
                "ask again"
            ),
            (
                "a text for a count", [.answer(answer(overview, [row.replacing("20", with: "x")]))],
                "no number", "ask again"
            ),
            ("nothing at all", [.answer("")], "ends too early", "ask again"),
            (
                "an unknown table",
                [
                    .answer(
                        404,
                        "Code: 60, e.displayText() = DB::Exception: Table default.events doesn't exist., e.what() = DB::Exception"
                    )
                ],
                "doesn't exist", "database and table"
            ),
            (
                "a wrong password",
                [.answer(401, "Code: 193, e.displayText() = DB::Exception: Wrong password for user x")],
                "Wrong password", "CLICKHOUSE_PASSWORD"
            ),
            ("too many questions", [.answer(429, "slow down")], "429", "ask again"),
            ("a fault of the server", [.answer(500, "oops")], "500", "log"),
            (
                "a web page", [.answer(200, "<!DOCTYPE html><p>Sign in", type: "text/html")], "web page",
                "check the address"
            ),
            (
                "a server that dies",
                [
                    .send(
                        "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n\(answer(overview, [row]).prefix(120))"
                    ), .reset,
                ],
                "broke", "ask again"
            ),
            (
                "a server that says nothing more",
                [.send("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{"), .wait(seconds: 6)], "within",
                "ask for"
            ),
        ])
    func errors(what: String, steps: [ScriptedStep], problem: String, remedy: String) throws {
        let error = try failure(of: server { steps })
        #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
        #expect(error?.remedy?.contains(remedy) == true, "\(String(describing: error))")
    }

    @Test("the server is asked read-only, by POST, for whole answers")
    func readOnly() throws {
        let asked = try server { [.answer(500, "oops")] }
        _ = try failure(of: asked)
        #expect(asked.received.allSatisfy { $0.method == "POST" })
        #expect(asked.received.allSatisfy { $0.target.contains("readonly=1") })
        #expect(asked.received.allSatisfy { $0.target.contains("wait_end_of_query=1") })
    }

    @Test(
        "addresses name a database and a table",
        arguments: [
            "clickhouse+http://h:1/db", "clickhouse+http://h:1/", "clickhouse+http://h:1/a/b/c",
            "clickhouse+http://h:1/a/",
            "clickhouse+http://u:p@h:1/a/b", "clickhouse+http://h:1/a/b?user=u", "clickhouse+ftp://h/a/b",
        ])
    func addresses(url: String) {
        let error = #expect(throws: ConnectorError.self) { try ClickHouseTable(url) }
        #expect(error?.description.contains("u:p") == false)
    }
}

@Suite("Maps of ClickHouse, which the tests' server is too old for")
struct ClickHouseMapTests {
    /// A table as the exporter of OpenTelemetry's collector makes it.
    private func server() throws -> ScriptedServer {
        try ScriptedServer { request, _ in
            if request.body.contains("AS answer") {
                return [.answer(answer([["answer", "String"]], [#"["known"]"#]))]
            }
            if request.body.hasPrefix("DESCRIBE") {
                return [
                    .answer(
                        answer(
                            [["name", "String"], ["type", "String"]],
                            [
                                #"["Timestamp", "DateTime64(9)"]"#,
                                #"["SeverityText", "LowCardinality(String)"]"#,
                                #"["ResourceAttributes", "Map(LowCardinality(String), String)"]"#,
                                #"["Events", "Array(Tuple(a String))"]"#,
                            ]))
                ]
            }
            let rows = (0..<20).map { index in
                """
                [\(1_791_640_800_000 + index * 1000), "\(index % 5 == 0 ? "ERROR" : "INFO")", \
                {"k8s.pod.name": "web-7d9f6c5b48-x2x4z"\(index % 2 == 0 ? ",\"it's\":\"x\"" : "")}]
                """
            }
            return [.answer(answer([["a", "Int64"], ["b", "String"], ["c", "Map"]], rows))]
        }
    }

    @Test("have a field for each key, named as in an export, and missing where a map lacks it")
    func keys() throws {
        let server = try server()
        let connection = try ServerConnection(
            userAgent: "tests", credentials: Credentials([:]), isOffline: false, for: "it")
        let table = try ClickHouseTable("clickhouse+\(server.address)/otel/otel_logs")
        let events = try ClickHouseEvents(
            table, over: connection,
            options: IngestOptions(errorExpression: "`ResourceAttributes.it's` == x"))
        #expect(events.roles.fields[.pod] == "ResourceAttributes.k8s.pod.name")
        #expect(events.roles.fields[.time] == "Timestamp")
        #expect(throws: ConnectorError.self) { try events.span() }
        let query = try #require(server.received.last)
        let column =
            "if(mapContains(`ResourceAttributes`, {p1:String}), `ResourceAttributes`[{p2:String}], NULL)"
        #expect(query.body.contains("(isNotNull(\(column)) AND "), "\(query.body)")
        #expect(query.target.contains("param_p1=it%27s"))
    }
}

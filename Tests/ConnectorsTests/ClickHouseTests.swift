import Attribution
import Connectors
import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

/// Four hours of requests; from minute 120 on, most exports of the workers fail.
private let columns = """
    ts DateTime, pod String, route LowCardinality(String), status UInt16, duration_ms Float64, version String, \
    customer Nullable(String), error_message Nullable(String), tags Array(String), \
    plan Enum8('free' = 1, 'team' = 2), trace_id UUID, bytes UInt64
    """

private let rows: String = {
    var noise = SeededNoise(seed: 5)
    let pods = [
        "checkout-7d9f6c5b48-x2x4z", "checkout-7d9f6c5b48-q8w4k", "worker-68698bb967-8q2fl",
        "worker-68698bb967-z4r7w",
    ]
    var lines: [String] = []
    for second in stride(from: 0, to: 4 * 3600, by: 4) {
        let time = "\(Instant(seconds: 1_791_640_800 + second))".prefix(19)
        let pod = pods[Int(noise.next() % 4)]
        let route = ["/export", "/pay", "/list"][Int(noise.next() % 3)]
        let isBroken =
            pod.hasPrefix("worker") && route == "/export" && second >= 7200 && noise.next() % 4 != 0
        let fails = isBroken || noise.next() % 100 == 0
        let message =
            fails ? "\"lease \(noise.next() % 10_000) lost after \(second) s: \\\"db'7\\\"\"" : "null"
        let customer = noise.next() % 3 == 0 ? "null" : "\"c\(noise.next() % 20)\""
        lines.append(
            """
            {"ts":"\(time)","pod":"\(pod)","route":"\(route)","status":\(fails ? 503 : noise.next() % 20 == 0 ? 404 : 200),\
            "duration_ms":\(Double(noise.next() % 4000) / 8 + (fails ? 900 : 0)),"version":"\(second >= 7100 ? "v2" : "v1")",\
            "customer":\(customer),"error_message":\(message),"tags":["t\(noise.next() % 3)","a \\"b\\""],\
            "plan":"\(noise.next() % 2 == 0 ? "free" : "team")",\
            "trace_id":"\(UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, UInt8(second >> 16 & 255), UInt8(second >> 8 & 255), UInt8(second & 255), 14, 15, 16)))",\
            "bytes":\(noise.next() % 1_000_000)}
            """)
    }
    return lines.joined(separator: "\n")
}()

private func cluster() throws -> ClickHouseCluster { try ClickHouseCluster.shared.get() }

private func events(
    _ url: String, _ options: IngestOptions = IngestOptions(), credentials: [String: String] = [:],
    silentSeconds: Int = 60
) throws -> ClickHouseEvents {
    var connection = try ServerConnection(
        userAgent: "tests", credentials: Credentials(credentials), isOffline: false, for: url)
    connection.limits.silentSeconds = silentSeconds
    connection.limits.totalSeconds = 2 * silentSeconds
    connection.limits.firstWaitMilliseconds = 10
    return try ClickHouseEvents(ClickHouseTable(url), over: connection, options: options)
}

/// The table as a file that the server itself exports.
private func withExport<Result>(of table: String, _ body: (EventSources) throws -> Result) throws -> Result {
    let text = try cluster().execute(
        "SELECT * FROM \(table) ORDER BY ts SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONEachRow"
    )
    return try withTemporaryFolder { folder in
        try write(text, to: "\(folder)/events.ndjson")
        return try body(EventSources(["\(folder)/events.ndjson"]))
    }
}

private let during = TimeWindow(
    since: Instant(seconds: 1_791_648_000), until: Instant(seconds: 1_791_655_200))
private let before = TimeWindow(
    since: Instant(seconds: 1_791_640_800), until: Instant(seconds: 1_791_648_000))

/// A table and its export, judged alike.
private func expectAlike(_ table: String, options: IngestOptions = IngestOptions()) throws {
    let server = try events(try cluster().url(table), options)
    let counted = try server.summary()
    let seen = explain(
        try server.table(interest: during, baseline: before), interest: during, baseline: before)
    try withExport(of: table) { file in
        let summary = try summarize(file, options: options)
        #expect(counted.span == summary.span)
        #expect(counted.rollouts == summary.rollouts)
        #expect(counted.roles.fields == summary.roles.fields)
        #expect(counted.series.map(\.scope) == summary.series.map(\.scope))
        for (own, other) in zip(counted.series, summary.series) {
            #expect(own == other, "\(own.scope) \(own.slowerThan ?? 0)")
        }
        #expect(counted.inputs[0].events == summary.inputs[0].events)
        let read = try sampleTable(
            file, summary: summary, interest: during, baseline: before, options: options)
        let told = explain(read, interest: during, baseline: before)
        #expect(told.outcome == .causes)
        #expect(seen == told)
    }
}

@Suite(
    "Tables of ClickHouse",
    .enabled(if: ClickHouseCluster.isInstalled, Comment(rawValue: ClickHouseCluster.absence)))
struct ClickHouseTests {
    @Test("are judged as the file of the same events: series, rollouts, roles and causes")
    func plain() throws {
        try cluster().fill("plain", columns: columns, rows: rows)
        try expectAlike("plain")
    }

    @Test("are judged so where they are spread over two servers")
    func distributed() throws {
        try cluster().distribute("spread", columns: columns, rows: rows)
        try expectAlike("spread")
    }

    @Test("may be read by users who may change no setting")
    func readOnly() throws {
        try cluster().fill("read_only", columns: columns, rows: rows)
        let credentials = [
            "CLICKHOUSE_USER": ClickHouseCluster.reader,
            "CLICKHOUSE_PASSWORD": ClickHouseCluster.readerPassword,
        ]
        let url = try cluster().url("read_only")
        let (free, bound) = (try events(url), try events(url, credentials: credentials))
        #expect(try free.summary().series == bound.summary().series)
        #expect(
            try free.table(interest: during, baseline: before)
                == bound.table(interest: during, baseline: before))
    }
}

/// What a predicate holds for, on the server and in the export.
private func expectSameCounts(_ expression: String, table: String) throws {
    let options = IngestOptions(errorExpression: expression)
    let counted = try events(try cluster().url(table), options).summary()
    try withExport(of: table) { file in
        let summary = try summarize(file, options: options)
        let whole = try #require(summary.series.first)
        #expect(counted.series.first?.total == whole.total, "\(expression)")
    }
}

/// Rows with everything that makes comparing hard: nulls, texts that are numbers, quotes, numbers that are none.
private let oddColumns = """
    ts DateTime, code Nullable(String), status UInt16, ratio Nullable(Float64), name String, flag UInt8, big Int64, \
    level Enum8('info' = 1, 'ERROR' = 2, 'x y' = 3), padded FixedString(4), tags Array(String), day Date, `we``ird` String
    """

private let oddRows: String = {
    let codes = [
        "null", "\"500\"", "\"+5\"", "\"5.\"", "\"-.5\"", "\".5\"", "\"1e2\"", "\"nan\"", "\" 5\"", "\"\"",
        "\"0\"",
        "\"false\"", "\"None\"", "\"it's\"", "\"a\\\\b\"", "\"0x10\"", "\"500 \"", "\"inf\"", "\"5.0\"",
        "\"123456789012345678901234567890123456789012\"",
    ]
    let ratios = ["null", "0", "-0.5", "1e300", "0.1", "5"]
    return (0..<240).map { index in
        """
        {"ts":\(1_791_640_800 + index * 7),"code":\(codes[index % codes.count]),"status":\([200, 404, 500, 503][index % 4]),\
        "ratio":\(ratios[index % ratios.count]),"name":"\(["", "x", "-", "null", "true", "7"][index / 2 % 6])","flag":\(index / 3 % 2),\
        "big":\([0, -1, 9_007_199_254_740_993][index % 3]),"level":"\(["info", "ERROR", "x y"][index / 5 % 3])",\
        "padded":"\(["", "ab", "abcd"][index % 3])","tags":\(["[]", "[\"a\"]"][index / 7 % 2]),"day":"2026-10-0\(1 + index % 9)",\
        "we`ird":"\(["a", "b`"][index % 2])"}
        """
    }.joined(separator: "\n")
}()

@Suite(
    "Which events failed, asked on the server",
    .enabled(if: ClickHouseCluster.isInstalled, Comment(rawValue: ClickHouseCluster.absence)))
struct ClickHousePredicateTests {
    private static let filled = Result {
        try cluster().fill("odd", columns: oddColumns, rows: oddRows)
    }

    @Test(
        "is what it is in the export",
        arguments: [
            "code", "code == null", "code != null", "code == 500", "code != 500", "code >= 5", "code < 5",
            "code == 5",
            "code <= -0.5", "code == '500'", "code != '500'", "code == \"it's\"", "code == 'a\\b'",
            "code == ''", "code > 1e30",
            "status >= 500", "status == '500'", "status == 500 or code == 500", "not status >= 500",
            "not (code and ratio)",
            "ratio", "ratio == null", "ratio != 0.1", "ratio == 0.1", "ratio > 1e200", "ratio < 0",
            "ratio == '0.1'",
            "name", "name == 7", "name == true", "name != ''", "flag", "flag == true", "flag == 1",
            "flag == '1'",
            "big > 9007199254740991", "big == -1", "big == '9007199254740993'", "level == ERROR",
            "level != 'x y'", "level",
            "level == 5", "tags", "tags == 5", "tags != 5",
            "tags == null",
            "day == '2026-10-03'", "day", "nothing == null", "status >= 500 or nothing != null",
        ])
    func oracle(expression: String) throws {
        try Self.filled.get()
        try expectSameCounts(expression, table: "odd")
    }

    @Test("is refused by name where it cannot be asked there")
    func refused() throws {
        try Self.filled.get()
        let error = #expect(throws: ConnectorError.self) {
            try events(cluster().url("odd"), IngestOptions(errorExpression: "tags == '[]'"))
        }
        #expect(error?.problem.contains("'tags' of type Array(String)") == true)
        let missing = #expect(throws: IngestError.self) {
            try events(cluster().url("odd"), IngestOptions(errorExpression: "statsu >= 500"))
        }
        #expect(missing?.problem.contains("'statsu'") == true)
    }

    @Test(
        "follows from the column that says so, as in a file",
        arguments: ["status", "flag", "level", "code", "name"])
    func rules(column: String) throws {
        try Self.filled.get()
        let options = IngestOptions(roleFields: [.error: column])
        let counted = try events(try cluster().url("odd"), options).summary()
        try withExport(of: "odd") { file in
            let summary = try summarize(file, options: options)
            #expect(counted.series.first?.total == summary.series.first?.total)
            #expect(counted.roles.assumptions.dropFirst() == summary.roles.assumptions.dropFirst())
        }
    }
}

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
    var limits = HTTPRequest.Limits()
    limits.silentSeconds = silentSeconds
    limits.totalSeconds = 2 * silentSeconds
    limits.firstWaitMilliseconds = 10
    return try ClickHouseEvents(
        url, client: HTTPClient(userAgent: "tests"), credentials: Credentials(credentials), options: options,
        limits: limits)
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

import Attribution
import Connectors
import DeployModel
import EventIngest
import TestSupport
import Testing

private func cluster() throws -> ClickHouseCluster { try ClickHouseCluster.shared.get() }

private func events(_ table: String, _ options: IngestOptions = IngestOptions()) throws -> ClickHouseEvents {
    let url = try cluster().url(table)
    let connection = try ServerConnection(
        userAgent: "tests", credentials: Credentials([:]), isOffline: false, for: url)
    return try ClickHouseEvents(ClickHouseTable(url), over: connection, options: options)
}

private let start = 1_791_640_800

/// A row for each of two pods and each of sixty steps.
private func rows(_ row: (_ step: Int, _ pod: String, _ noise: Int) -> String) -> String {
    var noise = SeededNoise(seed: 21)
    return (0..<120).map { index in
        row(index / 2, ["api-6d8f9c7b5d-x2x4z", "api-6d8f9c7b5d-q8w4k"][index % 2], Int(noise.next() % 50))
    }.joined(separator: "\n")
}

private struct Shape: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var columns: String
    var rows: String
}

private let shapes = [
    Shape(
        testDescription: "rows of counts, every ten minutes, with kinds of error",
        columns: "minute DateTime, pod String, errors UInt32, successes UInt32, error_kinds Nullable(String)",
        rows: rows { step, pod, noise in
            """
            {"minute":\(start + step * 600),"pod":"\(pod)","errors":\(noise),"successes":\(100 + noise),\
            "error_kinds":\(noise == 0 ? "null" : "\"timeout:\(noise / 2);refused:\(noise - noise / 2);odd;x:y:3\"")}
            """
        }),
    Shape(
        testDescription: "events that stand for several, some weights missing",
        columns: "ts DateTime, pod String, error UInt8, sample_rate Nullable(Float64)",
        rows: rows { step, pod, noise in
            """
            {"ts":\(start + step * 61),"pod":"\(pod)","error":\(noise % 2),"sample_rate":\(noise % 5 == 0 ? "null" : "\(Double(noise) / 2)")}
            """
        }),
    Shape(
        testDescription: "times as texts, with fractions and zones",
        columns: "ts String, pod String, status UInt16",
        rows: rows { step, pod, noise in
            let time = "\(Instant(milliseconds: Int64(start + step * 61) * 1000 + Int64(noise * 7)))"
            return """
                {"ts":"\(noise % 3 == 0 ? "\(time.dropLast())+00:00" : time)","pod":"\(pod)","status":\(noise % 9 == 0 ? 500 : 200)}
                """
        }),
    Shape(
        testDescription: "times as microseconds since 1970, texts that are numbers",
        columns: "t UInt64, pod LowCardinality(Nullable(String)), status String",
        rows: rows { step, pod, noise in
            """
            {"t":\(start + step * 61)\(100_000 + noise * 499),"pod":\(noise == 3 ? "null" : "\"\(pod)\""),"status":"\(noise % 9 == 0 ? 503 : 200)"}
            """
        }),
    Shape(
        testDescription: "times that are missing here and there",
        columns: "ts Nullable(DateTime), pod String, level String, latency_ms Nullable(Float32)",
        rows: rows { step, pod, noise in
            """
            {"ts":\(noise == 7 ? "null" : "\(start + step * 61)"),"pod":"\(pod)","level":"\(noise % 6 == 0 ? "Error" : "info")",\
            "latency_ms":\(noise % 4 == 0 ? "null" : "\(noise * noise)")}
            """
        }),
]

@Suite(
    "Rows of ClickHouse of any shape",
    .enabled(if: ClickHouseCluster.isInstalled, Comment(rawValue: ClickHouseCluster.absence)))
struct ClickHouseShapeTests {
    @Test("are counted as their export is", arguments: Array(shapes.enumerated()))
    private func counted(index: Int, shape: Shape) throws {
        let table = "shape_\(index)"
        try cluster().fill(table, columns: shape.columns, rows: shape.rows)
        let text = try cluster().execute(
            "SELECT * FROM \(table) SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONEachRow")
        let counted = try events(table).summary()
        try withTemporaryFolder { folder in
            try write(text, to: "\(folder)/events.ndjson")
            let summary = try summarize(
                EventSources(["\(folder)/events.ndjson"]), options: IngestOptions())
            #expect(counted.span == summary.span)
            #expect(counted.inputs[0].events == summary.inputs[0].events)
            #expect(counted.inputs[0].skipped == summary.inputs[0].skipped)
            #expect(counted.inputs[0].first == summary.inputs[0].first)
            #expect(counted.inputs[0].last == summary.inputs[0].last)
            #expect(counted.rollouts == summary.rollouts)
            #expect(counted.series.map(\.scope) == summary.series.map(\.scope))
            for (own, other) in zip(counted.series, summary.series) { #expect(own == other, "\(own.scope)") }
        }
    }

    @Test("stand for all of them where only some are fetched, and causes are counted exactly")
    func sampled() throws {
        var noise = SeededNoise(seed: 8)
        let rows = (0..<20_000).map { index -> String in
            let (region, id) = (["eu", "us", "ap"][Int(noise.next() % 3)], noise.next())
            let fails = index >= 10_000 && region == "eu" && noise.next() % 2 == 0 || noise.next() % 100 == 0
            return """
                {"ts":\(start + index),"region":"\(region)","id":"\(String(id, radix: 16))","n":\(noise.next() % 1000),"error":\(fails ? 1 : 0)}
                """
        }
        try cluster().fill(
            "sampled", columns: "ts DateTime, region String, id String, n UInt16, error UInt8",
            rows: rows.joined(separator: "\n"))
        try cluster().distribute(
            "sampled_all", columns: "ts DateTime, region String, id String, n UInt16, error UInt8",
            rows: rows.joined(separator: "\n"))
        let interest = TimeWindow(
            since: Instant(seconds: start + 10_000), until: Instant(seconds: start + 20_000))
        let baseline = TimeWindow(since: Instant(seconds: start), until: Instant(seconds: start + 10_000))
        let whole = try events("sampled").table(interest: interest, baseline: baseline)
        #expect(whole.sampledFrom == nil)
        #expect(whole.count == 20_000)
        // An id for each event says nothing about why it failed, and is most of what would be fetched.
        #expect(whole.columns.map(\.name) == ["error", "n", "region"])
        let kept = try events("sampled").table(interest: interest, baseline: baseline, keeping: ["id"])
        #expect(kept.column("id")?.values.count == 20_000)
        let exact = explain(whole, interest: interest, baseline: baseline).causes[0]
        var answers: [Explanation] = []
        for name in ["sampled", "sampled_all"] {
            let table = try events(name).table(interest: interest, baseline: baseline, limit: 3000)
            #expect(table.sampledFrom == 20_000)
            #expect((6000...8000).contains(table.count))
            #expect(abs(table.weights.reduce(0, +) - 20_000) < 1e-6)
            let told = try events(name).recounted(
                explain(table, interest: interest, baseline: baseline), of: table, interest: interest,
                baseline: baseline)
            #expect(told.causes[0].predicates == [Predicate("region", .equals(.string("eu")))])
            #expect(told.causes[0].predicates == exact.predicates)
            #expect(told.causes[0].events == exact.events)
            #expect(told.causes[0].errors == exact.errors)
            #expect(told.causes[0].rateBefore == exact.rateBefore)
            answers.append(told)
        }
        // Which rows are chosen does not depend on where they lie.
        #expect(answers[0] == answers[1])
    }

    @Test("take no more room on the wire than is allowed")
    func wire() throws {
        var noise = SeededNoise(seed: 4)
        let rows = (0..<12_000).map { index in
            let text = (0..<4).map { _ in String(noise.next(), radix: 16) }.joined()
            return "{\"ts\":\(start + index),\"message\":\"\(text)\",\"error\":\(index % 2)}"
        }
        try cluster().fill(
            "wide", columns: "ts DateTime, message String, error UInt8", rows: rows.joined(separator: "\n"))
        let asked = try events("wide")
        let window = TimeWindow(since: Instant(seconds: start), until: Instant(seconds: start + 12_000))
        let before = asked.receivedBytes
        let table = try asked.table(interest: window, baseline: nil, wireBytes: 100_000)
        #expect(asked.receivedBytes - before < 130_000)
        #expect(table.sampledFrom == 12_000)
        #expect(table.count < 6000)
    }
}

import DeployModel
import TestSupport
import Testing

@testable import EventIngest

private let start = Instant(seconds: 1_600_000_200)

private func line(_ index: Int) -> String {
    let pod = index % 3 == 0 ? "mailer-7d9f4b6c85-x7k2p" : "web-5f6d7c8b94-q8w4z"
    return
        "{\"ts\":\"\(start + index * 7)\",\"pod\":\"\(pod)\",\"size\":\(index % 5),\"error\":\(index % 10 == 0),\"message\":\"no route to host \(index)\"}"
}

/// Counts the lines, and looks at all of them.
private func read(_ lines: [String]) throws -> (summary: EventSummary, table: EventTable) {
    try withTemporaryFolder { folder in
        try write(lines.joined(separator: "\n"), to: "\(folder)/events.ndjson")
        let sources = try EventSources(["\(folder)/events.ndjson"])
        let summary = try summarize(sources, options: IngestOptions())
        let span = try #require(summary.span)
        return (
            summary,
            try sampleTable(
                sources, summary: summary, interest: span, baseline: nil, options: IngestOptions())
        )
    }
}

/// Rows as sets of what they say, whatever their order and the codes of their values.
private func rows(_ table: EventTable) -> [String] {
    table.times.indices.map { row in
        let fields = table.columns.filter { $0.codes[row] >= 0 }.map {
            "\($0.name)=\($0.values[Int($0.codes[row])].text)"
        }
        return
            "\(table.times[row]) \(table.failing[row]) \(table.weights[row]) \(fields.joined(separator: " "))"
    }.sorted()
}

@Suite("Events of several places, counted together")
struct JoinedTests {
    @Test("are counted as if they had come from one", arguments: [2, 5])
    func sums(parts: Int) throws {
        let lines = (0..<600).map(line)
        let whole = try read(lines)
        let counted = try (0..<parts).map { part in
            try read(lines.enumerated().filter { $0.offset % parts == part }.map(\.element))
        }
        let summary = counted.dropFirst().reduce(counted[0].summary) { $0.joined(with: $1.summary) }
        #expect(summary.span == whole.summary.span)
        #expect(summary.inputs.count == parts && summary.rollouts.count == whole.summary.rollouts.count)
        let sums = Dictionary(uniqueKeysWithValues: summary.series.map { ($0.scope, $0) })
        for series in whole.summary.series { #expect(sums[series.scope] == series, "\(series.scope)") }
        let table = counted.dropFirst().reduce(counted[0].table) { $0.joined(with: $1.table) }
        #expect(rows(table) == rows(whole.table))
        #expect(table.roles == whole.table.roles)
    }

    @Test("of unlike buckets are summed on those that both fill")
    func widths() throws {
        let roles = try read((0..<20).map(line)).summary.roles
        func series(_ start: Int, _ width: Int, _ events: [Double], _ scope: Scope = .all) -> Series {
            Series(
                scope: scope, start: Instant(seconds: start), bucketSeconds: width, events: events,
                errors: events.map { $0 / 2 })
        }
        func summary(_ series: Series...) -> EventSummary {
            EventSummary(
                inputs: [], span: series[0].window, series: series, rollouts: [], roles: roles, warnings: [])
        }
        let kind = Scope(.error, "lost")
        let joined = summary(
            series(1200, 60, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]), series(1200, 60, [1, 1], kind)
        )
        .joined(with: summary(series(600, 600, [100, 200, 300])))
        #expect(joined.series.map(\.bucketSeconds) == [600, 600])
        #expect(joined.series[0].start == Instant(seconds: 600))
        #expect(joined.series[0].events == [100, 255, 311])
        #expect(joined.series[0].errors == [50, 127.5, 155.5])
        // A kind of error is counted among all events.
        #expect(joined.series[1].events == [100, 255, 311] && joined.series[1].errors == [0, 1, 0])
    }

    @Test("that have unlike fields keep them, and lack what they do not have")
    func fields() {
        let one = EventTable(
            times: [start, start + 1], failing: [true, false], weights: [1, 2],
            columns: [
                EventTable.Column(name: "a", values: [.string("x"), .number(1)], codes: [0, 1]),
                EventTable.Column(name: "b", values: [.bool(true)], codes: [0, -1]),
            ], roles: [.pod: "a"])
        let two = EventTable(
            times: [start + 2], failing: [true], weights: [5],
            columns: [
                EventTable.Column(name: "a", values: [.number(2), .number(1)], codes: [1]),
                EventTable.Column(
                    name: "c", values: [.string("y")], codes: [0], elements: [0: [.string("z")]]),
            ], roles: [.pod: "c", .version: "c"], sampledFrom: 50)
        let joined = one.joined(with: two)
        #expect(joined.columns.map(\.name) == ["a", "b", "c"])
        #expect(joined.columns.map(\.codes) == [[0, 1, 1], [0, -1, -1], [-1, -1, 0]])
        #expect(joined.columns[2].elements == [0: [.string("z")]])
        #expect(joined.roles == [.pod: "a", .version: "c"] && joined.sampledFrom == 53)
        #expect(one.joined(with: EventTable(times: [], failing: [], weights: [], columns: [])) == one)
    }
}

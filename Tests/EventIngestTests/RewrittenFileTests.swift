import DeployModel
import EventIngest
import Foundation
import Synchronization
import TestSupport
import Testing

/// What a file holds, and what another program puts in its place.
private enum Contents: String, CaseIterable, Sendable {
    case lines, otherLines, delimited, document, metrics, nothing, bytes, oneLine, packed

    /// Writes into the file that is there, if one is, rather than beside it.
    func write(to path: String) throws { try Data(text).write(to: URL(filePath: path)) }

    private var text: [UInt8] {
        func events(_ step: Int, _ member: String) -> [String] {
            (0..<400).map {
                "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0 * step))\",\"error\":\($0 % 9 == 2),\(member)}"
            }
        }
        switch self {
        case .lines: return Array(events(30, "\"pod\":\"web-1\",\"n\":7").joined(separator: "\n").utf8)
        case .otherLines:
            return Array(
                events(7, "\"k\":{\"a\":[1,2,3],\"b\":\"\\u00e9\"}").reversed().joined(separator: "\r\n\n")
                    .utf8)
        case .delimited:
            let rows = (0..<400).map {
                "\(Instant(seconds: 1_600_000_000 + $0 * 30)),\($0 % 9 == 2),\"a\n,\"\"b\""
            }
            return Array((["ts,error,note"] + rows).joined(separator: "\n").utf8)
        case .document: return Array("[\(events(30, "\"pod\":\"web-1\"").joined(separator: ",\n"))]".utf8)
        case .metrics:
            let points = (0..<200).map { "[\(1_600_000_000 + $0 * 60),\"\($0 % 5)\"]" }.joined(separator: ",")
            let series = ["200", "500"].map { code in
                #"{"metric":{"__name__":"requests_total","code":"\#(code)"},"values":[\#(points)]}"#
            }.joined(separator: ",")
            return Array(
                #"{"status":"success","data":{"resultType":"matrix","result":[\#(series)]}}"#.utf8)
        case .nothing: return []
        case .bytes: return (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 193 ^ $0 >> 3) }
        case .oneLine: return [UInt8](repeating: UInt8(ascii: "{"), count: 60_000)
        case .packed:
            return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
                + (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        }
    }
}

/// Whether a table is one, whatever was read into it.
private func expectSound(_ table: EventTable) {
    #expect(table.failing.count == table.count && table.weights.allSatisfy { $0 > 0 && $0.isFinite })
    for column in table.columns {
        #expect(column.codes.count == table.count)
        #expect(column.codes.allSatisfy { $0 >= -1 && $0 < column.values.count })
    }
}

@Suite("Files that another program writes while they are read")
struct RewrittenFileTests {
    @Test(
        "a file rewritten after the events were counted gives a table or an error that says so",
        arguments: [Contents.lines, .delimited, .document, .metrics], Contents.allCases)
    fileprivate func betweenPasses(before: Contents, after: Contents) throws {
        // With few places the blocks are read again, with many the records.
        for limit in [5, 30_000] {
            try withTemporaryFolder { folder in
                let path = "\(folder)/events"
                try before.write(to: path)
                var options = IngestOptions(jobs: 2)
                options.partBytes = 4096
                let sources = try EventSources([path])
                let found = try summarize(sources, options: options)
                let span = try #require(found.span)
                try after.write(to: path)
                let half = span.since + Int(span.seconds / 2)
                do {
                    let table = try sampleTable(
                        sources, summary: found, interest: TimeWindow(since: half, until: span.until),
                        baseline: TimeWindow(since: span.since, until: half), options: options, limit: limit)
                    expectSound(table)
                    #expect(before != after || table.count > 0)
                } catch let error as IngestError {
                    #expect(before != after && !error.problem.isEmpty)
                }
            }
        }
    }

    @Test(
        "a file rewritten while the events are counted gives counts or an error that says so",
        arguments: [Contents.lines, .delimited, .document], Contents.allCases)
    fileprivate func duringFirstPass(before: Contents, after: Contents) throws {
        for turn in [1, 3, 8] {
            try withTemporaryFolder { folder in
                let path = "\(folder)/events"
                try before.write(to: path)
                let reads = Mutex(0)
                let sources = try EventSources([.path(path)]) { _ in
                    let isTurn = reads.withLock {
                        $0 += 1
                        return $0 == turn
                    }
                    if isTurn { try? after.write(to: path) }
                }
                var options = IngestOptions(jobs: 2)
                options.partBytes = 4096
                do {
                    let found = try summarize(sources, options: options)
                    #expect(
                        found.series.allSatisfy { series in
                            zip(series.events, series.errors).allSatisfy { $0 >= $1 && $1 >= 0 }
                        })
                    guard let span = found.span else { return }
                    expectSound(
                        try sampleTable(
                            sources, summary: found, interest: span, baseline: nil, options: options))
                } catch let error as IngestError { #expect(!error.problem.isEmpty) }
            }
        }
    }
}

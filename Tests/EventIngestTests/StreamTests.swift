import DelimitedText
import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

/// What is told of a file's events; where the file is and how it is packed is left out.
private struct Reading: Equatable {
    var events: Double, skipped: Int
    var series: [Series]
    var rejected: [String]
    var warnings: [Warning]
    var table: EventTable

    init(_ sources: EventSources, options: IngestOptions, limit: Int = 30_000) throws {
        let found = try summarize(sources, options: options)
        events = found.inputs.reduce(0) { $0 + $1.events }
        skipped = found.inputs.reduce(0) { $0 + $1.skipped }
        series = found.series
        rejected = found.rejected.map { "\($0.line): \($0.reason)" }
        warnings = found.warnings.filter { $0.code != "skipped_lines" }
        table = try sampleTable(
            sources, summary: found, interest: try #require(found.span), baseline: nil, options: options,
            limit: limit)
    }

    init(path: String, options: IngestOptions = IngestOptions(), limit: Int = 30_000) throws {
        try self.init(EventSources([path]), options: options, limit: limit)
    }

    /// The same with a text in a file of that name.
    init(_ text: String, options: IngestOptions = IngestOptions(), limit: Int = 30_000) throws {
        self = try withTemporaryFolder { folder in
            try write(text, to: "\(folder)/events")
            return try Reading(path: "\(folder)/events", options: options, limit: limit)
        }
    }
}

private func options(partBytes: Int, jobs: Int) -> IngestOptions {
    var options = IngestOptions(jobs: jobs)
    options.partBytes = partBytes
    return options
}

/// Rows of delimited text with everything that RFC 4180 allows, and, on request, with what it does not.
private func delimited(seed: Int, rows: Int = 120, isBroken: Bool) -> String {
    var noise = SeededNoise(seed: UInt64(seed))
    func any(_ choices: [String]) -> String { choices[Int(noise.next() % UInt64(choices.count))] }
    var text = "ts,error,pod,note\n"
    for index in 0..<rows {
        let time = Instant(seconds: 1_600_000_000 + index * 7).description
        var notes = [
            "", "plain", "\"\"", "\"a,b\"", "\"two\nlines\n\"", "\"say \"\"no\"\"\"", "\"\"\"\"", "é\r",
        ]
        if isBroken { notes += ["ab\"c", "\"x\"y", "\"x\" ", "a,b", "\"a\"\r,"] }
        let cells = [
            any([time, "\"\(time)\""]), any(["true", "false", "\"false\""]), any(["a-1", "\"b-2\""]),
        ]
        text += (cells + [any(notes)]).joined(separator: ",") + any(["\n", "\n", "\r\n", "\n\n", "\n\r\n"])
    }
    if isBroken, seed % 3 == 0 { text += "\"never closed\n\(text.suffix(500))" }
    return seed % 2 == 0 ? text : String(text.trimmingSuffix { $0.isNewline })
}

extension String {
    fileprivate func trimmingSuffix(while isLeftOut: (Character) -> Bool) -> String {
        var copy = self
        while let last = copy.last, isLeftOut(last) { copy.removeLast() }
        return copy
    }
}

@Suite("Streams, cut into parts")
struct StreamTests {
    @Test(
        "delimited text is read as a scanner reads it that looks at each byte, wherever it is cut",
        arguments: 1...12, [false, true])
    func delimitedText(seed: Int, isBroken: Bool) throws {
        let text = delimited(seed: seed, isBroken: isBroken)
        let expected = DelimitedText.table(Array(text.utf8))
        let whole = try Reading(text)
        #expect(whole.events + Double(whole.skipped) == Double(expected.rows.count + expected.rejected.count))
        #expect(isBroken || whole.skipped == 0)
        let notes = expected.rows.map { $0.cells[3] }
        if whole.skipped == expected.rejected.count {
            #expect(
                whole.rejected.map { $0.prefix { $0 != ":" } }
                    == expected.rejected.prefix(5).map { Substring("\($0.line)") })
            let column = whole.table.column("note")
            let found = column.map { column in column.codes.map { $0 < 0 ? "" : "\(column.values[Int($0)])" }
            }
            #expect(found?.count { !$0.isEmpty } ?? 0 <= notes.count { !$0.isEmpty })
        }
        for bytes in [1, 64, 100, 777, 4096] {
            for jobs in [1, 3] {
                #expect(try Reading(text, options: options(partBytes: bytes, jobs: jobs)) == whole)
            }
        }
        let few = try Reading(text, limit: 9)
        #expect(try Reading(text, options: options(partBytes: 100, jobs: 2), limit: 9) == few)
    }

    @Test(
        "what is packed is read as the file is, wherever it is cut",
        .enabled(if: isInstalled("gzip") && isInstalled("zstd"), "gzip and zstd are wanted to pack with"),
        arguments: ["gzip", "zstd"], ["ndjson", "csv"])
    func packed(program: String, format: String) throws {
        var lines = (0..<400).map {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0 * 30))\",\"error\":\($0 % 9 == 2),\"pod\":\"web-\($0 % 3)\",\"n\":\($0)}"
        }
        lines[7] = "{broken"
        lines[390] = ""
        let text = format == "csv" ? delimited(seed: 4, isBroken: true) : lines.joined(separator: "\n")
        try withTemporaryFolder { folder in
            try write(text, to: "\(folder)/events")
            #expect(try run(program, ["-q", "-k", "\(folder)/events"]).status == 0)
            let packed = "\(folder)/events.\(program == "gzip" ? "gz" : "zst")"
            let plain = try Reading(path: "\(folder)/events")
            for bytes in [50, 999, 16 << 20] {
                for jobs in [1, 2] {
                    let options = options(partBytes: bytes, jobs: jobs)
                    #expect(try Reading(path: packed, options: options) == plain)
                }
            }
            let few = try Reading(path: "\(folder)/events", limit: 12)
            #expect(try Reading(path: packed, options: options(partBytes: 999, jobs: 2), limit: 12) == few)
            // Several packed files are read by a thread each.
            let both = try EventSources(["\(folder)/events", packed])
            let doubled = try Reading(both, options: options(partBytes: 999, jobs: 2))
            #expect(doubled.events == plain.events * 2)
            // The same events, but not the same bytes, which would count once.
            let again = "\(folder)/again"
            try write(text, to: again)
            #expect(try run(program, ["-q", "-1", "-k", again]).status == 0)
            let twice = try EventSources([packed, "\(again).\(program == "gzip" ? "gz" : "zst")"])
            #expect(try Reading(twice, options: options(partBytes: 999, jobs: 2)).series == doubled.series)
        }
    }

    @Test(
        "what comes only once is read as a file is, be it short, packed or kept on the way",
        arguments: [10, 700, 1 << 20], [false, true])
    func pipe(headBytes: Int, isDelimited: Bool) throws {
        // Most of the first lines are broken, so that the head alone does not tell the roles of fields.
        let lines = (0..<300).map {
            (1..<12).contains($0)
                ? "Starting the server"
                : "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0 * 30))\",\"error\":\($0 % 9 == 2),\"n\":\($0)}"
        }
        let text = isDelimited ? delimited(seed: 5, isBroken: true) : lines.joined(separator: "\n")
        try withTemporaryFolder { folder in
            try write(text, to: "\(folder)/events")
            let plain = try Reading(path: "\(folder)/events")
            for bytes in [64, 1000, 16 << 20] {
                let pipe = "\(folder)/pipe\(bytes)"
                #expect(try run("mkfifo", [pipe]).status == 0)
                // Opening a pipe waits for who reads it.
                Thread.detachNewThread {
                    try? FileHandle(forWritingTo: URL(filePath: pipe)).write(contentsOf: Data(text.utf8))
                }
                let sources = try EventSources([.path(pipe)], headBytes: headBytes)
                #expect(try Reading(sources, options: options(partBytes: bytes, jobs: 2)) == plain)
                let again = try Reading(sources, options: options(partBytes: bytes, jobs: 1), limit: 7)
                #expect(try again == Reading(path: "\(folder)/events", limit: 7))
                #expect(
                    try summarize(sources, options: options(partBytes: bytes, jobs: 1)).inputs[0].format
                        == (isDelimited ? "csv" : "ndjson"))
            }
        }
    }

    @Test(
        "a document of which the first bytes tell nothing is read as a file is",
        arguments: [40, 900, 1 << 20])
    func document(headBytes: Int) throws {
        let values = (0..<120).map { "[\(1_600_000_000 + $0 * 30),\"\($0 * 3)\"]" }.joined(separator: ",")
        let text =
            #"{"status":"success","data":{"resultType":"matrix","result":["#
            + ["200", "500"].map {
                #"{"metric":{"__name__":"requests_total","code":"\#($0)"},"values":[\#(values)]}"#
            }.joined(separator: ",") + "]}}"
        try withTemporaryFolder { folder in
            try write(text, to: "\(folder)/answer.json")
            let plain = try Reading(path: "\(folder)/answer.json")
            let pipe = "\(folder)/pipe"
            #expect(try run("mkfifo", [pipe]).status == 0)
            Thread.detachNewThread {
                try? FileHandle(forWritingTo: URL(filePath: pipe)).write(contentsOf: Data(text.utf8))
            }
            let sources = try EventSources([.path(pipe)], headBytes: headBytes)
            #expect(try Reading(sources, options: options(partBytes: 1000, jobs: 2)) == plain)
            #expect(plain.events > 0)
        }
    }

    @Test("a line of more than 16 MiB costs itself only, in a packed file as in a plain one")
    func longLine() throws {
        guard isInstalled("zstd") else { return }
        let good = "{\"ts\":\"2020-09-13T12:27:00Z\",\"error\":false}\n"
        let long = "{\"ts\":\"" + String(repeating: "x", count: 17 << 20) + "\"}\n"
        try withTemporaryFolder { folder in
            try write(good + good + long + good, to: "\(folder)/events")
            #expect(try run("zstd", ["-q", "-k", "\(folder)/events"]).status == 0)
            let plain = try Reading(path: "\(folder)/events")
            #expect(plain.events == 3 && plain.rejected == ["3: the line is longer than 16 MiB"])
            for bytes in [1 << 16, 16 << 20] {
                let options = options(partBytes: bytes, jobs: 2)
                #expect(try Reading(path: "\(folder)/events.zst", options: options) == plain)
            }
        }
    }
}

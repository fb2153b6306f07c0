import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

/// Events that differ in everything a reader must not stumble over: which fields there are, their order, nesting, arrays,
/// escapes, spellings of numbers.
private struct Record {
    var fields: [(key: String, value: String)]

    static func random(_ index: Int, _ noise: inout SeededNoise) -> Record {
        var fields = [
            ("ts", "\"\(Instant(seconds: 1_600_000_000 + index * 7))\""),
            ("error", noise.next() % 4 == 0 ? "true" : "false"),
            ("pod", "\"web-\(noise.next() % 3)\""),
        ]
        let optional = [
            ("n", ["7", "7.0", "-1.5e3", "123456789012345678", "0"]),
            ("text", ["\"a \\\"b\\\" \\u00e9\\n\"", "\"\"", "\"{,}:[]\"", "\"\\\\\"", "\"héé\""]),
            ("none", ["null"]), ("list", ["[1,{\"a\":[2,\"]\"]}]", "[]"]),
            ("deep", ["{\"a\":{\"b\":1},\"c\":\"x\"}", "{}", "{\"a\":{}}", "{\"c\":\"y\",\"a\":{\"b\":2}}"]),
            ("deep.c", ["\"flat\""]),
        ]
        for (key, values) in optional where noise.next() % 3 != 0 {
            fields.append((key, values[Int(noise.next() % UInt64(values.count))]))
        }
        if noise.next() % 2 == 0 { fields.shuffle(using: &noise) }
        return Record(fields: fields)
    }

    var compact: String { "{" + fields.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}" }
    var spaced: String {
        "  { " + fields.map { "\"\($0.key)\" :\t\($0.value) " }.joined(separator: " , ") + " } \r"
    }
    /// A key with an escape makes the reader look at every byte.
    var escaped: String {
        let keys = fields.map {
            "\"\\u00\(String($0.key.utf8.first ?? 0, radix: 16))\($0.key.dropFirst())\":\($0.value)"
        }
        return "{" + keys.joined(separator: ",") + "}"
    }
}

/// All events of a text as rows.
private func table(_ text: String, options: IngestOptions = IngestOptions(), limit: Int = 30_000) throws
    -> EventTable
{
    try withTemporaryFolder { folder in
        try write(text, to: "\(folder)/events.ndjson")
        let sources = try EventSources(["\(folder)/events.ndjson"])
        let summary = try summarize(sources, options: options)
        return try sampleTable(
            sources, summary: summary, interest: try #require(summary.span), baseline: nil, options: options,
            limit: limit)
    }
}

private func summary(_ text: String, options: IngestOptions = IngestOptions()) throws -> EventSummary {
    try withTemporaryFolder { folder in
        try write(text, to: "\(folder)/events.ndjson")
        var found = try summarize(EventSources(["\(folder)/events.ndjson"]), options: options)
        // The folder is another one each time.
        for index in found.inputs.indices { found.inputs[index].source = "" }
        for index in found.rejected.indices { found.rejected[index].source = "" }
        return found
    }
}

@Suite("Reading lines of JSON")
struct ReadingTests {
    @Test("how a record is spelled does not matter", arguments: 1...6)
    func spellings(seed: Int) throws {
        var noise = SeededNoise(seed: UInt64(seed))
        let records = (0..<200).map { Record.random($0, &noise) }
        let compact = try table(records.map(\.compact).joined(separator: "\n"))
        #expect(compact.count == 200)
        #expect(compact.column("deep.c") != nil)
        // Rows of one time are sorted by their bytes, which are others here; times are all different.
        #expect(try table(records.map(\.spaced).joined(separator: "\n")) == compact)
        #expect(try table(records.map(\.escaped).joined(separator: "\n")) == compact)
    }

    @Test(
        "where a file is cut and how many threads read it does not matter", arguments: [64, 700, 5000],
        [1, 3])
    func parts(bytes: Int, jobs: Int) throws {
        var noise = SeededNoise(seed: 77)
        var lines = (0..<250).map { Record.random($0, &noise).compact }
        for broken in [3, 120, 121, 249] { lines[broken] = String(lines[broken].dropLast(9)) }
        lines[200] = ""
        let text = lines.joined(separator: "\n")
        let whole = try summary(text)
        var options = IngestOptions(jobs: jobs)
        options.partBytes = bytes
        let cut = try summary(text, options: options)
        #expect(cut.inputs == whole.inputs)
        #expect(cut.series == whole.series)
        #expect(cut.rejected == whole.rejected)
        #expect(whole.rejected.map(\.line) == [4, 121, 122, 250])
        #expect(try table(text, options: options) == table(text))
        #expect(try table(text, options: options, limit: 20) == table(text, limit: 20))
    }

    @Test(
        "a line that is no record is counted, and takes no other with it",
        arguments: [
            "{\"ts\":\"2020-09-13T12:27:00Z\",\"error\":true", "{\"ts\":", "}", "{{", "[]", "7", "\"text\"",
            "{,}",
            "{\"ts\":\"2020-09-13T12:27:00Z\",\"error\":true}{\"error\":true}", "{\"a\" 1}", "{\"a\":1,}",
            "{a:1}",
            "{\"ts\":\"2020-09-13T12:27:00Z\",\"error\":tru}", "{\"ts\":\"unclosed}",
            "{\"ts\":\"tab\tinside\"}",
            "{\"a\":[1,2}", "{\"a\":{\"b\":1]}",
        ])
    func broken(line: String) throws {
        let good = (0..<5).map { "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0))\",\"error\":\($0 == 2)}" }
        let found = try summary((good[..<3] + [line] + good[3...]).joined(separator: "\n"))
        #expect(found.inputs[0].events == 5)
        #expect(found.inputs[0].skipped == 1)
        #expect(found.rejected.map(\.line) == [4])
        #expect(found.series.first { $0.scope == .all }?.total == Rate(1, of: 5))
    }

    @Test("delimited text spells true and false in three ways each")
    func truth() throws {
        let words = ["true", "True", "TRUE", "false", "False", "FALSE"]
        let rows = words.enumerated().map { "2026-01-01T00:00:0\($0)Z,\($0 == 0),\($1)" }
        let found = try table((["time,error,cached"] + rows).joined(separator: "\n"))
        let column = try #require(found.column("cached"))
        let read = column.codes.map { column.values[Int($0)] }
        #expect(read == [.bool(true), .bool(true), .bool(true), .bool(false), .bool(false), .bool(false)])
    }

    @Test("a field keeps its column, however many made-up names come between")
    func lateField() throws {
        let lines = (0..<2000).map { index in
            let labels = (0..<3).map { "\"\(index)-\($0)\":1" }.joined(separator: ",")
            let code = index == 0 || index > 1800 ? ",\"error_code\":\"E\(index % 2)\"" : ""
            return "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + index))\",\"error\":\(index % 2 == 0)\(code)"
                + ",\"labels\":{\(labels)}}"
        }
        let found = try table(lines.joined(separator: "\n"))
        let column = try #require(found.column("error_code"))
        #expect(column.codes.count { $0 >= 0 } == 200)
        #expect(found.fieldsLeftOut > 5000)
    }

    @Test(
        "a line may begin with thousands of keys that nobody has met, and be read once more for all of them")
    func newKeys() throws {
        let keys = (0..<3000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let lines = (0..<3).map { index in
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + index))\",\"error\":\(index == 1),\(keys)}"
        }
        let found = try summary(lines.joined(separator: "\n"))
        #expect(found.inputs[0].events == 3)
        #expect(found.series.first { $0.scope == .all }?.total == Rate(1, of: 3))
    }

    @Test("whatever bytes are changed, each line is an event or is counted as none", arguments: 1...20)
    func mutated(seed: Int) throws {
        var noise = SeededNoise(seed: UInt64(seed))
        let records = (0..<60).map { Record.random($0, &noise).compact }
        var bytes = Array(records.joined(separator: "\n").utf8)
        for _ in 0..<12 {
            let place = Int(noise.next() % UInt64(bytes.count - 200)) + 200
            if bytes[place] != 0x0A { bytes[place] = UInt8(truncatingIfNeeded: noise.next() % 94 + 33) }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let found = try summary(text)
        #expect(found.inputs[0].events + Double(found.inputs[0].skipped) == 60)
        var options = IngestOptions(jobs: 2)
        options.partBytes = 333
        #expect(try summary(text, options: options).inputs == found.inputs)
    }

    @Test("an object is no field: ECS nests what failed below error")
    func objects() throws {
        let lines = (0..<20).map { index in
            let failure =
                index % 4 == 0 ? ",\"status\":500,\"error\":{\"message\":\"refused\"}" : ",\"status\":200"
            return "{\"@timestamp\":\"\(Instant(seconds: 1_600_000_000 + index))\"\(failure)}"
        }
        let found = try summary(lines.joined(separator: "\n"))
        #expect(found.series.first { $0.scope == .all }?.total == Rate(5, of: 20))
        #expect(found.roles.fields[.error] == "status" && found.roles.fields[.message] == "error.message")
    }

    @Test("an object over several lines is as many lines that are none, however long its strings are")
    func severalLines() throws {
        let good = "{\"ts\":\"2020-09-13T12:27:00Z\",\"error\":false}"
        let long = String(repeating: "x", count: 200_000)
        let found = try summary(
            "\(good)\n{\n\"ts\":\"2020-09-13T12:27:00Z\",\"a\":\"\\n\(long)\",\n\"error\":true}\n\(good)\n")
        #expect(found.inputs[0].events == 2 && found.inputs[0].skipped == 3)
    }

    @Test("columns are the same for any number of threads, whatever the values look like")
    func shares() throws {
        let odd = "0.1000000000000000055511151231257827021181583404541015625"
        let lines = (0..<40).map { index in
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + index))\",\"x\":\(index == 0 ? odd : "1"),\"k8s\":{\"pod\":\"p\"},\"err\":\(index % 2 == 0),"
                + "\"note\":\"\(index == 3 ? "bad \\\\q" : "fine")\"}"
        }
        let one = try table(lines.joined(separator: "\n"))
        #expect(one.column("k8s.pod")?.codes.allSatisfy { $0 == 0 } == true)
        for jobs in [2, 3, 8] {
            #expect(try table(lines.joined(separator: "\n"), options: IngestOptions(jobs: jobs)) == one)
        }
    }

    @Test("what is timed or counted in one part is in all")
    func limits() throws {
        let lines = (0..<3000).map { index in
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + index * 20))\",\"deployment\":\"w\((index * 7) % 20)\",\"error\":false,\"duration_ms\":\(index % 9 == 0 ? 900 : 40)}"
        }
        let text = lines.joined(separator: "\n")
        var options = IngestOptions(jobs: 2)
        options.partBytes = 40_000
        #expect(try summary(text, options: options).series == summary(text).series)
    }

    @Test(
        "events that only remind of an export are read as they are",
        arguments: [
            "{\"timestamp\":\"2020-09-13T12:27:00Z\",\"line\":12,\"file\":\"a.go\",\"level\":\"error\"}",
            "{\"ts\":\"2020-09-13T12:27:00Z\",\"complete\":true,\"data\":{\"n\":1},\"error\":true}",
            "{\"ts\":\"2020-09-13T12:27:00Z\",\"status\":\"error\",\"errorType\":\"Timeout\",\"error\":true}",
            "{\"ts\":\"2020-09-13T12:27:00Z\",\"events\":[{\"name\":\"x\"}],\"error\":true}",
            "Time,status,latency_ms\n2020-09-13T12:27:00Z,500,31",
        ])
    func lookalikes(text: String) throws {
        let found = try summary(text)
        #expect(["ndjson", "csv"].contains(found.inputs[0].format))
        #expect(found.inputs[0].events == 1 && found.inputs[0].skipped == 0)
    }

    @Test(
        "a first line that is cut or no JSON costs itself only",
        arguments: ["{\"ts\":\"2020-09-13T12:2", "rror\":true}", "Starting the server", "{"])
    func firstLine(line: String) throws {
        let good = (0..<6).map { "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0))\",\"error\":\($0 == 2)}" }
        let found = try summary(([line] + good).joined(separator: "\n"))
        #expect(found.inputs[0].events == 6 && found.inputs[0].format == "ndjson")
        #expect(found.rejected.map(\.line) == [1])
    }

    @Test("a mark of byte order takes no record with it, the second time either")
    func byteOrderMark() throws {
        let rows = (0..<10).map {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0 * 60))\",\"errors\":3,\"successes\":97}"
        }
        let marked = try table("\u{FEFF}" + rows.joined(separator: "\n"))
        #expect(marked == (try table(rows.joined(separator: "\n"))))
        #expect(marked.weights.reduce(0, +) == 1000)
    }
}

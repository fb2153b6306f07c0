import DeployModel
import EventIngest
import TestSupport
import Testing

/// Objects of a few dozen fields, of the same keys in nearly the same order, and spelled in every way that JSON allows.
private struct WideLines {
    private var noise: SeededNoise
    private let names: [String]

    init(seed: UInt64) {
        var noise = SeededNoise(seed: seed)
        names = (0..<24).map { index in
            // Keys around the widths in which bytes are looked at together.
            let length = [1, 3, 12, 28, 29, 30, 31, 32, 33, 61, 62, 63, 64, 65][Int(noise.next() % 14)]
            return "k\(index)" + String(repeating: ["k", "é", "."][Int(noise.next() % 3)], count: length)
        }
        self.noise = noise
    }

    private mutating func below(_ limit: Int) -> Int { Int(noise.next() % UInt64(limit)) }
    private mutating func any(_ choices: [String]) -> String { choices[below(choices.count)] }
    private mutating func space() -> String {
        below(6) > 0 ? "" : any([" ", "\t", "  ", " \r\t ", String(repeating: " ", count: 70)])
    }

    private mutating func string() -> String {
        var text = String(
            repeating: any(["x", "é", "{", ",\\n"]),
            count: any(["0", "1", "7"]) == "7" ? below(70) : below(4))
        for _ in 0..<below(4) {
            text += any([
                "\\\"", "\\\\", "\\/", "\\b\\f\\n\\r\\t", "\\u0041", "\\ud83d\\ude80", "\\u0000", "a",
                "\u{7F}", "👩‍🚀", "}", "]", ":", "\\\\\\\"",
            ])
        }
        return "\"\(text)\""
    }

    private mutating func value(depth: Int) -> String {
        switch below(9) {
        case 0...2: string()
        case 3: any(["true", "false", "null"])
        case 4: "[\(space())\(any(["", "1", "\"]\"", "[2, {\"a\":\"}\"}]", "\"\\\\\",null"]))\(space())]"
        case 5 where depth < 4: object(count: below(4), depth: depth + 1)
        default:
            any([
                "0", "-0", "7", "7.0", "-1.5e3", "1E+2", "9007199254740993", "-123456789012345678", "0.1",
                "1e-400", "1234567890.12345678901234567890",
                "0.1000000000000000055511151231257827021181583404541015625",
            ])
        }
    }

    private mutating func object(count: Int, depth: Int) -> String {
        let members = (0..<count).map { index in
            // Now and then another one in its place: a key twice, one of an escape, an empty one.
            var name = below(12) > 0 ? names[index] : any(["", "a.b", "k0", names[below(24)]])
            if below(90) == 0 { name = "\\u006b\(name)" }
            return "\(space())\"\(name)\"\(space()):\(space())\(value(depth: depth))\(space())"
        }
        return "{\(members.joined(separator: ","))\(count == 0 ? space() : "")}"
    }

    /// The line of an event at a time, and whether it failed.
    mutating func line(at time: Instant, isFailing: Bool) -> String {
        let rest = object(count: 20 + below(4), depth: 0)
        return "\(space()){\"ts\":\"\(time)\",\"failed\":\(isFailing),\(rest.dropFirst())\(space())"
    }
}

@Suite("Lines of JSON, compared with a reader that looks at one byte after the other")
struct LineOracleTests {
    @Test(
        "the same fields with the same values are found, whatever the spelling and the spaces",
        arguments: 1...24)
    func wide(seed: Int) throws {
        var lines = WideLines(seed: UInt64(seed))
        let texts = (0..<60).map {
            lines.line(at: Instant(seconds: 1_600_000_000 + $0), isFailing: $0 % 3 == 0)
        }
        let ending = seed % 2 == 0 ? "\n" : "\r\n"
        let text = texts.joined(separator: ending) + (seed % 3 == 0 ? ending : "")
        var options = IngestOptions(
            roleFields: [.time: "ts"], errorExpression: "failed == true", formatIn: .ndjson)
        options.partBytes = seed % 4 == 0 ? 5000 : 16 << 20
        let table = try withTemporaryFolder { folder in
            try write(text, to: "\(folder)/events.ndjson")
            let sources = try EventSources(["\(folder)/events.ndjson"])
            let found = try summarize(sources, options: options)
            #expect(found.inputs[0].events == 60 && found.inputs[0].skipped == 0, "\(found.rejected)")
            return try sampleTable(
                sources, summary: found, interest: try #require(found.span), baseline: nil, options: options)
        }
        #expect(table.failing == (0..<60).map { $0 % 3 == 0 })
        for (row, line) in texts.enumerated() {
            let literal = try #require(
                LiteralRecord(Array(line.utf8)), "the reader to compare with cannot read \(line)")
            let differences = literal.differences(fromRow: row, of: table) { $0 == "ts" }
            #expect(differences.isEmpty, "\(differences.joined(separator: "; ")) in \(line)")
        }
    }

    @Test(
        "a string, a key, a number and a space may end anywhere in the bytes that are looked at together",
        arguments: 0..<8)
    func edges(of kind: Int) throws {
        let texts = (0..<140).map { width -> String in
            let filler = String(repeating: kind < 2 ? "x" : kind < 5 ? "7" : " ", count: width)
            let head = "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + width))\",\"failed\":false,"
            return switch kind {
            case 0: head + "\"a\":\"\(filler)\",\"b\":1}"
            case 1: head + "\"\(filler)\":\"a\",\"b\":\"\\\"\"}"
            case 2: head + "\"a\":1\(filler.prefix(30)),\"b\":[\(filler)1]}"
            case 3: head + "\"a\":\"\\\\\(filler)\\\"\",\"b\":{\"c\":1}}"
            case 4: head + "\"a\":\"\(filler)é\",\"b\":\"\(filler)\"}"
            case 5: head + "\"a\"\(filler):\(filler)null\(filler),\(filler)\"b\":true\(filler)}"
            case 6: head + "\"a\":[\(filler)],\"b\":{\(filler)}\(filler)}\(filler)"
            default: filler + head + "\(filler)\"a\":-0.5\(filler)}"
            }
        }
        let options = IngestOptions(
            roleFields: [.time: "ts"], errorExpression: "failed == true", formatIn: .ndjson)
        let table = try withTemporaryFolder { folder in
            try write(texts.joined(separator: "\n"), to: "\(folder)/events.ndjson")
            let sources = try EventSources(["\(folder)/events.ndjson"])
            let found = try summarize(sources, options: options)
            return try sampleTable(
                sources, summary: found, interest: try #require(found.span), baseline: nil, options: options)
        }
        try #require(table.count == texts.count)
        for (row, line) in texts.enumerated() {
            let literal = try #require(LiteralRecord(Array(line.utf8)), "\(line)")
            #expect(literal.differences(fromRow: row, of: table) { $0 == "ts" } == [], "\(line)")
        }
    }

    @Test(
        "the reader to compare with knows what JSON is, and what is not",
        arguments: [
            ("{}", true), (" { \"a\" : [ ] } ", true), ("{\"a\":01}", false), ("{\"a\":1.}", false),
            ("{\"a\":+1}", false),
            ("{\"a\":\"\\x\"}", false), ("{\"a\":\"\t\"}", false), ("{\"a\":1,}", false),
            ("{\"a\":1}}", false), ("[1]", false),
            ("{\"a\":[1,{\"b\":nul}]}", false), ("{\"a\":\"\\ud800\"}", false), ("{\"a\" 1}", false),
            ("{\"a\":1", false),
        ])
    func literal(text: String, isRecord: Bool) {
        #expect((LiteralRecord(Array(text.utf8)) != nil) == isRecord)
    }
}

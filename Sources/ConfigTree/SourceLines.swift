/// The bytes of a text with the places of its lines.
struct SourceLines {
    let bytes: [UInt8]
    /// The bytes of each line without its line end.
    let ranges: [Range<Int>]

    private static let longestLineOfKeys = 8_192

    /// Splits at line feeds, carriage returns and pairs of them; a last line end opens no further line.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(bytes.count / 32 + 1)
        let text = bytes.span
        var start = 0
        var position = 0
        while position < text.count {
            let byte = text[position]
            guard byte <= .carriageReturn, byte == .lineFeed || byte == .carriageReturn else {
                position += 1
                continue
            }
            ranges.append(start..<position)
            position += 1
            if byte == .carriageReturn, position < text.count, text[position] == .lineFeed { position += 1 }
            start = position
        }
        if start < bytes.count { ranges.append(start..<bytes.count) }
        self.ranges = ranges
    }

    var count: Int { ranges.count }

    /// Where line `index` ends with its line end, which is where the next one begins.
    func end(withBreak index: Int) -> Int {
        index + 1 < ranges.count ? ranges[index + 1].lowerBound : bytes.count
    }

    func text(_ index: Int) -> String { String(decoding: bytes[ranges[index]], as: UTF8.self) }

    func isBlank(_ index: Int) -> Bool { bytes[ranges[index]].allSatisfy(\.isBlank) }

    /// How many characters a line has: bytes that do not continue another one.
    func width(_ index: Int) -> Int { bytes[ranges[index]].characterCount }

    /// How many spaces a line begins with.
    func indent(_ index: Int) -> Int {
        let range = ranges[index]
        return (bytes[range].firstIndex { $0 != .space } ?? range.upperBound) - range.lowerBound
    }

    /// The text from one place to another, both included, for what has no other name than its source.
    func text(from start: Mark, through end: Mark) -> String {
        guard start.line >= 1, start.line <= end.line, end.line <= count else { return "" }
        // Every look at a line costs its length: on very long ones that must not happen for every key.
        guard ranges[start.line - 1].count <= Self.longestLineOfKeys else { return "…" }
        let lines = (start.line...end.line).map { line in
            let text = self.text(line - 1).unicodeScalars
            let head = line == start.line ? max(0, start.column - 1) : 0
            let tail = line == end.line ? end.column : text.count
            return String(String.UnicodeScalarView(text.prefix(max(tail, 0)).dropFirst(head)))
        }
        return lines.joined(separator: "\n")
    }
}

extension Sequence<UInt8> {
    /// Characters in UTF-8: bytes that do not continue another one.
    var characterCount: Int { reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }
}

extension UInt8 {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let hash = UInt8(ascii: "#")
    static let colon = UInt8(ascii: ":")
    static let dash = UInt8(ascii: "-")
    static let doubleQuote = UInt8(ascii: "\"")
    static let singleQuote = UInt8(ascii: "'")
    static let backslash = UInt8(ascii: "\\")
    static let underscore = UInt8(ascii: "_")

    var isBlank: Bool { self == .space || self == .tab || self == .carriageReturn }
    var isUpper: Bool { (0x41...0x5A).contains(self) }
    var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }
    var isDigit: Bool { (0x30...0x39).contains(self) }
    /// A character that a name may begin with.
    var opensName: Bool { isLetter || self == .underscore }
    /// A character that a name may hold.
    var isName: Bool { opensName || isDigit }
    /// A character that a name in capitals may hold.
    var isCapitalName: Bool { isUpper || isDigit || self == .underscore }
}

/// UTF-8 without its byte order mark; UTF-16 with one is converted.
func decodedText(_ contents: [UInt8]) -> [UInt8] {
    if contents.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(contents.dropFirst(3)) }
    let isLittle = contents.starts(with: [0xFF, 0xFE])
    guard isLittle || contents.starts(with: [0xFE, 0xFF]) else { return contents }
    var units: [UInt16] = []
    units.reserveCapacity(contents.count / 2)
    var position = 2
    while position + 1 < contents.count {
        let (a, b) = (UInt16(contents[position]), UInt16(contents[position + 1]))
        units.append(isLittle ? b << 8 | a : a << 8 | b)
        position += 2
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
}

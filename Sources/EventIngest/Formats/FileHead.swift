import DelimitedText

/// The first bytes of a file, as far as they tell the format.
struct FileHead {
    /// How many bytes are looked at.
    static let size = 1 << 16

    /// The paths of the first JSON value with the first scalar of each (`{` and `[` for what has parts): `data.result[].metric`.
    let outline: [String: String]
    /// Whether the first JSON value reaches over several lines; whether it ends within what is looked at.
    let spansLines: Bool, isComplete: Bool
    /// Whether the bytes begin with an opening bracket.
    let isJSON: Bool
    /// The first lines, without the last one where it may be cut.
    let lines: [String]
    /// The cells of the first record of delimited text, and those of the second.
    let header: [String], firstRow: [String]
    /// The name of the file.
    let name: String

    init(_ block: UnsafeRawBufferPointer, name: String) {
        self.name = name
        var bytes = block.prefix(Self.size)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let firstByte = bytes.first { $0 > 0x20 && $0 != 0x1E }
        let isBracket = firstByte == UInt8(ascii: "{") || firstByte == UInt8(ascii: "[")
        var firstValue = isBracket ? JSONOutline(UnsafeRawBufferPointer(rebasing: bytes)) : nil
        let isWhole = block.count < Self.size
        var lines = bytes.split(separator: 0x0A, maxSplits: 40, omittingEmptySubsequences: false)
            .prefix(40).map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }
        if !isWhole, lines.count > 1, lines.count < 40 { lines.removeLast() }
        self.lines = lines
        // A first line that is broken, or none of JSON, makes no document of the objects on the lines behind it.
        if firstValue?.spansLines ?? true, var line = Self.firstObject(lines) {
            firstValue = line.withUTF8 { JSONOutline(UnsafeRawBufferPointer($0)) }
        }
        isJSON = firstValue != nil
        outline = firstValue?.paths ?? [:]
        spansLines = firstValue?.spansLines ?? false
        isComplete = firstValue?.isComplete ?? false
        let head = isJSON ? [] : Array(bytes)
        let rows = Self.firstRows(head)
        header = rows.first ?? []
        firstRow = rows.dropFirst().first ?? []
    }

    /// The first line that is an object, where most of them are.
    private static func firstObject(_ lines: [String]) -> String? {
        let filled = lines.filter { !$0.isEmpty }.prefix(20)
        let objects = filled.filter { $0.first == "{" && $0.last == "}" && JSONNode.parse($0) != nil }
        return filled.count > 1 && objects.count * 2 > filled.count ? objects.first : nil
    }

    private static func firstRows(_ head: [UInt8]) -> [[String]] {
        let dialect = DelimitedDialect(sniffing: head.span)
        var scanner = DelimitedScanner(delimiter: dialect.delimiter, line: 1)
        var cells: [DelimitedCell] = []
        var rows: [[String]] = []
        var position = dialect.preambleLength
        while rows.count < 2 {
            guard
                case .record(let end) = scanner.next(
                    in: head.span, from: position, isLast: true, cells: &cells)
            else { break }
            rows.append(cells.map { $0.text(in: head.span) })
            position = end
        }
        return rows
    }

    /// Whether all of these paths are there.
    func has(_ paths: String...) -> Bool { paths.allSatisfy { outline[$0] != nil } }

    /// Whether the first value is an object that has no members but these.
    func hasOnly(_ names: Set<String>) -> Bool {
        outline[""] == "{"
            && outline.keys.allSatisfy {
                $0.isEmpty || names.contains(String($0.prefix { $0 != "." && $0 != "[" }))
            }
    }

    /// The lines that are not empty.
    var filledLines: [String] { lines.filter { $0.contains { !$0.isWhitespace } } }

    /// Whether most of the first lines are of a kind.
    func mostLines(_ fit: (String) -> Bool) -> Bool {
        let lines = filledLines.prefix(20)
        return !lines.isEmpty && lines.count(where: fit) * 2 > lines.count
    }
}

/// What the beginning of a JSON value shows.
private struct JSONOutline {
    var paths: [String: String]
    var spansLines: Bool, isComplete: Bool

    init(_ bytes: UnsafeRawBufferPointer) {
        var outlining = Outlining(bytes)
        outlining.value(path: "", depth: 0)
        (paths, spansLines, isComplete) = (outlining.paths, outlining.hasNewline, outlining.isComplete)
    }
}

/// Walks over the beginning of a JSON value that may be cut anywhere.
private struct Outlining {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private(set) var paths: [String: String] = [:]
    private(set) var hasNewline = false
    /// Whether the first value ended.
    private(set) var isComplete = false
    private static let deepest = 7

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 {
            if bytes[position] == 0x0A, !paths.isEmpty { hasNewline = true }
            position += 1
        }
    }

    /// Reads a value; at the end of the bytes everything returns.
    mutating func value(path: String, depth: Int) {
        skipSpace()
        guard position < bytes.count else { return }
        let first = bytes[position]
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            note(path, String(Unicode.Scalar(first)))
            position += 1
            parts(path: path, isArray: first == UInt8(ascii: "["), depth: depth)
            if depth == 0, position <= bytes.count, position > 0 {
                isComplete = bytes[position - 1] == first + 2
            }
        } else if first == UInt8(ascii: "\"") {
            note(path, string())
        } else {
            let start = position
            while position < bytes.count, bytes[position] > 0x20,
                ![UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(bytes[position])
            {
                position += 1
            }
            note(path, String(decoding: bytes[start..<position], as: UTF8.self))
            // What is no JSON at all must not stand still.
            if position == start { position = bytes.count }
        }
    }

    private mutating func note(_ path: String, _ text: String) {
        if paths[path] == nil, paths.count < 400 { paths[path] = text }
    }

    private mutating func parts(path: String, isArray: Bool, depth: Int) {
        while position < bytes.count {
            skipSpace()
            guard position < bytes.count else { return }
            if bytes[position] == UInt8(ascii: "}") || bytes[position] == UInt8(ascii: "]") {
                position += 1
                return
            }
            if bytes[position] == UInt8(ascii: ",") {
                position += 1
                continue
            }
            guard depth < Self.deepest else { return skip() }
            if isArray {
                value(path: path + "[]", depth: depth + 1)
                continue
            }
            guard bytes[position] == UInt8(ascii: "\"") else {
                position = bytes.count
                return
            }
            let key = string()
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
                position = bytes.count
                return
            }
            position += 1
            value(path: path.isEmpty ? key : "\(path).\(key)", depth: depth + 1)
        }
    }

    /// Skips what is nested too deep to tell anything, behind the bracket that closes it.
    private mutating func skip() {
        var open = 1
        while position < bytes.count, open > 0 {
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
            case UInt8(ascii: "\""):
                _ = string()
                continue
            case 0x0A: hasNewline = true
            default: break
            }
            position += 1
        }
    }

    private mutating func string() -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == 0x0A { hasNewline = true }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        let end = min(position, bytes.count)
        position = min(position + 1, bytes.count)
        return String(decoding: bytes[start..<end].prefix(200), as: UTF8.self)
    }
}

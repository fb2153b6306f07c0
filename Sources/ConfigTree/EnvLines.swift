/// Reads `NAME=value` lines: quotes, `export`, comments and blank lines; duplicates are kept.
struct EnvLines {
    private let lines: SourceLines
    private let mask: TemplateMask?
    private var entries: [ConfigNode.Entry] = []
    private var problem: ParseProblem?

    /// How many lines a quoted value may go on for.
    private static let longestValue = 100

    init(_ lines: SourceLines, mask: TemplateMask?) {
        self.lines = lines
        self.mask = mask
    }

    /// The file as one document; none when it is empty.
    mutating func document() -> ConfigDocument? {
        guard lines.count > 0 else { return nil }
        var index = 0
        while index < lines.count { index = read(index) }
        var root: ConfigNode?
        if let first = entries.first, let last = entries.last {
            root = ConfigNode(.mapping(entries), start: first.keyMark, end: last.value.end)
        }
        return ConfigDocument(root: root, reading: .parsed, lines: 1...lines.count, problem: problem)
    }

    /// Reads the line at an index, and answers the index of the line to go on with.
    private mutating func read(_ index: Int) -> Int {
        let line = lines.bytes[lines.ranges[index]]
        var rest = line.drop(while: \.isBlank)
        guard let first = rest.first, first != .hash else { return index + 1 }
        let export = Array("export".utf8)
        if rest.starts(with: export), rest.dropFirst(export.count).first?.isBlank == true {
            rest = rest.dropFirst(export.count).drop(while: \.isBlank)
        }
        let start = rest.startIndex
        guard let equals = rest.firstIndex(of: UInt8(ascii: "=")), Self.isName(rest[..<equals]) else {
            if problem == nil {
                problem = ParseProblem(text: "line is not NAME=value", mark: mark(start, line: index))
            }
            return index + 1
        }
        let name = rest[..<equals].filter { !$0.isBlank }
        let value = rest[(equals + 1)...].drop(while: \.isBlank)
        let (node, next) = self.value(value, line: index)
        let mark = mark(start, line: index)
        entries.append(
            ConfigNode.Entry(
                key: restored(name[...]).text, keyMark: mark, value: node,
                branch: mask?.branch(ofLine: mark.line) ?? 0))
        return next
    }

    /// Letters, digits, `_`, `.`, `-`, and whatever stands for a template expression.
    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        var name = bytes
        while let last = name.last, last.isBlank { name = name.dropLast() }
        guard let first = name.first, first.opensName || first >= 0x80 else { return false }
        return name.allSatisfy { $0.isName || $0 == UInt8(ascii: ".") || $0 == .dash || $0 >= 0x80 }
    }

    private func mark(_ position: Int, line index: Int) -> Mark {
        let width = lines.bytes[lines.ranges[index].lowerBound..<position].characterCount
        return Mark(line: index + 1, column: width + 1)
    }

    private func restored(_ bytes: ArraySlice<UInt8>) -> (text: String, isTemplated: Bool) {
        let text = String(decoding: bytes, as: UTF8.self)
        return mask?.restored(text) ?? (text, false)
    }
}

// MARK: Values

extension EnvLines {
    private func value(_ value: ArraySlice<UInt8>, line index: Int) -> (ConfigNode, next: Int) {
        if let quote = value.first, quote == .doubleQuote || quote == .singleQuote,
            let quoted = quotedValue(value, quote, line: index)
        {
            return quoted
        }
        var plain = value
        if let comment = value.indices.first(where: {
            value[$0] == .hash && $0 > value.startIndex && value[$0 - 1].isBlank
        }) {
            plain = value[..<comment]
        } else if value.first == .hash {
            plain = value[..<value.startIndex]
        }
        while let last = plain.last, last.isBlank { plain = plain.dropLast() }
        let start = mark(plain.startIndex, line: index)
        let end = plain.isEmpty ? start : mark(plain.endIndex, line: index)
        let (text, isTemplated) = restored(plain)
        let scalar = ConfigNode.Scalar(text: text, style: .plain, isTemplated: isTemplated)
        let last = Mark(
            line: end.line, column: max(start.column, plain.isEmpty ? end.column : end.column - 1))
        return (ConfigNode(.scalar(scalar), start: start, end: last), index + 1)
    }

    /// A value in quotes, over several lines where the closing quote says so; `nil` when it does not close.
    private func quotedValue(
        _ value: ArraySlice<UInt8>, _ quote: UInt8, line first: Int
    ) -> (ConfigNode, next: Int)? {
        var text: [UInt8] = []
        for index in first..<min(lines.count, first + Self.longestValue) {
            let part = index == first ? value.dropFirst() : lines.bytes[lines.ranges[index]]
            // A line that assigns in its own right was never part of a value.
            if index > first, Self.assigns(part) { return nil }
            if index > first { text.append(.lineFeed) }
            guard let close = Self.append(part, until: quote, to: &text) else { continue }
            let rest = part[(close + 1)...].drop(while: \.isBlank)
            guard rest.isEmpty || rest.first == .hash else { return nil }
            let (restored, isTemplated) = restored(text[...])
            let scalar = ConfigNode.Scalar(text: restored, style: .quoted, isTemplated: isTemplated)
            let node = ConfigNode(
                .scalar(scalar), start: mark(value.startIndex, line: first), end: mark(close, line: index))
            return (node, index + 1)
        }
        return nil
    }

    private static func assigns(_ line: ArraySlice<UInt8>) -> Bool {
        let name = line.prefix(while: \.isCapitalName)
        return name.count > 1 && line.dropFirst(name.count).first == UInt8(ascii: "=")
    }

    /// Appends up to the closing quote, escapes resolved in double quotes, and answers where the quote is.
    private static func append(
        _ part: ArraySlice<UInt8>, until quote: UInt8, to text: inout [UInt8]
    ) -> Int? {
        var position = part.startIndex
        while position < part.endIndex {
            let byte = part[position]
            if byte == quote { return position }
            position += 1
            guard byte == .backslash, quote == .doubleQuote, position < part.endIndex else {
                text.append(byte)
                continue
            }
            switch part[position] {
            case UInt8(ascii: "n"): text.append(.lineFeed)
            case UInt8(ascii: "t"): text.append(.tab)
            case UInt8(ascii: "r"): text.append(.carriageReturn)
            case .doubleQuote, .backslash, UInt8(ascii: "$"), UInt8(ascii: "`"): text.append(part[position])
            default: text += [.backslash, part[position]]
            }
            position += 1
        }
        return nil
    }
}

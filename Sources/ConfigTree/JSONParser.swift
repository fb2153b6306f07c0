/// Reads a JSON text: strict but for the repair of broken UTF-8, duplicate keys kept, every value with its place.
///
/// - Parameter firstLine: the number of the text's first line, where it stands inside another one.
/// - Throws: when the text is not exactly one JSON value, or nests deeper than ``depthLimit``.
public func parseJSON(_ contents: [UInt8], firstLine: Int = 1) throws(ParseFailure) -> ConfigNode {
    var parser = JSONParser(decodedText(contents), isLenient: false, mask: nil, firstLine: firstLine)
    guard let node = try parser.nextValue() else {
        throw ParseFailure("the text is empty", at: Mark(line: firstLine, column: 1))
    }
    guard try parser.isAtEnd() else { throw parser.failure("text goes on after the value") }
    return node
}

/// Reads JSON values one after another: what a program prints that answers page by page.
///
/// - Returns: the values in the order of the text; none where there is nothing but space.
/// - Throws: when something between or in them is not JSON, or nests deeper than ``depthLimit``.
public func parseJSONValues(_ contents: [UInt8]) throws(ParseFailure) -> [ConfigNode] {
    var parser = JSONParser(decodedText(contents), isLenient: false, mask: nil)
    var values: [ConfigNode] = []
    while let value = try parser.nextValue() { values.append(value) }
    return values
}

/// Reads JSON values one after another.
struct JSONParser {
    private let bytes: [UInt8]
    /// Whether comments, spare commas and words without quotes are met with patience.
    private let isLenient: Bool
    /// Whether spare commas and line ends in strings are met with the same patience.
    private let allowsSlips: Bool
    private let mask: TemplateMask?
    private var position = 0
    private var counter: MarkCounter

    init(
        _ bytes: [UInt8], isLenient: Bool, mask: TemplateMask?, firstLine: Int = 1, allowsSlips: Bool? = nil
    ) {
        counter = MarkCounter(line: firstLine)
        self.bytes = bytes
        self.isLenient = isLenient
        self.allowsSlips = allowsSlips ?? isLenient
        self.mask = mask
    }

    /// The next value, or `nil` when there is nothing more.
    mutating func nextValue() throws(ParseFailure) -> ConfigNode? {
        try skipSpace()
        return position < bytes.count ? try value(depth: 0) : nil
    }

    /// Whether nothing but space is left.
    mutating func isAtEnd() throws(ParseFailure) -> Bool {
        try skipSpace()
        return position >= bytes.count
    }

    /// The place that is read next.
    mutating func mark() -> Mark { counter.advance(to: position, in: bytes) }

    /// A failure at the place that is read next.
    mutating func failure(_ problem: String, code: ParseFailure.Code = .syntax) -> ParseFailure {
        ParseFailure(problem, at: mark(), code: code)
    }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func endMark() -> Mark {
        let after = mark()
        return Mark(line: after.line, column: max(1, after.column - 1))
    }
}

/// Counts lines and columns up to a place that only moves forward.
private struct MarkCounter {
    private var position = 0
    private var mark: Mark

    init(line: Int) { mark = Mark(line: line, column: 1) }

    mutating func advance(to target: Int, in bytes: [UInt8]) -> Mark {
        guard position < target else { return mark }
        let bytes = bytes.span
        var (line, column) = (mark.line, mark.column)
        for place in position..<target {
            let byte = bytes[place]
            if byte >= 0x20 {
                column += byte & 0xC0 != 0x80 ? 1 : 0
            } else if byte == .lineFeed
                || byte == .carriageReturn && !(place + 1 < bytes.count && bytes[place + 1] == .lineFeed)
            {
                (line, column) = (line + 1, 1)
            } else {
                column += 1
            }
        }
        position = target
        mark = Mark(line: line, column: column)
        return mark
    }
}

// MARK: Values

extension JSONParser {
    private mutating func value(depth: Int) throws(ParseFailure) -> ConfigNode {
        guard depth < depthLimit else {
            throw failure("nests deeper than \(depthLimit) levels", code: .tooDeep)
        }
        let start = mark()
        switch byte {
        case UInt8(ascii: "{"): return try object(from: start, depth: depth)
        case UInt8(ascii: "["): return try array(from: start, depth: depth)
        case .doubleQuote:
            let scalar = try string()
            return ConfigNode(.scalar(scalar), start: start, end: endMark())
        case nil: throw failure("the text ends where a value is expected")
        default:
            let scalar = try word()
            return ConfigNode(.scalar(scalar), start: start, end: endMark())
        }
    }

    private mutating func object(from start: Mark, depth: Int) throws(ParseFailure) -> ConfigNode {
        var entries: [ConfigNode.Entry] = []
        position += 1
        while try !closes(with: UInt8(ascii: "}"), isFirst: entries.isEmpty) {
            let keyMark = mark()
            guard byte == .doubleQuote || (isLenient && byte.map(Self.isWord) == true) else {
                throw failure("expected a key in quotes")
            }
            let key = byte == .doubleQuote ? try string() : try word()
            try skipSpace()
            guard byte == .colon else { throw failure("expected ':' after the key \"\(key.text)\"") }
            position += 1
            try skipSpace()
            let value = try value(depth: depth + 1)
            entries.append(
                ConfigNode.Entry(
                    key: key.text, keyMark: keyMark, value: value,
                    branch: mask?.branch(ofLine: keyMark.line) ?? 0))
        }
        return ConfigNode(.mapping(entries), start: start, end: endMark())
    }

    private mutating func array(from start: Mark, depth: Int) throws(ParseFailure) -> ConfigNode {
        var elements: [ConfigNode] = []
        position += 1
        while try !closes(with: UInt8(ascii: "]"), isFirst: elements.isEmpty) {
            elements.append(try value(depth: depth + 1))
        }
        return ConfigNode(.sequence(elements), start: start, end: endMark())
    }

    /// Passes over the comma before the next member, or over the closing bracket.
    private mutating func closes(with bracket: UInt8, isFirst: Bool) throws(ParseFailure) -> Bool {
        try skipSpace()
        var commas = 0
        while byte == UInt8(ascii: ","), allowsSlips || (!isFirst && commas == 0) {
            position += 1
            commas += 1
            try skipSpace()
        }
        if byte == bracket, allowsSlips || commas == 0 {
            position += 1
            return true
        }
        guard byte != nil else { throw failure("the text ends inside a bracket") }
        guard byte != bracket else { throw failure("a comma stands before the closing bracket") }
        guard isFirst || commas > 0 else {
            throw failure("expected ',' or '\(Character(Unicode.Scalar(bracket)))'")
        }
        return false
    }
}

// MARK: Scalars

extension JSONParser {
    private mutating func string() throws(ParseFailure) -> ConfigNode.Scalar {
        let start = position + 1
        var end = start
        while end < bytes.count, bytes[end] != .doubleQuote, bytes[end] != .backslash, bytes[end] >= 0x20 {
            end += 1
        }
        if end < bytes.count, bytes[end] == .doubleQuote {
            position = end + 1
            return scalar(bytes[start..<end], .quoted)
        }
        var text = Array(bytes[start..<end])
        position = end
        while let next = byte, next != .doubleQuote {
            if next == .backslash {
                try escape(into: &text)
            } else if next < 0x20, !allowsSlips {
                throw failure("a string holds a control character")
            } else {
                text.append(next)
                position += 1
            }
        }
        guard byte == .doubleQuote else { throw failure("the text ends inside a string") }
        position += 1
        return scalar(text[...], .quoted)
    }

    private mutating func escape(into text: inout [UInt8]) throws(ParseFailure) {
        let escaped = position + 1 < bytes.count ? bytes[position + 1] : 0
        switch escaped {
        case .doubleQuote, .backslash, UInt8(ascii: "/"): text.append(escaped)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(.lineFeed)
        case UInt8(ascii: "r"): text.append(.carriageReturn)
        case UInt8(ascii: "t"): text.append(.tab)
        case UInt8(ascii: "u"):
            guard let scalar = unicodeEscape() else { throw failure("expected four hexadecimal digits") }
            text.append(contentsOf: String(scalar).utf8)
            return
        default:
            guard isLenient else { throw failure("a string holds an unknown escape") }
            text.append(.backslash)
            position += 1
            return
        }
        position += 2
    }

    /// Reads `\uXXXX`, or two of them that make one character; half a pair becomes U+FFFD.
    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let first = hexadecimal(at: position + 2) else { return nil }
        position += 6
        guard first & 0xF800 == 0xD800 else { return Unicode.Scalar(first) }
        guard first < 0xDC00, byte == .backslash, position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u"), let second = hexadecimal(at: position + 2),
            (0xDC00...0xDFFF).contains(second)
        else { return "\u{FFFD}" }
        position += 6
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private func hexadecimal(at start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<start + 4] {
            let letter = byte | 0x20
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case _ where (0x61...0x66).contains(letter): value = value << 4 | UInt32(letter - 0x57)
            default: return nil
            }
        }
        return value
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), .colon, UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: "["),
            UInt8(ascii: "{"), .doubleQuote, .hash, 0...0x20:
            false
        default: true
        }
    }

    /// A number, a literal name, or where that is allowed any word.
    private mutating func word() throws(ParseFailure) -> ConfigNode.Scalar {
        let start = position
        while let next = byte, Self.isWord(next) { position += 1 }
        let word = bytes[start..<position]
        let isKnown = word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8)
        guard !word.isEmpty, isLenient || isKnown || word.elementsEqual("null".utf8) || Self.isNumber(word)
        else {
            position = start
            throw failure("expected a value")
        }
        return scalar(word, .plain)
    }

    /// The grammar of RFC 8259, section 6.
    private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        if rest.first == .dash { rest = rest.dropFirst() }
        func digits() -> Int {
            let count = rest.prefix(while: \.isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        let leadsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !leadsWithZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == .dash { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private func scalar(_ bytes: ArraySlice<UInt8>, _ style: ConfigNode.Scalar.Style) -> ConfigNode.Scalar {
        let text = String(decoding: bytes, as: UTF8.self)
        let (restored, isTemplated) = mask?.restored(text) ?? (text, false)
        return ConfigNode.Scalar(text: restored, style: style, isTemplated: isTemplated)
    }
}

// MARK: Space

extension JSONParser {
    private mutating func skipSpace() throws(ParseFailure) {
        while let next = byte {
            if next == .space || next == .tab || next == .lineFeed || next == .carriageReturn {
                position += 1
            } else if isLenient, next == .hash || (next == UInt8(ascii: "/") && follows(UInt8(ascii: "/"))) {
                while let next = byte, next != .lineFeed, next != .carriageReturn { position += 1 }
            } else if isLenient, next == UInt8(ascii: "/"), follows(UInt8(ascii: "*")) {
                try skipComment()
            } else {
                return
            }
        }
    }

    private func follows(_ expected: UInt8) -> Bool {
        position + 1 < bytes.count && bytes[position + 1] == expected
    }

    private mutating func skipComment() throws(ParseFailure) {
        position += 2
        while let next = byte {
            position += 1
            if next == UInt8(ascii: "*"), byte == UInt8(ascii: "/") {
                position += 1
                return
            }
        }
        throw failure("the text ends inside a comment")
    }
}

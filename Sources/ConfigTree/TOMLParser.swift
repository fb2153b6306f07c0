/// Reads TOML 1.0: tables and arrays of tables, duplicate keys kept, every value with its place.
///
/// A line that is no TOML becomes the document's problem, with what could be read of it, and reading goes on at
/// the next line.
struct TOMLParser {
    private let lines: SourceLines
    private let bytes: [UInt8]
    private let mask: TemplateMask?
    private var marks: PlaceMarks
    private var builder = TreeBuilder()
    /// The mapping that lines of keys and values go into.
    private var table = TreeBuilder.root
    private var position = 0
    /// The line (from 0) of the statement that is being read.
    private var statementLine = 0
    /// Whether the rest of the statement cannot be read.
    private var isBroken = false
    private var problem: ParseProblem?

    init(_ lines: SourceLines, mask: TemplateMask?) {
        self.lines = lines
        self.mask = mask
        bytes = lines.bytes
        marks = PlaceMarks(lines)
    }

    /// The file as one document; none when it is empty.
    mutating func document() -> ConfigDocument? {
        guard lines.count > 0 else { return nil }
        var index = 0
        while index < lines.count { index = read(index) }
        return ConfigDocument(
            root: builder.tree(), reading: .parsed, lines: 1...lines.count, problem: problem)
    }

    /// Reads the statement at a line, and answers the index of the line to go on with.
    private mutating func read(_ index: Int) -> Int {
        position = lines.ranges[index].lowerBound
        statementLine = index
        isBroken = false
        skipBlanks()
        guard !isAtLineEnd, byte != .hash else { return index + 1 }
        if mask?.isAlone(bytes[position..<lines.ranges[index].upperBound]) == true { return index + 1 }
        if byte == UInt8(ascii: "[") {
            header()
        } else {
            assignment(to: table, depth: builder.depth(of: table), isInside: false)
        }
        if !isBroken {
            skipBlanks()
            if !isAtLineEnd, byte != .hash { fail("text goes on after the value") }
        }
        if position >= bytes.count { return lines.count }
        let last = marks.mark(position).line
        // A line on which a value over several lines broke may well be a statement of its own.
        return isBroken ? max(last - 1, index + 1) : max(last, index + 1)
    }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private var isAtLineEnd: Bool { position >= bytes.count || bytes[position].isLineEnd }

    private func byte(after count: Int) -> UInt8? {
        position + count < bytes.count ? bytes[position + count] : nil
    }

    private mutating func skipBlanks() {
        while let next = byte, next == .space || next == .tab { position += 1 }
    }

    private mutating func skipToLineEnd() {
        while !isAtLineEnd { position += 1 }
    }

    private mutating func skipSpaceAndComments() {
        while let next = byte {
            if next == .hash {
                skipToLineEnd()
            } else if next.isBlank || next == .lineFeed {
                position += 1
            } else {
                return
            }
        }
    }

    /// Says what is wrong at the place that is read next; the first problem is the document's.
    private mutating func note(_ text: String) {
        if problem == nil { problem = ParseProblem(text: text, mark: marks.mark(position)) }
    }

    /// Says what is wrong, and that the statement ends here.
    private mutating func fail(_ text: String) {
        note(text)
        isBroken = true
    }

    private func scalar(_ bytes: ArraySlice<UInt8>, _ style: ConfigNode.Scalar.Style) -> ConfigNode.Scalar {
        let text = String(decoding: bytes, as: UTF8.self)
        let (restored, isTemplated) = mask?.restored(text) ?? (text, false)
        return ConfigNode.Scalar(text: restored, style: style, isTemplated: isTemplated)
    }
}

// MARK: Tables and keys

extension TOMLParser {
    /// `[a.b]` or `[[a.b]]`. What is in brackets and cannot be read names the table as it is written, so that
    /// its keys do not fall to the table before it.
    private mutating func header() {
        let isElement = byte(after: 1) == UInt8(ascii: "[")
        let brackets = isElement ? 2 : 1
        position += brackets
        skipBlanks()
        let start = position
        let startMark = marks.mark(start)
        var path = keyPath()
        let closes = byte == UInt8(ascii: "]") && (!isElement || byte(after: 1) == UInt8(ascii: "]"))
        if closes, !isBroken {
            position += brackets
        } else {
            if !isBroken { fail("the table's name is not closed") }
            if path.isEmpty {
                while !isAtLineEnd, byte != UInt8(ascii: "]") { position += 1 }
                path = [key(bytes[start..<position].trimmedEnd, at: startMark)]
            }
        }
        guard let last = path.last, path.count < nestingLimit else {
            fail("nests deeper than \(nestingLimit) levels")
            return
        }
        var parent = TreeBuilder.root
        for key in path.dropLast() where builder.depth(of: parent) < nestingLimit {
            parent = builder.openMapping(key, in: parent, countsElements: true)
        }
        guard builder.depth(of: parent) + brackets < nestingLimit else {
            fail("nests deeper than \(nestingLimit) levels")
            return
        }
        if isElement {
            table = builder.addElement(last, to: parent, isUnwrapped: false)
            builder.begin(table, at: startMark)
        } else {
            table = builder.defineMapping(last, in: parent)
        }
        if !isBroken { builder.extend(table, to: marks.mark(before: position)) }
    }

    /// `key = value` or `a.b = value`.
    private mutating func assignment(to mapping: Int, depth: Int, isInside: Bool) {
        let path = keyPath()
        guard let last = path.last, !isBroken else { return }
        guard byte == UInt8(ascii: "=") else {
            fail("expected '=' after the key \"\(last.text)\"")
            return
        }
        position += 1
        skipBlanks()
        guard let value = value(depth: depth + path.count, isInside: isInside) else { return }
        let parent = path.dropLast().reduce(mapping) { builder.openMapping($1, in: $0) }
        // A path may lead into what others have deepened.
        guard builder.depth(of: parent) < nestingLimit else { return }
        builder.add(last, value, to: parent)
    }

    /// The keys up to what is not one; the blanks after the last are passed over.
    private mutating func keyPath() -> [TreeBuilder.Key] {
        var path: [TreeBuilder.Key] = []
        while true {
            skipBlanks()
            let mark = marks.mark(position)
            switch byte {
            case .doubleQuote, .singleQuote:
                guard let text = lineString() else {
                    fail("the key is not closed")
                    return path
                }
                path.append(key(text[...], at: mark))
            default:
                let start = position
                while let next = byte, next.isName || next == .dash || next >= 0x80 { position += 1 }
                guard position > start else {
                    fail("expected a key")
                    return path
                }
                path.append(key(bytes[start..<position], at: mark))
            }
            skipBlanks()
            guard byte == UInt8(ascii: ".") else { return path }
            position += 1
            guard path.count < nestingLimit else {
                fail("nests deeper than \(nestingLimit) levels")
                return path
            }
        }
    }

    private func key(_ bytes: ArraySlice<UInt8>, at mark: Mark) -> TreeBuilder.Key {
        TreeBuilder.Key(
            text: scalar(bytes, .plain).text, mark: mark, branch: mask?.branch(ofLine: mark.line) ?? 0)
    }
}

// MARK: Values

extension TOMLParser {
    /// A value as far as it can be read; `nil` when there is nothing to keep of it.
    private mutating func value(depth: Int, isInside: Bool) -> ConfigNode? {
        guard depth <= nestingLimit else {
            fail("nests deeper than \(nestingLimit) levels")
            return nil
        }
        let start = marks.mark(position)
        switch byte {
        case UInt8(ascii: "["): return array(from: start, depth: depth)
        case UInt8(ascii: "{"): return inlineTable(from: start, depth: depth)
        case .doubleQuote, .singleQuote: return string(from: start, isInside: isInside)
        default: return word(from: start, isInside: isInside)
        }
    }

    private mutating func array(from start: Mark, depth: Int) -> ConfigNode {
        var elements: [ConfigNode] = []
        position += 1
        while !isBroken {
            skipSpaceAndComments()
            if byte == UInt8(ascii: "]") {
                position += 1
                return ConfigNode(.sequence(elements), start: start, end: marks.mark(before: position))
            }
            guard byte != nil else {
                fail("the array is not closed")
                break
            }
            guard let element = value(depth: depth + 1, isInside: true) else { break }
            elements.append(element)
            guard !isBroken else { break }
            skipSpaceAndComments()
            if byte == UInt8(ascii: ",") {
                position += 1
            } else if byte != UInt8(ascii: "]"), element.scalar?.isTemplated != true {
                // What a template puts there may bring commas of its own.
                fail(byte == nil ? "the array is not closed" : "expected ',' or ']'")
            }
        }
        return ConfigNode(.sequence(elements), start: start, end: elements.last?.end ?? start)
    }

    private mutating func inlineTable(from start: Mark, depth: Int) -> ConfigNode {
        let mapping = builder.detached(depth: depth, at: start)
        position += 1
        while !isBroken {
            skipInlineSpace()
            if byte == UInt8(ascii: "}") {
                position += 1
                builder.extend(mapping, to: marks.mark(before: position))
                break
            }
            guard byte != nil else {
                fail("the inline table is not closed")
                break
            }
            assignment(to: mapping, depth: depth, isInside: true)
            guard !isBroken else { break }
            skipInlineSpace()
            if byte == UInt8(ascii: ",") {
                position += 1
            } else if byte != UInt8(ascii: "}") {
                fail(byte == nil ? "the inline table is not closed" : "expected ',' or '}'")
            }
        }
        return builder.node(mapping)
    }

    /// Passes over space inside an inline table, over line ends too: they are wrong there, but say no less.
    private mutating func skipInlineSpace() {
        skipBlanks()
        guard byte?.isLineEnd == true || byte == .hash else { return }
        note("an inline table goes on after the line end")
        skipSpaceAndComments()
    }

    /// A number, a boolean, a date or a template expression. Other words are a problem, but keep their text.
    private mutating func word(from start: Mark, isInside: Bool) -> ConfigNode? {
        let first = position
        while let next = byte, !next.isLineEnd, next != .hash, !(isInside && next.closesValue) {
            position += 1
        }
        let text = bytes[first..<position].trimmedEnd
        let scalar = scalar(text, .plain)
        if !scalar.isTemplated, !Self.isScalar(text) {
            let end = position
            position = first
            let problem = text.isEmpty ? "expected a value" : "\"\(scalar.text.prefix(40))\" is no value"
            guard !isInside || (!text.isEmpty && !opensStatement(text, at: start)) else {
                fail(problem)
                return nil
            }
            note(problem)
            position = end
        }
        let end = text.isEmpty ? start : marks.mark(before: text.endIndex)
        return ConfigNode(.scalar(scalar), start: start, end: end)
    }

    /// Whether a word in an array or inline table rather belongs to a statement, so that a bracket was not closed.
    private func opensStatement(_ word: ArraySlice<UInt8>, at mark: Mark) -> Bool {
        guard mark.line - 1 > statementLine else { return false }
        let line = bytes[lines.ranges[mark.line - 1]].drop(while: \.isBlank)
        return word.contains(UInt8(ascii: "=")) || line.first == UInt8(ascii: "[")
    }

    private static func isScalar(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        if rest.elementsEqual("true".utf8) || rest.elementsEqual("false".utf8) { return true }
        if isDateOrTime(rest) { return true }
        if rest.starts(with: "0x".utf8) || rest.starts(with: "0o".utf8) || rest.starts(with: "0b".utf8) {
            let digits = rest.dropFirst(2)
            return !digits.isEmpty && digits.allSatisfy { $0.isHexadecimal || $0 == .underscore }
        }
        if rest.first == UInt8(ascii: "+") || rest.first == .dash { rest = rest.dropFirst() }
        if rest.elementsEqual("inf".utf8) || rest.elementsEqual("nan".utf8) { return true }
        func digits() -> ArraySlice<UInt8> {
            let digits = rest.prefix { $0.isDigit || $0 == .underscore }
            rest = rest.dropFirst(digits.count)
            return digits.first == .underscore || digits.last == .underscore ? digits.prefix(0) : digits
        }
        let whole = digits()
        guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard !digits().isEmpty else { return false }
        }
        if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == .dash { rest = rest.dropFirst() }
            guard !digits().isEmpty else { return false }
        }
        return rest.isEmpty
    }

    /// `1979-05-27`, `07:32:00` and what combines them, by their shape.
    private static func isDateOrTime(_ word: ArraySlice<UInt8>) -> Bool {
        let digits = word.prefix(while: \.isDigit).count
        let sign = word.dropFirst(digits).first
        guard (digits == 4 && sign == .dash) || (digits == 2 && sign == .colon) else { return false }
        return word.allSatisfy { byte in
            switch byte {
            case .dash, .colon, .space, UInt8(ascii: "."), UInt8(ascii: "+"): true
            case UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: "Z"), UInt8(ascii: "z"): true
            default: byte.isDigit
            }
        }
    }
}

// MARK: Strings

extension TOMLParser {
    private mutating func string(from start: Mark, isInside: Bool) -> ConfigNode? {
        let opening = position
        let isLong = byte(after: 1) == byte && byte(after: 2) == byte
        if let text = isLong ? longString() : lineString() {
            return ConfigNode(
                .scalar(scalar(text[...], .quoted)), start: start, end: marks.mark(before: position))
        }
        position = opening
        guard !isLong, !isInside else {
            fail("the string is not closed")
            return nil
        }
        note("the string is not closed")
        skipToLineEnd()
        let text = bytes[opening..<position].trimmedEnd
        return ConfigNode(
            .scalar(scalar(text, .plain)), start: start, end: marks.mark(before: text.endIndex))
    }

    /// A string on one line; `nil` when it does not close there.
    private mutating func lineString() -> [UInt8]? {
        guard let quote = byte else { return nil }
        var text: [UInt8] = []
        position += 1
        while let next = byte, !next.isLineEnd {
            if next == quote {
                position += 1
                return text
            }
            if next == .backslash, quote == .doubleQuote {
                escape(into: &text)
            } else {
                text.append(next)
                position += 1
            }
        }
        return nil
    }

    /// A string in three quotes; `nil` when it does not close.
    private mutating func longString() -> [UInt8]? {
        guard let quote = byte else { return nil }
        var text: [UInt8] = []
        position += 3
        if byte?.isLineEnd == true { skipLineEnd() }
        while let next = byte {
            if next == quote {
                let quotes = bytes[position...].prefix(5).prefix { $0 == quote }.count
                position += quotes
                // Up to two quotes before the closing ones belong to the text.
                text.append(contentsOf: repeatElement(quote, count: quotes >= 3 ? quotes - 3 : quotes))
                if quotes >= 3 { return text }
            } else if next.isLineEnd {
                skipLineEnd()
                text.append(.lineFeed)
            } else if next == .backslash, quote == .doubleQuote {
                if !skipEscapedLineEnd() { escape(into: &text) }
            } else {
                text.append(next)
                position += 1
            }
        }
        return nil
    }

    private mutating func skipLineEnd() {
        position += byte == .carriageReturn && byte(after: 1) == .lineFeed ? 2 : 1
    }

    /// Passes over a backslash at a line's end with all the space behind it.
    private mutating func skipEscapedLineEnd() -> Bool {
        var end = position + 1
        while end < bytes.count, bytes[end] == .space || bytes[end] == .tab { end += 1 }
        guard end < bytes.count, bytes[end].isLineEnd else { return false }
        while end < bytes.count, bytes[end].isBlank || bytes[end].isLineEnd { end += 1 }
        position = end
        return true
    }

    /// Reads an escape; one that TOML does not know is a problem, and stays as written.
    private mutating func escape(into text: inout [UInt8]) {
        let escaped = byte(after: 1) ?? 0
        var length = 2
        switch escaped {
        case .doubleQuote, .backslash: text.append(escaped)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(.tab)
        case UInt8(ascii: "n"): text.append(.lineFeed)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(.carriageReturn)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = escaped == UInt8(ascii: "u") ? 4 : 8
            if let value = hexadecimalNumber(bytes, at: position + 2, digits: digits) {
                text.append(scalar: value)
                length += digits
            } else {
                note("expected \(digits) hexadecimal digits")
                text += [.backslash, escaped]
            }
        default:
            note("a string holds an unknown escape")
            text.append(.backslash)
            length = 1
        }
        position += length
    }
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool { isDigit || (0x61...0x66).contains(self | 0x20) }
    fileprivate var closesValue: Bool {
        self == UInt8(ascii: ",") || self == UInt8(ascii: "]") || self == UInt8(ascii: "}")
    }
}

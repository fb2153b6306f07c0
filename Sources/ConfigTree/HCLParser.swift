/// Reads HCL 2, the language of Terraform: attributes, nested blocks, and expressions as far as they are literal.
///
/// A block is a mapping below its type and its labels: `resource "a" "b" { … }` stands at `resource`, `a`, `b`.
/// Blocks of one type without labels are the elements of a sequence, a single one is a mapping. What is
/// computed is a plain scalar with its source text, and counts as templated, as it does inside of `"${…}"`.
struct HCLParser {
    private let lines: SourceLines
    private let bytes: [UInt8]
    private let mask: TemplateMask?
    private var marks: PlaceMarks
    private var builder = TreeBuilder()
    private var position = 0
    /// The bodies that are open, the innermost last, each with the place of its type.
    private var bodies: [(mapping: Int, mark: Mark)] = []
    private var problem: ParseProblem?
    /// How many bytes may still be read again after a failure: a bound on what broken texts cost.
    private var patience: Int

    init(_ lines: SourceLines, mask: TemplateMask?) {
        self.lines = lines
        self.mask = mask
        bytes = lines.bytes
        marks = PlaceMarks(lines)
        patience = 8 * lines.bytes.count
    }

    /// The file as one document; none when it is empty.
    mutating func document() -> ConfigDocument? {
        guard lines.count > 0 else { return nil }
        skipSpace()
        while position < bytes.count {
            readStatement()
            skipSpace()
        }
        if let last = bodies.last {
            note(ParseFailure("the block is not closed", at: last.mark))
            let end = marks.mark(before: position)
            for body in bodies { builder.extend(body.mapping, to: end) }
        }
        return ConfigDocument(
            root: builder.tree(), reading: .parsed, lines: 1...lines.count, problem: problem)
    }

    private mutating func readStatement() {
        if byte == UInt8(ascii: "}") {
            closeBody()
            return
        }
        let start = marks.mark(position)
        let lineEnd = lines.ranges[start.line - 1].upperBound
        if mask?.isAlone(bytes[position..<max(position, lineEnd)]) == true {
            position = lineEnd
            return
        }
        do throws(ParseFailure) {
            try statement(at: start)
        } catch {
            note(error)
            // What follows on later lines may be right, whatever an open bracket made of it.
            let distance = position - lineEnd
            if distance > 0, distance <= patience {
                patience -= distance
                position = lineEnd
            } else {
                skipRestOfLine()
            }
        }
    }

    private mutating func closeBody() {
        if let body = bodies.popLast() {
            position += 1
            builder.extend(body.mapping, to: marks.mark(before: position))
        } else {
            note(failure("'}' closes nothing"))
            position += 1
        }
    }

    /// Passes over what is left of a line, up to a brace that closes what was open before.
    private mutating func skipRestOfLine() {
        var depth = 0
        while let next = byte, !next.isLineEnd {
            if next == UInt8(ascii: "{") { depth += 1 }
            if next == UInt8(ascii: "}") {
                guard depth > 0 else { return }
                depth -= 1
            }
            position += 1
        }
    }

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func byte(after count: Int) -> UInt8? {
        position + count < bytes.count ? bytes[position + count] : nil
    }

    /// A failure at the place that is read next.
    private mutating func failure(_ text: String, code: ParseFailure.Code = .syntax) -> ParseFailure {
        ParseFailure(text, at: marks.mark(position), code: code)
    }

    private mutating func tooDeep() -> ParseFailure {
        failure("nests deeper than \(nestingLimit) levels", code: .tooDeep)
    }

    /// The first failure is the document's problem.
    private mutating func note(_ failure: ParseFailure) {
        if problem == nil { problem = ParseProblem(failure) }
    }

    private func restored(_ bytes: ArraySlice<UInt8>) -> (text: String, isTemplated: Bool) {
        let text = String(decoding: bytes, as: UTF8.self)
        return mask?.restored(text) ?? (text, false)
    }
}

// MARK: Space

extension HCLParser {
    /// Passes over space, line ends and comments.
    private mutating func skipSpace() {
        while let next = byte, next.isBlank || next.isLineEnd || opensComment { skipOneSpace() }
    }

    /// Passes over space and comments on one line.
    private mutating func skipLineSpace() {
        while let next = byte, next.isBlank && !next.isLineEnd || opensBlockComment { skipOneSpace() }
    }

    private var opensBlockComment: Bool {
        byte == UInt8(ascii: "/") && byte(after: 1) == UInt8(ascii: "*")
    }

    private var opensComment: Bool {
        byte == .hash || opensBlockComment
            || (byte == UInt8(ascii: "/") && byte(after: 1) == UInt8(ascii: "/"))
    }

    /// Whether nothing more is on the line.
    private var isAtLineEnd: Bool { byte.map(\.isLineEnd) ?? true || opensComment }

    /// Passes over one comment, or one character of space.
    private mutating func skipOneSpace() {
        if opensBlockComment {
            let start = position
            position += 2
            while position < bytes.count {
                if byte == UInt8(ascii: "*"), byte(after: 1) == UInt8(ascii: "/") {
                    position += 2
                    return
                }
                position += 1
            }
            if problem == nil {
                var ahead = marks
                problem = ParseProblem(text: "the comment is not closed", mark: ahead.mark(start))
            }
        } else if opensComment {
            while let next = byte, !next.isLineEnd { position += 1 }
        } else {
            position += 1
        }
    }
}

// MARK: Bodies

extension HCLParser {
    /// `name = expression` or `type "label" {`.
    private mutating func statement(at start: Mark) throws(ParseFailure) {
        let body = bodies.last?.mapping ?? TreeBuilder.root
        let name = try name(at: start)
        skipLineSpace()
        if byte == UInt8(ascii: "="), byte(after: 1) != UInt8(ascii: "=") {
            position += 1
            skipLineSpace()
            let value = try expression(depth: builder.depth(of: body) + 1, endsAtLine: true)
            builder.add(name, value, to: body)
            skipLineSpace()
            guard isAtLineEnd || byte == UInt8(ascii: "}") else {
                throw failure("text goes on after the value")
            }
            return
        }
        var labels: [TreeBuilder.Key] = []
        while let next = byte, next != UInt8(ascii: "{") {
            guard next == .doubleQuote || next.opensWord else {
                throw failure("expected '=' or '{' after \"\(name.text)\"")
            }
            labels.append(try self.name(at: marks.mark(position)))
            guard labels.count < nestingLimit else { throw tooDeep() }
            skipLineSpace()
        }
        guard byte != nil else { throw failure("expected '=' or '{' after \"\(name.text)\"") }
        guard builder.depth(of: body) + labels.count + 2 <= nestingLimit else { throw tooDeep() }
        openBlock(name, labels, in: body)
    }

    private mutating func openBlock(_ type: TreeBuilder.Key, _ labels: [TreeBuilder.Key], in body: Int) {
        let start = marks.mark(position)
        let block: Int
        if let last = labels.last {
            var parent = builder.openMapping(type, in: body)
            for label in labels.dropLast() { parent = builder.openMapping(label, in: parent) }
            block = builder.addMapping(last, to: parent)
        } else {
            block = builder.addElement(type, to: body, isUnwrapped: true)
        }
        builder.begin(block, at: start)
        builder.extend(block, to: start)
        bodies.append((block, type.mark))
        position += 1
    }

    /// A word or a string in quotes.
    private mutating func name(at mark: Mark) throws(ParseFailure) -> TreeBuilder.Key {
        let branch = mask?.branch(ofLine: mark.line) ?? 0
        if byte == .doubleQuote {
            let text = try quoted(depth: 0).text
            return TreeBuilder.Key(text: restored(text[...]).text, mark: mark, branch: branch)
        }
        let start = position
        guard let first = byte, first.opensWord else { throw failure("expected a name") }
        while let next = byte, next.isWord { position += 1 }
        return TreeBuilder.Key(text: restored(bytes[start..<position]).text, mark: mark, branch: branch)
    }
}

// MARK: Expressions

extension HCLParser {
    /// An expression: a tree where it is written as one, else a plain scalar with its source.
    ///
    /// - Parameter endsAtLine: whether the end of the line ends it, which it does not inside of brackets.
    private mutating func expression(depth: Int, endsAtLine: Bool) throws(ParseFailure) -> ConfigNode {
        guard depth <= nestingLimit else { throw tooDeep() }
        let start = position
        let mark = marks.mark(start)
        let before = marks
        if let node = try literal(from: mark, depth: depth) {
            if endsExpression(endsAtLine: endsAtLine) { return node }
            // It was but the first operand.
            position = start
            marks = before
        }
        let (text, isTemplated, end) = try source(endsAtLine: endsAtLine, isKey: false)
        guard !text.isEmpty else { throw failure("expected a value") }
        let (restored, isMasked) = restored(text[...])
        let isComputed = isTemplated || isMasked || !Self.isLiteral(text)
        let scalar = ConfigNode.Scalar(text: restored, style: .plain, isTemplated: isComputed)
        return ConfigNode(.scalar(scalar), start: mark, end: end)
    }

    /// A string, heredoc, list or object; `nil` when the expression begins with something else.
    private mutating func literal(from start: Mark, depth: Int) throws(ParseFailure) -> ConfigNode? {
        switch byte {
        case .doubleQuote:
            let (text, isTemplated) = try quoted(depth: 0)
            return quotedNode(text, isTemplated, from: start)
        case UInt8(ascii: "<") where opensHeredoc:
            let (text, isTemplated) = try heredoc()
            return quotedNode(text, isTemplated, from: start)
        case UInt8(ascii: "["): return try opensFor ? nil : list(from: start, depth: depth)
        case UInt8(ascii: "{"): return opensFor ? nil : object(from: start, depth: depth)
        default: return nil
        }
    }

    private mutating func quotedNode(_ text: [UInt8], _ isTemplated: Bool, from start: Mark) -> ConfigNode {
        let (restored, isMasked) = restored(text[...])
        let scalar = ConfigNode.Scalar(
            text: restored, style: .quoted, isTemplated: isTemplated || isMasked)
        return ConfigNode(.scalar(scalar), start: start, end: marks.mark(before: position))
    }

    /// Whether the bracket at hand opens a `for` expression.
    private var opensFor: Bool {
        var rest = bytes[(position + 1)...].prefix(256).drop { $0.isBlank || $0.isLineEnd }
        guard rest.starts(with: "for".utf8) else { return false }
        rest = rest.dropFirst(3)
        // `{ for = 1 }` is an object with a strange key.
        let next = rest.drop(while: \.isBlank).first ?? 0
        return rest.first?.isWord != true && (next.opensWord || next.isLineEnd)
    }

    /// Whether what was read is all of the expression.
    private func endsExpression(endsAtLine: Bool) -> Bool {
        var ahead = self
        if endsAtLine { ahead.skipLineSpace() } else { ahead.skipSpace() }
        switch ahead.byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ")"), nil: return true
        // No operator begins like this: a comma or a line end is missing.
        case .doubleQuote, UInt8(ascii: "{"): return true
        case let next?: return next.isName || ahead.isAtLineEnd
        }
    }

    private mutating func list(from start: Mark, depth: Int) throws(ParseFailure) -> ConfigNode {
        var elements: [ConfigNode] = []
        position += 1
        while true {
            skipSpace()
            guard byte != nil else { throw failure("the list is not closed") }
            if byte == UInt8(ascii: "]") {
                position += 1
                return ConfigNode(.sequence(elements), start: start, end: marks.mark(before: position))
            }
            elements.append(try expression(depth: depth + 1, endsAtLine: false))
            skipSpace()
            if byte == UInt8(ascii: ",") {
                position += 1
            } else if byte != UInt8(ascii: "]") {
                throw failure("expected ',' or ']'")
            }
        }
    }

    /// An object; an item that cannot be read is passed over with its line.
    private mutating func object(from start: Mark, depth: Int) -> ConfigNode {
        var entries: [ConfigNode.Entry] = []
        position += 1
        while true {
            skipSpace()
            if byte == UInt8(ascii: ",") {
                position += 1
                continue
            }
            guard byte != nil else {
                note(ParseFailure("the object is not closed", at: start))
                break
            }
            if byte == UInt8(ascii: "}") {
                position += 1
                break
            }
            do throws(ParseFailure) {
                entries.append(try item(depth: depth))
                skipLineSpace()
                guard isAtLineEnd || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else {
                    throw failure("expected ',' or a line end")
                }
            } catch {
                note(error)
                skipRestOfLine()
            }
        }
        return ConfigNode(.mapping(entries), start: start, end: marks.mark(before: position))
    }

    /// `key = value` or `key: value` in an object.
    private mutating func item(depth: Int) throws(ParseFailure) -> ConfigNode.Entry {
        let mark = marks.mark(position)
        let key: [UInt8]
        if byte == .doubleQuote {
            key = try quoted(depth: 0).text
        } else {
            key = try source(endsAtLine: true, isKey: true).text
            guard !key.isEmpty else { throw failure("expected a key") }
        }
        skipLineSpace()
        guard byte == .colon || byte == UInt8(ascii: "=") else {
            throw failure("expected '=' after the key")
        }
        position += 1
        skipLineSpace()
        let value = try expression(depth: depth + 1, endsAtLine: true)
        return ConfigNode.Entry(
            key: restored(key[...]).text, keyMark: mark, value: value,
            branch: mask?.branch(ofLine: mark.line) ?? 0)
    }

    /// Whether a plain text is a number, a boolean or null.
    private static func isLiteral(_ text: [UInt8]) -> Bool {
        if ["true", "false", "null"].contains(where: { text.elementsEqual($0.utf8) }) { return true }
        let digits = text.first == .dash ? text.dropFirst() : text[...]
        return digits.first?.isDigit == true
            && digits.allSatisfy {
                $0.isDigit || $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") || $0 == .dash
                    || $0 == UInt8(ascii: "+")
            }
    }
}

// MARK: Source

extension HCLParser {
    /// The text of an expression up to its end, space and comments collapsed outside of strings.
    private mutating func source(
        endsAtLine: Bool, isKey: Bool
    ) throws(ParseFailure) -> (text: [UInt8], isTemplated: Bool, end: Mark) {
        var text: [UInt8] = []
        var isTemplated = false
        var closers: [UInt8] = []
        var last = position
        scan: while let next = byte {
            let isOpen = !closers.isEmpty
            if next.isBlank || next.isLineEnd || opensComment {
                if !isOpen, endsAtLine, isAtLineEnd, !opensBlockComment { break scan }
                skipOneSpace()
                continue
            }
            let start = position
            // Two operands without an operator: a comma or a line end is missing.
            if !isOpen, start > last, text.last?.endsOperand == true, next.isName || next == .doubleQuote {
                break scan
            }
            switch next {
            case .doubleQuote: isTemplated = try quoted(depth: 0).isTemplated || isTemplated
            case UInt8(ascii: "<") where opensHeredoc: isTemplated = try heredoc().isTemplated || isTemplated
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
                guard closers.count < nestingLimit else { throw tooDeep() }
                closers.append(next.closer)
                position += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard let expected = closers.last else { break scan }
                guard expected == next else {
                    throw failure("expected '\(Character(Unicode.Scalar(expected)))'")
                }
                closers.removeLast()
                position += 1
            case UInt8(ascii: ",") where !isOpen: break scan
            case .colon where !isOpen && isKey: break scan
            case UInt8(ascii: "=") where byte(after: 1) != next && byte(after: 1) != UInt8(ascii: ">"):
                if !isOpen { break scan }
                guard closers.last == UInt8(ascii: "}") else { throw failure("unexpected '='") }
                position += 1
            case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"):
                position += 1
                if byte == UInt8(ascii: "=") || (next == UInt8(ascii: "=") && byte == UInt8(ascii: ">")) {
                    position += 1
                }
            default: position += 1
            }
            if start > last, !text.isEmpty { text.append(.space) }
            text.append(contentsOf: bytes[start..<position])
            last = position
        }
        guard closers.isEmpty else { throw failure("a bracket is not closed") }
        var ahead = marks
        return (text, isTemplated, text.isEmpty ? ahead.mark(last) : ahead.mark(before: last))
    }
}

// MARK: Strings

extension HCLParser {
    /// A string in quotes, escapes resolved; what it interpolates stays as written, and so does `$${`, which
    /// would else be taken for that.
    private mutating func quoted(depth: Int) throws(ParseFailure) -> (text: [UInt8], isTemplated: Bool) {
        guard depth < nestingLimit else { throw tooDeep() }
        var text: [UInt8] = []
        var isTemplated = false
        position += 1
        while let next = byte, !next.isLineEnd {
            let start = position
            switch next {
            case .doubleQuote:
                position += 1
                return (text, isTemplated)
            case .backslash:
                escape(into: &text)
                continue
            case UInt8(ascii: "$"), UInt8(ascii: "%"):
                if byte(after: 1) == UInt8(ascii: "{") {
                    try skipInterpolation(depth: depth + 1)
                    isTemplated = true
                } else {
                    position += byte(after: 1) == next && byte(after: 2) == UInt8(ascii: "{") ? 3 : 1
                }
            default: position += 1
            }
            text.append(contentsOf: bytes[start..<position])
        }
        throw failure("the string is not closed")
    }

    private mutating func skipInterpolation(depth: Int) throws(ParseFailure) {
        position += 2
        var braces = 1
        while let next = byte {
            switch next {
            case .doubleQuote:
                _ = try quoted(depth: depth)
                continue
            case UInt8(ascii: "{"): braces += 1
            case UInt8(ascii: "}"): braces -= 1
            default: break
            }
            position += 1
            if braces == 0 { return }
        }
        throw failure("the interpolation is not closed")
    }

    /// Reads an escape; one that HCL does not know stays as written.
    private mutating func escape(into text: inout [UInt8]) {
        let escaped = byte(after: 1) ?? 0
        var length = 2
        switch escaped {
        case .doubleQuote, .backslash: text.append(escaped)
        case UInt8(ascii: "n"): text.append(.lineFeed)
        case UInt8(ascii: "r"): text.append(.carriageReturn)
        case UInt8(ascii: "t"): text.append(.tab)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let digits = escaped == UInt8(ascii: "u") ? 4 : 8
            if let value = hexadecimalNumber(bytes, at: position + 2, digits: digits) {
                text.append(scalar: value)
                length += digits
            } else {
                text += [.backslash, escaped]
            }
        default:
            text.append(.backslash)
            length = 1
        }
        position += length
    }

    private var opensHeredoc: Bool {
        guard byte == UInt8(ascii: "<"), byte(after: 1) == UInt8(ascii: "<") else { return false }
        let next = byte(after: 2) == .dash ? byte(after: 3) : byte(after: 2)
        return next?.opensWord == true
    }

    /// The lines between `<<NAME` and a line that says `NAME`; behind `<<-` without what all are indented by.
    private mutating func heredoc() throws(ParseFailure) -> (text: [UInt8], isTemplated: Bool) {
        let isIndented = byte(after: 2) == .dash
        let first = lines.line(at: position) + 1
        let line = bytes[position..<lines.ranges[first - 1].upperBound].trimmedEnd
        let name = line.dropFirst(isIndented ? 3 : 2)
        guard name.allSatisfy(\.isWord) else { throw failure("expected a line end after '<<'") }
        func isName(_ index: Int) -> Bool {
            bytes[lines.ranges[index]].drop(while: \.isBlank).trimmedEnd.elementsEqual(name)
        }
        guard let end = (first..<max(first, lines.count)).first(where: isName) else {
            let failure = failure("the text has no end")
            // All of it was looked through, which is what the patience with failures counts.
            position = bytes.count
            throw failure
        }
        let body = (first..<end).map { bytes[lines.ranges[$0]] }
        let indent =
            isIndented
            ? body.lazy.filter { !$0.allSatisfy(\.isBlank) }.map { $0.prefix(while: \.isBlank).count }.min()
            : nil
        var text: [UInt8] = []
        for line in body {
            text.append(contentsOf: line.dropFirst(indent ?? 0))
            text.append(.lineFeed)
        }
        position = lines.ranges[end].upperBound
        return (text, Self.interpolates(text))
    }

    /// Whether a text holds `${` or `%{` that is not escaped by a second sign before it.
    private static func interpolates(_ text: [UInt8]) -> Bool {
        var position = 0
        while position + 1 < text.count {
            let (sign, next) = (text[position], text[position + 1])
            let isSign = sign == UInt8(ascii: "$") || sign == UInt8(ascii: "%")
            if isSign, next == UInt8(ascii: "{") { return true }
            position += isSign && next == sign ? 2 : 1
        }
        return false
    }
}

extension UInt8 {
    /// A character that a name may begin with: digits too, as labels and keys have them.
    fileprivate var opensWord: Bool { isName || self >= 0x80 }
    /// A character that a name may hold.
    fileprivate var isWord: Bool { isName || self == .dash || self == UInt8(ascii: ".") || self >= 0x80 }
    /// A character that a value may end with.
    fileprivate var endsOperand: Bool {
        isName || self == .doubleQuote || self == UInt8(ascii: ")") || self == UInt8(ascii: "]")
    }
    /// The bracket that closes an opening one.
    fileprivate var closer: UInt8 {
        switch self {
        case UInt8(ascii: "("): UInt8(ascii: ")")
        case UInt8(ascii: "["): UInt8(ascii: "]")
        default: UInt8(ascii: "}")
        }
    }
}

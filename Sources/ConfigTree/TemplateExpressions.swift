/// A stretch of a text that a template engine replaces, or a character that must not reach a parser as it is.
struct TemplateExpression {
    /// What a statement does to the block structure of a template.
    enum BlockEffect { case none, opens, alternates, closes }

    enum Role: Equatable {
        /// Stands for a value.
        case value
        /// A statement or a comment: leaves nothing behind.
        case control(BlockEffect)
        /// No template at all, but a character that the parser would take for a line end or for a token.
        case literal
    }

    var range: Range<Int>
    var role: Role

    var isControl: Bool { if case .control = role { true } else { false } }
}

/// Finds template expressions: Go and Jinja braces, ERB tags, shell variables, and bare placeholders in capitals.
///
/// One pass; each kind of closing delimiter is searched for at most once from any place, so that unclosed
/// delimiters do not make it quadratic.
struct TemplateScanner {
    private let bytes: [UInt8]
    /// Whether an expression may reach over a line end.
    private let spansLines: Bool
    private var found: [TemplateExpression] = []
    private var closers: [UInt16: Int] = [:]

    /// How far an expression over several lines may reach.
    private static let longestExpression = 8_192
    /// How far a closing brace is looked for with an eye on quotes: less, once too much was looked at in vain.
    private var quotedReach: Int { wasted > Self.mostWasted ? 64 : 1_024 }
    /// How many bytes such looking took that found nothing.
    private var wasted = 0
    private static let mostWasted = 4 << 20
    /// One character stands for each expression, and there are only so many.
    private static let most = 0x20000

    init(_ bytes: [UInt8], spansLines: Bool) {
        self.bytes = bytes
        self.spansLines = spansLines
    }

    /// All expressions in order, none overlapping another.
    mutating func scan() -> [TemplateExpression] {
        var position = 0
        while found.count < Self.most {
            position = nextOpening(from: position)
            guard position < bytes.count else { break }
            if let expression = expression(at: position) {
                found.append(expression)
                position = expression.range.upperBound
            } else {
                position += skip(at: position)
            }
        }
        return found
    }

    /// Where the next byte is that an expression may begin with; the end where there is none.
    private func nextOpening(from start: Int) -> Int {
        let bytes = bytes.span
        var position = start
        while position < bytes.count, !bytes[position].mayOpenExpression { position += 1 }
        return position
    }

    private func byte(_ position: Int) -> UInt8 { position < bytes.count ? bytes[position] : 0 }

    /// `$$` is an escaped dollar, and the brace of a `${#…` or `${!…` that is no variable opens nothing.
    private func skip(at position: Int) -> Int {
        guard bytes[position] == UInt8(ascii: "$") else { return 1 }
        let next = byte(position + 1)
        let isBrace = next == UInt8(ascii: "{") && byte(position + 2) != UInt8(ascii: "{")
        return next == UInt8(ascii: "$") || isBrace ? 2 : 1
    }

    private mutating func expression(at position: Int) -> TemplateExpression? {
        switch bytes[position] {
        case UInt8(ascii: "{"): braces(at: position)
        case UInt8(ascii: "$"): variable(at: position)
        case UInt8(ascii: "<"): erb(at: position)
        case UInt8(ascii: "%"), .underscore: doubled(at: position)
        default: literal(at: position)
        }
    }
}

// MARK: The kinds

extension TemplateScanner {
    private mutating func braces(at position: Int) -> TemplateExpression? {
        switch byte(position + 1) {
        case UInt8(ascii: "{"):
            guard let end = endOfBraces(from: position) else { return nil }
            return TemplateExpression(
                range: position..<end, role: goRole(bytes[position + 2..<max(position + 2, end - 2)]))
        case UInt8(ascii: "%"):
            guard let end = end("%", "}", from: position) else { return nil }
            return TemplateExpression(
                range: position..<end, role: jinjaRole(bytes[position + 2..<max(position + 2, end - 2)]))
        case UInt8(ascii: "#"):
            guard let end = end("#", "}", from: position) else { return nil }
            return TemplateExpression(range: position..<end, role: .control(.none))
        case let next where next.isUpper || next == .underscore:
            var end = position + 1
            while byte(end).isCapitalName || (byte(end) == .dash && byte(end + 1).isUpper) { end += 1 }
            if byte(end) == .colon { end = endOfArgument(end + 1) }
            guard byte(end) == UInt8(ascii: "}") else { return nil }
            return TemplateExpression(range: position..<end + 1, role: .value)
        default: return nil
        }
    }

    /// The end of what follows the colon in `{IMAGE:name}`.
    private func endOfArgument(_ start: Int) -> Int {
        var end = start
        while byte(end).isName || [.dash, UInt8(ascii: "."), UInt8(ascii: "/"), .colon].contains(byte(end)) {
            end += 1
        }
        return end
    }

    private mutating func variable(at position: Int) -> TemplateExpression? {
        if byte(position + 1) == UInt8(ascii: "{") {
            guard byte(position + 2).opensName else { return nil }
            var depth = 0
            var end = position + 1
            while end < bytes.count, bytes[end] != .lineFeed, bytes[end] != .carriageReturn {
                if bytes[end] == UInt8(ascii: "{") { depth += 1 }
                if bytes[end] == UInt8(ascii: "}") { depth -= 1 }
                end += 1
                if depth == 0 { return TemplateExpression(range: position..<end, role: .value) }
                guard end - position < quotedReach else { break }
            }
            wasted += end - position
            return nil
        }
        var end = position + 1
        guard byte(end).isUpper || byte(end) == .underscore else { return nil }
        while byte(end).isCapitalName { end += 1 }
        guard end - position > 2, !byte(end).isLetter else { return nil }
        return TemplateExpression(range: position..<end, role: .value)
    }

    private mutating func erb(at position: Int) -> TemplateExpression? {
        guard byte(position + 1) == UInt8(ascii: "%"), let end = end("%", ">", from: position) else {
            return nil
        }
        return TemplateExpression(
            range: position..<end, role: erbRole(bytes[position + 2..<max(position + 2, end - 2)]))
    }

    /// `%%NAME%%` and `__NAME__`.
    private func doubled(at position: Int) -> TemplateExpression? {
        let mark = bytes[position]
        guard byte(position + 1) == mark, byte(position + 2).isLetter else { return nil }
        let isUnderscore = mark == .underscore
        guard !isUnderscore || position == 0 || !bytes[position - 1].isName else { return nil }
        var end = position + 2
        while isUnderscore ? byte(end).isCapitalName : byte(end).isName {
            if isUnderscore, byte(end) == mark, byte(end + 1) == mark { break }
            end += 1
        }
        guard byte(end) == mark, byte(end + 1) == mark else { return nil }
        guard !isUnderscore || !byte(end + 2).isName else { return nil }
        return TemplateExpression(range: position..<end + 2, role: .value)
    }

    /// Line ends that only YAML counts (U+0085, U+2028, U+2029), and the characters that masking uses.
    private func literal(at position: Int) -> TemplateExpression? {
        let (first, second, third) = (bytes[position], byte(position + 1), byte(position + 2))
        let length: Int
        switch first {
        case 0xC2 where second == 0x85: length = 2
        case 0xE2 where second == 0x80 && (third == 0xA8 || third == 0xA9): length = 3
        case 0xEE where second == 0x80 && third == 0x80: length = 3
        case 0xF3 where second >= 0xB0, 0xF4 where second <= 0x8F:
            guard second & 0xC0 == 0x80, third & 0xC0 == 0x80, byte(position + 3) & 0xC0 == 0x80 else {
                return nil
            }
            length = 4
        default: return nil
        }
        return TemplateExpression(range: position..<position + length, role: .literal)
    }
}

// MARK: The ends

extension TemplateScanner {
    /// The place after the next pair of closing characters, if an expression may reach that far.
    private mutating func end(
        _ a: Unicode.Scalar, _ b: Unicode.Scalar, from position: Int, isComment: Bool = false
    ) -> Int? {
        let (first, second) = (UInt8(ascii: a), UInt8(ascii: b))
        let pair = UInt16(first) << 8 | UInt16(second)
        let from = position + 2
        var close = closers[pair] ?? 0
        if close < from {
            close = from
            while close < bytes.count, !(bytes[close] == first && byte(close + 1) == second) { close += 1 }
            closers[pair] = close
        }
        guard close < bytes.count, close - position <= Self.longestExpression else { return nil }
        return isComment && spansLines || holdsOneExpression(position, close) ? close + 2 : nil
    }

    /// An opening delimiter, a document marker or a key on a later line before the closing one says that this
    /// one was never closed.
    private func holdsOneExpression(_ start: Int, _ close: Int) -> Bool {
        guard let lineEnd = bytes[start..<close].firstIndex(of: .lineFeed) else { return true }
        guard spansLines else { return false }
        let (first, second) = (bytes[start], bytes[start + 1])
        for position in lineEnd..<close - 1 {
            if bytes[position] == first, bytes[position + 1] == second { return false }
            if bytes[position] == .lineFeed, opensEntry(bytes[(position + 1)..<close]) { return false }
        }
        return true
    }

    /// Whether a text begins with `---` or `name:`.
    private func opensEntry(_ text: ArraySlice<UInt8>) -> Bool {
        if text.starts(with: "---".utf8) { return true }
        let line = text.drop { $0.isBlank || $0 == .dash }
        let name = line.prefix { $0.isName || $0 == .dash || $0 == UInt8(ascii: ".") }
        let after = line[name.endIndex...]
        return !name.isEmpty && after.first == .colon && (after.dropFirst().first ?? .space) <= .space
    }

    /// The place after `}}`, those in strings and comments passed over where they are near.
    private mutating func endOfBraces(from position: Int) -> Int? {
        var at = position + 2
        if byte(at) == .dash { at += 1 }
        while byte(at).isBlank { at += 1 }
        if byte(at) == UInt8(ascii: "/"), byte(at + 1) == UInt8(ascii: "*") {
            // Comments hold apostrophes and examples.
            guard let comment = end("*", "/", from: position, isComment: true),
                let close = end("}", "}", from: comment - 2), close - comment < 16
            else { return nil }
            return close
        }
        let limit = min(bytes.count, position + quotedReach)
        while at < limit {
            switch bytes[at] {
            case .lineFeed: return end("}", "}", from: position)
            case .doubleQuote, .singleQuote, UInt8(ascii: "`"):
                guard let next = endOfString(from: at, limit: limit) else {
                    return end("}", "}", from: position)
                }
                at = next
            case UInt8(ascii: "}") where byte(at + 1) == UInt8(ascii: "}"):
                // Three of them close three.
                let isTriple = byte(position + 2) == UInt8(ascii: "{") && byte(at + 2) == UInt8(ascii: "}")
                return at + (isTriple ? 3 : 2)
            default: at += 1
            }
        }
        wasted += limit - position
        return end("}", "}", from: position)
    }

    private func endOfString(from start: Int, limit: Int) -> Int? {
        let quote = bytes[start]
        var at = start + 1
        while at < limit, bytes[at] != .lineFeed {
            if bytes[at] == quote { return at + 1 }
            at += bytes[at] == .backslash && quote == .doubleQuote ? 2 : 1
        }
        return nil
    }
}

// MARK: What they say

extension TemplateScanner {
    private func goRole(_ inner: ArraySlice<UInt8>) -> TemplateExpression.Role {
        let code = inner.drop { $0.isBlank || $0 == .lineFeed || $0 == .dash || $0 == UInt8(ascii: "~") }
        switch code.first {
        case UInt8(ascii: "/") where code.dropFirst().first == UInt8(ascii: "*"): return .control(.none)
        case UInt8(ascii: "!"): return .control(.none)
        // Handlebars and Mustache: {{#if x}} … {{/if}}.
        case .hash: return .control(.opens)
        case UInt8(ascii: "/"): return .control(.closes)
        case UInt8(ascii: "^"): return .control(.alternates)
        case UInt8(ascii: "$"):
            let rest = code.drop {
                $0.isName || $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: ",") || $0.isBlank
            }
            return rest.first == .colon || rest.first == UInt8(ascii: "=") ? .control(.none) : .value
        default: break
        }
        switch word(code) {
        case "if", "with", "range", "define", "block": return .control(.opens)
        case "else": return .control(.alternates)
        case "end": return .control(.closes)
        case "break", "continue": return .control(.none)
        default: return .value
        }
    }

    private func jinjaRole(_ inner: ArraySlice<UInt8>) -> TemplateExpression.Role {
        let code = inner.drop { $0.isBlank || $0 == .lineFeed || $0 == .dash || $0 == UInt8(ascii: "+") }
        let word = word(code)
        switch word {
        case "if", "unless", "for", "macro", "block", "filter", "call", "raw", "with", "autoescape", "case":
            return .control(.opens)
        case "elif", "elsif", "else", "when": return .control(.alternates)
        case "set" where !code.contains(UInt8(ascii: "=")): return .control(.opens)
        default: return .control(word.hasPrefix("end") ? .closes : .none)
        }
    }

    private func erbRole(_ inner: ArraySlice<UInt8>) -> TemplateExpression.Role {
        switch inner.first {
        case UInt8(ascii: "="): return .value
        case .hash: return .control(.none)
        default: break
        }
        let code = inner.drop { $0.isBlank || $0 == .lineFeed || $0 == .dash }
        switch word(code) {
        case "if", "unless", "case", "for", "while", "until", "begin": return .control(.opens)
        case "else", "elsif", "when", "rescue", "ensure": return .control(.alternates)
        case "end": return .control(.closes)
        default: break
        }
        // `things.each do |thing|` opens a block as well.
        let tail = String(decoding: code, as: UTF8.self).split { $0 == " " || $0 == "-" || $0 == "\n" }
        let opens = tail.last == "do" || (tail.contains("do") && tail.last?.hasSuffix("|") == true)
        return .control(opens ? .opens : .none)
    }

    private func word(_ code: ArraySlice<UInt8>) -> String {
        String(decoding: code.prefix(while: \.isName), as: UTF8.self)
    }
}

extension UInt8 {
    /// Whether an expression may begin with this byte.
    fileprivate var mayOpenExpression: Bool {
        switch self {
        case UInt8(ascii: "{"), UInt8(ascii: "$"), UInt8(ascii: "<"), UInt8(ascii: "%"), .underscore: true
        case 0xC2, 0xE2, 0xEE, 0xF3, 0xF4: true
        default: false
        }
    }
}

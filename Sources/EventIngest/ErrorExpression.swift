/// Which events failed, as `--error` says it.
///
/// ```
/// expression := conjunction { "or" conjunction }
/// conjunction := negation { "and" negation }
/// negation   := "not" negation | "(" expression ")" | comparison
/// comparison := field [ ("==" | "=" | "!=" | ">=" | "<=" | ">" | "<") value ]
/// field      := letters, digits, ".", "_", "-", "@", "/" — or anything between backquotes
/// value      := a number, true, false, null, a word, or anything between single or double quotes
/// ```
/// A field alone holds when it is there and is neither false, 0, empty text, nor `false` or `0` as text. Numbers compare
/// as numbers, also where the event has them as text; everything else compares as text, and only `==` and `!=` hold for
/// it. A field that is not there equals `null` and nothing else.
package struct ErrorExpression: Sendable {
    package indirect enum Node: Sendable {
        case or(Node, Node)
        case and(Node, Node)
        case not(Node)
        case truthy(field: Int)
        case compares(field: Int, Comparison, Literal)
    }

    package enum Comparison: String, CaseIterable, Sendable {
        case equal = "==", unequal = "!=", atLeast = ">=", atMost = "<=", above = ">", below = "<"
    }

    package enum Literal: Equatable, Sendable {
        case number(Double)
        case text(String)
        case null
    }

    package let root: Node
    /// The names of the fields, by the numbers that the nodes use.
    package let fields: [String]

    package init(_ text: String) throws(IngestError) {
        var parser = ErrorExpressionParser(text)
        root = try parser.expression()
        try parser.expectEnd()
        fields = parser.fields
    }

    /// The names of the fields that it asks for more than their absence.
    package var requiredFields: [String] {
        var required: Set<Int> = []
        func walk(_ node: Node) {
            switch node {
            case .or(let a, let b), .and(let a, let b):
                walk(a)
                walk(b)
            case .not(let inner): walk(inner)
            case .truthy(let field): required.insert(field)
            case .compares(_, _, .null): break
            case .compares(let field, _, _): required.insert(field)
            }
        }
        walk(root)
        return required.sorted().map { fields[$0] }
    }

    /// - Parameter value: gives the field of the event for each of ``fields``, by its number.
    func holds(_ value: (Int) -> RecordField) -> Bool { holds(root, value) }

    private func holds(_ node: Node, _ value: (Int) -> RecordField) -> Bool {
        switch node {
        case .or(let a, let b): holds(a, value) || holds(b, value)
        case .and(let a, let b): holds(a, value) && holds(b, value)
        case .not(let inner): !holds(inner, value)
        case .truthy(let field): isTruthy(value(field))
        case .compares(let field, let comparison, let literal):
            compare(value(field), comparison, literal)
        }
    }

    private func compare(_ field: RecordField, _ comparison: Comparison, _ literal: Literal) -> Bool {
        guard field.isPresent else {
            return comparison == (literal == .null ? .equal : .unequal)
        }
        switch literal {
        case .null: return comparison == .unequal
        case .text(let text):
            let isEqual = field.string == text
            return comparison == .equal ? isEqual : comparison == .unequal && !isEqual
        case .number(let wanted):
            guard let number = EventReading.number(field) else {
                return comparison == .unequal
            }
            switch comparison {
            case .equal: return number == wanted
            case .unequal: return number != wanted
            case .atLeast: return number >= wanted
            case .atMost: return number <= wanted
            case .above: return number > wanted
            case .below: return number < wanted
            }
        }
    }
}

/// Whether a field alone counts as yes.
func isTruthy(_ field: RecordField) -> Bool {
    switch field.kind {
    case .missing, .null: false
    case .bool, .number: field.number != 0
    case .array: field.text.count > 2
    case .string:
        !field.text.isEmpty
            && !FailureWords.negative.contains { field.text.elementsEqual($0.utf8) }
    }
}

/// Recursive descent over the grammar of ``ErrorExpression``.
private struct ErrorExpressionParser {
    private let characters: [Character]
    private var position = 0
    private(set) var fields: [String] = []
    private var depth = 0
    private var comparisons = 0

    init(_ text: String) { characters = Array(text) }

    mutating func expression() throws(IngestError) -> ErrorExpression.Node {
        var node = try conjunction()
        while takeWord("or") { node = .or(node, try conjunction()) }
        return node
    }

    private mutating func conjunction() throws(IngestError) -> ErrorExpression.Node {
        var node = try negation()
        while takeWord("and") { node = .and(node, try negation()) }
        return node
    }

    private mutating func negation() throws(IngestError) -> ErrorExpression.Node {
        depth += 1
        defer { depth -= 1 }
        guard depth < 100 else { throw failure("the expression is nested too deep") }
        if takeWord("not") { return .not(try negation()) }
        if take("(") {
            let inner = try expression()
            guard take(")") else { throw failure("a closing parenthesis is missing") }
            return inner
        }
        return try comparison()
    }

    private mutating func comparison() throws(IngestError) -> ErrorExpression.Node {
        // Each is one step deeper in the tree, and settings may come from anybody.
        comparisons += 1
        guard comparisons <= 500 else { throw failure("the expression has more than 500 comparisons") }
        let name = try fieldName()
        let field = fields.firstIndex(of: name) ?? fields.count
        if field == fields.count { fields.append(name) }
        for comparison in ErrorExpression.Comparison.allCases where take(comparison.rawValue) {
            let wanted = try literal()
            if comparison != .equal, comparison != .unequal {
                guard case .number = wanted else {
                    throw failure("\(comparison.rawValue) takes a number, since only numbers have an order")
                }
            }
            return .compares(field: field, comparison, wanted)
        }
        if take("=") { return .compares(field: field, .equal, try literal()) }
        return .truthy(field: field)
    }

    private mutating func fieldName() throws(IngestError) -> String {
        skipSpace()
        if take("`") { return try quoted("`") }
        let name = word { $0.isLetter || $0.isNumber || "._-@/".contains($0) }
        guard !name.isEmpty else { throw failure("a field's name is missing") }
        return name
    }

    private mutating func literal() throws(IngestError) -> ErrorExpression.Literal {
        skipSpace()
        for quote in ["\"", "'"] where take(quote) { return .text(try quoted(Character(quote))) }
        let text = word { !$0.isWhitespace && $0 != ")" && $0 != "(" }
        guard !text.isEmpty else { throw failure("a value is missing") }
        if text == "null" { return .null }
        if text == "true" { return .text("true") }
        return Double(text).map { .number($0) } ?? .text(text)
    }

    private mutating func quoted(_ quote: Character) throws(IngestError) -> String {
        let text = word { $0 != quote }
        guard take(String(quote)) else { throw failure("a closing \(quote) is missing") }
        return text
    }

    mutating func expectEnd() throws(IngestError) {
        skipSpace()
        guard position == characters.count else { throw failure("this cannot follow here") }
    }

    private mutating func skipSpace() {
        while position < characters.count, characters[position].isWhitespace { position += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        skipSpace()
        guard characters[position...].starts(with: text) else { return false }
        position += text.count
        return true
    }

    private mutating func takeWord(_ text: String) -> Bool {
        skipSpace()
        let end = position + text.count
        guard characters[position...].starts(with: text),
            end == characters.count || characters[end].isWhitespace || characters[end] == "("
        else { return false }
        position = end
        return true
    }

    private mutating func word(_ belongs: (Character) -> Bool) -> String {
        let start = position
        while position < characters.count, belongs(characters[position]) { position += 1 }
        return String(characters[start..<position])
    }

    private func failure(_ reason: String) -> IngestError {
        IngestError(
            .badExpression, "\(reason), at character \(position + 1) of '\(String(characters.prefix(200)))'",
            at: "--error",
            remedy: "write it like: status >= 500 or error", about: .expression)
    }
}

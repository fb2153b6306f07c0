/// What the lines of a template are to the parser, decided before a byte is masked.
///
/// A line of statements alone leaves nothing behind, so it becomes a comment. A line with nothing but a
/// value (`{{- toYaml .Values.x | nindent 4 }}`) is the value of the key above it, if that key has no other;
/// else it adds to a block that is already there, and becomes a comment too. So does one that stands behind a
/// key with a block of its own below (`labels: {{- include "x" . | nindent 4 }}`). In a block scalar all is text.
struct TemplateLayout {
    /// How a line of expressions alone is written.
    struct Shift {
        var indent: Int
        var isComment: Bool
    }

    private enum Shape: Equatable { case blank, comment, control, value, content }

    /// The conditional that each line stands in, 0 outside any; empty when there is no conditional at all.
    private(set) var branches: [Int] = []
    private var shifts: [Int: Shift] = [:]
    /// The expressions, by their number, that add to a block and are left out.
    private(set) var omitted: Set<Int> = []
    /// Keys with nothing but expressions behind them on their line.
    private var asides: [Int: Aside] = [:]

    /// - Parameter arranges: whether lines of expressions alone are moved or made comments; formats whose readers pass over such
    ///   lines themselves do without.
    init(_ source: SourceLines, _ expressions: [TemplateExpression], arranges: Bool) {
        var shapes: [Shape] = []
        shapes.reserveCapacity(source.count)
        var blocks = BlockStack()
        var next = 0
        var covered = 0
        for line in source.ranges {
            let first = next
            while next < expressions.count, expressions[next].range.lowerBound < line.upperBound { next += 1 }
            let here = expressions[first..<next]
            let rest = min(max(covered, line.lowerBound), line.upperBound)..<line.upperBound
            let shape = Self.shape(source.bytes, rest, here)
            if shape == .content { asides[shapes.count] = Self.aside(source.bytes, rest, here) }
            shapes.append(shape)
            // `{{ if x }}key: value{{ end }}` stands in its own condition: what opens a line counts for it.
            let leading = here.prefix { $0.range.lowerBound == Self.opening(of: line, source.bytes, here) }
            leading.forEach { blocks.apply($0) }
            branches.append(blocks.current)
            here.dropFirst(leading.count).forEach { blocks.apply($0) }
            covered = max(covered, here.last?.range.upperBound ?? 0)
        }
        if blocks.count == 0 { branches = [] }
        guard arranges, !asides.isEmpty || shapes.contains(where: { $0 == .control || $0 == .value }) else {
            return
        }
        arrange(source, shapes)
    }

    /// How a line is written, when it holds nothing but expressions.
    func shift(ofLine index: Int) -> Shift? { shifts[index] }

    /// The first place of a line that is not blank.
    private static func opening(
        of line: Range<Int>, _ bytes: [UInt8], _ here: ArraySlice<TemplateExpression>
    ) -> Int {
        here.isEmpty ? line.upperBound : bytes[line].firstIndex { !$0.isBlank } ?? line.upperBound
    }

    private static func shape(
        _ bytes: [UInt8], _ rest: Range<Int>, _ expressions: ArraySlice<TemplateExpression>
    ) -> Shape {
        guard rest.lowerBound < rest.upperBound else { return expressions.isEmpty ? .blank : .control }
        var position = rest.lowerBound
        var seen = 0
        for expression in expressions {
            if expression.role == .literal { return .content }
            if let other = bytes[position..<expression.range.lowerBound].first(where: { !$0.isBlank }) {
                return other == .hash && seen == 0 ? .comment : .content
            }
            position = min(expression.range.upperBound, rest.upperBound)
            seen += 1
        }
        if let other = bytes[position..<rest.upperBound].first(where: { !$0.isBlank }), other != .hash {
            return .content
        } else if seen == 0 {
            return bytes[rest].contains { !$0.isBlank } ? .comment : .blank
        }
        return expressions.allSatisfy(\.isControl) ? .control : .value
    }
}

/// The conditionals that are open, each branch with a number of its own.
private struct BlockStack {
    private var open: [Int] = []
    private(set) var count = 0

    var current: Int { open.last ?? 0 }

    mutating func apply(_ expression: TemplateExpression) {
        guard case .control(let effect) = expression.role else { return }
        switch effect {
        case .none: return
        case .closes: _ = open.popLast()
        case .alternates:
            guard open.popLast() != nil else { return }
            count += 1
            open.append(count)
        case .opens:
            count += 1
            open.append(count)
        }
    }
}

// MARK: Arranging lines of expressions

extension TemplateLayout {
    /// The key or dash that a line ends with, waiting for a value below it.
    private struct Opener {
        var column: Int
        var isBlockScalar: Bool
    }

    /// The expressions behind a key.
    private struct Aside {
        var opener: Opener
        var expressions: Range<Int>
    }

    private static func aside(
        _ bytes: [UInt8], _ line: Range<Int>, _ expressions: ArraySlice<TemplateExpression>
    ) -> Aside? {
        guard let last = expressions.last, last.range.upperBound <= line.upperBound,
            bytes[last.range.upperBound..<line.upperBound].allSatisfy(\.isBlank)
        else { return nil }
        var first = expressions.endIndex - 1
        while first > expressions.startIndex {
            let gap = expressions[first - 1].range.upperBound..<expressions[first].range.lowerBound
            guard bytes[gap].allSatisfy(\.isBlank) else { break }
            first -= 1
        }
        let before = bytes[line.lowerBound..<expressions[first].range.lowerBound]
        guard let end = before.lastIndex(where: { !$0.isBlank }), bytes[end] == .colon,
            let opener = opener(before[...end])
        else { return nil }
        return Aside(opener: opener, expressions: first..<expressions.endIndex)
    }

    /// A block scalar with the column of its key, and that of its text once a line of it was seen.
    private struct BlockScalar {
        let key: Int
        private var text: Int?

        init(key: Int) { self.key = key }

        /// The column that a line takes in the text, or `nil` when it stands outside. Statements are often
        /// written at the margin; they are inside as long as what follows is.
        mutating func column(of shape: Shape, indent: Int, next: Int) -> Int? {
            let isAlone = shape == .control || shape == .value
            let continues = isAlone && (next > key || (shape == .value && text == nil))
            guard indent > key || continues else { return nil }
            let expected = text ?? (isAlone ? (next > key ? next : max(indent, key + 1)) : indent)
            defer { text = expected }
            return isAlone && text != nil ? max(indent, expected) : expected
        }
    }

    private mutating func arrange(_ source: SourceLines, _ shapes: [Shape]) {
        let following = Self.following(shapes) { $0 == .content }
        let followingText = Self.following(shapes) { $0 == .content || $0 == .value }
        var waiting: Opener?
        var block: BlockScalar?
        for (index, shape) in shapes.enumerated() where shape != .blank {
            let indent = source.indent(index)
            let isAlone = shape == .control || shape == .value
            if var current = block {
                let next = followingText[index].map { source.indent($0) } ?? -1
                if let column = current.column(of: shape, indent: indent, next: next) {
                    if isAlone { shifts[index] = Shift(indent: column, isComment: false) }
                    block = current
                    continue
                }
                block = nil
            }
            if let aside = asides[index], Self.isChild(following[index], of: aside.opener, source) {
                omitted.formUnion(aside.expressions)
            }
            if shape == .content {
                waiting = Self.opener(source.bytes[source.ranges[index]])
                if let opener = waiting, opener.isBlockScalar {
                    block = BlockScalar(key: opener.column)
                    waiting = nil
                }
            } else if shape == .value, let opener = waiting,
                !Self.isChild(following[index], of: opener, source)
            {
                shifts[index] = Shift(indent: max(indent, opener.column + 1), isComment: false)
                waiting = nil
            } else if isAlone {
                shifts[index] = Shift(indent: indent, isComment: true)
            }
        }
    }

    /// For each line the next one after it that is of a kind.
    private static func following(_ shapes: [Shape], where isWanted: (Shape) -> Bool) -> [Int?] {
        var following = [Int?](repeating: nil, count: shapes.count)
        var next: Int?
        for index in shapes.indices.reversed() {
            following[index] = next
            if isWanted(shapes[index]) { next = index }
        }
        return following
    }

    /// Whether a line belongs below a key: deeper, or an element of a list as deep as the key.
    private static func isChild(_ index: Int?, of opener: Opener, _ source: SourceLines) -> Bool {
        guard let index else { return false }
        let indent = source.indent(index)
        guard indent == opener.column else { return indent > opener.column }
        let line = source.bytes[source.ranges[index]].dropFirst(indent)
        return line.first == .dash && (line.dropFirst().first ?? .space).isBlank
    }

    /// `key:`, `-`, `key: |`, `- >-` at the end of a line, with the column (from 0) of the key or dash.
    private static func opener(_ line: ArraySlice<UInt8>) -> Opener? {
        var text = line
        if let comment = commentStart(text) { text = text[..<comment] }
        while let last = text.last, last.isBlank { text = text.dropLast() }
        var column = line.prefix { $0 == .space }.count
        var rest = text.dropFirst(column)
        var dash: Int?
        while rest.first == .dash, rest.dropFirst().first?.isBlank ?? true {
            dash = column
            let step = 1 + rest.dropFirst().prefix(while: \.isBlank).count
            column += step
            rest = rest.dropFirst(step)
        }
        if rest.isEmpty { return dash.map { Opener(column: $0, isBlockScalar: false) } }
        if rest.last == .colon { return Opener(column: column, isBlockScalar: false) }
        let indicator = rest.suffix(3)
        guard let bar = indicator.firstIndex(where: { $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: ">") }),
            rest[(bar + 1)...].allSatisfy({ $0.isDigit || $0 == .dash || $0 == UInt8(ascii: "+") })
        else { return nil }
        let before = rest[..<bar]
        if before.isEmpty { return dash.map { Opener(column: $0, isBlockScalar: true) } }
        let isValue = before.last?.isBlank == true && before.contains(.colon)
        return isValue ? Opener(column: column, isBlockScalar: true) : nil
    }

    private static func commentStart(_ line: ArraySlice<UInt8>) -> Int? {
        var previous = UInt8.space
        for index in line.indices {
            if line[index] == .hash, previous.isBlank { return index }
            previous = line[index]
        }
        return nil
    }
}

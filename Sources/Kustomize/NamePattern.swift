/// A regular expression that a whole name must match, as the targets of patches are written.
///
/// Matching takes time in proportion to the name, whatever the expression: all ways are followed at once.
struct NamePattern: Sendable {
    private indirect enum Node {
        case character(Matcher)
        case sequence([Node])
        case choice([Node])
        /// What may be there any number of times from the first on.
        case many(Node, atLeastOnce: Bool)
        case optional(Node)
        case end
        case start
    }

    private struct Matcher: Sendable {
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var isNegated = false

        func matches(_ scalar: Unicode.Scalar) -> Bool {
            ranges.contains { $0.contains(scalar) } != isNegated
        }
    }

    private enum Step: Sendable {
        case character(Matcher)
        case split(Int, Int)
        case jump(Int)
        case atStart
        case atEnd
        case accept
    }

    private var steps: [Step] = []
    /// The one text that it describes, where nothing in it has another meaning.
    let literal: String?

    /// - Returns: `nil` for what is none, or is not understood.
    init?(_ text: String) {
        guard text.utf8.count <= 1000 else { return nil }
        literal = text.utf8.allSatisfy(Self.isLiteral) ? text : nil
        var parser = Parser(scalars: Array(text.unicodeScalars))
        guard let node = parser.choice(depth: 0), parser.isAtEnd else { return nil }
        compile(node)
        steps.append(.accept)
    }

    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "/"):
            true
        default: false
        }
    }

    /// Whether the whole of a text is one that it describes.
    func matches(_ text: String) -> Bool {
        if let literal { return text == literal }
        let scalars = Array(text.unicodeScalars)
        var current = Set<Int>()
        follow(0, at: 0, of: scalars.count, into: &current)
        for (index, scalar) in scalars.enumerated() {
            var next = Set<Int>()
            for position in current {
                guard case .character(let matcher) = steps[position], matcher.matches(scalar) else {
                    continue
                }
                follow(position + 1, at: index + 1, of: scalars.count, into: &next)
            }
            current = next
        }
        return current.contains { if case .accept = steps[$0] { true } else { false } }
    }

    private func follow(_ start: Int, at index: Int, of count: Int, into found: inout Set<Int>) {
        var open = [start]
        while let position = open.popLast() {
            guard found.insert(position).inserted else { continue }
            switch steps[position] {
            case .split(let a, let b): open += [a, b]
            case .jump(let target): open.append(target)
            case .atStart: if index == 0 { open.append(position + 1) }
            case .atEnd: if index == count { open.append(position + 1) }
            case .character, .accept: break
            }
        }
    }

    private mutating func compile(_ node: Node) {
        switch node {
        case .character(let matcher): steps.append(.character(matcher))
        case .start: steps.append(.atStart)
        case .end: steps.append(.atEnd)
        case .sequence(let nodes): nodes.forEach { compile($0) }
        case .optional(let inner):
            let split = steps.count
            steps.append(.jump(0))
            compile(inner)
            steps[split] = .split(split + 1, steps.count)
        case .many(let inner, let atLeastOnce):
            let split = steps.count
            if !atLeastOnce { steps.append(.jump(0)) }
            let start = steps.count
            compile(inner)
            steps.append(.split(start, steps.count + 1))
            if !atLeastOnce { steps[split] = .split(start, steps.count) }
        case .choice(let nodes):
            var ends: [Int] = []
            for (index, inner) in nodes.enumerated() {
                let isLast = index == nodes.count - 1
                let split = steps.count
                if !isLast { steps.append(.jump(0)) }
                compile(inner)
                guard !isLast else { continue }
                ends.append(steps.count)
                steps.append(.jump(0))
                steps[split] = .split(split + 1, steps.count)
            }
            for end in ends { steps[end] = .jump(steps.count) }
        }
    }

    private struct Parser {
        let scalars: [Unicode.Scalar]
        var position = 0
        private static let deepest = 30

        init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

        var isAtEnd: Bool { position == scalars.count }
        private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

        mutating func choice(depth: Int) -> Node? {
            guard depth < Self.deepest else { return nil }
            var ways: [Node] = []
            repeat {
                if !ways.isEmpty { position += 1 }
                var parts: [Node] = []
                while let scalar = next, scalar != "|", scalar != ")" {
                    guard let part = repeated(depth: depth) else { return nil }
                    parts.append(part)
                }
                ways.append(.sequence(parts))
            } while next == "|"
            return ways.count == 1 ? ways[0] : .choice(ways)
        }

        private mutating func repeated(depth: Int) -> Node? {
            guard var node = single(depth: depth) else { return nil }
            while let scalar = next {
                switch scalar {
                case "*": node = .many(node, atLeastOnce: false)
                case "+": node = .many(node, atLeastOnce: true)
                case "?": node = .optional(node)
                // Counted repetition is not met in names, and could ask for any amount of room.
                case "{": return nil
                default: return node
                }
                position += 1
            }
            return node
        }

        private mutating func single(depth: Int) -> Node? {
            guard let scalar = next else { return nil }
            position += 1
            switch scalar {
            case "(":
                if next == "?" {
                    position += 1
                    guard next == ":" else { return nil }
                    position += 1
                }
                guard let inner = choice(depth: depth + 1), next == ")" else { return nil }
                position += 1
                return inner
            case "[": return set()
            case ".": return .character(Matcher(ranges: ["\n"..."\n"], isNegated: true))
            case "^": return .start
            case "$": return .end
            case "*", "+", "?": return nil
            case "\\": return escaped().map(Node.character)
            default: return .character(Matcher(ranges: [scalar...scalar]))
            }
        }

        private mutating func escaped() -> Matcher? {
            guard let scalar = next else { return nil }
            position += 1
            let word: [ClosedRange<Unicode.Scalar>] = ["a"..."z", "A"..."Z", "0"..."9", "_"..."_"]
            switch scalar {
            case "d": return Matcher(ranges: ["0"..."9"])
            case "D": return Matcher(ranges: ["0"..."9"], isNegated: true)
            case "w": return Matcher(ranges: word)
            case "W": return Matcher(ranges: word, isNegated: true)
            case "s": return Matcher(ranges: [" "..." ", "\t"..."\r"])
            default:
                let isLetter = word.dropLast().contains { $0.contains(scalar) }
                return isLetter ? nil : Matcher(ranges: [scalar...scalar])
            }
        }

        private mutating func set() -> Node? {
            var matcher = Matcher()
            if next == "^" {
                matcher.isNegated = true
                position += 1
            }
            var isFirst = true
            while let scalar = next, scalar != "]" || isFirst {
                isFirst = false
                position += 1
                if scalar == "\\" {
                    guard let inner = escaped(), !inner.isNegated else { return nil }
                    matcher.ranges += inner.ranges
                    continue
                }
                guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                    matcher.ranges.append(scalar...scalar)
                    continue
                }
                let end = scalars[position + 1]
                guard scalar <= end else { return nil }
                matcher.ranges.append(scalar...end)
                position += 2
            }
            guard next == "]" else { return nil }
            position += 1
            return .character(matcher)
        }
    }
}

/// What a `labelSelector` or `annotationSelector` asks: `app=web,tier in (a, b),!canary`.
struct LabelQuery: Sendable {
    private enum Requirement: Sendable {
        case isIn(String, Set<String>)
        case isNotIn(String, Set<String>)
        case isThere(String)
        case isNotThere(String)
    }

    private var requirements: [Requirement] = []

    /// - Returns: `nil` for what is not understood.
    init?(_ text: String) {
        for part in Self.parts(of: text) {
            guard let requirement = Self.requirement(part) else { return nil }
            requirements.append(requirement)
        }
    }

    /// Whether labels are as asked.
    func matches(_ labels: [String: RenderedTree]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): labels[key]?.text.map(values.contains) ?? false
            case .isNotIn(let key, let values): !(labels[key]?.text.map(values.contains) ?? false)
            case .isThere(let key): labels[key] != nil
            case .isNotThere(let key): labels[key] == nil
            }
        }
    }

    /// Cut at the commas that are not inside parentheses.
    private static func parts(of text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts.map(trimmed).filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop { $0.isWhitespace }
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { String(start[...$0]) } ?? ""
    }

    private static func requirement(_ part: String) -> Requirement? {
        for (sign, isEqual) in [("!=", false), ("==", true), ("=", true)] {
            let sides = part.split(separator: sign, maxSplits: 1, omittingEmptySubsequences: false).map(
                trimmed)
            guard sides.count == 2 else { continue }
            return isEqual ? .isIn(sides[0], [sides[1]]) : .isNotIn(sides[0], [sides[1]])
        }
        if let open = part.firstIndex(of: "("), part.hasSuffix(")") {
            let values = Set(part[part.index(after: open)...].dropLast().split(separator: ",").map(trimmed))
            let words = part[..<open].split(whereSeparator: \.isWhitespace).map(String.init)
            switch (words.count, words.last) {
            case (2, "in"): return .isIn(words[0], values)
            case (2, "notin"): return .isNotIn(words[0], values)
            default: return nil
            }
        }
        guard !part.contains(where: \.isWhitespace) else { return nil }
        return part.hasPrefix("!") ? .isNotThere(String(part.dropFirst())) : .isThere(part)
    }
}

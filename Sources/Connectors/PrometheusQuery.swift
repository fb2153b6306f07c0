import EventIngest

/// One PromQL expression, and what its values count.
///
/// Nothing is parsed: a few words of the text say what every author of such an expression means by it.
struct PrometheusQuery: Sendable, Equatable {
    /// What the series of the answer are called: `errors` or `events`.
    var name: String
    /// The expression as the user wrote it.
    var expression: String

    /// What the values are; `nil` where only the answer shows it.
    var kind: MetricKind? {
        let words = functions
        if words.contains(where: ["rate", "irate"].contains) { return .rate }
        if words.contains(
            where: ["increase", "increase_pure", "count_over_time", "sum_over_time", "delta"].contains)
        {
            return .count
        }
        let isCounter = identifiers.contains { $0.hasSuffix("_total") || $0.hasSuffix("_count") }
        return isCounter && !code.contains("[") ? .counter : nil
    }

    /// The longest range that the expression looks back over, in seconds: 300 for `rate(x[5m])`; `nil` without one that is fixed.
    var rangeSeconds: Int? { ranges.compactMap(promDuration).max() }

    /// The expression to ask at a step: Grafana's variables filled in, and counts of a range that is not the step made to rates.
    func asked(stepSeconds: Int) -> (expression: String, kind: MetricKind?) {
        var text = expression
        for variable in ["$__rate_interval", "${__rate_interval}", "$__interval", "${__interval}"] {
            text = text.replacing(variable, with: "\(stepSeconds)s")
        }
        guard kind == .count, let rangeSeconds, rangeSeconds != stepSeconds else { return (text, kind) }
        return ("(\(text)) / \(rangeSeconds)", .rate)
    }

    /// What stands between square brackets, without the resolution of a subquery.
    private var ranges: [String] {
        code.split(separator: "[").dropFirst().map { String($0.prefix { $0 != "]" && $0 != ":" }) }
    }

    /// The expression without what stands between quotes.
    private var code: String {
        var code = ""
        var quote: Character?
        var isEscaped = false
        for character in expression {
            if let open = quote {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\", open != "`" {
                    isEscaped = true
                } else if character == open {
                    quote = nil
                }
            } else if character == "\"" || character == "'" || character == "`" {
                quote = character
            } else {
                code.append(character)
            }
        }
        return code
    }

    /// The metrics that it selects, with the labels that it speaks of.
    var selectors: [Selector] {
        var found: [Selector] = []
        var word = ""
        var isEnded = false
        var rest = code[...]
        while let character = rest.popFirst() {
            if character.isLetter || character.isNumber || character == "_" || character == ":" {
                if isEnded { word = "" }
                isEnded = false
                word.append(character)
                continue
            }
            isEnded = true
            if character == "{" {
                let labels = rest.prefix { $0 != "}" }.split(separator: ",").map { pair in
                    String(pair.drop { $0.isWhitespace }.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
                }
                rest = rest.drop { $0 != "}" }.dropFirst()
                if !word.isEmpty {
                    found.append(Selector(metric: word, labels: labels.filter { !$0.isEmpty }))
                }
            } else if character == "[", !word.isEmpty {
                found.append(Selector(metric: word, labels: []))
            }
            if !character.isWhitespace { word = "" }
        }
        return found
    }

    /// A metric and the labels that are asked of it.
    struct Selector: Sendable, Hashable {
        var metric: String
        var labels: [String]
    }

    private var identifiers: [String] {
        code.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }.map(String.init)
    }

    /// The names before an opening parenthesis.
    private var functions: [String] {
        code.split(separator: "(", omittingEmptySubsequences: false).dropLast().compactMap { part in
            let trimmed = part.reversed().drop { $0.isWhitespace }
            let word = trimmed.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            return word.isEmpty ? nil : String(word.reversed())
        }
    }
}

/// Longer steps and ranges are taken for mistakes: ten years.
let longestSeconds = 315_360_000

/// The seconds of a duration as PromQL writes it: `5m`, `1h30m`, `90s`; `nil` for others, and for less than a second.
func promDuration(_ text: String) -> Int? {
    let units: [(String, Int)] = [
        ("ms", 0), ("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]
    var rest = text.filter { !$0.isWhitespace }[...]
    var seconds = 0
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        guard let count = Int(digits), count < longestSeconds,
            let unit = units.first(where: { rest.hasPrefix($0.0) }), unit.1 > 0
        else { return nil }
        seconds += count * unit.1
        guard seconds < longestSeconds else { return nil }
        rest = rest.dropFirst(unit.0.count)
    }
    return seconds > 0 ? seconds : nil
}

/// A text with its template expressions replaced by characters that every parser takes for letters.
///
/// Each expression becomes one private-use character that names it, followed by as many fillers as keep the
/// columns to its right; lines stay where they are. A line that holds statements alone becomes a comment.
/// ``restored(_:)`` puts the expressions back into what a parser read.
struct TemplateMask {
    /// The masked text, line for line that of the source.
    let lines: SourceLines
    /// Whether anything was masked that a template engine replaces.
    let isTemplate: Bool
    private let originals: [(text: String, isTemplate: Bool)]
    /// The conditional that each line stands in; empty when there is none.
    private let branches: [Int]

    private static let firstToken: UInt32 = 0xF0000
    private static let filler: Unicode.Scalar = "\u{E000}"

    /// `nil` when there is nothing to mask.
    init?(_ source: SourceLines, format: ConfigFormat) {
        // HCL has expressions of its own, and its texts hold those of others: its parser reads both.
        guard format != .hcl else { return nil }
        var scanner = TemplateScanner(source.bytes, spansLines: format == .yaml)
        let expressions = scanner.scan()
        guard !expressions.isEmpty else { return nil }
        originals = expressions.map {
            (String(decoding: source.bytes[$0.range], as: UTF8.self), $0.role != .literal)
        }
        isTemplate = originals.contains(where: \.isTemplate)
        let layout = TemplateLayout(
            source, expressions, arranges: format == .yaml || format == .json || format == .env)
        branches = layout.branches
        lines = SourceLines(Self.masked(source, expressions, layout))
    }

    /// The conditional that a line (from 1) stands in, 0 outside any.
    func branch(ofLine line: Int) -> Int { branches.indices.contains(line - 1) ? branches[line - 1] : 0 }

    /// A text that a parser read, with the expressions in it as they were written, and whether it has any.
    func restored(_ text: String) -> (text: String, isTemplated: Bool) {
        guard text.utf8.contains(where: { $0 >= 0xF3 }) else { return (text, false) }
        var restored = ""
        var isTemplated = false
        for scalar in text.unicodeScalars {
            let index = Int(scalar.value) - Int(Self.firstToken)
            if originals.indices.contains(index) {
                restored += originals[index].text
                isTemplated = isTemplated || originals[index].isTemplate
            } else if scalar != Self.filler {
                restored.unicodeScalars.append(scalar)
            }
        }
        return (restored, isTemplated)
    }
}

// MARK: Masking

extension TemplateMask {
    private static func masked(
        _ source: SourceLines, _ expressions: [TemplateExpression], _ layout: TemplateLayout
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(source.bytes.count * 2)
        var next = 0
        var position = 0
        for (index, line) in source.ranges.enumerated() {
            let lineEnd = source.end(withBreak: index)
            position = max(position, line.lowerBound)
            if position > line.lowerBound {
                // The rest of an expression that began on an earlier line.
                let covered = min(position, line.upperBound)
                let width = source.bytes[line.lowerBound..<covered].characterCount
                output.append(contentsOf: repeatElement(.space, count: width))
            } else if let shift = layout.shift(ofLine: index) {
                output.append(contentsOf: repeatElement(.space, count: shift.indent))
                if shift.isComment { output.append(.hash) }
                position = min(line.upperBound, line.lowerBound + source.indent(index))
            }
            while next < expressions.count, expressions[next].range.lowerBound < line.upperBound {
                let range = expressions[next].range
                output.append(contentsOf: source.bytes[position..<range.lowerBound])
                let width = source.bytes[range.lowerBound..<min(range.upperBound, line.upperBound)]
                    .characterCount
                if layout.omitted.contains(next) {
                    output.append(contentsOf: repeatElement(.space, count: width))
                } else {
                    appendToken(next, width: width, to: &output)
                }
                position = range.upperBound
                next += 1
            }
            let rest = min(max(position, line.lowerBound), lineEnd)
            output.append(
                contentsOf: source.bytes[(rest > line.upperBound ? line.upperBound : rest)..<lineEnd])
        }
        return output
    }

    private static func appendToken(_ index: Int, width: Int, to output: inout [UInt8]) {
        let token = firstToken + UInt32(index)
        output.append(0xF0 | UInt8(token >> 18))
        output.append(0x80 | UInt8(token >> 12 & 0x3F))
        output.append(0x80 | UInt8(token >> 6 & 0x3F))
        output.append(0x80 | UInt8(token & 0x3F))
        for _ in 0..<max(0, width - 1) { output.append(contentsOf: [0xEE, 0x80, 0x80]) }
    }
}

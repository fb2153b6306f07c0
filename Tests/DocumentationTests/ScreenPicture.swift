import Foundation

/// A picture of a terminal: what a command wrote, with its colours, as SVG.
///
/// Blocks of charts and bars are drawn, not written, so that they meet whatever the font; every run of letters is stretched to
/// the columns that it takes.
struct ScreenPicture {
    /// The colours of a terminal's theme.
    struct Theme {
        var name: String
        var paper: String, ink: String, dim: String
        var red: String, green: String, yellow: String, cyan: String

        static let light = Theme(
            name: "light", paper: "#ffffff", ink: "#24292f", dim: "#6e7781", red: "#b3261e", green: "#1a7f37",
            yellow: "#9a6700", cyan: "#0a7a88")
        static let dark = Theme(
            name: "dark", paper: "#16181d", ink: "#dfe2e7", dim: "#8b929c", red: "#ff7b72", green: "#56d364",
            yellow: "#e3b341", cyan: "#56c5d6")
    }

    /// The command line that stands above.
    var command: String
    /// What the command wrote, with `ESC [ … m`.
    var output: String
    var theme: Theme
    /// What it shows, for those who do not see it.
    var title: String

    private struct Run {
        var column: Int
        var text: String
        var color: String
        var isBold: Bool
    }

    private static let cell = (width: 8.4, height: 18.0)
    private static let margin = 16.0

    var svg: String {
        var lines =
            ["$ \(command)"]
            + output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while lines.last == "" { lines.removeLast() }
        let runs = lines.map(runs)
        let columns = runs.compactMap { $0.last.map { $0.column + $0.text.count } }.max() ?? 0
        let width = number(Double(columns) * Self.cell.width + 2 * Self.margin)
        let height = number(Double(lines.count) * Self.cell.height + 2 * Self.margin)
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img">
            <title>\(escaped(title))</title>
            <rect width="100%" height="100%" rx="8" fill="\(theme.paper)"/>
            <g font-family="ui-monospace, 'JetBrains Mono', SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
            """
        ]
        for (row, line) in runs.enumerated() {
            for run in line { parts += drawn(run, row: row) }
        }
        return (parts + ["</g>", "</svg>", ""]).joined(separator: "\n")
    }

    private func runs(_ line: String) -> [Run] {
        var runs: [Run] = []
        var (color, isBold, column) = (theme.ink, line.hasPrefix("$ "), 0)
        var rest = Substring(line)
        while !rest.isEmpty {
            if let match = rest.prefixMatch(of: #/\u{1B}\[([0-9;]*)m/#) {
                let codes = match.output.1.split(separator: ";")
                isBold = codes.contains("1")
                color = codes.compactMap { self.color(of: $0) }.last ?? theme.ink
                rest = rest[match.range.upperBound...]
                continue
            }
            let text = rest.prefix { $0 != "\u{1B}" }
            runs.append(Run(column: column, text: String(text), color: color, isBold: isBold))
            column += text.count
            rest = rest[text.endIndex...]
        }
        return runs
    }

    private func color(of code: Substring) -> String? {
        switch code {
        case "2": theme.dim
        case "31": theme.red
        case "32": theme.green
        case "33": theme.yellow
        case "36": theme.cyan
        default: nil
        }
    }

    /// The letters of a run, word by word, and its blocks as one outline.
    private func drawn(_ run: Run, row: Int) -> [String] {
        let top = Self.margin + Double(row) * Self.cell.height
        var outline = ""
        var words: [(column: Int, text: String)] = []
        var isWord = false
        for (offset, character) in run.text.enumerated() {
            let column = run.column + offset
            if let block = Self.block(character) {
                let x = Self.margin + Double(column) * Self.cell.width
                let (width, height) = (Self.cell.width * block.width, Self.cell.height * block.height)
                outline +=
                    "M\(number(x)) \(number(top + Self.cell.height - height))h\(number(width))v\(number(height))h-\(number(width))z"
                isWord = false
            } else if character == " ", !isWord || run.text.dropFirst(offset + 1).first ?? " " == " " {
                isWord = false
            } else if isWord {
                words[words.count - 1].text.append(character)
            } else {
                words.append((column, String(character)))
                isWord = true
            }
        }
        let weight = run.isBold ? " font-weight=\"bold\"" : ""
        return (outline.isEmpty ? [] : ["<path fill=\"\(run.color)\" d=\"\(outline)\"/>"])
            + words.map { word in
                let x = number(Self.margin + Double(word.column) * Self.cell.width)
                let length = number(Double(word.text.count) * Self.cell.width)
                return
                    "<text x=\"\(x)\" y=\"\(number(top + 13.5))\" textLength=\"\(length)\" lengthAdjust=\"spacingAndGlyphs\" fill=\"\(run.color)\"\(weight)>\(escaped(word.text))</text>"
            }
    }

    /// How much of its cell a block character fills.
    private static func block(_ character: Character) -> (width: Double, height: Double)? {
        guard let scalar = character.unicodeScalars.first?.value else { return nil }
        switch scalar {
        case 0x2581...0x2588: return (1, Double(scalar - 0x2580) / 8)
        case 0x2589...0x258F: return (Double(0x2590 - scalar) / 8, 1)
        default: return nil
        }
    }

    private func number(_ value: Double) -> String {
        let text = String(format: "%.2f", value)
        return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

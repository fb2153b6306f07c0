/// Lines of text being laid out.
struct TextLayout {
    let style: TextStyle
    private(set) var lines: [String] = []

    init(_ style: TextStyle) { self.style = style }

    /// Columns left of an indentation.
    func room(_ indent: Int) -> Int { style.width - indent }

    /// The columns that prose takes: longer lines are hard to read, however wide the screen.
    var measure: Int { min(style.width, 120) }

    mutating func blank() { if lines.last != "" { lines.append("") } }

    /// One line, cut at the width. `text` is already harmless and not yet painted.
    mutating func line(_ text: String = "", indent: Int = 0, _ role: TextStyle.Role = .plain) {
        let cut = Wording.cut(text, to: room(indent), style: style)
        lines.append(String(repeating: " ", count: indent) + style.paint(cut, role))
    }

    /// One line made of painted parts, which must fit by themselves.
    mutating func parts(_ parts: [(String, TextStyle.Role)], indent: Int = 0) {
        linkedParts(parts.map { ($0.0, $0.1, nil) }, indent: indent)
    }

    /// One line made of painted parts, each with the address that it leads to.
    mutating func linkedParts(_ parts: [(String, TextStyle.Role, String?)], indent: Int = 0) {
        var used = indent
        var result = String(repeating: " ", count: indent)
        for (text, role, address) in parts {
            let cut = Wording.cut(text, to: max(0, style.width - used), style: style)
            used += Wording.columns(cut)
            result += style.linked(style.paint(cut, role), to: address)
            if cut != text { break }
        }
        lines.append(result)
    }

    /// What was asked, and what it is about: beside it, or below where there is too little room.
    mutating func headline(_ command: String, _ rest: String, _ role: TextStyle.Role = .plain) {
        if Wording.columns(command) + 3 + Wording.columns(rest) <= style.width {
            parts([(command + "   ", .strong), (rest, role)])
        } else {
            parts([(command, .strong)])
            wrapped(rest.replacing("   ", with: " \(style.dot) "), indent: 2, hang: 2, role)
        }
    }

    /// A mark and a sentence behind it, broken into lines where it is long.
    mutating func marked(_ mark: String, _ role: TextStyle.Role, _ text: String) {
        let indent = Wording.columns(mark)
        for (index, part) in broken(text, indent: indent, hang: 0).enumerated() {
            parts([(index == 0 ? mark : String(repeating: " ", count: indent), role), (part.text, .strong)])
        }
    }

    /// A column of its own width and text beside it, broken into lines that begin below each other.
    mutating func labelled(
        _ label: String, to width: Int, _ text: String, indent: Int, _ role: TextStyle.Role = .plain
    ) {
        let start = indent + width
        for (index, part) in broken(text, indent: start, hang: 0).enumerated() {
            let lead = index == 0 ? Wording.padded(label, to: width) : String(repeating: " ", count: width)
            parts([(lead, role), (part.text, .plain)], indent: indent)
        }
    }

    /// A label made of painted parts and text beside it, broken into lines that begin below each other.
    mutating func labelled(_ label: [(String, TextStyle.Role)], _ text: String, indent: Int) {
        let width = label.reduce(0) { $0 + Wording.columns($1.0) }
        for (index, part) in broken(text, indent: indent + width, hang: 0).enumerated() {
            let lead = index == 0 ? label : [(String(repeating: " ", count: width), .plain)]
            parts(lead + [(part.text, .plain)], indent: indent)
        }
    }

    /// Text broken into lines at spaces; the lines after the first are indented by `hang` more.
    mutating func wrapped(_ text: String, indent: Int = 0, hang: Int = 0, _ role: TextStyle.Role = .plain) {
        for part in broken(text, indent: indent, hang: hang) { line(part.text, indent: part.indent, role) }
    }

    private func broken(_ text: String, indent: Int, hang: Int) -> [(indent: Int, text: String)] {
        var found: [(indent: Int, text: String)] = []
        var current = ""
        var lead = indent
        for word in unbroken(text, room: measure - indent - hang) {
            if current.isEmpty {
                current = String(word)
            } else if lead + Wording.columns(current) + 1 + Wording.columns(String(word)) <= measure {
                current += " " + word
            } else {
                found.append((lead, current))
                lead = indent + hang
                current = String(word)
            }
        }
        return current.isEmpty ? found : found + [(lead, current)]
    }

    /// What stays on one line: of facts with dots between them each fact, where a line has room for it; else each word.
    private func unbroken(_ text: String, room: Int) -> [Substring] {
        let facts = text.split(separator: " \(style.dot) ", omittingEmptySubsequences: false)
        guard facts.count > 1 else { return text.split(separator: " ") }
        return facts.indices.flatMap { index -> [Substring] in
            let fact = String(facts[index]) + (index + 1 < facts.count ? " \(style.dot)" : "")
            return Wording.columns(fact) <= room ? [fact[...]] : fact.split(separator: " ")
        }
    }

    /// The lines with a newline at the end of each, without spaces at their ends.
    var text: String {
        var kept = lines
        while kept.last == "" { kept.removeLast() }
        return kept.map { line in
            var line = Substring(line)
            while line.last == " " { line = line.dropLast() }
            return line + "\n"
        }.joined()
    }
}

import ConfigTree

/// A tree on one line: `{key: value}`, `[a, b]`, quoted text in `'…'`, nothing as `∅`, templated text with `~`,
/// merged entries with `<` and entries of a conditional with `#branch` after the key.
func dump(_ node: ConfigNode?, marks: Bool = false) -> String {
    guard let node else { return "nil" }
    switch node.kind {
    case .scalar(let scalar):
        let text = scalar.text.replacing("\n", with: "⏎")
        let place =
            marks ? "@\(node.start.line):\(node.start.column)-\(node.end.line):\(node.end.column)" : ""
        let quoted = scalar.style == .quoted ? "'\(text)'" : text.isEmpty ? "∅" : text
        return quoted + (scalar.isTemplated ? "~" : "") + place
    case .mapping(let entries):
        let parts = entries.map { entry in
            let place = marks ? "@\(entry.keyMark.line):\(entry.keyMark.column)" : ""
            let branch = entry.branch == 0 ? "" : "#\(entry.branch)"
            return
                "\(entry.isMerged ? "<" : "")\(entry.key)\(branch)\(place): \(dump(entry.value, marks: marks))"
        }
        return "{\(parts.joined(separator: ", "))}"
    case .sequence(let elements):
        return "[\(elements.map { dump($0, marks: marks) }.joined(separator: ", "))]"
    }
}

/// All documents of a file, ` --- ` between them, those that do not parse after `?`.
func dump(_ file: ConfigFile?, marks: Bool = false) -> String {
    guard let file else { return "no configuration" }
    return file.documents.map {
        ($0.reading == .outlined ? "?" : "") + ($0.problem == nil ? "" : "!") + dump($0.root, marks: marks)
    }.joined(separator: " --- ")
}

/// Reads a text as the file of a name, and dumps it.
func dump(_ text: String, as path: String = "a.yaml", marks: Bool = false) -> String {
    dump(parseConfig(path: path, contents: Array(text.utf8)), marks: marks)
}

extension ConfigNode {
    /// How many nodes a tree has, and how deep it is.
    var extent: (count: Int, depth: Int) {
        let children = elements.map(\.extent) + entries.map(\.value.extent)
        return (children.reduce(1) { $0 + $1.count }, (children.map(\.depth).max() ?? -1) + 1)
    }
}

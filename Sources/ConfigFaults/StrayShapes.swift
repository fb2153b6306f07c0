import ConfigTree
import DeployModel

/// F38 beside siblings: a field that is another kind of value than wherever else the file has it.
func findStrayShapes(in changes: inout [FoundChange], files: [ChangedFile]) {
    let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
    for file in files {
        guard let after = file.after, let own = byPath[file.file.path] else { continue }
        let fields = after.documents.compactMap(\.root).flatMap { shapes(in: $0) }
        let groups = Dictionary(grouping: fields, by: \.name)
        for index in own {
            guard let node = changes[index].afterNode, !changes[index].path.isEmpty else { continue }
            let places = changes[index].change.line...max(changes[index].change.line, node.lastLine)
            for field in fields where places.contains(field.line) {
                let others = (groups[field.name] ?? []).filter { !places.contains($0.line) }
                guard others.count >= 3, let usual = others.first?.shape, usual != field.shape,
                    others.allSatisfy({ $0.shape == usual })
                else { continue }
                var finding = FaultFinding(
                    .structureMoved, weight: 0.6,
                    "\(field.name.key) is \(field.shape.rawValue) here, and \(usual.rawValue) in the \(others.count) other places of the file"
                )
                finding.line = field.line
                changes[index].findings.append(finding)
                break
            }
        }
    }
}

/// What kind of value a field holds.
private enum Shape: String {
    case text = "a plain value", mapping = "a mapping", texts = "a list of plain values", mappings =
        "a list of mappings"
}

private struct Field {
    struct Name: Hashable {
        var parent: String
        var key: String
    }
    var name: Name
    var shape: Shape
    var line: Int
}

/// The fields that have a shape, each with the key above it.
private func shapes(in node: ConfigNode, under parent: String = "") -> [Field] {
    switch node.kind {
    case .scalar: return []
    case .sequence(let elements): return elements.flatMap { shapes(in: $0, under: parent) }
    case .mapping(let entries):
        return entries.filter { !$0.isMerged }.flatMap { entry in
            let own = shape(of: entry.value).map {
                Field(name: Field.Name(parent: parent, key: entry.key), shape: $0, line: entry.keyMark.line)
            }
            return [own].compactMap { $0 } + shapes(in: entry.value, under: entry.key)
        }
    }
}

/// `nil` for what is empty, or may become anything.
private func shape(of node: ConfigNode) -> Shape? {
    switch node.kind {
    case .scalar(let scalar): return scalar.isTemplated || node.isNull ? nil : .text
    case .mapping(let entries): return entries.isEmpty ? nil : .mapping
    case .sequence(let elements):
        guard let first = elements.first else { return nil }
        let isText = first.scalar != nil
        guard elements.allSatisfy({ ($0.scalar != nil) == isText && $0.scalar?.isTemplated != true }) else {
            return nil
        }
        return isText ? .texts : .mappings
    }
}

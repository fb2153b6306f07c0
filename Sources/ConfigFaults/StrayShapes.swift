import ConfigTree
import DeployModel

/// F38 beside siblings: a field that is another kind of value than wherever else the file has it.
func findStrayShapes(in changes: inout [FoundChange], files: [ChangedFile]) {
    let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
    for file in files {
        guard let after = file.after, let own = byPath[file.file.path] else { continue }
        var fields = after.documents.compactMap(\.root).flatMap { shapes(in: $0) }
        // What has one shape wherever it stands is no stranger anywhere.
        let everywhere = counts(of: fields[...]).filter { $0.value.count > 1 }
        guard !everywhere.isEmpty else { continue }
        fields = fields.filter { everywhere[$0.name] != nil }.sorted { $0.line < $1.line }
        // Many changes may stand on one line.
        var known: [ClosedRange<Int>: FaultFinding?] = [:]
        var effort = 0
        for index in own {
            guard let node = changes[index].afterNode, !changes[index].path.isEmpty else { continue }
            let change = changes[index].change
            let lines = change.line...max(change.line, node.lastLine)
            if known[lines] == nil {
                let inside = fields.between(lines)
                effort += inside.count
                // Where very many changes take very many lines, the last of them are not looked into.
                guard effort < mostFields else { break }
                known[lines] = .some(stray(in: inside, everywhere: everywhere))
            }
            let finding = known[lines] ?? nil
            if let finding { changes[index].findings.append(finding) }
        }
    }
}

/// How many fields whose names have several shapes are looked at in a file, each once for each range of lines that changes take.
private let mostFields = 200_000

/// The first of some fields that is another kind of value than all others of its name in the file.
private func stray(in fields: ArraySlice<Field>, everywhere: [Field.Name: [Shape: Int]]) -> FaultFinding? {
    let here = counts(of: fields)
    for field in fields {
        let elsewhere = (everywhere[field.name] ?? [:]).merging(
            here[field.name] ?? [:], uniquingKeysWith: -
        )
        .filter { $0.value > 0 }
        guard elsewhere.count == 1, let (usual, count) = elsewhere.first, count >= 3, usual != field.shape
        else { continue }
        var finding = FaultFinding(
            .structureMoved, weight: 0.6,
            "\(field.name.key) is \(field.shape.rawValue) here, and \(usual.rawValue) in the \(count) other places of the file"
        )
        finding.line = field.line
        return finding
    }
    return nil
}

/// How many fields of each name have which shape.
private func counts(of fields: ArraySlice<Field>) -> [Field.Name: [Shape: Int]] {
    fields.reduce(into: [:]) { $0[$1.name, default: [:]][$1.shape, default: 0] += 1 }
}

extension [Field] {
    /// Those on the lines from the first to the last; the fields are in the order of their lines.
    fileprivate func between(_ lines: ClosedRange<Int>) -> ArraySlice<Field> {
        self[
            partitioningIndex {
                $0.line >= lines.lowerBound
            }..<partitioningIndex {
                $0.line > lines.upperBound
            }]
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

import ConfigTree
import DeployModel

/// F1: a key that stands twice in one mapping and did not before.
///
/// YAML and JSON readers of clusters keep the last one without a word. When the two say the same it is only untidy.
func findDuplicateKeys(in file: ChangedFile, surroundings: Surroundings, changes: inout [FoundChange]) {
    guard file.after != nil else { return }
    let path = file.file.path
    // Hardly any object has one.
    let doubled = file.objectsAfter.map { ($0, duplicates(in: $0.root)) }.filter { !$0.1.isEmpty }
    guard !doubled.isEmpty else { return }
    let former = Dictionary(
        file.objectsBefore.map { ($0.identity(path: path), $0) }, uniquingKeysWith: { _, last in last })
    var places: [FieldOfObject: Int] = [:]
    for index in changes.indices.reversed() where changes[index].change.path == path {
        places[FieldOfObject(object: changes[index].change.object?.name, path: changes[index].path)] = index
    }
    for (manifest, found) in doubled {
        let old = former[manifest.identity(path: path)]
        let known = Set(old.map { duplicates(in: $0.root).map(\.path) } ?? [])
        for duplicate in found
        where !known.contains(duplicate.path) && !mayRepeat(duplicate, in: manifest) {
            record(
                duplicate, of: manifest, before: old, path: path, surroundings: surroundings,
                places: &places, changes: &changes)
        }
    }
}

/// A field of an object of a file.
private struct FieldOfObject: Hashable {
    var object: String?
    var path: FieldPath
}

/// Blocks of Terraform such as `provider "aws"` and `dynamic "setting"` may stand several times with one label; what is
/// named by type and label may not, nor may an attribute.
private func mayRepeat(_ duplicate: DuplicateEntry, in manifest: Manifest) -> Bool {
    // Several merges are taken together, or refused, by whom reads them.
    if duplicate.path.last == .key("<<") { return true }
    // A line of `Name value` whose value holds an equals sign is no setting of that name.
    if manifest.object.kind == "ConfigMap", duplicate.path.count > 2, let key = duplicate.path.last?.name,
        key.contains(" "), !duplicate.path[1].name.hasSuffix("ml"), !duplicate.path[1].name.hasSuffix(".json")
    {
        return true
    }
    if manifest.object.kind == "ini" {
        // Many programs collect what stands several times; only plain settings of plain INI files are sure to be single.
        let isPlain =
            manifest.path.lowercased().hasSuffix(".ini") && !manifest.path.lowercased().hasSuffix("php.ini")
        return !isPlain || !duplicate.entries.allSatisfy { $0.value.scalar != nil }
    }
    guard manifest.object.kind == "hcl", duplicate.entries.allSatisfy({ $0.value.scalar == nil }) else {
        return false
    }
    let named: Set = ["resource", "data", "variable", "output", "module"]
    return !(duplicate.path.first.map { named.contains($0.name) } ?? false && duplicate.path.count <= 3)
}

private func record(
    _ duplicate: DuplicateEntry, of manifest: Manifest, before: Manifest?, path: String,
    surroundings: Surroundings, places: inout [FieldOfObject: Int], changes: inout [FoundChange]
) {
    let lines = duplicate.entries.map(\.keyMark.line)
    guard let first = lines.first, let last = lines.last else { return }
    let isSecret =
        manifest.object.kind == "Secret" && ["data", "stringData"].contains(duplicate.path.first?.name ?? "")
    let name = isSecret ? secretName : duplicate.path.valueName
    let old = before?.root.node(at: duplicate.path[...])
    let texts = duplicate.entries.map { valueText($0.value, name: name) }
    let isDiffering = Set(duplicate.entries.map { plainText($0.value) }).count > 1
    let numbers = lines.map(String.init).joined(separator: " and ")
    let key = duplicate.path.last?.name ?? ""
    let twice =
        "`\(key)` appears \(lines.count == 2 ? "twice" : "\(lines.count) times") (lines \(numbers))"
    let refusing =
        isTerraform(duplicate.path, path) ? "Terraform" : isComposeFile(path) ? "Docker Compose" : nil
    let text =
        isDiffering
        ? refusing.map { "\(twice): \($0) refuses the file" } ?? "\(twice); the last one wins"
            + effect(of: duplicate, in: manifest, was: old, name: name, now: texts.last ?? "")
        : "`\(key)` appears more than once (lines \(numbers)) with the same value"
    var finding = FaultFinding(.duplicateKey, weight: isDiffering ? nil : 0.3, text)
    finding.isOfDoubledKey = true
    let place = FieldOfObject(object: manifest.object.name, path: duplicate.path)
    let index = places[place] ?? changes.count
    places[place] = index
    if index == changes.count {
        var object = manifest.object
        object.container = duplicate.path.container
        let reach = surroundings.after.reach(of: manifest)
        changes.append(
            FoundChange(
                change: FieldChange(
                    path: path, line: first, endLine: last, oldLine: nil, object: object,
                    fieldPath: duplicate.path.words, before: old.map { valueText($0, name: name) },
                    after: texts.last,
                    reach: reach ?? []), path: duplicate.path, isReachKnown: reach != nil))
    }
    changes[index].change.line = first
    changes[index].change.endLine = last
    changes[index].findings.append(finding)
}

/// Whether a file is called as files of services for Compose are.
func isComposeFile(_ path: String) -> Bool {
    let name = path.lowercased().split(separator: "/").last ?? ""
    return name.contains("compose") && (name.hasSuffix(".yml") || name.hasSuffix(".yaml"))
}

/// Whether a path is that of an attribute of a block itself, which Terraform takes once: in an object the last one wins.
private func isTerraform(_ field: FieldPath, _ path: String) -> Bool {
    guard path.hasSuffix(".tf"), let kind = field.first?.name else { return false }
    return ["resource", "data"].contains(kind) && field.count == 4
        || ["module", "variable", "output"].contains(kind) && field.count == 3
}

/// What the doubled key does: which variable now reads what.
private func effect(
    of duplicate: DuplicateEntry, in manifest: Manifest, was old: ConfigNode?, name: String, now: String
) -> String {
    let was = old.map { valueText($0, name: name) }
    if let old, let last = duplicate.entries.last?.value, isSameValue(old, last) {
        let others = duplicate.entries.dropLast().map { "\($0.keyMark.line)" }
        return others.count == 1
            ? ", so that line \(others[0]) counts for nothing" : ", so that the others count for nothing"
    }
    guard let variable = duplicate.path.variable, duplicate.path.last == .key("key"),
        let secret = manifest.root.node(at: duplicate.path.dropLast() + [.key("name")])?.text
    else { return was.map { ", so it is now \(now) (was \($0))" } ?? ", so it is \(now)" }
    return ", so \(variable) now reads \(secret)/\(now)" + (was.map { " (was \(secret)/\($0))" } ?? "")
}

/// A key with all its entries in one mapping.
private struct DuplicateEntry {
    var path: FieldPath
    var entries: [ConfigNode.Entry]
}

/// Whether a key stands twice, in whatever branches.
private func repeatsKeys(_ entries: [ConfigNode.Entry]) -> Bool {
    guard entries.count > 8 else {
        return entries.indices.contains { index in
            entries[..<index].contains { $0.key == entries[index].key }
        }
    }
    var seen: Set<String> = []
    return entries.contains { !seen.insert($0.key).inserted }
}

private func duplicates(in root: ConfigNode) -> [DuplicateEntry] {
    var found: [DuplicateEntry] = []
    func visit(_ node: ConfigNode, _ path: FieldPath, _ list: String?) {
        switch node.kind {
        case .scalar: break
        case .mapping(let entries):
            if repeatsKeys(entries) {
                // What came in through a merge key is meant to be overridden.
                let groups = Dictionary(
                    grouping: entries.filter { !$0.isMerged }, by: { "\($0.branch)/\($0.key)" })
                for (_, group) in groups where group.count > 1 {
                    found.append(DuplicateEntry(path: path + [.key(group[0].key)], entries: group))
                }
            }
            for entry in entries where entry.value.scalar == nil {
                visit(entry.value, path + [.key(entry.key)], entry.key)
            }
        case .sequence(let elements):
            guard elements.contains(where: { $0.scalar == nil }) else { return }
            let identity = identityKey(ofList: list, elements: elements)
            for (index, element) in elements.enumerated() {
                let step =
                    identity.flatMap { element[$0]?.text }.map { FieldStep.element($0) } ?? .index(index)
                visit(element, path + [step], nil)
            }
        }
    }
    visit(root, [], nil)
    return found.sorted { $0.path.lexicographicallyPrecedes($1.path) }
}

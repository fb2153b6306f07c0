import ConfigTree
import DeployModel

/// F9 of places: an object, or a block of Terraform, that stands in another file now as it stood here.
///
/// Only where it is the same to whoever reads the files: objects in the same environment, blocks in the same module.
func findMoves(in changes: inout [FoundChange]) {
    var (gone, new): ([MovedPart: String], [MovedPart: String]) = ([:], [:])
    for change in changes {
        for part in change.movedParts {
            if change.beforeNode == nil {
                new[part] = change.change.path
            } else {
                gone[part] = change.change.path
            }
        }
    }
    guard !gone.isEmpty, !new.isEmpty else { return }
    for index in changes.indices where changes[index].innocence == nil && !changes[index].isContradiction {
        let change = changes[index]
        let isNew = change.beforeNode == nil
        let others = change.movedParts.map { (isNew ? gone : new)[$0] }
        // What stayed in its file changed in some other way.
        guard let first = others.first ?? nil, others.allSatisfy({ $0 != nil }), first != change.change.path
        else { continue }
        changes[index].findings.removeAll { $0.isOfAbsence }
        changes[index].innocence = Evidence(
            kind: "moved", text: isNew ? "it stood in \(first) before" : "it stands in \(first) now",
            weight: -0.9)
    }
}

/// Something that can be told wherever it stands.
private struct MovedPart: Hashable {
    /// The environment, or the folder, in which it is the same.
    var place: String
    var keys: [String]
    var text: String
}

extension FoundChange {
    /// What the change brings in or takes away as a whole.
    fileprivate var movedParts: [MovedPart] {
        guard let node = afterNode ?? beforeNode, beforeNode == nil || afterNode == nil else { return [] }
        if let object = change.object, object.kind.first?.isUppercase ?? false {
            guard path.isEmpty else { return [] }
            return [
                MovedPart(
                    place: environment(inPath: change.path) ?? "",
                    keys: [object.kind, object.name, object.namespace ?? ""], text: plainText(node))
            ]
        }
        guard NamingLanguage(path: change.path) == .terraform else { return [] }
        let keys = path.keyNames
        guard keys.count == path.count, keys.count <= 3 else { return [] }
        let folder = parentFolder(of: change.path)
        // Blocks have a type and two names, or one.
        func collect(_ node: ConfigNode, _ keys: [String]) -> [MovedPart] {
            let depth = keys.first == "resource" || keys.first == "data" ? 3 : 2
            guard keys.count < depth else {
                return [MovedPart(place: folder, keys: keys, text: plainText(node))]
            }
            return node.entries.flatMap { collect($0.value, keys + [$0.key]) }
        }
        return collect(node, keys)
    }
}

extension FieldPath {
    /// The names of its keys, numbers and names of elements left out.
    var keyNames: [String] { compactMap { if case .key(let key) = $0 { key } else { nil } } }
}

/// F9 of names: an expression that refers to something by the new name of what was renamed, with the same telling value: a
/// variable of Terraform or Ansible, a name in a file that fills templates in; a network of a compose file.
func findRenames(in changes: inout [FoundChange]) {
    struct Holder: Hashable { var path: String, lead: [String], value: String }
    func holder(_ change: FoundChange) -> (Holder, name: String)? {
        guard let node = change.beforeNode ?? change.afterNode, case .key(let name)? = change.path.last else {
            return nil
        }
        let isOfCompose =
            change.path.count == 2 && change.path[0] == .key("networks") && isComposeFile(change.change.path)
            && node["external"] == nil
        // A version is no name, what is waited for is named elsewhere, and blocks of one label may stand several times.
        guard !(name.first?.isNumber ?? true),
            !change.path.contains(where: { ["depends_on", "dynamic", "volumes"].contains($0.name) })
        else { return nil }
        let text = node.text ?? ""
        // Half of all switches have the same value.
        guard
            !node.entries.isEmpty || isOfCompose || text.utf8.count >= 3 && !isTypedPlain(text)
                || (Int(text) ?? 0) > 99
        else { return nil }
        return (
            Holder(
                path: change.change.path, lead: change.path.dropLast().map(\.name), value: plainText(node)),
            name
        )
    }
    var (gone, new): ([Holder: [String]], [Holder: [String]]) = ([:], [:])
    for change in changes where change.beforeNode == nil || change.afterNode == nil {
        guard let (place, name) = holder(change) else { continue }
        if change.afterNode == nil {
            gone[place, default: []].append(name)
        } else {
            new[place, default: []].append(name)
        }
    }
    let renamed = gone.compactMap { place, old -> (old: String, new: String, path: String)? in
        guard old.count == 1, let now = new[place], now.count == 1, !isVersion(old[0]) else { return nil }
        return (old[0], now[0], place.path)
    }.sorted { ($0.old, $0.new, $0.path) < ($1.old, $1.new, $1.path) }
    guard !renamed.isEmpty, renamed.count <= 50 else { return }
    for index in changes.indices where changes[index].innocence == nil && !changes[index].isContradiction {
        let change = changes[index]
        guard let before = change.beforeNode?.scalar, let after = change.afterNode?.scalar,
            before.text != after.text
        else { continue }
        let isName =
            isComposeFile(change.change.path)
            && change.path.contains(.key("networks"))
        guard before.isTemplated && after.isTemplated || isName else { continue }
        let rename = renamed.first { old, now, path in
            (!isName || path == change.change.path)
                && before.text.withWord(old, replacedBy: now) == after.text
        }
        guard let rename else { continue }
        changes[index].innocence = Evidence(
            kind: "consistent_rename",
            text: "what it names was \(rename.old) and is \(rename.new) now, with the same value",
            weight: -0.9)
    }
}

private func isVersion(_ name: String) -> Bool {
    name.contains(".") && name.drop { $0 == "v" }.first?.isNumber ?? false
}

extension String {
    /// The same with another word in the place of a word, wherever that is none of a longer one.
    fileprivate func withWord(_ word: String, replacedBy other: String) -> String {
        var (rest, result) = (self[...], "")
        while let place = rest.place(of: word) {
            let before =
                place.lowerBound == rest.startIndex ? result.utf8.last : rest[..<place.lowerBound].utf8.last
            let after = rest[place.upperBound...].utf8.first
            let isWord = !(before?.isWord ?? false) && !(after?.isWord ?? false)
            result += rest[..<place.lowerBound]
            result += isWord ? other : word
            rest = rest[place.upperBound...]
        }
        return result + rest
    }
}

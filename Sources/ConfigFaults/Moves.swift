import ConfigTree
import DeployModel

/// F9 of places: what stands elsewhere now as it stood here, a file that was split, a block that went to another file.
func findMoves(in changes: inout [FoundChange]) {
    var gone: [MovedPart: String] = [:]
    var new: [MovedPart: String] = [:]
    for change in changes where change.change.before == nil || change.change.after == nil {
        guard let node = change.afterNode ?? change.beforeNode else { continue }
        let isNew = change.beforeNode == nil
        for part in parts(of: node, in: change) {
            if isNew { new[part] = change.change.path } else { gone[part] = change.change.path }
        }
    }
    guard !gone.isEmpty, !new.isEmpty else { return }
    for index in changes.indices where changes[index].beforeNode == nil || changes[index].afterNode == nil {
        let change = changes[index]
        guard let node = change.afterNode ?? change.beforeNode, change.innocence == nil,
            !change.isContradiction
        else { continue }
        let isNew = change.beforeNode == nil
        let others = parts(of: node, in: change).map { (isNew ? gone : new)[$0] }
        // What stayed in its file changed in some other way.
        guard let first = others.first ?? nil, others.allSatisfy({ $0 != nil }), first != change.change.path
        else { continue }
        changes[index].findings.removeAll { $0.isOfAbsence }
        changes[index].innocence = Evidence(
            kind: "moved", text: isNew ? "it stood in \(first) before" : "it stands in \(first) now",
            weight: -0.9)
    }
}

/// F9 of names: what refers to something by the new name of what was renamed beside it, with the same value.
///
/// A variable of Terraform or Ansible, a network of a compose file, a name in a file that fills templates in.
func findRenames(in changes: inout [FoundChange]) {
    struct Holder: Hashable { var path: String, lead: [String], value: String }
    func holder(_ change: FoundChange) -> (Holder, name: String)? {
        guard let node = change.beforeNode ?? change.afterNode, case .key(let name)? = change.path.last else {
            return nil
        }
        let lead = change.path.dropLast().map(\.name)
        return (Holder(path: change.change.path, lead: lead, value: plainText(node)), name)
    }
    var gone: [Holder: [String]] = [:], new: [Holder: [String]] = [:]
    for change in changes where change.beforeNode == nil || change.afterNode == nil {
        guard let (place, name) = holder(change) else { continue }
        if change.afterNode == nil {
            gone[place, default: []].append(name)
        } else {
            new[place, default: []].append(name)
        }
    }
    let renamed = gone.compactMap { place, old -> (old: String, new: String)? in
        guard old.count == 1, let now = new[place], now.count == 1 else { return nil }
        return (old[0], now[0])
    }
    guard !renamed.isEmpty, renamed.count <= 50 else { return }
    for index in changes.indices {
        let change = changes[index]
        guard change.innocence == nil, !change.isContradiction, let before = change.beforeNode?.text,
            let after = change.afterNode?.text, before != after
        else { continue }
        for (old, now) in renamed
        where before.holds(old) && after.holds(now) && before.replacing(old, with: now) == after {
            changes[index].innocence = Evidence(
                kind: "consistent_rename",
                text: "what it names was \(old) and is \(now) now, with the same value",
                weight: -0.9)
        }
    }
}

/// Something that can be told wherever it stands.
private struct MovedPart: Hashable {
    var keys: [String]
    var text: String
}

/// The parts that a change brings in or takes away; none where it is too little to be known again.
private func parts(of node: ConfigNode, in change: FoundChange) -> [MovedPart] {
    let keys = change.path.compactMap { if case .key(let key) = $0 { key } else { nil } }
    if let object = change.change.object, object.kind.first?.isUppercase ?? false {
        guard change.path.isEmpty else { return [] }
        return [MovedPart(keys: [object.kind, object.name, object.namespace ?? ""], text: plainText(node))]
    }
    guard change.path.count == keys.count, case .mapping = node.kind else { return [] }
    // Terraform's blocks have a type and two names, or one; services of a compose file and the like have a section around them.
    func collect(_ node: ConfigNode, _ keys: [String]) -> [MovedPart] {
        let depth = keys.first == "resource" || keys.first == "data" ? 3 : 2
        guard keys.count < depth else {
            return node.entries.isEmpty ? [] : [MovedPart(keys: keys, text: plainText(node))]
        }
        return node.entries.flatMap { collect($0.value, keys + [$0.key]) }
    }
    guard keys.count <= 3 else { return [] }
    return collect(node, keys)
}

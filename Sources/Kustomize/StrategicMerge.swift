import ConfigTree
import DeployModel

/// Merges a strategic merge patch into an object.
///
/// - Returns: `nil` when the patch deletes it.
func merged(_ patch: RenderedTree, into object: RenderedTree, at place: MergePlace) -> RenderedTree? {
    // What says nothing new has no say.
    guard case .mapping(let changes) = patch.content else {
        return patch.saysSame(as: object) ? object : patch
    }
    switch directive(of: patch) {
    case .delete: return nil
    case .replace: return withoutDirectives(patch)
    case .merge: break
    }
    guard case .mapping(var fields) = object.content else { return withoutDirectives(patch) }
    for (key, value) in changes where key != "$patch" {
        let (next, keys) = place.step(key)
        guard !value.isNull else {
            fields[key] = nil
            continue
        }
        guard let old = fields[key], !old.isNull else {
            fields[key] = withoutDirectives(value)
            continue
        }
        fields[key] = nil
        if let keys, case .sequence(let elements) = value.content {
            fields[key] = mergedList(elements, into: old, value.origin, keys, next)
        } else {
            fields[key] = merged(value, into: old, at: next)
        }
    }
    return RenderedTree(.mapping(fields), origin: object.origin)
}

/// Elements of the patch come first, in its order, as kustomize has it: what a variable's value may name depends on that.
private func mergedList(
    _ patch: [RenderedTree], into old: RenderedTree, _ origin: Occurrence, _ keys: MergePlace.Keys,
    _ place: MergePlace
) -> RenderedTree? {
    if patch.contains(where: { directive(of: $0) == .replace }) {
        let kept = patch.filter { directive(of: $0) != .replace || $0.fields.count > 1 }
        return RenderedTree(.sequence(kept.compactMap(withoutDirectives)), origin: origin)
    }
    var rest: [RenderedTree?] = old.elements
    var byName: [String: [Int]] = [:]
    for (index, element) in old.elements.enumerated() {
        byName[element[keys.primary]?.text ?? "", default: []].append(index)
    }
    var taken: Set<Int> = []
    var first: [RenderedTree] = []
    for element in patch {
        let candidates = element[keys.primary]?.text.flatMap { byName[$0] } ?? []
        let found = candidates.first { index in
            guard !taken.contains(index) else { return false }
            guard let secondary = keys.secondary else { return true }
            let (a, b) = (element[secondary]?.text, old.elements[index][secondary]?.text)
            return a == nil || b == nil || a == b
        }
        guard let found else {
            if let new = withoutDirectives(element) { first.append(new) }
            continue
        }
        taken.insert(found)
        rest[found] = merged(element, into: old.elements[found], at: place)
        // Lists known by two fields keep the order of what was there.
        if keys.secondary == nil, let both = rest[found] {
            first.append(both)
            rest[found] = nil
        }
    }
    return RenderedTree(.sequence(first + rest.compactMap { $0 }), origin: old.origin)
}

private enum Directive { case merge, replace, delete }

private func directive(of tree: RenderedTree) -> Directive {
    switch tree["$patch"]?.text {
    case "delete": .delete
    case "replace": .replace
    default: .merge
    }
}

/// What a patch adds where nothing was: without directives, and without what it says is nothing.
private func withoutDirectives(_ tree: RenderedTree) -> RenderedTree? {
    switch tree.content {
    case .scalar: return tree
    case .sequence(let elements):
        return RenderedTree(.sequence(elements.compactMap(withoutDirectives)), origin: tree.origin)
    case .mapping(let fields):
        if directive(of: tree) == .delete { return nil }
        let kept = fields.filter { $0.key != "$patch" && !$0.value.isNull }
        return RenderedTree(.mapping(kept.compactMapValues(withoutDirectives)), origin: tree.origin)
    }
}

/// Directives of patches that are not understood here: `$setElementOrder`, `$retainKeys`.
func unknownDirective(in tree: RenderedTree) -> RenderedTree? {
    for (key, value) in tree.fields {
        if key.hasPrefix("$"), key != "$patch" { return value }
        if let found = unknownDirective(in: value) { return found }
    }
    return tree.elements.lazy.compactMap { unknownDirective(in: $0) }.first
}

import ConfigTree
import DeployModel

/// A field of an object whose effective value differs.
struct FieldDifference: Sendable {
    var path: FieldPath
    /// The field before and after; a whole subtree when it was added or removed as one.
    var before: ConfigNode?
    var after: ConfigNode?
    /// The line of the key before and after, where there is one.
    var beforeLine: Int?
    var afterLine: Int?
    /// Whether the field is lines of a text, in no language that is known.
    var isLines = false
}

/// The differences of effective values between two trees: the last of duplicate keys counts, order of keys and of elements
/// with an identity does not, nor do comments, quotes or anchors.
func differences(from before: ConfigNode, to after: ConfigNode) -> [FieldDifference] {
    var found: [FieldDifference] = []
    compare(before, after, at: [], list: nil, lines: (before.start.line, after.start.line), into: &found)
    return found
}

private func compare(
    _ before: ConfigNode, _ after: ConfigNode, at path: FieldPath, list: String?, lines: (Int, Int),
    into found: inout [FieldDifference]
) {
    guard before != after || before.hasDuplicates else { return }
    let (before, after) = isOfVariables(list) ? (before.asVariables, after.asVariables) : (before, after)
    switch (before.kind, after.kind) {
    case (.mapping, .mapping):
        for key in orderedKeys(before, after) {
            pair(
                before.entry(key).map { ($0.value, $0.keyMark.line) },
                after.entry(key).map { ($0.value, $0.keyMark.line) },
                at: path + [.key(key)], list: key, into: &found)
        }
    case (.sequence(let old), .sequence(let new)):
        compareLists(old, new, at: path, list: list, lines: lines, whole: (before, after), into: &found)
    case (.sequence(let old), .scalar) where after.isNull:
        compareLists(old, [], at: path, list: list, lines: lines, whole: (before, after), into: &found)
    case (.scalar, .sequence(let new)) where before.isNull:
        compareLists([], new, at: path, list: list, lines: lines, whole: (before, after), into: &found)
    default:
        guard !isSameValue(before, after) else { return }
        found.append(
            FieldDifference(path: path, before: before, after: after, beforeLine: lines.0, afterLine: lines.1)
        )
    }
}

/// Whether a list holds `NAME=value`: compose's `environment`, the `literals` of a generator of Kustomize.
private func isOfVariables(_ list: String?) -> Bool { list == "environment" || list == "literals" }

private func pair(
    _ before: (node: ConfigNode, line: Int)?, _ after: (node: ConfigNode, line: Int)?, at path: FieldPath,
    list: String?,
    into found: inout [FieldDifference]
) {
    switch (before, after) {
    case (let before?, let after?):
        compare(before.node, after.node, at: path, list: list, lines: (before.line, after.line), into: &found)
    case (nil, nil): break
    // Variables are told one by one, because each has readers of its own.
    case (let before?, nil) where isOfVariables(list) && before.node.scalar == nil:
        let none = ConfigNode(.mapping([]), start: before.node.start, end: before.node.start)
        compare(before.node, none, at: path, list: list, lines: (before.line, before.line), into: &found)
    case (let before?, nil) where list == "env" && !before.node.elements.isEmpty:
        let none = ConfigNode(.sequence([]), start: before.node.start, end: before.node.start)
        compare(before.node, none, at: path, list: list, lines: (before.line, before.line), into: &found)
    case (nil, let after?) where list == "env" && !after.node.elements.isEmpty:
        let none = ConfigNode(.sequence([]), start: after.node.start, end: after.node.start)
        compare(none, after.node, at: path, list: list, lines: (after.line, after.line), into: &found)
    default:
        found.append(
            FieldDifference(
                path: path, before: before?.node, after: after?.node, beforeLine: before?.line,
                afterLine: after?.line))
    }
}

private func compareLists(
    _ old: [ConfigNode], _ new: [ConfigNode], at path: FieldPath, list: String?, lines: (Int, Int),
    whole: (ConfigNode, ConfigNode), into found: inout [FieldDifference]
) {
    if let key = identityKey(ofList: list, elements: old + new) ?? commonIdentity(list, old, new) {
        // The last of equally named elements counts, as it does for environment variables.
        func named(_ nodes: [ConfigNode]) -> [String: ConfigNode] {
            Dictionary(nodes.map { ($0[key]?.text ?? "", $0) }, uniquingKeysWith: { _, last in last })
        }
        let (before, after) = (named(old), named(new))
        var seen: Set<String> = []
        let names = (new + old).map { $0[key]?.text ?? "" }.filter { seen.insert($0).inserted }
        for name in names {
            pair(
                before[name].map { ($0, $0.start.line) }, after[name].map { ($0, $0.start.line) },
                at: path + [.element(name)], list: nil, into: &found)
        }
        return
    }
    let areScalars = (old + new).allSatisfy { $0.scalar != nil }
    guard !areScalars, old.count == new.count else {
        guard !zip(old, new).allSatisfy({ isSameValue($0, $1) }) || old.count != new.count else { return }
        found.append(
            FieldDifference(
                path: path, before: whole.0, after: whole.1, beforeLine: lines.0, afterLine: lines.1))
        return
    }
    for (index, (a, b)) in zip(old, new).enumerated() {
        compare(
            a, b, at: path + [.index(index)], list: nil, lines: (a.start.line, b.start.line), into: &found)
    }
}

/// The identity that both sides have on their own, when together they repeat names: the same elements stand in both.
private func commonIdentity(_ list: String?, _ old: [ConfigNode], _ new: [ConfigNode]) -> String? {
    guard let key = identityKey(ofList: list, elements: old), identityKey(ofList: list, elements: new) == key
    else {
        return nil
    }
    return key
}

private func orderedKeys(_ before: ConfigNode, _ after: ConfigNode) -> [String] {
    var seen: Set<String> = []
    return (after.entries + before.entries).map(\.key).filter { seen.insert($0).inserted }
}

/// Whether two nodes say the same: quotes do not matter unless they change the type.
func isSameValue(_ a: ConfigNode, _ b: ConfigNode) -> Bool {
    switch (a.kind, b.kind) {
    case (.scalar(let x), .scalar(let y)):
        x.text == y.text && (x.style == y.style || !isTypedPlain(x.text) && !x.isExpression)
    case (.mapping, .mapping):
        haveSameKeys(a.entries, b.entries)
            && a.entries.allSatisfy { entry in
                guard let x = a[entry.key], let y = b[entry.key] else { return false }
                return isSameValue(x, y)
            }
    case (.sequence(let x), .sequence(let y)):
        x.count == y.count && zip(x, y).allSatisfy { isSameValue($0, $1) }
    default: false
    }
}

private func haveSameKeys(_ a: [ConfigNode.Entry], _ b: [ConfigNode.Entry]) -> Bool {
    a.elementsEqual(b) { $0.key == $1.key } || Set(a.map(\.key)) == Set(b.map(\.key))
}

extension ConfigNode.Scalar {
    /// Whether it is one template expression and nothing else, which may become anything.
    var isExpression: Bool {
        guard isTemplated else { return false }
        return [("{{", "}}"), ("${", "}"), ("<%", "%>")].contains { opening, closing in
            text.hasPrefix(opening) && text.hasSuffix(closing)
                && text.dropFirst(opening.utf8.count).place(of: opening) == nil
        }
    }
}

private let typedWords: Set = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", ""]

/// Whether an unquoted text is read as something else than text by YAML 1.1: a number, a boolean, a null.
func isTypedPlain(_ text: String) -> Bool {
    typedWords.contains(text.lowercased())
        || text.first.map { $0.isNumber || $0 == "-" || $0 == "+" || $0 == "." } ?? true
            && text.allSatisfy { $0.isNumber || "+-._:eExXoabcdefABCDEF".contains($0) }
}

extension ConfigNode {
    /// A list of `NAME=value`, as compose files write it, as the mapping that it is.
    fileprivate var asVariables: ConfigNode {
        guard case .sequence(let elements) = kind else { return self }
        var entries: [Entry] = []
        for element in elements {
            guard let scalar = element.scalar else { return self }
            let parts = scalar.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let value = Scalar(
                text: parts.count > 1 ? parts[1] : "", style: .quoted, isTemplated: scalar.isTemplated)
            entries.append(
                Entry(
                    key: parts[0], keyMark: element.start,
                    value: ConfigNode(.scalar(value), start: element.start, end: element.end)))
        }
        return ConfigNode(.mapping(entries), start: start, end: end)
    }

    /// Whether any mapping inside repeats a key.
    var hasDuplicates: Bool {
        switch kind {
        case .scalar: false
        case .sequence(let elements): elements.contains { $0.hasDuplicates }
        case .mapping(let entries):
            Set(entries.map(\.key)).count < entries.count || entries.contains { $0.value.hasDuplicates }
        }
    }

    /// Whether it is nothing: an empty plain scalar, `~` or `null`.
    var isNull: Bool {
        guard let scalar, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// The last line that it takes.
    var lastLine: Int { max(start.line, end.line) }
}

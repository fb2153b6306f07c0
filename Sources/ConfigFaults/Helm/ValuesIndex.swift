import ConfigTree

/// What the changes of one file of values ask again and again; each is put together once.
final class ValuesIndex {
    private var moves: MovedValues?
    private var changes: [FoundChange]?
    private var names: [FieldPath: UsedNames] = [:]
    private var parts: [FieldPath: LikeParts] = [:]

    /// The values of the file that came and went.
    func moved(_ changes: [FoundChange]) -> MovedValues {
        if let moves { return moves }
        let new = MovedValues(changes)
        moves = new
        return new
    }

    /// The changes of the values, by their ways through them.
    func own(_ read: () -> [FoundChange]) -> [FoundChange] {
        if let changes { return changes }
        let new = read()
        changes = new
        return new
    }

    /// The names that templates use below a way.
    func used(below way: FieldPath, _ read: () throws -> UsedNames) rethrows -> UsedNames {
        if let known = names[way] { return known }
        let new = try read()
        names[way] = new
        return new
    }

    /// The parts below a way that are like one of them, by name.
    func parts(like own: String, below way: FieldPath, of node: ConfigNode) -> [String] {
        parts[way, default: LikeParts(node)].like(own)
    }
}

/// The names that templates use, and among which one that is misspelt may be.
struct UsedNames {
    let uses: [String: SeenUse]
    let unsaid: SimilarNames

    init(_ uses: [String: SeenUse], said: Set<String>) {
        self.uses = uses
        unsaid = SimilarNames(uses.keys.filter { !said.contains($0) })
    }
}

/// Values that came and that went, by what they say.
struct MovedValues {
    private struct Key: Hashable {
        var parent: FieldPath
        var text: String
    }

    private var new: [Key: [(path: FieldPath, node: ConfigNode)]] = [:]
    private var gone: [String: [(path: FieldPath, node: ConfigNode)]] = [:]

    init(_ changes: [FoundChange]) {
        for change in changes {
            switch (change.beforeNode, change.afterNode) {
            case (nil, let node?):
                let key = Key(parent: Array(change.path.dropLast()), text: plainText(node))
                new[key, default: []].append((change.path, node))
            case (let node?, nil): gone[plainText(node), default: []].append((change.path, node))
            default: break
            }
        }
    }

    /// The new value beside one that went which says the same.
    func successor(of node: ConfigNode, at path: FieldPath) -> FieldPath? {
        new[Key(parent: Array(path.dropLast()), text: plainText(node))]?.first { isSameValue($0.node, node) }?
            .path
    }

    /// The value that went and said what one elsewhere says.
    func predecessor(of node: ConfigNode, at path: FieldPath) -> FieldPath? {
        gone[plainText(node)]?.first { $0.path != path && isSameValue($0.node, node) }?.path
    }
}

/// The parts of a mapping, with those that each is like.
private struct LikeParts {
    private let keys: [(name: String, keys: Set<String>)]
    private var known: [String: [String]] = [:]

    init(_ node: ConfigNode) {
        let parts = node.entries
        keys =
            (3...200).contains(parts.count)
            ? parts.map { ($0.key, Set($0.value.entries.map(\.key))) }.sorted { $0.name < $1.name } : []
    }

    /// The parts with mostly the same keys, by name, itself among them.
    mutating func like(_ own: String) -> [String] {
        if let like = known[own] { return like }
        let shape = keys.last { $0.name == own }?.keys ?? []
        let like = keys.filter { 2 * $0.keys.intersection(shape).count > $0.keys.union(shape).count }
            .map(\.name)
        known[own] = like
        return like
    }
}

import ConfigTree
import DeployModel

/// F2: a field that three or more sibling workloads had alike changes in a minority of them.
func findDivergence(in change: inout FoundChange, siblings: inout SiblingValues) {
    guard let name = change.change.object?.name,
        change.change.object.map({ Manifest.workloadKinds.contains($0.kind) }) ?? false,
        change.path.count >= 2, !isOwnByNature(change.path)
    else { return }
    let before = siblings.before(at: change.path, of: name)
    guard let old = before[name] else { return }
    let clones = before.lazy.filter { $0.value == old }.map(\.key)
    guard clones.count >= 3 else { return }
    let after = siblings.after(at: change.path, of: name)
    let loyal = clones.filter { after[$0] == old }.sorted()
    let strayed = clones.filter { after[$0] != old }.sorted()
    guard strayed.contains(name), loyal.count > strayed.count else { return }
    let share = Double(loyal.count) / Double(clones.count - 1)
    let isVariable = change.path.variable != nil
    let weight = FaultClass.cloneDivergence.weight * min(1, share) * (isVariable ? 1 : 0.5)
    let named =
        loyal.prefix(3).joined(separator: ", ") + (loyal.count > 3 ? " and \(loyal.count - 3) more" : "")
    let value = change.change.before.map { " (\($0))" } ?? ""
    change.findings.append(
        FaultFinding(
            .cloneDivergence, weight: weight,
            "\(named) still agree on this value\(value); "
                + (strayed.count == 1
                    ? "\(name) is the only one that changed" : "\(strayed.joined(separator: ", ")) changed")))
}

/// Fields in which siblings differ by their nature.
func isOwnByNature(_ path: FieldPath) -> Bool {
    let names = path.map(\.name)
    return names.contains("labels") || names.contains("annotations") || names.contains("image")
        || names.contains("replicas") || names.contains("resources") || names.last == "name"
}

/// What a workload and its siblings say at one place, before and after.
///
/// A container that is called like its workload corresponds to the ones that are called like theirs: siblings are copies of each
/// other, and their main containers carry the siblings' names.
///
/// Changes of one list come in a row, and so do those of workloads that changed alike: what was looked up for one of them is
/// kept for the next.
struct SiblingValues {
    private var beforeLists: FieldLists
    private var afterLists: FieldLists

    init(in surroundings: Surroundings) {
        let names = surroundings.before.siblings
        beforeLists = FieldLists(surroundings.before, siblings: names)
        afterLists = FieldLists(surroundings.after, siblings: names)
    }

    /// The values before the change, by the names of the workloads that have the field.
    ///
    /// - Returns: nothing where the workload itself has no such field, or too few siblings for any three to agree.
    mutating func before(at path: FieldPath, of owner: String) -> [String: String] {
        let siblings = beforeLists.siblings
        guard siblings.count + (siblings.contains(owner) ? 0 : 1) >= 3 else { return [:] }
        let search = FieldSearch(for: path, of: owner)
        return beforeLists.value(search) == nil ? [:] : beforeLists.values(search)
    }

    /// The values after it.
    mutating func after(at path: FieldPath, of owner: String) -> [String: String] {
        afterLists.values(FieldSearch(for: path, of: owner))
    }
}

/// A field of a workload that is looked for in its siblings.
private struct FieldSearch {
    let path: FieldPath
    let owner: String
    /// Where the last list begins whose elements go by names: they are looked up in it. Without one, the last step.
    let stem: Int
    let isInList: Bool
    /// Whether the path leads through a container that is called like its workload.
    let isOfNamesake: Bool

    init(for path: FieldPath, of owner: String) {
        self.path = path
        self.owner = owner
        let list = path.lastIndex { if case .element = $0 { true } else { false } }
        stem = list ?? path.count - 1
        isInList = list != nil
        isOfNamesake = path.container == owner
    }

    /// The path in a sibling.
    func path(in name: String) -> FieldPath {
        isOfNamesake ? path.map { $0 == .element(owner) ? .element(name) : $0 } : path
    }
}

/// The lists and mappings of workloads that fields are looked for in.
private struct FieldLists {
    /// A list or a mapping of some workloads.
    private struct Place: Hashable {
        var path: FieldPath
        /// The workload whose path it is, where no other's is the same.
        var namesake: String?
        /// The one workload that it is of; of all siblings without.
        var workload: String?
        var isList: Bool
    }

    /// What a field is looked for in.
    private enum Holder {
        case elements([String: ConfigNode])
        case mapping(ConfigNode)

        init?(in workload: Manifest, at path: FieldPath, stem: Int) {
            guard case .element = path[stem] else {
                guard let node = workload.root.node(at: path[..<stem]) else { return nil }
                self = .mapping(node)
                return
            }
            self = .elements(workload.root.namedElements(of: path[..<stem]))
        }

        func node(at path: ArraySlice<FieldStep>) -> ConfigNode? {
            switch self {
            case .mapping(let node): return node.node(at: path)
            case .elements(let elements):
                guard case .element(let name)? = path.first else { return nil }
                return elements[name]?.node(at: path.dropFirst())
            }
        }
    }

    /// The same by a workload's own path, and by the path as it is in the one that changed.
    private typealias Holders = (own: Holder?, other: Holder?)

    let siblings: Set<String>
    private let index: ManifestIndex
    private var known: [Place: [String: [Holders]]] = [:]
    /// What the siblings say at a path that is the same in all of them.
    private var knownValues: [FieldPath: [String: String]] = [:]
    private static let mostKnown = 100

    init(_ index: ManifestIndex, siblings: Set<String>) {
        self.index = index
        self.siblings = siblings
    }

    /// What the workload itself says.
    mutating func value(_ search: FieldSearch) -> String? {
        let isSibling = siblings.contains(search.owner)
        return value(search, of: search.owner, in: holders(search, ofSiblings: isSibling))
    }

    /// What the workload and its siblings say, by name.
    mutating func values(_ search: FieldSearch) -> [String: String] {
        var values = siblingValues(search)
        if !siblings.contains(search.owner) { values[search.owner] = value(search) }
        return values
    }

    private mutating func siblingValues(_ search: FieldSearch) -> [String: String] {
        if !search.isOfNamesake, let known = knownValues[search.path] { return known }
        let all = holders(search, ofSiblings: true)
        var values: [String: String] = [:]
        for name in siblings { values[name] = value(search, of: name, in: all) }
        guard !search.isOfNamesake else { return values }
        if knownValues.count >= Self.mostKnown { knownValues = [:] }
        knownValues[search.path] = values
        return values
    }

    private func value(_ search: FieldSearch, of name: String, in holders: [String: [Holders]]) -> String? {
        let own = search.path(in: name)
        // Of several workloads of a name, the last that has it.
        for holders in (holders[name] ?? []).reversed() {
            if let node = holders.own?.node(at: own[search.stem...])
                ?? holders.other?.node(at: search.path[search.stem...])
            {
                return plainText(node)
            }
        }
        return nil
    }

    private mutating func holders(_ search: FieldSearch, ofSiblings: Bool) -> [String: [Holders]] {
        let place = Place(
            path: Array(search.path[..<search.stem]), namesake: search.isOfNamesake ? search.owner : nil,
            workload: ofSiblings ? nil : search.owner, isList: search.isInList)
        if let known = known[place] { return known }
        var found: [String: [Holders]] = [:]
        for name in ofSiblings ? siblings : [search.owner] {
            let own = search.path(in: name)
            found[name] = index.workloads(named: name).map { workload in
                (
                    own: Holder(in: workload, at: own, stem: search.stem),
                    other: own == search.path ? nil : Holder(in: workload, at: search.path, stem: search.stem)
                )
            }
        }
        if known.count >= Self.mostKnown { known = [:] }
        known[place] = found
        return found
    }
}

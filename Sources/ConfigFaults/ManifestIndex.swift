import ConfigTree
import DeployModel

/// A workload of the configuration, and the names that events may know it by.
public struct Workload: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// `Deployment`, `StatefulSet`, …
    public var kind: String
    /// The file it stands in.
    public var path: String
    /// The values of its pods' labels, which some events carry instead of the name.
    public var labels: Set<String>
    /// Whether something that is not known here, the name of a release, may stand before its name.
    public var isNamePartial = false
}

/// Everything that the configuration of one commit says, with references followed.
struct ManifestIndex: Sendable {
    let manifests: [Manifest]
    let workloads: [Manifest]
    private let lazyRelations = Lazy<ObjectRelations>()
    private let lazyNamings = Lazy<ObjectNamings>()
    private let lazyKnown = Lazy<KnownObjects>()
    private let lazyMade = Lazy<[String: MadeSecret]>()
    private let byName: [String: [Int]]
    private let byKind: [String: [Int]]
    /// The last object of each kind and name, and of each in a file.
    private let last: [ObjectName: Int]
    private let lastOfFile: [String: [ObjectName: Int]]
    private let workloadsByName: [String: [Int]]
    /// The names of the workloads that others are compared with.
    let siblings: Set<String>

    /// Siblings beyond these say nothing new.
    private static let mostSiblings = 100

    init(_ manifests: [Manifest]) {
        self.manifests = manifests
        workloads = manifests.filter(\.isWorkload)
        byName = Dictionary(grouping: manifests.indices) { manifests[$0].object.name }
        byKind = Dictionary(grouping: manifests.indices) { manifests[$0].object.kind }
        siblings = Set(workloads.prefix(Self.mostSiblings).map(\.object.name))
        var last: [ObjectName: Int] = [:]
        var lastOfFile: [String: [ObjectName: Int]] = [:]
        for (place, manifest) in manifests.enumerated() {
            let name = ObjectName(kind: manifest.object.kind, name: manifest.object.name)
            last[name] = place
            lastOfFile[manifest.path, default: [:]][name] = place
        }
        (self.last, self.lastOfFile) = (last, lastOfFile)
        workloadsByName = Dictionary(grouping: workloads.indices) { [workloads] in workloads[$0].object.name }
    }

    /// The objects of a name.
    func manifests(named name: String) -> [Manifest] { (byName[name] ?? []).map { manifests[$0] } }

    /// Where objects of a name stand among ``manifests``.
    func places(named name: String, where isWanted: (Manifest) -> Bool) -> [Int] {
        (byName[name] ?? []).filter { isWanted(manifests[$0]) }
    }

    /// The objects of a kind.
    func manifests(ofKind kind: String) -> [Manifest] { (byKind[kind] ?? []).map { manifests[$0] } }

    /// Whether there are objects of a kind.
    func holds(kind: String) -> Bool { byKind[kind] != nil }

    /// The last object of a kind and a name: of the file when it has one, else of any.
    func object(_ kind: String, named name: String, preferring path: String) -> Manifest? {
        let wanted = ObjectName(kind: kind, name: name)
        return (lastOfFile[path]?[wanted] ?? last[wanted]).map { manifests[$0] }
    }

    /// The objects of a kind and a name; a name may carry the ten letters that a generator adds.
    func objects(_ kind: String, named name: String) -> [Manifest] {
        let shorter = name.dropLast(10)
        let plain = shorter.last == "-" ? byName[String(shorter.dropLast())] ?? [] : []
        return ((byName[name] ?? []) + plain).sorted().map { manifests[$0] }.filter { $0.object.kind == kind }
    }

    /// The workloads of a name.
    func workloads(named name: String) -> [Manifest] {
        (workloadsByName[name] ?? []).map { workloads[$0] }
    }

    /// What the objects have to do with each other.
    var relations: ObjectRelations {
        lazyRelations.get { ObjectRelations(of: manifests, workloads: workloads) }
    }

    /// Who names which Services and workloads.
    var namings: ObjectNamings { lazyNamings.get { ObjectNamings(of: manifests) } }

    /// What makes Secrets, by their names.
    var madeSecrets: [String: MadeSecret] { lazyMade.get { MadeSecret.all(in: self) } }

    /// How many objects of a kind there are.
    func count(ofKind kind: String) -> Int { byKind[kind]?.count ?? 0 }

    /// Which objects there are and which are asked for.
    var known: KnownObjects { lazyKnown.get { KnownObjects(of: manifests) } }

    /// The workloads whose pods a change of an object can touch, sorted; `nil` when that is not known.
    func reach(of manifest: Manifest) -> [String]? {
        let name = manifest.object.name
        let reached: [Int]
        switch manifest.object.kind {
        case _ where manifest.isWorkload: return [name]
        case "ConfigMap", "Secret":
            return relations.users[ObjectName(kind: manifest.object.kind, name: name)] ?? []
        case "ServiceAccount": reached = (relations.accountUsers[name] ?? []).map(\.workload)
        case "Service": reached = selected(by: manifest.root[path: "spec", "selector"])
        case "PodDisruptionBudget", "NetworkPolicy":
            let selector =
                manifest.root[path: "spec", "selector"] ?? manifest.root[path: "spec", "podSelector"]
            reached = selected(by: selector?["matchLabels"])
        case "HorizontalPodAutoscaler":
            let target = manifest.root[path: "spec", "scaleTargetRef", "name"]?.text
            reached = target.flatMap { workloadsByName[$0] } ?? []
        default: return nil
        }
        return Set(reached.map { workloads[$0].object.name }).sorted()
    }

    private func selected(by selector: ConfigNode?) -> [Int] {
        let wanted = selector?.entries.compactMap { entry in entry.value.text.map { (entry.key, $0) } } ?? []
        return wanted.isEmpty ? [] : relations.workloads(carrying: wanted)
    }

    /// The names of some workloads by their places.
    func names(of places: some Sequence<Int>) -> [String] { places.map { workloads[$0].object.name } }
}

extension ConfigNode {
    /// The elements of the list at the end of a path by their names, of several of a name the last; none where its elements have none.
    func namedElements(of list: ArraySlice<FieldStep>) -> [String: ConfigNode] {
        guard case .key(let name)? = list.last, case .sequence(let elements)? = node(at: list)?.kind,
            let identity = identityKey(ofList: name, elements: elements)
        else { return [:] }
        let named = elements.compactMap { element in element[identity]?.text.map { ($0, element) } }
        return Dictionary(named, uniquingKeysWith: { _, last in last })
    }

    /// The effective node at the end of a path.
    func node(at path: ArraySlice<FieldStep>) -> ConfigNode? {
        guard let step = path.first else { return self }
        let rest = path.dropFirst()
        switch step {
        case .key(let key):
            guard let child = self[key] else { return nil }
            // A list is looked into here, where the name that tells how its elements are known is at hand.
            if case .element(let name)? = rest.first, case .sequence(let elements) = child.kind {
                guard let identity = identityKey(ofList: key, elements: elements) else { return nil }
                return elements.last { $0[identity]?.text == name }?.node(at: rest.dropFirst())
            }
            return child.node(at: rest)
        case .element: return nil
        case .index(let index):
            return index < elements.count ? elements[index].node(at: rest) : nil
        }
    }
}

/// A node as text that is equal for equal effective values.
func plainText(_ node: ConfigNode) -> String {
    switch node.kind {
    case .scalar(let scalar): scalar.text
    case .sequence(let elements): "[" + elements.map(plainText).joined(separator: ",") + "]"
    case .mapping(let entries):
        "{"
            + Set(entries.map(\.key)).sorted().map { key in "\(key):\(effectiveText(node, key))" }.joined(
                separator: ",") + "}"
    }
}

private func effectiveText(_ node: ConfigNode, _ key: String) -> String { node[key].map(plainText) ?? "" }

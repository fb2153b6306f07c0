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
    private let byName: [String: [Int]]
    private let workloadsByName: [String: [Int]]
    /// Siblings beyond these say nothing new.
    private static let mostSiblings = 100

    init(_ manifests: [Manifest]) {
        self.manifests = manifests
        workloads = manifests.filter(\.isWorkload)
        byName = Dictionary(grouping: manifests.indices) { manifests[$0].object.name }
        workloadsByName = Dictionary(grouping: workloads.indices) { [workloads] in workloads[$0].object.name }
    }

    /// The objects of a name.
    func manifests(named name: String) -> [Manifest] { (byName[name] ?? []).map { manifests[$0] } }

    /// The names of a workload and of those that it may be compared with.
    func siblings(of name: String) -> Set<String> {
        Set(workloads.prefix(Self.mostSiblings).map(\.object.name) + [name])
    }

    /// The workloads whose pods a change of an object can touch, sorted; `nil` when that is not known.
    func reach(of manifest: Manifest) -> [String]? {
        let name = manifest.object.name
        let reached: [Manifest]
        switch manifest.object.kind {
        case _ where manifest.isWorkload: return [name]
        case "ConfigMap":
            reached = workloads.filter {
                refers($0, to: name, by: ["configMapKeyRef", "configMapRef", "configMap"])
            }
        case "Secret":
            reached = workloads.filter { refers($0, to: name, by: ["secretKeyRef", "secretRef", "secret"]) }
        case "ServiceAccount":
            reached = workloads.filter { $0.podSpec?["serviceAccountName"]?.text == name }
        case "Service": reached = selected(by: manifest.root[path: "spec", "selector"])
        case "PodDisruptionBudget", "NetworkPolicy":
            let selector =
                manifest.root[path: "spec", "selector"] ?? manifest.root[path: "spec", "podSelector"]
            reached = selected(by: selector?["matchLabels"])
        case "HorizontalPodAutoscaler":
            let target = manifest.root[path: "spec", "scaleTargetRef", "name"]?.text
            reached = workloads.filter { $0.object.name == target }
        default: return nil
        }
        return Set(reached.map(\.object.name)).sorted()
    }

    private func selected(by selector: ConfigNode?) -> [Manifest] {
        let wanted = selector?.entries.compactMap { entry in entry.value.text.map { (entry.key, $0) } } ?? []
        guard !wanted.isEmpty else { return [] }
        return workloads.filter { workload in
            let labels = workload.podLabels
            return wanted.allSatisfy { labels[$0.0] == $0.1 }
        }
    }

    private func refers(_ workload: Manifest, to name: String, by keys: Set<String>) -> Bool {
        func search(_ node: ConfigNode) -> Bool {
            switch node.kind {
            case .scalar: return false
            case .sequence(let elements): return elements.contains(where: search)
            case .mapping(let entries):
                return entries.contains { entry in
                    let names = [entry.value["name"]?.text, entry.value["secretName"]?.text]
                    return (keys.contains(entry.key) && names.contains(name)) || search(entry.value)
                }
            }
        }
        return workload.podSpec.map(search) ?? false
    }

    /// The value of a field in each workload that has it, by workload name.
    ///
    /// A container that is called like its workload corresponds to the ones that are called like theirs: siblings are
    /// copies of each other, and their main containers carry the siblings' names.
    func values(at path: FieldPath, of owner: String, among names: Set<String>) -> [String: String] {
        var values: [String: String] = [:]
        for (name, workload) in names.flatMap({ name in
            (workloadsByName[name] ?? []).map { (name, workloads[$0]) }
        }) {
            let own = path.map { path.container == owner && $0 == .element(owner) ? .element(name) : $0 }
            guard let node = workload.root.node(at: own[...]) ?? workload.root.node(at: path[...]) else {
                continue
            }
            values[name] = plainText(node)
        }
        return values
    }
}

extension ConfigNode {
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

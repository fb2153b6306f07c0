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
    private let byKind: [String: [Int]]
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
        workloadsByName = Dictionary(grouping: workloads.indices) { [workloads] in workloads[$0].object.name }
    }

    /// The objects of a name.
    func manifests(named name: String) -> [Manifest] { (byName[name] ?? []).map { manifests[$0] } }

    /// The objects of a kind.
    func manifests(ofKind kind: String) -> [Manifest] { (byKind[kind] ?? []).map { manifests[$0] } }

    /// Whether there are objects of a kind.
    func holds(kind: String) -> Bool { byKind[kind] != nil }

    /// The last object of a kind and a name: of the file when it has one, else of any.
    func object(_ kind: String, named name: String, preferring path: String) -> Manifest? {
        let own = (byName[name] ?? []).filter { manifests[$0].object.kind == kind }
        return (own.last { manifests[$0].path == path } ?? own.last).map { manifests[$0] }
    }

    /// The workloads of a name.
    func workloads(named name: String) -> [Manifest] {
        (workloadsByName[name] ?? []).map { workloads[$0] }
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

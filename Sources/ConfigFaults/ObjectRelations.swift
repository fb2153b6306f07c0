import ConfigTree
import DeployModel
import Synchronization

/// A kind and a name of objects.
struct ObjectName: Hashable, Sendable {
    var kind: String
    var name: String
}

/// Which objects of one commit have to do with which workloads, so that nobody who asks for one looks through all.
///
/// Workloads are numbered as in ``ManifestIndex/workloads``.
struct ObjectRelations: Sendable {
    /// A label of pods.
    private struct Label: Hashable {
        var key: String
        var value: String
    }

    /// The names of the workloads whose pods name an object, sorted, each once.
    let users: [ObjectName: [String]]
    /// The same of references that must lead somewhere, with the entry that each is for and the line that says so.
    private(set) var references: [ObjectName: [(workload: Int, key: String?, line: Int)]] = [:]
    /// The workloads whose containers have variables of an object.
    private(set) var variableReaders: [ObjectName: [Int]] = [:]
    /// The workloads that run as an account, as if they referred to it.
    private(set) var accountUsers: [String: [(workload: Int, key: String?, line: Int)]] = [:]
    /// Names of objects that a generator, or an object that stands for a Secret, makes.
    private var generatedSecrets: Set<String> = []
    private var generatedMaps: Set<String> = []
    private var carriers: [Label: [Int]] = [:]
    private let podLabels: [[String: String]]

    init(of manifests: [Manifest], workloads: [Manifest]) {
        podLabels = workloads.map(\.podLabels)
        var users: [ObjectName: Set<String>] = [:]
        for (place, workload) in workloads.enumerated() {
            for (key, value) in podLabels[place] {
                carriers[Label(key: key, value: value), default: []].append(place)
            }
            guard let spec = workload.podSpec else { continue }
            for object in Set(namedObjects(in: spec)) {
                users[object, default: []].insert(workload.object.name)
            }
            for reference in ConfigFaults.references(in: spec) {
                references[ObjectName(kind: reference.kind, name: reference.name), default: []].append(
                    (place, reference.key, reference.line))
            }
            if let account = spec["serviceAccountName"], let name = account.text {
                accountUsers[name, default: []].append((place, nil, account.start.line))
            }
            let variables = workload.containers.flatMap { [$0["env"], $0["envFrom"]].compactMap { $0 } }
            for object in Set(
                variables.flatMap { ConfigFaults.references(in: $0) }.map {
                    ObjectName(kind: $0.kind, name: $0.name)
                })
            {
                variableReaders[object, default: []].append(place)
            }
        }
        self.users = users.mapValues { $0.sorted() }
        for manifest in manifests {
            func names(_ generator: String) -> [String] {
                (manifest.root[generator]?.elements ?? []).compactMap { $0["name"]?.text }
            }
            generatedMaps.formUnion(names("configMapGenerator"))
            generatedSecrets.formUnion(names("secretGenerator"))
            guard secretStandIns.contains(manifest.object.kind) else { continue }
            let spec = manifest.root["spec"]
            let named = [spec?[path: "target", "name"]?.text, spec?["secretName"]?.text].compactMap { $0 }
            generatedSecrets.formUnion(named.isEmpty ? [manifest.object.name] : named)
        }
    }

    /// Whether something else makes an object of that kind and name.
    func isMadeOtherwise(_ kind: String, _ name: String) -> Bool {
        (kind == "Secret" ? generatedSecrets : generatedMaps).contains(name)
    }

    /// The workloads whose pods carry all of some labels; none for no labels.
    func workloads(carrying wanted: [(key: String, value: String)]) -> [Int] {
        let found = wanted.map { carriers[Label(key: $0.key, value: $0.value)] ?? [] }
        let fewest = found.min { $0.count < $1.count } ?? []
        return fewest.filter { place in wanted.allSatisfy { podLabels[place][$0.key] == $0.value } }
    }
}

/// What a pod's specification names, be it there or not.
private func namedObjects(in spec: ConfigNode) -> [ObjectName] {
    var found: [ObjectName] = []
    func search(_ node: ConfigNode) {
        switch node.kind {
        case .scalar: return
        case .sequence(let elements): elements.forEach(search)
        case .mapping(let entries):
            for entry in entries {
                let kind: String? =
                    switch entry.key {
                    case "configMapKeyRef", "configMapRef", "configMap": "ConfigMap"
                    case "secretKeyRef", "secretRef", "secret": "Secret"
                    default: nil
                    }
                if let kind {
                    for name in [entry.value["name"]?.text, entry.value["secretName"]?.text] {
                        if let name { found.append(ObjectName(kind: kind, name: name)) }
                    }
                }
                search(entry.value)
            }
        }
    }
    search(spec)
    return found
}

/// What is known of an index, found when it is first asked for: many changes need none of it.
final class Lazy<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)

    func get(_ make: () -> Value) -> Value {
        made.withLock { made in
            if let made { return made }
            let new = make()
            made = new
            return new
        }
    }
}

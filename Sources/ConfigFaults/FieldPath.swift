import ConfigTree

/// One step from an object's root to a field.
enum FieldStep: Sendable, Hashable, Comparable {
    /// A key of a mapping.
    case key(String)
    /// An element of a list, known by a field of its own: `name` of containers, `containerPort` of ports.
    case element(String)
    /// An element of a list that has nothing to know it by but its place.
    case index(Int)

    var name: String {
        switch self {
        case .key(let name), .element(let name): name
        case .index(let index): String(index)
        }
    }
}

/// The way from an object's root to a field.
typealias FieldPath = [FieldStep]

extension FieldPath {
    /// The container that the way leads through.
    var container: String? {
        for (list, element) in zip(self, dropFirst()) {
            guard case .key("containers") = list, case .element(let name) = element else {
                guard case .key("initContainers") = list, case .element(let name) = element else { continue }
                return name
            }
            return name
        }
        return nil
    }

    /// Whether the field says to people what a field of a custom resource is for.
    var isOfSchemaProse: Bool {
        ["description", "title", "example"].contains(last?.name ?? "") && contains(.key("openAPIV3Schema"))
    }

    /// The environment variable that the way leads through, or ends at.
    var variable: String? {
        for (list, element) in zip(self, dropFirst()) {
            if case .key("env") = list, case .element(let name) = element { return name }
        }
        return nil
    }

    /// The name that a value at the end of the way goes by, which decides whether it is a secret: the variable's for
    /// its value, the field's own for a reference, since names and keys of secrets are no secrets.
    var valueName: String {
        // A list of names with values is one of variables, whatever it is called.
        if case .key("value")? = last, case .element(let name)? = dropLast().last { return name }
        if count == 3, self[0] == .key("variable"), last == .key("default") { return self[1].name }
        guard let variable else { return last?.name ?? "" }
        let inside = drop { $0 != .element(variable) }.dropFirst()
        return inside.isEmpty || inside.elementsEqual([.key("value")]) ? variable : last?.name ?? ""
    }

    /// The way without what every pod template has in common, and without the container.
    private var inside: ArraySlice<FieldStep> {
        if let list = firstIndex(where: { $0 == .key("containers") || $0 == .key("initContainers") }),
            count > list + 2,
            case .element = self[list + 1]
        {
            return self[(list + 2)...]
        }
        let lead: FieldPath = [.key("spec"), .key("template"), .key("spec")]
        return starts(with: lead) && count > 3 ? dropFirst(3) : self[...]
    }

    /// The way in words a person knows: `env DARK_CONFIG_PUSHER_SECRET ▸ secretKeyRef.key`.
    var words: String {
        var groups: [String] = []
        var keys: [String] = []
        for step in inside {
            switch step {
            // `valueFrom` only says that a reference follows, which the reference says itself.
            case .key("valueFrom"): continue
            case .key(let key): keys.append(key)
            case .element(let name):
                groups.append((keys.isEmpty ? "" : keys.joined(separator: ".") + " ") + name)
                keys = []
            case .index(let index):
                // A list may stand at the root, or directly in another.
                if keys.isEmpty { keys.append("") }
                keys[keys.count - 1] += "[\(index)]"
            }
        }
        if !keys.isEmpty { groups.append(keys.joined(separator: ".")) }
        return groups.joined(separator: " ▸ ")
    }
}

/// The field that elements of a list are known by, from the merge keys of the Kubernetes API; any other list of mappings
/// is known by `name`, `key` or `id` when these are there and differ.
func identityKey(ofList name: String?, elements: [ConfigNode]) -> String? {
    guard !elements.isEmpty else { return nil }
    let known = name.flatMap { mergeKeys[$0] }
    return (known ?? ["name", "key", "id"]).first { key in
        if known != nil { return elements.allSatisfy { $0[key]?.text != nil } }
        var names: Set<String> = []
        return elements.allSatisfy { $0[key]?.text.map { names.insert($0).inserted } ?? false }
    }
}

private let mergeKeys: [String: [String]] = [
    "containers": ["name"], "initContainers": ["name"], "ephemeralContainers": ["name"], "env": ["name"],
    "ports": ["containerPort", "port"], "volumeMounts": ["mountPath"], "volumeDevices": ["devicePath"],
    "volumes": ["name"], "imagePullSecrets": ["name"], "hostAliases": ["ip"],
    "topologySpreadConstraints": ["topologyKey"], "secrets": ["name"],
]

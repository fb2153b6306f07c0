public import DeployModel

/// What a container finds in one of its variables.
public enum VariableValue: Sendable, Hashable {
    /// A text.
    case text(String)
    /// What is only known where the pod runs (`fieldRef status.podIP`), or is not in what was rendered.
    case reference(String)
}

/// A variable of a container.
public struct EnvironmentVariable: Sendable, Hashable {
    /// What the container finds in it.
    public var value: VariableValue
    /// Where that is said: the entry of `env`, or of the ConfigMap or Secret that is taken as a whole.
    public var origin: Occurrence
    /// Whether a Secret supplies it.
    public var isSecret: Bool
}

/// The environment of a container, as the cluster makes it: a later entry of `env` wins over an earlier one, `env` wins over
/// `envFrom`, and a later source of `envFrom` over an earlier one.
///
/// - Parameters:
///   - container: the container's tree.
///   - namespace: the namespace of its workload, empty where it says none.
///   - objects: everything that was rendered with it.
public func effectiveEnvironment(
    of container: RenderedTree, namespace: String, in objects: [RenderedObject]
) -> [String: EnvironmentVariable] {
    EnvironmentResolver(objects).environment(of: container, namespace: namespace)
}

/// Finds the ConfigMaps and Secrets of a rendering for many containers.
public struct EnvironmentResolver: Sendable {
    private struct Key: Hashable {
        var kind: String
        var name: String
        var namespace: String
    }

    private struct Entries {
        var values: [String: RenderedTree]
        var isSecret: Bool
    }

    private var data: [Key: RenderedTree] = [:]

    /// Over the objects of a rendering.
    public init(_ objects: [RenderedObject]) {
        for object in objects {
            let identity = object.identity
            guard ["ConfigMap", "Secret"].contains(identity.kind) else { continue }
            data[key(identity.kind, identity.name, identity.namespace)] = object.tree
        }
    }

    private func key(_ kind: String, _ name: String, _ namespace: String) -> Key {
        Key(kind: kind, name: name, namespace: namespace.isEmpty ? "default" : namespace)
    }

    /// See ``effectiveEnvironment(of:namespace:in:)``.
    public func environment(of container: RenderedTree, namespace: String) -> [String: EnvironmentVariable] {
        var found: [String: EnvironmentVariable] = [:]
        for source in container["envFrom"]?.elements ?? [] {
            let prefix = source["prefix"]?.text ?? ""
            for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                guard let name = source[field]?["name"]?.text,
                    let entries = entries(kind, name, namespace)
                else { continue }
                for (key, value) in entries {
                    found[prefix + key] = EnvironmentVariable(
                        value: .text(value.text ?? ""), origin: value.origin, isSecret: kind == "Secret")
                }
            }
        }
        // Only what stands above an entry is filled into it.
        for entry in container["env"]?.elements ?? [] {
            guard let name = entry["name"]?.text else { continue }
            found[name] = variable(entry, namespace: namespace, known: found)
        }
        return found
    }

    private func variable(
        _ entry: RenderedTree, namespace: String, known: [String: EnvironmentVariable]
    ) -> EnvironmentVariable? {
        guard let source = entry["valueFrom"], !source.isNull else {
            let text = expanded(entry["value"].flatMap { $0.isNull ? nil : $0.text } ?? "") { name in
                guard case .text(let text)? = known[name]?.value else { return nil }
                return text
            }
            return EnvironmentVariable(
                value: .text(text), origin: (entry["value"] ?? entry).origin, isSecret: false)
        }
        for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
            guard let reference = source[field], let name = reference["name"]?.text,
                let key = reference["key"]?.text
            else { continue }
            if let value = entries(kind, name, namespace)?[key] {
                return EnvironmentVariable(
                    value: .text(value.text ?? ""), origin: entry.origin, isSecret: kind == "Secret")
            }
            let isOptional = reference["optional"]?.isTrue ?? false
            return isOptional
                ? nil
                : EnvironmentVariable(
                    value: .reference("\(kind) \(name)/\(key)"), origin: entry.origin,
                    isSecret: kind == "Secret")
        }
        let words = source.fields.sorted { $0.key < $1.key }.map { field, value in
            "\(field) \(value["fieldPath"]?.text ?? value["resource"]?.text ?? "")"
        }
        return EnvironmentVariable(
            value: .reference(words.joined(separator: ", ")), origin: entry.origin, isSecret: false)
    }

    /// The entries of an object as texts, those of Secrets decoded; `nil` when it is not there.
    private func entries(_ kind: String, _ name: String, _ namespace: String) -> [String: RenderedTree]? {
        guard let tree = data[key(kind, name, namespace)] else { return nil }
        var entries = tree["data"]?.fields ?? [:]
        if kind == "Secret" {
            entries = entries.compactMapValues { value in
                Base64.decoded(value.text ?? "").map {
                    RenderedTree(text: String(decoding: $0, as: UTF8.self), origin: value.origin)
                }
            }
            entries.merge(tree["stringData"]?.fields ?? [:]) { _, plain in plain }
        }
        return entries
    }
}

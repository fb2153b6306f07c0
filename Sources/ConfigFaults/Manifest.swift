import ConfigTree
import DeployModel

/// One object of a configuration file: a Kubernetes object, or the whole document of a file that holds none.
struct Manifest: Sendable {
    /// The file it stands in.
    var path: String
    /// What it is.
    var object: ConfigObject
    /// Its tree.
    var root: ConfigNode
    /// How far the tree can be believed.
    var reading: ConfigDocument.Reading
    /// Its place among the documents of the file that are not told apart by name.
    var ordinal: Int
    /// Whether a template may put more into it than stands there.
    var isTemplate = false

    /// What stays the same when the object changes.
    struct Identity: Hashable, Sendable {
        var path: String
        var kind: String
        var name: String
        var namespace: String?
        var ordinal: Int
    }

    /// The same before and after, also when the file was renamed: `path` is the one after.
    func identity(path: String) -> Identity {
        // What is no object is called like its file, which may have been renamed.
        let name = ordinal > 0 ? "" : object.name
        return Identity(
            path: path, kind: object.kind, name: name, namespace: object.namespace, ordinal: ordinal)
    }

    static let workloadKinds: Set<String> = [
        "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob",
        "Pod",
    ]

    var isWorkload: Bool { Self.workloadKinds.contains(object.kind) }

    /// The pod's specification inside a workload.
    var podSpec: ConfigNode? {
        switch object.kind {
        case "Pod": root["spec"]
        case "CronJob": root[path: "spec", "jobTemplate", "spec", "template", "spec"]
        default: root[path: "spec", "template", "spec"]
        }
    }

    /// The labels that its pods carry.
    var podLabels: [String: String] {
        let metadata = object.kind == "Pod" ? root["metadata"] : root[path: "spec", "template", "metadata"]
        let pairs = (metadata?["labels"]?.entries ?? []).compactMap { entry in
            entry.value.text.map { (entry.key, $0) }
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    /// The containers of its pods.
    var containers: [ConfigNode] {
        (podSpec?["containers"]?.elements ?? []) + (podSpec?["initContainers"]?.elements ?? [])
    }
}

/// The objects of a file.
func manifests(of file: ConfigFile) -> [Manifest] {
    var found: [Manifest] = []
    var unnamed = 0
    for document in file.documents {
        guard let root = document.root else { continue }
        for node in listItems(of: root) {
            let object = kubernetesObject(node)
            if object == nil { unnamed += 1 }
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            found.append(
                Manifest(
                    path: file.path, object: object ?? ConfigObject(kind: file.format.rawValue, name: name),
                    root: opened(node, kind: object?.kind),
                    reading: document.reading, ordinal: object == nil ? unnamed : 0,
                    isTemplate: file.isTemplate))
        }
    }
    return found
}

/// An object with the files that it holds as texts read as trees.
private func opened(_ node: ConfigNode, kind: String?) -> ConfigNode {
    switch kind {
    case "ConfigMap": withEmbeddedFiles(node)
    case "Application": withEmbeddedValues(node, below: ["spec"])
    case "ApplicationSet": withEmbeddedValues(node, below: ["spec", "template", "spec"])
    default: node
    }
}

/// The values that an application of Argo CD gives its chart as a text.
private func withEmbeddedValues(_ node: ConfigNode, below keys: ArraySlice<String>) -> ConfigNode {
    node.changing(keys) { spec in
        spec.changing(["source"]) { $0.changing(["helm"], embeddedValues) }
            .changing(["sources"]) { sources in
                guard case .sequence(let elements) = sources.kind else { return sources }
                return ConfigNode(
                    .sequence(elements.map { $0.changing(["helm"], embeddedValues) }), start: sources.start,
                    end: sources.end)
            }
    }
}

private func embeddedValues(_ helm: ConfigNode) -> ConfigNode {
    guard let values = helm.entry("values") else { return helm }
    let file = withEmbeddedFile(values, as: "values.yaml")
    return helm.changing(["values"]) { _ in file.value }
}

extension ConfigNode {
    /// The same with what stands at the end of some keys replaced.
    fileprivate func changing(_ keys: ArraySlice<String>, _ change: (ConfigNode) -> ConfigNode) -> ConfigNode
    {
        guard let key = keys.first else { return change(self) }
        guard case .mapping(let entries) = kind, self[key] != nil else { return self }
        return ConfigNode(
            .mapping(
                entries.map { entry in
                    guard entry.key == key else { return entry }
                    var entry = entry
                    entry.value = entry.value.changing(keys.dropFirst(), change)
                    return entry
                }), start: start, end: end)
    }
}

/// F33: a ConfigMap whose entries that are files themselves are trees as well, their lines those of the outer file.
private func withEmbeddedFiles(_ node: ConfigNode) -> ConfigNode {
    guard case .mapping(let entries) = node.kind else { return node }
    let opened = entries.map { entry in
        guard entry.key == "data", case .mapping(let files) = entry.value.kind else { return entry }
        var data = entry
        data.value.kind = .mapping(files.map(withEmbeddedFile))
        return data
    }
    return ConfigNode(.mapping(opened), start: node.start, end: node.end)
}

private func withEmbeddedFile(_ entry: ConfigNode.Entry) -> ConfigNode.Entry {
    entry.key.contains(".") ? withEmbeddedFile(entry, as: entry.key) : entry
}

/// An entry that is a file of a name, its lines those of the outer file.
private func withEmbeddedFile(_ entry: ConfigNode.Entry, as name: String) -> ConfigNode.Entry {
    guard let text = entry.value.text, text.contains("\n"),
        let file = parseConfig(path: name, contents: Array(text.utf8)), file.documents.count == 1,
        let root = file.documents[0].root, root.scalar == nil
    else { return entry }
    var opened = entry
    // The text of a block begins on the line behind its indicator; one in quotes stands on the key's own lines.
    let (first, last) = (entry.value.start.line, entry.value.end.line)
    opened.value = root.placed { last > first ? min(first + $0, last) : entry.keyMark.line }
    return opened
}

extension ConfigNode {
    /// The same tree on other lines.
    fileprivate func placed(_ line: (Int) -> Int) -> ConfigNode {
        func mark(_ mark: Mark) -> Mark { Mark(line: line(mark.line), column: mark.column) }
        var copy = self
        copy.start = mark(start)
        copy.end = mark(end)
        switch kind {
        case .scalar: break
        case .sequence(let elements): copy.kind = .sequence(elements.map { $0.placed(line) })
        case .mapping(let entries):
            copy.kind = .mapping(
                entries.map { entry in
                    var moved = entry
                    moved.keyMark = mark(entry.keyMark)
                    moved.value = entry.value.placed(line)
                    return moved
                })
        }
        return copy
    }
}

/// The items of a `kind: List`, else the document itself.
private func listItems(of root: ConfigNode) -> [ConfigNode] {
    guard root["kind"]?.text == "List", let items = root["items"]?.elements, !items.isEmpty else {
        return [root]
    }
    return items
}

private func kubernetesObject(_ node: ConfigNode) -> ConfigObject? {
    guard let kind = node["kind"]?.text, node["apiVersion"] != nil, let metadata = node["metadata"],
        let name = metadata["name"]?.text ?? metadata["generateName"]?.text
    else { return nil }
    return ConfigObject(kind: kind, name: name, namespace: metadata["namespace"]?.text)
}

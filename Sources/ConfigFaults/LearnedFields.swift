import ConfigTree
import DeployModel

/// The fields that objects of a kind have, as far as the others of the repository show.
struct LearnedFields {
    /// By the way to a mapping, names of elements left out, how many objects have it there.
    private var mappings: [String: Int] = [:]
    /// By the way to a mapping, in how many objects it has which key.
    private var keys: [String: [String: Int]] = [:]
    /// How many objects have a key anywhere.
    private var objectsWith: [String: Int] = [:]

    /// - Parameter objects: those that are learned from; beyond some hundred they say nothing new.
    init(of objects: [Manifest]) {
        for manifest in objects.prefix(300) {
            var own: [String: Set<String>] = [:]
            visitMappings(manifest.root) { way, mapping in
                own[way, default: []].formUnion(mapping.entries.map(\.key))
            }
            for key in own.values.reduce(into: Set<String>(), { $0.formUnion($1) }) {
                objectsWith[key, default: 0] += 1
            }
            for (way, found) in own {
                mappings[way, default: 0] += 1
                for key in found { keys[way, default: [:]][key, default: 0] += 1 }
            }
        }
    }

    /// The key that nearly all others have in place of one that only this object has, wherever it stands in it.
    func usual(insteadOf key: String, in mapping: ConfigNode, at way: String) -> (name: String, count: Int)? {
        guard let known = keys[way], objectsWith[key, default: 0] <= 1, let all = mappings[way], all >= 4,
            !key.contains("{"), key.utf8.count >= 2, !alternatives.contains(key)
        else { return nil }
        let common = known.filter { $0.value >= 3 && 2 * $0.value >= all && mapping[$0.key] == nil }
        guard let near = nearestName(to: key, among: common.keys.sorted()), let count = common[near],
            !isOfSeries(key, near), !areOpposites(key, near)
        else { return nil }
        return (near, count)
    }
}

/// Whether two fields are the two ends of one thing: `minReplicas` and `maxReplicas`.
private func areOpposites(_ a: String, _ b: String) -> Bool {
    [("min", "max"), ("egress", "ingress"), ("before", "after"), ("pre", "post")].contains { x, y in
        let (a, b) = (a.lowercased(), b.lowercased())
        return a.replacing(x, with: y) == b || b.replacing(x, with: y) == a
    }
}

/// Fields that stand for each other where they are known at all: of kustomize, of Argo CD, of the Gateway API.
private let alternatives: Set = [
    "path", "patch", "patches", "source", "sources", "env", "envs", "fieldPath", "fieldPaths", "hostname",
    "file",
    "files", "label", "labels", "name", "names",
]

/// What holds names of somebody's own in place of fields.
private let mapsOfNames: Set = [
    "labels", "annotations", "matchLabels", "nodeSelector", "selector", "data", "stringData", "env", "ports",
    "service", "services", "controllers", "containers", "initContainers", "persistence", "ingress", "route",
    "configMaps", "secrets", "advancedMounts", "properties", "hosts", "encryptedData", "parameters",
    "commonLabels", "commonAnnotations",
]

/// Every mapping of an object with the way to it, in which elements of lists have no names.
private func visitMappings(_ root: ConfigNode, _ visit: (String, ConfigNode) -> Void) {
    var left = 2_000
    func search(_ node: ConfigNode, _ way: String, depth: Int) {
        left -= 1
        guard left > 0, depth < 12 else { return }
        switch node.kind {
        case .scalar: return
        case .sequence(let elements):
            for element in elements.prefix(50) { search(element, "\(way)[]", depth: depth + 1) }
        case .mapping(let entries):
            guard entries.count <= 60 else { return }
            if !mapsOfNames.contains(String(way.split(separator: ".").last ?? "")) { visit(way, node) }
            for entry in entries where !entry.isMerged && entry.value.scalar == nil {
                search(entry.value, "\(way).\(entry.key)", depth: depth + 1)
            }
        }
    }
    search(root, "", depth: 0)
}

/// An argument that every block of Terraform takes, mistyped.
private func mistypedMetaArgument(in change: FoundChange) -> FaultFinding? {
    guard change.path.count == 4, case .key(let name)? = change.path.last,
        ["resource", "data"].contains(change.path[0].name)
    else { return nil }
    let known = ["depends_on", "for_each", "lifecycle"]
    guard !known.contains(name), let meant = nearestName(to: name, among: known) else { return nil }
    return FaultFinding(.unknownField, weight: 0.85, "`\(name)` is no argument; `\(meant)` is")
}

/// F12 of kinds that no schema here describes: a field that no other object of the kind has, where all others have one of nearly
/// that name.
///
/// - Parameter isAlone: whether few fields of the object changed, so that all of it can be looked through for each.
func findUnlearnedFields(in change: inout FoundChange, of object: JudgedObject?, isAlone: Bool) {
    guard isAlone, let object, object.after.reading == .parsed, change.afterNode != nil,
        !change.findings.contains(where: { $0.fault == .unknownField })
    else { return }
    if object.kind == "hcl" {
        if let found = mistypedMetaArgument(in: change) { change.findings.append(found) }
        return
    }
    guard !object.hasSchema, object.isKubernetes || object.isKustomization else { return }
    let learned = object.habits.learned(from: object.after)
    let lines = change.change.line...max(change.change.line, change.change.endLine)
    var found: FaultFinding?
    visitMappings(object.after.root) { way, mapping in
        guard found == nil else { return }
        for entry in mapping.entries where lines.contains(entry.keyMark.line) && !entry.isMerged {
            guard let (usual, count) = learned.usual(insteadOf: entry.key, in: mapping, at: way) else {
                continue
            }
            let noun = object.isKustomization ? "kustomization" : object.kind
            found = FaultFinding(
                .unknownField, weight: 0.8,
                "no other \(noun) has `\(entry.key)` there; \(count) have `\(usual)`, which this one lacks")
            found?.line = entry.keyMark.line
            return
        }
    }
    if let found { change.findings.append(found) }
}

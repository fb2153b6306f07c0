import ConfigTree
import DeployModel
import Kustomize

// MARK: Resources

private let resourceLists: Set = ["resources", "bases", "components"]

/// Beside the workloads, what calls to them and their rights hang on.
let missedKinds: Set = [
    "Service", "Ingress", "HTTPRoute", "ServiceAccount", "Role", "ClusterRole", "RoleBinding",
    "ClusterRoleBinding", "NetworkPolicy",
]

/// F20: a resource that is not listed any more, though its file stays.
func findUnlisted(in changes: inout [FoundChange], overlays: Overlays, after: any SourceTree) throws {
    // Where kustomize stops, nothing is taken away.
    let whole = overlays.all.filter { $0.after.rendering?.problems.isEmpty ?? false }
    var kept: [String: Set<ObjectPlace>] = [:]
    for index in changes.indices {
        let change = changes[index]
        guard let list = change.path.first?.name, resourceLists.contains(list), change.beforeNode != nil
        else { continue }
        let lines = change.differingLines.before
        guard !lines.isEmpty else { continue }
        var unlisted: [ObjectIdentity: Unlisted] = [:]
        for overlay in whole {
            for object in overlay.before.objects(from: change.change.path, lines: lines) {
                let identity = object.identity
                guard object.podSpec != nil || missedKinds.contains(identity.kind),
                    overlay.after.object(identity) == nil
                else { continue }
                let places =
                    kept[overlay.folder] ?? Set(overlay.after.objects.flatMap(ObjectPlace.all(of:)))
                kept[overlay.folder] = places
                // One that goes by another name or version now is still there.
                guard places.isDisjoint(with: ObjectPlace.all(of: object)),
                    try after.fingerprint(of: object.origin.path) != nil
                else { continue }
                unlisted[object.original, default: Unlisted()].add(object, in: overlay)
            }
        }
        let first = unlisted.map { (isOther: !$1.isWorkload, words: $1.words(for: $0), found: $1) }
            .min { ($0.isOther ? 1 : 0, $0.words) < ($1.isOther ? 1 : 0, $1.words) }
        guard let first else { continue }
        let count = unlisted.count - 1
        let more = count == 0 ? "" : count == 1 ? " and another object" : " and \(count) others"
        changes[index].findings.append(
            FaultFinding(
                .capacityLowered, weight: 0.85,
                "\(first.words)\(more) \(count > 0 ? "are" : "is") not in \(inWords(first.found.overlays.sorted())) any more: the file stays and is not listed"
            ))
    }
}

/// An object that some overlays do not put out any more.
private struct Unlisted {
    var overlays: Set<String> = []
    var isWorkload = false
    private var names: Set<String> = []

    mutating func add(_ object: RenderedObject, in overlay: Overlay) {
        overlays.insert(overlay.name)
        names.insert(object.identity.name)
        if object.podSpec != nil { isWorkload = true }
    }

    /// Where overlays call it differently, by the name that it has in its file.
    func words(for original: ObjectIdentity) -> String {
        let name = names.count == 1 ? names.first : nil
        return "\(original.kind) \(name ?? original.name)"
    }
}

/// An object by what it is called, or by where it stands.
private struct ObjectPlace: Hashable {
    var kind: String
    var name: String
    /// The namespace, or the file.
    var place: String

    static func all(of object: RenderedObject) -> [ObjectPlace] {
        let identity = object.identity
        return [
            ObjectPlace(kind: identity.kind, name: identity.name, place: identity.namespace),
            ObjectPlace(
                kind: object.original.kind, name: object.original.name, place: "file:\(object.origin.path)"),
        ]
    }
}

// MARK: Patches

private let patchLists = ["patches", "patchesStrategicMerge", "patchesJson6902"]

/// A patch that is not listed any more, of an object that no other entry of the file patches.
func findDroppedPatches(
    in changes: inout [FoundChange], overlays: Overlays, before: (any SourceTree)?, after: any SourceTree
) throws {
    var known: [String: (before: [PatchEntry], after: [PatchEntry], names: Set<[String]>)] = [:]
    for index in changes.indices {
        let change = changes[index]
        let path = change.change.path
        guard let list = change.path.first?.name, patchLists.contains(list), change.beforeNode != nil,
            let before
        else { continue }
        if known[path] == nil {
            let remaining = try patchEntries(of: path, in: after)
            known[path] = (try patchEntries(of: path, in: before), remaining, Set(remaining.map(\.name)))
        }
        let (entries, remaining, names) = known[path] ?? ([], [], [])
        let lines = change.differingLines.before
        let gone = entries.filter { entry in
            !names.contains(entry.name) && lines.contains { $0.overlaps(entry.lines) }
        }
        var unset: [String: Set<String>] = [:]
        for overlay in overlays.all where overlay.after.rendering?.problems.isEmpty ?? false {
            for entry in gone {
                for object in overlay.before.objects(from: path, lines: [entry.lines]) {
                    let identity = object.identity
                    guard let now = overlay.after.object(identity), !object.tree.saysSame(as: now.tree),
                        !now.isPatched(by: remaining, of: path), !entry.isStillRead(by: now, as: object)
                    else { continue }
                    unset["\(identity.kind) \(identity.name)", default: []].insert(overlay.name)
                }
            }
        }
        guard let first = unset.min(by: { $0.key < $1.key }) else { continue }
        changes[index].notes.append(
            Evidence(
                kind: "patch_dropped",
                text: "\(first.key) is not patched any more in \(inWords(first.value.sorted()))",
                weight: 0.3))
    }
}

extension RenderedObject {
    fileprivate func isPatched(by entries: [PatchEntry], of path: String) -> Bool {
        sources.contains { source in
            source.path == path && entries.contains { $0.lines.overlaps(source.lines) }
        }
    }
}

/// An entry of a list of patches.
private struct PatchEntry {
    /// What it is told from the others by: the file, or what it is for.
    var name: [String]
    /// The file that it names.
    var file: String?
    var lines: ClosedRange<Int>

    init(_ node: ConfigNode) {
        let inline = node["patch"]?.text ?? node.text.flatMap { $0.contains("\n") ? $0 : nil }
        file = node["path"]?.text ?? (inline == nil ? node.text : nil)
        lines = node.start.line...max(node.start.line, node.end.line)
        let target = (node["target"]?.entries ?? []).map { "\($0.key): \($0.value.text ?? "")" }.sorted()
        let objects = target.isEmpty ? inline.map(Self.objects(in:)) ?? [] : []
        name = (file.map { [$0] } ?? []) + target + objects
    }

    /// The objects that a patch names itself.
    private static func objects(in text: String) -> [String] {
        (parseConfig(path: "patch.yaml", contents: Array(text.utf8))?.documents ?? []).compactMap(\.root).map
        {
            "\($0["kind"]?.text ?? "") \($0["metadata"]?["name"]?.text ?? "")"
        }
    }

    /// Whether its file has a say in an object still, because another kustomization lists it now.
    func isStillRead(by now: RenderedObject, as before: RenderedObject) -> Bool {
        guard let name = file?.split(separator: "/").last else { return false }
        return Set(now.sources.map(\.path)).intersection(before.sources.map(\.path)).contains {
            $0.split(separator: "/").last == name
        }
    }
}

private func patchEntries(of path: String, in tree: any SourceTree) throws -> [PatchEntry] {
    guard let bytes = try tree.contents(of: path), let file = parseConfig(path: path, contents: bytes),
        let root = file.documents.first?.root
    else { return [] }
    return patchLists.flatMap { root[$0]?.elements ?? [] }.map(PatchEntry.init)
}

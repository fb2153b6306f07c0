import ConfigTree
import DeployModel

/// F11, F12 and F13: what the schema of the object, or the reader of the file, makes of what was written.
///
/// - Parameters:
///   - object: the object that it is of; `nil` where that cannot be judged.
///   - changes: the changes of the same object, which tell what was moved.
func findSchemaFaults(
    in change: inout FoundChange, of object: JudgedObject?, changes: [FoundChange]
) {
    guard let object else { return }
    findStrayFields(in: &change, of: object, changes: changes)
    findTypeTraps(in: &change, of: object)
}

/// How many findings of a class one change gets: more say nothing new.
let mostSchemaFindings = 3

/// The objects of changes that are judged one after the other: those of the same object mostly stand together.
struct JudgedObjects {
    private let surroundings: Surroundings
    /// What the last change was of, and whether its field was there before, which decide on the object.
    private var last: (path: String, object: ConfigObject?, hadValue: Bool)?
    private var judged: JudgedObject?
    private let habits: FormerHabits

    init(in surroundings: Surroundings) {
        self.surroundings = surroundings
        habits = FormerHabits(surroundings)
    }

    /// The object that a change is of; `nil` where it cannot be judged.
    mutating func object(of change: FoundChange) -> JudgedObject? {
        guard change.afterNode != nil else { return nil }
        let key = (path: change.change.path, object: change.change.object, hadValue: change.beforeNode != nil)
        if let last, last == key { return judged }
        judged = JudgedObject(change, in: surroundings, habits: habits)
        last = key
        return judged
    }
}

/// The object that a change is of, where it can be judged.
struct JudgedObject {
    var after: Manifest
    var before: Manifest?
    var kind: String
    /// Whether it is an object of a Kubernetes API, of whatever group.
    var isKubernetes: Bool
    /// Whether it is of a group that the table of fields describes: Knative has a `Service` as well.
    var hasSchema: Bool
    /// Whether it is a kustomization, which kustomize reads and no API server.
    var isKustomization: Bool
    /// Whether the file itself is YAML.
    private var isYAML: Bool
    let habits: FormerHabits
    private let refusals = KnownRefusals()

    /// - Returns: `nil` where there is no tree, or one that was guessed from indentation.
    init?(_ change: FoundChange, in surroundings: Surroundings, habits: FormerHabits) {
        self.habits = habits
        guard let object = change.change.object, change.afterNode != nil else { return nil }
        func isOwn(_ manifest: Manifest) -> Bool {
            manifest.object.kind == object.kind && manifest.object.name == object.name
                && manifest.object.namespace == object.namespace
        }
        let path = change.change.path
        let own = surroundings.after.places(named: object.name) { $0.path == path && isOwn($0) }
        let manifests = surroundings.after.manifests
        guard let last = own.last, own.allSatisfy({ manifests[$0].reading == .parsed }) else { return nil }
        let after = manifests[last]
        let olds = surroundings.before.places(named: object.name, where: isOwn)
        // The file may have been renamed.
        let place = olds.last { surroundings.before.manifests[$0].path == path } ?? olds.last
        let former = place.map { surroundings.before.manifests[$0] }
        if change.beforeNode != nil, let former, former.reading != .parsed { return nil }
        before = former
        self.after = after
        kind = object.kind
        isKustomization = isKustomizationFile(path)
        let version = after.root["apiVersion"]?.scalar
        isKubernetes = version != nil && after.root["kind"] != nil
        isYAML =
            object.kind == "yaml" || isKubernetes && !path.lowercased().holds(".json")
        hasSchema =
            version.map { scalar in
                let group = scalar.text.split(separator: "/").dropLast().first.map(String.init) ?? ""
                return scalar.isTemplated || Self.groups.contains(group)
            } ?? false
    }

    private static let groups: Set<String> = [
        "", "apps", "autoscaling", "batch", "extensions", "networking.k8s.io", "policy",
    ]

    /// Whether the object held values of refused types before, and so is not handed to the API server as it stands.
    ///
    /// - Parameter find: finds it out, when it is first asked.
    func isUsedToRefusals(_ find: () -> Bool) -> Bool {
        let isUsed = refusals.isUsed ?? find()
        refusals.isUsed = isUsed
        return isUsed
    }

    /// Whether YAML's rules for unquoted values hold at the end of a way: a ConfigMap holds files of any format.
    func isYAML(at path: FieldPath) -> Bool {
        guard kind == "ConfigMap", path.count > 2 else { return isYAML }
        return isYAML && (path[1].name.hasSuffix(".yaml") || path[1].name.hasSuffix(".yml"))
    }

    /// What the schema expects at the end of a way; `nil` where it says nothing.
    func expected(at path: FieldPath) -> FieldType? {
        if isKustomization {
            let isOfImage = path.count == 3 && path[0] == .key("images")
            return isOfImage && ["newTag", "newName", "digest"].contains(path[2].name) ? .text : nil
        }
        if hasSchema, let type = KubernetesFields.type(of: path, kind: kind) { return type }
        // Labels and annotations are text in every object, also of kinds that nobody knows here.
        let isMetadata =
            isKubernetes && path.count == 3 && path.first == .key("metadata")
            && (path[1] == .key("labels") || path[1] == .key("annotations"))
        return isMetadata ? .text : nil
    }
}

/// Whether an object is used to refusals, once that is known.
private final class KnownRefusals {
    var isUsed: Bool?
}

/// What is usual in other objects: what stood there before and nobody reads or takes (whoever has such fields and values for long
/// knows why, or does not miss them), and which fields they have.
final class FormerHabits {
    private let before: ManifestIndex, after: ManifestIndex
    private var byKind: [String: Set<String>] = [:]
    private var unquotedByKind: [String: Set<String>] = [:]
    private var learnedByKind: [[String]: LearnedFields] = [:]

    init(_ surroundings: Surroundings) { (before, after) = (surroundings.before, surroundings.after) }

    /// The patterns of stray fields that objects of a kind had.
    fileprivate func patterns(ofKind kind: String) -> Set<String> {
        if let known = byKind[kind] { return known }
        let others = before.manifests(ofKind: kind).filter { $0.reading == .parsed }
        let found = Set(others.flatMap { strayFields(in: $0.root, at: [], kind: kind) }.map(\.path.pattern))
        byKind[kind] = found
        return found
    }

    /// What the objects of the kind of one teach; of releases of charts, those of its chart.
    func learned(from manifest: Manifest) -> LearnedFields {
        // Flux has a kind Kustomization as well.
        let isOfKustomize = isKustomizationFile(manifest.path)
        let key = isOfKustomize ? ["kustomize"] : [manifest.object.kind, chart(of: manifest)]
        if let known = learnedByKind[key] { return known }
        let others = (isOfKustomize ? ["Kustomization", "yaml"] : [manifest.object.kind]).flatMap {
            after.manifests(ofKind: $0)
        }
        let found = LearnedFields(
            of: others.filter {
                $0.reading == .parsed && isKustomizationFile($0.path) == isOfKustomize
                    && (isOfKustomize || chart(of: $0) == key[1])
            })
        learnedByKind[key] = found
        return found
    }

    private func chart(of manifest: Manifest) -> String {
        guard manifest.object.kind == "HelmRelease" else { return "" }
        let spec = manifest.root["spec"]
        return (spec?[path: "chart", "spec", "chart"] ?? spec?[path: "chartRef", "name"])?.text ?? ""
    }

    /// The labels and annotations that several objects of a kind have with a value that the API server refuses: something
    /// between the files and the server puts the quotes in.
    func unquotedMarks(ofKind kind: String) -> Set<String> {
        if let known = unquotedByKind[kind] { return known }
        var counts: [String: Int] = [:]
        for manifest in before.manifests(ofKind: kind) where manifest.reading == .parsed {
            let marks = ["labels", "annotations"].flatMap { manifest.root["metadata"]?[$0]?.entries ?? [] }
            for mark in marks where isRefusedAsText(mark.value) { counts[mark.key, default: 0] += 1 }
        }
        let found = Set(counts.filter { $0.value > 1 }.keys)
        unquotedByKind[kind] = found
        return found
    }
}

/// The elements of a list with the steps to them.
func steps(to elements: [ConfigNode], ofList list: String?) -> [(step: FieldStep, node: ConfigNode)] {
    let identity = identityKey(ofList: list, elements: elements)
    return elements.enumerated().map { index, element in
        let name = identity.flatMap { element[$0]?.text }
        return (step: name.map { FieldStep.element($0) } ?? .index(index), node: element)
    }
}

/// The entries of a mapping that count, once each.
func effectiveEntries(of node: ConfigNode) -> [ConfigNode.Entry] {
    var seen: Set<String> = []
    return node.entries.compactMap { seen.insert($0.key).inserted ? node.entry($0.key) : nil }
}

/// A place in words: which field, and in which line where the change takes more than that field.
func placeWords(_ path: FieldPath, line: Int, in change: FoundChange) -> String {
    guard path != change.path else { return "" }
    // Words need a key before the number of an element.
    if case .index? = path.first { return "line \(line): " }
    return "\(path.words) (line \(line)): "
}

// MARK: F11 and F12: fields that are none

/// A field that nobody reads where it stands.
private struct StrayField {
    enum Reason {
        /// The object has no such field.
        case unknown
        /// It stands among free keys, which hold single values, and is none.
        case swallowed
        /// Only new versions of Kubernetes have it.
        case late
    }

    var path: FieldPath
    var node: ConfigNode
    var line: Int
    var reason: Reason

    var name: String { path.last?.name ?? "" }
    var parent: FieldPath { Array(path.dropLast()) }
}

private func findStrayFields(
    in change: inout FoundChange, of object: JudgedObject, changes: [FoundChange]
) {
    guard object.hasSchema, KubernetesFields.has(kind: object.kind), let after = change.afterNode else {
        return
    }
    let kind = object.kind
    var strays: [StrayField] = []
    if change.beforeNode == nil, case .key? = change.path.last {
        strays = stray(after, at: change.path, line: change.change.line, kind: kind)
    } else {
        strays = strayFields(in: after, at: change.path, kind: kind)
    }
    guard !strays.isEmpty || change.beforeNode == nil else { return }
    strays += movedAmongFreeKeys(change, kind: kind, changes: changes)
    guard !strays.isEmpty else { return }
    let known = object.habits.patterns(ofKind: kind)
    let findings = strays.filter { !known.contains($0.path.pattern) }.compactMap { stray in
        var found = finding(stray, in: change, of: object, changes: changes)
        found?.line = stray.line
        return found
    }
    change.findings += findings.prefix(mostSchemaFindings)
    if findings.count > mostSchemaFindings, let last = change.findings.indices.last {
        change.findings[last].text += "; \(findings.count - mostSchemaFindings) more fields are none here"
    }
}

/// The stray fields at and inside a field.
private func stray(_ node: ConfigNode, at path: FieldPath, line: Int, kind: String) -> [StrayField] {
    guard case .key(let name)? = path.last, isFieldName(name) else {
        return strayFields(in: node, at: path, kind: kind)
    }
    func one(_ reason: StrayField.Reason) -> [StrayField] {
        [StrayField(path: path, node: node, line: line, reason: reason)]
    }
    switch KubernetesFields.place(of: path, kind: kind) {
    case .missing: return one(.unknown)
    case .unknowable: return []
    case .entry(.text), .entry(.quantity):
        return node.entries.isEmpty && node.elements.isEmpty ? [] : one(.swallowed)
    case .field, .entry:
        let isLate = name == "resources" && isPodSpec(path.dropLast(), kind: kind)
        return (isLate ? one(.late) : []) + strayFields(in: node, at: path, kind: kind)
    }
}

private func isPodSpec(_ path: FieldPath.SubSequence, kind: String) -> Bool {
    KubernetesFields.type(of: Array(path), kind: kind) == .object("PodSpec")
}

/// The stray fields inside a field.
private func strayFields(in node: ConfigNode, at path: FieldPath, kind: String) -> [StrayField] {
    switch node.kind {
    case .scalar: return []
    case .mapping:
        // What SOPS adds to a whole object it takes out again.
        return effectiveEntries(of: node).filter { !path.isEmpty || $0.key != "sops" }.flatMap { entry in
            stray(entry.value, at: path + [.key(entry.key)], line: entry.keyMark.line, kind: kind)
        }
    case .sequence(let elements):
        return steps(to: elements, ofList: path.last?.name).flatMap { step, element in
            strayFields(in: element, at: path + [step], kind: kind)
        }
    }
}

/// Whether a key can be meant as a field's name: no template's expression, no anchor's holder (`x-base`), no path.
private func isFieldName(_ name: String) -> Bool {
    guard let first = name.first, first.isASCII, first.isLetter, !name.hasPrefix("x-") else { return false }
    return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
}

/// A field that is gone from where the schema has it, and stands among free keys (labels, data) with the same value.
private func movedAmongFreeKeys(_ change: FoundChange, kind: String, changes: [FoundChange]) -> [StrayField] {
    guard change.beforeNode == nil, let after = change.afterNode, after.scalar != nil,
        let name = change.path.last?.name,
        case .entry = KubernetesFields.place(of: change.path, kind: kind)
    else { return [] }
    guard let (_, value) = vanished(name, from: changes, except: change.path, kind: kind),
        isSameValue(value, after)
    else { return [] }
    return [StrayField(path: change.path, node: after, line: change.change.line, reason: .swallowed)]
}

/// Where a field of a name was one and is gone, with its value.
private func vanished(
    _ name: String, from changes: [FoundChange], except path: FieldPath, kind: String
) -> (path: FieldPath, value: ConfigNode)? {
    for change in changes {
        guard let before = change.beforeNode else { continue }
        var candidates: [(path: FieldPath, value: ConfigNode)] = []
        if change.path.last == .key(name), change.afterNode == nil {
            candidates.append((change.path, before))
        }
        if let inner = before[name], change.afterNode?[name] == nil {
            candidates.append((change.path + [.key(name)], inner))
        }
        for candidate in candidates where candidate.path != path {
            if case .field = KubernetesFields.place(of: candidate.path, kind: kind) { return candidate }
        }
    }
    return nil
}

private func finding(
    _ stray: StrayField, in change: FoundChange, of object: JudgedObject, changes: [FoundChange]
) -> FaultFinding? {
    let kind = object.kind
    let gone = vanished(stray.name, from: changes, except: stray.path, kind: kind)
    let place = placeWords(stray.path, line: stray.line, in: change)
    let here = KubernetesFields.noun(of: stray.parent, kind: kind)
    let homes = KubernetesFields.homePaths(of: stray.name, kind: kind, near: stray.parent)
    if stray.reason == .late { return lateFinding(stray, place: place, gone: gone?.path, of: object) }
    let stands = stray.reason == .swallowed ? "stands among the entries of" : "is no field of"
    let ignored =
        switch (stray.reason, stray.node.scalar) {
        case (.swallowed, nil): "the API server refuses it"
        case (.swallowed, _?): "it is an entry like any other"
        default: "it is ignored, or refused where the API server is strict"
        }
    if let gone {
        return FaultFinding(
            .misplacedField,
            "\(place)`\(stray.name)` \(stands) \(here); it belongs to \(home(gone.path.dropLast(), kind: kind)), "
                + "from where this change took it: here \(ignored)")
    }
    let near =
        stray.reason == .unknown ? KubernetesFields.near(stray.name, in: stray.parent, kind: kind) : nil
    if !homes.isEmpty, near.map({ $0.distance > 1 }) ?? true {
        let places = homes.prefix(2).map { home($0[...], kind: kind) }.joined(separator: " or to ")
        return FaultFinding(
            .misplacedField,
            "\(place)`\(stray.name)` \(stands) \(here); it belongs to \(places): here \(ignored)")
    }
    // What stands among free keys and belongs nowhere else is an entry, if one of the wrong type.
    guard stray.reason == .unknown else { return nil }
    guard let near else {
        // The table may be older than the cluster.
        return FaultFinding(
            .unknownField, weight: 0.6, "\(place)`\(stray.name)` is no field of \(here): \(ignored)")
    }
    let meant = vanished(near.name, from: changes, except: stray.path, kind: kind)
    let isRenamed = meant?.path.dropLast().elementsEqual(stray.parent) ?? false
    return FaultFinding(
        .unknownField,
        "\(place)`\(stray.name)` is no field of \(here); did you mean `\(near.name)`"
            + (isRenamed ? ", which stood there before" : "") + "? As it is, \(ignored)")
}

/// `resources` of a pod as a whole, where a container's were meant.
private func lateFinding(
    _ stray: StrayField, place: String, gone: FieldPath?, of object: JudgedObject
) -> FaultFinding? {
    let rule = "which Kubernetes knows from 1.34 on and ignores before"
    if let gone, isContainer(gone.dropLast(), kind: object.kind) {
        return FaultFinding(
            .misplacedField,
            "\(place)`\(stray.name)` stands in the pod's spec now, \(rule); it belongs to "
                + "\(home(gone.dropLast(), kind: object.kind)), from where this change took it")
    }
    let containers = object.after.containers
    // Who limits containers as well knows that both levels exist.
    guard !containers.isEmpty, containers.allSatisfy({ $0["resources"] == nil }) else { return nil }
    let pattern = (stray.parent + [.key("containers"), .index(0)])[...]
    return FaultFinding(
        .misplacedField, weight: 0.5,
        "\(place)`\(stray.name)` stands in the pod's spec, \(rule); "
            + "it mostly belongs to \(home(pattern, kind: object.kind))")
}

private func isContainer(_ path: FieldPath.SubSequence, kind: String) -> Bool {
    KubernetesFields.type(of: Array(path), kind: kind) == .object("Container")
}

/// An object in words, with the way to it.
private func home(_ path: FieldPath.SubSequence, kind: String) -> String {
    let noun = KubernetesFields.noun(of: Array(path), kind: kind)
    return path.isEmpty ? noun : "\(noun) (`\(Array(path).pattern)`)"
}

/// Whether a file is called as kustomizations are.
func isKustomizationFile(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(name)
}

import ConfigTree
import DeployModel

/// What a change breaks between objects: F5, F10, F14, F15, F25, F28, F29 and F34. Only what was whole before counts.
func findBrokenReferences(
    in change: inout FoundChange, surroundings: Surroundings, room: inout ReferenceRoom
) {
    guard let object = change.change.object else { return }
    func manifest(_ index: ManifestIndex) -> Manifest? {
        index.object(object.kind, named: object.name, preferring: change.change.path)
    }
    let (before, after) = (manifest(surroundings.before), manifest(surroundings.after))
    if let after, after.isWorkload {
        danglingReference(in: &change, of: after, surroundings, &room)
        overrideRemoved(in: &change, of: after, surroundings)
        lostMount(in: &change, after: after, &room)
        if !strayedFromOwnSelector(in: &change, before: before, after: after, &room) {
            strayedFromSelectors(in: &change, before: before, after: after, surroundings, &room)
        }
        fixedSelector(in: &change, before: before, after: after)
        unheardPort(in: &change, before: before, after: after, surroundings, &room)
        doubledVariable(in: &change, before: before, after: after, &room)
    }
    if let after { excessiveRequest(in: &change, before: before, after: after, &room) }
    if before != nil,
        after == nil || change.path.first == .key("data") || change.path.first == .key("stringData")
    {
        lostEntry(in: &change, surroundings, &room)
    }
    if object.kind == "ExternalSecret" || object.kind == "SealedSecret" {
        lostSecretEntry(in: &change, before: before, after: after, surroundings, &room)
    }
    if change.change.after == nil, let after { stillExpanded(in: &change, after: after, &room) }
    if let after, isComposeFile(change.change.path) { findServiceFaults(in: &change, after: after) }
    switch object.kind {
    case "Service", "PodDisruptionBudget":
        selection(in: &change, before: before, after: after, surroundings, &room)
    case "NetworkPolicy": networkPolicy(in: &change)
    case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount": access(in: &change)
    case "HorizontalPodAutoscaler", "Ingress":
        target(in: &change, before: before, after: after, surroundings, &room)
    default: break
    }
    if object.kind == "ConfigMap" || object.kind == "Secret" { stale(in: &change, surroundings) }
    if change.path.last == .key("serviceAccountName") || change.path.last == .key("serviceAccount") {
        change.findings.append(accountFinding(of: change, surroundings, &room))
    }
}

/// F5 and F29: another account, perhaps one that is not there.
private func accountFinding(
    of change: FoundChange, _ surroundings: Surroundings, _ room: inout ReferenceRoom
) -> FaultFinding {
    // Each namespace has its default one.
    if let name = change.afterNode?.text, name != "default", !name.contains("{"),
        surroundings.after.holds(kind: "ServiceAccount"),
        surroundings.after.objects("ServiceAccount", named: name).isEmpty,
        let nearest = room.names(ofKind: "ServiceAccount").nearest(to: name)
    {
        return FaultFinding(
            .danglingReference, "no ServiceAccount is called \(name); there is \(nearest)")
    }
    // A section of values says how a chart makes one, and mostly which it made before.
    let isSection = [change.beforeNode, change.afterNode].contains { $0.map { $0.text == nil } ?? false }
    return FaultFinding(
        .accessReduced, weight: isSection ? 0.25 : 0.6,
        isSection ? "its pods may run as another account" : "its pods run as another account")
}

// MARK: ConfigMaps and Secrets

/// Kinds of objects that stand for Secrets.
let secretStandIns: Set = ["SealedSecret", "ExternalSecret", "SopsSecret", "Certificate"]

/// The keys that references stand behind.
private let referringKeys: Set = [
    "configMapKeyRef", "configMapRef", "configMap", "secretKeyRef", "secretRef", "secret",
    "persistentVolumeClaim",
]

/// The references of a node, with the kind that each names: `secretKeyRef`, `configMapRef`, a volume's `secretName`.
func references(in node: ConfigNode, under key: String = "") -> [Reference] {
    var found: [Reference] = []
    func search(_ node: ConfigNode, under key: String) {
        let isOptional = node["optional"]?.text == "true"
        func add(_ kind: String, _ field: String) {
            guard !isOptional, let named = node[field], let name = named.text else { return }
            let entry = node["key"]
            found.append(
                Reference(
                    kind: kind, name: name, key: entry?.text, line: (entry ?? named).start.line))
        }
        switch key {
        case "configMapKeyRef", "configMapRef", "configMap": add("ConfigMap", "name")
        case "secretKeyRef", "secretRef": add("Secret", "name")
        case "secret": add("Secret", "secretName")
        case "persistentVolumeClaim": add("PersistentVolumeClaim", "claimName")
        default: break
        }
        for entry in node.entries { search(entry.value, under: entry.key) }
        for element in node.elements { search(element, under: "") }
    }
    search(node, under: key)
    return found
}

/// What a workload refers to.
struct Reference {
    var kind: String
    var name: String
    var key: String?
    /// Where the entry is named or, without one, the object.
    var line: Int
}

extension ManifestIndex {
    /// Whether an object of a kind and a name has an entry.
    ///
    /// - Parameter path: of several of the name those of this file are asked, where there are any.
    fileprivate func hasEntry(_ key: String, of kind: String, _ name: String, preferring path: String) -> Bool
    {
        let all = objects(kind, named: name)
        let own = all.filter { $0.path == path }
        return (own.isEmpty ? all : own).contains { manifest in
            ["data", "stringData", "binaryData"].contains { manifest.root[$0]?.entry(key) != nil }
        }
    }

    /// The keys of all objects of a kind and a name.
    func keys(_ kind: String, _ name: String) -> [String] {
        objects(kind, named: name).flatMap { manifest in
            ["data", "stringData", "binaryData"].flatMap { manifest.root[$0]?.entries.map(\.key) ?? [] }
        }
    }
}

/// A Secret that something in the cluster makes.
struct MadeSecret: Sendable {
    var namespace: String?
    /// Its entries, where all of them are told.
    var keys: Set<String>?

    /// By the names of the Secrets; one that several make may hold anything.
    static func all(in index: ManifestIndex) -> [String: MadeSecret] {
        var found: [String: MadeSecret] = [:]
        for kind in ["ExternalSecret", "SealedSecret"] {
            for manifest in index.manifests(ofKind: kind) {
                let name = manifest.root[path: "spec", "target", "name"]?.text ?? manifest.object.name
                let keys = found[name] == nil ? keysListed(manifest) : nil
                found[name] = MadeSecret(namespace: manifest.object.namespace, keys: keys)
            }
        }
        return found
    }

    /// The keys that an object lists which stands for a Secret; `nil` where it does not list all.
    static func keysListed(_ manifest: Manifest) -> Set<String>? {
        let spec = manifest.root["spec"]
        if manifest.object.kind == "SealedSecret" {
            let written = spec?[path: "template", "data"]?.entries.map(\.key) ?? []
            return (spec?["encryptedData"]?.entries).map { Set($0.map(\.key) + written) }
        }
        let target = spec?["target"], template = spec?[path: "target", "template"]
        guard spec?["dataFrom"] == nil, template?["templateFrom"] == nil,
            template?["mergePolicy"]?.text != "Merge", target?["creationPolicy"]?.text != "Merge"
        else { return nil }
        if let written = template?["data"]?.entries { return Set(written.map(\.key)) }
        return spec?["data"].map { Set($0.elements.compactMap { $0["secretKey"]?.text }) }
    }
}

/// F5: a reference that leads nowhere, though objects of its kind are defined here and it led somewhere before.
private func danglingReference(
    in change: inout FoundChange, of manifest: Manifest, _ surroundings: Surroundings,
    _ room: inout ReferenceRoom
) {
    guard change.change.after != nil, let after = change.afterNode,
        // Labels and annotations name no objects, and may be thousands beside each other.
        !change.path.contains(.key("labels")), !change.path.contains(.key("annotations"))
    else { return }
    let (node, key) = referringNode(of: change, after, in: manifest, &room)
    for reference in references(in: node, under: key) {
        if reference.kind == "Secret", let key = reference.key, !key.contains("{"),
            let made = surroundings.after.madeSecrets[reference.name], let keys = made.keys,
            !keys.contains(key),
            made.namespace == nil || manifest.object.namespace == nil
                || made.namespace == manifest.object.namespace,
            surroundings.after.objects("Secret", named: reference.name).isEmpty
        {
            let instead = nearestName(to: key, among: Array(keys)).map { "; it has \($0)" } ?? ""
            var finding = FaultFinding(
                .danglingReference, "the Secret \(reference.name) is made without an entry \(key)\(instead)")
            finding.line = reference.line
            change.findings.append(finding)
            return
        }
        // Where no object of a kind is kept beside the workloads, none that is missing is missed.
        guard
            surroundings.after.holds(kind: reference.kind)
                || reference.kind == "Secret" && !surroundings.after.madeSecrets.isEmpty,
            !reference.name.contains("{"),
            !reference.name.contains("$"),
            !surroundings.after.relations.isMadeOtherwise(reference.kind, reference.name)
        else { continue }
        guard !surroundings.after.objects(reference.kind, named: reference.name).isEmpty else {
            let nearest = room.names(ofKind: reference.kind).nearest(to: reference.name).flatMap {
                isOfSeries($0, reference.name) ? nil : $0
            }
            // Objects that nobody keeps here are made elsewhere; only a name that nearly is one of ours is a slip.
            let wasKnown = !surroundings.before.objects(reference.kind, named: reference.name).isEmpty
            let former = formerName(of: change).flatMap { name in
                // Secrets are made by many.
                reference.kind == "Secret" || surroundings.after.objects(reference.kind, named: name).isEmpty
                    ? nil : name
            }
            guard nearest != nil || wasKnown || former != nil else { continue }
            let instead =
                nearest.map { "; there is \($0)" } ?? former.map {
                    "; \($0), which stood there before, is still there"
                }
                ?? " any more"
            change.findings.append(
                FaultFinding(.danglingReference, "no \(reference.kind) is called \(reference.name)\(instead)")
            )
            return
        }
        guard let key = reference.key, !key.contains("{") else { continue }
        guard
            !surroundings.after.hasEntry(key, of: reference.kind, reference.name, preferring: manifest.path),
            let keys = room.keys(of: ObjectName(kind: reference.kind, name: reference.name))
        else { continue }
        // One of the name elsewhere may have it.
        let instead = keys.nearest(to: key).flatMap { $0 == key ? nil : "; it has \($0)" } ?? ""
        change.findings.append(
            FaultFinding(
                .danglingReference, "\(reference.kind) \(reference.name) has no entry \(key)\(instead)"))
        return
    }
}

/// The name of an object that a reference had before its name changed.
private func formerName(of change: FoundChange) -> String? {
    guard let old = change.beforeNode?.text, old != change.afterNode?.text,
        ["name", "secretName", "claimName"].contains(change.path.last?.name ?? "")
    else { return nil }
    return old
}

/// The node that says all of a reference of which a part changed: the variable, or what the name stands in.
private func referringNode(
    of change: FoundChange, _ after: ConfigNode, in manifest: Manifest, _ room: inout ReferenceRoom
) -> (ConfigNode, String) {
    if let variable = change.path.variable, let own = room.node(of: variable, in: manifest) {
        return (own, "")
    }
    if after.scalar != nil, change.path.count > 1, case .key(let key) = change.path[change.path.count - 2],
        referringKeys.contains(key), let parent = manifest.root.node(at: change.path.dropLast())
    {
        return (parent, key)
    }
    return (after, change.path.last?.name ?? "")
}

/// F5 from the other side: an entry, or a whole object, goes that workloads still refer to.
private func lostEntry(
    in change: inout FoundChange, _ surroundings: Surroundings, _ room: inout ReferenceRoom
) {
    guard let object = change.change.object, change.change.after == nil,
        ["ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "Service"].contains(object.kind)
    else { return }
    let key = change.path.count == 2 ? change.path[1].name : nil
    let relations = surroundings.after.relations
    guard !relations.isMadeOtherwise(object.kind, object.name) else { return }
    let own = change.change.path
    if let key, surroundings.after.hasEntry(key, of: object.kind, object.name, preferring: own) { return }
    // Each environment may have one of the name, with its own readers beside it.
    let isOneOfMany = surroundings.after.objects(object.kind, named: object.name).contains { $0.path != own }
    guard change.path.isEmpty || key != nil,
        surroundings.after.objects(object.kind, named: object.name).isEmpty || key != nil
    else { return }
    let referring = (relations.references[ObjectName(kind: object.kind, name: object.name)] ?? [])
        .filter { key == nil || $0.key == key }
        .filter { !isOneOfMany || surroundings.after.workloads[$0.workload].path == own }
    // An account has no entries.
    let running =
        object.kind == "ServiceAccount" && key == nil ? relations.accountUsers[object.name] ?? [] : []
    let users = Dictionary(grouping: referring + running, by: \.workload).sorted { $0.key < $1.key }
    guard !users.isEmpty else { return }
    let path = change.change.path
    let places = users.prefix(3).map { place, references in
        let manifest = surroundings.after.workloads[place]
        return (
            name: manifest.object.name, count: Set(references.map(\.line)).count,
            lines: told(references.map(\.line), of: manifest, from: path)
        )
    }
    let names = places.map { "\($0.name) (\($0.lines))" }.joined(separator: ", ")
    change.findings.append(
        FaultFinding(.danglingReference, "\(names) still refer\(users.count == 1 ? "s" : "") to it"))
    guard let key, users.count == places.count, places.allSatisfy({ $0.count <= mostLinesTold }),
        let new = room.newName(of: key, in: object, path)
    else {
        return
    }
    change.mend = "write \(new) instead of \(key) at \(places.map(\.lines).joined(separator: " and "))"
}

/// The same of what makes Secrets: an entry that it makes no more, which pods ask for.
private func lostSecretEntry(
    in change: inout FoundChange, before: Manifest?, after: Manifest?, _ surroundings: Surroundings,
    _ room: inout ReferenceRoom
) {
    func target(_ manifest: Manifest) -> String {
        manifest.root[path: "spec", "target", "name"]?.text ?? manifest.object.name
    }
    guard let before, let after else { return }
    let name = target(after)
    if change.path.last == .key("name"), change.path.contains(.key("target")), target(before) != name {
        missedSecret(target(before), in: &change, surroundings)
        return
    }
    guard let keys = room.keysListed(before: before, after: after),
        surroundings.after.madeSecrets[name]?.keys != nil
    else { return }
    // Of several changes of the object, the one that is of the entry.
    let own = [change.beforeNode?.text, change.beforeNode?["secretKey"]?.text].compactMap { $0 }
    let lost = Set(change.path.map(\.name) + own).filter { keys.old.contains($0) && !keys.new.contains($0) }
    guard !lost.isEmpty else { return }
    let asking = (surroundings.after.relations.references[ObjectName(kind: "Secret", name: name)] ?? [])
        .filter { $0.key.map(lost.contains) ?? false }
    guard let first = asking.first, let key = first.key else { return }
    let workload = surroundings.after.workloads[first.workload]
    change.findings.append(
        FaultFinding(
            .danglingReference,
            "\(workload.object.name) (\(told([first.line], of: workload, from: change.change.path))) still asks the Secret \(name) for \(key)"
        ))
}

/// The same of a whole Secret that is made under another name now.
private func missedSecret(_ name: String, in change: inout FoundChange, _ surroundings: Surroundings) {
    guard !surroundings.after.relations.isMadeOtherwise("Secret", name),
        surroundings.after.objects("Secret", named: name).isEmpty,
        let first = surroundings.after.relations.references[ObjectName(kind: "Secret", name: name)]?.first
    else { return }
    let workload = surroundings.after.workloads[first.workload]
    change.findings.append(
        FaultFinding(
            .danglingReference,
            "\(workload.object.name) (\(told([first.line], of: workload, from: change.change.path))) still asks for the Secret \(name), which nothing makes now"
        ))
}

/// F7: a variable goes, and the same container still fills it in elsewhere: `$(NAME)`.
private func stillExpanded(in change: inout FoundChange, after: Manifest, _ room: inout ReferenceRoom) {
    guard after.isWorkload, let name = change.variableHere, let container = change.path.container,
        let line = room.expansions(in: container, of: after)[name]
    else { return }
    change.findings.append(
        FaultFinding(
            .removedStillRead, weight: 0.85,
            "\(name) is removed here, and line \(line) still fills in $(\(name))"))
}

private let mostLinesTold = 3

/// Lines of an object as they are told beside a change: with their file, where that is another.
private func told(_ lines: [Int], of manifest: Manifest, from path: String) -> String {
    let lines = Set(lines).sorted()
    let numbers = lines.prefix(mostLinesTold).map(String.init).joined(separator: ", ")
    return manifest.path == path
        ? "line\(lines.count == 1 ? "" : "s") \(numbers)" : "\(manifest.path):\(numbers)"
}

/// F10: a variable goes, and the ConfigMap or Secret that the container takes as a whole still supplies one of that name.
private func overrideRemoved(
    in change: inout FoundChange, of manifest: Manifest, _ surroundings: Surroundings
) {
    guard change.change.after == nil, let name = change.path.variable, change.path.last == .element(name),
        let container = manifest.containers.last(where: { $0["name"]?.text == change.path.container })
    else { return }
    for source in (container["envFrom"]?.elements ?? []).reversed() {
        for reference in references(in: source) {
            for found in surroundings.after.objects(reference.kind, named: reference.name) {
                guard let value = found.root["data"]?[name]?.text else { continue }
                change.findings.append(
                    FaultFinding(
                        .overrideRemoved,
                        "\(reference.kind) \(reference.name) still supplies it, so that it is \(maskedIfSecret(value, name: reference.kind == "Secret" ? secretName : name)) now"
                    ))
                return
            }
        }
    }
}

/// F34: variables are read when a pod starts, so that a change shows at the next one.
private func stale(in change: inout FoundChange, _ surroundings: Surroundings) {
    guard let object = change.change.object, let key = change.path.first,
        key == .key("data") || key == .key("stringData"), change.findings.isEmpty
    else { return }
    let readers = surroundings.after.relations.variableReaders[
        ObjectName(kind: object.kind, name: object.name)]
    let users = Set(surroundings.after.names(of: readers ?? [])).sorted()
    guard !users.isEmpty else { return }
    change.findings.append(
        FaultFinding(
            .staleConfig,
            "running pods of \(users.prefix(3).joined(separator: ", ")) see it after their next restart"
        ))
}

// MARK: Volumes

/// Whether a workload says all of itself: no patch, which selects nothing, and no template, which may fill more in.
private func isWholeWorkload(_ manifest: Manifest) -> Bool {
    let isSelecting =
        ["Job", "CronJob", "Pod"].contains(manifest.object.kind)
        || manifest.root[path: "spec", "selector"] != nil
    return isSelecting && manifest.containers.allSatisfy { $0["image"] != nil } && !manifest.isTemplate
        && !manifest.path.holds("templates/")
        && !manifest.path.lowercased().holds("patch")
}

/// F25: a mount without its volume, a volume without its mount, a mount at another path.
private func lostMount(in change: inout FoundChange, after: Manifest, _ room: inout ReferenceRoom) {
    guard
        change.path.isEmpty && change.change.before == nil && isWholeWorkload(after)
            && room.isOnlyOne(after)
            || change.path.contains(where: {
                ["volumes", "volumeMounts", "volumeClaimTemplates"].contains($0.name)
            })
    else { return }
    // How large one may grow, and of which kind its disk is, mounts nothing.
    if ["sizeLimit", "medium", "storage", "storageClassName"].contains(change.path.last?.name ?? "") {
        return
    }
    let mounts = room.mounts(of: after)
    // A patch of a workload may mount what stands elsewhere.
    let isWhole = after.containers.allSatisfy { $0["image"] != nil }
    if change.change.after != nil, let missing = mounts.missing {
        let text = "\(missing) is mounted, and there is no volume of that name"
        var finding =
            isWhole
            ? FaultFinding(.danglingMount, "\(text): the API server refuses it")
            : FaultFinding(.lostMount, weight: 0.85, text)
        finding.line = mounts.line
        change.findings.append(finding)
        return
    }
    if change.change.after == nil {
        // All of the volumes may be gone at once.
        let isList = change.path.last == .key("volumes")
        let name = isList ? mounts.missing ?? "volumes" : change.path.last?.name ?? ""
        let isStillMounted = isWhole && mounts.names.contains(name)
        var finding =
            isStillMounted
            ? FaultFinding(
                .danglingMount, weight: 0.9,
                "the volume \(name) is gone, and it is still mounted: the API server refuses it")
            : FaultFinding(.lostMount, weight: 0.6, "\(name) is not mounted any more")
        finding.isOfMissing = true
        change.findings.append(finding)
    } else if change.change.before != nil {
        change.findings.append(FaultFinding(.lostMount, weight: 0.6, "what is mounted, or where, is another"))
    }
}

// MARK: Selectors and ports

/// F14: the pods that a Service finds.
private func selection(
    in change: inout FoundChange, before: Manifest?, after: Manifest?, _ surroundings: Surroundings,
    _ room: inout ReferenceRoom
) {
    guard let after, change.path.isEmpty || change.path.starts(with: [.key("spec")]) else { return }
    if change.path.contains(.key("selector")) {
        let (old, new) = (
            before.flatMap { surroundings.before.reach(of: $0) } ?? [],
            surroundings.after.reach(of: after) ?? []
        )
        guard !isOpen(after, surroundings.after) else { return }
        if !old.isEmpty, new.isEmpty {
            change.findings.append(
                FaultFinding(
                    .emptySelection, "it selects no pods now (before: \(old.joined(separator: ", ")))"))
        } else if !old.isEmpty, Set(new) != Set(old) {
            let isLess = Set(new).isStrictSubset(of: old)
            change.findings.append(
                FaultFinding(
                    .emptySelection, weight: isLess ? 0.55 : 0.45,
                    "it selects \(new.joined(separator: ", ")) now (before: \(old.joined(separator: ", ")))"))
        }
        return
    }
    guard
        change.path.contains(.key("ports"))
            || change.path.isEmpty && after.object.kind == "Service"
                && change.change.before == nil,
        !["nodePort", "protocol", "appProtocol"].contains(change.path.last?.name ?? "")
    else { return }
    if let (ingress, backend) = room.lostBackend(of: after.object.name), gaveUp(backend.port, in: change),
        ingress.object.namespace == nil || after.object.namespace == nil
            || ingress.object.namespace == after.object.namespace
    {
        let place = told([backend.line], of: ingress, from: change.change.path)
        change.findings.append(
            FaultFinding(
                .portMismatch,
                "Ingress \(ingress.object.name) (\(place)) still sends to its port \(backend.port), which it gave up"
            ))
        return
    }
    guard change.change.after != nil else { return }
    if change.path.last == .key("targetPort"), let before, let old = change.beforeNode?.text,
        let new = change.afterNode?.text,
        let number = portNumber(old, of: containers(of: before, surroundings.before)),
        portNumber(new, of: containers(of: after, surroundings.after)) == number
    {
        change.innocence = Evidence(
            kind: "same_value", text: "\(old) was port \(number), and so is \(new) now", weight: -0.8)
        return
    }
    let missing = unheard(by: after, surroundings.after)
    let before = before.map { unheard(by: $0, surroundings.before) }
    // A port that nobody declares may be listened on all the same; one that fitted, or that goes by a name, is missed.
    let fitted = change.change.before != nil && before.map { $0.isEmpty } ?? false
    guard let first = missing.first(where: { Int($0) == nil || fitted }) else { return }
    change.findings.append(
        FaultFinding(.portMismatch, "it sends to port \(first), which its pods do not have"))
}

/// Whether a template decides what an object selects, or which labels pods carry that it asks for.
private func isOpen(_ manifest: Manifest, _ index: ManifestIndex) -> Bool {
    guard manifest.isTemplate else { return false }
    let selector = manifest.root[path: "spec", "selector"]
    let wanted = (selector?["matchLabels"] ?? selector)?.entries ?? []
    guard !wanted.isEmpty, !wanted.contains(where: { $0.value.text?.holds("{{") ?? true }) else {
        return true
    }
    return index.workloads.contains { workload in
        workload.isTemplate && wanted.contains { workload.podLabels[$0.key] == nil }
    }
}

/// Whether a change of a Service's ports takes a number or a name of one away.
private func gaveUp(_ port: String, in change: FoundChange) -> Bool {
    guard let before = change.beforeNode else { return false }
    let ports = before.elements.isEmpty ? [before] : before.elements
    return ports.contains { $0.text == port || $0["port"]?.text == port || $0["name"]?.text == port }
}

/// Where an Ingress sends requests.
struct Backend: Hashable {
    var service: String
    /// The number or the name of the Service's port.
    var port: String
    var line: Int
}

func backends(of ingress: Manifest) -> [Backend] {
    var found: [Backend] = []
    func search(_ node: ConfigNode) {
        let port =
            node[path: "service", "port", "number"] ?? node[path: "service", "port", "name"]
            ?? node["servicePort"]
        if let service = node[path: "service", "name"]?.text ?? node["serviceName"]?.text, let port,
            let text = port.text
        {
            found.append(Backend(service: service, port: text, line: port.start.line))
        }
        node.entries.forEach { search($0.value) }
        node.elements.forEach(search)
    }
    search(ingress.root)
    return found
}

/// The containers of the pods that an object selects.
private func containers(of manifest: Manifest, _ index: ManifestIndex) -> [ConfigNode] {
    (index.reach(of: manifest) ?? []).flatMap { index.workloads(named: $0) }.flatMap(\.containers)
}

/// The ports that a Service sends to and none of its pods' containers declares; none when they declare none at all.
func unheard(by service: Manifest, _ index: ManifestIndex) -> [String] {
    let declared = Set(containers(of: service, index).flatMap(declaredPorts))
    guard !declared.isEmpty else { return [] }
    // Where a template decides on numbers, names can be told all the same.
    let isTemplated = declared.contains { $0.contains("{") }
    let areNamed = declared.contains { Int($0) == nil && !$0.contains("{") }
    let wanted = (service.root[path: "spec", "ports"]?.elements ?? []).compactMap {
        ($0["targetPort"] ?? $0["port"])?.text
    }
    return wanted.filter {
        !declared.contains($0) && !$0.contains("{") && (!isTemplated || areNamed && Int($0) == nil)
    }
}

/// The number of a port that is asked for by its name or number; `nil` where containers disagree.
func portNumber(_ port: String, of containers: [ConfigNode]) -> Int? {
    if let number = Int(port) { return number }
    let ports = containers.flatMap { $0["ports"]?.elements ?? [] }.filter { $0["name"]?.text == port }
    let numbers = Set(ports.map { $0["containerPort"]?.text.flatMap { Int($0) } })
    return numbers.count == 1 ? numbers.first ?? nil : nil
}

/// Numbers and names of a container's ports.
func declaredPorts(_ container: ConfigNode) -> [String] {
    (container["ports"]?.elements ?? []).flatMap { port in
        [port["containerPort"]?.text, port["name"]?.text].compactMap { $0 }
    }
}

/// F14 from the other side: labels of pods that Services no longer find.
private func strayedFromSelectors(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ surroundings: Surroundings,
    _ room: inout ReferenceRoom
) {
    guard let before, change.path.contains(.key("labels")), change.path.starts(with: [.key("spec")]),
        !after.isTemplate || change.change.after?.holds("{{") == false
    else { return }
    guard let first = room.selectorLost(before: before.object.name, after: after.object.name) else {
        if let (policy, line, label) = room.peerLost(before: before, after: after) {
            change.findings.append(
                FaultFinding(
                    .networkTightened,
                    "NetworkPolicy \(policy.object.name) (\(told([line], of: policy, from: change.change.path))) lets pods with \(label.key): \(label.value) in, which its pods do not carry now"
                ))
        }
        return
    }
    change.findings.append(
        FaultFinding(
            .emptySelection,
            "\(first.object.kind) \(first.object.name) (\(told([selectorLine(of: first)], of: first, from: change.change.path))) no longer selects its pods"
        ))
}

/// Where an object says which pods it selects.
private func selectorLine(of manifest: Manifest) -> Int {
    let spec = manifest.root["spec"]
    return (spec?.entry("selector") ?? spec?.entry("podSelector"))?.keyMark.line ?? manifest.root.start.line
}

/// F14: labels of a workload's pods that its own selector does not ask for any more.
///
/// - Returns: whether it is so; then no pod comes to be that a Service could lose.
private func strayedFromOwnSelector(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ room: inout ReferenceRoom
) -> Bool {
    // What was guessed from the indentation may lack any line.
    guard after.reading == .parsed, change.path.starts(with: [.key("spec"), .key("template")]),
        change.path.contains(.key("labels")), let before,
        let missed = room.missedLabel(before: before, after: after)
    else { return false }
    change.findings.append(
        FaultFinding(
            .emptySelection,
            "the selector of \(after.object.kind) \(after.object.name) asks for \(missed.key): \(missed.value), which its pods do not carry now: the API server refuses it, and the old pods stay"
        ))
    return true
}

/// The first label that a workload's selector asks for and its template does not have.
func missedLabel(of manifest: Manifest) -> (key: String, value: String)? {
    let wanted = manifest.root[path: "spec", "selector", "matchLabels"]?.entries ?? []
    let labels = manifest.podLabels
    for entry in wanted {
        guard let value = entry.value.text, !value.contains("{"), labels[entry.key] != value,
            !(labels[entry.key]?.contains("{") ?? false),
            // A template may bring labels in that do not stand there.
            labels[entry.key] != nil || !manifest.isTemplate
        else { continue }
        return (entry.key, value)
    }
    return nil
}

/// F1 of lists: a variable that stands twice in one container.
private func doubledVariable(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ room: inout ReferenceRoom
) {
    guard after.reading == .parsed, let place = change.path.lastIndex(of: .key("env")),
        place + 1 < change.path.count, case .element(let name) = change.path[place + 1],
        let lines = room.doubledVariables(in: Array(change.path[...place]), before: before, after: after)[
            name]
    else { return }
    let numbers = lines.map(String.init).joined(separator: " and ")
    change.findings.append(
        FaultFinding(
            .duplicateKey, weight: 0.8,
            "\(name) stands \(lines.count == 2 ? "twice" : "\(lines.count) times") in the list (lines \(numbers)); the last one wins"
        ))
}

/// F13: more that is asked for than is allowed.
private func excessiveRequest(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ room: inout ReferenceRoom
) {
    guard after.reading == .parsed, change.change.after != nil,
        let place = change.path.lastIndex(of: .key("resources"))
    else { return }
    let resources: (before: ConfigNode?, after: ConfigNode?)
    if after.isWorkload, let before, place > 0, case .element(let name) = change.path[place - 1] {
        let containers = room.containers(named: name, before: before, after: after)
        resources = (containers.before?["resources"], containers.after?["resources"])
    } else {
        let path = change.path[...place]
        resources = (before?.root.node(at: path), after.root.node(at: path))
    }
    func excess(_ resources: ConfigNode?) -> (name: String, request: String, limit: String)? {
        for entry in resources?["requests"]?.entries ?? [] {
            guard let request = entry.value.text, let limit = resources?["limits"]?[entry.key]?.text,
                let asked = quantity(request), let allowed = quantity(limit), asked > allowed
            else { continue }
            return (entry.key, request, limit)
        }
        return nil
    }
    guard let found = excess(resources.after), excess(resources.before) == nil else { return }
    change.findings.append(
        FaultFinding(
            .refusedType,
            "requests.\(found.name) is \(found.request), more than the limit of \(found.limit): the API server refuses it"
        ))
}

/// F14: the selector of a workload, which the API server lets nobody change.
private func fixedSelector(in change: inout FoundChange, before: Manifest?, after: Manifest) {
    // One that was left out was made of the labels.
    guard before?.root[path: "spec", "selector"] != nil,
        change.path.starts(with: [.key("spec"), .key("selector")]),
        ["Deployment", "StatefulSet", "DaemonSet"].contains(after.object.kind),
        // What a template puts there may be what stood there.
        !after.isTemplate
            || [change.change.before, change.change.after].allSatisfy({ $0?.holds("{{") == false })
    else { return }
    change.findings.append(
        FaultFinding(
            .emptySelection, weight: 0.7,
            "the selector of a \(after.object.kind) cannot be changed: the deploy is refused, and the old pods stay"
        ))
}

/// F15: a probe, or a Service, of a port that the container does not have any more.
private func unheardPort(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ surroundings: Surroundings,
    _ room: inout ReferenceRoom
) {
    let isProbe = change.path.contains { $0.name.hasSuffix("Probe") } && change.path.last?.name == "port"
    guard isProbe || change.path.contains(.key("ports")), let before else { return }
    let (old, new) = room.containers(named: change.path.container, before: before, after: after)
    if isProbe, let old, let new, let asked = change.beforeNode?.text, let port = change.afterNode?.text,
        let number = portNumber(asked, of: [old]), portNumber(port, of: [new]) == number
    {
        change.innocence = Evidence(
            kind: "same_value", text: "\(asked) was port \(number), and so is \(port) now", weight: -0.8)
        return
    }
    let ports = room.ports(of: change.path.container, before: before, after: after)
    guard !ports.new.isEmpty, !ports.isTemplated else { return }
    // What fitted before is missed: the port that a probe asks, moved away from, or one that the container gave up.
    let fitted = !ports.old.isEmpty && ports.askedBefore.allSatisfy(ports.old.contains)
    let missing = ports.asked.first { port in
        !ports.new.contains(port) && !port.contains("{") && (isProbe ? fitted : ports.old.contains(port))
    }
    if let missing {
        // A probe that moved with the port is not the one that did not.
        guard !isProbe || change.afterNode?.text == missing else { return }
        change.findings.append(
            FaultFinding(
                .portMismatch,
                "\(ports.askers[missing] ?? "a probe") asks port \(missing), which the container does not have"
            ))
        return
    }
    guard let (service, port) = room.unheardService(of: ports.lost) else { return }
    let sending = (service.root[path: "spec", "ports"]?.elements ?? []).compactMap {
        $0["targetPort"] ?? $0["port"]
    }.filter { $0.text == port }.map(\.start.line)
    let place = told(
        sending.isEmpty ? [service.root.start.line] : sending, of: service, from: change.change.path)
    change.findings.append(
        FaultFinding(
            .portMismatch,
            "Service \(service.object.name) (\(place)) still sends to port \(port), which the container gave up"
        ))
    if change.change.before == port, let new = change.change.after, sending.count <= mostLinesTold {
        change.mend = "write \(new) instead of \(port) at \(place)"
    }
}

/// An autoscaler without its workload, an Ingress without its Service.
private func target(
    in change: inout FoundChange, before: Manifest?, after: Manifest?, _ surroundings: Surroundings,
    _ room: inout ReferenceRoom
) {
    guard let after, change.change.after != nil else { return }
    if after.object.kind == "HorizontalPodAutoscaler" {
        func bounds(_ manifest: Manifest?) -> (low: Int, high: Int)? {
            let spec = manifest?.root["spec"]
            guard let low = spec?["minReplicas"]?.text.flatMap(Int.init),
                let high = spec?["maxReplicas"]?.text.flatMap(Int.init), low > high
            else { return nil }
            return (low, high)
        }
        if let (low, high) = bounds(after), bounds(before) == nil {
            change.findings.append(
                FaultFinding(
                    .refusedType, weight: 0.85,
                    "at least \(low) and at most \(high) cannot both be: the API server refuses it"))
        }
        guard let name = after.root[path: "spec", "scaleTargetRef", "name"]?.text,
            change.change.before != nil,
            change.path.contains(.key("scaleTargetRef")), !name.contains("{"),
            !surroundings.after.manifests(named: name).contains(where: {
                $0.object.kind != "HorizontalPodAutoscaler"
            })
        else { return }
        change.findings.append(FaultFinding(.danglingReference, "there is no workload \(name)"))
        return
    }
    guard let node = change.afterNode, surroundings.after.holds(kind: "Service") else { return }
    if let lost = room.lostBackend(before: before, after: after),
        (change.change.line...max(change.change.line, change.change.endLine)).contains(lost.line)
    {
        change.findings.append(
            FaultFinding(
                .portMismatch, "Service \(lost.service) has no port \(lost.port) (line \(lost.line))"))
        return
    }
    var names: [String] = []
    func search(_ node: ConfigNode) {
        if let name = node[path: "service", "name"]?.text ?? node["serviceName"]?.text { names.append(name) }
        node.entries.forEach { search($0.value) }
        node.elements.forEach(search)
    }
    search(node)
    if change.path.last == .key("serviceName") || change.path.suffix(2) == [.key("service"), .key("name")],
        let name = node.text
    {
        names.append(name)
    }
    func isService(_ name: String, _ index: ManifestIndex) -> Bool {
        index.manifests(named: name).contains { $0.object.kind == "Service" }
    }
    let lost = names.first { name in
        !isService(name, surroundings.after) && !name.contains("{")
            && (isService(name, surroundings.before)
                || room.names(ofKind: "Service").nearest(to: name) != nil)
    }
    guard let missing = lost else { return }
    change.findings.append(FaultFinding(.danglingReference, "there is no Service \(missing)"))
}

// MARK: Access

/// F28.
private func networkPolicy(in change: inout FoundChange) {
    if change.path.isEmpty {
        guard change.change.after != nil else { return }
        change.findings.append(
            FaultFinding(.networkTightened, weight: 0.7, "what it does not name is refused from now on"))
        return
    }
    let isRule = change.path.contains {
        ["ingress", "egress", "podSelector", "policyTypes"].contains($0.name)
    }
    guard isRule else { return }
    let count = (change.beforeNode?.elements.count ?? 0, change.afterNode?.elements.count ?? 0)
    let isLess = change.change.after == nil || count.1 < count.0
    // Another expression may well say the same.
    let isExpression = [change.change.before, change.change.after].contains { $0?.holds("{{") ?? false }
    change.findings.append(
        FaultFinding(
            .networkTightened, weight: isExpression ? 0.25 : isLess ? nil : 0.6,
            isLess ? "it lets less through" : "what it lets through is another"))
}

/// F29.
private func access(in change: inout FoundChange) {
    guard
        change.path.isEmpty
            || change.path.contains(where: {
                ["rules", "roleRef", "subjects", "annotations", "verbs", "resources"].contains($0.name)
            })
    else { return }
    guard change.change.before != nil else { return }
    let (old, new) = (change.beforeNode.map(plainText) ?? "", change.afterNode.map(plainText) ?? "")
    // A verb that goes is missed by whoever used it.
    let isOfRule =
        change.change.after == nil && change.path.first == .key("rules") && change.path.count > 1
    change.findings.append(
        FaultFinding(
            .accessReduced, weight: isOfRule ? 0.95 : new.count < old.count ? nil : 0.5,
            change.path.isEmpty ? "what it allowed is gone" : "who may do what is another"))
}

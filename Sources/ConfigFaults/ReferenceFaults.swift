import ConfigTree
import DeployModel

/// What a change breaks between objects: F5, F10, F14, F15, F25, F28, F29 and F34. Only what was whole before counts.
func findBrokenReferences(
    in change: inout FoundChange, surroundings: Surroundings, users: inout ObjectUsers,
    variables: inout VariableNodes
) {
    guard let object = change.change.object else { return }
    func manifest(_ index: ManifestIndex) -> Manifest? {
        index.object(object.kind, named: object.name, preferring: change.change.path)
    }
    let (before, after) = (manifest(surroundings.before), manifest(surroundings.after))
    if let after, after.isWorkload {
        danglingReference(in: &change, of: after, surroundings, variables: &variables)
        overrideRemoved(in: &change, of: after, surroundings)
        lostMount(in: &change, before: before, after: after)
        strayedFromSelectors(in: &change, before: before, after: after, surroundings)
        fixedSelector(in: &change, before: before, after: after)
        unheardPort(in: &change, before: before, after: after, surroundings)
    }
    if before != nil,
        after == nil || change.path.first == .key("data") || change.path.first == .key("stringData")
    {
        lostEntry(in: &change, surroundings, users: &users)
    }
    switch object.kind {
    case "Service", "PodDisruptionBudget": selection(in: &change, before: before, after: after, surroundings)
    case "NetworkPolicy": networkPolicy(in: &change)
    case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount": access(in: &change)
    case "HorizontalPodAutoscaler", "Ingress": target(in: &change, after: after, surroundings)
    default: break
    }
    if object.kind == "ConfigMap" || object.kind == "Secret" { stale(in: &change, users: &users) }
    if change.path.last == .key("serviceAccountName") || change.path.last == .key("serviceAccount") {
        change.findings.append(FaultFinding(.accessReduced, weight: 0.6, "its pods run as another account"))
    }
}

/// Who uses objects after the change, kept from one change to the next: those of one object come in a row.
struct ObjectUsers {
    private let index: ManifestIndex
    /// What the pods of each workload refer to; made when it is first asked for.
    private var references: [(workload: Manifest, references: [Reference])]?
    private var object: ConfigObject?
    private var madeOtherwise: Bool?
    private var referring: [(name: String, keys: Set<String?>)]?
    private var reading: [String]?

    init(_ index: ManifestIndex) { self.index = index }

    private mutating func turn(to object: ConfigObject) {
        guard object != self.object else { return }
        self.object = object
        (madeOtherwise, referring, reading) = (nil, nil, nil)
    }

    /// Whether something else makes it.
    fileprivate mutating func isMadeOtherwise(_ object: ConfigObject) -> Bool {
        turn(to: object)
        let known = madeOtherwise ?? index.isMadeOtherwise(object.kind, object.name)
        madeOtherwise = known
        return known
    }

    /// The workloads whose pods refer to it, or to an entry of it.
    fileprivate mutating func referring(to object: ConfigObject, key: String?) -> [String] {
        turn(to: object)
        let all =
            references
            ?? index.workloads.map { ($0, $0.podSpec.map { ConfigFaults.references(in: $0) } ?? []) }
        references = all
        let users =
            referring
            ?? all.compactMap { workload, references in
                var keys = Set(
                    references.filter { $0.kind == object.kind && $0.name == object.name }.map(\.key))
                if object.kind == "ServiceAccount",
                    workload.podSpec?["serviceAccountName"]?.text == object.name
                {
                    keys.insert(nil)
                }
                return keys.isEmpty ? nil : (workload.object.name, keys)
            }
        referring = users
        return users.filter { key == nil || $0.keys.contains(key) }.map(\.name)
    }

    /// The workloads whose containers have variables of it.
    fileprivate mutating func readingVariables(of object: ConfigObject) -> [String] {
        turn(to: object)
        let users =
            reading
            ?? index.workloads.filter { workload in
                workload.containers.contains { container in
                    [container["env"], container["envFrom"]].compactMap { $0 }.contains { node in
                        ConfigFaults.references(in: node).contains {
                            $0.kind == object.kind && $0.name == object.name
                        }
                    }
                }
            }.map(\.object.name)
        reading = users
        return users
    }
}

// MARK: ConfigMaps and Secrets

/// Kinds of objects that stand for Secrets.
let secretStandIns: Set = ["SealedSecret", "ExternalSecret", "SopsSecret", "Certificate"]

/// The references of a node, with the kind that each names: `secretKeyRef`, `configMapRef`, a volume's `secretName`.
func references(in node: ConfigNode, under key: String = "") -> [Reference] {
    var found: [Reference] = []
    func search(_ node: ConfigNode, under key: String) {
        let isOptional = node["optional"]?.text == "true"
        func add(_ kind: String, _ field: String) {
            guard !isOptional, let name = node[field]?.text else { return }
            found.append(Reference(kind: kind, name: name, key: node["key"]?.text))
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
}

extension ManifestIndex {
    /// The objects of a kind and a name; a name may carry the ten letters that a generator adds.
    fileprivate func named(_ kind: String, _ name: String) -> [Manifest] {
        manifests(ofKind: kind).filter { manifest in
            let own = manifest.object.name
            return own == name || name.hasPrefix(own + "-") && name.count == own.count + 11
        }
    }

    /// Whether something else makes an object of that kind and name: a generator, or an object that stands for a Secret.
    fileprivate func isMadeOtherwise(_ kind: String, _ name: String) -> Bool {
        let generator = kind == "Secret" ? "secretGenerator" : "configMapGenerator"
        return manifests.contains { manifest in
            let generated = manifest.root[generator]?.elements ?? []
            if generated.contains(where: { $0["name"]?.text == name }) { return true }
            guard kind == "Secret", secretStandIns.contains(manifest.object.kind) else { return false }
            let spec = manifest.root["spec"]
            return [manifest.object.name, spec?[path: "target", "name"]?.text, spec?["secretName"]?.text]
                .contains(name)
        }
    }

    /// Whether an object of a kind and a name has an entry.
    fileprivate func hasEntry(_ key: String, of kind: String, _ name: String) -> Bool {
        named(kind, name).contains { manifest in
            ["data", "stringData", "binaryData"].contains { manifest.root[$0]?.entry(key) != nil }
        }
    }

    /// The keys of all objects of a kind and a name.
    fileprivate func keys(_ kind: String, _ name: String) -> [String] {
        named(kind, name).flatMap { manifest in
            ["data", "stringData", "binaryData"].flatMap { manifest.root[$0]?.entries.map(\.key) ?? [] }
        }
    }
}

/// F5: a reference that leads nowhere, though objects of its kind are defined here and it led somewhere before.
private func danglingReference(
    in change: inout FoundChange, of manifest: Manifest, _ surroundings: Surroundings,
    variables: inout VariableNodes
) {
    guard change.change.after != nil, let after = change.afterNode else { return }
    let (node, key) = referringNode(of: change, after, in: manifest, variables: &variables)
    for reference in references(in: node, under: key) {
        // Where no object of a kind is kept beside the workloads, none that is missing is missed.
        guard surroundings.after.holds(kind: reference.kind), !reference.name.contains("{"),
            !reference.name.contains("$"),
            !surroundings.after.isMadeOtherwise(reference.kind, reference.name)
        else { continue }
        guard !surroundings.after.named(reference.kind, reference.name).isEmpty else {
            let known = surroundings.after.manifests(ofKind: reference.kind).map(\.object.name)
            let nearest = nearestName(to: reference.name, among: known)
            // Objects that nobody keeps here are made elsewhere; only a name that nearly is one of ours is a slip.
            let wasKnown = !surroundings.before.named(reference.kind, reference.name).isEmpty
            guard nearest != nil || wasKnown else { continue }
            let instead = nearest.map { "; there is \($0)" } ?? " any more"
            change.findings.append(
                FaultFinding(.danglingReference, "no \(reference.kind) is called \(reference.name)\(instead)")
            )
            return
        }
        guard let key = reference.key, !key.contains("{") else { continue }
        let keys = surroundings.after.keys(reference.kind, reference.name)
        guard !keys.isEmpty, !keys.contains(key) else { continue }
        let instead = nearestName(to: key, among: keys).map { "; it has \($0)" } ?? ""
        change.findings.append(
            FaultFinding(
                .danglingReference, "\(reference.kind) \(reference.name) has no entry \(key)\(instead)"))
        return
    }
}

/// The node that says all of a reference of which a part changed: the variable, or what the name stands in.
private func referringNode(
    of change: FoundChange, _ after: ConfigNode, in manifest: Manifest, variables: inout VariableNodes
) -> (ConfigNode, String) {
    if let variable = change.path.variable, let own = variables.node(of: variable, in: manifest) {
        return (own, "")
    }
    if after.scalar != nil, change.path.count > 1, let parent = manifest.root.node(at: change.path.dropLast())
    {
        return (parent, change.path[change.path.count - 2].name)
    }
    return (after, change.path.last?.name ?? "")
}

/// The variables of a workload, kept from one change to the next: those of one workload come in a row.
struct VariableNodes {
    private var last: (path: String, object: ConfigObject)?
    private var nodes: [String: ConfigNode] = [:]

    /// The variable in the first container that has it; the last of them there.
    fileprivate mutating func node(of variable: String, in manifest: Manifest) -> ConfigNode? {
        if last.map({ $0 == (manifest.path, manifest.object) }) != true {
            last = (manifest.path, manifest.object)
            nodes = [:]
            for container in manifest.containers.reversed() {
                for node in container["env"]?.elements ?? [] {
                    if let name = node["name"]?.text { nodes[name] = node }
                }
            }
        }
        return nodes[variable]
    }
}

/// F5 from the other side: an entry, or a whole object, goes that workloads still refer to.
private func lostEntry(in change: inout FoundChange, _ surroundings: Surroundings, users: inout ObjectUsers) {
    guard let object = change.change.object, change.change.after == nil,
        ["ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "Service"].contains(object.kind)
    else { return }
    let key = change.path.count == 2 ? change.path[1].name : nil
    guard !users.isMadeOtherwise(object) else { return }
    if let key, surroundings.after.hasEntry(key, of: object.kind, object.name) { return }
    guard change.path.isEmpty || key != nil,
        surroundings.after.named(object.kind, object.name).isEmpty || key != nil
    else { return }
    let users = users.referring(to: object, key: key)
    guard !users.isEmpty else { return }
    change.findings.append(
        FaultFinding(
            .danglingReference,
            "\(users.prefix(3).joined(separator: ", ")) still refer\(users.count == 1 ? "s" : "") to it"))
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
            for found in surroundings.after.named(reference.kind, reference.name) {
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
private func stale(in change: inout FoundChange, users: inout ObjectUsers) {
    guard let object = change.change.object, let key = change.path.first,
        key == .key("data") || key == .key("stringData"), change.findings.isEmpty
    else { return }
    let users = users.readingVariables(of: object)
    guard !users.isEmpty else { return }
    change.findings.append(
        FaultFinding(
            .staleConfig,
            "running pods of \(users.prefix(3).joined(separator: ", ")) see it after their next restart"
        ))
}

// MARK: Volumes

/// F25: a mount without its volume, a volume without its mount, a mount at another path.
private func lostMount(in change: inout FoundChange, before: Manifest?, after: Manifest) {
    guard
        change.path.contains(where: { ["volumes", "volumeMounts", "volumeClaimTemplates"].contains($0.name) })
    else { return }
    let volumes = Set(
        (after.podSpec?["volumes"]?.elements ?? []).compactMap { $0["name"]?.text }
            + (after.root[path: "spec", "volumeClaimTemplates"]?.elements ?? []).compactMap {
                $0[path: "metadata", "name"]?.text
            })
    let mounted = after.containers.flatMap { $0["volumeMounts"]?.elements ?? [] }.compactMap {
        $0["name"]?.text
    }
    if change.change.after != nil,
        let missing = mounted.first(where: { !volumes.contains($0) && !$0.contains("{") })
    {
        change.findings.append(
            FaultFinding(
                .lostMount, weight: 0.85, "\(missing) is mounted, and there is no volume of that name"))
        return
    }
    if change.change.after == nil {
        let name = change.path.last?.name ?? ""
        let isStillMounted = mounted.contains(name)
        change.findings.append(
            FaultFinding(
                .lostMount, weight: isStillMounted ? 0.9 : 0.6,
                isStillMounted
                    ? "the volume \(name) is gone, and it is still mounted"
                    : "\(name) is not mounted any more"))
    } else if change.change.before != nil {
        change.findings.append(FaultFinding(.lostMount, weight: 0.6, "what is mounted, or where, is another"))
    }
}

// MARK: Selectors and ports

/// F14: the pods that a Service finds.
private func selection(
    in change: inout FoundChange, before: Manifest?, after: Manifest?, _ surroundings: Surroundings
) {
    guard let after, change.path.starts(with: [.key("spec")]) else { return }
    if change.path.contains(.key("selector")) {
        let (old, new) = (
            before.flatMap { surroundings.before.reach(of: $0) } ?? [],
            surroundings.after.reach(of: after) ?? []
        )
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
    guard change.path.contains(.key("ports")), change.change.after != nil,
        !["nodePort", "protocol", "appProtocol"].contains(change.path.last?.name ?? "")
    else { return }
    let missing = unheard(by: after, surroundings.after)
    let before = before.map { unheard(by: $0, surroundings.before) }
    // A port that nobody declares may be listened on all the same; one that fitted, or that goes by a name, is missed.
    let fitted = change.change.before != nil && before.map { $0.isEmpty } ?? false
    guard let first = missing.first(where: { Int($0) == nil || fitted }) else { return }
    change.findings.append(
        FaultFinding(.portMismatch, "it sends to port \(first), which its pods do not have"))
}

/// The ports that a Service sends to and none of its pods' containers declares; none when they declare none at all.
private func unheard(by service: Manifest, _ index: ManifestIndex) -> [String] {
    let reached = Set(index.reach(of: service) ?? [])
    let containers = index.workloads.filter { reached.contains($0.object.name) }.flatMap(\.containers)
    let declared = Set(containers.flatMap(declaredPorts))
    guard !declared.isEmpty, !declared.contains(where: { $0.contains("{") }) else { return [] }
    let wanted = (service.root[path: "spec", "ports"]?.elements ?? []).compactMap {
        ($0["targetPort"] ?? $0["port"])?.text
    }
    return wanted.filter { !declared.contains($0) && !$0.contains("{") }
}

/// Numbers and names of a container's ports.
private func declaredPorts(_ container: ConfigNode) -> [String] {
    (container["ports"]?.elements ?? []).flatMap { port in
        [port["containerPort"]?.text, port["name"]?.text].compactMap { $0 }
    }
}

/// F14 from the other side: labels of pods that Services no longer find.
private func strayedFromSelectors(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ surroundings: Surroundings
) {
    guard let before, change.path.contains(.key("labels")), change.path.starts(with: [.key("spec")]) else {
        return
    }
    let selecting = ["Service", "PodDisruptionBudget", "NetworkPolicy"].flatMap {
        surroundings.after.manifests(ofKind: $0)
    }
    let lost = selecting.filter { service in
        (surroundings.before.reach(of: service) ?? []).contains(before.object.name)
            && !(surroundings.after.reach(of: service) ?? []).contains(after.object.name)
    }
    guard let first = lost.first else { return }
    change.findings.append(
        FaultFinding(.emptySelection, "\(first.object.kind) \(first.object.name) no longer selects its pods"))
}

/// F14: the selector of a workload, which the API server lets nobody change.
private func fixedSelector(in change: inout FoundChange, before: Manifest?, after: Manifest) {
    // One that was left out was made of the labels.
    guard before?.root[path: "spec", "selector"] != nil,
        change.path.starts(with: [.key("spec"), .key("selector")]),
        ["Deployment", "StatefulSet", "DaemonSet"].contains(after.object.kind)
    else { return }
    change.findings.append(
        FaultFinding(
            .emptySelection, weight: 0.7,
            "the selector of a \(after.object.kind) cannot be changed: the deploy is refused, and the old pods stay"
        ))
}

/// F15: a probe, or a Service, of a port that the container does not have any more.
private func unheardPort(
    in change: inout FoundChange, before: Manifest?, after: Manifest, _ surroundings: Surroundings
) {
    let isProbe = change.path.contains { $0.name.hasSuffix("Probe") } && change.path.last?.name == "port"
    guard isProbe || change.path.contains(.key("ports")), let before else { return }
    let name = change.path.container
    func container(_ manifest: Manifest) -> ConfigNode? {
        manifest.containers.last { $0["name"]?.text == name }
    }
    func asked(_ manifest: Manifest) -> [String] {
        let probes = container(manifest)?.entries.filter { $0.key.hasSuffix("Probe") } ?? []
        return probes.flatMap { probe in probe.value.entries.compactMap { $0.value["port"]?.text } }
    }
    let (old, new) = (
        Set(container(before).map(declaredPorts) ?? []), Set(container(after).map(declaredPorts) ?? [])
    )
    guard !new.isEmpty, !new.contains(where: { $0.contains("{") }) else { return }
    // What fitted before is missed: the port that a probe asks, moved away from, or one that the container gave up.
    let fitted = !old.isEmpty && asked(before).allSatisfy(old.contains)
    let missing = asked(after).first { port in
        !new.contains(port) && !port.contains("{") && (isProbe ? fitted : old.contains(port))
    }
    if let missing {
        change.findings.append(
            FaultFinding(.portMismatch, "a probe asks port \(missing), which the container does not have"))
        return
    }
    let lost = old.subtracting(new)
    for service in surroundings.after.manifests where service.object.kind == "Service" && !lost.isEmpty {
        guard let port = unheard(by: service, surroundings.after).first(where: lost.contains) else {
            continue
        }
        let text = "Service \(service.object.name) still sends to port \(port), which the container gave up"
        change.findings.append(FaultFinding(.portMismatch, text))
        return
    }
}

/// An autoscaler without its workload, an Ingress without its Service.
private func target(in change: inout FoundChange, after: Manifest?, _ surroundings: Surroundings) {
    guard let after, change.change.after != nil else { return }
    if after.object.kind == "HorizontalPodAutoscaler" {
        if let low = after.root[path: "spec", "minReplicas"]?.text.flatMap(Int.init),
            let high = after.root[path: "spec", "maxReplicas"]?.text.flatMap(Int.init), low > high
        {
            change.findings.append(
                FaultFinding(
                    .capacityLowered, weight: 0.85, "at least \(low) and at most \(high) cannot both be"))
        }
        guard let name = after.root[path: "spec", "scaleTargetRef", "name"]?.text,
            change.change.before != nil,
            change.path.contains(.key("scaleTargetRef")), !name.contains("{"),
            !surroundings.after.manifests.contains(where: {
                $0.object.name == name && $0.object.kind != "HorizontalPodAutoscaler"
            })
        else { return }
        change.findings.append(FaultFinding(.danglingReference, "there is no workload \(name)"))
        return
    }
    let services = surroundings.after.manifests(ofKind: "Service")
    guard let node = change.afterNode, !services.isEmpty else { return }
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
    let known = services.map(\.object.name)
    let before = Set(surroundings.before.manifests(ofKind: "Service").map(\.object.name))
    let lost = names.first { name in
        !known.contains(name) && !name.contains("{")
            && (before.contains(name) || nearestName(to: name, among: known) != nil)
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
    change.findings.append(
        FaultFinding(
            .networkTightened, weight: isLess ? nil : 0.6,
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
    change.findings.append(
        FaultFinding(
            .accessReduced, weight: new.count < old.count ? nil : 0.5,
            change.path.isEmpty ? "what it allowed is gone" : "who may do what is another"))
}

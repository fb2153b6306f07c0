import ConfigTree
import DeployModel

/// Another object as one names it: the Service behind a route, the source of a release, the role of a binding.
struct NamedObject: Hashable, Sendable {
    /// The kinds that it may be of, the likeliest first.
    var kinds: [String]
    var name: String
    var line: Int
}

/// The objects that one names outside of its pods, by what the API of its kind says of such fields.
func namedObjects(of manifest: Manifest) -> [NamedObject] {
    var found: [NamedObject] = []
    func add(_ node: ConfigNode?, _ field: String = "name", kinds: [String]) {
        guard let name = node?[field], let text = name.text, !text.isEmpty else { return }
        found.append(NamedObject(kinds: kinds, name: text, line: name.start.line))
    }
    func add(_ node: ConfigNode?, otherwise kind: String) {
        guard let node else { return }
        add(node, kinds: [node["kind"]?.text ?? kind])
    }
    let spec = manifest.root["spec"]
    let isOfFlux = manifest.root["apiVersion"]?.text?.holds(".toolkit.fluxcd.io/") ?? false
    switch manifest.object.kind {
    case "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute":
        for parent in spec?["parentRefs"]?.elements ?? [] { add(parent, otherwise: "Gateway") }
        for rule in spec?["rules"]?.elements ?? [] {
            for backend in rule["backendRefs"]?.elements ?? [] { add(backend, otherwise: "Service") }
        }
    case "IngressRoute", "IngressRouteTCP":
        for route in spec?["routes"]?.elements ?? [] {
            for service in route["services"]?.elements ?? [] { add(service, otherwise: "Service") }
        }
    case "Ingress":
        for backend in backends(of: manifest) {
            found.append(NamedObject(kinds: ["Service"], name: backend.service, line: backend.line))
        }
        // What is annotated so gets its certificate by itself.
        guard !isServedByCertManager(manifest) else { break }
        for tls in spec?["tls"]?.elements ?? [] { add(tls, "secretName", kinds: ["Certificate", "Secret"]) }
    case "Gateway" where !isServedByCertManager(manifest):
        for listener in spec?["listeners"]?.elements ?? [] {
            for certificate in listener["tls"]?["certificateRefs"]?.elements ?? [] {
                add(certificate, kinds: ["Certificate", "Secret"])
            }
        }
    case "HelmRelease" where isOfFlux:
        add(spec?["chartRef"], otherwise: "OCIRepository")
        add(spec?[path: "chart", "spec", "sourceRef"], otherwise: "HelmRepository")
        for other in spec?["dependsOn"]?.elements ?? [] { add(other, kinds: ["HelmRelease"]) }
    case "Kustomization" where isOfFlux:
        add(spec?["sourceRef"], otherwise: "GitRepository")
        for other in spec?["dependsOn"]?.elements ?? [] { add(other, kinds: ["Kustomization"]) }
    case "RoleBinding", "ClusterRoleBinding":
        add(manifest.root["roleRef"], otherwise: "ClusterRole")
        for subject in manifest.root["subjects"]?.elements ?? []
        where subject["kind"]?.text == "ServiceAccount" {
            add(subject, kinds: ["ServiceAccount"])
        }
    case "HorizontalPodAutoscaler", "ScaledObject": add(spec?["scaleTargetRef"], otherwise: "Deployment")
    case "ExternalSecret": add(spec?["secretStoreRef"], otherwise: "SecretStore")
    case "Certificate": add(spec?["issuerRef"], otherwise: "Issuer")
    default: break
    }
    return found
}

private func isServedByCertManager(_ manifest: Manifest) -> Bool {
    manifest.root[path: "metadata", "annotations"]?.entries.contains { $0.key.hasPrefix("cert-manager.io/") }
        ?? false
}

/// The names of objects that a commit defines, and those that its objects ask for, wherever they come from.
struct KnownObjects: Sendable {
    private(set) var asked: Set<ObjectName> = []
    private var made: Set<ObjectName> = []
    private var folders: [FolderOfKind: [String]] = [:]
    private var namespaces: [String: [String: Int]] = [:]
    private var ofNamespaces: [String: Int] = [:]
    /// Releases of charts, and objects of operators, which bring objects in that are called after them.
    private var releases: Set<String> = []
    /// What kustomizations put before names.
    private var prefixes: Set<String> = []

    private struct FolderOfKind: Hashable {
        var folder: String
        var kind: String
    }

    init(of manifests: [Manifest]) {
        for manifest in manifests {
            let folder = parentFolder(of: manifest.path)
            for other in namedObjects(of: manifest) {
                for kind in other.kinds { asked.insert(ObjectName(kind: kind, name: other.name)) }
            }
            var object = ObjectName(kind: manifest.object.kind, name: manifest.object.name)
            if object.kind == "Certificate", let secret = manifest.root[path: "spec", "secretName"]?.text {
                object.name = secret
            }
            made.insert(object)
            folders[FolderOfKind(folder: folder, kind: object.kind), default: []].append(object.name)
            if object.kind == "ExternalSecret",
                let secret = manifest.root[path: "spec", "target", "name"]?.text
            {
                made.insert(ObjectName(kind: "ExternalSecret", name: secret))
            }
            if !kindsWithoutChildren.contains(object.kind), object.kind.first?.isUppercase ?? false {
                releases.insert(object.name)
            }
            if isKustomizationFile(manifest.path) {
                for chart in manifest.root["helmCharts"]?.elements ?? [] {
                    releases.formUnion([chart["releaseName"]?.text, chart["name"]?.text].compactMap { $0 })
                }
                if let prefix = manifest.root["namePrefix"]?.text { prefixes.insert(prefix) }
            }
            if let namespace = manifest.object.namespace {
                namespaces[folder, default: [:]][namespace, default: 0] += 1
                ofNamespaces[namespace, default: 0] += 1
            }
        }
    }

    /// Whether there is such an object.
    func holds(_ kind: String, _ name: String) -> Bool { made.contains(ObjectName(kind: kind, name: name)) }

    /// The objects of a kind in a folder.
    func names(ofKind kind: String, in folder: String) -> [String] {
        folders[FolderOfKind(folder: folder, kind: kind)] ?? []
    }

    /// Whether a release may bring in what goes by a name.
    func mayBeOfRelease(_ name: String) -> Bool {
        if releases.contains(name) || prefixes.contains(where: name.hasPrefix) { return true }
        var rest = name[...]
        while let dash = rest.lastIndex(of: "-") {
            rest = rest[..<dash]
            if releases.contains(String(rest)) { return true }
        }
        return false
    }

    /// Whether anything but one object is in a namespace, or makes it.
    func isUsed(namespace: String) -> Bool {
        ofNamespaces[namespace, default: 0] > 1 || holds("Namespace", namespace)
    }

    /// How many objects of a folder are in which namespace.
    func namespaces(in folder: String) -> [String: Int] { namespaces[folder] ?? [:] }
}

/// F5, F29 and F30: an object that names another one, which nobody defines, though something of nearly that name, or in the
/// same folder, or under the name that stood there before, is defined.
///
/// Objects that nobody keeps here are brought by installers, so that a name which was asked for before is not judged.
func findUnknownObjects(
    in change: inout FoundChange, surroundings: Surroundings, room: inout ReferenceRoom
) {
    guard change.afterNode != nil, let object = change.change.object,
        let manifest = surroundings.after.object(
            object.kind, named: object.name, preferring: change.change.path),
        manifest.path == change.change.path, manifest.reading == .parsed
    else { return }
    findStrayNamespace(in: &change, of: manifest, surroundings)
    let lines = change.change.line...max(change.change.line, change.change.endLine)
    var named = room.namedObjects(of: manifest).filter { change.path.isEmpty || lines.contains($0.line) }
    // Values of charts name what stands beside them.
    if case .key(let key)? = change.path.last, let kinds = kindsOfValues[key],
        let name = change.afterNode?.text,
        change.beforeNode?.text != nil
    {
        named.append(NamedObject(kinds: kinds, name: name, line: change.change.line))
    }
    guard !named.isEmpty, !change.findings.contains(where: { $0.fault == .danglingReference }) else { return }
    let (before, after) = (surroundings.before.known, surroundings.after.known)
    let folder = parentFolder(of: manifest.path)
    for other in named.prefix(mostNamed) {
        guard !other.name.contains("{"), !other.name.contains("$"),
            !other.kinds.contains(where: { after.holds($0, other.name) }),
            !other.kinds.contains(where: { before.asked.contains(ObjectName(kind: $0, name: other.name)) }),
            !other.kinds.contains("Secret")
                || !surroundings.after.relations.isMadeOtherwise("Secret", other.name),
            !other.kinds.contains("ClusterRole") || !isBuiltIn(other.name)
        else { continue }
        // What a release or an operator brings in is called after it.
        let isBrought = !other.kinds.allSatisfy(kindsOfFlux.contains) && other.kinds != ["Gateway"]
        guard !isBrought || !after.mayBeOfRelease(other.name) else { continue }
        let former = change.beforeNode?.text.flatMap { old in
            // Secrets are made by many.
            change.path.isEmpty || old == other.name || other.kinds.contains("Secret")
                ? nil : other.kinds.contains { after.holds($0, old) } ? old : nil
        }
        // Installers bring accounts that are called alike.
        let isAccount = other.kinds == ["ServiceAccount"]
        let near =
            (isAccount
            ? nearestName(to: other.name, among: after.names(ofKind: "ServiceAccount", in: folder))
            : other.kinds.compactMap { room.names(ofKind: $0).nearest(to: other.name) }.first)
            .flatMap { isOfSeries($0, other.name) ? nil : $0 }
        var beside: String?
        if former == nil, near == nil, !other.kinds.allSatisfy(kindsOfFlux.contains) {
            let isFew = other.kinds.allSatisfy { surroundings.after.count(ofKind: $0) <= 10 }
            let names =
                isFew && !isAccount
                ? other.kinds.flatMap { surroundings.after.manifests(ofKind: $0) }.map(\.object.name)
                : other.kinds.flatMap { after.names(ofKind: $0, in: folder) }
            beside = names.prefix(mostNamed).first { isLike(other.name, $0, isNew: change.path.isEmpty) }
        }
        guard let instead = former ?? near ?? beside else { continue }
        let what =
            other.kinds.contains("Secret")
            ? "nothing makes a Secret called" : "no \(other.kinds.joined(separator: " or ")) is called"
        var finding = FaultFinding(
            .danglingReference, weight: 0.8,
            "\(what) \(other.name); there is \(instead)\(former == nil ? "" : ", which it named before")")
        finding.line = other.line
        change.findings.append(finding)
        return
    }
}

/// Of so many references, and names beside one, the others are not looked at.
private let mostNamed = 50

/// What only people and Flux make.
private let kindsOfFlux: Set = [
    "HelmRelease", "Kustomization", "GitRepository", "HelmRepository", "OCIRepository", "Bucket", "HelmChart",
]

/// Kinds that bring nothing else in.
private let kindsWithoutChildren: Set = [
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "ServiceAccount",
    "ConfigMap",
    "Secret", "Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Gateway", "Role",
    "ClusterRole",
    "RoleBinding", "ClusterRoleBinding", "Namespace", "PersistentVolumeClaim", "PersistentVolume",
    "NetworkPolicy",
    "HorizontalPodAutoscaler", "ScaledObject", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor",
    "Kustomization",
    "GitRepository", "HelmRepository", "OCIRepository", "ExternalSecret", "SecretStore", "ClusterSecretStore",
    "Certificate", "Issuer", "ClusterIssuer", "IngressRoute",
]

/// Whether two names are of one series: they differ in a number, or in their last letter alone.
func isOfSeries(_ a: String, _ b: String) -> Bool {
    a.filter { !$0.isNumber } == b.filter { !$0.isNumber }
        || a.utf8.count == b.utf8.count && a.dropLast() == b.dropLast()
}

/// Whether a name is another one with a word more or less at an end; of what is new only with words that say no more.
private func isLike(_ name: String, _ other: String, isNew: Bool) -> Bool {
    let (short, long) = name.utf8.count < other.utf8.count ? (name, other) : (other, name)
    guard short.utf8.count >= 3 else { return false }
    let word: Substring
    if long.hasPrefix(short + "-") {
        word = long.dropFirst(short.count + 1)
    } else if long.hasSuffix("-" + short) {
        word = long.dropLast(short.count + 1)
    } else {
        return false
    }
    return !isNew || ["svc", "service", "sa", "gateway", "role"].contains(word)
}

/// The roles that every cluster has.
private func isBuiltIn(_ role: String) -> Bool {
    ["admin", "edit", "view", "cluster-admin"].contains(role) || role.hasPrefix("system:")
}

/// What values are called that name an object which the chart does not make.
private let kindsOfValues: [String: [String]] = [
    "existingSecret": ["Secret", "ExternalSecret", "SealedSecret", "SopsSecret"],
    "existingSecretName": ["Secret", "ExternalSecret", "SealedSecret", "SopsSecret"],
    "existingConfigmap": ["ConfigMap"], "existingConfigMap": ["ConfigMap"],
    "existingClaim": ["PersistentVolumeClaim"],
]

/// F29 of a place: a namespace that nothing else of the folder is in, and that is nearly theirs.
private func findStrayNamespace(
    in change: inout FoundChange, of manifest: Manifest, _ surroundings: Surroundings
) {
    guard change.path.isEmpty && change.change.before == nil || change.path.last == .key("namespace"),
        let namespace = manifest.object.namespace, !namespace.contains("{"), !namespace.contains("$"),
        let node = manifest.root["metadata"]?["namespace"]
    else { return }
    let here = surroundings.after.known.namespaces(in: parentFolder(of: manifest.path))
    let others = here.filter { $0.key != namespace }
    guard here[namespace] == 1, !surroundings.after.known.isUsed(namespace: namespace), others.count == 1,
        let (usual, count) = others.first, count >= 2,
        nearestName(to: namespace, among: [usual]) != nil, !isOfSeries(namespace, usual)
    else { return }
    var finding = FaultFinding(
        .danglingReference, weight: 0.8,
        "it is in namespace \(namespace), and the \(count) other objects of the folder are in \(usual)")
    finding.line = node.start.line
    change.findings.append(finding)
}

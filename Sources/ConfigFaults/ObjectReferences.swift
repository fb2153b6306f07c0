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
        for backend in Set(backends(of: manifest)).sorted(by: { $0.line < $1.line }) {
            found.append(NamedObject(kinds: ["Service"], name: backend.service, line: backend.line))
        }
        for tls in spec?["tls"]?.elements ?? [] { add(tls, "secretName", kinds: ["Certificate", "Secret"]) }
    case "Gateway":
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

/// The names of objects that a commit defines, and those that its objects ask for, wherever they come from.
struct KnownObjects: Sendable {
    private(set) var asked: Set<ObjectName> = []
    private var made: Set<ObjectName> = []
    private var folders: [FolderOfKind: [String]] = [:]
    private var namespaces: [String: [String: Int]] = [:]
    /// Releases of charts, which bring objects in that are called after them.
    private var releases: Set<String> = []

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
            if ["HelmRelease", "HelmChart", "Application"].contains(object.kind) {
                releases.insert(object.name)
            }
            if let namespace = manifest.object.namespace {
                namespaces[folder, default: [:]][namespace, default: 0] += 1
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
        if releases.contains(name) { return true }
        var rest = name[...]
        while let dash = rest.lastIndex(of: "-") {
            rest = rest[..<dash]
            if releases.contains(String(rest)) { return true }
        }
        return false
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
    for other in named {
        guard !other.name.contains("{"), !other.name.contains("$"),
            !other.kinds.contains(where: { after.holds($0, other.name) }),
            !other.kinds.contains(where: { before.asked.contains(ObjectName(kind: $0, name: other.name)) }),
            !surroundings.after.relations.isMadeOtherwise("Secret", other.name)
                || other.kinds.last != "Secret"
        else { continue }
        let isService = other.kinds == ["Service"]
        guard !other.kinds.contains("ClusterRole") || !isBuiltIn(other.name) else { continue }
        guard !isService || !after.mayBeOfRelease(other.name) else { continue }
        let former = change.beforeNode?.text.flatMap { old in
            // Secrets are made by many.
            change.path.isEmpty || old == other.name || other.kinds.contains("Secret")
                ? nil : other.kinds.contains { after.holds($0, old) } ? old : nil
        }
        let folder = parentFolder(of: manifest.path)
        // Installers bring accounts that are called alike.
        let isAccount = other.kinds == ["ServiceAccount"]
        let near =
            isAccount
            ? nearestName(to: other.name, among: after.names(ofKind: "ServiceAccount", in: folder))
            : other.kinds.compactMap { room.names(ofKind: $0).nearest(to: other.name) }.first
        let few = other.kinds.flatMap { surroundings.after.manifests(ofKind: $0) }.map(\.object.name)
        // What is installed before something else need not be called like anything.
        let isOfInstaller = other.kinds == ["HelmRelease"] || other.kinds == ["Kustomization"]
        let beside =
            isOfInstaller
            ? nil
            : (few.count <= 10 && !isAccount
                ? few : other.kinds.flatMap { after.names(ofKind: $0, in: folder) })
                .first {
                    near in
                    (near != manifest.object.name || !other.kinds.contains(manifest.object.kind))
                        && (near.hasPrefix(other.name) || other.name.hasPrefix(near)
                            || near.hasSuffix(other.name)
                            || other.name.hasSuffix(near))
                }
        guard let instead = former ?? near ?? beside
        else { continue }
        var finding = FaultFinding(
            .danglingReference, weight: 0.8,
            "no \(other.kinds.joined(separator: " or ")) is called \(other.name); there is \(instead)\(former == nil ? "" : ", which it named before")"
        )
        finding.line = other.line
        change.findings.append(finding)
        return
    }
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
    guard here[namespace] == 1, others.count == 1, let (usual, count) = others.first, count >= 2,
        nearestName(to: namespace, among: [usual]) != nil
    else { return }
    var finding = FaultFinding(
        .danglingReference, weight: 0.8,
        "it is in namespace \(namespace), and the \(count) other objects of the folder are in \(usual)")
    finding.line = node.start.line
    change.findings.append(finding)
}

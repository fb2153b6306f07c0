import ConfigTree
import DeployModel
import Kustomize

/// Where the name of an object stands in another one: an address, the target of an autoscaler, the backend of an Ingress.
struct Naming: Sendable {
    /// The place of the other object among ``ManifestIndex/manifests``.
    var manifest: Int
    var line: Int
    /// The namespace that the address says; `nil` for that of the other object.
    var namespace: String?
    /// What is done with it there: `scales`.
    var verb: String
    /// The port that is asked, where that is all that tells an address.
    var port: String?
}

/// Who names which Services and workloads, of all objects of one commit.
struct ObjectNamings: Sendable {
    private var byName: [ObjectName: [Naming]] = [:]
    /// The files and folders of which a kustomization sets the namespace.
    private var placed: [String] = []

    /// The namespaces that objects say they are in.
    private let namespaces: Set<String>

    init(of manifests: [Manifest]) {
        namespaces = Set(manifests.compactMap(\.object.namespace))
        for (place, manifest) in manifests.enumerated() {
            // The services of a compose file are no objects of a cluster.
            guard manifest.root["apiVersion"] != nil || !isComposeFile(manifest.path) else { continue }
            addTargets(of: manifest, at: place)
            if isKustomizationFile(manifest.path), manifest.root["namespace"] != nil {
                let entries = ["resources", "bases", "components"].flatMap {
                    manifest.root[$0]?.elements ?? []
                }
                placed += entries.compactMap(\.text).compactMap { resolvedPath($0, besides: manifest.path) }
            }
            addAddresses(in: manifest.root, at: place, key: "")
        }
    }

    /// Where an object is named.
    subscript(kind: String, name: String) -> [Naming] { byName[ObjectName(kind: kind, name: name)] ?? [] }

    /// Whether a kustomization that lists a file, or a folder around it, sets the namespace of all that it lists.
    func isPlaced(_ path: String) -> Bool { placed.contains { path == $0 || path.hasPrefix($0 + "/") } }

    private mutating func add(_ kind: String, _ name: String, _ naming: Naming) {
        byName[ObjectName(kind: kind, name: name), default: []].append(naming)
    }

    private mutating func addTargets(of manifest: Manifest, at place: Int) {
        switch manifest.object.kind {
        case "HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler":
            let spec = manifest.root["spec"]
            guard let target = spec?["scaleTargetRef"] ?? spec?["targetRef"], let name = target["name"],
                let text = name.text
            else { return }
            add(
                target["kind"]?.text ?? "Deployment", text,
                Naming(manifest: place, line: name.start.line, verb: "scales"))
        case "StatefulSet":
            guard let name = manifest.root[path: "spec", "serviceName"], let text = name.text else { return }
            add("Service", text, Naming(manifest: place, line: name.start.line, verb: "takes its names from"))
        case "Ingress":
            for backend in Set(backends(of: manifest)) {
                add("Service", backend.service, Naming(manifest: place, line: backend.line, verb: "sends to"))
            }
        default: break
        }
    }

    private mutating func addAddresses(in node: ConfigNode, at place: Int, key: String) {
        switch node.kind {
        case .scalar(let scalar):
            guard key != "image", key != "description",
                scalar.text.utf8.contains(UInt8(ascii: ":")) || scalar.text.holds(".svc")
            else { return }
            for address in clusterAddresses(in: scalar.text)
            // `grafana.com` is somebody else's.
            where address.isSure || address.namespace.map(namespaces.contains) ?? true {
                add(
                    "Service", address.service,
                    Naming(
                        manifest: place, line: node.start.line, namespace: address.namespace,
                        verb: "asks for",
                        port: address.port))
            }
        case .sequence(let elements):
            for element in elements { addAddresses(in: element, at: place, key: key) }
        case .mapping(let entries):
            for entry in entries where !entry.isMerged {
                addAddresses(in: entry.value, at: place, key: entry.key)
            }
        }
    }
}

/// A Service that a text asks for.
struct ClusterAddress: Equatable {
    var service: String
    var namespace: String?
    /// The port, where there is no scheme and nothing else that makes it an address: `postgres:16` may be an image.
    var port: String?
    /// Whether it can be nothing else.
    var isSure = false
}

/// The Services that a text asks for: `http://api:8080/v1`, `api.shop.svc.cluster.local`, `db:5432`.
///
/// Kubernetes, "DNS for Services and Pods": a Service is known by its name in its own namespace, and by name and namespace
/// elsewhere.
func clusterAddresses(in text: String) -> [ClusterAddress] {
    guard text.utf8.count <= 2_000 else { return [] }
    func isOfHost(_ character: Character) -> Bool {
        character.isASCII
            && (character.isLetter || character.isNumber || character == "-" || character == ".")
    }
    func address(_ host: Substring, port: Substring? = nil, hasScheme: Bool) -> ClusterAddress? {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = labels.first, let letter = first.first, letter.isLetter, letter.isLowercase else {
            return nil
        }
        let plain = port.map(String.init)
        switch labels.count {
        case 1 where (hasScheme || plain != nil) && first != "localhost":
            return ClusterAddress(service: String(first), port: hasScheme ? nil : plain)
        case 2 where hasScheme || plain != nil:
            return ClusterAddress(
                service: String(first), namespace: String(labels[1]), port: hasScheme ? nil : plain)
        case 3... where labels[2] == "svc":
            return ClusterAddress(service: String(first), namespace: String(labels[1]), isSure: true)
        default: return nil
        }
    }
    var found: [ClusterAddress] = []
    var rest = text[...]
    while let scheme = rest.place(of: "://") {
        rest = rest[scheme.upperBound...]
        let authority = rest.prefix { !"/?#\"' ,".contains($0) }
        let host =
            (authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority)
            .prefix(while: isOfHost)
        if let own = address(host, hasScheme: true) { found.append(own) }
    }
    guard found.isEmpty, !text.holds("://") else { return found }
    for part in text.split(separator: ",") {
        let host = part.prefix(while: isOfHost)
        let port = part.dropFirst(host.count + 1).prefix { $0.isNumber }
        let hasPort =
            part.dropFirst(host.count).first == ":" && (2...5).contains(port.count)
            && host.count + 1 + port.count == part.count
        guard hasPort || host.count == part.count else { continue }
        if let own = address(host, port: hasPort ? port : nil, hasScheme: false) { found.append(own) }
    }
    return found
}

/// F5: an object goes, gets another name or moves to another namespace, and others still name it as it was.
func findStillNamed(
    in change: inout FoundChange, surroundings: Surroundings, room: inout ReferenceRoom
) {
    guard change.path.isEmpty, let object = change.change.object else { return }
    if change.change.after == nil {
        guard surroundings.after.objects(object.kind, named: object.name).isEmpty else { return }
        // A release of that name may bring it in.
        let releases: Set = ["HelmRelease", "Application", "HelmChart"]
        guard
            !surroundings.after.manifests(named: object.name).contains(where: {
                releases.contains($0.object.kind)
            })
        else { return }
        let ports = Set(
            (change.beforeNode?[path: "spec", "ports"]?.elements ?? []).compactMap { $0["port"]?.text })
        let chart = object.name.contains("{") ? folderOfChart(change.change.path) : nil
        let users = surroundings.after.namings[object.kind, object.name].filter { naming in
            if let port = naming.port, !ports.contains(port) { return false }
            // What a template calls it is another name in each chart.
            if let chart, folderOfChart(surroundings.after.manifests[naming.manifest].path) != chart {
                return false
            }
            guard
                let said = naming.namespace ?? surroundings.after.manifests[naming.manifest].object.namespace
            else {
                return true
            }
            return object.namespace.map { $0 == said } ?? (naming.namespace == nil)
        }
        guard let told = told(users, surroundings.after, from: change.change.path) else { return }
        change.findings.append(
            FaultFinding(
                .danglingReference, "\(told.text), and no \(object.kind) is called \(object.name) any more"))
        let new = room.newNames(ofKind: object.kind, in: change.change.path)
        if new.count == 1, users.count <= 3 {
            change.mend = "write \(new[0]) instead of \(object.name) at \(told.places)"
        }
    } else if change.change.before == nil, let namespace = object.namespace {
        guard let former = formerNamespace(of: object, namespace, surroundings) else { return }
        let index = surroundings.after
        // One that kustomizations put into a namespace is not where its own text says.
        guard !index.namings.isPlaced(change.change.path) else { return }
        func isLeft(_ place: Int) -> Bool { index.manifests[place].object.namespace == former }
        var users = index.namings[object.kind, object.name].filter { naming in
            naming.namespace.map { $0 == former } ?? isLeft(naming.manifest)
        }
        users += index.placesReferring(to: object).filter { isLeft($0.manifest) }
        guard let told = told(users, index, from: change.change.path) else { return }
        var finding = FaultFinding(
            .danglingReference,
            "it is in namespace \(namespace) now (was \(former)): \(told.text) in \(former)")
        finding.line = change.afterNode?["metadata"]?.entry("namespace")?.keyMark.line
        change.findings.append(finding)
    }
}

/// The folder of the chart that a template belongs to, else the folder that a file is in.
private func folderOfChart(_ path: String) -> Substring {
    if let templates = path[...].place(of: "/templates/") { return path[..<templates.lowerBound] }
    return path.lastIndex(of: "/").map { path[..<$0] } ?? ""
}

/// The namespace that an object was in before, where it is in another one now and nothing of its name stayed.
private func formerNamespace(
    of object: ConfigObject, _ namespace: String, _ surroundings: Surroundings
) -> String? {
    func namespaces(_ index: ManifestIndex) -> Set<String?> {
        Set(index.objects(object.kind, named: object.name).map(\.object.namespace))
    }
    let before = namespaces(surroundings.before)
    guard before.count == 1, let former = before.first ?? nil, former != namespace,
        namespaces(surroundings.after) == [namespace], !former.contains("{"), !namespace.contains("{")
    else { return nil }
    return former
}

/// Some users of an object in words, and where they stand; `nil` for none.
private func told(
    _ users: [Naming], _ index: ManifestIndex, from path: String
) -> (text: String, places: String)? {
    guard !users.isEmpty else { return nil }
    func place(_ naming: Naming) -> String {
        let manifest = index.manifests[naming.manifest]
        return manifest.path == path ? "line \(naming.line)" : "\(manifest.path):\(naming.line)"
    }
    let shown = users.prefix(3)
    let parts = shown.map { "\(index.manifests[$0.manifest].object.name) (\(place($0))) still \($0.verb) it" }
    let more = users.count > shown.count ? " and \(users.count - shown.count) more" : ""
    return (parts.joined(separator: ", ") + more, shown.map(place).joined(separator: " and "))
}

extension ManifestIndex {
    /// Where pods refer to an object.
    fileprivate func placesReferring(to object: ConfigObject) -> [Naming] {
        let name = ObjectName(kind: object.kind, name: object.name)
        var referring = relations.references[name] ?? []
        if object.kind == "ServiceAccount" { referring += relations.accountUsers[object.name] ?? [] }
        guard !referring.isEmpty else { return [] }
        return referring.compactMap { user in
            let workload = workloads[user.workload]
            return places(named: workload.object.name) {
                $0.path == workload.path && $0.object == workload.object
            }
            .first.map { Naming(manifest: $0, line: user.line, verb: "refers to") }
        }
    }
}

import ConfigTree
public import DeployModel

/// Lines of a file.
public struct SourceSpan: Sendable, Hashable {
    /// The file, from the repository's root.
    public var path: String
    /// The lines, from 1.
    public var lines: ClosedRange<Int>

    /// Lines of a file.
    public init(path: String, lines: ClosedRange<Int>) {
        self.path = path
        self.lines = lines
    }
}

/// One object that a kustomization puts out.
public struct RenderedObject: Sendable {
    /// The object as it is applied, but for the hash that generated names end with.
    public internal(set) var tree: RenderedTree { didSet { present = ObjectIdentity(tree) } }
    /// What the tree says that it is called: asked for by every patch of a kustomization.
    private var present: ObjectIdentity?
    /// The file that it stands in, or the kustomization that generates it, with its line there.
    public let origin: Occurrence
    /// What it is called where it stands, before anything renamed it.
    public let original: ObjectIdentity
    /// Whether applying adds a hash of ten letters to its name.
    public internal(set) var hasHash = false
    /// Whether a generator made it.
    public internal(set) var isGenerated = false
    /// Everything that has a say in it: its own lines, those of the patches and of the entries that change it, the
    /// lines that list it; lines of a file that is taken whole are all its lines.
    public internal(set) var sources: Set<SourceSpan>

    /// The identities it had, the oldest first, without the present one.
    var formerIdentities: [ObjectIdentity] = []
    /// What was put before and behind its name, the innermost first.
    var prefixes: [String] = []
    var suffixes: [String] = []

    init?(_ tree: RenderedTree, origin: Occurrence, source: SourceSpan) {
        guard let identity = ObjectIdentity(tree) else { return nil }
        self.tree = tree
        self.origin = origin
        original = identity
        present = identity
        sources = [source]
    }

    /// What it is called now.
    public var identity: ObjectIdentity { present ?? original }
}

extension RenderedObject {
    /// All identities that it goes by.
    var identities: [ObjectIdentity] { formerIdentities + [identity] }

    /// Keeps the present identity, before it becomes another.
    mutating func keepIdentity() {
        let present = identity
        if formerIdentities.last != present { formerIdentities.append(present) }
    }

    /// Whether it goes, or went, by an identity.
    func goes(by identity: ObjectIdentity) -> Bool { identities.contains { $0.matches(identity) } }
}

/// How objects of Kubernetes are told apart.
public struct ObjectIdentity: Sendable, Hashable {
    /// `apps`; empty for the core.
    public var group: String
    /// `v1`
    public var version: String
    /// `Deployment`
    public var kind: String
    /// Its name.
    public var name: String
    /// Its namespace; empty where the object says none.
    public var namespace: String

    /// An identity.
    public init(group: String, version: String, kind: String, name: String, namespace: String) {
        self.group = group
        self.version = version
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    /// - Returns: `nil` for what has no kind and name.
    init?(_ tree: RenderedTree) {
        guard let kind = tree["kind"]?.text, let metadata = tree["metadata"],
            let name = metadata["name"]?.text ?? metadata["generateName"]?.text
        else { return nil }
        let (group, version) = Self.parts(ofVersion: tree["apiVersion"]?.text ?? "")
        self.init(
            group: group, version: version, kind: kind, name: name,
            namespace: metadata["namespace"]?.text ?? "")
    }

    /// `apps/v1` taken apart.
    static func parts(ofVersion text: String) -> (group: String, version: String) {
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else { return ("", text) }
        let (group, version) = (text[..<slash], text[text.utf8.index(after: slash)...])
        if !group.isEmpty, !version.isEmpty, !version.hasPrefix("/") {
            return (String(group), String(version))
        }
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : ("", parts.first ?? "")
    }

    /// Whether objects of the kind stand outside of all namespaces.
    var isOfCluster: Bool { clusterKinds.contains(kind) }

    /// The namespace that counts: objects that say none are of `default`.
    var effectiveNamespace: String {
        isOfCluster ? "" : namespace.isEmpty ? "default" : namespace
    }

    /// Whether both name the same object.
    func matches(_ other: ObjectIdentity) -> Bool {
        name == other.name && kind == other.kind && group == other.group && version == other.version
            && effectiveNamespace == other.effectiveNamespace
    }
}

private let clusterKinds: Set<String> = [
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ComponentStatus", "CustomResourceDefinition", "FlowSchema", "IngressClass",
    "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PodSecurityPolicy",
    "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "StorageClass",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "VolumeAttachment",
]

extension RenderedObject {
    /// The specification of its pods; `nil` for what makes none.
    public var podSpec: RenderedTree? {
        switch identity.kind {
        case "Pod": tree["spec"]
        case "CronJob": tree[path: "spec", "jobTemplate", "spec", "template", "spec"]
        case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
            tree[path: "spec", "template", "spec"]
        default: nil
        }
    }

    /// The containers of its pods, those that go first included.
    public var containers: [RenderedTree] {
        (podSpec?["initContainers"]?.elements ?? []) + (podSpec?["containers"]?.elements ?? [])
    }
}

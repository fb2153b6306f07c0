/// Where inside an object a merge is, as far as it decides how lists merge: by a field, or not at all.
///
/// Only objects of Kubernetes itself have such lists; those of other kinds replace each other.
struct MergePlace: Sendable {
    private enum Shape: Sendable {
        case object(ObjectIdentity)
        case metadata
        case jobTemplateSpec
        case workloadSpec
        case jobTemplate
        case template
        case podSpec
        case container
        case serviceSpec
        case other
    }

    private var shape: Shape

    /// The root of an object.
    init(_ identity: ObjectIdentity) { shape = .object(identity) }
    private init(_ shape: Shape) { self.shape = shape }

    /// How the elements of a list are known: by the first field, and by the second where both sides have it.
    struct Keys: Sendable {
        var primary: String
        var secondary: String?
    }

    /// The place at a key, and how its elements are known where it is a list that merges.
    func step(_ key: String) -> (place: MergePlace, keys: Keys?) {
        let other = MergePlace(.other)
        switch (shape, key) {
        case (.object(let identity), "metadata") where isBuiltIn(identity):
            return (MergePlace(.metadata), nil)
        case (.object(let identity), _) where isBuiltIn(identity):
            switch (identity.kind, key) {
            case ("Pod", "spec"): return (MergePlace(.podSpec), nil)
            case ("PodTemplate", "template"): return (MergePlace(.template), nil)
            case ("CronJob", "spec"): return (MergePlace(.jobTemplateSpec), nil)
            case ("Service", "spec"): return (MergePlace(.serviceSpec), nil)
            case ("ServiceAccount", "secrets"): return (other, Keys(primary: "name"))
            case (_, "spec") where workloadKinds.contains(identity.kind):
                return (MergePlace(.workloadSpec), nil)
            default: return (other, nil)
            }
        case (.metadata, "ownerReferences"): return (other, Keys(primary: "uid"))
        case (.jobTemplateSpec, "jobTemplate"): return (MergePlace(.jobTemplate), nil)
        case (.jobTemplate, "spec"): return (MergePlace(.workloadSpec), nil)
        case (.workloadSpec, "template"): return (MergePlace(.template), nil)
        case (.template, "spec"): return (MergePlace(.podSpec), nil)
        case (.serviceSpec, "ports"): return (other, Keys(primary: "port", secondary: "protocol"))
        case (.podSpec, "containers"), (.podSpec, "initContainers"), (.podSpec, "ephemeralContainers"):
            return (MergePlace(.container), Keys(primary: "name"))
        case (.podSpec, "volumes"), (.podSpec, "imagePullSecrets"): return (other, Keys(primary: "name"))
        case (.podSpec, "hostAliases"): return (other, Keys(primary: "ip"))
        case (.podSpec, "topologySpreadConstraints"):
            return (other, Keys(primary: "topologyKey", secondary: "whenUnsatisfiable"))
        case (.container, "env"): return (other, Keys(primary: "name"))
        case (.container, "ports"): return (other, Keys(primary: "containerPort", secondary: "protocol"))
        case (.container, "volumeMounts"): return (other, Keys(primary: "mountPath"))
        case (.container, "volumeDevices"): return (other, Keys(primary: "devicePath"))
        default: return (other, nil)
        }
    }
}

private let workloadKinds: Set<String> = [
    "DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet",
]

/// Objects whose lists kustomize knows: those of the groups of Kubernetes, in versions that it still has.
private func isBuiltIn(_ identity: ObjectIdentity) -> Bool {
    switch (identity.group, identity.version) {
    case ("", "v1"), ("apps", "v1"), ("batch", "v1"), ("batch", "v1beta1"): true
    default: false
    }
}

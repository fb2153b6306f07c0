/// A place in objects of some kinds, as kustomize's tables of fields name them: lists on the way are gone through.
struct FieldPlace: Sendable {
    var path: [String]
    /// The kind of the objects; any where there is none.
    var kind: String?
    /// Their group; any where there is none.
    var group: String?
    /// Whether it is made where it is not.
    var isCreated: Bool

    init(_ path: String, _ kind: String? = nil, group: String? = nil, isCreated: Bool = true) {
        self.path = path.split(separator: "/").map(String.init)
        self.kind = kind
        self.group = group
        self.isCreated = isCreated
    }

    func isOf(_ identity: ObjectIdentity) -> Bool {
        (kind.map { $0 == identity.kind } ?? true) && (group.map { $0 == identity.group } ?? true)
    }
}

extension FieldPlace {
    static let labels = [FieldPlace("metadata/labels")]

    /// The labels of pods, and of what else an object makes.
    static let templateLabels: [FieldPlace] =
        ["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet"].map {
            FieldPlace("spec/template/metadata/labels", $0)
        } + [
            FieldPlace("spec/template/metadata/labels", "StatefulSet", group: "apps"),
            FieldPlace("spec/template/metadata/labels", "Job", group: "batch"),
            FieldPlace("spec/jobTemplate/metadata/labels", "CronJob", group: "batch"),
            FieldPlace("spec/jobTemplate/spec/template/metadata/labels", "CronJob", group: "batch"),
        ]

    static let claimLabels = [
        FieldPlace("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", group: "apps")
    ]

    static let selectors: [FieldPlace] =
        [
            FieldPlace("spec/selector", "Service", group: ""),
            FieldPlace("spec/selector", "ReplicationController", group: ""),
            FieldPlace("spec/selector/matchLabels", "Deployment"),
            FieldPlace("spec/selector/matchLabels", "ReplicaSet"),
            FieldPlace("spec/selector/matchLabels", "DaemonSet"),
            FieldPlace("spec/selector/matchLabels", "StatefulSet", group: "apps"),
            FieldPlace("spec/selector/matchLabels", "Job", group: "batch", isCreated: false),
            FieldPlace(
                "spec/jobTemplate/spec/selector/matchLabels", "CronJob", group: "batch", isCreated: false),
            FieldPlace("spec/selector/matchLabels", "PodDisruptionBudget", group: "policy", isCreated: false),
        ]
        + ["podSelector", "ingress/from/podSelector", "egress/to/podSelector"].map {
            FieldPlace(
                "spec/\($0)/matchLabels", "NetworkPolicy", group: "networking.k8s.io", isCreated: false)
        }
        + ["Deployment", "StatefulSet"].flatMap { kind in
            affinityTerms.map {
                FieldPlace("spec/template/spec/\($0)/matchLabels", kind, group: "apps", isCreated: false)
            }
        }

    private static let affinityTerms =
        ["podAffinity", "podAntiAffinity"].flatMap { affinity in
            [
                "affinity/\(affinity)/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector",
                "affinity/\(affinity)/requiredDuringSchedulingIgnoredDuringExecution/labelSelector",
            ]
        } + ["topologySpreadConstraints/labelSelector"]

    static let annotations: [FieldPlace] =
        [FieldPlace("metadata/annotations")]
        + ["ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"].map {
            FieldPlace("spec/template/metadata/annotations", $0)
        } + [
            FieldPlace("spec/template/metadata/annotations", "Job", group: "batch"),
            FieldPlace("spec/jobTemplate/metadata/annotations", "CronJob", group: "batch"),
            FieldPlace("spec/jobTemplate/spec/template/metadata/annotations", "CronJob", group: "batch"),
        ]

    /// Where the values of `vars` may stand.
    static let variables: [FieldPlace] =
        podSpecs.flatMap { kind, spec in
            ["containers", "initContainers"].flatMap { list in
                ["args", "command", "env/value", "volumeMounts/mountPath"].map {
                    FieldPlace("\(spec)/\(list)/\($0)", kind, isCreated: false)
                }
            } + [FieldPlace("\(spec)/volumes/nfs/server", kind, isCreated: false)]
        } + [
            FieldPlace("spec/template/metadata/annotations", "Deployment", isCreated: false),
            FieldPlace("spec/rules/host", "Ingress", isCreated: false),
            FieldPlace("spec/tls/hosts", "Ingress", isCreated: false),
            FieldPlace("spec/tls/secretName", "Ingress", isCreated: false),
            FieldPlace("spec/ports/port", "Service", isCreated: false),
            FieldPlace("spec/ports/targetPort", "Service", isCreated: false),
            FieldPlace("metadata/labels", isCreated: false),
            FieldPlace("metadata/annotations", isCreated: false),
        ]

    /// Where the pods of an object are specified.
    static let podSpecs: [(kind: String, path: String)] =
        [("Pod", "spec"), ("CronJob", "spec/jobTemplate/spec/template/spec")]
        + ["DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"].map { ($0, "spec/template/spec") }
}

/// A field that names another object.
struct ReferencePlace: Sendable {
    /// The kind that is named, and its group where that matters.
    var target: String
    var targetGroup: String?
    var place: FieldPlace

    private init(
        _ target: String, group: String? = nil, _ path: String, _ kind: String, of group2: String? = nil
    ) {
        self.target = target
        targetGroup = group
        place = FieldPlace(path, kind, group: group2, isCreated: false)
        // Keys that hold a slash.
        place.path = place.path.map { $0.replacing("~", with: "/") }
    }

    /// All of them, by the kind of the object that refers.
    static let byKind: [String: [ReferencePlace]] = Dictionary(grouping: all) { $0.place.kind ?? "" }

    private static let all: [ReferencePlace] =
        inPods + [
            ReferencePlace("ConfigMap", "rules/resourceNames", "Role"),
            ReferencePlace("ConfigMap", "rules/resourceNames", "ClusterRole"),
            ReferencePlace(
                "ConfigMap", "metadata/annotations/nginx.ingress.kubernetes.io~fastcgi-params-configmap",
                "Ingress"),
            ReferencePlace("Secret", "rules/resourceNames", "Role"),
            ReferencePlace("Secret", "rules/resourceNames", "ClusterRole"),
            ReferencePlace("Secret", "spec/tls/secretName", "Ingress"),
            ReferencePlace("Secret", "imagePullSecrets/name", "ServiceAccount"),
            ReferencePlace("Secret", "parameters/secretName", "StorageClass"),
            ReferencePlace("Secret", "parameters/adminSecretName", "StorageClass"),
            ReferencePlace("Secret", "parameters/userSecretName", "StorageClass"),
            ReferencePlace("Secret", "parameters/secretRef", "StorageClass"),
            ReferencePlace("Secret", "spec/azureFile/secretName", "PersistentVolume"),
            ReferencePlace("Service", "spec/serviceName", "StatefulSet", of: "apps"),
            ReferencePlace("Service", "spec/rules/http/paths/backend/serviceName", "Ingress"),
            ReferencePlace("Service", "spec/backend/serviceName", "Ingress"),
            ReferencePlace("Service", "spec/rules/http/paths/backend/service/name", "Ingress"),
            ReferencePlace("Service", "spec/defaultBackend/service/name", "Ingress"),
            ReferencePlace("Service", "spec/service/name", "APIService"),
            ReferencePlace("Service", "webhooks/clientConfig/service", "ValidatingWebhookConfiguration"),
            ReferencePlace("Service", "webhooks/clientConfig/service", "MutatingWebhookConfiguration"),
            ReferencePlace("Role", group: "rbac.authorization.k8s.io", "roleRef/name", "RoleBinding"),
            ReferencePlace("ClusterRole", group: "rbac.authorization.k8s.io", "roleRef/name", "RoleBinding"),
            ReferencePlace(
                "ClusterRole", group: "rbac.authorization.k8s.io", "roleRef/name", "ClusterRoleBinding"),
            ReferencePlace("ServiceAccount", "subjects", "RoleBinding"),
            ReferencePlace("ServiceAccount", "subjects", "ClusterRoleBinding"),
            ReferencePlace("PersistentVolume", "spec/volumeName", "PersistentVolumeClaim"),
            ReferencePlace("PersistentVolume", "rules/resourceNames", "ClusterRole"),
            ReferencePlace("StorageClass", "spec/storageClassName", "PersistentVolume"),
            ReferencePlace("StorageClass", "spec/storageClassName", "PersistentVolumeClaim"),
            ReferencePlace("StorageClass", "spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
        ]
        + ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"].map {
            ReferencePlace($0, "spec/scaleTargetRef/name", "HorizontalPodAutoscaler")
        }

    private static let inPods: [ReferencePlace] = FieldPlace.podSpecs.flatMap { kind, spec in
        let inContainers = ["containers", "initContainers"].flatMap { list in
            [
                ("ConfigMap", "\(list)/env/valueFrom/configMapKeyRef/name"),
                ("ConfigMap", "\(list)/envFrom/configMapRef/name"),
                ("Secret", "\(list)/env/valueFrom/secretKeyRef/name"),
                ("Secret", "\(list)/envFrom/secretRef/name"),
            ]
        }
        let inPod = [
            ("ConfigMap", "volumes/configMap/name"),
            ("ConfigMap", "volumes/projected/sources/configMap/name"),
            ("Secret", "volumes/secret/secretName"), ("Secret", "volumes/projected/sources/secret/name"),
            ("Secret", "imagePullSecrets/name"), ("ServiceAccount", "serviceAccountName"),
            ("PersistentVolumeClaim", "volumes/persistentVolumeClaim/claimName"),
            ("PriorityClass", "priorityClassName"),
        ]
        return (inContainers + inPod).map { ReferencePlace($0.0, "\(spec)/\($0.1)", kind) }
    }
}

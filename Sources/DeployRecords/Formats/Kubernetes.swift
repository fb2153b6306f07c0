import ConfigTree
import DeployModel

extension RecordFormat {
    /// `kubectl get replicasets,deployments,controllerrevisions -o json`: the templates that workloads had.
    static let kubernetes = RecordFormat(
        name: "Kubernetes workloads",
        export: "kubectl get replicasets,deployments -n NAMESPACE -o json",
        reads: {
            ["ReplicaSet", "ControllerRevision", "Deployment", "StatefulSet", "DaemonSet"].contains(
                $0.word("kind"))
                && $0.hasObject("metadata")
        },
        read: readWorkloads)
}

/// A template that a workload had: a ReplicaSet, or a ControllerRevision.
private struct Template {
    var node: ConfigNode
    /// Its number, which a rollback raises while the object stays the old one.
    var revision: Int
    /// The numbers that it had before, by which it was rolled back to.
    var earlier: [Int]
    var owner: String
    var created: RecordTime?

    init?(_ node: ConfigNode) {
        let owner = node["metadata"]?.list("ownerReferences").first {
            ["Deployment", "StatefulSet", "DaemonSet", "Rollout"].contains($0.word("kind"))
        }
        let annotations = node["metadata"]?["annotations"]
        guard let name = owner?.word("name"),
            let revision =
                (annotations?.word("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
                ?? node.word("revision")).flatMap({ Int($0) })
        else { return nil }
        self.node = node
        self.owner = name
        self.revision = revision
        earlier =
            annotations?.word("deployment.kubernetes.io/revision-history")?.split(separator: ",").compactMap {
                Int($0)
            }
            ?? []
        created = node.word(at: "metadata", "creationTimestamp").flatMap { RecordTime($0) }
    }

    var namespace: String? { node.word(at: "metadata", "namespace") }

    var specification: ConfigNode? { node["spec"]?["template"] ?? node["data"]?["spec"]?["template"] }

    var images: [String] {
        specification?["spec"]?.list("containers").compactMap { $0.word("image") } ?? []
    }

    /// The images that are called like the workload, else the first one.
    var mainImages: [String] {
        let own = images.filter { image in
            let name = image.prefix { $0 != "@" }.split(separator: "/").last?.prefix { $0 != ":" } ?? ""
            return !name.isEmpty && (owner.contains(name) || name.contains(owner))
        }
        return own.isEmpty ? Array(images.prefix(1)) : own
    }

    /// Whether it differs from another one only by the time of a restart.
    func isRestart(of other: Template) -> Bool {
        let key = "kubectl.kubernetes.io/restartedAt"
        func restarted(_ template: Template) -> String? {
            template.specification?["metadata"]?["annotations"]?.word(key)
        }
        return restarted(self) != nil && restarted(self) != restarted(other) && images == other.images
            && specification?["spec"].map(written) == other.specification?["spec"].map(written)
    }
}

/// The values of a tree, without the places where they stand.
private func written(_ node: ConfigNode) -> String {
    switch node.kind {
    case .scalar(let scalar): scalar.text
    case .sequence(let elements): "[" + elements.map(written).joined(separator: ",") + "]"
    case .mapping(let entries):
        "{" + entries.map { "\($0.key):\(written($0.value))" }.sorted().joined(separator: ",") + "}"
    }
}

private func readWorkloads(_ nodes: [ConfigNode]) -> FormatReading {
    var reading = FormatReading()
    let templates = nodes.filter { ["ReplicaSet", "ControllerRevision"].contains($0.word("kind")) }
    let workloads = nodes.filter { !["ReplicaSet", "ControllerRevision"].contains($0.word("kind")) }
    guard !templates.isEmpty else {
        for workload in workloads {
            reading.skip(
                workload,
                "a \(workload.word("kind") ?? "workload") does not say when it changed: add its ReplicaSets or "
                    + "ControllerRevisions")
        }
        return reading
    }
    let known = templates.compactMap { node -> Template? in
        let template = Template(node)
        if template == nil { reading.skip(node, "no Deployment, StatefulSet or DaemonSet owns it") }
        return template
    }
    let byOwner = Dictionary(grouping: known) { "\($0.namespace ?? "")/\($0.owner)" }
    for key in byOwner.keys.sorted() {
        let own = (byOwner[key] ?? []).sorted { $0.revision < $1.revision }
        let workload = workloads.first {
            "\($0.word(at: "metadata", "namespace") ?? "")/\($0.word(at: "metadata", "name") ?? "")" == key
        }
        read(own, of: workload, &reading)
    }
    return reading
}

private func read(_ templates: [Template], of workload: ConfigNode?, _ reading: inout FormatReading) {
    for (index, template) in templates.enumerated() {
        let previous = index > 0 ? templates[index - 1] : nil
        // What was created before the template that it follows came back: its creation is not this deploy's time.
        let isReused =
            !template.earlier.isEmpty
            || templates[..<index].contains { other in
                guard let own = template.created, let others = other.created else { return false }
                return own.instant < others.instant
            }
        if isReused {
            var first = record(of: template, after: nil)
            first.id = template.earlier.first.map { "\(template.owner)/\($0)" } ?? "\(template.owner)/first"
            first.began(at: template.created)
            reading.records.append(first)
        }
        var record = record(of: template, after: previous)
        record.isRollback = isReused
        if !isReused {
            record.began(at: template.created)
        }
        if let workload, revision(of: workload) == template.revision {
            apply(workload, to: &record)
        }
        if record.times == nil, isReused {
            reading.warn(
                "rollback_time_unknown",
                "\(template.owner) went back to an earlier template in revision \(template.revision), at a time that its "
                    + "ReplicaSet does not say",
                "add the Deployment to the export: kubectl get rs,deploy -o json")
        } else {
            reading.records.append(record)
        }
    }
}

private func record(of template: Template, after previous: Template?) -> DeployRecord {
    var record = DeployRecord(line: template.node.start.line)
    record.id = "\(template.owner)/\(template.revision)"
    record.service = template.owner
    record.environment = template.namespace
    let cause = template.node["metadata"]?["annotations"]?.word("kubernetes.io/change-cause")
    let changed = template.images.filter { !(previous?.images.contains($0) ?? false) }
    // A sidecar's tag would name some other program's commit: of a first template only the main image counts.
    record.refer(to: (previous == nil ? template.mainImages : changed).map(imageTag))
    record.refer(to: commitNames(in: cause))
    if changed.isEmpty { record.refer(to: template.mainImages.map(imageTag)) }
    if let previous, template.isRestart(of: previous) {
        record.title = cause ?? "restart"
    } else {
        record.title = cause ?? (changed.isEmpty ? nil : changed.joined(separator: ", "))
    }
    return record
}

private func revision(of workload: ConfigNode) -> Int? {
    workload["metadata"]?["annotations"]?.word("deployment.kubernetes.io/revision").flatMap { Int($0) }
}

/// What a Deployment's conditions say of its newest template: when it was available, or that it never was.
private func apply(_ workload: ConfigNode, to record: inout DeployRecord) {
    let condition = workload["status"]?.list("conditions").first { $0.word("type") == "Progressing" }
    switch condition?.word("reason") {
    case "NewReplicaSetAvailable": record.ended(condition?.word("lastUpdateTime"))
    case "ProgressDeadlineExceeded":
        record.status = .failed
        record.ended(condition?.word("lastUpdateTime"))
    default: break
    }
}

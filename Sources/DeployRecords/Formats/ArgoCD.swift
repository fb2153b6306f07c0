import ConfigTree
import DeployModel

extension RecordFormat {
    /// Applications of Argo CD: `argocd app get APP -o json`, `kubectl get applications.argoproj.io -A -o json`. Their history
    /// holds syncs that succeeded; a failure shows only in the latest operation.
    static let argoCD = RecordFormat(
        name: "Argo CD applications",
        export: "argocd app get APP -o json",
        reads: {
            $0.word("kind") == "Application"
                && ($0.word("apiVersion")?.hasPrefix("argoproj.io")
                    ?? ($0["status"]?.hasAny("history", "sync") ?? false))
        },
        read: { nodes in
            var reading = FormatReading()
            for node in nodes {
                let own = syncs(node)
                if own.isEmpty { reading.skip(node, "its status has neither a history nor an operation") }
                reading.records += own
            }
            return reading
        })
}

private func syncs(_ application: ConfigNode) -> [DeployRecord] {
    let status = application["status"]
    let history = status?.list("history") ?? []
    var records = history.map { entry in
        var record = sync(of: application, entry, line: entry.start.line)
        record.id = application.word(at: "metadata", "name").flatMap { name in
            entry.word("id").map { "\(name)/\($0)" }
        }
        record.author = entry.word(at: "initiatedBy", "username")
        record.began(entry.word("deployStartedAt"))
        record.ended(entry.word("deployedAt"))
        return record
    }
    if let operation = status?["operationState"], let latest = latestOperation(operation, of: application) {
        let isTold = records.contains { record in
            guard let own = record.times?.start, let other = latest.times?.start else { return false }
            return abs(own.seconds(since: other)) <= 5
                && (record.times?.finish == latest.times?.finish || record.references == latest.references)
        }
        if latest.status != .deployed || !isTold { records.append(latest) }
    }
    return records
}

/// The latest operation: what failed, runs, or synced only some resources is told nowhere else.
private func latestOperation(_ operation: ConfigNode, of application: ConfigNode) -> DeployRecord? {
    guard operation["operation"]?["sync"]?.says("dryRun") != true else { return nil }
    var record = sync(
        of: application, operation["syncResult"] ?? operation, line: operation.start.line)
    record.id = application.word(at: "metadata", "name").flatMap { name in
        operation.word("startedAt").map { "\(name)/\($0)" }
    }
    record.author = operation["operation"]?.word(at: "initiatedBy", "username")
    record.began(operation.word("startedAt"))
    record.ended(operation.word("finishedAt"))
    record.status = RecordStatus(operation.word("phase"))
    if record.status == .failed { record.title = operation.word("message") }
    return record
}

/// What history and operation have in common. A revision of a chart is a version, that of an OCI artifact a digest; with
/// several sources the first commit counts.
private func sync(of application: ConfigNode, _ result: ConfigNode, line: Int) -> DeployRecord {
    var record = DeployRecord(line: line)
    record.service = application.word(at: "metadata", "name")
    let destination = application["spec"]?["destination"]
    record.environment = destination?.word("namespace", "name")
    let revisions = [result.word("revision")].compactMap { $0 } + result.words("revisions")
    let commits = revisions.filter(isCommitName)
    record.refer(to: commits.first ?? revisions.first { !$0.hasPrefix("sha256:") })
    return record
}

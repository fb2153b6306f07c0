import ConfigTree

extension RecordFormat {
    /// `GET /v1/deployments` and `GET /v1/job/J/versions`. Versions say which image ran, and when where the deployment is of a
    /// server too old to say so itself.
    static let nomad = RecordFormat(
        name: "Nomad deployments",
        export: "GET /v1/job/JOB/deployments, and /v1/job/JOB/versions into the same file",
        reads: { isDeployment($0) || ($0.has("SubmitTime", "Version")) },
        read: { nodes in
            let deployments = nodes.filter(isDeployment)
            let versions = nodes.filter { $0.has("SubmitTime", "Version") }
            func key(_ job: String?, _ version: String?) -> String { "\(job ?? "")/\(version ?? "")" }
            let byKey = Dictionary(
                versions.map { (key($0.word("ID", "Name"), $0.word("Version")), $0) },
                uniquingKeysWith: { first, _ in first })
            guard !deployments.isEmpty else { return FormatReading(versions.map(version)) }
            return FormatReading(
                deployments.map { deployment($0, of: byKey[key($0.word("JobID"), $0.word("JobVersion"))]) })
        })
}

/// Evaluations have a job and a status, too, but no version of the job.
private func isDeployment(_ node: ConfigNode) -> Bool {
    node.has("JobID", "Status") && node.hasAny("JobVersion", "TaskGroups")
}

private func version(_ node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    let name = node.word("ID", "Name")
    record.service = name
    record.environment = node.word("Namespace").flatMap { $0 == "default" ? nil : $0 }
    record.id = name.flatMap { name in node.word("Version").map { "\(name)/\($0)" } }
    let meta = node["Meta"]
    record.refer(to: meta?.word("commit", "git_commit", "git_sha", "sha", "revision", "COMMIT", "GIT_SHA"))
    let tasks = node.list("TaskGroups").flatMap { $0.list("Tasks") }
    record.refer(to: tasks.map { $0.word(at: "Config", "image").flatMap(imageTag) })
    record.refer(to: meta?.word("version", "tag"))
    record.began(node.word("SubmitTime"))
    return record
}

private func deployment(_ node: ConfigNode, of job: ConfigNode?) -> DeployRecord {
    var record = job.map(version) ?? DeployRecord(line: node.start.line)
    record.line = node.start.line
    record.service = node.word("JobID")
    record.id =
        node.word("JobID").flatMap { name in node.word("JobVersion").map { "\(name)/\($0)" } }
        ?? node.word("ID")
    record.environment = node.word("Namespace").flatMap { $0 == "default" ? nil : $0 }
    if let created = node.word("CreateTime"), created != "0" { record.began(created) }
    record.status = RecordStatus(node.word("Status"))
    let isOver = ["successful", "failed", "cancelled"].contains(node.word("Status"))
    if isOver, let modified = node.word("ModifyTime"), modified != "0" { record.ended(modified) }
    record.title = record.status == .failed ? node.word("StatusDescription") : nil
    return record
}

import ConfigTree

extension RecordFormat {
    /// Pipelines, which know the commit, and their workflows, which know the outcome: `GET /project/…/pipeline` and
    /// `GET /pipeline/ID/workflow`, both in one file.
    static let circleCI = RecordFormat(
        name: "CircleCI pipelines",
        export: "GET /api/v2/project/…/pipeline, and /api/v2/pipeline/ID/workflow of each into the same file",
        reads: { isPipeline($0) || isWorkflow($0) },
        read: { nodes in
            let pipelines = nodes.filter(isPipeline)
            let workflows = nodes.filter(isWorkflow)
            let byID = Dictionary(
                pipelines.map { ($0.word("id") ?? "", $0) }, uniquingKeysWith: { first, _ in first })
            guard !workflows.isEmpty else {
                var reading = FormatReading(pipelines.map(pipeline))
                reading.warn(
                    "no_outcomes",
                    "CircleCI pipelines without their workflows: one that failed cannot be told",
                    "append the answers of GET /api/v2/pipeline/ID/workflow to the file")
                return reading
            }
            let chosen = deployWorkflows(workflows, name: { $0.word("name") })
            var reading = FormatReading(
                chosen.map { workflow($0, of: $0.word("pipeline_id").flatMap { byID[$0] }) })
            tellChoice(of: chosen.count, among: workflows.count, what: "CircleCI workflows", &reading)
            return reading
        })
}

private func isPipeline(_ node: ConfigNode) -> Bool {
    node.hasObject("vcs") && node.hasAny("number", "state", "project_slug")
}

private func isWorkflow(_ node: ConfigNode) -> Bool {
    node.has("pipeline_id", "status") && node.hasAny("stopped_at", "created_at")
}

private func pipeline(_ node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("number", "id")
    record.refer(to: [node["vcs"]?.word("revision"), node["vcs"]?.word("tag")])
    record.title = node["vcs"]?.word(at: "commit", "subject") ?? node["vcs"]?.word("tag", "branch")
    record.author = node["trigger"]?.word(at: "actor", "login")
    record.service = node.word("project_slug")?.split(separator: "/").last.map(String.init)
    record.began(node.word("created_at"))
    if node.word("state") == "errored" { record.status = .failed }
    return record
}

private func workflow(_ node: ConfigNode, of owner: ConfigNode?) -> DeployRecord {
    var record = owner.map(pipeline) ?? DeployRecord(line: node.start.line)
    record.line = node.start.line
    record.id = owner?.word("number") ?? node.word("id")
    record.title = record.title ?? node.word("name")
    record.began(node.word("created_at"))
    record.ended(node.word("stopped_at"))
    record.status = RecordStatus(node.word("status"))
    return record
}

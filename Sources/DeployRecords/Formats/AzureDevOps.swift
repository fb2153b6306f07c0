import ConfigTree

extension RecordFormat {
    /// `GET …/_apis/release/deployments`: each release on each of its stages.
    static let azureReleases = RecordFormat(
        "Azure DevOps releases",
        export:
            "GET https://vsrm.dev.azure.com/ORG/PROJECT/_apis/release/deployments?$top=100&api-version=7.1",
        reads: { $0.has("deploymentStatus") && $0.hasObject("release") },
        pageSizes: [50, 100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("id")
        record.title = node.word(at: "release", "description") ?? node.word(at: "release", "name")
        record.author = person(node["requestedFor"])
        record.service = node.word(at: "releaseDefinition", "name")
        record.environment = node.word(at: "releaseEnvironment", "name")
        let artifacts = node["release"]?.list("artifacts") ?? []
        let ordered = artifacts.filter { $0.says("isPrimary") } + artifacts.filter { !$0.says("isPrimary") }
        for artifact in ordered {
            let reference = artifact["definitionReference"]
            // Of a build the version is its number, of a repository the commit.
            let names = [
                reference?.word(at: "sourceVersion", "id"), reference?.word(at: "version", "id"),
                reference?.word(at: "version", "name"),
            ]
            record.refer(to: names.map { name in name.flatMap { Int($0) == nil ? $0 : nil } })
        }
        record.began(node.word("startedOn") ?? node.word("queuedOn"))
        record.ended(node.word("completedOn"))
        record.status = RecordStatus(node.word("deploymentStatus"))
        return record
    }

    /// Runs of pipelines, which know the commit, and the deployments of environments, which know the stage: `GET …/_apis/build/builds`
    /// and `GET …/_apis/distributedtask/environments/ID/environmentdeploymentrecords`, both in one file.
    static let azureRuns = RecordFormat(
        name: "Azure DevOps runs",
        export:
            "az pipelines runs list -o json, and GET …/_apis/distributedtask/environments/ID/environmentdeploymentrecords into "
            + "the same file",
        reads: { isRun($0) || isStage($0) },
        read: { nodes in
            let runs = nodes.filter(isRun)
            let stages = nodes.filter(isStage)
            let byID = Dictionary(
                runs.map { ($0.word("id") ?? "", $0) }, uniquingKeysWith: { first, _ in first })
            guard stages.isEmpty else {
                return FormatReading(
                    stages.map { stage($0, of: $0.word(at: "owner", "id").flatMap { byID[$0] }) })
            }
            let chosen = deployWorkflows(runs, name: { $0.word(at: "definition", "name") })
            var reading = FormatReading(chosen.map(run))
            tellChoice(of: chosen.count, among: runs.count, what: "Azure DevOps runs", &reading)
            return reading
        }, pageSizes: [1000])
}

private func isRun(_ node: ConfigNode) -> Bool {
    node.has("buildNumber", "sourceVersion") && node.hasAny("definition", "result", "status")
}

private func isStage(_ node: ConfigNode) -> Bool {
    node.has("environmentId") && node.hasAny("stageName", "jobName", "planType") && node.hasObject("owner")
}

private func person(_ node: ConfigNode?) -> String? { node?.word("displayName", "uniqueName") }

private func run(_ node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("id")
    record.refer(to: node.word("sourceVersion"))
    record.title = node["triggerInfo"]?.word("ci.message", "pr.title") ?? node.word("buildNumber")
    record.author = person(node["requestedFor"])
    record.service = node.word(at: "repository", "name")
    record.began(node.word("startTime") ?? node.word("queueTime"))
    record.ended(node.word("finishTime"))
    record.status = RecordStatus(node.word("result") ?? node.word("status"))
    return record
}

private func stage(_ node: ConfigNode, of owner: ConfigNode?) -> DeployRecord {
    var record = owner.map(run) ?? DeployRecord(line: node.start.line)
    record.line = node.start.line
    record.id = node.word("id")
    record.title = record.title ?? node.word(at: "owner", "name")
    record.service = record.service ?? node.word(at: "definition", "name")
    record.environment =
        node.word("environmentName") ?? node.word(at: "environment", "name")
        ?? environmentName(in: [node.word("stageName"), node.word("jobName")].compactMap { $0 })
    record.began(node.word("startTime") ?? node.word("queueTime"))
    record.ended(node.word("finishTime"))
    record.status = RecordStatus(node.word("result"))
    return record
}

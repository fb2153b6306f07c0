import ConfigTree
import DeployModel

extension RecordFormat {
    /// Executions of pipelines: `GET /applications/APP/pipelines`. The stages that deploy say when, the trigger says what.
    static let spinnaker = RecordFormat(
        "Spinnaker executions",
        export: "GET /applications/APP/pipelines?limit=100 of Gate",
        reads: {
            $0.has("pipelineConfigId")
                || ($0.has("application", "stages") && $0.hasAny("buildTime", "startTime"))
        }
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("id")
        record.service = node.word("application")
        record.title = node.word("name")
        record.author = node.word(at: "trigger", "user") ?? node.word(at: "authentication", "user")
        record.refer(to: spinnakerReferences(node["trigger"]))
        let stages = node.list("stages").filter { stage in
            let type = stage.word("type")?.lowercased() ?? ""
            return ["deploy", "rollout", "rollback", "bake and deploy"].contains { type.contains($0) }
                && !type.hasPrefix("delete")
        }
        record.isRollback =
            !stages.isEmpty
            && stages.allSatisfy { stage in
                ["undo", "rollback"].contains { stage.word("type")?.lowercased().contains($0) ?? false }
            }
        record.environment = stages.lazy.compactMap { $0["context"]?.word("account", "location") }.first
        record.began(stages.lazy.compactMap { $0.word("startTime") }.first ?? node.word("startTime"))
        record.ended(stages.lazy.reversed().compactMap { $0.word("endTime") }.first ?? node.word("endTime"))
        let worst = stages.compactMap { $0.word("status") }.first { RecordStatus($0) == .failed }
        record.status = RecordStatus(worst ?? node.word("status"))
        // A stage after the deploy may fail: what was deployed stays deployed.
        if worst == nil, !stages.isEmpty, stages.allSatisfy({ $0.word("status") == "SUCCEEDED" }) {
            record.status = .deployed
        }
        return record
    }
}

private func spinnakerReferences(_ trigger: ConfigNode?) -> [String?] {
    guard let trigger else { return [] }
    let images =
        trigger.list("artifacts")
        + trigger.list("resolvedExpectedArtifacts").compactMap { $0["boundArtifact"] }
    return [trigger.word("hash")]
        + (trigger["buildInfo"]?.list("scm") ?? []).map { $0.word("sha1") }
        + images.filter { $0.word("type")?.contains("docker") ?? false }.map {
            $0.word("reference").flatMap(imageTag)
        }
        + [trigger.word("tag")]
}

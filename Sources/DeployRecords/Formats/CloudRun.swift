import ConfigTree
import DeployModel

extension RecordFormat {
    /// `gcloud run revisions list --format json` and `GET …/services/S/revisions`. What an image was built from is told by labels
    /// that Cloud Build sets, or by its tag.
    static let cloudRun = RecordFormat(
        "Cloud Run revisions",
        export: "gcloud run revisions list --service SERVICE --format json",
        reads: { node in
            node.word("kind") == "Revision" && (node.word("apiVersion")?.contains("knative") ?? false)
                || node.has("containers", "createTime") && node.hasAny("service", "serviceAccount", "scaling")
        },
        pageSizes: [100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        let metadata = node["metadata"] ?? node
        let labels = metadata["labels"], annotations = metadata["annotations"]
        record.id = metadata.word("name")?.split(separator: "/").last.map(String.init)
        record.title = record.id
        record.service = (labels?.word("serving.knative.dev/service") ?? node.word("service"))?
            .split(separator: "/").last.map(String.init)
        record.environment = labels?.word("environment", "env")
        record.author = annotations?.word("serving.knative.dev/creator") ?? node.word("creator")
        record.refer(to: labels?.word("commit-sha", "commit", "git-sha", "sha", "revision"))
        record.refer(to: annotations?.word("run.googleapis.com/commit-sha", "commit-sha"))
        let containers = node["spec"]?.list("containers") ?? node.list("containers")
        record.refer(to: containers.map { $0.word("image").flatMap(imageTag) })
        record.began(metadata.word("creationTimestamp") ?? node.word("createTime"))
        guard let ready = ready(node) else { return record }
        switch ready.word("status", "state") {
        case "True", "true", "CONDITION_SUCCEEDED":
            // A condition that changes later than a rollout lasts changed for another reason.
            if let start = record.start,
                let end = ready.word("lastTransitionTime").flatMap({ RecordTime($0) }),
                (0...3600).contains(end.instant.seconds(since: start.instant))
            {
                record.ended(at: end)
            }
        case "False", "false", "CONDITION_FAILED":
            record.status = .failed
            record.title = ready.word("message") ?? record.title
            record.ended(ready.word("lastTransitionTime"))
        default: break
        }
        return record
    }
}

/// What a revision says of whether it serves.
private func ready(_ node: ConfigNode) -> ConfigNode? {
    (node["status"]?.list("conditions") ?? node.list("conditions")).first { $0.word("type") == "Ready" }
}

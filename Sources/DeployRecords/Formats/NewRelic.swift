import ConfigTree

extension RecordFormat {
    /// Change tracking: rows of `FROM Deployment` or `FROM ChangeTrackingEvent`, and `GET /v2/applications/ID/deployments.json`.
    static let newRelic = RecordFormat(
        "New Relic deployments",
        export: "FROM Deployment SELECT * LIMIT MAX, as JSON",
        reads: {
            $0.has("timestamp")
                && ($0.has("deploymentType") || ($0.has("revision") && $0.hasAny("changelog", "links"))
                    || ($0.hasAny("entity.guid", "entityGuid", "entity.name")
                        && $0.hasAny("version", "commit", "changelog")))
        }, pageSizes: [100, 2000]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("deploymentId", "changeTrackingId", "id")
        record.refer(to: [node.word("commit"), node.word("version"), node.word("revision")])
        record.title = node.word("description", "changelog", "version", "revision")
        record.author = node.word("user")
        record.service = node.word("entity.name", "entityName", "appName") ?? node.word(at: "entity", "name")
        record.environment = node.word("environment")
        record.began(node.word("timestamp"))
        return record
    }
}

import ConfigTree
import DeployModel

extension RecordFormat {
    /// Deployments of DORA metrics: `POST /api/v2/dora/deployments`.
    static let datadogDeployments = RecordFormat(
        "Datadog deployments",
        export: "POST /api/v2/dora/deployments",
        reads: { ["dora_deployment", "deployment"].contains($0.word("type")) && $0.hasObject("attributes") },
        pageSizes: [1000]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        let attributes = node["attributes"]
        let tags = attributes?.words("custom_tags") ?? []
        record.id = node.word("id")
        record.refer(to: [attributes?.word(at: "git", "commit_sha"), attributes?.word("version")])
        record.title = attributes?.word("version")
        record.service = attributes?.word("service")
        record.environment = attributes?.word("env")
        record.began(attributes?.word("started_at"))
        record.ended(attributes?.word("finished_at"))
        record.isRollback =
            attributes?.says("is_rollback") ?? false || tagged("is_rollback", in: tags) == "true"
        return record
    }

    /// Events that speak of deploys: `GET /api/v1/events`, `POST /api/v2/events/search`. What they are about stands in tags.
    static let datadogEvents = RecordFormat(
        name: "Datadog events",
        export: "GET /api/v1/events?start=…&end=…&tags=deploy",
        reads: { ($0.has("date_happened") && $0.hasAny("title", "text", "tags")) || isSearchedEvent($0) },
        read: { events in
            let records = events.filter(isDeploy).map(event)
            var reading = FormatReading(records)
            if records.count < events.count {
                reading.warn(
                    "other_events",
                    "\(events.count - records.count) of \(events.count) Datadog events passed over, which do not speak of a "
                        + "deploy")
            }
            return reading
        }, pageSizes: [1000])
}

private func isSearchedEvent(_ node: ConfigNode) -> Bool {
    node.word("type") == "event" && (node["attributes"]?.has("timestamp") ?? false)
}

/// The object that holds an event's fields, in either version of the interface.
private func fields(of node: ConfigNode) -> ConfigNode {
    isSearchedEvent(node) ? node["attributes"] ?? node : node
}

private func title(of node: ConfigNode) -> String? {
    fields(of: node).word("title") ?? fields(of: node).word(at: "attributes", "title")
        ?? fields(of: node).word("message")
}

private func isDeploy(_ node: ConfigNode) -> Bool {
    let fields = fields(of: node)
    // A version is on every event of a service that tags its telemetry, also on those of monitors.
    return speaksOfDeploy(([title(of: node)].compactMap { $0 } + fields.words("tags")).joined(separator: " "))
}

private func event(_ node: ConfigNode) -> DeployRecord {
    let fields = fields(of: node)
    let tags = fields.words("tags")
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("id")
    record.title = title(of: node)
    record.service = tagged("service", in: tags) ?? fields.word(at: "attributes", "service")
    record.environment = tagged("env", "environment", in: tags)
    record.refer(to: [tagged("git.commit.sha", "git_sha", "commit", "sha", in: tags)])
    record.refer(to: commitNames(in: title(of: node)) + commitNames(in: fields.word("text")))
    record.refer(to: tagged("version", in: tags))
    record.began(fields.word("date_happened", "timestamp"))
    if fields.word("alert_type") == "error" || fields.word(at: "attributes", "status") == "error" {
        record.status = .failed
    }
    return record
}

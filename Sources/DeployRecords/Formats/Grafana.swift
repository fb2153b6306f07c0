import ConfigTree

extension RecordFormat {
    /// Annotations: `GET /api/annotations?tags=deploy&limit=5000`. Those of alerts are mixed in and left out.
    static let grafana = RecordFormat(
        name: "Grafana annotations",
        export: "GET /api/annotations?tags=deploy&type=annotation&limit=5000",
        reads: {
            $0.has("time") && $0.hasAny("dashboardUID", "dashboardId", "panelId", "alertId")
                && $0.hasAny("text", "tags", "timeEnd")
        },
        read: { annotations in
            let people = annotations.filter {
                ($0.word("alertId") ?? "0") == "0" && $0.word("newState") == nil
            }
            let deploys = people.filter {
                speaksOfDeploy(($0.words("tags") + [plain($0.word("text"))]).joined(separator: " "))
            }
            let chosen = deploys.isEmpty ? people : deploys
            var reading = FormatReading(chosen.map(annotation))
            if chosen.count < annotations.count {
                reading.warn(
                    "other_annotations",
                    "\(annotations.count - chosen.count) of \(annotations.count) annotations passed over, which are of alerts or do not "
                        + "speak of a deploy")
            }
            return reading
        }, pageSizes: [100])
}

private func annotation(_ node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    let tags = node.words("tags")
    let text = plain(node.word("text"))
    record.id = node.word("id")
    record.title = text.trimmed
    record.author = node.word("login")
    record.refer(to: commitNames(in: text) + tags.filter(isCommitName))
    record.refer(to: tagged("version", "sha", "commit", in: tags))
    record.environment = tagged("env", "environment", in: tags) ?? environmentName(in: tags)
    // A tag that is nothing else names the service, where there is just one.
    let others = tags.filter {
        !speaksOfDeploy($0) && $0 != record.environment && !isCommitName($0) && !$0.contains(":")
    }
    record.service = tagged("service", "app", in: tags) ?? (others.count == 1 ? others.first : nil)
    record.began(node.word("time"))
    // The end of a point is 0, or its time.
    if let end = node.word("timeEnd"), end != "0", end != node.word("time") { record.ended(end) }
    return record
}

/// The text without the tags of HTML.
private func plain(_ text: String?) -> String {
    var isInside = false
    return String(
        (text ?? "").filter { character in
            if character == "<" { isInside = true }
            defer { if character == ">" { isInside = false } }
            return !isInside
        })
}

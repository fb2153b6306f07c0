import ConfigTree

extension RecordFormat {
    /// Markers: `GET /1/markers/DATASET`, `honeymarker list --json`. There is no field for a commit: it stands in the message
    /// or in the address.
    static let honeycomb = RecordFormat(
        name: "Honeycomb markers",
        export: "honeymarker list --json",
        reads: { $0.has("start_time") && $0.hasAny("message", "type", "color") },
        read: { markers in
            let deploys = markers.filter { ($0.word("type") ?? "deploy").lowercased().contains("deploy") }
            let chosen = deploys.isEmpty ? markers : deploys
            var reading = FormatReading(chosen.map(marker))
            if chosen.count < markers.count {
                reading.warn(
                    "other_markers",
                    "\(markers.count - chosen.count) of \(markers.count) markers passed over, whose type is not deploy"
                )
            }
            return reading
        })
}

private func marker(_ node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("id")
    record.title = node.word("message")
    record.refer(to: commitNames(in: node.word("message")) + commitNames(in: node.word("url")))
    record.began(node.word("start_time"))
    if let end = node.word("end_time"), end != "0" { record.ended(end) }
    return record
}

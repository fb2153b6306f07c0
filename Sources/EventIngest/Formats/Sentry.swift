import DeployModel

extension ExportShape {
    /// Sentry: lists of events. A list of issues says how often each came, not which request failed.
    static let sentry = [
        ExportShape(.sentry, .json(descends: [""]) { SentryReader($0) }) { head in
            head.has("[].eventID") && (head.has("[].dateCreated") || head.has("[].dateReceived"))
        },
        ExportShape(.sentry, .json(descends: [], isLines: true) { SentryReader($0) }) { head in
            head.has("eventID") && (head.has("dateCreated") || head.has("dateReceived"))
        },
        ExportShape(
            .sentry,
            .refused(
                problem:
                    "this is a list of Sentry's issues: it says how often each came, not which requests failed",
                remedy:
                    "export the events of the project (/api/0/projects/ORG/PROJECT/events/), or the requests from where they "
                    + "are logged")
        ) { $0.has("[].shortId", "[].firstSeen") },
    ]
}

private final class SentryReader: JSONExportReader {
    private var count = 0

    init(_ context: ExportContext) {}

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        count += 1
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var record = ExportRecord(at: try instant(node.first("dateCreated", "dateReceived")))
            // Reports of level info and warning are no failures.
            let tags = node["tags"]?.elements ?? []
            let level = node["level"]?.text ?? tags.first { $0["key"]?.text == "level" }?["value"]?.text
            record.add("error", .bool(!["info", "warning", "debug", "sample"].contains(level ?? "error")))
            let message = node.first("title", "message")
            record.add("message", message)
            record.add("release", node["release"]?["version"] ?? node["release"])
            record.add("environment", node["environment"])
            record.add("issue", node["groupID"])
            record.add("culprit", node["culprit"])
            for tag in tags {
                if let key = tag["key"]?.string { record.add(key, tag["value"]) }
            }
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(
            warnings: capWarning(
                count, caps: [100], of: "events",
                remedy: "follow the Link header while it says results=\"true\": a page holds 100"))
    }
}

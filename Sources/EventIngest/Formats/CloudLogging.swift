import DeployModel

extension ExportShape {
    /// Google Cloud Logging: the array that `gcloud logging read --format=json` prints, or an entry a line from a sink.
    static let cloudLogging = [
        ExportShape(.gcloud, .json(descends: [""]) { CloudLoggingReader($0) }) {
            $0.has("[].logName", "[].resource")
        },
        ExportShape(.gcloud, .json(descends: [], isLines: true) { CloudLoggingReader($0) }) {
            $0.has("logName", "resource")
        },
    ]
}

private final class CloudLoggingReader: JSONExportReader {
    private var count = 0, repeated = 0
    /// The entries met so far: `insertId` and time make an entry the same one.
    private var seen: Set<UInt64> = []
    private static let seenLimit = 2_000_000

    init(_ context: ExportContext) {}

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == "[]" || path.isEmpty, let node = try element(value, line: line, emit) else { return }
        count += 1
        // A long entry is split; its first part counts.
        if (node["split"]?["index"]?.double ?? 0) > 0 { return }
        if let id = node["insertId"]?.string, let time = node["timestamp"]?.string,
            seen.count < Self.seenLimit
        {
            guard seen.insert(Array("\(id)\u{1F}\(time)".utf8).withUnsafeBytes(hashed)).inserted else {
                repeated += 1
                return
            }
        }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var record = ExportRecord(at: try instant(node.first("timestamp", "receiveTimestamp")))
            record.add("severity", node["severity"] ?? .string("DEFAULT"))
            let labels = node["resource"]?["labels"]
            for (name, label) in [
                ("pod", "pod_name"), ("container", "container_name"), ("namespace", "namespace_name"),
                ("cluster", "cluster_name"), ("service", "service_name"), ("revision", "revision_name"),
                ("location", "location"),
            ] { record.add(name, labels?[label]) }
            if let request = node["httpRequest"] {
                record.add("status", request["status"])
                record.add("method", request["requestMethod"])
                record.add("path", request["requestUrl"]?.string.map { $0.prefix { $0 != "?" } })
                if let latency = request["latency"]?.string, latency.hasSuffix("s"),
                    let seconds = Double(latency.dropLast())
                {
                    record.add("duration_ms", seconds * 1000)
                }
            }
            record.add(members: node["labels"], below: "labels.")
            if let text = node["textPayload"]?.string { record.add(logText: text) }
            record.add(members: node["jsonPayload"])
            record.add("method", node["protoPayload"]?["methodName"])
            record.addOutcome()
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(
            warnings: capWarning(
                count, caps: [50, 100, 1000, 5000, 10_000], of: "entries",
                remedy:
                    "they are the newest; read without --limit, and name the time in the filter (without it a day is read)"
            ),
            assumptions: [ExportRecord.outcomeWords]
                + (repeated > 0 ? ["entries that came again count once: \(repeated)"] : []))
    }
}

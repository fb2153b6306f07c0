import DeployModel

extension ExportShape {
    /// Kubernetes Events: `kubectl get events -A -o json`, or one after the other as `--watch` prints them.
    static let kubernetesEvents = [
        ExportShape(.kubernetesEvents, .json(descends: ["", "items"]) { KubernetesEventReader($0) }) { head in
            head.has("items[].involvedObject") || head.has("items[].regarding")
        },
        ExportShape(.kubernetesEvents, .json(descends: []) { KubernetesEventReader($0) }) { head in
            head.has("metadata", "reason") && (head.has("involvedObject") || head.has("regarding"))
        },
    ]
}

private final class KubernetesEventReader: JSONExportReader {
    init(_ context: ExportContext) {}

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == "items[]" || path.isEmpty, let node = try element(value, line: line, emit) else {
            return
        }
        let count = node["series"]?["count"]?.double ?? node.first("count", "deprecatedCount")?.double ?? 1
        let last =
            node["series"]?.first("lastObservedTime") ?? node.first(
                "lastTimestamp", "deprecatedLastTimestamp", "eventTime")
            ?? node["metadata"]?["creationTimestamp"]
        let first = node.first("firstTimestamp", "deprecatedFirstTimestamp", "eventTime") ?? last
        // One entry tells of all its repetitions; when the first and the last happened is known.
        try handOver(node, at: count > 1 ? first : last, weight: 1, line: line, emit)
        if count > 1 { try handOver(node, at: last, weight: count - 1, line: line, emit) }
    }

    private func handOver(_ node: JSONNode, at time: JSONNode?, weight: Double, line: Int, _ sink: ExportSink)
        throws
    {
        try emitRecord(line: line, sink) { () throws(RecordFailure) in
            var record = ExportRecord(at: try instant(time))
            record.add("error", .bool(node["type"]?.text == "Warning"))
            record.add("weight", weight)
            record.add("reason", node["reason"])
            record.add("message", node.first("message", "note"))
            let object = node.first("involvedObject", "regarding")
            let kind = object?["kind"]?.text ?? "", name = object?["name"]?.text
            record.add("kind", kind)
            record.add("namespace", object?["namespace"])
            switch kind {
            case "Pod": record.add("pod", name)
            case "ReplicaSet":
                record.add("deployment", name?.split(separator: "-").dropLast().joined(separator: "-"))
            default: record.add("deployment", name)
            }
            if record["deployment"] == nil, let name { record.add("deployment", PodName(name).workload) }
            record.add(
                "component",
                node["reportingComponent"]?.text.flatMap { $0.isEmpty ? nil : $0 }
                    ?? node["source"]?["component"]?.text)
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(assumptions: [
            "failing = type Warning; the cluster keeps events for an hour unless told otherwise"
        ])
    }
}

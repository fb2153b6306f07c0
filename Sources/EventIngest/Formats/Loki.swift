import DeployModel

extension ExportShape {
    /// Loki: streams of the HTTP API, and lines that `logcli` prints. Its metric queries answer as Prometheus does.
    static let loki = [
        ExportShape(.loki, .json(descends: ["", "data", "data.result"]) { LokiReader($0) }) { head in
            head.outline["data.resultType"] == "streams" || head.has("data.result[].stream")
        },
        ExportShape(.loki, .json(descends: [], isLines: true) { LokiReader($0) }) { head in
            head.has("line", "timestamp") && head.hasOnly(["labels", "line", "timestamp"])
        },
        ExportShape(
            .loki,
            .lines { _ in
                let count = LokiCount()
                return RecordLines(
                    orElse: "it does not begin with a time and labels as logcli prints them",
                    remarks: count.remarks
                ) { text in
                    logcliLine(text).map { line in
                        let labels = labelPairs(line.labels).sorted { $0.key < $1.key }.map {
                            JSONNode.Member(key: $0.key, value: .string($0.value))
                        }
                        return count.record(at: line.time, labels: .object(labels), text: line.text)
                    }
                }
            }, where: { head in head.mostLines { logcliLine($0) != nil } }),
        ExportShape(
            .loki,
            .refused(
                problem: "logcli's raw output says neither when a line was written nor by whom",
                remedy: "export it again with logcli query … -o jsonl --include-common-labels"),
            isForcedOnly: true
        ) { !$0.isJSON },
    ]
}

/// Makes the records of both readers of Loki, and counts for the remarks at the end.
private final class LokiCount {
    private var lines = 0
    private var hasLabels = false

    func record(
        at time: Instant, labels: JSONNode?, metadata: JSONNode? = nil, text: String
    ) -> ExportRecord {
        var record = ExportRecord(at: time)
        record.add(members: labels)
        record.add(members: metadata?["structuredMetadata"] ?? metadata)
        record.add(logText: text)
        record.addOutcome()
        lines += 1
        hasLabels = hasLabels || labels?.members.isEmpty == false
        return record
    }

    /// logcli prints 30 lines and the API answers with 100 unless asked for more; servers allow 5,000.
    func remarks() -> ExportRemarks {
        var remarks = ExportRemarks(assumptions: [ExportRecord.outcomeWords])
        remarks.warnings = capWarning(
            lines, caps: [30, 100, 1000, 5000], of: "lines",
            remedy:
                "only the newest are in it; count on the server: sum by (pod, level) (count_over_time({app=\"…\"}[1m]))"
        )
        if lines > 0, !hasLabels {
            remarks.warnings.append(
                Warning(
                    code: "no_labels", text: "No line has labels, so that nothing says which pod wrote it.",
                    remedy: "logcli leaves out labels that all lines share: add --include-common-labels"))
        }
        return remarks
    }
}

private final class LokiReader: JSONExportReader {
    private let count = LokiCount()
    private let context: ExportContext

    init(_ context: ExportContext) { self.context = context }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        if path == "status", value.elementsEqual("\"error\"".utf8) { throw serverError(at: context.name) }
        guard path == "data.result[]" || path.isEmpty else { return }
        guard let node = try element(value, line: line, emit) else { return }
        if let stream = node["stream"] {
            for entry in node["values"]?.elements ?? [] {
                try emitRecord(line: line, emit) { () throws(RecordFailure) in
                    let parts = entry.elements
                    return try record(
                        at: ExportTime.nanoseconds.instant(parts.first), labels: stream,
                        metadata: parts.count > 2 ? parts[2] : nil, text: parts.dropFirst().first?.string)
                }
            }
        } else {
            try emitRecord(line: line, emit) { () throws(RecordFailure) in
                try record(
                    at: instant(node["timestamp"]), labels: node["labels"], metadata: nil,
                    text: node["line"]?.string)
            }
        }
    }

    private func record(
        at time: Instant, labels: JSONNode?, metadata: JSONNode?, text: String?
    ) throws(RecordFailure) -> ExportRecord {
        guard let text else { throw RecordFailure(reason: "it has no line") }
        return count.record(at: time, labels: labels, metadata: metadata, text: text)
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { count.remarks() }
}

/// `2026-10-10T14:03:07Z {app="x"} line`, as `logcli -o default` prints it.
private func logcliLine(_ text: String) -> (time: Instant, labels: Substring, text: String)? {
    guard let space = text.firstIndex(of: " "),
        let time = Instant(rfc3339: text[..<space], assumingOffsetSeconds: nil)
    else { return nil }
    let rest = text[space...].drop { $0 == " " }
    guard rest.first == "{" else { return nil }
    var isQuoted = false, isEscaped = false
    for index in rest.indices {
        if isEscaped {
            isEscaped = false
        } else if rest[index] == "\\" {
            isEscaped = true
        } else if rest[index] == "\"" {
            isQuoted.toggle()
        } else if rest[index] == "}", !isQuoted {
            let labels = rest[rest.index(after: rest.startIndex)..<index]
            // An object of JSON is no set of labels.
            guard labels.isEmpty || labels.contains("="), labels.first != "\"" else { return nil }
            return (time, labels, String(rest[rest.index(after: index)...].drop { $0 == " " }))
        }
    }
    return nil
}

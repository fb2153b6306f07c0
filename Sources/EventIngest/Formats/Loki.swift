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
        ExportShape(.loki, .lines { LokiTextReader($0) }) { head in head.mostLines { logcliLine($0) != nil }
        },
        ExportShape(
            .loki,
            .refused(
                problem: "logcli's raw output says neither when a line was written nor by whom",
                remedy: "export it again with logcli query … -o jsonl --include-common-labels"),
            isForcedOnly: true
        ) { !$0.isJSON },
    ]
}

/// What the readers of Loki count for the remarks at the end.
private struct LokiCount {
    var lines = 0
    var hasLabels = false

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
    private var count = LokiCount()
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
        var record = ExportRecord(at: time)
        record.add(members: labels)
        record.add(members: metadata?["structuredMetadata"] ?? metadata)
        record.add(logText: text)
        record.addOutcome()
        count.lines += 1
        count.hasLabels = count.hasLabels || labels?.members.isEmpty == false
        return record
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

private final class LokiTextReader: LineExportReader {
    private var count = LokiCount()

    init(_ context: ExportContext) {}

    func take(_ text: String, line: Int, _ emit: ExportSink) throws {
        guard !text.isEmpty else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            guard let parsed = logcliLine(text) else {
                throw RecordFailure(reason: "it does not begin with a time and labels as logcli prints them")
            }
            var record = ExportRecord(at: parsed.time)
            let labels = labelPairs(parsed.labels)
            for (name, value) in labels.sorted(by: { $0.key < $1.key }) { record.add(name, value) }
            record.add(logText: parsed.text)
            record.addOutcome()
            count.lines += 1
            count.hasLabels = count.hasLabels || !labels.isEmpty
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { count.remarks() }
}

import DeployModel

extension ExportShape {
    /// OTLP/JSON, as the Collector's file exporter writes it: traces, logs and metrics, a document a line or one document.
    static let otlp = [
        ExportShape(
            .otlp,
            .json(
                descends: [
                    "", "resourceSpans", "resourceLogs", "resourceMetrics", "resource_spans", "resource_logs",
                    "resource_metrics",
                ], isLines: true
            ) { OpenTelemetryReader($0) }
        ) { head in
            [
                "resourceSpans", "resourceLogs", "resourceMetrics", "resource_spans", "resource_logs",
                "resource_metrics",
            ]
            .contains { head.has($0) }
        }
    ]
}

extension JSONNode {
    /// A member in the spelling of the specification, or in that of older exporters.
    fileprivate func member(_ camel: String) -> JSONNode? {
        if let found = self[camel] { return found }
        var snake = ""
        for character in camel {
            if character.isUppercase { snake += "_" }
            snake += character.lowercased()
        }
        return self[snake]
    }

    /// What an `AnyValue` holds.
    fileprivate var anyValue: JSONNode {
        for (key, isNumber) in [
            ("stringValue", false), ("boolValue", false), ("intValue", true), ("doubleValue", true),
        ] {
            guard let value = member(key) else { continue }
            return isNumber ? value.double.map { .number(written($0)) } ?? value : value
        }
        if let list = member("arrayValue") { return .array((list["values"]?.elements ?? []).map(\.anyValue)) }
        if let map = member("kvlistValue") { return .object(attributes(map["values"])) }
        return member("bytesValue") ?? .null
    }
}

/// A list of keys with values.
private func attributes(_ node: JSONNode?) -> [JSONNode.Member] {
    (node?.elements ?? []).compactMap { pair in
        pair["key"]?.string.map { JSONNode.Member(key: $0, value: (pair["value"] ?? .null).anyValue) }
    }
}

private final class OpenTelemetryReader: JSONExportReader {
    private enum Kind: String { case spans, logs = "log records", metrics = "points" }

    private let context: ExportContext
    private var points: MetricPoints
    /// What is read; a file may hold several kinds, and only one of them can be judged.
    private var kind: Kind?
    private var others: [Kind: Int] = [:]
    private var inner = 0, total = 0, gauges = 0

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .end)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path.hasSuffix("[]"), let node = try element(value, line: line, emit) else { return }
        let resource = attributes(node["resource"]?["attributes"])
        func scopes(_ names: String...) -> [JSONNode] {
            names.lazy.compactMap { node.member($0)?.elements }.first ?? []
        }
        switch path {
        case "resourceSpans[]", "resource_spans[]":
            for scope in scopes("scopeSpans", "instrumentationLibrarySpans")
            where isKind(.spans, scope["spans"]) {
                for span in scope["spans"]?.elements ?? [] {
                    try take(span: span, resource, line: line, emit)
                }
            }
        case "resourceLogs[]", "resource_logs[]":
            for scope in scopes("scopeLogs", "instrumentationLibraryLogs")
            where isKind(.logs, scope.member("logRecords")) {
                for log in scope.member("logRecords")?.elements ?? [] {
                    try take(log: log, resource, line: line, emit)
                }
            }
        default:
            for scope in scopes("scopeMetrics", "instrumentationLibraryMetrics")
            where isKind(.metrics, scope["metrics"]) {
                for metric in scope["metrics"]?.elements ?? [] {
                    try take(metric: metric, resource, line: line, emit)
                }
            }
        }
    }

    private func isKind(_ own: Kind, _ list: JSONNode?) -> Bool {
        guard let list, !list.elements.isEmpty else { return false }
        if kind == nil { kind = own }
        if kind != own { others[own, default: 0] += list.elements.count }
        return kind == own
    }

    /// A span where a request enters a service is an event; the spans inside it tell of the same one.
    private func take(span: JSONNode, _ resource: [JSONNode.Member], line: Int, _ emit: ExportSink) throws {
        total += 1
        let kind = span["kind"]?.text ?? ""
        let isEntry = ["2", "5", "SPAN_KIND_SERVER", "SPAN_KIND_CONSUMER"].contains(kind)
        let parent = span.member("parentSpanId")?.string ?? ""
        guard isEntry || parent.isEmpty || parent.allSatisfy({ $0 == "0" }) else {
            inner += 1
            return
        }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            let start = try ExportTime.nanoseconds.instant(span.member("startTimeUnixNano"))
            var record = ExportRecord(at: start)
            let code = span["status"]?["code"]?.text ?? ""
            let own = attributes(span["attributes"])
            let statuses = ["http.response.status_code", "http.status_code"]
            let status = own.first { statuses.contains($0.key) }?.value.double
            record.add("error", .bool(code == "2" || code == "STATUS_CODE_ERROR" || (status ?? 0) >= 500))
            record.add("name", span["name"])
            if let end = span.member("endTimeUnixNano")?.text.flatMap(Int64.init),
                let began = span.member("startTimeUnixNano")?.text.flatMap(Int64.init), end >= began
            {
                record.add("duration_ms", Double(end - began) / 1e6)
            }
            let message = span["status"]?["message"]?.string
            if let message, !message.isEmpty { record.add("error.message", message) }
            record.add(members: .object(own))
            for event in span["events"]?.elements ?? [] where event["name"]?.string == "exception" {
                record.add(members: .object(attributes(event["attributes"])))
            }
            record.add(members: .object(resource))
            return record
        }
    }

    private func take(log: JSONNode, _ resource: [JSONNode.Member], line: Int, _ emit: ExportSink) throws {
        total += 1
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var time = log.member("timeUnixNano")
            if time?.text ?? "0" == "0" { time = log.member("observedTimeUnixNano") }
            var record = ExportRecord(at: try ExportTime.nanoseconds.instant(time))
            if let severity = log.member("severityNumber")?.double, severity >= 1, severity <= 24 {
                let names = ["trace", "debug", "info", "warning", "error", "fatal"]
                record.add("level", names[(Int(severity) - 1) / 4])
            } else {
                record.add("level", log.member("severityText"))
            }
            record.add(members: .object(attributes(log["attributes"])))
            let body = (log["body"] ?? .null).anyValue
            if let text = body.string { record.add(logText: text) } else { record.add(members: body) }
            record.addOutcome()
            record.add(members: .object(resource))
            return record
        }
    }

    private func take(metric: JSONNode, _ resource: [JSONNode.Member], line: Int, _ emit: ExportSink) throws {
        let name = metric["name"]?.string ?? ""
        for member in metric.members {
            let isSum = member.key == "sum"
            guard
                isSum
                    || ["histogram", "exponentialHistogram", "exponential_histogram", "summary"].contains(
                        member.key)
            else {
                if member.key == "gauge" { gauges += 1 }
                continue
            }
            let temporality = member.value.member("aggregationTemporality")?.text ?? "2"
            let isDelta = ["1", "AGGREGATION_TEMPORALITY_DELTA"].contains(temporality)
            // A sum that may fall says how many there are, not how many there were.
            if isSum, member.value.member("isMonotonic") != .bool(true) {
                gauges += 1
                continue
            }
            for point in member.value.member("dataPoints")?.elements ?? [] {
                let flags = point["flags"]?.double.flatMap { Int(exactly: $0) } ?? 0
                guard flags & 1 == 0 else { continue }
                var labels: [String: String] = [:]
                for attribute in resource + attributes(point["attributes"]) {
                    labels[attribute.key] = attribute.value.text
                }
                let value = isSum ? point.first("asInt", "asDouble", "as_int", "as_double") : point["count"]
                let series = points.series(name, labels, kind: isDelta ? .count : .counter, line: line)
                let start = point.member("startTimeUnixNano").flatMap {
                    try? ExportTime.nanoseconds.read($0).get()
                }
                try points.add(
                    value?.double, at: ExportTime.nanoseconds.read(point.member("timeUnixNano")),
                    since: start, to: series,
                    line: line, emit)
            }
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        var remarks = ExportRemarks()
        if kind == .metrics {
            guard !points.isEmpty else {
                throw IngestError(
                    .nothingReadable,
                    "there is no counter and no histogram in it, only what goes up and down",
                    at: context.name, remedy: "export http.server.request.duration, or spans or logs")
            }
            remarks = try points.finish(emit)
        }
        if kind == .logs { remarks.assumptions.append(ExportRecord.outcomeWords) }
        if kind == .spans {
            remarks.assumptions.append(
                "failing = span status error, or HTTP status of 500 and above"
                    + (inner > 0 ? "; \(inner) of \(total) spans lie inside others and are not counted" : ""))
        }
        for (other, count) in others.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            remarks.warnings.append(
                Warning(
                    code: "mixed_signals",
                    text: "\(context.name) also holds \(count) \(other.rawValue), which were left out.",
                    remedy: "write each kind to a file of its own, and name the one to be judged"))
        }
        return remarks
    }
}

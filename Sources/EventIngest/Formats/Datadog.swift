import DeployModel

extension ExportShape {
    /// Datadog: logs of the search API, and series of the metrics API.
    static let datadog = [
        ExportShape(.datadog, .json(descends: ["", "data"]) { DatadogLogReader($0) }) { head in
            head.has("data[].attributes.timestamp")
                || head.has("data[].attributes") && head.outline["data[].type"] == "log"
        },
        ExportShape(.datadog, .json(descends: ["", "series"]) { DatadogMetricReader($0) }) { head in
            head.has("series[].pointlist") || head.outline["res_type"] == "time_series"
        },
    ]
}

private final class DatadogLogReader: JSONExportReader {
    private let context: ExportContext
    private var count = 0, hasMore = false

    init(_ context: ExportContext) { self.context = context }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == "data[]" || path == "meta" || path == "errors",
            let node = try element(value, line: line, emit)
        else { return }
        if path == "errors" { throw serverError(at: context.name, saying: node.elements.first?.text) }
        if path == "meta" {
            hasMore = hasMore || node["page"]?["after"]?.text != nil
            return
        }
        count += 1
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            guard let attributes = node["attributes"] else {
                throw RecordFailure(reason: "it has no attributes")
            }
            var record = ExportRecord(at: try instant(attributes["timestamp"]))
            for name in ["status", "service", "host"] {
                record.add(name == "status" ? "level" : name, attributes[name])
            }
            record.add(members: attributes["attributes"])
            for tag in attributes["tags"]?.elements.compactMap(\.string) ?? [] {
                guard let colon = tag.firstIndex(of: ":") else { continue }
                record.add(String(tag[..<colon]), tag[tag.index(after: colon)...])
            }
            if let text = attributes["message"]?.string { record.add(logText: text) }
            record.addOutcome()
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(
            warnings: pageWarnings(
                hasMore ? "This is one page of \(count) logs, and there are more behind it." : nil,
                count, caps: [1000, 5000], of: "logs",
                remedy: "fetch the pages behind it with page[cursor], or count with the aggregate API"),
            assumptions: [ExportRecord.outcomeWords])
    }
}

private final class DatadogMetricReader: JSONExportReader {
    private let context: ExportContext
    private var points: MetricPoints

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .begin)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == "series[]" || path == "error", let node = try element(value, line: line, emit) else {
            return
        }
        if path == "error" { throw serverError(at: context.name, saying: node.text) }
        var labels: [String: String] = [:]
        let tags =
            node["tag_set"]?.elements.compactMap(\.string)
            ?? (node["scope"]?.string ?? "").split(separator: ",").map(String.init)
        for tag in tags {
            guard let colon = tag.firstIndex(of: ":") else { continue }
            labels[String(tag[..<colon])] = String(tag[tag.index(after: colon)...])
        }
        let expression = node["expression"]?.string ?? ""
        let isRate =
            expression.contains("as_rate()") || expression.contains("per_second(")
            || node["unit"]?.elements.first?["per_unit"]?.text == "second"
        let isCount = expression.contains("as_count()")
        let series = points.series(
            node["metric"]?.string ?? "", labels, kind: isRate ? .rate : isCount ? .count : nil, line: line)
        for point in node["pointlist"]?.elements ?? [] {
            let parts = point.elements
            try points.add(
                parts.count == 2 ? parts[1].double : nil, at: ExportTime.milliseconds.read(parts.first),
                to: series, line: line,
                emit)
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        try points.finish(
            emit, orElse: "the answer holds no series", remedy: "check the query and the range of time")
    }
}

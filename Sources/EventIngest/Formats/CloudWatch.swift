import DeployModel

extension ExportShape {
    /// AWS CloudWatch: `filter-log-events`, results of Logs Insights, `get-metric-data`.
    static let cloudWatch = [
        ExportShape(.cloudwatch, .json(descends: ["", "events"]) { CloudWatchLogReader($0) }) { head in
            head.has("events[].message", "events[].timestamp")
                && (head.has("events[].ingestionTime") || head.has("events[].logStreamName")
                    || head.has("events[].eventId"))
                || head.has("events", "searchedLogStreams")
        },
        ExportShape(.cloudwatch, .json(descends: ["", "results"]) { InsightsReader($0) }) { head in
            head.has("results[][].field") || head.has("results", "statistics", "status")
        },
        ExportShape(.cloudwatch, .json(descends: ["", "MetricDataResults"]) { CloudWatchMetricReader($0) }) {
            head in
            head.has("MetricDataResults")
        },
        ExportShape(.cloudwatch, .rows { CloudWatchRows($0) }) { head in
            head.header.contains("@timestamp") && head.header.contains("@message")
                || head.header == ["timestamp", "message"]
        },
    ]
}

private final class CloudWatchLogReader: JSONExportReader {
    private let context: ExportContext
    private var count = 0, hasMore = false

    init(_ context: ExportContext) { self.context = context }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        if path.lowercased() == "nexttoken" { hasMore = hasMore || !value.elementsEqual("null".utf8) }
        guard path == "events[]", let node = try element(value, line: line, emit) else { return }
        count += 1
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var record = ExportRecord(at: try ExportTime.milliseconds.instant(node["timestamp"]))
            let stream = node["logStreamName"]?.string
            if let text = node["message"]?.string { record.add(logText: text) }
            record.add("logStreamName", stream)
            // Container Insights calls a stream pod_namespace_container-id.
            if let pod = stream?.split(separator: "_").first, PodName(String(pod)).templateHash != nil,
                !record.fields.contains(where: { $0.key.lowercased().contains("pod") })
            {
                record.add("pod", pod)
            }
            record.addOutcome()
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(
            warnings: pageWarnings(
                hasMore
                    ? "The export ends with a nextToken: there are more events than these \(count)." : nil,
                count, caps: [10_000], of: "events",
                remedy: "let the CLI page: leave --limit and --max-items out, or go on with --starting-token"),
            assumptions: [ExportRecord.outcomeWords])
    }
}

private final class InsightsReader: JSONExportReader {
    private let context: ExportContext
    private var points: MetricPoints
    private var count = 0

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .begin)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == "results[]" || path == "status", let node = try element(value, line: line, emit) else {
            return
        }
        if path == "status" {
            guard let status = node.text, status != "Complete" else { return }
            throw IngestError(
                .unreadable, "this query had not finished: its status is \(status)", at: context.name,
                remedy: "ask get-query-results again until the status is Complete")
        }
        count += 1
        let fields = node.elements.compactMap { pair in
            pair["field"]?.string.map { (name: $0, value: pair["value"]?.string ?? "") }
        }.filter { $0.name != "@ptr" }
        if let bin = fields.first(where: { $0.name.hasPrefix("bin(") }) {
            return try take(bin: bin, fields, line: line, emit)
        }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            guard let time = fields.first(where: { $0.name == "@timestamp" }) else {
                throw RecordFailure(reason: "it has no @timestamp")
            }
            // Insights writes UTC without saying so.
            var record = ExportRecord(at: try instant(.string(time.value), offsetSeconds: 0))
            for field in fields where field.name != "@timestamp" && field.name != "@message" {
                record.add(
                    field.name.hasPrefix("@") ? String(field.name.dropFirst()) : field.name, field.value)
            }
            if let message = fields.first(where: { $0.name == "@message" }) {
                record.add(logText: message.value)
            }
            record.addOutcome()
            return record
        }
    }

    /// A row of `stats … by bin(1m)`: columns that count, and columns that group.
    private func take(
        bin: (name: String, value: String), _ fields: [(name: String, value: String)], line: Int,
        _ emit: ExportSink
    ) throws {
        var labels: [String: String] = [:], counts: [(String, Double)] = []
        for field in fields where field.name != bin.name {
            let isLabel =
                Outcome.labels.contains(field.name) && Outcome(label: field.name, value: field.value) != nil
            if let number = Double(field.value), !isLabel {
                counts.append((field.name, number))
            } else {
                labels[field.name] = field.value
            }
        }
        let time = Result { () throws(RecordFailure) in try instant(.string(bin.value), offsetSeconds: 0) }
        for (name, number) in counts {
            let series = points.series(name, labels, kind: .count, line: line)
            try points.add(number, at: time, to: series, line: line, emit)
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        var remarks =
            points.isEmpty ? ExportRemarks(assumptions: [ExportRecord.outcomeWords]) : try points.finish(emit)
        remarks.warnings += capWarning(
            count, caps: [1000, 10_000, 100_000], of: "rows",
            remedy:
                "ask with a larger limit and page with nextToken, or count: stats count(*) by bin(1m), status"
        )
        return remarks
    }
}

private final class CloudWatchMetricReader: JSONExportReader {
    private var points: MetricPoints
    private var hasMore = false

    init(_ context: ExportContext) { points = MetricPoints(context, stamp: .begin) }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        if path == "NextToken" { hasMore = hasMore || !value.elementsEqual("null".utf8) }
        guard path == "MetricDataResults[]", let node = try element(value, line: line, emit) else { return }
        let times = node["Timestamps"]?.elements ?? [], values = node["Values"]?.elements ?? []
        guard times.count == values.count else {
            return try emit(.rejected("a metric has not as many values as timestamps"), line)
        }
        hasMore = hasMore || node["StatusCode"]?.text == "PartialData"
        let told = legend(node["Label"]?.string ?? "")
        let id = node["Id"]?.string ?? ""
        // A label is free text; where it says nothing the id may.
        let isTold = Outcome(name: told.name) != nil || told.labels["code"] != nil
        let series = points.series(
            isTold ? told.name : Outcome(name: id) != nil ? id : told.name, told.labels, kind: .count,
            line: line)
        for (time, value) in zip(times, values) {
            let time = Result { () throws(RecordFailure) in try instant(time) }
            try points.add(value.double, at: time, to: series, line: line, emit)
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        var remarks = try points.finish(
            emit, orElse: "there is no metric in it", remedy: "check the query and its dimensions")
        if hasMore {
            remarks.warnings.append(
                truncation(
                    "The metrics are not all: the answer says PartialData or ends with a NextToken.",
                    "fetch the next pages"))
        }
        return remarks
    }
}

/// Rows that the console downloads: of a log group, or of a query of Logs Insights.
private final class CloudWatchRows: RowExportReader {
    private let context: ExportContext
    private var header: [String] = []
    private var count = 0

    init(_ context: ExportContext) { self.context = context }

    func take(_ cells: [String], line: Int, _ emit: ExportSink) throws {
        guard !header.isEmpty else {
            header = cells
            return
        }
        guard cells.count == header.count else {
            return try emit(.rejected("it has \(cells.count) cells, the header has \(header.count)"), line)
        }
        count += 1
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            func cell(_ name: String) -> String? {
                (header.firstIndex(of: "@\(name)") ?? header.firstIndex(of: name)).map { cells[$0] }
            }
            guard let written = cell("timestamp") else { throw RecordFailure(reason: "it has no time") }
            var record = ExportRecord(at: try time(written))
            for (name, cell) in zip(header, cells)
            where !cell.isEmpty && !["@message", "message"].contains(name) {
                record.add(name.hasPrefix("@") ? String(name.dropFirst()) : name, cell)
            }
            if let message = cell("message") { record.add(logText: message) }
            record.addOutcome()
            return record
        }
    }

    /// Milliseconds, or a date in the zone that the console was set to.
    private func time(_ text: String) throws(RecordFailure) -> Instant {
        if Double(text) != nil { return try ExportTime.milliseconds.read(.string(text)).get() }
        return try instant(.string(text), offsetSeconds: context.options.offsetSeconds ?? 0)
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(
            warnings: capWarning(
                count, caps: [1000, 10_000], of: "rows",
                remedy:
                    "the console shows no more: export with the API, or count with stats count(*) by bin(1m)"),
            assumptions: [ExportRecord.outcomeWords])
    }
}

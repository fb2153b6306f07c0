import DeployModel

extension ExportShape {
    /// Grafana: the data of a panel as CSV or JSON, and data frames as the query API answers with them.
    static let grafana = [
        ExportShape(.grafana, .json(descends: ["", "series", "results"]) { GrafanaReader($0) }) { head in
            head.has("series[].fields[].name")
                || head.outline.keys.contains {
                    $0.hasPrefix("results.") && $0.contains(".frames[]")
                }
        },
        ExportShape(.grafana, .json(descends: [""]) { GrafanaReader($0) }) { head in
            head.has("[].schema.fields[].name") || head.has("[].fields[].name", "[].fields[].values")
        },
        ExportShape(.grafana, .rows { GrafanaRows($0) }) { head in
            !head.header.contains { columnsOfEvents.contains($0.lowercased()) }
                && head.header.first == "Time" && head.header.count > 1
                && head.header.dropFirst().allSatisfy { !$0.isEmpty }
                && (head.firstRow.isEmpty
                    || head.firstRow.dropFirst().allSatisfy { $0.isEmpty || GrafanaCell($0) != nil })
        },
    ]
}

/// Columns that tables of events have, and that no legend is called.
private let columnsOfEvents: Set<String> = [
    "status", "code", "status_code", "http_status", "response_code", "level", "severity", "duration",
    "duration_ms",
    "latency", "latency_ms", "pod", "service", "host", "message", "weight", "samplerate",
]

/// Units of Grafana's that are counts per second.
private func isRate(unit: String) -> Bool {
    [
        "reqps", "rps", "ops", "cps", "wps", "eps", "iops", "mps", "rowsps", "pps", "req/s", "ops/s", "c/s",
        "cnt/s", "evt/s", "rd/s",
        "wr/s", "io/s", "counts/s", "requests/sec", "/s",
    ].contains(unit.lowercased())
}

private final class GrafanaReader: JSONExportReader {
    private let context: ExportContext
    /// Answers of Prometheus say when an interval ends, those of others when it begins.
    private var points: MetricPoints

    init(_ context: ExportContext) {
        self.context = context
        let isMatrix = context.head.outline.contains {
            $0.key.hasSuffix("resultType") && $0.value == "matrix"
        }
        points = MetricPoints(context, stamp: isMatrix ? .end : .begin)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == "series[]" || path == "[]" || path.hasPrefix("results."),
            let node = try element(value, line: line, emit)
        else { return }
        if let error = node["error"]?.text { throw serverError(at: context.name, saying: error) }
        for frame in node["frames"]?.elements ?? [node] { try take(frame: frame, line: line, emit) }
    }

    private struct Field {
        var name: String, type: String, unit: String
        var labels: [String: String]
        var values: [JSONNode]
    }

    private func take(frame: JSONNode, line: Int, _ emit: ExportSink) throws {
        let schema = frame["schema"] ?? frame
        let columns = frame["data"]?["values"]?.elements
        let fields = (schema["fields"]?.elements ?? []).enumerated().map { index, field in
            var labels: [String: String] = [:]
            for label in field["labels"]?.members ?? [] { labels[label.key] = label.value.text }
            let config = field["config"]
            let given = config?.first("displayNameFromDS", "displayName")?.text ?? field["name"]?.text ?? ""
            let name =
                given == "Value" || given.isEmpty
                ? schema["name"]?.text ?? schema["refId"]?.text ?? given : given
            let values =
                columns.map { $0.indices.contains(index) ? $0[index] : .null } ?? field["values"] ?? .null
            return Field(
                name: name, type: field["type"]?.text ?? "", unit: config?["unit"]?.text ?? "",
                labels: labels,
                // Older versions wrap the values.
                values: values.elements.isEmpty ? values["buffer"]?.elements ?? [] : values.elements)
        }
        guard let time = fields.first(where: { $0.type == "time" }) else {
            return try emit(.rejected("a frame has no field of type time"), line)
        }
        let texts = fields.filter { $0.type == "string" || $0.type == "boolean" }
        for field in fields where field.type == "number" {
            let told = field.labels.isEmpty ? legend(field.name) : (field.name, [:])
            for (row, value) in field.values.enumerated() where value != .null {
                guard row < time.values.count else { break }
                var labels = field.labels.merging(told.1) { own, _ in own }
                for text in texts where row < text.values.count { labels[text.name] = text.values[row].text }
                let series = points.series(
                    told.0, labels, kind: isRate(unit: field.unit) ? .rate : nil, line: line)
                try points.add(
                    value.double, at: ExportTime.milliseconds.read(time.values[row]), to: series, line: line,
                    emit)
            }
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        try points.finish(
            emit, orElse: "there is no field of numbers beside one of times in it",
            remedy: "Inspect → JSON → Panel data, or Inspect → Data → Download CSV")
    }
}

/// A cell such as `7.4`, `1.2 K` or `7.4 req/s`.
private struct GrafanaCell {
    var number: Double
    var unit: String

    init?(_ text: String) {
        let text = text.trimmed.filter { $0 != "\u{A0}" }
        let digits = text.prefix { $0.isNumber || "+-.eE".contains($0) }
        var unit = text[digits.endIndex...].trimmed
        var digitText = String(digits)
        // The exponent's letter may begin a unit: `1 events`.
        while digitText.last == "e" || digitText.last == "E" {
            unit = String(digitText.removeLast()) + unit
        }
        guard let number = Double(digitText) else { return nil }
        var factor = 1.0
        for (name, value) in [
            ("Mil", 1e6), ("Bil", 1e9), ("Tri", 1e12), ("K", 1e3), ("k", 1e3), ("M", 1e6), ("G", 1e9),
        ]
        where unit == name || unit.hasPrefix(name + " ") {
            factor = value
            unit = unit.dropFirst(name.count).trimmed
            break
        }
        self.number = number * factor
        self.unit = unit
    }
}

private final class GrafanaRows: RowExportReader {
    private let context: ExportContext
    private var points: MetricPoints
    private var header: [String] = []
    private var unitOfTime: Bool?
    private var hasNoZone = false

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .begin)
    }

    func take(_ cells: [String], line: Int, _ emit: ExportSink) throws {
        guard !header.isEmpty else {
            header = cells
            return
        }
        guard cells.count == header.count else {
            return try emit(.rejected("it has \(cells.count) cells, the header has \(header.count)"), line)
        }
        let time = time(cells[0])
        for (name, text) in zip(header, cells).dropFirst() where !text.isEmpty && text.lowercased() != "nan" {
            guard let cell = GrafanaCell(text) else {
                try emit(.rejected("'\(text.prefix(40))' below \(name) is no number"), line)
                continue
            }
            guard cell.unit.isEmpty || isRate(unit: cell.unit) || Outcome(name: cell.unit) != nil else {
                throw IngestError(
                    .missingRole, "'\(text)' below \(name) is no count of events",
                    at: "\(context.name):\(line)",
                    remedy:
                        "export the number of failing events and of all events, not their share or how long they took"
                )
            }
            let told = legend(name)
            let series = points.series(
                told.name, told.labels, kind: isRate(unit: cell.unit) ? .rate : nil, line: line)
            try points.add(cell.number, at: time, to: series, line: line, emit)
        }
    }

    /// Milliseconds, or a date in the zone of the dashboard; the first one decides for the column.
    private func time(_ text: String) -> Result<Instant, RecordFailure> {
        let isNumber = unitOfTime ?? (Double(text) != nil)
        unitOfTime = isNumber
        guard !isNumber else { return ExportTime.milliseconds.read(.string(text)) }
        return Result { () throws(RecordFailure) in
            if let zoned = Instant(rfc3339: text, assumingOffsetSeconds: nil) { return zoned }
            hasNoZone = true
            return try instant(.string(text), offsetSeconds: context.options.offsetSeconds ?? 0)
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        var remarks = try points.finish(
            emit, orElse: "there is no number in it", remedy: "export the panel again")
        if hasNoZone, context.options.offsetSeconds == nil {
            remarks.warnings.append(
                Warning(
                    code: "no_zone",
                    text:
                        "The times are those of a dashboard, which does not say its zone; they were taken for UTC.",
                    remedy: "say it with --tz +02:00, or export with \"Formatted data\" switched off"))
        }
        return remarks
    }
}

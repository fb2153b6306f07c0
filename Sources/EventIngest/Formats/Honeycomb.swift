import DeployModel

extension ExportShape {
    /// Honeycomb: answers of the Query Data API, downloads of query results as JSON or CSV, arrays of batch events.
    static let honeycomb = [
        ExportShape(
            .honeycomb,
            .json(descends: ["", "data", "data.series", "data.results"]) { HoneycombReader($0) }
        ) {
            $0.has("data.series[].time") || $0.has("complete", "data.series")
                || $0.has("complete", "data.results") || $0.has("data.results[].data")
        },
        ExportShape(.honeycomb, .json(descends: ["", "[]"]) { HoneycombReader($0) }) { head in
            head.has("[].time", "[].data")
                && head.outline.keys.contains { key in
                    key.hasPrefix("[].data.") && isCalculation(String(key.dropFirst("[].data.".count)))
                }
        },
        ExportShape(.honeycomb, .json(descends: [""]) { HoneycombReader($0) }) { head in
            head.outline["[]"] == "{"
                && head.outline.keys.contains { key in
                    key.hasPrefix("[].") && isCalculation(String(key.dropFirst(3)))
                }
        },
        ExportShape(.honeycomb, .json(descends: [""]) { _ in PlainObjects() }) { head in
            head.has("[].data") && (head.has("[].time") || head.has("[].samplerate"))
        },
        ExportShape(.honeycomb, .rows { HoneycombRows($0) }) { head in
            head.header.contains(where: isCalculation)
        },
    ]
}

/// Whether a column is a calculation rather than a field: `COUNT`, `P99(duration_ms)`.
private func isCalculation(_ name: String) -> Bool {
    if name == "COUNT" || name == "CONCURRENCY" { return true }
    guard let open = name.firstIndex(of: "("), name.hasSuffix(")") else { return false }
    let operations: Set<Substring> = [
        "COUNT", "SUM", "AVG", "COUNT_DISTINCT", "MAX", "MIN", "P001", "P01", "P05", "P10", "P20", "P25",
        "P50", "P75", "P80",
        "P90", "P95", "P99", "P999", "HEATMAP", "RATE_AVG", "RATE_SUM", "RATE_MAX", "COUNT_DATAPOINTS",
        "HISTOGRAM_COUNT",
    ]
    return operations.contains(name[..<open])
}

/// A column without the part of a relational query that says on which span of the trace it stands: `root.service.name`.
private func withoutRelation(_ name: String) -> String {
    for relation in ["root.", "parent.", "child.", "any.", "any2.", "any3.", "none."]
    where name.hasPrefix(relation) {
        return String(name.dropFirst(relation.count))
    }
    return name
}

private let timelessProblem = "this is a summary without times, which cannot be laid beside deploys"
private let timelessRemedy =
    "export the time series: download it from the graph, or ask the Query Data API with disable_series false and a granularity"

/// The rows of a query result: groups and calculations at a time.
private struct HoneycombGroups {
    private var points: MetricPoints
    private let context: ExportContext
    /// The most groups that a query returns with its series.
    private static let groupLimit = 1000

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .begin)
    }

    mutating func add(_ fields: [JSONNode.Member], at time: Instant, line: Int, _ emit: ExportSink) throws {
        var labels: [String: String] = [:]
        var counts: [(String, Double?)] = []
        let isMapped = Set(
            context.options.roleFields.filter { [.errors, .successes, .count].contains($0.key) }.values)
        for field in fields {
            if field.key == "COUNT" || field.key.hasPrefix("COUNT(") || isMapped.contains(field.key) {
                counts.append((field.key, field.value.double))
            } else if !isCalculation(field.key) {
                // A calculation may have a name of its own: errors, total.
                if field.value.isNumber, Outcome(name: field.key) != nil, !Outcome.labels.contains(field.key)
                {
                    counts.append((field.key, field.value.double))
                } else {
                    let name = withoutRelation(field.key)
                    labels[fields.contains { $0.key == name } ? field.key : name] = field.value.text
                }
            }
        }
        for (name, value) in counts {
            let series = points.series(name, labels, kind: .count, line: line)
            try points.add(value, at: .success(time), to: series, line: line, emit)
        }
    }

    mutating func finish(_ emit: ExportSink) throws -> ExportRemarks {
        guard !points.isEmpty else {
            throw IngestError(
                .missingRole, "no column counts events", at: context.name,
                remedy: "add the calculation COUNT to the query, grouped by the status or by error")
        }
        let groups = points.seriesCount
        var remarks = try points.finish(emit)
        if groups >= Self.groupLimit {
            remarks.warnings.append(
                truncation(
                    "The result holds \(groups) groups, as many as a query returns: further ones are missing.",
                    "group by fewer fields, or filter"))
        }
        return remarks
    }
}

private final class HoneycombReader: JSONExportReader {
    private var groups: HoneycombGroups
    private let context: ExportContext
    private var rows = 0, timeless = 0

    init(_ context: ExportContext) {
        self.context = context
        groups = HoneycombGroups(context)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        if path == "complete", value.elementsEqual("false".utf8) {
            throw IngestError(
                .unreadable, "this query had not finished: its result says \"complete\": false",
                at: context.name,
                remedy: "ask for the result again until it says \"complete\": true")
        }
        if path == "data.results[]" {
            timeless += 1
            return
        }
        guard path == "data.series[]" || path == "[]" else { return }
        guard let node = try element(value, line: line, emit) else { return }
        let data = node["data"] ?? node
        let names = ["time", "Time", "timestamp", "Timestamp", "Timestamp UTC", "_time"]
        guard let time = names.lazy.compactMap({ node[$0] }).first else {
            timeless += 1
            return
        }
        rows += 1
        let parsed: Instant
        do throws(RecordFailure) {
            parsed = try instant(time, offsetSeconds: context.options.offsetSeconds ?? 0)
        } catch {
            return try emit(.rejected(error.reason), line)
        }
        try groups.add(data.members.filter { !names.contains($0.key) }, at: parsed, line: line, emit)
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        guard rows > 0 || timeless == 0 else {
            throw IngestError(.missingRole, timelessProblem, at: context.name, remedy: timelessRemedy)
        }
        return try groups.finish(emit)
    }
}

private final class HoneycombRows: RowExportReader {
    private var groups: HoneycombGroups
    private let context: ExportContext
    private var header: [String] = []
    private var timeColumn: Int?

    init(_ context: ExportContext) {
        self.context = context
        groups = HoneycombGroups(context)
    }

    func take(_ cells: [String], line: Int, _ emit: ExportSink) throws {
        guard !header.isEmpty else {
            header = cells
            timeColumn = cells.firstIndex {
                ["time", "timestamp", "timestamp utc", "_time"].contains($0.lowercased())
            }
            guard timeColumn != nil else {
                throw IngestError(.missingRole, timelessProblem, at: context.name, remedy: timelessRemedy)
            }
            return
        }
        guard let timeColumn, cells.count == header.count else {
            return try emit(.rejected("it has \(cells.count) cells, the header has \(header.count)"), line)
        }
        guard
            let time = Instant(
                rfc3339: cells[timeColumn], assumingOffsetSeconds: context.options.offsetSeconds ?? 0)
        else {
            return try emit(.rejected("its time '\(cells[timeColumn].prefix(40))' is no date"), line)
        }
        let fields = zip(header, cells).enumerated().filter {
            $0.offset != timeColumn && !$0.element.1.isEmpty
        }.map {
            JSONNode.Member(
                key: $0.element.0,
                value: Double($0.element.1) != nil ? .number($0.element.1) : .string($0.element.1))
        }
        try groups.add(fields, at: time, line: line, emit)
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks { try groups.finish(emit) }
}

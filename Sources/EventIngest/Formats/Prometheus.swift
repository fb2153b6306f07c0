import DeployModel

extension ExportShape {
    /// Prometheus and what answers like it (Thanos, Mimir, VictoriaMetrics, Loki's metric queries): range queries, and the bare
    /// array that `promtool query range -o json` prints.
    static let prometheus = [
        ExportShape(.prometheus, .json(descends: ["", "data", "data.result"]) { PrometheusReader($0) }) {
            head in
            ["matrix", "vector", "scalar", "string"].contains(head.outline["data.resultType"])
                || head.outline["data.result[].metric"] == "{"
                || head.outline["status"] == "error"
                    && head.has("errorType")
                    && head.hasOnly(["status", "errorType", "error", "data", "warnings", "infos"])
        },
        ExportShape(.prometheus, .json(descends: [""]) { PrometheusReader($0) }) { head in
            // A text called so is the field of an event.
            head.outline["[].metric"] == "{"
                && (head.has("[].values") || head.has("[].histograms") || head.has("[].value"))
        },
        // Answers that were asked for here: a line before each says which question it answers.
        ExportShape(
            .prometheus,
            .json(descends: ["", "answer", "answer.data", "answer.data.result"]) { PrometheusReader($0) }
        ) { head in head.has("series", "step", "answer") },
    ]

    /// VictoriaMetrics `/api/v1/export`: a line for each part of a series, milliseconds.
    static let victoriaMetrics = [
        ExportShape(.victoriametrics, .json(descends: [], isLines: true) { VictoriaMetricsReader($0) }) {
            head in
            head.has("metric", "values", "timestamps")
        }
    ]
}

/// What is thrown when a file holds the error that a server answered with.
func serverError(at name: String, saying message: String? = nil) -> IngestError {
    IngestError(
        .unreadable, "this is an error that the server answered with\(message.map { ": \($0)" } ?? "")",
        at: name,
        remedy: "mend the query and export again")
}

private final class PrometheusReader: JSONExportReader {
    private var points: MetricPoints
    private let context: ExportContext
    private var remarks = ExportRemarks()
    private var isError = false
    /// What the series of the answer are called, where the question gave them a name of its own.
    private var asked: String?
    private var askedKind: MetricKind?
    private var questions: [String] = []

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .end)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        switch path.hasPrefix("answer.") ? String(path.dropFirst("answer.".count)) : path {
        case "series":
            (asked, askedKind) = (node.text, nil)
            if let asked, !questions.contains(asked) { questions.append(asked) }
        case "kind": askedKind = node.text.flatMap { MetricKind(rawValue: $0) }
        case "step": points.stepMilliseconds = node.double.map { Int64($0 * 1000) }
        case "isPartial":
            guard node == .bool(true) else { return }
            remarks.warnings.append(Self.partial("The server says that its answer is partial."))
        case "status": isError = node.text == "error"
        case "error": if isError { throw serverError(at: context.name, saying: node.text) }
        case "data.resultType":
            guard node.text == "matrix" || node.text == "streams" else { throw oneInstant(node.text ?? "") }
        case "warnings":
            for warning in node.elements.compactMap(\.text) {
                remarks.warnings.append(Self.partial("The server warned: \(warning)"))
            }
        case "data.result[]", "[]": try take(series: node, line: line, emit)
        default: break
        }
    }

    private static func partial(_ text: String) -> Warning {
        Warning(
            code: "partial_answer", text: text,
            remedy: "part of the data may be missing; ask again when every store answers")
    }

    private func oneInstant(_ type: String) -> IngestError {
        IngestError(
            .nothingReadable, "this is the answer to an instant query (\(type)), which cannot show a change",
            at: context.name, remedy: "ask /api/v1/query_range with start, end and step")
    }

    private func take(series node: JSONNode, line: Int, _ emit: ExportSink) throws {
        guard node["value"] == nil, node["histogram"] == nil else { throw oneInstant("vector") }
        let (name, labels) = metric(node["metric"])
        let isHistogram = node["values"] == nil
        let number = points.series(asked ?? name, labels, kind: kind(of: name), line: line)
        for pair in node[isHistogram ? "histograms" : "values"]?.elements ?? [] {
            let parts = pair.elements
            guard parts.count == 2 else {
                try emit(.rejected("a point is no pair of a time and a value"), line)
                continue
            }
            let value = isHistogram ? parts[1]["count"]?.double : parts[1].double
            try points.add(value, at: ExportTime.seconds.read(parts[0]), to: number, line: line, emit)
        }
    }

    /// What the values of an answer are, as the question says, or the name of the metric where the answer has kept it.
    private func kind(of name: String) -> MetricKind? {
        guard asked != nil else { return nil }
        return askedKind ?? (name.hasSuffix("_total") || name.hasSuffix("_count") ? .counter : nil)
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        if isError { throw serverError(at: context.name) }
        // Events first: without them nothing can be said of errors.
        for question in questions.sorted(by: >) where points.count(of: question) == 0 {
            guard question == "errors", points.count(of: "events") > 0 else {
                throw IngestError(
                    .empty, "the query for \(question) gave no series", at: context.name,
                    remedy: "check the names and labels in it, and the window")
            }
            points.addEmpty(question, beside: "events")
            remarks.warnings.append(
                Warning(
                    code: "no_error_series", text: "The query for errors gave no series at all.",
                    remedy:
                        "nothing failed, or a name or a label in it is mistyped: try it where you see graphs")
            )
        }
        let found = try points.finish(
            emit, orElse: "the answer holds no series",
            remedy: "check the query, its labels and the range of time")
        remarks.assumptions += found.assumptions
        remarks.warnings += found.warnings
        return remarks
    }
}

/// The name and the other labels of a series.
private func metric(_ node: JSONNode?) -> (name: String, labels: [String: String]) {
    var labels: [String: String] = [:]
    for member in node?.members ?? [] { labels[member.key] = member.value.text }
    return (labels.removeValue(forKey: "__name__") ?? "", labels)
}

private final class VictoriaMetricsReader: JSONExportReader {
    private var points: MetricPoints

    init(_ context: ExportContext) { points = MetricPoints(context, stamp: .end) }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        guard node["metric"] != nil, let values = node["values"]?.elements,
            let times = node["timestamps"]?.elements,
            values.count == times.count
        else { return try emit(.rejected("it is no series with as many values as timestamps"), line) }
        let (name, labels) = metric(node["metric"])
        // Buckets and sums of histograms say nothing of how many there were.
        guard !name.hasSuffix("_bucket"), !name.hasSuffix("_sum") else { return }
        let number = points.series(name, labels, line: line)
        for (value, time) in zip(values, times) {
            try points.add(value.double, at: ExportTime.milliseconds.read(time), to: number, line: line, emit)
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks { try points.finish(emit) }
}

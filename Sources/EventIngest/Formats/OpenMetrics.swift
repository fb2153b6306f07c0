import DeployModel

extension ExportShape {
    /// OpenMetrics text, and Prometheus' older text format, with timestamps.
    static let openMetrics = [
        ExportShape(.openmetrics, .lines { OpenMetricsReader($0) }) { head in
            head.filledLines.contains { $0.hasPrefix("# TYPE ") || $0.hasPrefix("# HELP ") }
                && head.mostLines { $0.hasPrefix("#") || ExpositionSample($0) != nil }
                || head.mostLines {
                    ExpositionSample($0)?.time != nil && $0.contains("{") && $0.contains("=\"")
                }
        }
    ]
}

/// `name{label="value"} value [timestamp] [# exemplar]`.
private struct ExpositionSample {
    var name: String
    var labels: [String: String]
    var value: Double
    var time: String?

    init?(_ text: String) {
        let text = text.trimmed
        guard let first = text.first, first.isLetter || first == "_" || first == ":" else { return nil }
        var rest = text[...]
        if let open = text.firstIndex(of: "{"), !text[..<open].contains(" ") {
            guard let close = Self.closingBrace(text, from: open) else { return nil }
            name = text[..<open].trimmed
            labels = labelPairs(text[text.index(after: open)..<close])
            rest = text[text.index(after: close)...]
        } else {
            guard let space = text.firstIndex(of: " ") else { return nil }
            name = String(text[..<space])
            labels = [:]
            rest = text[space...]
        }
        let words = rest.prefix { $0 != "#" }.split(separator: " ")
        guard (1...2).contains(words.count), let value = Self.number(words[0]) else { return nil }
        self.value = value
        time = words.count == 2 ? String(words[1]) : nil
        if let time, Double(time) == nil { return nil }
    }

    private static func closingBrace(_ text: String, from open: String.Index) -> String.Index? {
        var isQuoted = false, isEscaped = false
        for index in text[open...].indices {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, text[index] == "\\" {
                isEscaped = true
            } else if text[index] == "\"" {
                isQuoted.toggle()
            } else if text[index] == "}", !isQuoted {
                return index
            }
        }
        return nil
    }

    private static func number(_ text: Substring) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "+inf", "inf": .infinity
        case "-inf": -.infinity
        default: Double(text)
        }
    }
}

private final class OpenMetricsReader: LineExportReader {
    private var points: MetricPoints
    private let context: ExportContext
    private var types: [String: String] = [:]
    /// Decided by the first sample: seconds in OpenMetrics, milliseconds in the older format.
    private var unit: ExportTime?
    private var timeless = 0, hasEnd = false, left = 0

    init(_ context: ExportContext) {
        self.context = context
        points = MetricPoints(context, stamp: .end)
    }

    func take(_ text: String, line: Int, _ emit: ExportSink) throws {
        guard !text.isEmpty else { return }
        if text.hasPrefix("#") {
            let words = text.split(separator: " ")
            if words.count >= 4, words[1] == "TYPE" { types[String(words[2])] = String(words[3]) }
            if words.count == 2, words[1] == "EOF" { hasEnd = true }
            return
        }
        guard let sample = ExpositionSample(text) else { return try emit(.rejected("it is no sample"), line) }
        guard isCounted(sample.name) else {
            left += 1
            return
        }
        guard let time = sample.time else {
            timeless += 1
            return
        }
        let unit = unit ?? ((Double(time) ?? 0) < 1e11 ? .seconds : .milliseconds)
        self.unit = unit
        let series = points.series(sample.name, sample.labels, kind: .counter, line: line)
        try points.add(sample.value, at: unit.read(.number(time)), to: series, line: line, emit)
    }

    /// Whether a sample is of a counter, or the count of a histogram or summary.
    private func isCounted(_ name: String) -> Bool {
        for suffix in ["_bucket", "_sum", "_created", "_gcount", "_gsum"] where name.hasSuffix(suffix) {
            return false
        }
        for suffix in ["", "_total", "_count"] where name.hasSuffix(suffix) {
            switch types[String(name.dropLast(suffix.count))] {
            case "counter": return suffix != "_count"
            case "histogram", "summary": return suffix == "_count"
            case "gauge", "info", "stateset", "gaugehistogram": return false
            default: continue
            }
        }
        return name.hasSuffix("_total") || name.hasSuffix("_count")
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        guard !points.isEmpty else {
            throw IngestError(
                .nothingReadable,
                timeless > 0
                    ? "its samples have no time: one scrape cannot show a change"
                    : "there is no counter in it",
                at: context.name,
                remedy:
                    "ask the server that scrapes it: /api/v1/query_range of Prometheus, or /api/v1/export of VictoriaMetrics"
            )
        }
        var remarks = try points.finish(emit)
        if case .seconds = unit, !hasEnd {
            remarks.warnings.append(
                truncation(
                    "It does not end with # EOF, as OpenMetrics does: the file may be cut off.",
                    "export it again"))
        }
        return remarks
    }
}

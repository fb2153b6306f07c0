import DeployModel

extension ExportShape {
    /// ClickHouse: `FORMAT JSON` and `FORMAT JSONCompact`. `JSONEachRow` is NDJSON, `CSVWithNames` and `TSVWithNames` are CSV.
    static let clickHouse = [
        ExportShape(.clickhouse, .json(descends: ["", "data"]) { ClickHouseReader($0) }) { head in
            head.has("meta[].name", "data")
        }
    ]
}

private final class ClickHouseReader: JSONExportReader {
    private let context: ExportContext
    private var columns: [String] = []
    private var count = 0.0, before: Double?

    init(_ context: ExportContext) { self.context = context }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        switch path {
        case "meta":
            columns = try element(value, line: line, emit)?.elements.map { $0["name"]?.string ?? "" } ?? []
        case "rows_before_limit_at_least": before = try element(value, line: line, emit)?.double
        case "exception":
            throw serverError(at: context.name, saying: try element(value, line: line, emit)?.text)
        case "data[]":
            count += 1
            guard value.first == UInt8(ascii: "[") else { return try emit(.object(value), line) }
            guard let cells = try element(value, line: line, emit)?.elements else { return }
            guard cells.count == columns.count else {
                return try emit(
                    .rejected("it has \(cells.count) cells, the answer has \(columns.count) columns"), line)
            }
            var record = ExportRecord()
            for (name, cell) in zip(columns, cells) { record.add(name, cell) }
            try emit(.record(record), line)
        default: break
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        guard let before, before > count else { return ExportRemarks() }
        return ExportRemarks(warnings: [
            truncation(
                "The answer was cut by a LIMIT: \(written(count)) of \(written(before)) rows.",
                "ask without LIMIT, or count")
        ])
    }
}

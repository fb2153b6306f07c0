import DeployModel

extension ExportShape {
    /// Azure Log Analytics and Application Insights: the array that `az monitor log-analytics query` prints, and the tables of the
    /// REST API.
    static let azure = [
        ExportShape(.azure, .json(descends: [""]) { AzureReader($0) }) { head in
            head.has("[].TimeGenerated") || head.has("[].TableName", "[].timestamp")
                || head.has("[].TenantId", "[].Type")
        },
        ExportShape(.azure, .json(descends: ["", "tables", "tables[]", "tables[].rows"]) { AzureReader($0) })
        { head in
            head.has("tables[].columns[].name")
        },
        ExportShape(.azure, .json(descends: [], isLines: true) { AzureReader($0) }) { head in
            head.has("TimeGenerated") && (head.has("TableName") || head.has("TenantId") || head.has("Type"))
        },
    ]
}

private final class AzureReader: JSONExportReader {
    private let context: ExportContext
    private var columns: [String] = []
    private var count = 0
    private var partial: String?
    /// Whether there are lines of logs among the rows.
    private var hasText = false

    init(_ context: ExportContext) { self.context = context }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        switch path {
        case "tables[].columns":
            columns = try element(value, line: line, emit)?.elements.map { $0["name"]?.string ?? "" } ?? []
        case "error":
            let node = try element(value, line: line, emit)
            partial = node?["message"]?.text ?? node?["code"]?.text ?? "unknown"
        case "tables[].rows[]":
            guard let node = try element(value, line: line, emit) else { return }
            let cells = node.elements
            guard cells.count == columns.count else {
                return try emit(
                    .rejected("it has \(cells.count) cells, the table has \(columns.count) columns"), line)
            }
            try take(zip(columns, cells).map { JSONNode.Member(key: $0, value: $1) }, line: line, emit)
        case "[]", "":
            if let node = try element(value, line: line, emit) { try take(node.members, line: line, emit) }
        default: break
        }
    }

    private func take(_ members: [JSONNode.Member], line: Int, _ emit: ExportSink) throws {
        count += 1
        func value(_ names: String...) -> JSONNode? {
            names.lazy.compactMap { name in members.first { $0.key == name }?.value }.first
        }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var record = ExportRecord(at: try instant(value("TimeGenerated", "timestamp"), offsetSeconds: 0))
            record.add("pod", value("PodName"))
            record.add("level", value("LogLevel"))
            for member in members
            where !["TableName", "LogMessage", "PodName", "LogLevel", "TimeGenerated"].contains(member.key) {
                // The CLI writes booleans and numbers as texts.
                switch member.value.string {
                case "True": record.add(member.key, .bool(true))
                case "False": record.add(member.key, .bool(false))
                case "": break
                default: record.add(member.key, member.value)
                }
            }
            if let message = value("LogMessage") {
                hasText = true
                if let text = message.string {
                    record.add(logText: text)
                } else {
                    record.add(members: message)
                }
                record.addOutcome()
            }
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        var remarks = ExportRemarks(assumptions: hasText ? [ExportRecord.outcomeWords] : [])
        remarks.warnings = capWarning(
            count, caps: [1000, 10_000, 30_000, 50_000, 500_000], of: "rows",
            remedy:
                "count on the server: summarize count(), countif(success == false) by bin(timestamp, 1m), or export in parts"
        )
        if let partial {
            remarks.warnings.append(
                truncation("The answer is not all that was asked for: \(partial)", "ask for a shorter time"))
        }
        return remarks
    }
}

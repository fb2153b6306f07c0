import DelimitedText
import DeployModel

/// The records of a table with a header.
func tableRecords(_ bytes: [UInt8], source: String) throws(DeployRecordError) -> RecordsFound {
    let table = DelimitedText.table(bytes)
    guard DeployRecord.namesDeploy(table.header) else {
        throw unreadable(
            "the deploys are neither JSON nor a table whose header names a time or a commit",
            location: "\(source):1")
    }
    // Numbers follow the lines of the file, so that rows that cannot be read are counted where they stand.
    let lines = (table.rows.map(\.line) + table.rejected.map(\.line)).sorted()
    let numbers = Dictionary(lines.enumerated().map { ($1, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    var found = RecordsFound()
    for row in table.rows {
        var record = DeployRecord(index: numbers[row.line] ?? 0, line: row.line)
        for (name, cell) in zip(table.header, row.cells) { record.set(name, to: cell) }
        found.records.append(record)
    }
    found.unread = table.rejected.map {
        SkippedRecord(index: numbers[$0.line] ?? 0, line: $0.line, reason: $0.reason)
    }
    return found
}

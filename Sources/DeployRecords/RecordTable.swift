import ConfigTree
import DelimitedText
import DeployModel

/// The records of a text that is not JSON: CSV and its relatives, and the tables that some programs print.
func textRecords(_ bytes: [UInt8], source: String) throws(DeployRecordError) -> RecordsFound {
    if let columns = PrintedTable(bytes) {
        if columns.header == ["ID", "DATE", "REVISION"] {
            return found(columns.rows.map(argoSync), "syncs of argocd app history", as: .argoCD)
        }
        if Set(["REVISION", "UPDATED", "STATUS", "CHART"]).isSubset(of: columns.header) {
            return found(columns.rows.map(helmRevision), RecordFormat.helm.name, as: .helm)
        }
        if let refused = refusal(columns.header, source: source) { throw refused }
    }
    if bytes.starts(with: "=== ".utf8) {
        throw unreadable(
            "this list of Heroku's is written for people", location: "\(source):1",
            remedy: "export it as JSON: \(RecordFormat.heroku.export)")
    }
    return try tableRecords(bytes, source: source)
}

private func found(_ records: [DeployRecord], _ name: String, as format: RecordFormat) -> RecordsFound {
    var found = RecordsFound(records: records)
    found.formats = [name]
    found.export = format.export
    for index in found.records.indices { found.records[index].index = index + 1 }
    return found
}

/// A row of `argocd app history APP`: `12  2026-10-10 14:02:19 +0000 UTC  main (4f2c9d1)`.
private func argoSync(_ row: PrintedTable.Row) -> DeployRecord {
    var record = DeployRecord(line: row.line)
    record.id = row["ID"]
    let revision = row["REVISION"] ?? ""
    record.refer(to: commitNames(in: revision))
    if record.references.isEmpty { record.refer(to: revision.split(separator: " ").first.map(String.init)) }
    record.ended(row["DATE"])
    return record
}

/// A row of `helm history RELEASE`; its times name no zone.
private func helmRevision(_ row: PrintedTable.Row) -> DeployRecord {
    var record = DeployRecord(line: row.line)
    let chart = chartNameAndVersion(row["CHART"] ?? "")
    record.service = row["NAME"] ?? chart.name
    record.environment = row["NAMESPACE"]
    record.id = record.service.flatMap { name in row["REVISION"].map { "\(name)/\($0)" } }
    record.refer(to: [row["APP VERSION"], chart.version])
    record.began(row["UPDATED"])
    record.status = RecordStatus(row["STATUS"])
    let description = row["DESCRIPTION"]
    record.title = [row["CHART"], description].compactMap { $0 }.joined(separator: ": ")
    if let words = description?.lowercased() {
        if words.contains("failed") { record.status = .failed }
        record.isRollback = words.hasPrefix("rollback")
    }
    return record
}

/// Why a table that a program prints for people cannot be read, and what to ask for instead.
private func refusal(_ header: [String], source: String) -> DeployRecordError? {
    let asked: (problem: String, remedy: String)? =
        switch header {
        case ["REVISION", "CHANGE-CAUSE"]:
            (
                "kubectl rollout history does not say when its revisions were",
                "export the ReplicaSets: kubectl get rs,deploy -n NAMESPACE -o json"
            )
        case _ where header.starts(with: ["NAME", "DESIRED", "CURRENT", "READY"]):
            (
                "this table says how old a ReplicaSet is, not when it was made",
                "add -o json: kubectl get rs,deploy -o json"
            )
        case _ where header.first == "ID" && header.contains("Start Time"):
            (
                "this table of markers cuts their messages and has local times",
                "add --json: honeymarker list --json"
            )
        case _ where header.first == "Environment" && header.contains("Finished"):
            (
                "this table of deploys has only relative times",
                "export /api/0/organizations/ORG/releases/VERSION/deploys/ as JSON"
            )
        default: nil
        }
    return asked.map { unreadable($0.problem, location: "\(source):1", remedy: $0.remedy) }
}

/// The records of a table with a header.
private func tableRecords(_ bytes: [UInt8], source: String) throws(DeployRecordError) -> RecordsFound {
    let table = DelimitedText.table(bytes)
    guard PlainRecord.namesDeploy(table.header) else {
        throw unreadable(
            "the deploys are neither JSON nor a table whose header names a time or a commit",
            location: "\(source):1")
    }
    // Numbers follow the lines of the file, so that rows that cannot be read are counted where they stand.
    let lines = (table.rows.map(\.line) + table.rejected.map(\.line)).sorted()
    let numbers = Dictionary(lines.enumerated().map { ($1, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    var found = RecordsFound()
    found.fieldNames = table.header
    found.formats = ["table"]
    for row in table.rows {
        var record = PlainRecord(index: numbers[row.line] ?? 0, line: row.line)
        for (name, cell) in zip(table.header, row.cells) { record.set(name, to: cell) }
        found.records.append(record.record)
    }
    found.unread = table.rejected.map {
        SkippedRecord(index: numbers[$0.line] ?? 0, line: $0.line, reason: $0.reason)
    }
    return found
}

public import DeployModel

/// A file of deploy records as it was read.
public struct DeployFile: Sendable, Hashable {
    /// The deploys by time, those of one time in the order of the file.
    public var deploys: [Deploy]
    /// Records that were passed over because they cannot be placed in time, or read at all.
    public var skipped: [SkippedRecord]
    /// What a record names instead of a full commit id, by the deploy's id: a short sha, a tag, a version.
    /// Only the repository can tell which commit that is; ``linkDeploys(_:)`` brings the rest up to date then.
    public var unresolved: [String: String]
    /// What the reader of a report must know.
    public var warnings: [Warning]

    /// A file.
    public init(
        deploys: [Deploy], skipped: [SkippedRecord] = [], unresolved: [String: String] = [:],
        warnings: [Warning] = []
    ) {
        self.deploys = deploys
        self.skipped = skipped
        self.unresolved = unresolved
        self.warnings = warnings
    }
}

/// A record that is no deploy, and why.
public struct SkippedRecord: Sendable, Hashable {
    /// Its number among the records, from 1.
    public var index: Int
    /// The line it begins on, from 1.
    public var line: Int
    /// Why it was passed over.
    public var reason: String

    /// A skipped record.
    public init(index: Int, line: Int, reason: String) {
        self.index = index
        self.line = line
        self.reason = reason
    }
}

/// Reads deploys from a JSON array, an object with a `deploys` array, NDJSON or CSV, told apart by content.
///
/// Records whose status says that they failed, were cancelled or have not begun are left out and counted in
/// the warnings; those that still run are deploys without a finish.
///
/// - Parameters:
///   - contents: the whole file.
///   - source: what the file is called in messages.
/// - Throws: when nothing can be read, there is no record, or not one record has a time.
public func readDeploys(_ contents: [UInt8], source: String) throws(DeployRecordError) -> DeployFile {
    let found = try records(in: contents, source: source)
    var file = DeployFile(deploys: [], skipped: found.unread)
    var dated: [DatedRecord] = []
    var census = RecordCensus()
    for record in found.records {
        guard let times = record.times else {
            let reason = record.hasTimeField ? "its time cannot be read" : "it has no time"
            file.skipped.append(SkippedRecord(index: record.index, line: record.line, reason: reason))
            continue
        }
        guard census.admits(record, times) else { continue }
        dated.append(DatedRecord(record: record, times: times))
    }
    guard !dated.isEmpty || census.leftOut > 0 else { throw noTimes(found.records, source: source) }
    dated.sort { ($0.times.start, $0.record.index) < ($1.times.start, $1.record.index) }
    var ids = UniqueIDs()
    for (record, times) in dated.map({ ($0.record, $0.times) }) {
        let deploy = record.deploy(times, id: ids.unique(record.identity(times)))
        if deploy.commit == nil, let reference = record.reference { file.unresolved[deploy.id] = reference }
        file.deploys.append(deploy)
    }
    file.deploys = linkDeploys(file.deploys)
    file.skipped.sort { $0.index < $1.index }
    file.warnings = census.warnings(source: source, skipped: file.skipped)
    return file
}

/// A record with its times.
private struct DatedRecord {
    var record: DeployRecord
    var times: DeployRecord.Times
}

private func noTimes(_ records: [DeployRecord], source: String) -> DeployRecordError {
    let names = records.first?.fieldNames ?? []
    let found = names.isEmpty ? "" : "; the first record has \(names.joined(separator: ", "))"
    return DeployRecordError(
        code: .noTimes, problem: "no deploy record has a time that can be read\(found)", location: source,
        remedy: "give each record a deployed_at or started_at, in RFC 3339 or Unix seconds")
}

/// Makes ids unique: the second of a kind becomes `id#2`.
private struct UniqueIDs {
    private var counts: [String: Int] = [:]
    private var taken: Set<String> = []

    mutating func unique(_ id: String) -> String {
        var candidate = id
        while !taken.insert(candidate).inserted {
            counts[id, default: 1] += 1
            candidate = "\(id)#\(counts[id, default: 2])"
        }
        return candidate
    }
}

/// What is counted while records are admitted, for the warnings.
private struct RecordCensus {
    private var failed = 0
    private var pending = 0
    private var withoutZone = 0
    private var unknownStatuses: Set<String> = []

    var leftOut: Int { failed + pending }

    /// Whether a record is a deploy that took effect, or may have.
    mutating func admits(_ record: DeployRecord, _ times: DeployRecord.Times) -> Bool {
        switch record.status {
        case .failed:
            failed += 1
            return false
        case .pending:
            pending += 1
            return false
        case .unknown(let word): unknownStatuses.insert(word)
        case .deployed: break
        }
        if times.assumesZone { withoutZone += 1 }
        return true
    }

    func warnings(source: String, skipped: [SkippedRecord]) -> [Warning] {
        var warnings: [Warning] = []
        func warn(_ code: String, _ text: String, _ remedy: String? = nil) {
            warnings.append(Warning(code: code, text: text, remedy: remedy))
        }
        if let first = skipped.first {
            warn(
                "skipped_records",
                "\(source): \(counted(skipped.count, "record")) passed over; the first, in line \(first.line), "
                    + "because \(first.reason)")
        }
        if failed > 0 {
            warn(
                "failed_deploys",
                "\(source): \(counted(failed, "deploy")) left out because the status says failed or cancelled"
            )
        }
        if pending > 0 {
            warn(
                "pending_deploys",
                "\(source): \(counted(pending, "deploy")) left out because it has not begun")
        }
        if !unknownStatuses.isEmpty {
            let words = unknownStatuses.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            warn("unknown_status", "\(source): the status \(words) is not known and was taken for deployed")
        }
        if withoutZone > 0 {
            warn(
                "assumed_utc",
                "\(source): \(counted(withoutZone, "record")) without a time zone taken for UTC",
                "write times with an offset, as in 2025-03-03T09:00:00+01:00")
        }
        return warnings
    }

    private func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

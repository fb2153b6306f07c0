public import DeployModel

/// A file of deploy records as it was read.
public struct DeployFile: Sendable, Hashable {
    /// The deploys by time, those of one time in the order of the file.
    public var deploys: [Deploy]
    /// Deploys that failed or were called off, by time. They may have changed something on their way, but what runs since
    /// is what ran before.
    public var failed: [Deploy]
    /// Records that were passed over because they cannot be placed in time, or read at all.
    public var skipped: [SkippedRecord]
    /// What a record names instead of a full commit id, by the deploy's id, the surest first: short ids, tags, versions, tags
    /// of images. Only the repository can tell which commit that is; ``linkDeploys(_:)`` brings the rest up to date then.
    public var references: [String: [String]]
    /// The formats that were recognised, in words: `GitHub deployments`.
    public var formats: [String]
    /// What the reader of a report must know.
    public var warnings: [Warning]

    /// A file.
    public init(
        deploys: [Deploy], failed: [Deploy] = [], skipped: [SkippedRecord] = [],
        references: [String: [String]] = [:], formats: [String] = [], warnings: [Warning] = []
    ) {
        self.deploys = deploys
        self.failed = failed
        self.skipped = skipped
        self.references = references
        self.formats = formats
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

/// Reads deploys from an export of a deploy tool, or from a JSON array, an object with a `deploys` array, NDJSON or CSV, told
/// apart by content.
///
/// Records whose status says that they failed or were cancelled are kept apart; those that have not begun are left out and
/// counted in the warnings; those that still run are deploys without a finish.
///
/// - Parameters:
///   - contents: the whole file.
///   - source: what the file is called in messages.
///   - offsetSeconds: the zone of times that name none, in seconds east of Greenwich; `nil` takes UTC and says so.
/// - Throws: when nothing can be read, there is no record, or not one record has a time.
public func readDeploys(
    _ contents: [UInt8], source: String, assumingOffsetSeconds offsetSeconds: Int? = nil
) throws(DeployRecordError) -> DeployFile {
    let found = try records(in: contents, source: source)
    var file = DeployFile(
        deploys: [], skipped: found.unread, formats: found.formats,
        warnings: found.warnings.map { $0.of(source) })
    var dated: [(record: DeployRecord, start: Instant)] = []
    var census = RecordCensus()
    for var record in found.records {
        if let offsetSeconds { record.assume(offsetSeconds: offsetSeconds) }
        guard let times = record.times else {
            let reason = record.hasUnreadTime ? "its time cannot be read" : "it has no time"
            file.skipped.append(SkippedRecord(index: record.index, line: record.line, reason: reason))
            continue
        }
        if census.admits(record, isZoneKnown: offsetSeconds != nil) { dated.append((record, times.start)) }
    }
    guard !dated.isEmpty || census.pending > 0 else { throw noTimes(found, source: source) }
    dated.sort { ($0.start, $0.record.index) < ($1.start, $1.record.index) }
    var ids = UniqueIDs()
    var told: Set<Deploy> = []
    for (record, _) in dated {
        // Pages may overlap: what is told twice is one.
        guard let plain = record.deploy(id: record.identity), told.insert(plain).inserted || record.id == nil,
            let deploy = record.deploy(id: ids.unique(record.identity))
        else { continue }
        if deploy.commit == nil, !record.references.isEmpty { file.references[deploy.id] = record.references }
        if record.status == .failed { file.failed.append(deploy) } else { file.deploys.append(deploy) }
    }
    file.deploys = linkDeploys(file.deploys)
    file.skipped.sort { $0.index < $1.index }
    file.warnings += census.warnings(source: source, failed: file.failed, skipped: file.skipped)
    return file
}

extension Warning {
    /// The warning, saying which file it is about.
    fileprivate func of(_ source: String) -> Warning {
        Warning(code: code, text: "\(source): \(text)", remedy: remedy)
    }
}

private func noTimes(_ found: RecordsFound, source: String) -> DeployRecordError {
    if let export = found.export, let format = found.formats.first {
        return DeployRecordError(
            code: .noTimes, problem: "none of the \(format) has a time that can be read", location: source,
            remedy: "export them as they are: \(export)")
    }
    let names = found.fieldNames
    let told = names.isEmpty ? "" : "; the first record has \(names.joined(separator: ", "))"
    return DeployRecordError(
        code: .noTimes, problem: "no deploy record has a time that can be read\(told)", location: source,
        remedy: "give each record a deployed_at or started_at, in RFC 3339 or Unix seconds")
}

/// Makes ids unique: the second of a kind becomes `id#2`.
struct UniqueIDs {
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
    private(set) var pending = 0
    private var withoutZone = 0
    private var unknownStatuses: Set<String> = []

    /// Whether a record is a deploy that was begun.
    mutating func admits(_ record: DeployRecord, isZoneKnown: Bool) -> Bool {
        switch record.status {
        case .pending:
            pending += 1
            return false
        case .unknown(let word): unknownStatuses.insert(word)
        case .deployed, .failed: break
        }
        if record.assumesZone, !isZoneKnown { withoutZone += 1 }
        return true
    }

    func warnings(source: String, failed: [Deploy], skipped: [SkippedRecord]) -> [Warning] {
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
                "say which one with --tz, or write times with an offset, as in 2025-03-03T09:00:00+01:00")
        }
        return warnings
    }

    private func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }
}

import ConfigTree
import DeployModel

/// One record: its fields by name, whatever the format of the file.
struct DeployRecord {
    /// Its number in the file, from 1, and the line it begins on.
    var index: Int
    var line: Int
    /// The names as written, in order.
    private(set) var fieldNames: [String] = []
    private var values: [String: String] = [:]

    init(index: Int, line: Int) {
        self.index = index
        self.line = line
    }

    /// A record from a JSON object; what is not a single value is no field of a deploy.
    init(_ node: ConfigNode, index: Int, line: Int) {
        self.init(index: index, line: line)
        for entry in node.entries {
            guard let scalar = entry.value.scalar else { continue }
            let isNull = scalar.style == .plain && scalar.text == "null"
            set(entry.key, to: isNull ? "" : scalar.text)
        }
    }

    /// Sets a field; the last of a name wins, and an empty one counts as absent.
    mutating func set(_ name: String, to text: String) {
        let value = text.trimmed
        fieldNames.append(name)
        values[Self.normal(name)] = value.isEmpty ? nil : value
    }

    /// The value of the first of some names that has one.
    private func first(_ names: Names) -> String? {
        for name in names.normal {
            if let value = values[name] { return value }
        }
        return nil
    }

    /// `startedAt`, `Started At` and `started_at` are one name.
    fileprivate static func normal(_ name: String) -> String {
        name.lowercased().filter { $0 != "_" && $0 != "-" && $0 != " " && $0 != "." }
    }
}

/// The names that a field goes by, the one to prefer first.
private struct Names: ExpressibleByArrayLiteral {
    /// As they are looked up: made once, since every record asks for every name.
    let normal: [String]

    init(arrayLiteral names: String...) { normal = names.map(DeployRecord.normal) }

    static let id: Names = ["id"]
    static let commit: Names = ["sha", "commit", "commit_sha", "revision", "git_sha", "head_sha"]
    static let version: Names = ["version", "tag", "release"]
    static let title: Names = ["subject", "title", "message", "description"]
    static let author: Names = ["author", "user", "actor"]
    static let environment: Names = ["environment", "env", "namespace"]
    static let service: Names = ["service", "app", "name"]
    static let rollback: Names = ["is_rollback", "rollback"]
    static let status: Names = ["status", "state", "result", "conclusion"]
    static let start: Names = ["started_at", "deployed_at", "created_at", "time", "timestamp", "date"]
    static let explicitStart: Names = ["started_at"]
    static let deployed: Names = ["deployed_at"]
    static let finish: Names = ["finished_at", "completed_at", "ended_at"]
}

// MARK: What it says

extension DeployRecord {
    /// Whether some of the names say that a table is one of deploys.
    static func namesDeploy(_ names: [String]) -> Bool {
        let known = Set(Names.commit.normal + Names.start.normal + Names.finish.normal)
        return names.contains { known.contains(normal($0)) }
    }

    var commit: CommitID? { first(.commit).flatMap { CommitID($0) } }

    /// What stands in the place of a full commit id: a short one, or what else names it.
    var reference: String? { first(.commit) ?? first(.version) }

    /// What the record is called until ids are made unique.
    func identity(_ times: Times) -> String {
        first(.id) ?? commit?.hex ?? reference ?? times.start.description
    }

    func deploy(_ times: Times, id: String) -> Deploy {
        let title = first(.title) ?? first(.version) ?? ""
        return Deploy(
            id: id, commit: commit, startedAt: times.start, finishedAt: times.finish,
            title: title.split(whereSeparator: \.isNewline).first.map(String.init) ?? "",
            author: first(.author) ?? "",
            environment: first(.environment),
            service: first(.service), source: .record, isRollback: saysRollback)
    }

    private var saysRollback: Bool {
        let text = first(.rollback)?.lowercased()
        return text.map { ["true", "yes", "y", "1"].contains($0) } ?? false
    }
}

// MARK: Times

extension DeployRecord {
    struct Times {
        var start: Instant
        var finish: Instant?
        /// Whether a text without a zone was taken for UTC.
        var assumesZone: Bool
    }

    var hasTimeField: Bool { first(.start) != nil || first(.finish) != nil }

    /// When it began and finished; `nil` when no time can be read. A finish alone is the only moment known,
    /// and so the start as well.
    var times: Times? {
        var assumesZone = false
        func read(_ names: Names) -> Instant? {
            for name in names.normal {
                guard let text = values[name], let time = instant(text) else { continue }
                assumesZone = assumesZone || time.assumesZone
                return time.instant
            }
            return nil
        }
        let start = read(.start)
        var finish = read(.finish)
        if finish == nil, first(.explicitStart) != nil, let deployed = read(.deployed) {
            finish = deployed
        }
        guard let begun = start ?? finish else { return nil }
        let isLater = finish.map { $0 >= begun } ?? false
        return Times(start: begun, finish: isLater ? finish : nil, assumesZone: assumesZone)
    }

    /// RFC 3339, or a Unix time whose unit follows from its size: seconds until the year 5138, then
    /// milliseconds, microseconds and nanoseconds. Numbers before 1973 are no times but something else.
    private func instant(_ text: String) -> (instant: Instant, assumesZone: Bool)? {
        if let instant = Instant(rfc3339: text, assumingOffsetSeconds: nil) { return (instant, false) }
        if let instant = Instant(rfc3339: text) { return (instant, true) }
        guard let number = Double(text), number >= 1e8, number < 1e20 else { return nil }
        let scale = number < 1e11 ? 1 : number < 1e14 ? 1e3 : number < 1e17 ? 1e6 : 1e9
        return (Instant(clampingSeconds: number / scale), false)
    }
}

// MARK: Status

extension DeployRecord {
    enum Status: Equatable {
        /// It took effect, or is about to.
        case deployed
        /// It did not take effect, or was called off.
        case failed
        /// It has not begun.
        case pending
        /// A word that is in no list.
        case unknown(String)
    }

    var status: Status {
        guard let text = first(.status) else { return .deployed }
        let word = Self.normal(text)
        if Self.deployedWords.contains(word) { return .deployed }
        if Self.failedWords.contains(word) { return .failed }
        return Self.pendingWords.contains(word) ? .pending : .unknown(text)
    }

    private static let deployedWords: Set<String> = [
        "success", "succeeded", "successful", "passed", "pass", "deployed", "superseded", "complete",
        "completed", "active", "inactive", "healthy", "ok", "done", "finished", "live", "released", "true",
        "running", "inprogress", "progressing", "started",
    ]
    private static let failedWords: Set<String> = [
        "failure", "failed", "fail", "error", "errored", "terminal", "degraded", "aborted", "timedout",
        "rejected", "cancelled", "canceled", "skipped", "stopped", "false",
    ]
    private static let pendingWords: Set<String> = [
        "pending", "queued", "waiting", "created", "blocked", "scheduled", "requested",
    ]
}

extension String {
    /// Without white space at either end.
    fileprivate var trimmed: String {
        let head = drop(while: \.isWhitespace)
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }
}

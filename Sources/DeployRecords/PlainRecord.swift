import ConfigTree
import DeployModel

/// A record of the plain format: its fields by name, whether from a row of a table or from a JSON object.
struct PlainRecord {
    /// Its number in the file, from 1, and the line it begins on.
    private var index: Int
    private var line: Int
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

    init(arrayLiteral names: String...) { normal = names.map(PlainRecord.normal) }

    static let id: Names = ["id"]
    static let commit: Names = ["sha", "commit", "commit_sha", "revision", "git_sha", "head_sha"]
    static let image: Names = ["image", "image_tag"]
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

extension PlainRecord {
    /// Whether some of the names say that a table is one of deploys.
    static func namesDeploy(_ names: [String]) -> Bool {
        let known = Set(Names.commit.normal + Names.start.normal + Names.finish.normal)
        return names.contains { known.contains(normal($0)) }
    }

    /// The record in the common form.
    var record: DeployRecord {
        var record = DeployRecord(index: index, line: line)
        record.id = first(.id)
        record.refer(to: [first(.commit), first(.image).map(imageTag) ?? nil, first(.version)])
        record.title = first(.title) ?? first(.version)
        record.author = first(.author)
        record.environment = first(.environment)
        record.service = first(.service)
        record.status = RecordStatus(first(.status))
        record.isRollback =
            first(.rollback).map { ["true", "yes", "y", "1"].contains($0.lowercased()) } ?? false
        for text in texts(of: .start) where record.start == nil { record.began(text) }
        for text in texts(of: .finish) where record.finish == nil { record.ended(text) }
        if record.finish == nil, first(.explicitStart) != nil {
            for text in texts(of: .deployed) where record.finish == nil { record.ended(text) }
        }
        return record
    }

    private func texts(of names: Names) -> [String] { names.normal.compactMap { values[$0] } }
}

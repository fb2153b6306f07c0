import ConfigTree
import DeployModel

extension RecordFormat {
    /// `heroku releases --json -n 50`. A release that sets config vars runs the same slug, and so the same commit, as the one
    /// before it; its description says which vars, never their values.
    static let heroku = RecordFormat(
        name: "Heroku releases",
        export: "heroku releases --json -n 200 -a APP",
        reads: {
            $0.has("version", "description", "created_at")
                && ($0.hasAny("slug", "addon_plan_names", "current") || $0.hasObject("app"))
        },
        read: { nodes in
            let ordered = nodes.sorted { number($0) < number($1) }
            var commitBySlug: [String: String] = [:]
            var commitByVersion: [Int: String] = [:]
            var records: [DeployRecord] = []
            for node in ordered {
                let slug = node.word(at: "slug", "id")
                let description = node.word("description") ?? ""
                var commit = node.word(at: "slug", "commit") ?? commitNames(in: description).last
                let isRollback = description.lowercased().hasPrefix("rollback")
                if isRollback, let target = description.split(separator: "v").last.flatMap({ Int($0) }) {
                    commit = commit ?? commitByVersion[target]
                }
                commit = commit ?? slug.flatMap { commitBySlug[$0] }
                if let commit {
                    if let slug { commitBySlug[slug] = commit }
                    commitByVersion[number(node)] = commit
                }
                records.append(release(node, commit: commit, isRollback: isRollback))
            }
            return FormatReading(records)
        }, pageSizes: [15])
}

private func number(_ node: ConfigNode) -> Int { node.word("version").flatMap { Int($0) } ?? 0 }

private func release(_ node: ConfigNode, commit: String?, isRollback: Bool) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("version").map { "v\($0)" }
    record.refer(to: commit)
    record.title = node.word("description")
    record.author = node["user"]?.word("email")
    record.service = node["app"]?.word("name")
    record.began(node.word("created_at"))
    // What is updated later than a release phase lasts is updated for another reason.
    if let start = record.start, let end = node.word("updated_at").flatMap({ RecordTime($0) }),
        (0...3600).contains(end.instant.seconds(since: start.instant))
    {
        record.ended(at: end)
    }
    record.status = RecordStatus(node.word("status"))
    record.isRollback = isRollback
    return record
}

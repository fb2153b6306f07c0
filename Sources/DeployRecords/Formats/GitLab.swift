import ConfigTree

extension RecordFormat {
    /// `GET /projects/:id/deployments`. `updated_at` moves when a later deploy takes over, so it is never a finish.
    static let gitLabDeployments = RecordFormat(
        "GitLab deployments",
        export: "glab api --paginate \"projects/:id/deployments?per_page=100\"",
        reads: {
            $0.has("sha") && ($0.has("iid") || $0.hasObject("deployable")) && $0.hasObject("environment")
        },
        pageSizes: [20, 100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("id", "iid")
        record.refer(to: node.word("sha"))
        record.title = node["deployable"]?.word(at: "commit", "title") ?? node.word("ref")
        record.author = node["user"]?.word("username", "name")
        record.environment = node.word(at: "environment", "name")
        record.status = RecordStatus(node.word("status"))
        record.began(node.word(at: "deployable", "started_at") ?? node.word("created_at"))
        record.ended(node.word(at: "deployable", "finished_at") ?? node.word("finished_at"))
        return record
    }

    /// `GET /projects/:id/releases`.
    static let gitLabReleases = RecordFormat(
        "GitLab releases",
        export: "glab api --paginate \"projects/:id/releases?per_page=100\"",
        reads: { $0.has("tag_name", "released_at") }, pageSizes: [20, 100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("tag_name")
        record.refer(to: [node.word(at: "commit", "id"), node.word("tag_name")])
        record.title = node.word("name") ?? record.id
        record.author = node["author"]?.word("username", "name")
        record.began(node.word("released_at"))
        if node.says("upcoming_release") { record.status = .pending }
        return record
    }
}

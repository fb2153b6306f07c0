import ConfigTree

extension RecordFormat {
    /// `GET /v6/deployments`. Previews are deployments of the environment `preview`; the traffic moves when one is ready.
    static let vercel = RecordFormat(
        "Vercel deployments",
        export: "GET https://api.vercel.com/v6/deployments?projectId=PROJECT&target=production&limit=100",
        reads: { node in
            node.hasAny("readyState", "state") && node.hasAny("uid", "id")
                && (node.hasAny("inspectorUrl", "buildingAt", "readySubstate")
                    || (node.word("uid", "id")?.hasPrefix("dpl_") ?? false))
        },
        pageSizes: [20, 100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        let meta = node["meta"]
        record.id = node.word("uid", "id")
        record.refer(to: [
            meta?.word("githubCommitSha", "gitlabCommitSha", "bitbucketCommitSha", "gitCommitSha"),
            node.word(at: "gitSource", "sha"),
        ])
        record.title =
            meta?.word(
                "githubCommitMessage", "gitlabCommitMessage", "bitbucketCommitMessage", "gitCommitMessage")
            ?? node.word("url")
        record.author = node["creator"]?.word("username", "email", "githubLogin")
        record.service = node.word("name")
        record.environment = node.word("target") ?? "preview"
        record.began(node.word("buildingAt") ?? node.word("created", "createdAt"))
        record.ended(node.word("ready"))
        record.status = RecordStatus(node.word("readyState", "state"))
        return record
    }
}

import ConfigTree

extension RecordFormat {
    /// `GET /v2/organizations/O/pipelines/P/builds`. A build's own times cover its tests; the job that deploys says when.
    static let buildkite = RecordFormat(
        name: "Buildkite builds",
        export: "GET /v2/organizations/ORG/pipelines/PIPELINE/builds?per_page=100, page after page",
        reads: { $0.has("number", "commit", "state") && $0.hasAny("blocked", "jobs", "pipeline", "web_url") },
        read: { FormatReading($0.flatMap(deploys)) }, pageSizes: [30, 100])
}

private func deploys(of build: ConfigNode) -> [DeployRecord] {
    let jobs = build.list("jobs").filter { job in
        job.word("type") != "waiter" && job.word("type") != "manual"
            && [job.word("name"), job.word("step_key"), job.word("label")].contains {
                $0.map(speaksOfDeploy) ?? false
            }
    }
    var record = DeployRecord(line: build.start.line)
    record.id = build.word("number")
    // Before the checkout the commit is the word HEAD.
    if let commit = build.word("commit"), commit != "HEAD" { record.refer(to: commit) }
    record.refer(to: build.word("tag"))
    record.title = build.word("message")
    record.author = build["creator"]?.word("name") ?? build["author"]?.word("name")
    record.service = build["pipeline"]?.word("slug", "name")
    record.environment =
        build["env"]?.word("DEPLOY_ENV", "ENVIRONMENT") ?? build["meta_data"]?.word("environment")
    record.isRollback = build.says("is_rollback")
    guard !jobs.isEmpty else {
        record.began(build.word("started_at") ?? build.word("created_at"))
        record.ended(build.word("finished_at"))
        // A blocked build keeps the state of what ran before the block.
        record.status = build.says("blocked") ? .pending : RecordStatus(build.word("state"))
        return [record]
    }
    return jobs.map { job in
        var own = record
        if jobs.count > 1, let key = job.word("step_key", "name") {
            own.id = record.id.map { "\($0)/\(key)" }
        }
        let words = (job.word("name", "step_key") ?? "").split { !$0.isLetter && !$0.isNumber }.map(
            String.init)
        own.environment = environmentName(in: words) ?? record.environment
        own.began(job.word("started_at") ?? job.word("created_at") ?? build.word("created_at"))
        own.ended(job.word("finished_at"))
        own.status = job.word("started_at") == nil ? .pending : RecordStatus(job.word("state"))
        return own
    }
}

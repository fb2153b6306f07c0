import ConfigTree
import DeployModel

extension RecordFormat {
    /// `GET /repos/O/R/deployments` with `…/deployments/ID/statuses` in the same file, the bodies of webhooks, and the
    /// nodes of GraphQL. A deployment itself says nothing of its outcome.
    static let gitHubDeployments = RecordFormat(
        name: "GitHub deployments",
        export:
            "gh api --paginate \"repos/OWNER/REPO/deployments?per_page=100\", and the statuses of each into the same file",
        reads: { isDeployment($0) || isStatus($0) || ($0["deployment"].map(isDeployment) ?? false) },
        read: readDeployments, pageSizes: [30, 100])

    /// `GET /repos/O/R/releases` and `gh release list --json …`. `created_at` is the commit's date, so only
    /// `published_at` counts.
    static let gitHubReleases = RecordFormat(
        "GitHub releases",
        export: "gh api --paginate \"repos/OWNER/REPO/releases?per_page=100\"",
        reads: { $0.has("tag_name", "target_commitish") || $0.has("tagName", "publishedAt") },
        pageSizes: [30, 100]
    ) { release in
        var record = DeployRecord(line: release.start.line)
        record.id = release.word("tag_name", "tagName")
        record.refer(to: record.id)
        if let target = release.word("target_commitish"), isCommitName(target) { record.refer(to: target) }
        record.title = release.word("name") ?? record.id
        record.author = release.word(at: "author", "login")
        record.began(release.word("published_at", "publishedAt"))
        if release.says("draft") || release.says("isDraft") {
            record.status = .pending
            record.began(release.word("created_at", "createdAt"))
        }
        return record
    }

    /// Runs of workflows: `gh run list --json …` and `GET /repos/O/R/actions/runs`.
    static let gitHubRuns = RecordFormat(
        name: "GitHub workflow runs",
        export:
            "gh run list --workflow deploy.yml --limit 1000 --json databaseId,headSha,startedAt,updatedAt,conclusion,workflowName,displayTitle",
        reads: {
            ($0.has("head_sha") && $0.hasAny("run_started_at", "workflow_id", "run_number"))
                || ($0.has("headSha") && $0.hasAny("databaseId", "workflowName", "conclusion"))
        },
        read: { runs in
            let chosen = deployWorkflows(runs, name: { $0.word("workflowName", "name") })
            var reading = FormatReading(chosen.map(run))
            tellChoice(of: chosen.count, among: runs.count, what: "workflow runs", &reading)
            return reading
        }, pageSizes: [20, 30, 100])
}

private func isDeployment(_ node: ConfigNode) -> Bool {
    (node.has("sha", "environment")
        && (node.hasAny("statuses_url", "original_environment") || node.has("task", "ref")))
        || (node.has("commitOid") && node.hasAny("createdAt", "environment"))
}

private func isStatus(_ node: ConfigNode) -> Bool {
    node.has("state") && node.hasAny("deployment_url", "environment_url") && !node.has("sha")
}

private func readDeployments(_ nodes: [ConfigNode]) -> FormatReading {
    var statuses: [String: [ConfigNode]] = [:]
    var deployments: [ConfigNode] = []
    for node in nodes {
        if let deployment = node["deployment"], isDeployment(deployment) {
            deployments.append(deployment)
            if let status = node["deployment_status"], let id = deployment.word("id") {
                statuses[id, default: []].append(status)
            }
        } else if isStatus(node) {
            let id = node.word("deployment_url")?.split(separator: "/").last.map(String.init) ?? ""
            statuses[id, default: []].append(node)
        } else {
            deployments.append(node)
        }
    }
    var reading = FormatReading()
    var withoutOutcome = 0
    var seen: Set<String> = []
    for node in deployments {
        // A webhook body comes with each status, and pages may overlap.
        if let id = node.word("id", "databaseId"), !seen.insert(id).inserted { continue }
        let own =
            statuses[node.word("id", "databaseId") ?? ""] ?? node.list("statuses")
            + (node["statuses"]?.list("nodes") ?? [])
        let latest = node["latestStatus"].map { [$0] } ?? []
        reading.records.append(deployment(node, statuses: own.isEmpty ? latest : own))
        if own.isEmpty, latest.isEmpty { withoutOutcome += 1 }
    }
    if deployments.isEmpty, let first = nodes.first {
        reading.skip(first, "it is a status without its deployment: put both exports into one file")
    } else if withoutOutcome > 0 {
        reading.warn(
            "no_outcomes",
            "\(withoutOutcome) GitHub \(withoutOutcome == 1 ? "deployment has" : "deployments have") no status, so that one "
                + "that failed cannot be told",
            "append the statuses to the file: gh api \"repos/OWNER/REPO/deployments/ID/statuses\"")
    }
    return reading
}

private func deployment(_ node: ConfigNode, statuses: [ConfigNode]) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("id", "databaseId")
    record.refer(to: node.word("sha", "commitOid"))
    record.title = node.word("description") ?? node.word("ref")
    record.author = node.word(at: "creator", "login")
    record.environment = node.word("environment", "original_environment")
    record.began(node.word("created_at", "createdAt"))
    func time(_ status: ConfigNode) -> RecordTime? {
        status.word("created_at", "createdAt").flatMap { RecordTime($0) }
    }
    // `inactive` says that a later deploy took its place: it is no outcome.
    let told = statuses.compactMap { status -> (state: String, time: RecordTime?)? in
        guard let state = status.word("state")?.lowercased(), state != "inactive" else { return nil }
        return (state, time(status))
    }.sorted { ($0.time?.instant.milliseconds ?? .max) < ($1.time?.instant.milliseconds ?? .max) }
    if let begun = told.first(where: { $0.state == "in_progress" }) { record.began(at: begun.time) }
    if let done = told.first(where: { $0.state == "success" }) {
        record.ended(at: done.time)
    } else if let last = told.last {
        record.status = RecordStatus(last.state)
        if record.status == .failed { record.ended(at: last.time) }
    }
    return record
}

private func run(_ node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = node.word("databaseId", "id")
    record.refer(to: node.word("head_sha", "headSha"))
    record.title = node.word("display_title", "displayTitle") ?? node.word("name", "workflowName")
    record.author = node.word(at: "actor", "login")
    record.began(node.word("run_started_at", "startedAt") ?? node.word("created_at", "createdAt"))
    record.status = RecordStatus(node.word("conclusion") ?? node.word("status"))
    if node.word("conclusion") != nil { record.ended(node.word("updated_at", "updatedAt")) }
    return record
}

/// Of runs of pipelines those that deploy by their names, where the names tell; else all.
func deployWorkflows(_ runs: [ConfigNode], name: (ConfigNode) -> String?) -> [ConfigNode] {
    let deploying = runs.filter { name($0).map(speaksOfDeploy) ?? false }
    return deploying.isEmpty ? runs : deploying
}

/// Says that not all runs were taken for deploys, or that all were for want of a name that says so.
func tellChoice(of chosen: Int, among all: Int, what: String, _ reading: inout FormatReading) {
    guard chosen < all else { return }
    reading.warn(
        "other_runs", "\(all - chosen) of \(all) \(what) passed over, whose names do not speak of deploying")
}

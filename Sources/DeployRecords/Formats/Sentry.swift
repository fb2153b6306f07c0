import ConfigTree

extension RecordFormat {
    /// Deploys of a release: `GET /organizations/O/releases/V/deploys/`. The release stands in the address only, so it must be
    /// put in: `jq '.[] + {release: "V"}'`.
    static let sentryDeploys = RecordFormat(
        "Sentry deploys",
        export:
            "GET /api/0/organizations/ORG/releases/VERSION/deploys/, with the version put into each row as \"release\"",
        reads: { $0.has("dateFinished", "environment") }
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("id")
        record.title = node.word("name") ?? node.word("release", "version")
        record.environment = node.word("environment")
        refer(&record, to: node.word("release", "version", "releaseVersion"))
        record.refer(to: commitNames(in: node.word("name")) + commitNames(in: node.word("url")))
        record.began(node.word("dateStarted"))
        record.ended(node.word("dateFinished"))
        return record
    }

    /// Releases: `GET /organizations/O/releases/`. The last deploy of one says when, where there was one.
    static let sentryReleases = RecordFormat(
        "Sentry releases",
        export: "GET /api/0/organizations/ORG/releases/, page after page",
        reads: { $0.has("version", "dateCreated") && $0.hasAny("shortVersion", "dateReleased", "newGroups") },
        pageSizes: [100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("version")
        record.title = node.word("shortVersion", "version")
        record.refer(to: node.word(at: "lastCommit", "id"))
        refer(&record, to: node.word("version"))
        record.service = record.service ?? node.list("projects").first?.word("slug")
        if let deploy = node["lastDeploy"], deploy.isObject {
            record.environment = deploy.word("environment")
            record.began(deploy.word("dateStarted"))
            record.ended(deploy.word("dateFinished"))
        }
        if record.times == nil { record.began(node.word("dateReleased", "dateCreated")) }
        return record
    }
}

/// `shop@1.2.3+4f2c9d1`: a package, a version and a build, each of which may name the commit; `4f2c9d1…` alone does.
private func refer(_ record: inout DeployRecord, to version: String?) {
    guard let version else { return }
    let parts = version.split(separator: "@", maxSplits: 1).map(String.init)
    if parts.count == 2 { record.service = parts[0] }
    let own = parts.last ?? version
    let halves = own.split(separator: "+").map(String.init)
    record.refer(to: halves.filter(isCommitName) + halves.prefix(1) + [version])
}

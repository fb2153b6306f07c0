import DeployModel
import DeployRecords
import Testing

@Suite("Fields of a deploy record")
struct DeployFieldTests {
    private func deploy(_ fields: String) throws -> Deploy {
        let file = try read("[{\"time\": 1740992400, \(fields)}]")
        return try #require(file.deploys.first)
    }

    @Test(
        "takes the commit under any of its names",
        arguments: [
            "sha", "commit", "commit_sha", "revision", "git_sha", "head_sha", "SHA", "commitSha", "Git SHA",
        ])
    func commit(name: String) throws {
        #expect(try deploy("\"\(name)\": \"\(one)\"").commit == CommitID(one))
    }

    @Test(
        "takes the start under any of its names",
        arguments: [
            "started_at", "deployed_at", "created_at", "time", "timestamp", "date", "StartedAt", "DATE",
        ])
    func start(name: String) throws {
        let file = try read("[{\"id\": \"x\", \"\(name)\": 1740992400}]")
        #expect(file.deploys.first?.startedAt == Instant(seconds: 1_740_992_400))
        #expect(file.deploys.first?.finishedAt == nil)
    }

    @Test("takes the finish under any of its names", arguments: ["finished_at", "completed_at", "ended_at"])
    func finish(name: String) throws {
        #expect(try deploy("\"\(name)\": 1740992460").finishedAt == Instant(seconds: 1_740_992_460))
        #expect(try deploy("\"\(name)\": 1740992340").finishedAt == nil)
        let file = try read("[{\"id\": \"x\", \"\(name)\": 1740992400}]")
        #expect(file.deploys.first?.startedAt == Instant(seconds: 1_740_992_400))
    }

    @Test("takes a deployed_at beside a start for the finish")
    func deployedAt() throws {
        let file = try read("[{\"id\": \"x\", \"started_at\": 1740992400, \"deployed_at\": 1740992460}]")
        #expect(file.deploys.first?.startedAt == Instant(seconds: 1_740_992_400))
        #expect(file.deploys.first?.finishedAt == Instant(seconds: 1_740_992_460))
    }

    @Test(
        "takes the other fields under any of their names",
        arguments: [
            ("environment", \.environment), ("env", \.environment), ("namespace", \.environment),
            ("service", \.service), ("app", \.service), ("name", \.service), ("author", \.author),
            ("user", \.author), ("actor", \.author), ("subject", \.title), ("title", \.title),
            ("message", \.title), ("description", \.title), ("version", \.title),
        ] as [(String, any PartialKeyPath<Deploy> & Sendable)])
    func others(name: String, path: any PartialKeyPath<Deploy> & Sendable) throws {
        let value = try deploy("\"\(name)\": \"x\"")[keyPath: path]
        #expect(value as? String == "x")
    }

    @Test("takes the first line of a message")
    func message() throws { #expect(try deploy("\"message\": \"a b\\n\\nc\"").title == "a b") }

    @Test(
        "remembers what is not a full commit id for the repository to resolve",
        arguments: [
            ("\"sha\": \"3df5713\"", "3df5713"), ("\"commit\": \"main\"", "main"),
            ("\"tag\": \"v1.2\"", "v1.2"),
            ("\"version\": \"2.0\"", "2.0"), ("\"release\": 7", "7"),
            ("\"sha\": \"\", \"tag\": \"v3\"", "v3"),
            ("\"sha\": null, \"tag\": \"v3\"", "v3"),
        ])
    func unresolved(fields: String, reference: String) throws {
        let file = try read("[{\"time\": 1740992400, \(fields)}]")
        #expect(file.deploys.map(\.commit) == [nil])
        #expect(file.references == [reference: [reference]])
    }

    @Test("resolves nothing where a full commit id stands beside a version")
    func resolved() throws {
        let file = try read("[{\"time\": 1740992400, \"sha\": \"\(one)\", \"version\": \"1.2\"}]")
        #expect(file.references.isEmpty)
        #expect(file.deploys.map(\.id) == [one])
    }

    @Test(
        "keeps a deploy by its status",
        arguments: [
            ("success", 1, []), ("Succeeded", 1, []), ("completed", 1, []), ("superseded", 1, []),
            ("in_progress", 1, []), ("running", 1, []), ("", 1, []), ("failure", 0, []),
            ("FAILED", 0, []), ("timed_out", 0, []),
            ("canceled", 0, []), ("queued", 0, ["pending_deploys"]),
            ("odd", 1, ["unknown_status"]),
        ] as [(String, Int, [String])])
    func status(word: String, count: Int, warnings: [String]) throws {
        for name in ["status", "state", "result", "conclusion"] {
            let file = try read("[{\"id\": 1, \"time\": 1740992400, \"\(name)\": \"\(word)\"}]")
            #expect(file.deploys.count == count)
            #expect(file.failed.count == (warnings.isEmpty ? 1 - count : 0))
            #expect(file.warnings.map(\.code) == warnings)
        }
    }
}

@Suite("Deploys in order")
struct DeployOrderTests {
    /// Deploys an hour apart: commit, and what else a record says.
    private func file(_ records: [(sha: String, more: String)]) throws -> DeployFile {
        let lines = records.enumerated().map { index, record in
            "{\"sha\": \"\(record.sha)\", \"time\": \(1_740_992_400 + index * 3600)\(record.more)}"
        }
        return try read(lines.joined(separator: "\n"))
    }

    @Test("follows the deploys of one environment and service")
    func previous() throws {
        let file = try file([
            (one, ", \"env\": \"production\""), (one, ", \"env\": \"staging\""),
            (two, ", \"env\": \"staging\""), (two, ", \"env\": \"production\""),
            (three, ", \"env\": \"production\", \"service\": \"web\""),
        ])
        #expect(file.deploys.map(\.previous) == [nil, nil, CommitID(one), CommitID(one), nil])
        #expect(file.deploys.map(\.id) == [one, "\(one)#2", two, "\(two)#2", three])
        #expect(file.deploys.allSatisfy { !$0.isRollback })
    }

    @Test("takes going back for a rollback, and going nowhere for none")
    func rollback() throws {
        let file = try file([(one, ""), (two, ""), (two, ""), (one, ""), (three, ", \"is_rollback\": true")])
        #expect(file.deploys.map(\.isRollback) == [false, false, false, true, true])
        #expect(file.deploys.map(\.id) == [one, two, "\(two)#2", "\(one)#2", three])
    }

    @Test("does not guess across a deploy whose commit is not known, until it is")
    func linking() throws {
        var file = try file([(one, ""), ("2222222", ""), (one, "")])
        #expect(file.deploys.map(\.previous) == [nil, CommitID(one), nil])
        #expect(file.references == ["2222222": ["2222222"]])
        file.deploys[1].commit = CommitID(two)
        let linked = linkDeploys(file.deploys)
        #expect(linked.map(\.previous) == [nil, CommitID(one), CommitID(two)])
        #expect(linked.map(\.isRollback) == [false, false, true])
    }

    @Test("sorts by time, and keeps the order of the file within one")
    func order() throws {
        let text =
            "[{\"id\": \"c\", \"time\": 1740992500}, {\"id\": \"a\", \"time\": 1740992400}, "
            + "{\"id\": \"b\", \"time\": 1740992400}]"
        #expect(try read(text).deploys.map(\.id) == ["a", "b", "c"])
    }

    @Test("makes ids unique")
    func ids() throws {
        let text = ["a", "a", "a#2", "a"].enumerated()
            .map { "{\"id\": \"\($1)\", \"time\": \(1_740_992_400 + $0)}" }.joined(separator: "\n")
        #expect(try read(text).deploys.map(\.id) == ["a", "a#2", "a#2#2", "a#3"])
    }
}

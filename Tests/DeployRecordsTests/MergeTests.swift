import DeployModel
import DeployRecords
import Testing

private func deploy(
    _ id: String, _ commit: String?, at minute: Int, to end: Int? = nil, environment: String? = nil,
    service: String? = nil, source: DeploySource = .record
) -> Deploy {
    Deploy(
        id: id, commit: commit.flatMap { CommitID($0) },
        startedAt: Instant(seconds: 1_790_000_000 + minute * 60),
        finishedAt: end.map { Instant(seconds: 1_790_000_000 + $0 * 60) }, environment: environment,
        service: service, source: source)
}

@Suite("Deploys of several sources")
struct MergeTests {
    @Test("one deploy that two sources tell of is one, with what each knows")
    func same() throws {
        let merged = mergeDeploys([
            [deploy("github", one, at: 0, environment: "production")],
            [deploy("argo", one, at: 2, to: 3, environment: "shop-prod", service: "web")],
        ])
        #expect(merged.count == 1)
        #expect(
            merged.first
                == {
                    var whole = deploy("github", one, at: 0, to: 3, environment: "production", service: "web")
                    whole.title = ""
                    return whole
                }())
    }

    @Test(
        "but not where something tells them apart",
        arguments: [
            deploy("b", two, at: 0), deploy("b", one, at: 60),
            deploy("b", one, at: 0, environment: "staging"),
            deploy("b", one, at: 0, environment: "production", service: "api"),
        ])
    func different(other: Deploy) {
        let own = deploy("a", one, at: 0, environment: "production", service: "web")
        #expect(mergeDeploys([[own], [other]]).count == 2)
        #expect(mergeDeploys([[other], [own]]).count == 2)
    }

    @Test("what names no environment is the nearest deploy of that commit")
    func nearest() {
        let pipeline = [
            deploy("staging", one, at: 0, environment: "staging"),
            deploy("production", one, at: 8, environment: "production"),
        ]
        let merged = mergeDeploys([pipeline, [deploy("marker", one, at: 9, to: 12)]])
        #expect(merged.map(\.id) == ["staging", "production"])
        #expect(merged.map { $0.finishedAt != nil } == [false, true])
    }

    @Test("two deploys of one source stay two, however near")
    func oneSource() {
        let twice = [deploy("a", one, at: 0), deploy("b", one, at: 1)]
        #expect(mergeDeploys([twice]).count == 2)
        #expect(mergeDeploys([twice, []]).count == 2)
    }

    @Test("a commit of the history that a record tells of is that record, hours later as well")
    func history() {
        let commits = [deploy(one, one, at: 0, source: .commit), deploy(two, two, at: 10, source: .commit)]
        let merged = mergeDeploys([commits, [deploy("d1", one, at: 300)]])
        #expect(merged.map(\.id) == [two, "d1"])
    }

    @Test("where no repository tells which commit a name means, names are compared")
    func names() {
        let sources = [[deploy("a", nil, at: 0)], [deploy("b", one, at: 1)], [deploy("c", nil, at: 2)]]
        let merged = mergeDeploys(
            sources, references: [["a": [String(one.prefix(7) + "f2")]], [:], ["c": ["v1.2"]]])
        #expect(merged.count == 3)
        let short = mergeDeploys(sources, references: [["a": [one]], [:], ["c": ["v1.2", one]]])
        #expect(short.map(\.id) == ["a"])
        #expect(short.first?.commit == CommitID(one))
    }

    @Test("what one source tells as failed and another as done took effect, whichever is named first")
    func failedAndDone() {
        let pipeline = [deploy("run 7", one, at: 0, to: 4)]
        let cluster = [deploy("argo", one, at: 3, to: 5)]
        let elsewhere = [deploy("run 8", two, at: 2)]
        let merged = mergeDeploys([[], cluster], failed: [pipeline + elsewhere, []])
        #expect(merged.deploys.map(\.id) == ["run 7"])
        #expect(merged.deploys.first?.finishedAt == cluster[0].finishedAt)
        #expect(merged.failed.map(\.id) == ["run 8"])
        let reversed = mergeDeploys([cluster, []], failed: [[], pipeline + elsewhere])
        #expect(reversed.deploys.map(\.id) == ["argo"])
        #expect(reversed.failed.map(\.id) == ["run 8"])
    }

    @Test("a deploy that is tried again is two, of which the other source tells the nearer")
    func retried() {
        let failed = [deploy("try 1", one, at: 0, to: 1)]
        let done = [deploy("try 2", one, at: 8, to: 9)]
        let merged = mergeDeploys([done, [deploy("marker", one, at: 9)]], failed: [failed, []])
        #expect(merged.deploys.map(\.id) == ["try 2"])
        #expect(merged.failed.map(\.id) == ["try 1"])
    }

    @Test("of long lists each deploy finds its own, near in time, and no other")
    func many() {
        let records = (0..<2000).map { deploy("r\($0)", nil, at: $0 * 15, to: $0 * 15 + 2) }
        let markers = (0..<2000).map { deploy("m\($0)", nil, at: $0 * 15 + 1) }
        func names(_ prefix: String, _ shift: Int) -> [String: [String]] {
            Dictionary(uniqueKeysWithValues: (0..<2000).map { ("\(prefix)\($0)", ["v\($0 + shift)"]) })
        }
        #expect(
            mergeDeploys([records, markers], references: [names("r", 0), names("m", 0)]).map(\.id)
                == records.map(\.id))
        #expect(mergeDeploys([records, markers], references: [names("r", 0), names("m", 1)]).count == 4000)
    }

    @Test("a deploy that lasts for weeks is near to all that happens in them")
    func long() {
        let weeks = [deploy("canary", one, at: 0, to: 30 * 1440)]
        #expect(mergeDeploys([weeks, [deploy("marker", one, at: 12 * 1440)]]).map(\.id) == ["canary"])
        #expect(mergeDeploys([[deploy("marker", one, at: 12 * 1440)], weeks]).map(\.id) == ["marker"])
    }

    @Test("ids stay unique")
    func ids() {
        let merged = mergeDeploys([[deploy("812", one, at: 0)], [deploy("812", two, at: 60)]])
        #expect(merged.map(\.id) == ["812", "812#2"])
    }

    @Test(
        "environments are compared by what they mean",
        arguments: [
            ("production", "prod", true), ("shop-prod", "production", true), ("prod", "staging", false),
            ("Live", "production", true), ("shop-prod", "pay-prod", false),
            ("prod-eu", "production/us", false),
            ("shop-prod", "shop/production", true), ("eu", "us", false), ("eu", "eu", true),
            ("shop", "production", false),
        ])
    func environments(a: String, b: String, isSame: Bool) {
        #expect(isSameEnvironment(a, b) == isSame)
        #expect(isSameEnvironment(b, a) == isSame)
    }
}

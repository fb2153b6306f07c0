import ConfigFaults
import DeployModel
import Investigation
import TestSupport
import Testing

private func manifest(_ name: String, replicas: Int = 2, key: String = "password") -> String {
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name)}
    spec:
      replicas: \(replicas)
      template:
        spec:
          containers:
            - name: main
              env:
                - name: SMS
                  valueFrom:
                    secretKeyRef:
                      name: sms
                      key: \(key)

    """
}

private let start = Instant(seconds: 1_600_000_200)

private func commit(_ digit: Character) -> CommitID? { CommitID(String(repeating: digit, count: 40)) }

private func deploy(_ id: String, minute: Int, commit: CommitID?) -> Deploy {
    Deploy(id: id, commit: commit, startedAt: start + minute * 60, title: id, source: .commit)
}

/// A shop of which two deploys changed something: one the mailer's secret, one how many of the others there are.
private struct Shop: InvestigationSource {
    private let secret: ConfigComparison
    private let replicas: ConfigComparison

    init() throws {
        func compared(_ before: [String: String], _ after: [String: String]) throws -> ConfigComparison {
            try compareConfig(
                before: FolderOfTexts(before), after: FolderOfTexts(after),
                files: after.keys.sorted().filter { before[$0] != after[$0] }.map {
                    FileChange(path: $0, status: .modified)
                })
        }
        let before = [
            "k8s/api.yaml": manifest("api"), "k8s/mailer.yaml": manifest("mailer"),
            "k8s/worker.yaml": manifest("worker"),
        ]
        var wrong = before
        wrong["k8s/mailer.yaml"] = manifest("mailer", key: "key")
        var more = before
        more["k8s/api.yaml"] = manifest("api", replicas: 3)
        secret = try compared(before, wrong)
        replicas = try compared(before, more)
    }

    func events(during interest: TimeWindow, before baseline: TimeWindow?) throws -> EventTable {
        EventTable(times: [], failing: [], weights: [], columns: [])
    }

    func comparison(of deploy: Deploy) throws -> ConfigComparison? {
        switch deploy.id {
        case "secret": secret
        case "replicas": replicas
        default: nil
        }
    }

    /// The mailer's file was last touched by a commit of its own inside the deploy.
    func origin(of path: String, in deploy: Deploy) throws -> CommitID? {
        path.contains("mailer") ? commit("c") : nil
    }
}

/// Three days in which the mailer begins to fail at a minute and the others do not.
private func observations(fromMinute minute: Int) -> Observations {
    var noise = SeededNoise(seed: 5)
    var all = Series(scope: .all, start: start, bucketSeconds: 300, events: [], errors: [])
    var parts: [Series] = []
    for name in ["api", "mailer", "worker"] {
        var (events, errors): ([Double], [Double]) = ([], [])
        for bucket in 0..<864 {
            let total = Double(20 + noise.poisson(20))
            let rate = name == "mailer" && bucket * 5 >= minute ? 0.3 : 0.005
            events.append(total)
            errors.append(min(total, Double(noise.poisson(total * rate))))
        }
        parts.append(
            Series(
                scope: Scope(.workload, name), start: start, bucketSeconds: 300, events: events,
                errors: errors))
    }
    for bucket in 0..<864 {
        all.events.append(parts.reduce(0) { $0 + $1.events[bucket] })
        all.errors.append(parts.reduce(0) { $0 + $1.errors[bucket] })
    }
    return Observations(window: all.window, series: [all] + parts, rollouts: [])
}

@Suite("From an incident to the line that explains it")
struct AccusationTests {
    @Test("the deploy that broke the mailer is blamed, by its line and by the commit that wrote it")
    func line() throws {
        let found = try investigate(
            deploys: [
                deploy("replicas", minute: 800, commit: commit("a")),
                deploy("secret", minute: 2000, commit: commit("b")),
            ],
            observations: observations(fromMinute: 2010), source: try Shop())
        #expect(found.verdict.deploy == "secret", "\(found.verdict)")
        #expect(found.deploys.map(\.workloads) == [["api"], ["mailer"]])
        #expect(found.deploys.map(\.configFiles) == [1, 1])
        let first = try #require(found.findings.first?.changes.first)
        #expect(first.change.path == "k8s/mailer.yaml" && first.change.line == 15)
        #expect(first.change.before == "password" && first.change.after == "key")
        #expect(first.commit == commit("c"))
        // Nobody is accused of what somebody else shipped.
        #expect(found.findings.first?.changes.allSatisfy { $0.change.path != "k8s/api.yaml" } == true)
    }

    @Test("where two share the blame the less likely one's changes count for less, and it is said why")
    func shared() throws {
        let found = try investigate(
            deploys: [
                deploy("replicas", minute: 2000, commit: commit("a")),
                deploy("secret", minute: 2001, commit: commit("b")),
            ],
            observations: observations(fromMinute: 2010), source: try Shop())
        let finding = try #require(found.findings.first)
        #expect(finding.incident.suspects.first?.deploy == "secret", "\(finding.incident.suspects)")
        for change in finding.changes where change.change.path == "k8s/api.yaml" {
            #expect(change.factors.contains { $0.text.contains("the likeliest") })
            #expect(change.score <= finding.changes[0].score)
        }
    }

    @Test(
        "of a deploy that the reader asks about it is said what it reaches, and how it weighs against the other",
        arguments: [
            ("secret", "reach mailer, which is what fails", "after this deploy did"),
            ("replicas", "reach api, and not mailer", "after this deploy did"),
            ("late", "", "before this deploy did"),
        ])
    func asked(id: String, reach: String, timing: String) throws {
        let found = try investigate(
            deploys: [
                deploy("replicas", minute: 1900, commit: commit("a")),
                deploy("secret", minute: 2000, commit: commit("b")),
                deploy("late", minute: 2500, commit: nil),
            ],
            observations: observations(fromMinute: 2010), source: try Shop(),
            question: Question(deploy: id))
        let asked = try #require(found.asked)
        #expect(asked.deploy.id == id)
        #expect(asked.reasons.first?.contains(timing) == true, "\(asked.reasons)")
        if found.findings.first?.incident.scope == Scope(.workload, "mailer") {
            #expect(reach.isEmpty || asked.reasons.contains { $0.contains(reach) }, "\(asked.reasons)")
        }
    }

    @Test("without events a deploy's changes are ranked by their risk, each with its commit")
    func risk() throws {
        let shop = try Shop()
        let secret = deploy("secret", minute: 0, commit: commit("b"))
        let ranked = try #require(try rankedChanges(of: secret, source: shop, base: commit("0")))
        #expect(ranked.from == commit("0") && ranked.to == commit("b"))
        #expect(ranked.filesChanged == 1 && ranked.configFiles == 1)
        #expect(ranked.deploy?.workloads == ["mailer"])
        #expect(ranked.changes.map(\.commit) == [commit("c")])
        let replicas = deploy("replicas", minute: 0, commit: commit("a"))
        #expect(
            try rankedChanges(of: replicas, source: shop, base: nil)?.changes.map(\.commit) == [commit("a")])
        // What cannot be compared has no changes, rather than none.
        #expect(
            try rankedChanges(of: deploy("unknown", minute: 0, commit: commit("d")), source: shop, base: nil)
                == nil)
        #expect(
            try rankedChanges(of: deploy("secret", minute: 0, commit: nil), source: shop, base: nil) == nil)
    }

    @Test("a deploy goes by its id, its commit, or the beginning of either, unless that fits two")
    func names() {
        let deploys = [
            deploy("release-41", minute: 0, commit: commit("a")),
            deploy("release-42", minute: 1, commit: commit("b")), deploy("release-4", minute: 2, commit: nil),
        ]
        #expect(deploys.named("release-42")?.id == "release-42")
        #expect(deploys.named("bbbb")?.id == "release-42")
        #expect(deploys.named("release-4")?.id == "release-4")
        #expect(deploys.named("release-") == nil && deploys.named("ffff") == nil)
    }
}

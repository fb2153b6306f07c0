import DeployModel
import Settings
import Testing

private let vocabulary = SettingsVocabulary(
    roles: ["time", "error", "pod", "workload", "version"],
    faults: ["duplicate-key", "leftover-line", "replicas"], formats: ["ndjson", "csv", "loki"],
    isTime: { $0.hasSuffix("d") }, isZone: { $0 == "UTC" || $0.hasPrefix("+") })

private func settings(_ text: String) throws -> Settings {
    try readSettings(Array(text.utf8), source: ".blamedeploy.yml", folder: "/r", vocabulary: vocabulary)
}

@Suite("Reading .blamedeploy.yml")
struct SettingsTests {
    @Test("takes every key")
    func everything() throws {
        let read = try settings(
            """
            events: events.ndjson
            deploys:
              - notes
              - deploys/argo.json
            environment: production
            repositories: {checkout: ../checkout}
            map:
              pod: kubernetes.pod_name
            error: status >= 500 or error
            symptoms: [message]
            causes: [build]
            since: 10d
            tz: "+02:00"
            format-in: loki
            environments:
              production:
                also: [prod, shop]
                paths: [overlays/prod/]
              staging:
                paths: overlays/staging/
            paths:
              only: [k8s/, overlays/]
              except: ["**/testdata/**"]
            ignore:
              - path: k8s/mailer.yaml
                fault: duplicate-key
                reason: the chart needs it twice
                until: 2026-12-31
              - fault: replicas
                reason: the autoscaler decides
            """)
        #expect(read.events == [Setting("events.ndjson", line: 1)])
        #expect(read.deploys == [Setting("notes", line: 3), Setting("deploys/argo.json", line: 4)])
        #expect(read.environment?.text == "production")
        #expect(read.repositories.map(\.name) == ["checkout"])
        #expect(read.repositories.map(\.folder.text) == ["../checkout"])
        #expect(read.roles.map(\.role) == ["pod"])
        #expect(read.roles.map(\.field) == [Setting("kubernetes.pod_name", line: 8)])
        #expect(read.error == Setting("status >= 500 or error", line: 9))
        #expect(read.symptoms.map(\.text) == ["message"] && read.causes.map(\.text) == ["build"])
        #expect(read.since?.text == "10d" && read.zone?.text == "+02:00")
        #expect(read.format == Setting("loki", line: 14))
        #expect(read.environments.map(\.name) == ["production", "staging"])
        #expect(read.environments[0].aliases == ["prod", "shop"])
        #expect(read.paths.only.map(\.text) == ["k8s/", "overlays/"])
        #expect(read.exemptions.map(\.fault) == ["duplicate-key", "replicas"])
        #expect(read.exemptions.map(\.line) == [25, 29])
    }

    @Test("takes a file that says nothing", arguments: ["", "# nothing yet\n", "---\n", "~\n"])
    func nothing(text: String) throws {
        #expect(try settings(text) == Settings(source: ".blamedeploy.yml", folder: "/r"))
    }

    @Test(
        "says what is wrong on which line, and what was probably meant",
        arguments: [
            ("evnets: a\n", "1:1", "there is no key 'evnets'", "did you mean 'events'?"),
            (
                "error: x\nenviroment: prod\n", "2:1", "there is no key 'enviroment'",
                "did you mean 'environment'?"
            ),
            ("colour: red\n", "1:1", "there is no key 'colour'", "known are events, deploys,"),
            ("map:\n  pods: a\n", "2:3", "there is no role 'pods' in 'map'", "did you mean 'pod'?"),
            ("map: pod\n", "1:6", "'map' takes keys with values", "key: value"),
            ("error:\n", "1:7", "'error' takes one value", "leave 'error' out"),
            ("error: [a]\n", "1:8", "'error' takes one value", "error: value"),
            ("events: a\nevents: b\n", "2:1", "'events' stands here and on line 1", "keep one"),
            ("ignore: a\n", "1:9", "'ignore' takes a list", "dash"),
            ("ignore:\n  - path: a\n", "2:5", "needs a reason", "reason:"),
            ("ignore:\n  - reason: a\n", "2:5", "this would ignore everything", "a path, a fault"),
            (
                "ignore:\n  - fault: duplicate-keys\n    reason: a\n", "2:12",
                "there is no fault 'duplicate-keys'",
                "did you mean 'duplicate-key'?"
            ),
            (
                "ignore:\n  - {path: a, reason: b, untill: 2026-12-31}\n", "2:26",
                "there is no key 'untill' in 'ignore'", "'until'"
            ),
            ("ignore:\n  - {path: a, reason: b, until: soon}\n", "2:33", "'soon' is no day", "2026-12-31"),
            (
                "environments:\n  prod:\n    path: a\n", "3:5", "there is no key 'path' in 'prod'",
                "did you mean 'paths'?"
            ),
            ("since: yesterday\n", "1:8", "'yesterday' is no time", "10d"),
            ("tz: Berlin\n", "1:5", "'Berlin' is no zone", "+02:00"),
            ("format-in: lokki\n", "1:12", "there is no format 'lokki'", "did you mean 'loki'?"),
            ("- a\n", "1:1", "the file takes keys with values", "key: value"),
            ("a: b\n---\nc: d\n", "3:1", "a second document begins here", "keep one document"),
        ])
    func errors(text: String, place: String, problem: String, remedy: String) throws {
        let error = try #require(throws: SettingsError.self) { try settings(text) }
        #expect(error.location == ".blamedeploy.yml:\(place)")
        #expect(error.problem.contains(problem), "\(error)")
        #expect(error.remedy?.contains(remedy) == true, "\(error)")
    }

    @Test("says where YAML breaks")
    func broken() throws {
        let error = try #require(throws: SettingsError.self) { try settings("error: x\nmap: [\n  a: b\n") }
        #expect(error.problem.hasPrefix("this is not YAML"))
        #expect(error.location?.hasPrefix(".blamedeploy.yml:") == true)
    }
}

@Suite("What settings mean")
struct SettingsMeaningTests {
    @Test("counts a file for the environments that run it, and a shared one for all")
    func environments() throws {
        let read = try settings(
            """
            environments:
              production: {also: [prod], paths: [overlays/prod/]}
              staging: {paths: [overlays/staging/]}
            paths: {except: [docs/]}
            """)
        let cases: [(String, String?, Bool)] = [
            ("overlays/prod/web.yaml", "production", true), ("overlays/prod/web.yaml", "prod", true),
            ("overlays/prod/web.yaml", "staging", false), ("overlays/prod/web.yaml", nil, true),
            ("overlays/prod/web.yaml", "eu", true), ("base/web.yaml", "staging", true),
            ("docs/web.yaml", "production", false), ("docs/web.yaml", nil, false),
        ]
        for (path, environment, counts) in cases {
            #expect(read.counts(path: path, in: environment) == counts, "\(path) in \(environment ?? "none")")
        }
        #expect(read.environmentName("prod") == "production" && read.environmentName("eu") == "eu")
    }

    @Test("only leaves the rest out")
    func only() throws {
        let read = try settings("paths: {only: [k8s/, \"*.tf\"]}\n")
        #expect(read.counts(path: "k8s/a/b.yaml", in: nil) && read.counts(path: "infra/x.tf", in: nil))
        #expect(!read.counts(path: "app.yaml", in: nil))
    }

    @Test("an exemption means its path and its fault, until the end of its day")
    func exemptions() throws {
        let rules = try settings(
            "ignore:\n  - {path: k8s/*.yaml, fault: replicas, reason: a, until: 2026-12-31}\n  - {path: old/, reason: b}\n"
        ).exemptions
        #expect(rules[0].means(path: "k8s/a.yaml", fault: "replicas"))
        #expect(!rules[0].means(path: "k8s/a.yaml", fault: "duplicate-key"))
        #expect(!rules[0].means(path: "k8s/a.yaml", fault: nil))
        #expect(!rules[0].means(path: "k8s/x/a.yaml", fault: "replicas"))
        #expect(rules[1].means(path: "old/x/a.yaml", fault: nil))
        #expect(rules[0].holds(at: Instant(rfc3339: "2026-12-31T23:59:59Z")!))
        #expect(!rules[0].holds(at: Instant(rfc3339: "2027-01-01T00:00:00Z")!))
        #expect(rules[1].holds(at: Instant(rfc3339: "2099-01-01T00:00:00Z")!))
    }

    @Test(
        "patterns mean paths",
        arguments: [
            ("app.yaml", "app.yaml", true), ("app.yaml", "k8s/app.yaml", true),
            ("k8s/app.yaml", "app.yaml", false),
            ("*.yaml", "a/b/c.yaml", true), ("k8s/*.yaml", "k8s/a.yaml", true),
            ("k8s/*.yaml", "k8s/a/b.yaml", false),
            ("k8s/", "k8s/a/b.yaml", true), ("k8s/", "other/k8s/a.yaml", false),
            ("k8s", "k8s/a/b.yaml", true), ("k8s", "k8sx/a", false), ("*", "a/b", true),
            ("**/k8s/", "other/k8s/a.yaml", true),
            ("**/k8s/", "k8s/a.yaml", true), ("a/**/z.yaml", "a/z.yaml", true),
            ("a/**/z.yaml", "a/b/c/z.yaml", true),
            ("a/**", "a/b", true), ("a/**", "ab/b", false), ("a?c/*", "abc/d", true),
            ("a?c/*", "ac/d", false),
            ("./a/b", "a/b", true), ("/a/b", "a/b", true), ("*", "a", true),
            ("values-*.yaml", "c/values-prod.yaml", true),
            ("a*b*c/d", "aXbYbZc/d", true), ("a*b*c/d", "aXcYb/d", false),
        ])
    func patterns(pattern: String, path: String, matches: Bool) {
        #expect(PathPattern(pattern).matches(path) == matches)
    }
}

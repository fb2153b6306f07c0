import ConfigFaults
import DeployModel
import TestSupport
import Testing

@Suite("Where a change belongs")
struct ScopeTests {
    /// A setting of some file, changed; nothing but its place tells whose it is.
    private func first(of paths: [String], failing: String, healthy: Set<String>, messages: [String] = [])
        throws -> RankedChange
    {
        func files(_ value: Int) -> FolderOfTexts {
            FolderOfTexts(Dictionary(uniqueKeysWithValues: paths.map { ($0, "limit: \(value)\n") }))
        }
        let failures = FailureContext(
            workloads: [failing: 1], healthyWorkloads: healthy, messages: messages)
        return try #require(try ranked(files(1), files(2), failures: failures).first)
    }

    @Test(
        "files are known by their folders and names",
        arguments: [
            (
                ["billing/settings.yaml", "search/settings.yaml"], "search", ["billing"],
                "search/settings.yaml"
            ),
            (
                ["billing/settings.yaml", "search/settings.yaml"], "search-worker", ["billing"],
                "search/settings.yaml"
            ),
            (
                ["config/search-values.yaml", "config/web-values.yaml"], "web", ["search"],
                "config/web-values.yaml"
            ),
            (
                ["shop/web/settings.yaml", "bank/web/settings.yaml"], "shop-web", ["bank-web"],
                "shop/web/settings.yaml"
            ),
            // A folder holds what belongs to several; the file says whose it is.
            (["search/indexer.yaml", "search/web.yaml"], "web", ["search"], "search/web.yaml"),
            // What kind of thing a file holds is no part of the name.
            (
                ["tools/app.yaml", "tools/qbtools.secret.yaml"], "qbtools", ["tools"],
                "tools/qbtools.secret.yaml"
            ),
            (
                ["hub/values.yaml", "hub/enc-support.secret.values.yaml"], "support", ["hub"],
                "hub/enc-support.secret.values.yaml"
            ),
        ] as [([String], String, Set<String>, String)])
    func names(paths: [String], failing: String, healthy: Set<String>, path: String) throws {
        let change = try first(of: paths, failing: failing, healthy: healthy)
        #expect(change.change.path == path)
        #expect(change.evidence.contains { $0.kind == "reach" && $0.text.contains("where the failures are") })
    }

    @Test("a place that is called after those that fail and those that do not alike says nothing")
    func tie() throws {
        let change = try first(of: ["web/settings.yaml"], failing: "web-a", healthy: ["web-b"])
        #expect(!change.evidence.contains { $0.kind == "reach" })
    }

    @Test("what belongs to a healthy workload counts less than what belongs to nobody")
    func healthy() throws {
        let own = try first(of: ["billing/settings.yaml"], failing: "search", healthy: ["billing"])
        let nobody = try first(of: ["settings.yaml"], failing: "search", healthy: ["billing"])
        #expect(own.score < nobody.score)
        #expect(own.evidence.contains { $0.text == "it belongs to billing by its name, which is healthy" })
    }

    @Test("what is gone, and contradicts nothing, counts less than what is new in its place")
    func gone() throws {
        let before: FolderOfTexts = ["a.yaml": "search: {limit: 5}\nother: 1\n"]
        let after: FolderOfTexts = ["a.yaml": "search: {bound: 5}\nother: 1\n"]
        let failures = FailureContext(workloads: ["search": 1], healthyWorkloads: [], messages: [])
        let found = try ranked(before, after, failures: failures)
        #expect(found.map(\.change.fieldPath) == ["search.bound", "search.limit"])
        #expect(found[1].score < found[0].score * 0.7)
    }

    @Test("when and as which version a file was written runs nowhere")
    func bookkeeping() throws {
        func files(_ number: Int) -> FolderOfTexts {
            [
                "charts/web/Chart.yaml": "name: web\nversion: 1.0.\(number)\n",
                "charts/web/values.secret.yaml": """
                key: ENC[AES256_GCM,data:\(number),type:str]
                sops:
                    lastmodified: "2026-03-0\(number)T10:00:00Z"
                    mac: ENC[AES256_GCM,data:a\(number)b,type:str]
                """,
            ]
        }
        let failures = FailureContext(workloads: ["web": 1], healthyWorkloads: [], messages: [])
        let found = try ranked(files(1), files(2), failures: failures)
        let first = try #require(found.first)
        #expect(first.change.fieldPath == "key")
        #expect(found.dropFirst().count == 3)
        #expect(found.dropFirst().allSatisfy { $0.score < first.score / 2 })
    }

    private func deployment(_ name: String, replicas: Int) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: \(name)}
        spec: {replicas: \(replicas)}

        """
    }

    @Test(
        "a release or an overlay puts something to a name, unless a workload has exactly that name",
        arguments: [
            (["web", "worker"], "prod-web", ["prod-worker"], "web"),
            (["web", "worker"], "web-canary", ["worker"], "web"),
            (["shop-web", "shop-worker"], "web", ["worker"], "shop-web"),
            (["web", "web-admin"], "web-admin", ["web"], "web-admin"),
        ] as [([String], String, Set<String>, String)])
    func prefixes(workloads: [String], failing: String, healthy: Set<String>, name: String) throws {
        func files(_ replicas: Int) -> FolderOfTexts {
            FolderOfTexts(
                Dictionary(
                    uniqueKeysWithValues: workloads.enumerated().map {
                        ("k8s/\($0).yaml", deployment($1, replicas: replicas))
                    }))
        }
        let changes = try ranked(
            files(3), files(2),
            failures: FailureContext(workloads: [failing: 1], healthyWorkloads: healthy, messages: []))
        #expect(changes.first?.change.object?.name == name)
        #expect(changes[0].score > changes[1].score)
    }
}

@Suite("New objects and what they replace")
struct NewObjectTests {
    private let role = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader}
        rules:
          - apiGroups: [""]
            resources: [pods]
            verbs: [get]

        """

    @Test("a new object begins and ends with what stands around it")
    func extent() throws {
        let text = "# Scales the web.\n{{- if .Values.scale }}\n" + role + "{{- end }}\n"
        let found = try ranked([:], ["charts/web/templates/role.yaml": text])
        let change = try #require(found.first?.change)
        #expect((change.line, change.endLine) == (1, 10))
    }

    @Test("but not before the separator or the object above")
    func separator() throws {
        let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
        let found = try ranked(["a.yaml": config], ["a.yaml": config + "---\n# Reads.\n" + role])
        let change = try #require(found.first?.change)
        #expect((change.line, change.endLine) == (6, 13))
    }

    @Test("what moves takes no access away; what goes does")
    func moved() throws {
        func weight(_ before: FolderOfTexts, _ after: FolderOfTexts) throws -> Double? {
            try ranked(before, after).first { $0.change.after == nil }?
                .evidence.first { $0.kind == "access_reduced" }?.weight
        }
        let other = role.replacing("reader", with: "watcher")
        #expect(try weight(["a.yaml": role], [:]) ?? 0 >= 0.3)
        #expect(try weight(["a.yaml": role], ["b.yaml": other]) ?? 0 >= 0.3)
        #expect(try weight(["a.yaml": role], ["b.yaml": role]) ?? 1 <= 0.2)
        let elsewhere = role.replacing("{name: reader}", with: "{name: reader, namespace: lab}")
        #expect(try weight(["a.yaml": role], ["b.yaml": elsewhere]) ?? 0 >= 0.3)
        #expect(try weight(["a.yaml": role], ["a.yaml": other]) ?? 1 <= 0.2)
    }

    @Test("a version that changes as that of an image does is the image's, whatever it is called")
    func sharedVersion() throws {
        func values(_ version: String, _ other: String) -> FolderOfTexts {
            ["values.yaml": "version: \(other)\nsetup:\n  image:\n    tag: \(version)\n"]
        }
        func faults(_ other: String) throws -> [String?] {
            try ranked(
                values("88c14427-production", "88c14427-production"), values("15d85d81-production", other)
            )
            .filter { $0.change.fieldPath == "version" }.map(\.fault)
        }
        #expect(try faults("15d85d81-production") == ["image-changed"])
        #expect(try faults("4") == [nil])
    }
}

@Suite("F14: selectors of workloads")
struct SelectorTests {
    private func deployment(_ selector: String, replicas: Int = 1) -> FolderOfTexts {
        [
            "web.yaml": """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: \(replicas)
              selector:
                matchLabels: {app: \(selector)}
              template:
                metadata:
                  labels: {app: \(selector)}

            """
        ]
    }

    @Test("the API server lets nobody change them")
    func changed() throws {
        let found = try ranked(deployment("web"), deployment("shop-web"))
        #expect(found.contains { $0.evidence.contains { $0.text.contains("the deploy is refused") } })
    }

    @Test("whatever else changes", arguments: [2, 3])
    func other(replicas: Int) throws {
        let found = try ranked(deployment("web"), deployment("web", replicas: replicas))
        #expect(!found.flatMap(\.evidence).contains { $0.text.contains("selector") })
    }
}

@Suite("What the failures say")
struct SymptomWordsTests {
    private func evidence(_ message: String, after: String, failing: String = "app") throws -> [String] {
        let names = ["a", "b", "c", "d", "e"].map { "\($0)_of_others: 1" }.joined(separator: "\n")
        let before = FolderOfTexts(["app.yaml": "\(names)\n"])
        let changed = FolderOfTexts([
            "app.yaml": "\(names.replacing(": 1", with: ": 2"))\n\(after)\n"
        ])
        let failures = FailureContext(workloads: [failing: 1], healthyWorkloads: [], messages: [message])
        let found = try ranked(before, changed, failures: failures)
        return found.filter { $0.change.before == nil }.flatMap(\.evidence).map(\.kind)
    }

    @Test(
        "a whole name says more than words",
        arguments: [
            ("no such host: redis-primary", "cache: redis-primary", "message_name"),
            ("unknown key maxOpenConnections", "pool: {maxOpenConnections: 5}", "message_name"),
            ("SMS_GATEWAY_URL is not set", "sms_gateway_url: x", "message_name"),
            ("the gateway refuses", "gateway_for_sms: x", "message_words"),
        ])
    func kinds(message: String, after: String, kind: String) throws {
        #expect(try evidence(message, after: after).contains(kind))
    }

    @Test("the name of what fails is told by whom a change reaches", arguments: ["app", "redis-primary"])
    func own(failing: String) throws {
        let found = try evidence(
            "redis-primary refuses", after: "cache: redis-primary", failing: failing)
        #expect(found.contains("message_name") == (failing == "app"))
    }

    @Test(
        "what says something else, or what all changes say, is none",
        arguments: [
            ("no such host: redis-primary", "queue: rabbit-primary"), ("timeout", "cache: redis-primary"),
            ("bad others", "x_of_others: 1"),
        ])
    func silence(message: String, after: String) throws {
        #expect(try !evidence(message, after: after).contains("message_name"))
    }
}

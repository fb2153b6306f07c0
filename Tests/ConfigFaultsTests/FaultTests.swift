import ConfigFaults
import DeployModel
import TestSupport
import Testing

@Suite("The left-over line")
struct LeftoverTests {
    @Test("is one change with four facts, at its lines, with both values and a mend")
    func story() throws {
        let changes = try ranked(SiblingStory.before, SiblingStory.after, failures: SiblingStory.failures)
        let first = try #require(changes.first)
        #expect(first.change.path == "deploy/mailer.yaml")
        #expect((first.change.line, first.change.endLine) == (25, 26))
        #expect(first.change.before == "password" && first.change.after == "user")
        #expect(first.change.object == ConfigObject(kind: "Deployment", name: "mailer", container: "main"))
        #expect(first.change.fieldPath == "env SMS_PASSWORD ▸ secretKeyRef.key")
        let kinds = Set(first.evidence.map(\.kind))
        #expect(
            kinds.isSuperset(of: [
                "duplicate_key", "leftover_line", "shared_secret_key", "clone_divergence", "reach",
            ]))
        #expect(first.mend == "delete line 26")
        #expect(first.score >= 90)
        #expect(changes.dropFirst().allSatisfy { $0.score <= 30 }, "\(changes.dropFirst().map(\.score))")
    }

    @Test("comes first by a factor of two when nothing is known of the failures")
    func unknownFailures() throws {
        let changes = try ranked(SiblingStory.before, SiblingStory.after)
        #expect(changes[0].change.path == "deploy/mailer.yaml" && changes[0].score >= 50)
        #expect(changes.dropFirst().allSatisfy { $0.score * 2 < changes[0].score })
    }

    @Test("names both siblings")
    func siblings() throws {
        let text = try ranked(SiblingStory.before, SiblingStory.after)[0].evidence.map(\.text).joined(
            separator: "\n")
        #expect(text.contains("api.yaml and billing.yaml"))
        #expect(text.contains("kept line 26"))
    }

    @Test("is found in a template that is not rendered")
    func template() throws {
        func templated(_ folder: FolderOfTexts) -> FolderOfTexts {
            FolderOfTexts(
                Dictionary(
                    uniqueKeysWithValues: folder.paths().map { path in
                        let text = String(decoding: folder.contents(of: path) ?? [], as: UTF8.self)
                        return (
                            path + (path.hasSuffix("yaml") ? ".template" : ""),
                            text.replacing("\"shop", with: "\"{REGISTRY}/shop")
                        )
                    }))
        }
        let changes = try ranked(templated(SiblingStory.before), templated(SiblingStory.after))
        #expect(changes[0].change.line == 25)
        #expect(changes[0].fault == "duplicate-key" || changes[0].fault == "leftover-line")
    }

    @Test("does not fire when the whole block goes")
    func wholeBlock() throws {
        var after = SiblingStory.after
        after = FolderOfTexts([
            "deploy/api.yaml": manifest("api", env: SiblingStory.shared),
            "deploy/billing.yaml": manifest("billing", env: SiblingStory.shared),
            "deploy/mailer.yaml": manifest("mailer", env: SiblingStory.shared),
            "src/sms.go": "read(\"SMS_USER\", \"SMS_PASSWORD\")",
        ])
        let changes = try ranked(SiblingStory.before, after, failures: SiblingStory.failures)
        #expect(!changes.isEmpty)
        #expect(changes.allSatisfy { $0.score <= 20 && $0.fault == nil }, "\(changes)")
    }
}

extension LeftoverTests {
    private static let block = "cache:\n  enabled: true\n  class:\n    create: true\n  size: 3\n"

    /// Three files lose a section; what is before it and behind it differs.
    private func faultsOfLosing(_ after: (String) -> String) throws -> [String] {
        let tails = ["a": "", "b": "tail:\n  on: true\n", "c": "\nrest: 1\n"]
        func folder(_ section: (String) -> String) -> FolderOfTexts {
            FolderOfTexts(
                Dictionary(
                    uniqueKeysWithValues: tails.map { name, tail in
                        ("\(name).yaml", "name: \(name)\n\n\(section(name))\(tail)")
                    }))
        }
        return try ranked(folder { _ in Self.block + "\n" }, folder(after)).compactMap(\.fault)
    }

    @Test("is no blank line that one file keeps and the others lose")
    func blankLine() throws {
        #expect(try !faultsOfLosing { $0 == "b" ? "" : "\n" }.contains("leftover-line"))
        #expect(try faultsOfLosing { $0 == "b" ? "  size: 3\n" : "\n" }.contains("leftover-line"))
    }

    @Test("is no section of many lines that one file keeps")
    func keptSection() throws {
        let kept = "  class:\n    create: true\n  size: 3\n"
        let lost = try ranked(
            [
                "a.yaml": "x: 1\n" + Self.block + kept, "b.yaml": "y: 1\n" + Self.block + kept,
                "c.yaml": "z: 1\n" + Self.block + kept,
            ],
            ["a.yaml": "x: 1\n", "b.yaml": "y: 1\n", "c.yaml": "z: 1\ncache:\n" + kept])
        #expect(lost.allSatisfy { $0.fault != "leftover-line" || $0.score < 60 }, "\(lost)")
    }
}

@Suite("Fault classes fire, and do not fire")
struct FaultClassTests {
    private let env = secret("SMS_USER", "sms", "user") + plain("LEVEL", "info")

    private func faults(_ before: FolderOfTexts, _ after: FolderOfTexts) throws -> [String] {
        try ranked(before, after).compactMap(\.fault)
    }

    @Test("F1: a doubled key that was there before is not this deploy's")
    func oldDuplicate() throws {
        let doubled = env + ["  value: debug"]
        #expect(
            try faults(
                ["a.yaml": manifest("a", env: doubled)], ["a.yaml": manifest("a", env: doubled, replicas: 4)]
            )
            .contains("duplicate-key") == false)
        #expect(
            try faults(["a.yaml": manifest("a", env: env)], ["a.yaml": manifest("a", env: doubled)]).contains(
                "duplicate-key"))
    }

    @Test("F1: of a doubled key whose last one says what was so, the other counts for nothing")
    func unheard() throws {
        let before = "auth:\n  admins: [ada]\n"
        let changes = try ranked(["a.yaml": before], ["a.yaml": "auth:\n  admins: [eve]\n" + before])
        #expect(
            changes.first?.evidence.contains {
                $0.text
                    == "`auth` appears twice (lines 1 and 3); the last one wins, so that line 1 counts for nothing"
            } == true, "\(changes)")
    }

    @Test("F1: doubled keys of JSON are seen as well")
    func json() throws {
        let changes = try ranked(["a.json": "{\"port\": 1}"], ["a.json": "{\"port\": 1, \"port\": 2}"])
        #expect(changes.first?.fault == "duplicate-key")
    }

    @Test("F2: one sibling of four strays, or all of them move together")
    func divergence() throws {
        let names = ["a", "b", "c", "d"]
        func folder(_ value: (String) -> String) -> FolderOfTexts {
            FolderOfTexts(
                Dictionary(
                    uniqueKeysWithValues: names.map {
                        ("\($0).yaml", manifest($0, env: plain("QUEUE_HOST", value($0))))
                    }))
        }
        let strays = try ranked(folder { _ in "old" }, folder { $0 == "b" ? "new" : "old" })
        #expect(strays.first?.fault == "clone-divergence")
        #expect(
            strays.first?.evidence.contains { $0.text.contains("b is the only one that changed") } == true)
        #expect(!(try faults(folder { _ in "old" }, folder { _ in "new" }).contains("clone-divergence")))
    }

    @Test("F2: main containers that are called like their workloads correspond")
    func divergenceAcrossNames() throws {
        func folder(_ value: (String) -> String) -> FolderOfTexts {
            FolderOfTexts(
                Dictionary(
                    uniqueKeysWithValues: ["web", "api", "mailer"].map { name in
                        let text = manifest(name, env: plain("QUEUE_HOST", value(name)))
                        return ("\(name).yaml", text.replacing("- name: main", with: "- name: \(name)"))
                    }))
        }
        #expect(
            try faults(folder { _ in "old" }, folder { $0 == "api" ? "new" : "old" }) == ["clone-divergence"])
    }

    @Test("F4: two variables newly read one entry of a secret")
    func sharedKey() throws {
        let apart = secret("USER", "sms", "user") + secret("PASSWORD", "sms", "password")
        let same = secret("USER", "sms", "user") + secret("PASSWORD", "sms", "user")
        #expect(
            try faults(["a.yaml": manifest("a", env: apart)], ["a.yaml": manifest("a", env: same)]) == [
                "shared-secret-key"
            ])
        #expect(
            try faults(["a.yaml": manifest("a", env: same)], ["a.yaml": manifest("a", env: same, image: "2")])
                == ["image-changed"])
    }

    @Test("F6, F7 and F9: what becomes of the readers of a variable that is gone")
    func readers() throws {
        func folder(_ env: [String], code: String) -> FolderOfTexts {
            ["a.yaml": manifest("a", env: env), "main.rs": code]
        }
        let before = folder(plain("PUSH_URL", "http://x"), code: "env(\"PUSH_URL\")")
        #expect(try faults(before, folder([], code: "env(\"PUSH_URL\")")) == ["removed-still-read"])
        #expect(
            try faults(before, folder(plain("PUSHER_URL", "http://x"), code: "env(\"PUSH_URL\")")) == [
                "renamed-unread"
            ])
        let gone = try ranked(before, folder([], code: ""))
        #expect(gone.map(\.fault) == [nil] && gone[0].score < 5)
        let renamed = try ranked(before, folder(plain("PUSHER_URL", "http://x"), code: "env(\"PUSHER_URL\")"))
        #expect(renamed.allSatisfy { $0.fault == nil && $0.score < 5 }, "\(renamed)")
    }

    @Test("F20: fewer replicas, but not more", arguments: [(8, 1, true), (8, 12, false)])
    func magnitude(before: Int, after: Int, fires: Bool) throws {
        let found = try faults(
            ["a.yaml": manifest("a", env: env, replicas: before)],
            ["a.yaml": manifest("a", env: env, replicas: after)])
        #expect(found.contains("capacity-lowered") == fires)
    }

    @Test("F24: a production file that names staging")
    func environments() throws {
        #expect(
            try faults(
                ["prod/a.env": "DB_HOST=db.prod.internal\n"], ["prod/a.env": "DB_HOST=db.staging.internal\n"])
                == ["swapped-environment"])
        let inProduction = { (host: String) -> String in
            manifest("a", env: plain("DB_HOST", host)).replacing(
                "metadata:\n  name: a", with: "metadata:\n  name: a\n  namespace: prod")
        }
        #expect(
            try faults(["a.yaml": inProduction("db.prod")], ["a.yaml": inProduction("db.staging")]) == [
                "swapped-environment"
            ])
        #expect(
            try faults(
                ["prod/a.env": "DB_HOST=db1.prod.internal\n"], ["prod/a.env": "DB_HOST=db2.prod.internal\n"]
            ) == ["address-changed"])
    }

    @Test("F39 and F44: a file that no longer parses, an unfinished merge")
    func broken() throws {
        #expect(try faults(["a.yaml": "a:\n  b: 1\n"], ["a.yaml": "a: [\n  b: 1\n"]).contains("unparsable"))
        let conflict = "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n"
        #expect(try faults(["a.yaml": "a: 1\n"], ["a.yaml": conflict]).contains("conflict-markers"))
    }

    @Test(
        "F43: what changes nothing is not listed",
        arguments: [
            "spec:\n  b: 2\n  a: 1\n", "spec: {a: 1, b: 2}\n", "# why\nspec:\n  a: 1 # one\n  b: 2\n",
            "spec:\n    a: 1\n    b: 2\n",
            "base: &base\n  a: 1\n  b: 2\nspec: *base\n",
        ])
    func noEffect(after: String) throws {
        let changes = try ranked(["app.yaml": "spec:\n  a: 1\n  b: 2\n"], ["app.yaml": after])
        #expect(changes.allSatisfy { $0.score <= 20 && $0.change.fieldPath != "spec.a" }, "\(changes)")
    }
}

@Suite("Reach and ranking")
struct RankingTests {
    @Test("a change that touches only what is healthy hardly counts")
    func scope() throws {
        let before: FolderOfTexts = [
            "a.yaml": manifest("a", env: plain("HOST", "x")),
            "b.yaml": manifest("b", env: plain("HOST", "x")),
        ]
        let after: FolderOfTexts = [
            "a.yaml": manifest("a", env: plain("HOST", "y")),
            "b.yaml": manifest("b", env: plain("HOST", "y")),
        ]
        let changes = try ranked(
            before, after,
            failures: FailureContext(workloads: ["b": 1], healthyWorkloads: ["a"], messages: []))
        #expect(changes.map(\.change.path) == ["b.yaml", "a.yaml"])
        #expect(changes[0].score > 3 * changes[1].score)
    }

    @Test(
        "the evidence and the factors that are told make the score",
        arguments: [FailureContext.unknown, SiblingStory.failures])
    func reckoning(failures: FailureContext) throws {
        for change in try ranked(SiblingStory.before, SiblingStory.after, failures: failures) {
            #expect(change.factors.map(\.kind) == [.reach, .innocence, .environment])
            #expect(!change.suspicions.isEmpty)
            #expect(
                change.score == RankedChange.score(suspicions: change.suspicions, factors: change.factors))
            for number in change.evidence.map(\.weight) + change.factors.map(\.value) where number > 0 {
                let isToldWhole = (number * 1000).rounded() / 1000 == number
                #expect(isToldWhole || change.evidence.contains { $0.kind == "reach" && $0.weight == number })
            }
        }
    }

    @Test("events may know a workload by its label")
    func label() throws {
        let before: FolderOfTexts = ["a.yaml": manifest("a", env: plain("HOST", "x"))]
        let after: FolderOfTexts = ["a.yaml": manifest("a", env: plain("HOST", "y"))]
        let known = try ranked(
            before, after,
            failures: FailureContext(workloads: ["a-app": 1], healthyWorkloads: [], messages: []))
        let other = try ranked(
            before, after, failures: FailureContext(workloads: ["z": 1], healthyWorkloads: [], messages: []))
        #expect(known[0].score > 2 * other[0].score)
    }

    @Test("a ConfigMap reaches the workloads that read it")
    func configMap() throws {
        let map = { (value: String) in
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  HOST_NAME: \(value)\n"
        }
        let reader = manifest(
            "a", env: [],
            extra: ["          envFrom:", "            - configMapRef:", "                name: settings"])
        let changes = try ranked(
            ["map.yaml": map("x"), "a.yaml": reader, "b.yaml": manifest("b", env: [])],
            ["map.yaml": map("y"), "a.yaml": reader, "b.yaml": manifest("b", env: [])])
        #expect(changes.map(\.change.reach) == [["a"]])
    }

    @Test("secrets are masked, references are shown")
    func masking() throws {
        let before: FolderOfTexts = [
            "a.yaml": manifest(
                "a", env: plain("DB_PASSWORD", "hunter2hunter2") + secret("API_TOKEN", "api", "token"))
        ]
        let after: FolderOfTexts = [
            "a.yaml": manifest(
                "a", env: plain("DB_PASSWORD", "correct horse") + secret("API_TOKEN", "api", "token2"))
        ]
        let changes = try ranked(before, after)
        let text = "\(changes)"
        #expect(!text.contains("hunter2") && !text.contains("correct horse"))
        #expect(changes.contains { $0.change.after == "token2" })
        #expect(changes.contains { $0.change.before == "••••••" })
    }

    @Test("elements of lists are told apart by name: order does not matter")
    func order() throws {
        let env = plain("FIRST_NAME", "1") + plain("SECOND_NAME", "2")
        let turned = plain("SECOND_NAME", "2") + plain("FIRST_NAME", "1")
        #expect(
            try ranked(["a.yaml": manifest("a", env: env)], ["a.yaml": manifest("a", env: turned)]).isEmpty)
    }

    @Test("a new object and one that is gone are one change each")
    func wholeObjects() throws {
        let changes = try ranked(["a.yaml": manifest("a", env: [])], ["b.yaml": manifest("b", env: [])])
        #expect(changes.count == 2)
        #expect(changes.allSatisfy { $0.score < 40 })
    }
}

@Suite("What is no tree, and what is large")
struct ExtentTests {
    @Test(
        "a recipe's changes are told by line and instruction, comments and blank lines aside, secrets masked")
    func recipe() throws {
        let before = FolderOfTexts([
            "api/Dockerfile": "# base\nFROM debian:12\nRUN make\nENV API_TOKEN=abc123xyz\nCMD [\"api\"]\n"
        ])
        let after = FolderOfTexts([
            "api/Dockerfile":
                "# the base\n\nFROM debian:13\nRUN make\nENV API_TOKEN=hunter2hunter2\nCMD [\"api\"]\n"
        ])
        let changes = try ranked(before, after).sorted { $0.change.line < $1.change.line }
        #expect(changes.map(\.change.line) == [1, 5])
        #expect(changes.map(\.change.fieldPath) == ["FROM", "ENV"])
        #expect(changes.first?.change.before == "FROM debian:12")
        #expect(changes.first?.change.after == "FROM debian:13")
        #expect(changes.last?.change.after == "ENV API_TOKEN=••••••")
        #expect(changes.allSatisfy { $0.score < 40 })
    }

    @Test("a fault inside a new object is told at its own line")
    func narrowed() throws {
        let cronJob = """
            apiVersion: batch/v1
            kind: CronJob
            metadata:
              name: prune
            spec:
              schedule: "*/5 * * * *"
              jobTemplate:
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      containers:
                        - name: prune
                          image: docker:27
                          cmd: ["prune"]
            """
        let changes = try ranked(
            FolderOfTexts(["a.yaml": "a: 1\n"]), FolderOfTexts(["a.yaml": "a: 1\n", "prune.yaml": cronJob]))
        let first = try #require(changes.first)
        #expect(first.fault == "unknown-field")
        #expect((first.change.line, first.change.endLine) == (15, 15))
    }

    @Test("of two new files the longer one comes first")
    func extent() throws {
        let short = "limits:\n  uploads: 3\n"
        let long = "limits:\n" + (1...30).map { "  kind\($0): \($0)\n" }.joined()
        let changes = try ranked(
            FolderOfTexts(["a.yaml": "a: 1\n"]),
            FolderOfTexts(["a.yaml": "a: 1\n", "b.yaml": short, "c.yaml": long]))
        #expect(changes.first?.change.path == "c.yaml")
        #expect(changes.first?.evidence.contains { $0.kind == "extent" } == true)
        #expect(changes.allSatisfy { $0.score < 40 })
    }

    @Test(
        "what is of another environment counts less; a smoke test is none",
        arguments: [("values-test.yaml", true), ("templates/smoke-test.yaml", false), ("config.yaml", false)])
    func environments(path: String, isLess: Bool) throws {
        let changes = try ranked(
            FolderOfTexts([path: "color: red\n"]), FolderOfTexts([path: "color: blue\n"]))
        #expect(changes.count == 1)
        #expect((changes[0].score < 5) == isLess)
    }
}

@Suite("The same in several workloads")
struct RepeatedRenameTests {
    @Test("a variable renamed in two workloads of one file, and in the code, is innocent in both")
    func renamed() throws {
        func files(_ variable: String) -> FolderOfTexts {
            let env = plain(variable, "primary")
            return FolderOfTexts([
                "deploy.yaml": manifest("api", env: env) + "\n---\n" + manifest("worker", env: env),
                "src/main.go": "read(\"\(variable)\")",
            ])
        }
        let changes = try ranked(files("QUEUE_ENDPOINT"), files("QUEUE_ACTIVE_ENDPOINT"))
        #expect(changes.count == 4)
        #expect(changes.allSatisfy { $0.score < 5 }, "\(changes.map(\.score))")
    }
}

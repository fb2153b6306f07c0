import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A shop of two workloads with three overlays, each file of which a test may replace.
private struct OverlayStory {
    private var files: [String: String] = [
        "base/kustomization.yaml": """
        resources:
          - web.yaml
          - mailer.yaml
        configMapGenerator:
          - name: settings
            literals:
              - LEVEL=info
              - QUEUE=queue-1
          - name: mail
            envs:
              - mail.env
        """,
        "base/mail.env": "SENDER=shop\nRETRIES=3\n",
        "base/web.yaml": Self.workload("web", reading: "settings"),
        "base/mailer.yaml": Self.workload("mailer", reading: "mail"),
        "overlays/prod/kustomization.yaml": """
        namePrefix: prod-
        resources:
          - ../../base
        images:
          - name: shop/web
            newTag: "7"
        patches:
          - path: memory.yaml
        """,
        "overlays/prod/memory.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          template:
            spec:
              containers:
                - name: web
                  resources:
                    limits:
                      memory: 2Gi
        """,
        "overlays/staging/kustomization.yaml": "resources:\n  - ../../base\n",
        "overlays/dev/kustomization.yaml": """
        resources:
          - ../../base
        configMapGenerator:
          - name: settings
            behavior: merge
            literals:
              - LEVEL=debug
        """,
    ]

    private static func workload(_ name: String, reading map: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: \(name)
        spec:
          replicas: 2
          selector:
            matchLabels:
              app: \(name)
          template:
            metadata:
              labels:
                app: \(name)
            spec:
              containers:
                - name: \(name)
                  image: shop/\(name):1
                  resources:
                    limits:
                      memory: 1Gi
                  env:
                    - name: SELF
                      value: \(name)
                  envFrom:
                    - configMapRef:
                        name: \(map)
        """
    }

    var folder: FolderOfTexts { FolderOfTexts(files) }

    /// The same with a text replaced in a file, which must hold it.
    func replacing(_ old: String, by new: String, in path: String) throws -> OverlayStory {
        var story = self
        let text = try #require(files[path])
        try #require(text.contains(old))
        story.files[path] = text.replacing(old, with: new)
        return story
    }

    func with(_ text: String?, at path: String) -> OverlayStory {
        var story = self
        story.files[path] = text
        return story
    }

    func changes(to after: OverlayStory, failures: FailureContext = .unknown) throws -> [RankedChange] {
        try ranked(folder, after.folder, failures: failures)
    }
}

private let story = OverlayStory()

extension [RankedChange] {
    fileprivate func of(_ path: String) throws -> RankedChange {
        try #require(first { $0.change.path == path }, "\(map { ($0.change.path, $0.change.fieldPath) })")
    }
}

extension RankedChange {
    fileprivate func text(of kind: String) -> String? { evidence.first { $0.kind == kind }?.text }
}

@Suite("What a change reaches through overlays")
struct OverlayReachTests {
    @Test(
        "goes by the names that events carry",
        arguments: [
            ("base/web.yaml", "replicas: 2", "replicas: 1", ["prod-web", "web"]),
            ("base/kustomization.yaml", "LEVEL=info", "LEVEL=warn", ["prod-web", "web"]),
            ("base/mail.env", "RETRIES=3", "RETRIES=4", ["mailer", "prod-mailer"]),
            ("overlays/prod/kustomization.yaml", "\"7\"", "\"8\"", ["prod-web"]),
            ("overlays/prod/memory.yaml", "2Gi", "3Gi", ["prod-web"]),
            (
                "overlays/prod/kustomization.yaml", "prod-", "live-",
                ["live-mailer", "live-web", "prod-mailer", "prod-web"]
            ),
            ("overlays/dev/kustomization.yaml", "LEVEL=debug", "LEVEL=trace", ["web"]),
        ])
    func reach(path: String, old: String, new: String, expected: [String]) throws {
        let changes = try story.changes(to: story.replacing(old, by: new, in: path))
        #expect(try changes.of(path).change.reach == expected)
    }

    @Test("a file that is no overlay's keeps its own")
    func elsewhere() throws {
        let web = try #require(story.folder.contents(of: "base/web.yaml"))
        let before = story.with(String(decoding: web, as: UTF8.self), at: "other/web.yaml")
        let changes = try before.changes(
            to: before.replacing("replicas: 2", by: "replicas: 1", in: "other/web.yaml"))
        #expect(try changes.of("other/web.yaml").change.reach == ["web"])
    }

    @Test("failures of a prefixed workload prove the overlay's change, and clear its neighbour's")
    func proves() throws {
        let after = try story.replacing("\"7\"", by: "\"8\"", in: "overlays/prod/kustomization.yaml")
            .replacing("RETRIES=3", by: "RETRIES=4", in: "base/mail.env")
        let failures = FailureContext(
            workloads: ["prod-web": 1], healthyWorkloads: ["prod-mailer"], messages: [])
        let changes = try story.changes(to: after, failures: failures)
        #expect(changes.first?.change.path == "overlays/prod/kustomization.yaml")
        #expect(changes.first?.text(of: "reach")?.contains("prod-web, where the failures are") == true)
        #expect(try changes.of("base/mail.env").score < (changes.first?.score ?? 0) / 3)
    }

    @Test("a text file that a generator reads is configuration, whatever it is called")
    func generatorFile() throws {
        let before = try story.replacing(
            "envs:", by: "files:\n      - motd.txt\n    envs:", in: "base/kustomization.yaml"
        )
        .with("hello\n", at: "base/motd.txt")
        let changes = try before.changes(to: before.with("goodbye\n", at: "base/motd.txt"))
        #expect(try changes.of("base/motd.txt").change.reach == ["mailer", "prod-mailer"])
        #expect(try story.with("a", at: "motd.txt").changes(to: story.with("b", at: "motd.txt")).isEmpty)
    }
}

@Suite("What overlays make of a change")
struct OverlayInnocenceTests {
    @Test("a value that every overlay sets itself changes nothing")
    func overridden() throws {
        let before = OverlayStory().with(nil, at: "overlays/dev/kustomization.yaml")
            .with(nil, at: "overlays/staging/kustomization.yaml")
        let changes = try before.changes(
            to: before.replacing("memory: 1Gi", by: "memory: 256Mi", in: "base/web.yaml"))
        let change = try changes.of("base/web.yaml")
        #expect(
            change.text(of: "overridden")
                == "overlays/prod/memory.yaml says otherwise in every overlay, so that nothing changes")
        #expect(change.score < 10)
        // The mailer has no such patch.
        let other = try before.changes(
            to: before.replacing("memory: 1Gi", by: "memory: 256Mi", in: "base/mailer.yaml"))
        #expect(try other.of("base/mailer.yaml").text(of: "overridden") == nil)
    }

    @Test("a patch that says what was so already changes nothing")
    func noEffect() throws {
        let changes = try story.changes(
            to: story.replacing("2Gi", by: "2Gi\n              requests: {}", in: "overlays/prod/memory.yaml")
        )
        #expect(!changes.isEmpty)
        let idle = try story.changes(
            to: story.replacing(
                "newTag: \"7\"", by: "newTag: \"7\"\n    digest: \"\"", in: "overlays/prod/kustomization.yaml"
            ))
        #expect(
            try idle.of("overlays/prod/kustomization.yaml").text(of: "overridden")
                == "no overlay puts out anything else than before")
    }

    @Test(
        "another order of what is listed changes nothing",
        arguments: [
            ("  - web.yaml\n  - mailer.yaml", "  - mailer.yaml\n  - web.yaml", true),
            // Variables have no order, so that nothing is told at all.
            ("      - LEVEL=info\n      - QUEUE=queue-1", "      - QUEUE=queue-1\n      - LEVEL=info", false),
        ])
    func reordered(old: String, new: String, isTold: Bool) throws {
        let changes = try story.changes(to: story.replacing(old, by: new, in: "base/kustomization.yaml"))
        #expect(changes.isEmpty != isTold)
        #expect(
            changes.allSatisfy {
                $0.text(of: "overridden") == "no overlay puts out anything else than before"
            },
            "\(changes)")
    }

    @Test("another order of arguments is a change")
    func reorderedArguments() throws {
        let before = try story.replacing(
            "image: shop/web:1", by: "image: shop/web:1\n          args:\n            - a\n            - b",
            in: "base/web.yaml")
        let after = try before.replacing(
            "            - a\n            - b", by: "            - b\n            - a", in: "base/web.yaml")
        let change = try before.changes(to: after).of("base/web.yaml")
        #expect(change.text(of: "overridden") == nil && change.change.reach == ["prod-web", "web"])
    }

    @Test("a variable that every reader sets itself changes nothing")
    func setByReaders() throws {
        let before = try story.replacing("LEVEL=info", by: "SELF=info", in: "base/kustomization.yaml")
        let changes = try before.changes(
            to: before.replacing("SELF=info", by: "SELF=warn", in: "base/kustomization.yaml"))
        #expect(try changes.of("base/kustomization.yaml").text(of: "overridden") != nil)
    }

    @Test("a change that some overlays hide says which ones it changes")
    func someOverlays() throws {
        let changes = try story.changes(
            to: story.replacing("LEVEL=info", by: "LEVEL=warn", in: "base/kustomization.yaml"))
        let change = try changes.of("base/kustomization.yaml")
        #expect(change.text(of: "overlays") == "it changes prod and staging, not dev")
        let all = try story.changes(
            to: story.replacing("QUEUE=queue-1", by: "QUEUE=queue-2", in: "base/kustomization.yaml"))
        #expect(try all.of("base/kustomization.yaml").text(of: "overlays") == nil)
    }

    @Test("what only development gets counts as little as its own files")
    func environment() throws {
        let alone = story.with(nil, at: "overlays/prod/kustomization.yaml").with(
            nil, at: "overlays/staging/kustomization.yaml")
        func score(_ story: OverlayStory) throws -> Double {
            try story.changes(
                to: story.replacing("QUEUE=queue-1", by: "QUEUE=queue-2", in: "base/kustomization.yaml")
            )
            .of("base/kustomization.yaml").score
        }
        #expect(try score(alone) * 3 < score(story))
    }

    @Test("nothing is called innocent where an overlay is only partly known")
    func partlyKnown() throws {
        let before = try story.replacing(
            "resources:\n", by: "resources:\n  - https://example.com/all.yaml\n",
            in: "overlays/prod/kustomization.yaml"
        )
        .with(nil, at: "overlays/dev/kustomization.yaml").with(nil, at: "overlays/staging/kustomization.yaml")
        let changes = try before.changes(
            to: before.replacing("memory: 1Gi", by: "memory: 256Mi", in: "base/web.yaml"))
        #expect(try changes.of("base/web.yaml").text(of: "overridden") == nil)
    }
}

@Suite("Faults that only the rendered result shows")
struct OverlayFaultTests {
    private func toldFaults(_ before: OverlayStory, _ after: OverlayStory) throws -> [(
        path: String, fault: String?, text: String
    )] {
        try before.changes(to: after).map {
            ($0.change.path, $0.fault, $0.evidence.map(\.text).joined(separator: "; "))
        }
    }

    @Test("a patch whose target the change took away, told at the change that did")
    func lostTarget() throws {
        let after = try story.with(nil, at: "base/web.yaml")
            .replacing("  - web.yaml\n", by: "", in: "base/kustomization.yaml")
        let found = try toldFaults(story, after)
        #expect(
            found.contains {
                $0.path == "base/web.yaml" && $0.fault == "dangling-reference"
                    && $0.text.contains("overlays/prod/memory.yaml:1")
                    && $0.text.contains("Deployment web, which is not there any more")
            }, "\(found)")
        // With the patch gone as well, nothing is wrong with the overlay.
        let whole = try after.with(nil, at: "overlays/prod/memory.yaml")
            .replacing("patches:\n  - path: memory.yaml", by: "", in: "overlays/prod/kustomization.yaml")
            .replacing(
                "images:\n  - name: shop/web\n    newTag: \"7\"\n", by: "",
                in: "overlays/prod/kustomization.yaml")
        #expect(try !toldFaults(story, whole).contains { $0.fault == "dangling-reference" })
    }

    @Test(
        "what kustomize refuses, at the line that says it",
        arguments: [
            (
                "base/kustomization.yaml", "  - mailer.yaml", "  - mailer.yml",
                "base/mailer.yml is listed, and is not there"
            ),
            (
                "base/kustomization.yaml", "  - mailer.yaml", "  - mailer.yaml\n  - mailer.yaml",
                "Deployment mailer is there twice"
            ),
            (
                "overlays/prod/memory.yaml", "  name: web\nspec", "  name: wep\nspec",
                "it is for Deployment wep, which is not there"
            ),
            (
                "overlays/dev/kustomization.yaml", "name: settings", "name: setting",
                "it adds to ConfigMap setting, which is not there"
            ),
            (
                "overlays/prod/kustomization.yaml", "  - path: memory.yaml",
                "  - target: {kind: Deployment, name: web}\n    patch: '[{op: remove, path: /spec/paused}]'",
                "it changes /spec/paused, which is not there"
            ),
        ])
    func refused(path: String, old: String, new: String, text: String) throws {
        let found = try toldFaults(story, story.replacing(old, by: new, in: path))
        #expect(found.contains { $0.fault == "dangling-reference" && $0.text.contains(text) }, "\(found)")
    }

    @Test("a file that goes while it is listed")
    func listedAndGone() throws {
        let found = try toldFaults(story, story.with(nil, at: "base/mailer.yaml"))
        #expect(found.contains { $0.text.contains("base/mailer.yaml is still listed, and gone") }, "\(found)")
        let input = try toldFaults(story, story.with(nil, at: "base/mail.env"))
        #expect(
            input.contains { $0.text.contains("base/mail.env is read by a generator, and gone") }, "\(input)")
    }

    @Test("what was wrong before, and what may be a link or kept out of the repository, is none")
    func notTold() throws {
        let broken = try story.replacing(
            "  - mailer.yaml", by: "  - gone.yaml", in: "base/kustomization.yaml")
        #expect(
            try !toldFaults(broken, broken.replacing("replicas: 2", by: "replicas: 3", in: "base/web.yaml"))
                .contains { $0.fault == "dangling-reference" })
        let link = try story.replacing(
            "  - mailer.yaml", by: "  - mailer.yaml\n  - linked/all.yaml", in: "base/kustomization.yaml")
        #expect(try !toldFaults(story, link).contains { $0.fault == "dangling-reference" })
        let secret = try story.replacing(
            "      - mail.env", by: "      - mail.env\n      - secret.env", in: "base/kustomization.yaml")
        #expect(try !toldFaults(story, secret).contains { $0.fault == "dangling-reference" })
    }

    @Test("an image that no container has any more leaves its entry without a use")
    func idleImage() throws {
        let after = try story.replacing("image: shop/web:1", by: "image: shop/website:1", in: "base/web.yaml")
        let found = try toldFaults(story, after)
        #expect(
            found.contains {
                $0.fault == "dangling-reference" && $0.text.contains("no container has the image shop/web")
            }, "\(found)")
        let tag = try story.replacing("image: shop/web:1", by: "image: shop/web:2", in: "base/web.yaml")
        #expect(try !toldFaults(story, tag).contains { $0.text.contains("no container has") })
    }

    @Test("a resource that is not listed any more, though its file stays")
    func unlisted() throws {
        let after = try story.replacing("  - mailer.yaml\n", by: "", in: "base/kustomization.yaml")
        let change = try story.changes(to: after).of("base/kustomization.yaml")
        #expect(change.fault == "capacity-lowered")
        #expect(
            change.evidence.contains {
                $0.text.contains("Deployment mailer is not in dev, prod and staging any more")
            }, "\(change.evidence)")
        let whole = after.with(nil, at: "base/mailer.yaml")
        #expect(try !toldFaults(story, whole).contains { $0.text.contains("the file stays") })
    }

    @Test("what comes from elsewhere now is not gone")
    func movedElsewhere() throws {
        let after = try story.with(nil, at: "base/web.yaml")
            .replacing(
                "  - web.yaml\n", by: "  - https://example.com/shop/web?ref=v1\n",
                in: "base/kustomization.yaml")
        let found = try toldFaults(story, after)
        #expect(!found.contains { $0.text.contains("not there any more") }, "\(found)")
    }

    @Test("what is put out twice is told where it is listed once more")
    func listedTwice() throws {
        let after = try story.replacing(
            "  - ../../base\n", by: "  - ../../base\n  - ../../base/mailer.yaml\n",
            in: "overlays/staging/kustomization.yaml")
        let found = try toldFaults(story, after)
        #expect(
            found.contains {
                $0.path == "overlays/staging/kustomization.yaml" && $0.fault == "dangling-reference"
                    && $0.text.contains("Deployment mailer is there twice")
            }, "\(found)")
    }

    @Test("a patch that is not listed any more says what it was for")
    func droppedPatch() throws {
        let after = try story.replacing(
            "patches:\n  - path: memory.yaml", by: "", in: "overlays/prod/kustomization.yaml")
        let change = try story.changes(to: after).of("overlays/prod/kustomization.yaml")
        #expect(change.text(of: "patch_dropped") == "Deployment prod-web is not patched any more in prod")
    }

    @Test(
        "what calls and rights hang on is missed as a workload is, what hangs on nothing is not",
        arguments: [
            ("v1", "Service", true), ("networking.k8s.io/v1", "Ingress", true),
            ("gateway.networking.k8s.io/v1", "HTTPRoute", true), ("v1", "ServiceAccount", true),
            ("rbac.authorization.k8s.io/v1", "RoleBinding", true),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", true),
            ("networking.k8s.io/v1", "NetworkPolicy", true), ("example.com/v1", "Dashboard", false),
        ])
    func unlistedOthers(version: String, kind: String, isTold: Bool) throws {
        let before = try story.replacing(
            "  - web.yaml\n", by: "  - web.yaml\n  - other.yaml\n", in: "base/kustomization.yaml"
        ).with("apiVersion: \(version)\nkind: \(kind)\nmetadata:\n  name: shop\n", at: "base/other.yaml")
        let after = try before.replacing("  - other.yaml\n", by: "", in: "base/kustomization.yaml")
        let text = try before.changes(to: after).of("base/kustomization.yaml").evidence.map(\.text)
        #expect(
            text.contains { $0.contains("\(kind) ") && $0.contains("the file stays") } == isTold, "\(text)")
        // The same under a new name in another file, while the old one is kept.
        let moved = try before.replacing("other.yaml", by: "new.yaml", in: "base/kustomization.yaml")
            .with(
                "apiVersion: \(version)beta1\nkind: \(kind)\nmetadata:\n  name: shop\n", at: "base/new.yaml")
        #expect(try !toldFaults(before, moved).contains { $0.text.contains("the file stays") })
    }

    @Test("several of one entry are told together, a workload first")
    func unlistedTogether() throws {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: seed\nspec:\n  containers: []\n"
        let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n"
        let before = try story.replacing(
            "  - ../../base\n", by: "  - ../../base\n  - ../../extra\n",
            in: "overlays/prod/kustomization.yaml"
        )
        .with("resources:\n  - all.yaml\n", at: "extra/kustomization.yaml")
        .with("\(service)---\n\(pod)", at: "extra/all.yaml")
        let after = try before.replacing("  - ../../extra\n", by: "", in: "overlays/prod/kustomization.yaml")
        let found = try toldFaults(before, after)
        #expect(
            found.contains { $0.text.contains("Pod prod-seed and another object are not in prod any more") },
            "\(found)")
    }

    @Test(
        "no patch is called dropped while its entry is there, or another patches the same",
        arguments: [
            // A second patch.
            (
                "patches:\n",
                "patches:\n  - target: {kind: Deployment, name: web}\n    patch: '[{op: replace, path: /spec/replicas, value: 5}]'\n"
            ),
            // Another way to say it.
            ("patches:\n  - path: memory.yaml", "patchesStrategicMerge:\n  - memory.yaml\nnamespace: shop"),
            ("  - path: memory.yaml", "  - path: memory.yaml\n    target: {kind: Deployment}"),
            // Another file for the same object.
            ("path: memory.yaml", "path: more.yaml"),
        ])
    func keptPatch(old: String, new: String) throws {
        let memory = try #require(story.folder.contents(of: "overlays/prod/memory.yaml"))
        let before = story.with(
            String(decoding: memory, as: UTF8.self).replacing("2Gi", with: "4Gi"),
            at: "overlays/prod/more.yaml")
        let after = try before.replacing(old, by: new, in: "overlays/prod/kustomization.yaml")
        let found = try before.changes(to: after)
        #expect(!found.isEmpty && found.allSatisfy { $0.text(of: "patch_dropped") == nil }, "\(found)")
    }

    @Test("a number of an inline patch that changes drops nothing, an entry that goes beside others does")
    func inlinePatch() throws {
        let before = try story.replacing(
            "  - path: memory.yaml",
            by: """
                  - path: memory.yaml
                  - target: {kind: Deployment, name: mailer}
                    patch: |
                      - op: replace
                        path: /spec/replicas
                        value: 5
                """,
            in: "overlays/prod/kustomization.yaml")
        let number = try before.changes(
            to: before.replacing("value: 5", by: "value: 6", in: "overlays/prod/kustomization.yaml"))
        #expect(!number.isEmpty && number.allSatisfy { $0.text(of: "patch_dropped") == nil }, "\(number)")
        let change = try before.changes(
            to: before.replacing("  - path: memory.yaml\n", by: "", in: "overlays/prod/kustomization.yaml")
        ).of("overlays/prod/kustomization.yaml")
        #expect(change.text(of: "patch_dropped") == "Deployment prod-web is not patched any more in prod")
    }

    @Test("a generated object, or an entry of it, that containers still ask for")
    func lostGenerated() throws {
        let whole = try story.replacing(
            "  - name: mail\n    envs:\n      - mail.env", by: "", in: "base/kustomization.yaml")
        let found = try toldFaults(story, whole)
        #expect(
            found.contains {
                $0.fault == "dangling-reference" && $0.text.contains("ConfigMap")
                    && $0.text.contains("mailer still asks for it")
            }, "\(found)")
        let keyed = try story.replacing(
            "            - name: SELF\n",
            by:
                "            - name: TO\n              valueFrom: {configMapKeyRef: {name: mail, key: RETRIES}}\n            - name: SELF\n",
            in: "base/mailer.yaml")
        let entry = try toldFaults(keyed, keyed.replacing("RETRIES=3\n", by: "", in: "base/mail.env"))
        #expect(
            entry.contains {
                $0.fault == "dangling-reference" && $0.text.contains("the entry RETRIES of ConfigMap")
            }, "\(entry)")
        #expect(
            try !toldFaults(keyed, keyed.replacing("SENDER=shop\n", by: "", in: "base/mail.env")).contains {
                $0.fault == "dangling-reference"
            })
    }

    @Test("generated configuration that keeps its name is seen only after a restart")
    func stale() throws {
        let kept = try story.replacing(
            "configMapGenerator:",
            by: "generatorOptions:\n  disableNameSuffixHash: true\nconfigMapGenerator:",
            in: "base/kustomization.yaml")
        let after = try kept.replacing("QUEUE=queue-1", by: "QUEUE=queue-2", in: "base/kustomization.yaml")
        let found = try toldFaults(kept, after)
        #expect(
            found.contains {
                $0.text.contains("keeps its name, so that pods of")
                    && $0.text.contains("see it after their next restart")
            }, "\(found)")
        let hashed = try story.replacing("QUEUE=queue-1", by: "QUEUE=queue-2", in: "base/kustomization.yaml")
        #expect(try !toldFaults(story, hashed).contains { $0.fault == "stale-config" })
    }
}

@Suite("Containers that patches are for")
struct PatchedContainerTests {
    private static let refused = "without an image, which the API server refuses"

    @Test("a renamed container leaves its patch behind, which makes a second one")
    func renamed() throws {
        let after = try story.replacing("- name: web\n", by: "- name: shop\n", in: "base/web.yaml")
        let changes = try story.changes(to: after)
        let first = try #require(changes.first)
        #expect(first.change.path == "base/web.yaml" && first.fault == "dangling-reference")
        let text = try #require(first.evidence.first { $0.kind == "dangling_reference" }?.text)
        #expect(text.hasPrefix("overlays/prod/memory.yaml:9 now leads nowhere"))
        #expect(text.contains("container web of Deployment web, which is not there any more"))
        #expect(text.hasSuffix(Self.refused))
    }

    @Test("renamed together with its patch, it is none")
    func renamedBoth() throws {
        let after = try story.replacing("- name: web\n", by: "- name: shop\n", in: "base/web.yaml")
            .replacing("- name: web\n", by: "- name: shop\n", in: "overlays/prod/memory.yaml")
        #expect(try story.changes(to: after).allSatisfy { $0.fault != "dangling-reference" })
    }

    @Test("a patch that misspells the container is told at its line")
    func misspelt() throws {
        let after = try story.replacing("- name: web\n", by: "- name: wbe\n", in: "overlays/prod/memory.yaml")
        let change = try story.changes(to: after).of("overlays/prod/memory.yaml")
        #expect(change.evidence.contains { $0.text.hasSuffix(Self.refused) }, "\(change.evidence)")
    }

    @Test("a container of its own, which a patch adds with its image, is none")
    func sidecar() throws {
        let patch = "        - name: web\n"
        let after = try story.replacing(
            patch, by: "        - name: proxy\n          image: shop/proxy:1\n" + patch,
            in: "overlays/prod/memory.yaml")
        #expect(try story.changes(to: after).allSatisfy { $0.fault != "dangling-reference" })
    }

    @Test("a patch with an image of its own makes a second container all the same")
    func withImage() throws {
        let before = try story.replacing(
            "          resources:", by: "          image: shop/web:prod\n          resources:",
            in: "overlays/prod/memory.yaml")
        let after = try before.replacing("- name: web\n", by: "- name: shop\n", in: "base/web.yaml")
        let change = try before.changes(to: after).of("base/web.yaml")
        #expect(change.evidence.contains { $0.text.hasSuffix("it makes a second container") })
    }
}

@Suite("What overlays may not know, and what only moved")
struct OverlayLimitTests {
    private func isDangling(_ changes: [RankedChange]) -> Bool {
        changes.contains { $0.evidence.contains { $0.kind == "dangling_reference" } }
    }

    @Test("nothing is called innocent beside a file of more than a mebibyte")
    func largeFile() throws {
        func listing(_ bytes: Int) throws -> OverlayStory {
            let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: large\ndata:\n  text: "
            return try story.replacing(
                "  - web.yaml\n", by: "  - web.yaml\n  - large.yaml\n", in: "base/kustomization.yaml"
            )
            .with(map + String(repeating: "x", count: bytes), at: "base/large.yaml")
            .with(nil, at: "overlays/dev/kustomization.yaml")
            .with(nil, at: "overlays/staging/kustomization.yaml")
        }
        func isInnocent(_ before: OverlayStory) throws -> Bool {
            let after = try before.replacing("memory: 1Gi", by: "memory: 256Mi", in: "base/web.yaml")
            return try before.changes(to: after).of("base/web.yaml").text(of: "overridden") != nil
        }
        #expect(try isInnocent(listing(1 << 10)))
        #expect(try !isInnocent(listing(1 << 20)))
    }

    @Test("a Secret that an ExternalSecret stands for is not missed", arguments: [true, false])
    func externalSecret(isThere: Bool) throws {
        let generator = "secretGenerator:\n  - name: db\n    literals:\n      - password=x\n"
        let reading = "            - secretRef:\n                name: db\n"
        let web = String(decoding: story.folder.contents(of: "base/web.yaml") ?? [], as: UTF8.self)
        let base = String(decoding: story.folder.contents(of: "base/kustomization.yaml") ?? [], as: UTF8.self)
        let before = story.with(web + "\n" + reading, at: "base/web.yaml")
            .with(base + "\n" + generator, at: "base/kustomization.yaml")
        let external = """
            apiVersion: external-secrets.io/v1beta1
            kind: ExternalSecret
            metadata:
              name: database
            spec:
              target:
                name: db
            """
        var after = before.with(base, at: "base/kustomization.yaml")
        if isThere {
            after = try after.with(external, at: "base/external.yaml")
                .replacing(
                    "  - web.yaml\n", by: "  - web.yaml\n  - external.yaml\n", in: "base/kustomization.yaml")
        }
        #expect(isDangling(try before.changes(to: after)) == !isThere)
    }

    @Test("what moves to another namespace, with all that reads it, is not gone")
    func movedNamespace() throws {
        let before = try story.replacing(
            "namePrefix: prod-", by: "namespace: shop\nnamePrefix: prod-",
            in: "overlays/prod/kustomization.yaml")
        let after = try before.replacing(
            "namespace: shop", by: "namespace: store", in: "overlays/prod/kustomization.yaml")
        let changes = try before.changes(to: after)
        #expect(!changes.isEmpty && !isDangling(changes), "\(changes)")
    }
}

@Suite("Entries of a ConfigMap below an overlay")
struct OverlayEntryTests {
    private func workload(_ name: String, reads key: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: \(name)}
        spec:
          template:
            spec:
              containers:
                - name: main
                  env:
                    - name: CACHE
                      valueFrom: {configMapKeyRef: {name: settings, key: \(key)}}
        """
    }

    private func tree(_ data: String, api: String, worker: String = "cache") -> FolderOfTexts {
        [
            "base/kustomization.yaml": "resources: [api.yaml, worker.yaml, settings.yaml]\n",
            "base/api.yaml": workload("api", reads: api),
            "base/worker.yaml": workload("worker", reads: worker),
            "base/settings.yaml":
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n\(data)",
            "prod/kustomization.yaml": "resources: [../base]\n",
        ]
    }

    @Test("reach those who ask for them, and not those who ask for another one")
    func reach() throws {
        let changes = try ranked(
            tree("  cache: redis://a\n", api: "cache"), tree("  store: redis://a\n", api: "store"))
        func reach(_ field: String) -> [String]? {
            changes.first { $0.change.fieldPath == field }?.change.reach
        }
        #expect(reach("data.store") == ["api"])
        #expect(reach("data.cache") == ["worker"])
    }

    @Test("that nobody asks for change the object, and no variable of a container")
    func unread() throws {
        let changes = try ranked(
            tree("  cache: redis://a\n", api: "cache"),
            tree("  cache: redis://a\n  retries: \"3\"\n", api: "cache"))
        let told = changes.flatMap(\.evidence).filter { $0.kind == "overridden" }.map(\.text)
        #expect(told == ["the variables of all containers that read it stay as they were"])
    }

    @Test("a key that stands twice stops kustomize, and that is said where it reads the file")
    func doubledKey() throws {
        let texts = try ranked(
            tree("  cache: redis://a\n", api: "cache"),
            tree("  cache: redis://a\n  cache: redis://b\n", api: "cache")
        ).flatMap(\.evidence).filter { $0.kind == "duplicate_key" }.map(\.text)
        #expect(
            texts.count == 1 && texts.allSatisfy { $0.hasSuffix("; kustomize 5 stops at it") }, "\(texts)")
    }
}

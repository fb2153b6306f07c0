import DeployModel
import TestSupport
import Testing

@testable import Kustomize

private let web = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          containers:
            - name: web
              image: web:1
              envFrom: [{configMapRef: {name: settings}}]
    """

private func rendering(_ files: [String: String], of folder: String = "") throws -> Rendering {
    try #require(try KustomizeRenderer(FolderOfTexts(files)).render(folder))
}

@Suite("What kustomize would refuse is told, and never breaks anything")
struct ProblemTests {
    @Test(
        "each by its kind",
        arguments: [
            ("resources: [gone.yaml]", RenderProblem.Kind.missing("gone.yaml")),
            ("resources: [web.yaml]\npatches: [{path: gone.yaml}]", .missing("gone.yaml")),
            ("resources: [web.yaml]\ncomponents: [gone]", .missing("gone")),
            ("configMapGenerator: [{name: a, envs: [gone.env]}]", .missingInput("gone.env")),
            (
                "resources: [web.yaml]\npatchesStrategicMerge: ["
                    + "'{apiVersion: apps/v1, kind: Deployment, metadata: {name: wep}}']",
                .noTarget(kind: "Deployment", name: "wep")
            ),
            (
                "resources: [web.yaml]\nreplicas: [{name: wep, count: 2}]",
                .noTarget(kind: "Deployment", name: "wep")
            ),
            (
                "configMapGenerator: [{name: a, behavior: merge, literals: [A=1]}]",
                .nothingToMerge(kind: "ConfigMap", name: "a")
            ),
            ("resources: [web.yaml, web.yaml]", .conflict(kind: "Deployment", name: "web")),
            ("resources: [web.yaml, ../same]", .cycle),
            (
                "resources: [web.yaml]\npatches: [{target: {kind: Deployment}, patch: '[{op: remove, path: /spec/no}]'}]",
                .badPath("/spec/no")
            ),
        ])
    func problem(kustomization: String, kind: RenderProblem.Kind) throws {
        // The folder's own name serves as a way back to itself.
        let files = ["same/kustomization.yaml": kustomization, "same/web.yaml": web]
        let found = try rendering(files, of: "same").problems.map(\.kind)
        let expected: RenderProblem.Kind =
            switch kind {
            case .missing(let path): .missing("same/\(path)")
            case .missingInput(let path): .missingInput("same/\(path)")
            default: kind
            }
        #expect(found == [expected])
    }

    @Test("a problem stands at the line that names what is not there")
    func place() throws {
        let files = ["kustomization.yaml": "resources:\n  - web.yaml\n  - gone.yaml\n", "web.yaml": web]
        #expect(try rendering(files).problems.first?.place == Occurrence(path: "kustomization.yaml", line: 3))
    }

    @Test(
        "what is not read makes the result partly known",
        arguments: [
            "resources: ['https://example.com/all.yaml']", "resources: ['github.com/org/repo//base?ref=v1']",
            "resources: [../../outside]", "helmCharts: [{name: chart}]", "transformers: [own.yaml]",
            "configurations: [names.yaml]",
        ])
    func gaps(kustomization: String) throws {
        let found = try rendering(["kustomization.yaml": kustomization])
        #expect(!found.isComplete && found.problems.isEmpty && found.gaps.count == 1)
    }

    @Test("folders that lead to each other end")
    func mutualCycle() throws {
        let files = [
            "a/kustomization.yaml": "resources: [../b]",
            "b/kustomization.yaml": "resources: [../a, web.yaml]",
            "b/web.yaml": web,
        ]
        let found = try rendering(files, of: "a")
        #expect(found.problems.map(\.kind) == [.cycle] && found.objects.count == 1)
    }

    @Test("a long chain of folders ends")
    func deepChain() throws {
        var files = ["l100/kustomization.yaml": "resources: [web.yaml]", "l100/web.yaml": web]
        for level in 0..<100 { files["l\(level)/kustomization.yaml"] = "resources: [../l\(level + 1)]" }
        #expect(!(try rendering(files, of: "l0").isComplete))
    }

    @Test(
        "folders that each list two of the next level end", .timeLimit(.minutes(1)),
        arguments: [
            (26, "kind: Component\ncomponents"), (18, "namePrefix: SIDE-\nresources"), (30, "resources"),
        ])
    func diamonds(levels: Int, list: String) throws {
        let isComponent = list.contains("components")
        var files = [
            "base/kustomization.yaml": "resources: [web.yaml]", "base/web.yaml": web,
            "top/kustomization.yaml":
                "resources: [../base]\n\(isComponent ? "components: [../0a, ../0b]" : "bases: [../0a, ../0b]")",
        ]
        for level in 0..<levels {
            for side in ["a", "b"] {
                let isLast = level == levels - 1
                let next = isLast ? (isComponent ? "" : "../base") : "../\(level + 1)a, ../\(level + 1)b"
                files["\(level)\(side)/kustomization.yaml"] =
                    "\(list.replacing("SIDE", with: "\(side)\(level)")): [\(next)]"
            }
        }
        let found = try rendering(files, of: "top")
        #expect(!found.isComplete && !found.gaps.isEmpty && found.objects.count <= 10_000)
        #expect(found.objects.first?.original.name == "web")
    }

    @Test("a component that many use is taken by each")
    func usedOften() throws {
        var files = [
            "all/kustomization.yaml": "resources: [\((0..<50).map { "../\($0)" }.joined(separator: ", "))]",
            "extra/kustomization.yaml": "kind: Component\nlabels: [{pairs: {a: b}}]",
            "base/kustomization.yaml": "resources: [web.yaml]", "base/web.yaml": web,
        ]
        for index in 0..<50 {
            files["\(index)/kustomization.yaml"] =
                "namePrefix: p\(index)-\nresources: [../base]\ncomponents: [../extra]"
        }
        let found = try rendering(files, of: "all")
        #expect(found.isComplete && found.objects.count == 50)
        #expect(found.objects.allSatisfy { $0.tree[path: "metadata", "labels", "a"]?.text == "b" })
    }

    @Test("many objects and many rules for images", .timeLimit(.minutes(1)))
    func manyImages() throws {
        let objects = (0..<1000).map {
            web.replacing("name: web\nspec", with: "name: web-\($0)\nspec")
                .replacing("web:1", with: "reg.example/web-\($0):1")
        }
        let rules =
            (0..<200).map { "{name: reg.example/web-\($0), newTag: '2'}" } + [
                "{name: none, newTag: '2'}"
            ]
        let found = try rendering([
            "kustomization.yaml": "resources: [all.yaml]\nimages: [\(rules.joined(separator: ", "))]",
            "all.yaml": objects.joined(separator: "\n---\n"),
        ])
        let images = found.objects.compactMap { $0.containers.first?["image"]?.text }
        #expect(images.count == 1000 && images.count { $0.hasSuffix(":2") } == 200)
        #expect(found.idle.map(\.kind) == [.image("none")])
    }

    @Test(
        "rules for images go one after the other",
        arguments: [
            ("{name: web, newName: api}, {name: api, newTag: '3'}", "api:3", []),
            ("{name: api, newTag: '3'}, {name: web, newName: api}", "api:1", ["api"]),
            ("{name: w.b, newTag: '3'}", "web:3", []), ("{name: we, newTag: '3'}", "web:1", ["we"]),
            ("{name: 'we+b', newTag: '3'}, {name: web, newTag: '4'}", "web:4", []),
        ])
    func imageRules(rules: String, image: String, idle: [String]) throws {
        let found = try rendering([
            "kustomization.yaml": "resources: [web.yaml]\nimages: [\(rules)]", "web.yaml": web,
        ])
        #expect(found.objects.first?.containers.first?["image"]?.text == image)
        #expect(found.idle.map(\.kind) == idle.map { .image($0) })
    }

    @Test(
        "files that are no kustomizations are none",
        arguments: ["", "[]", "just text", "{{ template }}: x: y", "resources: {a: b}", "- a\n- b"])
    func nonsense(text: String) throws {
        let found = try KustomizeRenderer(FolderOfTexts(["kustomization.yaml": text])).render("")
        #expect(found?.objects.isEmpty ?? true)
    }
}

@Suite("What a rendering remembers")
struct OriginTests {
    private let files = [
        "base/kustomization.yaml": "resources:\n  - web.yaml\n", "base/web.yaml": web,
        "prod/kustomization.yaml":
            "namePrefix: prod-\nresources:\n  - ../base\nimages:\n  - name: web\n    newTag: '2'\npatches:\n  - path: cpu.yaml\n",
        "prod/cpu.yaml": """
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
                      cpu: 2
        """,
    ]

    @Test("each value knows the file and the line that said it last")
    func values() throws {
        let object = try #require(try rendering(files, of: "prod").objects.first)
        #expect(object.identity.name == "prod-web" && object.original.name == "web")
        #expect(object.origin == Occurrence(path: "base/web.yaml", line: 1))
        let container = try #require(object.containers.first)
        #expect(container["image"]?.text == "web:2")
        #expect(container["image"]?.origin == Occurrence(path: "prod/kustomization.yaml", line: 6))
        #expect(
            container[path: "resources", "limits", "cpu"]?.origin
                == Occurrence(path: "prod/cpu.yaml", line: 12))
        #expect(container["name"]?.origin == Occurrence(path: "base/web.yaml", line: 9))
    }

    @Test("an object knows every file that has a say in it")
    func sources() throws {
        let object = try #require(try rendering(files, of: "prod").objects.first)
        #expect(
            Set(object.sources.map(\.path)) == [
                "base/kustomization.yaml", "base/web.yaml", "prod/kustomization.yaml", "prod/cpu.yaml",
            ])
    }

    @Test("of doubled keys the last counts")
    func lastWins() throws {
        let doubled = web.replacing("image: web:1", with: "image: web:1\n          image: web:3")
        let files = ["kustomization.yaml": "resources: [web.yaml]", "web.yaml": doubled]
        #expect(try rendering(files).objects.first?.containers.first?["image"]?.text == "web:3")
    }

    @Test("entries that change nothing are told")
    func idle() throws {
        let text =
            "resources: [web.yaml]\nimages: [{name: wep, newTag: '2'}]\npatches: [{target: {kind: Job}, patch: '[{op: remove, path: /spec}]'}]"
        let found = try rendering(["kustomization.yaml": text, "web.yaml": web])
        #expect(found.idle.map(\.kind) == [.patch("Job"), .image("wep")])
    }
}

@Suite("Which kustomization uses which file")
struct GraphTests {
    private let tree: FolderOfTexts = [
        "base/kustomization.yaml":
            "resources: [web.yaml]\nconfigMapGenerator: [{name: s, envs: [s.env], files: [k=f.ini]}]",
        "extra/kustomization.yaml": "kind: Component\npatches: [{path: extra.yaml}]",
        "dev/kustomization.yaml": "resources: [../base]",
        "prod/kustomization.yaml":
            "resources: [../base]\ncomponents: [../extra]\npatchesStrategicMerge: [memory.yaml]",
        "alone/kustomization.yaml": "resources: [alone.yaml]",
    ]

    @Test(
        "the roots above a file",
        arguments: [
            ("base/web.yaml", ["dev", "prod"]), ("base/s.env", ["dev", "prod"]),
            ("base/f.ini", ["dev", "prod"]),
            ("base/kustomization.yaml", ["dev", "prod"]), ("extra/extra.yaml", ["prod"]),
            ("extra/kustomization.yaml", ["prod"]), ("prod/memory.yaml", ["prod"]),
            ("alone/alone.yaml", ["alone"]),
            ("alone/other.yaml", []), ("web.yaml", []),
        ])
    func roots(path: String, expected: [String]) throws {
        let graph = try KustomizationGraph(tree, cache: KustomizeCache())
        #expect(graph.roots(using: [path]) == expected)
    }

    @Test("folders that lead to each other have no root")
    func cycle() throws {
        let tree: FolderOfTexts = [
            "a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]",
        ]
        #expect(
            try KustomizationGraph(tree, cache: KustomizeCache()).roots(using: ["a/kustomization.yaml"]) == []
        )
    }
}

@Suite("Names and labels that targets ask for")
struct SelectorTests {
    @Test(
        "a pattern matches the whole name",
        arguments: [
            ("web", "web", true), ("web", "web-2", false), ("we.*", "web-2", true),
            ("(web|api)-.+", "api-x", true),
            ("(web|api)-.+", "api-", false), ("[a-c]+x?", "abc", true), ("[^a-c]+", "abd", false),
            ("^web$", "web", true),
            ("w\\.b", "web", false), ("a|", "", true), ("\\d+", "42", true),
            ("(a*)*b", String(repeating: "a", count: 200), false),
        ])
    func pattern(pattern: String, name: String, isMatch: Bool) {
        #expect(NamePattern(pattern)?.matches(name) == isMatch)
    }

    @Test("what is no pattern is none", arguments: ["(", "a)", "[", "*", "a{2}", "(?i)a", "\\q"])
    func broken(pattern: String) { #expect(NamePattern(pattern) == nil) }

    @Test(
        "labels are asked as kubectl does",
        arguments: [
            ("app=web", true), ("app==web,tier=back", true), ("app=api", false), ("tier!=back", false),
            ("none!=x", true),
            ("app in (web, api)", true), ("app notin (web)", false), ("tier", true), ("!tier", false),
            ("!none,app", true),
        ])
    func labels(query: String, isMatch: Bool) {
        let place = Occurrence(path: "a", line: 1)
        let labels = ["app": "web", "tier": "back"].mapValues { RenderedTree(text: $0, origin: place) }
        #expect(LabelQuery(query)?.matches(labels) == isMatch)
    }
}

@Suite("The environment of a container")
struct EnvironmentTests {
    private func environment(_ container: String) throws -> [String: String] {
        let objects = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a}
            data: {ONE: a1, TWO: a2}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: b}
            data: {TWO: b2}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: s}
            data: {TOKEN: c2VjcmV0IQ==, TWO: bm8=}
            stringData: {TWO: s2}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec: {containers: [\(container)]}
            """
        let found = try rendering(["kustomization.yaml": "resources: [all.yaml]", "all.yaml": objects])
            .objects
        let pod = try #require(found.last?.containers.first)
        return effectiveEnvironment(of: pod, namespace: "", in: found).mapValues { variable in
            switch variable.value {
            case .text(let text): text
            case .reference(let words): "→ \(words)"
            }
        }
    }

    @Test(
        "precedence, references and expansion",
        arguments: [
            ("envFrom: [{configMapRef: {name: a}}, {configMapRef: {name: b}}]", ["ONE": "a1", "TWO": "b2"]),
            ("envFrom: [{configMapRef: {name: b}}, {configMapRef: {name: a}}]", ["ONE": "a1", "TWO": "a2"]),
            ("envFrom: [{prefix: P_, configMapRef: {name: b}}]", ["P_TWO": "b2"]),
            ("envFrom: [{secretRef: {name: s}}]", ["TOKEN": "secret!", "TWO": "s2"]),
            ("envFrom: [{configMapRef: {name: none}}]", [:]),
            ("envFrom: [{configMapRef: {name: b}}], env: [{name: TWO, value: own}]", ["TWO": "own"]),
            ("env: [{name: A, value: first}, {name: A, value: last}]", ["A": "last"]),
            ("env: [{name: A, valueFrom: {configMapKeyRef: {name: a, key: ONE}}}]", ["A": "a1"]),
            ("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: TOKEN}}}]", ["A": "secret!"]),
            ("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: NO}}}]", ["A": "→ Secret s/NO"]),
            ("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: NO, optional: true}}}]", [:]),
            (
                "env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]",
                ["A": "→ fieldRef status.podIP"]
            ),
            (
                "env: [{name: A, value: x}, {name: B, value: \"$(A)/$(C)/$$(A)/$\"}]",
                ["A": "x", "B": "x/$(C)/$(A)/$"]
            ),
            ("env: [{name: B, value: $(A)}, {name: A, value: x}]", ["A": "x", "B": "$(A)"]),
            ("env: [{name: A}]", ["A": ""]),
        ])
    func environment(container: String, expected: [String: String]) throws {
        #expect(try environment("{name: p, \(container)}") == expected)
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test("goes there and back", arguments: ["", "a", "ab", "abc", "abcd", "ü€😀", "\u{0}\u{1}"])
    func roundTrip(text: String) {
        #expect(Base64.decoded(Base64.encoded(Array(text.utf8))) == Array(text.utf8))
    }

    @Test("what is none is told", arguments: ["a-b", "é", "a b!"])
    func broken(text: String) { #expect(Base64.decoded(text) == nil) }
}

@Suite("What was read is kept only as long as it is so")
struct CacheTests {
    @Test("a changed file is read anew, a missing one that comes is seen")
    func invalidation() throws {
        let cache = KustomizeCache()
        func images(_ files: [String: String]) throws -> [String?]? {
            try KustomizeRenderer(FolderOfTexts(files), cache: cache).render("")?.objects.map {
                $0.containers.first?["image"]?.text
            }
        }
        let kustomization = ["kustomization.yaml": "resources: [web.yaml]"]
        #expect(try images(kustomization) == [])
        #expect(try images(kustomization.merging(["web.yaml": web]) { $1 }) == ["web:1"])
        let changed = web.replacing("web:1", with: "web:2")
        #expect(try images(kustomization.merging(["web.yaml": changed]) { $1 }) == ["web:2"])
        #expect(try images(kustomization.merging(["web.yaml": web]) { $1 }) == ["web:1"])
    }
}

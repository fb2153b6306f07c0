import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// Charts in the ways that repositories hold them.
@Suite("Charts and where their values are")
struct HelmLayoutTests {
    private static let inner = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: cache
        spec:
          replicas: {{ .Values.copies }}
          template:
            spec:
              nodeSelector: {{- toYaml .Values.global.nodes | nindent 8 }}
              containers:
                - name: cache
                  resources:
                    limits:
                      memory: {{ .Values.size | default "1Gi" }}

        """

    /// An umbrella with a chart of its own repository and one from elsewhere.
    private static let umbrella: [String: String] = [
        "shop/Chart.yaml": """
        apiVersion: v2
        name: shop
        dependencies:
          - name: cache
            alias: sessions
            repository: file://../cache
          - name: postgresql
            repository: https://charts.example.com

        """,
        "shop/values.yaml": """
        global:
          nodes: {pool: general}
        sessions:
          copies: 3
          size: 2Gi
        postgresql:
          memory: 2Gi
        old:
          size: 2Gi

        """,
        "shop/templates/config.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: shop
        data:
          title: {{ .Values.title }}

        """,
        "cache/Chart.yaml": "apiVersion: v2\nname: cache\n",
        "cache/values.yaml": "copies: 1\nsize: 1Gi\n",
        "cache/templates/deployment.yaml": inner,
    ]

    private func changes(
        _ files: [String: String], _ path: String, _ old: String, _ new: String
    ) throws -> [RankedChange] {
        var after = files
        let text = try #require(files[path])
        try #require(text.contains(old))
        after[path] = text.replacing(old, with: new)
        return try ranked(FolderOfTexts(files), FolderOfTexts(after))
    }

    @Test("values of a dependency in the repository are followed into its templates")
    func dependency() throws {
        let change = try #require(
            try changes(
                Self.umbrella, "shop/values.yaml", "sessions:\n  copies: 3\n  size: 2Gi",
                "sessions:\n  copies: 3\n  size: 256Mi"
            ).first)
        #expect(change.fault == "memory-lowered")
        #expect(change.change.reach == ["cache"])
        #expect(change.evidence.contains { $0.text.contains("lands in templates/deployment.yaml:14") })
        let shared = try #require(
            try changes(Self.umbrella, "shop/values.yaml", "pool: general", "pool: spot").first)
        #expect(shared.fault == "scheduling-changed")
    }

    @Test("nothing is said of values whose templates are elsewhere, and of unused ones that they are")
    func elsewhere() throws {
        let remote = try #require(
            try changes(Self.umbrella, "shop/values.yaml", "postgresql:\n", "postgresql:\n  shards: 2\n")
                .first)
        #expect(remote.evidence.allSatisfy { $0.kind != "unused_value" })
        let local = try #require(
            try changes(Self.umbrella, "shop/values.yaml", "old:\n", "old:\n  shards: 2\n").first)
        #expect(local.evidence.contains { $0.kind == "unused_value" })
    }

    @Test("a dependency that goes takes its values along, which is no proof of innocence")
    func goneDependency() throws {
        var after = Self.umbrella
        after["shop/Chart.yaml"] = after["shop/Chart.yaml"]?.replacing(
            "  - name: postgresql\n    repository: https://charts.example.com\n", with: "")
        after["shop/values.yaml"] = after["shop/values.yaml"]?.replacing(
            "postgresql:\n  memory: 2Gi\n", with: "")
        let change = try #require(
            try ranked(FolderOfTexts(Self.umbrella), FolderOfTexts(after)).first {
                $0.change.path == "shop/values.yaml"
            })
        #expect(change.evidence.allSatisfy { $0.weight > 0 })
    }

    @Test(
        "templates that may use anything prove nothing unused",
        arguments: [
            "{{ toYaml .Values | nindent 2 }}", "{{ include \"elsewhere.all\" . }}",
            "{{ .Values | toJson | sha256sum }}",
        ])
    func opaque(expression: String) throws {
        var files = Self.umbrella
        files["shop/templates/more.yaml"] =
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  x: \(expression)\n"
        let change = try #require(
            try changes(files, "shop/values.yaml", "old:\n", "old:\n  shards: 2\n").first)
        #expect(change.evidence.allSatisfy { $0.kind != "unused_value" })
    }

    @Test("values that are rendered themselves count as uses")
    func renderedValues() throws {
        var files = Self.umbrella
        files["shop/templates/config.yaml"]? += "  more: {{ tpl .Values.text . }}\n"
        files["shop/values.yaml"]? += "text: \"{{ .Values.old.shards }}\"\n"
        let change = try #require(
            try changes(files, "shop/values.yaml", "old:\n", "old:\n  shards: 2\n").first)
        #expect(change.evidence.allSatisfy { $0.kind != "unused_value" })
    }

    @Test("what a template newly uses is missed unless configuration elsewhere has such a section")
    func undefined() throws {
        func fault(_ files: [String: String]) throws -> RankedChange? {
            try changes(
                files, "cache/templates/deployment.yaml", "spec:\n  replicas",
                "spec:\n  paused: {{ .Values.cluster.paused }}\n  replicas"
            )
            .first { $0.fault == "read-undefined" }
        }
        // The umbrella gives its chart all that it uses.
        let alone = try #require(try fault(Self.umbrella))
        let given = try #require(
            try fault(Self.umbrella.merging(["deploy/app.yaml": "cluster:\n  paused: false\n"]) { $1 }))
        #expect(alone.evidence.contains { $0.kind == "read_undefined" && $0.weight == 0.8 })
        #expect(given.evidence.contains { $0.kind == "read_undefined" && $0.weight == 0.5 })
    }

    /// Values outside their chart, with what is common to all of them.
    private static let clusters: [String: String] = umbrella.merging([
        "clusters/east/common.yaml": "global: {}\nsessions:\n  copies: 5\n",
        "clusters/east/a.yaml": "global: {}\nsessions:\n  copies: 7\n  size: 4Gi\n",
        "clusters/east/b.yaml": "global: {}\nsessions:\n  size: 4Gi\n",
        "clusters/east/c.yaml": "global: {}\nsessions:\n  size: 4Gi\n",
        "clusters/east/pipeline.yaml": "stages: []\njobs: []\nsessions: {copies: 2}\n",
    ]) { _, new in new }

    @Test("a file outside of the chart is known by its keys, and falls back to what is common")
    func outside() throws {
        let lost = try #require(
            try changes(Self.clusters, "clusters/east/a.yaml", "  copies: 7\n", "").first)
        #expect(lost.fault == "override-removed")
        #expect(lost.evidence.contains { $0.text.contains("it is 5 (was 7)") })
        #expect(lost.change.reach == ["cache"])
        let strayed = try changes(Self.clusters, "clusters/east/b.yaml", "  size: 4Gi\n", "  size: 3Gi\n")
        #expect(strayed.flatMap(\.evidence).contains { $0.kind == "clone_divergence" })
        let foreign = try #require(
            try changes(Self.clusters, "clusters/east/pipeline.yaml", "copies: 2", "copies: 1").first)
        #expect(foreign.change.reach.isEmpty)
    }

    @Test("parts of one file that are alike are expected to stay so")
    func clones() throws {
        let sections = ["api", "web", "mail", "bill"]
        func values(_ odd: String, _ rest: String) -> String {
            sections.map { "\($0):\n  args: \($0 == "web" ? odd : rest)\n  image: x\n" }.joined()
        }
        let template = sections.map { name in
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \(name)\nspec:\n  template:\n    spec:\n      containers:\n"
                + "        - name: \(name)\n          args: {{ .Values.\(name).args }}\n          image: {{ .Values.\(name).image }}\n"
        }.joined()
        func strays(_ old: (String, String), _ new: (String, String)) throws -> [String] {
            func folder(_ values: String) -> FolderOfTexts {
                ["c/Chart.yaml": "name: c\n", "c/values.yaml": values, "c/templates/all.yaml": template]
            }
            let changes = try ranked(folder(values(old.0, old.1)), folder(values(new.0, new.1)))
            return changes.filter { $0.evidence.contains { $0.kind == "clone_divergence" } }.map(
                \.change.fieldPath)
        }
        #expect(try strays(("--all", "--all"), ("--some", "--all")) == ["web.args"])
        #expect(try strays(("--all", "--all"), ("--some", "--most")) == ["web.args"])
        #expect(try strays(("--all", "--all"), ("--most", "--most")) == [])
        #expect(try strays(("--few", "--all"), ("--some", "--all")) == [])
    }

    @Test("templates that include themselves, charts in a circle and broken braces end")
    func hostile() throws {
        var files = Self.umbrella
        files["cache/Chart.yaml"]? += "dependencies:\n  - name: shop\n    repository: file://../shop\n"
        files["shop/templates/_x.tpl"] = """
            {{- define "a" }}{{ include "b" . }}{{ include "b" . }}{{ end }}
            {{- define "b" }}{{ include "a" . }}{{ include "a" . }}{{ end }}
            {{ include "a" . }}{{ define "open" }}{{ if }}{{ else if }}{{ end }}{{ end }}{{ range }}
            {{ \(String(repeating: "(", count: 500)).Values.x {{ "
            """
        files["shop/templates/y.yaml"] = String(repeating: "{{ include \"a\" (dict \"x\" .) }}\n", count: 200)
        let found = try changes(files, "shop/values.yaml", "copies: 3", "copies: 4")
        #expect(!found.isEmpty)
    }
}

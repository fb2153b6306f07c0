import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A chart of one template; its values are what a test is about.
private struct SmallChart {
    var template = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: {{ .Values.replicaCount }}

        """
    var values = "replicaCount: 1\n"
    var production: String?

    var tree: FolderOfTexts {
        var files = [
            "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
            "chart/values.yaml": values,
            "chart/templates/web.yaml": template,
        ]
        if let production { files["chart/values-prod.yaml"] = production }
        return FolderOfTexts(files)
    }

    func ranked(_ edit: (inout SmallChart) -> Void) throws -> [RankedChange] {
        var after = self
        edit(&after)
        return try ConfigFaultsTests.ranked(tree, after.tree)
    }
}

private func texts(_ changes: [RankedChange]) -> [String] { changes.flatMap(\.evidence).map(\.text) }

extension HelmTests {
    @Test(
        "a file of an environment that a rename forgot falls back to the default",
        arguments: [
            ("replicas: 1\n", "stays 1"), ("replicas: 2\n", "is 2"),
        ])
    func forgottenName(values: String, consequence: String) throws {
        let changes = try SmallChart(production: "replicaCount: 3\n").ranked {
            $0.values = values
            $0.template = $0.template.replacing("replicaCount", with: "replicas")
        }
        let gone = try #require(changes.first { $0.change.fieldPath == "replicaCount" })
        #expect(gone.fault == "renamed-unread")
        #expect(gone.score >= 80, "\(gone.score)")
        #expect(
            texts([gone]).contains(
                "values-prod.yaml:1 still says replicaCount, which no template uses any more; replicas \(consequence) there (was 3)"
            ), "\(texts([gone]))")
        #expect(!texts(changes).contains { $0.contains("in the values and in the templates") })
        #expect(!changes.contains { $0.evidence.contains { $0.kind == "overridden" } })
    }

    @Test("so it does where only the template takes the new name")
    func forgottenNameOfTemplate() throws {
        let chart = SmallChart(
            values: "replicaCount: 1\nreplicas: 1\n", production: "region: eu\nreplicaCount: 3\n")
        let change = try #require(
            try chart.ranked { $0.template = $0.template.replacing("replicaCount", with: "replicas") }.first)
        #expect(change.fault == "renamed-unread")
        #expect(
            texts([change]).contains {
                $0.hasPrefix("values-prod.yaml:2 still says replicaCount") && $0.contains("(was 3)")
            }, "\(texts([change]))")
    }

    @Test(
        "a rename that every file took part in, or that makes no difference, is none",
        arguments: ["replicas: 3\n", "replicaCount: 1\n", "replicaCount: 3\nreplicas: 3\n"])
    func completeRename(production: String) throws {
        let before = production.hasPrefix("replicas") ? "replicaCount: 3\n" : production
        let changes = try SmallChart(production: before).ranked {
            $0.values = "replicas: 1\n"
            $0.production = production
            $0.template = $0.template.replacing("replicaCount", with: "replicas")
        }
        #expect(!changes.contains { $0.fault == "renamed-unread" }, "\(texts(changes))")
        #expect(texts(changes).contains { $0.contains("in the values and in the templates") })
    }

    @Test("what a rename forgot is not shown when it is a secret")
    func forgottenSecret() throws {
        let template = """
            apiVersion: v1
            kind: Secret
            metadata:
              name: web
            stringData:
              main: {{ .Values.main }}

            """
        let chart = SmallChart(
            template: template, values: "main: hunter22\n", production: "main: correcthorse\n")
        let changes = try chart.ranked {
            $0.values = "first: hunter22\n"
            $0.template = template.replacing("Values.main", with: "Values.first")
        }
        #expect(changes.contains { $0.fault == "renamed-unread" }, "\(texts(changes))")
        #expect(!texts(changes).contains { $0.contains("hunter22") || $0.contains("correcthorse") })
    }

    @Test(
        "a value that becomes an entry of a Secret is not shown",
        arguments: ["{{ .Values.auth.main }}", "{{ .Values.auth.main | b64enc }}"])
    func secrets(expression: String) throws {
        func said(_ kind: String) throws -> String {
            let template = """
                apiVersion: v1
                kind: \(kind)
                metadata:
                  name: web
                data:
                  main: \(expression)

                """
            let changes = try SmallChart(template: template, values: "auth:\n  main: hunter22\n").ranked {
                $0.values = "auth:\n  main: correcthorse\n"
            }
            let change = try #require(changes.first)
            return "\(change.change.before ?? "") \(change.change.after ?? "") \(texts(changes))"
        }
        let hidden = try said("Secret")
        #expect(!hidden.contains("hunter22") && !hidden.contains("correcthorse"), "\(hidden)")
        #expect(try said("ConfigMap").contains("hunter22 correcthorse"))
    }

    @Test(
        "a switch in quotes is text, which a condition takes for true",
        arguments: [
            ("if .Values.enabled", "\"false\"", true), ("if .Values.enabled", "\"0\"", true),
            ("if not .Values.enabled", "'no'", true),
            ("if and .Values.enabled .Values.replicaCount", "'off'", true),
            ("if .Values.enabled", "false", false), ("if .Values.enabled", "\"\"", false),
            ("if eq .Values.enabled \"true\"", "\"false\"", false),
            ("if eq (toString .Values.enabled) \"true\"", "\"false\"", false),
        ])
    func trueText(condition: String, value: String, isTrap: Bool) throws {
        let template = "{{- \(condition) }}\n" + SmallChart().template + "{{- end }}\n"
        let changes = try SmallChart(template: template, values: "enabled: true\nreplicaCount: 1\n").ranked {
            $0.values = "enabled: \(value)\nreplicaCount: 1\n"
        }
        #expect(changes.contains { $0.fault == "type-trap" } == isTrap, "\(texts(changes))")
        #expect(texts(changes).contains { $0.contains("is text, which `if` takes for true") } == isTrap)
        if isTrap { #expect(!texts(changes).contains { $0.contains("it is off now") }) }
    }

    @Test("a secret that only moves into the values, or goes by another name there, is no other one")
    func movedSecret() throws {
        let template = """
            apiVersion: v1
            kind: Secret
            metadata:
              name: web
            stringData:
              password: {{ .Values.secrets.password }}

            """
        let chart = SmallChart(
            template: template, values: "secrets:\n  password: hunter22\n  pass: hunter22\n")
        let renamed = try chart.ranked { $0.template = template.replacing("s.password", with: "s.pass") }
        #expect(!renamed.contains { $0.fault == "secret-changed" }, "\(texts(renamed))")
        let changed = try chart.ranked {
            $0.values = $0.values.replacing("password: hunter22", with: "password: hunter23")
        }
        #expect(changed.contains { $0.fault == "secret-changed" }, "\(texts(changed))")
    }

    @Test("an overridden default names who overrides it")
    func overriddenWords() throws {
        let changes = try SmallChart(production: "replicaCount: 3\n").ranked {
            $0.values = "replicaCount: 2\n"
        }
        #expect(
            texts(changes).contains(
                "values-prod.yaml says it itself; it counts only where that file is not used"),
            "\(texts(changes))")
    }

    @Test("thousands of renamed values and hundreds of parts are judged in time", .timeLimit(.minutes(1)))
    func manyValues() throws {
        let numbers = 0..<2000
        let lines = numbers.map { "  k\($0): {{ .Values.k\($0) }}\n" }.joined()
        let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n" + lines
        let chart = SmallChart(template: template, values: numbers.map { "k\($0): v\($0)\n" }.joined())
        let renamed = try chart.ranked { $0.values = numbers.map { "q\($0): v\($0)\n" }.joined() }
        #expect(renamed.filter { $0.fault == "renamed-unread" }.count == numbers.count)

        let parts = "{{ range $name, $part := .Values.parts }}\n  {{ $name }}: {{ $part.k1 }}\n{{ end }}\n"
        func values(_ word: String) -> String {
            "parts:\n"
                + (0..<200).map { part in
                    "  p\(part):\n" + (0..<25).map { "    k\($0): \(word)\($0)\n" }.joined()
                }.joined()
        }
        let like = SmallChart(template: template + parts, values: values("old"))
        let changed = try like.ranked { $0.values = values("new") }
        #expect(changed.count == 5000 && !changed.contains { $0.fault == "clone-divergence" })
    }
}

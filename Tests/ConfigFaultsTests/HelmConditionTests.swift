import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A chart whose objects and fields depend on switches.
private let switched: [String: String] = [
    "chart/Chart.yaml": """
    apiVersion: v2
    name: shop
    dependencies:
      - name: cache
        version: 1.0.0
        condition: cache.enabled
    """,
    "chart/values.yaml": """
    service:
      enabled: true
      port: 80
    web:
      replicas: 2
      mode: full
      probe:
        enabled: true
        slack: 5
    debug:
      enabled: false
      port: 9000
    metrics:
      port: 9100
    extra: {}
    jobs:
      sweep:
        enabled: true
        every: 5m
      purge:
        enabled: false
        every: 9m
    cache:
      enabled: true
      size: 100
    """,
    "chart/charts/cache/Chart.yaml": "apiVersion: v2\nname: cache\nversion: 1.0.0\n",
    "chart/charts/cache/values.yaml": "size: 50\nlogging: false\nlevel: info\n",
    "chart/charts/cache/templates/cache.yaml": """
    apiVersion: apps/v1
    kind: StatefulSet
    metadata:
      name: {{ .Release.Name }}-cache
    spec:
      template:
        spec:
          containers:
            - name: cache
              args: ["--size={{ .Values.size }}"]
              {{- if .Values.logging }}
              env:
                - name: LEVEL
                  value: {{ .Values.level }}
              {{- end }}
    """,
    "chart/templates/service.yaml": """
    {{- if .Values.service.enabled }}
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      selector:
        app: web
      ports:
        - port: {{ .Values.service.port }}
    {{- end }}
    """,
    "chart/templates/web.yaml": """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: {{ .Release.Name }}-web
    spec:
      replicas: {{ .Values.web.replicas }}
      template:
        metadata:
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: shop/web:1
              {{- if and .Values.web.probe.enabled (eq .Values.web.mode "full") }}
              readinessProbe:
                timeoutSeconds: {{ .Values.web.probe.slack }}
              {{- end }}
              {{- if or .Values.debug.enabled (hasKey .Values.extra "port") }}
              args:
                - --debug-port={{ .Values.debug.port }}
              {{- else if not .Values.debug.enabled }}
              env:
                - name: METRICS
                  value: {{ .Values.metrics.port | quote }}
              {{- end }}
    """,
    "chart/templates/jobs.yaml": """
    {{- range $name, $job := .Values.jobs }}
    {{- if $job.enabled }}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: {{ $name }}
    spec:
      schedule: "@every {{ $job.every }}"
    {{- end }}
    {{- end }}
    """,
]

private func changes(_ edits: (file: String, old: String, new: String)...) throws -> [RankedChange] {
    var after = switched
    for edit in edits {
        let text = try #require(after["chart/" + edit.file])
        try #require(text.contains(edit.old), "\(edit)")
        after["chart/" + edit.file] = text.replacing(edit.old, with: edit.new)
    }
    return try ranked(FolderOfTexts(switched), FolderOfTexts(after))
}

extension RankedChange {
    fileprivate var texts: [String] { evidence.map(\.text) }
    fileprivate var isSwitchedOff: Bool { evidence.contains { $0.kind == "switched_off" } }
}

@Suite("Conditions of templates")
struct HelmConditionTests {
    @Test(
        "a value that only a block that is off uses reaches nothing",
        arguments: [
            (file: "values.yaml", old: "port: 9000", new: "port: 9001"),
            (file: "values.yaml", old: "every: 9m", new: "every: 90m"),
            (file: "charts/cache/values.yaml", old: "level: info", new: "level: debug"),
            (file: "templates/web.yaml", old: "--debug-port=", new: "--debug="),
        ])
    func off(file: String, old: String, new: String) throws {
        let change = try #require(try changes((file, old, new)).first)
        #expect(change.isSwitchedOff, "\(change.texts)")
        #expect(change.change.reach.isEmpty && change.score < 15)
    }

    @Test(
        "a value that a block uses which is on, or may be, is judged as ever",
        arguments: [
            (file: "values.yaml", old: "slack: 5", new: "slack: 1"),
            (file: "values.yaml", old: "port: 9100", new: "port: 9101"),
            (file: "values.yaml", old: "every: 5m", new: "every: 50m"),
            (file: "values.yaml", old: "size: 100", new: "size: 10"),
            (file: "templates/web.yaml", old: "name: METRICS", new: "name: METRIC"),
        ])
    func on(file: String, old: String, new: String) throws {
        #expect(try changes((file, old, new)).allSatisfy { !$0.isSwitchedOff })
    }

    @Test("what another file of values switches on is not off")
    func elsewhere() throws {
        var before = switched
        before["chart/values-prod.yaml"] = "debug:\n  enabled: true\n"
        var after = before
        after["chart/values.yaml"] = before["chart/values.yaml"]?.replacing("port: 9000", with: "port: 9001")
        let change = try #require(try ranked(FolderOfTexts(before), FolderOfTexts(after)).first)
        #expect(!change.isSwitchedOff, "\(change.texts)")
    }

    /// An edit of values.yaml, and what is to be said of it.
    struct Switch: CustomTestStringConvertible {
        var old: String
        var new: String
        var expected: String
        var fault: String?
        var testDescription: String { "\(old) → \(new)" }
    }

    @Test(
        "a value that switches a block says which",
        arguments: [
            Switch(
                old: "enabled: true\n  port", new: "enabled: false\n  port",
                expected: "it switches off the Service web", fault: "capacity-lowered"),
            Switch(
                old: "mode: full", new: "mode: slim",
                expected: "it switches off readinessProbe of Deployment *-web (templates/web.yaml:15)"),
            Switch(
                old: "debug:\n  enabled: false", new: "debug:\n  enabled: true",
                expected: "it switches on args of Deployment *-web (templates/web.yaml:19)"),
            Switch(
                old: "cache:\n  enabled: true", new: "cache:\n  enabled: false",
                expected: "it switches off the chart cache", fault: "capacity-lowered"),
            Switch(
                old: "extra: {}", new: "extra: {port: 1}",
                expected: "it switches on args of Deployment *-web (templates/web.yaml:19)"),
        ])
    func switches(edit: Switch) throws {
        let change = try #require(try changes(("values.yaml", edit.old, edit.new)).first)
        #expect(change.texts.contains { $0.contains(edit.expected) }, "\(change.texts)")
        if let fault = edit.fault { #expect(change.fault == fault) }
    }
}

/// A block of a template with a condition, the values it is asked of, and whether it is known to be off.
struct AskedBlock: CustomTestStringConvertible {
    var condition: String
    var values: String
    var isOff: Bool

    init(_ condition: String, _ values: String, isOff: Bool) {
        self.condition = condition
        self.values = values
        self.isOff = isOff
    }

    var testDescription: String { "{{ if \(condition) }} with \(values)" }

    /// Whether a value that only the block uses is said to reach nothing.
    func isSaidToBeOff() throws -> Bool {
        var files = [
            "chart/Chart.yaml": "apiVersion: v2\nname: shop\n",
            "chart/values.yaml": "port: 80\n\(values)\n",
            "chart/templates/_helpers.tpl":
                "{{- define \"shop.flag\" -}}{{ if .Values.x }}true{{ else }}false{{ end }}{{- end }}\n",
            "chart/templates/web.yaml": """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
            spec:
              template:
                spec:
                  containers:
                    - name: web
                      image: shop/web:1
                      {{- $flag := include "shop.flag" . }}
                      {{- $text := "false" }}
                      {{- $word := false }}
                      {{- if \(condition) }}
                      args: ["--port={{ .Values.port }}"]
                      {{- end }}

            """,
        ]
        let before = FolderOfTexts(files)
        files["chart/values.yaml"] = "port: 81\n\(values)\n"
        return try #require(try ranked(before, FolderOfTexts(files)).first).isSwitchedOff
    }
}

@Suite("What conditions of Go templates take for true")
struct TemplateTruthTests {
    @Test(
        "a text is true unless it is empty, a number unless it is 0",
        arguments: [
            AskedBlock(".Values.x | default \"false\"", "", isOff: false),
            AskedBlock(".Values.x | default \"0\"", "", isOff: false),
            AskedBlock(".Values.x | default \"\"", "x: false", isOff: true),
            AskedBlock(".Values.x | default false", "x: \"\"", isOff: true),
            AskedBlock(".Values.x | default 0", "x: 0", isOff: true),
            AskedBlock(".Values.x | default 0.5", "x: 0", isOff: false),
            AskedBlock("default \"false\" .Values.x", "x: false", isOff: false),
            AskedBlock(".Values.x", "x: \"false\"", isOff: false),
            AskedBlock(".Values.x", "x: 0.0", isOff: true),
            AskedBlock(".Values.x", "x: off", isOff: true),
            AskedBlock(".Values.x | quote", "x: false", isOff: false),
            AskedBlock(".Values.x | quote", "x:", isOff: true),
            AskedBlock(".Values.x | toString", "x: false", isOff: false),
            AskedBlock("$text", "", isOff: false),
            AskedBlock("$word", "", isOff: true),
        ])
    func truth(block: AskedBlock) throws { #expect(try block.isSaidToBeOff() == block.isOff) }

    @Test(
        "numbers are compared as numbers, texts as texts",
        arguments: [
            AskedBlock("gt (int .Values.x) 1", "x: 1", isOff: true),
            AskedBlock("gt (int .Values.x) 1", "x: 2", isOff: false),
            AskedBlock("gt (int .Values.x) 9", "x: 10", isOff: false),
            AskedBlock("ge (.Values.x | int) 1", "x: 1", isOff: false),
            AskedBlock("lt (float64 .Values.x) 0.5", "x: 0.5", isOff: true),
            AskedBlock("lt (float64 .Values.x) 0.5", "x: 0.25", isOff: false),
            AskedBlock("le (int .Values.x) -1", "x: 0", isOff: true),
            AskedBlock("gt (.Values.x | default 3 | int) 2", "", isOff: false),
            AskedBlock("eq (int .Values.x) 2", "x: \"2\"", isOff: false),
            AskedBlock("ne (int .Values.x) 2", "x: 2.0", isOff: true),
            AskedBlock("eq .Values.x 1.0", "x: 1", isOff: false),
            AskedBlock("ne .Values.x nil", "x:", isOff: true),
            AskedBlock("eq .Values.x nil", "x: 1", isOff: true),
            AskedBlock("gt (len .Values.x) 1", "x: [a]", isOff: true),
            AskedBlock("gt (len .Values.x) 1", "x: [a, b]", isOff: false),
            AskedBlock("lt .Values.x \"b\"", "x: \"a\"", isOff: false),
            AskedBlock("lt .Values.x \"b\"", "x: \"c\"", isOff: true),
        ])
    func numbers(block: AskedBlock) throws { #expect(try block.isSaidToBeOff() == block.isOff) }

    @Test(
        "what a named template comes to is not known",
        arguments: [
            "eq (include \"shop.flag\" .) \"true\"", "include \"shop.flag\" . | default \"\"", "$flag",
            "eq $flag \"true\"", "not $flag", "gt (int $flag) 0",
        ])
    func included(condition: String) throws {
        #expect(try !AskedBlock(condition, "x: true", isOff: false).isSaidToBeOff())
        #expect(try !AskedBlock(condition, "x: false", isOff: false).isSaidToBeOff())
    }
}

@Suite("Named templates")
struct NamedTemplateTests {
    private let renamed = ("_helpers.tpl", "define \"shop.common\"", "define \"shop.commons\"")

    private func edited(_ edits: [(file: String, old: String, new: String)]) throws -> [RankedChange] {
        try ShopChart.ranked(edits.map { ("templates/" + $0.file, $0.old, $0.new) })
    }

    @Test("one that is renamed and still included under its old name is told where it was")
    func forgotten() throws {
        let first = try #require(try edited([renamed]).first)
        #expect(first.change.path == "chart/templates/_helpers.tpl" && first.fault == "dangling-reference")
        #expect(
            first.evidence.contains {
                $0.text
                    == "`shop.common` is not defined any more, and chart/templates/settings.yaml:10 still includes it: Helm stops there; did you mean `shop.commons`?"
            }, "\(first.evidence)")
    }

    @Test("renamed in both places it is none")
    func both() throws {
        let changes = try edited([renamed, ("settings.yaml", "\"shop.common\"", "\"shop.commons\"")])
        #expect(changes.allSatisfy { $0.fault != "dangling-reference" })
    }

    @Test("a misspelt include is told at its line")
    func misspelt() throws {
        let changes = try edited([("settings.yaml", "\"shop.common\"", "\"shop.comon\"")])
        let first = try #require(changes.first)
        #expect(first.change.path == "chart/templates/settings.yaml" && first.change.line == 10)
        #expect(first.fault == "dangling-reference")
    }

    @Test("what a dependency may define that is not here is not missed")
    func dependency() throws {
        var before = ShopChart.files
        before["chart/Chart.yaml"]? += "dependencies:\n  - name: common\n    version: 1.0.0\n"
        var after = before
        after["chart/templates/settings.yaml"] = before["chart/templates/settings.yaml"]?.replacing(
            "\"shop.common\"", with: "\"common.labels\"")
        let changes = try ranked(FolderOfTexts(before), FolderOfTexts(after))
        #expect(changes.allSatisfy { $0.fault != "dangling-reference" })
    }
}

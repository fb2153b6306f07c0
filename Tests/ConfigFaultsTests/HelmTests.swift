import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A chart with two workloads and what charts mostly have; a test changes lines of it.
enum ShopChart {
    static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{ include "shop.fullname" . }}-web
        spec:
          replicas: {{ .Values.web.replicaCount }}
          template:
            metadata:
              labels:
                app: web
            spec:
              {{- with .Values.web.nodeSelector }}
              nodeSelector:
                {{- toYaml . | nindent 8 }}
              {{- end }}
              containers:
                - name: web
                  image: "{{ .Values.web.image.repository }}:{{ .Values.web.image.tag | default .Chart.AppVersion }}"
                  command: {{ index .Values.web "command" | toJson }}
                  env:
                    {{- range $name, $value := .Values.web.env }}
                    - name: {{ $name }}
                      value: {{ $value | quote }}
                    {{- end }}
                    - name: SHARDS
                      value: {{ .Values.web.shards }}
                    - name: UPSTREAM
                      value: "http://{{ required "say where" .Values.web.upstream }}/v1"
                  envFrom:
                    - configMapRef:
                        name: {{ .Release.Name }}-settings
                  {{- if .Values.web.probe.enabled }}
                  readinessProbe:
                    timeoutSeconds: {{ .Values.web.probe.slack }}
                  {{- end }}
                  resources:
                    {{- toYaml .Values.web.resources | nindent 12 }}

        """
    static let settings = """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {{ .Release.Name }}-settings
        data:
          REQUEST_TIMEOUT: {{ .Values.limits.patience | quote }}
          EMPTY: {{ .Values.web.empty | quote }}
          {{ .Values.web.fileName }}: |
            {{- toYaml .Values.web.resources | nindent 4 }}
          {{- include "shop.common" (dict "root" $ "own" .Values.web) | nindent 2 }}

        """
    static let worker = """
        {{- range $name, $worker := .Values.workers }}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: worker-{{ $name }}
        spec:
          replicas: {{ $worker.replicas | default 1 }}
          template:
            spec:
              containers:
                - name: main
                  image: {{ $.Values.web.image.repository }}
                  args: {{ $worker.args }}
        {{- end }}

        """
    static let helpers = """
        {{- define "shop.fullname" -}}
        {{- if .Values.fullnameOverride }}
        {{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
        {{- else }}
        {{- $name := default .Chart.Name .Values.nameOverride }}
        {{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
        {{- end }}
        {{- end }}
        {{- define "shop.common" }}
        LOG_LEVEL: {{ .own.logLevel }}
        REGION: {{ .root.Values.region }}
        {{- end }}

        """
    static let values = """
        region: eu-1
        limits:
          patience: 30
        web:
          replicaCount: 4
          shards: many
          empty: ""
          fileName: app.ini
          upstream: api.example.com
          logLevel: info
          command: [serve]
          image:
            repository: registry.example/web
            tag: 1.4.2
          env:
            PUSH_URL: https://push.example.com/v1
            ENABLE_SEARCH: "true"
          probe:
            enabled: true
            slack: 5
          resources:
            limits:
              memory: 1Gi
              cpu: 500m
        workers:
          mail:
            replicas: 2
            args: --all
          bill:
            replicas: 2
            args: --all

        """
    static let production = """
        web:
          replicaCount: 8
          resources:
            limits:
              memory: 4Gi

        """

    static let files: [String: String] = [
        "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
        "chart/values.yaml": values,
        "chart/values-prod.yaml": production,
        "chart/values-staging.yaml": "web:\n  replicaCount: 1\n",
        "chart/templates/deployment.yaml": deployment,
        "chart/templates/settings.yaml": settings,
        "chart/templates/worker.yaml": worker,
        "chart/templates/_helpers.tpl": helpers,
    ]

    /// What became of the chart when lines of some files are others.
    static func ranked(
        _ edits: [(file: String, old: String, new: String)], failures: FailureContext = .unknown
    ) throws -> [RankedChange] {
        var after = files
        for edit in edits {
            let text = try #require(after["chart/" + edit.file])
            try #require(text.contains(edit.old))
            after["chart/" + edit.file] = text.replacing(edit.old, with: edit.new)
        }
        return try ConfigFaultsTests.ranked(FolderOfTexts(files), FolderOfTexts(after), failures: failures)
    }
}

@Suite("Values of charts")
struct HelmTests {
    /// An edit of values.yaml, and what is to be said of it.
    struct Edit: CustomTestStringConvertible {
        var file = "values.yaml"
        var old: String
        var new: String
        var expected: String
        var testDescription: String { "\(file): \(old) → \(new)" }
    }

    @Test(
        "a value is judged as the field that it becomes",
        arguments: [
            Edit(old: "memory: 1Gi", new: "memory: 256Mi", expected: "lands in templates/deployment.yaml:37"),
            Edit(old: "slack: 5", new: "slack: 1", expected: "the readinessProbe is stricter"),
            Edit(old: "[serve]", new: "[serve, --fast]", expected: "what is run"),
            Edit(old: "patience: 30", new: "patience: 3", expected: "lands in templates/settings.yaml:6"),
            Edit(
                old: "tag: 1.4.2", new: "tag: 1.3.0",
                expected: "the image is older: registry.example/web:1.3.0"),
            Edit(
                old: "args: --all\n  bill", new: "args: --some\n  bill",
                expected: "lands in templates/worker.yaml:14"),
            Edit(
                old: "api.example.com", new: "api.example.org", expected: "it is another host"),
            Edit(
                file: "values-prod.yaml", old: "memory: 4Gi", new: "memory: 2Gi",
                expected: "there is less memory"),
        ])
    func landings(edit: Edit) throws {
        let changes = try ShopChart.ranked([(edit.file, edit.old, edit.new)])
        let texts = changes.flatMap(\.evidence).map(\.text)
        #expect(texts.contains { $0.contains(edit.expected) }, "\(texts)")
    }

    @Test(
        "a value reaches the workloads whose templates use it",
        arguments: [
            ("memory: 1Gi", "memory: 2Gi", ["shop-web"]),
            ("patience: 30", "patience: 60", ["shop-web"]),
            ("logLevel: info", "logLevel: debug", ["shop-web"]),
            ("args: --all\n  bill", "args: --some\n  bill", ["worker-mail"]),
            ("registry.example/web", "registry.example/shop", ["shop-web", "worker-bill", "worker-mail"]),
        ])
    func reach(old: String, new: String, expected: [String]) throws {
        let change = try #require(try ShopChart.ranked([("values.yaml", old, new)]).first)
        #expect(change.change.reach == expected)
    }

    @Test("a workload is known by its name behind that of the release")
    func names() throws {
        let edit = [("values.yaml", "memory: 1Gi", "memory: 256Mi")]
        func score(_ failing: String) throws -> Double {
            let failures = FailureContext(
                workloads: [failing: 1], healthyWorkloads: ["prod-shop-api"], messages: [])
            return try #require(
                try ShopChart.ranked(edit.map { (file: $0.0, old: $0.1, new: $0.2) }, failures: failures)
                    .first
            ).score
        }
        #expect(try score("prod-shop-web") > 1.5 * score("prod-shop-api2"))
    }

    @Test(
        "what does not fit the templates is told",
        arguments: [
            // A value that a template uses without a default is gone, or goes by another name.
            ([Edit(old: "  shards: many\n", new: "", expected: "")], "removed-still-read"),
            ([Edit(old: "  shards:", new: "  shardCount:", expected: "")], "renamed-unread"),
            // The override goes, and the default counts again.
            (
                [Edit(file: "values-prod.yaml", old: "  replicaCount: 8\n", new: "", expected: "")],
                "override-removed"
            ),
            // A value at another level, and one that is misspelt.
            (
                [
                    Edit(old: "  probe:\n    enabled: true\n    slack: 5\n", new: "", expected: ""),
                    Edit(
                        old: "limits:\n  patience",
                        new: "probe:\n  enabled: true\n  slack: 5\nlimits:\n  patience",
                        expected: ""),
                ], "misplaced-field"
            ),
            (
                [
                    Edit(
                        file: "values-prod.yaml", old: "web:\n", new: "web:\n  upstraem: b.example.com\n",
                        expected: "")
                ],
                "unknown-field"
            ),
            // Unquoted in the template, so that it is a number there and was text before.
            ([Edit(old: "shards: many", new: "shards: \"12\"", expected: "")], "refused-type"),
            (
                [
                    Edit(
                        file: "templates/deployment.yaml", old: ".web.shards }}", new: ".web.parts }}",
                        expected: "")
                ],
                "read-undefined"
            ),
            (
                [
                    Edit(
                        old: "replicas: 2\n    args: --all\n  bill",
                        new: "replicas: 0\n    args: --all\n  bill", expected: "")
                ], "capacity-lowered"
            ),
        ])
    func faults(edits: [Edit], fault: String) throws {
        let changes = try ShopChart.ranked(edits.map { ($0.file, $0.old, $0.new) })
        let told = Set(changes.compactMap(\.fault))
        #expect(
            told.contains(fault),
            "\(changes.map { ($0.change.fieldPath, $0.fault, $0.evidence.map(\.text)) })")
    }

    @Test(
        "what the templates do not miss is no fault",
        arguments: [
            // It has a default, is asked for, or is not there when it is not wanted.
            [Edit(old: "    tag: 1.4.2\n", new: "", expected: "")],
            [Edit(old: "  upstream: api.example.com\n", new: "", expected: "")],
            [Edit(old: "    enabled: true\n    slack: 5\n", new: "    enabled: false\n", expected: "")],
            // It was empty all along.
            [Edit(old: "  empty: \"\"\n", new: "", expected: "")],
            // The key of an entry, and no value of a field.
            [Edit(old: "fileName: app.ini", new: "fileName: web.ini", expected: "")],
            // Renamed on both sides.
            [
                Edit(old: "  shards:", new: "  parts:", expected: ""),
                Edit(file: "templates/deployment.yaml", old: ".web.shards", new: ".web.parts", expected: ""),
            ],
            // New, and used from now on.
            [
                Edit(old: "  shards:", new: "  grace: 30\n  shards:", expected: ""),
                Edit(
                    file: "templates/deployment.yaml", old: "      containers:",
                    new: "      terminationGracePeriodSeconds: {{ .Values.web.grace }}\n      containers:",
                    expected: ""),
            ],
            // Quoted in the template, or no number.
            [Edit(old: "ENABLE_SEARCH: \"true\"", new: "ENABLE_SEARCH: true", expected: "")],
            [Edit(old: "shards: many", new: "shards: few", expected: "")],
            // A template asks for what may be missing.
            [
                Edit(
                    file: "templates/deployment.yaml", old: ".Values.web.shards",
                    new: ".Values.web.parts | default 1",
                    expected: "")
            ],
        ])
    func innocent(edits: [Edit]) throws {
        let changes = try ShopChart.ranked(edits.map { ($0.file, $0.old, $0.new) })
        let contradictions: Set = [
            "removed-still-read", "renamed-unread", "misplaced-field", "unknown-field", "read-undefined",
            "refused-type",
        ]
        #expect(
            contradictions.isDisjoint(with: changes.compactMap(\.fault)),
            "\(changes.map { ($0.change.fieldPath, $0.fault, $0.evidence.map(\.text)) })")
    }

    @Test(
        "a new value that a new line of a template makes what is refused is told at the line that lacks the quotes"
    )
    func quotes() throws {
        let value = ("values.yaml", "  shards: many", "  shards: many\n  reindex: true")
        func line(_ writes: String) -> (String, String, String) {
            (
                "templates/deployment.yaml", "            - name: SHARDS",
                "            - name: REINDEX\n              value: \(writes)\n            - name: SHARDS"
            )
        }
        let first = try #require(try ShopChart.ranked([value, line("{{ .Values.web.reindex }}")]).first)
        #expect(first.fault == "refused-type" && first.change.path.hasSuffix("templates/deployment.yaml"))
        #expect(first.evidence.contains { $0.text.contains("values.yaml:7") }, "\(first.evidence)")
        let quoted = try ShopChart.ranked([value, line("{{ .Values.web.reindex | quote }}")])
        #expect(!quoted.contains { $0.fault == "refused-type" })
    }

    @Test(
        "what changes nothing is innocent",
        arguments: [
            ("values.yaml", "region: eu-1", "region: eu-1\nnotes: nobody reads this", "unused_value"),
            ("values.yaml", "replicaCount: 4", "replicaCount: 3", "overridden"),
            ("values-prod.yaml", "replicaCount: 8", "replicaCount: 8\n  shards: many", "same_as_default"),
        ])
    func innocence(file: String, old: String, new: String, kind: String) throws {
        let change = try #require(try ShopChart.ranked([(file, old, new)]).first)
        #expect(change.evidence.contains { $0.kind == kind && $0.weight < 0 }, "\(change.evidence)")
        #expect(change.score < 10)
    }

    @Test("a template that uses another name, or a value for what stood there, is innocent")
    func movedIntoValues() throws {
        let renamed = try ShopChart.ranked([
            ("values.yaml", "  shards:", "  parts:"),
            ("templates/deployment.yaml", ".web.shards", ".web.parts"),
        ])
        #expect(renamed.count == 3)
        #expect(
            renamed.allSatisfy { $0.evidence.contains { $0.kind == "consistent_rename" } && $0.score < 10 })
        let lifted = try ShopChart.ranked([
            ("values.yaml", "  shards:", "  label: web\n  shards:"),
            ("templates/deployment.yaml", "app: web", "app: {{ .Values.web.label }}"),
        ])
        #expect(lifted.contains { $0.evidence.contains { $0.kind == "same_value" } })
        let changed = try ShopChart.ranked([
            ("values.yaml", "  shards:", "  label: www\n  shards:"),
            ("templates/deployment.yaml", "app: web", "app: {{ .Values.web.label }}"),
        ])
        #expect(!changed.contains { $0.evidence.contains { $0.kind == "same_value" } })
    }

    @Test(
        "what is used, and not overridden everywhere, is not",
        arguments: [
            ("values.yaml", "region: eu-1", "region: eu-2"), ("values.yaml", "slack: 5", "slack: 4"),
            ("values-prod.yaml", "replicaCount: 8", "replicaCount: 8\n  shards: few"),
        ])
    func noInnocence(file: String, old: String, new: String) throws {
        let change = try #require(try ShopChart.ranked([(file, old, new)]).first)
        #expect(change.evidence.allSatisfy { $0.weight > 0 }, "\(change.evidence)")
    }

    @Test("a section that is written as nothing when it is gone is no contradiction")
    func goneSection() throws {
        let section = "  resources:\n    limits:\n      memory: 1Gi\n      cpu: 500m\n"
        let edits = [
            (file: "values.yaml", old: section, new: ""),
            (file: "values-prod.yaml", old: "  resources:\n    limits:\n      memory: 4Gi\n", new: ""),
        ]
        let changes = try ShopChart.ranked(edits)
        let weights = changes.flatMap(\.evidence).filter { $0.kind == "removed_still_read" }.map(\.weight)
        #expect(weights == [0.3, 0.3])
    }
}

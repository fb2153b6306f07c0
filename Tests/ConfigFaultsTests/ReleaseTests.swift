import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A chart, and releases of it and of a chart that is elsewhere.
private let chart: [String: String] = [
    "charts/shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "charts/shop/values.yaml": """
    replicas: 1
    level: info
    image:
      tag: "1"
    probe:
      slack: 5
    debug:
      enabled: false
      port: 9000
    """,
    "charts/shop/templates/web.yaml": """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: {{ .Release.Name }}-web
    spec:
      replicas: {{ .Values.replicas }}
      template:
        spec:
          containers:
            - name: web
              image: shop/web:{{ .Values.image.tag }}
              {{- if .Values.debug.enabled }}
              args: ["--port={{ .Values.debug.port }}"]
              {{- end }}
              env:
                - name: LEVEL
                  value: {{ .Values.level }}
              readinessProbe:
                timeoutSeconds: {{ .Values.probe.slack }}
    """,
]

private func flux(_ chart: String, values: String, from: String = "", source: String = "GitRepository")
    -> String
{
    """
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata:
      name: store
      namespace: live
    spec:
      chart:
        spec:
          chart: \(chart)
          sourceRef:
            kind: \(source)
            name: here
    \(from)
      values:
    \(values)
    """
}

private func argo(_ helm: String, path: String = "charts/shop") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata:
      name: store
    spec:
      source:
        repoURL: https://git.example.com/shop
        path: \(path)
        helm:
    \(helm)
    """
}

/// What is told of some files beside the chart when a text in one of them is another.
private func changes(
    _ files: [String: String], in path: String, _ old: String, _ new: String,
    failures: FailureContext = .unknown
) throws -> [RankedChange] {
    let before = chart.merging(files) { _, own in own }
    var after = before
    let text = try #require(before[path])
    try #require(text.contains(old))
    after[path] = text.replacing(old, with: new)
    return try ranked(FolderOfTexts(before), FolderOfTexts(after), failures: failures)
}

extension RankedChange {
    fileprivate func says(_ text: String) -> Bool { evidence.contains { $0.text.contains(text) } }
}

@Suite("Charts as others install them")
struct ReleaseTests {
    /// Files beside the chart, an edit of one, and what is to be said of it.
    struct Case: CustomTestStringConvertible {
        var name: String
        var files: [String: String]
        var path: String
        var old = "slack: 4"
        var new = "slack: 1"
        var expected = "the readinessProbe is stricter"
        var testDescription: String { name }
    }

    private static let probe = "    probe:\n      slack: 4"
    private static let helmfile = """
        environments:
          live: {}
          trial: {}
        releases:
          - name: store
            chart: ../charts/shop
            values:
              - store.yaml
              - store-{{ .Environment.Name }}.yaml
              - probe: {slack: 4}
            set:
              - name: image.tag
                value: "2"
        """

    @Test(
        "values reach what the chart renders from them, wherever they are given",
        arguments: [
            Case(name: "Flux", files: ["flux.yaml": flux("./charts/shop", values: probe)], path: "flux.yaml"),
            Case(
                name: "Flux, a chart by its name",
                files: ["flux.yaml": flux("shop", values: probe, source: "HelmRepository")], path: "flux.yaml"
            ),
            Case(
                name: "Flux, a ConfigMap",
                files: [
                    "apps/flux.yaml": flux(
                        "./charts/shop", values: "    level: warn",
                        from: "  valuesFrom:\n    - kind: ConfigMap\n      name: store-values"),
                    "apps/map.yaml":
                        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: store-values\ndata:\n  values.yaml: |\n    probe:\n      slack: 4\n    level: info\n",
                ], path: "apps/map.yaml"),
            Case(
                name: "Flux, a generated ConfigMap",
                files: [
                    "apps/flux.yaml": flux(
                        "./charts/shop", values: "    level: warn",
                        from: "  valuesFrom:\n    - kind: ConfigMap\n      name: store-values"),
                    "apps/kustomization.yaml":
                        "resources: [flux.yaml]\nconfigMapGenerator:\n  - name: store-values\n    files:\n      - values.yaml=store.yaml\n",
                    "apps/store.yaml": "probe:\n  slack: 4\n",
                ], path: "apps/store.yaml"),
            Case(
                name: "Argo CD, an object",
                files: ["app.yaml": argo("      valuesObject:\n        probe:\n          slack: 4")],
                path: "app.yaml"),
            Case(
                name: "Argo CD, a text",
                files: [
                    "app.yaml": argo(
                        "      values: |\n        probe:\n          slack: 4\n        level: warn")
                ],
                path: "app.yaml"),
            Case(
                name: "Argo CD, a parameter",
                files: [
                    "app.yaml": argo("      parameters:\n      - name: probe.slack\n        value: \"4\"")
                ],
                path: "app.yaml", old: "\"4\"", new: "\"1\""),
            Case(
                name: "Argo CD, a file",
                files: [
                    "app.yaml": argo("      valueFiles: [../../live/odd.yaml]"),
                    "live/odd.yaml": "probe:\n  slack: 4\n",
                ], path: "live/odd.yaml"),
            Case(
                name: "Helmfile, a file",
                files: [
                    "deploy/helmfile.yaml": helmfile.replacing("      - probe: {slack: 4}\n", with: ""),
                    "deploy/store.yaml": "probe:\n  slack: 4\n",
                ],
                path: "deploy/store.yaml"),
            Case(
                name: "Helmfile, values of its own", files: ["deploy/helmfile.yaml": helmfile],
                path: "deploy/helmfile.yaml"),
            Case(
                name: "Helmfile, a setting", files: ["deploy/helmfile.yaml": helmfile],
                path: "deploy/helmfile.yaml", old: "\"2\"", new: "\"1.9\"",
                expected: "shop/web:1.9"),
            Case(
                name: "a script",
                files: [
                    "deploy.sh": "helm upgrade --install store ./charts/shop \\\n  -f live/odd.yaml --wait\n",
                    "live/odd.yaml": "probe:\n  slack: 4\n",
                ], path: "live/odd.yaml"),
        ])
    func reaches(story: Case) throws {
        let found = try changes(story.files, in: story.path, story.old, story.new)
        let change = try #require(found.first { $0.change.path == story.path })
        #expect(change.says(story.expected), "\(change.evidence.map(\.text))")
        #expect(change.change.reach == ["web"])
    }

    @Test(
        "what is laid over a value hides it",
        arguments: [
            Case(
                name: "Flux, values over a ConfigMap",
                files: [
                    "apps/flux.yaml": flux(
                        "./charts/shop", values: probe,
                        from: "  valuesFrom:\n    - kind: ConfigMap\n      name: store-values"),
                    "apps/map.yaml":
                        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: store-values\ndata:\n  values.yaml: |\n    probe:\n      slack: 3\n    level: info\n",
                ], path: "apps/map.yaml", old: "slack: 3", expected: "values in apps/flux.yaml"),
            Case(
                name: "Argo CD, parameters over values",
                files: [
                    "app.yaml": argo(
                        "      valuesObject:\n        level: warn\n        replicas: 2\n      parameters:\n      - name: level\n        value: debug"
                    )
                ], path: "app.yaml", old: "level: warn", new: "level: error",
                expected: "parameters in app.yaml"),
            Case(
                name: "a script, --set over a file",
                files: [
                    "deploy.sh":
                        "helm upgrade store charts/shop -f live/odd.yaml --set probe.slack=9,level=warn\n",
                    "live/odd.yaml": "probe:\n  slack: 4\n",
                ], path: "live/odd.yaml", expected: "--set in deploy.sh"),
        ])
    func overridden(story: Case) throws {
        let found = try changes(story.files, in: story.path, story.old, story.new)
        let change = try #require(found.first { $0.change.path == story.path })
        #expect(change.evidence.contains { $0.kind == "overridden" }, "\(change.evidence.map(\.text))")
        #expect(change.says(story.expected), "\(change.evidence.map(\.text))")
    }

    @Test("a default that a release says itself changes nothing for it")
    func defaults() throws {
        let releases = [
            "live/flux.yaml": flux("./charts/shop", values: Self.probe),
            "trial/app.yaml": argo("      valuesObject:\n        probe:\n          slack: 3"),
        ]
        let found = try changes(releases, in: "charts/shop/values.yaml", "slack: 5", "slack: 1")
        #expect(try #require(found.first).evidence.contains { $0.kind == "overridden" }, "\(found)")
        let other = try changes(releases, in: "charts/shop/values.yaml", "level: info", "level: warn")
        #expect(try !#require(other.first).evidence.contains { $0.kind == "overridden" })
    }

    @Test("what a release switches on is on")
    func switched() throws {
        func isOff(_ files: [String: String]) throws -> Bool {
            try changes(files, in: "charts/shop/values.yaml", "port: 9000", "port: 9001").allSatisfy {
                $0.evidence.contains { $0.kind == "switched_off" }
            }
        }
        #expect(try isOff(["flux.yaml": flux("./charts/shop", values: Self.probe)]))
        #expect(try !isOff(["flux.yaml": flux("./charts/shop", values: "    debug:\n      enabled: true")]))
        // Nobody knows what a Secret says.
        #expect(
            try !isOff([
                "flux.yaml": flux(
                    "./charts/shop", values: Self.probe,
                    from: "  valuesFrom:\n    - kind: Secret\n      name: more")
            ]))
    }

    @Test("a value that no template uses is told")
    func unused() throws {
        let files = ["flux.yaml": flux("./charts/shop", values: Self.probe)]
        let found = try changes(files, in: "flux.yaml", "    probe:\n", "    prob:\n")
        let change = try #require(found.first { $0.change.fieldPath.hasSuffix("prob") })
        #expect(change.says("did you mean `probe`"), "\(change.evidence.map(\.text))")
    }

    @Test(
        "of a chart that is elsewhere, the release is what is reached",
        arguments: [
            Case(
                name: "Flux",
                files: [
                    "flux.yaml": flux(
                        "redis", values: "    replica:\n      replicaCount: 4", source: "HelmRepository")
                ],
                path: "flux.yaml", old: "replicaCount: 4", new: "replicaCount: 1", expected: "there are fewer"
            ),
            Case(
                name: "Argo CD",
                files: [
                    "app.yaml": argo(
                        "      parameters:\n      - name: cluster.timeout\n        value: \"30\"",
                        path: "none"
                    )
                    .replacing("path: none", with: "chart: redis")
                ], path: "app.yaml", old: "\"30\"", new: "\"3\"", expected: "from 30 to 3"),
            Case(
                name: "Flux, where its chart comes from",
                files: [
                    "app/flux.yaml":
                        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: store}\nspec:\n  chartRef: {kind: OCIRepository, name: redis}\n",
                    "app/source.yaml":
                        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: redis}\nspec:\n  ref:\n    tag: 1.2.0\n",
                ], path: "app/source.yaml", old: "1.2.0", new: "1.1.0",
                expected: "the chart is older: 1.1.0"),
            Case(
                name: "Helmfile, a file",
                files: [
                    "helmfile.yaml":
                        "releases:\n  - name: store\n    chart: bitnami/redis\n    values: [redis.yaml]\n",
                    "redis.yaml": "replica:\n  replicaCount: 4\n",
                ], path: "redis.yaml", old: "replicaCount: 4", new: "replicaCount: 1",
                expected: "there are fewer"),
        ])
    func remote(story: Case) throws {
        let failures = FailureContext(
            workloads: ["store-replicas": 1], healthyWorkloads: ["web"], messages: [])
        let found = try changes(story.files, in: story.path, story.old, story.new, failures: failures)
        let change = try #require(found.first { $0.change.path == story.path })
        #expect(change.change.reach == ["store"])
        #expect(change.says(story.expected), "\(change.evidence.map(\.text))")
        #expect(change.says("it reaches store-replicas, where the failures are"))
    }

}

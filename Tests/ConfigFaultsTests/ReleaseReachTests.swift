import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

/// An `ApplicationSet` with some generators, for Applications of some name and source.
private func applicationSet(
    _ generators: String, name: String, source: String, namespace: String = "shop", isGo: Bool = false
) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: all}
    spec:
      goTemplate: \(isGo)
      generators:
    \(generators)
      template:
        metadata: {name: '\(name)'}
        spec:
          source: \(source)
          destination: {namespace: '\(namespace)'}
    """
}

/// A chart that is only a list of charts that are elsewhere.
private let umbrella = """
    apiVersion: v2
    name: cache
    version: 0.1.0
    dependencies: [{name: redis, version: 1.2.3, repository: "https://charts.example.com"}]
    """

@Suite("Whom a file reaches that releases are made of")
struct ReleaseReachTests {
    /// Files, a file in which four replicas become one, and whom that reaches.
    struct Case: CustomTestStringConvertible {
        var name: String
        var files: [String: String]
        var path: String
        var reach: [String]
        var testDescription: String { name }
    }

    private static let folders = applicationSet(
        "    - git: {directories: [{path: apps/*}, {path: apps/old, exclude: true}]}",
        name: "{{path.basename}}",
        source: "{path: '{{path}}'}", namespace: "{{path.basename}}-production")
    private static let elements = applicationSet(
        "    - list: {elements: [{at: eu, stage: production}, {at: us, stage: staging}]}", name: "pay-{{at}}",
        source: "{chart: pay, helm: {valueFiles: ['$values/pay/{{at}}.yaml']}}")
    private static let contents = applicationSet(
        "    - git: {files: [{path: 'clusters/**/config.json'}]}", name: "web-{{ .cluster.name }}",
        source: "{chart: web, helm: {valueFiles: ['$values/{{ .path.path }}/web.yaml']}}", isGo: true)
    private static let product = applicationSet(
        """
            - matrix:
                generators:
                  - git: {directories: [{path: apps/*}]}
                  - list: {elements: [{env: prod}, {env: dev}]}
        """, name: "{{path.basename}}-{{env}}",
        source: "{path: '{{path}}', helm: {valueFiles: ['/{{path}}/{{env}}.yaml']}}")
    private static let helmfile = """
        bases: [common/environments.yaml]
        environments:
          live:
            values: [env/eu.yaml]
          trial:
            values: [env/trial.yaml]
        ---
        templates:
          usual: &usual
            values: ["{{`{{ .Release.Name }}`}}/{{ .Environment.Name }}.yaml"]
        releases:
          - name: cache
            chart: bitnami/redis
            <<: *usual
          - name: queue
            chart: bitnami/kafka
            inherit: [{template: usual}]
            set:
              - name: nodes
                value: {{ .Values.kafka.replicas }}
          - name: store
            chart: bitnami/postgresql
            values: [store.yaml.gotmpl]
        helmfiles:
          - path: parts/more.yaml
        """
    private static let helmfiles = [
        "helmfile.yaml": helmfile, "store.yaml.gotmpl": "nodes: {{ .Values.sql.replicas }}\n",
        "parts/more.yaml": "releases:\n  - name: mail\n    chart: bitnami/mail\n    values: [mail.yaml]\n",
    ]

    @Test(
        "the Applications of an ApplicationSet, the releases of a Helmfile",
        arguments: [
            Case(
                name: "a folder that is a chart",
                files: [
                    "argo/all.yaml": folders, "apps/cache/Chart.yaml": umbrella,
                    "apps/cache/values.yaml": "redis:\n  replicas: 4\n",
                ], path: "apps/cache/values.yaml", reach: ["cache"]),
            Case(
                name: "a folder of manifests",
                files: [
                    "argo/all.yaml": folders,
                    "apps/shop/web.yaml":
                        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 4\n",
                ], path: "apps/shop/web.yaml", reach: ["web"]),
            Case(
                name: "a folder that is left out",
                files: [
                    "argo/all.yaml": folders, "apps/old/Chart.yaml": umbrella,
                    "apps/old/values.yaml": "redis:\n  replicas: 4\n",
                ], path: "apps/old/values.yaml", reach: []),
            Case(
                name: "an element of a list",
                files: ["argo/all.yaml": elements, "pay/us.yaml": "replicas: 4\n"], path: "pay/us.yaml",
                reach: ["pay-us"]),
            Case(
                name: "a file beside that of a cluster",
                files: [
                    "argo/all.yaml": contents, "clusters/a/eu/config.json": #"{"cluster": {"name": "eu"}}"#,
                    "clusters/a/eu/web.yaml": "replicas: 4\n",
                ], path: "clusters/a/eu/web.yaml", reach: ["web-eu"]),
            Case(
                name: "the file of a cluster itself",
                files: [
                    "argo/all.yaml": contents,
                    "clusters/a/eu/config.json":
                        #"{"cluster": {"name": "eu", "env": "prod"}, "replicas": 4}"#,
                ], path: "clusters/a/eu/config.json", reach: ["web-eu"]),
            Case(
                name: "folders times environments",
                files: [
                    "argo/all.yaml": product, "apps/cache/Chart.yaml": umbrella,
                    "apps/cache/prod.yaml": "redis:\n  replicas: 4\n",
                ], path: "apps/cache/prod.yaml", reach: ["cache-prod"]),
            Case(
                name: "values of an environment, asked for in a release",
                files: helmfiles.merging(["env/eu.yaml": "kafka:\n  replicas: 4\n"]) { $1 },
                path: "env/eu.yaml", reach: ["queue"]),
            Case(
                name: "values of an environment, asked for in a template of values",
                files: helmfiles.merging(["env/eu.yaml": "sql:\n  replicas: 4\n"]) { $1 },
                path: "env/eu.yaml", reach: ["store"]),
            Case(
                name: "values of an environment, asked for by nobody that is seen",
                files: helmfiles.merging(["env/eu.yaml": "other:\n  replicas: 4\n"]) { $1 },
                path: "env/eu.yaml", reach: ["cache", "queue", "store"]),
            Case(
                name: "values of an environment that a base names",
                files: helmfiles.merging([
                    "common/environments.yaml": "environments:\n  dev:\n    values: [desk.yaml]\n",
                    "common/desk.yaml": "kafka:\n  replicas: 4\n",
                ]) { $1 }, path: "common/desk.yaml", reach: ["queue"]),
            Case(
                name: "a file that a template of releases names",
                files: helmfiles.merging(["cache/live.yaml": "replicas: 4\n"]) { $1 },
                path: "cache/live.yaml", reach: ["cache"]),
            Case(
                name: "a file that an inherited template names",
                files: helmfiles.merging(["queue/trial.yaml": "replicas: 4\n"]) { $1 },
                path: "queue/trial.yaml", reach: ["queue"]),
            Case(
                name: "a template of values",
                files: helmfiles.merging([
                    "store.yaml.gotmpl": "nodes: {{ .Values.sql.nodes }}\nreplicas: 4\n"
                ]) { $1 }, path: "store.yaml.gotmpl", reach: ["store"]),
            Case(
                name: "a part of a Helmfile",
                files: helmfiles.merging(["parts/mail.yaml": "replicas: 4\n"]) { $1 },
                path: "parts/mail.yaml", reach: ["mail"]),
        ])
    func reach(story: Case) throws {
        var after = story.files
        let text = try #require(after[story.path])
        after[story.path] = text.replacing("4", with: "1")
        let change = try #require(
            ranked(FolderOfTexts(story.files), FolderOfTexts(after)).first { $0.change.path == story.path })
        #expect(change.change.reach == story.reach)
    }

    @Test("an element of a generator's list reaches its own Application, the template all of them")
    func ownElement() throws {
        func reach(_ old: String, _ new: String) throws -> [String] {
            let after = Self.elements.replacing(old, with: new)
            try #require(after != Self.elements)
            return try #require(
                ranked(FolderOfTexts(["argo/a.yaml": Self.elements]), FolderOfTexts(["argo/a.yaml": after]))
                    .first
            ).change.reach
        }
        #expect(try reach("stage: staging", "stage: trial") == ["pay-us"])
        #expect(try reach("chart: pay,", "chart: pays,") == ["pay-eu", "pay-us"])
    }

    @Test(
        "patterns of folders and files",
        arguments: [
            ("apps/*", "apps/shop", true), ("apps/*", "apps/shop/web", false), ("apps/*", "apps", false),
            ("apps/**", "apps/shop/web", true), ("**/config.json", "config.json", true),
            ("**/config.json", "a/b/config.json", true), ("a/**/c.yaml", "a/c.yaml", true),
            ("a/**/c.yaml", "b/c.yaml", false), ("./apps/s?op", "apps/shop", true),
            ("apps/a*b*c", "apps/axxbxbc", true), ("apps/a*b*c", "apps/axxbxb", false),
        ])
    func patterns(pattern: String, path: String, isMatched: Bool) {
        #expect(isMatch(path[...], pattern) == isMatched)
    }
}

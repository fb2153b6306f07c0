import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

private let nothing = "# nothing yet\n"

private let route = """
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: blog}
    spec:
      parentRefs:
        - name: internal
      rules:
        - matches:
            - path: {type: PathPrefix, value: /posts}
          backendRefs:
            - name: blog
              port: 80

    """

private let folder: [String: String] = [
    "blog/service.yaml":
        "apiVersion: v1\nkind: Service\nmetadata: {name: blog}\nspec:\n  selector: {app: blog}\n  ports: [{port: 80}]\n",
    "blog/route.yaml": route,
    "blog/new.yaml": nothing,
    "gateway/gateway.yaml":
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: internal}\nspec: {gatewayClassName: x}\n",
    "charts/source.yaml":
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: grafana}\nspec: {interval: 1h, url: oci://charts/grafana}\n",
    "charts/release.yaml":
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: grafana}\nspec:\n  interval: 30m\n  chartRef:\n    kind: OCIRepository\n    name: grafana\n",
    "access/role.yaml":
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [get, list, watch]}]\n",
    "access/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: janitor}\n",
    "access/new.yaml": nothing,
]

private func binding(role: String, account: String) -> String {
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: readers}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: \(role)}\nsubjects:\n  - kind: ServiceAccount\n    name: \(account)\n"
}

@Suite("Objects that one names")
struct ObjectReferenceTests {
    @Test(
        "one that nobody defines is told, with the one that is meant",
        arguments: [
            (
                Edit("blog/route.yaml", "    - name: blog\n", "    - name: blog-svc\n"),
                "blog/route.yaml:11 dangling-reference", "no Service is called blog-svc; there is blog"
            ),
            (
                Edit("blog/route.yaml", "- name: internal", "- name: internal-gateway"),
                "blog/route.yaml:6 dangling-reference",
                "no Gateway is called internal-gateway; there is internal"
            ),
            (
                Edit("charts/release.yaml", "    name: grafana\n", "    name: grafanas\n"),
                "charts/release.yaml:8 dangling-reference",
                "no OCIRepository is called grafanas; there is grafana"
            ),
            (
                Edit("access/new.yaml", nothing, binding(role: "readers", account: "janitor")),
                "access/new.yaml:4 dangling-reference", "no Role is called readers; there is reader"
            ),
            (
                Edit("access/new.yaml", nothing, binding(role: "reader", account: "janitor-sa")),
                "access/new.yaml:7 dangling-reference",
                "no ServiceAccount is called janitor-sa; there is janitor"
            ),
            (
                Edit(
                    "blog/new.yaml", nothing,
                    route.replacing("name: blog}", with: "name: other}").replacing(
                        "- name: blog\n", with: "- name: blogs\n")),
                "blog/new.yaml:11 dangling-reference", "no Service is called blogs; there is blog"
            ),
        ] as [(Edit, String, String)])
    func missing(edit: Edit, place: String, text: String) throws {
        let said = try Said(folder, edit)
        #expect(said.first.hasPrefix(place), "\(said.first)")
        #expect(said.first.contains(text), "\(said.first)")
    }

    @Test(
        "what others asked for already, what a release brings, and what is filled in is not missed",
        arguments: [
            [
                Edit(
                    "blog/new.yaml", nothing,
                    route.replacing("internal", with: "gateway-of-others").replacing(
                        "{name: blog}", with: "{name: two}"))
            ],
            [Edit("blog/route.yaml", "    - name: blog\n", "    - name: grafana-web\n")],
            [Edit("blog/route.yaml", "    - name: blog\n", "    - name: ${SERVICE}\n")],
            [
                Edit("blog/route.yaml", "    - name: blog\n", "    - name: blog-v2\n"),
                Edit("blog/service.yaml", "{name: blog}", "{name: blog-v2}"),
            ],
        ])
    func known(edits: [Edit]) throws {
        var (before, after) = (folder, folder)
        before["others.yaml"] = route.replacing("internal", with: "gateway-of-others").replacing(
            "{name: blog}", with: "{name: o}")
        after["others.yaml"] = before["others.yaml"]
        for edit in edits {
            try #require(after[edit.path]?.contains(edit.old) == true, "\(edit)")
            after[edit.path] = after[edit.path]?.replacing(edit.old, with: edit.new)
        }
        let changes = try ranked(FolderOfTexts(before), FolderOfTexts(after))
        let texts = changes.flatMap(\.evidence).map(\.text).filter { $0.contains("is called") }
        #expect(texts.isEmpty, "\(texts)")
    }

    @Test("a namespace that is nearly that of the whole folder is told")
    func strayNamespace() throws {
        func map(_ name: String, _ namespace: String) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \(name)\n  namespace: \(namespace)\ndata: {A: b}\n"
        }
        var files = ["new.yaml": nothing]
        for name in ["a", "b", "c"] { files["\(name).yaml"] = map(name, "immich") }
        let said = try Said(files, Edit("new.yaml", nothing, map("d", "immichs")))
        #expect(
            said.first.hasPrefix(
                "new.yaml:5 dangling-reference it is in namespace immichs, and the 3 other objects of the folder are in immich"
            ), "\(said.first)")
        let other = try Said(files, Edit("new.yaml", nothing, map("d", "monitoring")))
        #expect(!other.texts.contains { $0.contains("other objects of the folder") }, "\(other.texts)")
    }

    @Test("a folder that Argo CD is to take, and that is called otherwise")
    func folders() throws {
        let application =
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: dashboard}\nspec:\n  source:\n    repoURL: https://github.com/o/r\n    path: infra/dashboard\n"
        let files = [
            "app.yaml": application, "infra/dashboard/a.yaml": "kind: X\n", "infra/other/a.yaml": "kind: X\n",
        ]
        let said = try Said(files, Edit("app.yaml", "infra/dashboard", "infra/dashboards"))
        #expect(
            said.first.contains("infra/dashboards is no folder of the repository; infra/dashboard is"),
            "\(said.first)")
        let other = try Said(files, Edit("app.yaml", "infra/dashboard", "infra/other"))
        #expect(!other.texts.contains { $0.contains("is no folder") })
        let foreign = try Said(files, Edit("app.yaml", "infra/dashboard", "charts/dashboard"))
        #expect(!foreign.texts.contains { $0.contains("is no folder") })
    }

    @Test("what an ExternalSecret makes is asked for by its keys")
    func entriesOfSecrets() throws {
        let workload =
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: main\n          image: shop/web:1\n          env:\n            - name: KEY\n              valueFrom:\n                secretKeyRef:\n                  name: web\n                  key: api-key\n"
        let secret =
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: web}\nspec:\n  data:\n    - secretKey: api-key\n      remoteRef: {key: shop}\n"
        let files = ["web.yaml": workload, "secret.yaml": secret]
        let reader = try Said(files, Edit("web.yaml", "key: api-key", "key: api_key"))
        #expect(
            reader.first.contains("the Secret web is made without an entry api_key; it has api-key"),
            "\(reader.first)")
        let maker = try Said(files, Edit("secret.yaml", "secretKey: api-key", "secretKey: apikey"))
        #expect(
            maker.texts.contains { $0.contains("web (web.yaml:15) still asks the Secret web for api-key") },
            "\(maker.texts)")
        let both = try Said(
            files, Edit("secret.yaml", "secretKey: api-key", "secretKey: apikey"),
            Edit("web.yaml", "key: api-key", "key: apikey"))
        #expect(!both.texts.contains { $0.contains("the Secret web") }, "\(both.texts)")
        let name = try Said(
            files, Edit("web.yaml", "                  name: web\n", "                  name: webs\n"))
        #expect(name.first.contains("no Secret is called webs; there is web"), "\(name.first)")
        let target = try Said(
            files.mapValues {
                $0.replacing("spec:\n  data:\n", with: "spec:\n  target: {name: web}\n  data:\n")
            },
            Edit("secret.yaml", "{name: web}\n  data", "{name: web-keys}\n  data"))
        #expect(
            target.texts.contains {
                $0.contains("web (web.yaml:15) still asks for the Secret web, which nothing makes now")
            },
            "\(target.texts)")
        // One that takes all that a store has may have any.
        let open = ["web.yaml": workload, "secret.yaml": secret + "  dataFrom: [{extract: {key: all}}]\n"]
        let unknown = try Said(open, Edit("web.yaml", "key: api-key", "key: api_key"))
        #expect(!unknown.texts.contains { $0.contains("is made without") }, "\(unknown.texts)")
    }

    @Test("of several ConfigMaps of a name, the one beside its reader counts")
    func entriesOfEnvironments() throws {
        func file(_ key: String) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: info}\ndata:\n  \(key): \"1\"\n---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  template:\n    spec:\n      containers:\n        - name: main\n          image: shop/agent:1\n          env:\n            - name: PORT\n              valueFrom: {configMapKeyRef: {name: info, key: http.port}}\n"
        }
        let files = ["env/prod/agent.yaml": file("http.port"), "env/dev/agent.yaml": file("http.port")]
        let said = try Said(files, Edit("env/prod/agent.yaml", "  http.port: ", "  http.port-v2: "))
        #expect(said.texts.contains { $0.contains("agent (line 18) still refers to it") }, "\(said.texts)")
    }
}

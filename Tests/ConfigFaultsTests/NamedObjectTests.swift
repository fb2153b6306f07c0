import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

private func workload(_ name: String, _ extra: String = "") -> String {
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name), namespace: shop}
    spec:
      selector: {matchLabels: {app: \(name)}}
      template:
        metadata: {labels: {app: \(name), tier: back}}
        spec:
          containers:
            - name: main
              image: shop/\(name):1
              ports: [{name: http, containerPort: 8080}]
              readinessProbe: {httpGet: {path: /, port: http}}
    \(extra)
    """
}

private let shop: [String: String] = [
    "api.yaml": workload("api"),
    "web.yaml": workload(
        "web",
        "          env:\n            - name: API\n              value: http://api:8080/v1\n          envFrom:\n            - configMapRef: {name: settings}\n"
    ),
    "service.yaml":
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: api\n  namespace: shop\nspec:\n  selector: {app: api}\n  ports: [{port: 8080, targetPort: http}]\n",
    "settings.yaml":
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: shop\ndata: {A: b}\n",
    "scaler.yaml":
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: api, namespace: shop}\nspec:\n  scaleTargetRef: {kind: Deployment, name: api}\n  minReplicas: 1\n  maxReplicas: 4\n",
    "policy.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\nspec:\n  podSelector: {matchLabels: {app: db}}\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels: {tier: back}\n",
]

@Suite("Objects that others still name")
struct NamedObjectTests {
    @Test("a Service that is called otherwise is still asked for by its old name")
    func renamedService() throws {
        let said = try Said(shop, Edit("service.yaml", "  name: api\n", "  name: api-v2\n"))
        #expect(said.first.contains("web (web.yaml:"), "\(said.first)")
        #expect(
            said.first.contains("still asks for it, and no Service is called api any more"), "\(said.first)")
        #expect(
            said.mend?.hasPrefix("write api-v2 instead of api at web.yaml:") == true, "\(said.mend ?? "")")
    }

    @Test("an object in another namespace is told at the line that says so, with who is left behind")
    func movedObject() throws {
        let settings = try Said(shop, Edit("settings.yaml", "namespace: shop", "namespace: conf"))
        #expect(
            settings.first.hasPrefix(
                "settings.yaml:5 dangling-reference it is in namespace conf now (was shop): web ("),
            "\(settings.first)")
        let service = try Said(shop, Edit("service.yaml", "namespace: shop", "namespace: net"))
        #expect(service.first.hasPrefix("service.yaml:5 dangling-reference"), "\(service.first)")
        // A kustomization puts all that it lists into its own namespace, whatever stands there.
        var kustomized = shop
        kustomized["kustomization.yaml"] = "namespace: prod\nresources: [settings.yaml, web.yaml]\n"
        let placed = try Said(kustomized, Edit("settings.yaml", "namespace: shop", "namespace: conf"))
        #expect(!placed.texts.contains { $0.contains("it is in namespace") }, "\(placed.texts)")
    }

    @Test("an autoscaler that scales what is gone")
    func scaler() throws {
        let said = try Said(shop, Edit("api.yaml", "metadata: {name: api,", "metadata: {name: api-server,"))
        #expect(said.texts.contains { $0.contains("api (scaler.yaml:5) still scales it") }, "\(said.texts)")
    }

    @Test("a label that a network policy asks for")
    func peer() throws {
        let said = try Said(shop, Edit("api.yaml", "tier: back", "tier: backend"))
        #expect(
            said.texts.contains {
                $0.contains("NetworkPolicy db (policy.yaml:9) lets pods with tier: back in")
            }, "\(said.texts)")
    }

    @Test(
        "what is somebody else's, another namespace's or an image is not asked for here",
        arguments: ["https://api.com/x", "http://api.other.svc:8080", "api:16", "http://api-v1:8080"])
    func others(address: String) throws {
        var files = shop
        files["web.yaml"] = files["web.yaml"]?.replacing("http://api:8080/v1", with: address)
        let said = try Said(files, Edit("service.yaml", "  name: api\n", "  name: api-v2\n"))
        #expect(!said.texts.contains { $0.contains("web (web.yaml") }, "\(said.texts)")
    }

    @Test("a release of the name brings it in")
    func release() throws {
        var after = shop
        after["service.yaml"] =
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: api}\n"
        let texts = try ranked(FolderOfTexts(shop), FolderOfTexts(after)).flatMap(\.evidence).map(\.text)
        #expect(!texts.contains { $0.contains("no Service is called") }, "\(texts)")
    }

    @Test("a port by another name on both sides is the same port")
    func renamedPort() throws {
        let said = try Said(
            shop, Edit("api.yaml", "name: http, containerPort", "name: main, containerPort"),
            Edit("api.yaml", "port: http}", "port: main}"),
            Edit("service.yaml", "targetPort: http", "targetPort: main"))
        #expect(said.texts.contains("http was port 8080, and so is main now"), "\(said.texts)")
        #expect(
            !said.changes.contains {
                $0.fault == "port-mismatch" || $0.fault == "probe-tightened" && $0.score > 10
            }, "\(said.texts)")
    }

    @Test(
        "addresses of Services in a text",
        arguments: [
            ("http://api:8080/v1", ["api"]), ("postgres://user:word@db/shop", ["db"]),
            ("api.shop.svc.cluster.local", ["api.shop"]), ("amqp://mq.infra:5672", ["mq.infra"]),
            ("db:5432,cache:6379", ["db", "cache"]),
            ("https://api.example.com/x", []), ("http://localhost:80", []), ("1.2.3.4:80", []),
            ("a plain text: here", []),
            ("http://a http://b", ["a", "b"]),
        ])
    func addresses(text: String, services: [String]) {
        let found = clusterAddresses(in: text).map {
            [$0.service, $0.namespace].compactMap { $0 }.joined(separator: ".")
        }
        #expect(found == services)
    }
}

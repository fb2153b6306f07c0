import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A change of one file, and what is to be found in it.
private struct Story: Sendable, CustomTestStringConvertible {
    var name: String
    var path = "deploy/web.yaml"
    var before: String
    var after: String
    /// Words of the finding.
    var says: [String] = []

    var testDescription: String { name }

    /// The texts of the findings of some kinds.
    func found(_ kinds: String...) throws -> [String] {
        try ranked(FolderOfTexts([path: before]), FolderOfTexts([path: after])).flatMap(\.evidence)
            .filter { kinds.contains($0.kind) }.map(\.text)
    }
}

/// A Deployment with lines for its container, its pod and itself.
private func web(
    container: [String] = [], pod: [String] = [], spec: [String] = [], apiVersion: String = "apps/v1"
) -> String {
    ([
        "apiVersion: \(apiVersion)", "kind: Deployment", "metadata:", "  name: web", "spec:",
        "  replicas: 3",
    ] + spec.map { "  " + $0 } + [
        "  template:", "    metadata:", "      labels:", "        app: web", "    spec:",
    ] + pod.map { "      " + $0 } + [
        "      containers:", "        - name: main", "          image: shop/web:1",
    ] + container.map { "          " + $0 }).joined(separator: "\n") + "\n"
}

private let resources = ["resources:", "  limits:", "    memory: 1Gi"]
private let probe = ["readinessProbe:", "  httpGet:", "    path: /", "    port: 80"]

private func env(_ lines: String...) -> [String] { ["env:", "- name: LEVEL"] + lines.map { "  " + $0 } }

private func settings(_ data: String) -> String {
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  HOST: a\n\(data)"
}

private func service(_ port: String, apiVersion: String = "v1") -> String {
    "apiVersion: \(apiVersion)\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n\(port)"
}

@Suite("F12: fields that the kind does not have")
struct UnknownFieldTests {
    private static let firing = [
        Story(
            name: "a misspelt field", before: web(), after: web(container: ["imagePullPolcy: Always"]),
            says: ["`imagePullPolcy` is no field of a container", "did you mean `imagePullPolicy`"]),
        Story(
            name: "the wrong case", before: web(),
            after: web(container: ["readinessprobe:", "  periodSeconds: 3"]),
            says: ["did you mean `readinessProbe`"]),
        Story(
            name: "another way to write it", before: web(),
            after: web(pod: ["node_selector:", "  disk: ssd"]),
            says: ["did you mean `nodeSelector`"]),
        Story(
            name: "two letters that changed places", before: web(container: ["livenessProbe: {}"]),
            after: web(container: ["livenessPorbe: {}"]),
            says: ["did you mean `livenessProbe`, which stood there before"]),
        Story(
            name: "deep inside what is new", before: web(),
            after: web(container: ["livenessProbe:", "  httpGet:", "    pth: /", "    port: 80"]),
            says: ["`pth` is no field of `httpGet`", "did you mean `path`", "line 17"]),
        Story(
            name: "inside a new object", before: "", after: web(container: ["comand: [a]"]),
            says: ["did you mean `command`"]),
        Story(
            name: "nothing is near", before: web(), after: web(spec: ["somethingElse: 1"]),
            says: ["`somethingElse` is no field of the spec of a Deployment"]),
        Story(
            name: "an old group", before: web(apiVersion: "extensions/v1beta1"),
            after: web(container: ["workdingDir: /"], apiVersion: "extensions/v1beta1"),
            says: ["did you mean `workingDir`"]),
        Story(
            name: "a port of a Service", before: service(""), after: service("    target_port: 80\n"),
            says: ["did you mean `targetPort`"]),
    ]

    private static let silent = [
        Story(
            name: "known fields", before: web(),
            after: web(
                container: resources + probe + ["imagePullPolicy: Always"], pod: ["nodeSelector:", "  x: y"])),
        Story(
            name: "free keys", before: settings(""),
            after: settings("  anything.at-all: b\n  imagePullPolcy: c\n")),
        Story(
            name: "it was there before", before: web(container: ["imagePullPolcy: Never"]),
            after: web(container: ["imagePullPolcy: Always"])),
        Story(
            name: "a kind that nobody knows",
            before: web().replacing("kind: Deployment", with: "kind: Rollout"),
            after: web(spec: ["steps: 1"]).replacing("kind: Deployment", with: "kind: Rollout")),
        Story(
            name: "a kind of another group", before: service("", apiVersion: "serving.knative.dev/v1"),
            after: service("  template: {}\n", apiVersion: "serving.knative.dev/v1")),
        Story(
            name: "no object at all", path: "app.yaml", before: "a: 1\n", after: "a: 1\nimagePullPolcy: x\n"),
        Story(
            name: "the key of a template", path: "web.yaml.j2", before: web(),
            after: web(pod: ["nodeSelector:", "  {{ pool }}: x"])),
        Story(
            name: "a directive of a patch", before: web(),
            after: web(pod: ["nodeSelector:", "  $patch: replace"])),
        Story(
            name: "it is taken away", before: web(container: ["imagePullPolcy: Never"]), after: web()),
        Story(
            name: "what old versions had", before: settings(""),
            after:
                "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata:\n  name: web\nspec:\n  backend:\n"
                + "    serviceName: web\n    servicePort: 80\n"),
    ]

    @Test("fires", arguments: firing)
    private func fires(story: Story) throws {
        let texts = try story.found("unknown_field")
        #expect(texts.contains { text in story.says.allSatisfy { text.contains($0) } }, "\(texts)")
    }

    @Test("does not fire", arguments: silent)
    private func isSilent(story: Story) throws {
        #expect(try story.found("unknown_field", "misplaced_field").isEmpty)
    }

    @Test("tells the first few of many")
    func many() throws {
        let names = ["imag", "comand", "arg", "prots", "evn"]
        let story = Story(
            name: "", before: "", after: web(container: names.map { "\($0): []" }))
        let texts = try story.found("unknown_field", "misplaced_field")
        #expect(texts.count == 3)
        #expect(texts.contains { $0.contains("2 more fields") }, "\(texts)")
    }

    @Test("is not new where other objects have had it for long")
    func custom() throws {
        let odd = web(container: ["imagePullPolcy: Always"])
        let other = odd.replacing("name: web", with: "name: api")
        let changes = try ranked(
            ["api.yaml": other, "web.yaml": web()], ["api.yaml": other, "web.yaml": odd])
        #expect(!changes.isEmpty && changes.allSatisfy { $0.fault == nil })
    }
}

@Suite("F11: fields at another level")
struct MisplacedFieldTests {
    private static let firing = [
        Story(
            name: "a probe inside a variable", before: web(container: env("value: debug")),
            after: web(container: env("value: debug") + probe.map { "  " + $0 }),
            says: ["`readinessProbe` is no field of a variable of `env`", "belongs to a container"]),
        Story(
            name: "moved there", before: web(container: env("value: debug") + probe),
            after: web(container: env("value: debug") + probe.map { "  " + $0 }),
            says: ["from where this change took it"]),
        Story(
            name: "a container's field in the pod", before: web(),
            after: web(pod: ["volumeMounts:", "- name: a", "  mountPath: /a"]),
            says: ["no field of the pod's spec", "a container (`spec.template.spec.containers[]`)"]),
        Story(
            name: "a pod's field in a container", before: web(),
            after: web(container: ["nodeSelector:", "  disk: ssd"]), says: ["belongs to the pod's spec"]),
        Story(
            name: "a Deployment's field in the pod", before: web(), after: web(pod: ["minReadySeconds: 5"]),
            says: ["belongs to the spec of a Deployment"]),
        Story(
            name: "requests among the limits", before: web(container: resources),
            after: web(container: resources + ["    requests:", "      memory: 1Gi"]),
            says: ["`requests` stands among the entries of `limits`", "belongs to `resources`"]),
        Story(
            name: "resources moved to the pod", before: web(container: resources), after: web(pod: resources),
            says: ["stands in the pod's spec now", "from where this change took it"]),
        Story(
            name: "resources of a pod whose containers have none", before: web(), after: web(pod: resources),
            says: ["mostly belongs to a container"]),
        Story(
            name: "among the labels", before: web(spec: ["minReadySeconds: 5"]),
            after: web().replacing("app: web", with: "app: web\n        minReadySeconds: 5"),
            says: ["among the entries of `labels`", "from where this change took it"]),
    ]

    private static let silent = [
        Story(
            name: "moved to where it belongs as well",
            before: web(container: ["securityContext:", "  runAsUser: 5"]),
            after: web(pod: ["securityContext:", "  runAsUser: 5"])),
        Story(name: "resources of a container", before: web(), after: web(container: resources)),
        Story(
            name: "resources of both", before: web(container: resources),
            after: web(container: resources, pod: resources)),
        Story(
            name: "a label that is called like a field", before: web(),
            after: web().replacing("app: web", with: "app: web\n        replicas: many")),
    ]

    @Test("fires", arguments: firing)
    private func fires(story: Story) throws {
        let texts = try story.found("misplaced_field")
        #expect(texts.contains { text in story.says.allSatisfy { text.contains($0) } }, "\(texts)")
    }

    @Test("does not fire", arguments: silent)
    private func isSilent(story: Story) throws {
        #expect(try story.found("unknown_field", "misplaced_field").isEmpty)
    }
}

@Suite("F13: values that are read as another type")
struct TypeTrapTests {
    private static let refused = [
        Story(
            name: "quotes lost in a variable", before: web(container: env("value: \"on\"")),
            after: web(container: env("value: on")),
            says: ["`on` without its quotes is read as the boolean true", "takes only text"]),
        Story(
            name: "a bare number in a new variable", before: web(), after: web(container: env("value: 8080")),
            says: ["env LEVEL ▸ value (line 17)", "the number 8080"]),
        Story(
            name: "a bare boolean in a ConfigMap", before: settings("  FLAG: \"true\"\n"),
            after: settings("  FLAG: true\n"),
            says: ["the boolean true"]),
        Story(
            name: "a bare number among the labels", before: web(),
            after: web().replacing("app: web", with: "app: web\n        build: 12e3"),
            says: ["the number 12000"]),
        Story(
            name: "a bare number among arguments", before: web(container: ["args: [--port, \"80\"]"]),
            after: web(container: ["args: [--port, 81]"]), says: ["the number 81"]),
        Story(
            name: "annotations of a kind that nobody knows",
            before: "apiVersion: x.io/v1\nkind: Thing\nmetadata:\n  name: a\n  annotations:\n    b: \"1\"\n",
            after: "apiVersion: x.io/v1\nkind: Thing\nmetadata:\n  name: a\n  annotations:\n    b: 1\n",
            says: ["the number 1"]),
        Story(
            name: "a number in quotes", before: web(),
            after: web().replacing("replicas: 3", with: "replicas: \"3\""),
            says: ["`3` in quotes is read as text", "takes an integer"]),
        Story(
            name: "a port in quotes", before: web(),
            after: web(container: ["ports:", "- containerPort: \"8080\""]),
            says: ["takes an integer"]),
        Story(
            name: "a switch in quotes", before: web(), after: web(pod: ["hostNetwork: \"yes\""]),
            says: ["takes true or false"]),
        Story(
            name: "a single value for a list", before: web(), after: web(container: ["args: start"]),
            says: ["takes a list"]),
    ]

    private static let firing = [
        Story(
            name: "Norway", before: "country: SE\n", after: "country: NO\n",
            says: ["`NO`", "the boolean false"]),
        Story(
            name: "Norway among others", before: "countries: [SE, DK]\n", after: "countries: [SE, DK, NO]\n",
            says: ["the boolean false", "the rest of the list is text"]),
        Story(
            name: "quotes lost around a mode", before: "mode: \"0777\"\n", after: "mode: 0777\n",
            says: ["the number 511 (octal)", "its quotes are gone"]),
        Story(
            name: "a leading zero", before: "port: 12\n", after: "port: 012\n",
            says: ["the number 10 (octal)"]),
        Story(
            name: "a version", before: "version: 1.9\n", after: "version: 1.10\n", says: ["the number 1.1"]),
        Story(
            name: "something that goes up as a version", before: "go: 1.9\n", after: "go: 1.10\n",
            says: ["the number 1.1"]),
        Story(
            name: "ports of base sixty", before: "ports:\n- \"80:80\"\n",
            after: "ports:\n- \"80:80\"\n- 22:22\n",
            says: ["1342 (base sixty)"]),
        Story(
            name: "underscores", before: "id: a_b\n", after: "id: 1_000\n", says: ["the number 1000"]),
        Story(name: "an exponent", before: "id: \"1e3\"\n", after: "id: 1e3\n", says: ["the number 1000"]),
        Story(name: "nothing", before: "host: a.example\n", after: "host: null\n", says: ["read as nothing"]),
        Story(
            name: "an empty value", before: "host: a.example\n", after: "host:\n", says: ["an empty value"]),
        Story(
            name: "a leading zero in an object", before: web(pod: ["terminationGracePeriodSeconds: 10"]),
            after: web(pod: ["terminationGracePeriodSeconds: 010"]), says: ["the number 8 (octal)"]),
    ]

    private static let silent = [
        Story(name: "another text", before: "country: SE\n", after: "country: DK\n"),
        Story(name: "another switch", before: "enabled: true\n", after: "enabled: no\n"),
        Story(name: "quotes added", before: "country: NO\n", after: "country: \"NO\"\n"),
        Story(name: "another number", before: "rate: 0.25\n", after: "rate: 0.30\n"),
        Story(name: "a new switch", before: "a: 1\n", after: "a: 1\nb: yes\n"),
        Story(name: "an element more", before: "ids: [1, 2]\n", after: "ids: [1, 2, 3]\n"),
        Story(name: "no YAML", path: "app.env", before: "A=\"on\"\n", after: "A=off\n"),
        Story(
            name: "a template", before: "country: SE\n", after: "country: {{ .Values.country }}\n"),
        Story(
            name: "a templated number", before: web(),
            after: web().replacing("replicas: 3", with: "replicas: \"${REPLICAS}\"")),
        Story(
            name: "a placeholder", before: web(),
            after: web().replacing("replicas: 3", with: "replicas: REPLICAS")),
        Story(
            name: "the mode of a file", before: web(),
            after: web(pod: [
                "volumes:", "- name: a", "  secret:", "    secretName: a", "    defaultMode: 0400",
            ])),
        Story(
            name: "a port by name or number", before: service("    targetPort: http\n"),
            after: service("    targetPort: \"8080\"\n")),
        Story(
            name: "a port that is text here", before: service("    name: a\n"),
            after: service("    name: 22:22\n")),
        Story(
            name: "a file of another format inside a ConfigMap",
            before: settings("  app.properties: |\n    level=debug\n    a=b\n"),
            after: settings("  app.properties: |\n    level=off\n    a=b\n")),
        Story(
            name: "quantities", before: web(container: resources),
            after: web(container: ["resources:", "  limits:", "    memory: 1073741824", "    cpu: 0.50"])),
        Story(
            name: "bare numbers were there before", before: web(container: env("value: 1")),
            after: web(container: env("value: 2"))),
        Story(
            name: "a file that is used to bare numbers", before: web(container: env("value: 1")),
            after: web(container: env("value: 1") + ["- name: OTHER", "  value: 2"])),
        Story(
            name: "quoted text", before: web(container: env("value: \"1\"")),
            after: web(container: env("value: \"2\""))),
    ]

    @Test("the API server refuses it", arguments: refused)
    private func refuses(story: Story) throws {
        let texts = try story.found("refused_type")
        #expect(texts.contains { text in story.says.allSatisfy { text.contains($0) } }, "\(texts)")
    }

    @Test("fires", arguments: firing)
    private func fires(story: Story) throws {
        let texts = try story.found("type_trap")
        #expect(texts.contains { text in story.says.allSatisfy { text.contains($0) } }, "\(texts)")
    }

    @Test("does not fire", arguments: silent)
    private func isSilent(story: Story) throws {
        #expect(try story.found("type_trap", "refused_type").isEmpty)
    }

    @Test("does not show secrets")
    func secrets() throws {
        let variable = { (value: String) in ["env:", "- name: DB_PASSWORD", "  value: \(value)"] }
        let changes = try ranked(
            ["web.yaml": web(container: variable("\"8675309\""))],
            ["web.yaml": web(container: variable("8675309"))])
        #expect(changes.first?.evidence.contains { $0.kind == "refused_type" } == true)
        #expect(!"\(changes)".contains("8675309"))
    }
}

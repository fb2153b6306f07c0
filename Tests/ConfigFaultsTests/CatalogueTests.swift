import ConfigFaults
import DeployModel
import Foundation
import TestSupport
import Testing

/// A workload with everything that the catalogue speaks of; `replacing` makes the fault.
private let workload = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      replicas: 4
      template:
        metadata:
          labels:
            app: web
        spec:
          serviceAccountName: web
          terminationGracePeriodSeconds: 30
          nodeSelector:
            disk: ssd
          containers:
            - name: web
              image: registry.example/web:1.4.2
              args: ["--workers", "4"]
              ports:
                - containerPort: 8080
                  name: http
              envFrom:
                - configMapRef:
                    name: settings
              env:
                - name: PUSH_URL
                  value: https://push.example.com/v1
                - name: REQUEST_TIMEOUT_MS
                  value: "2000"
                - name: ENABLE_SEARCH
                  value: "true"
                - name: LEVEL
                  valueFrom:
                    configMapKeyRef:
                      name: settings
                      key: level
                - name: TLS_CERT_PATH
                  value: /etc/tls/ca.pem
              readinessProbe:
                httpGet:
                  path: /ready
                  port: http
                timeoutSeconds: 5
              resources:
                limits:
                  memory: 512Mi
                  cpu: 500m
              securityContext:
                runAsUser: 0
              volumeMounts:
                - name: data
                  mountPath: /data
          volumes:
            - name: data
              emptyDir: {}

    """
private let others = """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: settings
    data:
      level: info
      REQUEST_TIMEOUT_MS: "30"
      app.yaml: |
        server:
          host: db.example.com
          pool_size: 20
    ---
    apiVersion: v1
    kind: Service
    metadata:
      name: web
    spec:
      selector:
        app: web
      ports:
        - port: 80
          targetPort: 8080
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata:
      name: web
    spec:
      rules:
        - host: www.example.com
          http:
            paths:
              - path: /
                pathType: Prefix
                backend:
                  service:
                    name: web
                    port:
                      number: 80
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata:
      name: web
    rules:
      - apiGroups: [""]
        resources: [pods]
        verbs: [get, list]
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: nightly
    spec:
      schedule: "0 3 * * *"
      jobTemplate:
        spec:
          template:
            spec:
              containers:
                - name: nightly
                  image: registry.example/nightly:1

    """

private func ranked(replacing old: String, by new: String) throws -> [RankedChange] {
    try #require(workload.contains(old) || others.contains(old))
    let before: FolderOfTexts = ["k8s/web.yaml": workload, "k8s/others.yaml": others]
    let after: FolderOfTexts = [
        "k8s/web.yaml": workload.replacing(old, with: new),
        "k8s/others.yaml": others.replacing(old, with: new),
    ]
    return try ranked(before, after)
}

@Suite("The catalogue")
struct CatalogueTests {
    @Test(
        "each fault is told by its class",
        arguments: [
            (
                "name: settings\n                  key: level",
                "name: settings\n                  key: levels", "dangling-reference"
            ),
            ("  level: info\n", "", "dangling-reference"),
            (
                "            - name: REQUEST_TIMEOUT_MS\n              value: \"2000\"\n", "",
                "override-removed"
            ),
            ("        app: web\n    spec", "        app: webs\n    spec", "empty-selection"),
            ("  selector:\n    app: web", "  selector:\n    app: wep", "empty-selection"),
            ("targetPort: 8080", "targetPort: 8081", "port-mismatch"),
            ("port: http", "port: metrics", "port-mismatch"),
            ("timeoutSeconds: 5", "timeoutSeconds: 1", "probe-tightened"),
            ("memory: 512Mi", "memory: 128Mi", "memory-lowered"),
            ("memory: 512Mi", "memory: 512m", "impossible-memory"),
            ("cpu: 500m", "cpu: 100m", "cpu-lowered"), ("web:1.4.2", "web:1.3.9", "image-changed"),
            ("web:1.4.2", "web:latest", "image-changed"), ("replicas: 4", "replicas: 0", "capacity-lowered"),
            ("\"2000\"", "\"2\"", "timing-changed"), ("pool_size: 20", "pool_size: 2", "timing-changed"),
            ("\"true\"", "\"false\"", "flag-flipped"),
            ("push.example.com", "push.example.org", "address-changed"),
            ("host: db.example.com", "host: db.example.org", "address-changed"),
            ("      volumes:\n        - name: data\n          emptyDir: {}\n", "", "dangling-mount"),
            (
                "- name: data\n              mountPath", "- name: dta\n              mountPath",
                "dangling-mount"
            ),
            ("number: 80\n", "number: 81\n", "port-mismatch"),
            ("- port: 80\n", "- port: 81\n", "port-mismatch"),
            ("mountPath: /data", "mountPath: /dat", "lost-mount"),
            ("\"--workers\", \"4\"", "\"--workers=4\"", "command-changed"),
            ("/etc/tls/ca.pem", "/etc/tls/cert.pem", "transport-security"),
            ("verbs: [get, list]", "verbs: [get]", "access-reduced"),
            ("path: /\n", "path: /app\n", "routing-changed"),
            ("disk: ssd", "disk: nvme", "scheduling-changed"),
            ("runAsUser: 0", "runAsUser: 1000", "privileges-reduced"),
            ("terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 5", "rollout-changed"),
            ("0 3 * * *", "0 3 * * 1", "schedule-changed"),
            ("https://push.example.com/v1", "CHANGEME", "placeholder"),
        ])
    func fires(old: String, new: String, fault: String) throws {
        let changes = try ranked(replacing: old, by: new)
        #expect(changes.contains { $0.fault == fault }, "\(changes.map { ($0.fieldSummary, $0.fault) })")
    }

    @Test(
        "a placeholder is one however it is written, and what only sounds like one is none",
        arguments: [
            "CHANGEME", "change-me", "Change_Me!", "TODO", "todo:", "FixMe", "xxx", "tbd", "\"<API_KEY>\"",
            "\"<YOUR KEY>\"", "REPLACE-ME",
        ].map { ($0, true) }
            + [
                "todos", "xxxxx", "\"<b>\"", "change-me-too", "exchange-me", "t-o-d-o", "<key>", "te\u{308}d",
            ].map { ($0, false) })
    func placeholders(value: String, isOne: Bool) throws {
        let changes = try ranked(replacing: "https://push.example.com/v1", by: value)
        #expect(changes.contains { $0.fault == "placeholder" } == isOne, "\(changes.map(\.fault))")
    }

    @Test(
        "what only looks like a fault is none",
        arguments: [
            ("replicas: 4", "replicas: 6", "capacity-lowered"),
            ("memory: 512Mi", "memory: 1Gi", "memory-lowered"),
            ("memory: 512Mi", "memory: 0.5Gi", "memory-lowered"),
            ("web:1.4.2", "web:1.4.2  # pinned", "image-changed"),
            ("port: http", "port: 8080", "port-mismatch"),
            ("targetPort: 8080", "targetPort: http", "port-mismatch"),
            ("\"2000\"", "'2000'", "timing-changed"),
            ("timeoutSeconds: 5", "timeoutSeconds: 9", "probe-tightened"),
            ("level: info", "level: debug", "dangling-reference"),
        ])
    func doesNotFire(old: String, new: String, fault: String) throws {
        let changes = try ranked(replacing: old, by: new)
        #expect(!changes.contains { $0.fault == fault }, "\(changes.map { ($0.fieldSummary, $0.fault) })")
    }

    @Test(
        "what misses a name is told with its place, and the mend there leaves no contradiction",
        arguments: [
            (
                "      level: info\n", "      detail: info\n", "web (k8s/web.yaml:37) still refers to it",
                "write detail instead of level at k8s/web.yaml:37", "k8s/web.yaml", "key: level",
                "key: detail"
            ),
            (
                "        name: http\n", "        name: web\n",
                "Service front (k8s/others.yaml:22) still sends to port http, which the container gave up",
                "write web instead of http at k8s/others.yaml:22", "k8s/others.yaml", "targetPort: http",
                "targetPort: web"
            ),
        ])
    func missedElsewhere(
        old: String, new: String, told: String, mend: String, file: String, wrong: String, right: String
    ) throws {
        // A probe by number, so that the Service alone misses the name of the port.
        let (web, rest) = (
            workload.replacing("port: http", with: "port: 8080"),
            others.replacing("targetPort: 8080", with: "targetPort: http").replacing(
                "name: web\nspec:\n  selector", with: "name: front\nspec:\n  selector")
        )
        let before: FolderOfTexts = ["k8s/web.yaml": web, "k8s/others.yaml": rest]
        func after(_ edit: (String) -> String) -> FolderOfTexts {
            let changed = ["k8s/web.yaml": web, "k8s/others.yaml": rest].mapValues { text in
                text.replacing(trimmed(old), with: trimmed(new))
            }
            return FolderOfTexts(changed.merging([file: edit(changed[file] ?? "")]) { $1 })
        }
        let found = try #require(
            try ranked(before, after { $0 }).first { $0.evidence.contains { $0.text == told } })
        #expect(found.mend == mend)
        let mended = try ranked(before, after { $0.replacing(wrong, with: right) })
        #expect(mended.allSatisfy { $0.score < 60 && $0.mend == nil }, "\(mended.map(\.evidence))")
    }

    /// A line as the objects above have it, less what their literals are indented by.
    private func trimmed(_ line: String) -> String { line.trimmingCharacters(in: .whitespacesAndNewlines) }

    @Test(
        "an amount of memory is read as whoever reads it does",
        arguments: [
            (
                "k8s/web.yaml", "resources: {limits: {memory: 512Mi}}", "resources: {limits: {memory: 512m}}",
                true
            ),
            (
                "k8s/web.yaml", "resources: {limits: {memory: 512Mi}}", "resources: {limits: {memory: 512}}",
                true
            ),
            (
                "k8s/web.yaml", "resources: {limits: {memory: 512Mi}}", "resources: {limits: {memory: 512M}}",
                false
            ),
            (
                "k8s/web.yaml", "resources: {requests: {memory: 512Mi}}",
                "resources: {requests: {memory: 512m}}", false
            ),
            (
                "k8s/web.yaml", "env: [{name: HEAP_SIZE, value: 1024m}]",
                "env: [{name: HEAP_SIZE, value: 512m}]", false
            ),
        ])
    func memory(path: String, old: String, new: String, isImpossible: Bool) throws {
        func object(_ line: String) -> String {
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              template:
                spec:
                  containers:
                    - name: web
                      image: shop/web:1
                      \(line)
            """
        }
        let changes = try ranked([path: object(old)], [path: object(new)])
        #expect(
            changes.contains { $0.fault == "impossible-memory" } == isImpossible, "\(changes.map(\.evidence))"
        )
    }

    @Test("compose files say m for megabytes")
    func composeMemory() throws {
        func file(_ amount: String) -> FolderOfTexts {
            ["docker-compose.yml": "services:\n  web:\n    image: shop/web:1\n    mem_limit: \(amount)\n"]
        }
        let changes = try ranked(file("1024m"), file("512m"))
        #expect(changes.map(\.fault) == ["memory-lowered"])
        #expect(changes.allSatisfy { $0.evidence.allSatisfy { !$0.text.contains("slip") } })
    }

    @Test(
        "what the API server, Compose or Terraform refuses is told so",
        arguments: [
            (
                "job.yaml",
                "spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}",
                "Never", "Always",
                "the pods of a job restart OnFailure or Never: the API server refuses Always"
            ),
            (
                "hpa.yaml", "spec: {minReplicas: 2, maxReplicas: 6}", "minReplicas: 2", "minReplicas: 9",
                "at least 9 and at most 6 cannot both be: the API server refuses it"
            ),
            (
                "docker-compose.yml", "services:\n  web:\n    image: a:1\n", "a:1", "a:1\n    image: a:2",
                "`image` appears twice (lines 3 and 4): Docker Compose refuses the file"
            ),
            (
                "main.tf", "resource \"aws_db\" \"main\" {\n  days = 7\n}\n", "days = 7",
                "days = 7\n  days = 0",
                "`days` appears twice (lines 2 and 3): Terraform refuses the file"
            ),
        ])
    func refused(path: String, text: String, old: String, new: String, told: String) throws {
        let kind = [
            "job.yaml": "kind: Job\napiVersion: batch/v1\n",
            "hpa.yaml": "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\n",
        ][path]
        let whole = (kind.map { "\($0)metadata: {name: a}\n" } ?? "") + text
        let changes = try ranked([path: whole], [path: whole.replacing(old, with: new)])
        #expect(changes.first?.evidence.contains { $0.text == told } == true, "\(changes.map(\.evidence))")
        #expect((changes.first?.score ?? 0) >= 60)
    }

    @Test(
        "what is refused elsewhere only is not told here",
        arguments: [
            (
                "job.yaml",
                "kind: Job\napiVersion: batch/v1\nmetadata: {name: a}\nspec: {template: {spec: {restartPolicy: Never, initContainers: [{name: s, image: b, restartPolicy: X}], containers: [{name: a, image: b}]}}}",
                "restartPolicy: X", "restartPolicy: Always", "the API server refuses"
            ),
            (
                "chart/values.yaml", "services:\n  web:\n    port: 80\n", "port: 80",
                "port: 80\n    port: 81", "refuses"
            ),
            (
                "main.tf", "resource \"aws_db\" \"main\" {\n  tags = {\n    Name = \"a\"\n  }\n}\n",
                "Name = \"a\"",
                "Name = \"a\"\n    Name = \"b\"", "refuses"
            ),
            (
                "docker-compose.yml",
                "x-common: &c\n  deploy:\n    resources:\n      limits:\n        memory: 1024m\nservices:\n  web:\n    image: a\n",
                "1024m", "512m", "no container starts"
            ),
            (
                "overlays/prod/patch.yaml",
                "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web}]}}}",
                "{name: web}]", "{name: web, volumeMounts: [{name: data, mountPath: /d}]}]",
                "the API server refuses"
            ),
            (
                "web.yaml",
                "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec: {template: {spec: {serviceAccountName: default2, containers: [{name: web, image: a}]}}}\n---\nkind: ServiceAccount\napiVersion: v1\nmetadata: {name: default2}\n",
                "serviceAccountName: default2", "serviceAccountName: default", "no ServiceAccount"
            ),
            (
                "web.yaml",
                "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: a, env: [{name: A, value: CHANGEME}]}]}}}",
                "value: CHANGEME}]", "value: CHANGEME}, {name: LEVEL, value: high}]", "placeholder"
            ),
        ])
    func notRefused(path: String, text: String, old: String, new: String, wrong: String) throws {
        try #require(text.contains(old))
        let told = try ranked([path: text], [path: text.replacing(old, with: new)]).flatMap(\.evidence).map(
            \.text)
        #expect(told.allSatisfy { !$0.contains(wrong) }, "\(told)")
    }

    @Test("a port that a Service gave up is told at that change alone, and of the same namespace alone")
    func gaveUp() throws {
        func tree(_ ports: String, ingress: String = "shop") -> FolderOfTexts {
            [
                "s.yaml":
                    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  ports:\n\(ports)",
                "i.yaml":
                    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: \(ingress)}\nspec:\n  defaultBackend: {service: {name: web, port: {number: 80}}}\n",
            ]
        }
        let both =
            "  - {name: http, port: 80, targetPort: 8080}\n  - {name: admin, port: 81, targetPort: 9090}\n"
        let moved = both.replacing("port: 80,", with: "port: 82,").replacing("9090", with: "9091")
        let told = try ranked(tree(both), tree(moved)).filter {
            $0.evidence.contains { $0.text.contains("still sends to its port 80") }
        }
        #expect(
            !told.isEmpty && told.allSatisfy { !$0.change.fieldPath.contains("targetPort") },
            "\(told.map(\.change))")
        let elsewhere = try ranked(tree(both, ingress: "other"), tree(moved, ingress: "other"))
        #expect(elsewhere.allSatisfy { $0.evidence.allSatisfy { !$0.text.contains("still sends") } })
    }

    @Test("what was refused before is not told of another change")
    func refusedBefore() throws {
        func autoscaler(_ team: String) -> FolderOfTexts {
            [
                "hpa.yaml":
                    "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\nmetadata: {name: a, labels: {team: \(team)}}\nspec: {minReplicas: 9, maxReplicas: 6}\n"
            ]
        }
        let told = try ranked(autoscaler("x"), autoscaler("y")).flatMap(\.evidence).map(\.text)
        #expect(!told.isEmpty && told.allSatisfy { !$0.contains("cannot both be") }, "\(told)")
    }

    @Test("an account that is nearly one that is there is not there")
    func account() throws {
        let accounts = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
        let before: FolderOfTexts = ["k8s/web.yaml": workload, "k8s/accounts.yaml": accounts]
        let after: FolderOfTexts = [
            "k8s/web.yaml": workload.replacing("serviceAccountName: web", with: "serviceAccountName: webs"),
            "k8s/accounts.yaml": accounts,
        ]
        let told = try ranked(before, after).flatMap(\.evidence).map(\.text)
        #expect(told.contains("no ServiceAccount is called webs; there is web"), "\(told)")
    }

    @Test("a doubled section is mended as a whole, and nothing else moves")
    func doubledSection() throws {
        let text = "image: {tag: v1}\nresources:\n  cpu: 1\nserver:\n  port: 80\n"
        let doubled = "image: {tag: v1}\nresources:\n  cpu: 1\nserver:\n  port: 80\nresources:\n  memory: 2\n"
        let changes = try ranked(["settings.yaml": text], ["settings.yaml": doubled])
        let found = try #require(changes.first { $0.fault == "duplicate-key" })
        #expect(found.mend == "delete lines 6-7")
        #expect(try ranked(["settings.yaml": text], ["settings.yaml": text]).isEmpty)
    }

    @Test("between the markers of a merge nothing is mended line by line")
    func unmerged() throws {
        let text = "replicas: 2\nname: a\n"
        let torn = "<<<<<<< HEAD\nreplicas: 2\n=======\nreplicas: 5\n>>>>>>> x\nname: a\n"
        let changes = try ranked(["a.yaml": text], ["a.yaml": torn])
        #expect(changes.contains { $0.fault == "conflict-markers" } && changes.allSatisfy { $0.mend == nil })
    }

    @Test("a placeholder that moves with its object is nobody's news")
    func movedPlaceholder() throws {
        func secret(_ namespace: String, _ value: String) -> FolderOfTexts {
            [
                "s.yaml":
                    "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: \(namespace)}\nstringData:\n  url: \(value)\n"
            ]
        }
        func faults(_ after: FolderOfTexts) throws -> [String?] {
            try ranked(secret("shop", "changeme"), after).map(\.fault)
        }
        #expect(!(try faults(secret("shops", "changeme"))).contains("placeholder"))
        #expect(try faults(secret("shops", "todo")).contains("placeholder"))
    }

    @Test(
        "code reads a variable where it asks for it, not where it speaks of it or has a value of that name",
        arguments: [
            ("size = int(os.environ[\"PAGE_SIZE\"])", true), ("const size = process.env.PAGE_SIZE", true),
            ("PAGE_SIZE = os.getenv('PAGE_SIZE')", true), ("pages=$PAGE_SIZE", true),
            ("read(PAGE_SIZE)", true), ("#[arg(long, env = \"PAGE_SIZE\")]", true),
            ("#[Autowire(env: 'PAGE_SIZE')]", true),
            ("let a=1;\(String(repeating: "x();", count: 400))read(PAGE_SIZE)", true),
            ("# PAGE_SIZE was read here", false), ("// see PAGE_SIZE", false),
            ("PAGE_SIZE = 50\nshow(PAGE_SIZE)", false),
            ("PAGE_SIZE = int(os.environ.get(\"PAGE_LEN\", \"50\"))\nshow(PAGE_SIZE)", false),
        ])
    func readers(code: String, isRead: Bool) throws {
        let own = "        - name: PAGE_SIZE\n          value: \"5\"\n"
        func tree(_ variables: String) -> FolderOfTexts {
            [
                "k8s/web.yaml":
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: shop/web:1\n        env:\n        - name: COLOUR\n          value: red\n\(variables)",
                "src/app.py": code + "\n",
            ]
        }
        let changes = try ranked(tree(own), tree(""))
        #expect(changes.contains { $0.fault == "removed-still-read" } == isRead, "\(changes.map(\.evidence))")
    }

    @Test("a file inside a ConfigMap is told by its own fields and lines")
    func embedded() throws {
        let first = try #require(try ranked(replacing: "pool_size: 20", by: "pool_size: 2").first)
        #expect(first.change.fieldPath == "data.app.yaml.server.pool_size")
        let line = others.split(separator: "\n", omittingEmptySubsequences: false).firstIndex {
            $0.contains("pool_size")
        }
        #expect(first.change.line == (line ?? 0) + 1)
    }

    @Test("no secret is shown in any evidence")
    func masks() throws {
        let changes = try ranked(
            replacing: "https://push.example.com/v1", by: "https://admin:hunter2hunter2@push.example.org/v1")
        #expect(!changes.isEmpty)
        for change in changes {
            let texts =
                change.evidence.map(\.text) + [change.change.before, change.change.after].compactMap { $0 }
            #expect(texts.allSatisfy { !$0.contains("hunter2") }, "\(texts)")
        }
    }

    @Test("the name of a Secret that is there already is shown: which one it is may be the fault")
    func existingSecret() throws {
        let changes = try ranked(
            ["values.yaml": "auth:\n  existingSecret: orders-prod\n"],
            ["values.yaml": "auth:\n  existingSecret: orders-staging\n"])
        #expect(
            changes.first?.change.before == "orders-prod" && changes.first?.change.after == "orders-staging")
    }

    @Test("the manual has the catalogue as the code has it")
    func manual() throws {
        let text = try String(contentsOfFile: "\(packageRoot)/docs/config-diff.md", encoding: .utf8)
        #expect(text.contains(faultCatalogue()))
    }
}

extension RankedChange {
    fileprivate var fieldSummary: String { "\(change.path) \(change.fieldPath)" }
}

import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

private let nothing = "# nothing yet\n"

private let workload = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      strategy:
        type: RollingUpdate
        rollingUpdate: {maxSurge: 1}
      template:
        spec:
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
          containers:
            - name: main
              image: shop/web:1
              env:
                - name: URL
                  value: http://api
                - name: KEY
                  valueFrom: {secretKeyRef: {name: s, key: k}}
              volumeMounts:
                - {name: data, mountPath: /data}
              resources:
                requests: {memory: 100Mi}
                limits: {memory: 200Mi}
          volumes:
            - {name: data, emptyDir: {}}
      selector: {matchLabels: {}}

    """

private let scaler =
    "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\nspec:\n  minReplicaCount: 2\n  maxReplicaCount: 8\n"

private let values = """
    controllers:
      main:
        containers:
          app:
            image: {repository: ghcr.io/o/app, tag: 1.2.3}
            env:
              - name: MODE
                value: fast
              - name: REGION
                value: eu
    service:
      web:
        controller: main
        ports: {http: {port: 8080}}
    persistence:
      data:
        advancedMounts:
          main:
            app: [{path: /data}]
    route:
      app:
        rules:
          - backendRefs: [{identifier: web, port: http}]

    """

private let files = ["web.yaml": workload, "scaler.yaml": scaler, "values.yaml": values, "new.yaml": nothing]

@Suite("Fields beside each other")
struct FieldPairTests {
    @Test(
        "two that cannot both hold are told where they are, also in what is new",
        arguments: [
            (
                Edit("web.yaml", "type: RollingUpdate", "type: Recreate"), "web.yaml:",
                "rollingUpdate (line 7) may not stand beside type Recreate"
            ),
            (
                Edit("web.yaml", "runAsUser: 1000", "runAsUser: 0"), "web.yaml:12",
                "runAsUser is 0, which is root, and runAsNonRoot is true (line 11)"
            ),
            (
                Edit("web.yaml", "            - name: KEY\n", ""), "web.yaml:",
                "URL has a value (line 18) and a valueFrom (line 19)"
            ),
            (
                Edit("scaler.yaml", "maxReplicaCount: 8", "maxReplicaCount: 1"), "scaler.yaml:",
                "at least 2 (line 5) and at most 1 (line 6) cannot both be"
            ),
            (
                Edit(
                    "new.yaml", nothing,
                    workload.replacing("name: web}", with: "name: two}").replacing(
                        "memory: 200Mi", with: "memory: 64Mi")),
                "new.yaml:25", "requests.memory is 100Mi (line 24), more than the limit of 64Mi (line 25)"
            ),
            (
                Edit(
                    "new.yaml", nothing,
                    workload.replacing("name: web}", with: "name: two}").replacing(
                        "- {name: data, emptyDir", with: "- {name: disk, emptyDir")),
                "new.yaml:22", "data is mounted, and there is no volume of that name"
            ),
            (
                Edit("values.yaml", "- name: REGION", "- name: MODE"), "values.yaml:",
                "MODE stands twice in the list (lines 7 and 9); the last one wins"
            ),
            (
                Edit("values.yaml", "controller: main", "controller: app"), "values.yaml:13",
                "these values have no controller app; they have main"
            ),
            (
                Edit("values.yaml", "      main:\n        app: [", "      web:\n        app: ["),
                "values.yaml:18", "these values have no controller web; they have main"
            ),
            (
                Edit("values.yaml", "identifier: web", "identifier: app"), "values.yaml:23",
                "these values have no service app; they have web"
            ),
        ] as [(Edit, String, String)])
    func contradictions(edit: Edit, place: String, text: String) throws {
        let said = try Said(files, edit)
        #expect(said.first.hasPrefix(place), "\(said.first)")
        #expect(said.first.contains(text), "\(said.first)")
    }

    @Test(
        "what was so before, or holds together, is not told",
        arguments: [
            [Edit("web.yaml", "maxSurge: 1", "maxSurge: 2")],
            [Edit("web.yaml", "runAsUser: 1000", "runAsUser: 1001")],
            [Edit("scaler.yaml", "maxReplicaCount: 8", "maxReplicaCount: 2")],
            [
                Edit("values.yaml", "      main:\n        app: [", "      worker:\n        app: ["),
                Edit("values.yaml", "controllers:\n  main:", "controllers:\n  worker:"),
                Edit("values.yaml", "controller: main", "controller: worker"),
            ],
        ])
    func whole(edits: [Edit]) throws {
        var after = files
        for edit in edits {
            try #require(after[edit.path]?.contains(edit.old) == true)
            after[edit.path] = after[edit.path]?.replacing(edit.old, with: edit.new)
        }
        let texts = try ranked(FolderOfTexts(files), FolderOfTexts(after)).flatMap(\.evidence).map(\.text)
        #expect(
            !texts.contains { text in
                ["cannot both", "may not stand", "which is root", "these values have", "stands twice"]
                    .contains(where: text.contains)
            }, "\(texts)")
    }

    @Test("a pair that was wrong before is nobody's news")
    func oldPair() throws {
        let broken = ["web.yaml": workload.replacing("type: RollingUpdate", with: "type: Recreate")]
        let said = try Said(
            broken, Edit("web.yaml", "rollingUpdate: {maxSurge: 1}", "rollingUpdate: {maxSurge: 3}"))
        #expect(!said.texts.contains { $0.contains("may not stand") }, "\(said.texts)")
    }

    @Test(
        "values that nothing reads as they are written",
        arguments: [
            (
                "image: {repository: ghcr.io/o/app, tag: 1.2.3}",
                "image: {repository: ghcr.io/o/app, tag: \"1,2.3\"}", "`1,2.3` is no tag: it holds a comma"
            ),
            ("repository: ghcr.io/o/app", "repository: gchr.io/o/app", "gchr.io is nearly ghcr.io"),
            ("repository: ghcr.io/o/app", "repository: quai.io/o/app", "quai.io is nearly quay.io"),
            ("value: fast", "value: https//fast.example.com", "is no URL: it lacks `://`"),
        ] as [(String, String, String)])
    func impossible(old: String, new: String, text: String) throws {
        let said = try Said(["values.yaml": values], Edit("values.yaml", old, new))
        #expect(said.texts.contains { $0.contains(text) }, "\(said.texts)")
    }

    @Test(
        "paths, labels, digests and times",
        arguments: [
            ("value: /posts", "value: posts", "the path `posts` begins with no slash"),
            (
                "node.kubernetes.io/type: big", "node.kubernetes.oi/type: big",
                "`node.kubernetes.oi/type` is no label of Kubernetes"
            ),
            (
                "schedule: \"30 10 * * *\"", "schedule: \"30 10 * *\"",
                "it has four fields, and cron takes five"
            ),
            (
                "schedule: \"30 10 * * *\"", "schedule: \"* 10 * * *\"",
                "it runs in every minute of such an hour"
            ),
            (
                "@sha256:" + String(repeating: "a", count: 64),
                "@sha256:" + String(repeating: "a", count: 61), "its digest has 61 digits, and SHA-256 has 64"
            ),
        ] as [(String, String, String)])
    func formats(old: String, new: String, text: String) throws {
        let digest = String(repeating: "a", count: 64)
        let files = [
            "a.yaml":
                "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec:\n  rules:\n    - matches:\n        - path: {type: PathPrefix, value: /posts}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: b}\nspec:\n  schedule: \"30 10 * * *\"\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          nodeSelector:\n            node.kubernetes.io/type: big\n          containers: [{name: b, image: \"shop/b@sha256:\(digest)\"}]\n"
        ]
        let said = try Said(files, Edit("a.yaml", old, new))
        #expect(said.texts.contains { $0.contains(text) }, "\(said.texts)")
    }

    @Test("slips of a thousand, and what is passed on under another name")
    func slips() throws {
        let said = try Said(
            ["w.yaml": workload.replacing("requests: {memory: 100Mi}", with: "requests: {cpu: 500m}")],
            Edit("w.yaml", "{cpu: 500m}", "{cpu: \"500\"}"))
        #expect(said.first.contains("a thousand times more, as if by a slip of the unit"), "\(said.first)")
        let files = [
            ".env": "MAPS_KEY=abc\n",
            "compose.yaml":
                "services:\n  web:\n    image: shop/web\n    environment:\n      MAPS_KEY: ${MAPS_KEY}\n",
            "web/server.js": "const key = process.env.MAPS_KEY\n",
        ]
        let passed = try Said(
            files, Edit(".env", "MAPS_KEY", "MAPBOX_KEY"),
            Edit("compose.yaml", "${MAPS_KEY}", "${MAPBOX_KEY}"))
        #expect(!passed.texts.contains { $0.contains("still reads the old name") }, "\(passed.texts)")
        let lost = try Said(files, Edit(".env", "MAPS_KEY", "MAPBOX_KEY"))
        #expect(lost.texts.contains { $0.contains("still reads the old name") }, "\(lost.texts)")
    }
}

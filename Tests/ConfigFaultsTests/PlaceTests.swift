import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

private let overlay: [String: String] = [
    "base/kustomization.yaml":
        "resources: [web.yaml]\nconfigMapGenerator:\n  - name: set\n    literals: [A=1, B=2]\n",
    "base/web.yaml": manifest("web", env: plain("MODE", "slow")),
    "prod/kustomization.yaml": """
    resources:
      - ../base
    components:
      - ../edge
    replicas:
      - name: web
        count: 4
    configMapGenerator:
      - name: set
        behavior: merge
        literals: [A=9]
    patches:
      - path: mode.yaml
      - path: level.yaml

    """,
    "prod/mode.yaml":
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: main\n          env: [{name: MODE, value: fast}]\n",
    "prod/level.yaml":
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: main\n          env: [{name: LEVEL, value: info}]\n",
    "edge/kustomization.yaml":
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [ingress.yaml]\n",
    "edge/ingress.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: edge}\nspec: {rules: []}\n",
]

@Suite("What a kustomization does to what it lists")
struct KustomizedEffectTests {
    @Test(
        "an entry is as risky as what it does",
        arguments: [
            ("count: 4", "count: 0", "in prod, Deployment web ▸ spec.replicas: nothing is left running"),
            (
                "behavior: merge", "behavior: replace",
                "in prod, ConfigMap set ▸ data.B is not put out any more"
            ),
            ("components:\n  - ../edge\n", "", "Ingress edge is not in prod any more"),
            ("  - path: level.yaml\n", "", "LEVEL"),
        ])
    func effects(old: String, new: String, text: String) throws {
        let said = try Said(overlay, Edit("prod/kustomization.yaml", old, new))
        #expect(said.texts.contains { $0.contains(text) }, "\(said.texts)")
    }

    @Test("what a file says that changes as well is told there")
    func changedFile() throws {
        let said = try Said(
            overlay,
            Edit(
                "prod/kustomization.yaml", "  - path: level.yaml\n", "  - path: level.yaml\n    options: {}\n"
            ),
            Edit("prod/level.yaml", "value: info", "value: debug"))
        #expect(
            !said.changes.contains { $0.change.path.hasPrefix("prod/kust") && $0.fault != nil },
            "\(said.texts)")
    }
}

@Suite("What moved, and what has another name")
struct MoveTests {
    @Test("an object in another file is the same object; one that changed on the way is not")
    func objects() throws {
        let (web, api) = (manifest("web", env: plain("A", "b")), manifest("api", env: plain("A", "b")))
        let before: FolderOfTexts = ["all.yaml": web + "---\n" + api]
        let split = try ranked(before, ["web.yaml": web, "all.yaml": api])
        #expect(split.allSatisfy { $0.score < 10 } && !split.isEmpty, "\(split.map(\.evidence))")
        #expect(split.contains { $0.evidence.contains { $0.text == "it stood in all.yaml before" } })
        let changed = try ranked(
            before, ["web.yaml": web.replacing("replicas: 3", with: "replicas: 2"), "all.yaml": api])
        #expect(changed.contains { $0.score > 20 }, "\(changed.map(\.evidence))")
    }

    @Test("a block of Terraform in another file")
    func blocks() throws {
        let (a, b) = ("resource \"x\" \"a\" {\n  size = 1\n}\n", "resource \"x\" \"b\" {\n  size = 2\n}\n")
        let moved = try ranked(["main.tf": a + b], ["main.tf": a, "b.tf": b])
        #expect(moved.allSatisfy { $0.score < 10 } && !moved.isEmpty, "\(moved.map(\.evidence))")
    }

    @Test(
        "what goes to another environment, another module or a file that others lay over has not just moved",
        arguments: [
            ("prod/all.yaml", "archive/all.yaml", manifest("web", env: plain("A", "b"))),
            ("a/main.tf", "b/main.tf", "resource \"x\" \"a\" {\n  size = 1\n}\n"),
            ("docker-compose.yml", "docker-compose.debug.yml", "services:\n  web:\n    image: a:1\n"),
            ("prod/values.yaml", "dev/values.yaml", "web: {limits: {memory: 1Gi}}\n"),
        ])
    func elsewhere(from: String, to: String, text: String) throws {
        let other = "other: 1\n"
        let before: FolderOfTexts = FolderOfTexts([
            from: text + (from.hasSuffix(".tf") ? "" : "---\n" + other), "x.yaml": other,
        ])
        let after: FolderOfTexts = FolderOfTexts([
            from: from.hasSuffix(".tf") ? "locals {}\n" : other, to: text, "x.yaml": other,
        ])
        let changes = try ranked(before, after)
        #expect(!changes.flatMap(\.evidence).contains { $0.kind == "moved" }, "\(changes.map(\.evidence))")
    }

    @Test("a switch of the same value is no rename")
    func switches() throws {
        let text = "flags: {blue: true}\nimage: shop/blue:1.2\nname: ${blue}\n"
        let said = try Said(["a.yaml": text], Edit("a.yaml", "blue", "green"))
        #expect(!said.texts.contains { $0.contains("with the same value") }, "\(said.texts)")
    }

    @Test("who names what was renamed with its value is innocent, who names something else is not")
    func renames() throws {
        let files = [
            "vars.env": "OLD_HOST=a.example.com\n",
            "net.tmpl.yaml": "kind: Ingress\nspec:\n  host: ${OLD_HOST}\n",
        ]
        let both = try Said(
            files, Edit("vars.env", "OLD_HOST", "NEW_HOST"), Edit("net.tmpl.yaml", "OLD_HOST", "NEW_HOST"))
        #expect(
            both.texts.contains("what it names was OLD_HOST and is NEW_HOST now, with the same value"),
            "\(both.texts)")
        let other = try Said(
            files, Edit("vars.env", "OLD_HOST=a.", "NEW_HOST=b."),
            Edit("net.tmpl.yaml", "OLD_HOST", "NEW_HOST"))
        #expect(!other.texts.contains { $0.contains("with the same value") }, "\(other.texts)")
    }

    @Test(
        "forms of a compose file that say the same are no change",
        arguments: [
            ("depends_on: [db]", "depends_on: {db: {condition: service_started}}", true),
            ("depends_on: [db]", "depends_on: {db: {condition: service_healthy}}", false),
            ("command: [\"run\", \"--all\"]", "command: run --all", true),
            ("command: [\"run\", \"--all\"]", "command: [\"run --all\"]", false),
            ("ports: [\"80:8080\"]", "ports: [{target: 8080, published: \"80\"}]", true),
            ("ports: [\"80:8080\"]", "ports: [{target: 8080, published: \"81\"}]", false),
            (
                "volumes: [\"d:/data:ro\"]",
                "volumes: [{type: volume, source: d, target: /data, read_only: true}]", true
            ),
            ("volumes: [\"d:/data:ro\"]", "volumes: [{type: volume, source: d, target: /data}]", false),
            ("env_file: a.env", "env_file: [a.env]", true),
            ("stop_grace_period: 90s", "stop_grace_period: 1m30s", true),
            ("networks: [one]", "networks: {one: }", true),
            ("ports: [\"80:80\"]", "ports: [, \"80:80\"]", false),
            ("ports: [\"80:80\"]", "ports: [\"/\"]", false),
            ("ports: [\"22:22\"]", "ports: [22:22]", false), ("entrypoint:", "entrypoint: \"\"", false),
            ("depends_on: [db]", "depends_on: {db: {condition: service_started, restart: true}}", false),
            ("volumes: [\"d:/data\"]", "volumes: [{type: bind, source: d, target: /data}]", false),
            ("healthcheck: {test: [CMD-SHELL, ok]}", "healthcheck: {test: ok}", true),
            ("healthcheck: {interval: 60s}", "healthcheck: {interval: 1m}", true),
            ("entrypoint: a b", "entrypoint: a c", false),
        ])
    func composeForms(old: String, new: String, isSame: Bool) throws {
        let text =
            "services:\n  web:\n    image: a:1\n    \(old)\n  db:\n    image: b:1\nvolumes: {d: }\nnetworks: {one: }\n"
        let said = try Said(["compose.yaml": text], Edit("compose.yaml", old, new))
        #expect(said.changes.isEmpty == isSame, "\(said.texts)")
    }

    @Test("as much memory in another unit, and a variable in quotes, are what they were")
    func sameValues() throws {
        let text =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - name: a\n      resources: {limits: {memory: 512Mi}}\n"
        let said = try Said(["a.yaml": text], Edit("a.yaml", "512Mi", "0.5Gi"))
        #expect(said.highest < 5 && said.texts.contains("512Mi and 0.5Gi are as much"), "\(said.texts)")
        #expect(try Said(["a.env": "USE_TLS=true\n"], Edit("a.env", "true", "\"true\"")).highest < 5)
        let other = "spring: {limits: {wait: 60m}}\n"
        #expect(
            !(try Said(["a.yml": other], Edit("a.yml", "60m", "0.06")).texts.contains {
                $0.contains("are as much")
            }))
    }
}

@Suite("What the likes of a file say")
struct SiblingPatternTests {
    private var clusters: [String: String] {
        Dictionary(
            uniqueKeysWithValues: ["lima", "oslo", "paris", "quito", "rome", "sofia"].map {
                ("clusters/\($0)/values.yaml", "bucket: gs://\($0)-scratch/home\naccount: \($0)-deployer\n")
            })
    }

    @Test("a value that names another folder, as that one's file does for itself")
    func copied() throws {
        let said = try Said(clusters, Edit("clusters/rome/values.yaml", "rome-deployer", "oslo-deployer"))
        #expect(
            said.first.hasPrefix(
                "clusters/rome/values.yaml:2 clone-divergence it names oslo, as clusters/oslo/values.yaml:2 does for itself; this is rome"
            ),
            "\(said.first)")
    }

    @Test("a value that does not follow what the others agree on; one that follows it is none")
    func stray() throws {
        var after = clusters
        after["clusters/turin/values.yaml"] = "bucket: gs://scratch-turin/home\naccount: turin-deployer\n"
        let changes = try ranked(FolderOfTexts(clusters), FolderOfTexts(after))
        let said = try #require(changes.first)
        #expect(
            said.change.line == 1
                && said.evidence.contains {
                    $0.text.contains("6 of 6 like files say gs://…-scratch/home here")
                }, "\(said)")
        after["clusters/turin/values.yaml"] = "bucket: gs://turin-scratch/home\naccount: turin-deployer\n"
        #expect(try ranked(FolderOfTexts(clusters), FolderOfTexts(after)).allSatisfy { $0.fault == nil })
    }

    @Test("what is not to be shown is not compared")
    func secrets() throws {
        func values(_ name: String) -> String {
            "db: {password: \(name)-Hunter2zz}\nurl: postgres://\(name):\(name)-word@db/x\ntoken: \(name)-Tok\nopen: \(name)-plain\n"
        }
        var files = Dictionary(
            uniqueKeysWithValues: ["lima", "oslo", "paris", "quito", "rome"].map {
                ("apps/\($0)/values.yaml", values($0))
            })
        let before = files
        files["apps/sofia/values.yaml"] = values("other").replacing("other-plain", with: "x")
        let texts = try ranked(FolderOfTexts(before), FolderOfTexts(files)).flatMap(\.evidence).map(\.text)
        #expect(
            !texts.contains { $0.contains("Hunter") || $0.contains("word@") || $0.contains("Tok") },
            "\(texts)")
    }

    @Test("a name that third ones have as well is meant for all")
    func shared() throws {
        var files = clusters
        for name in ["lima", "paris"] { files["clusters/\(name)/values.yaml"]?.append("hub: oslo-hub\n") }
        files["clusters/oslo/values.yaml"]?.append("hub: oslo-hub\n")
        let said = try Said(
            files, Edit("clusters/rome/values.yaml", "rome-deployer\n", "rome-deployer\nhub: oslo-hub\n"))
        #expect(!said.texts.contains { $0.contains("it names") }, "\(said.texts)")
    }
}

@Suite("What a path says of the environment")
struct EnvironmentOfPathTests {
    @Test(
        "whole folders and words of names",
        arguments: [
            ("overlays/prod/a.yaml", "prod"), ("components/tekton-ci/production/a.yaml", "prod"),
            ("clusters/eu-stage/a.yaml", "staging"),
            ("values-dev.yaml", "dev"), ("apps/test-web/a.yaml", nil), ("release-ci.yaml", nil),
            ("sandbox/x/production/a.yaml", "prod"),
            ("tests/a.yaml", "test"), ("deploy/values-test.yaml", "test"), ("templates/smoke-test.yaml", nil),
            ("kflux-prd-rh02/a.yaml", "prod"),
            (".env.production", "prod"), ("values-live.yaml", "prod"), ("tests/prod.yaml", "test"),
            ("examples/production.yaml", "dev"),
            (".github/workflows/a.yaml", "test"), ("a/.env.example", "dev"),
            ("docker-compose.prod.yml", "prod"), ("local/a.yaml", "dev"),
        ] as [(String, String?)])
    func paths(path: String, environment: String?) {
        #expect(ConfigFaults.environment(inPath: path) == environment)
    }

    @Test("the name of a variable in a namespace is none of an environment")
    func expression() throws {
        func text(_ value: Int) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: {{ stage }}\ndata:\n  A: \"\(value)\"\n"
        }
        let change = try #require(try ranked(["a.yaml.j2": text(1)], ["a.yaml.j2": text(2)]).first)
        #expect(
            change.factors.contains { $0.text.contains("neither path nor namespace") }, "\(change.factors)")
    }
}

@Suite("Words and first lines")
struct SlipTests {
    @Test(
        "a slip inside a long word weighs more than another ending, beginning or short part",
        arguments: [("descirption", 0.7), ("descriptions", 0.12), ("appVersionOf", 0.12)])
    func words(word: String, weight: Double) throws {
        let near =
            ["descirption": "description", "descriptions": "description", "appVersionOf": "apiVersionOf"][
                word] ?? ""
        let before = "a: {\(near): x}\nb: {\(near): y}\nc: {other: z}\n"
        let said = try Said(["a.yaml": before], Edit("a.yaml", "c: {other: z}", "c: {\(word): z}"))
        let found = said.changes.flatMap(\.evidence).filter { $0.kind == "misspelled_name" }
        #expect(
            found.allSatisfy { $0.weight == weight } && (!found.isEmpty || word == "descriptions"),
            "\(said.texts)")
    }

    @Test("a new document whose first line lost a letter")
    func version() throws {
        let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\nrules: []\n"
        let said = try Said(
            ["a.yaml": "x: 1\n", "b.yaml": role],
            Edit("a.yaml", "x: 1\n", "piVersion: v1\nkind: Role\nmetadata: {name: b}\nrules: []\n"))
        #expect(
            said.first.contains("a.yaml:1 refused-type")
                && said.first.contains("Role b has no apiVersion, but `piVersion`"), "\(said.first)")
    }

    @Test(
        "what is no JSON is not missed as such, what is none any more is",
        arguments: [
            ("[[groups]]\n      id = 1", false), ("[default]\n      a = b", false), ("{{ .user }}", false),
            ("{\"a\": 1", true), ("[1, 2", true),
        ])
    func innerJSON(text: String, isTold: Bool) throws {
        let file = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  conf: |\n      x = 1\n"
        let said = try Said(["a.yaml": file], Edit("a.yaml", "x = 1", text))
        #expect(said.texts.contains { $0.contains("JSON that does not parse") } == isTold, "\(said.texts)")
    }

    @Test(
        "who asks for a variable in a file of configuration",
        arguments: [
            (
                "conf/database.yml.erb", "host: <%= ENV[\"DB_HOST\"] %>\n",
                "conf/database.yml.erb:1 still reads it"
            ),
            ("application.properties", "url=jdbc:${DB_HOST}\n", "application.properties:1 still reads it"),
            ("net.tmpl", "host ${DB_HOST}\n", nil),
        ] as [(String, String, String?)])
    func asking(path: String, text: String, said: String?) throws {
        let files = [
            "web.yaml": manifest("web", env: plain("DB_HOST", "x") + plain("MODE_OF", "y")),
            "main.rb": "ENV[\"MODE_OF\"]\n", path: text,
        ]
        let found = try Said(
            files, Edit("web.yaml", "            - name: DB_HOST\n              value: x\n", ""))
        #expect(!found.texts.contains { $0.contains("nothing reads it any more") }, "\(found.texts)")
        if let said { #expect(found.texts.contains { $0.contains(said) }, "\(found.texts)") }
    }

    @Test(
        "what is computed, a file and a commit are neither hosts nor loose versions",
        arguments: [
            ("a.tf", "x \"y\" {\n  v = aws_a.b.id\n}\n", "aws_a.b.id", "aws_c.d.id", "another host"),
            ("a.yaml", "v: app.one.jar\n", "one", "two", "another host"),
            ("a.yaml", "image: shop/web:1.0\n", "shop/web:1.0", "79e7ee67211e", "no fixed version"),
        ])
    func computed(path: String, text: String, old: String, new: String, wrong: String) throws {
        let said = try Said([path: text], Edit(path, old, new))
        #expect(!said.texts.contains { $0.contains(wrong) } && !said.changes.isEmpty, "\(said.texts)")
    }

    @Test(
        "a unit of time that is gone, memory in thousandths, replicas by another name",
        arguments: [
            ("timeout: 30s", "timeout: 30", "30 has no unit where 30s had one"),
            ("api_memory_limit: 1536Mi", "api_memory_limit: 1536m", "a cluster reads 1536m as thousandths"),
            ("api_replicas: 6", "api_replicas: 0", "nothing is left running"),
        ])
    func units(old: String, new: String, text: String) throws {
        let said = try Said(["vars.yaml": old + "\n"], Edit("vars.yaml", old, new))
        #expect(said.first.contains(text), "\(said.first)")
    }
}

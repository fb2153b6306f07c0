import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A stack of two services, filled in from an `.env` file beside it.
private let stack = """
    services:
      api:
        image: registry.example/api:${API_TAG}
        environment:
          DATABASE_URL: ${DATABASE_URL}
          QUEUE_HOST: ${QUEUE_HOST}
          LEVEL: ${LOG_LEVEL:-info}
      mailer:
        image: registry.example/mailer:1.2
        environment:
          - SMTP_HOST=${SMTP_HOST:?say where mail goes}

    """
private let settings = "DATABASE_URL=postgres://db/shop\nQUEUE_HOST=queue\nSMTP_HOST=mail\n"

private func changes(
    _ path: String, _ old: String, _ new: String, around: [String: String], files: [String: String] = [:]
) throws -> [RankedChange] {
    var (before, after) = (around, around)
    try #require(before[path]?.contains(old) ?? old.isEmpty, "\(path) has no \(old)")
    after[path] = old.isEmpty ? new : after[path]?.replacing(old, with: new)
    after.merge(files) { _, new in new }
    before = before.filter { !$0.value.isEmpty }
    return try ranked(FolderOfTexts(before), FolderOfTexts(after.filter { !$0.value.isEmpty }))
}

@Suite("F37: variables that nothing sets")
struct UnsetVariableTests {
    private let compose = ["compose.yaml": stack, ".env": settings]

    @Test(
        "a compose file asks for what nothing defines",
        arguments: [
            ("${DATABASE_URL}", "${DATABSE_URL}", "there is DATABASE_URL", 10),
            ("${QUEUE_HOST}", "${BROKER_HOST}", "there is QUEUE_HOST", 10),
            ("${LOG_LEVEL:-info}", "${LOG_LEVEL}", "nothing in this repository defines LOG_LEVEL", 11),
            ("LEVEL: ${LOG_LEVEL:-info}", "PEPPER: $PEPPER", "nothing stands in its place", 11),
            ("${QUEUE_HOST}", "${QUEUE_NAME:?which}", "it is refused without", 10),
        ])
    func asked(old: String, new: String, text: String, line: Int) throws {
        let found = try changes("compose.yaml", old, new, around: compose)
        let change = try #require(found.first { $0.fault == "unset-variable" }, "\(found)")
        #expect(change.evidence.contains { $0.text.contains(text) }, "\(change.evidence)")
        #expect(change.change.path == "compose.yaml" && change.score >= 60)
    }

    @Test(
        "what has a default, is escaped, comes from the platform or is defined somewhere is no fault",
        arguments: [
            ("${QUEUE_HOST}", "${BROKER_HOST:-queue}", [:]), ("${QUEUE_HOST}", "$${BROKER_HOST}", [:]),
            ("${QUEUE_HOST}", "${BROKER_HOST+set}", [:]), ("${QUEUE_HOST}", "${HOSTNAME}", [:]),
            ("${QUEUE_HOST}", "${GITHUB_RUN_ID}", [:]), ("${API_TAG}", "${API_VERSION}", [:]),
            ("${QUEUE_HOST}", "${SMTP_HOST}", [:]),
            ("  LEVEL: ${LOG_LEVEL:-info}", "  # LEVEL: ${LOG_STYLE}", [:]),
            ("${QUEUE_HOST}", "${BROKER_HOST}", [".env": settings + "BROKER_HOST=b\n"]),
            ("${QUEUE_HOST}", "${BROKER_HOST}", ["prod.env": "export BROKER_HOST=b\n"]),
            ("${QUEUE_HOST}", "${BROKER_HOST}", ["Makefile": "BROKER_HOST ?= b\n"]),
            ("${QUEUE_HOST}", "${BROKER_HOST}", ["api/Dockerfile": "ARG BROKER_HOST\n"]),
            ("${QUEUE_HOST}", "${BROKER_HOST}", ["run.sh": "BROKER_HOST=b docker compose up\n"]),
            (
                "${QUEUE_HOST}", "${BROKER_HOST}",
                [".github/workflows/deploy.yml": "env:\n  BROKER_HOST: ${{ secrets.BROKER_HOST }}\n"]
            ),
            ("${QUEUE_HOST}", "${BROKER_HOST}", ["k8s.yaml": manifest("a", env: plain("BROKER_HOST", "b"))]),
            ("${QUEUE_HOST}", "${BROKER_HOST}", [".env.example": "# BROKER_HOST=where\n"]),
        ] as [(String, String, [String: String])])
    func defined(old: String, new: String, files: [String: String]) throws {
        let found = try changes("compose.yaml", old, new, around: compose, files: files)
        #expect(!found.isEmpty || old.contains("LEVEL") || new.contains("LEVEL"))
        #expect(!found.contains { $0.fault == "unset-variable" }, "\(found)")
    }

    @Test(
        "what only mentions a name defines nothing",
        arguments: [
            [".github/workflows/deploy.yml": "run: echo $BROKER_HOST\n"],
            ["README.md": "BROKER_HOST=where\n"], ["prod.env": "# BROKER_HOST=b\n"],
            ["main.py": "BROKER_HOST = os.environ['BROKER_HOST']\n"],
            ["run.sh": "docker run -e BROKER_HOST api\n"],
            ["k8s.yaml": manifest("a", env: plain("MY_BROKER_HOST", "b"))],
        ])
    func mentions(files: [String: String]) throws {
        let found = try changes(
            "compose.yaml", "${QUEUE_HOST}", "${BROKER_HOST}", around: compose, files: files)
        #expect(found.contains { $0.fault == "unset-variable" }, "\(found)")
    }

    @Test("what is passed on by its own name may be given by whoever starts it: no contradiction")
    func passedOn() throws {
        let before = FolderOfTexts(compose)
        func contradictions(_ line: String) throws -> Int {
            var files = compose
            files["compose.yaml"] = stack.replacing("LEVEL: ${LOG_LEVEL:-info}", with: line)
            let after = FolderOfTexts(files)
            return try compareConfig(before: before, after: after, files: after.changes(from: before))
                .contradictions.changes.count
        }
        #expect(try contradictions("PEPPER: ${PEPPER}") == 0)
        #expect(try contradictions("SALT: ${PEPPER}") == 1)
    }

    @Test("where nothing is defined here, it is defined elsewhere")
    func elsewhere() throws {
        let found = try changes(
            "compose.yaml", "${QUEUE_HOST}", "${BROKER_HOST}", around: ["compose.yaml": stack])
        #expect(found.allSatisfy { $0.fault != "unset-variable" }, "\(found)")
    }

    @Test("what another file has long asked for in vain is given from outside")
    func given() throws {
        let other = "services:\n  web:\n    image: web:1\n    environment:\n      PEPPER: ${PEPPER_SALT}\n"
        let found = try changes(
            "compose.yaml", "      LEVEL: ${LOG_LEVEL:-info}", "      PEPPER: ${PEPPER_SALT}",
            around: ["compose.yaml": stack, ".env": settings, "other/compose.yaml": other])
        #expect(found.allSatisfy { $0.fault != "unset-variable" }, "\(found)")
    }

    @Test(
        "a definition goes that a file is still filled in with",
        arguments: [
            ("QUEUE_HOST=queue\n", "", true), ("SMTP_HOST=mail\n", "", true),
            ("QUEUE_HOST=queue\n", "QUEUE_HOST=\n", false),
        ])
    func removed(old: String, new: String, fires: Bool) throws {
        let found = try changes(".env", old, new, around: compose)
        #expect(
            found.contains { $0.fault == "unset-variable" && $0.change.path == ".env" } == fires, "\(found)")
        guard fires else { return }
        #expect(found.first?.evidence.contains { $0.text.contains("compose.yaml:") } == true)
        #expect(found.allSatisfy { $0.evidence.allSatisfy { $0.weight >= 0 } }, "nothing makes it innocent")
    }

    @Test("the last definition counts, not one of several; a reference with a default needs none")
    func otherDefinition() throws {
        let twice = compose.merging(["prod.env": "QUEUE_HOST=q\n"]) { a, _ in a }
        #expect(
            try changes(".env", "QUEUE_HOST=queue\n", "", around: twice).allSatisfy {
                $0.fault != "unset-variable"
            })
        var lenient = compose
        lenient["compose.yaml"] = stack.replacing("${QUEUE_HOST}", with: "${QUEUE_HOST:-queue}")
        #expect(
            try changes(".env", "QUEUE_HOST=queue\n", "", around: lenient).allSatisfy {
                $0.fault != "unset-variable"
            })
    }

    @Test("a whole file of definitions goes")
    func fileGone() throws {
        let found = try changes(".env", settings, "", around: compose)
        #expect(found.first?.fault == "unset-variable" && found.first?.change.path == ".env", "\(found)")
    }

    @Test(
        "assignments, templates and Spring are filled in as well",
        arguments: [
            (".env", "A_URL=http://${A_HOST}/\nA_HOST=a\n", "${A_HOST}", "${A_HOTS}", true),
            (".env", "A_URL=http://${A_HOST}/\nA_HOST=a\nA_PORT=1\n", "${A_HOST}", "${A_PORT}", false),
            (
                ".env", "A_URL='http://${A_HOST}/'\nA_HOST=a\nB=${A_HOST}\n", "'http://${A_HOST}",
                "'${A_HOTS}", false
            ),
            (
                "nginx/site.conf.template", "proxy_pass http://${API_HOST}:${API_PORT}$request_uri;\n",
                "${API_HOST}", "${API_HOTS}", true
            ),
            (
                "nginx/site.conf.template", "proxy_pass http://${API_HOST}:${API_PORT}$request_uri;\n",
                "$request_uri", "$uri", false
            ),
            (
                "map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: curl ${API_HOST}\n",
                "${API_HOST}", "${API_HOST} ${ANSWER}", false
            ),
            (
                "map.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: curl ${API_HOST}\n",
                "${API_HOST}", "${API_HOTS}", true
            ),
            (
                "application.properties", "db.host=a\ndb.url=jdbc:x://${db.host}/shop\n", "${db.host}",
                "${db.hots}", true
            ),
            (
                "application.properties", "db.host=a\ndb.url=jdbc:x://${db.host}/shop\n", "${db.host}",
                "${db.name:shop}", false
            ),
            (
                "application.yml", "db:\n  host-name: a\n  url: x://${db.hostName}/\n",
                "url: x://${db.hostName}/",
                "url: y://${db.host_name}/", false
            ),
        ])
    func otherSyntaxes(path: String, text: String, old: String, new: String, fires: Bool) throws {
        let around = [path: text, "run.sh": "export API_HOST=api\nexport API_PORT=80\n"]
        let found = try changes(path, old, new, around: around)
        #expect(!found.isEmpty)
        #expect(found.contains { $0.fault == "unset-variable" } == fires, "\(found)")
    }
}

@Suite("F37: $(X) in Kubernetes")
struct UnexpandedVariableTests {
    private func pod(env: [String], args: String) -> String {
        manifest("a", env: env, extra: ["          args: [\(args)]"])
    }
    private let host = plain("QUEUE_HOST", "queue")

    private func told(_ before: String, _ after: String, files: [String: String] = [:]) throws -> [String] {
        var (old, new) = (files, files)
        old["a.yaml"] = before
        new["a.yaml"] = after
        return try ranked(FolderOfTexts(old), FolderOfTexts(new)).filter { $0.fault == "unset-variable" }
            .flatMap(\.evidence).filter { $0.kind == "unset_variable" }.map(\.text)
    }

    @Test("an argument refers to a variable that the container does not have")
    func misspelt() throws {
        let texts = try told(
            pod(env: host, args: "\"--queue=$(QUEUE_HOST)\""),
            pod(env: host, args: "\"--queue=$(QUEUE_HOTS)\""))
        #expect(
            texts == [
                "$(QUEUE_HOTS) stays text: container main has no variable QUEUE_HOTS; there is QUEUE_HOST"
            ])
    }

    @Test("a variable goes that an argument refers to")
    func removed() throws {
        let both = host + plain("LEVEL", "info")
        let found = try ranked(
            ["a.yaml": pod(env: both, args: "\"--queue=$(QUEUE_HOST)\"")],
            ["a.yaml": pod(env: plain("LEVEL", "info"), args: "\"--queue=$(QUEUE_HOST)\"")])
        #expect(found.count == 1 && found[0].fault == "unset-variable", "\(found)")
        #expect(found[0].change.fieldPath == "env QUEUE_HOST")
    }

    @Test("variables are read in order")
    func order() throws {
        let url = plain("QUEUE_URL", "amqp://$(QUEUE_HOST)/")
        #expect(try told(manifest("a", env: host + url), manifest("a", env: url + host)).count == 1)
        #expect(try told(manifest("a", env: url + host), manifest("a", env: host + url)).isEmpty)
    }

    @Test(
        "what the shell reads, what is escaped, what a service brings and what was so before is no fault",
        arguments: ["$(date)", "$$(QUEUE_NAME)", "$(SHOP_SERVICE_HOST)", "$(QUEUE_HOST)", "$(OLD_ONE)"])
    func innocent(reference: String) throws {
        let before = pod(env: host, args: "\"$(OLD_ONE)\"")
        #expect(try told(before, pod(env: host, args: "\"$(OLD_ONE)\", \"\(reference)\"")).isEmpty)
    }

    @Test("variables that may come from elsewhere are not missed")
    func elsewhere() throws {
        let before = pod(env: host, args: "\"a\"")
        let after = pod(env: host, args: "\"$(QUEUE_NAME)\"")
        #expect(try told(before, after).count == 1)
        let taken =
            after + "          envFrom:\n            - configMapRef:\n                name: settings\n"
        #expect(try told(before, taken).isEmpty)
        func settings(_ key: String) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  \(key): jobs\n"
        }
        #expect(try told(before, taken, files: ["b.yaml": settings("QUEUE_NAME")]).isEmpty)
        #expect(
            try told(before, taken, files: ["b.yaml": settings("QUEUE_NAMES")]) == [
                "$(QUEUE_NAME) stays text: container main has no variable QUEUE_NAME; there is QUEUE_NAMES"
            ])
        let overlay = manifest("a", env: plain("QUEUE_NAME", "jobs")).replacing(
            "          image: \"shop/a:1.0\"\n", with: "")
        #expect(try told(before, after, files: ["overlay/a.yaml": overlay]).isEmpty)
        let vars = "kind: Kustomization\nvars:\n  - name: QUEUE_NAME\n"
        #expect(try told(before, after, files: ["kustomization.yaml": vars]).isEmpty)
        let chart = after.replacing(
            "          env:\n", with: "          env:\n            {{- toYaml .Values.env }}\n")
        #expect(try told(before, chart).isEmpty)
    }
}

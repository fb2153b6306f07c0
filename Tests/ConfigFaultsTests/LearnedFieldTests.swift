import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

private func installer(_ name: String) -> String {
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: \(name)}\nspec:\n  interval: 1h\n  path: ./\(name)\n  prune: true\n  postBuild:\n    substitute:\n      APP: \(name)\n"
}

private func alarm(_ name: String) -> String {
    "resource \"aws_alarm\" \"\(name)\" {\n  threshold  = 3\n  depends_on = [aws_topic.all]\n}\n"
}

private let repository: [String: String] = {
    var files: [String: String] = [:]
    for name in ["a", "b", "c", "d"] {
        files["apps/\(name).yaml"] = installer(name)
        files["\(name).tf"] = alarm(name)
        files["overlays/\(name)/kustomization.yaml"] =
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [x.yaml]\nreplicas:\n  - {name: web, count: 2}\n"
        files["overlays/\(name)/x.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    }
    return files
}()

@Suite("Fields that the others teach")
struct LearnedFieldTests {
    @Test(
        "a field that no other object of the kind has, where all have one of nearly that name",
        arguments: [
            (
                Edit("apps/a.yaml", "  prune: true", "  purne: true"),
                "no other Kustomization has `purne` there; 3 have `prune`"
            ),
            (
                Edit("apps/a.yaml", "      APP:", "      AP:"),
                "no other Kustomization has `AP` there; 3 have `APP`"
            ),
            (
                Edit("overlays/a/kustomization.yaml", "replicas:", "replica:"),
                "no other kustomization has `replica` there; 3 have `replicas`"
            ),
            (Edit("a.tf", "depends_on", "depend_on "), "`depend_on` is no argument; `depends_on` is"),
        ])
    func mistyped(edit: Edit, text: String) throws {
        let said = try Said(repository, edit)
        #expect(said.texts.contains { $0.contains(text) }, "\(said.texts)")
        #expect(said.first.hasPrefix(edit.path + ":"), "\(said.first)")
    }

    @Test(
        "a field beside the usual one, or of a kind of its own, is none",
        arguments: [
            Edit("apps/a.yaml", "  prune: true", "  prune: true\n  prunes: true"),
            Edit("apps/a.yaml", "  prune: true", "  suspend: true"),
            Edit("a.tf", "threshold  = 3", "datapoints = 3"),
        ])
    func others(edit: Edit) throws {
        let said = try Said(repository, edit)
        #expect(!said.texts.contains { $0.contains("no other") }, "\(said.texts)")
    }

    @Test("labels that many objects have without quotes are taken by somebody")
    func habits() throws {
        var files: [String: String] = ["new.yaml": "# nothing yet\n"]
        func object(_ name: String) -> String {
            installer(name).replacing(
                "metadata: {name: \(name)}",
                with: "metadata:\n  name: \(name)\n  labels:\n    filled/in: true")
        }
        let alone = try Said(files, Edit("new.yaml", "# nothing yet\n", object("x")))
        #expect(alone.texts.contains { $0.contains("only text") }, "\(alone.texts)")
        for name in ["a", "b", "c"] { files["\(name).yaml"] = object(name) }
        let one = try Said(files, Edit("new.yaml", "# nothing yet\n", object("x")))
        #expect(!one.texts.contains { $0.contains("only text") }, "\(one.texts)")
    }

    @Test("values for variables that no module declares")
    func values() throws {
        let files = ["main.tf": "variable \"node_type\" {}\n", "prod.tfvars": "node_type = \"big\"\n"]
        let said = try Said(files, Edit("prod.tfvars", "node_type", "node_tyep"))
        #expect(
            said.first.contains("no module here declares a variable node_tyep; there is node_type"),
            "\(said.first)")
        let both = try Said(
            files, Edit("prod.tfvars", "node_type", "node_size"), Edit("main.tf", "node_type", "node_size"))
        #expect(!both.texts.contains { $0.contains("no module here") }, "\(both.texts)")
    }

    @Test("services of compose files have fields that all know, and wait for what tells its health")
    func services() throws {
        let files = [
            "compose.yaml":
                "services:\n  db:\n    image: postgres:15\n    healthcheck: {test: [CMD, pg_isready]}\n  web:\n    image: shop/web\n    retries: 3\n    depends_on:\n      db: {condition: service_healthy}\n"
        ]
        let gone = try Said(files, Edit("compose.yaml", "    healthcheck: {test: [CMD, pg_isready]}\n", ""))
        #expect(gone.first.contains("web (line 8) waits until db is healthy"), "\(gone.first)")
        let stray = try Said(
            files.mapValues { $0.replacing("    retries: 3\n", with: "") },
            Edit("compose.yaml", "image: shop/web\n", "image: shop/web\n    start_period: 3s\n"))
        #expect(stray.first.contains("a service has no field `start_period`"), "\(stray.first)")
        let extension_ = try Said(
            files, Edit("compose.yaml", "image: shop/web\n", "image: shop/web\n    x-note: a\n"))
        #expect(!extension_.texts.contains { $0.contains("has no field") }, "\(extension_.texts)")
    }

    @Test("a file that does not parse any more says that and nothing else")
    func broken() throws {
        let policy =
            "{\n  \"a\": [\n    {\"Sid\": \"x\", \"Effect\": \"Allow\"},\n    {\"Sid\": \"y\", \"Effect\": \"Deny\"}\n  ]\n}\n"
        let files = [
            "policy.json": policy, "a.yaml": "first: \"one\"\nsecond: two\nthird:\n  x: \"1\"\n  y: 2\n",
        ]
        let comma = try Said(files, Edit("policy.json", "\"Deny\"}\n", "\"Deny\"},\n"))
        #expect(
            comma.first.hasPrefix("policy.json:4 unparsable a comma stands before the end"), "\(comma.first)")
        let lost = try Said(files, Edit("policy.json", "\"x\", \"Effect\"", "\"x\" \"Effect\""))
        #expect(lost.first.contains("unparsable"), "\(lost.first)")
        #expect(!lost.texts.contains { $0.contains("appears") }, "\(lost.texts)")
        let quote = try Said(files, Edit("a.yaml", "first: \"one\"", "first: \"one"))
        #expect(quote.first.hasPrefix("a.yaml:1 unparsable"), "\(quote.first)")
    }

    @Test("symbolic links may lead to anything")
    func links() throws {
        let files = [
            "m/main.tf": "output \"a\" { value = var.size }\n", "m/variables.tf": "variable \"size\" {}\n",
        ]
        let after = ["m/main.tf": "output \"a\" { value = var.size }\n"]
        let told = try ranked(FolderOfTexts(files), FolderOfTexts(after))
        #expect(told.flatMap(\.evidence).contains { $0.text.contains("declares no such variable") })
        let linked = try ranked(FolderOfTexts(files), FolderOfTexts(after, links: ["m/variables.tf"]))
        #expect(!linked.flatMap(\.evidence).contains { $0.text.contains("declares no such variable") })
    }
}

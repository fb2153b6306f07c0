import ConfigFaults
import DeployModel
import TestSupport
import Testing

@Suite("Values as they are written, and as they are read")
struct WrittenValueTests {
    private func texts(_ before: FolderOfTexts, _ after: FolderOfTexts) throws -> [String] {
        try ranked(before, after).flatMap(\.evidence).map(\.text)
    }

    @Test("a number as a tag loses its last zero where it is a number, and not inside a text")
    func tag() throws {
        let chart = try ShopChart.ranked([("values.yaml", "tag: 1.4.2", "tag: 1.10")])
        let said = chart.flatMap(\.evidence).map(\.text)
        #expect(said.contains { $0.contains("registry.example/web:1.1 ") }, "\(said)")
        #expect(said.contains { $0.contains("`1.10` is read as the number 1.1") }, "\(said)")
        func manifests(_ tag: String) -> FolderOfTexts {
            [
                "web.yaml":
                    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: \(tag)\n"
            ]
        }
        let plain = try texts(manifests("a:1.9"), manifests("a:1.10"))
        #expect(
            plain.contains { $0.contains("a:1.10") } && !plain.contains { $0.contains("1.1 ") }, "\(plain)")
    }

    @Test(
        "kustomize takes only text for a tag",
        arguments: [("1.10", true), ("110", true), ("\"1.10\"", false), ("1.10.0", false)])
    func newTag(tag: String, isRefused: Bool) throws {
        func folder(_ tag: String) -> FolderOfTexts {
            ["kustomization.yaml": "images:\n  - name: web\n    newTag: \(tag)\n"]
        }
        let said = try texts(folder("\"1.9\""), folder(tag))
        #expect(
            said.contains { $0.contains("kustomize takes only text: it stops there") } == isRefused, "\(said)"
        )
    }

    @Test(
        "a version is no host",
        arguments: [
            ("v1.32.0", "v1.33.0", false), ("1.4.0-rc1", "1.4.0-rc2", false),
            ("a.example.com", "b.example.com", true), ("10.0.0.1", "10.0.0.2", true),
        ])
    func versions(old: String, new: String, isHost: Bool) throws {
        let said = try texts(["a.yaml": "app: {release: \(old)}\n"], ["a.yaml": "app: {release: \(new)}\n"])
        #expect(said.contains { $0.contains("it is another host") } == isHost, "\(said)")
    }

    @Test("sides that differ by their quotes alone are shown with them")
    func quotes() throws {
        let change = try #require(
            try ranked(["a.yaml": "debug: \"false\"\n"], ["a.yaml": "debug: false\n"]).first)
        #expect((change.change.before, change.change.after) == ("\"false\"", "false"))
        let other = try #require(
            try ranked(["a.yaml": "debug: \"true\"\n"], ["a.yaml": "debug: false\n"]).first)
        #expect((other.change.before, other.change.after) == ("true", "false"))
    }
}

@Suite("Examples of configuration")
struct ExampleFileTests {
    private func ranked(_ before: FolderOfTexts, _ after: FolderOfTexts, _ files: [FileChange]) throws
        -> [RankedChange]
    {
        rankChanges(try compareConfig(before: before, after: after, files: files), failures: .unknown)
    }

    @Test(
        "a file that becomes an example takes its variables along",
        arguments: [".env.example", ".env.sample"])
    func renamed(path: String) throws {
        let (settings, code) = ("PUSH_URL=x\nLEVEL_OF_LOGS=info\n", "os.Getenv(\"PUSH_URL\")\n")
        let changes = try ranked(
            [".env": settings, "main.go": code], [path: settings, "main.go": code],
            [FileChange(path: path, oldPath: ".env", status: .renamed)])
        let first = try #require(changes.first)
        #expect(first.change.path == ".env" && first.change.fieldPath == "PUSH_URL")
        #expect(first.fault == "removed-still-read" && first.score >= 40, "\(first)")
        #expect(changes.allSatisfy { $0.change.path != path || $0.score < 10 })
    }

    @Test("a file that is renamed otherwise keeps them")
    func renamedOtherwise() throws {
        let (settings, code) = ("PUSH_URL=x\n", "os.Getenv(\"PUSH_URL\")\n")
        let changes = try ranked(
            [".env": settings, "main.go": code], [".env.prod": settings, "main.go": code],
            [FileChange(path: ".env.prod", oldPath: ".env", status: .renamed)])
        #expect(changes.isEmpty, "\(changes)")
    }
}

extension HelmTests {
    @Test("a forgotten rename is told once")
    func toldOnce() throws {
        let changes = try ShopChart.ranked([
            ("values.yaml", "replicaCount: 4", "replicas: 4")
        ])
        let gone = try #require(changes.first { $0.change.fieldPath == "web.replicaCount" })
        #expect(gone.evidence.contains { $0.kind == "renamed_unread" }, "\(gone.evidence)")
        #expect(!gone.evidence.contains { $0.text.contains("not set here any more") })
    }
}

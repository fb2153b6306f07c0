import ConfigFaults
import DeployModel
import TestSupport
import Testing

@Suite("Inside long values")
struct FinerDifferenceTests {
    private func changes(_ before: String, _ after: String, path: String = "app.yaml") throws -> [FieldChange]
    {
        try ranked(FolderOfTexts([path: before]), FolderOfTexts([path: after])).map(\.change)
            .sorted { ($0.line, $0.fieldPath) < ($1.line, $1.fieldPath) }
    }

    private func script(_ lines: [String]) -> String {
        "name: a\nnginx.conf: |\n" + lines.map { "  \($0)\n" }.joined() + "last: b\n"
    }

    @Test("each stretch of changed lines of a text is told at its own line")
    func stretches() throws {
        let found = try changes(
            script(["user nginx;", "listen 80;", "# old words", "gzip on;", "root /srv;"]),
            script(["user nginx;", "listen 81;", "# new words", "gzip on;", "deny all;", "root /srv;"]))
        #expect(found.map(\.line) == [4, 7])
        #expect(found.map(\.before) == ["listen 80;", nil])
        #expect(found.map(\.after) == ["listen 81;", "deny all;"])
        #expect(found[0].fieldPath == "nginx.conf line 2")
    }

    @Test("a line that sets a name is told as that")
    func settings() throws {
        let found = try changes(
            script(["[pool]", "max_connections = 100", "host: db"]),
            script(["[pool]", "max_connections = 10", "host: db"]))
        #expect(found.map(\.fieldPath) == ["nginx.conf max_connections"])
        #expect(found[0].before == "100" && found[0].after == "10" && found[0].line == 4)
    }

    @Test("secrets in lines are masked")
    func secrets() throws {
        let found = try changes(
            script(["connect --password=aaaaaaaa now", "b"]),
            script(["connect --password=bbbbbbbb now", "b"]))
        #expect(found.count == 1)
        #expect(!"\(found)".contains("aaaaaaaa") && !"\(found)".contains("bbbbbbbb"))
    }

    private func list(_ elements: [String]) -> String {
        "args:\n" + elements.map { "- \"\($0)\"\n" }.joined() + "last: b\n"
    }

    @Test(
        "elements of a list are told one by one",
        arguments: [
            (["--a=1", "--timeout=30s", "c"], ["--a=1", "--timeout=3s", "c"], ["args --timeout"], [3]),
            (["--a=1", "--b=2"], ["--a=1", "--b=3", "--new"], ["args --b", "args --new"], [3, 4]),
            (["x", "y", "z"], ["x", "w", "z"], ["args[1]"], [3]),
            (["x", "y"], ["x"], ["args[1]"], [2]),
        ] as [([String], [String], [String], [Int])])
    func elements(before: [String], after: [String], fields: [String], lines: [Int]) throws {
        let found = try changes(list(before), list(after))
        #expect(found.map(\.fieldPath) == fields)
        #expect(found.map(\.line) == lines)
    }

    @Test("another order of the same elements is told as a whole")
    func order() throws {
        #expect(try changes(list(["a", "b", "c"]), list(["c", "a", "b"])).map(\.fieldPath) == ["args"])
    }

    @Test("another text altogether is told as a whole")
    func another() throws {
        func lines(_ word: String) -> [String] { (0..<50).flatMap { ["\(word) \($0)", "same"] } }
        #expect(try changes(script(lines("old")), script(lines("new"))).map(\.fieldPath) == ["nginx.conf"])
    }
}

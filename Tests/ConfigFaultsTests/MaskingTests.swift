import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

@Suite("Secrets are not shown")
struct MaskingTests {
    @Test(
        "inside texts",
        arguments: [
            ("PASSWORD=hunter22", "PASSWORD=••••••"),
            (#"{"password":"json-pw", "user":"ada"}"#, #"{"password":"••••••", "user":"ada"}"#),
            (#"{\"token\": \"abc123\"}"#, #"{\"token\": \"••••••\"}"#),
            ("{name: DB_PASSWORD, value: very-secret}", "{name: DB_PASSWORD, value: ••••••}"),
            ("connect --password hunter22 --host db", "connect --password •••••• --host db"),
            ("--db-password=hunter22", "--db-password=••••••"),
            ("Authorization: Bearer abc.def-123", "Authorization: Bearer ••••••"),
            ("postgres://ada:hunter22@db:5432/x", "postgres://ada:••••••@db:5432/x"),
            ("ada:hunter22@tcp(db)/x", "ada:••••••@tcp(db)/x"),
            ("a: 1, api_key: abcdef, b: 2", "a: 1, api_key: ••••••, b: 2"),
        ])
    func hidden(text: String, shown: String) { #expect(masked(text) == shown) }

    @Test(
        "what is none stays",
        arguments: [
            "nginx:1.2@sha256:0123456789abcdef", "git@github.com:shop/api.git", "secretKeyRef.key: user",
            "password: ${DB_PASSWORD}", "password: {DB_PASSWORD}", "listen 80;", "timeout: 30s",
            "http://db:5432/x", "secretName: tls", "user=ada host=db", "name: web, value: 3",
        ])
    func plain(text: String) { #expect(masked(text) == text) }

    private func report(_ before: FolderOfTexts, _ after: FolderOfTexts) throws -> String {
        "\(try ranked(before, after))"
    }

    @Test(
        "of generators, patches and arguments",
        arguments: [
            "secretGenerator:\n- name: creds\n  literals: [PASSWORD=hunter2X, plain=hunter2X]\n",
            "secretGenerator:\n- name: creds\n  envs: [some.env]\n",
            "secretGenerator:\n- name: creds\n  files: [conf.yaml]\n",
            "configMapGenerator:\n- name: c\n  literals: [DB_PASSWORD=hunter2X]\n",
            "patches:\n- patch: |\n    - op: add\n      path: /a\n      value: {name: DB_PASSWORD, value: hunter2X}\n",
            "args:\n- --password\n- hunter2X\n",
        ])
    func places(text: String) throws {
        func files(_ secret: String) -> FolderOfTexts {
            var files = ["kustomization.yaml": text.replacing("hunter2X", with: secret)]
            if text.contains("some.env") { files["some.env"] = "FOO=\(secret)\n" }
            if text.contains("conf.yaml") { files["conf.yaml"] = "a: \(secret)\n" }
            return FolderOfTexts(files)
        }
        let shown = try report(files("hunter22"), files("hunter33"))
        #expect(!shown.contains("hunter22") && !shown.contains("hunter33"), "\(shown)")
    }
}

import DeployModel
import TestSupport
import Testing

/// What is said of a change: `class@path:line` for each fault.
private func placedFaults(_ before: [String: String], _ after: [String: String]) throws -> [String] {
    try ranked(FolderOfTexts(before), FolderOfTexts(after)).compactMap { ranked in
        ranked.fault.map { "\($0)@\(ranked.change.path):\(ranked.change.line)" }
    }
}

private let template = """
    {{ $version := "v1.4" }}
    kind: Deployment
    spec:
      {{- if .Values.tls }}
      tls: true
      {{- end }}
      image: app:{{ $version }}

    """

@Suite("Files that cannot be read any more")
struct SyntaxFaultTests {
    @Test(
        "a template that does not compile is told at the action",
        arguments: [
            ("{{- end }}", "{{- end }", "unparsable@a.yaml:6"),
            ("{{- end }}", "", "unparsable@a.yaml:4"),
            ("{{- end }}", "{{- }}", "unparsable@a.yaml:6"),
            ("{{- if .Values.tls }}", "{{- if eq .Values.tls \"on\") }}", "unparsable@a.yaml:4"),
            ("{{- if .Values.tls }}", "{{- if (eq .Values.tls \"on\" }}", "unparsable@a.yaml:4"),
            ("{{- if .Values.tls }}", "{{- if eq .Values.tls \"on }}", "unparsable@a.yaml:4"),
            ("  tls: true", "  tls: {{ if .Values.a }}true{{ end }}{{ end }}", "unparsable@a.yaml:6"),
        ])
    func broken(old: String, new: String, fault: String) throws {
        let found = try placedFaults(["a.yaml": template], ["a.yaml": template.replacing(old, with: new)])
        #expect(found.contains(fault), "\(found)")
    }

    @Test(
        "a file that does not parse any more keeps its labels, so that no Service loses its pods",
        arguments: [("value: \"1\"", "value: \"1"), ("matchLabels: {app: web}", "matchLabels: {app: web")])
    func labelsBetweenBrackets(old: String, new: String) throws {
        let web = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              selector:
                matchLabels: {app: web}
              template:
                metadata:
                  labels: {app: web}
                spec:
                  containers:
                    - name: web
                      env:
                        - name: A
                          value: "1"

            """
        let service =
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports: [{port: 80}]\n"
        let found = try placedFaults(
            ["web.yaml": web, "svc.yaml": service],
            ["web.yaml": web.replacing(old, with: new), "svc.yaml": service])
        #expect(found.map { $0.prefix { $0 != "@" } } == ["unparsable"], "\(found)")
    }

    @Test(
        "what other engines write between braces is no Go template",
        arguments: [
            "a: {{#if x}}\nb: {{ x }}{{/if}}\n", "{% if x %}\na: {{ x }}\n{% endif %}\n", "a: ${{ if( x }}\n",
            "a: '{{ $labels.pod }'\n", "a: {{ lookup('env', 'X') }}\n",
        ])
    func others(text: String) throws {
        #expect(
            try placedFaults(["a.yaml": "a: 1\n"], ["a.yaml": text]).filter { $0.contains("compile") }.isEmpty
        )
        #expect(try placedFaults(["b.yaml": "a: 1\n"], ["b.yaml": "a: 1\n", "a.yaml": text]).isEmpty)
    }

    @Test(
        "JSON in a text is read as JSON",
        arguments: [
            (#"{"b": 2}"#, #"{"b": 2},"#, "a comma stands before the bracket", 7),
            (#"{"a": 1}"#, #"{"a": "1”}"#, "a quote of another kind closes", 5),
            (#"{"a": 1},"#, #"{"a": 1}"#, "a comma is missing", 6),
        ])
    func inner(old: String, new: String, why: String, line: Int) throws {
        let text =
            "env:\n  - name: LIST\n    value: |\n      [\n        {\"a\": 1},\n        {\"b\": 2}\n      ]\n"
        try #require(text.contains(old))
        let found = try placedFaults(["a.yaml": text], ["a.yaml": text.replacing(old, with: new)])
        #expect(found == ["unparsable@a.yaml:\(line)"], "\(why)")
    }

    @Test("JSON with template statements is not judged: they may write what is missing")
    func innerTemplate() throws {
        let text =
            "value: |\n  [\n  {{- range .Values.a }}\n    {\"a\": {{ . }}},\n  {{- end }}\n    {}\n  ]\n"
        #expect(try placedFaults(["a.yaml": "value: x\n"], ["a.yaml": text]).isEmpty)
    }

    @Test("a file that never parsed is not told again, a new one is")
    func new() throws {
        #expect(try placedFaults(["a.yaml": "a: [\n"], ["a.yaml": "a: [\nb: 1\n"]).isEmpty)
        #expect(
            try placedFaults(["b.yaml": "b: 1\n"], ["b.yaml": "b: 1\n", "a.yaml": "a: [\nb: 1\n"]) == [
                "unparsable@a.yaml:3"
            ])
    }
}

@Suite("Statements and variables of templates")
struct TemplateStatementTests {
    @Test("another version in a variable is a change of the image")
    func version() throws {
        let after = template.replacing("v1.4", with: "v1.5")
        #expect(try placedFaults(["a.yaml": template], ["a.yaml": after]) == ["image-changed@a.yaml:1"])
    }

    @Test("another condition is a change, told with both")
    func condition() throws {
        let after = template.replacing("if .Values.tls", with: "if .Values.secure")
        let changes = try ranked(FolderOfTexts(["a.yaml": template]), FolderOfTexts(["a.yaml": after])).map(
            \.change)
        #expect(
            changes.map { "\($0.line) \($0.before ?? "") > \($0.after ?? "")" } == [
                "4 if .Values.tls > if .Values.secure"
            ])
    }

    @Test("a variable of the template outside of braces stays text")
    func bare() throws {
        let after = template.replacing("app:{{ $version }}", with: "app:$version")
        #expect(try placedFaults(["a.yaml": template], ["a.yaml": after]).contains("unset-variable@a.yaml:7"))
        let shell = template + "command: echo $versions $HOME\n"
        #expect(
            try !placedFaults(["a.yaml": template], ["a.yaml": shell]).contains {
                $0.hasPrefix("unset-variable")
            })
    }
}

@Suite("Files that are named and are not there")
struct MissingFileTests {
    private let tree = ["c/one.values.yaml": "a: 1\n", "c/two.values.yaml": "a: 1\n", "docs/x/readme.md": ""]

    @Test(
        "what stands beside a name tells that it is one of files",
        arguments: [
            (
                "files:\n  - one.values.yaml\n  - two.values.yaml\n",
                "files:\n  - one.values.yaml\n  - two.values.yaml\n  - twoo.values.yaml\n", 4
            ),
            ("path: ./docs/x\n", "path: ./docs/y\n", 1),
            ("path: c/one.values.yaml\n", "path: c/one.values.yamlQ\n", 1),
        ])
    func missing(old: String, new: String, line: Int) throws {
        let found = try placedFaults(
            tree.merging(["c/cluster.yaml": old]) { $1 }, tree.merging(["c/cluster.yaml": new]) { $1 })
        #expect(found.contains("dangling-reference@c/cluster.yaml:\(line)"), "\(found)")
    }

    @Test(
        "names of files elsewhere, of hosts and of versions are none of the repository",
        arguments: [
            ("path: config.yaml\n", "path: settings.yaml\n"),
            ("image: ghcr.io/a/b\n", "image: ghcr.io/a/c\n"),
            ("api: apps/v1\n", "api: batch/v1\n"), ("path: ./docs/x\n", "path: ./c\n"),
            (
                "files:\n  - one.values.yaml\n  - mounted.yaml\n",
                "files:\n  - one.values.yaml\n  - mounted.yaml\n  - other.yaml\n"
            ),
        ])
    func others(old: String, new: String) throws {
        let found = try placedFaults(
            tree.merging(["c/cluster.yaml": old]) { $1 }, tree.merging(["c/cluster.yaml": new]) { $1 })
        #expect(!found.contains { $0.hasPrefix("dangling-reference") }, "\(found)")
    }
}

@Suite("Words that are mistyped")
struct MisspellingTests {
    private let usual =
        "a:\n  claim: email\n  admission: PodSecurityPolicy\nb:\n  claim: email\n  admission: PodSecurityPolicy\n"

    @Test(
        "a letter away from what stands often, and nowhere else",
        arguments: [
            ("  claim: emali\n", 8), ("  admission: PodSecurityPolicy, PodSecuritPolicy\n", 0),
            ("  admission: PodSecurityPolic\n", 8), ("  claims: email\n", 0), ("  claim: email2\n", 0),
            ("  # emali\n", 0),
        ])
    func word(line: String, at place: Int) throws {
        let texts = try hints(["a.yaml": usual], ["a.yaml": usual + "c:\n" + line])
        #expect(texts.count == (place == 0 ? 0 : 1))
        #expect(texts.allSatisfy { $0.hasPrefix("line \(place): ") }, "\(texts)")
    }

    @Test(
        "many such words in one change are hardly more suspicious than one, and all its lines stay in sight")
    func several() throws {
        let found = try ranked(
            ["a.yaml": usual],
            ["a.yaml": usual + "c:\n  claim: emali\n  admission: PodSecurityPolic\n  size: 3\n"])
        let change = try #require(found.first { $0.fault == "misspelled-name" })
        #expect((change.change.line, change.change.endLine) == (7, 10))
        let own = change.evidence.filter { $0.kind == "misspelled_name" }
        #expect(own.count == 1)
        #expect(own.first?.text.hasSuffix("; 1 more such word") ?? false, "\(own)")
    }

    private func hints(_ before: FolderOfTexts, _ after: FolderOfTexts) throws -> [String] {
        try ranked(before, after).flatMap(\.evidence).filter { $0.kind == "misspelled_name" }.map(\.text)
    }

    @Test("a word that only a Secret has is not shown beside a mistyped one")
    func secretNeighbour() throws {
        let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: a}\nstringData:\n  a: correcthorse\n"
        let changes = try ranked(
            FolderOfTexts(["s.yaml": secret, "a.yaml": "a: 1\n"]),
            FolderOfTexts(["s.yaml": secret + "  b: correcthorse\n", "a.yaml": "a: 1\nb: correcthorsf\n"]))
        #expect(!changes.isEmpty)
        #expect(!changes.flatMap(\.evidence).contains { $0.text.contains("correcthorse") })
    }

    @Test("a word that another file has is known")
    func known() throws {
        let other = ["b.txt": "emali is a town"]
        let found = try placedFaults(
            other.merging(["a.yaml": usual]) { $1 },
            other.merging(["a.yaml": usual + "c:\n  claim: emali\n"]) { $1 })
        #expect(found.isEmpty)
    }
}

@Suite("Values of another kind than their siblings")
struct StrayShapeTests {
    private func apps(_ names: [String], last: String) -> String {
        names.map { "\($0):\n  ingress:\n    hosts:\n      - name: \($0).example\n" }.joined() + last
    }

    @Test("a list of texts where all others are of mappings")
    func list() throws {
        let old = apps(["a", "b", "c"], last: "")
        let found = try placedFaults(
            ["a.yaml": old], ["a.yaml": old + "d:\n  ingress:\n    hosts:\n      - d.example\n"])
        #expect(found == ["structure-moved@a.yaml:15"])
        let few = apps(["a", "b"], last: "")
        #expect(
            try placedFaults(
                ["a.yaml": few], ["a.yaml": few + "d:\n  ingress:\n    hosts:\n      - d.example\n"]
            )
            .isEmpty)
    }

    @Test(
        "an anchor on nothing",
        arguments: [
            ("size: &limit\nother: 1\n", true), ("size: &limit 5M\nother: 1\n", false),
            ("size: &limit\n  a: 1\n", false), ("size: &limit\n- a\n", false), ("size: *limit\n", false),
            // Names are compared as a whole: nobody refers to this one.
            ("size: &lim\nother: 1\n", false), ("size: &other\nthird: *other\n", true),
        ])
    func anchor(text: String, isFault: Bool) throws {
        let old = "first: &limit 10M\nsecond: *limit\n"
        #expect(
            try placedFaults(["a.yaml": old], ["a.yaml": old + text])
                == (isFault ? ["type-trap@a.yaml:3"] : []))
    }
}

@Suite("Values that cannot be meant")
struct ImpossibleValueTests {
    @Test(
        "a schedule, an image, a domain",
        arguments: [
            ("schedule: \"43 1 * * *\"", "schedule: \"1 43 * * *\"", "refused-type@a.yaml:1"),
            (
                "schedule: \"*/5 0-6,22 * * 1-5\"", "schedule: \"*/50 0-6,22 * * 1-7\"",
                "schedule-changed@a.yaml:1"
            ),
            ("image: shop/api:1", "image: shop//api:1", "refused-type@a.yaml:1"),
            ("image: shop/api:1", "image: shop/api:2", "image-changed@a.yaml:1"),
            ("host: a.example.org", "host: a.example.org.example.org", "address-changed@a.yaml:1"),
            ("build: r1.1.1", "build: r1.2.1.2", ""),
        ])
    func value(old: String, new: String, fault: String) throws {
        #expect(
            try placedFaults(["a.yaml": old + "\n"], ["a.yaml": new + "\n"]) == (fault.isEmpty ? [] : [fault])
        )
    }

    @Test("a brace too many behind an action")
    func brace() throws {
        let old = "{{ if .a }}\nname: {{ .x }}\n{{ end }}\nflow: {a: {{ .x }}}\n"
        let new = old.replacing("name: {{ .x }}", with: "name: {{ .x }}}").replacing(
            "flow: {a", with: "flow: {b")
        #expect(
            try placedFaults(["a.yaml": old], ["a.yaml": new]).filter { $0.hasPrefix("unparsable") } == [
                "unparsable@a.yaml:2"
            ])
    }
}

@Suite("Hints show no secrets")
struct HiddenHintTests {
    @Test(
        "neither a mistyped word, nor a name of a file, nor a variable",
        arguments: [
            (
                "kind: Secret\napiVersion: v1\nmetadata: {name: a}\nstringData:\n  a: correcthorse\n  b: correcthorse\n",
                "  c: correcthorsf\n", "correcthors"
            ),
            (
                "kind: Secret\napiVersion: v1\nmetadata: {name: a}\nstringData:\n  d: deploy.example.org\n",
                "  e: zebra.part.zebra.part\n", "zebra"
            ),
            ("{{- if .a }}\nb: 1\n{{- end }}\n", "{{- $password := \"hunter2brandnew\" }}\n", "hunter2"),
        ])
    func hidden(old: String, more: String, secret: String) throws {
        let changes = try ranked(FolderOfTexts(["a.yaml": old]), FolderOfTexts(["a.yaml": old + more]))
        #expect(!changes.isEmpty)
        for change in changes {
            let told = change.evidence.map(\.text) + [change.change.before ?? "", change.change.after ?? ""]
            #expect(!told.contains { $0.contains(secret) }, "\(told)")
        }
    }
}

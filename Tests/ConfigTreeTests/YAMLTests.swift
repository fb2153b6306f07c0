import ConfigTree
import TestSupport
import Testing

@Suite("Reading YAML")
struct YAMLTests {
    @Test(
        "gives the tree that a cluster sees, duplicates kept",
        arguments: [
            ("", ""),
            ("# nothing\n", ""),
            ("a: 1", "{a: 1}"),
            ("a: 'x'\nb: \"y\\n\"\nc:\nd: ''", "{a: 'x', b: 'y⏎', c: ∅, d: ''}"),
            ("- 1\n- - 2\n  - 3\n- k: v", "[1, [2, 3], {k: v}]"),
            ("a: [1, {b: 2}, ]\nc: {d, e: f}", "{a: [1, {b: 2}], c: {d: ∅, e: f}}"),
            ("key: secret\nkey: key", "{key: secret, key: key}"),
            ("a: |\n  x\n   y\n\nb: >-\n  x\n  y\n", "{a: 'x⏎ y⏎', b: 'x y'}"),
            ("a: x\n  y\n", "{a: x y}"),
            ("l:\n- a\n# at column 0\n- b\n", "{l: [a, b]}"),
            ("l:\n  - a\n#########\n# text\n  # more\n  - b\n", "{l: [a, b]}"),
            ("a: 1\r\nb:\r\n  - c\r\n", "{a: 1, b: [c]}"),
            ("\u{FEFF}a: 1\n", "{a: 1}"),
            ("a:\t1\n", "{a: 1}"),
            ("a: !!str 1\nb: !Ref Bucket\nc: ! x\n", "{a: '1', b: !Ref Bucket, c: 'x'}"),
            ("? [a, b]\n: 1\n{c: d}: 2\n", "{[a, b]: 1, {c: d}: 2}"),
            ("%YAML 1.1\n---\na: 1\n...\n", "{a: 1}"),
            ("# c\n---\na: 1\n---\n# d\n---\nb: 2\n", "{a: 1} --- nil --- {b: 2}"),
            ("--- |\n text\n--- x\n", "'text⏎' --- x"),
            ("just text\n", "just text"),
        ])
    func tree(text: String, expected: String) { #expect(dump(text) == expected) }

    @Test("says where keys and values stand, last characters included")
    func marks() {
        let text = """
            # é
            é: {x: "1"}
            l:
              - ab
            b: |
              text

            e:
            """
        #expect(
            dump(text, marks: true)
                == "{é@2:1: {x@2:5: '1'@2:8-2:10}, l@3:1: [ab@4:5-4:6], b@5:1: 'text⏎'@5:4-6:6, e@8:1: ∅@8:3-8:3}"
        )
        let file = parseConfig(path: "a.yaml", contents: Array(text.utf8))
        let root = file?.documents.first?.root
        #expect(root?["é"]?.end == Mark(line: 2, column: 11))
        #expect(root?["l"]?.end == Mark(line: 4, column: 6))
        #expect(root?.start == Mark(line: 2, column: 1))
        #expect(file?.lines.count == 8)
        #expect(file?.documents.first?.lines == 1...8)
    }

    @Test(
        "follows aliases and merge keys, and what is written here wins",
        arguments: [
            ("a: &x [1, 2]\nb: *x", "{a: [1, 2], b: [1, 2]}"),
            ("a: &x {k: v}\nb: *x", "{a: {k: v}, b: {<k: v}}"),
            ("a: &x {k: v, l: w}\nb:\n  k: here\n  <<: *x", "{a: {k: v, l: w}, b: {<k: v, <l: w, k: here}}"),
            (
                "x: &x {k: 1}\ny: &y {k: 2}\nb:\n  <<: [*x, *y]",
                "{x: {k: 1}, y: {k: 2}, b: {<k: 2, <k: 1}}"
            ),
            ("b: {<<: {k: 1}}", "{b: {<k: 1}}"),
            ("b: {<<: 1, '<<': {k: 1}}", "{b: {<<: 1, <<: {k: 1}}}"),
            ("b: *gone\nc: 1", "!{b: *gone, c: 1}"),
            ("a: &a [*a]", "!{a: [*a]}"),
        ])
    func aliases(text: String, expected: String) { #expect(dump(text) == expected) }

    @Test("takes the effective value from the right place")
    func effectiveValue() {
        let text = "x: &x {k: 1}\ny: &y {k: 2}\na: {<<: [*x, *y]}\nb: {k: 3, <<: *x}\nc: {k: 4, k: 5}\n"
        let root = parseConfig(path: "a.yml", contents: Array(text.utf8))?.documents[0].root
        #expect(root?[path: "a", "k"]?.text == "1")
        #expect(root?[path: "b", "k"]?.text == "3")
        #expect(root?[path: "c", "k"]?.text == "5")
        #expect(root?[path: "a"]?.entry("k")?.keyMark == Mark(line: 1, column: 8))
    }

    @Test("keeps the documents beside one that does not parse")
    func brokenDocument() {
        let text = "a: 1\n---\nb: 2\n  c: 3\nd: [\n---\ne: 4\n"
        let file = parseConfig(path: "a.yaml", contents: Array(text.utf8))
        #expect(dump(file) == "{a: 1} --- ?!{b: 2, c: 3, d: ∅} --- {e: 4}")
        #expect(file?.documents[1].problem?.mark.line == 4)
        #expect(file?.documents[1].problem?.text.contains("mapping values are not allowed") == true)
        #expect(file?.documents[2].root?.entry("e")?.keyMark == Mark(line: 7, column: 1))
        #expect(file?.documents.map(\.lines) == [1...1, 2...5, 6...7])
    }

    @Test("names lines of the file where a document behind others breaks")
    func linesOfProblem() throws {
        let text = "a: 1\n---\nb: 2\nc: [\n---\nd: 3\n"
        let problem = try #require(
            parseConfig(path: "a.yaml", contents: Array(text.utf8))?.documents[1].problem)
        #expect(problem.text.hasSuffix("while parsing a flow node, begun in line 5"))
        #expect(problem.mark.line == 5)
    }

    @Test("ends aliases that would grow without bound")
    func billionLaughs() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            text +=
                "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        let document = try #require(parseConfig(path: "a.yaml", contents: Array(text.utf8))?.documents.first)
        #expect(document.problem?.text.contains("aliases stand for more than") == true)
        #expect(try #require(document.root).extent.count < 2 * aliasLimit)
    }

    @Test(
        "ends nesting that would exhaust the stack",
        arguments: ["[", "{a: ", "- ", "? "].flatMap { opener in [199, 300, 3_000].map { (opener, $0) } })
    func deepNesting(opener: String, count: Int) throws {
        let text = String(repeating: opener, count: count)
        let file = try #require(parseConfig(path: "a.yaml", contents: Array(text.utf8)))
        #expect(file.documents.allSatisfy { ($0.root?.extent.depth ?? 0) <= depthLimit + 1 })
        if count > depthLimit { #expect(file.documents.first?.problem != nil) }
    }

    @Test("counts lines as people do where YAML has line ends of its own")
    func otherLineEnds() {
        #expect(
            dump("a: x\u{2028}y\u{85}z\nb: 1", marks: true)
                == "{a@1:1: x\u{2028}y\u{85}z@1:4-1:8, b@2:1: 1@2:4-2:4}")
        #expect(dump("a: 1\rb: 2", marks: true) == "{a@1:1: 1@1:4-1:4, b@2:1: 2@2:4-2:4}")
    }

    @Test(
        "outlines what stands between brackets on a line, also where one of them is missing",
        arguments: [
            ("a: {app: web, n: 1}", "{app: web, n: 1}"), ("a: [x, 'y, z', [1, 2]]", "[x, 'y, z', [1, 2]]"),
            ("a: {app: web", "{app: web}"), ("a: [{port: 80}, {port: 81", "[{port: 80}, {port: 81}]"),
            ("a: {}", "{}"), ("a: {url: http://x:80/, b: }", "{url: http://x:80/, b: ∅}"),
            ("a: {\"k\":{\"l\":[]}}", "{k: {l: []}}"),
        ])
    func outlinedFlow(line: String, tree: String) {
        #expect(dump("\(line)\nb: \"open\nc: [\n") == "?!{a: \(tree), b: \"open, c: ∅}")
        #expect(dump("- \(line)\n- b: \"open\n") == "?![{a: \(tree)}, {b: \"open}]")
    }

    @Test("outlines what is not UTF-8, and reads UTF-16")
    func encodings() {
        #expect(
            dump(parseConfig(path: "a.yaml", contents: Array("a: 1\nb: ".utf8) + [0xFF, 0x0A]))
                == "?!{a: 1, b: \u{FFFD}}")
        let wide: [UInt8] = [0xFF, 0xFE] + "a: é".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(dump(parseConfig(path: "a.yaml", contents: wide)) == "{a: é}")
    }

    @Test("finds the second key of the incident, and reads its siblings as they are")
    func incident() throws {
        let file = try #require(
            parseConfig(
                path: "qw-deployment.yaml.template",
                contents: try fixture("configtree/qw-deployment.yaml.template")))
        let root = try #require(file.documents.first?.root)
        #expect(file.isTemplate)
        #expect(file.documents.count == 1 && file.documents[0].problem == nil)
        #expect(root[path: "metadata", "annotations", "kubernetes.io/change-cause"]?.text == "{CHANGE_CAUSE}")
        let containers = try #require(root[path: "spec", "template", "spec", "containers"]?.elements)
        #expect(containers.map { $0["name"]?.text } == ["qw-ctr", "cloudsql-proxy", "stroller"])
        #expect(containers[0]["image"]?.text == "gcr.io/balmy-ground-195100/dark-gcp-qw:{QW_IMAGE}")
        #expect(containers[0]["image"]?.scalar?.isTemplated == true)
        let secret = try #require(containers[2]["env"]?.elements.last?[path: "valueFrom", "secretKeyRef"])
        #expect(
            dump(secret, marks: true)
                == "{name@103:19: pusher-account-credentials@103:25-103:50, key@104:19: secret@104:24-104:29, "
                + "key@105:19: key@105:24-105:26}")
    }
}

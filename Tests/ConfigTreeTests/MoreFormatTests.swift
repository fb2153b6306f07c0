import ConfigTree
import Testing

@Suite("Reading INI files")
struct INITests {
    @Test(
        "gives sections as mappings, duplicates kept",
        arguments: [
            ("a = 1\n[s]\nb: x y\nb = 2\n[t.u]\nc=\n", "{a: 1, s: {b: x y, b: 2}, t.u: {c: ∅}}"),
            ("[s]\na = 1\n[t]\nb = 2\n[s]\na = 3\n", "{s: {a: 1, a: 3}, t: {b: 2}}"),
            ("; c\n# d\n\n[s] ; e\na = x ; f\nb = y # g\n", "{s: {a: x, b: y}}"),
            ("a = \"q ; r\" ; s\nb = 't'\nc = \"u\"v\n", "{a: 'q ; r', b: 't', c: \"u\"v}"),
            ("a = #fff\nb = # c\nc = x#y;z\n", "{a: #fff, b: ∅, c: x#y;z}"),
            ("[r \"o\"]\n\turl = x\n\tfetch = y\n", "{r \"o\": {url: x, fetch: y}}"),
            ("[s]\nskip-x\na = 1\n", "{s: {skip-x: ∅, a: 1}}"),
            ("[s]\n", "{s: {}}"), ("; only\n", "nil"), ("", ""),
        ])
    func tree(text: String, expected: String) { #expect(dump(text, as: "a.ini") == expected) }

    @Test(
        "goes on with a value on indented lines",
        arguments: [
            ("[s]\nd =\n    a\n    # c\n\n    b ; e\nx = 1\n", "{s: {d: a⏎b, x: 1}}"),
            ("a = 1\n  b = 2\nc = 3\n", "{a: 1⏎b = 2, c: 3}"),
            ("[s]\na = 1\n\n  [t]\n  b = 2\n", "{s: {a: 1}, t: {b: 2}}"),
        ])
    func continuations(text: String, expected: String) { #expect(dump(text, as: "a.ini") == expected) }

    @Test(
        "passes over broken lines",
        arguments: [
            ("[s]\nthis is nothing\nb = 2\n", "!{s: {b: 2}}"), ("[s\nb = 1\n", "!{s: {b: 1}}"),
            ("= 1\nb = 2\n", "!{b: 2}"),
        ])
    func broken(text: String, expected: String) { #expect(dump(text, as: "a.ini") == expected) }

    @Test("says where sections, keys and values stand")
    func marks() {
        #expect(
            dump("; c\n[é]\nx = ü ; d\n  y\nz: 'w'\nv=\n", as: "a.ini", marks: true)
                == "{é@2:2: {x@3:1: ü⏎y@3:5-4:3, z@5:1: 'w'@5:4-5:6, v@6:1: ∅@6:3-6:3}}")
    }
}

@Suite("Reading Java properties")
struct PropertiesTests {
    @Test(
        "gives flat keys, duplicates kept",
        arguments: [
            ("a.b=1\na.b = 2\nc: x y\nd v\ne\n", "{a.b: 1, a.b: 2, c: x y, d: v, e: ∅}"),
            ("# c\n! d\n\n  a = b # c\n", "{a: b # c}"),
            ("a = x \\\n    y\\\n  z\nb = p\\\\\nc = q\n", "{a: x yz, b: p\\, c: q}"),
            ("a\\:1\\ 2 = \\u00e9\\ud83d\\ude00\\q\\n\n", "{a:1 2: é😀q⏎}"),
            ("url=jdbc:x://${DB_HOST}/d\n", "{url: jdbc:x://${DB_HOST}/d~}"),
            ("# only\n", "nil"), ("", ""),
        ])
    func tree(text: String, expected: String) { #expect(dump(text, as: "a.properties") == expected) }

    @Test(
        "passes over broken lines",
        arguments: [("a = \\u00g0\nb = 2\n", "!{a: \\u00g0, b: 2}"), ("= 1\nb = 2\n", "!{b: 2}")])
    func broken(text: String, expected: String) { #expect(dump(text, as: "a.properties") == expected) }

    @Test("says where keys and values stand")
    func marks() {
        #expect(
            dump("# c\n é = x\\\n  y\nb=\n", as: "a.properties", marks: true)
                == "{é@2:2: xy@2:6-3:3, b@4:1: ∅@4:3-4:3}")
    }
}

@Suite("Reading TOML")
struct TOMLTests {
    @Test(
        "gives tables, arrays of tables and dotted keys",
        arguments: [
            ("a = 1\n[b]\nc = \"d\"\n[b.e]\nf = true\n", "{a: 1, b: {c: 'd', e: {f: true}}}"),
            ("[a.b]\nc = 1\n[a]\nd = 2\n", "{a: {b: {c: 1}, d: 2}}"),
            ("[[g]]\nh = 1\n[[g]]\nh = 2\n[g.i]\nj = 3\n", "{g: [{h: 1}, {h: 2, i: {j: 3}}]}"),
            ("[[a]]\n[[a.b]]\n[[a.b]]\nc = 1\n", "{a: [{b: [{}, {c: 1}]}]}"),
            ("a.b = 1\na.\"c.d\" = 2\n'e f' = 3\n", "{a: {b: 1, c.d: 2}, e f: 3}"),
            ("a = 1\na = 2\n[b]\n[b]\nc = 1\n", "{a: 1, a: 2, b: {}, b: {c: 1}}"),
            ("# c\n\na = 1 # d\r\nb = 2#e\n", "{a: 1, b: 2}"), ("# only\n", "nil"), ("", ""),
        ])
    func tables(text: String, expected: String) { #expect(dump(text, as: "a.toml") == expected) }

    @Test(
        "gives values as written, strings as text",
        arguments: [
            (#"a = 'c:\x'"#, #"{a: 'c:\x'}"#), (#"a = "x\"\u00e9\\""#, #"{a: 'x"é\'}"#),
            ("a = 1_000\nb = 0xDEAD\nc = -1.5e3\nd = +inf\n", "{a: 1_000, b: 0xDEAD, c: -1.5e3, d: +inf}"),
            ("a = 1979-05-27 07:32:00Z\nb = 07:32:00.5\n", "{a: 1979-05-27 07:32:00Z, b: 07:32:00.5}"),
            ("a = \"\"\"\nx\n  y \\\n   z\"\"\"\nb = '''p\nq'''\n", "{a: 'x⏎  y z', b: 'p⏎q'}"),
            ("a = \"\"\"\"x\"\"\"\"\nb = \"\"\n", "{a: '\"x\"', b: ''}"),
            ("a = [\n  1, # c\n  [2, 'x'],\n]\nb = []\n", "{a: [1, [2, 'x']], b: []}"),
            ("a = { b = 1, c.d = [2], c.e = {} }\n", "{a: {b: 1, c: {d: [2], e: {}}}}"),
        ])
    func values(text: String, expected: String) { #expect(dump(text, as: "a.toml") == expected) }

    @Test(
        "reads on behind broken lines",
        arguments: [
            ("a = 1\nnonsense\nb = 2\n", "!{a: 1, b: 2}"), ("a = x y\nb = 2\n", "!{a: x y, b: 2}"),
            ("a =\nb = 2\n", "!{a: ∅, b: 2}"), ("a = 1 = 2\nb = 2\n", "!{a: 1 = 2, b: 2}"),
            ("a = \"x\" y\nb = 2\n", "!{a: 'x', b: 2}"), ("a = \"x\nb = 2\n", "!{a: \"x, b: 2}"),
            ("a = 012\nb = 1__0_\n", "!{a: 012, b: 1__0_}"),
            ("a = \"\"\"x\nb = 2\n", "!{b: 2}"), ("a = \"\\q\"\nb = 2\n", "!{a: '\\q', b: 2}"),
            ("a = [1,\n2\nb = 3\n", "!{a: [1, 2], b: 3}"),
            ("a = [\n1,\n[b]\nc = 3\n", "!{a: [1, []], b: {c: 3}}"),
            ("[a\nb = 1\n", "!{a: {b: 1}}"), ("[a]\nb = 1\n[?]\nb = 2\n", "!{a: {b: 1}, ?: {b: 2}}"),
            ("a = {b = 1,\nc = 2}\nd = 3\n", "!{a: {b: 1, c: 2}, d: 3}"),
        ])
    func broken(text: String, expected: String) { #expect(dump(text, as: "a.toml") == expected) }

    @Test("says what is wrong, and where")
    func problem() {
        let document = parseConfig(path: "a.toml", contents: Array("a = 1\n  b 2\nc\n".utf8))?.documents.first
        #expect(document?.problem?.mark == Mark(line: 2, column: 5))
        #expect(document?.problem?.text == "expected '=' after the key \"b\"")
        #expect(document?.reading == .parsed)
    }

    @Test(
        "keeps template expressions",
        arguments: [
            ("a = {{ .x }}\n[b]\nc = \"{{ .y }}\"\n", "{a: {{ .x }}~, b: {c: '{{ .y }}'~}}"),
            ("a = 1\n{{ if .x }}\na = 2\n{{ end }}\nb = 3\n", "{a: 1, a#1: 2, b: 3}"),
            ("a = '''\n${X}\n'''\n", "{a: '${X}⏎'~}"), ("[{{ .x }}]\na = 1\n", "{{{ .x }}: {a: 1}}"),
        ])
    func templates(text: String, expected: String) { #expect(dump(text, as: "a.toml") == expected) }

    @Test("says where tables, keys and values stand")
    func marks() {
        #expect(
            dump("# c\n[é]\nx = \"ü\" # d\ny = [1,\n  2]\n[[t]]\nz = 1\n", as: "a.toml", marks: true)
                == "{é@2:2: {x@3:1: 'ü'@3:5-3:7, y@4:1: [1@4:6-4:6, 2@5:3-5:3]}, "
                + "t@6:3: [{z@7:1: 1@7:5-7:5}]}")
    }
}

@Suite("Reading HCL")
struct HCLTests {
    @Test(
        "gives blocks by type and labels",
        arguments: [
            (
                "resource \"i\" \"web\" {\n  ami = \"x\"\n}\nresource \"i\" \"db\" {}\n",
                "{resource: {i: {web: {ami: 'x'}, db: {}}}}"
            ),
            (
                "s {\n  in { p = 1 }\n  out {\n  }\n  in { p = 2 }\n}\n",
                "{s: {in: [{p: 1}, {p: 2}], out: {}}}"
            ),
            ("a \"x\" { b = 1 }\na \"x\" { b = 2 }\n", "{a: {x: {b: 1}, x: {b: 2}}}"),
            ("a = 1\na = 2\n", "{a: 1, a: 2}"),
            ("# a\n// b\n/* c\nd = 1 */\ne = 2 /* f */ # g\n", "{e: 2}"), ("# only\n", "nil"), ("", ""),
        ])
    func blocks(text: String, expected: String) { #expect(dump(text, as: "a.tf") == expected) }

    @Test(
        "gives literals as trees, and what is computed as its source",
        arguments: [
            ("a = 1\nb = -1.5\nc = true\nd = null\n", "{a: 1, b: -1.5, c: true, d: null}"),
            (#"a = "x-${v.y["z"]}""#, #"{a: 'x-${v.y["z"]}'~}"#),
            (#"a = "$${x} \"q\" \u00e9""#, #"{a: '$${x} "q" é'}"#),
            ("a = [1, \"b\", v.c,]\nd = [\n  [],\n]\n", "{a: [1, 'b', v.c~], d: [[]]}"),
            (
                "a = { b = 1, \"c\" : 2 }\nd = {\n  e = {\n    f = []\n  }\n  (g.h) = 1\n}\n",
                "{a: {b: 1, c: 2}, d: {e: {f: []}, (g.h): 1}}"
            ),
            ("a = v.x\nb = max(\n  1, # c\n  2\n)\n", "{a: v.x~, b: max( 1, 2 )~}"),
            ("a = x ? \"y\" : [1]\nb = \"p\" == q\n", "{a: x ? \"y\" : [1]~, b: \"p\" == q~}"),
            (
                "a = [for v in l : v.id]\nb = {for k, v in m : k => v}\nc = [1][0]\n",
                "{a: [for v in l : v.id]~, b: {for k, v in m : k => v}~, c: [1][0]~}"
            ),
            ("a = <<EOF\nx\n  ${y}\nEOF\nb = 1\n", "{a: 'x⏎  ${y}⏎'~, b: 1}"),
            ("a = <<-E\n    p\n\n      $${q}\n  E\n", "{a: 'p⏎⏎  $${q}⏎'}"),
            ("a = f(<<E\nx  y\nE\n)\nb = 1\n", "{a: f(<<E⏎x  y⏎E )~, b: 1}"),
        ])
    func expressions(text: String, expected: String) { #expect(dump(text, as: "a.tf") == expected) }

    @Test(
        "reads on behind broken lines",
        arguments: [
            ("a =\nb = 2\n", "!{b: 2}"), ("port 80\nb = 2\n", "!{b: 2}"), ("a = \"x\nb = 2\n", "!{b: 2}"),
            ("a = 1 2\nb = 2\n", "!{a: 1, b: 2}"), ("a = [\"x\" \"y\"]\nb = 2\n", "!{b: 2}"),
            ("a {\n  b = [1,\n  c = 2\n}\nd = 3\n", "!{a: {c: 2}, d: 3}"),
            ("a {\n  b = f(1\n}\nd = 3\n", "!{a: {}, d: 3}"), ("a {\n  b = 1\n", "!{a: {b: 1}}"),
            ("}\na = 1\n", "!{a: 1}"), ("a = <<E\nb = 2\n", "!{b: 2}"), ("a = 1\n/* b = 2\n", "!{a: 1}"),
            ("t = {\n  a = 1\n  b 2\n  c = 3\n}\nd = 4\n", "!{t: {a: 1, c: 3}, d: 4}"),
            ("t = { a 1 }\nd = 4\n", "!{t: {}, d: 4}"),
        ])
    func broken(text: String, expected: String) { #expect(dump(text, as: "a.tf") == expected) }

    @Test("says where types, labels, keys and values stand")
    func marks() {
        let text = "# c\nresource \"a\" \"é\" {\n  x = \"ü\" # d\n  y = [1,\n    v.z]\n}\n"
        #expect(
            dump(text, as: "a.tf", marks: true)
                == "{resource@2:1: {a@2:10: {é@2:14: {x@3:3: 'ü'@3:7-3:9, "
                + "y@4:3: [1@4:8-4:8, v.z~@5:5-5:7]}}}}")
        let block = parseConfig(path: "a.tf", contents: Array(text.utf8))?.documents.first?
            .root?[path: "resource", "a", "é"]
        #expect(block?.start == Mark(line: 2, column: 18))
        #expect(block?.end == Mark(line: 6, column: 1))
    }
}

@Suite("Reading what nobody would write in INI, properties, TOML and HCL")
struct HostileFormatTests {
    private static let paths = ["a.ini", "a.properties", "a.toml", "a.tf"]

    private static let samples = [
        "a = 1\n[s]\nb: \"x ; y\" ; c\nd =\n  e\n  f\n[s]\nb = 2\n",
        "# c\na.b = x\\\n  y\nc: \\u00e9\\n\nd e\n",
        "a = \"\"\"\nx\"\"\"\n[b.c]\nd = [1, {e = 'f'},\n2]\n[[g]]\nh.\"i\" = 2020-01-01\n",
        "r \"a\" \"b\" {\n  c = \"${d[\"e\"]}\"\n  f = { g = [1, h(2)] }\n  i = <<-E\n   x\n  E\n}\n",
    ]

    /// What must hold of any file: places inside it, a bounded tree, the same reading twice.
    private func check(_ bytes: [UInt8], path: String) {
        guard let file = parseConfig(path: path, contents: bytes) else { return }
        #expect(file == parseConfig(path: path, contents: bytes))
        for document in file.documents {
            #expect(document.lines.upperBound <= file.lines.count)
            guard let root = document.root else { continue }
            let extent = root.extent
            #expect(extent.depth <= 64)
            #expect(extent.count <= bytes.count * 2 + 2)
            #expect(root.start >= Mark(line: 1, column: 1))
            #expect(root.end.line <= file.lines.count)
        }
    }

    @Test("survives random bytes", arguments: 0..<60)
    func randomBytes(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let alphabet =
            Array("{}[]()=:.,-#;!<>'\"\"\"\\/* \n\n\n\t\r$%E_ab01ÿ".utf8) + [0x0C, 0xFF, 0xC2, 0xF3]
        let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        for path in Self.paths { check(bytes, path: path) }
    }

    @Test("survives random changes to real files", arguments: 0..<60)
    func mutations(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for sample in Self.samples {
            var bytes = Array(String(repeating: sample, count: 4).utf8)
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let end = min(bytes.count, start + Int.random(in: 0...9, using: &random))
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where end - start < bytes.count: bytes.removeSubrange(start..<end)
                case 1:
                    let place = Int.random(in: 0...start, using: &random)
                    bytes.insert(contentsOf: Array(bytes[start..<end]), at: place)
                default:
                    let noise = Array("{}[]\"'\\=\n<#${".utf8).shuffled(using: &random).prefix(4)
                    bytes.replaceSubrange(start..<end, with: noise)
                }
            }
            for path in Self.paths { check(bytes, path: path) }
        }
    }

    @Test(
        "stays bounded on one thing many times over",
        arguments: [
            "[", "{", "(", "a{", "a{\n", "a={", "a=[", "a=[\n", "a=(\n", "a=[{", "a.", "[a.b]\n", "[[a]]\n",
            "\"", "\"${", "a=\"${\n", "a=\"\"\"\n", "a='''\n", "a=<<X\n", "a=f(<<X\n", "/*", "a=/*\n",
            "}a=1+{{\n", "[a][0],", "\\\n", "a=\\\n", "a=1\n b\n", "[x]\n", "x \"y\" {}\n", "\\u", "$",
        ])
    func repetition(unit: String) {
        let bytes = Array(String(repeating: unit, count: 3_000).utf8)
        for path in Self.paths {
            check(bytes, path: path)
            check(Array("a = [".utf8) + bytes, path: path)
        }
    }
}

/// SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

import ConfigTree
import Testing

@Suite("Recognising configuration")
struct FormatTests {
    @Test(
        "tells the format by the name",
        arguments: [
            ("a.yaml", .yaml), ("a/b.YML", .yaml), ("a.yaml.template", .yaml), ("a.yml.j2", .yaml),
            ("a.yaml.tmpl", .yaml), ("a.yaml.erb", .yaml), ("a.json", .json), ("a.json.template", .json),
            ("tsconfig.jsonc", .json), (".env", .env), ("a/.env.production", .env), ("prod.env", .env),
            (".env.example", .env), ("a.toml", .toml), ("a.ini", .ini), ("a.properties", .properties),
            ("a.tf", .hcl), ("a.tfvars", .hcl), ("a.conf", nil), ("a.rs", nil), ("a.template", nil),
            ("a/b.c/d", nil),
            ("yaml", nil), ("", nil),
        ] as [(String, ConfigFormat?)])
    func name(path: String, format: ConfigFormat?) {
        #expect(configFormat(of: path, contents: Array("a: 1\n".utf8)) == format)
    }

    @Test(
        "tells NAME=value lines by the contents",
        arguments: [
            ("# c\n\nDARK_A=1\nDARK_B=\nexport C=2\n", true),
            ("A=1\nB=2\nC=3\nD=4\nset -e\n", true),
            ("A=1\nset -e\n", false),
            ("#!/bin/sh\nA=1\n", false),
            ("name=1\n", false),
            ("1A=1\n", false),
            ("", false),
            ("A=1\n\0", false),
        ])
    func contents(text: String, isEnv: Bool) {
        #expect(configFormat(of: "config/gke-prod", contents: Array(text.utf8)) == (isEnv ? .env : nil))
        #expect(configFormat(of: "Makefile", contents: Array(text.utf8)) == nil)
    }

    @Test(
        "a file without an extension holds fields, if all that it says are some",
        arguments: [
            ("tag: v1\nrolled_out: true\n", true), ("# which\nhosts:\n- a\n  b: c\n", true),
            ("tag: v1\nand some prose\n", false), ("#!/bin/sh\ncase:\n", false), ("http://x\n", false),
            ("", false),
        ])
    func fields(text: String, isYAML: Bool) {
        #expect(configFormat(of: "config/tags/web", contents: Array(text.utf8)) == (isYAML ? .yaml : nil))
    }

    @Test(
        "asks for the contents only where the path may name configuration",
        arguments: [
            ("a.yaml", true), ("config/gke-prod", true), ("a/Config/b/dev", true), ("k8s/x.json", true),
            ("gke-prod", false), ("src/main.rs", false), ("a.png", false), ("package-lock.json", false),
            ("pnpm-lock.yaml", false), ("yarn.lock", false), ("esy.lock/index.json", false),
            ("node_modules/x/package.json", false), ("config/Dockerfile", false), ("config/x.sh", false),
            ("", false),
        ])
    func path(path: String, expected: Bool) { #expect(mayBeConfiguration(path: path) == expected) }

    @Test("reads nothing that is not configuration")
    func others() {
        #expect(parseConfig(path: "main.swift", contents: []) == nil)
        #expect(parseConfig(path: "a.yaml", contents: [0, 1, 2]) == nil)
        #expect(parseConfig(path: "a.yaml", contents: [])?.documents == [])
    }
}

@Suite("Reading JSON")
struct JSONTests {
    @Test(
        "gives the tree with duplicates, numbers as written and strings as text",
        arguments: [
            (
                #"{"a": 1, "a": "1", "b": [true, null, -1.5e+3, {}]}"#,
                #"{a: 1, a: '1', b: [true, null, -1.5e+3, {}]}"#
            ),
            (#""\u00e9\ud83d\ude00\ud800\n\/""#, "'é😀\u{FFFD}⏎/'"),
            ("[]", "[]"), ("7", "7"), (" \"x\" ", "'x'"),
        ])
    func tree(text: String, expected: String) throws {
        #expect(dump(try parseJSON(Array(text.utf8))) == expected)
        #expect(dump(text, as: "a.json") == expected)
    }

    @Test("says where keys and values stand")
    func marks() throws {
        let node = try parseJSON(Array("{\r\n  \"é\": \"ü\",\n\"b\":[1]}".utf8))
        #expect(dump(node, marks: true) == "{é@2:3: 'ü'@2:8-2:10, b@3:1: [1@3:6-3:6]}")
        #expect(node.end == Mark(line: 3, column: 8))
    }

    @Test(
        "refuses what is not JSON, with the place",
        arguments: [
            ("", "1:1"), ("{", "1:2"), ("[1,]", "1:4"), ("[,1]", "1:2"), ("[1 2]", "1:4"), ("{a: 1}", "1:2"),
            ("{\"a\" 1}", "1:6"), ("{\"a\": }", "1:7"), ("[1]\n x", "2:2"), ("01", "1:1"), ("1.", "1:1"),
            ("nul", "1:1"), ("\"a\n\"", "1:3"), ("\"\\x\"", "1:2"), ("\"\\u00g0\"", "1:2"),
            ("// c\n1", "1:1"),
            ("\"a", "1:3"), ("[1,,2]", "1:4"), ("-", "1:1"), ("1e", "1:1"),
        ])
    func failures(text: String, place: String) {
        let failure = #expect(throws: ParseFailure.self) { try parseJSON(Array(text.utf8)) }
        #expect(failure?.location == place)
        #expect(failure?.code == .syntax)
    }

    @Test("refuses what nests too deep")
    func depth() throws {
        let fine = String(repeating: "[", count: 199) + String(repeating: "]", count: 199)
        #expect(try parseJSON(Array(fine.utf8)).extent.depth == 198)
        let deep = String(repeating: "[", count: 100_000)
        let failure = #expect(throws: ParseFailure.self) { try parseJSON(Array(deep.utf8)) }
        #expect(failure?.code == .tooDeep)
        #expect(failure?.remedy != nil)
    }

    @Test(
        "is patient with files that people write",
        arguments: [
            ("// c\n{\"a\": 1, /* d */ \"b\": [1,],}\n# e\n", "{a: 1, b: [1]}"),
            ("{\"a\": 1}\n{\"b\": 2}\n", "{a: 1} --- {b: 2}"),
            ("{a: b}", "{a: b}"),
            ("{\n  \"a\": 1,\n  \"b\": {\n    \"c\": \"d\"\n  \"e\": [\n", "?!{a: 1, b: {c: 'd'}, e: ∅}"),
            ("{\"a\": 1}\n]\n\"b\": 2\n", "{a: 1} --- ?!{b: 2}"),
        ])
    func patient(text: String, expected: String) { #expect(dump(text, as: "a.json") == expected) }
}

@Suite("Reading NAME=value lines")
struct EnvTests {
    @Test(
        "gives one mapping, duplicates kept",
        arguments: [
            ("A=1\nA=2\n", "{A: 1, A: 2}"),
            ("# c\n\n  export B = x y # c\r\nC=\nD=a#b\nE=#c\n", "{B: x y, C: ∅, D: a#b, E: ∅}"),
            ("A='x # y'\nB=\"a\\n\\\"b\\\"\\q\" # c\n", "{A: 'x # y', B: 'a⏎\"b\"\\q'}"),
            ("A='tis\nB=1\n", "{A: 'tis, B: 1}"),
            ("K=\"-----BEGIN\nabc==\n-----END\"\nL=1\n", "{K: '-----BEGIN⏎abc==⏎-----END', L: 1}"),
            ("A=\"x\"y\n", "{A: \"x\"y}"),
            ("A=1\nset -e\nB=2\n", "!{A: 1, B: 2}"),
            ("# only\n", "nil"), ("", ""),
        ])
    func tree(text: String, expected: String) { #expect(dump(text, as: ".env") == expected) }

    @Test("says where names and values stand")
    func marks() {
        #expect(
            dump("# c\nexport A= 'x'\nB=\nC=yé # c\n", as: "config/prod.env", marks: true)
                == "{A@2:8: 'x'@2:11-2:13, B@3:1: ∅@3:3-3:3, C@4:1: yé@4:3-4:4}")
    }
}

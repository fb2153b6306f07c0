import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A repository of code as a list of commits in a row, each with its files; `tags` name them.
private struct CodeOfTexts: CodeRepository {
    var name: String
    var commits: [FolderOfTexts]
    var tags: [String: Int]
    /// Whether the clone lacks what is asked for.
    var isBroken = false

    func id(_ index: Int) -> CommitID {
        CommitID(String(repeating: String(index + 10, radix: 16), count: 40)) ?? SampleIDs.none
    }

    private func index(_ commit: CommitID) -> Int { commits.indices.first { id($0) == commit } ?? 0 }

    func commit(ofImageTag tag: String) -> CommitID? { tags[tag].map(id) }

    func range(from old: CommitID, to new: CommitID) throws -> CodeRange {
        if isBroken { throw Missing() }
        let step = index(new) - index(old)
        return CodeRange(added: max(0, step), removed: max(0, -step), limit: 10_000)
    }

    func changes(from old: CommitID, to new: CommitID) -> [FileChange] {
        commits[index(new)].changes(from: commits[index(old)])
    }

    func tree(of commit: CommitID) -> any SourceTree { commits[index(commit)] }
}

private struct Missing: Diagnosis {
    var problem = "an object is missing"
    var location: String?
    var remedy: String? = "git fetch --unshallow"
}

private enum SampleIDs {
    static let none = CommitID(String(repeating: "0", count: 40))!
}

private let api = CodeOfTexts(
    name: "api",
    commits: [
        ["main.go": "os.Getenv(\"PUSH_URL\")\nos.Getenv(\"PUSH_KEY\")\n", "Dockerfile": "FROM go\n"],
        [
            "main.go":
                "os.Getenv(\"PUSH_URL\")\nos.Getenv(\"PUSH_KEY\")\nos.Getenv(\"PUSH_REGION\")\n",
            "Dockerfile": "FROM go\n", "config/app.yaml": "pool: 3\n",
        ],
        ["main.go": "os.Getenv(\"PUSH_URL\")\n", "Dockerfile": "FROM go\n"],
    ], tags: ["1.0": 0, "1.1": 1, "1.2": 2])

private func deployment(_ tag: String, env: [String], image: String = "registry.example/shop/api") -> String {
    manifest("api", env: env).replacing("\"shop/api:1.0\"", with: "\"\(image):\(tag)\"")
}

private let url = plain("PUSH_URL", "https://push.example")
private let key = plain("PUSH_KEY", "abc")

private func traced(
    _ before: FolderOfTexts, _ after: FolderOfTexts, code: [CodeOfTexts] = [api]
) throws -> (changes: [RankedChange], warnings: [Warning]) {
    let comparison = try compareConfig(
        before: before, after: after, files: after.changes(from: before), code: code)
    return (rankChanges(comparison, failures: .unknown), comparison.warnings)
}

@Suite("Images lead to the code they are built from")
struct ImageCodeTests {
    @Test("a tag tells the commits, and what they newly read that nothing here defines")
    func range() throws {
        let (changes, warnings) = try traced(
            ["a.yaml": deployment("1.0", env: url + key)], ["a.yaml": deployment("1.1", env: url + key)])
        let change = try #require(changes.first)
        #expect(change.fault == "read-undefined" && change.score >= 60, "\(change)")
        let texts = change.evidence.map(\.text)
        #expect(
            texts.contains("the code is api aaaaaaaaaa..bbbbbbbbbb: 1 commit, 2 files changed"), "\(texts)")
        #expect(
            texts.contains(
                "the code newly reads PUSH_REGION (api main.go:3), and no configuration here defines it"))
        #expect(texts.contains("configuration in the image's own code changed: config/app.yaml"))
        #expect(warnings.isEmpty)
    }

    @Test("what is defined here, or in the image, is told and is no fault")
    func defined() throws {
        let here = try traced(
            ["a.yaml": deployment("1.0", env: url + key)],
            ["a.yaml": deployment("1.1", env: url + key + plain("PUSH_REGION", "eu"))])
        #expect(here.changes.allSatisfy { $0.fault != "read-undefined" })
        #expect(here.changes.flatMap(\.evidence).contains { $0.kind == "new_read" && $0.weight == 0 })
        var code = api
        code.commits[1] = [
            "main.go": "os.Getenv(\"PUSH_REGION\")\n", "Dockerfile": "FROM go\nENV PUSH_REGION=eu\n",
        ]
        let inImage = try traced(
            ["a.yaml": deployment("1.0", env: url + key)], ["a.yaml": deployment("1.1", env: url + key)],
            code: [code])
        #expect(inImage.changes.allSatisfy { $0.fault != "read-undefined" }, "\(inImage.changes)")
    }

    @Test("a rollback, and a tag of the same commit, are told as what they are")
    func back() throws {
        var code = api
        code.tags["1.0-again"] = 0
        func texts(_ tag: String) throws -> [String] {
            try traced(
                ["a.yaml": deployment("1.1", env: url)], ["a.yaml": deployment(tag, env: url)], code: [code]
            ).changes.flatMap(\.evidence).filter { $0.kind == "code_range" }.map(\.text)
        }
        #expect(
            try texts("1.0") == [
                "the code goes back, api bbbbbbbbbb..aaaaaaaaaa: 1 commit taken back, 2 files changed"
            ])
        #expect(
            try traced(
                ["a.yaml": deployment("1.0", env: url)], ["a.yaml": deployment("1.0-again", env: url)],
                code: [code]
            ).changes.flatMap(\.evidence).contains { $0.text == "both tags are built from api aaaaaaaaaa" })
    }

    @Test("a tag that names no commit is said, and nothing is guessed", arguments: ["latest", "9.9"])
    func unknown(tag: String) throws {
        let (changes, warnings) = try traced(
            ["a.yaml": deployment("1.0", env: url)], ["a.yaml": deployment(tag, env: url)])
        #expect(!changes.flatMap(\.evidence).contains { $0.kind == "code_range" })
        #expect(warnings.map(\.code) == ["image_tag_unknown"])
        #expect(warnings.first?.text == "The image tag '\(tag)' names no commit of api.")
        #expect(warnings.first?.remedy != nil)
    }

    @Test(
        "of a range of very many files only some are looked into, and that is said",
        arguments: [5_000, 5_001])
    func manyFiles(count: Int) throws {
        var files = (1..<count).reduce(into: ["main.go": ""]) { $0["doc/\($1).md"] = "" }
        var code = api
        code.commits[0] = FolderOfTexts(files)
        for path in files.keys { files[path] = "new" }
        code.commits[1] = FolderOfTexts(files)
        let (changes, warnings) = try traced(
            ["a.yaml": deployment("1.0", env: url)], ["a.yaml": deployment("1.1", env: url)], code: [code])
        let place = "api aaaaaaaaaa..bbbbbbbbbb"
        #expect(
            changes.flatMap(\.evidence).contains {
                $0.text == "the code is \(place): 1 commit, \(count) files changed"
            })
        #expect(
            warnings.map(\.text)
                == (count > 5_000
                    ? ["Only 5000 of the 5001 files that changed in \(place) were looked into."] : []))
    }

    @Test("a clone that lacks commits is told, and takes nothing from the rest")
    func broken() throws {
        var code = api
        code.isBroken = true
        let (changes, warnings) = try traced(
            ["a.yaml": deployment("1.0", env: url)], ["a.yaml": deployment("1.1", env: url)], code: [code])
        #expect(changes.map(\.fault) == ["image-changed"])
        #expect(warnings.map(\.text) == ["The commits of api cannot be read: an object is missing."])
        #expect(warnings.map(\.remedy) == ["git fetch --unshallow"])
    }

    @Test(
        "a variable goes: the code of the tag that runs says whether it is missed",
        arguments: [("1.0", true), ("1.2", false)])
    func removed(tag: String, isMissed: Bool) throws {
        let (changes, _) = try traced(
            ["a.yaml": deployment("1.0", env: url + key)], ["a.yaml": deployment(tag, env: url)])
        let change = try #require(changes.first { $0.change.fieldPath == "env PUSH_KEY" })
        #expect((change.fault == "removed-still-read") == isMissed, "\(change)")
        #expect((change.score < 5) == !isMissed)
        #expect(
            change.evidence.contains {
                $0.text.contains(isMissed ? "api aaaaaaaaaa (main.go:2)" : "cccccccccc")
            })
    }

    @Test("where the code lives elsewhere and its commit is not known, nothing is innocent")
    func silent() throws {
        let code: [CodeOfTexts] = [api]
        for (repositories, tag) in [(code, "latest"), ([], "1.0")] {
            let (changes, _) = try traced(
                ["a.yaml": deployment(tag, env: url + key)], ["a.yaml": deployment(tag, env: url)],
                code: repositories)
            #expect(changes.map(\.fault) == [nil])
            #expect(changes.allSatisfy { $0.evidence.allSatisfy { $0.weight >= 0 } }, "\(changes)")
        }
    }

    @Test("a renamed variable is read by its new name, by its old one, or by neither")
    func renamed() throws {
        var code = api
        code.commits[2] = ["main.go": "os.Getenv(\"PUSH_URL\")\nos.Getenv(\"PUSHER_KEY\")\n"]
        func scores(_ tag: String) throws -> [String?: Double] {
            let (changes, _) = try traced(
                ["a.yaml": deployment("1.0", env: url + key)],
                ["a.yaml": deployment(tag, env: url + plain("PUSHER_KEY", "abc"))], code: [code])
            return Dictionary(
                changes.filter { $0.change.fieldPath.contains("KEY") }.map { ($0.fault, $0.score) },
                uniquingKeysWith: max)
        }
        let agreed = try scores("1.2")
        #expect(agreed.keys.allSatisfy { $0 == nil } && agreed.values.allSatisfy { $0 < 5 }, "\(agreed)")
        #expect(try scores("1.0").keys.contains("renamed-unread"))
    }

    @Test(
        "tags are found where they stand",
        arguments: [
            (
                "kustomization.yaml",
                "images:\n  - name: shop-api\n    newName: registry.example/shop/api\n    newTag: \"1.0\"\n"
            ),
            ("values.yaml", "image:\n  repository: registry.example/shop/api\n  tag: \"1.0\"\n"),
            ("values.yaml", "api:\n  image:\n    tag: \"1.0\"\n"),
            ("values.yaml", "api:\n  tag: \"1.0\"\nother:\n  tag: x\n"),
            ("compose.yaml", "services:\n  backend:\n    image: shop/api:1.0@sha256:00ff\n"),
            ("compose.yaml", "services:\n  backend:\n    image: localhost:5000/API:1.0\n"),
        ])
    func places(path: String, text: String) throws {
        let (changes, warnings) = try traced(
            [path: text], [path: text.replacing("1.0", with: "1.1")])
        #expect(changes.flatMap(\.evidence).contains { $0.kind == "code_range" }, "\(changes)")
        #expect(warnings.isEmpty)
    }

    @Test(
        "a repository is known by the end of an image's name, or by a part of it",
        arguments: [
            ("api", "registry.example/shop/api", true), ("shop/api", "registry.example/shop/api", true),
            ("push_api", "registry.example/push-api", true), ("shop", "registry.example/shop/api", true),
            ("other/api", "registry.example/shop/api", false), ("ap", "registry.example/shop/api", false),
            ("example", "registry.example/shop/api", false),
        ])
    func names(name: String, image: String, matches: Bool) throws {
        var code = api
        code.name = name
        let (changes, warnings) = try traced(
            ["a.yaml": deployment("1.0", env: url, image: image)],
            ["a.yaml": deployment("1.1", env: url, image: image)], code: [code])
        #expect(changes.flatMap(\.evidence).contains { $0.kind == "code_range" } == matches)
        #expect(warnings.map(\.code) == (matches ? [] : ["image_unmatched"]))
    }

    @Test("that somebody else's image changes is no reason to warn")
    func foreign() throws {
        let redis = manifest("redis", env: []).replacing("shop/redis", with: "docker.io/redis")
        let (_, warnings) = try traced(
            ["a.yaml": deployment("1.0", env: url), "b.yaml": redis],
            [
                "a.yaml": deployment("1.0", env: url),
                "b.yaml": redis.replacing("redis:1.0", with: "redis:1.1"),
            ])
        #expect(warnings.isEmpty, "\(warnings)")
    }

    @Test("of two repositories the one whose name says more counts")
    func nearest() throws {
        var (whole, part) = (api, api)
        whole.name = "shop"
        part.name = "shop/api"
        let (changes, _) = try traced(
            ["a.yaml": deployment("1.0", env: url)], ["a.yaml": deployment("1.1", env: url)],
            code: [whole, part])
        #expect(changes.flatMap(\.evidence).contains { $0.text.hasPrefix("the code is shop/api ") })
    }
}

@Suite("What the tag of an image may name")
struct ImageTagTests {
    @Test(
        "ids of commits inside tags, but not times and counts",
        arguments: [
            ("1a2b3c4", ["1a2b3c4"]), ("main-1A2B3C4-1690000000", ["1a2b3c4"]),
            ("v1.2.3-5-gabcdef0", ["abcdef0"]),
            ("sha-1a2b3c4d5e6f", ["1a2b3c4d5e6f"]), ("1690000", ["1690000"]), ("main-1690000000", []),
            ("v1.2.3", []), ("latest", []), ("abc123", []), ("", []),
            (String(repeating: "ab", count: 21), []),
        ])
    func commits(tag: String, ids: [String]) {
        #expect(ImageTagNames(tag, repository: "api").commits == ids)
    }

    @Test("tags of git with and without their letter, and with the program's name")
    func tags() {
        let names = ImageTagNames("1.2.3", repository: "shop/api").tags
        #expect(names.prefix(2) == ["1.2.3", "v1.2.3"])
        #expect(names.contains("api-v1.2.3") && names.contains("api/1.2.3"))
        #expect(ImageTagNames("v1.2.3", repository: "api").tags.prefix(2) == ["v1.2.3", "1.2.3"])
        #expect(ImageTagNames("a^{tree}", repository: "api").tags.isEmpty)
    }
}

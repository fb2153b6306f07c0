import DeployModel
import GitHistory
import TestSupport
import Testing

/// Manifests in one repository, code in another: an image tag, an id in it, and a tag of git.
private func withApart(_ body: (_ folder: String, _ code: [CommitID]) throws -> Void) throws {
    try withTemporaryFolder { folder in
        let writer = try RepositoryWriter(creatingAt: "\(folder)/api")
        var code: [CommitID] = []
        let reads = [
            "os.Getenv(\"PUSH_URL\")\n", "os.Getenv(\"PUSH_URL\")\n// slower\n",
            "os.Getenv(\"PUSH_URL\")\nos.Getenv(\"PUSH_REGION\")\n",
        ]
        for (index, text) in reads.enumerated() {
            code.append(
                try writer.commit(
                    "Code \(index)", at: Instant(seconds: 1_600_000_000 + index * 3600),
                    files: ["main.go": Array(text.utf8)], parents: code.suffix(1)))
        }
        let tagged = try run("git", ["-C", "\(folder)/api", "tag", "v1.0.0", code[0].hex])
        try #require(tagged.status == 0, "\(tagged.errors)")
        let manifests = try RepositoryWriter(creatingAt: "\(folder)/deploy")
        var head: [CommitID] = []
        for (index, tag) in ["1.0.0", "main-\(code[2].hex.prefix(8))-1600000000", "latest", "v1.0.0"]
            .enumerated()
        {
            let text = """
                apiVersion: apps/v1
                kind: Deployment
                metadata:
                  name: api
                spec:
                  template:
                    spec:
                      containers:
                        - name: main
                          image: registry.example/shop/api:\(tag)
                          env:
                            - name: PUSH_URL
                              value: https://push.example.com

                """
            head = [
                try manifests.commit(
                    "Deploy \(tag)", at: Instant(seconds: 1_600_100_000 + index * 3600),
                    files: ["api.yaml": Array(text.utf8)], parents: head)
            ]
        }
        try body(folder, code)
    }
}

@Suite("Manifests in one repository, code in another")
struct CodeRepositoryTests {
    private func diff(_ range: String, in folder: String, _ more: [String] = []) throws -> CommandRun {
        try blamedeploy(
            ["diff", range, "--repo", "\(folder)/deploy", "--repo", "api=\(folder)/api"] + more)
    }

    @Test("an image's tag leads to the commits it brings, and to what they newly read")
    func diff() throws {
        try withApart { folder, code in
            let found = try diff("HEAD~3..HEAD~2", in: folder)
            #expect(found.status == 0, "\(found.errors)")
            let range = "api \(code[0].abbreviated)..\(code[2].abbreviated)"
            #expect(
                found.output.contains("the code is \(range): 2 commits, 1 file changed"), "\(found.output)")
            #expect(found.output.contains("newly reads PUSH_REGION (api main.go:2)"))
            let json = try diff("HEAD~3..HEAD~2", in: folder, ["--format", "json"]).output
            #expect(
                json.contains("\"kind\": \"code_range\"") && json.contains("\"fault\": \"read-undefined\""))
            let explained = try diff("HEAD~3..HEAD~2", in: folder, ["--explain"]).output
            #expect(explained.contains("code range") && explained.contains(range))
        }
    }

    @Test("a tag that names no commit is said with a remedy, not taken for a branch")
    func unknown() throws {
        try withApart { folder, _ in
            _ = try run("git", ["-C", "\(folder)/api", "branch", "latest"])
            let found = try diff("HEAD~2..HEAD~1", in: folder)
            #expect(
                found.output.contains("! The image tag 'latest' names no commit of api."), "\(found.output)")
            #expect(found.output.contains("help: tag images with the commit they are built from"))
            #expect(!found.output.contains("the code is"))
        }
    }

    @Test("a rollback is said")
    func rollback() throws {
        try withApart { folder, _ in
            let found = try diff("HEAD~2..HEAD", in: folder)
            #expect(found.output.contains("the code goes back, api "), "\(found.output)")
        }
    }

    @Test("an investigation tells it as well, with events and without")
    func investigation() throws {
        try withApart { folder, code in
            let repositories = ["--repo", "\(folder)/deploy", "--repo", "shop/api=\(folder)/api"]
            let window = ["--since", "2020-09-14", "--until", "2020-09-16"]
            let range = "the code is shop/api \(code[0].abbreviated)..\(code[2].abbreviated)"
            let found = try blamedeploy(repositories + window)
            #expect(found.output.contains(range), "\(found.output)\(found.errors)")
            #expect(found.output.contains("! The image tag 'latest' names no commit of shop/api."))
            // Ten minutes after the second deploy every fifth begins to fail.
            let lines = (0..<4_000).map { index in
                let seconds = 1_600_100_000 - 36_000 + index * 12
                let fails = index.isMultiple(of: seconds >= 1_600_104_200 ? 5 : 200)
                return "{\"ts\":\"\(Instant(seconds: seconds))\",\"workload\":\"api\",\"error\":\(fails)}\n"
            }
            try write(lines.joined(), to: "\(folder)/events.ndjson")
            let blamed = try blamedeploy(["\(folder)/events.ndjson"] + repositories)
            #expect(blamed.output.contains(range), "\(blamed.output)\(blamed.errors)")
        }
    }

    @Test(
        "what is no NAME=DIR is told as that",
        arguments: [
            (["--repo", "=code"], 64, "--repo takes DIR or NAME=DIR, not '=code'"),
            (["--repo", "api="], 64, "--repo takes DIR or NAME=DIR, not 'api='"),
            (["--repo", "one", "--repo", "two"], 64, "--repo takes one folder, and NAME=DIR"),
            (["--repo", "api=a", "--repo", "api=b"], 64, "--repo names api more than once"),
            (["--repo", "api=/nowhere/at/all"], 2, "--repo api=/nowhere/at/all: "),
        ])
    func wrong(arguments: [String], status: Int32, text: String) throws {
        try withShop { _, repository in
            let found = try blamedeploy(["diff", "HEAD"] + arguments, in: repository)
            #expect(found.status == status && found.errors.contains(text), "\(found)")
            #expect(found.output.isEmpty)
        }
    }

    @Test("a folder with an equals sign in its name is a folder")
    func equals() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/a=b")
            try writer.commit(
                "First", at: Instant(seconds: 1_600_000_000), files: ["a.yaml": Array("a: 1\n".utf8)],
                parents: [])
            let found = try blamedeploy(["diff", "HEAD", "--repo", "\(folder)/a=b"])
            #expect(found.status == 0 && found.output.contains("a.yaml"), "\(found)")
        }
    }
}

import Foundation
import GitHistory
import TestSupport
import Testing

@Suite("Bad input: an error that says what, where and how to mend it, status 2, nothing on standard output")
struct BadInputTests {
    private func expectFailure(
        _ result: CommandRun, saying words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == 2, "\(result.output)\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.output.isEmpty, sourceLocation: sourceLocation)
        #expect(result.errors.hasPrefix("error: "), "\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.errors.contains("\n  help: "), "\(result.errors)", sourceLocation: sourceLocation)
        for word in words {
            #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
        }
    }

    @Test("not a repository, and an empty one")
    func repositories() throws {
        try withShop { folder, _ in
            try write(events(), to: "\(folder)/e.ndjson")
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", folder]), saying: "not a git repository",
                "--repo")
            _ = try RepositoryWriter(creatingAt: "\(folder)/empty")
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", "\(folder)/empty"]), saying: "no commit yet")
        }
    }

    @Test("a revision that names nothing")
    func revision() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", repository, "--rev", "nowhere"]),
                saying: "'nowhere'")
        }
    }

    @Test(
        "events that cannot be read",
        arguments: [
            ("empty.ndjson", "", "empty"),
            (
                "notime.ndjson", "{\"error\":true,\"pod\":\"a\"}\n{\"error\":false,\"pod\":\"a\"}\n",
                "--map time="
            ),
            ("noerror.ndjson", "{\"ts\":\"2020-09-13T12:26:40Z\",\"pod\":\"a\"}\n", "--map error="),
            ("binary.bin", "\u{1}\u{2}\u{3}\0\0\u{4}\u{5}\u{6}", "binary"),
            ("array.json", "[{\"ts\":1}]", "--map time="),
            ("numbers.json", "[1, 2]", "something else than objects"),
            ("prose.txt", "Dear all\n", "no format"),
            (
                "error.log",
                "2026/10/10 14:02:11 [error] 12#12: *3 connect() failed (111: Connection refused), client: 10.0.0.1, server: shop\n"
                    + "2026/10/10 14:02:12 [warn] 12#12: *4 a client request body is buffered, client: 10.0.0.1, server: shop\n",
                "access log"
            ),
            (
                "error_log",
                "[Sat Oct 10 14:02:11.123456 2026] [proxy:error] [pid 12:tid 34] (111)Connection refused: AH00957: a, b\n",
                "access log"
            ),
            ("broken.ndjson", "{\"ts\":\n{\"ts\"\n", "cut off"),
            ("header.csv", "ts,pod,error\n", "not one event"),
        ])
    func unreadable(name: String, text: String, word: String) throws {
        try withShop { folder, repository in
            try write(text, to: "\(folder)/\(name)")
            expectFailure(try blamedeploy(["\(folder)/\(name)", "--repo", repository]), saying: word, name)
        }
    }

    @Test("a file that does not exist, a role that no event has")
    func missing() throws {
        try withShop { folder, repository in
            expectFailure(
                try blamedeploy(["\(folder)/nothing.ndjson", "--repo", repository]), saying: "no such file")
            try write(events(), to: "\(folder)/e.ndjson")
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", repository, "--map", "pod=pots"]),
                saying: "'pots'", "pod=pod")
        }
    }

    @Test(
        "compressed data that end too early",
        .enabled(if: isInstalled("gzip") && isInstalled("zstd"), "gzip and zstd are wanted to pack with"),
        arguments: ["gzip", "zstd"])
    func truncated(program: String) throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            #expect(try run(program, ["-q", "-k", "\(folder)/e.ndjson"]).status == 0)
            let packed = "\(folder)/e.ndjson.\(program == "gzip" ? "gz" : "zst")"
            let whole = try Data(contentsOf: URL(filePath: packed))
            try whole.prefix(whole.count / 2).write(to: URL(filePath: packed))
            expectFailure(try blamedeploy([packed, "--repo", repository]), saying: "cut off", program)
        }
    }

    @Test("a shallow clone cut inside the window", .enabled(if: isInstalled("git"), "git makes the clone"))
    func shallow() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            let clone = ["clone", "-q", "--depth", "1", "file://\(repository)", "\(folder)/cut"]
            #expect(try run("git", clone).status == 0)
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", "\(folder)/cut"]), saying: "shallow",
                "--unshallow")
        }
    }

    @Test(
        "a repository with a damaged object in the way",
        .enabled(if: isInstalled("git"), "git names the objects"))
    func damaged() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            let objects = "\(repository)/.git/objects"
            // Every loose object of the manifest: the commits stay readable, the files do not.
            let blobs = try run(
                "bash",
                [
                    "-c",
                    "cd '\(repository)' && git rev-list --all | while read c; do git rev-parse $c:app.yaml; done",
                ])
            for blob in blobs.output.split(separator: "\n") {
                let path = "\(objects)/\(blob.prefix(2))/\(blob.dropFirst(2))"
                _ = try run("chmod", ["u+w", path])
                try write("garbage", to: path)
            }
            #expect(!blobs.output.isEmpty)
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", repository]), saying: "app.yaml", "fsck")
        }
    }

    @Test("a deploys file without a time")
    func records() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            try write("[{\"sha\":\"abc\"}]", to: "\(folder)/deploys.json")
            expectFailure(
                try blamedeploy([
                    "\(folder)/e.ndjson", "--repo", repository, "--deploys", "\(folder)/deploys.json",
                ]),
                saying: "deploys.json")
        }
    }

    @Test(
        "a wrong command line is status 64",
        arguments: [
            ["--since", "yesterday", "x"], ["--map", "pot=pod", "x"], ["--tz", "here", "x"],
            ["--format", "pdf", "x"],
            ["--no-repo", "x"], ["diff"], ["--error"], ["check"], ["explain"], ["diff", "A..B", "--no-repo"],
            ["init", "--format", "json"], ["deploys", "--format", "sarif"], ["expalin", "x"],
            ["mark", "--started", "5m", "--finished", "20m"],
        ])
    func usage(arguments: [String]) throws {
        try withShop { _, repository in
            let result = try blamedeploy(arguments, in: repository)
            #expect(result.status == 64, "\(result)")
            #expect(result.output.isEmpty)
            #expect(!result.errors.isEmpty)
        }
    }

    @Test(
        "a misspelled command is told from a file",
        arguments: [("expalin", "explain"), ("chek", "check"), ("lintt", "lint"), ("Diff", "diff")])
    func misspelled(word: String, command: String) throws {
        try withShop { folder, repository in
            let result = try blamedeploy([word, "x"], in: repository)
            #expect(result.errors.contains("there is no such command, file or folder"), "\(result)")
            #expect(result.errors.contains("did you mean `blamedeploy \(command)`?"), "\(result)")
            // Also where there is no repository, as in a folder of exports.
            #expect(try blamedeploy([word, "x"], in: folder).errors == result.errors)
            try write(events(), to: "\(repository)/\(word)")
            #expect(try blamedeploy([word], in: repository).status == 0)
        }
    }
}

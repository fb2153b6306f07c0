import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

/// Makes a folder with a repository of a few commits and an export to go with it.
private func withShop(_ body: (_ folder: String, _ repository: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        let writer = try RepositoryWriter(creatingAt: "\(folder)/shop")
        var head: [CommitID] = []
        for index in 0..<4 {
            head = [
                try writer.commit(
                    "Commit \(index)", at: Instant(seconds: 1_600_000_000 + index * 86_400),
                    files: ["app.yaml": Array("replicas: \(index)\n".utf8)], parents: head)
            ]
        }
        try body(folder, "\(folder)/shop")
    }
}

private func events(_ count: Int = 400) -> String {
    (0..<count).map { index in
        let time = Instant(seconds: 1_600_000_000 + index * 600)
        return "{\"ts\":\"\(time)\",\"pod\":\"web-0\",\"error\":\(index % 40 == 0)}\n"
    }.joined()
}

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
            ("array.json", "[{\"ts\":1}]", "jq -c"),
            ("broken.ndjson", "{\"ts\":\n{\"ts\"\n", "could not be read"),
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

    @Test("compressed data that end too early", arguments: ["gzip", "zstd"])
    func truncated(program: String) throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            guard (try run(program, ["-q", "-k", "\(folder)/e.ndjson"])).status == 0 else { return }
            let packed = "\(folder)/e.ndjson.\(program == "gzip" ? "gz" : "zst")"
            let whole = try Data(contentsOf: URL(filePath: packed))
            try whole.prefix(whole.count / 2).write(to: URL(filePath: packed))
            expectFailure(try blamedeploy([packed, "--repo", repository]), saying: "cut off", program)
        }
    }

    @Test("a shallow clone cut inside the window")
    func shallow() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            guard
                (try run("git", ["clone", "-q", "--depth", "1", "file://\(repository)", "\(folder)/cut"]))
                    .status == 0
            else { return }
            expectFailure(
                try blamedeploy(["\(folder)/e.ndjson", "--repo", "\(folder)/cut"]), saying: "shallow",
                "--unshallow")
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
            ["--no-repo", "x"], ["diff"], ["--error"],
        ])
    func usage(arguments: [String]) throws {
        let result = try blamedeploy(arguments)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(!result.errors.isEmpty)
    }
}

@Suite("What is not an error is still said")
struct HonestReportTests {
    @Test("lines that are no events are counted, and the first one is named")
    func skippedLines() throws {
        try withShop { folder, repository in
            try write(events() + "not json\n" + events(3), to: "\(folder)/e.ndjson")
            let result = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("1 lines could not be read"))
            #expect(result.output.contains("e.ndjson:401"))
        }
    }

    @Test("a window without events says where the events lie, status 2")
    func noOverlap() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            let result = try blamedeploy([
                "\(folder)/e.ndjson", "--repo", repository, "--since", "2019-01-01", "--until", "2019-01-05",
            ])
            #expect(result.status == 2)
            #expect(result.output.contains("the events lie between 2020-09-13T12:26:40Z"))
        }
    }

    @Test("without events the deploys' changes are shown, status 2")
    func noEvents() throws {
        try withShop { _, repository in
            let result = try blamedeploy([
                "--repo", repository, "--since", "2020-09-13", "--until", "2020-09-20",
            ])
            #expect(result.status == 2)
            #expect(result.output.contains("no_events"))
            #expect(result.output.contains("replicas"))
        }
    }

    @Test("a manifest that does not parse is reported, not fatal")
    func brokenManifest() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/shop")
            let one = try writer.commit(
                "One", at: Instant(seconds: 1_600_000_000), files: ["app.yaml": Array("a:\n  b: 1\n".utf8)],
                parents: [])
            try writer.commit(
                "Two", at: Instant(seconds: 1_600_003_600), files: ["app.yaml": Array("a: [\n  b: 1\n".utf8)],
                parents: [one])
            let result = try blamedeploy(["diff", "HEAD", "--repo", "\(folder)/shop"])
            #expect(result.status == 0)
            #expect(result.output.contains("does not parse"))
        }
    }

    @Test("a reader that goes away is no error")
    func brokenPipe() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            let line =
                "'\(blamedeployPath)' '\(folder)/e.ndjson' --repo '\(repository)' --format json | true; exit ${PIPESTATUS[0]}"
            #expect(try run("bash", ["-c", line]).status == 0)
        }
    }

    @Test("a full disk is")
    func fullDisk() throws {
        try withShop { folder, repository in
            let line = "'\(blamedeployPath)' deploys --repo '\(repository)' --since 2020-01-01 > /dev/full"
            let result = try run("bash", ["-c", line])
            #expect(result.status == 2)
            #expect(result.errors.contains("standard output"))
        }
    }
}

@Suite("The whole line")
struct WholeLineTests {
    @Test("the demo blames its culprit, the mailer and the left-over line; twice the same bytes")
    func demo() throws {
        try withTemporaryFolder { folder in
            let first = try blamedeploy(["demo", "\(folder)/demo"], columns: 100)
            #expect(first.status == 0, "\(first.errors)")
            for words in [
                "Drop the old metrics account", "sure it was this deploy", "mailer-",
                "deploy/mailer/mailer.yaml.template:38-39",
                "password → user", "`key` appears twice (lines 38 and 39)",
                "checkout.yaml.template and storefront.yaml.template",
                "mend: delete line 39",
            ] { #expect(first.output.contains(words), "\(words)\n\(first.output)") }
            let again = try blamedeploy(["demo", "\(folder)/demo"], columns: 100)
            #expect(again.output == first.output)
            try expectGolden(first.output, matches: "demo.txt")
        }
    }

    @Test("the order of lines, compression, splitting into files and standard input do not change the answer")
    func invariances() throws {
        try withTemporaryFolder { folder in
            _ = try blamedeploy(["demo", "\(folder)/demo"])
            let export = "\(folder)/demo/events.ndjson"
            let repository = ["--repo", "\(folder)/demo/shop", "--format", "json"]
            // Everything but the names of the inputs.
            func verdict(_ result: CommandRun) throws -> String {
                #expect(result.status == 0, "\(result.errors)")
                let start = try #require(result.output.firstRange(of: "\"inputs\""))
                let end = try #require(result.output.firstRange(of: "\"deploys\""))
                return result.output.replacingCharacters(in: start.lowerBound..<end.lowerBound, with: "")
            }
            // Every eighth event is enough, and quicker.
            let all = String(decoding: try Data(contentsOf: URL(filePath: export)), as: UTF8.self).split(
                separator: "\n")
            let lines = all.enumerated().filter { $0.offset % 8 == 0 }.map(\.element)
            try write(lines.joined(separator: "\n"), to: export)
            let plain = try verdict(try blamedeploy([export] + repository))
            try write(lines.reversed().joined(separator: "\n"), to: "\(folder)/backwards.ndjson")
            #expect(try verdict(try blamedeploy(["\(folder)/backwards.ndjson"] + repository)) == plain)
            try write(lines.prefix(1_000).joined(separator: "\n"), to: "\(folder)/parts/a.ndjson")
            try write(lines.dropFirst(1_000).joined(separator: "\n"), to: "\(folder)/parts/b.ndjson")
            #expect(try verdict(try blamedeploy(["\(folder)/parts"] + repository)) == plain)
            let input = [UInt8](try Data(contentsOf: URL(filePath: export)))
            #expect(try verdict(try blamedeploy(["-"] + repository, input: input)) == plain)
            guard (try run("gzip", ["-k", export])).status == 0 else { return }
            #expect(try verdict(try blamedeploy([export + ".gz"] + repository)) == plain)
        }
    }

    @Test("records alone are enough: no repository, counts instead of events")
    func withoutRepository() throws {
        try withTemporaryFolder { folder in
            var csv = "ts,pod,success,error\n"
            for minute in 0..<2880 {
                let time = Instant(seconds: 1_600_000_020 + minute * 60)
                csv +=
                    "\(time),web-0,\(100 - (minute >= 1500 ? 9 : minute % 90 == 0 ? 1 : 0)),\(minute >= 1500 ? 9 : minute % 90 == 0 ? 1 : 0)\n"
            }
            try write(csv, to: "\(folder)/counts.csv")
            let deploys = [300, 1500, 2200].enumerated().map { index, minute in
                "{\"id\":\"d\(index)\",\"sha\":\"\(String(repeating: "\(index)", count: 40))\",\"started_at\":\"\(Instant(seconds: 1_600_000_020 + minute * 60))\"}"
            }
            try write("{\"deploys\":[\(deploys.joined(separator: ","))]}", to: "\(folder)/deploys.json")
            let result = try blamedeploy([
                "\(folder)/counts.csv", "--no-repo", "--deploys", "\(folder)/deploys.json", "--map",
                "errors=error",
                "--map", "successes=success", "--format", "json", "--exit-code",
            ])
            #expect(result.status == 1, "\(result.errors)")
            #expect(result.output.contains("\"deploy\": \"d1\""))
        }
    }
}

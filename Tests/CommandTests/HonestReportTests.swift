import DeployModel
import GitHistory
import TestSupport
import Testing

@Suite("What is not an error is still said")
struct HonestReportTests {
    @Test("lines that are no events are counted, and the first one is named")
    func skippedLines() throws {
        try withShop { folder, repository in
            try write(events() + "not json\n" + events(3), to: "\(folder)/e.ndjson")
            let result = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("1 line could not be read"))
            #expect(result.output.contains("e.ndjson:401"))
        }
    }

    @Test("that nothing changed is not said where the failures may be what cannot be read")
    func unreadEvents() throws {
        try withShop { folder, repository in
            let lines = (0..<2_000).map { index -> String in
                let time = Instant(seconds: 1_600_000_000 + index * 160)
                let fails = index >= 1_000 ? index % 8 == 0 : index % 100 == 0
                let whole = "{\"ts\":\"\(time)\",\"error\":\(fails)}"
                return index >= 1_000 && fails ? String(whole.dropLast(9)) : whole
            }
            try write(lines.joined(separator: "\n"), to: "\(folder)/e.ndjson")
            let result = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository])
            #expect(result.status == 2)
            #expect(result.output.contains("6.3 % of the records could not be"), "\(result)")
            #expect(try blamedeploy(["check", "\(folder)/e.ndjson", "--repo", repository]).status == 2)
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
            #expect(result.output.contains("the events lie between 2020-09-13T12:26:00Z"))
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

    @Test("of failures alone nothing is said but that, though one kind of them begins with a deploy")
    func onlyFailures() throws {
        try withShop { folder, repository in
            let lines = (0..<2_000).map { index -> String in
                let time = Instant(seconds: 1_600_000_000 + index * 160)
                let message =
                    index >= 1_000 && index % 3 > 0 ? "login refused" : "timeout after \(index % 7) ms"
                return "{\"ts\":\"\(time)\",\"pod\":\"web-0\",\"error\":true,\"message\":\"\(message)\"}\n"
            }
            try write(lines.joined(), to: "\(folder)/e.ndjson")
            let result = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository])
            #expect(result.output.contains("? Inconclusive (only_failures)"), "\(result)")
            #expect(result.output.contains("help: export the events that went well too"))
            #expect(try blamedeploy(["check", "\(folder)/e.ndjson", "--repo", repository]).status == 2)
            #expect(
                try blamedeploy(["check", "\(folder)/e.ndjson", "--repo", repository, "--deploy", "HEAD"])
                    .status == 2)
        }
    }

    @Test("a deploy that came while another one's failures went on is not called too quiet to judge")
    func running() throws {
        try withShop { folder, repository in
            let lines = (0..<9_000).map { index -> String in
                let time = 1_600_000_000 + index * 40
                // The third commit is of 1,600,172,800, the last one of a day later.
                let fails = time >= 1_600_173_000 ? index % 4 == 0 : index % 50 == 0
                return "{\"ts\":\"\(Instant(seconds: time))\",\"error\":\(fails)}\n"
            }
            try write(lines.joined(), to: "\(folder)/e.ndjson")
            let result = try blamedeploy([
                "check", "\(folder)/e.ndjson", "--repo", repository, "--deploy", "HEAD",
            ])
            let culprit = try Repository(discovering: repository).resolve("HEAD~1").abbreviated
            #expect(result.status == 2)
            #expect(result.output.contains("had changed before"), "\(result)")
            #expect(result.output.contains("with \(culprit)"))
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

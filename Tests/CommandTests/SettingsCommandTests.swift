import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

private let window = ["--since", "2020-09-01", "--until", "2020-09-30"]

/// A repository whose newest commit brings a key in twice.
private func withContradiction(_ body: (_ folder: String, _ repository: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        let writer = try RepositoryWriter(creatingAt: "\(folder)/shop")
        let one = try writer.commit(
            "One", at: Instant(seconds: 1_600_000_000), files: ["k8s/app.yaml": Array("a: 1\nb: 2\n".utf8)],
            parents: [])
        try writer.commit(
            "Two", at: Instant(seconds: 1_600_003_600),
            files: ["k8s/app.yaml": Array("a: 1\nb: 2\na: 3\n".utf8)],
            parents: [one])
        try body(folder, "\(folder)/shop")
    }
}

@Suite("Settings of a project")
struct SettingsCommandTests {
    @Test("are found in the repository or above it, and say what is read")
    func found() throws {
        for place in ["shop", "."] {
            try withShop { folder, repository in
                try write(events(), to: "\(folder)/e.ndjson")
                try write("[{\"id\": \"d7\", \"time\": 1600000600}]", to: "\(folder)/deploys.json")
                let up = place == "." ? "" : "../"
                try write(
                    "events: \(up)e.ndjson\ndeploys: \(up)deploys.json\n",
                    to: "\(folder)/\(place)/.blamedeploy.yml")
                let report = try blamedeploy(["--repo", repository])
                #expect(
                    report.output.contains("400 events") && report.output.contains("1 deploy ("), "\(report)")
                let listed = try blamedeploy(["deploys", "--repo", repository] + window)
                #expect(listed.output.contains("d7"))
                let overridden = try blamedeploy(
                    ["deploys", "--repo", repository, "--deploys", "commits"] + window)
                #expect(overridden.output.contains("first-parent commits"))
                let off = try blamedeploy(["deploys", "--repo", repository, "--no-config"] + window)
                #expect(off.output.contains("first-parent commits"))
                let inside = try blamedeploy(["deploys"] + window, in: repository)
                #expect(inside.output.contains("d7"))
            }
        }
    }

    @Test("that are wrong stop everything, with their line")
    func wrong() throws {
        try withShop { folder, repository in
            try write("# mine\nevnets: e.ndjson\n", to: "\(repository)/.blamedeploy.yml")
            for command in [["deploys"], ["diff", "HEAD"], ["lint", "HEAD"], ["check", "x"], ["x"]] {
                let result = try blamedeploy(command + ["--repo", repository])
                #expect(result.status == 2 && result.output.isEmpty)
                #expect(result.errors.contains(".blamedeploy.yml:2:1: there is no key 'evnets'"), "\(result)")
                #expect(result.errors.contains("did you mean 'events'?"))
            }
            let explain = try blamedeploy(["explain", "x"], in: repository)
            #expect(explain.errors.contains("there is no key 'evnets'"))
        }
    }

    @Test("say where their error expression stands when it is wrong, and give way to --error")
    func expression() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            try write("events: ../e.ndjson\nerror: status >=\n", to: "\(repository)/.blamedeploy.yml")
            let wrong = try blamedeploy(["--repo", repository])
            #expect(
                wrong.status == 2 && wrong.errors.contains(".blamedeploy.yml:2: a value is missing"),
                "\(wrong)")
            let right = try blamedeploy(["--repo", repository, "--error", "error"])
            #expect(right.status == 0, "\(right)")
        }
    }

    @Test("a symptom that an export does not have is a warning there, an error on the command line")
    func symptoms() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            try write("# mine\nsymptoms: [nowhere]\n", to: "\(repository)/.blamedeploy.yml")
            let warned = try blamedeploy(["explain", "../e.ndjson"], in: repository)
            #expect(warned.status == 0, "\(warned)")
            let told = warned.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(
                told.contains(
                    "No event has a field 'nowhere', which 'symptoms' names in .blamedeploy.yml:2."),
                "\(warned)")
            let typed = try blamedeploy(["explain", "../e.ndjson", "--cause", "nothing"], in: repository)
            #expect(typed.status == 2 && typed.output.isEmpty)
            #expect(typed.errors.contains("'nothing', which --cause speaks of"), "\(typed)")
        }
    }

    @Test(
        "what is wrong in them is told with their line and key, not with options",
        arguments: [
            (
                "map:\n  pod: pots\n", "2: no event has a field 'pots', which 'map' gives the role pod",
                "pod: pod?"
            ),
            ("\nerror: nowhere == 1\n", "2: no event has a field 'nowhere'", "--no-config"),
            ("\n\nformat-in: loki\n", "3: ../e.ndjson does not look like loki", "'format-in'"),
            ("deploys: [none.json]\n", "1: ./none.json, which 'deploys' names", "folder of the settings"),
            ("repositories:\n  code: ../nocode\n", "2: the repository 'code'", "there"),
        ])
    func ownWords(settings: String, problem: String, remedy: String) throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            try write(settings, to: "\(repository)/.blamedeploy.yml")
            let result = try blamedeploy(["../e.ndjson"], in: repository)
            #expect(result.status == 2 && result.output.isEmpty)
            let errors = result.errors.replacing("\(repository)/", with: "./")
            #expect(errors.contains(".blamedeploy.yml:\(problem)"), "\(result)")
            #expect(errors.contains(remedy), "\(result)")
            for option in ["--map", "--error", "--format-in", "--repo", "--symptom"] {
                #expect(!errors.contains(option), "\(result)")
            }
        }
    }

    @Test("events that are not there, the expression of --failing")
    func ownPlaces() throws {
        try withShop { folder, repository in
            try write("\nevents: gone.ndjson\n", to: "\(repository)/.blamedeploy.yml")
            let gone = try blamedeploy([], in: repository)
            #expect(gone.status == 2 && gone.errors.contains(".blamedeploy.yml:2: "), "\(gone)")
            #expect(gone.errors.contains("gone.ndjson, which 'events' names"), "\(gone)")
            try write(events(), to: "\(folder)/e.ndjson")
            let failing = try blamedeploy(["explain", "../e.ndjson", "--failing", "error >"], in: repository)
            #expect(failing.errors.contains("--failing: a value is missing"), "\(failing)")
        }
    }

    @Test("--map overrides a role and leaves the others")
    func roles() throws {
        try withShop { folder, repository in
            try write(
                (0..<400).map {
                    "{\"when\":\(1_600_000_000 + $0 * 600),\"other\":\(1_600_000_000 + $0 * 600),\"bad\":\($0 % 9 == 0)}\n"
                }
                .joined(), to: "\(folder)/e.ndjson")
            try write("map:\n  time: when\n  error: bad\n", to: "\(repository)/.blamedeploy.yml")
            let report = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository, "--map", "time=other"])
            #expect(report.output.contains("time = other") && report.output.contains("bad"), "\(report)")
        }
    }

    @Test("an ignored finding is left out of lint and diff, with its reason, until its day is over")
    func ignored() throws {
        try withContradiction { folder, repository in
            #expect(try blamedeploy(["lint", "HEAD", "--repo", repository]).status == 1)
            func rule(_ until: String) -> String {
                "ignore:\n  - path: k8s/\n    fault: duplicate-key\n    reason: the chart needs it twice\n    until: \(until)\n"
            }
            try write(rule("2999-12-31"), to: "\(repository)/.blamedeploy.yml")
            for command in [["lint", "HEAD"], ["lint", "--each"]] {
                let lint = try blamedeploy(command + ["--repo", repository])
                #expect(lint.status == 0, "\(lint)")
            }
            let diff = try blamedeploy(["diff", "HEAD", "--repo", repository])
            #expect(!diff.output.contains("appears twice"))
            let told = diff.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(told.contains("left out by") && told.contains("the chart needs it twice"), "\(diff)")
            try write(rule("2020-12-31"), to: "\(repository)/.blamedeploy.yml")
            let expired = try blamedeploy(["lint", "HEAD", "--repo", repository])
            #expect(expired.status == 1 && expired.output.contains("holds no more"), "\(expired)")
        }
    }

    @Test("files of another environment do not count for a deploy, nor those that are left out")
    func environments() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/shop")
            let paths = ["overlays/prod/a.yaml", "overlays/staging/a.yaml", "base/a.yaml", "docs/a.yaml"]
            func files(_ value: Int) -> [String: [UInt8]] {
                Dictionary(uniqueKeysWithValues: paths.map { ($0, Array("limit: \(value)\n".utf8)) })
            }
            let one = try writer.commit(
                "One", at: Instant(seconds: 1_600_000_000), files: files(1), parents: [])
            let two = try writer.commit(
                "Two", at: Instant(seconds: 1_600_003_600), files: files(2), parents: [one])
            try write(
                "[{\"id\": \"d1\", \"sha\": \"\(one)\", \"time\": 1600000600, \"env\": \"live\"}, "
                    + "{\"id\": \"d2\", \"sha\": \"\(two)\", \"time\": 1600004200, \"env\": \"live\"}]",
                to: "\(folder)/deploys.json")
            try write(
                """
                deploys: [../deploys.json]
                environments:
                  production: {also: [live], paths: [overlays/prod/]}
                  staging: {paths: [overlays/staging/]}
                paths: {except: [docs/]}
                """, to: "\(folder)/shop/.blamedeploy.yml")
            let diff = try blamedeploy(["diff", "d2", "--repo", "\(folder)/shop", "--full"])
            #expect(
                diff.output.contains("overlays/prod/a.yaml") && diff.output.contains("base/a.yaml"), "\(diff)"
            )
            #expect(!diff.output.contains("overlays/staging/a.yaml") && !diff.output.contains("docs/a.yaml"))
            let listed = try blamedeploy(
                ["deploys", "--repo", "\(folder)/shop", "--environment", "production", "--format", "json"]
                    + window)
            #expect(
                listed.output.contains("\"environment\": \"production\"") && listed.output.contains("\"d1\""))
        }
    }
}

@Suite("blamedeploy init")
struct InitCommandTests {
    @Test("writes what it finds, reads it back, and shows the answer")
    func writes() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(repository)/exports/e.ndjson")
            try write(
                "[{\"sha\": \"\(try Repository(discovering: repository).resolve("HEAD"))\", \"time\": 1600260000}]",
                to: "\(repository)/deploys/ours.json")
            let result = try blamedeploy(["init", "--repo", repository])
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("exports/e.ndjson: 400 events"))
            #expect(result.output.contains("deploys/ours.json: 1 deploy (deploy records)"))
            #expect(result.output.contains("4 first-parent commits"))
            #expect(result.output.contains("did not change"))
            let answered = try blamedeploy(["--repo", repository])
            #expect(answered.output.contains("400 events") && answered.output.contains("ours.json"))
            let again = try blamedeploy(["init", "--repo", repository])
            #expect(again.status == 2 && again.errors.contains("there is one already"))
            #expect(try blamedeploy(["init", "--repo", repository, "--force"]).status == 0)
        }
    }

    @Test("names with line ends, quotes and the like stay names")
    func strangeNames() throws {
        try withShop { _, repository in
            let name = "exports/e\nmap: {pod: x}\u{1}\u{202E}\"\\.ndjson"
            try write(events(), to: "\(repository)/\(name)")
            let result = try blamedeploy(["init", "--repo", repository])
            #expect(result.status == 0, "\(result)")
            #expect(
                !result.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" })
            let settings = try String(contentsOfFile: "\(repository)/.blamedeploy.yml", encoding: .utf8)
            #expect(
                settings.contains("- \"exports/e\\x0Amap: {pod: x}\\x01\\u202E\\\"\\\\.ndjson\"\n"),
                "\(settings)")
            #expect(settings.split(separator: "\n").allSatisfy { !$0.hasPrefix("map:") })
            let answered = try blamedeploy(["--repo", repository])
            #expect(answered.output.contains("400 events"), "\(answered)")
        }
    }

    @Test("writes a file that is read, also where there is nothing to find")
    func nothing() throws {
        try withShop { _, repository in
            let result = try blamedeploy(["init", "--repo", repository])
            #expect(result.status == 0, "\(result)")
            #expect(try blamedeploy(["deploys", "--repo", repository] + window).status == 0)
        }
    }
}

import Foundation
import TestSupport
import Testing

@Suite("Results written to files")
struct ExportTests {
    @Test("each file holds what --format prints, all in one run")
    func several() throws {
        try withShop { folder, shop in
            try write(events(), to: "\(folder)/events.ndjson")
            let arguments = ["events.ndjson", "--repo", shop]
            let result = try blamedeploy(
                arguments + ["--export", "json=a.json", "--export", "html=a.html", "--export", "text=a.txt"],
                in: folder)
            let plain = try blamedeploy(arguments, in: folder)
            #expect(result.output == plain.output && result.status == plain.status)
            for (format, file) in [("json", "a.json"), ("html", "a.html"), ("text", "a.txt")] {
                let printed = try blamedeploy(arguments + ["--format", format], in: folder).output
                #expect(
                    try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) == printed, "\(format)")
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == [
                    "a.html", "a.json", "a.txt", "events.ndjson", "shop",
                ])
        }
    }

    @Test(
        "explain, deploys and lint --each are told as pages and as Markdown, too",
        arguments: [
            (["explain", "events.ndjson"], "blamedeploy explain"),
            (["deploys", "--repo", "shop", "--since", "2020-09-13", "--until", "2020-09-20"], "Commit 3"),
            (["lint", "--each", "--repo", "shop"], "contradictions"),
        ])
    func listings(arguments: [String], word: String) throws {
        try withShop { folder, _ in
            try write(events(), to: "\(folder)/events.ndjson")
            let result = try blamedeploy(
                arguments + ["--export", "html=a.html", "--export", "md=a.md"], in: folder)
            #expect(result.status == 0, "\(result.errors)")
            let page = try String(contentsOfFile: "\(folder)/a.html", encoding: .utf8)
            #expect(page.hasPrefix("<!doctype html>") && page.contains(word))
            #expect(try String(contentsOfFile: "\(folder)/a.md", encoding: .utf8).contains(word))
        }
    }

    @Test("md is short for markdown")
    func markdown() throws {
        try withShop { folder, shop in
            let arguments = ["diff", "HEAD", "--repo", shop]
            let result = try blamedeploy(arguments + ["--export", "md=a.md"], in: folder)
            let printed = try blamedeploy(arguments + ["--format", "markdown"], in: folder).output
            #expect(result.status == 0)
            #expect(try String(contentsOfFile: "\(folder)/a.md", encoding: .utf8) == printed)
        }
    }

    @Test("a file that cannot be written is an error, and nothing stands on standard output")
    func unwritable() throws {
        try withShop { folder, shop in
            try write(events(), to: "\(folder)/events.ndjson")
            try write("", to: "\(folder)/taken/file")
            for path in ["missing/a.json", "taken"] {
                let result = try blamedeploy(
                    ["events.ndjson", "--repo", shop, "--export", "json=\(path)"], in: folder)
                #expect(result.status == 2 && result.output.isEmpty)
                #expect(result.errors.hasPrefix("error: \(path): ") && result.errors.contains("help: "))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3)
        }
    }

    @Test("pipes and links are written to, and stay what they are")
    func pipesAndLinks() throws {
        try withShop { folder, shop in
            try write(events(), to: "\(folder)/events.ndjson")
            try write("old", to: "\(folder)/target.json")
            let script = """
                mkfifo pipe; ln -s target.json link; cat pipe > read &
                \(blamedeployPath) events.ndjson --repo \(shop) --export json=pipe --export json=link > shown
                wait; test -p pipe && test -L link && cmp read target.json && echo same
                """
            let result = try run("bash", ["-c", script], in: folder)
            #expect(result.output == "same\n", "\(result)")
            #expect(
                try String(contentsOfFile: "\(folder)/read", encoding: .utf8).contains(
                    "\"schema_version\": 1"))
        }
    }

    @Test(
        "what makes no sense is refused before any work",
        arguments: [
            (["--export", "report.html"], "--export takes FORMAT=FILE"),
            (["--export", "html="], "--export takes FORMAT=FILE"),
            (["--export", "pdf=a.pdf"], "--export knows text, json"),
            (["--export", "json=-"], "--format json writes to standard output"),
            (["--export", "json=a", "--export", "html=a"], "'a' twice"),
        ])
    func refused(arguments: [String], complaint: String) throws {
        try withTemporaryFolder { folder in
            let result = try blamedeploy(["no-such-events.ndjson"] + arguments, in: folder)
            #expect(result.status == 64 && result.output.isEmpty)
            #expect(result.errors.contains(complaint), "\(result.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}

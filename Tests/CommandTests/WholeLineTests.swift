import DeployModel
import Foundation
import TestSupport
import Testing

@Suite("The whole line")
struct WholeLineTests {
    @Test("the demo blames its culprit, the mailer and the left-over line; twice the same bytes")
    func demo() throws {
        try withTemporaryFolder { folder in
            let first = try blamedeploy(["demo", "\(folder)/demo"], columns: 100)
            #expect(first.status == 0, "\(first.errors)")
            let flowing = first.output.split { $0.isWhitespace }.joined(separator: " ")
            for words in [
                "Drop the old metrics account", "sure it was this deploy", "mailer-",
                "deploy/mailer/mailer.yaml.template:38-39",
                "password → user", "`key` appears twice (lines 38 and 39)",
                "checkout.yaml.template and storefront.yaml.template",
                "mend: delete line 39",
            ] { #expect(flowing.contains(words), "\(words)\n\(first.output)") }
            let again = try blamedeploy(["demo", "\(folder)/demo"], columns: 100)
            #expect(again.output == first.output)
            try expectGolden(first.output, matches: "demo.txt")
        }
    }

    @Test(
        "the order of lines, compression, splitting into files and standard input do not change the answer",
        .enabled(if: isInstalled("gzip"), "gzip is wanted to pack with"))
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
            #expect(try run("gzip", ["-k", export]).status == 0)
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

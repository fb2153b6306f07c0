import DeployModel
import Foundation
import TestSupport
import Testing

/// Two hours of events, two a second; uploads above half a megabyte fail from the second hour on, and take long.
private let export: String = {
    var noise = SeededNoise(seed: 3)
    return (0..<14_400).map { index -> String in
        let bytes = Int.random(in: 1_000...1_000_000, using: &noise)
        let region = ["eu", "us", "apac"][Int.random(in: 0..<3, using: &noise)]
        let fails = index >= 7_200 && bytes > 500_000 && Int.random(in: 0..<2, using: &noise) == 0
        let took = fails ? 5_000 : 20 + index % 50
        let failure = fails ? ",\"error\":true,\"err\":\"upload \(index) refused\"" : ",\"error\":false"
        return
            "{\"ts\":\"\(Instant(milliseconds: 1_600_000_200_000 + Int64(index) * 500))\",\"region\":\"\(region)\",\"bytes\":\(bytes),\"ms\":\(took)\(failure)}"
    }.joined(separator: "\n") + "\n"
}()

private func explained(_ options: [String], json: Bool = true) throws -> CommandRun {
    try withTemporaryFolder { folder in
        try write(export, to: "\(folder)/events.ndjson")
        return try blamedeploy(
            ["explain", "\(folder)/events.ndjson"] + options + (json ? ["--format", "json"] : []))
    }
}

private func cause(_ run: CommandRun) throws -> [String: Any] {
    let document = try #require(
        JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any], "\(run.errors)")
    let causes = try #require(document["causes"] as? [[String: Any]])
    return try #require((causes.first?["predicates"] as? [[String: Any]])?.first)
}

@Suite("blamedeploy explain")
struct ExplainCommandTests {
    @Test(
        "finds the threshold on any windows",
        arguments: [
            [], ["--after", "60m"], ["--after", "2020-09-13T13:30:00Z", "--before", "2020-09-13T14:00:00Z"],
            ["--window", "50m..10m", "--baseline", "110m..70m"],
        ])
    func windows(options: [String]) throws {
        let found = try cause(explained(options))
        #expect(found["field"] as? String == "bytes")
        #expect(found["op"] as? String == ">")
        #expect((490_000.0...510_000).contains(found["value"] as? Double ?? 0))
    }

    @Test("explains whatever is asked about, and not by the field that was asked about")
    func failing() throws {
        let found = try cause(explained(["--failing", "ms > 1000"]))
        #expect(found["field"] as? String == "bytes")
    }

    @Test("prints the same bytes for any number of threads and any order of the events")
    func identical() throws {
        var noise = SeededNoise(seed: 11)
        // Weights and values that are no whole numbers: sums of them would round differently in another order.
        var lines = (0..<400).map { index -> String in
            let region = ["eu", "us", "apac"][Int.random(in: 0..<3, using: &noise)]
            let fails =
                index >= 200 && region == "eu" && Int.random(in: 0..<2, using: &noise) == 0 || index % 37 == 0
            let number = Double(Int.random(in: 1...999, using: &noise)) / 7
            let time = Instant(milliseconds: 1_600_000_200_000 + Int64(index) * 9_000)
            return """
                {"timestamp":"\(time)","attributes":{"region":"\(region)","load":\(number),"tags":["\(region)","t\(index % 3)"],\
                "id":"\(index)"},"samplerate":\(1 + Double(index % 4) / 3),"error":\(fails),"took":\(fails ? 900 + index % 9 : index % 50)}
                """
        }
        try withTemporaryFolder { folder in
            var seen: Set<String> = []
            for _ in 0..<4 {
                try write(lines.joined(separator: "\n"), to: "\(folder)/events.ndjson")
                for jobs in ["1", "2", "4"] {
                    let run = try blamedeploy([
                        "explain", "\(folder)/events.ndjson", "--after", "2020-09-13T13:00:00Z", "--jobs",
                        jobs,
                        "--format", "json",
                    ])
                    #expect(run.status == 0)
                    seen.insert(run.output)
                }
                lines.shuffle(using: &noise)
            }
            #expect(seen.count == 1)
            #expect(seen.first?.contains("\"predicates\"") == true)
        }
    }

    @Test("says when there is nothing to explain")
    func nothing() throws {
        let run = try explained(["--window", "110m..90m", "--baseline", "85m..65m"], json: false)
        #expect(run.status == 0)
        #expect(run.output.contains("None of these events failed."))
    }

    @Test("shows what the failures look like under their cause, with --exit-code as a finding")
    func text() throws {
        let run = try explained(["--after", "60m", "--exit-code"], json: false)
        #expect(run.status == 1)
        #expect(run.output.contains("bytes > "))
        #expect(run.output.contains("Looks like  ") && run.output.contains(" ×  err \"upload * refused\""))
    }

    @Test(
        "refuses windows that make no sense",
        arguments: [
            (["--after", "yesterday"], Int32(64), "--after takes"),
            (["--before", "10m"], 64, "--before goes with"),
            (["--window", "5m"], 64, "two times"), (["--baseline", "9m..5m"], 64, "--baseline goes with"),
            (["--after", "10m", "--window", "9m..5m"], 64, "choose"),
            (["--after", "2031-01-01"], 2, "ends before it begins"),
            (["--after", "2019-01-01"], 2, "ends before it begins"),
            (["--window", "10m..20m"], 2, "ends before it begins"),
            (["--window", "30m..10m", "--baseline", "20m..5m"], 2, "overlap"),
            (["--window", "2031-01-01..2031-01-02"], 2, "the events lie between"),
            (["--symptom", "regon"], 2, "'regon'"), (["--failing", "mss > 4"], 2, "'mss'"),
            (["--window", "20m..10m", "--baseline", "9w..8w"], 2, "to compare with"),
        ])
    func nonsense(options: [String], status: Int32, words: String) throws {
        let run = try explained(options)
        #expect(run.status == status, "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(run.errors.contains(words), "\(run.errors)")
    }
}

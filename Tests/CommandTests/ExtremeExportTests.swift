import DeployModel
import Foundation
import TestSupport
import Testing

/// Counts of one pod in ten-minute rows, and the deploys beside them.
private struct Export {
    /// Successes and failures of each row.
    var rows: [(good: Int, bad: Int)] = []
    /// Minutes at which deploys were recorded to start.
    var deploys = [1500, 3000, 4500]
    /// Rows that are missing.
    var gaps: [Range<Int>] = []
    /// Writes the time of a row.
    var time: (Instant) -> String = { "\($0)" }
    /// Into how many lines a row is cut.
    var parts = 1

    static func minute(_ minute: Int) -> Instant { Instant(seconds: 1_600_000_200 + minute * 60) }

    /// Four days; from minute 3002 on, twelve times as many failures.
    static var incident: Export {
        var noise = SeededNoise(seed: 5)
        return Export(
            rows: (0..<576).map { row in
                (good: 1000 + noise.poisson(30), bad: noise.poisson(row * 10 >= 3000 ? 48 : 4))
            })
    }

    /// The report on it.
    func judged(_ options: [String] = []) throws -> Verdict {
        var lines = ["ts,pod,success,error"]
        for (index, row) in rows.enumerated() where !gaps.contains(where: { $0.contains(index) }) {
            for part in 0..<parts {
                let (good, bad) = (share(row.good, part), share(row.bad, part))
                lines.append("\(time(Self.minute(index * 10))),web-0,\(good),\(bad)")
            }
        }
        let records = deploys.enumerated().map { index, minute in
            "{\"id\":\"d\(index)\",\"started_at\":\"\(Self.minute(minute))\",\"finished_at\":\"\(Self.minute(minute + 4))\"}"
        }
        return try withTemporaryFolder { folder in
            try write(lines.joined(separator: "\n") + "\n", to: "\(folder)/counts.csv")
            try write("[\(records.joined(separator: ","))]", to: "\(folder)/deploys.json")
            let run = try blamedeploy(
                ["\(folder)/counts.csv", "--no-repo", "--deploys", "\(folder)/deploys.json"]
                    + ["--format", "json"] + options)
            #expect([0, 2].contains(run.status), "\(run.errors)")
            // Strict: a number that is none would not be JSON.
            let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
            let verdict = try #require(report?["verdict"] as? [String: Any])
            return Verdict(
                kind: verdict["kind"] as? String ?? "", deploy: verdict["deploy"] as? String,
                probability: verdict["probability"] as? Double ?? -1)
        }
    }

    private func share(_ count: Int, _ part: Int) -> Int {
        count / parts + (part < count % parts ? 1 : 0)
    }

    struct Verdict: Equatable {
        var kind: String
        var deploy: String?
        var probability: Double
    }
}

@Suite("Odd exports get honest verdicts")
struct ExtremeExportTests {
    @Test("cutting rows in three, or writing times in another zone, changes nothing")
    func sameEvents() throws {
        let plain = try Export.incident.judged()
        #expect(plain.kind == "blamed" && plain.deploy == "d1")
        var split = Export.incident
        split.parts = 3
        #expect(try split.judged() == plain)
        var zoned = Export.incident
        zoned.time = { "\($0 + 7200)".replacingOccurrences(of: "Z", with: "+02:00") }
        #expect(try zoned.judged() == plain)
        var local = Export.incident
        local.time = { "\($0 - 12_600)".replacingOccurrences(of: "Z", with: "") }
        #expect(try local.judged(["--tz", "-03:30"]) == plain)
    }

    @Test("a clock of the records that is ten minutes off hides nobody", arguments: [-10, 10])
    func skewedClock(minutes: Int) throws {
        var export = Export.incident
        export.deploys = export.deploys.map { $0 + minutes }
        let verdict = try export.judged()
        #expect(verdict.deploy == "d1", "\(verdict)")
        #expect((0.5...1).contains(verdict.probability))
    }

    @Test("of two deploys at one instant neither is guessed")
    func duplicates() throws {
        var export = Export.incident
        export.deploys = [1500, 3000, 3000]
        let verdict = try export.judged()
        #expect(verdict.kind == "inconclusive")
        #expect(verdict.deploy == nil)
    }

    @Test("a thousand million events in one row are counted like any others")
    func huge() throws {
        var quiet = Export(rows: Array(repeating: (good: 2_000, bad: 2), count: 576))
        quiet.rows[300] = (good: 1_000_000_000, bad: 1_000_000)
        #expect(try quiet.judged().kind == "unchanged")
        let busy = Export(
            rows: (0..<576).map { (good: 1_000_000_000, bad: $0 >= 300 ? 50_000_000 : 1_000_000) })
        #expect(try busy.judged().deploy == "d1")
    }

    @Test("a gap of two days is no fall of traffic, and hides no rise before it")
    func gap() throws {
        var quiet = Export(rows: Array(repeating: (good: 1_000, bad: 4), count: 576))
        quiet.gaps = [200..<488]
        #expect(try quiet.judged().kind == "unchanged")
        var export = Export.incident
        export.gaps = [340..<560]
        #expect(try export.judged().deploy == "d1")
    }

    @Test(
        "too little, or nothing else than successes, is no ground to blame anybody",
        arguments: [
            (good: [0], bad: [1], kind: "inconclusive"), (good: [1], bad: [0], kind: "inconclusive"),
            (good: [0, 3], bad: [0, 1], kind: "inconclusive"), (good: [50], bad: [0], kind: "unchanged"),
        ])
    func nobody(good: [Int], bad: [Int], kind: String) throws {
        // What is not too little goes on for four days.
        let rows = zip(good, bad).map { (good: $0, bad: $1) }
        let verdict = try Export(rows: kind == "unchanged" ? Array(repeating: rows[0], count: 576) : rows)
            .judged()
        #expect(verdict.deploy == nil)
        #expect(verdict.kind == kind)
    }

    @Test("of failures alone it is said that nothing can be told")
    func onlyFailures() throws {
        let verdict = try Export(rows: Array(repeating: (good: 0, bad: 50), count: 576)).judged()
        #expect(verdict.kind == "inconclusive")
    }
}

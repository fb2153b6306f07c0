import DeployModel
import TestSupport
import Testing

/// Four days of counts in ten-minute rows; from a minute on, failures are so many times as frequent.
private func export(until: Int, risingAt minute: Int? = nil, times: Int = 12) -> String {
    var noise = SeededNoise(seed: 22)
    var lines = ["ts,success,error"]
    for row in 0..<until / 10 {
        let rises = row * 10 >= minute ?? .max
        let errors = noise.poisson(rises ? 4.0 * Double(times) : 4)
        lines.append("\(instant(row * 10)),\(1000 + noise.poisson(30)),\(errors)")
    }
    return lines.joined(separator: "\n") + "\n"
}

private func instant(_ minute: Int) -> Instant { Instant(seconds: 1_600_000_200 + minute * 60) }

private let records = """
    [{"id":"first","started_at":"\(instant(1000))","finished_at":"\(instant(1004))"},
     {"id":"newest","started_at":"\(instant(5000))","finished_at":"\(instant(5005))"}]
    """

private func check(_ events: String, _ options: [String] = []) throws -> CommandRun {
    try withTemporaryFolder { folder in
        try write(events, to: "\(folder)/events.csv")
        try write(records, to: "\(folder)/deploys.json")
        return try blamedeploy(
            ["check", "\(folder)/events.csv", "--no-repo", "--deploys", "\(folder)/deploys.json"] + options)
    }
}

@Suite("blamedeploy check")
struct CheckCommandTests {
    @Test("ends with 1 when the newest deploy regressed, and says so")
    func regression() throws {
        let run = try check(export(until: 5760, risingAt: 5000))
        #expect(run.status == 1)
        #expect(run.output.contains("newest"))
    }

    @Test("ends with 0 when there was enough traffic to see a change and there is none")
    func fine() throws {
        let run = try check(export(until: 7200))
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("no change of ×2 or more"))
    }

    @Test("ends with 2 when it is too early, and names the minutes that it needs")
    func early() throws {
        let run = try check(export(until: 5020), ["--min-effect", "1.3", "--format", "json"])
        #expect(run.status == 2)
        #expect(run.output.contains("\"needed_minutes\": "))
    }

    @Test("deploys after the last event are not given an all-clear with the one before them")
    func unseen() throws {
        let events = export(until: 4500)
        let told = try check(events, ["--format", "json"])
        #expect(told.output.contains("1 deploy began after the last event"), "\(told.output)")
        #expect(told.output.contains("(newest): nothing is said of it"), "\(told.output)")
        let asked = try check(events, ["--deploy", "newest"])
        #expect(asked.status == 2)
        #expect(asked.errors.contains("before the deploy newest at"), "\(asked.errors)")
        #expect(asked.errors.contains("export events that reach past it"), "\(asked.errors)")
        for options in [["--deploy", "first"], ["--until", "\(instant(4400))"]] {
            #expect(!(try check(events, options)).output.contains("after the last event"), "\(options)")
        }
        #expect(!(try check(export(until: 7200))).output.contains("after the last event"))
    }

    @Test("deploys are read once: they may come through a pipe")
    func piped() throws {
        try withTemporaryFolder { folder in
            try write(export(until: 7200), to: "\(folder)/events.csv")
            try write(records, to: "\(folder)/deploys.json")
            let run = try run(
                "bash",
                ["-c", "\(blamedeployPath) check events.csv --no-repo --deploys <(cat deploys.json)"],
                in: folder)
            #expect(run.status == 0, "\(run.output)\(run.errors)")
        }
    }

    @Test("an unknown deploy is an error that names the known ones")
    func unknown() throws {
        let run = try check(export(until: 5760), ["--deploy", "nosuch"])
        #expect(run.status == 2)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("newest"))
    }

    @Test("a minimal effect of one or less is wrong usage", arguments: ["1", "0.5", "nan"])
    func minimalEffect(text: String) throws {
        #expect(try check(export(until: 5760), ["--min-effect", text]).status == 64)
    }
}

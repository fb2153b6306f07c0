import DeployModel
import Foundation
import TestSupport
import Testing

/// Traffic that is long past.
private let traffic = ExportedTraffic(start: Instant(seconds: 1_700_002_800))

private let columns = "time Int64, pod String, status UInt16, ms UInt32, region Nullable(String)"

private let rows = traffic.requests.enumerated().map { index, request in
    """
    {"time":\(request.time.milliseconds),"pod":"\(request.pod)","status":\(request.status),"ms":\(request.milliseconds),\
    "region":\(index % 5 == 0 ? "null" : "\"r\(index % 3)\"")}
    """
}.joined(separator: "\n")

private func report(of events: String, _ options: [String] = []) throws -> [String: Any] {
    try withTemporaryFolder { folder in
        try write(traffic.deployRecords, to: "\(folder)/deploys.ndjson")
        let run = try blamedeploy(
            [
                events, "--no-repo", "--deploys", "\(folder)/deploys.ndjson", "--format", "json",
                "--since", "\(traffic.start)", "--until", "\(traffic.start + traffic.minutes * 60)",
            ] + options)
        #expect(run.status == 0, "\(run.errors)")
        return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }
}

/// The report on a file of the rows.
private func reportOfFile(_ options: [String] = []) throws -> [String: Any] {
    try withTemporaryFolder { folder in
        try write(rows, to: "\(folder)/events.ndjson")
        return try report(of: "\(folder)/events.ndjson", options)
    }
}

/// The parts of a report that must not depend on where the events are.
private func findings(_ report: [String: Any]) throws -> NSDictionary {
    [
        "verdict": try #require(report["verdict"]), "incidents": try #require(report["incidents"]),
        "window": try #require(report["window"]),
    ]
}

@Suite(
    "A table of ClickHouse",
    .enabled(if: ClickHouseCluster.isInstalled, Comment(rawValue: ClickHouseCluster.absence)))
struct ClickHouseCommandTests {
    @Test(
        "gets the verdict and the causes of the file of the same events, also spread over two servers",
        arguments: [[], ["--error", "status >= 500 and region != r9"], ["--map", "version=region"]])
    func sameVerdict(options: [String]) throws {
        let cluster = try ClickHouseCluster.shared.get()
        let name = "verdict_\(options.count)\(options.first?.count ?? 0)"
        try cluster.fill(name, columns: columns, rows: rows)
        try cluster.distribute("\(name)_all", columns: columns, rows: rows)
        let file = try reportOfFile(options)
        let verdict = try #require(file["verdict"] as? [String: Any])
        #expect(verdict["deploy"] as? String == "d1")
        for table in [name, "\(name)_all"] {
            let server = try report(of: cluster.url(table), options)
            #expect(try findings(server) == findings(file), "\(table)")
            let input = try #require((server["inputs"] as? [[String: Any]])?.first)
            #expect(input["source"] as? String == cluster.url(table))
            #expect(input["events"] as? Double == traffic.total.events)
        }
    }

    @Test("is counted together with files and other tables, as if all were one file")
    func together() throws {
        let cluster = try ClickHouseCluster.shared.get()
        let lines = rows.split(separator: "\n")
        func part(_ remainder: Int) -> String {
            lines.enumerated().filter { $0.offset % 3 == remainder }.map { String($0.element) }
                .joined(separator: "\n")
        }
        for number in 0..<2 { try cluster.fill("third_\(number)", columns: columns, rows: part(number)) }
        let file = try reportOfFile()
        let mixed = try withTemporaryFolder { folder in
            try write(part(2), to: "\(folder)/events.ndjson")
            return try report(
                of: "\(folder)/events.ndjson", [cluster.url("third_0"), cluster.url("third_1")])
        }
        let tables = try report(of: cluster.url("third_0"), [cluster.url("third_1")])
        #expect(try findings(mixed) == findings(file))
        #expect((mixed["inputs"] as? [[String: Any]])?.count == 3)
        #expect((tables["verdict"] as? [String: Any])?["deploy"] as? String == "d1")
    }

    @Test("is not asked offline, nor by a name that is none")
    func refused() throws {
        let url = try ClickHouseCluster.shared.get().url("no_such_table")
        for (arguments, problem) in [
            ([url, "--offline"], "--offline forbids"),
            ([url], "doesn't exist"),
        ] {
            let run = try blamedeploy(["explain"] + arguments)
            #expect(run.status == 2)
            #expect(run.output == "")
            #expect(run.errors.contains(problem), "\(run.errors)")
        }
    }

    @Test("without an event in the window is told so")
    func empty() throws {
        let cluster = try ClickHouseCluster.shared.get()
        try cluster.fill("empty_window", columns: columns, rows: rows)
        let run = try withTemporaryFolder { folder in
            try write(traffic.deployRecords, to: "\(folder)/deploys.ndjson")
            return try blamedeploy([
                cluster.url("empty_window"), "--no-repo", "--deploys", "\(folder)/deploys.ndjson",
                "--since", "2020-01-01", "--until", "2020-01-02",
            ])
        }
        #expect(run.status == 2)
        #expect(run.output.contains("No event lies between"), "\(run.output) \(run.errors)")
    }
}

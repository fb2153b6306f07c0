import DeployModel
import Foundation
import TestSupport

/// The servers that `docs/servers.md` speaks of, started for its console blocks: `$PROMETHEUS` and `$CLICKHOUSE` say where those are
/// that hold the demo's events, and Honeycomb is a stub that holds traffic of half a day ago.
struct DocumentedServers {
    static let page = "docs/servers.md"

    private let prometheus: RunningServer
    private let honeycomb: HoneycombStub
    private let clickHouse: ClickHouseCluster

    static let areInstalled = isInstalled("prometheus") && ClickHouseCluster.isInstalled

    init(demo: String, in folder: String) throws {
        let events = try String(contentsOfFile: "\(demo)/events.ndjson", encoding: .utf8)
        prometheus = try TestSupport.prometheus(holding: counters(of: events), in: folder)
        clickHouse = try ClickHouseCluster.shared.get()
        try clickHouse.fill(
            "requests",
            columns: """
                timestamp DateTime, pod String, route String, customer String, region String, duration_ms UInt16, error UInt8, \
                message Nullable(String)
                """, rows: events.replacing(":true", with: ":1").replacing(":false", with: ":0"))
        honeycomb = try HoneycombStub(
            ExportedTraffic(start: Instant(seconds: currentSeconds() / 3600 * 3600 - 12 * 3600)))
    }

    /// What the commands of the page find in their environment.
    var environment: [String: String] {
        [
            "PROMETHEUS": "127.0.0.1:\(prometheus.port)", "CLICKHOUSE": "127.0.0.1:\(clickHouse.ports[0])",
        ].merging(honeycomb.environment) { _, new in new }
    }
}

/// The demo's events as counters of each deployment, scraped every five minutes.
private func counters(of events: String) -> String {
    var counts: [String: [Int: Int]] = [:]
    var steps: Set<Int> = []
    for line in events.split(separator: "\n") {
        guard let record = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let text = record["timestamp"] as? String, let time = Instant(rfc3339: text),
            let pod = record["pod"] as? String, let isFailing = record["error"] as? Bool
        else { continue }
        let deployment = pod.prefix { $0 != "-" }
        let step = Int(time.seconds) / 300 + 1
        steps.insert(step)
        counts["deployment=\"\(deployment)\",code=\"\(isFailing ? 500 : 200)\"", default: [:]][
            step, default: 0] += 1
    }
    let (first, last) = (steps.min() ?? 0, steps.max() ?? 0)
    let samples = counts.sorted { $0.key < $1.key }.map { labels, steps in
        var total = 0
        return (first - 1...last).map { step in
            total += steps[step] ?? 0
            return "http_requests_total{\(labels)} \(total) \(step * 300)\n"
        }.joined()
    }
    return "# TYPE http_requests counter\n\(samples.joined())# EOF\n"
}

import BlameDeployCLI
import DeployModel
import Foundation
import GitHistory
import TestSupport

/// Investigates made-up cases one after another in one process, each twice, and watches what the process holds.
///
/// ```
/// swift run -c release Soak [CASES [FIRST]] > /dev/null
/// ```
///
/// The cases are numbered from FIRST, 0 when it is left out, and each is made from its number.
///
/// Every report must keep to the schema and be the same both times; memory and open files must not grow.
@main
struct Soak {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let count = arguments.first ?? 1000
        let first = arguments.dropFirst().first ?? 0
        let schema = try SchemaCheck.ofReports()
        var kinds: [String: Int] = [:]
        var faults = 0
        let clock = ContinuousClock()
        let start = clock.now
        for number in first..<first + count {
            try withTemporaryFolder { folder in
                var story = SoakCase(seed: UInt64(number))
                try story.write(to: folder)
                let reports = try ["one", "two"].map { name in
                    let path = "\(folder)/\(name).json"
                    let status = Program.run([
                        "\(folder)/events.ndjson", "--repo", "\(folder)/repository", "--export",
                        "json=\(path)",
                    ])
                    guard status == 0 || status == 2 else {
                        throw SoakFault(description: "case \(number) ends with \(status)")
                    }
                    return try Data(contentsOf: URL(filePath: path))
                }
                guard let report = try JSONSerialization.jsonObject(with: reports[0]) as? [String: Any] else {
                    return
                }
                let broken =
                    schema.faults(of: report, as: "report")
                    + (reports[0] == reports[1] ? [] : ["differs when it is made again"])
                if !broken.isEmpty {
                    faults += 1
                    complain("case \(number): \(broken.joined(separator: "; "))")
                }
                kinds[(report["verdict"] as? [String: Any])?["kind"] as? String ?? "none", default: 0] += 1
            }
            let done = number - first + 1
            if done == 100 || done % 500 == 0 {
                complain(
                    "\(done) cases, \(clock.now - start): \(try residentMiB()) MiB resident, \(try openFiles()) files open"
                )
            }
        }
        complain(
            "\(count) cases, each investigated twice, \(faults) with faults; verdicts \(kinds.sorted { $0.key < $1.key })"
        )
        if faults > 0 { exit(1) }
    }

    private static func complain(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    private static func residentMiB() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return (Int(pages[1]) ?? 0) * 4096 / (1 << 20)
    }

    private static func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}

private struct SoakFault: Error { var description: String }

/// A repository of a few deploys, and events beside it: some quiet, some with an incident that a deploy brought or that nobody did.
private struct SoakCase {
    private var noise: SeededNoise

    init(seed: UInt64) { noise = SeededNoise(seed: seed) }

    private mutating func below(_ limit: Int) -> Int { Int(noise.next() % UInt64(limit)) }

    mutating func manifest(_ name: String, _ version: Int) -> String {
        let pool = below(5) == 0 ? "\(10 + below(90))" : "20"
        let left = below(6) == 0 ? "                  key: key\n" : ""
        return """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: \(name)}
            spec:
              replicas: \(1 + below(4))
              template:
                spec:
                  containers:
                    - name: main
                      image: shop/\(name):1.\(version)
                      env:
                        - {name: POOL, value: "\(pool)"}
                        - name: SECRET
                          valueFrom:
                            secretKeyRef:
                              name: sms
                              key: password
            """ + "\n" + left
    }

    mutating func write(to folder: String) throws {
        let names = ["api", "mailer", "worker"]
        let begin = Instant(seconds: 1_600_000_000)
        let writer = try RepositoryWriter(creatingAt: "\(folder)/repository")
        var head: [CommitID] = []
        var times: [Int] = []
        for version in 0..<2 + below(5) {
            times.append((times.last ?? -7200) + 3600 * (2 + below(16)))
            var files: [String: [UInt8]] = [:]
            for name in names where version == 0 || below(2) == 0 {
                files["k8s/\(name).yaml"] = Array(manifest(name, version).utf8)
            }
            files["README.md"] = Array("\(version)\n".utf8)
            head = [
                try writer.commit(
                    "Ship \(version)", at: begin + (times.last ?? 0), files: files, parents: head)
            ]
        }
        let culprit = below(4)
        let onset = culprit < 2 ? times[below(times.count)] + 300 : culprit == 2 ? below(172_800) : .max
        let victim = names[below(3)]
        let share = 5 + below(60)
        var lines = ""
        for second in stride(from: 0, to: 172_800, by: 90 + below(200)) {
            let name = names[below(3)]
            let isFailing = second > onset && name == victim ? below(100) < share : below(200) == 0
            lines +=
                "{\"ts\":\"\(begin + second)\",\"pod\":\"\(name)-0\",\"status\":\(isFailing ? 503 : 200),\"route\":\"/r\(below(5))\",\"ms\":\(below(300))}\n"
        }
        try TestSupport.write(lines, to: "\(folder)/events.ndjson")
    }
}

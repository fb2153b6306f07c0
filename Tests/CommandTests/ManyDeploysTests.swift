import DeployModel
import GitHistory
import TestSupport
import Testing

@Suite("Where many deploys are compared")
struct ManyDeploysTests {
    @Test("the report is the same for any number of threads, also where deploys cannot be compared")
    func workers() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/shop")
            var commits: [CommitID] = []
            for index in 0..<50 {
                let queue = index < 30 ? "orders" : "orders-v2"
                let manifest = """
                    apiVersion: v1
                    kind: ConfigMap
                    metadata:
                      name: worker
                    data:
                      BUILD: "\(index)"
                      QUEUE: \(queue)

                    """
                commits.append(
                    try writer.commit(
                        "Commit \(index)", at: Instant(seconds: 1_600_000_000 + index * 3_600),
                        files: index % 7 == 3
                            ? ["README.md": Array("\(index)".utf8)] : ["worker.yaml": Array(manifest.utf8)],
                        parents: commits.suffix(1)))
            }
            let records = (0..<50).map { index in
                // A commit that was never pushed cannot be compared.
                let commit = index == 20 ? String(repeating: "a", count: 40) : commits[index].hex
                return
                    #"{"id": "d\#(index)", "commit": "\#(commit)", "time": \#(1_600_000_000 + index * 3_600)}"#
            }
            try write("[\(records.joined(separator: ","))]", to: "\(folder)/deploys.json")
            let events = (0..<9_000).map { index -> String in
                let fails = index % (index < 5_400 ? 50 : 4) == 0
                return #"{"ts":"\#(Instant(seconds: 1_600_000_000 + index * 20))","error":\#(fails)}"#
            }
            try write(events.joined(separator: "\n"), to: "\(folder)/events.ndjson")
            let runs = try ["1", "2", "3"].map { jobs in
                try blamedeploy([
                    "\(folder)/events.ndjson", "--repo", "\(folder)/shop", "--deploys",
                    "\(folder)/deploys.json",
                    "--jobs", jobs, "--format", "json",
                ])
            }
            #expect(Set(runs.map(\.output)).count == 1)
            #expect(runs[0].output.contains("orders-v2"), "\(runs[0])")
            #expect(runs.allSatisfy { $0.status == 0 && $0.errors == runs[0].errors })
        }
    }
}

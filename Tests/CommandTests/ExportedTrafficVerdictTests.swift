import DeployModel
import Foundation
import TestSupport
import Testing

private let traffic = ExportedTraffic()

@Suite("The same traffic in every format")
struct ExportedTrafficVerdictTests {
    @Test("gives the same verdict", arguments: TrafficFormat.all)
    func verdict(format: TrafficFormat) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/\(format.file)"
            try write(format.write(traffic), to: path)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_791_700_000)], ofItemAtPath: path)
            try write(traffic.deployRecords, to: "\(folder)/deploys.ndjson")
            let run = try blamedeploy([
                path, "--no-repo", "--deploys", "\(folder)/deploys.ndjson", "--format", "json",
            ])
            #expect(run.status == 0, "\(run.errors)")
            let report = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
            let verdict = try #require(report?["verdict"] as? [String: Any])
            #expect(verdict["kind"] as? String == "blamed")
            #expect(verdict["deploy"] as? String == "d1")
            let inputs = try #require(report?["inputs"] as? [[String: Any]])
            #expect(inputs[0]["events"] as? Double == traffic.total.events)
        }
    }
}

import DeployModel
import DeployRecords
import TestSupport
import Testing

@Suite("Reading a damaged deploys file")
struct HostileRecordsTests {
    @Test("gives deploys in order with ids of their own, or says why not", arguments: 0..<60)
    func mutations(seed: UInt64) throws {
        try mutate(seed % 2 == 0 ? "deploys/window.json" : "deploys/releases.csv", seed: seed)
    }

    @Test("also of the exports of tools", arguments: exports)
    func mutatedExports(name: String) throws {
        for seed in 0..<8 { try mutate("deploys/formats/\(name)", seed: UInt64(seed)) }
    }

    private func mutate(_ path: String, seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(1, limit)
        }
        var bytes = try fixture(path)
        for _ in 0...random(below: 8) {
            let start = random(below: bytes.count)
            let end = min(bytes.count, start + random(below: 12))
            let patch = Array("{}[],:\"\n;\t0x\u{FFFD}".utf8).suffix(random(below: 6))
            bytes.replaceSubrange(start..<end, with: random(below: 2) == 0 ? [] : Array(patch))
        }
        do throws(DeployRecordError) {
            let file = try readDeploys(bytes, source: "deploys")
            #expect(Set(file.deploys.map(\.id)).count == file.deploys.count)
            #expect(file.deploys.map(\.startedAt) == file.deploys.map(\.startedAt).sorted())
            #expect(file.skipped.isEmpty == !file.warnings.contains { $0.code == "skipped_records" })
        } catch {
            #expect(error.remedy != nil && error.location != nil)
        }
    }
}

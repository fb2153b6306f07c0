import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

private let traffic = ExportedTraffic()

/// The traffic in a format, read again.
private func summary(_ format: TrafficFormat, options: IngestOptions = IngestOptions()) throws -> EventSummary
{
    try withTemporaryFolder { folder in
        let path = "\(folder)/\(format.file)"
        try write(format.write(traffic), to: path)
        // Times without a year belong to the day that a file was written.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_791_700_000)], ofItemAtPath: path)
        return try summarize(try EventSources([path]), options: options)
    }
}

@Suite("The same traffic in every format")
struct ExportedTrafficTests {
    @Test("gives the same counts of each minute and each pod", arguments: TrafficFormat.all)
    func counts(format: TrafficFormat) throws {
        let found = try summary(format)
        #expect(found.inputs[0].skipped == 0, "\(found.rejected)")
        #expect(found.warnings.isEmpty, "\(found.warnings)")
        let all = try #require(found.series.first { $0.scope == .all && $0.slowerThan == nil })
        #expect(all.total == traffic.total)
        #expect(all.bucketSeconds == 60)
        let expected = traffic.byMinute
        for index in all.events.indices {
            let minute = expected[all.start + index * 60] ?? Rate(0, of: 0)
            #expect(Rate(all.errors[index], of: all.events[index]) == minute)
        }
        let pods = found.series.filter {
            $0.scope.kind == .pod && $0.slowerThan == nil && traffic.byPod[$0.scope.name] != nil
        }
        #expect(pods.count == (format.namesPods ? 4 : 0))
        for pod in pods { #expect(pod.total == traffic.byPod[pod.scope.name]) }
    }

    @Test(
        "however small the pieces are that it is read in",
        .enabled(if: isInstalled("gzip") && isInstalled("split"), "members of gzip make small pieces"),
        arguments: TrafficFormat.all.filter { $0.file.hasSuffix("s.json") || $0.file.hasSuffix("l.csv") })
    func pieces(format: TrafficFormat) throws {
        let plain = try summary(format)
        try withTemporaryFolder { folder in
            let path = "\(folder)/\(format.file)"
            try write(format.write(traffic), to: path)
            let packing = try run("split", ["-b", "4999", "--filter", "gzip -qc >> '\(path).gz'", path])
            #expect(packing.status == 0, "\(packing.errors)")
            let packed = try summarize(try EventSources(["\(path).gz"]), options: IngestOptions())
            #expect(packed.series == plain.series)
        }
    }
}

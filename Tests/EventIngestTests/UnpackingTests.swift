import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

private let good = "{\"ts\":\"2020-09-13T12:26:40Z\",\"error\":false}\n"

/// A file in a folder as a program packs it, and how many times smaller that is.
private func packed(_ text: String, as name: String, by program: String, in folder: String) throws -> (
    path: String, ratio: Int
) {
    try write(text, to: "\(folder)/\(name)")
    #expect(try run(program, ["-q", "-9", "\(folder)/\(name)"]).status == 0)
    let path = "\(folder)/\(name).\(program == "gzip" ? "gz" : "zst")"
    let size = try Data(contentsOf: URL(filePath: path)).count
    // zstd leaves the plain file where it is.
    try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    return (path, text.utf8.count / size)
}

private func eventCount(_ inputs: [EventInput], headBytes: Int = 16 << 20, freeBytes: Int) throws -> Double {
    let sources = try EventSources(
        inputs, headBytes: headBytes, allowance: UnpackingAllowance(freeBytes: freeBytes))
    return try summarize(sources, options: IngestOptions()).inputs.reduce(0) { $0 + $1.events }
}

@Suite(
    "Small files that stand for large ones",
    .enabled(if: isInstalled("gzip") && isInstalled("zstd"), "gzip and zstd are wanted to pack with"))
struct UnpackingTests {
    @Test(
        "telemetry that hardly differs from line to line is read, packed more than a hundred times smaller",
        arguments: ["gzip", "zstd"])
    func telemetry(program: String) throws {
        let trace = (0..<90).map { "at shop.Checkout.pay(Checkout.java:\($0 * 7))" }.joined(separator: " ")
        let lines = (0..<250).map {
            "{\"ts\":\"\(Instant(seconds: 1_600_000_000 + $0 * 30))\",\"error\":\($0 % 9 == 2),\"trace\":\"\(trace)\"}\n"
        }
        try withTemporaryFolder { folder in
            let file = try packed(lines.joined(), as: "events", by: program, in: folder)
            #expect(file.ratio > 100)
            #expect(try eventCount([.path(file.path)], freeBytes: 0) == 250)
        }
    }

    @Test("what unpacks without end is refused, and the way round is told", arguments: ["gzip", "zstd"])
    func bomb(program: String) throws {
        let blank = String(repeating: " ", count: 8 << 20)
        try withTemporaryFolder { folder in
            let file = try packed(good + blank, as: "bomb", by: program, in: folder)
            #expect(file.ratio > UnpackingAllowance.mostRatio)
            let error = try #require(throws: IngestError.self) {
                try eventCount([.path(file.path)], freeBytes: 1 << 16)
            }
            #expect(error.code == .unpacksTooFar && error.location == file.path, "\(error)")
            #expect(error.problem.contains("more than 1000 times their size"))
            #expect(error.remedy?.contains("\(program) -d") == true)
            // The default lets far more than that through: it takes no time to speak of.
            #expect(try eventCount([.path(file.path)], freeBytes: UnpackingAllowance.freeBytes) == 1)
        }
    }

    @Test("a thousand small ones have no more than one large one")
    func many() throws {
        try withTemporaryFolder { folder in
            let paths = try (0..<4).map { number in
                // Different in their size, or they would count as copies.
                let blank = String(repeating: " ", count: 1 << 20 + number)
                return try packed(good + blank, as: "bomb\(number)", by: "zstd", in: folder).path
            }
            #expect(try eventCount([.path(paths[0])], freeBytes: 2 << 20) == 1)
            #expect(throws: IngestError.self) { try eventCount([.path(folder)], freeBytes: 2 << 20) }
        }
    }

    @Test("what comes from a pipe and is packed by us to be read twice has no such limit")
    func pipe() throws {
        let text = good + String(repeating: " ", count: 1 << 20) + "\n" + good
        try withTemporaryFolder { folder in
            let pipe = "\(folder)/pipe"
            #expect(try run("mkfifo", [pipe]).status == 0)
            Thread.detachNewThread {
                try? FileHandle(forWritingTo: URL(filePath: pipe)).write(contentsOf: Data(text.utf8))
            }
            let sources = try EventSources(
                [.path(pipe)], headBytes: 100, allowance: UnpackingAllowance(freeBytes: 0))
            for _ in 0..<2 {
                let found = try summarize(sources, options: IngestOptions())
                #expect(found.inputs.map(\.events) == [2])
            }
        }
    }
}

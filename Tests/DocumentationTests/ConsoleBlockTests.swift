import Foundation
import TestSupport
import Testing

/// A `console` block of a page: commands with what they print.
private struct ConsoleBlock: CustomTestStringConvertible {
    var page: String
    var line: Int
    var commands: [(command: String, output: [String])]
    var testDescription: String { "\(page):\(line)" }
}

private let blocks: [ConsoleBlock] = {
    let pages = (try? FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/docs")) ?? []
    return (["README.md"] + pages.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }).flatMap(
        consoleBlocks)
}()

private func consoleBlocks(of page: String) -> [ConsoleBlock] {
    guard let text = try? String(contentsOfFile: "\(packageRoot)/\(page)", encoding: .utf8) else { return [] }
    var found: [ConsoleBlock] = []
    var current: ConsoleBlock?
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        .enumerated()
    {
        if line == "```console" {
            current = ConsoleBlock(page: page, line: number + 1, commands: [])
        } else if line == "```", let block = current {
            found.append(block)
            current = nil
        } else if current != nil {
            if line.hasPrefix("$ ") {
                current?.commands.append((String(line.dropFirst(2)), []))
            } else if let last = current?.commands.indices.last {
                current?.commands[last].output.append(line)
            }
        }
    }
    return found
}

/// Whether lines match, where a line `…` stands for any number of lines.
private func matches(_ found: ArraySlice<String>, _ expected: ArraySlice<String>) -> Bool {
    guard let first = expected.first else { return found.isEmpty }
    if first == "…" {
        return found.indices.contains { matches(found[$0...], expected.dropFirst()) } || expected.count == 1
    }
    return found.first == first && matches(found.dropFirst(), expected.dropFirst())
}

@Suite("Every console block of the manual does what it shows", .serialized)
struct ConsoleBlockTests {
    @Test("there are blocks to run")
    func some() { #expect(blocks.count >= 5) }

    @Test("prints what the page says", arguments: blocks.filter { $0.page != DocumentedServers.page })
    private func prints(block: ConsoleBlock) throws { try run(block) }

    /// One test for all of them, so that the servers end with it.
    @Test(
        "prints what the page about servers says",
        .enabled(
            if: DocumentedServers.areInstalled,
            "SKIPPED: prometheus or clickhouse-server is not installed: bash .ci/setup --servers"))
    func printsOfServers() throws {
        try withTemporaryFolder { folder in
            let servers = try DocumentedServers(demo: demoFolder(), in: folder)
            let own = blocks.filter { $0.page == DocumentedServers.page }
            #expect(!own.isEmpty)
            for block in own { try run(block, environment: servers.environment) }
        }
    }

    private func run(_ block: ConsoleBlock, environment: [String: String] = [:]) throws {
        try withTemporaryFolder { folder in
            // Pages may speak of the demo's repository and export without making them again.
            let demo = try TestSupport.run("cp", ["-r", demoFolder(), "\(folder)/blamedeploy-demo"])
            #expect(demo.status == 0)
            for (command, expected) in block.commands {
                let result = try TestSupport.run(
                    "bash", ["-c", command], in: folder,
                    environment: [
                        "PATH":
                            "\(blamedeployPath.dropLast("/blamedeploy".count)):/usr/local/bin:/usr/bin:/bin",
                        "COLUMNS": "100",
                        "NO_COLOR": "1", "LC_ALL": "C.UTF-8",
                    ].merging(environment) { _, new in new })
                let shown = (result.output + result.errors).split(
                    separator: "\n", omittingEmptySubsequences: false
                ).map(String.init)
                let found = shown.last == "" ? Array(shown.dropLast()) : shown
                #expect(
                    matches(found[...], expected[...]),
                    "\(block.page):\(block.line): $ \(command)\n\(found.joined(separator: "\n"))")
            }
        }
    }
}

/// A demo made once for all blocks.
private let madeDemo: Result<String, any Error> = Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "blamedeploy-manual-\(ProcessInfo.processInfo.processIdentifier)"
    ).path
    // The report is made again by the blocks that show it; here only the files are wanted, and they are the first thing made.
    _ = try blamedeploy(["demo", folder])
    return folder
}

private func demoFolder() throws -> String { try madeDemo.get() }

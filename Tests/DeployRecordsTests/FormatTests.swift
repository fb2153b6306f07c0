import DeployModel
import DeployRecords
import Foundation
import TestSupport
import Testing

/// The exports of one story: a deploy, one that failed, and one more, each in a file of its own format.
let exports: [String] = {
    let folder = "\(packageRoot)/Fixtures/deploys/formats"
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}()

private let first = CommitID("1d0a6e3b2c4f5a69788796a5b4c3d2e1f0a9b8c7")!
private let failed = CommitID("9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c")!
private let second = CommitID("4f2c9d1e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d")!

/// The file with its short ids, tags of images and versions replaced by the commits that a repository would find.
private func resolved(_ name: String) throws -> DeployFile {
    var file = try readDeploys(fixture("deploys/formats/\(name)"), source: name)
    func commit(of deploy: Deploy) -> CommitID? {
        deploy.commit
            ?? [first, failed, second].first { commit in
                (file.references[deploy.id] ?? []).contains { $0.contains(commit.hex.prefix(7)) }
            }
    }
    for index in file.deploys.indices { file.deploys[index].commit = commit(of: file.deploys[index]) }
    for index in file.failed.indices { file.failed[index].commit = commit(of: file.failed[index]) }
    return file
}

@Suite("Every format of deploy records")
struct FormatTests {
    @Test("there are exports of every format") func some() { #expect(exports.count >= 32) }

    @Test("reads as the golden file has it", arguments: exports)
    func golden(name: String) throws {
        let file = try readDeploys(fixture("deploys/formats/\(name)"), source: name)
        try expectGolden(listing(file), matches: "deploys/\(name).txt")
    }

    @Test("a mangled twin is refused, and the error says what to export", arguments: exports)
    func mangled(name: String) throws {
        let error = #expect(throws: DeployRecordError.self) {
            try readDeploys(fixture("deploys/mangled/\(name)"), source: name)
        }
        try expectGolden(try #require(error).description + "\n", matches: "deploys/\(name).mangled.txt")
    }

    /// What a format can say: `helm list` knows the newest release only.
    @Test("tells the same deploys, whatever the format", arguments: exports)
    func sameDeploys(name: String) throws {
        let file = try resolved(name)
        #expect(file.deploys.map(\.commit) == (name == "helm-list.json" ? [second] : [first, second]))
        #expect(file.failed.allSatisfy { $0.commit == failed })
        let starts = [
            first: "2026-10-09T09:00:01Z", failed: "2026-10-10T11:30:00Z", second: "2026-10-10T14:02:11Z",
        ]
        let ends = [
            first: "2026-10-09T09:02:09Z", failed: "2026-10-10T11:31:00Z", second: "2026-10-10T14:04:01Z",
        ]
        for deploy in file.deploys + file.failed {
            let commit = try #require(deploy.commit)
            let (start, end) = (at(starts[commit]!), at(ends[commit]!))
            // A source that keeps one time only keeps that of the start or of the end.
            #expect(abs(deploy.startedAt.seconds(since: start)) < 1 || deploy.startedAt == end)
            #expect(deploy.finishedAt == nil || deploy.finishedAt == end)
            #expect([nil, "prod", "production"].contains(deploy.environment))
            #expect([nil, "checkout"].contains(deploy.service))
            #expect(!deploy.isRollback)
        }
    }

    @Test("all of them together tell each deploy once")
    func together() throws {
        let files = try exports.map(resolved)
        let merged = mergeDeploys(files.map(\.deploys))
        #expect(merged.map(\.commit) == [first, second])
        #expect(merged.map(\.startedAt) == [at("2026-10-09T09:00:01Z"), at("2026-10-10T14:02:11Z")])
        #expect(merged.map(\.finishedAt) == [at("2026-10-09T09:02:09Z"), at("2026-10-10T14:04:01Z")])
        #expect(merged.allSatisfy { $0.service == "checkout" && $0.environment != nil })
        let failures = mergeDeploys(files.map(\.failed))
        #expect(failures.map(\.commit) == [failed])
    }

    @Test(
        "also without a repository that could say which commits their names mean, in any order",
        arguments: 0..<6)
    func togetherByName(seed: UInt64) throws {
        var noise = SeededNoise(seed: seed)
        let files = try exports.shuffled(using: &noise).map { name in
            try readDeploys(fixture("deploys/formats/\(name)"), source: name)
        }
        let references = files.map(\.references)
        #expect(mergeDeploys(files.map(\.deploys), references: references).map(\.commit) == [first, second])
        #expect(mergeDeploys(files.map(\.failed), references: references).map(\.commit) == [failed])
    }

    @Test("any piece of an export is read, or refused with the way out", arguments: exports)
    func pieces(name: String) throws {
        let bytes = try fixture("deploys/formats/\(name)")
        for parts in 1..<24 {
            let piece = Array(bytes.prefix(bytes.count * parts / 24))
            do throws(DeployRecordError) {
                let file = try readDeploys(piece, source: name)
                #expect(Set(file.deploys.map(\.id)).count == file.deploys.count)
            } catch {
                #expect(error.remedy != nil && error.location != nil)
            }
        }
    }
}

/// A file's deploys, one a line, for people to compare.
private func listing(_ file: DeployFile) -> String {
    func line(_ deploy: Deploy) -> String {
        let commit =
            deploy.commit?.abbreviated ?? "(\((file.references[deploy.id] ?? []).joined(separator: ", ")))"
        let facts = [
            "\(deploy.startedAt)", deploy.finishedAt.map { "to \($0)" } ?? "", commit,
            deploy.environment ?? "-",
            deploy.service ?? "-", deploy.id, deploy.isRollback ? "rollback" : "", deploy.title,
            deploy.author,
        ]
        return "  " + facts.filter { !$0.isEmpty }.joined(separator: " | ") + "\n"
    }
    var text = file.formats.joined(separator: ", ") + "\n" + file.deploys.map(line).joined()
    if !file.failed.isEmpty { text += "failed\n" + file.failed.map(line).joined() }
    for skip in file.skipped { text += "skipped \(skip.index) in line \(skip.line): \(skip.reason)\n" }
    for warning in file.warnings {
        text += "\(warning.code): \(warning.text)\n" + (warning.remedy.map { "  help: \($0)\n" } ?? "")
    }
    return text
}

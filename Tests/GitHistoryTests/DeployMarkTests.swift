import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

private func at(_ seconds: Int) -> Instant { Instant(seconds: seconds) }
private let noon = Instant(rfc3339: "2026-03-14T12:00:00Z")!

@Suite("A deploy as a line of a note")
struct DeployMarkTests {
    @Test(
        "is read back as it was written",
        arguments: [
            DeployMark(startedAt: noon),
            DeployMark(
                startedAt: noon, finishedAt: noon + 300, environment: "production", service: "web", id: "812",
                author: "ines", title: "Lower the pool size"),
            DeployMark(startedAt: noon, author: "Ines \"The Boss\" Almeida", title: "A \\ in it"),
            DeployMark(startedAt: noon, title: "env=x is gone"),
            DeployMark(startedAt: noon, title: "DB_POOL=5 set"),
            DeployMark(startedAt: noon, environment: "eu west", title: "\"quoted\" from the start"),
            DeployMark(startedAt: noon, title: "title=twice id=3"),
            DeployMark(startedAt: noon, title: "two  spaces"),
        ])
    func roundTrip(mark: DeployMark) { #expect(DeployMark(line: mark.line) == mark) }

    @Test("is written as people write it, where that is plain")
    func plain() {
        let mark = DeployMark(startedAt: noon, environment: "production", title: "Drain the queue")
        #expect(mark.line == "2026-03-14T12:00:00Z env=production Drain the queue")
    }

    @Test(
        "is nothing without a time",
        arguments: ["", "words for people", "env=production", "2026-13-01T00:00:00Z x"])
    func notes(line: String) { #expect(DeployMark(line: line) == nil) }

    @Test("keeps a title whose first word only looks like a value")
    func unknownKey() {
        #expect(DeployMark(line: "2026-03-14T12:00:00Z POOL=5 everywhere")?.title == "POOL=5 everywhere")
    }
}

@Suite("Marks as git notes")
struct DeployNoteTests {
    private func withRepository(
        _ body: (_ folder: String, _ repository: Repository, _ commits: [CommitID]) throws -> Void
    )
        throws
    {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/r")
            let one = try writer.commit("One", at: at(1_000), files: ["a": [1]], parents: [])
            let two = try writer.commit("Two", at: at(2_000), files: ["a": [2]], parents: [one])
            try body("\(folder)/r", try Repository(discovering: "\(folder)/r"), [one, two])
        }
    }

    @Test("are deploys, and taken back are none")
    func markAndUnmark() throws {
        try withRepository { _, repository, commits in
            let first = DeployMark(startedAt: noon, environment: "production")
            let second = DeployMark(startedAt: noon + 60, environment: "staging")
            #expect(try repository.mark(first, on: commits[0], at: noon))
            #expect(try repository.mark(second, on: commits[0], at: noon))
            #expect(try !repository.mark(first, on: commits[0], at: noon))
            let marked = try repository.deploys(.notes, from: commits[1], window: nil)
            #expect(marked.map(\.environment) == ["production", "staging"])
            #expect(marked.map(\.title) == ["One", "One"])
            let removed = try repository.unmark(on: commits[0], at: noon) { $0.environment == "staging" }
            #expect(removed == [second])
            #expect(try repository.unmark(on: commits[1], at: noon) { _ in true }.isEmpty)
            #expect(try repository.unmark(on: commits[0], at: noon) { _ in true } == [first])
            #expect(try repository.deploys(.notes, from: commits[1], window: nil).isEmpty)
        }
    }

    @Test("leave lines alone that people wrote")
    func otherLines() throws {
        try withRepository { folder, repository, commits in
            _ = try run(
                "git",
                [
                    "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b", "notes", "--ref", "deploys",
                    "add", "-m", "ask Ines", commits[0].hex,
                ])
            let mark = DeployMark(startedAt: noon)
            try repository.mark(mark, on: commits[0], at: noon)
            _ = try repository.unmark(on: commits[0], at: noon) { _ in true }
            let note = try run("git", ["-C", folder, "notes", "--ref", "deploys", "show", commits[0].hex])
            #expect(note.output == "ask Ines\n")
        }
    }

    @Test("of changes outside git are deploys without a commit, each with a name of its own")
    func outsideGit() throws {
        try withRepository { folder, repository, commits in
            try repository.mark(DeployMark(startedAt: noon, title: "Flag push-v2 on"), on: nil, at: noon)
            try repository.mark(DeployMark(startedAt: noon + 60, title: "Flag push-v2 on"), on: nil, at: noon)
            try repository.mark(
                DeployMark(startedAt: noon + 120, id: "m7", title: "Migrate orders"), on: nil, at: noon)
            try repository.mark(DeployMark(startedAt: noon + 90), on: commits[1], at: noon)
            let deploys = try repository.deploys(.notes, from: commits[1], window: nil)
            #expect(deploys.map(\.id) == ["flag-push-v2-on", "flag-push-v2-on#2", commits[1].hex, "m7"])
            #expect(deploys.map(\.commit) == [nil, nil, commits[1], nil])
            #expect(deploys[3].title == "Migrate orders")
            // Pruning the notes of objects that are gone keeps them.
            _ = try run(
                "git",
                [
                    "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b", "notes", "--ref", "deploys",
                    "prune",
                ])
            #expect(try repository.deploys(.notes, from: commits[1], window: nil).count == 4)
        }
    }

    @Test("of many writers at once are all there")
    func manyWriters() throws {
        try withRepository { folder, _, commits in
            let ours = (0..<6).map { index in
                "for i in 1 2 3; do '\(blamedeployPath)' mark \(commits[index % 2].hex) --repo '\(folder)' "
                    + "--started $((1700000000 + \(index) * 10 + i)) > /dev/null || echo failed; done &"
            }
            let result = try run("bash", ["-c", ours.joined(separator: "\n") + "\nwait"])
            #expect(result.output == "" && result.status == 0, "\(result)")
            let deploys = try Repository(discovering: folder).deploys(.notes, from: commits[1], window: nil)
            #expect(deploys.count == 18)
            #expect(Set(deploys.map(\.startedAt)).count == 18)
        }
    }

    @Test("wait for another writer, and say whose lock it is when that takes too long")
    func stuckLock() throws {
        try withRepository { folder, repository, commits in
            let lock = "\(folder)/.git/refs/notes/deploys.lock"
            try write("", to: lock)
            let release = try Process.run(
                URL(filePath: "/bin/sh"), arguments: ["-c", "sleep 0.3; rm '\(lock)'"])
            #expect(try repository.mark(DeployMark(startedAt: noon), on: commits[0], at: noon))
            release.waitUntilExit()
        }
    }

    @Test("of a commit that is not here are refused")
    func unknownCommit() throws {
        try withRepository { _, repository, _ in
            let other = CommitID(String(repeating: "ab", count: 20))!
            #expect(throws: GitError.self) {
                try repository.mark(DeployMark(startedAt: noon), on: other, at: noon)
            }
        }
    }
}

import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

private let hasGit = (try? run("git", ["--version"]).status) == 0

/// A repository made by `git` itself, with what real histories have: merges, renames, dates that go backwards, tags of
/// both kinds, a link, a name that is not ASCII.
private func withGitRepository(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        var clock = 1_600_000_000
        func git(_ arguments: String..., step: Int = 3600) throws {
            clock += step
            let result = try run(
                "git",
                [
                    "-c", "user.name=Ines Müller", "-c", "user.email=i@example.com", "-c",
                    "core.hooksPath=/dev/null",
                ] + arguments,
                in: folder,
                environment: [
                    "GIT_COMMITTER_DATE": "\(clock) +0200", "GIT_AUTHOR_DATE": "\(clock - 90_000) +0200",
                ])
            #expect(result.status == 0, "git \(arguments): \(result.errors)")
        }
        func commit(_ message: String, step: Int = 3600) throws {
            try git("add", "-A")
            try git("commit", "-q", "--allow-empty", "-m", message, step: step)
        }
        let text = (1...60).map { "setting_\($0): \($0)" }.joined(separator: "\n")
        try git("init", "-q", "-b", "main")
        try write(text, to: "\(folder)/config/app.yaml")
        try write("1", to: "\(folder)/kept")
        try commit("Start")
        try git("tag", "v1.0")
        try write(text + "\nmore: 1", to: "\(folder)/config/service.yaml")
        try git("rm", "-q", "--cached", "config/app.yaml")
        _ = try run("rm", ["config/app.yaml"], in: folder)
        try commit("Rename the settings\n\nWith a body.")
        try git("checkout", "-q", "-b", "side")
        try write("2", to: "\(folder)/grüße.txt")
        _ = try run("ln", ["-s", "kept", "link"], in: folder)
        try commit("On the side")
        try git("checkout", "-q", "main")
        try write("3", to: "\(folder)/kept")
        try commit("An older clock", step: -20_000)
        try git("merge", "-q", "--no-ff", "-m", "Merge the side", "side")
        try git("tag", "-a", "-m", "second", "release-2", step: 9000)
        try write("4", to: "\(folder)/deep/er/file")
        try commit("After")
        try body(folder)
    }
}

private func lines(_ arguments: [String], in folder: String) throws -> [String] {
    try run("git", ["-c", "core.quotePath=false"] + arguments, in: folder).output.split(separator: "\n").map(
        String.init)
}

@Suite("Against git itself", .enabled(if: hasGit, "git is not installed: the oracle did not run"))
struct GitOracleTests {
    @Test("the main line has the same commits in the same order")
    func mainLine() throws {
        try withGitRepository { folder in
            let repository = try Repository(discovering: folder + "/deep")
            let ours = try repository.deploys(.commits, from: repository.resolve("HEAD"), window: nil)
            let theirs = try lines(["log", "--first-parent", "--reverse", "--format=%H %an %s"], in: folder)
            #expect(ours.map { "\($0.id) \($0.author) \($0.title)" } == theirs)
        }
    }

    @Test("every pair of neighbouring commits differs in the same files")
    func nameStatus() throws {
        try withGitRepository { folder in
            let repository = try Repository(discovering: folder)
            for deploy in try repository.deploys(.commits, from: repository.resolve("HEAD"), window: nil) {
                guard let commit = deploy.commit, let previous = deploy.previous else { continue }
                let letters: [FileChange.Status: String] = [
                    .added: "A", .removed: "D", .modified: "M", .renamed: "R",
                ]
                let ours = try repository.changes(from: previous, to: commit).map { change in
                    [letters[change.status] ?? "", change.oldPath, change.path].compactMap { $0 }.joined(
                        separator: "\t")
                }
                let theirs = try lines(["diff", "-M", "--name-status", previous.hex, commit.hex], in: folder)
                    .map { line in
                        // git adds how similar a renamed file is.
                        line.hasPrefix("R") ? "R" + line.drop { $0 != "\t" } : line
                    }
                #expect(ours.sorted() == theirs.sorted())
            }
        }
    }

    @Test(
        "revisions name the same commits",
        arguments: ["HEAD", "HEAD~2", "v1.0", "release-2", "side", "main@{0}"])
    func revisions(name: String) throws {
        try withGitRepository { folder in
            let repository = try Repository(discovering: folder)
            #expect(
                try repository.resolve(name).hex == lines(["rev-parse", "\(name)^{commit}"], in: folder)[0])
        }
    }

    @Test("ancestry is the same for all pairs")
    func ancestry() throws {
        try withGitRepository { folder in
            let repository = try Repository(discovering: folder)
            let all = try lines(["rev-list", "--all"], in: folder).compactMap { CommitID($0) }
            for a in all {
                for b in all where a != b {
                    let theirs =
                        try run("git", ["merge-base", "--is-ancestor", a.hex, b.hex], in: folder).status == 0
                    #expect(try repository.isAncestor(a, of: b) == theirs)
                }
            }
        }
    }

    @Test("tags are deploys at their own time, light ones at their commit's")
    func tags() throws {
        try withGitRepository { folder in
            let repository = try Repository(discovering: folder)
            let deploys = try repository.deploys(
                .tags(glob: nil), from: repository.resolve("HEAD"), window: nil)
            let theirs = try lines(
                [
                    "for-each-ref", "--sort=creatordate",
                    "--format=%(creatordate:unix) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)",
                    "refs/tags",
                ],
                in: folder)
            #expect(deploys.map { "\(Int($0.startedAt.seconds)) \($0.id)" } == theirs)
            #expect(
                try repository.deploys(.tags(glob: "v*"), from: repository.resolve("HEAD"), window: nil).count
                    == 1)
        }
    }

    @Test("the files of a commit are those git lists, links left out")
    func tree() throws {
        try withGitRepository { folder in
            let repository = try Repository(discovering: folder)
            let ours = try repository.tree(of: repository.resolve("HEAD")).paths()
            let theirs = try lines(["ls-tree", "-r", "HEAD"], in: folder).filter { !$0.hasPrefix("120000") }
                .map { String($0.drop { $0 != "\t" }.dropFirst()) }
            #expect(ours == theirs.sorted())
        }
    }

    @Test("worktrees, bare repositories and subfolders open")
    func kinds() throws {
        try withGitRepository { folder in
            _ = try run("git", ["worktree", "add", "-q", "\(folder)-tree", "side"], in: folder)
            _ = try run("git", ["clone", "-q", "--bare", folder, "\(folder)-bare"])
            defer { _ = try? run("rm", ["-rf", "\(folder)-tree", "\(folder)-bare"]) }
            let head = try Repository(discovering: folder).resolve("side")
            #expect(try Repository(discovering: "\(folder)-tree").resolve("HEAD") == head)
            let bare = try Repository(discovering: "\(folder)-bare")
            #expect(bare.isBare)
            #expect(try bare.resolve("side") == head)
        }
    }

    @Test("a shallow clone cut inside the window is named as such; outside of it, it serves")
    func shallow() throws {
        try withGitRepository { folder in
            _ = try run("git", ["clone", "-q", "--depth", "2", "file://\(folder)", "\(folder)-shallow"])
            defer { _ = try? run("rm", ["-rf", "\(folder)-shallow"]) }
            let repository = try Repository(discovering: "\(folder)-shallow")
            #expect(repository.isShallow)
            let head = try repository.resolve("HEAD")
            let error = #expect(throws: GitError.self) {
                try repository.deploys(
                    .commits, from: head,
                    window: TimeWindow(since: at(1_500_000_000), until: at(1_700_000_000)))
            }
            #expect(error?.code == .shallow)
            #expect(error?.remedy?.contains("--unshallow") == true)
            let newest = try repository.commit(head).committedAt
            let late = try repository.deploys(
                .commits, from: head, window: TimeWindow(since: newest, until: newest + 1))
            #expect(late.count == 1)
        }
    }

    @Test(
        "an object of which the end is missing is an error at once, also a borrowed one",
        .timeLimit(.minutes(2)), arguments: ["HEAD^{tree}", "HEAD:app/conf.yaml"], [false, true])
    func cutShort(object: String, isBorrowed: Bool) throws {
        try expectErrors(object, isBorrowed: isBorrowed)
    }

    /// For itself, because libgit2 loses the name that it looked up where the commit is damaged: sanitizers tell that.
    @Test("so is a commit", .timeLimit(.minutes(2)), arguments: [false, true])
    func cutShortCommit(isBorrowed: Bool) throws { try expectErrors("HEAD", isBorrowed: isBorrowed) }

    private func expectErrors(_ object: String, isBorrowed: Bool) throws {
        try withTemporaryFolder { folder in
            let original = "\(folder)/original"
            let writer = try RepositoryWriter(creatingAt: original)
            let text = (0..<50).map { "key\($0): value \($0)\n" }.joined()
            try writer.commit("One", at: at(1), files: ["app/conf.yaml": Array(text.utf8)], parents: [])
            let id = try lines(["rev-parse", object], in: original)[0]
            let path = "\(original)/.git/objects/\(id.prefix(2))/\(id.dropFirst(2))"
            if isBorrowed {
                try #require(
                    run("git", ["clone", "-q", "--shared", original, "\(folder)/borrower"]).status == 0)
            }
            let reader = isBorrowed ? "\(folder)/borrower" : original
            _ = try run("chmod", ["u+w", path])
            let whole = try Data(contentsOf: URL(filePath: path))
            for length in [0, 1, 10, whole.count / 2, whole.count - 12, whole.count - 1] {
                try whole.prefix(length).write(to: URL(filePath: path))
                for name in ["HEAD", String(id.prefix(8))] {
                    let error = #expect(throws: GitError.self, "\(length) bytes, \(name)") {
                        let repository = try Repository(discovering: reader)
                        let tree = try repository.tree(of: repository.resolve(name))
                        _ = try tree.contents(of: "app/conf.yaml")
                    }
                    #expect(error?.remedy?.contains("fsck") == true || name != "HEAD")
                }
            }
            // What libgit2 takes for an old form.
            try Data([0x31] + Array(repeating: 0x42, count: 40)).write(to: URL(filePath: path))
            #expect(throws: GitError.self) {
                let repository = try Repository(discovering: reader)
                _ = try repository.tree(of: repository.resolve("HEAD")).contents(of: "app/conf.yaml")
            }
            try whole.write(to: URL(filePath: path))
            let repository = try Repository(discovering: reader)
            let tree = try repository.tree(of: repository.resolve("HEAD"))
            #expect(try tree.contents(of: "app/conf.yaml") == Array(text.utf8))
        }
    }

    @Test("an object that is damaged is named when it is in the way")
    func damaged() throws {
        try withGitRepository { folder in
            let tree = try lines(["rev-parse", "HEAD^{tree}"], in: folder)[0]
            let path = "\(folder)/.git/objects/\(tree.prefix(2))/\(tree.dropFirst(2))"
            _ = try run("chmod", ["u+w", path])
            try write("garbage", to: path)
            let repository = try Repository(discovering: folder)
            let head = try repository.resolve("HEAD")
            #expect(try repository.deploys(.commits, from: head, window: nil).count == 5)
            let error = #expect(throws: GitError.self) { try repository.tree(of: head) }
            #expect(error?.remedy?.contains("fsck") == true)
        }
    }
}

private func at(_ seconds: Int) -> Instant { Instant(seconds: seconds) }

@Suite("What cannot be read is said with a remedy")
struct GitErrorTests {
    @Test("a folder that is no repository, and one that does not exist")
    func notARepository() throws {
        try withTemporaryFolder { folder in
            for path in [folder, folder + "/missing"] {
                let error = #expect(throws: GitError.self) { try Repository(discovering: path) }
                #expect(error?.code == .notARepository)
                #expect(error?.remedy?.contains("--repo") == true)
            }
        }
    }

    @Test("an empty repository, and a revision that names nothing")
    func emptyAndUnknown() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/r")
            let empty = #expect(throws: GitError.self) { try writer.reader.resolve("HEAD") }
            #expect(empty?.code == .empty)
            let first = try writer.commit("One", at: at(1), files: ["a": [1]], parents: [])
            #expect(try writer.reader.resolve("HEAD") == first)
            let unknown = #expect(throws: GitError.self) { try writer.reader.resolve("no-such-branch") }
            #expect(unknown?.code == .unknownRevision)
            #expect(unknown?.description.contains("no-such-branch") == true)
        }
    }

    @Test("a range is two revisions", arguments: [("v1..v2", true), ("v1", false)])
    func range(text: String, isRange: Bool) throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/r")
            let one = try writer.commit("One", at: at(1), files: ["a": [1]], parents: [], branch: "v1")
            let two = try writer.commit("Two", at: at(2), files: ["a": [2]], parents: [one], branch: "v2")
            let range = try writer.reader.resolveRange(text)
            #expect((range != nil) == isRange)
            if let range { #expect(range == (one, two)) }
        }
    }
}

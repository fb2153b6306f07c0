import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

private func at(_ seconds: Int) -> Instant { Instant(seconds: seconds) }

@Suite("The main line as deploys")
struct MainLineTests {
    private func shop() throws -> RepositoryBuilder {
        try RepositoryBuilder()
            .commit("Start", at: at(1_000), files: ["app.yaml": "replicas: 1\n"])
            .commit("Raise pool size", at: at(2_000), author: "Ines", files: ["app.yaml": "replicas: 2\n"])
            .merge(
                "Merge the queue", at: at(4_000), branch: "Add a queue", branchTime: at(3_000),
                files: ["queue.txt": "1\n"]
            )
            .commit("Old clock", at: at(3_500), files: ["app.yaml": "replicas: 3\n"])
    }

    @Test("each first-parent commit is a deploy, compared with the one before it")
    func commits() throws {
        let shop = try shop()
        let deploys = try shop.repository.deploys(.commits, from: shop.head, window: nil)
        #expect(deploys.map(\.title) == ["Start", "Raise pool size", "Merge the queue", "Old clock"])
        #expect(deploys.map(\.previous) == [nil] + shop.commits.dropLast().map { Optional($0) })
        #expect(deploys[1].author == "Ines")
        #expect(deploys.map(\.id) == shop.commits.map(\.hex))
    }

    @Test("the clock is the running maximum of committer times: it never runs backwards")
    func clock() throws {
        let shop = try shop()
        let deploys = try shop.repository.deploys(.commits, from: shop.head, window: nil)
        #expect(deploys.map(\.startedAt) == [at(1_000), at(2_000), at(4_000), at(4_000)])
    }

    @Test("merges alone are deploys when asked so")
    func merges() throws {
        let shop = try shop()
        let deploys = try shop.repository.deploys(.merges, from: shop.head, window: nil)
        #expect(deploys.map(\.title) == ["Merge the queue"])
        #expect(deploys[0].previous == shop.commits[1])
    }

    @Test(
        "a window keeps the deploys that began inside it",
        arguments: [
            (since: 0, until: 9_000, count: 4), (since: 2_000, until: 4_000, count: 1),
            (since: 5_000, until: 9_000, count: 0),
        ])
    func window(since: Int, until: Int, count: Int) throws {
        let shop = try shop()
        let window = TimeWindow(since: at(since), until: at(until))
        #expect(try shop.repository.deploys(.commits, from: shop.head, window: window).count == count)
    }

    @Test("the last commit that touched a file is found behind the merge that brought it")
    func origin() throws {
        let shop = try shop()
        let origin = try shop.repository.lastCommit(
            touching: "queue.txt", after: shop.commits[1], upTo: shop.commits[2])
        #expect(try origin.map { try shop.repository.commit($0).subject } == "Add a queue")
        #expect(
            try shop.repository.lastCommit(touching: "nothing", after: shop.commits[0], upTo: shop.head)
                == nil)
    }
}

@Suite("Files of a commit")
struct CommitTreeTests {
    @Test("gone on from another commit, and with what is known of its files, they are the same")
    func near() throws {
        let builder = try RepositoryBuilder()
            .commit("Start", at: at(1), files: ["a.go": "SHOP_URL", "b.go": "SHOP_KEY", "c/d.go": "lower"])
            .commit(
                "Change", at: at(2), files: ["a.go": "SHOP_KEY", "e.go": "SHOP_URL SHOP"], removing: ["b.go"]
            )
            .commit("A file becomes a folder", at: at(3), files: ["a.go/x": "SHOP_URL"], removing: ["a.go"])
        let index = WordIndex()
        let commits = try builder.repository.commits(from: nil, to: builder.head).map(\.id)
        #expect(commits.count == 3)
        for start in commits {
            for commit in commits + commits.reversed() {
                let fresh = try builder.repository.tree(of: commit)
                let near = try builder.repository.tree(
                    of: commit, near: builder.repository.tree(of: start), index: index)
                #expect(near.paths() == fresh.paths())
                #expect(
                    near.paths().map { near.fingerprint(of: $0) }
                        == fresh.paths().map { fresh.fingerprint(of: $0) })
                for names: Set in [["SHOP_URL"], ["SHOP_KEY", "SHOP"], ["lower", "SHOP_URL"], ["NONE"]] {
                    #expect(try near.occurrences(of: names) == fresh.occurrences(of: names))
                }
            }
        }
    }

    @Test("names are found as whole words, by file and line, binary files passed over")
    func occurrences() throws {
        let builder = try RepositoryBuilder().commit(
            "Start", at: at(1),
            files: [
                "a.go": "x := os.Getenv(\"SHOP_URL\")\ny := SHOP_URL_2\nz := SHOP_URL + SHOP_URL\n",
                "b.bin": "\0SHOP_URL",
                "deep/c.rs": "\nSHOP_KEY",
            ])
        let tree = try builder.repository.tree(of: builder.head)
        let found = try tree.occurrences(of: ["SHOP_URL", "SHOP_KEY", "MISSING"])
        #expect(found["SHOP_URL"] == [Occurrence(path: "a.go", line: 1), Occurrence(path: "a.go", line: 3)])
        #expect(found["SHOP_KEY"] == [Occurrence(path: "deep/c.rs", line: 2)])
        #expect(found["MISSING"] == nil)
    }

    @Test("words are found wherever they stand, as splitting at everything else finds them", arguments: 1...4)
    func words(seed: Int) throws {
        var noise = SeededNoise(seed: UInt64(seed))
        let pieces = [
            "SHOP", "_URL", "SHOP_URL", "A1", "x", "shop_Url", " ", "=", "\n", "\"", "é", "PORT", "9",
        ]
        let text = (0..<900).map { _ in pieces[Int(noise.next() % UInt64(pieces.count))] }.joined()
        let builder = try RepositoryBuilder().commit(
            "Start", at: at(1), files: ["a.go": text, "b.svg": text])
        for names: Set in [
            ["SHOP", "SHOP_URL", "PORT", "PORT9", "SHOPA1"], ["x", "shop_Url", "SHOP", "A1"],
        ] {
            var expected: [String: Set<Occurrence>] = [:]
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let words = line.utf8.split { byte in
                    !(byte == 0x5F || byte < 0x80 && Character(UnicodeScalar(byte)).isLetter
                        || (0x30...0x39).contains(byte))
                }
                for name in names where words.contains(where: { $0.elementsEqual(name.utf8) }) {
                    expected[name, default: []].insert(Occurrence(path: "a.go", line: number + 1))
                }
            }
            #expect(expected.count > 1)
            for index in [nil, WordIndex()] {
                let tree = try builder.repository.tree(of: builder.head, index: index)
                // The second time an index knows the names.
                for _ in 1...2 { #expect(try tree.occurrences(of: names).mapValues(Set.init) == expected) }
            }
        }
    }

    @Test("paths are sorted, contents and fingerprints are of the commit")
    func contents() throws {
        let builder = try RepositoryBuilder()
            .commit("One", at: at(1), files: ["b": "1", "a/x": "same"])
            .commit("Two", at: at(2), files: ["b": "2", "c": "same"])
        let (one, two) = (
            try builder.repository.tree(of: builder.commits[0]), try builder.repository.tree(of: builder.head)
        )
        #expect(two.paths() == ["a/x", "b", "c"])
        #expect(try one.contents(of: "b") == Array("1".utf8))
        #expect(try two.contents(of: "missing") == nil)
        #expect(two.fingerprint(of: "a/x") == two.fingerprint(of: "c"))
        #expect(one.fingerprint(of: "b") != two.fingerprint(of: "b"))
    }

    @Test("changed files are named, renames followed")
    func changes() throws {
        let text = (1...40).map { "line \($0)" }.joined(separator: "\n")
        let builder = try RepositoryBuilder()
            .commit("One", at: at(1), files: ["old.txt": text, "kept": "1", "gone": "1"])
            .commit(
                "Two", at: at(2), files: ["new.txt": text + "\nmore", "kept": "2", "born": "something new"],
                removing: ["old.txt", "gone"])
        #expect(
            try builder.repository.changes(from: builder.commits[0], to: builder.head) == [
                FileChange(path: "born", status: .added), FileChange(path: "gone", status: .removed),
                FileChange(path: "kept", status: .modified),
                FileChange(path: "new.txt", oldPath: "old.txt", status: .renamed),
            ])
        #expect(
            try builder.repository.changes(from: nil, to: builder.commits[0]).allSatisfy {
                $0.status == .added
            })
    }
}

@Suite("Differences of trees")
struct TreeDifferenceTests {
    /// What stands in a repository, version by version.
    private static let versions: [[String: String]] = [
        [:],
        ["a": "1"],
        ["a": "1", "b/c": "2", "b/d/e": "3", "b.d": "4", "b-d": "5"],
        // A folder in the place of a file, and a file in that of a folder; both sort elsewhere.
        ["a/b": "1", "b": "2", "b.d": "4", "b-d": "5"],
        ["a": "9", "b/c": "2", "b/d/e": "3", "b/d/f": "3", "b.d": "4", "b0": "6"],
    ]

    private static let pairs = versions.indices.flatMap { x in versions.indices.map { (x, $0) } }

    @Test("the files that differ are those whose contents do", arguments: pairs)
    func files(from: Int, to: Int) throws {
        let (before, after) = (Self.versions[from], Self.versions[to])
        let builder = try Self.repository()
        let found = try builder.repository.changes(
            from: builder.commits[from], to: builder.commits[to], followingRenames: false)
        let expected = Set(before.keys).union(after.keys).sorted().compactMap { path -> FileChange? in
            switch (before[path], after[path]) {
            case (nil, _?): FileChange(path: path, status: .added)
            case (_?, nil): FileChange(path: path, status: .removed)
            case (let x, let y): x == y ? nil : FileChange(path: path, status: .modified)
            }
        }
        #expect(found == expected)
    }

    @Test("a tree that is made from another has the same files as one that is read", arguments: pairs)
    func near(from: Int, to: Int) throws {
        let builder = try Self.repository()
        let near = try builder.repository.tree(of: builder.commits[from])
        #expect(near.paths() == Self.versions[from].keys.sorted())
        let tree = try builder.repository.tree(of: builder.commits[to], near: near)
        let read = try builder.repository.tree(of: builder.commits[to])
        #expect(tree.paths() == read.paths())
        for path in read.paths() { #expect(tree.fingerprint(of: path) == read.fingerprint(of: path)) }
    }

    private static func repository() throws -> RepositoryBuilder {
        let builder = try RepositoryBuilder()
        for (index, version) in versions.enumerated() {
            let gone = index == 0 ? [] : versions[index - 1].keys.filter { version[$0] == nil }
            try builder.commit(
                "Version \(index)", at: at(index + 1), files: version, removing: gone)
        }
        return builder
    }
}

@Suite("Deploys from notes")
struct NoteTests {
    @Test("each line of a note is a deploy; coming back to an older commit is a rollback")
    func notes() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/r")
            let one = try writer.commit("One", at: at(1_000), files: ["a": [1]], parents: [])
            let two = try writer.commit("Two", at: at(2_000), files: ["a": [2]], parents: [one])
            try writer.note(
                """
                1970-01-01T01:00:00Z env=production author=ines finished=1970-01-01T01:05:00Z
                words for people
                1970-01-01T03:00:00Z env=production id=back Back to the old one
                """, on: one, at: at(2_500))
            try writer.note("1970-01-01T02:00:00Z env=production\n", on: two, at: at(2_600))
            let repository = try Repository(discovering: "\(folder)/r")
            let deploys = try repository.deploys(.notes, from: two, window: nil)
            #expect(deploys.map(\.startedAt) == [at(3600), at(7200), at(10_800)])
            #expect(deploys.map(\.commit) == [one, two, one])
            #expect(deploys.map(\.isRollback) == [false, false, true])
            #expect(deploys.map(\.previous) == [nil, one, two])
            #expect(deploys[0].finishedAt == at(3900))
            #expect(deploys[0].author == "ines")
            #expect(deploys[2].id == "back")
            #expect(deploys[2].title == "Back to the old one")
        }
    }
}

@Suite("What differs between two commits, where much does")
struct ManyFilesTests {
    @Test("a folder of more files than libgit2 compares is still moved, with what was edited on the way")
    func moves() throws {
        let names = (0..<1_200).map { "f\($0).yaml" }
        let before = Dictionary(uniqueKeysWithValues: names.map { ("old/\($0)", "name: \($0)\n") })
        var after = Dictionary(uniqueKeysWithValues: names.map { ("new/\($0)", "name: \($0)\n") })
        let body = (0..<40).map { "key\($0): value\($0)\n" }.joined()
        after["new/edited.yaml"] = body + "last: 2\n"
        let history = try RepositoryBuilder()
            .commit(
                "Old", at: at(1_000), files: before.merging(["old/edited.yaml": body + "last: 1\n"]) { $1 }
            )
            .commit("New", at: at(2_000), files: after, removing: before.keys + ["old/edited.yaml"])
        let changes = try history.repository.changes(from: history.commits[0], to: history.head)
        #expect(changes.count == 1_201)
        #expect(changes.allSatisfy { $0.status == .renamed })
        #expect(changes.allSatisfy { $0.oldPath == "old" + $0.path.dropFirst(3) })
    }

    @Test("a thousand moves are moves beside as many edits as libgit2 does not look through either")
    func movesBesideEdits() throws {
        let moved = (0..<1_200).map { "f\($0).yaml" }
        let edited = (0..<600).map { "e\($0).yaml" }
        let before = Dictionary(uniqueKeysWithValues: moved.map { ("old/\($0)", "name: \($0)\n") })
            .merging(edited.map { ($0, "name: \($0)\nsize: 1\n") }) { $1 }
        let after = Dictionary(uniqueKeysWithValues: moved.map { ("new/\($0)", "name: \($0)\n") })
            .merging(edited.map { ($0, "name: \($0)\nsize: 2\n") }) { $1 }
        let history = try RepositoryBuilder().commit("Old", at: at(1_000), files: before)
            .commit("New", at: at(2_000), files: after, removing: moved.map { "old/\($0)" })
        let changes = try history.repository.changes(from: history.commits[0], to: history.head)
        #expect(changes.count { $0.status == .renamed } == 1_200)
        #expect(changes.count { $0.status == .modified } == 600)
        #expect(changes.count == 1_800)
    }

    @Test(
        "a file that becomes a folder, and the other way round: each file is told once",
        arguments: [
            (
                before: ["conf": "a: 1\nb: 2\nc: 3\n", "z.yaml": "z: 1\n"],
                after: ["conf.yaml": "a: 1\nb: 2\nc: 4\n", "conf/z.yaml": "z: 1\n"]
            ),
            (
                before: ["conf.yaml": "a: 1\nb: 2\nc: 3\n", "conf/z.yaml": "z: 1\n"],
                after: ["conf": "a: 1\nb: 2\nc: 4\n", "z.yaml": "z: 1\n"]
            ),
        ])
    func swaps(before: [String: String], after: [String: String]) throws {
        let history = try RepositoryBuilder().commit("Old", at: at(1_000), files: before)
            .commit("New", at: at(2_000), files: after, removing: before.keys.sorted())
        let changes = try history.repository.changes(from: history.commits[0], to: history.head)
        #expect(Set(changes.map(\.path)) == Set(after.keys))
        #expect(changes.count == 2)
    }

    @Test("of two files that differ in white space the one that is the same is the one that moved")
    func whiteSpace() throws {
        let text = (0..<20).map { "key\($0):\n  value: \($0)\n" }.joined()
        let history = try RepositoryBuilder().commit("Old", at: at(1_000), files: ["old.yaml": text])
            .commit(
                "New", at: at(2_000), files: ["a.yaml": text.replacing("  ", with: "    "), "b.yaml": text],
                removing: ["old.yaml"])
        let changes = try history.repository.changes(from: history.commits[0], to: history.head)
        #expect(changes.map(\.path) == ["a.yaml", "b.yaml"])
        #expect(changes.map(\.status) == [.added, .renamed])
    }

    @Test("of several files that cannot be read the first one is named, however many threads read them")
    func damagedFiles() throws {
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/r")
            let files = Dictionary(
                uniqueKeysWithValues: (100..<500).map { ("src/f\($0).py", Array("x = \($0)\n".utf8)) })
            let commit = try writer.commit("Code", at: at(1_000), files: files, parents: [])
            let tree = try writer.reader.tree(of: commit)
            for path in ["src/f101.py", "src/f102.py"] {
                let id = try #require(tree.fingerprint(of: path))
                let object = "\(folder)/r/.git/objects/\(id.prefix(2))/\(id.dropFirst(2))"
                _ = try run("chmod", ["u+w", object])
                // Behind the text there are four bytes of a checksum.
                var packed = try Data(contentsOf: URL(filePath: object))
                packed[packed.count - 7] ^= 0x10
                try packed.write(to: URL(filePath: object))
            }
            let damaged = try Repository(discovering: "\(folder)/r").tree(of: commit)
            let error = #expect(throws: GitError.self) { try damaged.occurrences(of: ["QUEUE_URL"]) }
            #expect(error?.description.contains("src/f101.py") == true)
        }
    }

    @Test("of copies that move, each is one change, and none is lost")
    func copies() throws {
        let history = try RepositoryBuilder()
            .commit("Old", at: at(1_000), files: ["a/x": "same\n", "a/y": "same\n", "a/z": "other\n"])
            .commit(
                "New", at: at(2_000), files: ["b/x": "same\n", "b/y": "same\n", "b/z": "other\n"],
                removing: ["a/x", "a/y", "a/z"])
        let changes = try history.repository.changes(from: history.commits[0], to: history.head)
        #expect(changes.map(\.path) == ["b/x", "b/y", "b/z"])
        #expect(changes.allSatisfy { $0.status == .renamed })
        #expect(Set(changes.map(\.oldPath)) == ["a/x", "a/y", "a/z"])
    }

    @Test("a name is found in the same places, however many threads look for it")
    func search() throws {
        let files = Dictionary(
            uniqueKeysWithValues: (0..<700).map {
                ("src/f\($0).py", $0 % 3 == 0 ? "import os\nprint(os.environ['QUEUE_URL'])\n" : "x = \($0)\n")
            })
        let inMemory = try RepositoryBuilder().commit("Code", at: at(1_000), files: files)
        try withTemporaryFolder { folder in
            let writer = try RepositoryWriter(creatingAt: "\(folder)/r")
            let commit = try writer.commit(
                "Code", at: at(1_000), files: files.mapValues { Array($0.utf8) }, parents: [])
            // A repository that has no folder is searched by one thread.
            let one = try inMemory.repository.tree(of: inMemory.head).occurrences(of: ["QUEUE_URL", "os"])
            for index in [nil, WordIndex()] {
                let many = try writer.reader.tree(of: commit, index: index)
                #expect(try many.occurrences(of: ["QUEUE_URL", "os"]) == one)
            }
            #expect(one["QUEUE_URL"]?.count == 234)
            #expect(one["QUEUE_URL"] == one["QUEUE_URL"]?.sorted())
        }
    }
}

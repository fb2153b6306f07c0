import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

/// A repository that `git` itself made, with what a test does to it.
private struct GitFolder {
    var path: String

    /// Three commits of one manifest.
    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try git("init", "-q", "-b", "main")
        for index in 1...3 {
            try write("replicas: \(index)\n", to: "\(path)/app.yaml")
            try git("add", "app.yaml")
            try git("commit", "-q", "-m", "Commit \(index)", at: index)
        }
    }

    /// What git prints, without the newline at its end.
    @discardableResult
    func git(_ arguments: String..., at day: Int = 9, input: [UInt8] = []) throws -> String {
        let time = "2020-09-1\(day)T00:00:00Z"
        let result = try run(
            "git",
            ["-C", path, "-c", "user.name=A", "-c", "user.email=a@b.example", "-c", "safe.directory=*"]
                + arguments,
            input: input, environment: ["GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time])
        try #require(result.status == 0, "git \(arguments): \(result.errors)")
        return result.output.trimmingCharacters(in: .newlines)
    }

    /// A blob's id.
    func blob(_ text: String) throws -> String {
        try git("hash-object", "-w", "--stdin", input: Array(text.utf8))
    }

    /// A tree of entries as `git mktree` takes them, names in any bytes.
    func tree(_ entries: [(mode: String, id: String, name: [UInt8])]) throws -> String {
        let kinds = ["40000": "tree", "160000": "commit"]
        var lines: [UInt8] = []
        for entry in entries {
            lines +=
                Array("\(entry.mode) \(kinds[entry.mode] ?? "blob") \(entry.id)\t".utf8) + entry.name + [0]
        }
        return try git("mktree", "-z", "--missing", input: lines)
    }

    /// Puts a tree on top of the branch.
    func commit(_ tree: String, day: Int) throws {
        let commit = try git("commit-tree", "-p", "HEAD", "-m", "Commit \(day)", tree, at: day)
        try git("update-ref", "refs/heads/main", commit)
    }

    func deploys() throws -> CommandRun {
        try blamedeploy(["deploys", "--repo", path, "--since", "2020-09-01", "--until", "2020-09-30"])
    }
}

private func withGitFolder(_ body: (GitFolder) throws -> Void) throws {
    try withTemporaryFolder { folder in try body(GitFolder("\(folder)/r")) }
}

private func expectRefusal(
    _ result: CommandRun, saying words: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(result.status == 2, "\(result)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    #expect(result.errors.contains("\n  help: "), "\(result.errors)", sourceLocation: sourceLocation)
    for word in words {
        #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
    }
}

@Suite("Repositories as enemies", .enabled(if: isInstalled("git"), "git makes the repositories"))
struct HostileRepositoryTests {
    @Test("a few trees that stand for ten thousand million files are refused, in memory that stays small")
    func bomb() throws {
        try withGitFolder { folder in
            let blob = try folder.blob("replicas: 1\n")
            var tree = try folder.tree((0..<10).map { ("100644", blob, Array("f\($0).yaml".utf8)) })
            for _ in 0..<9 { tree = try folder.tree((0..<10).map { ("40000", tree, Array("d\($0)".utf8)) }) }
            try folder.commit(tree, day: 4)
            expectRefusal(
                try blamedeploy(["diff", "HEAD", "--repo", folder.path]), saying: "more than", "files")
            // The same behind the last commit: it is what the next one is compared with.
            try folder.commit(
                try folder.tree([("40000", tree, Array("d".utf8)), ("100644", blob, Array("a.yaml".utf8))]),
                day: 5)
            expectRefusal(
                try blamedeploy(["lint", "HEAD~1..HEAD", "--repo", folder.path]), saying: "more than", "files"
            )
            expectRefusal(try folder.deploys(), saying: "more than", "files")
        }
    }

    @Test("folders that nest without end are refused")
    func nesting() throws {
        try withGitFolder { folder in
            let path = String(repeating: "d/", count: 600) + "a.yaml"
            let commit = """
                commit refs/heads/main
                committer A <a@b.example> 1600041600 +0000
                data 1
                x
                from refs/heads/main^0
                M 100644 inline \(path)
                data 5
                a: 1

                """
            try folder.git("fast-import", "--quiet", input: Array(commit.utf8))
            expectRefusal(try blamedeploy(["diff", "HEAD", "--repo", folder.path]), saying: "nest deeper")
        }
    }

    @Test(
        "names of files steer nothing: newlines, escapes, bytes that are no text, commands of CIs, steps upwards"
    )
    func names() throws {
        try withGitFolder { folder in
            let names: [[UInt8]] = [
                Array("a\nb.yaml".utf8), [0xFF, 0xFE] + Array(".yaml".utf8), Array("\u{1B}[31mred.yaml".utf8),
                Array("::error::x.yaml".utf8), Array("-rf.yaml".utf8), Array("\u{202E}.yaml".utf8),
                Array(String(repeating: "n", count: 3000).utf8) + Array(".yaml".utf8),
            ]
            for (day, text) in [(4, "replicas: 1\n"), (5, "replicas: 2\nreplicas: 3\n")] {
                let blob = try folder.blob(text)
                try folder.commit(try folder.tree(names.map { ("100644", blob, $0) }), day: day)
            }
            let result = try blamedeploy(["diff", "HEAD", "--full", "--repo", folder.path])
            #expect(result.status == 0 && result.output.contains("7 files changed"), "\(result)")
            #expect(
                !result.output.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || $0 == "\u{202E}" })
            #expect(
                !result.output.split(separator: "\n").contains {
                    $0.hasPrefix("::") || $0.hasPrefix("b.yaml")
                })
        }
    }

    @Test("entries called .. or .git are names like others; nothing is looked up or written by them")
    func upwards() throws {
        try withGitFolder { folder in
            for (day, text) in [(4, "replicas: 1\n"), (5, "replicas: 2\n")] {
                let inner = try folder.tree([("100644", try folder.blob(text), Array("x.yaml".utf8))])
                var body: [UInt8] = []
                let id = stride(from: 0, to: 40, by: 2).map { start in
                    UInt8(inner.dropFirst(start).prefix(2), radix: 16) ?? 0
                }
                for name in ["..", ".git", "a/b"] { body += Array("40000 \(name)".utf8) + [0] + id }
                let tree = try folder.git(
                    "hash-object", "-t", "tree", "-w", "--stdin", "--literally", input: body)
                try folder.commit(tree, day: day)
            }
            let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/..").sorted()
            let result = try blamedeploy(["diff", "HEAD", "--repo", folder.path])
            #expect(result.status == 0 && result.output.contains("../x.yaml:1"), "\(result)")
            #expect(
                try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/..").sorted() == before)
        }
    }

    @Test("symbolic links are not followed, and submodules are not opened or fetched")
    func linksAndSubmodules() throws {
        try withGitFolder { folder in
            try write("replicas: 77\n", to: "\(folder.path)/../outside.yaml")
            let link = try folder.blob("../outside.yaml")
            let module = try folder.blob(
                "[submodule \"m\"]\n\tpath = m\n\turl = ext::touch% hit\n\tupdate = !touch hit\n")
            let head = try folder.git("rev-parse", "HEAD")
            try folder.commit(
                try folder.tree([
                    ("100644", module, Array(".gitmodules".utf8)), ("120000", link, Array("app.yaml".utf8)),
                    ("160000", head, Array("m".utf8)),
                ]), day: 4)
            for command in [["diff", "HEAD"], ["lint", "HEAD~1..HEAD"]] {
                let result = try blamedeploy(
                    command + ["--repo", folder.path, "--format", "json"], in: folder.path)
                #expect(result.status < 2 && !result.output.contains("77"), "\(result)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/hit"))
        }
    }

    @Test(
        "nothing that the repository's configuration names is run: hooks, filters, helpers, diff programs, editors"
    )
    func programs() throws {
        try withGitFolder { folder in
            let settings = [
                "core.fsmonitor", "core.editor", "core.pager", "core.sshCommand", "core.hooksPath",
                "diff.external",
                "credential.helper", "filter.x.clean", "filter.x.smudge", "filter.x.process",
                "diff.x.textconv",
                "diff.x.command", "gpg.program", "uploadpack.packObjectsHook", "alias.log",
            ]
            let trap = "\(folder.path)/trap"
            try write("#!/bin/sh\ntouch '\(folder.path)/hit'\n", to: trap)
            _ = try run("chmod", ["+x", trap])
            for hook in [
                "post-checkout", "pre-commit", "reference-transaction", "post-index-change", "post-rewrite",
            ] {
                try FileManager.default.copyItem(atPath: trap, toPath: "\(folder.path)/.git/hooks/\(hook)")
            }
            for name in settings {
                let value = name == "core.hooksPath" ? "\(folder.path)/.git/hooks" : trap
                let config = ["config", "-f", "\(folder.path)/.git/config", name, value]
                #expect(try run("git", config).status == 0)
            }
            try write("* filter=x diff=x\n", to: "\(folder.path)/.git/info/attributes")
            try write("* filter=x diff=x\n", to: "\(folder.path)/.gitattributes")
            try write(events(), to: "\(folder.path)/../e.ndjson")
            let commands = [
                ["diff", "HEAD"], ["lint"], ["lint", "HEAD~1..HEAD"], ["deploys", "--since", "2020-09-01"],
                ["\(folder.path)/../e.ndjson"], ["mark", "HEAD", "--started", "2020-09-14"],
                ["mark", "HEAD", "--remove"],
            ]
            for command in commands {
                let result = try blamedeploy(command + ["--repo", folder.path])
                #expect(result.status <= 2, "\(command): \(result)")
                #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/hit"), "\(command)")
            }
            // The trap works: git itself falls into it.
            _ = try run(
                "git", ["-C", folder.path, "-c", "safe.directory=*", "update-ref", "refs/heads/x", "HEAD"])
            #expect(FileManager.default.fileExists(atPath: "\(folder.path)/hit"))
        }
    }

    @Test("replace refs and grafts do not change what is read: it is what was committed")
    func replaced() throws {
        try withGitFolder { folder in
            let honest = try folder.deploys().output
            try folder.git("replace", "HEAD", "HEAD~2")
            let loop = try folder.git("commit-tree", "-p", "HEAD", "-m", "Loop", "HEAD^{tree}")
            try folder.git("replace", "-f", "HEAD~2", loop)
            try write(
                "\(try folder.git("--no-replace-objects", "rev-parse", "HEAD~2")) \(loop)\n",
                to: "\(folder.path)/.git/info/grafts")
            #expect(try folder.deploys().output == honest && honest.contains("3 deploys"))
        }
    }

    @Test("a repository of SHA-256 is named as one")
    func sha256() throws {
        try withTemporaryFolder { folder in
            #expect(try run("git", ["init", "-q", "--object-format=sha256", folder]).status == 0)
            expectRefusal(try blamedeploy(["deploys", "--repo", folder]), saying: "SHA-256", "--no-repo")
        }
    }

    @Test(
        "a repository of somebody else's is refused, and read once it is trusted",
        .enabled(if: getuid() == 0, "only root gives folders away"))
    func owner() throws {
        try withGitFolder { folder in
            let home = "\(folder.path)/../home"
            try write("[user]\n\tname = A\n", to: "\(home)/.gitconfig")
            #expect(try run("chown", ["-R", "nobody", folder.path]).status == 0)
            func deploys() throws -> CommandRun {
                try blamedeploy(
                    ["deploys", "--repo", folder.path, "--since", "2020-09-01"],
                    environment: ["HOME": home, "XDG_CONFIG_HOME": home])
            }
            expectRefusal(try deploys(), saying: "another user", "safe.directory")
            try write("[safe]\n\tdirectory = \(folder.path)\n", to: "\(home)/.gitconfig")
            #expect(try deploys().status == 0)
        }
    }

    @Test(
        "objects outside are read where alternates name them; where they lead nowhere, or in a circle, it is told"
    )
    func alternates() throws {
        try withGitFolder { folder in
            let objects = "\(folder.path)/.git/objects"
            let elsewhere = "\(folder.path)/../elsewhere"
            let honest = try folder.deploys().output
            try FileManager.default.moveItem(atPath: objects, toPath: elsewhere)
            try write("\(elsewhere)\n", to: "\(objects)/info/alternates")
            #expect(try folder.deploys().output == honest)
            for target in [objects, "/dev/zero", "\(folder.path)/nowhere"] {
                try write("\(target)\n", to: "\(objects)/info/alternates")
                expectRefusal(try folder.deploys(), saying: "missing", "fsck")
            }
        }
    }

    @Test(
        "a `.git` file leads where it says, and to nothing else",
        arguments: ["/dev/zero", "../nowhere", "../link/"])
    func gitFile(target: String) throws {
        try withTemporaryFolder { folder in
            try write("gitdir: \(target)\n", to: "\(folder)/r/.git")
            expectRefusal(
                try blamedeploy(["deploys", "--repo", "\(folder)/r"]), saying: "not a git repository")
        }
    }

    @Test("references that lead in circles, and chains of tags, end")
    func circles() throws {
        try withGitFolder { folder in
            var object = try folder.git("rev-parse", "HEAD")
            for index in 0..<40 {
                let kind = index == 0 ? "commit" : "tag"
                object = try folder.git(
                    "mktag",
                    input: Array(
                        "object \(object)\ntype \(kind)\ntag v\(index)\ntagger A <a@b> 1600000000 +0000\n\nx\n"
                            .utf8))
            }
            try folder.git("update-ref", "refs/tags/v9.9", object)
            #expect(try folder.deploys().output.contains("1 deploy (release tags)"))
            try folder.git("symbolic-ref", "refs/heads/x", "refs/heads/y")
            try folder.git("symbolic-ref", "refs/heads/y", "refs/heads/x")
            try folder.git("symbolic-ref", "HEAD", "refs/heads/x")
            expectRefusal(try folder.deploys(), saying: "HEAD")
        }
    }

    @Test("an object that stands under a name that is not its own is not believed")
    func forged() throws {
        try withGitFolder { folder in
            let objects = "\(folder.path)/.git/objects"
            let ids = try ["HEAD", "HEAD~1"].map { try folder.git("rev-parse", $0) }
            func place(_ id: String) -> String { "\(objects)/\(id.prefix(2))/\(id.dropFirst(2))" }
            // The newest commit with the bytes of its parent: a history without end, were it believed.
            _ = try run("chmod", ["-R", "u+w", objects])
            _ = try run("cp", [place(ids[0]), place(ids[1])])
            expectRefusal(try folder.deploys(), saying: "fsck")
        }
    }

    @Test("a file that unpacks to half a gigabyte is not read, and that is told")
    func largeFile() throws {
        try withGitFolder { folder in
            #expect(
                try run(
                    "bash", ["-c", "head -c 500000000 /dev/zero | tr '\\0' ' ' > '\(folder.path)/app.yaml'"]
                ).status == 0)
            try folder.git("add", "app.yaml")
            try folder.git("commit", "-q", "-m", "Large", at: 4)
            let result = try run(
                "bash", ["-c", "ulimit -v 1500000; '\(blamedeployPath)' diff HEAD --repo '\(folder.path)'"])
            #expect(result.status == 0, "\(result)")
            #expect((result.output + result.errors).contains("app.yaml is larger than 4 MiB"), "\(result)")
        }
    }

    @Test("a file that a partial clone is without is passed over, and that is told")
    func notFetched() throws {
        try withGitFolder { folder in
            try write("replicas: 1\n", to: "\(folder.path)/large.yaml")
            try write("replicas: 1\n", to: "\(folder.path)/small.yaml")
            try folder.git("add", "large.yaml", "small.yaml")
            try folder.git("commit", "-q", "-m", "Two", at: 4)
            try write("replicas: 2\nlimit: 2\n", to: "\(folder.path)/large.yaml")
            try write("replicas: 3\n", to: "\(folder.path)/small.yaml")
            try folder.git("commit", "-q", "-a", "-m", "Other numbers", at: 5)
            let blob = try folder.git("rev-parse", "HEAD:large.yaml")
            try FileManager.default.removeItem(
                atPath: "\(folder.path)/.git/objects/\(blob.prefix(2))/\(blob.dropFirst(2))")
            let result = try run(blamedeployPath, ["diff", "HEAD", "--repo", folder.path])
            #expect(result.status == 0, "\(result)")
            #expect(result.output.contains("small.yaml:1"), "\(result)")
            #expect(
                (result.output + result.errors).contains(
                    "large.yaml is not in the repository as it was fetched"),
                "\(result)")
        }
    }

    @Test("reading while others collect garbage, push and repack gives the same answer each time")
    func concurrentWriters() throws {
        try withGitFolder { folder in
            for day in 4...8 {
                try write("replicas: \(day)\n", to: "\(folder.path)/app.yaml")
                try folder.git("commit", "-q", "-a", "-m", "Commit \(day)", at: day)
            }
            let head = try folder.git("rev-parse", "HEAD")
            let arguments = [
                "deploys", "--rev", head, "--deploys", "commits", "--repo", folder.path, "--since",
                "2020-09-01", "--until", "2020-09-30",
            ]
            let honest = try blamedeploy(arguments)
            #expect(honest.status == 0 && honest.output.contains("8 deploys"))
            let writer = Process()
            writer.executableURL = URL(filePath: "/bin/bash")
            writer.arguments = [
                "-c",
                "cd '\(folder.path)'; for i in $(seq 1000); do git -c user.name=A -c user.email=a@b commit -q --allow-empty -m x; git gc -q --prune=now; git repack -adq; done",
            ]
            try writer.run()
            defer {
                writer.terminate()
                writer.waitUntilExit()
            }
            for _ in 0..<12 {
                let result = try blamedeploy(arguments)
                #expect(result.status == 0 && result.output == honest.output, "\(result)")
            }
        }
    }

    @Test(
        "settings that lead elsewhere are refused, and nothing of what they lead to is told",
        arguments: [
            (link: "secret", text: "", words: "symbolic link"),
            (link: "/dev/zero", text: "", words: "symbolic link"),
            (link: "", text: "events: /dev/zero\n", words: "neither a file nor a folder"),
            (
                link: "", text: "events: e.ndjson\ndeploys: [/dev/zero]\n",
                words: "neither a file nor a folder"
            ),
            (
                link: "",
                text: "events: e.ndjson\nerror: " + String(repeating: "a or ", count: 20_000) + "a\n",
                words: "500 comparisons"
            ),
            (link: "", text: String(repeating: "# comment\n", count: 200_000), words: "larger than 1 MiB"),
        ])
    func settings(link: String, text: String, words: String) throws {
        try withGitFolder { folder in
            try write("token hunter2\n", to: "\(folder.path)/secret")
            try write(events(), to: "\(folder.path)/e.ndjson")
            let path = "\(folder.path)/.blamedeploy.yml"
            if link.isEmpty {
                try write(text, to: path)
            } else {
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: link)
            }
            for command in [[], ["check"], ["lint"], ["deploys"]] where link != "" || command.isEmpty {
                let result = try blamedeploy(command, in: folder.path)
                expectRefusal(result, saying: words)
                #expect(!(result.output + result.errors).contains("hunter2"))
            }
        }
    }

    @Test("a deploys file that never ends is refused")
    func endless() throws {
        try withGitFolder { folder in
            let line =
                "ulimit -v 4000000; '\(blamedeployPath)' deploys --repo '\(folder.path)' --deploys /dev/zero"
            expectRefusal(try run("bash", ["-c", line]), saying: "larger than 256 MiB")
        }
    }
}

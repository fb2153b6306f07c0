import Foundation
import TestSupport
import Testing

/// A repository on disk, made with git itself, whose index can be filled.
private func withRepository(_ body: (_ folder: String, _ git: ([String]) throws -> Void) throws -> Void)
    throws
{
    try withTemporaryFolder { folder in
        func git(_ arguments: [String]) throws {
            let identity = [
                "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false",
            ]
            let run = try run("git", ["-C", folder] + identity + arguments)
            try #require(run.status == 0, "\(run.errors)")
        }
        try git(["init", "-q", "-b", "main"])
        try body(folder, git)
    }
}

private let whole =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  LEVEL: info\n  QUEUE: a\n"
private let doubled = whole + "  LEVEL: debug\n"

@Suite("Linting")
struct LintCommandTests {
    @Test("tells what is staged, and only that")
    func staged() throws {
        try withRepository { folder, git in
            try write(whole, to: "\(folder)/shop.yaml")
            try git(["add", "."])
            #expect(try blamedeploy(["lint", "--repo", folder]).status == 0, "a first commit")
            try git(["commit", "-qm", "Shop"])
            try write(doubled, to: "\(folder)/shop.yaml")
            let unstaged = try blamedeploy(["lint", "--repo", folder])
            #expect(unstaged.status == 0 && unstaged.errors.contains("nothing is staged"))
            try git(["add", "."])
            let staged = try blamedeploy(["lint", "--repo", folder])
            #expect(staged.status == 1)
            #expect(staged.output.contains("shop.yaml:6-8") && staged.output.contains("mend: delete line 8"))
        }
    }

    @Test("does not tell what was wrong before")
    func old() throws {
        try withRepository { folder, git in
            for (text, subject) in [
                (doubled, "Doubled"), (doubled.replacing("QUEUE: a", with: "QUEUE: b"), "Queue"),
            ] {
                try write(text, to: "\(folder)/shop.yaml")
                try git(["add", "."])
                try git(["commit", "-qm", subject])
            }
            #expect(try blamedeploy(["lint", "HEAD", "--repo", folder]).status == 0)
            #expect(try blamedeploy(["lint", "HEAD~1", "--repo", folder]).status == 1)
            #expect(try blamedeploy(["lint", "HEAD~1..HEAD", "--repo", folder]).status == 0)
        }
    }

    @Test("judges each commit of a history by itself, and skips those that change no configuration")
    func each() throws {
        try withRepository { folder, git in
            for (text, subject) in [
                (whole, "Shop"), (doubled, "Doubled"),
                (doubled.replacing("QUEUE: a", with: "QUEUE: b"), "Queue"), (whole, "Mended"),
            ] {
                try write(text, to: "\(folder)/shop.yaml")
                try write("package \(subject)", to: "\(folder)/main.go")
                try git(["add", "."])
                try git(["commit", "-qm", subject])
            }
            try write("package Code", to: "\(folder)/main.go")
            try git(["commit", "-qam", "Code"])
            let all = try blamedeploy(["lint", "--each", "--repo", folder])
            #expect(all.status == 1)
            #expect(all.output.hasSuffix("1 with contradictions; 4 commits of 5 change configuration\n"))
            #expect(all.output.contains("shop.yaml:6-8") && all.output.contains("  Doubled  "))
            let since = try blamedeploy(["lint", "--each", "HEAD~2..HEAD", "--repo", folder])
            #expect(since.status == 0, "neither the mend nor the code brings one in: \(since.output)")
            let json = try blamedeploy(["lint", "--each", "HEAD", "--repo", folder, "--format", "json"])
                .output
            #expect(json.contains("\"judged\": 4") && json.contains("\"fault\": \"duplicate-key\""))
            #expect(json.contains("\"title\": \"Doubled\"") && !json.contains("\"commit\": null"))
        }
    }

    @Test("writes Markdown for a comment, and JSON for programs")
    func formats() throws {
        try withRepository { folder, git in
            for text in [whole, doubled] {
                try write(text, to: "\(folder)/shop.yaml")
                try git(["add", "."])
                try git(["commit", "-qm", "Shop"])
            }
            let markdown = try blamedeploy(["lint", "HEAD", "--repo", folder, "--format", "markdown"]).output
            #expect(
                markdown.contains("| `shop.yaml:6` | ConfigMap/shop ▸ data.LEVEL | `info` → `debug` |"),
                "\(markdown)")
            let json = try blamedeploy(["lint", "HEAD", "--repo", folder, "--format", "json"]).output
            #expect(
                json.contains("\"fault\": \"duplicate-key\"") && json.contains("\"other_files\": []"),
                "\(json)")
            let refused = try blamedeploy(["deploys", "--repo", folder, "--format", "sarif"])
            #expect(refused.status == 64 && refused.errors.contains("does not write sarif"))
        }
    }

    @Test("lists changes by file and by pod")
    func groups() throws {
        try withRepository { folder, git in
            for text in [whole, doubled] {
                try write(text, to: "\(folder)/shop.yaml")
                try git(["add", "."])
                try git(["commit", "-qm", "Shop"])
            }
            try write("code", to: "\(folder)/main.go")
            try git(["add", "."])
            try git(["commit", "-q", "--amend", "-m", "Shop"])
            let byFile = try blamedeploy(["diff", "HEAD", "--repo", folder, "--by", "file"]).output
            #expect(
                byFile.contains("\n shop.yaml\n")
                    && byFile.contains("Not configuration, and not ranked: main.go"))
            #expect(
                try blamedeploy(["diff", "HEAD", "--repo", folder, "--by", "pod"]).output.contains(
                    "\n (reaches no pod that is known)\n"))
            #expect(try blamedeploy(["diff", "HEAD", "--repo", folder, "--by", "colour"]).status == 64)
        }
    }
}

import Foundation
import TestSupport
import Testing

/// A repository as CI systems meet it: a branch `topic` left `main` and doubled a key in `shop.yaml`; `main` went on and doubled one in
/// `other.yaml`, which is nobody's business on the branch; checked out is a merge of both that nobody made.
private struct Topic {
    var folder: String
    var base: String
    var main: String
    var head: String
    var merge: String

    func git(_ arguments: String...) throws -> String {
        let identity = [
            "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false",
        ]
        let run = try run("git", ["-C", folder] + identity + arguments)
        try #require(run.status == 0, "\(run.errors)")
        return run.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func lint(_ environment: [String: String], _ arguments: String...) throws -> CommandRun {
        try blamedeploy(["lint", "--repo", folder] + arguments, environment: environment)
    }

    /// Writes the event that GitHub hands to a run.
    func event(_ text: String) throws -> [String: String] {
        try write(text, to: "\(folder)/../event.json")
        return [
            "GITHUB_ACTIONS": "true", "GITHUB_SHA": merge, "GITHUB_EVENT_PATH": "\(folder)/../event.json",
        ]
    }
}

private func withTopic(_ body: (Topic) throws -> Void) throws {
    try withTemporaryFolder { scratch in
        var topic = Topic(folder: "\(scratch)/shop", base: "", main: "", head: "", merge: "")
        try FileManager.default.createDirectory(atPath: topic.folder, withIntermediateDirectories: true)
        _ = try topic.git("init", "-q", "-b", "main")
        func commit(_ files: [String: String]) throws -> String {
            for (path, text) in files { try write(text, to: "\(topic.folder)/\(path)") }
            _ = try topic.git("add", ".")
            _ = try topic.git("commit", "-qm", "Shop")
            return try topic.git("rev-parse", "HEAD")
        }
        let whole = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop\ndata:\n  LEVEL: info\n"
        topic.base = try commit(["shop.yaml": whole, "other.yaml": whole])
        _ = try topic.git("checkout", "-qb", "topic")
        topic.head = try commit(["shop.yaml": whole + "  LEVEL: debug\n"])
        _ = try topic.git("checkout", "-q", "main")
        topic.main = try commit(["other.yaml": whole + "  LEVEL: debug\n"])
        _ = try topic.git("update-ref", "refs/remotes/origin/main", topic.main)
        _ = try topic.git("checkout", "-q", "--detach")
        _ = try topic.git("merge", "-q", "--no-ff", "-m", "Merge", "topic")
        topic.merge = try topic.git("rev-parse", "HEAD")
        try body(topic)
    }
}

private let zeros = String(repeating: "0", count: 40)

@Suite("What a build changes")
struct CIRangeTests {
    @Test("a pull request on GitHub is what its event says, not the merge that is checked out")
    func pullRequest() throws {
        try withTopic { topic in
            let environment = try topic.event(
                #"{"pull_request": {"base": {"sha": "\#(topic.main)"}, "head": {"sha": "\#(topic.head)"}}}"#)
            let run = try topic.lint(environment)
            #expect(run.status == 1)
            #expect(
                run.output.hasPrefix(
                    "::error file=shop.yaml,line=6,endLine=7,title=blamedeploy%3A duplicate-key::"))
            #expect(!run.output.contains("other.yaml"))
            let json = try topic.lint(environment, "--format", "json").output
            #expect(
                json.contains("\"from\": \"\(topic.base)\"") && json.contains("\"to\": \"\(topic.head)\""))
        }
    }

    @Test("each CI says it in its own variables")
    func systems() throws {
        try withTopic { topic in
            let environments: [[String: String]] = [
                try topic.event(#"{"before": "\#(topic.base)", "after": "x"}"#).merging([
                    "GITHUB_SHA": topic.head
                ]) { $1 },
                try topic.event(#"{"before": "\#(zeros)", "repository": {"default_branch": "main"}}"#)
                    .merging(["GITHUB_SHA": topic.head, "GITHUB_REF_NAME": "topic"]) { $1 },
                try topic.event(
                    #"{"merge_group": {"base_sha": "\#(topic.main)", "head_sha": "\#(topic.head)"}}"#),
                [
                    "GITLAB_CI": "true", "CI_COMMIT_SHA": topic.head, "CI_COMMIT_BEFORE_SHA": zeros,
                    "CI_MERGE_REQUEST_DIFF_BASE_SHA": topic.base,
                ],
                [
                    "GITLAB_CI": "true", "CI_COMMIT_SHA": topic.merge, "CI_COMMIT_BEFORE_SHA": zeros,
                    "CI_MERGE_REQUEST_DIFF_BASE_SHA": "stale",
                    "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": topic.main,
                    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": topic.head,
                ],
                ["GITLAB_CI": "true", "CI_COMMIT_SHA": topic.head, "CI_COMMIT_BEFORE_SHA": topic.base],
                [
                    "GITLAB_CI": "true", "CI_COMMIT_SHA": topic.head, "CI_COMMIT_BEFORE_SHA": zeros,
                    "CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main",
                ],
                [
                    "BUILDKITE": "true", "BUILDKITE_COMMIT": topic.head,
                    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
                ],
                [
                    "BUILDKITE": "true", "BUILDKITE_COMMIT": topic.head, "BUILDKITE_BRANCH": "topic",
                    "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
                ],
                [
                    "TF_BUILD": "True", "BUILD_SOURCEVERSION": topic.merge,
                    "SYSTEM_PULLREQUEST_SOURCECOMMITID": topic.head,
                    "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
                ],
                ["JENKINS_URL": "http://ci", "GIT_COMMIT": topic.head, "CHANGE_TARGET": "main"],
                ["JENKINS_URL": "http://ci", "GIT_COMMIT": topic.head, "GIT_PREVIOUS_COMMIT": topic.base],
                [
                    "BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_COMMIT": topic.head,
                    "BITBUCKET_PR_DESTINATION_COMMIT": topic.main,
                ],
                [
                    "CODEBUILD_BUILD_ID": "x", "CODEBUILD_RESOLVED_SOURCE_VERSION": topic.head,
                    "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main",
                ],
                [
                    "TRAVIS": "true", "TRAVIS_COMMIT": topic.merge, "TRAVIS_PULL_REQUEST_SHA": topic.head,
                    "TRAVIS_COMMIT_RANGE": "\(topic.main)...\(topic.head)",
                ],
                ["DRONE": "true", "DRONE_COMMIT_SHA": topic.head, "DRONE_COMMIT_BEFORE": topic.base],
                [
                    "CI_SYSTEM_NAME": "woodpecker", "CI_COMMIT_SHA": topic.head,
                    "CI_COMMIT_TARGET_BRANCH": "main",
                ],
            ]
            for environment in environments {
                let run = try topic.lint(environment, "--format", "json")
                #expect(run.status == 1, "\(environment) \(run.errors)")
                #expect(
                    run.output.contains("\"from\": \"\(topic.base)\"")
                        && run.output.contains("\"to\": \"\(topic.head)\""),
                    "\(environment)")
                #expect(!run.output.contains("other.yaml"))
            }
        }
    }

    @Test("nothing is guessed: what is not in the clone, or not said, ends with 2 and a way out")
    func nothingGuessed() throws {
        try withTopic { topic in
            let gone = String(repeating: "9", count: 40)
            let missing = try topic.lint(
                try topic.event(
                    #"{"pull_request": {"base": {"sha": "\#(gone)"}, "head": {"sha": "\#(topic.head)"}}}"#))
            #expect(missing.status == 2 && missing.output.isEmpty)
            #expect(
                missing.errors.contains("the base of this build, \(gone)")
                    && missing.errors.contains("fetch-depth: 0"))
            let scheduled = try topic.lint(try topic.event(#"{"schedule": "0 5 * * *"}"#))
            #expect(scheduled.status == 2 && scheduled.errors.contains("lint A..B"))
            let first = try topic.lint(
                try topic.event(#"{"before": "\#(zeros)", "repository": {"default_branch": "main"}}"#)
                    .merging(["GITHUB_REF_NAME": "main"]) { $1 })
            #expect(first.status == 2, "the main branch was not there before")
            #expect(try topic.lint(["CIRCLECI": "true", "CIRCLE_SHA1": topic.head]).status == 2)
            #expect(try topic.lint(try topic.event("no json")).status == 2)
        }
    }

    @Test("what is staged comes before what the build changes, and a range that is named before both")
    func staged() throws {
        try withTopic { topic in
            let environment = try topic.event(
                #"{"pull_request": {"base": {"sha": "\#(topic.main)"}, "head": {"sha": "\#(topic.head)"}}}"#)
            #expect(
                try topic.lint(environment, "\(topic.base)..\(topic.main)").output.contains("file=other.yaml")
            )
            try write("a: 1\n", to: "\(topic.folder)/new.yaml")
            _ = try topic.git("add", ".")
            #expect(try topic.lint(environment).status == 0)
        }
    }

    @Test(
        "the log gets what it is read for, and --format overrides it",
        arguments: [
            (["GITHUB_ACTIONS": "true"], "::error file=shop.yaml"),
            (["TF_BUILD": "True"], "##vso[task.logissue type=error;"),
            (["TEAMCITY_VERSION": "2025"], "##teamcity[inspectionType "),
            (["GITLAB_CI": "true"], "blamedeploy lint "),
            (["CI": "true"], "blamedeploy lint "), ([:], "blamedeploy lint "),
        ])
    func formats(environment: [String: String], beginning: String) throws {
        try withTopic { topic in
            #expect(try topic.lint(environment, topic.head).output.hasPrefix(beginning))
            #expect(
                try topic.lint(environment, topic.head, "--format", "text").output.hasPrefix(
                    "blamedeploy lint "))
            let deploys = try blamedeploy(["deploys", "--repo", topic.folder], environment: environment)
            #expect(deploys.status == 0 && deploys.output.hasPrefix("blamedeploy deploys "))
        }
    }

    @Test("the summary of a step on GitHub has it all, and is never so long that it is refused")
    func summary() throws {
        try withTopic { topic in
            let path = "\(topic.folder)/../summary.md"
            let environment = ["GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": path]
            for _ in 0..<2 { #expect(try topic.lint(environment, topic.head).status == 1) }
            let page = try String(contentsOfFile: path, encoding: .utf8)
            #expect(page.components(separatedBy: "| `shop.yaml:6` |").count == 3, "\(page)")
            try write(String(repeating: "x", count: 900 << 10), to: path)
            #expect(try topic.lint(environment, topic.head).status == 1)
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 < 1 << 20)
            let unwritable = try topic.lint(
                environment.merging(["GITHUB_STEP_SUMMARY": "/nowhere/x"]) { $1 }, topic.head)
            #expect(unwritable.status == 1 && unwritable.errors.contains("summary of the step"))
        }
    }

    @Test(
        "a file whose name is a command is text, whatever is printed",
        arguments: ["text", "markdown", "json", "junit", "azure"])
    func hostileName(format: String) throws {
        try withTopic { topic in
            try write("a: 1\na: 2\n", to: "\(topic.folder)/##vso[task.complete result=Failed;]x.yaml")
            _ = try topic.git("add", ".")
            let run = try topic.lint(["TF_BUILD": "True"], "--format", format)
            #expect(run.status == 1)
            for line in run.output.split(separator: "\n") {
                let commands = line.components(separatedBy: "##").count - 1
                #expect(
                    commands == 0 || line.hasPrefix("##vso[task.logissue type=error;sourcepath="), "\(line)")
            }
        }
    }
}

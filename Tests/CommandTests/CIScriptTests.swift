import DeployModel
import Foundation
import TestSupport
import Testing

/// The lines of a block of a YAML file, without their indentation: of `run: |`, or the one-line items of `script:`.
private func script(_ key: String, in path: String, after start: String = "") throws -> String {
    let text = try String(contentsOfFile: "\(packageRoot)/\(path)", encoding: .utf8)
    let rest = text.components(separatedBy: "\n").drop { !$0.hasPrefix(start) }
    let lines = rest.drop { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("\(key):") }
    func depth(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    let key = try #require(lines.first)
    let block = lines.dropFirst().prefix { $0.isEmpty || depth($0) > depth(key) }
    let indentation = depth(try #require(block.first))
    return block.map { line in
        let bare = String(line.dropFirst(indentation))
        return bare.hasPrefix("- ") ? String(bare.dropFirst(2)) : bare
    }.joined(separator: "\n")
}

/// A folder with an export in which failures rise on the fourth day, or do not, a deploy that made them, and a repository.
private func withIncident(rising: Bool, _ body: (_ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        var noise = SeededNoise(seed: 22)
        func time(_ minute: Int) -> Instant { Instant(seconds: 1_600_000_200 + minute * 60) }
        let rows = (0..<576).map { row in
            let errors = noise.poisson(rising && row >= 500 ? 48 : 4)
            return "\(time(row * 10)),\(1000 + noise.poisson(30)),\(errors)\n"
        }
        try write("ts,success,error\n" + rows.joined(), to: "\(folder)/events.csv")
        try write(
            #"[{"id":"newest","started_at":"\#(time(5000))","finished_at":"\#(time(5005))"}]"#,
            to: "\(folder)/deploys.json")
        for arguments in [
            ["init", "-q", "-b", "main"],
            [
                "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit",
                "-q", "--allow-empty", "-m", "x",
            ],
        ] {
            #expect(try run("git", ["-C", folder] + arguments).status == 0)
        }
        try body(folder)
    }
}

private func shell(_ script: String, in folder: String, _ environment: [String: String]) throws -> CommandRun
{
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let program = String(blamedeployPath.dropLast("/blamedeploy".count))
    return try run(
        "bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], in: folder,
        environment: ["PATH": "\(folder)/bin:\(program):\(path)", "COLUMNS": "100", "LC_ALL": "C.UTF-8"]
            .merging(
                environment
            ) { $1 })
}

@Suite("The scripts of docs/ci.md")
struct CIScriptTests {
    private func action(_ inputs: [String: String], in folder: String) throws -> (
        run: CommandRun, output: String
    ) {
        let path = "\(folder)/output"
        try write("", to: path)
        var environment = ["GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": path]
        for name in ["command", "events", "arguments", "sarif"] {
            environment["BLAMEDEPLOY_\(name.uppercased())"] = inputs[name] ?? ""
        }
        let text = try script("run", in: ".github/actions/blamedeploy/action.yml")
        let run = try shell(text, in: folder, environment)
        return (run, try String(contentsOfFile: path, encoding: .utf8))
    }

    @Test("the action checks a deploy, and investigates when it regressed", arguments: [true, false])
    func check(rising: Bool) throws {
        try withIncident(rising: rising) { folder in
            let inputs = [
                "command": "check", "events": "events.csv", "sarif": "found.sarif",
                "arguments": "--deploys=deploys.json\n--deploy=newest\n",
            ]
            let (run, output) = try action(inputs, in: folder)
            #expect(run.status == (rising ? 1 : 0), "\(run.output)\(run.errors)")
            #expect(output == "status=\(rising ? 1 : 0)\n")
            #expect(run.output.contains("::error title=blamedeploy%3A regression::failing events") == rising)
            #expect(run.output.contains("blamedeploy investigate") == rising)
            #expect(FileManager.default.fileExists(atPath: "\(folder)/found.sarif"))
        }
    }

    @Test(
        "the action takes inputs for what they are, not for shell",
        arguments: ["lint; touch x", "$(touch x)", "mark", ""])
    func injection(command: String) throws {
        try withIncident(rising: false) { folder in
            let refused = try action(["command": command], in: folder).run
            #expect(refused.status == 64)
            let hostile = [
                "command": "check", "events": "$(touch x) `touch x`;touch x",
                "arguments": "--deploy=$(touch x)",
            ]
            let run = try action(hostile, in: folder).run
            #expect(run.status == 2)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/x"))
        }
    }

    @Test("every input reaches the action's script as a variable, and nothing is pasted into it")
    func pasted() throws {
        let text = try script("run", in: ".github/actions/blamedeploy/action.yml")
        #expect(!text.contains("${{"))
    }

    @Test("the include for GitLab lints a merge request and checks a deploy")
    func gitlab() throws {
        try withIncident(rising: true) { folder in
            let head = try run("git", ["-C", folder, "rev-parse", "HEAD"]).output.split(separator: "\n")
                .joined()
            let lint = try shell(
                try script("script", in: "docs/ci/gitlab.yml", after: "blamedeploy-lint:"), in: folder,
                ["GITLAB_CI": "true", "CI_COMMIT_SHA": head, "CI_MERGE_REQUEST_DIFF_BASE_SHA": head])
            #expect(lint.status == 0, "\(lint.errors)")
            #expect(
                try String(contentsOfFile: "\(folder)/gl-code-quality-report.json", encoding: .utf8) == "[]\n"
            )
            #expect(
                try String(contentsOfFile: "\(folder)/blamedeploy.xml", encoding: .utf8).contains(
                    "<testcase "))
            let check = try script("script", in: "docs/ci/gitlab.yml", after: "blamedeploy-check:")
            #expect(check.contains("--deploy \"$CI_COMMIT_SHA\""))
            let run = try shell(
                check + " --deploys deploys.json", in: folder,
                ["GITLAB_CI": "true", "CI_COMMIT_SHA": "newest", "BLAMEDEPLOY_EVENTS": "events.csv"])
            #expect(run.status == 1, "\(run.errors)")
            #expect(
                try String(contentsOfFile: "\(folder)/blamedeploy.xml", encoding: .utf8).contains("<failure ")
            )
        }
    }

    @Test(
        "the script for cron is silent when nothing changed, and tells when something did",
        arguments: [true, false])
    func watch(rising: Bool) throws {
        try withIncident(rising: rising) { folder in
            let script = "\(packageRoot)/docs/ci/blamedeploy-watch . events.csv --deploys deploys.json"
            let run = try shell(script, in: folder, [:])
            #expect(run.status == (rising ? 1 : 0), "\(run.output)\(run.errors)")
            #expect(run.output.contains("newest") == rising && run.output.isEmpty == !rising)
            let told = try shell(script, in: folder, ["BLAMEDEPLOY_NOTIFY": "cat > mail.txt"])
            #expect(told.output.isEmpty)
            #expect(FileManager.default.fileExists(atPath: "\(folder)/mail.txt") == rising)
            let broken = try shell("\(packageRoot)/docs/ci/blamedeploy-watch . nothing.csv", in: folder, [:])
            #expect(broken.status == 2 && broken.output.contains("could not judge"))
        }
    }

    @Test("the script for Buildkite annotates when there is something to say")
    func buildkite() throws {
        try withIncident(rising: false) { folder in
            try write("#!/bin/sh\n(echo \"$@\"; cat) > annotation.txt\n", to: "\(folder)/bin/buildkite-agent")
            #expect(try run("chmod", ["+x", "\(folder)/bin/buildkite-agent"]).status == 0)
            try write("a: 1\na: 2\n", to: "\(folder)/new.yaml")
            #expect(try run("git", ["-C", folder, "add", "new.yaml"]).status == 0)
            let run = try shell("\(packageRoot)/docs/ci/buildkite.sh", in: folder, ["BUILDKITE": "true"])
            #expect(run.status == 1, "\(run.errors)")
            let annotation = try String(contentsOfFile: "\(folder)/annotation.txt", encoding: .utf8)
            #expect(
                annotation.hasPrefix("annotate --context blamedeploy --style error\n**blamedeploy lint**"))
        }
    }

    @Test("the unit of systemd runs the script for cron, and takes a finding for no failure")
    func systemd() throws {
        let unit = try String(contentsOfFile: "\(packageRoot)/docs/ci/blamedeploy.service", encoding: .utf8)
        #expect(
            unit.contains("\nExecStart=/usr/local/bin/blamedeploy-watch ")
                && unit.contains("\nSuccessExitStatus=1\n"))
    }
}

import Foundation
import TestSupport
import Testing

@Suite("What the command line says of itself")
struct ManualPageTests {
    @Test("the page for man is made of the same definitions as --help")
    func page() throws {
        let version = try blamedeploy(["--version"]).output.split(separator: "\n").joined()
        let dump = try JSONDecoder().decode(
            HelpDump.self, from: Data(try blamedeploy(["--experimental-dump-help"]).output.utf8))
        let page = manualPage(dump, version: version)
        let path = "\(packageRoot)/docs/blamedeploy.1"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try write(page, to: path) }
        let kept = try String(contentsOfFile: path, encoding: .utf8)
        #expect(page == kept, "UPDATE_GOLDEN=1 swift test --filter ManualPage rewrites docs/blamedeploy.1")
        for command in try #require(dump.command.subcommands) where command.commandName != "help" {
            #expect(page.contains("\n.SH \(command.commandName.uppercased())\n"))
        }
    }

    @Test("man reads it without a complaint", .enabled(if: isInstalled("groff"), "groff is not installed"))
    func reads() throws {
        let run = try run("groff", ["-man", "-ww", "-z", "-Tutf8", "\(packageRoot)/docs/blamedeploy.1"])
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    }

    @Test("shells get completions that they can read", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = try blamedeploy(["--generate-completion-script", shell])
        #expect(script.status == 0)
        for word in ["investigate", "min-effect", "format"] { #expect(script.output.contains(word)) }
        guard isInstalled(shell) else { return }
        let check = try run(shell, ["-n"], input: Array(script.output.utf8))
        #expect(check.status == 0, "\(check.errors)")
    }

    @Test("a link called git-blamedeploy makes it a command of git")
    func git() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/git-blamedeploy", withDestinationPath: blamedeployPath)
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let run = try run(
                "git", ["blamedeploy", "--version"], environment: ["PATH": "\(folder):\(path)"])
            #expect(run.status == 0)
            let plain = try blamedeploy(["--version"])
            #expect(run.output == plain.output)
        }
    }

    @Test(
        "help begins with what it is and with examples",
        arguments: ["", "investigate", "lint", "diff", "check"])
    func help(command: String) throws {
        let help = try blamedeploy((command.isEmpty ? [] : [command]) + ["--help"], columns: 80).output
        let lines = help.split(separator: "\n").prefix(4)
        #expect(lines.contains("EXAMPLES"), "\(lines)")
        let examples = help.split(separator: "\n").filter { $0.hasPrefix("  blamedeploy ") }
        #expect(examples.count >= 3)
        for line in help.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
}

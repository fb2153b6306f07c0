import ArgumentParser
import Connectors
import DeployModel
import GitHistory
import Reporting

/// `blamedeploy init`: looks around, writes `.blamedeploy.yml`, and says what was found.
struct InitCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Look around, write .blamedeploy.yml, and show what it would answer.",
        discussion: """
            EXAMPLES
              blamedeploy init                                     write what is found
              blamedeploy init exports/events.ndjson               with these events
              blamedeploy init --force                             over one that is there

            It looks for exports of events and deploy records in the repository's folder and in folders called events, exports, \
            deploys and the like, for notes, tags and environments, and writes what it found, with comments, for you to \
            correct. Nothing of the repository is run.
            """)

    @Argument(
        help: ArgumentHelp(
            "Exports of events to write in; by default those that are found.", valueName: "events"))
    var events: [String] = []

    @Option(
        name: .customLong("repo"),
        help: ArgumentHelp("The repository: a folder inside it, or a worktree.", valueName: "dir"))
    var folder = "."

    @Flag(help: "Write over a .blamedeploy.yml that is there.")
    var force = false

    @OptionGroup(title: "Output") var output: OutputOptions

    func execute(on terminal: Terminal) throws -> ExitStatus {
        guard (output.format ?? .text) == .text else {
            throw CommandError.usage("init writes text", remedy: "leave --format out")
        }
        let repository = try Repository(discovering: folder)
        guard !repository.isBare else {
            throw CommandError(
                "a bare repository has no folder to write to", at: repository.path,
                remedy: "run it in a worktree or a clone")
        }
        let path = "\(repository.path)/\(SettingsFile.name)"
        guard force || !exists(path) else {
            throw CommandError(
                "there is one already", at: SettingsFile.shown(path),
                remedy: "edit it, or write over it with --force")
        }
        let survey = try ProjectSurvey(repository, events: events, now: terminal.now)
        try writeFile(Array(survey.settingsText.utf8), to: path)
        try terminal.print(
            "wrote \(SettingsFile.shown(path))\n"
                + survey.findings.map { "  \(Wording.harmless($0))\n" }.joined() + "\n")
        // A server that was named here may be given a key; one that only the file names may not.
        let servers = events.contains(where: EventServer.isAddress) ? events : []
        var command = try InvestigateCommand.parse(["--repo", repository.path, "--config", path] + servers)
        command.output = output
        _ = try command.execute(on: terminal)
        return .success
    }
}

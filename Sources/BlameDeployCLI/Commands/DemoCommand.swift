import ArgumentParser
import DeployModel
import Reporting
import Scenario

/// `blamedeploy demo`: a made-up incident, from a graph to the line.
struct DemoCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Write a small repository and an export that retell the incident, and investigate it.",
        discussion: """
            EXAMPLES
              blamedeploy demo                                     into ./blamedeploy-demo
              blamedeploy demo /tmp/demo --export html=report.html and as a page
              blamedeploy demo --full                              everything that was found
            """)

    @Argument(
        help: ArgumentHelp(
            "Where to write them; a demo that is there already is used as it is.", valueName: "dir"))
    var folder = "blamedeploy-demo"

    @OptionGroup(title: "Output") var output: OutputOptions

    func execute(on terminal: Terminal) throws -> ExitStatus {
        let repository = "\(folder)/\(Story.repositoryName)"
        let export = "\(folder)/\(Story.exportName)"
        if !exists(export) || !exists(repository) {
            guard isVacant(folder) else {
                throw CommandError(
                    "something else is there already", at: folder,
                    remedy: "choose a folder that is empty or does not exist yet")
            }
            let story = Stories.demo()
            try writeRepository(of: story, to: folder)
            try writeFile(story.events, to: export)
        }
        terminal.complain("$ blamedeploy \(export) --repo \(repository)\n")
        var command = try InvestigateCommand.parse([export, "--repo", repository])
        command.output = output
        // The demo is its own project, wherever it lies.
        command.config.isOff = true
        return try command.execute(on: terminal)
    }
}

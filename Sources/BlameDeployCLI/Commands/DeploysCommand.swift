import ArgumentParser
import DeployModel
import Investigation
import Reporting

/// `blamedeploy deploys`: the deploys we see, and what each reaches.
struct DeploysCommand: ParsableCommand, Executable {
    static let configuration = CommandConfiguration(
        commandName: "deploys",
        abstract: "The deploys we see, from which source, and what configuration and workloads each reaches.")

    @OptionGroup(title: "Deploys") var repository: RepositoryOptions
    @OptionGroup(title: "Window") var window: WindowOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func execute(on terminal: Terminal) throws -> ExitStatus {
        let opened = try repository.open()
        let window = window.window(span: nil, now: terminal.now)
        let listing = try repository.listDeploys(opened, window: window)
        let evidence = CollectedEvidence(repository: opened) { _, _ in
            EventTable(times: [], failing: [], weights: [], columns: [])
        }
        let deploys = try listing.deploys.map { deploy in
            try evidence.comparison(of: deploy).map { described(deploy, by: $0, isShown: true) } ?? deploy
        }
        switch output.format {
        case .json: try terminal.print(renderJSON(deploys: deploys))
        case .markdown: throw OutputOptions.noMarkdown
        case .text:
            try terminal.print(
                renderText(
                    deploys: deploys, source: listing.source, window: window,
                    style: output.style(for: terminal)))
        }
        for warning in listing.warnings { terminal.complain("warning: \(warning.text)") }
        return .success
    }
}

import ArgumentParser
import ConfigFaults
import DeployModel
import Investigation
import Reporting
import Settings

/// `blamedeploy deploys`: the deploys we see, and what each reaches.
struct DeploysCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploys",
        abstract: "The deploys we see, from which source, and what configuration and workloads each reaches.",
        discussion: """
            EXAMPLES
              blamedeploy deploys --since 3d                       the last three days
              blamedeploy deploys --deploys releases.json          from records, see docs/deploys.md
              blamedeploy deploys --deploys tags:'web-*' --environment production
              blamedeploy deploys --since 30d --export markdown=deploys.md
            """)

    @OptionGroup(title: "Deploys") var repository: RepositoryOptions
    @OptionGroup(title: "Window") var window: WindowOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Settings") var config: SettingsOptions

    func execute(on terminal: Terminal) throws -> ExitStatus {
        let renderings: Renderings<(listing: DeployListing, deploys: [Deploy], window: TimeWindow)> = [
            .text: {
                renderText(
                    deploys: $0.deploys, failed: $0.listing.failed, source: $0.listing.source,
                    window: $0.window,
                    style: $1)
            },
            .json: { found, _ in renderJSON(deploys: found.deploys, failed: found.listing.failed) },
            .markdown: { found, style in
                renderMarkdown(
                    deploys: found.deploys, failed: found.listing.failed, source: found.listing.source,
                    window: found.window, isWhole: style.isFull)
            },
            .html: { found, _ in
                renderHTML(
                    deploys: found.deploys, failed: found.listing.failed, source: found.listing.source,
                    window: found.window, version: BlameDeploy.version)
            },
        ]
        try output.require(renderings.keys)
        let opened = try repository.open()
        let settings = try config.read(for: opened)
        let window = window.over(settings)
        let asked = window.window(span: nil, now: terminal.now)
        let listing = try repository.over(settings).listDeploys(
            opened, window: asked, offsetSeconds: window.offsetSeconds, settings: settings,
            access: network.access(typed: repository.deploys))
        let rules = ProjectRules(settings, now: terminal.now)
        let evidence = CollectedEvidence(
            repository: opened, rules: rules, depth: rules?.setFindingsAside ?? false ? .hints : .reach,
            progress: terminal.progress
        ) { _, _ in
            EventTable(times: [], failing: [], weights: [], columns: [])
        }
        let deploys = try evidence.compared(listing.deploys) { deploy, comparison in
            comparison.map { described(deploy, by: $0, isShown: true) } ?? deploy
        }
        try output.tell((listing, deploys, asked), as: renderings, about: opened, on: terminal)
        for warning in listing.warnings where warning.code != "failed_deploys" {
            let help = warning.remedy.map { "\n  help: \($0)" } ?? ""
            terminal.complain("warning: \(warning.text)\(help)")
        }
        return .success
    }
}

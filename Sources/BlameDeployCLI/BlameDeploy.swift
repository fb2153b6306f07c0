import ArgumentParser

/// The command line as a whole.
struct BlameDeploy: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "blamedeploy",
        abstract: "Which deploy did this, where, and which line?",
        discussion: """
            EXAMPLES
              blamedeploy events.ndjson --since 10d   which deploy, where, which line
              blamedeploy deploys --since 3d          the deploys, and what each reaches
              blamedeploy diff v1.4.0..v1.5.0         what a range changes, by risk
              blamedeploy lint                        contradictions in what is staged
              blamedeploy check events.ndjson         did the newest deploy regress?
              blamedeploy explain events.ndjson       what sets failing events apart
              blamedeploy demo                        a made-up incident
            """,
        version: version,
        subcommands: [
            InvestigateCommand.self, DeploysCommand.self, DiffCommand.self, ExplainCommand.self,
            LintCommand.self,
            CheckCommand.self, MarkCommand.self, InitCommand.self, DemoCommand.self,
        ],
        defaultSubcommand: InvestigateCommand.self)
}

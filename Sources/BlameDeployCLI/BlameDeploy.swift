import ArgumentParser

/// The command line as a whole.
struct BlameDeploy: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "blamedeploy",
        abstract: "Which deploy did this, where, and which line?",
        discussion: """
            EXAMPLES
              blamedeploy events.ndjson --since 10d      which deploy changed the error rate, and which line of it
              blamedeploy deploys --since 3d             the deploys of three days, and what each reaches
              blamedeploy diff v1.4.0..v1.5.0            the configuration changes of a range, ranked by risk
              blamedeploy explain events.ndjson          what sets failing events apart; no repository needed
              blamedeploy check events.ndjson            did the newest deploy regress? ends with 1 if so
              blamedeploy demo                           a made-up incident, from a graph to the line
            """,
        version: version,
        subcommands: [
            InvestigateCommand.self, DeploysCommand.self, DiffCommand.self, ExplainCommand.self,
            LintCommand.self,
            CheckCommand.self, MarkCommand.self, InitCommand.self, DemoCommand.self,
        ],
        defaultSubcommand: InvestigateCommand.self)
}

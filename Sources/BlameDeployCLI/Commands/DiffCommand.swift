import ArgumentParser
import ConfigFaults
import DeployModel
import GitHistory
import Investigation
import Reporting
import Settings

/// `blamedeploy diff DEPLOY | A..B`: the configuration changes of a deploy, ranked by risk.
struct DiffCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract:
            "The configuration changes of a deploy or a range, by file and pod, ranked by risk; no events needed.",
        discussion: """
            EXAMPLES
              blamedeploy diff HEAD                            of one commit
              blamedeploy diff v1.4.0..v1.5.0 --by pod         a range, pod by pod
              blamedeploy diff HEAD --explain                  how scores came about
            """)

    @Argument(help: ArgumentHelp("A deploy's id, a revision, or a range A..B.", valueName: "deploy"))
    var deploy: String

    @Option(
        help: ArgumentHelp("One list by rank, or lists by file or pod.", valueName: "grouping"),
        transform: grouping(_:))
    var by = ChangeGrouping.rank

    @Flag(help: "Show how each change came to its score: every weight and every factor.")
    var explain = false

    @OptionGroup(title: "Deploys") var repository: RepositoryOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Settings") var config: SettingsOptions

    func execute(on terminal: Terminal) throws -> ExitStatus {
        try output.require(renderings.keys)
        guard let opened = try repository.open() else {
            throw CommandError.usage("diff reads two commits", remedy: "leave --no-repo out")
        }
        let settings = try config.read(for: opened)
        var command = self
        command.repository = try repository.over(settings)
        terminal.progress.begin("comparing configurations")
        let changes = try command.rankedChanges(in: opened, settings: settings, now: terminal.now)
        try output.tell(changes, as: renderings, about: opened, on: terminal)
        return .success
    }

    private var renderings: Renderings<DeployChanges> {
        let readable: Renderings<DeployChanges> = [
            .text: { changes, style in
                var style = style
                style.isExplaining = explain
                return renderText(changes, grouping: by, style: style)
            },
            .markdown: { changes, style in renderMarkdown(changes, isWhole: style.isFull) },
            .json: { changes, _ in renderJSON(changes) },
            .html: { changes, _ in renderHTML(changes, version: BlameDeploy.version) },
        ]
        return readable.withAnnotations { AnnotatedResult($0, command: "diff", ruleTitles: faultTitles()) }
    }

    private func rankedChanges(
        in opened: Repository, settings: Settings?, now: Instant
    ) throws -> DeployChanges {
        let rules = ProjectRules(settings, now: now)
        if let range = try opened.resolveRange(deploy) {
            var comparison = try opened.compareConfig(
                from: range.from, to: range.to, code: try repository.openCode())
            rules?.narrow(&comparison, environment: repository.environment)
            return DeployChanges(
                deploy: nil, from: range.from, to: range.to,
                changes: rankChanges(comparison, failures: .unknown), filesChanged: comparison.filesChanged,
                configFiles: comparison.configFiles, otherFiles: comparison.otherFiles,
                warnings: comparison.warnings)
        }
        let wanted = try recordedDeploy(in: opened, settings) ?? commitAsDeploy(in: opened)
        let evidence = CollectedEvidence(
            repository: opened, code: try repository.openCode(), rules: rules
        ) { _, _ in
            EventTable(times: [], failing: [], weights: [], columns: [])
        }
        guard
            let changes = try Investigation.rankedChanges(
                of: wanted, source: evidence, base: opened.base(of: wanted))
        else {
            throw CommandError(
                "the commit of deploy \(wanted.id) is not in this repository",
                remedy: "fetch it, or name the repository that has it with --repo")
        }
        return changes
    }

    /// The deploy of that id in a file of records, where files are named.
    private func recordedDeploy(in opened: Repository, _ settings: Settings?) throws -> Deploy? {
        guard repository.deploys.contains(where: { DeploySourceName($0).isFile }) else { return nil }
        let everything = TimeWindow(
            since: Instant(milliseconds: .min / 4), until: Instant(milliseconds: .max / 4))
        let listing = try repository.listDeploys(
            opened, window: everything, settings: settings,
            access: network.access(typed: repository.deploys))
        return listing.deploys.first { $0.id == deploy }
    }

    private func commitAsDeploy(in opened: Repository) throws -> Deploy {
        let id: CommitID
        do {
            id = try opened.resolve(deploy)
        } catch {
            // Perhaps it is a mark: of a commit under another name, or of what is not in git.
            let head = try opened.resolve(repository.rev)
            guard let marked = try opened.deploys(.notes, from: head, window: nil).named(deploy) else {
                throw error
            }
            guard marked.commit == nil else { return marked }
            throw CommandError(
                "'\(marked.title)' is marked as a change that is not in git, so there is nothing to compare",
                remedy: "an investigation of events tells whether it did something")
        }
        return Deploy(try opened.commit(id))
    }
}

extension Deploy {
    /// A commit as if it were deployed by itself.
    init(_ record: CommitRecord) {
        self.init(
            id: record.id.hex, commit: record.id, previous: record.parents.first,
            startedAt: record.committedAt, title: record.subject, author: record.author,
            source: record.parents.count > 1 ? .merge : .commit)
    }
}

private func grouping(_ name: String) throws -> ChangeGrouping {
    guard let grouping = ChangeGrouping(rawValue: name) else {
        throw ValidationError("--by takes rank, file or pod, not '\(name)'")
    }
    return grouping
}

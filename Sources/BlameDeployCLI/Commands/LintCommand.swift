import ArgumentParser
import ConfigFaults
import DeployModel
import GitHistory
import Parallel
import Reporting
import Settings

/// `blamedeploy lint [A..B]`: contradictions that a change brings in, before it is merged.
struct LintCommand: ParsableCommand, Executable {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract:
            "Contradictions that a change brings into the configuration; ends with 1 when there are any.",
        discussion: """
            Without a range it looks at what is staged, as a hook does before a commit. What was wrong before the change is not \
            told. Templates are read as they are.
            """)

    @Argument(
        help: ArgumentHelp("A revision, or a range A..B; by default what is staged.", valueName: "range"))
    var range: String?

    @Option(
        help: ArgumentHelp(
            "The repository: a folder inside it, a worktree or a bare repository.", valueName: "dir"))
    var repo = "."

    @Flag(
        help:
            "Judge every commit of the range by itself, merges aside; of a revision, all that led to it.")
    var each = false

    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Settings") var config: SettingsOptions

    func execute(on terminal: Terminal) throws -> ExitStatus {
        try output.require(renderings.keys)
        let opened = try Repository(discovering: repo)
        let rules = ProjectRules(try config.read(for: opened), now: terminal.now)
        if each { return try lintEach(in: opened, rules: rules, on: terminal) }
        let found = try contradictions(in: opened, rules: rules)
        try output.tell(found, as: renderings, on: terminal)
        if found.changes.isEmpty, output.format == .text {
            for warning in found.warnings {
                let help = warning.remedy.map { "\n  help: \($0)" } ?? ""
                terminal.complain("warning: \(warning.text)\(help)")
            }
        }
        return found.changes.isEmpty ? .success : .found
    }

    private var renderings: Renderings<DeployChanges> {
        [
            .text: { found, style in
                found.changes.isEmpty
                    ? "blamedeploy lint   no contradictions in \(Wording.counted(found.configFiles, "configuration file"))\n"
                    : renderText(found, command: "lint", style: style)
            },
            .markdown: { found, _ in renderMarkdown(found, command: "lint") },
            .json: { found, _ in renderJSON(found) },
            .html: { found, _ in renderHTML(found, command: "lint", version: BlameDeploy.version) },
        ]
    }

    private func lintEach(
        in opened: Repository, rules: ProjectRules?, on terminal: Terminal
    ) throws -> ExitStatus {
        try output.require([.text, .markdown, .json])
        let ends = try opened.resolveRange(range ?? "HEAD")
        let to = try ends?.to ?? opened.resolve(range ?? "HEAD")
        let commits = try opened.commits(from: ends?.from, to: to)
        let outcome = try HistoryLint(
            repository: repo, commits: commits, workers: availableCores(), rules: rules
        ).run()
        let count =
            "\(outcome.findings.count) with contradictions; \(Wording.counted(outcome.configCommits, "commit")) of \(commits.count) change configuration\n"
        let each: Renderings<[DeployChanges]> = [
            .text: { found, style in
                found.map { renderText($0, command: "lint", style: style) + "\n" }.joined()
                    + "blamedeploy lint   \(count)"
            },
            .markdown: { found, _ in
                found.map { renderMarkdown($0, command: "lint") + "\n" }.joined() + count
            },
            .json: { found, _ in renderJSON(commits: found, judged: outcome.configCommits) },
        ]
        try output.tell(outcome.findings, as: each, on: terminal)
        return outcome.findings.isEmpty ? .success : .found
    }

    private func contradictions(in repository: Repository, rules: ProjectRules?) throws -> DeployChanges {
        var (from, to): (CommitID?, CommitID?) = (nil, nil)
        var comparison: ConfigComparison
        if let range {
            if let ends = try repository.resolveRange(range) {
                (from, to) = (ends.from, ends.to)
            } else {
                let commit = try repository.resolve(range)
                (from, to) = (try repository.commit(commit).parents.first, commit)
            }
            comparison =
                try to.map { try repository.compareConfig(from: from, to: $0) } ?? compareStaged(repository)
        } else {
            comparison = try compareStaged(repository)
        }
        if range == nil, comparison.filesChanged == 0 {
            comparison.warnings.append(
                Warning(
                    code: "nothing_staged", text: "nothing is staged, so nothing was looked at",
                    remedy: "stage the changes with `git add`, or name a commit or a range"))
        }
        rules?.narrow(&comparison, environment: nil)
        let contradictions = comparison.contradictions
        return DeployChanges(
            deploy: nil, from: from, to: to, changes: rankChanges(contradictions, failures: .unknown),
            filesChanged: comparison.filesChanged, configFiles: comparison.configFiles,
            otherFiles: comparison.otherFiles,
            warnings: comparison.warnings.filter { $0.code != "unparsable" })
    }

    private func compareStaged(_ repository: Repository) throws -> ConfigComparison {
        let staged = try repository.stagedChanges()
        return try compareConfig(before: staged.before, after: staged.after, files: staged.files)
    }
}

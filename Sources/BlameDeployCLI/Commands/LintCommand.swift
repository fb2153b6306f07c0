import ArgumentParser
import ConfigFaults
import DeployModel
import GitHistory
import Parallel
import Reporting
import Settings

/// `blamedeploy lint [A..B]`: contradictions that a change brings in, before it is merged.
struct LintCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract:
            "Contradictions that a change brings into the configuration; ends with 1 when there are any.",
        discussion: """
            EXAMPLES
              blamedeploy lint                                 what is staged
              blamedeploy lint main..HEAD                      a branch
              blamedeploy lint main..HEAD --format sarif       for code scanning
              blamedeploy lint --each                          the whole history

            Without a range it looks at what is staged, as a hook does before a commit. In a CI, where nothing is staged, it looks \
            at what the pull request or the push changes. What was wrong before the change is not told. Templates are read as they \
            are.
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
        terminal.progress.begin("comparing configurations")
        let found = try contradictions(in: opened, rules: rules, ci: terminal.continuousIntegration)
        try output.tell(found, as: renderings, about: opened, on: terminal)
        if found.changes.isEmpty, output.chosenFormat(among: renderings.keys, on: terminal) == .text {
            for warning in found.warnings {
                let help = warning.remedy.map { "\n  help: \($0)" } ?? ""
                terminal.complain("warning: \(warning.text)\(help)")
            }
        }
        return found.changes.isEmpty ? .success : .found
    }

    private var renderings: Renderings<DeployChanges> {
        let readable: Renderings<DeployChanges> = [
            .text: { found, style in
                found.changes.isEmpty
                    ? "blamedeploy lint   no contradictions in \(Wording.counted(found.configFiles, "configuration file"))\n"
                    : renderText(found, command: "lint", style: style)
            },
            .markdown: { found, style in renderMarkdown(found, command: "lint", isWhole: style.isFull) },
            .json: { found, _ in renderJSON(found) },
            .html: { found, _ in renderHTML(found, command: "lint", version: BlameDeploy.version) },
        ]
        return readable.withAnnotations { AnnotatedResult($0, command: "lint", ruleTitles: faultTitles()) }
    }

    private func lintEach(
        in opened: Repository, rules: ProjectRules?, on terminal: Terminal
    ) throws -> ExitStatus {
        try output.require(renderings.keys)
        let ends = try opened.resolveRange(range ?? "HEAD")
        let to = try ends?.to ?? opened.resolve(range ?? "HEAD")
        let commits = try opened.commits(from: ends?.from, to: to)
        let outcome = try HistoryLint(
            repository: repo, commits: commits, workers: availableCores(), rules: rules,
            progress: terminal.progress
        ).run()
        let count =
            "\(outcome.findings.count) with contradictions; \(Wording.counted(outcome.configCommits, "commit")) of \(commits.count) change configuration\n"
        let judged = outcome.configCommits
        let readable: Renderings<[DeployChanges]> = [
            .text: { found, style in
                found.map { renderText($0, command: "lint", style: style) + "\n" }.joined()
                    + "blamedeploy lint   \(count)"
            },
            .markdown: { found, style in
                renderMarkdown(
                    commits: found, judged: judged, of: commits.count, isWhole: style.isFull)
            },
            .json: { found, _ in renderJSON(commits: found, judged: judged) },
            .html: { found, _ in
                renderHTML(
                    commits: found, judged: judged, of: commits.count, version: BlameDeploy.version)
            },
        ]
        let each = readable.withAnnotations {
            AnnotatedResult(commits: $0, judged: judged, ruleTitles: faultTitles())
        }
        try output.tell(outcome.findings, as: each, about: opened, on: terminal)
        return outcome.findings.isEmpty ? .success : .found
    }

    private func contradictions(
        in repository: Repository, rules: ProjectRules?, ci: ContinuousIntegration?
    ) throws -> DeployChanges {
        var ends = try asked(in: repository)
        var comparison: ConfigComparison
        if let (from, to) = ends {
            comparison = try repository.compareConfig(from: from, to: to)
        } else {
            comparison = try compareStaged(repository)
            if comparison.filesChanged == 0, let ci {
                let (from, to) = try ci.range(in: repository)
                comparison = try repository.compareConfig(from: from, to: to)
                ends = (from, to)
            }
        }
        if ends == nil, comparison.filesChanged == 0 {
            comparison.warnings.append(
                Warning(
                    code: "nothing_staged", text: "nothing is staged, so nothing was looked at",
                    remedy: "stage the changes with `git add`, or name a commit or a range"))
        }
        rules?.narrow(&comparison, environment: nil)
        let contradictions = comparison.contradictions
        return DeployChanges(
            deploy: nil, from: ends?.from, to: ends?.to,
            changes: rankChanges(contradictions, failures: .unknown),
            filesChanged: comparison.filesChanged, configFiles: comparison.configFiles,
            otherFiles: comparison.otherFiles,
            warnings: comparison.warnings.filter { $0.code != "unparsable" })
    }

    /// The ends of the range that was asked for; of one revision, what it changes.
    private func asked(in repository: Repository) throws -> (from: CommitID?, to: CommitID)? {
        guard let range else { return nil }
        if let ends = try repository.resolveRange(range) { return (ends.from, ends.to) }
        let commit = try repository.resolve(range)
        return (try repository.commit(commit).parents.first, commit)
    }

    private func compareStaged(_ repository: Repository) throws -> ConfigComparison {
        let staged = try repository.stagedChanges()
        return try compareConfig(before: staged.before, after: staged.after, files: staged.files)
    }
}

import ArgumentParser
import Connectors
import DeployModel
import GitHistory

/// `blamedeploy mark [COMMIT]`: records a deploy, or a change that is not in git, as a git note.
struct MarkCommand: ParsableCommand, Executable {
    static let configuration = CommandConfiguration(
        commandName: "mark",
        abstract:
            "Record a deploy as a git note, or a change that is not in git: a flag, a secret, a migration.",
        discussion: """
            EXAMPLES
              blamedeploy mark --environment production                      HEAD is deployed now
              blamedeploy mark v1.4.1 --started 20m --finished 5m            that tag was, between 20 and 5 minutes ago
              blamedeploy mark --no-commit --title "Flag push-v2 on"         what is not in git can be blamed too
              blamedeploy mark v1.4.1 --remove                               it was not deployed after all

            The note is a line under refs/notes/deploys, which `--deploys notes` reads. Several writers do not lose each other's \
            notes. Share them with: git push origin refs/notes/deploys
            """)

    @Argument(help: ArgumentHelp("What was deployed: a commit, a tag, a branch.", valueName: "commit"))
    var commit: String?

    @Flag(name: .customLong("no-commit"), help: "What changed is not in git; it needs a --title.")
    var isOutsideGit = false

    @Flag(help: "Take marks back: all of the commit, or those that the other options tell.")
    var remove = false

    @Option(help: ArgumentHelp("What it is; by default the commit's subject.", valueName: "text"))
    var title: String?

    @Option(
        help: ArgumentHelp(
            "When it began: 20m ago, RFC 3339 or Unix seconds; by default now.", valueName: "time"))
    var started: String?

    @Option(help: ArgumentHelp("When it had taken effect everywhere, in the same forms.", valueName: "time"))
    var finished: String?

    @Option(help: ArgumentHelp("The environment it was deployed to.", valueName: "name"))
    var environment: String?

    @Option(help: ArgumentHelp("The service that it is of.", valueName: "name"))
    var service: String?

    @Option(help: ArgumentHelp("What the deploy is called in reports.", valueName: "id"))
    var id: String?

    @Option(help: ArgumentHelp("Who made it; by default the commit's author.", valueName: "name"))
    var author: String?

    @Option(
        name: .customLong("repo"),
        help: ArgumentHelp("The repository: a folder inside it, a worktree or a bare one.", valueName: "dir"))
    var folder = "."

    @Option(
        help: ArgumentHelp(
            "Also write a marker into this dataset of Honeycomb; the key comes from HONEYCOMB_API_KEY.",
            valueName: "dataset"))
    var honeycomb: String?

    @OptionGroup(title: "Times") var zone: ZoneOptions
    @OptionGroup(title: "Network") var network: NetworkOptions

    func validate() throws {
        if isOutsideGit, let commit {
            throw ValidationError("--no-commit is for what is not in git, and '\(commit)' is: choose one")
        }
        if isOutsideGit, !remove, title == nil {
            throw ValidationError("--no-commit needs a --title that says what changed")
        }
        if honeycomb != nil, remove {
            throw ValidationError("--remove takes back notes, not markers: remove those in Honeycomb")
        }
        for (name, text) in [("--started", started), ("--finished", finished)] {
            guard let text, TimeExpression(text, offsetSeconds: offset) == nil else { continue }
            throw ValidationError("\(name) takes \(TimeExpression.forms), not '\(text)'")
        }
        let texts = [
            ("--title", title), ("--environment", environment), ("--service", service), ("--id", id),
            ("--author", author),
        ]
        for case (let name, let text?) in texts {
            guard text.isEmpty || text.contains(where: { $0.isNewline || $0 == "\0" }) else { continue }
            throw ValidationError("\(name) takes one line that is not empty")
        }
    }

    func execute(on terminal: Terminal) throws -> ExitStatus {
        let repository = try Repository(discovering: folder)
        guard remove else {
            let target = isOutsideGit ? nil : try repository.resolve(commit ?? "HEAD")
            try mark(target, in: repository, on: terminal)
            return .success
        }
        var command = self
        do {
            let target = isOutsideGit ? nil : try repository.resolve(commit ?? "HEAD")
            try command.unmark(target, in: repository, on: terminal)
        } catch let error as GitError {
            // What is not in git goes by the id that it is listed under.
            guard let commit, id == nil, Self.listed(commit, of: nil, in: repository) != nil else {
                throw error
            }
            command.id = commit
            try command.unmark(nil, in: repository, on: terminal)
        }
        return .success
    }

    /// Clocks of two machines may differ by so many seconds.
    private static let clockTolerance = 600

    /// The deploy that marks of a commit, or of nothing in git, are listed as.
    private static func listed(_ id: String, of target: CommitID?, in repository: Repository) -> Deploy? {
        let deploys = try? repository.deploys(.notes, from: repository.resolve("HEAD"), window: nil)
        return deploys?.first { $0.id == id && $0.commit == target }
    }

    private func mark(_ target: CommitID?, in repository: Repository, on terminal: Terminal) throws {
        let start = time(started, now: terminal.now) ?? Instant(seconds: Int(terminal.now.seconds))
        let end = time(finished, now: terminal.now)
        guard start <= terminal.now + Self.clockTolerance else {
            throw CommandError.usage(
                "the deploy would begin at \(start), and now it is \(Instant(seconds: Int(terminal.now.seconds)))",
                remedy: "mark it when it is deployed; \"20m\" after --started is 20 minutes ago")
        }
        if let end, end < start {
            throw CommandError.usage(
                "the deploy would have finished at \(end), before it began at \(start)",
                remedy: "give --started the earlier time")
        }
        let mark = DeployMark(
            startedAt: start, finishedAt: end, environment: environment, service: service, id: id,
            author: author,
            title: title ?? "")
        // Whatever the server would refuse from the start is told before anything is written.
        let dataset = try honeycomb.map { try HoneycombDataset($0, access: network.access(typed: [])) }
        let isNew = try repository.mark(mark, on: target, at: terminal.now)
        let subject = try name(of: target, in: repository) ?? title ?? ""
        try terminal.print(
            """
            \(isNew ? "marked" : "was marked already:") \(subject)
              \(mark.line)
              share it: git push origin \(deployNotesReference)

            """)
        if let dataset { try terminal.print(try dataset.mark(mark, commit: target, subject: subject)) }
    }

    private func unmark(_ target: CommitID?, in repository: Repository, on terminal: Terminal) throws {
        let start = time(started, now: terminal.now)
        let listed = id.flatMap { Self.listed($0, of: target, in: repository) }
        let removed = try repository.unmark(on: target, at: terminal.now) { mark in
            (start == nil || mark.startedAt == start) && (title == nil || mark.title == title)
                && (environment == nil || mark.environment == environment)
                && (author == nil || mark.author == author)
                && (service == nil || mark.service == service)
                && (id == nil || mark.id == id || listed.map(mark.tells(of:)) ?? false)
        }
        let subject = try name(of: target, in: repository) ?? "changes that are not in git"
        guard !removed.isEmpty else {
            throw CommandError(
                "there is no such mark of \(subject)",
                remedy: "`blamedeploy deploys --deploys notes` lists those there are")
        }
        try terminal.print(
            "took back \(removed.count) \(removed.count == 1 ? "mark" : "marks") of \(subject)\n"
                + removed.map { "  \($0.line)\n" }.joined()
                + "  share it: git push origin \(deployNotesReference)\n")
    }

    private func name(of target: CommitID?, in repository: Repository) throws -> String? {
        try target.map { "\($0.abbreviated) \(try repository.commit($0).subject)" }
    }

    private var offset: Int { zone.offsetSeconds ?? 0 }

    private func time(_ text: String?, now: Instant) -> Instant? {
        text.flatMap {
            TimeExpression($0, offsetSeconds: offset)?.resolved(from: Instant(seconds: Int(now.seconds)))
        }
    }
}

/// The dataset of `--honeycomb`.
private struct HoneycombDataset {
    private let name: String
    private let api: HoneycombAPI

    init(_ text: String, access: ServerAccess) throws {
        let source = try HoneycombSource(text.hasPrefix("honeycomb://") ? text : "honeycomb://\(text)")
        name = source.name
        api = try HoneycombAPI(
            dataset: source.dataset, over: access.connection(to: text, place: source.name))
    }

    /// Writes the marker, and says so.
    func mark(_ mark: DeployMark, commit: CommitID?, subject: String) throws -> String {
        // A marker has no field for the commit: it is looked for in the message.
        let title = mark.title.isEmpty ? subject.cutCommit(commit) : mark.title
        let words = [title, mark.service, mark.environment, commit?.hex]
        let message = words.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        do {
            let isNew = try api.mark(
                HoneycombAPI.Marker(
                    message: message, startedAt: mark.startedAt, finishedAt: mark.finishedAt))
            return "  \(isNew ? "marker written to" : "the marker was there already:") \(name)\n"
        } catch let error as ConnectorError {
            throw CommandError(
                "the note is written, and the marker is not: \(error.problem)", at: error.location,
                remedy: error.remedy)
        }
    }
}

extension String {
    /// A subject without the abbreviated commit before it.
    fileprivate func cutCommit(_ commit: CommitID?) -> String {
        guard let commit, hasPrefix("\(commit.abbreviated) ") else { return self }
        return String(dropFirst(commit.abbreviated.count + 1))
    }
}

import ArgumentParser
import DeployModel
import GitHistory

/// Where the history and the deploys are read from.
struct RepositoryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The repository: a folder inside it, a worktree or a bare one.", valueName: "dir"))
    var repo = "."

    @Option(help: ArgumentHelp("Read the history from here.", valueName: "rev"))
    var rev = "HEAD"

    @Flag(name: .customLong("no-repo"), help: "Judge by deploy records alone, without a repository.")
    var withoutRepository = false

    @Option(
        help: ArgumentHelp(
            "Where deploys come from: auto, commits, merges, tags[:GLOB], notes, or a file of records. Repeatable.",
            valueName: "source"))
    var deploys: [String] = []

    @Option(
        help: ArgumentHelp("Only deploys to this environment (where a record names one).", valueName: "name"))
    var environment: String?

    /// The repository, or `nil` with `--no-repo`.
    func open() throws -> Repository? { withoutRepository ? nil : try Repository(discovering: repo) }

    /// What a report says of the repository.
    func summary(of repository: Repository?) throws -> RepositorySummary? {
        try repository.map { RepositorySummary(path: $0.path, head: try $0.resolve(rev)) }
    }

    func validate() throws {
        guard withoutRepository else { return }
        guard deploys.contains(where: { DeploySourceName($0).isFile }) else {
            throw ValidationError("--no-repo needs a file of deploy records: --deploys FILE")
        }
    }
}

/// The value of `--deploys`.
enum DeploySourceName: Equatable {
    case automatic, commits, merges, notes
    case tags(glob: String?)
    case file(String)

    init(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "commits": self = .commits
        case "merges": self = .merges
        case "notes": self = .notes
        case "tags": self = .tags(glob: nil)
        case _ where text.hasPrefix("tags:"): self = .tags(glob: String(text.dropFirst(5)))
        default: self = .file(text)
        }
    }

    var isFile: Bool {
        if case .file = self { return true }
        return false
    }
}

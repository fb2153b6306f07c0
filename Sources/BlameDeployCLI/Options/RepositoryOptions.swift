import ArgumentParser
import ConfigFaults
import DeployModel
import GitHistory

/// Where the history and the deploys are read from.
struct RepositoryOptions: ParsableArguments {
    @Option(
        name: .customLong("repo"),
        help: ArgumentHelp(
            "The repository: a folder inside it, a worktree or a bare one. Where code lives apart, also NAME=DIR, as images call it. Repeatable.",
            valueName: "dir"))
    var repositories: [String] = []

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
    func open() throws -> Repository? {
        withoutRepository ? nil : try Repository(discovering: named.manifests.first ?? ".")
    }

    /// The repositories of code that images are built from.
    func openCode() throws -> [any CodeRepository] {
        try named.code.map { code in
            do {
                return GitCodeRepository(
                    name: code.name, repository: try Repository(discovering: code.folder))
            } catch let error as GitError {
                throw CommandError(
                    "--repo \(code.name)=\(code.folder): \(error.problem)", at: error.location,
                    remedy: "name the folder of the code of \(code.name), as --repo NAME=DIR")
            }
        }
    }

    /// `--repo` taken apart: a folder that is there is one, whatever its name.
    private var named: (manifests: [String], code: [(name: String, folder: String)]) {
        var (manifests, code): ([String], [(name: String, folder: String)]) = ([], [])
        for text in repositories {
            if let equals = text.firstIndex(of: "="), !exists(text) {
                code.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
            } else {
                manifests.append(text)
            }
        }
        return (manifests, code)
    }

    /// What a report says of the repository.
    func summary(of repository: Repository?) throws -> RepositorySummary? {
        try repository.map { RepositorySummary(path: $0.path, head: try $0.resolve(rev)) }
    }

    func validate() throws {
        let (manifests, code) = named
        guard manifests.count < 2 else {
            throw ValidationError(
                "--repo takes one folder, and NAME=DIR for each repository of code, not both '\(manifests[0])' and '\(manifests[1])'"
            )
        }
        for (name, folder) in code where name.isEmpty || folder.isEmpty {
            throw ValidationError("--repo takes DIR or NAME=DIR, not '\(name)=\(folder)'")
        }
        if let twice = code.first(where: { one in code.filter { $0.name == one.name }.count > 1 }) {
            throw ValidationError("--repo names \(twice.name) more than once")
        }
        guard code.isEmpty || !withoutRepository else {
            throw ValidationError(
                "--repo NAME=DIR needs the repository of the manifests, which --no-repo leaves out")
        }
    }

    /// Without a repository something else must list the deploys: an argument, or the settings.
    func requireDeploys() throws {
        guard withoutRepository, !deploys.contains(where: { DeploySourceName($0).isFile }) else { return }
        throw ValidationError("--no-repo needs a file of deploy records: --deploys FILE")
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

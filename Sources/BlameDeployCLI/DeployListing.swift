import DeployModel
import DeployRecords
import GitHistory
import Investigation

/// The deploys of a window, and where they come from.
struct DeployListing {
    var deploys: [Deploy]
    /// In words: `first-parent commits`.
    var source: String
    var warnings: [Warning]
}

extension RepositoryOptions {
    /// Reads the deploys that began in a window.
    ///
    /// `auto` (the default) prefers notes, then release tags, then first-parent commits: the more a source is about
    /// deploys, the better its clock.
    func listDeploys(_ repository: Repository?, window: TimeWindow) throws -> DeployListing {
        var listing = DeployListing(deploys: [], source: "", warnings: [])
        var words: [String] = []
        for name in deploys.isEmpty ? [.automatic] : deploys.map(DeploySourceName.init) {
            let part = try list(name, repository, window: window)
            listing.deploys += part.deploys
            listing.warnings += part.warnings
            words.append(part.source)
        }
        listing.source = words.joined(separator: ", ")
        if let environment {
            listing.deploys.removeAll { $0.environment != nil && $0.environment != environment }
        }
        // Within a second the order of each source holds, which is that of the history.
        listing.deploys = listing.deploys.enumerated()
            .sorted { ($0.element.startedAt, $0.offset) < ($1.element.startedAt, $1.offset) }.map(\.element)
        return listing
    }

    private func list(_ name: DeploySourceName, _ repository: Repository?, window: TimeWindow) throws
        -> DeployListing
    {
        if case .file(let path) = name { return try listRecords(path, repository, window: window) }
        guard let repository else {
            throw CommandError(
                "--no-repo cannot list deploys from history",
                remedy: "name a file of deploy records: --deploys FILE")
        }
        let head = try repository.resolve(rev)
        func from(_ source: HistorySource, _ words: String) throws -> DeployListing {
            DeployListing(
                deploys: try repository.deploys(source, from: head, window: window), source: words,
                warnings: [])
        }
        switch name {
        case .commits: return try from(.commits, "first-parent commits")
        case .merges: return try from(.merges, "merges")
        case .tags(let glob): return try from(.tags(glob: glob), glob.map { "tags \($0)" } ?? "release tags")
        case .notes: return try from(.notes, "deploy notes")
        case .automatic, .file:
            let notes = try from(.notes, "deploy notes")
            if !notes.deploys.isEmpty { return notes }
            let tags = try from(.tags(glob: nil), "release tags")
            if !tags.deploys.isEmpty { return tags }
            return try from(.commits, "first-parent commits")
        }
    }

    private func listRecords(_ path: String, _ repository: Repository?, window: TimeWindow) throws
        -> DeployListing
    {
        let file = try readDeploys(try readFile(path), source: path)
        var listing = DeployListing(deploys: file.deploys, source: path, warnings: file.warnings)
        if let repository {
            for index in listing.deploys.indices where listing.deploys[index].commit == nil {
                guard let name = file.unresolved[listing.deploys[index].id] else { continue }
                listing.deploys[index].commit = try? repository.resolve(name)
            }
            listing.deploys = linkDeploys(listing.deploys)
            // What the record does not say, the commit does.
            for index in listing.deploys.indices {
                guard let commit = listing.deploys[index].commit, let record = try? repository.commit(commit)
                else { continue }
                if listing.deploys[index].title.isEmpty { listing.deploys[index].title = record.subject }
                if listing.deploys[index].author.isEmpty { listing.deploys[index].author = record.author }
            }
        }
        // The deploy before the first of the window stays out: it is only what the first is compared with.
        listing.deploys.removeAll { !window.contains($0.startedAt) }
        return listing
    }
}

extension DeployListing {
    /// What a deploy is called here that the reader named, perhaps by a revision such as `HEAD~2`.
    func name(of deploy: String, in repository: Repository?) -> String {
        guard deploys.named(deploy) == nil, let commit = try? repository?.resolve(deploy) else {
            return deploy
        }
        return commit.hex
    }
}

/// No deploy, or more than one, is called what the reader asked for.
func unknownDeploy(_ name: String, among listing: DeployListing) -> CommandError {
    let known = listing.deploys.suffix(5).map { "\($0.shortName)" }.joined(separator: ", ")
    return CommandError(
        "no single deploy of the window is called '\(name)'",
        remedy: listing.deploys.isEmpty
            ? "there are no deploys in the window; choose another one with --since"
            : "the latest are \(known); `blamedeploy deploys` lists all")
}

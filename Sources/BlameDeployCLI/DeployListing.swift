import ConfigFaults
import Connectors
import DeployModel
import DeployRecords
import GitHistory
import Investigation
import Reporting
import Settings

/// The deploys of a window, and where they come from.
struct DeployListing {
    var deploys: [Deploy]
    /// Deploys that failed or were called off; they are listed, and never blamed.
    var failed: [Deploy] = []
    /// In words: `first-parent commits`.
    var source: String
    var warnings: [Warning]
    /// What names the commit of a deploy that has none in this repository, by its id.
    var references: [String: [String]] = [:]
}

extension DeployListing {
    /// The same with one more warning.
    fileprivate func warning(_ warning: Warning?) -> DeployListing {
        var copy = self
        copy.warnings += [warning].compactMap { $0 }
        return copy
    }
}

extension RepositoryOptions {
    /// Reads the deploys that began in a window, those of several sources as one list.
    ///
    /// `auto` (the default) prefers notes, then release tags, then first-parent commits: the more a source is about
    /// deploys, the better its clock. What was marked without a commit is added to any of them.
    ///
    /// - Parameters:
    ///   - offsetSeconds: the zone of recorded times that name none.
    ///   - access: how servers are asked.
    func listDeploys(
        _ repository: Repository?, window: TimeWindow, offsetSeconds: Int? = nil, settings: Settings? = nil,
        access: ServerAccess
    ) throws -> DeployListing {
        var parts = try (deploys.isEmpty ? [.automatic] : deploys.map(DeploySourceName.init)).map {
            try list($0, repository, window: window, offsetSeconds: offsetSeconds, access: access)
        }
        if let settings {
            for index in parts.indices { parts[index].rename { settings.environmentName($0) } }
        }
        var listing = joined(parts)
        if let environment = environment.map({ settings?.environmentName($0) ?? $0 }) {
            let isElsewhere = { (deploy: Deploy) in
                deploy.environment.map { !isSameEnvironment($0, environment) } ?? false
            }
            listing.deploys.removeAll(where: isElsewhere)
            listing.failed.removeAll(where: isElsewhere)
        }
        // The deploy before the first of the window stays out: it is only what the first is compared with.
        listing.deploys.removeAll { !window.contains($0.startedAt) }
        listing.failed.removeAll { !window.contains($0.startedAt) }
        if let first = listing.failed.first {
            let count = listing.failed.count
            let kind =
                count == 1
                ? "deploy that failed or was called off is" : "deploys that failed or were called off are"
            listing.warnings.append(
                Warning(
                    code: "failed_deploys",
                    text:
                        "\(count) \(kind) not judged, the first at \(first.startedAt) (\(first.shortName)): what it changed on "
                        + "its way would not be told",
                    remedy: "`blamedeploy deploys` lists them"))
        }
        return listing
    }

    /// The lists of several sources as one, each deploy after the one it replaced.
    private func joined(_ parts: [DeployListing]) -> DeployListing {
        guard parts.count > 1 else {
            return parts.first ?? DeployListing(deploys: [], source: "", warnings: [])
        }
        let references = parts.map(\.references)
        let merged = mergeDeploys(
            parts.map(\.deploys), failed: parts.map(\.failed), references: references)
        var listing = DeployListing(
            deploys: merged.deploys, failed: merged.failed,
            source: parts.map(\.source).joined(separator: ", "), warnings: parts.flatMap(\.warnings))
        let indices = listing.deploys.indices.filter { listing.deploys[$0].source.hasDeployClock }
        for (index, linked) in zip(indices, linkDeploys(indices.map { listing.deploys[$0] })) {
            listing.deploys[index].previous = linked.previous ?? listing.deploys[index].previous
            listing.deploys[index].isRollback = listing.deploys[index].isRollback || linked.isRollback
        }
        return listing
    }

    private func list(
        _ name: DeploySourceName, _ repository: Repository?, window: TimeWindow, offsetSeconds: Int?,
        access: ServerAccess
    ) throws -> DeployListing {
        if case .file(let path) = name {
            return try listRecords(path, repository, offsetSeconds: offsetSeconds, access: access)
        }
        guard let repository else {
            throw CommandError.usage(
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
            let changes = notes.deploys.filter { $0.commit == nil }
            if changes.count < notes.deploys.count {
                return notes.warning(try unmarked(in: window, of: notes, repository, head: head))
            }
            let tags = try from(.tags(glob: nil), "release tags")
            var chosen = tags.deploys.isEmpty ? try from(.commits, "first-parent commits") : tags
            if !changes.isEmpty {
                chosen.deploys = mergeDeploys([chosen.deploys, changes])
                chosen.source += ", deploy notes"
            }
            return chosen
        }
    }

    /// Says how many commits of the window no mark takes in: nobody looks at them.
    private func unmarked(
        in window: TimeWindow, of notes: DeployListing, _ repository: Repository, head: CommitID
    ) throws -> Warning? {
        let marked = notes.deploys.compactMap(\.commit)
        let commits = try repository.deploys(.commits, from: head, window: window).compactMap(\.commit)
        let rest = commits.suffix(200).filter { commit in
            !marked.contains { $0 == commit || (try? repository.isAncestor(commit, of: $0)) ?? false }
        }
        guard !rest.isEmpty else { return nil }
        return Warning(
            code: "unmarked_commits",
            text:
                "\(Wording.counted(rest.count, "commit")) of the window \(rest.count == 1 ? "is" : "are") in no deploy that was marked, and not judged",
            remedy: "mark the deploys that are missing, or take every commit for one: --deploys commits")
    }

    private func listRecords(
        _ path: String, _ repository: Repository?, offsetSeconds: Int?, access: ServerAccess
    ) throws -> DeployListing {
        let contents = try EventServer(path).map { try access.markers(of: $0, named: path) } ?? readFile(path)
        let file = try readDeploys(contents, source: path, assumingOffsetSeconds: offsetSeconds)
        let kinds = file.formats.filter { $0 != "table" && $0 != "plain records" }
        var listing = DeployListing(
            deploys: file.deploys, failed: file.failed,
            source: kinds.isEmpty ? path : "\(path): \(kinds.joined(separator: ", "))",
            warnings: file.warnings,
            references: file.references)
        guard let repository else { return listing }
        resolve(&listing.deploys, references: file.references, in: repository)
        resolve(&listing.failed, references: file.references, in: repository)
        listing.deploys = linkDeploys(listing.deploys)
        for index in listing.deploys.indices {
            guard let commit = listing.deploys[index].commit, let previous = listing.deploys[index].previous,
                (try? repository.isAncestor(commit, of: previous)) ?? false
            else { continue }
            listing.deploys[index].isRollback = true
        }
        listing.warnings += try unknownCommits(listing, in: repository, path: path)
        return listing
    }

    /// Finds the commits that records only name, and says of each commit what the record does not.
    private func resolve(_ deploys: inout [Deploy], references: [String: [String]], in repository: Repository)
    {
        for index in deploys.indices {
            if deploys[index].commit == nil {
                let service = deploys[index].service
                deploys[index].commit =
                    (references[deploys[index].id] ?? []).lazy
                    .compactMap { repository.commit(named: $0, by: service) }.first
            }
            guard let commit = deploys[index].commit, let record = try? repository.commit(commit) else {
                continue
            }
            if deploys[index].title.isEmpty { deploys[index].title = record.subject }
            if deploys[index].author.isEmpty { deploys[index].author = record.author }
        }
    }

    /// Says which deploys name commits that are not here, and whether they are in a repository of code.
    private func unknownCommits(
        _ listing: DeployListing, in repository: Repository, path: String
    ) throws -> [Warning] {
        let unknown = listing.deploys.filter { deploy in
            deploy.commit.map { (try? repository.commit($0)) == nil }
                ?? (listing.references[deploy.id] != nil)
        }
        guard let first = unknown.first else { return [] }
        let name = first.commit?.abbreviated ?? listing.references[first.id]?.first ?? first.id
        let code = try openCode().first { code in
            let names = first.commit.map { [$0.hex] } ?? listing.references[first.id] ?? []
            return names.contains { (try? code.commit(ofImageTag: $0)) ?? nil != nil }
        }
        let count = unknown.count == 1 ? "1 deploy is" : "\(unknown.count) deploys are"
        return [
            Warning(
                code: "unknown_commits",
                text: "\(path): \(count) of commits that this repository does not have, the first of \(name)"
                    + (code.map { ", which is in that of \($0.name)" } ?? "")
                    + ": what changed cannot be read",
                remedy: code == nil
                    ? "git fetch --all --tags, or name the repository that has them with --repo"
                    : "record the deploys of the configuration, or name that repository with --repo alone")
        ]
    }
}

extension Repository {
    /// The commit that a record names: by a whole or short id, by a tag, or as the tag of an image does. Branches do not
    /// count, since they say where they are now, not where they were.
    fileprivate func commit(named name: String, by service: String?) -> CommitID? {
        let names = ImageTagNames(name, repository: service ?? "")
        let tagged = names.tags.lazy.filter { !$0.hasPrefix("-") }
            .compactMap { try? self.resolve("refs/tags/\($0)") }.first
        if let tagged { return tagged }
        let whole = CommitID(name).flatMap { try? self.resolve($0.hex) }
        if let whole { return whole }
        let found = Set(
            names.commits.compactMap { id in (try? resolve(id)).flatMap { $0.hex.hasPrefix(id) ? $0 : nil } })
        return found.count == 1 ? found.first : nil
    }
}

extension DeployListing {
    /// Calls environments by other names; records of one environment under two names then follow one another.
    mutating func rename(_ name: (String) -> String) {
        let before = deploys.map(\.environment)
        defer {
            if before != deploys.map(\.environment), deploys.allSatisfy({ $0.source == .record }) {
                deploys = linkDeploys(deploys)
            }
        }
        for index in deploys.indices { deploys[index].environment = deploys[index].environment.map(name) }
        for index in failed.indices { failed[index].environment = failed[index].environment.map(name) }
    }

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

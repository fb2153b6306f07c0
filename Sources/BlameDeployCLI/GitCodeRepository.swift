import ConfigFaults
import DeployModel
import GitHistory

/// A repository of code, as `--repo NAME=DIR` names it.
final class GitCodeRepository: CodeRepository {
    let name: String
    private let repository: Repository
    // Every deploy of a window asks again for the tag before it, and for its files.
    private var commits: [String: CommitID?] = [:]
    private var latest: [(commit: CommitID, tree: CommitTree)] = []

    /// Beyond these a history is as long as it may be.
    private static let mostCommits = 10_000

    init(name: String, repository: Repository) {
        self.name = name
        self.repository = repository
    }

    func commit(ofImageTag tag: String) throws -> CommitID? {
        if let known = commits[tag] { return known }
        let names = ImageTagNames(tag, repository: name)
        // A branch of that name says where it is now, not where it was: only tags and ids count.
        let tagged = names.tags.lazy.compactMap { try? self.repository.resolve("refs/tags/\($0)") }.first
        let ids = Set(
            names.commits.compactMap { id in
                (try? repository.resolve(id)).flatMap { $0.hex.hasPrefix(id) ? $0 : nil }
            })
        let found = tagged ?? (ids.count == 1 ? ids.first : nil)
        commits[tag] = .some(found)
        return found
    }

    func range(from old: CommitID, to new: CommitID) throws -> CodeRange {
        CodeRange(
            added: try repository.commitCount(in: new, notIn: old, limit: Self.mostCommits),
            removed: try repository.commitCount(in: old, notIn: new, limit: Self.mostCommits),
            limit: Self.mostCommits)
    }

    func changes(from old: CommitID, to new: CommitID) throws -> [FileChange] {
        try repository.changes(from: old, to: new, followingRenames: false)
    }

    func tree(of commit: CommitID) throws -> any SourceTree {
        if let known = latest.first(where: { $0.commit == commit }) { return known.tree }
        let tree = try repository.tree(of: commit)
        latest = latest.suffix(3) + [(commit, tree)]
        return tree
    }
}

public import DeployModel
public import GitHistory

/// A repository wholly in memory, built commit by commit: no disk, no `git`, the same ids in every run.
public final class RepositoryBuilder {
    private let writer: RepositoryWriter
    /// The commits of the main line, oldest first.
    public private(set) var commits: [CommitID] = []

    /// An empty repository.
    public init() throws { writer = try RepositoryWriter(inMemory: ()) }

    /// For reading what was built.
    public var repository: Repository { writer.reader }

    /// The newest commit of the main line.
    public var head: CommitID { commits[commits.count - 1] }

    /// Adds a commit to the main line.
    @discardableResult
    public func commit(
        _ subject: String, at time: Instant, author: String = "A. Engineer", files: [String: String] = [:],
        removing removed: [String] = []
    ) throws -> RepositoryBuilder {
        commits.append(
            try writer.commit(
                subject, author: author, at: time, files: files.mapValues { Array($0.utf8) },
                removing: removed,
                parents: commits.suffix(1)))
        return self
    }

    /// Adds a commit on a branch from the head, and a merge of it to the main line.
    @discardableResult
    public func merge(
        _ subject: String, at time: Instant, branch: String, branchTime: Instant, files: [String: String]
    ) throws -> RepositoryBuilder {
        let contents = files.mapValues { Array($0.utf8) }
        let side = try writer.commit(branch, at: branchTime, files: contents, parents: [head])
        commits.append(try writer.commit(subject, at: time, files: contents, parents: [head, side]))
        return self
    }
}

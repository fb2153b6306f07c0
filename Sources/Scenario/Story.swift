public import DeployModel
import GitHistory

/// A made-up incident: a repository, an export of events, and the truth about them.
public struct Story: Sendable {
    /// One commit of the main line.
    public struct Commit: Sendable {
        /// The message; its first line is the subject.
        public var message: String
        /// The author's name.
        public var author: String
        /// When it landed.
        public var time: Instant
        /// Files that are new or changed.
        public var files: [String: String]
        /// Files that are gone.
        public var removed: [String]
    }

    /// What really happened.
    public struct Truth: Sendable, Hashable {
        /// The commit that did it, as an index of the story's commits; `nil` when none did.
        public var culprit: Int?
        /// The file that holds the fault.
        public var path: String
        /// The line of the fault, from 1.
        public var line: Int
        /// The workload that failed.
        public var workload: String
        /// When the failures began.
        public var onset: Instant
    }

    /// The commits, oldest first.
    public var commits: [Commit]
    /// The events, one JSON object a line.
    public var events: [UInt8]
    /// What really happened.
    public var truth: Truth

    /// The name of the repository's folder.
    public static let repositoryName = "shop"
    /// The name of the file of events.
    public static let exportName = "events.ndjson"
}

/// Writes a story's repository below a folder.
///
/// - Returns: the ids of its commits, oldest first.
@discardableResult
public func writeRepository(of story: Story, to folder: String) throws -> [CommitID] {
    let writer = try RepositoryWriter(creatingAt: "\(folder)/\(Story.repositoryName)")
    var ids: [CommitID] = []
    for commit in story.commits {
        ids.append(
            try writer.commit(
                commit.message, author: commit.author, at: commit.time,
                files: commit.files.mapValues { Array($0.utf8) }, removing: commit.removed,
                parents: ids.suffix(1)))
    }
    try writer.checkOut()
    return ids
}

/// The stories there are.
public enum Stories {}

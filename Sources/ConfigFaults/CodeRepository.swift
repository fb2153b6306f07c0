public import DeployModel

/// A repository of code that images are built from, where manifests and code live apart.
///
/// It is asked only of commits that a tag names; what a tag does not say is never guessed.
public protocol CodeRepository {
    /// What images call it: `api`, or `shop/api`.
    var name: String { get }

    /// The commit that an image with a tag was built from; `nil` when the tag names none, or more than one.
    func commit(ofImageTag tag: String) throws -> CommitID?

    /// How two commits lie to each other.
    func range(from old: CommitID, to new: CommitID) throws -> CodeRange

    /// The files that differ between two commits; renames need not be followed.
    func changes(from old: CommitID, to new: CommitID) throws -> [FileChange]

    /// The files of a commit.
    func tree(of commit: CommitID) throws -> any SourceTree
}

/// How two commits lie to each other.
public struct CodeRange: Sendable, Hashable {
    /// How many commits the new one has that the old one has not.
    public var added: Int
    /// How many commits the old one has that the new one has not; all, when it is a rollback.
    public var removed: Int
    /// Above this many commits nothing was counted.
    public var limit: Int

    /// A range.
    public init(added: Int, removed: Int, limit: Int) {
        self.added = added
        self.removed = removed
        self.limit = limit
    }

    /// The new commit is an ancestor of the old one.
    var isRollback: Bool { added == 0 && removed > 0 }
}

/// What the tag of an image may name in its repository: tags of git, and commits by their ids.
public struct ImageTagNames: Sendable, Hashable {
    /// Names of tags, the likeliest first.
    public var tags: [String]
    /// Ids of commits, whole or abbreviated.
    public var commits: [String]

    /// - Parameters:
    ///   - tag: the image's tag: `v1.2.3`, `1a2b3c4`, `main-1a2b3c4-1690000000`, `v1.2.3-5-g1a2b3c4`.
    ///   - name: the repository's name, which tags of a repository with several programs begin with.
    public init(_ tag: String, repository name: String) {
        let own = name.split(separator: "/").last.map(String.init) ?? name
        let isVersion = tag.first?.isNumber ?? false
        let bare =
            tag.hasPrefix("v") && tag.dropFirst().first?.isNumber ?? false ? String(tag.dropFirst()) : nil
        let variants = [tag] + (isVersion ? ["v\(tag)"] : []) + (bare.map { [$0] } ?? [])
        let isSafe =
            !tag.isEmpty && tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"~^:?*[\\".utf8.contains($0) }
        tags = isSafe ? variants + variants.flatMap { ["\(own)-\($0)", "\(own)/\($0)", "\(own)@\($0)"] } : []
        let parts = tag.split { $0 == "-" || $0 == "_" || $0 == "." || $0 == "+" }.map(String.init)
        var commits = parts.compactMap { part -> String? in
            let id = part.hasPrefix("g") ? String(part.dropFirst()) : part
            // A number that is only a part is a time or a count.
            guard isCommitID(id), parts.count == 1 || !id.allSatisfy(\.isNumber) else { return nil }
            return id.lowercased()
        }
        if commits.isEmpty, isCommitID(tag) { commits = [tag.lowercased()] }
        self.commits = commits
    }
}

private func isCommitID(_ text: String) -> Bool {
    (7...40).contains(text.utf8.count)
        && text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0)
        }
}

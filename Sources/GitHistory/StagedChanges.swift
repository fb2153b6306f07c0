internal import CLibgit2
public import DeployModel

/// What is staged for the next commit, beside the last one.
public struct StagedChanges {
    /// The files of the last commit; `nil` before the first one.
    public var before: CommitTree?
    /// The files as the next commit will have them.
    public var after: CommitTree
    /// What differs, renames followed, sorted by path.
    public var files: [FileChange]
}

extension Repository {
    /// Compares the index with the last commit; nothing is written.
    public func stagedChanges() throws(GitError) -> StagedChanges {
        let index = try Handle.make(freedBy: git_index_free, "read the index") { [pointer] in
            git_repository_index(&$0, pointer)
        }
        var entries: [String: git_oid] = [:]
        for position in 0..<git_index_entrycount(index.pointer) {
            guard let entry = git_index_get_byindex(index.pointer, position)?.pointee else { continue }
            guard
                entry.mode == UInt32(GIT_FILEMODE_BLOB.rawValue)
                    || entry.mode == UInt32(GIT_FILEMODE_BLOB_EXECUTABLE.rawValue)
            else { continue }
            entries[lossyText(entry.path)] = entry.id
        }
        let head = try? resolve("HEAD")
        let files = try filesStaged(since: head, in: index.pointer)
        let before: CommitTree?
        if let head { before = try self.tree(of: head) } else { before = nil }
        return StagedChanges(before: before, after: try CommitTree(self, entries: entries), files: files)
    }

    private func filesStaged(since head: CommitID?, in index: OpaquePointer) throws(GitError) -> [FileChange]
    {
        guard let head else { return try fileChanges(in: try difference(from: nil, toIndex: index)) }
        let tree = try treeHandle(of: head)
        return try fileChanges(in: try difference(from: tree.pointer, toIndex: index))
    }

    private func difference(from tree: OpaquePointer?, toIndex index: OpaquePointer) throws(GitError)
        -> Handle
    {
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        return try Handle.make(freedBy: git_diff_free, "compare what is staged with the last commit") {
            [pointer] in
            git_diff_tree_to_index(&$0, pointer, tree, index, &options)
        }
    }
}

internal import CLibgit2
public import DeployModel

/// What differs between two commits, entry by entry.
public struct CommitDifference {
    let from: CommitID?
    let to: CommitID
    let deltas: [TreeDelta]

    /// Compares two commits; `nil` compares with nothing. Cheap: renames are not looked for.
    public init(_ repository: Repository, from: CommitID?, to: CommitID) throws(GitError) {
        self.from = from
        self.to = to
        deltas = try repository.treeDeltas(from: from, to: to)
    }

    /// The paths of what differs; a file that moved has both.
    public var paths: [String] { deltas.map(\.path) }
}

extension Repository {
    /// The files that differ between two commits, sorted by path; `nil` compares with nothing.
    ///
    /// - Parameter followingRenames: whether a file that moved is one change; finding out takes long where much changed.
    public func changes(
        from: CommitID?, to: CommitID, followingRenames: Bool = true
    ) throws(GitError) -> [FileChange] {
        try changes(in: CommitDifference(self, from: from, to: to), followingRenames: followingRenames)
    }

    /// The files of a comparison that was made before.
    public func changes(
        in difference: CommitDifference, followingRenames: Bool = true
    ) throws(GitError) -> [FileChange] {
        let deltas = difference.deltas
        // A rename takes something that is new and something that is gone, or is of another type.
        func mayHoldRenames(_ deltas: [TreeDelta]) -> Bool {
            deltas.contains { $0.old == nil } && deltas.contains { $0.new == nil || $0.isTypeChange }
        }
        guard followingRenames, mayHoldRenames(deltas) else {
            return inOrder(deltas.compactMap(FileChange.init))
        }
        let moves = UnchangedMoves(deltas)
        let known = moves.changes + moves.edited.compactMap(FileChange.init)
        guard mayHoldRenames(moves.rest) else {
            return inOrder(known + moves.rest.compactMap(FileChange.init))
        }
        guard moves.rest.count > Self.mostNamedPaths else {
            let rest = try fileChanges(
                in: try self.difference(
                    from: difference.from, to: difference.to, paths: moves.rest.map(\.rawPath)))
            return inOrder(known + rest)
        }
        let found = try fileChanges(
            in: try self.difference(from: difference.from, to: difference.to, paths: []))
        return inOrder(moves.completed(found))
    }

    /// Beyond so many paths libgit2 compares everything: it looks for each folder among them.
    private static let mostNamedPaths = 500

    private func inOrder(_ changes: [FileChange]) -> [FileChange] {
        changes.sorted { ($0.path, $0.status.rawValue) < ($1.path, $1.status.rawValue) }
    }

    /// The files of a comparison, sorted by path.
    func fileChanges(
        in diff: borrowing Handle, followingRenames: Bool = true
    ) throws(GitError) -> [FileChange] {
        if followingRenames { try findRenames(in: diff) }
        var changes: [FileChange] = []
        for index in 0..<git_diff_num_deltas(diff.pointer) {
            guard let delta = git_diff_get_delta(diff.pointer, index)?.pointee else { continue }
            if let change = FileChange(delta) { changes.append(change) }
        }
        return inOrder(changes)
    }

    private func findRenames(in diff: borrowing Handle) throws(GitError) {
        var options = git_diff_find_options()
        git_diff_find_options_init(&options, UInt32(GIT_DIFF_FIND_OPTIONS_VERSION))
        options.flags = UInt32(GIT_DIFF_FIND_RENAMES.rawValue)
        // A partial clone lacks contents, which only moves with edits need: then such a one is a removal and an addition.
        let result = git_diff_find_similar(diff.pointer, &options)
        if result != GIT_ENOTFOUND.rawValue { try Libgit2.check(result, "find renamed files") }
    }

    /// The newest commit that touched a file, merges passed over, among those reachable from `to` and not from `from`.
    ///
    /// - Returns: `nil` when there is none among the first thousand.
    public func lastCommit(
        touching path: String, after from: CommitID?, upTo to: CommitID
    ) throws(GitError) -> CommitID? {
        guard var tip = git_oid(hex: to.hex) else { return nil }
        let walk = try Handle.make(freedBy: git_revwalk_free, "walk the history") { [pointer] in
            git_revwalk_new(&$0, pointer)
        }
        git_revwalk_sorting(walk.pointer, UInt32(GIT_SORT_TOPOLOGICAL.rawValue))
        try Libgit2.check(git_revwalk_push(walk.pointer, &tip), "walk from \(to.abbreviated)")
        if let from, var base = git_oid(hex: from.hex) { git_revwalk_hide(walk.pointer, &base) }
        var oid = git_oid()
        for _ in 0..<1000 {
            guard git_revwalk_next(&oid, walk.pointer) == 0 else { return nil }
            let record = try commit(try commitID(&oid))
            guard record.parents.count < 2 else { continue }
            let diff = try difference(
                from: record.parents.first, to: record.id, paths: [path.utf8CString.map { $0 }])
            if git_diff_num_deltas(diff.pointer) > 0 { return record.id }
        }
        return nil
    }

    /// - Parameter paths: names from the root that alone are compared, each ending with a zero; all where there are none.
    private func difference(from: CommitID?, to: CommitID, paths: [[CChar]]) throws(GitError) -> Handle {
        let after = try treeHandle(of: to)
        guard let from else { return try difference(from: nil, to: after.pointer, of: to, paths: paths) }
        let before = try treeHandle(of: from)
        return try difference(from: before.pointer, to: after.pointer, of: to, paths: paths)
    }

    private func difference(
        from before: OpaquePointer?, to after: OpaquePointer, of commit: CommitID, paths: [[CChar]]
    ) throws(GitError) -> Handle {
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        options.flags |=
            UInt32(GIT_DIFF_DISABLE_PATHSPEC_MATCH.rawValue) | UInt32(GIT_DIFF_INCLUDE_TYPECHANGE.rawValue)
        return try Handle.make(freedBy: git_diff_free, "compare \(commit.abbreviated) with the commit before")
        {
            [pointer] result in
            guard !paths.isEmpty else {
                return git_diff_tree_to_tree(&result, pointer, before, after, &options)
            }
            // The names one after another, and where each begins.
            var text = Array(paths.joined())
            let starts = paths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }.dropLast()
            return text.withUnsafeMutableBufferPointer { text in
                let first = text.baseAddress
                var names = starts.map { start in first.map { $0 + start } }
                return names.withUnsafeMutableBufferPointer { names in
                    options.pathspec = git_strarray(strings: names.baseAddress, count: names.count)
                    return git_diff_tree_to_tree(&result, pointer, before, after, &options)
                }
            }
        }
    }

    func treeHandle(of commit: CommitID) throws(GitError) -> Handle {
        let handle = try lookUp(commit)
        return try Handle.make(freedBy: git_tree_free, "read the files of \(commit.abbreviated)") {
            git_commit_tree(&$0, handle.pointer)
        }
    }
}

/// The files that moved as they are: found by their ids, so that nothing is read.
private struct UnchangedMoves {
    /// A file each.
    private(set) var changes: [FileChange] = []
    /// Files that are where they were, with other contents.
    private(set) var edited: [TreeDelta] = []
    /// What is left to compare by contents.
    private(set) var rest: [TreeDelta] = []

    /// Only what is new once and gone once: which of several copies moved where, their names have to tell.
    init(_ deltas: [TreeDelta]) {
        guard !deltas.contains(where: \.isTypeChange) else {
            rest = deltas
            return
        }
        edited = deltas.filter { $0.old != nil && $0.new != nil }
        let moving = deltas.filter { $0.old == nil || $0.new == nil }
        var places: [BlobKey: (old: [Int], new: [Int])] = [:]
        for (index, delta) in moving.enumerated() {
            if let old = delta.old, old.isFile {
                places[BlobKey(old.oid), default: ([], [])].old.append(index)
            } else if let new = delta.new, new.isFile {
                places[BlobKey(new.oid), default: ([], [])].new.append(index)
            }
        }
        var pairs = places.values.filter { $0.old.count == 1 && $0.new.count == 1 }
            .map { (old: $0.old[0], new: $0.new[0]) }
        var isPaired = [Bool](repeating: false, count: moving.count)
        for pair in pairs { (isPaired[pair.old], isPaired[pair.new]) = (true, true) }
        // libgit2 takes a path for a folder as well, and would see what stands in a folder that was a file before, or becomes one.
        var others = Set(moving.indices.lazy.filter { !isPaired[$0] }.map { moving[$0].path })
        while true {
            let given = pairs.filter { pair in
                [pair.old, pair.new].contains { moving[$0].path.folders.contains(where: others.contains) }
            }
            guard !given.isEmpty else { break }
            for index in given.flatMap({ [$0.old, $0.new] }) {
                isPaired[index] = false
                others.insert(moving[index].path)
            }
            pairs.removeAll { !isPaired[$0.old] }
        }
        changes = pairs.map { pair in
            FileChange(path: moving[pair.new].path, oldPath: moving[pair.old].path, status: .renamed)
        }
        rest = zip(moving, isPaired).filter { !$1 }.map(\.0)
    }

    /// A comparison of everything, with the moves that libgit2 did not come to: it gives up where there are many.
    func completed(_ found: [FileChange]) -> [FileChange] {
        let new = Set(found.lazy.filter { $0.status == .added }.map(\.path))
        let gone = Set(found.lazy.filter { $0.status == .removed }.map(\.path))
        let missed = changes.filter { new.contains($0.path) && gone.contains($0.pathBefore) }
        let (moved, left) = (Set(missed.map(\.path)), Set(missed.map(\.pathBefore)))
        let others = found.filter { file in
            switch file.status {
            case .added: !moved.contains(file.path)
            case .removed: !left.contains(file.path)
            case .modified, .renamed: true
            }
        }
        return missed + others
    }
}

extension String {
    /// The folders that a path leads through.
    fileprivate var folders: [String] {
        utf8.indices.filter { utf8[$0] == UInt8(ascii: "/") }.map { String(self[..<$0]) }
    }
}

extension FileChange {
    /// - Returns: `nil` for what is no file: a submodule.
    fileprivate init?(_ delta: TreeDelta) {
        switch (delta.old, delta.new) {
        case (nil, let new?) where !new.isSubmodule: self.init(path: delta.path, status: .added)
        case (let old?, nil) where !old.isSubmodule: self.init(path: delta.path, status: .removed)
        case (_?, let new?) where delta.isTypeChange || !new.isSubmodule:
            self.init(path: delta.path, status: .modified)
        default: return nil
        }
    }

    /// - Returns: `nil` for what is no file: a submodule.
    fileprivate init?(_ delta: git_diff_delta) {
        let (old, new) = (lossyText(delta.old_file.path), lossyText(delta.new_file.path))
        let isLink = { (mode: UInt16) in mode == GIT_FILEMODE_COMMIT.rawValue }
        switch delta.status {
        case GIT_DELTA_ADDED where !isLink(delta.new_file.mode): self.init(path: new, status: .added)
        case GIT_DELTA_DELETED where !isLink(delta.old_file.mode): self.init(path: old, status: .removed)
        case GIT_DELTA_RENAMED: self.init(path: new, oldPath: old, status: .renamed)
        case GIT_DELTA_MODIFIED where !isLink(delta.new_file.mode), GIT_DELTA_TYPECHANGE:
            self.init(path: new, status: .modified)
        default: return nil
        }
    }
}

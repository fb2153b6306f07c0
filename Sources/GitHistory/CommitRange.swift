internal import CLibgit2
public import DeployModel

extension Repository {
    /// The commits that one revision has and another has not, parents before children, merges left out.
    ///
    /// - Parameters:
    ///   - from: where the other revision is; `nil` for all the history.
    ///   - to: the revision.
    /// - Throws: ``GitError/Code/shallow`` where a shallow clone is cut; what else breaks the walk off.
    public func commits(from: CommitID?, to: CommitID) throws(GitError) -> [CommitRecord] {
        let walk = try Handle.make(freedBy: git_revwalk_free, "walk the history") { [pointer] in
            git_revwalk_new(&$0, pointer)
        }
        git_revwalk_sorting(walk.pointer, UInt32(GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue))
        if isShallow {
            throw GitError(
                .shallow, "the clone is shallow: not every commit can be compared with the one before it",
                at: path,
                remedy: "git fetch --unshallow (in CI: fetch-depth: 0)")
        }
        guard var tip = git_oid(hex: to.hex) else { return [] }
        try Libgit2.check(git_revwalk_push(walk.pointer, &tip), "walk from \(to.abbreviated)")
        if let from, var base = git_oid(hex: from.hex) {
            try Libgit2.check(git_revwalk_hide(walk.pointer, &base), "walk from \(from.abbreviated)")
        }
        var found: [CommitRecord] = []
        var oid = git_oid()
        while true {
            let result = git_revwalk_next(&oid, walk.pointer)
            if result == GIT_ITEROVER.rawValue { return found }
            try Libgit2.check(result, "walk the history of \(to.abbreviated)")
            let record = try commit(try commitID(&oid))
            if record.parents.count < 2 { found.append(record) }
        }
    }

    /// The newest commit that two commits both come from (a commit comes from itself); `nil` where there is none.
    public func mergeBase(_ one: CommitID, _ other: CommitID) throws(GitError) -> CommitID? {
        guard var first = git_oid(hex: one.hex), var second = git_oid(hex: other.hex) else { return nil }
        var base = git_oid()
        let result = git_merge_base(&base, pointer, &first, &second)
        if result == GIT_ENOTFOUND.rawValue { return nil }
        try Libgit2.check(result, "compare \(one.abbreviated) with \(other.abbreviated)")
        return try commitID(&base)
    }

    /// How many commits one revision has and another has not, merges included; counting stops at a limit.
    public func commitCount(
        in tip: CommitID, notIn base: CommitID, limit: Int
    ) throws(GitError) -> Int {
        guard var tipID = git_oid(hex: tip.hex), var baseID = git_oid(hex: base.hex) else { return 0 }
        let walk = try Handle.make(freedBy: git_revwalk_free, "walk the history") { [pointer] in
            git_revwalk_new(&$0, pointer)
        }
        try Libgit2.check(git_revwalk_push(walk.pointer, &tipID), "walk from \(tip.abbreviated)")
        try Libgit2.check(git_revwalk_hide(walk.pointer, &baseID), "walk from \(base.abbreviated)")
        var count = 0
        var oid = git_oid()
        while count < limit {
            let result = git_revwalk_next(&oid, walk.pointer)
            if result == GIT_ITEROVER.rawValue { break }
            try Libgit2.check(result, "walk the history of \(tip.abbreviated)")
            count += 1
        }
        return count
    }
}

internal import CLibgit2
public import DeployModel

extension Repository {
    /// The commits that one revision has and another has not, parents before children, merges left out.
    ///
    /// - Parameters:
    ///   - from: where the other revision is; `nil` for all the history.
    ///   - to: the revision.
    public func commits(from: CommitID?, to: CommitID) throws(GitError) -> [CommitRecord] {
        let walk = try Handle.make(freedBy: git_revwalk_free, "walk the history") { [pointer] in
            git_revwalk_new(&$0, pointer)
        }
        git_revwalk_sorting(walk.pointer, UInt32(GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue))
        guard var tip = git_oid(hex: to.hex) else { return [] }
        try Libgit2.check(git_revwalk_push(walk.pointer, &tip), "walk from \(to.abbreviated)")
        if let from, var base = git_oid(hex: from.hex) { git_revwalk_hide(walk.pointer, &base) }
        var found: [CommitRecord] = []
        var oid = git_oid()
        while git_revwalk_next(&oid, walk.pointer) == 0 {
            let record = try commit(try commitID(&oid))
            if record.parents.count < 2 { found.append(record) }
        }
        return found
    }
}

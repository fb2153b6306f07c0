internal import CLibgit2
public import DeployModel

/// Which commits of a history count as deploys.
public enum HistorySource: Sendable, Hashable {
    /// Every commit of the main line.
    case commits
    /// Every merge of the main line.
    case merges
    /// Tags whose short name matches the glob; without one, tags that look like versions.
    case tags(glob: String?)
    /// Notes under ``deployNotesReference``.
    case notes
}

extension Repository {
    /// The deploys that began in a window (all, without one), oldest first.
    public func deploys(
        _ source: HistorySource, from head: CommitID, window: TimeWindow?
    ) throws(GitError) -> [Deploy] {
        switch source {
        case .commits: try mainLineDeploys(from: head, window: window, mergesOnly: false)
        case .merges: try mainLineDeploys(from: head, window: window, mergesOnly: true)
        case .tags(let glob): try chained(taggedDeploys(glob: glob), window: window)
        case .notes: try chained(notedDeploys(), window: window)
        }
    }

    private func mainLineDeploys(
        from head: CommitID, window: TimeWindow?, mergesOnly: Bool
    ) throws(GitError) -> [Deploy] {
        let history = try firstParentHistory(from: head, since: window?.since)
        var deploys: [Deploy] = []
        var previous: CommitID?
        for entry in history.entries.reversed() {
            let isMerge = entry.commit.parents.count > 1
            if mergesOnly, !isMerge { continue }
            defer { previous = entry.commit.id }
            if let window, !window.contains(entry.landedAt) { continue }
            deploys.append(
                Deploy(
                    id: entry.commit.id.hex, commit: entry.commit.id,
                    previous: mergesOnly
                        ? previous ?? entry.commit.parents.first : entry.commit.parents.first,
                    startedAt: entry.landedAt, title: entry.commit.subject, author: entry.commit.author,
                    source: mergesOnly ? .merge : .commit))
        }
        return deploys
    }

    /// Orders deploys by time, gives each the one before it in its environment, names rollbacks, makes ids unique, and
    /// keeps those of the window.
    private func chained(_ unordered: [Deploy], window: TimeWindow?) throws(GitError) -> [Deploy] {
        var last: [String: CommitID] = [:]
        var seen: [String: Int] = [:]
        var result: [Deploy] = []
        for var deploy in unordered.sorted(by: { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }) {
            let place = "\(deploy.environment ?? "")/\(deploy.service ?? "")"
            if let commit = deploy.commit {
                deploy.previous = last[place]
                if let previous = last[place] {
                    deploy.isRollback = try isAncestor(commit, of: previous)
                } else {
                    deploy.previous = try self.commit(commit).parents.first
                }
                last[place] = commit
            }
            seen[deploy.id, default: 0] += 1
            if let count = seen[deploy.id], count > 1 { deploy.id += "#\(count)" }
            if window?.contains(deploy.startedAt) ?? true { result.append(deploy) }
        }
        return result
    }

    private func taggedDeploys(glob: String?) throws(GitError) -> [Deploy] {
        var names = git_strarray()
        try Libgit2.check(git_tag_list(&names, pointer), "list tags")
        defer { git_strarray_dispose(&names) }
        var deploys: [Deploy] = []
        for index in 0..<names.count {
            let name = lossyText(names.strings[index])
            guard glob.map({ matches(name, glob: $0) }) ?? looksLikeVersion(name) else { continue }
            if let deploy = try taggedDeploy(name) { deploys.append(deploy) }
        }
        return deploys
    }

    /// - Returns: `nil` for a tag that does not point at a commit in the end.
    private func taggedDeploy(_ name: String) throws(GitError) -> Deploy? {
        var pointer: OpaquePointer?
        guard git_revparse_single(&pointer, self.pointer, "refs/tags/\(name)") == 0, let pointer else {
            return nil
        }
        let object = Handle(pointer, freedBy: git_object_free)
        var peeled: OpaquePointer?
        guard git_object_peel(&peeled, object.pointer, GIT_OBJECT_COMMIT) == 0, let peeled else { return nil }
        let commit = Handle(peeled, freedBy: git_object_free)
        let id = try commitID(git_object_id(commit.pointer))
        let record = try self.commit(id)
        // An annotated tag knows when it was made; a light one only borrows its commit's time.
        let tagger =
            git_object_type(object.pointer) == GIT_OBJECT_TAG ? git_tag_tagger(object.pointer) : nil
        let time = tagger.map { Instant(seconds: Int($0.pointee.when.time)) } ?? record.committedAt
        return Deploy(
            id: id.hex, commit: id, startedAt: time, title: "\(name): \(record.subject)",
            author: tagger.map { lossyText($0.pointee.name) } ?? record.author, source: .tag)
    }
}

/// Whether a tag's name says release: digits with dots, behind a `v`, `release` or a name and a dash perhaps, or a date.
func looksLikeVersion(_ name: String) -> Bool {
    let digits = name.drop { !$0.isNumber }
    guard let first = digits.first, first.isASCII else { return false }
    let lead = name[..<digits.startIndex].lowercased()
    let isNamed =
        lead.isEmpty || lead == "v" || lead.contains("release") || lead.contains("deploy")
        || lead.hasSuffix("-v") || lead.hasSuffix("/v") || lead.hasSuffix("-") || lead.hasSuffix("/")
    return isNamed && digits.contains { $0 == "." || $0 == "-" || $0 == "_" || $0.isNumber }
}

/// Shell wildcards `*`, `?` and nothing else, against a whole name.
func matches(_ name: String, glob: String) -> Bool {
    let (name, glob) = (Array(name), Array(glob))
    var (n, g) = (0, 0)
    var retry: (name: Int, glob: Int)?
    while n < name.count {
        if g < glob.count, glob[g] == "*" {
            retry = (n, g)
            g += 1
        } else if g < glob.count, glob[g] == "?" || glob[g] == name[n] {
            n += 1
            g += 1
        } else if let (from, star) = retry {
            retry = (from + 1, star)
            n = from + 1
            g = star + 1
        } else {
            return false
        }
    }
    return glob[g...].allSatisfy { $0 == "*" }
}

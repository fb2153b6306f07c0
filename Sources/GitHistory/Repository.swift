internal import CLibgit2
public import DeployModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A git repository, read through libgit2: no hook, filter or other program of the repository is ever run.
///
/// Not `Sendable`: libgit2 allows one thread a repository. Open one for each task.
public final class Repository {
    let handle: Handle

    /// Opens the repository that a folder lies in: a subfolder, a worktree, a bare repository.
    public convenience init(discovering path: String) throws(GitError) {
        _ = Libgit2.started
        var pointer: OpaquePointer?
        let result = git_repository_open_ext(&pointer, path, 0, nil)
        let message = Libgit2.message()
        guard result == 0, let pointer else {
            // libgit2 1.5 says "not found" where there is a configuration that trusts no folder at all.
            if result == GIT_EOWNER.rawValue || message.contains("safe.directory") {
                throw GitError(
                    .untrustedOwner, "the repository belongs to another user", at: path,
                    remedy: "if you trust it: git config --global --add safe.directory <its folder>")
            }
            if result == GIT_ENOTFOUND.rawValue {
                throw GitError(
                    .notARepository,
                    access(path, F_OK) == 0
                        ? "this is not a git repository, nor is any folder above it"
                        : "there is no such folder", at: path,
                    remedy: "name one with --repo DIR, or judge by deploy records alone with --no-repo")
            }
            if message.contains("objectformat") {
                throw GitError(
                    .notARepository, "its objects are named by SHA-256, which libgit2 cannot read here",
                    at: path,
                    remedy:
                        "judge by deploy records alone with --no-repo, or clone it from a repository of SHA-1"
                )
            }
            throw GitError(
                .notARepository, "the repository cannot be opened: \(message)", at: path,
                remedy: "run git status there; it says more")
        }
        let handle = Handle(pointer, freedBy: git_repository_free)
        try LooseObjects.read(of: pointer)
        self.init(handle)
    }

    /// Opens the repository of a git folder once more, for another thread.
    public convenience init(at folder: String) throws(GitError) {
        let handle = try Handle.make(freedBy: git_repository_free, "open \(folder)") {
            git_repository_open_ext(&$0, folder, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue, nil)
        }
        try LooseObjects.read(of: handle.pointer)
        self.init(handle)
    }

    init(_ handle: consuming Handle) { self.handle = handle }

    var pointer: OpaquePointer { handle.pointer }

    /// The git folder, from which another thread may open the repository; `nil` where its name is no text, or there is none.
    public var folder: String? { git_repository_path(pointer).flatMap { String(validatingCString: $0) } }

    /// The working folder, or the git folder of a bare repository.
    public var path: String {
        let raw = lossyText(git_repository_workdir(pointer) ?? git_repository_path(pointer))
        return raw.count > 1 && raw.hasSuffix("/") ? String(raw.dropLast()) : raw
    }

    /// Whether the history is cut off, as `git clone --depth` leaves it.
    public var isShallow: Bool { git_repository_is_shallow(pointer) == 1 }

    /// Whether it has no working folder.
    public var isBare: Bool { git_repository_is_bare(pointer) == 1 }

    /// The addresses that `origin`, or else the first remote, is fetched from: as it is configured, and as `insteadOf` has it
    /// rewritten; none where there is no remote.
    public var remoteAddresses: [String] {
        var names = git_strarray()
        defer { git_strarray_dispose(&names) }
        guard git_remote_list(&names, pointer) == 0 else { return [] }
        let known = (0..<names.count).map { lossyText(names.strings[$0]) }
        guard let name = known.first(where: { $0 == "origin" }) ?? known.first else { return [] }
        var addresses: [String] = []
        var config: OpaquePointer?
        if git_repository_config_snapshot(&config, pointer) == 0, let config {
            let handle = Handle(config, freedBy: git_config_free)
            var text: UnsafePointer<CChar>?
            if git_config_get_string(&text, handle.pointer, "remote.\(name).url") == 0, let text {
                addresses.append(lossyText(text))
            }
        }
        var remote: OpaquePointer?
        if git_remote_lookup(&remote, pointer, name) == 0, let remote {
            let handle = Handle(remote, freedBy: git_remote_free)
            if let url = git_remote_url(handle.pointer) { addresses.append(lossyText(url)) }
        }
        return addresses
    }

    /// Whether it has no commit yet.
    public var isEmpty: Bool {
        git_repository_is_empty(pointer) == 1 || git_repository_head_unborn(pointer) == 1
    }

    /// The commit that a revision names: a full or short sha, a branch, a tag, `HEAD~2`, …
    public func resolve(_ revision: String) throws(GitError) -> CommitID {
        if isEmpty, revision == "HEAD" {
            throw GitError(
                .empty, "the repository has no commit yet", at: path,
                remedy: "commit something, or name another repository with --repo")
        }
        var pointer: OpaquePointer?
        let result = git_revparse_single(&pointer, self.pointer, revision)
        let message = Libgit2.message()
        guard result == 0, let pointer else {
            if result == GIT_EAMBIGUOUS.rawValue {
                throw GitError(
                    .unknownRevision, "'\(revision)' names more than one object", at: path,
                    remedy: "give more of its digits")
            }
            // Digits may be an id that never was here; a name was here when it was made.
            let isName = !revision.allSatisfy(\.isHexDigit)
            if result == GIT_ENOTFOUND.rawValue, message.hasPrefix("object not found"), isName {
                throw GitError(
                    .damaged, "'\(revision)' names an object that is missing: \(message)", at: path,
                    remedy: "run git fsck --full in the repository, and fetch what is missing")
            }
            if result == GIT_ENOTFOUND.rawValue || result == GIT_EINVALIDSPEC.rawValue {
                throw GitError(
                    .unknownRevision, "there is no revision '\(revision)'", at: path,
                    remedy: isShallow
                        ? "the clone is shallow: git fetch --unshallow, then try again"
                        : "git log --oneline --all lists what there is; git fetch brings what is missing")
            }
            throw GitError(
                .damaged, "cannot read revision '\(revision)': \(message)", at: path,
                remedy: "run git fsck --full in the repository")
        }
        let object = Handle(pointer, freedBy: git_object_free)
        let commit = try Handle.make(freedBy: git_object_free, "find the commit that '\(revision)' names") {
            git_object_peel(&$0, object.pointer, GIT_OBJECT_COMMIT)
        }
        return try commitID(git_object_id(commit.pointer))
    }

    /// The commits that `A..B` names; `nil` when the text is no range. `A..` ends at `HEAD`.
    public func resolveRange(_ text: String) throws(GitError) -> (from: CommitID, to: CommitID)? {
        guard let dots = text.firstRange(of: "..") else { return nil }
        let (from, to) = (text[..<dots.lowerBound], text[dots.upperBound...].drop { $0 == "." })
        return (
            try resolve(from.isEmpty ? "HEAD" : String(from)), try resolve(to.isEmpty ? "HEAD" : String(to))
        )
    }

    /// Reads a commit.
    public func commit(_ id: CommitID) throws(GitError) -> CommitRecord {
        let commit = try lookUp(id)
        let signature = git_commit_author(commit.pointer)
        let message = lossyText(git_commit_message(commit.pointer))
        var parents: [CommitID] = []
        for index in 0..<git_commit_parentcount(commit.pointer) {
            parents.append(try commitID(git_commit_parent_id(commit.pointer, index)))
        }
        return CommitRecord(
            id: id, parents: parents, author: lossyText(signature?.pointee.name),
            committedAt: Instant(seconds: Int(git_commit_time(commit.pointer))),
            subject: String(message.drop { $0.isNewline }.prefix { !$0.isNewline }))
    }

    /// Whether one commit is reachable from another; no commit is its own ancestor.
    public func isAncestor(_ ancestor: CommitID, of descendant: CommitID) throws(GitError) -> Bool {
        guard var a = git_oid(hex: ancestor.hex), var b = git_oid(hex: descendant.hex), ancestor != descendant
        else { return false }
        let result = git_graph_descendant_of(pointer, &b, &a)
        try Libgit2.check(result, "compare \(ancestor.abbreviated) with \(descendant.abbreviated)")
        return result == 1
    }

    func lookUp(_ id: CommitID) throws(GitError) -> Handle {
        guard var oid = git_oid(hex: id.hex) else {
            throw GitError(.unknownRevision, "\(id) is not an id of this repository", at: path)
        }
        return try Handle.make(freedBy: git_commit_free, "read commit \(id.abbreviated)") { [pointer] in
            git_commit_lookup(&$0, pointer, &oid)
        }
    }

    func commitID(_ oid: UnsafePointer<git_oid>?) throws(GitError) -> CommitID {
        guard let oid, let id = CommitID(oid.pointee.hex) else {
            throw GitError(.other, "libgit2 returned an object without an id", at: path)
        }
        return id
    }
}

/// A commit as the history shows it.
public struct CommitRecord: Sendable, Hashable {
    /// Its id.
    public var id: CommitID
    /// Its parents, the main line first.
    public var parents: [CommitID]
    /// The author's name.
    public var author: String
    /// The committer's time; the author's time survives rebases and says nothing about when it landed.
    public var committedAt: Instant
    /// The first line of the message.
    public var subject: String
}

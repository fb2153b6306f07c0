internal import CLibgit2
public import DeployModel

/// A stretch of the main line, newest first, with a clock that never runs backwards.
public struct FirstParentHistory: Sendable, Equatable {
    /// A commit with its time on the main line's clock.
    public struct Entry: Sendable, Hashable {
        /// The commit.
        public var commit: CommitRecord
        /// The running maximum of committer times from the past on: when the main line held the commit, at the latest
        /// claim of any commit before it. Committer clocks differ, and rebases bring old times.
        public var landedAt: Instant
    }

    /// The commits, newest first.
    public var entries: [Entry]
}

extension Repository {
    /// The main line from a commit back, newest first, until no older commit can lie in the window.
    ///
    /// One commit before the window is included, for comparing the first one with. To know the running maximum at the
    /// window's start, reading goes on for a day of commit times and at least 50 commits further.
    ///
    /// - Throws: ``GitError/Code/shallow`` when a shallow clone is cut inside the window.
    public func firstParentHistory(from head: CommitID, since: Instant?) throws(GitError)
        -> FirstParentHistory
    {
        var commits: [CommitRecord] = []
        var next: CommitID? = head
        var past = 0
        while let id = next {
            let record: CommitRecord
            do throws(GitError) {
                record = try commit(id)
            } catch {
                guard isShallow, error.code == .damaged, let last = commits.last else { throw error }
                if let since, last.committedAt < since { break }
                throw cutOff(after: last, since: since)
            }
            commits.append(record)
            if let since, record.committedAt < since {
                past += 1
                if past > 50, record.committedAt < since - 86_400 { break }
            }
            next = record.parents.first
        }
        if isShallow, next == nil, let last = commits.last, since.map({ last.committedAt >= $0 }) ?? true,
            try isGraft(last.id)
        {
            throw cutOff(after: last, since: since)
        }
        var clock = Instant(milliseconds: .min)
        var entries: [FirstParentHistory.Entry] = []
        for record in commits.reversed() {
            clock = max(clock, record.committedAt)
            entries.append(.init(commit: record, landedAt: clock))
        }
        entries.reverse()
        guard let since, let first = entries.firstIndex(where: { $0.landedAt < since }) else {
            return FirstParentHistory(entries: entries)
        }
        return FirstParentHistory(entries: Array(entries[...first]))
    }

    private func cutOff(after last: CommitRecord, since: Instant?) -> GitError {
        GitError(
            .shallow,
            "the clone is shallow: its history ends at \(last.id.abbreviated) of \(last.committedAt)"
                + (since.map { ", after the window's start at \($0)" } ?? ""), at: path,
            remedy: "git fetch --unshallow (in CI: fetch-depth: 0), or choose a later --since")
    }

    /// Whether a shallow clone pretends that a commit has no parents: its real object names some.
    private func isGraft(_ id: CommitID) throws(GitError) -> Bool {
        guard var oid = git_oid(hex: id.hex) else { return false }
        let database = try Handle.make(freedBy: git_odb_free, "open the object database") { [pointer] in
            git_repository_odb(&$0, pointer)
        }
        let object = try Handle.make(freedBy: git_odb_object_free, "read commit \(id.abbreviated)") {
            git_odb_read(&$0, database.pointer, &oid)
        }
        guard let data = git_odb_object_data(object.pointer) else { return false }
        let bytes = UnsafeRawBufferPointer(start: data, count: git_odb_object_size(object.pointer))
        return lossyText(bytes).split(separator: "\n", omittingEmptySubsequences: false).prefix {
            !$0.isEmpty
        }
        .contains { $0.hasPrefix("parent ") }
    }
}

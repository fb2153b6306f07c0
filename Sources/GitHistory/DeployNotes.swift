internal import CLibgit2
public import DeployModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where marks of deploys are kept.
public let deployNotesReference = "refs/notes/deploys"

/// The object that notes of changes outside git are attached to: the empty tree, which is in every repository and which nobody
/// looks at otherwise.
private let emptyTreeID = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// MARK: Reading

extension Repository {
    /// The deploys that notes tell of: every line of a note is one of the commit it is attached to, or of a change that is
    /// not in git.
    func notedDeploys() throws(GitError) -> [Deploy] {
        var iterator: OpaquePointer?
        guard git_note_iterator_new(&iterator, pointer, deployNotesReference) == 0, let iterator else {
            return []
        }
        let notes = Handle(iterator, freedBy: git_note_iterator_free)
        var deploys: [Deploy] = []
        var note = git_oid(), annotated = git_oid()
        while git_note_next(&note, &annotated, notes.pointer) == 0 {
            let name = annotated.hex
            let record = CommitID(name).flatMap { try? commit($0) }
            guard record != nil || name == emptyTreeID else { continue }
            let text = try Handle.make(freedBy: git_note_free, "read the note of \(name.prefix(10))") {
                [pointer] in
                git_note_read(&$0, pointer, deployNotesReference, &annotated)
            }
            for mark in marks(in: lossyText(git_note_message(text.pointer))) {
                deploys.append(record.map(mark.deploy(of:)) ?? mark.changeOutsideGit)
            }
        }
        return deploys
    }

    private func marks(in text: String) -> [DeployMark] {
        text.split(whereSeparator: \.isNewline).compactMap { DeployMark(line: $0) }
    }
}

// MARK: Writing

extension Repository {
    /// Marks a deploy of a commit, or of a change that is not in git.
    ///
    /// - Parameters:
    ///   - mark: what is told of it.
    ///   - commit: what was deployed; `nil` for a change outside git.
    ///   - now: the time of the note.
    /// - Returns: whether it was not marked before.
    /// - Throws: ``GitError/Code/locked`` when another program holds the notes for long; ``GitError/Code/notWritten``.
    @discardableResult
    public func mark(_ mark: DeployMark, on commit: CommitID?, at now: Instant) throws(GitError) -> Bool {
        try changeNote(on: commit, at: now) { lines in
            guard !lines.contains(mark.line) else { return nil }
            return lines + [mark.line]
        }
    }

    /// Takes back marks of a commit, or of changes outside git; lines that are no marks stay.
    ///
    /// - Returns: the marks that were taken back.
    /// - Throws: as ``mark(_:on:at:)`` does.
    public func unmark(
        on commit: CommitID?, at now: Instant, where isMeant: (DeployMark) -> Bool
    ) throws(GitError) -> [DeployMark] {
        var removed: [DeployMark] = []
        try changeNote(on: commit, at: now) { lines in
            removed = lines.compactMap { DeployMark(line: $0) }.filter(isMeant)
            let kept = lines.filter { line in DeployMark(line: line).map { !isMeant($0) } ?? true }
            return removed.isEmpty ? nil : kept
        }
        return removed
    }

    /// Changes the lines of one note while the reference is locked, so that of two writers neither loses what the other wrote.
    ///
    /// - Parameter change: the new lines for the old ones; `nil` to leave them.
    /// - Returns: whether something was written.
    @discardableResult
    private func changeNote(
        on commit: CommitID?, at now: Instant, _ change: ([String]) -> [String]?
    ) throws(GitError) -> Bool {
        var waitedMicroseconds: UInt32 = 0
        while true {
            // What is killed between taking the lock and giving it back leaves it behind.
            let isWritten = try holdingSignals { () throws(GitError) in
                try tryToChangeNote(on: commit, at: now, waitedMicroseconds: waitedMicroseconds, change)
            }
            if let isWritten { return isWritten }
            // Of many writers none must wait in step with another one: processes differ in their numbers.
            let pause =
                2000 + (UInt32(truncatingIfNeeded: getpid()) &* 2_654_435_761 &+ waitedMicroseconds) % 38_000
            usleep(pause)
            waitedMicroseconds += pause
        }
    }

    /// - Returns: whether something was written; `nil` where another program holds the lock just now.
    private func tryToChangeNote(
        on commit: CommitID?, at now: Instant, waitedMicroseconds: UInt32, _ change: ([String]) -> [String]?
    ) throws(GitError) -> Bool? {
        var target = try noteTarget(commit)
        let transaction = try Handle.make(freedBy: git_transaction_free, "lock the notes") { [pointer] in
            git_transaction_new(&$0, pointer)
        }
        guard try lockNotes(transaction.pointer, waitedMicroseconds: waitedMicroseconds) else { return nil }
        var signature: UnsafeMutablePointer<git_signature>?
        try sign(at: now, into: &signature)
        defer { git_signature_free(signature) }
        let notes = try notesCommit()
        defer { git_commit_free(notes) }
        let lines = try self.lines(ofNoteOn: &target, in: notes)
        guard let changed = change(lines), changed != lines else { return false }
        var written = git_oid()
        if changed.isEmpty {
            guard let notes else { return false }
            try Libgit2.check(
                git_note_commit_remove(&written, pointer, notes, signature, signature, &target),
                "remove a note")
        } else {
            try Libgit2.check(
                git_note_commit_create(
                    &written, nil, pointer, notes, signature, signature, &target,
                    changed.joined(separator: "\n") + "\n", 1), "write a note")
        }
        try Libgit2.check(
            git_transaction_set_target(
                transaction.pointer, deployNotesReference, &written, signature, "blamedeploy mark"),
            "move \(deployNotesReference)")
        try Libgit2.check(git_transaction_commit(transaction.pointer), "move \(deployNotesReference)")
        return true
    }

    /// The object that the note is attached to; the empty tree is written, as other programs look for it.
    private func noteTarget(_ commit: CommitID?) throws(GitError) -> git_oid {
        if let commit {
            _ = try self.commit(commit)
            guard let target = git_oid(hex: commit.hex) else {
                throw GitError(.unknownRevision, "\(commit) is not an id of this repository", at: path)
            }
            return target
        }
        let builder = try Handle.make(freedBy: git_treebuilder_free, "write the empty tree") { [pointer] in
            git_treebuilder_new(&$0, pointer, nil)
        }
        var target = git_oid()
        try Libgit2.check(git_treebuilder_write(&target, builder.pointer), "write the empty tree")
        return target
    }

    /// Locks the notes against other writers, `git` among them.
    ///
    /// - Returns: whether they are locked; another writer is waited for up to ten seconds.
    private func lockNotes(
        _ transaction: OpaquePointer, waitedMicroseconds: UInt32
    ) throws(GitError) -> Bool {
        let result = git_transaction_lock_ref(transaction, deployNotesReference)
        guard result != 0 else { return true }
        let message = Libgit2.message()
        guard result == GIT_ELOCKED.rawValue || result == GIT_EEXISTS.rawValue else {
            throw GitError(
                .notWritten, "the notes cannot be written: \(message)", at: path,
                remedy: "check who owns the repository's folder")
        }
        guard waitedMicroseconds < 10_000_000 else {
            throw GitError(
                .locked, "another program holds the lock of \(deployNotesReference)", at: path,
                remedy: "if none runs any more, remove \(deployNotesReference).lock from its git folder")
        }
        return false
    }

    /// Who writes the note: the user of git, or this program where git knows none, as in most pipelines.
    private func sign(
        at now: Instant, into signature: inout UnsafeMutablePointer<git_signature>?
    ) throws(GitError) {
        var user: UnsafeMutablePointer<git_signature>?
        _ = git_signature_default(&user, pointer)
        defer { git_signature_free(user) }
        try Libgit2.check(
            git_signature_new(
                &signature, user.map { lossyText($0.pointee.name) } ?? "blamedeploy",
                user.map { lossyText($0.pointee.email) } ?? "blamedeploy@localhost",
                git_time_t(now.milliseconds / 1000), 0), "sign a note")
    }

    /// The newest commit of the notes, which the caller frees; `nil` before the first one.
    private func notesCommit() throws(GitError) -> OpaquePointer? {
        var id = git_oid()
        let result = git_reference_name_to_id(&id, pointer, deployNotesReference)
        if result == GIT_ENOTFOUND.rawValue { return nil }
        try Libgit2.check(result, "read \(deployNotesReference)")
        var commit: OpaquePointer?
        try Libgit2.check(git_commit_lookup(&commit, pointer, &id), "read \(deployNotesReference)")
        return commit
    }

    private func lines(
        ofNoteOn target: inout git_oid, in notes: OpaquePointer?
    ) throws(GitError) -> [String] {
        guard let notes else { return [] }
        var note: OpaquePointer?
        let result = git_note_commit_read(&note, pointer, notes, &target)
        if result == GIT_ENOTFOUND.rawValue { return [] }
        try Libgit2.check(result, "read a note")
        defer { git_note_free(note) }
        var lines = lossyText(git_note_message(note))
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        // Paragraphs of people keep the blank lines between them.
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        return lines
    }
}

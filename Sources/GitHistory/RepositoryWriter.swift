internal import CLibgit2
public import DeployModel

/// Writes a repository: for the demo, and for tests.
public final class RepositoryWriter {
    private let repository: Repository

    /// Creates a repository with a working folder at a path that does not exist yet or is empty.
    public init(creatingAt path: String) throws(GitError) {
        _ = Libgit2.started
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags = UInt32(GIT_REPOSITORY_INIT_MKPATH.rawValue | GIT_REPOSITORY_INIT_NO_REINIT.rawValue)
        var pointer: OpaquePointer?
        let result = "main".withCString { branch in
            options.initial_head = branch
            return git_repository_init_ext(&pointer, path, &options)
        }
        let message = Libgit2.message()
        guard result == 0, let pointer else {
            throw GitError(
                .notWritten, "the repository cannot be created: \(message)", at: path,
                remedy: "choose a folder that is empty or does not exist yet")
        }
        repository = Repository(Handle(pointer, freedBy: git_repository_free))
    }

    /// A repository wholly in memory: the same ids in every run, no disk. `HEAD`, tags and short ids do not work in it.
    package init(inMemory: Void) throws(GitError) {
        _ = Libgit2.started
        let database = try Handle.make(freedBy: git_odb_free, "make an object database") { git_odb_new(&$0) }
        var backend: UnsafeMutablePointer<git_odb_backend>?
        try Libgit2.check(git_mempack_new(&backend), "make an object database")
        try Libgit2.check(git_odb_add_backend(database.pointer, backend, 999), "make an object database")
        repository = Repository(
            try Handle.make(freedBy: git_repository_free, "make a repository") {
                git_repository_wrap_odb(&$0, database.pointer)
            })
        isInMemory = true
    }

    private var isInMemory = false

    /// The repository, for reading what was written.
    public var reader: Repository { repository }

    /// Writes a commit.
    ///
    /// - Parameters:
    ///   - files: the contents of files that are new or changed.
    ///   - removed: the paths of files that are gone.
    ///   - parents: the first one's files are the ones that change; none for a first commit.
    ///   - branch: moves this branch to the commit, unless `nil`.
    @discardableResult
    public func commit(
        _ message: String, author: String = "A. Engineer", at time: Instant, files: [String: [UInt8]] = [:],
        removing removed: [String] = [], parents: [CommitID], branch: String? = "main"
    ) throws(GitError) -> CommitID {
        let treeID = try writeTree(over: parents.first, files: files, removing: removed)
        var signature: UnsafeMutablePointer<git_signature>?
        let mail = author.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) } + "@example.com"
        try Libgit2.check(
            git_signature_new(&signature, author, mail, git_time_t(time.milliseconds / 1000), 0),
            "sign a commit")
        defer { git_signature_free(signature) }
        var oid = treeID
        let tree = try Handle.make(freedBy: git_tree_free, "read a tree") { [pointer = repository.pointer] in
            git_tree_lookup(&$0, pointer, &oid)
        }
        var parentPointers: [OpaquePointer?] = []
        defer { for pointer in parentPointers { git_commit_free(pointer) } }
        for parent in parents {
            var pointer: OpaquePointer?
            guard var parentID = git_oid(hex: parent.hex) else { continue }
            try Libgit2.check(git_commit_lookup(&pointer, repository.pointer, &parentID), "read a parent")
            parentPointers.append(pointer)
        }
        var written = git_oid()
        let reference = isInMemory ? nil : branch.map { "refs/heads/\($0)" }
        let result = parentPointers.withUnsafeMutableBufferPointer { parents in
            git_commit_create(
                &written, repository.pointer, nil, signature, signature, nil, message, tree.pointer,
                parents.count,
                parents.baseAddress)
        }
        try Libgit2.check(result, "write a commit")
        if let reference {
            var created: OpaquePointer?
            try Libgit2.check(
                git_reference_create(&created, repository.pointer, reference, &written, 1, nil),
                "move \(reference)")
            git_reference_free(created)
        }
        return try repository.commitID(&written)
    }

    /// Writes the working folder as `HEAD` has it.
    public func checkOut() throws(GitError) {
        var options = git_checkout_options()
        git_checkout_options_init(&options, UInt32(GIT_CHECKOUT_OPTIONS_VERSION))
        options.checkout_strategy = UInt32(GIT_CHECKOUT_FORCE.rawValue)
        try Libgit2.check(git_checkout_head(repository.pointer, &options), "write the working folder")
    }

    /// Attaches a note of deploys to a commit, in place of the one it has.
    public func note(_ text: String, on commit: CommitID, at time: Instant) throws(GitError) {
        guard var target = git_oid(hex: commit.hex) else { return }
        var signature: UnsafeMutablePointer<git_signature>?
        try Libgit2.check(
            git_signature_new(
                &signature, "A. Engineer", "aengineer@example.com", git_time_t(time.milliseconds / 1000), 0),
            "sign a note")
        defer { git_signature_free(signature) }
        var written = git_oid()
        try Libgit2.check(
            git_note_create(
                &written, repository.pointer, "refs/notes/deploys", signature, signature, &target, text, 1),
            "write a note")
    }

    private func writeTree(
        over parent: CommitID?, files: [String: [UInt8]], removing removed: [String]
    ) throws(GitError) -> git_oid {
        let index = try Handle.make(freedBy: git_index_free, "make an index") { git_index_new(&$0) }
        if let parent {
            let tree = try repository.treeHandle(of: parent)
            try Libgit2.check(git_index_read_tree(index.pointer, tree.pointer), "read a tree")
        }
        for path in removed { try Libgit2.check(git_index_remove(index.pointer, path, 0), "remove \(path)") }
        for (path, contents) in files.sorted(by: { $0.key < $1.key }) {
            var blob = git_oid()
            try Libgit2.check(
                contents.withUnsafeBytes {
                    git_blob_create_from_buffer(&blob, repository.pointer, $0.baseAddress, $0.count)
                },
                "write \(path)")
            let result = path.withCString { name in
                var entry = git_index_entry()
                entry.mode = UInt32(GIT_FILEMODE_BLOB.rawValue)
                entry.id = blob
                entry.path = name
                return git_index_add(index.pointer, &entry)
            }
            try Libgit2.check(result, "add \(path)")
        }
        var written = git_oid()
        try Libgit2.check(
            git_index_write_tree_to(&written, index.pointer, repository.pointer), "write a tree")
        return written
    }
}

internal import CLibgit2
public import DeployModel

/// Why the history could not be read.
public struct GitError: Diagnosis {
    /// The kind of failure. Open: more kinds may come.
    public struct Code: Sendable, Hashable {
        let name: String
        /// There is no repository at the path.
        public static let notARepository = Code(name: "not_a_repository")
        /// The repository belongs to somebody else and is not trusted.
        public static let untrustedOwner = Code(name: "untrusted_owner")
        /// The repository has no commit yet.
        public static let empty = Code(name: "empty")
        /// A revision names nothing, or more than one thing.
        public static let unknownRevision = Code(name: "unknown_revision")
        /// The history is cut off before the wanted window begins.
        public static let shallow = Code(name: "shallow")
        /// An object is missing or damaged.
        public static let damaged = Code(name: "damaged")
        /// More files or deeper folders than are read.
        public static let tooLarge = Code(name: "too_large")
        /// Another program is writing, and does not stop.
        public static let locked = Code(name: "locked")
        /// Something could not be written.
        public static let notWritten = Code(name: "not_written")
        /// Anything else.
        public static let other = Code(name: "other")
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong.
    public var problem: String
    /// Where.
    public var location: String?
    /// How to mend it.
    public var remedy: String?

    init(_ code: Code, _ problem: String, at location: String? = nil, remedy: String? = nil) {
        self.code = code
        self.problem = problem
        self.location = location
        self.remedy = remedy
    }
}

/// libgit2, started once for the process.
enum Libgit2 {
    static let started: Void = {
        git_libgit2_init()
        // By default no folder of more than about a hundred entries is kept, and it is read and hashed again for every commit.
        blamedeploy_cache_objects(GIT_OBJECT_TREE, 1 << 18)
        blamedeploy_cache_size(64 << 20)
    }()

    /// What the library says of the call that just failed. Its message belongs to the thread and to the last call, so
    /// this is read right after it.
    static func message() -> String {
        guard let error = git_error_last(), let text = error.pointee.message else { return "unknown error" }
        return String(cString: text)
    }

    /// Turns a failed call into an error. `operation` completes the sentence "cannot …".
    static func check(_ result: Int32, _ operation: @autoclosure () -> String) throws(GitError) {
        guard result < 0 else { return }
        let message = message()
        if result == GIT_ENOTFOUND.rawValue || message.contains("corrupt") || message.contains("inflate")
            || message.contains("hash mismatch")
        {
            throw GitError(
                .damaged, "cannot \(operation()): \(message)",
                remedy: "run git fsck --full in the repository, and fetch what is missing")
        }
        throw GitError(.other, "cannot \(operation()): \(message)")
    }
}

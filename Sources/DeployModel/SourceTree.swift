/// How a file differs between two commits.
public struct FileChange: Sendable, Hashable, Codable {
    /// What happened to a file.
    public enum Status: String, Sendable, Hashable, Codable {
        /// It is new.
        case added
        /// It is gone.
        case removed
        /// Its contents changed.
        case modified
        /// It has another path, and perhaps other contents.
        case renamed
    }

    /// The path after the change; before it, when the file is gone.
    public var path: String
    /// The path before the change, where it was another.
    public var oldPath: String?
    /// What happened.
    public var status: Status

    /// A changed file.
    public init(path: String, oldPath: String? = nil, status: Status) {
        self.path = path
        self.oldPath = oldPath
        self.status = status
    }

    /// The path before the change.
    public var pathBefore: String { oldPath ?? path }
}

/// A place in a file of a tree where a name stands.
public struct Occurrence: Sendable, Hashable, Codable, Comparable {
    /// The file, from the repository's root.
    public var path: String
    /// The line, from 1.
    public var line: Int

    /// A place.
    public init(path: String, line: Int) {
        self.path = path
        self.line = line
    }

    /// By path, then by line.
    public static func < (a: Occurrence, b: Occurrence) -> Bool {
        (a.path, a.line) < (b.path, b.line)
    }
}

/// The files of one commit: how configuration is read without knowing git.
public protocol SourceTree {
    /// The paths of all files, sorted; submodules and symbolic links left out.
    func paths() throws -> [String]

    /// The paths of symbolic links: what stands behind one may be any file or folder.
    func links() throws -> Set<String>

    /// The bytes of a file, or `nil` when there is no such file, its contents are not at hand, or it is larger than the tree hands
    /// out.
    func contents(of path: String) throws -> [UInt8]?

    /// How many bytes a file has, or `nil` when there is no such file, or its contents are not at hand.
    func size(of path: String) throws -> Int?

    /// Something that is equal for equal contents (a blob id), or `nil` when there is no such file.
    func fingerprint(of path: String) throws -> String?

    /// Where each of the given names stands as a whole word in a text file, sorted; files of a binary nature
    /// or above a size limit are passed over.
    func occurrences(of names: Set<String>) throws -> [String: [Occurrence]]
}

extension SourceTree {
    /// None, for trees that do not know any.
    public func links() throws -> Set<String> { [] }

    /// Counts the bytes, for trees that hold them anyway.
    public func size(of path: String) throws -> Int? { try contents(of: path)?.count }
}

internal import CLibgit2
import DeployModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An entry that differs between two trees; what is in a folder that is new or gone is told entry by entry.
struct TreeDelta {
    /// The name from the root, in the bytes of the repository.
    var rawPath: [CChar]
    /// What it was: `nil` for what is new.
    var old: Side?
    /// What it is: `nil` for what is gone.
    var new: Side?

    /// An entry at one of the two sides; never a folder.
    struct Side {
        var oid: git_oid
        /// The mode as it is written in the tree: that of old repositories may have bits of its own.
        var mode: UInt32

        /// Whether it is a file, and no symbolic link or submodule.
        var isFile: Bool { mode & 0o170000 == 0o100000 }
        var isLink: Bool { mode & 0o170000 == 0o120000 }
        var isSubmodule: Bool { mode & 0o170000 == 0o160000 }
    }

    /// The name as text.
    var path: String { rawPath.withUnsafeBufferPointer { lossyText($0.baseAddress) } }

    /// Whether what stands there is of another type: a file that became a symbolic link.
    var isTypeChange: Bool {
        guard let old, let new else { return false }
        return old.mode & 0o170000 != new.mode & 0o170000
    }
}

extension Repository {
    /// The entries that differ between two commits. Folders with the same id on both sides are not read: libgit2's own
    /// comparison goes through all of both trees.
    ///
    /// - Parameter from: `nil` compares with nothing.
    func treeDeltas(from: CommitID?, to: CommitID) throws(GitError) -> [TreeDelta] {
        let after = try treeHandle(of: to)
        var walk = TreeWalk(repository: self, to: to)
        if let from {
            let before = try treeHandle(of: from)
            try walk.compare(before.pointer, after.pointer)
        } else {
            try walk.compare(nil, after.pointer)
        }
        return walk.deltas
    }
}

/// How large the tree of a commit may be: a few objects that name one another many times over stand for more files than any
/// machine can list.
enum TreeLimit {
    case entries
    case nesting

    /// Files and folders of a commit, or that differ between two.
    static let mostEntries = 2_000_000
    /// Folders inside of one another, and the bytes of their names.
    static let deepest = 500
    static let longestPath = 4096

    /// The limit that is exceeded; `nil` where none is.
    init?(entries: Int, folderBytes: Int = 0, depth: Int = 0) {
        if entries > Self.mostEntries {
            self = .entries
        } else if depth > Self.deepest || folderBytes > Self.longestPath {
            self = .nesting
        } else {
            return nil
        }
    }

    func error(_ commit: CommitID, at path: String) -> GitError {
        switch self {
        case .entries:
            GitError(
                .tooLarge, "\(commit.abbreviated) holds more than \(Self.mostEntries) files and folders",
                at: path,
                remedy:
                    "leave that commit out: name the deploys with --deploys FILE, or choose another --since")
        case .nesting:
            GitError(
                .tooLarge,
                "the folders of \(commit.abbreviated) nest deeper than \(Self.deepest), or their names take more than \(Self.longestPath) bytes",
                at: path,
                remedy:
                    "leave that commit out: name the deploys with --deploys FILE, or choose another --since")
        }
    }
}

/// Goes through two trees side by side.
private struct TreeWalk {
    let repository: Repository
    var deltas: [TreeDelta] = []
    /// The folder that is looked at, with a slash behind it.
    private var folder: [CChar] = []
    private var depth = 0
    private var count = 0

    private let to: CommitID

    init(repository: Repository, to: CommitID) {
        self.repository = repository
        self.to = to
    }

    mutating func compare(_ old: OpaquePointer?, _ new: OpaquePointer?) throws(GitError) {
        let (oldCount, newCount) = (old.map(git_tree_entrycount) ?? 0, new.map(git_tree_entrycount) ?? 0)
        var (i, j) = (0, 0)
        while i < oldCount || j < newCount {
            let before = i < oldCount ? git_tree_entry_byindex(old, i) : nil
            let after = j < newCount ? git_tree_entry_byindex(new, j) : nil
            let order = Self.order(before, after)
            if order <= 0 { i += 1 }
            if order >= 0 { j += 1 }
            try compareEntries(order <= 0 ? before : nil, order >= 0 ? after : nil)
        }
    }

    /// As git sorts trees: by name, that of a folder with a slash behind it; what is not there comes last.
    private static func order(_ a: OpaquePointer?, _ b: OpaquePointer?) -> Int {
        guard let a else { return b == nil ? 0 : 1 }
        guard let b else { return -1 }
        guard let x = git_tree_entry_name(a), let y = git_tree_entry_name(b) else { return 0 }
        var index = 0
        while x[index] != 0, x[index] == y[index] { index += 1 }
        func byte(_ name: UnsafePointer<CChar>, _ entry: OpaquePointer) -> Int {
            if name[index] != 0 { return Int(UInt8(bitPattern: name[index])) }
            return isFolder(entry) ? 0x2F : 0
        }
        return byte(x, a) - byte(y, b)
    }

    private static func isFolder(_ entry: OpaquePointer) -> Bool {
        git_tree_entry_filemode_raw(entry).rawValue & 0o170000 == 0o040000
    }

    private mutating func compareEntries(_ old: OpaquePointer?, _ new: OpaquePointer?) throws(GitError) {
        guard let some = new ?? old, let name = git_tree_entry_name(some) else { return }
        if let old, let new, git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(new)) != 0,
            git_tree_entry_filemode_raw(old) == git_tree_entry_filemode_raw(new)
        {
            return
        }
        let length = folder.count
        folder.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name)))
        defer { folder.removeLast(folder.count - length) }
        // Both are folders or neither is: a folder never has the place of a file in the order.
        guard !Self.isFolder(some) else {
            folder.append(CChar(bitPattern: 0x2F))
            try compareFolders(old, new)
            return
        }
        count += 1
        if let exceeded = TreeLimit(entries: count) { throw exceeded.error(to, at: repository.path) }
        deltas.append(TreeDelta(rawPath: folder + [0], old: old.map(side), new: new.map(side)))
    }

    private mutating func compareFolders(_ old: OpaquePointer?, _ new: OpaquePointer?) throws(GitError) {
        // Folders count as well: a few that hold each other many times over have no end of them.
        count += 1
        if let exceeded = TreeLimit(entries: count, folderBytes: folder.count, depth: depth) {
            throw exceeded.error(to, at: repository.path)
        }
        depth += 1
        defer { depth -= 1 }
        switch (old, new) {
        case (let old?, let new?):
            let before = try open(old)
            let after = try open(new)
            try compare(before.pointer, after.pointer)
        case (let old?, nil):
            let before = try open(old)
            try compare(before.pointer, nil)
        case (nil, let new?):
            let after = try open(new)
            try compare(nil, after.pointer)
        case (nil, nil): break
        }
    }

    private func side(_ entry: OpaquePointer) -> TreeDelta.Side {
        TreeDelta.Side(
            oid: git_tree_entry_id(entry).pointee, mode: git_tree_entry_filemode_raw(entry).rawValue)
    }

    private func open(_ entry: OpaquePointer) throws(GitError) -> Handle {
        try Handle.make(freedBy: git_tree_free, "read a folder of the repository") {
            [repository = repository.pointer] in
            git_tree_lookup(&$0, repository, git_tree_entry_id(entry))
        }
    }
}

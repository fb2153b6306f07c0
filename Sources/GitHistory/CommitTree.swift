internal import CLibgit2
public import DeployModel
import Parallel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files of one commit, or those that are staged for the next.
public final class CommitTree: SourceTree {
    private let database: ObjectDatabase
    private let entries: [String: git_oid]
    private let symbolic: Set<String>
    private let commit: CommitID?
    private let index: WordIndex?
    private var known: [String]?

    /// - Parameters:
    ///   - near: the tree of another commit, from which it is faster to go on than from nothing.
    ///   - index: what is known of files that were read before.
    convenience init(
        _ repository: Repository, of commit: CommitID, near: CommitTree? = nil, index: WordIndex? = nil
    ) throws(GitError) {
        if let near, let former = near.commit {
            let deltas = try repository.treeDeltas(from: former, to: commit)
            var entries = near.entries
            var links = near.symbolic
            for delta in deltas {
                entries[delta.path] = delta.new.flatMap { $0.isFile ? $0.oid : nil }
                if delta.new?.isLink ?? false { links.insert(delta.path) } else { links.remove(delta.path) }
            }
            try self.init(repository, entries: entries, links: links, commit: commit, index: index)
            known = near.known.flatMap { Self.applied(deltas, to: $0) }
            return
        }
        let tree = try repository.treeHandle(of: commit)
        let listing = FileListing()
        let context = Unmanaged.passUnretained(listing).toOpaque()
        let result = git_tree_walk(
            tree.pointer, GIT_TREEWALK_PRE,
            { folder, entry, context in
                guard let entry, let context else { return 0 }
                let listing = Unmanaged<FileListing>.fromOpaque(context).takeUnretainedValue()
                guard listing.admits(folder) else { return -1 }
                let mode = git_tree_entry_filemode(entry)
                if mode == GIT_FILEMODE_LINK {
                    listing.links.insert(lossyText(folder) + lossyText(git_tree_entry_name(entry)))
                }
                guard mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE,
                    let oid = git_tree_entry_id(entry)
                else { return 0 }
                let path = lossyText(folder) + lossyText(git_tree_entry_name(entry))
                listing.entries[path] = oid.pointee
                return 0
            }, context)
        if let exceeded = listing.exceeded { throw exceeded.error(commit, at: repository.path) }
        try Libgit2.check(result, "list the files of \(commit.abbreviated)")
        try self.init(
            repository, entries: listing.entries, links: listing.links, commit: commit, index: index)
    }

    /// Files by path, each with the id of its blob.
    init(
        _ repository: Repository, entries: [String: git_oid], links: Set<String> = [],
        commit: CommitID? = nil, index: WordIndex? = nil
    ) throws(GitError) {
        symbolic = links
        self.commit = commit
        self.index = index
        self.entries = entries
        database = try ObjectDatabase(of: repository)
    }

    /// Collects what a C callback is told.
    private final class FileListing {
        var entries: [String: git_oid] = [:]
        var links: Set<String> = []
        private var count = 0
        private(set) var exceeded: TreeLimit?

        /// Whether an entry of a folder may still be read.
        func admits(_ folder: UnsafePointer<CChar>?) -> Bool {
            count += 1
            exceeded = TreeLimit(entries: count, folderBytes: folder.map(strlen) ?? 0)
            return exceeded == nil
        }
    }

    /// The paths of all files, sorted; submodules and symbolic links left out.
    public func paths() -> [String] { sortedPaths }

    /// The paths of symbolic links.
    public func links() -> Set<String> { symbolic }

    private var sortedPaths: [String] {
        let paths = known ?? entries.keys.sorted()
        known = paths
        return paths
    }

    /// Sorted paths with those of a few differences put in and taken out; `nil` where sorting anew is as fast.
    private static func applied(_ deltas: [TreeDelta], to sorted: [String]) -> [String]? {
        let moved = deltas.filter { ($0.old?.isFile ?? false) != ($0.new?.isFile ?? false) }
        guard moved.count <= 100 else { return nil }
        var paths = sorted
        for delta in moved {
            let path = delta.path
            let place = paths.partitioningIndex { $0 >= path }
            let isThere = place < paths.count && paths[place] == path
            if delta.new?.isFile ?? false {
                if !isThere { paths.insert(path, at: place) }
            } else if isThere {
                paths.remove(at: place)
            }
        }
        return paths
    }

    /// Files larger than this are never read: sixteen mebibytes.
    static let mostBytes = 16 << 20

    /// The bytes of a file, or `nil` when there is no such file, it was not fetched, or it is larger than any reader takes.
    public func contents(of path: String) throws -> [UInt8]? {
        guard let oid = entries[path] else { return nil }
        if let size = database.size(of: oid) {
            // A header of a few bytes may stand for gigabytes of zeros. No reader takes more than this.
            guard size <= Self.mostBytes else { return nil }
        } else if !database.isFetched(oid) {
            return nil
        }
        return try database.read(oid, path: path) { Array($0) }
    }

    /// The size of the blob, told without reading it; `nil` when there is no such file, or it was not fetched.
    ///
    /// - Throws: where the blob is damaged.
    public func size(of path: String) throws -> Int? {
        guard let oid = entries[path] else { return nil }
        if let size = database.size(of: oid) { return size }
        // A damaged one is told by whoever reads it.
        return database.isFetched(oid) ? try database.read(oid, path: path, \.count) : nil
    }

    /// The blob's id, or `nil` when there is no such file.
    public func fingerprint(of path: String) -> String? { entries[path]?.hex }

    /// Where each of the names stands as a whole word in a text file of at most one mebibyte; pictures and fonts, also those that
    /// are text, are left out.
    public func occurrences(of names: Set<String>) throws -> [String: [Occurrence]] {
        guard !names.isEmpty else { return [:] }
        let search = WordSearch(names)
        let all = sortedPaths.lazy.filter { !isPicture($0) }
            .compactMap { path in self.entries[path].map { (path: path, oid: $0) } }
        let blobs = index?.candidates(for: search, among: Array(all)) ?? Array(all)
        var found: [String: [Occurrence]] = [:]
        for (blob, hits) in zip(blobs, try hits(of: search, in: blobs)) {
            for hit in hits {
                found[hit.name, default: []].append(Occurrence(path: blob.path, line: hit.line))
            }
        }
        return found
    }

    /// What a search finds in each of some files: most of its time goes into reading them, so that many are read by several threads.
    private func hits(
        of search: WordSearch, in blobs: [(path: String, oid: git_oid)]
    ) throws(GitError) -> [[WordSearch.Hit]] {
        let database = database
        func one() throws(GitError) -> [[WordSearch.Hit]] {
            try blobs.map { blob throws(GitError) in try Self.hits(of: search, in: blob, database, index) }
        }
        let workers = blobs.count < Self.fewFiles ? 1 : availableCores()
        guard workers > 1, let folder = database.repository.folder else { return try one() }
        typealias Share = [Result<[WordSearch.Hit], GitError>]
        let shares = concurrentMap(Array(0..<workers), workers: workers) { [index] worker -> Share? in
            // libgit2's objects are for one thread each.
            guard let database = try? ObjectDatabase(of: Repository(at: folder)) else { return nil }
            var share: Share = []
            for place in stride(from: worker, to: blobs.count, by: workers) {
                share.append(
                    Result { () throws(GitError) in
                        try Self.hits(of: search, in: blobs[place], database, index)
                    })
                if case .failure? = share.last { break }
            }
            return share
        }
        let done = shares.compactMap { $0 }
        guard done.count == workers else { return try one() }
        // Of several files that cannot be read the first one is named, as one thread would.
        return try blobs.indices.map { place throws(GitError) in
            try done[place % workers][place / workers].get()
        }
    }

    /// Fewer files than these are searched before another thread has opened the repository.
    private static let fewFiles = 300

    private static func hits(
        of search: WordSearch, in blob: (path: String, oid: git_oid), _ database: ObjectDatabase,
        _ index: WordIndex?
    ) throws(GitError) -> [WordSearch.Hit] {
        if let size = database.size(of: blob.oid) {
            guard size <= 1 << 20 else { return [] }
        } else if !database.isFetched(blob.oid) {
            return []
        }
        return try database.read(blob.oid, path: blob.path) { bytes in
            let (hits, names) = search.hits(in: bytes, notingNames: index != nil)
            index?.add(names, of: blob.oid)
            return hits
        }
    }
}

/// Whether a file is a picture or a font, by its path.
private func isPicture(_ path: String) -> Bool {
    guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return pictureEndings.contains(path[path.index(after: dot)...])
}

private let pictureEndings: Set<Substring> = [
    "bmp", "eot", "gif", "ico", "jpeg", "jpg", "otf", "png", "svg", "ttf", "webp", "woff", "woff2",
]

extension Repository {
    /// The files of a commit.
    ///
    /// - Parameters:
    ///   - near: the tree of a commit that differs little, for speed.
    ///   - index: remembers which files hold which names, where many commits are searched.
    public func tree(
        of commit: CommitID, near: CommitTree? = nil, index: WordIndex? = nil
    ) throws(GitError) -> CommitTree {
        try CommitTree(self, of: commit, near: near, index: index)
    }
}

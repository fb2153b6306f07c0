internal import CLibgit2

/// The objects of a repository by their ids. For one thread, as its repository is.
final class ObjectDatabase {
    let repository: Repository
    private let handle: Handle
    /// Who reads a file has asked for its size before, and a file of its own is opened for that.
    private var sizes: [BlobKey: Int] = [:]
    private static let mostSizes = 8192

    init(of repository: Repository) throws(GitError) {
        self.repository = repository
        handle = try Handle.make(freedBy: git_odb_free, "open the object database") {
            git_repository_odb(&$0, repository.pointer)
        }
    }

    /// Whether an object is there, be it whole or not: partial clones are without some.
    func isFetched(_ oid: git_oid) -> Bool {
        var oid = oid
        return git_odb_exists(handle.pointer, &oid) == 1
    }

    /// The size of an object in bytes; `nil` where it is missing or damaged.
    func size(of oid: git_oid) -> Int? {
        if let known = sizes[BlobKey(oid)] { return known }
        var oid = oid
        var (length, type) = (0, GIT_OBJECT_ANY)
        guard git_odb_read_header(&length, &type, handle.pointer, &oid) == 0 else { return nil }
        if sizes.count >= Self.mostSizes { sizes.removeAll(keepingCapacity: true) }
        sizes[BlobKey(oid)] = length
        return length
    }

    /// Reads the contents of a file.
    ///
    /// Those in packs are not hashed once more, which takes a sixth of a comparison: as git does, the checksum of the compressed bytes is
    /// relied on.
    ///
    /// - Parameter path: what it is called in an error.
    func read<Result>(
        _ oid: git_oid, path: String, _ use: (UnsafeRawBufferPointer) -> Result
    ) throws(GitError) -> Result {
        var oid = oid
        var (data, length) = (UnsafeMutableRawPointer?.none, 0)
        var owner: UnsafeMutablePointer<git_odb_backend>?
        if blamedeploy_read_packed(&data, &length, &owner, handle.pointer, &oid) == 0 {
            defer { git_odb_backend_data_free(owner, data) }
            return use(UnsafeRawBufferPointer(start: data, count: length))
        }
        // It finds what stands in a file of its own, or what a repack has moved meanwhile, and says what is wrong.
        let object = try Handle.make(freedBy: git_odb_object_free, "read \(path)") {
            [database = handle.pointer] in
            git_odb_read(&$0, database, &oid)
        }
        let size = git_odb_object_size(object.pointer)
        return use(UnsafeRawBufferPointer(start: git_odb_object_data(object.pointer), count: size))
    }
}

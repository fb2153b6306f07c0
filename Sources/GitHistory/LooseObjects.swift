internal import CLibgit2
internal import CZlib

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The objects of a repository that stand in files of their own, read before libgit2 reads them.
///
/// A full disk or a lost power leaves such files cut short, and of one that ends in the middle libgit2 1.5 never comes to an end.
final class LooseObjects {
    /// The folders of objects: the repository's own, and those that it borrows from.
    private let folders: [String]

    private init(_ folders: [String]) { self.folders = folders }

    /// Lets a repository read its loose objects here.
    static func read(of repository: OpaquePointer) throws(GitError) {
        guard let folder = git_repository_commondir(repository).flatMap({ String(validatingCString: $0) })
        else { return }
        let database = try Handle.make(freedBy: git_odb_free, "open the object database") {
            git_repository_odb(&$0, repository)
        }
        let objects = LooseObjects(withBorrowed(folder + "objects"))
        let backend = UnsafeMutablePointer<Backend>.allocate(capacity: 1)
        backend.initialize(to: Backend(base: git_odb_backend(), objects: Unmanaged.passRetained(objects)))
        let base = UnsafeMutableRawPointer(backend).assumingMemoryBound(to: git_odb_backend.self)
        git_odb_init_backend(base, UInt32(GIT_ODB_BACKEND_VERSION))
        base.pointee.read = { data, size, type, backend, id in
            guard let id, let found = LooseObjects.of(backend)?.packed(id.pointee) else {
                return GIT_PASSTHROUGH.rawValue
            }
            return found.unpack(for: backend, into: data, size, type)
        }
        base.pointee.read_header = { size, type, backend, id in
            guard let id, let found = LooseObjects.of(backend)?.packed(id.pointee) else {
                return GIT_PASSTHROUGH.rawValue
            }
            guard let header = found.header else { return Packed.damaged() }
            size?.pointee = header.size
            type?.pointee = header.type
            return 0
        }
        base.pointee.read_prefix = { _, _, _, _, backend, id, length in
            // Whether it is the only one is for libgit2 to say; it must only come to an end.
            guard let id, let objects = LooseObjects.of(backend) else { return GIT_PASSTHROUGH.rawValue }
            let isWhole = objects.packed(beginningWith: String(id.pointee.hex.prefix(length))).allSatisfy {
                $0.isWhole
            }
            return isWhole ? GIT_PASSTHROUGH.rawValue : Packed.damaged()
        }
        base.pointee.free = { backend in
            let own = UnsafeMutableRawPointer(backend)?.assumingMemoryBound(to: Backend.self)
            own?.pointee.objects.release()
            own?.deallocate()
        }
        // Behind the packs, which have the same rank and came first, and before libgit2's own reader of such files.
        let result = git_odb_add_backend(database.pointer, base, 2)
        if result != 0 { base.pointee.free?(base) }
        try Libgit2.check(result, "read the objects of \(folder)")
    }

    /// What libgit2 is handed, with what it does not know behind it.
    private struct Backend {
        var base: git_odb_backend
        var objects: Unmanaged<LooseObjects>
    }

    private static func of(_ backend: UnsafeMutablePointer<git_odb_backend>?) -> LooseObjects? {
        UnsafeMutableRawPointer(backend)?.assumingMemoryBound(to: Backend.self).pointee.objects
            .takeUnretainedValue()
    }

    /// A folder of objects with those that it borrows from, as `info/alternates` says.
    private static func withBorrowed(_ folder: String) -> [String] {
        var folders: [String] = []
        var open = [folder]
        while let next = open.popLast(), folders.count < 100 {
            guard !folders.contains(next) else { continue }
            folders.append(next)
            let lines = bytes(of: next + "/info/alternates").map { String(decoding: $0, as: UTF8.self) } ?? ""
            open += lines.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
                $0.hasPrefix("/") ? String($0) : next + "/" + $0
            }
        }
        return folders
    }

    private func packed(_ id: git_oid) -> Packed? {
        let hex = id.hex
        return folders.lazy.compactMap { Packed("\($0)/\(hex.prefix(2))/\(hex.dropFirst(2))") }.first
    }

    private func packed(beginningWith prefix: String) -> [Packed] {
        guard prefix.utf8.count >= 2 else { return [] }
        let rest = String(prefix.dropFirst(2))
        return folders.flatMap { folder -> [Packed] in
            let folder = "\(folder)/\(prefix.prefix(2))"
            guard let list = opendir(folder) else { return [] }
            defer { closedir(list) }
            var found: [Packed] = []
            while let entry = readdir(list) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.utf8.count == 38, name.hasPrefix(rest) {
                    Packed("\(folder)/\(name)").map { found.append($0) }
                }
            }
            return found
        }
    }
}

/// The bytes of a file; `nil` where it cannot be read.
private func bytes(of path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var all = [UInt8](repeating: 0, count: Int(status.st_size))
    var length = 0
    while length < all.count {
        let count = all.withUnsafeMutableBytes {
            read(file, $0.baseAddress.map { $0 + length }, $0.count - length)
        }
        guard count > 0 else { break }
        length += count
    }
    return Array(all.prefix(length))
}

/// An object as it stands in its file.
private struct Packed {
    private let bytes: [UInt8]

    /// - Returns: `nil` where there is no such file. An old form whose header is not compressed counts as damaged: in it libgit2 may not come
    ///   to an end either.
    init?(_ path: String) {
        guard let bytes = GitHistory.bytes(of: path), bytes.count <= Int(UInt32.max) else { return nil }
        self.bytes = bytes
    }

    struct Header {
        var type: git_object_t
        var size: Int
        /// How long it is itself.
        var length: Int
    }

    /// What stands before the contents; `nil` where it is damaged.
    var header: Header? {
        var start = [UInt8](repeating: 0, count: 64)
        let count = unpack { stream in
            start.withUnsafeMutableBufferPointer { buffer in
                stream.next_out = buffer.baseAddress
                stream.avail_out = UInt32(buffer.count)
                let result = inflate(&stream, Z_SYNC_FLUSH)
                return result == Z_OK || result == Z_STREAM_END ? buffer.count - Int(stream.avail_out) : 0
            }
        }
        guard let end = start.prefix(count ?? 0).firstIndex(of: 0) else { return nil }
        let words = String(decoding: start[..<end], as: UTF8.self).split(separator: " ")
        // Deflate makes nothing smaller than by a factor of 1,032.
        guard words.count == 2, let size = Int(words[1]), size >= 0, size <= 1_100 * bytes.count + 1_024
        else {
            return nil
        }
        let type = String(words[0]).withCString(git_object_string2type)
        return type == GIT_OBJECT_INVALID ? nil : Header(type: type, size: size, length: end + 1)
    }

    /// Whether it unpacks to its end.
    var isWhole: Bool { header.map { contents($0) != nil } ?? false }

    /// Its contents; `nil` where they are damaged, longer or shorter than they should be.
    private func contents(_ header: Header) -> [UInt8]? {
        // One byte more tells whether there is more.
        let length = header.length + header.size
        var all = [UInt8](repeating: 0, count: length + 1)
        let count = unpack { stream in
            all.withUnsafeMutableBufferPointer { buffer in
                var done = 0
                while true {
                    let room = min(buffer.count - done, 1 << 30)
                    stream.next_out = buffer.baseAddress.map { $0 + done }
                    stream.avail_out = UInt32(room)
                    let result = inflate(&stream, Z_SYNC_FLUSH)
                    done += room - Int(stream.avail_out)
                    if result == Z_STREAM_END { return done }
                    // Where nothing more comes and there is room left, the file was cut short.
                    guard result == Z_OK, stream.avail_out == 0, done < buffer.count else { return -1 }
                }
            }
        }
        return count == length ? Array(all[header.length..<length]) : nil
    }

    func unpack(
        for backend: UnsafeMutablePointer<git_odb_backend>?,
        into data: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: UnsafeMutablePointer<Int>?,
        _ type: UnsafeMutablePointer<git_object_t>?
    ) -> Int32 {
        guard let header, let contents = contents(header),
            let room = git_odb_backend_data_alloc(backend, contents.count + 1)
        else { return Self.damaged() }
        contents.withUnsafeBytes { bytes in
            if let first = bytes.baseAddress { room.copyMemory(from: first, byteCount: bytes.count) }
        }
        // Texts of libgit2 end with a zero.
        room.storeBytes(of: 0, toByteOffset: contents.count, as: UInt8.self)
        data?.pointee = room
        size?.pointee = contents.count
        type?.pointee = header.type
        return 0
    }

    private func unpack<Result>(_ body: (inout z_stream) -> Result) -> Result? {
        var stream = z_stream()
        guard blamedeploy_inflate_init(&stream, 15) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        return bytes.withUnsafeBufferPointer { input in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            return body(&stream)
        }
    }

    /// Says that an object is damaged, in words that ``Libgit2/check(_:_:)`` knows.
    static func damaged() -> Int32 {
        git_error_set_str(Int32(GIT_ERROR_ODB.rawValue), "corrupt loose object: it is damaged or cut short")
        return GIT_ERROR.rawValue
    }
}

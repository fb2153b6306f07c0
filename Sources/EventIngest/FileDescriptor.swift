import DeployModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file, closed exactly once.
struct FileDescriptor: ~Copyable {
    let number: Int32
    private let isOwned: Bool

    init(reading path: String) throws(IngestError) {
        number = open(path, O_RDONLY | O_CLOEXEC)
        isOwned = true
        guard number >= 0 else {
            throw IngestError(
                .unreadable, reasonOfLastFailure(), at: path,
                remedy: "check the path; it is read from the current folder")
        }
    }

    /// The process's standard input, which stays open.
    init(standardInput: Void) {
        number = 0
        isOwned = false
    }

    /// A file that is open already, and is closed with this.
    init(owning number: Int32) {
        self.number = number
        isOwned = true
    }

    deinit { if isOwned, number >= 0 { close(number) } }

    /// Reads up to `buffer.count` bytes; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, path: String) throws(IngestError) -> Int {
        while true {
            let count = systemRead(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw IngestError(.unreadable, reasonOfLastFailure(), at: path) }
        }
    }
}

extension FileDescriptor {
    /// Reads up to `buffer.count` bytes from an offset on; fewer only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String) throws(IngestError)
        -> Int
    {
        var filled = 0
        while filled < buffer.count, let start = buffer.baseAddress {
            let count = pread(number, start + filled, buffer.count - filled, off_t(offset + filled))
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw IngestError(.unreadable, reasonOfLastFailure(), at: path)
            }
        }
        return filled
    }

    /// How many bytes the file has; `nil` when it is none that can be read from any place.
    var size: Int? {
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }
}

extension FileDescriptor {
    /// When the file was last written.
    var modified: Instant? {
        var status = stat()
        guard fstat(number, &status) == 0 else { return nil }
        #if canImport(Darwin)
            return Instant(seconds: status.st_mtimespec.tv_sec)
        #else
            return Instant(seconds: status.st_mtim.tv_sec)
        #endif
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func reasonOfLastFailure() -> String { String(cString: strerror(errno)) }

/// What a path is.
enum PathKind { case file, folder, stream, missing }

func kind(of path: String) -> PathKind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .missing }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .folder
    case S_IFREG: return .file
    default: return .stream
    }
}

/// How many bytes a regular file has; `nil` for anything else.
func size(ofFile path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}

/// The names inside a folder that do not begin with a dot, sorted.
func names(inFolder path: String) throws(IngestError) -> [String] {
    guard let folder = opendir(path) else { throw IngestError(.unreadable, reasonOfLastFailure(), at: path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// The files inside a folder and the folders inside it, sorted; a chain of links must end somewhere.
func files(inFolder path: String, depth: Int) throws(IngestError) -> [String] {
    guard depth < 20 else {
        throw IngestError(.unreadable, "folders are nested too deep", at: path, remedy: "name the files")
    }
    var found: [String] = []
    for name in try names(inFolder: path) {
        let inside = "\(path)/\(name)"
        switch kind(of: inside) {
        case .file: found.append(inside)
        case .folder: found += try files(inFolder: inside, depth: depth + 1)
        case .stream, .missing: break
        }
    }
    return found
}

/// A new file below `TMPDIR`, open for reading and writing: it is gone when this is freed, or when the process ends, however it ends.
final class TemporaryFile: Sendable {
    let descriptor: Int32
    /// Where it can be opened, by this process.
    let path: String
    private let isNamed: Bool

    init() throws(IngestError) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/blamedeploy-XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        let name = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        guard descriptor >= 0 else {
            throw IngestError(
                .unreadable, "what must be read twice cannot be kept: \(reasonOfLastFailure())",
                at: folder, remedy: AnswerFile.remedy)
        }
        // Where an open file has a name of its own, the one in the folder can go at once: a killed process leaves nothing.
        let own = "/proc/self/fd/\(descriptor)"
        isNamed = kind(of: own) != .file
        path = isNamed ? name : own
        if !isNamed { unlink(name) }
    }

    deinit {
        close(descriptor)
        if isNamed { unlink(path) }
    }
}

/// A file for what can be read only once.
final class SpoolFile {
    private let file: TemporaryFile

    /// Where it can be opened, by this process.
    var path: String { file.path }

    /// Fills a file below `TMPDIR`.
    init(filledBy fill: (AnswerFile) throws -> Void) throws {
        file = try TemporaryFile()
        try fill(AnswerFile(descriptor: file.descriptor, path: file.path))
    }
}

/// Takes what a server answers, so that it can be read as a file is.
public final class AnswerFile {
    private let descriptor: Int32
    private let path: String
    /// How many bytes were written.
    public private(set) var count = 0

    static let remedy = "set TMPDIR to a folder with room, or give a file instead"

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Writes bytes behind those that are there.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        var written = 0
        while written < bytes.count {
            let result = systemWrite(
                descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            guard result >= 0 else { throw failure() }
            written += result
        }
        count += bytes.count
    }

    /// Writes a text.
    public func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// Forgets what stands behind the first bytes: half an answer that will come once more.
    public func shorten(to count: Int) throws {
        guard ftruncate(descriptor, off_t(count)) == 0, lseek(descriptor, off_t(count), SEEK_SET) >= 0 else {
            throw failure()
        }
        self.count = count
    }

    private func failure() -> IngestError {
        IngestError(
            .unreadable, "what must be read twice cannot be kept: \(reasonOfLastFailure())", at: path,
            remedy: Self.remedy)
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

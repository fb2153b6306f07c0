import GitHistory

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What is read as a whole may have so many bytes: a quarter of a gibibyte.
let mostFileBytes = 256 << 20

/// The bytes of a file, or of what else can be read once.
///
/// - Parameter most: beyond so many bytes nothing is returned but an error: some devices never end.
func readFile(_ path: String, most: Int = mostFileBytes) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw CommandError(
            String(cString: strerror(errno)), at: path,
            remedy: "check the path; it is read from the current folder")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &block, block.count)
        guard count >= 0 else { throw CommandError(String(cString: strerror(errno)), at: path) }
        guard count > 0 else { return bytes }
        guard bytes.count + count <= most else {
            let size = most >= 1 << 20 ? "\(most >> 20) MiB" : "\(most >> 10) KiB"
            throw CommandError("it is larger than \(size)", at: path, remedy: "name the file that is meant")
        }
        bytes += block[..<count]
    }
}

/// Whether a path names something.
func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Whether nothing would be written over, or beside: there is no such folder, or nothing in it.
func isVacant(_ folder: String) -> Bool {
    guard let directory = unsafe opendir(folder) else { return errno == ENOENT }
    defer { unsafe closedir(directory) }
    var count = 0
    // The folder itself and the one around it are always listed.
    while unsafe readdir(directory) != nil { count += 1 }
    return count <= 2
}

/// Whether a path leads to what is neither a file nor a folder: a device, a pipe, a socket.
func isSpecial(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
}

/// Whether a path is a symbolic link.
func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
}

/// The names inside a folder that do not begin with a dot, sorted; none where it cannot be read.
func names(inFolder path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
            unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// The size of a regular file in bytes; `nil` where there is none.
func sizeOfFile(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}

/// Writes a file as a whole: to a name beside it first, so that nobody ever sees half of it.
///
/// A pipe, a device or a link is written to as it is; it must not become a file.
func writeFile(_ bytes: [UInt8], to path: String) throws {
    var status = stat()
    guard lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
        // Who reads at the other end may be slow, and half of it is no less than was asked for: nothing is held back.
        return try writeWhole(bytes, to: path, isReplaced: false)
    }
    try holdingSignals { try writeWhole(bytes, to: path, isReplaced: true) }
}

private func writeWhole(_ bytes: [UInt8], to path: String, isReplaced: Bool) throws {
    let unfinished = isReplaced ? "\(path).\(getpid()).unfinished" : path
    let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
        throw CommandError(
            String(cString: strerror(errno)), at: path,
            remedy: "choose a file in a folder that exists and can be written")
    }
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
        }
        guard count >= 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            if isReplaced { unlink(unfinished) }
            throw CommandError(reason, at: path, remedy: "free some space, or choose another folder")
        }
        written += count
    }
    close(descriptor)
    guard !isReplaced || rename(unfinished, path) == 0 else {
        let reason = String(cString: strerror(errno))
        unlink(unfinished)
        throw CommandError(reason, at: path, remedy: "choose another name")
    }
}

/// Adds to the end of a file, which is made if it is not there.
func appendToFile(_ bytes: [UInt8], at path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
        throw CommandError(
            String(cString: strerror(errno)), at: path, remedy: "choose a folder that can be written")
    }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
        }
        guard count >= 0 else {
            throw CommandError(
                String(cString: strerror(errno)), at: path,
                remedy: "free some space, or choose another folder")
        }
        written += count
    }
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a file.
func readFile(_ path: String) throws -> [UInt8] {
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
        bytes += block[..<count]
    }
}

/// Whether a path names something.
func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

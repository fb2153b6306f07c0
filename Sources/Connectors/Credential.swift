#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads a key or a password: from an environment variable, or from the file that the variable `NAME_FILE` names. Never from
/// arguments, which every list of processes shows.
public struct Credentials: Sendable {
    private let variable: @Sendable (String) -> String?

    /// Credentials of the process's environment.
    public init() { variable = { name in getenv(name).map { String(cString: $0) } } }

    /// Credentials as given, for tests.
    package init(_ variables: [String: String]) { variable = { variables[$0] } }

    /// The value of a variable that is no secret; `nil` where it is not set or empty.
    public func setting(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }

    /// The key of that name; `nil` where neither variable is set.
    ///
    /// - Throws: ``ConnectorError`` where the file cannot be read, or where the key is not one line of visible characters.
    public func key(_ name: String) throws(ConnectorError) -> String? {
        if let key = setting(name) { return try checked(key, name) }
        guard let path = setting("\(name)_FILE") else { return nil }
        guard let text = text(ofFile: path) else {
            throw ConnectorError(
                .noKey, "the file of the key cannot be read: \(String(cString: strerror(errno)))",
                at: "\(name)_FILE=\(path)", remedy: "name a file that holds the key and nothing else")
        }
        return try checked(text, "\(name)_FILE=\(path)")
    }

    /// A key without the end of its line: what else does not belong into a header would end it, and begin another one.
    private func checked(_ text: String, _ place: String) throws(ConnectorError) -> String {
        var key = Substring(text)
        while let last = key.last, last.isWhitespace { key.removeLast() }
        guard !key.isEmpty, key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw ConnectorError(
                .noKey, "the key is not one line of text", at: place,
                remedy: "it should hold the key and nothing else")
        }
        return String(key)
    }

    private func text(ofFile path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // No key is as long as this; a file that is, is none.
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            filled += count
        }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }
}

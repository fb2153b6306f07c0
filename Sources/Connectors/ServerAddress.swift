/// Where a server is: what `https://HOST:PORT/PATH` says, and nothing secret.
public struct ServerAddress: Sendable, Hashable {
    /// A name with its value, as a query has them.
    public struct Parameter: Sendable, Hashable {
        /// The name.
        public var name: String
        /// The value.
        public var value: String

        /// A parameter.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Whether the connection is encrypted.
    public var isEncrypted: Bool
    /// The name or number of the machine; an IPv6 address in brackets.
    public var host: String
    /// The port; `nil` for the usual one.
    public var port: Int?
    /// The path, with its first slash, as it stands in the address.
    public var path: String
    /// What stands behind the question mark, decoded.
    public var parameters: [Parameter]

    /// Reads an address.
    ///
    /// Parameters are decoded as RFC 3986 says: `%20` is a space, and `+` is a plus, which queries use more than forms do.
    ///
    /// - Parameter text: `http://…` or `https://…`.
    /// - Throws: ``ConnectorError`` where it is no such address, and where a user or a password stands in it, which every list of
    ///   processes would show.
    public init(_ text: String) throws(ConnectorError) {
        guard let (scheme, rest) = text.cut(at: "://"), ["http", "https"].contains(scheme.lowercased()) else {
            throw Self.unreadable(text)
        }
        isEncrypted = scheme.lowercased() == "https"
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else {
            throw ConnectorError(
                .badAddress, "an address must not hold a user or a password",
                at: "\(scheme)://\(authority.split(separator: "@").last ?? "")",
                remedy: "leave them out, and set the variables that docs/servers.md names, or files")
        }
        let (host, port) = try Self.hostAndPort(authority, of: text)
        (self.host, self.port) = (host, port)
        let tail = rest.dropFirst(authority.count)
        path = String(tail.prefix { $0 != "?" })
        let query = tail.dropFirst(path.count).dropFirst()
        parameters = try query.split(separator: "&").map { pair throws(ConnectorError) in
            let (name, value) = pair.cut(at: "=") ?? (String(pair), "")
            guard let name = name.percentDecoded, let value = value.percentDecoded else {
                throw Self.unreadable(text)
            }
            return Parameter(name, value)
        }
        if path.isEmpty { path = "/" }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw Self.unreadable(text) }
    }

    private static func hostAndPort(
        _ authority: Substring, of text: String
    ) throws(ConnectorError) -> (String, Int?) {
        var host = authority
        var digits: Substring?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            digits = authority[authority.index(after: colon)...]
        }
        let isNumber = host.hasPrefix("[") && host.hasSuffix("]")
        let isName = !host.contains(":")
        let port = digits.flatMap { $0.allSatisfy(\.isASCIIDigit) ? Int($0) : nil }
        guard !host.isEmpty, isNumber || isName,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }),
            digits == nil || port.map((1...65_535).contains) == true
        else { throw unreadable(text) }
        return (String(host), port)
    }

    private static func unreadable(_ text: String) -> ConnectorError {
        ConnectorError(
            .badAddress, "this is no address of a server", at: String(text.prefix { $0 != "?" && $0 != "@" }),
            remedy: "write it as https://HOST:PORT/PATH, with %26 for & and %25 for % inside of values")
    }

    /// The address without its parameters, as messages show it.
    public var place: String { "\(origin)\(path)" }

    /// The server without a path.
    public var origin: String {
        "\(isEncrypted ? "https" : "http")://\(host)\(port.map { ":\($0)" } ?? "")"
    }

    /// The whole address, encoded.
    public var text: String {
        parameters.isEmpty ? place : "\(place)?\(ServerAddress.form(parameters))"
    }

    /// The same server with a path below this one, and other parameters.
    ///
    /// - Parameter path: is encoded where it must be; slashes stay.
    public func appending(_ path: String, _ parameters: [Parameter] = []) -> ServerAddress {
        var address = self
        let base = self.path.hasSuffix("/") ? String(self.path.dropLast()) : self.path
        address.path = "\(base)/\(path.percentEncoded(keeping: "/"))"
        address.parameters = parameters
        return address
    }

    /// Parameters as `application/x-www-form-urlencoded`.
    public static func form(_ parameters: [Parameter]) -> String {
        parameters.map { "\($0.name.percentEncoded())=\($0.value.percentEncoded())" }.joined(separator: "&")
    }

    /// Whether the server is on this machine, so that nobody between could read along.
    public var isLoopback: Bool {
        host == "localhost" || host == "[::1]"
            || host.hasPrefix("127.") && host.allSatisfy { $0 == "." || $0.isASCIIDigit }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

extension StringProtocol {
    /// What stands before and behind the first place of a separator.
    func cut(at separator: String) -> (String, String)? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(separator) {
                return (String(self[..<start]), String(self[index(start, offsetBy: separator.count)...]))
            }
            start = index(after: start)
        }
        return nil
    }

    /// The text with `%XX` decoded; `nil` where that is no text.
    var percentDecoded: String? {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexDigit, let low = rest.popFirst()?.hexDigit else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The text with all but the unreserved characters of RFC 3986 as `%XX`.
    func percentEncoded(keeping kept: String = "") -> String {
        var text = ""
        for byte in utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~".unicodeScalars.contains(scalar) || kept.unicodeScalars.contains(scalar)
            if isPlain {
                text.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }
}

extension UInt8 {
    fileprivate var hexDigit: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}

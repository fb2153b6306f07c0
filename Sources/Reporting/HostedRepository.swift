public import DeployModel

/// A repository as the site that hosts it shows it: the addresses of its commits, and of lines of its files.
///
/// GitHub, GitLab and Gitea (Forgejo, Codeberg) are told by the host's name, under a domain of one's own too; of Bitbucket only
/// the public one, whose addresses differ from those of a server of one's own.
public struct HostedRepository: Sendable, Hashable {
    private enum Site: Hashable { case gitHub, gitLab, bitbucket, gitea }

    private let site: Site
    /// The page of the repository: `https://github.com/darklang/dark`.
    public let page: String

    /// Reads the address that a repository is fetched from.
    ///
    /// - Parameter remote: as git writes it: `git@github.com:darklang/dark.git`, `https://…`, `ssh://…`. What it says of users and
    ///   passwords is left out.
    /// - Returns: `nil` where no known site stands behind it, or where anything in it would have to be guessed.
    public init?(remote: String) {
        guard remote.utf8.count <= 500, let place = Place(remote), let site = Self.site(place.host) else {
            return nil
        }
        var segments = place.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if segments.first == "" { segments.removeFirst() }
        if segments.last == "" { segments.removeLast() }
        if let last = segments.last, last.hasSuffix(".git") { segments[segments.count - 1].removeLast(4) }
        guard segments.allSatisfy({ Self.isPlain($0) }),
            site == .gitLab ? (2...20).contains(segments.count) : segments.count == 2
        else { return nil }
        self.site = site
        page = "\(place.origin)/\(segments.joined(separator: "/"))"
    }

    /// The page of a commit.
    public func address(of commit: CommitID) -> String {
        switch site {
        case .gitHub, .gitea: "\(page)/commit/\(commit.hex)"
        case .gitLab: "\(page)/-/commit/\(commit.hex)"
        case .bitbucket: "\(page)/commits/\(commit.hex)"
        }
    }

    /// The page of some lines of a file as it is at a commit; `nil` where no address can be made of the path.
    public func address(of path: String, lines: ClosedRange<Int>, at commit: CommitID) -> String? {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { ["", ".", ".."].contains($0) }) else { return nil }
        let file = segments.map { Self.encoded($0) }.joined(separator: "/")
        let (first, last) = (lines.lowerBound, lines.upperBound)
        let isOne = first == last
        let address =
            switch site {
            case .gitHub: "\(page)/blob/\(commit.hex)/\(file)#L\(first)\(isOne ? "" : "-L\(last)")"
            case .gitLab: "\(page)/-/blob/\(commit.hex)/\(file)#L\(first)\(isOne ? "" : "-\(last)")"
            case .bitbucket: "\(page)/src/\(commit.hex)/\(file)#lines-\(first)\(isOne ? "" : ":\(last)")"
            case .gitea: "\(page)/src/commit/\(commit.hex)/\(file)#L\(first)\(isOne ? "" : "-L\(last)")"
            }
        // Longer ones are cut by terminals, and lead elsewhere.
        return address.utf8.count <= 2083 ? address : nil
    }

    private static func site(_ host: String) -> Site? {
        let labels = host.split(separator: ".")
        if host == "bitbucket.org" { return .bitbucket }
        if labels.contains(where: { ["github", "ghe"].contains($0) }) { return .gitHub }
        if labels.contains("gitlab") { return .gitLab }
        if host == "codeberg.org" || labels.contains(where: { ["gitea", "forgejo"].contains($0) }) {
            return .gitea
        }
        return nil
    }

    /// Whether a segment of an address means nothing but itself.
    private static func isPlain(_ segment: String) -> Bool {
        !segment.isEmpty && segment != "." && segment != ".."
            && segment.utf8.allSatisfy { isUnreserved($0) }
    }

    private static func encoded(_ segment: Substring) -> String {
        segment.utf8.reduce(into: "") { result, byte in
            if isUnreserved(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }

    /// The characters that RFC 3986 lets stand anywhere.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
}

/// Where a remote is: the host, and the path of the repository on it.
private struct Place {
    /// Scheme, host and port of the pages.
    var origin: String
    /// In small letters.
    var host: String
    var path: String

    init?(_ remote: String) {
        if let scheme = remote.firstRange(of: "://") {
            let name = remote[..<scheme.lowerBound].lowercased()
            guard ["https", "http", "ssh", "git", "git+ssh", "ssh+git"].contains(name) else { return nil }
            let rest = remote[scheme.upperBound...]
            guard let slash = rest.firstIndex(of: "/") else { return nil }
            self.init(authority: rest[..<slash], path: rest[slash...], scheme: name)
        } else {
            // user@host:path; what has a slash before the colon is a path of this machine.
            guard let colon = remote.firstIndex(of: ":"), !remote[..<colon].contains("/") else { return nil }
            self.init(
                authority: remote[..<colon], path: remote[remote.index(after: colon)...], scheme: "ssh")
        }
    }

    private init?(authority: Substring, path: Substring, scheme: String) {
        let named = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let parts = named.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.first?.lowercased() else { return nil }
        let port = parts.count == 2 ? parts[1] : ""
        let isName = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
        // A name without a dot is one of ~/.ssh/config, which only ssh knows.
        guard isName, name.contains("."), port.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        // What answers where firewalls let only https pass.
        let aliases = [
            "ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com",
            "altssh.bitbucket.org": "bitbucket.org",
        ]
        host = aliases[name] ?? name
        let isWeb = scheme.hasPrefix("http")
        // The port of ssh is not the one of the pages.
        origin = "\(isWeb ? scheme : "https")://\(host)\(isWeb && !port.isEmpty ? ":\(port)" : "")"
        self.path = String(path)
    }
}

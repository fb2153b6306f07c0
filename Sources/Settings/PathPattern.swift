/// Which paths are meant: `*` and `?` stand for characters of one name, `**` for any number of folders, and a pattern that ends
/// in `/`, or that names a folder, for everything below it. A pattern without `/` is about a name wherever it is.
public struct PathPattern: Sendable, Hashable {
    /// As it was written.
    public var text: String
    private let parts: [[Character]]
    /// Whether it may name a folder: its last part is a name as it stands.
    private let namesFolder: Bool

    /// A pattern.
    public init(_ text: String) {
        self.text = text
        var path = text.hasPrefix("./") ? String(text.dropFirst(2)) : text
        if path.hasSuffix("/") { path += "**" }
        if !path.contains("/") { path = "**/" + path }
        if path.hasPrefix("/") { path.removeFirst() }
        parts = path.split(separator: "/").map(Array.init)
        namesFolder = parts.last.map { !$0.contains("*") && !$0.contains("?") } ?? false
    }

    /// Whether it means a path, which is written from the repository's root.
    public func matches(_ path: String) -> Bool {
        let names = path.split(separator: "/").map(Array.init)
        // Which beginnings of the pattern each beginning of the path may have used up.
        var reached = [Bool](repeating: false, count: parts.count + 1)
        reached[0] = true
        spread(&reached)
        for name in names {
            var next = [Bool](repeating: false, count: parts.count + 1)
            for index in parts.indices where reached[index] {
                if parts[index] == ["*", "*"] {
                    next[index] = true
                } else if Self.matches(name, parts[index]) {
                    next[index + 1] = true
                }
            }
            reached = next
            spread(&reached)
            if namesFolder, reached[parts.count] { return true }
        }
        return reached[parts.count]
    }

    /// `**` may stand for no folder at all.
    private func spread(_ reached: inout [Bool]) {
        for index in parts.indices where reached[index] && parts[index] == ["*", "*"] {
            reached[index + 1] = true
        }
    }

    /// One name against one part, by the last star that may take more.
    private static func matches(_ name: [Character], _ part: [Character]) -> Bool {
        var (n, p) = (0, 0)
        var retry: (name: Int, part: Int)?
        while n < name.count {
            if p < part.count, part[p] == "*" {
                retry = (n, p)
                p += 1
            } else if p < part.count, part[p] == "?" || part[p] == name[n] {
                n += 1
                p += 1
            } else if let (from, star) = retry {
                retry = (from + 1, star)
                n = from + 1
                p = star + 1
            } else {
                return false
            }
        }
        return part[p...].allSatisfy { $0 == "*" }
    }
}

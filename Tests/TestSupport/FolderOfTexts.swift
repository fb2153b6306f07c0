public import DeployModel

/// The files of a commit as a dictionary: configuration is tested without git.
public struct FolderOfTexts: SourceTree, ExpressibleByDictionaryLiteral, Sendable {
    private var texts: [String: String]
    private let symbolic: Set<String>

    /// Files by path.
    public init(dictionaryLiteral elements: (String, String)...) {
        texts = Dictionary(elements, uniquingKeysWith: { _, last in last })
        symbolic = []
    }

    /// Files by path.
    public init(_ texts: [String: String], links: Set<String> = []) {
        self.texts = texts
        symbolic = links
    }

    /// The paths of symbolic links.
    public func links() -> Set<String> { symbolic }

    /// The paths, sorted.
    public func paths() -> [String] { texts.keys.sorted() }

    /// The bytes of a file.
    public func contents(of path: String) -> [UInt8]? { texts[path].map { Array($0.utf8) } }

    /// The text itself.
    public func fingerprint(of path: String) -> String? { texts[path] }

    /// Whole words, line by line.
    public func occurrences(of names: Set<String>) -> [String: [Occurrence]] {
        var found: [String: [Occurrence]] = [:]
        for path in paths() {
            for (index, line) in (texts[path] ?? "").split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                let words = Set(line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
                for name in words.intersection(names) {
                    found[name, default: []].append(Occurrence(path: path, line: index + 1))
                }
            }
        }
        return found.mapValues { $0.sorted() }
    }

    /// What differs from another folder, by path alone.
    public func changes(from before: FolderOfTexts) -> [FileChange] {
        Set(texts.keys).union(before.texts.keys).sorted().compactMap { path in
            switch (before.texts[path], texts[path]) {
            case (let old?, let new?): old == new ? nil : FileChange(path: path, status: .modified)
            case (nil, _?): FileChange(path: path, status: .added)
            case (_?, nil): FileChange(path: path, status: .removed)
            case (nil, nil): nil
            }
        }
    }
}

import ConfigTree
import DeployModel

/// Files that were read for other kustomizations or other commits, by their contents, and what kustomizations put out.
///
/// What is found does not depend on what is cached. For one thread.
public final class KustomizeCache {
    private struct Key: Hashable {
        var path: String
        var fingerprint: String
    }

    /// A file's documents.
    struct Contents {
        var documents: [(tree: RenderedTree, span: SourceSpan)]
        var first: ConfigDocument?
        var isBroken: Bool
        var isLarge = false
        var bytes: Int
    }

    /// What a folder put out, and the files that decided it: as long as these stay, so does the result.
    private struct Known {
        var files: [String: String?]
        var rendering: Rendering
    }

    private var contents: [Key: Contents] = [:]
    private var bytes = 0
    private static let mostBytes = 64 << 20
    private static let mostFileBytes = 1 << 20

    private var kustomizations: [Key: Kustomization?] = [:]
    private static let mostKustomizations = 50_000
    private var known: [String: Known] = [:]
    private static let mostKnown = 2000
    private static let mostKnownObjects = 20_000
    private var knownObjects = 0

    /// The graphs of the latest commits: most commits change no kustomization.
    private var graphs: [(files: [KustomizationGraph.Version], graph: KustomizationGraph)] = []
    private static let mostGraphs = 4

    /// An empty cache.
    public init() {}

    /// The documents of a file, none of one larger than a mebibyte; `nil` for one that is not there.
    func contents(at path: String, in tree: any SourceTree) throws -> Contents? {
        guard let fingerprint = try tree.fingerprint(of: path) else { return nil }
        let key = Key(path: path, fingerprint: fingerprint)
        if let found = contents[key] { return found }
        guard let bytes = try tree.contents(of: path) else { return nil }
        let found =
            bytes.count <= Self.mostFileBytes
            ? Self.parsed(path: path, bytes)
            : Contents(documents: [], first: nil, isBroken: false, isLarge: true, bytes: 0)
        if self.bytes + found.bytes > Self.mostBytes {
            contents.removeAll()
            self.bytes = 0
        }
        contents[key] = found
        self.bytes += found.bytes
        return found
    }

    /// A kustomization file taken apart; `nil` for what is none.
    func kustomization(at path: String, in tree: any SourceTree) throws -> Kustomization? {
        guard let fingerprint = try tree.fingerprint(of: path) else { return nil }
        let key = Key(path: path, fingerprint: fingerprint)
        if let found = kustomizations[key] { return found }
        if kustomizations.count >= Self.mostKustomizations { kustomizations.removeAll() }
        let found = try contents(at: path, in: tree).flatMap { Kustomization(path: path, document: $0.first) }
        kustomizations[key] = found
        return found
    }

    /// What the kustomization files use, where exactly these were read before.
    func graph(of files: [KustomizationGraph.Version]) -> KustomizationGraph? {
        graphs.first { $0.files == files }?.graph
    }

    /// Keeps what kustomization files use.
    func keep(_ graph: KustomizationGraph, of files: [KustomizationGraph.Version]) {
        if graphs.count >= Self.mostGraphs { graphs.removeFirst() }
        graphs.append((files, graph))
    }

    /// What a folder put out before, if every file that decided it is the same.
    func rendering(of folder: String, in tree: any SourceTree) throws -> Rendering? {
        guard let known = known[folder] else { return nil }
        for (path, fingerprint) in known.files where try tree.fingerprint(of: path) != fingerprint {
            return nil
        }
        return known.rendering
    }

    /// Keeps what a folder puts out.
    func keep(_ rendering: Rendering, of folder: String, in tree: any SourceTree) throws {
        if known.count >= Self.mostKnown || knownObjects >= Self.mostKnownObjects {
            known.removeAll()
            knownObjects = 0
        }
        knownObjects += rendering.objects.count
        var files: [String: String?] = [:]
        for path in rendering.files { files[path] = .some(try tree.fingerprint(of: path)) }
        known[folder] = Known(files: files, rendering: rendering)
    }

    /// Reads a file that a kustomization names, whatever its name ends with: it is YAML, of which JSON is a part.
    static func parsed(path: String, _ bytes: [UInt8], above: Int = 0) -> Contents {
        var isYAML = false
        if let format = configFormat(of: path, contents: bytes) {
            isYAML = format == .yaml || format == .json
        }
        let file = parseConfig(path: isYAML ? path : "text.yaml", contents: bytes)
        var documents: [(tree: RenderedTree, span: SourceSpan)] = []
        for document in file?.documents ?? [] {
            guard let root = document.root, document.reading == .parsed else { continue }
            let tree = RenderedTree(root, path: path, above: above)
            let lines = document.lines.lowerBound + above...document.lines.upperBound + above
            let isList = tree["kind"]?.text?.hasSuffix("List") ?? false
            if isList, let items = root["items"]?.elements {
                for item in items {
                    documents.append(
                        (
                            RenderedTree(item, path: path, above: above),
                            SourceSpan(
                                path: path,
                                lines: item.start.line + above...max(item.start.line, item.end.line) + above)
                        ))
                }
            } else {
                documents.append((tree, SourceSpan(path: path, lines: lines)))
            }
        }
        return Contents(
            documents: documents, first: file?.documents.first,
            isBroken: file?.documents.contains { $0.reading == .outlined } ?? true, bytes: bytes.count)
    }
}

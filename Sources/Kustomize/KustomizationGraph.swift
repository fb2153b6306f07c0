public import DeployModel

/// Which kustomizations of a commit use which files and folders.
public struct KustomizationGraph: Sendable {
    /// The folders with a kustomization that is none of a component's, by path.
    public private(set) var folders: Set<String> = []
    /// What lists a file or a folder: folders of kustomizations.
    private var users: [String: Set<String>] = [:]
    private var components: Set<String> = []
    private static let mostKustomizations = 20_000

    /// Reads the kustomization files of a tree, which are small.
    ///
    /// - Throws: what the tree throws.
    public init(_ tree: any SourceTree, cache: KustomizeCache) throws {
        let paths = try tree.paths().filter(Kustomization.isFile).prefix(Self.mostKustomizations)
        let files = try paths.map { Version(path: $0, fingerprint: try tree.fingerprint(of: $0)) }
        if let known = cache.graph(of: files) {
            self = known
            return
        }
        for path in files.map(\.path) {
            guard let found = try cache.kustomization(at: path, in: tree) else { continue }
            if found.isComponent { components.insert(found.folder) } else { folders.insert(found.folder) }
            users[path, default: []].insert(found.folder)
            for reference in found.references { users[reference, default: []].insert(found.folder) }
        }
        cache.keep(self, of: files)
    }

    /// A file as it is at some commits.
    struct Version: Hashable {
        var path: String
        var fingerprint: String?
    }

    /// Whether there is nothing to render.
    public var isEmpty: Bool { folders.isEmpty }

    /// The kustomizations that nobody in the tree uses, and that some of the paths have a say in, sorted.
    ///
    /// - Parameter paths: files, whether they are there or not.
    public func roots(using paths: some Sequence<String>) -> [String] {
        var open = paths.flatMap { users[$0] ?? [] }
        var seen = Set(open)
        var roots: Set<String> = []
        while let folder = open.popLast() {
            let above = (users[folder] ?? []).subtracting([folder])
            if above.isEmpty, folders.contains(folder) { roots.insert(folder) }
            for next in above where seen.insert(next).inserted { open.append(next) }
        }
        return roots.sorted()
    }
}

import ConfigTree
import DeployModel

/// Configuration files that were read before, and their objects, by their contents: commits in a row share most files.
///
/// For one thread.
public final class ManifestCache {
    private struct Key: Hashable {
        var path: String
        var fingerprint: String
    }

    private var manifests: [Key: [Manifest]] = [:]
    private var files: [Key: ConfigFile?] = [:]
    private static let capacity = 20_000
    /// Changed files may be large, and what a commit made is mostly what the next one changes.
    private static let fileCapacity = 100

    /// An empty cache.
    public init() {}

    func file(at path: String, in tree: any SourceTree) throws -> ConfigFile? {
        let key = try tree.fingerprint(of: path).map { Key(path: path, fingerprint: $0) }
        if let key, let known = files[key] { return known }
        guard let contents = try tree.contents(of: path), contents.count <= 4 << 20 else { return nil }
        let file = parseConfig(path: path, contents: contents)
        if files.count >= Self.fileCapacity { files.removeAll() }
        if let key { files[key] = file }
        return file
    }

    func manifests(at path: String, in tree: any SourceTree, _ read: () throws -> [Manifest]) throws
        -> [Manifest]
    {
        guard let fingerprint = try tree.fingerprint(of: path) else { return try read() }
        let key = Key(path: path, fingerprint: fingerprint)
        if let known = manifests[key] { return known }
        let found = try read()
        if manifests.count >= Self.capacity { manifests.removeAll() }
        manifests[key] = found
        return found
    }
}

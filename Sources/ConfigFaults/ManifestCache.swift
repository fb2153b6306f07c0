import ConfigTree
import DeployModel
import Kustomize

/// Configuration files that were read before, and their objects, by their contents: commits in a row share most files.
///
/// What is found does not depend on what is cached. For one thread.
public final class ManifestCache {
    private struct Key: Hashable {
        var path: String
        var fingerprint: String
    }

    /// The objects of a file, with its size.
    struct Contents {
        var manifests: [Manifest]
        var bytes: Int
    }

    /// What was read for kustomizations, and what they put out.
    let kustomizations = KustomizeCache()
    private var objects: [Key: Contents] = [:]
    private var bytes = 0
    private var files: [Key: ConfigFile?] = [:]
    private static let mostBytes = 64 << 20
    /// Changed files may be large, and what a commit made is mostly what the next one changes.
    private static let mostFiles = 100

    private var templates: [Key: TemplateFile] = [:]
    private var readings: [String: TemplateReading] = [:]
    private static let mostTemplates = 2000
    private static let mostReadings = 60

    private var scripts: [Key: [HelmCommand]] = [:]
    private var releaseHolders: [Key: Bool] = [:]
    private static let mostHolders = 200_000
    private var roles: [String: PathRole] = [:]
    private static let mostScripts = 5_000
    private static let mostRoles = 200_000

    /// An empty cache.
    public init() {}

    /// The commands of a script that run `helm`; none of one larger than a mebibyte.
    func helmCommands(at path: String, in tree: any SourceTree) throws -> [HelmCommand] {
        let key = try key(path, tree)
        if let key, let known = scripts[key] { return known }
        guard let contents = try tree.contents(of: path), contents.count <= 1 << 20 else { return [] }
        let found = HelmCommand.all(in: String(decoding: contents, as: UTF8.self))
        if scripts.count >= Self.mostScripts { scripts.removeAll() }
        if let key { scripts[key] = found }
        return found
    }

    /// Whether a file names a kind of object that installs charts.
    func mayHoldReleases(at path: String, in tree: any SourceTree) throws -> Bool {
        let key = try key(path, tree)
        if let key, let known = releaseHolders[key] { return known }
        guard let contents = try tree.contents(of: path) else { return false }
        let isHolder = contents.count <= 1 << 20 && namesRelease(contents)
        if releaseHolders.count >= Self.mostHolders { releaseHolders.removeAll() }
        if let key { releaseHolders[key] = isHolder }
        return isHolder
    }

    /// What a file may have to do with releases, by its path.
    func role(ofPath path: String) -> PathRole {
        if let known = roles[path] { return known }
        let role = PathRole(path)
        if roles.count >= Self.mostRoles { roles.removeAll() }
        roles[path] = role
        return role
    }

    /// A file as a tree; `nil` for what is none, or is larger than four mebibytes.
    func file(at path: String, in tree: any SourceTree) throws -> ConfigFile? {
        let key = try key(path, tree)
        if let key, let known = files[key] { return known }
        guard let contents = try tree.contents(of: path), contents.count <= 4 << 20 else { return nil }
        let file = parseConfig(path: path, contents: contents)
        if files.count >= Self.mostFiles { files.removeAll() }
        if let key { files[key] = file }
        return file
    }

    /// The objects of a file; `nil` for one that is gone or larger than a mebibyte.
    func contents(at path: String, in tree: any SourceTree) throws -> Contents? {
        let key = try key(path, tree)
        if let key, let known = objects[key] { return known }
        guard let contents = try tree.contents(of: path), contents.count <= 1 << 20 else { return nil }
        let found = Contents(
            manifests: parseConfig(path: path, contents: contents).map(manifests(of:)) ?? [],
            bytes: contents.count)
        if bytes + found.bytes > Self.mostBytes {
            objects.removeAll()
            bytes = 0
        }
        if let key {
            objects[key] = found
            bytes += found.bytes
        }
        return found
    }

    /// A file as the template of a chart; `nil` for one that is gone, is no text or is larger than half a mebibyte.
    func template(at path: String, in tree: any SourceTree) throws -> TemplateFile? {
        let key = try key(path, tree)
        if let key, let known = templates[key] { return known }
        guard let contents = try tree.contents(of: path), contents.count <= 1 << 19, !contents.contains(0)
        else {
            return nil
        }
        let file = TemplateFile(path: path, contents: contents)
        if templates.count >= Self.mostTemplates { templates.removeAll() }
        if let key { templates[key] = file }
        return file
    }

    /// What is known of the templates of a chart, by all that it depends on.
    func reading(ofChart key: String, _ read: () throws -> TemplateReading) rethrows -> TemplateReading {
        if let known = readings[key] { return known }
        let reading = try read()
        if readings.count >= Self.mostReadings { readings.removeAll() }
        readings[key] = reading
        return reading
    }

    /// The tree of a file that is one mapping and no object; `nil` for any other.
    func values(at path: String, in tree: any SourceTree) throws -> ConfigNode? {
        guard let manifests = try contents(at: path, in: tree)?.manifests, manifests.count == 1,
            manifests[0].object.kind == ConfigFormat.yaml.rawValue,
            case .mapping = manifests[0].root.kind
        else { return nil }
        return manifests[0].root
    }

    private func key(_ path: String, _ tree: any SourceTree) throws -> Key? {
        try tree.fingerprint(of: path).map { Key(path: path, fingerprint: $0) }
    }
}

import ConfigTree
import DeployModel
import Kustomize

/// Values by key, of which the older half goes when there are too many: what is in use is put in again.
private struct TwoGenerations<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let most: Int

    /// - Parameter most: how many a generation holds.
    init(most: Int) { self.most = most }

    mutating func value(of key: Key) -> Value? {
        if let found = young[key] { return found }
        guard let found = old[key] else { return nil }
        keep(found, of: key)
        return found
    }

    mutating func keep(_ value: Value, of key: Key) {
        if young.count >= most {
            old = young
            young = [:]
        }
        young[key] = value
    }
}

/// Configuration files that were read before, and their objects, by their contents: commits in a row share most files.
///
/// What is found does not depend on what is cached. For one thread.
public final class ManifestCache {
    fileprivate struct Key: Hashable {
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
    /// A file as a tree, with its objects.
    struct ReadFile: Sendable {
        var file: ConfigFile
        var manifests: [Manifest]
    }

    /// Changed files may be large, and what a commit made is mostly what the next one changes.
    private var files = TwoGenerations<Key, ReadFile?>(most: 50)
    private static let mostBytes = 64 << 20

    private var templates = TwoGenerations<Key, TemplateFile>(most: 3000)
    private var readings = TwoGenerations<String, TemplateReading>(most: 300)
    private var folders: [String: [Substring]?] = [:]
    private static let mostFolders = 200_000

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

    /// Files larger than this are not read as trees.
    static let mostTreeBytes = 4 << 20

    /// What is known of a file as a tree.
    enum Reading {
        /// It was read before, or there is nothing to read: the file is gone, no configuration, or larger than four mebibytes.
        case known(ReadFile?)
        /// It is still to be read.
        case unread(UnreadFile)
    }

    /// A file that is to be read as a tree.
    struct UnreadFile: Sendable {
        fileprivate var key: Key?
        fileprivate var path: String
        fileprivate(set) var contents: [UInt8]

        /// The tree with its objects; `nil` where it is no configuration. Any thread may do it.
        func read() -> ReadFile? {
            parseConfig(path: path, contents: contents).map {
                ReadFile(file: $0, manifests: manifests(of: $0))
            }
        }
    }

    /// A file as a tree, or what it is to be read from.
    func reading(at path: String, in tree: any SourceTree) throws -> Reading {
        let key = try key(path, tree)
        if let key, let known = files.value(of: key) { return .known(known) }
        guard let contents = try tree.contents(of: path), contents.count <= Self.mostTreeBytes else {
            return .known(nil)
        }
        return .unread(UnreadFile(key: key, path: path, contents: contents))
    }

    /// A file as a tree, read now unless it was before.
    func file(at path: String, in tree: any SourceTree) throws -> ConfigFile? {
        switch try reading(at: path, in: tree) {
        case .known(let read): return read?.file
        case .unread(let file):
            let read = file.read()
            keep(read, of: file)
            return read?.file
        }
    }

    /// Keeps what a file was read as.
    func keep(_ read: ReadFile?, of file: UnreadFile) {
        if let key = file.key { files.keep(read, of: key) }
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
        if let key, let known = templates.value(of: key) { return known }
        guard let contents = try tree.contents(of: path), contents.count <= 1 << 19, !contents.contains(0)
        else {
            return nil
        }
        let file = TemplateFile(path: path, contents: contents)
        if let key { templates.keep(file, of: key) }
        return file
    }

    /// What is known of the templates of a chart, by all that it depends on.
    func reading(ofChart key: String, _ read: () throws -> TemplateReading) rethrows -> TemplateReading {
        if let known = readings.value(of: key) { return known }
        let reading = try read()
        readings.keep(reading, of: key)
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

    /// The folders that a file is in, the outermost first; `nil` for one that can hold no objects, by its path.
    func manifestFolders(of path: String) -> [Substring]? {
        if let known = folders[path] { return known }
        let found = isManifestPath(path) ? path.split(separator: "/").dropLast() as Array : nil
        if folders.count >= Self.mostFolders { folders.removeAll() }
        folders[path] = .some(found)
        return found
    }

    private func key(_ path: String, _ tree: any SourceTree) throws -> Key? {
        try tree.fingerprint(of: path).map { Key(path: path, fingerprint: $0) }
    }
}

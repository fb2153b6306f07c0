import ConfigTree
import DeployModel

/// What a file may have to do with releases, by its path.
struct PathRole: OptionSet, Sendable {
    var rawValue: UInt8

    static let helmfile = PathRole(rawValue: 1)
    static let script = PathRole(rawValue: 2)
    /// The path speaks of what installs charts.
    static let hint = PathRole(rawValue: 4)
    /// YAML that is no Helmfile.
    static let yaml = PathRole(rawValue: 8)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ path: String) {
        self = []
        let name = path.split(separator: "/").last?.lowercased() ?? ""
        if ReleaseIndex.isHelmfile(path) {
            insert(.helmfile)
        } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            insert(.yaml)
        }
        if isSetup(path) || isPipeline(path) || name.hasSuffix(".bash")
            || ["justfile", "tiltfile", "skaffold.yaml"].contains(name)
        {
            insert(.script)
        }
        if ["helm", "flux", "argo"].contains(where: path.holds) { insert(.hint) }
    }
}

/// Whether a text says `kind: HelmRelease`, `kind: Application` or the like.
func namesRelease(_ text: [UInt8]) -> Bool {
    let key = Array("kind:".utf8)
    let kinds = [Array("HelmRelease".utf8), Array("Application".utf8)]
    var place = 0
    while place + key.count < text.count {
        guard text[place] == key[0], text[place...].starts(with: key) else {
            place += 1
            continue
        }
        place += key.count
        let value = text[place...].drop { $0 == 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") }
        if kinds.contains(where: value.starts) { return true }
    }
    return false
}

/// What installs the charts of one commit, read when it is asked for.
final class ReleaseIndex: ReleaseFiles {
    private let tree: any SourceTree
    private let cache: ManifestCache
    private let charts: HelmCharts
    private var known: [ChartRelease]?
    private var byFile: [String: [(release: Int, layer: Int)]] = [:]

    private static let mostFiles = 1_000

    init(_ tree: any SourceTree, cache: ManifestCache, charts: HelmCharts) {
        self.tree = tree
        self.cache = cache
        self.charts = charts
    }

    // MARK: What is there

    /// All releases of the commit.
    func releases() throws -> [ChartRelease] {
        if let known { return known }
        known = []
        let found = try read()
        for (index, release) in found.enumerated() {
            for (layer, values) in release.layers.enumerated() where values.place == .file {
                byFile[values.path, default: []].append((index, layer))
            }
        }
        known = found
        return found
    }

    /// The releases that a file gives values to, each with the place of the file among its layers.
    func releases(using path: String) throws -> [(release: ChartRelease, layer: Int)] {
        let all = try releases()
        return (byFile[path] ?? []).map { (all[$0.release], $0.layer) }
    }

    /// The releases of a chart of the repository.
    func releases(of folder: String) throws -> [ChartRelease] {
        try releases().filter {
            try charts.candidate(of: $0) == folder && charts.folder(of: $0) == folder
        }
    }

    private func read() throws -> [ChartRelease] {
        let paths = try tree.paths()
        let roles = paths.map(cache.role(ofPath:))
        func all(_ role: PathRole) -> some Sequence<String> {
            zip(paths, roles).lazy.filter { $1.contains(role) }.map(\.0).prefix(Self.mostFiles)
        }
        var found = try all(.helmfile).flatMap { try releases(in: $0) }
        guard !charts.folders.isEmpty || roles.contains(where: { $0.contains(.hint) }) else { return found }
        var objects = 0
        for (path, role) in zip(paths, roles) where role.contains(.yaml) && objects < Self.mostFiles {
            guard try cache.mayHoldReleases(at: path, in: tree) else { continue }
            found += try releases(in: path)
            objects += 1
        }
        for path in all(.script) {
            found += try cache.helmCommands(at: path, in: tree).compactMap {
                try ChartRelease(command: $0, at: path, files: self)
            }
        }
        return found
    }

    private func releases(in path: String) throws -> [ChartRelease] {
        guard Self.isYAML(path), let manifests = try cache.contents(at: path, in: tree)?.manifests else {
            return []
        }
        return try releases(of: manifests, at: path)
    }

    /// The releases that the objects of a file make.
    func releases(of manifests: [Manifest], at path: String) throws -> [ChartRelease] {
        guard !Self.isHelmfile(path) else {
            return try ChartRelease.all(
                ofHelmfile: manifests.map { ($0.root, $0.object) }, at: path, files: self)
        }
        return try manifests.flatMap { try ChartRelease.all(of: $0, files: self) }
    }

    private static func isYAML(_ path: String) -> Bool {
        [".yaml", ".yml", ".gotmpl"].contains(where: path.hasSuffix)
    }

    /// Whether a file holds releases of Helmfile, by its name.
    static func isHelmfile(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard isYAML(path), let name = parts.last else { return false }
        return name.hasPrefix("helmfile") || parts.dropLast().last == "helmfile.d"
    }

    // MARK: Files

    /// The releases in the folder of a file whose charts come from an object.
    func releases(from source: ConfigObject, near path: String) throws -> [ChartRelease] {
        let folder = parentFolder(of: path)
        let beside = charts.paths(below: folder.isEmpty ? "" : folder + "/")
        return try beside.filter { Self.isYAML($0) && parentFolder(of: $0) == folder }.prefix(60)
            .flatMap { try releases(in: $0) }
            .filter { $0.source?.kind == source.kind && $0.source?.name == source.name }
    }

    func values(at path: String) throws -> ConfigNode? { try charts.root(path) }

    func entry(_ key: String, ofConfigMap name: String, near path: String) throws -> ReleaseLayer? {
        let folder = parentFolder(of: path)
        for folder in [folder, parentFolder(of: folder)] {
            let lead = folder.isEmpty ? "" : folder + "/"
            for file in ["kustomization.yaml", "kustomization.yml"] {
                if let layer = try generated(key, name, by: lead + file, in: folder) { return layer }
            }
        }
        let beside = charts.paths(below: folder.isEmpty ? "" : folder + "/")
        for file in beside.filter({ Self.isYAML($0) && parentFolder(of: $0) == folder }).prefix(60) {
            for manifest in try cache.contents(at: file, in: tree)?.manifests ?? []
            where manifest.object.kind == "ConfigMap" && manifest.object.name == name {
                guard let root = manifest.root["data"]?[key], case .mapping = root.kind else { return nil }
                return ReleaseLayer(
                    path: file, place: .mapping([.key("data"), .key(key)]), object: manifest.object,
                    root: root)
            }
        }
        return nil
    }

    /// An entry of a ConfigMap that a kustomization makes from a file.
    private func generated(
        _ key: String, _ name: String, by file: String, in folder: String
    ) throws -> ReleaseLayer? {
        guard let manifests = try cache.contents(at: file, in: tree)?.manifests else { return nil }
        for entry in manifests.flatMap({ $0.root["configMapGenerator"]?.elements ?? [] })
        where entry["name"]?.text == name {
            for element in entry["files"]?.elements ?? [] {
                guard let text = element.text else { continue }
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                let path = plainFolder(parts.last ?? "", from: folder)
                let own = parts.count == 2 ? parts[0] : path.split(separator: "/").last.map(String.init) ?? ""
                guard own == key, let root = try values(at: path) else { continue }
                return ReleaseLayer(path: path, place: .file, root: root)
            }
        }
        return nil
    }
}

extension HelmCharts {
    /// The folder of the chart that a release installs; `nil` when it is not in the repository.
    ///
    /// A chart that is named as one of some repository of charts is taken for the only one here of that name when it has most of
    /// the keys that the release sets.
    func folder(of release: ChartRelease) throws -> String? {
        guard let candidate = try candidate(of: release) else { return nil }
        if case .folder = release.chart { return candidate }
        guard let values = release.file?.root, let chart = try chart(candidate) else { return nil }
        return try fit(of: values, at: "values.yaml", to: chart) == nil ? nil : candidate
    }

    /// The folder of the chart that a release may mean.
    func candidate(of release: ChartRelease) throws -> String? {
        switch release.chart {
        case .folder(let path):
            let folder = path.isEmpty ? "" : path + "/"
            return folders.contains(folder) ? folder : nil
        case .name(let name):
            let candidates = try foldersByName()[name] ?? []
            return candidates.count == 1 ? candidates[0] : nil
        }
    }
}

extension ChartRelease {
    /// The values at one of its layers, between those below and those above it.
    func values(around index: Int, defaults: ConfigNode?) -> ValuesLayers {
        let below = layers[..<index].map(\.root).reduce(defaults) { $1.laid(over: $0) }
        let above = layers[(index + 1)...]
        var values = ValuesLayers(own: layers[index].root, defaults: below)
        values.over = above.map(\.root).reduce(nil) { $1.laid(over: $0) }
        values.overNames = above.map { layer in
            switch layer.place {
            case .file: layer.path
            case .mapping(let lead), .settings(let lead): "\(lead.last?.name ?? "") in \(layer.path)"
            case .arguments: "--set in \(layer.path)"
            }
        }
        values.isOpen = isPartial
        return values
    }

    /// All its values, as a file that is laid over the defaults.
    var file: ValuesFile? {
        layers.map(\.root).reduce(nil) { $1.laid(over: $0) }.map {
            ValuesFile(path: path, root: $0, isDefaults: false)
        }
    }
}

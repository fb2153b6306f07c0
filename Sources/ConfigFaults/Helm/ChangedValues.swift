import ConfigTree
import DeployModel

/// The values of a chart as one of their files sees them at one commit.
struct ValuesLayers {
    /// The file itself.
    var own: ConfigNode?
    /// What it is laid over.
    var defaults: ConfigNode?
    /// The files for other environments.
    var others: [ValuesFile] = []

    /// The value that counts at the end of a way; an empty one takes away what it is laid over.
    func effective(_ way: FieldPath) -> ConfigNode? {
        let below = defaults?.node(at: way[...])
        guard let value = own?.node(at: way[...]) else { return below }
        return value.isNull ? nil : below.map { value.laid(over: $0) } ?? value
    }

    /// The value that counts at the end of a way that leads through keys alone, below what a chart's values stand under.
    func effective(_ lead: FieldPath, _ path: ValuesPath) -> ConfigNode? {
        path.keys.flatMap { effective(lead + $0) }
    }

    /// The keys of a mapping of values, those of all layers.
    func keys(_ lead: FieldPath, _ path: ValuesPath) -> [String] {
        guard let keys = path.keys else { return [] }
        let way = lead + keys
        let layers = [own, defaults] + others.map(\.root)
        return Set(layers.flatMap { $0?.node(at: way[...])?.entries.map(\.key) ?? [] }).sorted()
    }

    /// Whether any file says something there.
    func isDefinedAnywhere(_ path: ValuesPath) -> Bool {
        guard let way = path.keys else { return true }
        return effective(way) != nil || others.contains { $0.root.node(at: way[...]) != nil }
    }
}

extension ValuesLayers {
    /// The layers of a file that is laid over the defaults, and over the file beside it that is common to all environments.
    init(own: ConfigNode?, path: String, defaults: ConfigNode?, others: [ValuesFile]) {
        let common = isCommon(path) ? nil : others.first { isCommon($0.path) }
        self.own = own
        self.defaults =
            common.map { file in defaults.map { file.root.laid(over: $0) } ?? file.root } ?? defaults
        self.others = others.filter { !isCommon($0.path) }
    }
}

/// Whether the name of a file says that it holds for all environments.
private func isCommon(_ path: String) -> Bool {
    let words = FaultWords.split(path.split(separator: "/").last.map(String.init) ?? "")
    return words.contains { ["common", "base", "shared", "default", "defaults", "global"].contains($0) }
}

extension ConfigNode {
    /// A mapping of values over another: entry by entry, nothing takes an entry away.
    fileprivate func laid(over other: ConfigNode) -> ConfigNode {
        guard case .mapping(let own) = kind, case .mapping(let below) = other.kind else { return self }
        let merged = own.map { entry in
            guard let under = other[entry.key] else { return entry }
            var entry = entry
            entry.value = entry.value.laid(over: under)
            return entry
        }
        let rest = below.filter { self[$0.key] == nil }
        return ConfigNode(.mapping(rest + merged.filter { !$0.value.isNull }), start: start, end: end)
    }
}

extension ValuesPath {
    /// As a way through a tree; `nil` when it leads through whatever stands there.
    var keys: FieldPath? {
        let keys = map { step -> FieldStep? in
            guard case .key(let key) = step else { return nil }
            return .key(key)
        }
        return keys.contains(nil) ? nil : keys.compactMap { $0 }
    }
}

/// A file of values that changed, with its chart.
struct ChangedValues {
    var path: String
    var isDefaults: Bool
    var chartBefore: HelmChart?
    var chart: HelmChart
    var before: ValuesLayers
    var after: ValuesLayers
    let index = ValuesIndex()
}

/// A use of a value, and where the value stands as the chart of the use sees it.
struct SeenUse {
    var chart: HelmChart
    var use: ValueUse
    var way: FieldPath

    /// The place in words, from the chart's folder.
    var place: String {
        let file =
            use.file.hasPrefix(chart.folder) ? String(use.file.dropFirst(chart.folder.count)) : use.file
        return "\(file):\(use.line)"
    }
}

/// The charts that a change of the configuration has to do with.
final class ChangedCharts {
    private let before: HelmCharts?
    private let after: HelmCharts
    private(set) var files: [String: ChangedValues] = [:]
    /// The charts whose templates changed.
    private(set) var templated: Set<String> = []

    /// - Returns: `nil` when no chart is touched.
    init?(
        _ files: [FileChange], changed: [ChangedFile], before: (any SourceTree)?, after: any SourceTree,
        cache: ManifestCache
    ) throws {
        let telling = [".yaml", ".yml", ".tpl"]
        guard files.contains(where: { file in telling.contains(where: file.path.hasSuffix) }) else {
            return nil
        }
        self.after = try HelmCharts(after, cache: cache)
        guard !self.after.folders.isEmpty else { return nil }
        self.before = try before.map { try HelmCharts($0, cache: cache) }
        for file in files {
            guard let folder = self.after.folder(of: file.path) else { continue }
            if file.path.dropFirst(folder.count).hasPrefix("templates/") { templated.insert(folder) }
        }
        for file in changed { try add(file) }
        guard !self.files.isEmpty || !templated.isEmpty else { return nil }
    }

    private func add(_ file: ChangedFile) throws {
        let path = file.file.path
        func root(_ file: ConfigFile?) -> ConfigNode? {
            guard let file, file.format == .yaml, file.documents.count == 1,
                let root = file.documents[0].root,
                case .mapping = root.kind, root["kind"] == nil || root["apiVersion"] == nil
            else { return nil }
            return root
        }
        let (old, new) = (root(file.before), root(file.after))
        guard let any = new ?? old else { return }
        if let folder = after.folder(of: path), folder != "" || path.hasPrefix("values") {
            guard after.isValuesPath(path, of: folder), let chart = try after.chart(folder) else { return }
            let isDefaults = path == folder + "values.yaml"
            func layers(_ side: HelmCharts?, _ own: ConfigNode?) throws -> ValuesLayers {
                let known = try valuesFiles(side, of: folder)
                let others = known.filter { !$0.isDefaults && $0.path != path }
                guard !isDefaults else { return ValuesLayers(own: own, others: others) }
                return ValuesLayers(
                    own: own, path: path, defaults: known.first(where: \.isDefaults)?.root, others: others)
            }
            files[path] = ChangedValues(
                path: path, isDefaults: isDefaults, chartBefore: try before?.chart(folder), chart: chart,
                before: try layers(before, old), after: try layers(after, new))
            return
        }
        guard let chart = try after.chart(fitting: any, at: path) else { return }
        func layers(_ side: HelmCharts?, _ own: ConfigNode?) throws -> ValuesLayers {
            let beside = try withFormer(side?.neighbours(of: path, fitting: chart) ?? [], on: side) {
                try $0.neighbours(of: path, fitting: chart)
            }
            return ValuesLayers(
                own: own, path: path,
                defaults: try side?.valuesFiles(of: chart.folder).first(where: \.isDefaults)?.root,
                others: beside)
        }
        files[path] = ChangedValues(
            path: path, isDefaults: false, chartBefore: try before?.chart(chart.folder), chart: chart,
            before: try layers(before, old), after: try layers(after, new))
    }

    /// The files of values inside a chart at one of the two commits.
    private func valuesFiles(_ side: HelmCharts?, of folder: String) throws -> [ValuesFile] {
        try withFormer(side?.valuesFiles(of: folder) ?? [], on: side) { try $0.valuesFiles(of: folder) }
    }

    /// Files of values with those that were such before: one whose keys are of no use any more is what a rename left behind.
    private func withFormer(
        _ known: [ValuesFile], on side: HelmCharts?, _ find: (HelmCharts) throws -> [ValuesFile]
    ) throws -> [ValuesFile] {
        guard let before, side === after else { return known }
        let paths = Set(known.map(\.path))
        return try known
            + find(before).filter { !paths.contains($0.path) }.compactMap { file in
                try after.root(file.path).map {
                    ValuesFile(path: file.path, root: $0, isDefaults: file.isDefaults)
                }
            }
    }

    /// The uses that a change of values can show through, and whether these are all.
    func uses(of way: FieldPath, in chart: HelmChart, isBefore: Bool = false, depth: Int = 0) throws -> (
        uses: [SeenUse], isComplete: Bool
    ) {
        var found = chart.uses(showing: way).map { SeenUse(chart: chart, use: $0, way: way) }
        var isComplete = !chart.isOpaque && !chart.uses.isEmpty
        for dependency in chart.dependencies where depth < 4 {
            let isOwn = way.first == .key(dependency.key)
            guard isOwn || way.first == .key("global") else { continue }
            let side = isBefore ? before : after
            guard let folder = dependency.folder, let inner = try side?.chart(folder) else {
                isComplete = false
                continue
            }
            let rest = isOwn ? Array(way.dropFirst()) : way
            guard !rest.isEmpty else {
                isComplete = false
                continue
            }
            let below = try uses(of: rest, in: inner, isBefore: isBefore, depth: depth + 1)
            found += below.uses
            isComplete = isComplete && below.isComplete
        }
        return (found, isComplete)
    }

    /// A chart of the commit after the change, and before it.
    func chart(_ folder: String) throws -> (before: HelmChart?, after: HelmChart?) {
        (try before?.chart(folder), try after.chart(folder))
    }

    /// Whether configuration outside of a chart has a name in it, and so may give the chart a value of that name.
    func isNamed(_ name: String, outside folder: String) throws -> Bool {
        try after.isNamed(name, outside: folder)
    }

    /// The values of a chart as its own defaults see them.
    func defaults(of folder: String) throws -> (before: ValuesLayers, after: ValuesLayers) {
        func layers(_ side: HelmCharts?) throws -> ValuesLayers {
            let known = try valuesFiles(side, of: folder)
            return ValuesLayers(
                own: known.first(where: \.isDefaults)?.root, defaults: nil,
                others: known.filter { !$0.isDefaults })
        }
        return (try layers(before), try layers(after))
    }

    /// The charts that install a chart along with themselves, and the key of its values there.
    func parents(of folder: String) throws -> [(values: ValuesLayers, key: String)] {
        try after.folders.filter { $0 != folder }.prefix(100).flatMap { other in
            guard let chart = try after.chart(other) else { return [(values: ValuesLayers, key: String)]() }
            return try chart.dependencies.filter { $0.folder == folder }.map {
                (values: try defaults(of: other).after, key: $0.key)
            }
        }
    }

    /// The folder of the chart that a file is a template of.
    func folder(ofTemplate path: String) -> String? {
        guard let folder = after.folder(of: path), path.dropFirst(folder.count).hasPrefix("templates/") else {
            return nil
        }
        return folder
    }
}

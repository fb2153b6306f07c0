import ConfigTree
import DeployModel

/// The charts of one commit, read when they are asked for.
final class HelmCharts {
    private let tree: any SourceTree
    private let cache: ManifestCache
    private let paths: [String]
    /// The folders of all charts.
    let folders: [String]
    private var charts: [String: HelmChart?] = [:]
    private var namedFolders: [String: [String]]?
    private var values: [String: [ValuesFile]] = [:]
    private var texts: [String: ConfigNode?] = [:]
    private var dependencies: [String: [HelmChart.Dependency]] = [:]
    private var installers: [String: [(folder: String, key: String)]]?

    private static let mostTemplates = 600
    private static let mostValuesFiles = 60
    private static let mostCharts = 200

    init(_ tree: any SourceTree, cache: ManifestCache) throws {
        self.tree = tree
        self.cache = cache
        paths = try tree.paths()
        folders = paths.filter { $0 == "Chart.yaml" || $0.hasSuffix("/Chart.yaml") }
            .map { String($0.dropLast("Chart.yaml".count)) }
    }

    /// The folders of the charts of each name, those inside of other charts left out.
    func foldersByName() throws -> [String: [String]] {
        if let namedFolders { return namedFolders }
        var found: [String: [String]] = [:]
        for folder in folders {
            let parent = folder.split(separator: "/").dropLast()
            let isInside =
                parent.last == "charts" && folders.contains(parent.dropLast().map { $0 + "/" }.joined())
            guard !isInside, let name = try root(folder + "Chart.yaml")?["name"]?.text else { continue }
            found[name, default: []].append(folder)
        }
        namedFolders = found
        return found
    }

    /// The folder of the chart that a file is in.
    func folder(of path: String) -> String? {
        folders.filter { path.hasPrefix($0) }.max { $0.utf8.count < $1.utf8.count }
    }

    /// A chart by its folder.
    func chart(_ folder: String) throws -> HelmChart? {
        if let known = charts[folder] { return known }
        // Charts that depend on each other in a circle find nothing here the second time.
        charts[folder] = .some(nil)
        let chart = try read(folder)
        charts[folder] = chart
        return chart
    }

    /// Whether configuration outside of a folder has a name in it.
    func isNamed(_ name: String, outside folder: String) throws -> Bool {
        try tree.occurrences(of: [name])[name]?.contains {
            mayBeConfiguration(path: $0.path) && !$0.path.hasPrefix(folder)
        } ?? false
    }

    /// The paths below a folder.
    func paths(below folder: String) -> ArraySlice<String> {
        paths[paths.partitioningIndex { $0 >= folder }...].prefix { $0.hasPrefix(folder) }
    }

    /// The entries of a chart's list of dependencies.
    private func declaredDependencies(of folder: String) throws -> [ConfigNode] {
        let listed = try root(folder + "Chart.yaml")?["dependencies"]
        return try (listed ?? root(folder + "requirements.yaml")?["dependencies"])?.elements ?? []
    }

    /// What is installed along with a chart: what it declares, and what lies in its folder.
    func dependencies(of folder: String) throws -> [HelmChart.Dependency] {
        if let known = dependencies[folder] { return known }
        var found = try declaredDependencies(of: folder).compactMap { dependency(folder, $0) }
        var folders = Set(found.compactMap(\.folder))
        for path in paths(below: folder + "charts/") where path.hasSuffix("/Chart.yaml") {
            let inner = String(path.dropLast("Chart.yaml".count))
            let parts = inner.dropFirst(folder.count + "charts/".count).split(separator: "/")
            guard parts.count == 1, folders.insert(inner).inserted else { continue }
            found.append(HelmChart.Dependency(key: String(parts[0]), folder: inner))
        }
        dependencies[folder] = found
        return found
    }

    /// What the charts that are installed along with a chart say of themselves, under the keys of their values there.
    func valuesOfDependencies(of folder: String) throws -> ConfigNode? {
        let entries = try dependencies(of: folder).compactMap { dependency -> ConfigNode.Entry? in
            guard let inner = dependency.folder, inner != folder, let own = try root(inner + "values.yaml")
            else {
                return nil
            }
            return ConfigNode.Entry(key: dependency.key, keyMark: own.start, value: own)
        }
        guard let first = entries.first else { return nil }
        return ConfigNode(.mapping(entries), start: first.keyMark, end: first.keyMark)
    }

    /// The charts that install a chart along with themselves, with the key of its values there.
    func parents(of folder: String) throws -> [(folder: String, key: String)] {
        if installers == nil {
            var found: [String: [(folder: String, key: String)]] = [:]
            for other in folders.prefix(Self.mostCharts) {
                for dependency in try dependencies(of: other) where dependency.folder != other {
                    guard let folder = dependency.folder else { continue }
                    found[folder, default: []].append((other, dependency.key))
                }
            }
            installers = found
        }
        return installers?[folder] ?? []
    }

    private func read(_ folder: String) throws -> HelmChart? {
        guard let about = try root(folder + "Chart.yaml") else { return nil }
        let name = about["name"]?.text ?? folder.split(separator: "/").last.map(String.init) ?? ""
        let declared = try declaredDependencies(of: folder)
        let dependencies = try self.dependencies(of: folder)
        let own = paths(below: folder + "templates/").prefix(Self.mostTemplates)
        let shared = dependencies.compactMap(\.folder).flatMap { paths(below: $0 + "templates/").prefix(100) }
        let files = paths(below: folder).filter { isText($0, of: folder) }.prefix(200)
        let reading = try reading(of: name, own: Array(own), shared: shared, files: Array(files))
        let conditions = declared.flatMap { node in
            (node["condition"]?.text ?? "").split(separator: ",").map { condition in
                condition.split(separator: ".").map {
                    ValuesStep.key($0.trimmingBlanks)
                }
            } + (node["tags"]?.elements ?? []).compactMap { $0.text.map { [.key("tags"), .key($0)] } }
        }
        return HelmChart(
            folder: folder, name: name, dependencies: dependencies, conditions: conditions, reading: reading)
    }

    /// - Parameter files: those that may be rendered as templates, which are read only where the chart does so.
    private func reading(of name: String, own: [String], shared: [String], files: [String]) throws
        -> TemplateReading
    {
        func key(_ paths: [String]) throws -> String {
            try paths.map { "\($0) \(try tree.fingerprint(of: $0) ?? "")" }.joined(separator: "\n")
        }
        func read(_ texts: [String]) throws -> TemplateReading {
            let templates = try own.compactMap { try cache.template(at: $0, in: tree) }
            let defines = try shared.compactMap { try cache.template(at: $0, in: tree) }
            return TemplateReading(
                chart: name, files: templates, shared: defines,
                texts: try texts.compactMap { try cache.template(at: $0, in: tree) })
        }
        let ofTemplates = try "\(name)\n\(key(own))\n\n\(key(shared))"
        let reading = try cache.reading(ofChart: ofTemplates) { try read([]) }
        guard reading.rendersValues || reading.rendersFiles else { return reading }
        return try cache.reading(ofChart: "\(ofTemplates)\n\n\(key(files))") { try read(files) }
    }

    /// Whether a file of a chart may be rendered as a template: what is neither a template nor a chart of its own.
    private func isText(_ path: String, of folder: String) -> Bool {
        let rest = path.dropFirst(folder.count)
        return !["templates/", "charts/", "crds/", "tests/"].contains(where: rest.hasPrefix)
            && !rest.hasPrefix("Chart.") && !rest.hasSuffix(".md")
    }

    private func dependency(_ folder: String, _ node: ConfigNode) -> HelmChart.Dependency? {
        guard let name = node["name"]?.text else { return nil }
        var inner: String?
        if let repository = node["repository"]?.text, repository.hasPrefix("file://") {
            inner = resolved(String(repository.dropFirst("file://".count)), from: folder)
        }
        let conditions = (node["condition"]?.text ?? "").split(separator: ",")
        let condition =
            conditions.count == 1
            ? conditions[0].split(separator: ".").map { ValuesStep.key($0.trimmingBlanks) } : []
        let candidates = [inner, folder + "charts/\(name)/"].compactMap { $0 }
        return HelmChart.Dependency(
            key: node["alias"]?.text ?? name, folder: candidates.first(where: folders.contains),
            condition: condition.isEmpty ? nil : .truth(.value(condition, default: nil)))
    }

    private func resolved(_ path: String, from folder: String) -> String? {
        var parts = folder.split(separator: "/").map(String.init)
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(String(part))
            }
        }
        return parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
    }

    /// The tree of a file that is one mapping.
    func root(_ path: String) throws -> ConfigNode? {
        if let known = texts[path] { return known }
        let root = try cache.values(at: path, in: tree)
        texts[path] = root
        return root
    }
}

// MARK: Files of values

/// A file of values for a chart.
struct ValuesFile: Sendable {
    var path: String
    var root: ConfigNode
    /// Whether it is the chart's own `values.yaml`, which the others are laid over.
    var isDefaults: Bool
}

extension HelmCharts {
    /// The files of values inside a chart, its defaults first.
    func valuesFiles(of folder: String) throws -> [ValuesFile] {
        if let known = values[folder] { return known }
        var files: [ValuesFile] = []
        for path in paths(below: folder) where isValuesPath(path, of: folder) {
            guard files.count < Self.mostValuesFiles, let root = try root(path) else { continue }
            let isDefaults = path == folder + "values.yaml"
            // A chart may hold the values of other charts, which it hands on as files.
            guard try isDefaults || chart(folder).map({ try isLikely(root, for: $0) }) ?? false else {
                continue
            }
            files.insert(
                ValuesFile(path: path, root: root, isDefaults: isDefaults), at: isDefaults ? 0 : files.count)
        }
        values[folder] = files
        return files
    }

    /// The files beside one outside its chart that hold values of the same chart.
    func neighbours(of path: String, fitting chart: HelmChart) throws -> [ValuesFile] {
        let folder = String(
            path[..<(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)])
        var files: [ValuesFile] = []
        for other in paths(below: folder)
        where other != path && isYAML(other) && !other.dropFirst(folder.count).contains("/") {
            guard files.count < Self.mostValuesFiles, let root = try root(other),
                try fit(of: root, at: other, to: chart) != nil
            else { continue }
            files.append(ValuesFile(path: other, root: root, isDefaults: false))
        }
        return files
    }

    /// The chart that a file outside all charts holds values of: the one whose keys its keys are.
    func chart(fitting root: ConfigNode, at path: String) throws -> HelmChart? {
        var best: (fit: Int, shared: Int, chart: HelmChart)?
        for folder in folders.prefix(Self.mostCharts) {
            guard let defaults = try self.root(folder + "values.yaml"),
                root.entries.contains(where: { defaults[$0.key] != nil }), let chart = try chart(folder),
                let fit = try fit(of: root, at: path, to: chart)
            else { continue }
            let shared = zip(folder.split(separator: "/"), path.split(separator: "/")).prefix { $0 == $1 }
                .count
            if best.map({ ($0.fit, $0.shared) < (fit, shared) }) ?? true { best = (fit, shared, chart) }
        }
        return best?.chart
    }

    /// Whether at least half of the keys of a file inside a chart are keys of its values: others may be misspelt.
    private func isLikely(_ root: ConfigNode, for chart: HelmChart) throws -> Bool {
        let keys = Set(root.entries.map(\.key))
        return try 2 * keys.intersection(knownKeys(of: chart)).count >= keys.count
    }

    private func knownKeys(of chart: HelmChart) throws -> Set<String> {
        let own = try self.root(chart.folder + "values.yaml")?.entries.map(\.key) ?? []
        return chart.firstKeys.union(own).union(chart.dependencies.map(\.key)).union(["global"])
    }

    /// How many keys of a file are keys of a chart's values; `nil` when too many are not.
    func fit(of root: ConfigNode, at path: String, to chart: HelmChart) throws -> Int? {
        let keys = Set(root.entries.map(\.key))
        guard !keys.isEmpty, keys.count < 200, root["apiVersion"] == nil else { return nil }
        let fit = try keys.intersection(knownKeys(of: chart)).count
        // One key alone is had by many files.
        guard 5 * fit >= 4 * keys.count, fit > 1 || path.lowercased().holds("values") else { return nil }
        return fit
    }

    private func isYAML(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

    /// Whether a file inside a chart's folder holds values: by its name, or by the folder it stands in.
    func isValuesPath(_ path: String, of folder: String) -> Bool {
        let rest = path.dropFirst(folder.count).lowercased()
        guard isYAML(rest), isText(path, of: folder), self.folder(of: path) == folder else { return false }
        let parts = rest.split(separator: "/")
        let name = parts.last.map(String.init) ?? ""
        guard name != "requirements.yaml", !name.holds("schema"), !name.hasPrefix(".") else { return false }
        let folders: Set = ["values", "env", "envs", "environments", "environment", "overrides", "config"]
        return name.holds("values") || parts.dropLast().contains { folders.contains(String($0)) }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String { String(filter { !$0.isWhitespace }) }
}

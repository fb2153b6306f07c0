import ConfigTree
import DeployModel

/// The values of a chart as one of their files sees them at one commit.
struct ValuesLayers {
    /// The file itself.
    var own: ConfigNode? { didSet { lists = KnownLists() } }
    /// What it is laid over.
    var defaults: ConfigNode? { didSet { lists = KnownLists() } }
    /// The files for other environments.
    var others: [ValuesFile] = []
    /// What is laid over the file where it is used, and what that is called, the lowest first.
    var over: ConfigNode? { didSet { lists = KnownLists() } }
    var overNames: [String] = []
    /// Whether values come from what could not be read as well.
    var isOpen = false
    private var lists = KnownLists()

    init(own: ConfigNode?, defaults: ConfigNode? = nil, others: [ValuesFile] = []) {
        self.own = own
        self.defaults = defaults
        self.others = others
    }

    /// The value that counts at the end of a way; an empty one takes away what it is laid over.
    func effective(_ way: FieldPath) -> ConfigNode? {
        [(own, 1), (over, 2)].reduce(defaults.flatMap { lists.node(at: way, in: $0, layer: 0) }) {
            below, layer in
            guard let value = layer.0.flatMap({ lists.node(at: way, in: $0, layer: layer.1) }) else {
                return below
            }
            return value.isNull ? nil : below.map { value.laid(over: $0) } ?? value
        }
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

/// The elements of the lists of some layers by their names: every change of a list asks for its own.
private final class KnownLists {
    private struct Place: Hashable {
        var layer: Int
        var list: FieldPath
    }

    private var known: [Place: [String: ConfigNode]] = [:]

    func node(at way: FieldPath, in root: ConfigNode, layer: Int) -> ConfigNode? {
        let isElement = { (step: FieldStep) in if case .element = step { true } else { false } }
        guard let step = way.firstIndex(where: isElement) else { return root.node(at: way[...]) }
        let place = Place(layer: layer, list: Array(way[..<step]))
        let elements = known[place] ?? root.namedElements(of: way[..<step])
        known[place] = elements
        return elements[way[step].name]?.node(at: way[(step + 1)...])
    }
}

extension ValuesLayers {
    /// The layers of a file that is laid over the defaults, and over the file beside it that is common to all environments.
    init(own: ConfigNode?, path: String, defaults: ConfigNode?, others: [ValuesFile]) {
        let common = isCommon(path) ? nil : others.first { isCommon($0.path) }
        self.init(
            own: own,
            defaults: common.map { file in defaults.map { file.root.laid(over: $0) } ?? file.root }
                ?? defaults, others: others.filter { !isCommon($0.path) })
    }
}

/// Whether the name of a file says that it holds for all environments.
private func isCommon(_ path: String) -> Bool {
    let words = FaultWords.split(path.split(separator: "/").last.map(String.init) ?? "")
    return words.contains { ["common", "base", "shared", "default", "defaults", "global"].contains($0) }
}

extension ConfigNode {
    /// A mapping of values over another: entry by entry, nothing takes an entry away.
    func laid(over other: ConfigNode?) -> ConfigNode {
        guard let other else { return self }
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

/// A chart where it is installed: on its own, or along with another.
struct ChartPlace {
    var chart: HelmChart
    /// The way to its values in those of the chart that is installed.
    var lead: FieldPath = []
    /// What it says itself, where it is not the one that is installed.
    var defaults: ConfigNode?
    /// What must be true of the values of the one that is installed for this one to be installed along with it.
    var outer: [TemplateCondition] = []
}

/// A use of a value, and where the value stands as the chart of the use sees it.
struct SeenUse {
    var place: ChartPlace
    var use: ValueUse
    var way: FieldPath

    var chart: HelmChart { place.chart }

    /// The place in words, from the chart's folder.
    var words: String {
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
    /// The values that objects give to charts.
    private var inline: [ObjectKey: [InlineValues]] = [:]
    /// The releases that objects make, and those that files give values to.
    private var releases: [ObjectKey: [NamedRelease]] = [:]
    private var releasesOfFiles: [String: Set<String>] = [:]
    private var knownDefaults: [String: (before: ValuesLayers, after: ValuesLayers)] = [:]
    private let index: (before: ReleaseIndex?, after: ReleaseIndex)

    /// Values inside an object, and the chart that they are for.
    private struct InlineValues {
        var layer: ReleaseLayer
        var values: ChangedValues
    }

    /// A release, and the part of the object that it is made by.
    private struct NamedRelease {
        var lead: FieldPath
        var name: String
    }
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
        let charts = try HelmCharts(after, cache: cache)
        let former = try before.map { try HelmCharts($0, cache: cache) }
        self.after = charts
        self.before = former
        let formerIndex = before.flatMap { tree in former.map { ReleaseIndex(tree, cache: cache, charts: $0) }
        }
        index = (formerIndex, ReleaseIndex(after, cache: cache, charts: charts))
        for file in files {
            guard let folder = self.after.folder(of: file.path) else { continue }
            if file.path.dropFirst(folder.count).hasPrefix("templates/") { templated.insert(folder) }
        }
        for file in changed {
            try add(file)
            try addReleases(in: file)
        }
        guard
            !self.files.isEmpty || !templated.isEmpty || !releases.isEmpty || !inline.isEmpty
                || !releasesOfFiles.isEmpty
        else {
            return nil
        }
    }

    /// The values that a change is of, and the way through them.
    func values(of change: FoundChange) -> (values: ChangedValues, way: FieldPath)? {
        if let values = files[change.change.path] { return (values, change.path) }
        for inline in inline[ObjectKey(change.change)] ?? [] {
            if let way = inline.layer.way(of: change.path) { return (inline.values, way) }
        }
        return nil
    }

    /// The releases of charts that a change is of.
    func releases(of change: FoundChange) -> Set<String> {
        Set(
            (releases[ObjectKey(change.change)] ?? []).filter { change.path.starts(with: $0.lead) }.map(
                \.name)
        )
        .union(releasesOfFiles[change.change.path] ?? [])
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
                let inner = try side?.valuesOfDependencies(of: folder)
                guard !isDefaults else {
                    var values = try ValuesLayers(
                        own: own, defaults: inner, others: others + parentValues(of: folder, on: side))
                    try addReleases(of: folder, to: &values, on: side)
                    return values
                }
                return ValuesLayers(
                    own: own, path: path,
                    defaults: known.first(where: \.isDefaults).map { $0.root.laid(over: inner) } ?? inner,
                    others: others)
            }
            files[path] = ChangedValues(
                path: path, isDefaults: isDefaults, chartBefore: try before?.chart(folder), chart: chart,
                before: try layers(before, old), after: try layers(after, new))
            return
        }
        guard try !addFile(path, old: old, new: new) else { return }
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

    /// What releases say of a chart's values, beside the files of values inside it.
    private func addReleases(of folder: String, to values: inout ValuesLayers, on side: HelmCharts?) throws {
        guard let index = side === after ? index.after : index.before else { return }
        let known = Set(values.others.map(\.path))
        for release in try index.releases(of: folder) {
            values.isOpen = values.isOpen || release.isPartial
            // One that takes only a file inside the chart says nothing beside it.
            guard !release.layers.allSatisfy({ known.contains($0.path) }), let file = release.file else {
                continue
            }
            values.others.append(file)
        }
    }

    /// A file that releases name as one of their values.
    ///
    /// - Returns: whether the chart that it is for is known.
    private func addFile(_ path: String, old: ConfigNode?, new: ConfigNode?) throws -> Bool {
        let users = try index.after.releases(using: path)
        guard let user = users.first else { return false }
        guard let folder = try after.folder(of: user.release), let chart = try after.chart(folder) else {
            releasesOfFiles[path, default: []].formUnion(users.compactMap(\.release.name))
            // It may be a chart of the repository all the same, by its keys.
            return false
        }
        let former = try index.before?.releases(using: path).first {
            $0.release.path == user.release.path && $0.release.name == user.release.name
        }
        let defaultsBefore = try before?.root(folder + "values.yaml")
        files[path] = ChangedValues(
            path: path, isDefaults: false, chartBefore: try before?.chart(folder), chart: chart,
            before: former?.release.values(around: former?.layer ?? 0, defaults: defaultsBefore)
                ?? ValuesLayers(own: old, defaults: defaultsBefore),
            after: user.release.values(
                around: user.layer, defaults: try after.root(folder + "values.yaml")))
        return true
    }

    /// The releases that the objects of a changed file make.
    private func addReleases(in file: ChangedFile) throws {
        let kinds: Set = [
            "HelmRelease", "Application", "ApplicationSet", "OCIRepository", "HelmChart", "ConfigMap",
        ]
        let documents = (file.after ?? file.before)?.documents ?? []
        guard
            ReleaseIndex.isHelmfile(file.file.path)
                || documents.contains(where: { kinds.contains($0.root?["kind"]?.text ?? "") })
        else { return }
        func releases(_ file: ConfigFile?, _ path: String, _ index: ReleaseIndex?) throws -> [ChartRelease] {
            guard let file, let index else { return [] }
            return try index.releases(of: manifests(of: file), at: path)
        }
        let path = file.file.path
        let old = try releases(file.before, file.file.pathBefore, index.before)
        let new = try releases(file.after, path, index.after)
        for release in new.isEmpty ? old : new {
            if let name = release.name, let object = release.object {
                self.releases[ObjectKey(path: path, object), default: []].append(
                    NamedRelease(lead: release.lead, name: name))
            }
            guard let folder = try after.folder(of: release), let chart = try after.chart(folder) else {
                continue
            }
            let former = old.first { $0.object == release.object && $0.lead == release.lead }
            let chartBefore = try before?.chart(folder)
            for (index, layer) in release.layers.enumerated() where layer.path == path {
                guard let object = layer.object else { continue }
                let formerLayer = former?.layers.firstIndex { $0.place == layer.place }
                let formerDefaults = try before?.root(folder + "values.yaml")
                let before = former.flatMap { former in
                    formerLayer.map { former.values(around: $0, defaults: formerDefaults) }
                }
                inline[ObjectKey(path: path, object), default: []].append(
                    InlineValues(
                        layer: layer,
                        values: ChangedValues(
                            path: path, isDefaults: false, chartBefore: chartBefore, chart: chart,
                            before: before ?? ValuesLayers(own: nil, defaults: formerDefaults),
                            after: release.values(
                                around: index, defaults: try after.root(folder + "values.yaml")))))
            }
        }
        try addConfigMaps(in: file)
        for manifest in file.after.map(manifests(of:)) ?? []
        where ["OCIRepository", "HelmChart"].contains(manifest.object.kind) {
            for release in try index.after.releases(from: manifest.object, near: path) {
                guard let name = release.name else { continue }
                self.releases[ObjectKey(path: path, manifest.object), default: []].append(
                    NamedRelease(lead: [], name: name))
            }
        }
    }

    /// ConfigMaps that releases take values from.
    private func addConfigMaps(in file: ChangedFile) throws {
        let path = file.file.path
        let maps = (file.after.map(manifests(of:)) ?? []).filter { manifest in
            manifest.object.kind == "ConfigMap"
                && (manifest.root["data"]?.entries.contains {
                    if case .mapping = $0.value.kind { $0.key.hasSuffix(".yaml") } else { false }
                } ?? false)
        }
        guard !maps.isEmpty else { return }
        for release in try index.after.releases() {
            for (place, layer) in release.layers.enumerated() where layer.path == path {
                guard let object = layer.object, maps.contains(where: { $0.object == object }) else {
                    continue
                }
                let key = ObjectKey(path: path, object)
                guard let folder = try after.folder(of: release), let chart = try after.chart(folder) else {
                    if let name = release.name, case .mapping(let lead) = layer.place {
                        releases[key, default: []].append(NamedRelease(lead: lead, name: name))
                    }
                    continue
                }
                let former = try index.before?.releases().first {
                    $0.path == release.path && $0.name == release.name
                }
                let formerDefaults = try before?.root(folder + "values.yaml")
                let formerLayer = former?.layers.firstIndex { $0.path == path && $0.place == layer.place }
                let before = former.flatMap { former in
                    formerLayer.map { former.values(around: $0, defaults: formerDefaults) }
                }
                inline[key, default: []].append(
                    InlineValues(
                        layer: layer,
                        values: ChangedValues(
                            path: path, isDefaults: false, chartBefore: try self.before?.chart(folder),
                            chart: chart, before: before ?? ValuesLayers(own: nil, defaults: formerDefaults),
                            after: release.values(
                                around: place, defaults: try after.root(folder + "values.yaml")))))
            }
        }
    }

    /// The files of values inside a chart at one of the two commits.
    private func valuesFiles(_ side: HelmCharts?, of folder: String) throws -> [ValuesFile] {
        try withFormer(side?.valuesFiles(of: folder) ?? [], on: side) { try $0.valuesFiles(of: folder) }
    }

    /// What the charts that install a chart along with themselves say of its values.
    private func parentValues(of folder: String, on side: HelmCharts?) throws -> [ValuesFile] {
        try side?.parents(of: folder).compactMap { parent in
            let path = parent.folder + "values.yaml"
            return try side?.root(path)?[parent.key].map {
                ValuesFile(path: path, root: $0, isDefaults: false)
            }
        } ?? []
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
    func uses(
        of way: FieldPath, in chart: HelmChart, isBefore: Bool = false, lead: FieldPath = [],
        outer: [TemplateCondition] = []
    ) throws -> (uses: [SeenUse], isComplete: Bool) {
        let own =
            lead.isEmpty ? nil : try (isBefore ? before : after)?.root(chart.folder + "values.yaml")
        let place = ChartPlace(chart: chart, lead: lead, defaults: own, outer: outer)
        var found = chart.uses(showing: way).map { SeenUse(place: place, use: $0, way: way) }
        var isComplete = !chart.isOpaque && !chart.uses.isEmpty
        for dependency in chart.dependencies where lead.count < 4 {
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
            let below = try uses(
                of: rest, in: inner, isBefore: isBefore, lead: lead + [.key(dependency.key)],
                outer: outer + (dependency.condition.map { [$0.below(lead)] } ?? []))
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
        if let known = knownDefaults[folder] { return known }
        func layers(_ side: HelmCharts?) throws -> ValuesLayers {
            let known = try valuesFiles(side, of: folder)
            var values = ValuesLayers(
                own: known.first(where: \.isDefaults)?.root, defaults: nil,
                others: known.filter { !$0.isDefaults })
            try addReleases(of: folder, to: &values, on: side)
            return values
        }
        let new = (before: try layers(before), after: try layers(after))
        knownDefaults[folder] = new
        return new
    }

    /// The charts that install a chart along with themselves, and the key of its values there.
    func parents(of folder: String) throws -> [(values: ValuesLayers, key: String)] {
        try after.parents(of: folder).map { (values: try defaults(of: $0.folder).after, key: $0.key) }
    }

    /// A chart, and those that install it along with themselves: whoever may ask for its named templates.
    func users(of folder: String) throws -> [String] {
        try [folder] + after.parents(of: folder).map(\.folder)
    }

    /// Whether a named template is defined by a chart, or by what it installs; `nil` when that is not all at hand.
    func defines(_ name: String, _ folder: String, depth: Int = 0) throws -> Bool? {
        guard depth < 6, let chart = try after.chart(folder) else { return nil }
        if chart.named[name] != nil { return true }
        var isKnown = true
        for dependency in chart.dependencies {
            switch try dependency.folder.flatMap({ try defines(name, $0, depth: depth + 1) }) {
            case true?: return true
            case false?: break
            case nil: isKnown = false
            }
        }
        return isKnown ? false : nil
    }

    /// The folder of the chart that a file is a template of.
    func folder(ofTemplate path: String) -> String? {
        guard let folder = after.folder(of: path), path.dropFirst(folder.count).hasPrefix("templates/") else {
            return nil
        }
        return folder
    }
}

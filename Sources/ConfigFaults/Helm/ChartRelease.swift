import ConfigTree
import DeployModel

/// A chart as something outside of it installs it: a `HelmRelease` of Flux, an `Application` of Argo CD, a release of
/// Helmfile, or `helm` in a script.
struct ChartRelease: Sendable {
    /// What it is called, where that can be read; its pods are called `<name>-…`.
    var name: String?
    /// The file that says so, and the object in it, and the part of the object.
    var path: String
    var object: ConfigObject?
    var lead: FieldPath = []
    /// The chart as it is named there: a name, or a folder from the repository's root.
    var chart: ChartName
    /// The object that says where the chart comes from, by kind and name.
    var source: ConfigObject?
    /// The values, the lowest first; each is laid over the ones before.
    var layers: [ReleaseLayer] = []
    /// Whether values come from what could not be read.
    var isPartial = false
}

/// How a release names its chart.
enum ChartName: Sendable, Hashable {
    /// Where it is in the repository, without the last slash.
    case folder(String)
    /// Its name in some repository of charts.
    case name(String)
}

/// Values that a release is given in one place.
struct ReleaseLayer: Sendable {
    /// Where they stand.
    enum Place: Sendable, Hashable {
        /// A file that holds nothing else.
        case file
        /// A mapping inside an object.
        case mapping(FieldPath)
        /// A list of names with dots and their values.
        case settings(FieldPath)
        /// The arguments of a command.
        case arguments
    }

    var path: String
    var place: Place
    /// The object, where they stand inside one.
    var object: ConfigObject?
    var root: ConfigNode
}

extension ReleaseLayer {
    /// The way through the values of what stands at the end of a way through its object.
    func way(of path: FieldPath) -> FieldPath? {
        switch place {
        case .file: return path
        case .mapping(let lead): return path.starts(with: lead) ? Array(path.dropFirst(lead.count)) : nil
        case .settings(let lead):
            guard path.starts(with: lead), path.count > lead.count, case .element(let name) = path[lead.count]
            else { return nil }
            return settingKeys(name).map { .key($0) }
        case .arguments: return nil
        }
    }
}

// MARK: Settings

/// `a.b\.c` as `a` and `b.c`.
func settingKeys(_ name: String) -> [String] {
    var keys = [""]
    var isEscaped = false
    for character in name {
        if isEscaped {
            keys[keys.count - 1].append(character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if character == "." {
            keys.append("")
        } else {
            keys[keys.count - 1].append(character)
        }
    }
    return keys
}

/// A value that is set by its way.
struct ValueSetting: Sendable {
    var name: String
    var value: ConfigNode.Scalar
    var mark: Mark
}

/// The mapping that some settings make; those that name elements of lists are left out.
func mapping(of settings: [ValueSetting]) -> ConfigNode {
    let first = settings.first?.mark ?? Mark(line: 1, column: 1)
    var root = ConfigNode(.mapping([]), start: first, end: first)
    for setting in settings where !setting.name.contains("[") {
        let keys = settingKeys(setting.name)
        // Trees are walked by recursion.
        guard keys.count <= depthLimit / 2 else { continue }
        root = root.setting(keys[...], to: setting)
    }
    return root
}

extension ConfigNode {
    fileprivate func setting(_ keys: ArraySlice<String>, to setting: ValueSetting) -> ConfigNode {
        guard let key = keys.first else {
            return ConfigNode(.scalar(setting.value), start: setting.mark, end: setting.mark)
        }
        let empty = ConfigNode(.mapping([]), start: setting.mark, end: setting.mark)
        let value = (self[key] ?? empty).setting(keys.dropFirst(), to: setting)
        var entries = self.entries.filter { $0.key != key }
        entries.append(Entry(key: key, keyMark: setting.mark, value: value))
        return ConfigNode(.mapping(entries), start: start, end: setting.mark)
    }

    /// The settings of a list such as `- name: a.b` with a `value`.
    fileprivate var settings: [ValueSetting] {
        elements.compactMap { element in
            guard let name = element["name"]?.text, let value = element["value"]?.scalar else { return nil }
            return ValueSetting(name: name, value: value, mark: element.start)
        }
    }
}

// MARK: Objects

/// Where a release finds the files that it names.
protocol ReleaseFiles {
    /// The tree of a file that is one mapping and no object.
    func values(at path: String) throws -> ConfigNode?
    /// An entry of a ConfigMap as a tree, with where it stands.
    func entry(_ key: String, ofConfigMap name: String, near path: String) throws -> ReleaseLayer?
}

extension ChartRelease {
    /// The releases that an object makes.
    static func all(of manifest: Manifest, files: some ReleaseFiles) throws -> [ChartRelease] {
        switch manifest.object.kind {
        case "HelmRelease": try flux(manifest, files).map { [$0] } ?? []
        case "Application": try argo(manifest, at: [.key("spec")], files)
        case "ApplicationSet":
            try argo(manifest, at: [.key("spec"), .key("template"), .key("spec")], files)
        default: []
        }
    }

    /// Flux: `valuesFrom` in its order, then `values`.
    private static func flux(_ manifest: Manifest, _ files: some ReleaseFiles) throws -> ChartRelease? {
        let root = manifest.root
        guard let spec = root["spec"] else { return nil }
        let own = manifest.object.name
        let name =
            spec["releaseName"]?.text ?? spec["targetNamespace"]?.text.map { "\($0)-\(own)" } ?? own
        let chart = spec[path: "chart", "spec", "chart"]?.text ?? spec[path: "chartRef", "name"]?.text ?? ""
        let isFolder =
            chart.hasPrefix("./") || chart.hasPrefix("/")
            || spec[path: "chart", "spec", "sourceRef", "kind"]?.text == "GitRepository"
        var release = ChartRelease(
            name: known(name), path: manifest.path, object: manifest.object,
            chart: isFolder ? .folder(plainFolder(chart, from: "")) : .name(lastPart(chart)))
        if let kind = spec[path: "chartRef", "kind"]?.text, let name = spec[path: "chartRef", "name"]?.text {
            release.source = ConfigObject(kind: kind, name: name)
        }
        for source in spec["valuesFrom"]?.elements ?? [] {
            let key = source["valuesKey"]?.text ?? "values.yaml"
            guard source["kind"]?.text == "ConfigMap", source["targetPath"] == nil,
                let map = source["name"]?.text,
                let layer = try files.entry(key, ofConfigMap: map, near: manifest.path)
            else {
                release.isPartial = true
                continue
            }
            release.layers.append(layer)
        }
        if let values = spec["values"] {
            release.layers.append(
                ReleaseLayer(
                    path: manifest.path, place: .mapping([.key("spec"), .key("values")]),
                    object: manifest.object, root: values))
        }
        return release
    }

    /// Argo CD: files, then `values`, then `valuesObject`, then `parameters`.
    private static func argo(
        _ manifest: Manifest, at lead: FieldPath, _ files: some ReleaseFiles
    ) throws -> [ChartRelease] {
        guard let spec = manifest.root.node(at: lead[...]) else { return [] }
        var sources = spec["source"].map { [($0, lead + [.key("source")])] } ?? []
        for (index, source) in (spec["sources"]?.elements ?? []).enumerated() {
            sources.append((source, lead + [.key("sources"), .index(index)]))
        }
        return try sources.compactMap { source, lead in
            let helm = source["helm"]
            let folder = source["path"]?.text
            guard helm != nil || source["chart"] != nil else { return nil }
            let name = helm?["releaseName"]?.text ?? manifest.object.name
            var release = ChartRelease(
                name: known(name), path: manifest.path, object: manifest.object,
                chart: source["chart"]?.text.map { .name(lastPart($0)) }
                    ?? .folder(plainFolder(folder ?? "", from: "")))
            for file in helm?["valueFiles"]?.elements ?? [] {
                guard let text = file.text, let path = argoPath(text, chart: folder),
                    let root = try files.values(at: path)
                else {
                    release.isPartial = true
                    continue
                }
                release.layers.append(ReleaseLayer(path: path, place: .file, root: root))
            }
            for key in ["values", "valuesObject"] {
                guard let values = helm?[key] else { continue }
                guard case .mapping = values.kind else {
                    release.isPartial = true
                    continue
                }
                release.layers.append(
                    ReleaseLayer(
                        path: manifest.path, place: .mapping(lead + [.key("helm"), .key(key)]),
                        object: manifest.object, root: values))
            }
            if let parameters = helm?["parameters"] {
                release.layers.append(
                    ReleaseLayer(
                        path: manifest.path, place: .settings(lead + [.key("helm"), .key("parameters")]),
                        object: manifest.object, root: mapping(of: parameters.settings)))
            }
            return release
        }
    }

    /// `$values/prod.yaml` of another source counts from its root, `/prod.yaml` from the repository's, the rest from the chart.
    private static func argoPath(_ text: String, chart: String?) -> String? {
        guard !text.contains("{{"), !text.contains("://") else { return nil }
        if text.hasPrefix("$") {
            return text.firstIndex(of: "/").map { plainFolder(String(text[$0...]), from: "") }
        }
        if text.hasPrefix("/") { return plainFolder(text, from: "") }
        return chart.map { plainFolder(text, from: $0) }
    }
}

/// A name that no template makes.
private func known(_ name: String) -> String? {
    name.isEmpty || name.contains { "{}$*".contains($0) } ? nil : name
}

private func lastPart(_ chart: String) -> String {
    chart.split(separator: "/").last.map(String.init) ?? chart
}

/// A path from the repository's root, dots resolved, without slashes at its ends.
func plainFolder(_ path: String, from folder: String) -> String {
    var parts = path.hasPrefix("/") ? [] : folder.split(separator: "/").map(String.init)
    for part in path.split(separator: "/") where part != "." {
        if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
    }
    return parts.joined(separator: "/")
}

// MARK: Helmfile

extension ChartRelease {
    /// The releases of a Helmfile; where names of values files depend on the environment, one for each.
    static func all(
        ofHelmfile roots: [(root: ConfigNode, object: ConfigObject)], at path: String,
        files: some ReleaseFiles
    ) throws -> [ChartRelease] {
        let folder = parentFolder(of: path)
        let environments = roots.flatMap { $0.root["environments"]?.entries.map(\.key) ?? [] }
        return try roots.flatMap { root, object in
            try (root["releases"]?.elements ?? []).enumerated().flatMap { index, node in
                let isOfEnvironment = (node["values"]?.elements ?? []).contains {
                    $0.text?.contains("Environment.Name") ?? false
                }
                let names = isOfEnvironment && !environments.isEmpty ? environments : [""]
                return try names.compactMap { environment in
                    try helmfile(
                        node, index: index, of: root, object, at: path, folder, environment, files)
                }
            }
        }
    }

    private static func helmfile(
        _ node: ConfigNode, index: Int, of root: ConfigNode, _ object: ConfigObject, at path: String,
        _ folder: String, _ environment: String, _ files: some ReleaseFiles
    ) throws -> ChartRelease? {
        guard let chart = node["chart"]?.text else { return nil }
        let name = node["name"]?.text ?? ""
        let isNamed = identityKey(ofList: "releases", elements: root["releases"]?.elements ?? []) == "name"
        let lead: FieldPath = [.key("releases"), isNamed ? .element(name) : .index(index)]
        let isFolder = chart.hasPrefix(".") || chart.hasPrefix("/")
        var release = ChartRelease(
            name: known(name), path: path, object: object, lead: lead,
            chart: isFolder ? .folder(plainFolder(chart, from: folder)) : .name(lastPart(chart)))
        release.isPartial = !(node["secrets"]?.elements ?? []).isEmpty
        for (index, value) in (node["values"]?.elements ?? []).enumerated() {
            if let text = value.text {
                let file = text.replacing("{{ .Environment.Name }}", with: environment)
                    .replacing("{{.Environment.Name}}", with: environment)
                let path = plainFolder(file, from: folder)
                guard !file.contains("{{"), !file.hasPrefix("/"), let root = try files.values(at: path) else {
                    release.isPartial = true
                    continue
                }
                release.layers.append(ReleaseLayer(path: path, place: .file, root: root))
            } else if case .mapping = value.kind {
                release.layers.append(
                    ReleaseLayer(
                        path: path, place: .mapping(lead + [.key("values"), .index(index)]), object: object,
                        root: value))
            }
        }
        if let set = node["set"] {
            release.layers.append(
                ReleaseLayer(
                    path: path, place: .settings(lead + [.key("set")]), object: object,
                    root: mapping(of: set.settings)))
        }
        return release
    }
}

func parentFolder(of path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
}

// MARK: Commands

/// What stands behind `helm` in a script, as words, and the line.
struct HelmCommand: Sendable {
    var words: [String]
    var line: Int

    /// The commands of a script, lines that go on put together.
    static func all(in text: String) -> [HelmCommand] {
        guard text.holds("helm") else { return [] }
        var found: [HelmCommand] = []
        var joined = ""
        var first = 1
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if joined.isEmpty { first = index + 1 }
            if line.hasSuffix("\\") {
                joined += line.dropLast() + " "
                continue
            }
            let whole = joined + line
            joined = ""
            guard whole.holds("helm"), found.count < 200 else { continue }
            for words in shellCommands(in: whole) {
                guard let start = words.firstIndex(where: { $0 == "helm" || $0.hasSuffix("/helm") }) else {
                    continue
                }
                found.append(HelmCommand(words: Array(words[(start + 1)...]), line: first))
            }
        }
        return found
    }
}

extension ChartRelease {
    /// The release that a command makes; `nil` where it makes none that can be read literally.
    init?(command: HelmCommand, at path: String, files: some ReleaseFiles) throws {
        var plain: [String] = []
        var given: [(flag: String, value: String)] = []
        var rest = command.words[...]
        let taking: Set = [
            "-f", "--values", "--set", "--set-string", "--set-json", "--set-file", "-n", "--namespace",
            "--version",
            "--timeout", "--kube-context", "--kubeconfig", "--repo", "--history-max", "--description",
            "--post-renderer", "--username", "--password",
        ]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                plain.append(word)
                continue
            }
            if let sign = word.firstIndex(of: "="), word.hasPrefix("--") {
                given.append((String(word[..<sign]), String(word[word.index(after: sign)...])))
            } else if taking.contains(word), let value = rest.popFirst() {
                given.append((word, value))
            }
        }
        guard let verb = plain.first, ["upgrade", "install", "template"].contains(verb), plain.count >= 2
        else { return nil }
        let chart = plain[plain.count - 1]
        guard known(chart) != nil else { return nil }
        let folder = parentFolder(of: path)
        let isFolder = chart.hasPrefix(".") || chart.contains("/") && !chart.contains(":")
        var release = ChartRelease(
            name: plain.count > 2 ? known(plain[1]) : nil, path: path,
            chart: isFolder ? .folder(plainFolder(chart, from: "")) : .name(lastPart(chart)))
        var settings: [ValueSetting] = []
        for (flag, value) in given {
            switch flag {
            case "-f", "--values":
                for file in value.split(separator: ",").map(String.init) {
                    let candidates = [plainFolder(file, from: ""), plainFolder(file, from: folder)]
                    let found = try known(file).flatMap { _ in
                        try candidates.lazy.compactMap { path in
                            try files.values(at: path).map { (path, $0) }
                        }.first
                    }
                    guard let found else {
                        release.isPartial = true
                        continue
                    }
                    release.layers.append(ReleaseLayer(path: found.0, place: .file, root: found.1))
                }
            case "--set", "--set-string":
                for pair in value.split(separator: ",") {
                    guard let sign = pair.firstIndex(of: "=") else { continue }
                    let text = String(pair[pair.index(after: sign)...])
                    settings.append(
                        ValueSetting(
                            name: String(pair[..<sign]),
                            value: ConfigNode.Scalar(
                                text: text, style: flag == "--set" ? .plain : .quoted,
                                isTemplated: known(text) == nil && !text.isEmpty),
                            mark: Mark(line: command.line, column: 1)))
                }
            case "--set-json", "--set-file": release.isPartial = true
            default: break
            }
        }
        if !settings.isEmpty {
            release.layers.append(
                ReleaseLayer(path: path, place: .arguments, root: mapping(of: settings)))
        }
        self = release
    }
}

/// The commands of a line of a shell script, as words without their quotes.
func shellCommands(in line: String) -> [[String]] {
    var commands: [[String]] = [[]]
    var word = ""
    var isInWord = false
    var quote: Character?
    func isEnd(_ character: Character) -> Bool { ";&|()".contains(character) }
    for character in line {
        if let open = quote {
            if character == open { quote = nil } else { word.append(character) }
        } else if character == "\"" || character == "'" {
            quote = character
            isInWord = true
        } else if character == "#", !isInWord {
            break
        } else if character.isWhitespace || isEnd(character) {
            if isInWord { commands[commands.count - 1].append(word) }
            (word, isInWord) = ("", false)
            if isEnd(character) { commands.append([]) }
        } else {
            word.append(character)
            isInWord = true
        }
    }
    if isInWord { commands[commands.count - 1].append(word) }
    return commands.filter { !$0.isEmpty }
}

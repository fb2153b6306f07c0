import ConfigTree
import DeployModel

/// A chart of one commit: where its templates use its values, and what they render.
struct HelmChart: Sendable {
    /// A chart that is installed along with this one.
    struct Dependency: Sendable {
        /// The key that its values stand under.
        var key: String
        /// Where it is in the repository; `nil` when it is not.
        var folder: String?
        /// Whether it is installed, where one value decides that.
        var condition: TemplateCondition?
    }

    /// Its folder with the last slash; empty at the root.
    var folder: String
    var name: String
    let dependencies: [Dependency]
    /// Which of them are installed or not by the value at the end of a way.
    let dependenciesByWay: [FieldPath: [Int]]
    /// Whether its templates may use values in ways that are not followed here.
    var isOpaque: Bool
    let uses: [ValueUse]
    let objects: [ChartObject]
    /// The blocks of its templates that depend on values.
    let blocks: [TemplateBlock]
    /// The blocks by the first keys of the values that they ask for.
    let blocksByKey: [String: [Int]]
    /// The named templates that its own files define, and where.
    let named: [String: Occurrence]
    /// What its templates include and nothing that is at hand defines.
    let missing: [String: MissingTemplate]
    /// Where its templates ask an element for what only the top has.
    let strayed: Set<StrayedName>
    private let byFirstKey: [String: [Int]]
    private let anyKey: [Int]
    private let index: ManifestIndex
    private let objectsByName: [String: [Int]]

    init(
        folder: String, name: String, dependencies: [Dependency], conditions: [ValuesPath],
        reading: TemplateReading
    ) {
        self.folder = folder
        self.name = name
        self.dependencies = dependencies
        var dependenciesByWay: [FieldPath: [Int]] = [:]
        for (place, dependency) in dependencies.enumerated() {
            for way in Set(dependency.condition?.paths.compactMap(\.keys) ?? []) {
                dependenciesByWay[way, default: []].append(place)
            }
        }
        self.dependenciesByWay = dependenciesByWay
        isOpaque = reading.isOpaque
        // Whether a dependency is installed at all.
        let switches = conditions.map {
            ValueUse(path: $0, file: folder + "Chart.yaml", line: 1, form: .condition, hasDefault: true)
        }
        let all = reading.uses + switches
        uses = all
        objects = reading.objects
        blocks = reading.blocks
        var blocksByKey: [String: [Int]] = [:]
        for (position, block) in reading.blocks.enumerated() {
            for key in Set(block.conditions.flatMap(\.paths).compactMap { $0.first?.name }) {
                blocksByKey[key, default: []].append(position)
            }
        }
        self.blocksByKey = blocksByKey
        named = reading.named
        missing = reading.missing
        strayed = reading.strayed
        index = ManifestIndex(reading.objects.map(\.manifest).filter { !$0.object.name.isEmpty })
        var byFirstKey: [String: [Int]] = [:]
        var anyKey: [Int] = []
        for position in all.indices {
            if case .key(let key)? = all[position].path.first {
                byFirstKey[key, default: []].append(position)
            } else {
                anyKey.append(position)
            }
        }
        self.byFirstKey = byFirstKey
        self.anyKey = anyKey
        let objects = reading.objects
        objectsByName = Dictionary(grouping: objects.indices) { objects[$0].manifest.object.name }
    }

    /// The uses that a change at the end of a way can show through.
    func uses(showing way: FieldPath) -> [ValueUse] {
        let own = way.first.map { byFirstKey[$0.name] ?? [] } ?? Array(uses.indices)
        return (own + anyKey).map { uses[$0] }.filter { $0.shows(way) }
    }

    /// The first keys that its templates use.
    var firstKeys: Set<String> { Set(byFirstKey.keys) }

    /// The workloads that an object's pods are those of, or that take it in; `nil` when that is not known.
    func workloads(touchedBy object: Int) -> [ChartObject]? {
        guard objects.indices.contains(object) else { return nil }
        let manifest = objects[object].manifest
        if manifest.isWorkload { return [objects[object]] }
        return index.reach(of: manifest)?.flatMap { name in
            (objectsByName[name] ?? []).map { objects[$0] }.filter(\.manifest.isWorkload)
        }
    }
}

/// The name of a rendered workload.
struct RenderedName: Sendable, Hashable {
    var text: String
    /// Whether the name of the release, which is not known, stands before it.
    var isPartial: Bool
}

extension ChartObject {
    /// The name of the object as it is rendered for what stands at the end of a way; `nil` when nothing of it is known.
    func renderedName(for use: ValueUse, _ way: FieldPath, value: (ValuesPath) -> String?) -> RenderedName? {
        rendered { $0.text(for: use.path, way, value: value) }
    }

    /// The names of the object, one for each value that its template goes through.
    func renderedNames(keys: (ValuesPath) -> [String], value: (ValuesPath) -> String?) -> [RenderedName] {
        let keyed = (name ?? []).lazy.compactMap { piece -> ValuesPath? in
            if case .key(let path) = piece { path } else { nil }
        }.first
        guard let keyed else { return [rendered { $0.text(for: [], [], value: value) }].compactMap { $0 } }
        return keys(keyed.dropLast()).compactMap { key in
            let way = keyed.dropLast().map { FieldStep.key($0.name) } + [.key(key)]
            return rendered { $0.text(for: keyed, way, value: value) }
        }
    }

    private func rendered(_ text: ([TextPiece]) -> String?) -> RenderedName? {
        let raw = manifest.object.name
        guard raw.contains("{{") else { return raw.isEmpty ? nil : RenderedName(text: raw, isPartial: false) }
        guard let name, let text = text(name) else { return nil }
        let plain = text.split { $0 == "-" }.joined(separator: "-")
        return plain.isEmpty ? nil : RenderedName(text: plain, isPartial: name.holdsRelease)
    }
}

extension ValuesStep {
    fileprivate var name: String {
        switch self {
        case .key(let key): key
        case .each: "*"
        }
    }
}

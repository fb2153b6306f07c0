import ConfigTree
import DeployModel
import Kustomize

/// What the kustomizations that some files belong to put out, before and after.
struct Overlays {
    /// Each kustomization that no other uses.
    private(set) var all: [Overlay] = []
    private(set) var warnings: [Warning] = []

    private static let most = 200

    /// Renders those that a changed file has a say in; nothing is read beyond the kustomizations where there are none.
    init(
        _ files: [FileChange], before: (any SourceTree)?, after: any SourceTree, cache: KustomizeCache
    ) throws {
        let graph = try KustomizationGraph(after, cache: cache)
        let former = try before.map { try KustomizationGraph($0, cache: cache) }
        guard !graph.isEmpty || !(former?.isEmpty ?? true) else { return }
        let paths = Set(files.flatMap { [$0.path, $0.pathBefore] })
        var roots = Set(graph.roots(using: paths))
        if let former { roots.formUnion(former.roots(using: paths)) }
        if roots.count > Self.most {
            warnings.append(
                Warning(
                    code: "overlays_cut",
                    text: "Only \(Self.most) of the \(roots.count) kustomizations that changed were rendered."
                ))
        }
        let (old, new) = (
            before.map { KustomizeRenderer($0, cache: cache) }, KustomizeRenderer(after, cache: cache)
        )
        for folder in roots.sorted().prefix(Self.most) {
            let before = try old?.render(folder)
            let after = try new.render(folder)
            guard before != nil || after != nil else { continue }
            all.append(Overlay(folder: folder, before: Side(before), after: Side(after)))
        }
    }

    /// Whether any of them reads a file, by its path before or after.
    func uses(_ file: FileChange) -> Bool {
        all.contains { $0.after.uses(file.path) || $0.before.uses(file.pathBefore) }
    }

    /// Whether a kustomization reads a file, and puts out no object of it: it patches others.
    func usesAsPatch(_ path: String) -> Bool {
        all.contains { $0.after.uses(path) && !$0.after.objects.contains { $0.origin.path == path } }
    }

    /// Hides the values of files that a Secret is made from, whatever they are called.
    func maskSecrets(in changes: inout [FoundChange]) {
        guard !all.isEmpty else { return }
        var known: [String: Bool] = [:]
        for index in changes.indices where changes[index].isOfPlainFile {
            let path = changes[index].change.path
            let isSecret = known[path] ?? all.contains { $0.after.isSecret(path) || $0.before.isSecret(path) }
            known[path] = isSecret
            if isSecret { changes[index].hide() }
        }
    }

    /// Says of keys that stand twice in what a kustomization reads that kustomize does not put out anything then.
    func tellDoubledKeys(in changes: inout [FoundChange]) {
        guard !all.isEmpty else { return }
        for index in changes.indices {
            guard let place = changes[index].findings.firstIndex(where: \.isOfDoubledKey),
                !isKustomizationFile(changes[index].change.path),
                all.contains(where: { $0.after.uses(changes[index].change.path) })
            else { continue }
            changes[index].findings[place].text += "; kustomize 5 stops at it"
        }
    }

    /// The workloads as they are called where they run.
    var workloads: [Workload] {
        var seen: Set<Workload> = []
        return all.flatMap(\.after.workloads).map(Workload.init).filter { seen.insert($0).inserted }
    }
}

/// A kustomization that no other uses, before and after.
struct Overlay {
    var folder: String
    var before: Side
    var after: Side

    /// The environment that it is of, by its folder; else the folder's name.
    var name: String {
        environment ?? folder.split(separator: "/").last.map(String.init) ?? "the only overlay"
    }

    /// The environment that its folder names.
    var environment: String? { ConfigFaults.environment(inPath: folder) }
}

/// What a kustomization puts out at one of the two commits.
struct Side {
    let rendering: Rendering?
    /// The objects with the lines that have a say in them, by file.
    private let sources: [String: ObjectLines]
    private let byIdentity: [ObjectIdentity: Int]
    private let workloadsByName: [String: Int]
    /// The workloads, for following references.
    let index: ManifestIndex
    let environments: EnvironmentResolver

    init(_ rendering: Rendering?) {
        self.rendering = rendering
        var sources: [String: [(lines: ClosedRange<Int>, object: Int)]] = [:]
        var byIdentity: [ObjectIdentity: Int] = [:]
        var workloadsByName: [String: Int] = [:]
        let objects = rendering?.objects ?? []
        for (place, object) in objects.enumerated() {
            let identity = object.identity
            byIdentity[identity] = place
            if workloadsByName[identity.name] == nil, object.podSpec != nil {
                workloadsByName[identity.name] = place
            }
            for span in object.sources { sources[span.path, default: []].append((span.lines, place)) }
        }
        self.sources = sources.mapValues { ObjectLines($0) }
        self.byIdentity = byIdentity
        self.workloadsByName = workloadsByName
        index = ManifestIndex(objects.filter { $0.podSpec != nil }.map(Manifest.init))
        environments = EnvironmentResolver(objects)
    }

    var objects: [RenderedObject] { rendering?.objects ?? [] }

    /// The first workload of a name.
    func workload(_ name: String) -> RenderedObject? { workloadsByName[name].map { objects[$0] } }

    var workloads: [Manifest] { index.workloads }

    /// Whether a file was asked for.
    func uses(_ path: String) -> Bool { rendering?.files.contains(path) ?? false }

    /// Whether a file's text becomes a Secret's, rather than naming it as a manifest or a kustomization does.
    func isSecret(_ path: String) -> Bool {
        sources[path]?.objects.contains { objects[$0].identity.kind == "Secret" } ?? false
    }

    func object(_ identity: ObjectIdentity) -> RenderedObject? { byIdentity[identity].map { objects[$0] } }

    /// The objects that some lines of a file have a say in, in their order.
    func objects(from path: String, lines: [ClosedRange<Int>]) -> [RenderedObject] {
        guard !lines.isEmpty, let known = sources[path] else { return [] }
        return Set(lines.flatMap(known.objects(on:))).sorted().map { objects[$0] }
    }
}

/// The lines of a file that have a say in objects.
struct ObjectLines {
    /// Those of a few lines, by the first.
    private var short: [(lines: ClosedRange<Int>, object: Int)] = []
    private var long: [(lines: ClosedRange<Int>, object: Int)] = []
    private static let mostLines = 64

    init(_ sources: [(lines: ClosedRange<Int>, object: Int)]) {
        for source in sources {
            if source.lines.upperBound - source.lines.lowerBound < Self.mostLines {
                short.append(source)
            } else {
                long.append(source)
            }
        }
        short.sort { $0.lines.lowerBound < $1.lines.lowerBound }
    }

    var objects: [Int] { (short + long).map(\.object) }

    func objects(on lines: ClosedRange<Int>) -> [Int] {
        let first = short.partitioningIndex { $0.lines.lowerBound > lines.lowerBound - Self.mostLines }
        let near = short[first...].prefix { $0.lines.lowerBound <= lines.upperBound }
        return (near + long).filter { $0.lines.overlaps(lines) }.map(\.object)
    }
}

extension Manifest {
    /// A rendered object, called as it is where it runs.
    init(_ object: RenderedObject) {
        let identity = object.identity
        self.init(
            path: object.origin.path,
            object: ConfigObject(
                kind: identity.kind, name: identity.name,
                namespace: identity.namespace.isEmpty ? nil : identity.namespace),
            root: object.tree.node, reading: .parsed, ordinal: 0)
    }
}

extension FoundChange {
    /// The lines that say something else now, before and after: of lists of texts only those of the elements that differ.
    var differingLines: (before: [ClosedRange<Int>], after: [ClosedRange<Int>]) {
        if let old = beforeNode?.texts, let new = afterNode?.texts {
            let (known, kept) = (Set(old.map(\.text)), Set(new.map(\.text)))
            let gone = old.filter { !kept.contains($0.text) }
            let added = new.filter { !known.contains($0.text) }
            // Of one that was only put into another order, all.
            if !gone.isEmpty || !added.isEmpty {
                return (gone.map { $0.line...$0.line }, added.map { $0.line...$0.line })
            }
        }
        let first = change.oldLine ?? change.line
        let old =
            beforeNode.map { [first...max(first, $0.lastLine)] } ?? change.oldLine.map { [$0...$0] } ?? []
        let isGone = afterNode == nil && beforeNode != nil
        let new = isGone ? [] : [change.line...max(change.line, change.endLine, afterNode?.lastLine ?? 0)]
        return (old, new)
    }
}

extension ConfigNode {
    /// The elements of a list that holds only texts, with their lines.
    fileprivate var texts: [(text: String, line: Int)]? {
        guard case .sequence(let elements) = kind else { return nil }
        let found = elements.compactMap { element in element.text.map { (text: $0, line: element.start.line) }
        }
        return found.count == elements.count ? found : nil
    }
}

extension RenderedTree {
    /// The value at the end of a way, elements found by what they are called; `nil` also where only a place is known.
    func value(at path: FieldPath) -> RenderedTree? {
        path.reduce(Optional(self)) { tree, step in
            switch step {
            case .key(let key): tree?[key]
            case .element(let name):
                tree?.elements.last { element in elementKeys.contains { element[$0]?.text == name } }
            case .index: nil
            }
        }
    }
}

private let elementKeys = [
    "name", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey", "key", "id",
]

extension FoundChange {
    /// Whether its file holds no objects, and is no kustomization.
    fileprivate var isOfPlainFile: Bool {
        let kind = change.object?.kind ?? ""
        return !change.path.lowercased().contains("kustomization") && kind.first?.isUppercase != true
    }

    /// Shows nothing of the values any more.
    fileprivate mutating func hide() {
        change.before = change.before.map { maskedIfSecret($0, name: secretName) }
        change.after = change.after.map { maskedIfSecret($0, name: secretName) }
        findings = [FaultFinding(.secretChanged, "a Secret is made from it")]
    }
}

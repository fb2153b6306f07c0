import ConfigFaults
import ConfigTree
import DeployModel
import Kustomize
import TestSupport

/// The names that a format is told by; the first byte of an input chooses one.
public let configurationPaths = [
    "a.yaml", "a.json", ".env", "a.toml", "a.ini", "a.properties", "a.tf", "a.yaml.tmpl",
    "chart/templates/a.yaml", "config/x", "a.conf", "a.json.j2",
]

extension FuzzTarget {
    /// Trees of every format.
    static let configuration = FuzzTarget("configuration", seeds: { Seeds.configuration }, longest: 8192) {
        input in
        let path = configurationPaths[Int(input.first ?? 0) % configurationPaths.count]
        let contents = Array(input.dropFirst())
        guard let file = parseConfig(path: path, contents: contents) else { return }
        for document in file.documents {
            try promise(document.lines.lowerBound >= 1, "a document begins before the file")
            try promise(
                document.lines.upperBound <= max(file.lines.count, document.lines.lowerBound),
                "a document ends behind the file")
            try promise(document.reading == .parsed || document.problem != nil, "an outline without a reason")
            guard let root = document.root else { continue }
            let extent = root.extent
            try promise(
                extent.first >= 1 && extent.last <= max(1, file.lines.count),
                "lines \(extent.first) to \(extent.last) of \(file.lines.count)")
            try promise(extent.depth <= depthLimit + 1, "a tree \(extent.depth) deep")
            try promise(
                extent.count <= contents.count * 2 + aliasLimit + 2, "a tree of \(extent.count) nodes")
        }
    }

    /// What is read of templates beside their trees.
    static let templates = FuzzTarget("templates", seeds: { Seeds.templates }) { input in
        var end = 0
        for action in templateActions(in: input) {
            try promise(action.range.lowerBound >= end, "actions overlap")
            try promise(action.range.upperBound <= input.count, "an action ends behind the text")
            end = action.range.upperBound
        }
        _ = templateProblem(in: input)
        _ = jsonProblem(in: String(decoding: input, as: UTF8.self))
    }

    /// The difference of two versions of some files, with every fault of the catalogue.
    static let difference = FuzzTarget("difference", seeds: { Seeds.differences }, longest: 1 << 14) {
        input in
        let archive = FolderArchive(input)
        let files = archive.after.changes(from: archive.before)
        let comparison = try compareConfig(before: archive.before, after: archive.after, files: files)
        let failures = FailureContext(
            workloads: ["mailer": 1], healthyWorkloads: ["api"], messages: ["sms rejected: 403"])
        for ranked in rankChanges(comparison, failures: failures) {
            try promise((0...100).contains(ranked.score), "a score of \(ranked.score)")
            try promise(
                ranked.change.line >= 1 && ranked.change.line <= ranked.change.endLine,
                "\(ranked.change.path):\(ranked.change.line)-\(ranked.change.endLine) is no place")
            try promise(ranked.evidence.allSatisfy(\.weight.isFinite), "evidence without a weight")
        }
    }

    /// What kustomizations put out.
    static let kustomize = FuzzTarget("kustomize", seeds: { Seeds.kustomizations }, longest: 1 << 14) {
        input in
        let folder = FolderArchive(input).after
        let graph = try KustomizationGraph(folder, cache: KustomizeCache())
        let renderer = KustomizeRenderer(folder)
        for root in graph.folders.sorted().prefix(8) {
            guard let rendering = try renderer.render(root) else { continue }
            let environments = EnvironmentResolver(rendering.objects)
            for object in rendering.objects.prefix(20) {
                _ = environments.environment(of: object.tree, namespace: object.identity.namespace)
            }
        }
    }
}

/// Some files in two versions, as one text: `--- before PATH`, `--- after PATH` or `--- PATH` begins a file of one or both.
struct FolderArchive: Sendable {
    /// The files before.
    var before: FolderOfTexts
    /// The files after.
    var after: FolderOfTexts

    /// Reads the text; lines before the first file belong to none.
    init(_ bytes: [UInt8]) {
        var (before, after): ([String: String], [String: String]) = ([:], [:])
        var path = ""
        var (isBefore, isAfter) = (false, false)
        var lines: [Substring] = []
        func keep() {
            let text = lines.joined(separator: "\n")
            if isBefore { before[path] = text }
            if isAfter { after[path] = text }
            lines = []
        }
        for line in String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            guard line.hasPrefix("--- "), line.count > 4 else {
                lines.append(line)
                continue
            }
            keep()
            let name = line.dropFirst(4)
            (isBefore, isAfter) = (!name.hasPrefix("after "), !name.hasPrefix("before "))
            path = String(isBefore && isAfter ? name : name.drop { $0 != " " }.dropFirst())
        }
        keep()
        self.before = FolderOfTexts(before)
        self.after = FolderOfTexts(after)
    }
}

extension ConfigNode {
    /// How many nodes a tree has, how deep it is, and its first and last line; without recursion, as a tree may be deep.
    fileprivate var extent: (count: Int, depth: Int, first: Int, last: Int) {
        var extent = (count: 0, depth: 0, first: start.line, last: end.line)
        var open = [(self, 0)]
        while let (node, level) = open.popLast() {
            extent.count += 1
            extent.depth = max(extent.depth, level)
            extent.first = min(extent.first, node.start.line, node.end.line)
            extent.last = max(extent.last, node.start.line, node.end.line)
            switch node.kind {
            case .scalar: break
            case .mapping(let entries):
                open += entries.map { ($0.value, level + 1) }
                extent.last = max(extent.last, entries.map(\.keyMark.line).max() ?? 0)
            case .sequence(let elements): open += elements.map { ($0, level + 1) }
            }
        }
        return extent
    }
}

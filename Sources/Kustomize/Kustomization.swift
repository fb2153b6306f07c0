import ConfigTree
import DeployModel

/// One kustomization file, taken apart.
struct Kustomization: Sendable {
    /// The file.
    var path: String
    /// The folder that its entries are relative to.
    var folder: String
    /// Whether it is a component, which works on what the one that uses it has found so far.
    var isComponent: Bool
    /// All of it.
    var root: RenderedTree
    /// Every path that it names in this repository, with what is listed at it: files and folders alike.
    private(set) var references: Set<String> = []
    /// The lines of each of its values, by the line each begins on.
    private var ends: [Int: Int] = [:]

    static let fileNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"]

    /// Whether a path is that of a kustomization file.
    static func isFile(_ path: String) -> Bool {
        // Asked of every path of a commit.
        fileNames.contains { path.hasSuffix($0) } && fileNames.contains(fileName(of: path))
    }

    /// - Returns: `nil` for what holds no mapping.
    init?(path: String, document: ConfigDocument?) {
        guard let node = document?.root, case .mapping = node.kind, document?.reading == .parsed else {
            return nil
        }
        self.path = path
        folder = parentFolder(of: path)
        root = RenderedTree(node, path: path)
        isComponent = root["kind"]?.text == "Component"
        collectEnds(node)
        references = namedPaths
    }

    private mutating func collectEnds(_ node: ConfigNode) {
        for entry in node.entries {
            ends[entry.keyMark.line] = max(ends[entry.keyMark.line] ?? 0, entry.value.end.line)
            collectEnds(entry.value)
        }
        for element in node.elements {
            ends[element.start.line] = max(ends[element.start.line] ?? 0, element.end.line)
            collectEnds(element)
        }
    }

    /// The lines of a value of this file.
    func span(_ tree: RenderedTree) -> SourceSpan {
        let line = tree.origin.line
        return SourceSpan(path: path, lines: line...max(line, ends[line] ?? line))
    }

    /// The elements of a list of its fields.
    func list(_ keys: String...) -> [RenderedTree] { keys.flatMap { root[$0]?.elements ?? [] } }

    /// What it lists as resources: files, folders and what is elsewhere.
    var resources: [RenderedTree] { list("resources", "bases") }
    /// What it lists as components.
    var components: [RenderedTree] { list("components") }

    /// A path relative to its folder as one from the repository's root; `nil` for what leads out of it, or elsewhere.
    func resolved(_ text: String) -> String? { joined(folder, text) }

    /// What it says that is not understood here.
    var gaps: [RenderGap] {
        let reasons = [
            "helmCharts": "a Helm chart", "helmChartInflationGenerator": "a Helm chart",
            "generators": "a generator of its own", "transformers": "a transformer of its own",
            "configurations": "transformers with a configuration of their own",
            "crds": "definitions of its own kinds",
            "openapi": "a schema of its own", "buildMetadata": "metadata about the build",
        ]
        return reasons.sorted { $0.key < $1.key }.compactMap { key, reason in
            root[key].flatMap { $0.isNull ? nil : RenderGap(reason: reason, place: $0.origin) }
        }
    }

    private var namedPaths: Set<String> {
        var texts = (resources + components).compactMap(\.text)
        texts += list(
            "patchesStrategicMerge", "configurations", "crds", "transformers", "generators", "replacements"
        )
        .flatMap { [$0.text, $0["path"]?.text].compactMap { $0 } }
        texts += list("patches", "patchesJson6902").compactMap { $0["path"]?.text }
        for generator in list("configMapGenerator", "secretGenerator") {
            texts += GeneratorEntry.envFiles(of: generator).compactMap(\.text)
            texts += (generator["files"]?.elements ?? []).compactMap {
                $0.text.map { GeneratorEntry.file($0).path }
            }
        }
        return Set(texts.filter { !$0.contains("\n") }.compactMap(resolved))
    }
}

/// The name at the end of a path.
func fileName(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

/// The folder that a file or a folder is in; empty for the root.
func parentFolder(of path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
}

/// What an entry of a kustomization names, as a path from the repository's root; `nil` for any other file, and for what leads out
/// of the repository.
///
/// - Parameter kustomization: the path of the file that names it.
package func resolvedPath(_ entry: String, besides kustomization: String) -> String? {
    Kustomization.isFile(kustomization) ? joined(parentFolder(of: kustomization), entry) : nil
}

/// A relative path from a folder, `.` and `..` resolved; `nil` when it leads out of the repository or is no such path.
func joined(_ folder: String, _ path: String) -> String? {
    guard !path.isEmpty, !path.hasPrefix("/"), !isRemote(path) else { return nil }
    var parts = folder.split(separator: "/").map(String.init)
    for part in path.split(separator: "/") {
        switch part {
        case ".": continue
        case "..": guard parts.popLast() != nil else { return nil }
        default: parts.append(String(part))
        }
    }
    return parts.joined(separator: "/")
}

/// Whether an entry names something outside of the repository.
func isRemote(_ text: String) -> Bool {
    // What has neither sign is told at once: it is asked of every path that is named.
    guard
        text.utf8.contains(where: {
            $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "@")
        })
            || text.hasPrefix("g") || text.hasPrefix("b")
    else { return false }
    return text.contains("://") || text.hasPrefix("git@") || text.hasPrefix("git::") || text.contains("?ref=")
        || text.hasPrefix("github.com/") || text.hasPrefix("gitlab.com/") || text.hasPrefix("bitbucket.org/")
}

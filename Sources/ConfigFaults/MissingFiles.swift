import ConfigTree
import DeployModel

/// F5 of files: a value that names a file or a folder of the repository that is not there, though what the field named before,
/// or what stands beside it, is.
func findMissingFiles(in changes: inout [FoundChange], files: [ChangedFile], after tree: any SourceTree)
    throws
{
    let after = Dictionary(files.map { ($0.file.path, $0.after) }, uniquingKeysWith: { first, _ in first })
    var places: [(change: Int, file: ConfigFile, value: PathValue)] = []
    try findMissingFolders(in: &changes, in: tree)
    for (index, change) in changes.enumerated() {
        // Kustomizations are rendered, which says more.
        guard let node = change.afterNode, !change.isHidden,
            !change.change.path.hasSuffix("kustomization.yaml"),
            let file = after[change.change.path] ?? nil
        else { continue }
        for value in pathValues(in: node, under: change.path.lastKey) {
            places.append((index, file, value))
        }
    }
    guard !places.isEmpty, places.count <= mostValues else { return }
    let names = FileNames(try tree.paths(), links: try tree.links())
    var peers: [String: [PathValue]] = [:]
    for (index, file, value) in places {
        guard !names.resolves(value.text, from: file.path) else { continue }
        if peers[file.path] == nil {
            peers[file.path] = file.documents.compactMap(\.root).flatMap { pathValues(in: $0, under: "") }
        }
        let beside = Set(
            peers[file.path, default: []].filter { $0.key == value.key && $0.text != value.text }.map(\.text))
        let there = beside.filter { names.resolves($0, from: file.path) }
        let old = changes[index].beforeNode?.scalar.map(\.text).flatMap {
            mayBePath($0) && names.resolves($0, from: file.path) ? $0 : nil
        }
        // Where others are not there either, they are of another place.
        guard old != nil || there.count >= 2 && there.count == beside.count else { continue }
        let contrast =
            old.map { "\($0), which it named before, is" } ?? "the \(there.count) others beside it are"
        var finding = FaultFinding(
            .danglingReference, weight: 0.75,
            "\(value.text) is no file or folder of the repository; \(contrast)")
        finding.line = value.line
        changes[index].findings.append(finding)
    }
}

/// F5 of what Argo CD puts up: the folder that an Application takes from this repository is not there, and one of nearly its name
/// is.
private func findMissingFolders(in changes: inout [FoundChange], in tree: any SourceTree) throws {
    var folders: (all: Set<String>, byParent: [String: [String]])?
    var near: [String: SimilarNames] = [:]
    let links = try tree.links()
    for index in changes.indices {
        let change = changes[index]
        // Where it stood before tells that it is of this repository.
        guard ["Application", "ApplicationSet"].contains(change.change.object?.kind),
            change.path.last == .key("path"),
            let text = change.afterNode?.text, let old = change.beforeNode?.text,
            !text.contains(where: { "{*?[$".contains($0) })
        else { continue }
        let known: (all: Set<String>, byParent: [String: [String]])
        if let folders {
            known = folders
        } else {
            let all = Set(try tree.paths().flatMap(foldersAround))
            known = (all, Dictionary(grouping: all.sorted(), by: parentFolder))
            folders = known
        }
        func plain(_ text: String) -> String {
            text.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        }
        let path = plain(text)
        guard !known.all.contains(path), known.all.contains(plain(old)),
            !([path] + foldersAround(path)).contains(where: links.contains)
        else { continue }
        let parent = parentFolder(of: path)
        let beside = near[parent] ?? SimilarNames(known.byParent[parent] ?? [])
        near[parent] = beside
        guard let meant = beside.nearest(to: path), !isOfSeries(path, meant) else { continue }
        changes[index].findings.append(
            FaultFinding(
                .danglingReference, weight: 0.8, "\(text) is no folder of the repository; \(meant) is"))
    }
}

/// The folders that a file is in.
private func foldersAround(_ path: String) -> [String] {
    var found: [String] = []
    var folder = parentFolder(of: path)
    while !folder.isEmpty {
        found.append(folder)
        folder = parentFolder(of: folder)
    }
    return found
}

extension FieldPath {
    /// The key that a field, or the list that it is an element of, goes by.
    fileprivate var lastKey: String {
        last { if case .key = $0 { true } else { false } }?.name ?? ""
    }
}

/// Beyond so many a change is one of data.
private let mostValues = 2_000

/// A value that may name a file.
private struct PathValue {
    var key: String
    var text: String
    var line: Int
}

private func pathValues(in node: ConfigNode, under key: String) -> [PathValue] {
    switch node.kind {
    case .scalar(let scalar):
        guard !scalar.isTemplated, mayBePath(scalar.text) else { return [] }
        return [PathValue(key: key, text: scalar.text, line: node.start.line)]
    case .sequence(let elements): return elements.flatMap { pathValues(in: $0, under: key) }
    case .mapping(let entries):
        return entries.filter { !$0.isMerged }.flatMap { pathValues(in: $0.value, under: $0.key) }
    }
}

/// Whether a text is written like the path of a file from some folder.
private func mayBePath(_ text: String) -> Bool {
    // Dots first: hardly any value has one.
    guard text.utf8.contains(UInt8(ascii: ".")), (5...200).contains(text.utf8.count), let first = text.first,
        first != "/", first != "-"
    else { return false }
    let isPlain = text.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
    guard isPlain, text.contains(where: \.isLetter) else { return false }
    if text.hasPrefix("./") || text.hasPrefix("../") { return true }
    // Names of hosts, versions and API groups have dots and slashes as well.
    let name = text.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return false }
    let ending = name[name.index(after: dot)...].lowercased()
    return endings.contains { ending.hasPrefix($0) && ending.utf8.count <= $0.utf8.count + 1 }
}

private let endings = [
    "yaml", "yml", "json", "toml", "env", "conf", "tpl", "properties", "sh", "tf", "tfvars", "xml", "txt",
    "ini", "py", "rego", "hcl", "jsonnet", "lua",
]

/// The files and the folders of a commit.
private struct FileNames {
    private var files: Set<String>
    private var folders: Set<String> = []
    private let links: Set<String>

    init(_ paths: [String], links: Set<String>) {
        files = Set(paths)
        self.links = links
        for path in paths {
            var folder = path[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                guard folders.insert(String(folder)).inserted else { break }
            }
        }
    }

    /// Whether a path leads somewhere from the folder of a file, or from one of those around it.
    func resolves(_ text: String, from path: String) -> Bool {
        var base = path.split(separator: "/").dropLast().map(String.init)
        while true {
            if let found = normalized(base, text),
                files.contains(found) || folders.contains(found) || found.isEmpty || isLinked(found)
            {
                return true
            }
            guard base.popLast() != nil else { return false }
        }
    }

    /// Whether a path, or a folder of it, is a symbolic link.
    private func isLinked(_ path: String) -> Bool {
        guard !links.isEmpty else { return false }
        var part = path[...]
        while !links.contains(String(part)) {
            guard let slash = part.lastIndex(of: "/") else { return false }
            part = part[..<slash]
        }
        return true
    }

    private func normalized(_ base: [String], _ text: String) -> String? {
        var parts = base
        for part in text.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}

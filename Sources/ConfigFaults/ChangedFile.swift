import ConfigTree
import DeployModel

/// Whether a file is there to be copied and filled in, and is not read itself: `.env.example`.
func isExample(_ path: String) -> Bool {
    [".example", ".sample", ".dist"].contains(where: path.lowercased().hasSuffix)
}

extension FileChange {
    /// Whether it is an example now and was read before.
    var becomesExample: Bool { status == .renamed && isExample(path) && !isExample(pathBefore) }

    /// A file that became an example, or was made from one, is not the same file under another name.
    var byPurpose: [FileChange] {
        guard status == .renamed, isExample(path) != isExample(pathBefore) else { return [self] }
        return [
            FileChange(path: pathBefore, status: .removed), FileChange(path: path, status: .added),
        ]
    }
}

/// A configuration file before and after.
struct ChangedFile: Sendable {
    var file: FileChange
    var before: ConfigFile?
    var after: ConfigFile?
    /// Their objects.
    private(set) var objectsBefore: [Manifest] = []
    private(set) var objectsAfter: [Manifest] = []

    /// - Returns: `nil` for a file that is no configuration on either side.
    init?(_ file: FileChange, before: ManifestCache.ReadFile?, after: ManifestCache.ReadFile?) {
        if before == nil, after == nil { return nil }
        self.file = file
        (self.before, objectsBefore) = (before?.file, before?.manifests ?? [])
        (self.after, objectsAfter) = (after?.file, after?.manifests ?? [])
        lines = LineDifference(before?.file.lines ?? [], after?.file.lines ?? [])
    }

    /// Where lines went.
    let lines: LineDifference

    /// How much text it is, both versions together.
    var bytes: Int {
        [before, after].reduce(0) { $0 + ($1?.lines.reduce(0) { $0 + $1.utf8.count + 1 } ?? 0) }
    }

    /// Whether Secrets are among its objects, whose words are not to be shown.
    var holdsSecrets: Bool { (objectsBefore + objectsAfter).contains { $0.object.kind == "Secret" } }
}

/// The changed files that are configuration, as trees.
///
/// Where there is much to read several threads do it; no more than some mebibytes wait for them at a time.
func changedFiles(
    _ files: [FileChange], before: (any SourceTree)?, after: any SourceTree, cache: ManifestCache
) throws -> [ChangedFile] {
    var found: [ChangedFile] = []
    var waiting: [(file: FileChange, before: ManifestCache.Reading, after: ManifestCache.Reading)] = []
    var bytes = 0
    func readAll() {
        let sides = waiting.flatMap { [$0.before, $0.after] }
        let unread = sides.compactMap(\.unread)
        let read = mapLoad(unread, bytes: bytes) { $0.read() }
        for (file, read) in zip(unread, read) { cache.keep(read, of: file) }
        var next = read.makeIterator()
        let trees = sides.map { side in
            if case .known(let tree) = side { tree } else { next.next() ?? nil }
        }
        let pairs = waiting.indices.map {
            (file: waiting[$0].file, before: trees[2 * $0], after: trees[2 * $0 + 1])
        }
        found += mapLoad(pairs, bytes: bytes) { ChangedFile($0.file, before: $0.before, after: $0.after) }
            .compactMap { $0 }
        (waiting, bytes) = ([], 0)
    }
    for file in files where mayBeConfiguration(path: file.path) || mayBeConfiguration(path: file.pathBefore) {
        let old: ManifestCache.Reading =
            if file.status != .added, let before { try cache.reading(at: file.pathBefore, in: before) } else {
                .known(nil)
            }
        let new: ManifestCache.Reading =
            file.status == .removed ? .known(nil) : try cache.reading(at: file.path, in: after)
        waiting.append((file, old, new))
        bytes += [old, new].reduce(0) { $0 + ($1.unread?.contents.count ?? 0) }
        if bytes > mostWaitingBytes { readAll() }
    }
    readAll()
    return found
}

private let mostWaitingBytes = 8 << 20

extension ManifestCache.Reading {
    fileprivate var unread: ManifestCache.UnreadFile? {
        if case .unread(let file) = self { file } else { nil }
    }
}

/// The configuration around the changed files, before and after.
struct Surroundings {
    let before: ManifestIndex
    let after: ManifestIndex
    private(set) var warnings: [Warning] = []

    private static let mostFiles = 3000
    private static let mostBytes = 32 << 20

    /// Reads the other configuration files as well, when objects that refer to each other are among the changed ones: the
    /// nearest folders first, up to a limit.
    init(_ changed: [ChangedFile], after tree: any SourceTree, cache: ManifestCache) throws {
        let changedBefore = changed.flatMap(\.objectsBefore)
        let changedAfter = changed.flatMap(\.objectsAfter)
        var others: [Manifest] = []
        let isKubernetes = (changedBefore + changedAfter).contains { $0.root["apiVersion"] != nil }
        if isKubernetes {
            let own = Set(changed.map(\.file.path))
            let paths = try tree.paths().filter { !own.contains($0) }
            let ordered = Self.nearest(paths, to: changed.map(\.file.path), cache: cache)
            var bytes = 0
            for (count, path) in ordered.enumerated() {
                guard count < Self.mostFiles, bytes < Self.mostBytes else {
                    warnings.append(
                        Warning(
                            code: "siblings_cut",
                            text:
                                "Only the \(count) configuration files nearest to the changed ones were compared with them."
                        ))
                    break
                }
                guard let contents = try cache.contents(at: path, in: tree) else { continue }
                bytes += contents.bytes
                others += contents.manifests
            }
        }
        before = ManifestIndex(others + changedBefore)
        after = ManifestIndex(others + changedAfter)
        for file in changed.compactMap(\.after) {
            for problem in file.documents.compactMap(\.problem) {
                warnings.append(
                    Warning(
                        code: "unparsable",
                        text: "\(file.path):\(problem.mark.line) does not parse: \(problem.text)",
                        remedy: "its changes were read from the indentation alone"))
            }
        }
    }

    /// The paths that may hold objects: those that share more folders with a changed file come first.
    ///
    /// - Parameter paths: sorted.
    private static func nearest(_ paths: [String], to changed: [String], cache: ManifestCache) -> [String] {
        let folders = Set(changed.map { $0.split(separator: "/").dropLast() as Array })
        var byShared: [[String]] = []
        for path in paths {
            guard let own = cache.manifestFolders(of: path) else { continue }
            let shared = folders.map { other in zip(own, other).prefix { $0.0 == $0.1 }.count }.max() ?? 0
            while byShared.count <= shared { byShared.append([]) }
            byShared[shared].append(path)
        }
        return byShared.reversed().flatMap { $0 }
    }
}

/// Whether a file may hold objects, by its path.
func isManifestPath(_ path: String) -> Bool {
    let lowered = path.lowercased()
    return (lowered.holds(".yaml") || lowered.holds(".yml") || lowered.hasSuffix(".json"))
        && mayBeConfiguration(path: path)
}

/// How many changes of one file are judged: nobody reads more, and each takes some 50 µs.
let mostChangesOfFile = 5_000

/// The differences of a file's objects as changes, and how many there are beyond ``mostChangesOfFile``.
///
/// - Parameter isShared: whether other files are looked at meanwhile.
func fieldChanges(
    of file: ChangedFile, in surroundings: Surroundings, isShared: Bool
) -> (changes: [FoundChange], cut: Int) {
    let path = file.file.path
    let lines = file.lines
    let extents = Extents(of: file)
    let pairs = pairedObjects(of: file)
    var all = mapMany(pairs, isShared: isShared) { pair -> [ObjectDifference] in
        let first = pair.first
        let reach = surroundings.after.reach(of: first) ?? surroundings.before.reach(of: first)
        let found: [FieldDifference]
        switch (pair.before, pair.after) {
        case (let x?, let y?):
            let isCompose = isComposeFile(path)
            found = differences(from: x.root, to: y.root).filter {
                !(isCompose && isSameInCompose(x.root, y.root, at: $0.path))
            }.flatMap {
                finer($0, before: file.before, after: file.after)
            }
        case (let x?, nil) where file.after == nil && file.before?.format == .env && !isExample(path):
            // Each variable has readers of its own.
            let nothing = ConfigNode(.mapping([]), start: x.root.start, end: x.root.start)
            found = differences(from: x.root, to: nothing)
        case (let x?, nil):
            found = [
                FieldDifference(
                    path: [], before: x.root, after: nil, beforeLine: x.root.start.line, afterLine: nil)
            ]
        case (nil, let y?):
            found = [
                FieldDifference(
                    path: [], before: nil, after: y.root, beforeLine: nil, afterLine: y.root.start.line)
            ]
        case (nil, nil): found = []
        }
        return found.map { ObjectDifference(difference: $0, manifest: first, reach: reach) }
    }.flatMap { $0 }
    let count = all.count
    if count > mostChangesOfFile {
        // The first ones by lines: the old name and the new one of what is renamed stand side by side.
        let places = all.indices.sorted {
            (lines.line(of: all[$0].difference), $0) < (lines.line(of: all[$1].difference), $1)
        }
        all = places.prefix(mostChangesOfFile).sorted().map { all[$0] }
    }
    var changes = mapMany(all, isShared: isShared) { found in
        var change = foundChange(
            found.difference, of: found.manifest, path: path, reach: found.reach, lines: lines)
        if found.difference.path.isEmpty, found.difference.before == nil { extents.extend(&change.change) }
        return change
    }
    for index in changes.indices { changes[index].changedLines = lines.count }
    return (changes, count - all.count)
}

/// A difference of an object, with the workloads that the object reaches.
private struct ObjectDifference: Sendable {
    var difference: FieldDifference
    var manifest: Manifest
    var reach: [String]?
}

/// An object before and after.
private struct ObjectPair: Sendable {
    /// The first of its identity: of several in one file the last one holds.
    var first: Manifest
    var before: Manifest?
    var after: Manifest?
}

/// The objects of a file on both sides, those that are there now first.
private func pairedObjects(of file: ChangedFile) -> [ObjectPair] {
    var pairs: [ObjectPair] = []
    var places: [Manifest.Identity: Int] = [:]
    pairs.reserveCapacity(max(file.objectsBefore.count, file.objectsAfter.count))
    places.reserveCapacity(pairs.capacity)
    func place(of manifest: Manifest) -> Int {
        let identity = manifest.identity(path: file.file.path)
        if let known = places[identity] { return known }
        places[identity] = pairs.count
        pairs.append(ObjectPair(first: manifest))
        return pairs.count - 1
    }
    for manifest in file.objectsAfter { pairs[place(of: manifest)].after = manifest }
    for manifest in file.objectsBefore { pairs[place(of: manifest)].before = manifest }
    return pairs
}

extension LineDifference {
    /// The line, from 1, of the new version: of what is gone where it would stand, behind the nearest line above that is
    /// still there.
    fileprivate func line(of difference: FieldDifference) -> Int {
        if let line = difference.afterLine { return line }
        let old = difference.beforeLine ?? 1
        return (above.indices.contains(old - 1) ? above[old - 1] : above.last ?? 0) + 1
    }
}

/// Where the objects of a file begin and end with what stands around them: comments, conditions of a template.
private struct Extents {
    private let lines: [String]
    /// The first and the last line of each object, from 1.
    private let objects: [ClosedRange<Int>]

    init(of file: ChangedFile) {
        lines = file.after?.lines ?? []
        objects = file.objectsAfter.map { $0.root.start.line...max($0.root.start.line, $0.root.lastLine) }
    }

    /// Lets a new object begin behind the one before it, or its separator, and end before the next.
    func extend(_ change: inout FieldChange) {
        func isFree(_ line: Int) -> Bool {
            lines.indices.contains(line - 1) && !lines[line - 1].hasPrefix("---")
                && !objects.contains { $0.contains(line) }
        }
        while isFree(change.line - 1) { change.line -= 1 }
        while isFree(change.endLine + 1) { change.endLine += 1 }
        // A file does not begin or end with what is empty.
        while change.line < change.endLine, lines[change.line - 1].trimmed.isEmpty { change.line += 1 }
        while change.line < change.endLine, lines[change.endLine - 1].trimmed.isEmpty { change.endLine -= 1 }
    }
}

private func foundChange(
    _ difference: FieldDifference, of manifest: Manifest, path: String, reach: [String]?,
    lines: LineDifference
) -> FoundChange {
    var object = manifest.object
    object.container = difference.path.container
    let first = difference.path.first?.name ?? ""
    let isSecret =
        object.kind == "Secret" && ["data", "stringData"].contains(first)
        || first == "secretGenerator" && difference.path.contains(.key("literals"))
    let name = difference.path.isEmpty ? object.name : isSecret ? secretName : difference.path.valueName
    let line = lines.line(of: difference)
    let end = difference.after.map { max(line, $0.lastLine) } ?? line
    let isWhole = difference.path.isEmpty
    // A format is no kind of object.
    let kind = object.kind.first?.isUppercase ?? false ? object.kind : "file"
    let isRequoted = isOnlyRequoted(difference.before, difference.after)
    func shown(_ node: ConfigNode) -> String {
        guard difference.isLines else { return valueText(node, name: name, isQuoteShown: isRequoted) }
        let owner = isSecret ? secretName : difference.path.dropLast().last?.name ?? ""
        return valueText(node, name: owner).split(separator: "\n").map { masked(String($0.prefix(400))) }
            .joined(separator: " ⏎ ")
    }
    return FoundChange(
        change: FieldChange(
            path: path, line: line, endLine: end, oldLine: difference.beforeLine,
            object: object,
            fieldPath: isWhole ? kind : difference.path.words,
            before: difference.before.map {
                isWhole ? "the whole \(kind)" : shown($0)
            },
            after: difference.after.map { isWhole ? "a new \(kind)" : shown($0) },
            reach: reach ?? []),
        path: difference.path, isReachKnown: reach != nil, beforeNode: difference.before,
        afterNode: difference.after)
}

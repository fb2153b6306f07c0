import ConfigTree
public import DeployModel

/// The configuration changes between two commits, with the faults found in them; independent of what fails.
public struct ConfigComparison: Sendable {
    /// The changes, by path and line.
    public var changes: [FoundChange]
    /// The workloads of the configuration after the change.
    public var workloads: [Workload]
    /// How many files changed in all.
    public var filesChanged: Int
    /// How many of them are configuration.
    public var configFiles: Int
    /// The other ones, by path.
    public var otherFiles: [String]
    /// Documents that do not parse, and limits that were met.
    public var warnings: [Warning]
}

/// One change with what was found in it.
public struct FoundChange: Sendable {
    /// The change.
    public var change: FieldChange
    /// The way to the field.
    var path: FieldPath
    /// The faults.
    var findings: [FaultFinding] = []
    /// Further facts, which are no faults; most make it no more suspicious.
    var notes: [Evidence] = []
    /// Why it is innocent, where it is.
    var innocence: Evidence?
    /// The smallest edit that removes the contradiction.
    var mend: String?
    /// Whether ``FieldChange/reach`` is known.
    var isReachKnown: Bool
    /// How many lines of its file changed.
    var changedLines = 0
    /// The field itself before and after, where it was read as a tree.
    var beforeNode: ConfigNode?
    var afterNode: ConfigNode?
    /// Whether it takes away what the same commit puts up again, elsewhere or under another name.
    var isReplaced = false
    /// The environments that it changes, where overlays tell.
    var environments: Set<String> = []
    /// Of a value of a chart, the change as it shows in the objects that the chart renders.
    var landings: [FoundChange] = []
    /// The environment variable that it becomes there.
    var landedVariable: String?
    /// Whether it becomes an entry of a Secret there, and is not to be shown.
    var isSecret = false
    /// Of such a landing, its place in words.
    var place: String?
}

extension FoundChange {
    /// Whether its values are not to be shown.
    var isHidden: Bool {
        isSecret || change.object?.kind == "Secret"
            || [change.before, change.after].contains { $0?.holds(hiddenText) ?? false }
    }
}

extension FoundChange {
    /// Whether the file says two things, or what cannot be meant, and this is sure enough.
    var isContradiction: Bool { findings.contains { $0.fault.isContradiction && $0.weight >= 0.6 } }
}

extension FoundChange {
    /// Where it is told who misses what is gone, that it is gone is said.
    fileprivate mutating func dropRepetitions() {
        let isMissed = findings.contains { $0.fault == .renamedUnread || $0.fault == .removedStillRead }
        if isMissed { findings.removeAll(where: \.isOfAbsence) }
        // What is refused, or leads nowhere, is not waited for.
        if isContradiction { findings.removeAll { $0.fault == .staleConfig } }
    }

    /// Of an object that is new, and was there under another name or in another namespace: a placeholder that stood there is nobody's
    /// news.
    fileprivate mutating func dropOldPlaceholders(of after: [String], before former: Set<String>) {
        guard change.before == nil, path.isEmpty else { return }
        findings.removeAll { finding in
            guard finding.fault == .placeholder, let line = finding.line, after.indices.contains(line - 1)
            else { return false }
            return former.contains(after[line - 1])
        }
    }

    /// Points a change that takes many lines at the one where the worst of its faults is.
    fileprivate mutating func narrow() {
        let worst = findings.max { ($0.weight, $1.fault.number) < ($1.weight, $0.fault.number) }
        guard let worst, let line = worst.line, (change.line...change.endLine).contains(line) else { return }
        // A mere hint does not make the other lines innocent.
        guard worst.weight >= 0.5 else { return }
        change.line = line
        change.endLine = line
    }
}

extension ConfigComparison {
    /// Only the changes that are contradictions.
    public var contradictions: ConfigComparison {
        var copy = self
        copy.changes = changes.filter(\.isContradiction)
        return copy
    }
}

/// A fault class recognised in a change.
struct FaultFinding: Sendable {
    var fault: FaultClass
    /// The facts, for people.
    var text: String
    /// From 0 to 1; the class's own weight unless the facts are weaker.
    var weight: Double
    /// Where inside the change it is, where that is known.
    var line: Int?
    /// The place in a template that makes it one, where that is elsewhere.
    var template: Occurrence?
    /// Whether it says no more than that something is gone.
    var isOfAbsence: Bool
    /// Whether it says who misses what is taken away.
    var isOfMissing = false
    /// Whether it says that a key stands twice in one mapping.
    var isOfDoubledKey = false

    init(_ fault: FaultClass, weight: Double? = nil, isOfAbsence: Bool = false, _ text: String) {
        self.fault = fault
        self.text = text
        self.weight = weight ?? fault.weight
        self.isOfAbsence = isOfAbsence
    }
}

/// How closely two commits are compared.
public enum ComparisonDepth: Sendable {
    /// Only which workloads the changes reach.
    case reach
    /// Also whether they contradict something.
    case contradictions
    /// Also what is no contradiction in itself, such as a mistyped word.
    case hints
}

/// Compares the configuration of two commits.
///
/// - Parameters:
///   - before: the files before; `nil` when there was nothing.
///   - after: the files after.
///   - files: what changed between them.
///   - cache: what was read for other commits.
///   - code: the repositories that images are built from, where these live apart.
///   - depth: what is looked for.
/// - Throws: what the trees and the repositories throw.
public func compareConfig(
    before: (any SourceTree)?, after: any SourceTree, files: [FileChange],
    cache: ManifestCache = ManifestCache(), code: [any CodeRepository] = [], depth: ComparisonDepth = .hints
) throws -> ConfigComparison {
    let listed = files
    let files = files.flatMap(\.byPurpose)
    let wantsHints = depth == .hints
    var (readable, absent, oversized): ([FileChange], [FileChange], [FileChange]) = ([], [], [])
    for file in files {
        switch try presence(of: file, before: before, after: after) {
        case .readable: readable.append(file)
        case .absent: absent.append(file)
        case .oversized: oversized.append(file)
        }
    }
    let changed = try changedFiles(readable, before: before, after: after, cache: cache)
    let surroundings = try Surroundings(changed, after: after, cache: cache)
    // Threads share the files or, where one of them is most of it all, what is in a file.
    let sizes = changed.map(\.bytes)
    let (bytes, largest) = (sizes.reduce(0, +), sizes.max() ?? 0)
    let isShared = largest <= bytes / 2
    let differing = mapLoad(changed, bytes: isShared ? bytes : 0) {
        fieldChanges(of: $0, in: surroundings, isShared: isShared)
    }
    let notTold = zip(changed, differing).filter { $1.cut > 0 }.map { tooMany(in: $0.file.path, cut: $1.cut) }
    var changes = differing.flatMap(\.changes)
    if depth != .contradictions {
        changes += changed.flatMap { statementChanges(of: $0, beside: changes, in: surroundings) }
    }
    let charts = try ChangedCharts(files, changed: changed, before: before, after: after, cache: cache)
    let rendered = try charts?.land(&changes) ?? []
    if depth == .reach {
        for file in changed { findDuplicateKeys(in: file, surroundings: surroundings, changes: &changes) }
        let overlays = try Overlays(files, before: before, after: after, cache: cache.kustomizations)
        let recipes = try recipeFiles(
            readable, besides: changed, before: before, after: after, overlays: overlays)
        changes += recipes.flatMap(\.changes)
        overlays.maskSecrets(in: &changes)
        overlays.judge(&changes, files: files)
        changes.sort(by: inOrder)
        return comparison(
            changes, of: listed, files, changed, recipes, surroundings, overlays, rendered,
            notTold + oversized.map(notCompared) + absent.map(notAtHand))
    }
    let newExamples = Set(listed.filter(\.becomesExample).map(\.path))
    let readers = try Readers(
        changes, after: after, configuration: surroundings, except: newExamples)
    try findFaults(
        in: &changes, files: changed, surroundings: surroundings, readers: readers, charts: charts)
    let overlays = try Overlays(files, before: before, after: after, cache: cache.kustomizations)
    let recipes = try recipeFiles(
        readable, besides: changed, before: before, after: after, overlays: overlays)
    changes += recipes.flatMap(\.changes)
    if let charts {
        try findMissingTemplates(in: &changes, charts: charts)
        try findStrayedNames(in: &changes, charts: charts)
    }
    overlays.maskSecrets(in: &changes)
    overlays.judge(&changes, files: files)
    overlays.tellDoubledKeys(in: &changes)
    try findOverlayFaults(in: &changes, overlays: overlays, before: before, after: after)
    findKustomizedEffects(in: &changes, overlays: overlays, files: files)
    try findUnsetVariables(
        in: &changes, files: changed, recipes: recipes, after: after, except: newExamples, cache: cache)
    findUnexpandedVariables(in: &changes, files: changed, surroundings: surroundings)
    for file in changed {
        if !overlays.usesAsPatch(file.file.path) { findMissingVersions(in: file, changes: &changes) }
        findBareVariables(in: file, changes: &changes)
        findSpareBraces(in: file, changes: &changes)
        findEmptyAnchors(in: file, changes: &changes)
    }
    if wantsHints { findStrayShapes(in: &changes, files: changed) }
    try findMissingFiles(in: &changes, files: changed, after: after)
    try findUndeclaredNames(in: &changes, files: changed, after: after, cache: cache)
    if wantsHints {
        try findMisspellings(in: &changes, files: changed, after: after)
        try findSiblingPatterns(in: &changes, files: changed, after: after, cache: cache)
    }
    moveToTemplates(in: &changes)
    findReplacements(in: &changes)
    findMoves(in: &changes)
    findRenames(in: &changes)
    findSharedVersions(in: &changes)
    try findUndeclaredValues(in: &changes, after: after, cache: cache)
    dropFindingsOfBroken(changed, changes: &changes)
    let images = try traceImages(
        in: &changes, files: changed, code: code, readers: readers, after: after, surroundings: surroundings)
    for index in changes.indices { changes[index].narrow() }
    changes += try charts.map(usesOfUndefinedValues) ?? []
    changes += try readsOfUndefined(files, before: before, after: after, surroundings: surroundings)
    changes.sort(by: inOrder)
    var found = comparison(
        changes, of: listed, files, changed, recipes, surroundings, overlays, rendered,
        notTold + oversized.map(notCompared) + absent.map(notAtHand))
    found.warnings += images
    return found
}

/// By path and line.
private func inOrder(_ a: FoundChange, _ b: FoundChange) -> Bool {
    (a.change.path, a.change.line, a.change.fieldPath) < (b.change.path, b.change.line, b.change.fieldPath)
}

/// What are no configuration files, but say how something is built or what it starts with.
private func recipeFiles(
    _ files: [FileChange], besides changed: [ChangedFile], before: (any SourceTree)?, after: any SourceTree,
    overlays: Overlays
) throws -> [RecipeFile] {
    try files.filter { file in !changed.contains { $0.file.path == file.path } }
        .compactMap { try RecipeFile($0, before: before, after: after, isUsed: overlays.uses($0)) }
}

private func comparison(
    _ changes: [FoundChange], of listed: [FileChange], _ files: [FileChange], _ changed: [ChangedFile],
    _ recipes: [RecipeFile], _ surroundings: Surroundings, _ overlays: Overlays, _ rendered: [Workload],
    _ leftOut: [Warning]
) -> ConfigComparison {
    let told = Set(changed.map(\.file.path) + recipes.map(\.file.path))
    // Code that reads what nothing defines is ranked.
    let ranked = told.union(changes.map(\.change.path))
    return ConfigComparison(
        changes: changes,
        workloads: surroundings.after.workloads.map { Workload($0) } + overlays.workloads + rendered,
        filesChanged: listed.count,
        configFiles: told.count,
        otherFiles: files.map(\.path).filter { !ranked.contains($0) }.sorted(),
        warnings: surroundings.warnings + overlays.warnings + leftOut)
}

/// Whether a file is there to be compared.
private enum Presence {
    case readable
    /// One of the commits names it, and it is not in the repository as it was fetched.
    case absent
    /// It is configuration by its name, and too large on either side to be read as a tree: one side alone would look like a
    /// file that is new or gone.
    case oversized
}

private func presence(
    of file: FileChange, before: (any SourceTree)?, after: any SourceTree
) throws -> Presence {
    let isConfiguration = mayBeConfiguration(path: file.path) || mayBeConfiguration(path: file.pathBefore)
    var isOversized = false
    let sides = [
        file.status == .added ? nil : before.map { (tree: $0, path: file.pathBefore) },
        file.status == .removed ? nil : (tree: after, path: file.path),
    ]
    for side in sides.compactMap({ $0 }) {
        guard let size = try side.tree.size(of: side.path) else {
            if try side.tree.fingerprint(of: side.path) != nil { return .absent }
            continue
        }
        isOversized = isOversized || isConfiguration && size > ManifestCache.mostTreeBytes
    }
    return isOversized ? .oversized : .readable
}

private func notAtHand(_ file: FileChange) -> Warning {
    Warning(
        code: "missing_file",
        text: "\(file.path) is not in the repository as it was fetched, and was not compared.",
        remedy: "fetch it: a partial clone leaves large files out")
}

private func tooMany(in path: String, cut: Int) -> Warning {
    Warning(
        code: "changes_cut",
        text:
            "\(path) has \(mostChangesOfFile + cut) changes; the first \(mostChangesOfFile) of them were judged.",
        remedy: "look at the others with git diff")
}

private func notCompared(_ file: FileChange) -> Warning {
    Warning(
        code: "large_file",
        text: "\(file.path) is larger than \(ManifestCache.mostTreeBytes >> 20) MiB and was not compared.",
        remedy: "look at it with git diff")
}

extension Workload {
    init(_ manifest: Manifest) {
        self.init(
            name: manifest.object.name, kind: manifest.object.kind, path: manifest.path,
            labels: Set(manifest.podLabels.values))
    }
}

/// The object that a change is of.
struct ObjectKey: Hashable {
    private let path: String
    private let kind: String?
    private let name: String?
    private let namespace: String?

    init(_ change: FieldChange) { self.init(path: change.path, change.object) }

    init(path: String, _ object: ConfigObject?) {
        self.path = path
        kind = object?.kind
        name = object?.name
        namespace = object?.namespace
    }
}

/// What is gone here and new there has moved; an object in place of another of its kind has replaced it.
///
/// What is called the same in another namespace is another object: its like in the old one is gone.
private func findReplacements(in changes: inout [FoundChange]) {
    let new = changes.filter { $0.path.isEmpty && $0.change.before == nil }
    let places = Set(new.map(Replacement.init(inPlaceOf:)))
    let names = Set(new.map(Replacement.init(named:)))
    for index in changes.indices where changes[index].path.isEmpty && changes[index].change.after == nil {
        let change = changes[index]
        guard change.change.object != nil,
            places.contains(Replacement(inPlaceOf: change)) || names.contains(Replacement(named: change))
        else { continue }
        changes[index].isReplaced = true
        for finding in changes[index].findings.indices
        where changes[index].findings[finding].fault == .accessReduced {
            changes[index].findings[finding].weight = 0.2
        }
    }
}

/// A kind of object with what tells which: its file, or its name.
private struct Replacement: Hashable {
    private let which: String?
    private let namespace: String?
    private let kind: String?

    init(inPlaceOf change: FoundChange) {
        (which, namespace, kind) = (change.change.path, nil, change.change.object?.kind)
    }

    init(named change: FoundChange) {
        let object = change.change.object
        (which, namespace, kind) = (object?.name, object?.namespace, object?.kind)
    }
}

/// What changes from the same version to the same version as an image does is that image's version, whatever its field is called.
private func findSharedVersions(in changes: inout [FoundChange]) {
    func versions(_ change: FoundChange) -> [String]? {
        guard let before = change.beforeNode?.text, let after = change.afterNode?.text, before != after,
            after.count >= 5, after.contains(where: \.isNumber)
        else { return nil }
        return [change.change.path, before, after]
    }
    let images = changes.filter { $0.findings.contains { $0.fault == .imageChanged } }
    let bumped = Set(images.compactMap(versions))
    guard !bumped.isEmpty else { return }
    for index in changes.indices where changes[index].findings.isEmpty {
        guard let own = versions(changes[index]), bumped.contains(own) else { continue }
        changes[index].findings.append(
            FaultFinding(.imageChanged, "it changes as the image does: \(own[2]) now (was \(own[1]))"))
    }
}

/// What is looked up for one change and kept for the next.
private struct JudgingRoom {
    var objects: JudgedObjects
    var siblings: SiblingValues
    var entries: SecretEntries
    var references: ReferenceRoom
    var placeholders = PlaceholderValues()

    init(in surroundings: Surroundings) {
        objects = JudgedObjects(in: surroundings)
        siblings = SiblingValues(in: surroundings)
        entries = SecretEntries(in: surroundings)
        references = ReferenceRoom(in: surroundings)
    }
}

/// Every detector in turn; each adds findings to the changes that it knows something about.
private func findFaults(
    in changes: inout [FoundChange], files: [ChangedFile], surroundings: Surroundings, readers: Readers,
    charts: ChangedCharts?
) throws {
    for file in files {
        findDuplicateKeys(in: file, surroundings: surroundings, changes: &changes)
        findSyntaxFaults(file, changes: &changes)
    }
    findLeftoverLines(in: files, changes: &changes)
    let found = changes
    // What moved is told by the other changes of the object, which cannot be read while one of them is written. Where all is
    // new, nothing moved; and each against each other takes too long.
    let ofObjects = Dictionary(grouping: found.indices) { ObjectKey(found[$0].change) }
    let neighbours = ofObjects.filter { $0.value.count <= 200 || charts != nil }.mapValues {
        $0.map { found[$0] }
    }
    changes = mapMany(found, room: { JudgingRoom(in: surroundings) }) { change, room in
        var change = change
        findDivergence(in: &change, siblings: &room.siblings)
        findSharedSecretKey(in: &change, entries: &room.entries)
        findReaders(of: &change, readers: readers)
        findSwappedEnvironment(in: &change)
        findBrokenReferences(in: &change, surroundings: surroundings, room: &room.references)
        findStillNamed(in: &change, surroundings: surroundings, room: &room.references)
        findUnknownObjects(in: &change, surroundings: surroundings, room: &room.references)
        findPlaceholder(in: &change, values: &room.placeholders)
        let own = neighbours[ObjectKey(change.change)] ?? []
        let object = room.objects.object(of: change)
        let isAlone = (1...200).contains(own.count)
        findSchemaFaults(in: &change, of: object, changes: own.count <= 200 ? own : [])
        findContradictingFields(in: &change, of: object, isAlone: isAlone)
        findUnlearnedFields(in: &change, of: object, isAlone: isAlone)
        if isAlone { findUnknownIdentifiers(in: &change, of: object) }
        findRisks(in: &change)
        findImpossibleValues(in: &change)
        return change
    }
    var lines: [String: (after: [String], before: Set<String>)] = [:]
    for index in changes.indices {
        if let charts {
            let own = neighbours[ObjectKey(changes[index].change)] ?? []
            try findValuesFaults(in: &changes[index], own: own, charts: charts)
            try findSameValue(in: &changes[index], charts: charts)
            try findRefusedTemplate(in: &changes[index], charts: charts)
        }
        changes[index].dropRepetitions()
        if changes[index].findings.contains(where: { $0.fault == .placeholder }) {
            let path = changes[index].change.path
            let own =
                lines[path]
                ?? files.first { $0.file.path == path }.map {
                    ($0.after?.lines ?? [], Set($0.before?.lines ?? []))
                } ?? ([], [])
            lines[path] = own
            changes[index].dropOldPlaceholders(of: own.after, before: own.before)
        }
    }
    offerMends(in: &changes, files: files)
}

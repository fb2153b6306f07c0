import ConfigTree
import DeployModel

/// Follows images whose tags change into the repositories that they are built from: which commits came, what they newly read,
/// and whether the configuration defines it; and who, at the commits that run, still reads a variable that is gone.
///
/// - Returns: what the reader must know: tags that name no commit.
func traceImages(
    in changes: inout [FoundChange], files: [ChangedFile], code: [any CodeRepository], readers: Readers,
    after tree: any SourceTree, surroundings: Surroundings
) throws -> [Warning] {
    guard !code.isEmpty else { return [] }
    var trace = ImageTrace(code: code, tree: tree, surroundings: surroundings)
    let roots = files.reduce(into: [String: [Manifest]]()) {
        $0[$1.file.path] = $1.objectsAfter
    }
    for index in changes.indices {
        guard let bump = ImageBump(changes[index], roots: roots[changes[index].change.path] ?? []) else {
            continue
        }
        try trace.follow(bump, in: &changes[index])
    }
    let removals = changes.indices.filter { changes[$0].variableName != nil }
    if !removals.isEmpty {
        try trace.findReaders(ofChangesAt: removals, in: &changes, roots: roots, readers: readers)
    }
    return trace.warnings
}

/// What was learned of images while the changes of a comparison are gone through.
private struct ImageTrace {
    let code: [any CodeRepository]
    let tree: any SourceTree
    let surroundings: Surroundings
    /// The commits that the change brings, by repository.
    private var brought: [String: Set<CommitID>] = [:]
    /// Where the same bump stands in several manifests, it is looked into once.
    private var known: [String: Findings] = [:]
    private var unresolved: Set<String> = []
    private var unreadable: [Warning] = []
    private var unmatched: [String] = []
    private var cut: Set<String> = []
    private var hasMatch = false

    /// What a range of commits says of the image that brings it.
    private struct Findings {
        var notes: [Evidence] = []
        var findings: [FaultFinding] = []
    }

    init(code: [any CodeRepository], tree: any SourceTree, surroundings: Surroundings) {
        self.code = code
        self.tree = tree
        self.surroundings = surroundings
    }

    var warnings: [Warning] {
        var warnings = unresolved.sorted().map { text in
            Warning(
                code: "image_tag_unknown", text: text,
                remedy:
                    "tag images with the commit they are built from or with a tag of git; git fetch --tags brings what is missing"
            )
        }
        warnings += unreadable
        warnings += cut.sorted().map {
            Warning(
                code: "code_files_cut", text: $0,
                remedy: "what the others newly read is not known; compare tags that are nearer to each other")
        }
        if !hasMatch, let first = unmatched.first, !isAnyImageKnown {
            let names = code.map(\.name).joined(separator: ", ")
            warnings.append(
                Warning(
                    code: "image_unmatched", text: "No image that changed is called \(names): \(first) did.",
                    remedy: "name the repository as the image is called: --repo NAME=DIR"))
        }
        return warnings
    }

    /// Whether some workload's image is of one of the repositories: then it is another image that changed.
    private var isAnyImageKnown: Bool {
        surroundings.after.workloads.lazy.flatMap(\.containers).contains { container in
            container["image"]?.text.map { repository(of: [imageParts($0).name], among: code) != nil }
                ?? false
        }
    }

    /// The commit of a tag; where there is none, this is noted for the reader.
    private mutating func commit(_ tag: String, of repository: any CodeRepository) throws -> CommitID? {
        let commit = try repository.commit(ofImageTag: tag)
        if commit == nil {
            unresolved.insert(
                tag.isEmpty
                    ? "An image of \(repository.name) has no tag, so that its commit is not known."
                    : "The image tag '\(tag)' names no commit of \(repository.name).")
        }
        return commit
    }
}

// MARK: The commits that a tag brings

extension ImageTrace {
    mutating func follow(_ bump: ImageBump, in change: inout FoundChange) throws {
        guard let repository = repository(of: bump.names, among: code) else {
            unmatched.append(bump.names.first ?? change.change.fieldPath)
            return
        }
        hasMatch = true
        let key = "\(repository.name)\n\(bump.old)\n\(bump.new)"
        if known[key] == nil {
            do {
                known[key] = try findings(of: bump, in: repository)
            } catch let error as any Diagnosis {
                // A clone that lacks commits takes nothing away from what the manifests say themselves.
                unreadable.append(
                    Warning(
                        code: "code_unreadable",
                        text: "The commits of \(repository.name) cannot be read: \(error.problem).",
                        remedy: error.remedy))
                known[key] = Findings()
            }
        }
        change.notes += known[key]?.notes ?? []
        change.findings += known[key]?.findings ?? []
    }

    private mutating func findings(of bump: ImageBump, in repository: any CodeRepository) throws -> Findings {
        let (old, new) = (try commit(bump.old, of: repository), try commit(bump.new, of: repository))
        if let new { brought[repository.name, default: []].insert(new) }
        guard let old, let new else { return Findings() }
        let place = "\(repository.name) \(old.abbreviated)..\(new.abbreviated)"
        guard old != new else {
            return Findings(notes: [
                note("code_range", "both tags are built from \(repository.name) \(new.abbreviated)")
            ])
        }
        let range = try repository.range(from: old, to: new)
        let all = try repository.changes(from: old, to: new)
        let files = Array(all.prefix(mostFilesOfRange))
        if files.count < all.count {
            cut.insert(
                "Only \(files.count) of the \(all.count) files that changed in \(place) were looked into.")
        }
        let before = try repository.tree(of: old)
        let after = try repository.tree(of: new)
        var found = Findings(notes: [note("code_range", range.text(place, files: all.count))])
        let configuration = files.map(\.path).filter { mayBeConfiguration(path: $0) || isRecipeOfImage($0) }
        if !configuration.isEmpty {
            let more = configuration.count > 3 ? " and \(configuration.count - 3) more" : ""
            found.notes.append(
                note(
                    "range_configuration",
                    "configuration in the image's own code changed: \(configuration.prefix(3).joined(separator: ", "))\(more)"
                ))
        }
        let reads = try NewReads(files, before: before, after: after)
        if reads.filesLeftOut > 0 {
            found.notes.append(
                note("range_cut", "\(reads.filesLeftOut) more changed files were not searched for variables"))
        }
        try judge(reads, of: repository, at: after, into: &found)
        return found
    }

    /// F8 across repositories.
    private func judge(
        _ reads: NewReads, of repository: any CodeRepository, at commit: any SourceTree,
        into found: inout Findings
    ) throws {
        guard !reads.new.isEmpty else { return }
        let names = Set(reads.new.keys)
        let here = try namesDefined(names.union(reads.known), in: tree)
        // The image may bring a value of its own.
        let inImage = try namesDefined(names, in: commit, where: isRecipeOfImage)
        // Where none of the code's variables is set here, all of them are set elsewhere.
        let areSetHere = !here.isEmpty
        var told = 0
        for (name, read) in reads.new.sorted(by: { $0.key < $1.key }) where told < mostReadsTold {
            let place = "\(repository.name) \(read.path):\(read.line)"
            told += 1
            if here.contains(name) || inImage.contains(name) || !areSetHere {
                let reason =
                    here.contains(name)
                    ? "; the configuration here names it"
                    : inImage.contains(name) ? "; the image sets it" : ""
                found.notes.append(note("new_read", "the code newly reads \(name) (\(place))\(reason)"))
                continue
            }
            let ending = read.hasDefault ? "; there seems to be a default" : ""
            found.findings.append(
                FaultFinding(
                    .readUndefined, weight: read.hasDefault ? 0.3 : nil,
                    "the code newly reads \(name) (\(place)), and no configuration here defines it\(ending)"))
        }
        if names.count > told {
            found.notes.append(note("new_read", "the code newly reads \(names.count - told) more variables"))
        }
    }
}

/// Of a range of commits, how many files are looked into.
private let mostFilesOfRange = 5_000

/// How many newly read variables are told by name.
private let mostReadsTold = 6

private func note(_ kind: String, _ text: String) -> Evidence { Evidence(kind: kind, text: text, weight: 0) }

private func isRecipeOfImage(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    return name.hasPrefix("dockerfile") || name.hasSuffix(".dockerfile") || name == "containerfile"
}

extension CodeRange {
    /// `the code is api 1a2b..3c4d: 14 commits, 37 files changed`.
    fileprivate func text(_ place: String, files: Int) -> String {
        func counted(_ count: Int, _ noun: String) -> String {
            let many = count >= limit && noun == "commit" ? "\(limit) or more" : "\(count)"
            return "\(many) \(noun)\(count == 1 ? "" : "s")"
        }
        let changed = "\(counted(files, "file")) changed"
        if isRollback {
            return "the code goes back, \(place): \(counted(removed, "commit")) taken back, \(changed)"
        }
        if removed > 0 {
            return
                "the code is of another branch, \(place): \(counted(added, "commit")) come, \(counted(removed, "commit")) go, \(changed)"
        }
        return "the code is \(place): \(counted(added, "commit")), \(changed)"
    }
}

// MARK: Who reads what is gone

extension ImageTrace {
    /// F6, F7 and F9 across repositories.
    mutating func findReaders(
        ofChangesAt indices: [Int], in changes: inout [FoundChange], roots: [String: [Manifest]],
        readers: Readers
    ) throws {
        var wanted: [Running: Set<String>] = [:]
        var running: [Int: [Running]] = [:]
        for index in indices {
            let change = changes[index]
            guard let name = change.variableName, change.change.before == nil || change.change.after == nil
            else {
                continue
            }
            let other = readers.otherName(of: change)
            guard change.change.after == nil || other != nil else { continue }
            let commits = try self.running(change, roots: roots[change.change.path] ?? [])
            running[index] = commits
            for commit in commits {
                wanted[commit, default: []].formUnion([name] + (other.map { [$0] } ?? []))
            }
        }
        var places: [Running: [String: Occurrence]] = [:]
        for (commit, names) in wanted {
            guard let repository = code.first(where: { $0.name == commit.repository }) else { continue }
            places[commit] = try repository.tree(of: commit.commit).occurrences(of: names)
                .compactMapValues { $0.first { mayRead($0.path) } }
        }
        for (index, commits) in running {
            judge(
                &changes[index], commits: commits, places: places,
                other: readers.otherName(of: changes[index]))
        }
    }

    private func judge(
        _ change: inout FoundChange, commits: [Running], places: [Running: [String: Occurrence]],
        other: String?
    ) {
        guard let name = change.variableName else { return }
        // Code lives elsewhere, so that the silence of this repository says nothing.
        change.innocence = nil
        guard let first = commits.first else { return }
        func reader(of name: String) -> String? {
            commits.lazy.compactMap { commit in
                places[commit]?[name].map { "\(commit.text) (\($0.path):\($0.line))" }
            }.first
        }
        if change.change.before == nil {
            guard let other, reader(of: other) == nil, reader(of: name) != nil else { return }
            change.innocence = Evidence(
                kind: "consistent_rename",
                text: "it is the new name of \(other), and \(first.text) reads it so",
                weight: -0.9)
            return
        }
        let isNewRead = other.flatMap { reader(of: $0) } != nil
        if let reader = reader(of: name) {
            guard
                !change.findings.contains(where: {
                    $0.fault == .removedStillRead || $0.fault == .renamedUnread
                })
            else { return }
            change.findings.append(
                other.map {
                    FaultFinding(
                        .renamedUnread, weight: isNewRead ? 0.6 : nil,
                        "\(name) is now called \($0), and \(reader) still reads the old name")
                } ?? FaultFinding(.removedStillRead, "\(name) is removed here, and \(reader) still reads it"))
        } else if let other {
            guard isNewRead else { return }
            change.innocence = Evidence(
                kind: "consistent_rename",
                text: "\(name) is called \(other) now, and \(first.text) reads it so",
                weight: -0.9)
        } else {
            change.innocence = Evidence(
                kind: "consistent_removal", text: "\(name) is removed, and \(first.text) does not read it",
                weight: -0.9)
        }
    }

    /// A commit of a repository that runs after the change.
    struct Running: Hashable {
        var repository: String
        var commit: CommitID

        var text: String { "\(repository) \(commit.abbreviated)" }
    }

    /// The commits that read a change's variables after it: those of the images of its container, or of the workloads that it
    /// reaches; all that the change brings, where that is not known.
    ///
    /// - Returns: none when a commit that may read it is not known.
    private mutating func running(_ change: FoundChange, roots: [Manifest]) throws -> [Running] {
        var found: Set<Running> = []
        let images = self.images(of: change, roots: roots)
        for image in images {
            guard let repository = repository(of: [image.name], among: code) else { continue }
            if let commit = try repository.commit(ofImageTag: image.tag) {
                found.insert(Running(repository: repository.name, commit: commit))
            } else {
                // The tag stands elsewhere: in a kustomization, or in a chart's values.
                let commits = try brought[repository.name] ?? deployed(repository)
                guard !commits.isEmpty else { return [] }
                found.formUnion(commits.map { Running(repository: repository.name, commit: $0) })
            }
        }
        if images.isEmpty {
            for (name, commits) in brought {
                found.formUnion(commits.map { Running(repository: name, commit: $0) })
            }
        }
        return found.sorted { ($0.repository, $0.commit) < ($1.repository, $1.commit) }
    }

    /// The images that a change's variables are for.
    private func images(of change: FoundChange, roots: [Manifest]) -> [(name: String, tag: String)] {
        let object = change.change.object
        let own = roots.filter { $0.object.kind == object?.kind && $0.object.name == object?.name }
        var texts: [String]
        if let container = change.path.container {
            texts = own.flatMap(\.containers).filter { $0["name"]?.text == container }.compactMap {
                $0["image"]?.text
            }
        } else if change.path.first == .key("services"), change.path.count > 1 {
            let service = change.path[1].name
            texts = own.compactMap { $0.root[path: "services", service, "image"]?.text }
        } else {
            let reached = Set(change.change.reach)
            texts = surroundings.after.workloads.filter { reached.contains($0.object.name) }.flatMap(
                \.containers
            )
            .compactMap { $0["image"]?.text }
        }
        texts = Set(texts).sorted()
        return texts.map(imageParts)
    }

    /// The commits of a repository that the tags of kustomizations name.
    private func deployed(_ repository: any CodeRepository) throws -> Set<CommitID> {
        var commits: Set<CommitID> = []
        for manifest in surroundings.after.manifests {
            for image in manifest.root["images"]?.elements ?? [] {
                guard let tag = image["newTag"]?.text,
                    ConfigFaults.repository(
                        of: [image["newName"]?.text, image["name"]?.text].compactMap { $0 },
                        among: [repository])
                        != nil, let commit = try repository.commit(ofImageTag: tag)
                else { continue }
                commits.insert(commit)
            }
        }
        return commits
    }
}

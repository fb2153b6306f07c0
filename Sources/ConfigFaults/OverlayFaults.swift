import ConfigTree
import DeployModel
import Kustomize

/// What only the rendered result shows: F5 of kustomizations, F20 and F34 of what they leave out or generate.
///
/// Only what was whole before counts, and what a change newly lists.
func findOverlayFaults(
    in changes: inout [FoundChange], overlays: Overlays, before: (any SourceTree)?, after: any SourceTree
) throws {
    guard !overlays.all.isEmpty else { return }
    var told: Set<RenderProblem.Kind> = []
    for overlay in overlays.all {
        let old = Set((overlay.before.rendering?.problems ?? []).map(\.kind))
        for problem in overlay.after.rendering?.problems ?? []
        where told.count < mostProblems && !old.contains(problem.kind) && !told.contains(problem.kind) {
            guard let finding = try finding(problem, in: overlay, before: before, after: after) else {
                continue
            }
            told.insert(problem.kind)
            blame(at: problem.place, finding, in: &changes) {
                $0.takesAway(problem.kind) || $0.listsAgain(problem)
            }
        }
    }
    findStrayContainers(in: &changes, overlays: overlays)
    findIdleEntries(in: &changes, overlays: overlays)
    for overlay in overlays.all { findLosses(in: &changes, overlay: overlay) }
    try findUnlisted(in: &changes, overlays: overlays, after: after)
    try findDroppedPatches(in: &changes, overlays: overlays, before: before, after: after)
    findStaleGenerated(in: &changes, overlays: overlays)
}

/// Beyond so many it is one thing that is wrong.
private let mostProblems = 20

// MARK: What kustomize refuses

/// - Returns: `nil` for what may not be this change's fault, or be none.
private func finding(
    _ problem: RenderProblem, in overlay: Overlay, before: (any SourceTree)?, after: any SourceTree
) throws -> FaultFinding? {
    // What is not read may hold what seems to be missing; what was there before is missed all the same. Where files are
    // missing, they are what is wrong.
    let areFilesThere = !(overlay.after.rendering?.problems.contains(where: \.isOfFiles) ?? true)
    let gaps = Set(overlay.after.rendering?.gaps.map(\.reason) ?? [])
    let isCertain = areFilesThere && gaps.isEmpty
    // What comes from elsewhere now is not gone.
    let isAsKnown = gaps.isSubset(of: overlay.before.rendering?.gaps.map(\.reason) ?? [])
    func wasThere(_ kind: String, _ name: String) -> Bool {
        isAsKnown
            && overlay.before.objects.contains { object in
                [object.original, object.identity].contains { $0.kind == kind && $0.name == name }
            }
    }
    func isFolder(_ path: String, in tree: any SourceTree) throws -> Bool {
        try path.isEmpty || tree.paths().contains { $0.hasPrefix(path + "/") }
    }
    func isFileOrFolder(_ path: String, in tree: (any SourceTree)?) throws -> Bool {
        guard let tree else { return false }
        return try tree.fingerprint(of: path) != nil || isFolder(path, in: tree)
    }
    switch problem.kind {
    case .missing(let path):
        if try isFileOrFolder(path, in: before) {
            return FaultFinding(
                .danglingReference, "\(path) is still listed, and gone: kustomize stops there")
        }
        if try isFolder(path, in: after) {
            return FaultFinding(
                .danglingReference, weight: 0.7, "\(path) is listed, and has no kustomization")
        }
        // Submodules and links look like nothing: only beside other files a missing one is a slip.
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        guard try isFolder(folder, in: after) else { return nil }
        return FaultFinding(.danglingReference, weight: 0.7, "\(path) is listed, and is not there")
    case .missingInput(let path):
        guard try isFileOrFolder(path, in: before) else {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            let beside = try after.paths().filter { parentFolder(of: $0) == folder }
            guard let near = nearestName(to: path, among: beside) else { return nil }
            return FaultFinding(
                .danglingReference,
                "\(path) is read by a generator, and is not there; \(near) is: kustomize stops there")
        }
        return FaultFinding(
            .danglingReference, "\(path) is read by a generator, and gone: kustomize stops there")
    case .noTarget(let kind, let name):
        guard isCertain || areFilesThere && wasThere(kind, name) else { return nil }
        return FaultFinding(
            .danglingReference,
            "it is for \(kind) \(name), which is not there\(wasThere(kind, name) ? " any more" : ""): kustomize stops there"
        )
    case .nothingToMerge(let kind, let name):
        guard isCertain || areFilesThere && wasThere(kind, name) else { return nil }
        return FaultFinding(
            .danglingReference,
            "it adds to \(kind) \(name), which is not there\(wasThere(kind, name) ? " any more" : ""): kustomize stops there"
        )
    case .conflict(let kind, let name):
        return FaultFinding(
            .danglingReference, weight: 0.8, "\(kind) \(name) is there twice: kustomize stops there")
    case .badPath(let path):
        guard isCertain else { return nil }
        return FaultFinding(
            .danglingReference, weight: 0.8, "it changes \(path), which is not there: kustomize stops there")
    case .cycle: return FaultFinding(.danglingReference, "it leads back to itself: kustomize stops there")
    }
}

extension RenderProblem {
    /// Whether a file is not there.
    fileprivate var isOfFiles: Bool {
        switch kind {
        case .missing, .missingInput: true
        default: false
        }
    }
}

extension FoundChange {
    /// Whether it took away, or brought in twice, what a problem is about.
    fileprivate func takesAway(_ problem: RenderProblem.Kind) -> Bool {
        func isWhole(_ kind: String, _ name: String) -> Bool {
            path.isEmpty && change.object?.kind == kind && change.object?.name == name
        }
        return switch problem {
        case .missing(let path), .missingInput(let path):
            change.after == nil && (change.path == path || change.path.hasPrefix(path + "/"))
        case .noTarget(let kind, let name), .nothingToMerge(let kind, let name):
            isWhole(kind, name) && change.after == nil
        case .conflict(let kind, let name): isWhole(kind, name) && change.before == nil
        case .badPath, .cycle: false
        }
    }

    /// Whether it lists once more what a kustomization has already.
    fileprivate func listsAgain(_ problem: RenderProblem) -> Bool {
        guard case .conflict = problem.kind, change.before == nil, let entry = afterNode?.text,
            let listed = resolvedPath(entry, besides: change.path)
        else { return false }
        return problem.place.path == listed || problem.place.path.hasPrefix(listed + "/")
    }
}

/// Adds a finding to the change that is to blame: the one where it stands, else the first that may be the cause, else one
/// of its own.
func blame(
    at place: Occurrence, _ finding: FaultFinding, in changes: inout [FoundChange],
    cause isCause: (FoundChange) -> Bool
) {
    let index =
        changes.firstIndex { change in
            change.change.path == place.path
                && change.differingLines.after.contains { $0.contains(place.line) }
        } ?? changes.firstIndex(where: isCause)
    if let index {
        var finding = finding
        if changes[index].change.path == place.path {
            finding.line = place.line
        } else {
            finding.text = "\(place.path):\(place.line) now leads nowhere: \(finding.text)"
        }
        changes[index].findings.append(finding)
        return
    }
    changes.append(
        FoundChange(
            change: FieldChange(
                path: place.path, line: place.line, endLine: place.line, fieldPath: "kustomization",
                before: nil,
                after: nil),
            path: [], findings: [finding], isReachKnown: false))
}

// MARK: Entries that say something about nothing

private func findIdleEntries(in changes: inout [FoundChange], overlays: Overlays) {
    struct Entry: Hashable {
        var kind: IdleEntry.Kind
        var path: String

        init(_ entry: IdleEntry) {
            kind = entry.kind
            path = entry.place.path
        }
    }
    // What is of use to one overlay is of use.
    func idle(_ side: KeyPath<Overlay, Side>) -> [Entry: (place: Occurrence, isCertain: Bool)] {
        var count: [Entry: Int] = [:]
        var users: [String: Int] = [:]
        var found: [Entry: (place: Occurrence, isCertain: Bool)] = [:]
        for overlay in overlays.all {
            guard let rendering = overlay[keyPath: side].rendering else { continue }
            for path in rendering.files { users[path, default: 0] += 1 }
            var own: Set<Entry> = []
            for entry in rendering.idle where own.insert(Entry(entry)).inserted {
                count[Entry(entry), default: 0] += 1
                let isCertain = rendering.isComplete && (found[Entry(entry)]?.isCertain ?? true)
                found[Entry(entry)] = (entry.place, isCertain)
            }
        }
        return found.filter { count[$0.key] == users[$0.key.path] }
    }
    let before = idle(\.before)
    let formerFiles = overlays.all.reduce(into: Set<String>()) {
        $0.formUnion($1.before.rendering?.files ?? [])
    }
    for (entry, found) in idle(\.after).sorted(by: { $0.value.place < $1.value.place })
    where before[entry] == nil && found.isCertain {
        let text =
            switch entry.kind {
            case .image(let name):
                "no container has the image \(name), so that this entry of `images` changes nothing"
            case .patch(let target): "no object is \(target), so that this patch changes nothing"
            }
        let isTold = changes.firstIndex { change in
            change.change.path == found.place.path
                && change.differingLines.after.contains { $0.contains(found.place.line) }
        }
        // An entry that was in use and is not any more was forgotten; one that never was may be kept for later.
        let isLost = isTold == nil && formerFiles.contains(entry.path)
        let finding = FaultFinding(.danglingReference, weight: isLost ? 0.7 : 0.5, text)
        blame(at: found.place, finding, in: &changes) { _ in false }
    }
}

// MARK: What is not put out any more

/// F5: a ConfigMap, a Secret or an entry of one that containers still ask for.
private func findLosses(in changes: inout [FoundChange], overlay: Overlay) {
    guard overlay.after.rendering?.isComplete ?? false, overlay.before.rendering != nil else { return }
    let kinds: Set = ["ConfigMap", "Secret", "PersistentVolumeClaim"]
    let lost = overlay.before.objects.filter {
        kinds.contains($0.identity.kind)
            && overlay.after.object($0.identity).map(\.entryNames) != $0.entryNames
    }
    let asked =
        lost.isEmpty
        ? []
        : overlay.after.workloads.flatMap { workload in
            (workload.podSpec.map { references(in: $0) } ?? []).map {
                (workload: workload.object.name, reference: $0)
            }
        }
    for object in lost {
        let identity = object.identity
        // One of the name in another namespace moved there, as its readers did.
        let remaining = overlay.after.objects.first {
            $0.identity.kind == identity.kind && $0.identity.name == identity.name
        }
        guard remaining != nil || !overlay.after.isMadeInCluster(identity) else { continue }
        let entries = remaining.map(\.entryNames)
        let missed = asked.filter { _, reference in
            guard reference.kind == identity.kind, reference.name == identity.name else { return false }
            guard let entries else { return true }
            return reference.key.map { object.entryNames.contains($0) && !entries.contains($0) } ?? false
        }
        guard let first = missed.first else { continue }
        let users = inWords(Set(missed.map(\.workload)).sorted())
        let what =
            remaining == nil
            ? "\(identity.kind) \(identity.name)"
            : "the entry \(first.reference.key ?? "") of \(identity.kind) \(identity.name)"
        let index = changes.firstIndex { change in
            let lines = change.differingLines.before
            return !lines.isEmpty
                && overlay.before.objects(from: change.change.path, lines: lines).contains {
                    $0.identity == identity
                }
        }
        guard let index, !changes[index].findings.contains(where: { $0.fault == .danglingReference }) else {
            continue
        }
        changes[index].findings.append(
            FaultFinding(
                .danglingReference,
                "\(what) is not put out in \(overlay.name) any more, and \(users) still asks for it"))
    }
}

extension Side {
    /// Whether an object stands for a Secret that something in the cluster makes.
    fileprivate func isMadeInCluster(_ identity: ObjectIdentity) -> Bool {
        identity.kind == "Secret"
            && objects.contains { object in
                guard secretStandIns.contains(object.identity.kind) else { return false }
                let spec = object.tree["spec"]
                let names = [object.identity.name, spec?["target"]?["name"]?.text, spec?["secretName"]?.text]
                return names.contains(identity.name)
            }
    }
}

extension RenderedObject {
    fileprivate var entryNames: Set<String> {
        Set(["data", "stringData", "binaryData"].flatMap { tree[$0].map { Array($0.fields.keys) } ?? [] })
    }
}

// MARK: What pods see only later

/// F34: a generated ConfigMap or Secret whose name stays, so that nothing restarts the pods that read it when they start.
private func findStaleGenerated(in changes: inout [FoundChange], overlays: Overlays) {
    for overlay in overlays.all {
        for object in overlay.after.objects where object.isGenerated && !object.hasHash {
            guard let before = overlay.before.object(object.identity), !before.hasHash,
                !before.tree.saysSame(as: object.tree)
            else { continue }
            let identity = object.identity
            let users = overlay.after.workloads.filter { workload in
                workload.containers.contains { container in
                    [container["env"], container["envFrom"]].compactMap { $0 }.contains { node in
                        references(in: node).contains { $0.kind == identity.kind && $0.name == identity.name }
                    }
                }
            }.map(\.object.name)
            guard !users.isEmpty else { continue }
            for index in changes.indices
            where changes[index].findings.isEmpty && changes[index].innocence == nil {
                let lines = changes[index].differingLines.after
                let path = changes[index].change.path
                guard
                    object.sources.contains(where: { source in
                        source.path == path && lines.contains { $0.overlaps(source.lines) }
                    })
                else { continue }
                changes[index].findings.append(
                    FaultFinding(
                        .staleConfig,
                        "\(identity.kind) \(identity.name) keeps its name, so that pods of \(inWords(users)) see it after their next restart"
                    ))
            }
        }
    }
}

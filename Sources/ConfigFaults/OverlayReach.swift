import ConfigTree
import DeployModel
import Kustomize

/// What a change does to what an overlay puts out.
private struct OverlayEffect {
    var overlay: Overlay
    /// Whether anything that is applied is another.
    var isEffective = false
    /// The workloads whose pods it can touch, as they are called there.
    var reach: Set<String> = []
    /// What says the value instead, where that is known.
    var overriding: Occurrence?
    /// Whether a ConfigMap or Secret is another by it, but no variable that is made of these.
    var leavesVariables = false
}

extension Overlays {
    /// Tells of each change which workloads it reaches as they are called where they run, whether it changes anything
    /// that is applied, and where.
    func judge(_ changes: inout [FoundChange], files: [FileChange]) {
        guard !all.isEmpty else { return }
        let formerPaths = Dictionary(
            files.map { ($0.path, $0.pathBefore) }, uniquingKeysWith: { _, last in last })
        var known = all.map { _ in [ObjectIdentity: ObjectDifference]() }
        for index in changes.indices {
            let formerPath = formerPaths[changes[index].change.path] ?? changes[index].change.path
            let effects = all.indices.compactMap {
                effect(of: changes[index], formerPath: formerPath, in: all[$0], known: &known[$0])
            }
            guard !effects.isEmpty else { continue }
            apply(effects, to: &changes[index])
        }
    }

    private func apply(_ effects: [OverlayEffect], to change: inout FoundChange) {
        let isCertain = effects.allSatisfy { $0.overlay.isComplete }
        let reach = effects.reduce(into: Set<String>()) { $0.formUnion($1.reach) }
        if !reach.isEmpty {
            change.change.reach = reach.union(isCertain ? [] : change.change.reach).sorted()
            change.isReachKnown = true
        }
        let effective = effects.filter(\.isEffective)
        guard isCertain else { return }
        guard !effective.isEmpty else {
            let overriding = Set(effects.compactMap(\.overriding?.path)).sorted()
            let text =
                overriding.isEmpty
                ? effects.contains(where: \.leavesVariables)
                    ? "the variables of all containers that read it stay as they were"
                    : "no overlay puts out anything else than before"
                : "\(inWords(overriding)) \(overriding.count == 1 ? "says" : "say") otherwise in every overlay, so that nothing changes"
            change.innocence = Evidence(kind: "overridden", text: text, weight: -0.9)
            return
        }
        change.environments = Set(effective.compactMap(\.overlay.environment))
        if effective.contains(where: { $0.overlay.environment == nil }) { change.environments = [] }
        let (changed, kept) = (
            Set(effective.map(\.overlay.name)), Set(effects.map(\.overlay.name))
        )
        guard changed != kept else { return }
        let others = inWords(kept.subtracting(changed).sorted())
        change.notes.append(
            Evidence(
                kind: "overlays", text: "it changes \(inWords(changed.sorted())), not \(others)", weight: 0))
    }

    /// Beyond so many objects what refers to each is not asked: what changes them all changes the workloads too.
    private static let mostFollowed = 200

    /// - Returns: `nil` when the change has no say in the overlay.
    private func effect(
        of change: FoundChange, formerPath: String, in overlay: Overlay,
        known: inout [ObjectIdentity: ObjectDifference]
    ) -> OverlayEffect? {
        let lines = change.differingLines
        let old = overlay.before.objects(from: formerPath, lines: lines.before)
        let new = overlay.after.objects(from: change.change.path, lines: lines.after)
        let touched = Set((old + new).map(\.identity))
        guard !touched.isEmpty else { return nil }
        var effect = OverlayEffect(overlay: overlay)
        for identity in touched {
            let difference: ObjectDifference
            if let found = known[identity] {
                difference = found
            } else {
                difference = overlay.difference(of: identity, isFollowed: touched.count <= Self.mostFollowed)
                if touched.count <= Self.mostFollowed { known[identity] = difference }
            }
            effect.reach.formUnion(overlay.affected(by: change, difference))
            if difference.isSetByAllReaders { effect.leavesVariables = true }
            let (isEffective, overriding) = compare(difference, change)
            if let overriding { effect.overriding = min(effect.overriding ?? overriding, overriding) }
            if isEffective { effect.isEffective = true }
        }
        return effect
    }

    /// Whether an object is put out otherwise because of a change, and what says the value instead where it is not.
    private func compare(
        _ difference: ObjectDifference, _ change: FoundChange
    ) -> (isEffective: Bool, overriding: Occurrence?) {
        guard let before = difference.before, let after = difference.after else { return (true, nil) }
        let isOwn = change.isOf(after)
        guard !difference.isSame else {
            let value = isOwn ? after.tree.value(at: change.path) : nil
            return (false, value.flatMap { $0.origin.path == change.change.path ? nil : $0.origin })
        }
        // Variables that all their readers set themselves.
        if difference.isSetByAllReaders { return (false, nil) }
        guard isOwn, !change.path.isEmpty else { return (true, nil) }
        let (old, new) = (before.tree.value(at: change.path), after.tree.value(at: change.path))
        guard let old, let new, old.saysSame(as: new) else { return (true, nil) }
        return (false, new.origin.path == change.change.path ? nil : new.origin)
    }
}

extension FoundChange {
    /// Whether it is one of the file that an object stands in, and of that object.
    fileprivate func isOf(_ object: RenderedObject) -> Bool {
        object.origin.path == change.path && !object.isGenerated
            && object.original.kind == change.object?.kind
            && object.original.name == change.object?.name
    }
}

extension Overlay {
    /// Whether all that it puts out is known, before and after.
    fileprivate var isComplete: Bool {
        (before.rendering?.isComplete ?? true) && (after.rendering?.isComplete ?? true)
    }

    /// How an object differs, and whom that concerns.
    ///
    /// - Parameter isFollowed: whether to ask who refers to it.
    fileprivate func difference(of identity: ObjectIdentity, isFollowed: Bool) -> ObjectDifference {
        let (before, after) = (self.before.object(identity), self.after.object(identity))
        var difference = ObjectDifference(before: before, after: after)
        guard let object = after ?? before else { return difference }
        if object.podSpec != nil { difference.affected = [identity.name] }
        guard isFollowed else { return difference }
        let side = after == nil ? self.before : self.after
        let readers = Set(side.index.reach(of: Manifest(object)) ?? [])
        difference.affected = readers
        guard ["ConfigMap", "Secret"].contains(identity.kind), before != nil, after != nil, !difference.isSame
        else {
            return difference
        }
        let changed = readers.filter { name in
            guard let old = self.before.workload(name), let new = self.after.workload(name),
                new.takesOnlyAsVariables(identity)
            else { return true }
            return self.before.variables(of: old) != self.after.variables(of: new)
        }
        difference.isSetByAllReaders = changed.isEmpty && !readers.isEmpty
        if !changed.isEmpty { difference.affected = changed }
        return difference
    }
}

extension Overlay {
    /// Whom a change of an object concerns: of an entry of a ConfigMap or a Secret those who ask for it, where they are known;
    /// other entries may change for others.
    fileprivate func affected(by change: FoundChange, _ difference: ObjectDifference) -> Set<String> {
        guard let object = difference.after ?? difference.before,
            ["ConfigMap", "Secret"].contains(object.identity.kind), change.path.count > 1,
            case .key(let field) = change.path[0], ["data", "stringData"].contains(field)
        else { return difference.affected }
        let name = ObjectName(kind: object.identity.kind, name: object.identity.name)
        let sides = [change.change.before == nil ? nil : before, change.change.after == nil ? nil : after]
        let readers = sides.compactMap { $0 }.reduce(into: Set<String>()) { readers, side in
            let asking = (side.index.relations.references[name] ?? []).filter {
                $0.key == nil || $0.key == change.path[1].name
            }
            readers.formUnion(side.index.names(of: asking.map(\.workload)))
        }
        let affected = difference.affected.intersection(readers)
        return !affected.isEmpty ? affected : readers.isEmpty ? difference.affected : readers
    }
}

/// How an object of an overlay differs.
private struct ObjectDifference {
    var before: RenderedObject?
    var after: RenderedObject?
    /// Whether it is put out as it was.
    var isSame: Bool
    /// The workloads whose pods it can touch: of a ConfigMap or Secret that is taken as variables, those whose variables
    /// differ.
    var affected: Set<String> = []
    /// Whether it is taken as variables only, and none of these differs in any container.
    var isSetByAllReaders = false

    init(before: RenderedObject?, after: RenderedObject?) {
        self.before = before
        self.after = after
        isSame = before.flatMap { before in after.map { before.tree.saysSame(as: $0.tree) } } ?? false
    }
}

extension Side {
    /// The environment of each container.
    fileprivate func variables(of workload: RenderedObject) -> [[String: VariableValue]] {
        workload.containers.map { container in
            environments.environment(of: container, namespace: workload.identity.namespace).mapValues(\.value)
        }
    }
}

extension RenderedObject {
    /// Whether its pods have no volume of a ConfigMap or Secret.
    fileprivate func takesOnlyAsVariables(_ identity: ObjectIdentity) -> Bool {
        !(podSpec?["volumes"]?.elements ?? []).contains { volume in
            references(in: volume.node).contains { $0.kind == identity.kind && $0.name == identity.name }
                // Sources of a projected volume are not told apart here.
                || volume["projected"] != nil
        }
    }
}

/// `a`, `a and b`, `a, b and 3 others`
func inWords(_ names: [String]) -> String {
    let shown = names.count > 3 ? Array(names.prefix(2)) + ["\(names.count - 2) others"] : names
    guard shown.count > 1, let last = shown.last else { return shown.first ?? "" }
    return shown.dropLast().joined(separator: ", ") + " and " + last
}

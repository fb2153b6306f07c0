import ConfigTree
import DeployModel
import Kustomize

/// What an entry of a kustomization does to the objects that are put out is as risky as if it stood in them: replicas, patches and
/// components that come, go or change.
///
/// Of several fields the riskiest is told, in the overlay where it is.
func findKustomizedEffects(in changes: inout [FoundChange], overlays: Overlays, files: [FileChange]) {
    guard !overlays.all.isEmpty else { return }
    // What a file says that changes as well is told there.
    let changed = Set(files.flatMap { [$0.path, $0.pathBefore] })
    var judged = 0
    var known: [String: [ObjectIdentity: [FieldDifference]]] = [:]
    for index in changes.indices {
        let change = changes[index]
        guard isKustomizationFile(change.change.path), change.innocence == nil, !change.isContradiction,
            let list = change.path.first?.name, listsOfEffects.contains(list)
        else { continue }
        // An object that very many entries change would be compared for each of them.
        judged += 1
        guard judged <= mostJudged else { return }
        let effects = overlays.all.flatMap { overlay in
            overlay.effects(of: change, except: changed, known: &known[overlay.folder, default: [:]])
        }
        if change.path.last == .key("behavior"), let first = effects.first(where: \.isLoss) {
            let lost = effects.filter { $0.isLoss && $0.overlay == first.overlay }
            changes[index].findings.append(
                FaultFinding(
                    .overrideRemoved,
                    "in \(first.overlay), \(inWords(lost.map(\.place))) \(lost.count == 1 ? "is" : "are") not put out any more"
                ))
            continue
        }
        let risky = effects.filter { $0.finding != nil }
        guard let worst = risky.max(by: { ($0.finding?.weight ?? 0) < ($1.finding?.weight ?? 0) }) else {
            guard let first = effects.first, change.notes.isEmpty else { continue }
            let more = effects.count > 1 ? " and \(effects.count - 1) more" : ""
            changes[index].notes.append(
                Evidence(
                    kind: "patch_effect", text: "in \(first.overlay), \(first.place): \(first.words)\(more)",
                    weight: effects.contains(where: \.isLoss) ? 0.15 : 0))
            continue
        }
        guard let finding = worst.finding else { continue }
        changes[index].findings.append(
            FaultFinding(
                finding.fault, weight: finding.weight,
                "in \(worst.overlay), \(worst.place): \(finding.text)"))
    }
}

private let mostJudged = 200

private let listsOfEffects: Set = [
    "configMapGenerator", "secretGenerator", "replicas", "patches", "patchesStrategicMerge",
    "patchesJson6902", "components", "replacements",
]

/// What an entry does to a field of an object.
private struct KustomizedEffect {
    var overlay: String
    /// The object and the field.
    var place: String
    /// The values before and after.
    var words: String
    /// Whether a value goes.
    var isLoss: Bool
    /// What is risky about it.
    var finding: FaultFinding?
}

extension Overlay {
    /// Beyond so many objects an entry is for all of them.
    private static let mostObjects = 50
    private static let mostFields = 200

    fileprivate func effects(
        of change: FoundChange, except changed: Set<String>, known: inout [ObjectIdentity: [FieldDifference]]
    ) -> [KustomizedEffect] {
        let lines = change.differingLines
        let touched = Set(
            (before.objects(from: change.change.path, lines: lines.before)
                + after.objects(from: change.change.path, lines: lines.after)).map(\.identity))
        guard touched.count <= Self.mostObjects else { return [] }
        let files = change.patchFiles.subtracting(changed).union([change.change.path])
        var found: [KustomizedEffect] = []
        for identity in touched.sorted(by: {
            ($0.kind, $0.name, $0.namespace) < ($1.kind, $1.name, $1.namespace)
        }) {
            guard let old = before.object(identity), let new = after.object(identity) else { continue }
            let differing =
                known[identity]
                ?? (old.tree.saysSame(as: new.tree)
                    ? [] : differences(from: old.tree.node, to: new.tree.node))
            known[identity] = differing
            // Of an object that changes all over it is not told which entry does what.
            for difference in differing.prefix(Self.mostFields) {
                // What another file of the change does is told there.
                let origins = [old, new].compactMap { $0.tree.value(at: difference.path)?.origin.path }
                let isOwn =
                    change.path.last == .key("behavior") || origins.contains(where: files.contains)
                    || change.path.first == .key("components")
                        && origins.contains { origin in
                            !changed.contains(origin) && files.contains { origin.hasPrefix($0 + "/") }
                        }
                guard isOwn else { continue }
                found.append(effect(difference, of: identity))
            }
        }
        return found
    }

    private func effect(_ difference: FieldDifference, of identity: ObjectIdentity) -> KustomizedEffect {
        let name = identity.kind == "Secret" ? secretName : difference.path.valueName
        var landed = FoundChange(
            change: FieldChange(
                path: "", line: 0, endLine: 0, object: ConfigObject(kind: identity.kind, name: identity.name),
                fieldPath: difference.path.words, before: difference.before.map { valueText($0, name: name) },
                after: difference.after.map { valueText($0, name: name) }),
            path: difference.path, isReachKnown: false, beforeNode: difference.before,
            afterNode: difference.after)
        findRisks(in: &landed)
        return KustomizedEffect(
            overlay: folder.split(separator: "/").last.map(String.init) ?? name,
            place: "\(identity.kind) \(identity.name) ▸ \(difference.path.words)",
            words: "\(landed.change.before ?? "(new)") → \(landed.change.after ?? "(removed)")",
            isLoss: difference.after == nil, finding: landed.findings.first)
    }
}

extension FoundChange {
    /// The files that its entries name, before and after.
    fileprivate var patchFiles: Set<String> {
        var found: Set<String> = []
        func search(_ node: ConfigNode) {
            if let text = node.text, !text.contains("\n"), let file = resolvedPath(text, besides: change.path)
            {
                found.insert(file)
            }
            node.entries.forEach { search($0.value) }
            node.elements.forEach(search)
        }
        [beforeNode, afterNode].compactMap { $0 }.forEach(search)
        return found
    }
}

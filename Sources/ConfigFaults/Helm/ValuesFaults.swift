import ConfigTree
import DeployModel

/// What is wrong, or harmless, about a change of a chart's values: F2, F6, F7, F10, F11, F12 and F13.
///
/// - Parameter own: the changes of the same file.
func findValuesFaults(in change: inout FoundChange, own: [FoundChange], charts: ChangedCharts) throws {
    guard let values = charts.files[change.change.path], !change.path.isEmpty else { return }
    let now = try charts.uses(of: change.path, in: values.chart)
    findRefusedValues(in: &change)
    findFallback(in: &change, values)
    findStrayedValues(in: &change, values)
    if change.afterNode == nil {
        try findRemovedValue(in: &change, values, now, own: own, charts)
    } else if change.beforeNode == nil {
        try findStrangeValue(in: &change, values, now, own: own, charts)
    }
    guard change.innocence == nil else { return }
    if now.isComplete, now.uses.isEmpty {
        change.innocence = Evidence(
            kind: "unused_value", text: "no template of chart \(values.chart.name) uses it", weight: -0.8)
    } else {
        findOverridden(in: &change, values)
    }
}

// MARK: Layers

/// F10: an override goes, and what it was laid over counts again; harmless where that says the same.
private func findFallback(in change: inout FoundChange, _ values: ChangedValues) {
    guard !values.isDefaults, change.beforeNode == nil || change.afterNode == nil else { return }
    let before = values.before.effective(change.path)
    let after = values.after.effective(change.path)
    let defaults = change.afterNode == nil ? after : before
    guard let before, let after, let defaults, defaults.scalar == nil || !defaults.isNull else { return }
    let name = change.path.valueName
    guard !isSameValue(before, after) else {
        change.innocence = Evidence(
            kind: "same_as_default", text: "the chart's values.yaml says the same", weight: -0.9)
        return
    }
    guard change.afterNode == nil, before.scalar != nil || after.scalar == nil else { return }
    change.findings.append(
        FaultFinding(
            .overrideRemoved,
            "the chart's values.yaml still says it, so that it is \(valueText(after, name: name)) now (was \(valueText(before, name: name)))"
        ))
}

/// A default that every environment says otherwise changes nothing for any of them.
private func findOverridden(in change: inout FoundChange, _ values: ChangedValues) {
    let others = values.after.others
    guard values.isDefaults,
        others.count > 1 || others.contains(where: { $0.path.lowercased().holds("prod") })
    else { return }
    let node = change.afterNode ?? change.beforeNode
    guard let node, others.allSatisfy({ covers($0.root.node(at: change.path[...]), node) }) else { return }
    let names = others.prefix(3).compactMap { $0.path.split(separator: "/").last }.joined(separator: ", ")
    change.innocence = Evidence(
        kind: "overridden",
        text: "\(names)\(others.count > 3 ? " and others" : "") say otherwise in any case",
        weight: -0.9)
}

/// Whether a layer says something for all that another node says.
private func covers(_ layer: ConfigNode?, _ node: ConfigNode) -> Bool {
    guard let layer else { return false }
    guard case .mapping = node.kind, case .mapping = layer.kind else { return true }
    return node.entries.allSatisfy { covers(layer[$0.key], $0.value) }
}

// MARK: F2

/// F2: what three or more like parts of the values had alike changes in one of them; likewise among files.
private func findStrayedValues(in change: inout FoundChange, _ values: ChangedValues) {
    guard change.beforeNode?.scalar != nil, !isOwnByNature(change.path) else { return }
    if let clones = clonesInside(change, values) {
        divergence(in: &change, loyal: clones, weight: change.landedVariable == nil ? 0.4 : 0.7)
        return
    }
    guard !values.isDefaults else { return }
    func node(_ file: ValuesFile) -> ConfigNode? { file.root.node(at: change.path[...]) }
    let before = values.before.others.filter { file in
        node(file).map { node in change.beforeNode.map { isSameValue(node, $0) } ?? false } ?? false
    }.map(\.path)
    let loyal = values.after.others.filter { before.contains($0.path) }.filter { file in
        node(file).map { node in change.beforeNode.map { isSameValue(node, $0) } ?? false } ?? false
    }.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
    guard before.count >= 2, loyal.count == before.count else { return }
    // Files of environments are there to differ; to lack what all others have is stranger.
    divergence(in: &change, loyal: loyal, weight: change.afterNode == nil ? 0.6 : 0.35)
}

/// The parts of the same file that had the value before and still have it, when no other but this one strayed.
private func clonesInside(_ change: FoundChange, _ values: ChangedValues) -> [String]? {
    guard let old = values.before.own, let new = values.after.own, let value = change.beforeNode else {
        return nil
    }
    var best: [String]?
    for depth in 0..<max(0, change.path.count - 1) {
        guard case .key(let own) = change.path[depth],
            let parent = old.node(at: change.path[..<depth]), parent.entries.count <= 200
        else { continue }
        func clones(_ root: ConfigNode) -> Set<String> {
            Set(
                (root.node(at: change.path[..<depth])?.entries ?? []).map(\.key).filter { key in
                    var way = change.path
                    way[depth] = .key(key)
                    return root.node(at: way[...]).map { isSameValue($0, value) } ?? false
                })
        }
        let before = clones(old)
        let loyal = clones(new).intersection(before)
        guard before.count >= 3, before.contains(own), loyal.count == before.count - 1 else { continue }
        if loyal.count > best?.count ?? 0 { best = loyal.sorted() }
    }
    return best
}

private func divergence(in change: inout FoundChange, loyal: [String], weight: Double) {
    let named =
        loyal.prefix(3).joined(separator: ", ") + (loyal.count > 3 ? " and \(loyal.count - 3) more" : "")
    let value = change.change.before.map { " (\($0))" } ?? ""
    change.findings.append(
        FaultFinding(
            .cloneDivergence, weight: weight,
            "\(named) still agree on this value\(value); only this one changed"))
}

// MARK: F6 and F7

/// A value that is gone: still used, renamed, or gone with its uses.
private func findRemovedValue(
    in change: inout FoundChange, _ values: ChangedValues, _ now: (uses: [SeenUse], isComplete: Bool),
    own: [FoundChange], _ charts: ChangedCharts
) throws {
    guard values.after.effective(change.path) == nil else { return }
    let renamed = own.first { other in
        other.beforeNode == nil && other.path.dropLast() == change.path.dropLast()
            && isSame(other.afterNode, change.beforeNode)
    }?.path
    if let strict = now.uses.first(where: { isMissed($0, change.path, values) }) {
        let still = "\(strict.place) still uses \(change.path.plainWords) without a default"
        if let renamed {
            let isUsed = try !charts.uses(of: renamed, in: values.chart).uses.isEmpty
            change.findings.append(
                FaultFinding(
                    .renamedUnread, weight: isUsed ? 0.6 : nil,
                    "it is called \(renamed.plainWords) now, and \(still)"))
        } else if !values.isDefaults
            || !values.after.others.contains(where: {
                $0.root.node(at: change.path[...]) != nil
            })
        {
            change.findings.append(
                FaultFinding(.removedStillRead, "no values file says it any more, and \(still)"))
        }
        return
    }
    guard now.isComplete, now.uses.isEmpty, let chart = values.chartBefore,
        try !charts.uses(of: change.path, in: chart, isBefore: true).uses.isEmpty
    else { return }
    let isUsed = try renamed.map { try !charts.uses(of: $0, in: values.chart).uses.isEmpty } ?? false
    if let renamed, isUsed {
        change.innocence = Evidence(
            kind: "consistent_rename",
            text: "it is called \(renamed.plainWords) now, in the values and in the templates", weight: -0.9)
    } else {
        change.innocence = Evidence(
            kind: "consistent_removal", text: "no template uses it any more", weight: -0.9)
    }
}

/// Whether a use is left with nothing by a value that is gone.
private func isMissed(_ seen: SeenUse, _ way: FieldPath, _ values: ChangedValues) -> Bool {
    let use = seen.use
    guard !use.hasDefault, !use.isRequired, use.form != .condition, !use.isUncertain, use.object != nil else {
        return false
    }
    if case .inside? = use.relation(to: seen.way) { return false }
    guard !use.path.contains(.each) else { return false }
    let lead = Array(way.dropLast(seen.way.count))
    return use.guards.allSatisfy { guarding in
        guarding.keys.map { isTrue(values.after.effective(lead + $0)) } ?? false
    }
}

/// Whether a template takes a value for true.
func isTrue(_ node: ConfigNode?) -> Bool {
    guard let node, !node.isNull else { return false }
    switch node.kind {
    case .scalar(let scalar):
        return scalar.style == .quoted
            ? !scalar.text.isEmpty : !["false", "0", ""].contains(scalar.text.lowercased())
    case .mapping(let entries): return !entries.isEmpty
    case .sequence(let elements): return !elements.isEmpty
    }
}

private func isSame(_ a: ConfigNode?, _ b: ConfigNode?) -> Bool {
    guard let a, let b else { return false }
    return isSameValue(a, b)
}

// MARK: F11 and F12

/// A new value that no template uses, while a name like it, or the same at another level, is used.
private func findStrangeValue(
    in change: inout FoundChange, _ values: ChangedValues, _ now: (uses: [SeenUse], isComplete: Bool),
    own: [FoundChange], _ charts: ChangedCharts
) throws {
    guard now.isComplete, let node = change.afterNode, let name = change.path.last?.name else { return }
    let former = own.first { other in
        other.afterNode == nil && isSame(other.beforeNode, node) && other.path != change.path
    }
    if let former, now.uses.allSatisfy({ isStranger($0, node) }), former.path.last?.name == name,
        let use = try charts.uses(of: former.path, in: values.chart).uses.first(where: {
            $0.use.form != .condition
        })
    {
        change.findings.append(
            FaultFinding(
                .misplacedField,
                "no template uses it here; \(use.place) uses \(former.path.plainWords), from where this change took it"
            ))
        return
    }
    guard now.uses.isEmpty, name.utf8.count >= 4 else {
        if !now.uses.isEmpty, let former, former.path.dropLast() == change.path.dropLast(), now.isComplete,
            try charts.uses(of: former.path, in: values.chart).uses.isEmpty
        {
            change.innocence = Evidence(
                kind: "consistent_rename", text: "it is the new name of \(former.path.plainWords)",
                weight: -0.9)
        }
        return
    }
    let parent = Array(change.path.dropLast())
    let siblings = values.after.own?.node(at: parent[...])?.entries.map(\.key) ?? []
    var used: [String: SeenUse] = [:]
    for seen in try charts.uses(of: parent, in: values.chart).uses {
        guard case .around(let rest)? = seen.use.relation(to: seen.way), case .key(let key)? = rest.first
        else {
            continue
        }
        used[key] = used[key] ?? seen
    }
    if parent.isEmpty {
        for use in values.chart.uses {
            guard case .key(let key)? = use.path.first else { continue }
            used[key] = used[key] ?? SeenUse(chart: values.chart, use: use, way: [])
        }
    }
    guard let near = nearestName(to: name, among: used.keys.filter { !siblings.contains($0) }),
        let use = used[near]
    else { return }
    let isFormer = former?.path.last?.name == near
    change.findings.append(
        FaultFinding(
            .unknownField, weight: isFormer ? nil : 0.7,
            "no template uses `\(name)`; did you mean `\(near)`, which \(use.place) uses"
                + (isFormer ? " and which stood there before?" : "?")))
}

/// Whether a use takes a whole section for one of many single values.
private func isStranger(_ seen: SeenUse, _ node: ConfigNode) -> Bool {
    node.scalar == nil && seen.use.form == .value && seen.use.path.last == .each
}

// MARK: F13

/// F13: values that are rendered without quotes where the API server takes only text, and the like.
private func findRefusedValues(in change: inout FoundChange) {
    for landing in change.landings {
        guard let kind = landing.change.object?.kind, let after = landing.afterNode?.scalar,
            KubernetesFields.has(kind: kind),
            let trap = refusedValue(
                after, was: landing.beforeNode?.scalar,
                expected: KubernetesFields.type(of: landing.path, kind: kind),
                isHidden: landing.change.after != after.text)
        else { continue }
        var placed = trap
        placed.text += " (lands in \(landing.place ?? ""))"
        change.findings.append(placed)
        return
    }
}

extension FieldPath {
    /// The way as it is written in templates.
    var plainWords: String { map(\.name).joined(separator: ".") }
}

import ConfigTree
import DeployModel

/// What is wrong, or harmless, about a change of a chart's values: F2, F6, F7, F10, F11, F12 and F13.
///
/// - Parameter own: the changes of the same file.
func findValuesFaults(in change: inout FoundChange, own: [FoundChange], charts: ChangedCharts) throws {
    guard let (values, way) = charts.values(of: change), !way.isEmpty else { return }
    let whole = change.path
    let own =
        way.count == whole.count
        ? own
        : values.index.own { own.compactMap { $0.seen(as: charts.values(of: $0)?.way) } }
    change.path = way
    defer { change.path = whole }
    let now = try charts.uses(of: change.path, in: values.chart)
    findRefusedValues(in: &change)
    findFallback(in: &change, values)
    findStrayedValues(in: &change, values)
    findTrueText(in: &change, values, now.uses)
    findSwitches(in: &change, values, now.uses)
    if change.afterNode == nil {
        try findRemovedValue(in: &change, values, now, own: own, charts)
    } else if change.beforeNode == nil {
        try findStrangeValue(in: &change, values, now, own: own, charts)
    }
    guard change.innocence == nil else { return }
    if now.isComplete, now.uses.isEmpty, try wasUnused(change, values, charts) {
        change.innocence = Evidence(
            kind: "unused_value", text: "no template of chart \(values.chart.name) uses it", weight: -0.8)
    } else if !change.isContradiction {
        findOverridden(in: &change, values)
    }
}

/// Whether a value that is gone was used before by nothing that is known, or may have been.
private func wasUnused(_ change: FoundChange, _ values: ChangedValues, _ charts: ChangedCharts) throws -> Bool
{
    guard change.afterNode == nil else { return true }
    guard let chart = values.chartBefore else { return false }
    let before = try charts.uses(of: change.path, in: chart, isBefore: true)
    return before.isComplete && before.uses.isEmpty
}

extension FoundChange {
    /// The same with another way; `nil` without one.
    fileprivate func seen(as way: FieldPath?) -> FoundChange? {
        guard let way else { return nil }
        var change = self
        change.path = way
        return change
    }
}

// MARK: Layers

/// F10: an override goes, and what it was laid over counts again; harmless where that says the same.
private func findFallback(in change: inout FoundChange, _ values: ChangedValues) {
    // Lists are laid over as a whole.
    let isOfMappings = change.path.allSatisfy { if case .key = $0 { true } else { false } }
    guard !values.isDefaults || values.after.defaults != nil, isOfMappings, !change.isContradiction,
        change.beforeNode == nil || change.afterNode == nil,
        let before = values.before.effective(change.path), let after = values.after.effective(change.path)
    else { return }
    guard let first = differences(from: before, to: after).first else {
        change.innocence = Evidence(
            kind: "same_as_default", text: "what it is laid over says the same", weight: -0.9)
        return
    }
    guard change.afterNode == nil, let old = first.before, let new = first.after else { return }
    let name = change.valueName(first.path)
    let field = first.path.isEmpty ? "it" : first.path.words
    let isRequoted = isOnlyRequoted(old, new)
    func shown(_ node: ConfigNode) -> String { valueText(node, name: name, isQuoteShown: isRequoted) }
    change.findings.append(
        FaultFinding(
            .overrideRemoved,
            "what it was laid over counts again, where \(field) is \(shown(new)) (was \(shown(old)))"
        ))
}

/// A default that every environment says otherwise changes nothing for any of them.
private func findOverridden(in change: inout FoundChange, _ values: ChangedValues) {
    if let node = change.afterNode ?? change.beforeNode, let over = values.after.over,
        covers(over.node(at: change.path[...]), node),
        covers(values.before.over?.node(at: change.path[...]), node)
    {
        let names = listed(values.after.overNames.reversed())
        change.innocence = Evidence(
            kind: "overridden", text: "what is laid over it says it itself (\(names))", weight: -0.9)
        return
    }
    let others = values.after.others
    guard values.isDefaults,
        others.count > 1 || others.contains(where: { $0.path.lowercased().holds("prod") })
    else { return }
    let node = change.afterNode ?? change.beforeNode
    guard let node, others.allSatisfy({ covers($0.root.node(at: change.path[...]), node) }) else { return }
    let names = others.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
    let isOne = names.count == 1
    change.innocence = Evidence(
        kind: "overridden",
        text: "\(listed(names)) \(isOne ? "says it itself" : "say it themselves"); it counts only where "
            + (isOne ? "that file is not used" : "none of them is used"),
        weight: -0.9)
}

/// Whether a layer says something for all that another node says.
private func covers(_ layer: ConfigNode?, _ node: ConfigNode) -> Bool {
    guard let layer else { return false }
    guard case .mapping = node.kind, case .mapping = layer.kind else { return true }
    return node.entries.allSatisfy { covers(layer[$0.key], $0.value) }
}

// MARK: F2

/// F2: what three or more like parts of the values had alike is another in one of them now; likewise among files.
private func findStrayedValues(in change: inout FoundChange, _ values: ChangedValues) {
    guard let value = change.beforeNode?.scalar, !isOwnByNature(change.path), !isCommonplace(change, value)
    else { return }
    if let clones = clonesInside(change, values) {
        change.findings.append(
            FaultFinding(.cloneDivergence, weight: change.landedVariable == nil ? 0.4 : 0.7, clones))
        return
    }
    guard !values.isDefaults, values.before.others.count >= 2 else { return }
    func agrees(_ file: ValuesFile) -> Bool {
        isSame(file.root.node(at: change.path[...]), change.beforeNode)
    }
    guard values.before.others.allSatisfy(agrees) else { return }
    let loyal = values.after.others.filter(agrees)
    guard loyal.count == values.before.others.count else { return }
    let names = loyal.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
    // Files of environments are there to differ; to lack what all others have is stranger.
    change.findings.append(
        FaultFinding(
            .cloneDivergence, weight: change.afterNode == nil ? 0.6 : 0.35,
            "\(listed(names)) still agree on this value\(shown(change.change.before)); only this one changed")
    )
}

/// Whether a value is one that parts have alike by chance.
private func isCommonplace(_ change: FoundChange, _ value: ConfigNode.Scalar) -> Bool {
    guard change.landedVariable == nil else { return false }
    let name = change.path.last?.name.lowercased() ?? ""
    return value.text.utf8.count < 3 || ["true", "false", "null"].contains(value.text.lowercased())
        || name.hasPrefix("replica") || name == "enabled"
}

/// What the like parts of the same file say, when all but this one still say the same as each other.
private func clonesInside(_ change: FoundChange, _ values: ChangedValues) -> String? {
    guard let old = values.before.own, let new = values.after.own, let value = change.beforeNode else {
        return nil
    }
    for depth in 0..<max(0, change.path.count - 1) {
        guard case .key(let own) = change.path[depth],
            let parent = old.node(at: change.path[..<depth]), (3...200).contains(parent.entries.count)
        else { continue }
        let newParent = new.node(at: change.path[..<depth])
        func node(_ key: String, _ root: ConfigNode?) -> ConfigNode? {
            var way = change.path[depth...]
            way[depth] = .key(key)
            return root?.node(at: way)
        }
        let like = values.index.parts(like: own, below: Array(change.path[..<depth]), of: parent)
        // Where parts change together, the first of the others tells without a look at all of them.
        guard like.contains(own),
            let first = like.first(where: { $0 != own && isSame(node($0, parent), value) })
        else { continue }
        let now = node(first, newParent)
        guard !isSame(now, change.afterNode), now != nil || change.afterNode != nil else { continue }
        let others = like.filter { $0 != own && isSame(node($0, parent), value) }
        guard others.count >= 2 else { continue }
        let agree = others.allSatisfy { key in
            let other = node(key, newParent)
            return now == nil && other == nil || isSame(other, now)
        }
        guard agree else { continue }
        let name = change.valueName()
        if let now, isSameValue(now, value) {
            return
                "\(listed(others)) still agree on this value\(shown(change.change.before)); only this one changed"
        }
        let said = now.map { valueText($0, name: name) } ?? "nothing"
        return "\(listed(others)) said the same before and say \(said) now; this one says "
            + (change.change.after ?? "nothing")
    }
    return nil
}

private func listed(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
}

private func shown(_ value: String?) -> String { value.map { " (\($0))" } ?? "" }

// MARK: F6 and F7

/// A value that is gone: still used, renamed, or gone with its uses.
private func findRemovedValue(
    in change: inout FoundChange, _ values: ChangedValues, _ now: (uses: [SeenUse], isComplete: Bool),
    own: [FoundChange], _ charts: ChangedCharts
) throws {
    // What was empty leaves nothing behind.
    guard values.after.effective(change.path) == nil,
        change.beforeNode.map({ !$0.isNull && $0.text != "" }) ?? false
    else { return }
    let renamed = change.beforeNode.flatMap { node in
        values.index.moved(own).successor(of: node, at: change.path)
    }
    if let strict = now.uses.first(where: { isMissed($0, change.path, values) }) {
        // A section that is not there is written as nothing, which may well be meant.
        let still = "\(strict.words) still uses \(change.path.plainWords) without a default"
        if let renamed {
            let isUsed = try !charts.uses(of: renamed, in: values.chart).uses.isEmpty
            let weak: Double? = strict.use.form == .tree ? 0.5 : isUsed ? 0.6 : nil
            change.findings.append(
                FaultFinding(
                    .renamedUnread, weight: weak,
                    "it is called \(renamed.plainWords) now, and \(still)"))
        } else if !values.isDefaults
            || !values.after.others.contains(where: {
                $0.root.node(at: change.path[...]) != nil
            })
        {
            change.findings.append(
                FaultFinding(
                    .removedStillRead, weight: strict.use.form == .tree ? 0.5 : nil,
                    "no values file says it any more, and \(still)"))
        }
        return
    }
    guard now.isComplete, now.uses.isEmpty, let chart = values.chartBefore else { return }
    let former = try charts.uses(of: change.path, in: chart, isBefore: true)
    guard former.isComplete, !former.uses.isEmpty else { return }
    let isUsed = try renamed.map { try !charts.uses(of: $0, in: values.chart).uses.isEmpty } ?? false
    let heir = isUsed ? renamed : values.successor(of: former.uses, at: change.path)
    if let heir,
        let text = values.saidUnder(change.path, renamed: heir, isSecret: change.isSecret)
    {
        change.findings.append(FaultFinding(.renamedUnread, text))
        return
    }
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
    return !values.isOff(seen, way)
        && use.guards.allSatisfy { guarding in
            guarding.keys.map { isTrue(values.after.effective(lead + $0)) } ?? false
        }
}

/// Whether a template takes a value for true.
func isTrue(_ node: ConfigNode?) -> Bool {
    guard let node, !node.isNull else { return false }
    switch node.kind {
    case .scalar(let scalar):
        return scalar.style == .quoted
            ? !scalar.text.isEmpty
            : !["false", "no", "off", ""].contains(scalar.text.lowercased()) && Double(scalar.text) != 0
    case .mapping(let entries): return !entries.isEmpty
    case .sequence(let elements): return !elements.isEmpty
    }
}

func isSame(_ a: ConfigNode?, _ b: ConfigNode?) -> Bool {
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
    let former = values.index.moved(own).predecessor(of: node, at: change.path)
    if let former, now.uses.allSatisfy({ isStranger($0, node) }), former.last?.name == name,
        let use = try charts.uses(of: former, in: values.chart).uses.first(where: {
            $0.use.form != .condition
        })
    {
        change.findings.append(
            FaultFinding(
                .misplacedField,
                "no template uses it here; \(use.words) uses \(former.plainWords), from where this change took it"
            ))
        return
    }
    guard now.uses.isEmpty, name.utf8.count >= 4 else {
        if !now.uses.isEmpty, let former, former.dropLast() == change.path.dropLast(), now.isComplete,
            try charts.uses(of: former, in: values.chart).uses.isEmpty,
            values.saidUnder(former, renamed: change.path, isSecret: change.isSecret) == nil
        {
            change.innocence = Evidence(
                kind: "consistent_rename", text: "it is the new name of \(former.plainWords)",
                weight: -0.9)
        }
        return
    }
    let parent = Array(change.path.dropLast())
    let used = try values.index.used(below: parent) { try usedNames(below: parent, values, charts) }
    guard let near = used.unsaid.nearest(to: name), let use = used.uses[near] else { return }
    let isFormer = former?.last?.name == near
    change.findings.append(
        FaultFinding(
            .unknownField, weight: isFormer ? nil : 0.7,
            "no template uses `\(name)`; did you mean `\(near)`, which \(use.words) uses"
                + (isFormer ? " and which stood there before?" : "?")))
}

/// The names that templates use below a way, those that the file says itself told apart.
private func usedNames(below parent: FieldPath, _ values: ChangedValues, _ charts: ChangedCharts) throws
    -> UsedNames
{
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
            used[key] = used[key] ?? SeenUse(place: ChartPlace(chart: values.chart), use: use, way: [])
        }
    }
    return UsedNames(
        used, said: Set(values.after.own?.node(at: parent[...])?.entries.map(\.key) ?? []))
}

/// Whether a use takes a whole section for one of many single values.
private func isStranger(_ seen: SeenUse, _ node: ConfigNode) -> Bool {
    node.scalar == nil && seen.use.form == .value && seen.use.path.last == .each
}

// MARK: F13

/// F13: a switch in quotes that says off, which a condition takes for on.
private func findTrueText(in change: inout FoundChange, _ values: ChangedValues, _ uses: [SeenUse]) {
    func isTrueText(_ node: ConfigNode?) -> Bool {
        guard let scalar = node?.scalar, scalar.style == .quoted else { return false }
        return ["false", "0", "no", "off"].contains(scalar.text.lowercased())
    }
    guard let after = change.afterNode, isTrueText(after), !isTrueText(values.before.effective(change.path)),
        let seen = uses.first(where: { $0.use.isAsked && $0.use.path.keys == $0.way })
    else { return }
    change.findings.removeAll { $0.fault == .flagFlipped }
    change.findings.append(
        FaultFinding(
            .typeTrap, "`\"\(after.text ?? "")\"` is text, which `if` takes for true (\(seen.words))"))
}

/// F13: values that are rendered without quotes where the API server takes only text, and the like.
private func findRefusedValues(in change: inout FoundChange) {
    for landing in change.landings {
        guard let kind = landing.change.object?.kind, let after = landing.afterNode?.scalar,
            KubernetesFields.has(kind: kind),
            let trap = refusedValue(
                after, was: landing.beforeNode?.scalar,
                expected: KubernetesFields.type(of: landing.path, kind: kind),
                isHidden: ![after.text, "\"\(after.text)\""].contains(landing.change.after ?? ""))
        else { continue }
        var placed = trap
        placed.text += " (lands in \(landing.place ?? ""))"
        placed.template = Occurrence(path: landing.change.path, line: landing.change.line)
        change.findings.append(placed)
        return
    }
}

/// F13 from the side of the template: one that writes a value as another type than the API server takes.
func findRefusedTemplate(in change: inout FoundChange, charts: ChangedCharts) throws {
    guard let folder = charts.folder(ofTemplate: change.change.path), let after = change.afterNode,
        let kind = change.change.object?.kind, KubernetesFields.has(kind: kind)
    else { return }
    let (chartBefore, chart) = try charts.chart(folder)
    guard let chart else { return }
    let path = change.change.path
    let lines = after.start.line...after.lastLine
    let uses = chart.uses.filter {
        $0.file == path && lines.contains($0.line) && $0.form == .value && $0.text.isEmpty
    }
    guard !uses.isEmpty else { return }
    let values = try charts.defaults(of: folder)
    func refusal(by use: ValueUse, _ layers: ValuesLayers) -> (
        file: String, line: Int, finding: FaultFinding
    )? {
        guard let way = use.path.keys, let landing = use.landing(of: way) else { return nil }
        let own = layers.own.map { (file: folder + "values.yaml", root: $0) }
        for (file, root) in [own].compactMap({ $0 }) + layers.others.map({ ($0.path, $0.root) }) {
            guard let node = root.node(at: way[...]), let scalar = node.scalar else { continue }
            // Of what is a mapping or a list it is not the value that is written.
            let expected = KubernetesFields.type(of: landing, kind: kind)
            switch expected {
            case .map, .object, .list: return nil
            default: break
            }
            let written = ConfigNode.Scalar(
                text: scalar.writtenByTemplates, style: use.isQuoted ? .quoted : .plain)
            let isHidden =
                kind == "Secret" || maskedIfSecret(scalar.text, name: landing.valueName) != scalar.text
            let found = refusedValue(
                written, was: nil, expected: expected, isHidden: isHidden)
            if let found { return (file, node.start.line, found) }
        }
        return nil
    }
    let isTrap = { (finding: FaultFinding) in finding.fault == .typeTrap }
    for use in uses {
        guard let refused = refusal(by: use, values.after) else { continue }
        let former = chartBefore?.uses.first {
            $0.file == path && $0.path == use.path && $0.landing == use.landing && $0.form == .value
        }
        guard former.map({ refusal(by: $0, values.before) == nil }) ?? true else { continue }
        var finding = refused.finding
        finding.text = "with \(refused.file):\(refused.line), \(finding.text)"
        finding.line = use.line
        change.findings.removeAll(where: isTrap)
        guard !change.findings.contains(where: { $0.fault == .refusedType }) else { return }
        change.findings.append(finding)
        return
    }
    // What the values say stays what it was.
    let isKnown = uses.allSatisfy {
        $0.path.keys.map { values.after.own?.node(at: $0[...])?.scalar != nil } ?? false
    }
    if isKnown, let before = change.beforeNode?.scalar, before.text == after.text {
        change.findings.removeAll(where: isTrap)
        if change.findings.isEmpty {
            change.innocence = Evidence(
                kind: "same_value", text: "only its quotes changed, and the values are text", weight: -0.8)
        }
    }
}

/// A new value that a new line of a template makes what is refused is at fault there: the line lacks the quotes.
func moveToTemplates(in changes: inout [FoundChange]) {
    for index in changes.indices where changes[index].beforeNode == nil {
        guard let found = changes[index].findings.firstIndex(where: { $0.template != nil }),
            let place = changes[index].findings[found].template,
            let target = changes.firstIndex(where: {
                $0.change.path == place.path && $0.change.before == nil
                    && ($0.change.line...$0.change.endLine).contains(place.line)
            })
        else { continue }
        var finding = changes[index].findings.remove(at: found)
        let value = changes[index].change
        finding.text = "with \(value.path):\(value.line), \(finding.text)"
        finding.template = nil
        finding.line = place.line
        guard !changes[target].findings.contains(where: { $0.fault == finding.fault }) else { continue }
        changes[target].findings.append(finding)
    }
}

extension FieldPath {
    /// The way as it is written in templates.
    var plainWords: String { map(\.name).joined(separator: ".") }
}

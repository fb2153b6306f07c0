import ConfigTree
import DeployModel

/// The values of a chart, or of one that is installed along with it, as one environment sees them.
struct ValuesView {
    var layers: ValuesLayers
    /// The way to the values of the chart in those of the one that is installed.
    var lead: FieldPath
    /// What the chart says itself, where it is not the one that is installed.
    var defaults: ConfigNode?
    /// What the change may have taken away, so that it is known to be nowhere.
    var changed: FieldPath

    func look(_ path: ValuesPath) -> KnownValue {
        guard let keys = path.keys else { return .unknown }
        let isShared = !lead.isEmpty && keys.first == .key("global")
        let way = isShared ? keys : lead + keys
        if let node = layers.effective(way) { return .node(node) }
        // Nothing where something stood takes it away.
        if layers.own?.node(at: way[...]) != nil || layers.defaults?.node(at: way[...]) != nil {
            return .absent
        }
        if let node = defaults?.node(at: keys[...]) { return node.isNull ? .absent : .node(node) }
        return zip(way, changed).allSatisfy { $0 == $1 } ? .absent : .unknown
    }

    /// What conditions come out as, those of the chart's own values and those of the one that is installed.
    func answer(_ own: [TemplateCondition], outer: [TemplateCondition] = []) -> Bool? {
        let installed = ValuesView(layers: layers, lead: [], defaults: nil, changed: changed)
        let answers = own.map { $0.answer(look) } + outer.map { $0.answer(installed.look) }
        if answers.contains(false) { return false }
        return answers.contains(nil) ? nil : true
    }
}

extension ChangedValues {
    /// The values after the change, or before it, in each environment that they are known for.
    fileprivate func views(_ seen: SeenUse, changed way: FieldPath, isBefore: Bool) -> [ValuesView] {
        let layers = isBefore ? before : after
        let others =
            isDefaults
            ? layers.others.map { ValuesLayers(own: $0.root, defaults: layers.own, others: []) } : []
        return ([layers] + others).map {
            ValuesView(layers: $0, lead: seen.place.lead, defaults: seen.place.defaults, changed: way)
        }
    }

    /// Whether a use is in a block that is off wherever the values are known, and was so before.
    func isOff(_ seen: SeenUse, _ way: FieldPath) -> Bool {
        let conditions = seen.conditions
        guard !(conditions + seen.place.outer).isEmpty, !before.isOpen, !after.isOpen else { return false }
        func isOff(isBefore: Bool) -> Bool {
            let views = views(seen, changed: way, isBefore: isBefore)
            return views.allSatisfy { $0.answer(conditions, outer: seen.place.outer) == false }
        }
        return isOff(isBefore: false) && isOff(isBefore: true)
    }

    /// Whether what some blocks ask comes out otherwise than before.
    fileprivate func turn(_ conditions: [TemplateCondition], _ place: ChartPlace, _ way: FieldPath) -> Bool? {
        func answer(_ layers: ValuesLayers) -> Bool? {
            let view = ValuesView(layers: layers, lead: place.lead, defaults: place.defaults, changed: way)
            return view.answer(conditions, outer: place.outer)
        }
        guard let old = answer(before), let new = answer(after), old != new else { return nil }
        return new
    }
}

extension SeenUse {
    /// What must be true of the chart's values for it to be rendered, asked of the element that its way leads through.
    var conditions: [TemplateCondition] {
        use.conditions.map { $0.resolved(for: use.path, way) }
    }
}

// MARK: What is switched

/// F20 and F22: objects and fields that a value switches off or on.
func findSwitches(in change: inout FoundChange, _ values: ChangedValues, _ uses: [SeenUse]) {
    var told: Set<String> = []
    var off: [(words: String, isMissed: Bool)] = []
    var on: [String] = []
    var asked: Set<String> = []
    for seen in uses.prefix(100) {
        guard off.count + on.count < 20 else { break }
        // The answer does not depend on the use.
        guard asked.insert("\(seen.chart.folder)\n\(seen.way.plainWords)").inserted else { continue }
        for block in seen.chart.blocks(askingFor: seen.way) {
            guard let isOn = values.turn(block.conditions, seen.place, change.path) else { continue }
            for (words, kind) in seen.chart.contents(of: block, values, lead: seen.place.lead)
            where told.insert(words).inserted {
                if isOn {
                    on.append(words)
                } else {
                    off.append((words, Manifest.workloadKinds.contains(kind) || missedKinds.contains(kind)))
                }
            }
        }
    }
    // A whole section may have come or gone.
    let ways = values.chart.dependenciesByWay.keys.filter { $0.starts(with: change.path) }
    for place in Set(ways.flatMap { values.chart.dependenciesByWay[$0] ?? [] }).sorted() {
        let dependency = values.chart.dependencies[place]
        guard let condition = dependency.condition,
            let isOn = values.turn([condition], ChartPlace(chart: values.chart), change.path)
        else { continue }
        let words = "the chart \(dependency.key)"
        if isOn { on.append(words) } else { off.append((words, true)) }
    }
    if !off.isEmpty {
        let isMissed = off.contains(where: \.isMissed)
        let words = off.sorted { $0.isMissed && !$1.isMissed }.map(\.words)
        if isMissed { change.findings.removeAll { $0.fault == .flagFlipped } }
        let text = "it switches off \(several(words))"
        if isMissed {
            change.findings.append(FaultFinding(.capacityLowered, weight: 0.85, text))
        } else {
            change.notes.append(Evidence(kind: "switched", text: text, weight: 0))
        }
    }
    if !on.isEmpty {
        change.notes.append(Evidence(kind: "switched", text: "it switches on \(several(on))", weight: 0))
    }
}

private func several(_ words: [String]) -> String {
    inWords(Array(words.prefix(3)) + (words.count > 3 ? ["\(words.count - 3) more"] : []))
}

extension HelmChart {
    /// The blocks whose own condition, or one around it, asks for what stands at the end of a way.
    fileprivate func blocks(askingFor way: FieldPath) -> [TemplateBlock] {
        guard let first = way.first else { return [] }
        return (blocksByKey[first.name] ?? []).map { blocks[$0] }.filter { block in
            block.conditions.contains { condition in
                condition.paths.contains { path in
                    guard let keys = path.keys else { return false }
                    return zip(keys, way).allSatisfy { $0 == $1 }
                }
            }
        }
    }

    /// What a block renders, in words, with the kinds of its objects.
    fileprivate func contents(of block: TemplateBlock, _ values: ChangedValues, lead: FieldPath) -> [(
        words: String, kind: String
    )] {
        func words(_ index: Int) -> String {
            let object = objects[index]
            func names(_ layers: ValuesLayers) -> [RenderedName] {
                object.renderedNames(
                    keys: { layers.keys(lead, $0) }, value: { layers.effective(lead, $0)?.text })
            }
            let after = names(values.after)
            let name = (after.isEmpty ? names(values.before) : after).first
            let kind = object.manifest.object.kind
            guard let name else { return "a \(kind)" }
            return "\(kind) \(name.isPartial ? "*-" : "")\(name.text)"
        }
        let whole = block.objects.filter { !objects[$0].manifest.object.kind.isEmpty }
        if !whole.isEmpty {
            return whole.map {
                ("the \(words($0))".replacing("the a ", with: "a "), objects[$0].manifest.object.kind)
            }
        }
        guard let field = block.field, !objects[field.object].manifest.object.kind.isEmpty else { return [] }
        let file =
            block.file.hasPrefix(folder) ? String(block.file.dropFirst(folder.count)) : block.file
        return [("\(field.name) of \(words(field.object)) (\(file):\(block.lines.lowerBound))", "")]
    }
}

// MARK: Templates

extension ChangedCharts {
    /// A change of a template inside a block that is off, before and after it, changes nothing.
    func findIdleBlock(in change: inout FoundChange) throws {
        guard change.innocence == nil, let folder = folder(ofTemplate: change.change.path),
            let chart = try chart(folder).after
        else { return }
        let (first, last) = (change.change.line, change.change.endLine)
        let around = chart.blocks.filter {
            $0.file == change.change.path && $0.lines.lowerBound < first && $0.lines.upperBound > last
        }
        guard !around.isEmpty else { return }
        let values = try defaults(of: folder)
        guard !values.before.isOpen, !values.after.isOpen else { return }
        func isOff(_ conditions: [TemplateCondition], _ layers: ValuesLayers) -> Bool {
            ([layers] + layers.others.map { ValuesLayers(own: $0.root, defaults: layers.own) })
                .allSatisfy { layers in
                    let view = ValuesView(layers: layers, lead: [], changed: [.key("")])
                    return view.answer(conditions) == false
                }
        }
        guard
            let block = around.first(where: {
                isOff($0.conditions, values.before) && isOff($0.conditions, values.after)
            })
        else { return }
        change.innocence = switchedOff(block.conditions, at: "line \(block.lines.lowerBound)")
        change.change.reach = []
        change.isReachKnown = true
    }
}

/// Why what only a block that is off would render is innocent.
func switchedOff(_ conditions: [TemplateCondition], at place: String) -> Evidence {
    let names = Set(conditions.flatMap(\.paths).map(\.words)).sorted()
    return Evidence(
        kind: "switched_off",
        text: "it reaches nothing: the block at \(place) is off with all values here (\(several(names)))",
        weight: -0.9)
}

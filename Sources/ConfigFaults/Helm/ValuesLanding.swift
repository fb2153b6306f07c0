import ConfigTree
import DeployModel

extension ChangedCharts {
    private static let mostLandings = 12

    /// Follows changes of values to the objects that they land in: whom they reach, and which fields they are there.
    func land(_ changes: inout [FoundChange]) throws -> [Workload] {
        var workloads: Set<Workload> = []
        for index in changes.indices {
            if let (values, way) = values(of: changes[index]) {
                let whole = changes[index].path
                changes[index].path = way
                try land(&changes[index], values, &workloads)
                changes[index].path = whole
            } else {
                try name(&changes[index], &workloads)
                try findIdleBlock(in: &changes[index])
            }
        }
        for index in changes.indices
        where changes[index].change.reach.isEmpty && changes[index].innocence == nil {
            let names = releases(of: changes[index])
            guard !names.isEmpty else { continue }
            changes[index].change.reach = names.sorted()
            changes[index].isReachKnown = true
            workloads.formUnion(
                names.map {
                    Workload(name: $0, kind: "HelmRelease", path: changes[index].change.path, labels: [])
                })
        }
        return workloads.sorted { ($0.path, $0.name) < ($1.path, $1.name) }
    }

    private func land(
        _ change: inout FoundChange, _ values: ChangedValues, _ workloads: inout Set<Workload>
    ) throws {
        guard !change.path.isEmpty else { return }
        var found = try uses(of: change.path, in: values.chart).uses
        if found.isEmpty, change.afterNode == nil, let chart = values.chartBefore {
            found = try uses(of: change.path, in: chart, isBefore: true).uses
        }
        let all = found.prefix(200)
        found = all.filter { !values.isOff($0, change.path) }
        if found.isEmpty, let first = all.first {
            change.innocence = switchedOff(first.conditions + first.place.outer, at: first.words)
            change.isReachKnown = true
            change.change.reach = []
            return
        }
        var reached: Set<String> = []
        var isKnown = !found.isEmpty
        for seen in found {
            guard let object = seen.use.object, let touched = seen.chart.workloads(touchedBy: object) else {
                continue
            }
            for workload in touched {
                let lead = Array(change.path.dropLast(seen.way.count))
                func text(_ path: ValuesPath) -> String? { values.after.effective(lead, path)?.text }
                let own = workload.renderedName(for: seen.use, seen.way, value: text)
                let names =
                    own.map { [$0] }
                    ?? workload.renderedNames(keys: { values.after.keys(lead, $0) }, value: text)
                isKnown = isKnown && !names.isEmpty
                for name in names {
                    reached.insert(name.text)
                    workloads.insert(Workload(workload.manifest, name: name))
                }
            }
        }
        isKnown = isKnown && !reached.isEmpty
        change.isReachKnown = isKnown
        change.change.reach = isKnown ? reached.sorted() : []
        for seen in found where change.landings.count < Self.mostLandings {
            change.landings += landings(of: change, at: seen, values)
        }
        if found.contains(where: becomesSecret) {
            change.isSecret = true
            change.change.before = change.beforeNode.map(hiddenText)
            change.change.after = change.afterNode.map(hiddenText)
        }
        // One that only falls back to another layer, or is laid over one, neither comes nor goes.
        let isThere =
            [change.beforeNode, change.afterNode].contains { $0 == nil }
            && values.before.effective(change.path) != nil && values.after.effective(change.path) != nil
        let isSingle = (change.beforeNode ?? change.afterNode)?.scalar != nil
        let last = change.path.last
        change.landedVariable =
            isThere
            ? nil
            : change.landings.first { (isSingle || $0.path.last == last) && $0.variableHere != nil }?
                .variableHere
    }

    /// The change as it shows at a use.
    private func landings(of change: FoundChange, at seen: SeenUse, _ values: ChangedValues) -> [FoundChange]
    {
        let use = seen.use
        guard use.form != .condition, let object = use.object, let landing = use.landing(of: seen.way),
            !landing.isEmpty, let relation = use.relation(to: seen.way)
        else { return [] }
        func node(_ layers: ValuesLayers) -> ConfigNode? {
            let value = layers.effective(change.path)
            switch relation {
            case .inside: return value
            case .exact:
                if use.form == .tree { return value }
                return rendered(value, layers)
            case .around(let rest):
                guard let keys = Array(rest).keys, let inner = value?.node(at: keys[...]) else { return nil }
                return use.form == .tree ? inner : rendered(inner, layers)
            }
        }
        func rendered(_ value: ConfigNode?, _ layers: ValuesLayers) -> ConfigNode? {
            guard let value, let scalar = value.scalar else { return nil }
            var text = scalar.writtenByTemplates
            if !use.text.isEmpty {
                let lead = Array(change.path.dropLast(seen.way.count))
                func look(_ path: ValuesPath) -> String? {
                    layers.effective(lead, path)?.scalar?.writtenByTemplates
                }
                guard let whole = use.text.text(for: use.path, seen.way, value: look) else { return nil }
                text = whole
            } else if use.form != .value {
                return nil
            }
            return ConfigNode(
                .scalar(ConfigNode.Scalar(text: text, style: use.isQuoted ? .quoted : .plain)),
                start: value.start, end: value.end)
        }
        let (before, after) = (node(values.before), node(values.after))
        guard before != nil || after != nil else { return [] }
        if let before, let after, isSameValue(before, after) { return [] }
        let manifest = seen.chart.objects[object].manifest
        let name = landing.valueName
        func shown(_ node: ConfigNode) -> String {
            becomesSecret(seen)
                ? hiddenText(node)
                : valueText(node, name: name, isQuoteShown: isOnlyRequoted(before, after))
        }
        var own = manifest.object
        own.container = landing.container
        return [
            FoundChange(
                change: FieldChange(
                    path: use.file, line: use.line, endLine: use.line, object: own, fieldPath: landing.words,
                    before: before.map(shown), after: after.map(shown), reach: change.change.reach),
                path: landing, isReachKnown: change.isReachKnown, beforeNode: before, afterNode: after,
                place: seen.words)
        ]
    }

    /// The workloads that a change of a template reaches, by the names that they are rendered with.
    private func name(_ change: inout FoundChange, _ workloads: inout Set<Workload>) throws {
        guard change.change.reach.contains(where: { $0.contains("{{") }),
            let folder = folder(ofTemplate: change.change.path), let chart = try chart(folder).after
        else { return }
        let values = try defaults(of: folder).after
        var reached: Set<String> = []
        for raw in change.change.reach {
            guard raw.contains("{{") else {
                reached.insert(raw)
                continue
            }
            for object in chart.objects where object.manifest.object.name == raw && object.manifest.isWorkload
            {
                for name in object.renderedNames(
                    keys: { values.keys([], $0) }, value: { values.effective([], $0)?.text })
                {
                    reached.insert(name.text)
                    workloads.insert(Workload(object.manifest, name: name))
                }
            }
        }
        change.change.reach = reached.sorted()
        change.isReachKnown = change.isReachKnown && !reached.isEmpty
    }
}

extension ConfigNode.Scalar {
    /// What a template writes for it: numbers with a fraction as they are read, `1.10` as `1.1`.
    var writtenByTemplates: String {
        guard style == .plain, !isTemplated else { return text }
        let reading = PlainReading(text)
        return reading.kind == .number ? reading.value : text
    }
}

/// Whether a use makes a value an entry of a Secret.
private func becomesSecret(_ seen: SeenUse) -> Bool {
    guard seen.use.form != .condition, let object = seen.use.object,
        seen.chart.objects[object].manifest.object.kind == "Secret"
    else { return false }
    // Where it is not known, it may be one.
    return seen.use.landing?.first.map { ["data", "stringData"].contains($0.step.name) } ?? true
}

/// A node as one short line without any of its values.
private func hiddenText(_ node: ConfigNode) -> String { valueText(hidden(node), name: secretName) }

private func hidden(_ node: ConfigNode) -> ConfigNode {
    let kind: ConfigNode.Kind =
        switch node.kind {
        case .scalar(let scalar):
            .scalar(
                ConfigNode.Scalar(
                    text: maskedIfSecret(scalar.text, name: secretName), style: scalar.style))
        case .sequence(let elements): .sequence(elements.map(hidden))
        case .mapping(let entries):
            .mapping(
                entries.map { entry in
                    var entry = entry
                    entry.value = hidden(entry.value)
                    return entry
                })
        }
    return ConfigNode(kind, start: node.start, end: node.end)
}

extension FoundChange {
    /// The name that a value inside the changed one goes by, which decides whether it is shown.
    func valueName(_ inside: FieldPath = []) -> String {
        isSecret ? secretName : (path + inside).valueName
    }
}

extension Workload {
    /// A workload that a chart renders.
    fileprivate init(_ manifest: Manifest, name: RenderedName) {
        self.init(
            name: name.text, kind: manifest.object.kind, path: manifest.path,
            labels: Set(manifest.podLabels.values.filter { !$0.contains("{{") }),
            isNamePartial: name.isPartial)
    }
}

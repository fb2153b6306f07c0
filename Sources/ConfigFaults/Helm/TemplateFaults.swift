import ConfigTree
import DeployModel

/// F8: values that templates newly use, and that no file of values defines.
///
/// Where templates of the chart used undefined values all along, these come from elsewhere, and so may the new ones.
func usesOfUndefinedValues(in charts: ChangedCharts) throws -> [FoundChange] {
    try charts.templated.sorted().flatMap { folder -> [FoundChange] in
        let (before, after) = try charts.chart(folder)
        guard let before, let after, !before.uses.isEmpty else { return [] }
        let defaults = try charts.defaults(of: folder)
        guard defaults.after.own != nil else { return [] }
        let known = Set(before.uses.map(\.path))
        let new = after.uses.filter { !known.contains($0.path) && isStrict($0) }
        guard !new.isEmpty else { return [] }
        let parents = try charts.parents(of: folder)
        func isDefined(_ path: ValuesPath, _ layers: ValuesLayers) -> Bool {
            layers.isDefinedAnywhere(path)
                || parents.contains { parent in
                    let isGlobal = path.first == .key("global")
                    return parent.values.isDefinedAnywhere(isGlobal ? path : [.key(parent.key)] + path)
                }
        }
        let undefined = new.filter { use in
            !isDefined(use.path, defaults.after)
                && use.guards.allSatisfy { isTrue(defaults.after.effective([], $0)) }
        }
        guard !undefined.isEmpty else { return [] }
        let isUsual = before.uses.contains { isStrict($0) && !isDefined($0.path, defaults.before) }
        var told: Set<ValuesPath> = []
        return try undefined.filter { told.insert($0.path).inserted }.map { use in
            // A whole section that the chart's files do not have may come from where others are configured.
            let section = use.path.first.flatMap { [$0].keys?.first?.name } ?? ""
            let isGiven =
                try defaults.after.own?[section] == nil && charts.isNamed(section, outside: folder)
            let object = use.object.map { after.objects[$0].manifest.object }
            return FoundChange(
                change: FieldChange(
                    path: use.file, line: use.line, endLine: use.line, object: object,
                    fieldPath: "uses .Values.\(use.path.words)", before: nil, after: nil),
                path: [],
                findings: [
                    FaultFinding(
                        .readUndefined, weight: isUsual || isGiven ? 0.5 : nil,
                        "the template newly uses .Values.\(use.path.words), and no values file of the chart defines it"
                    )
                ], isReachKnown: false)
        }
    }
}

/// Whether a use is left with nothing where nothing defines the value.
private func isStrict(_ use: ValueUse) -> Bool {
    !use.hasDefault && !use.isRequired && !use.isUncertain && use.form != .condition && use.object != nil
        && use.path.keys != nil && !use.path.isEmpty
}

/// A template that uses another value which says what the old one said, or says what stood there itself, is innocent.
func findSameValue(in change: inout FoundChange, charts: ChangedCharts) throws {
    guard change.innocence == nil, let folder = charts.folder(ofTemplate: change.change.path),
        let before = change.beforeNode?.scalar, let after = change.afterNode?.scalar, after.isTemplated
    else { return }
    let values = try charts.defaults(of: folder)
    let (old, new) = (valuesNamed(in: before.text), valuesNamed(in: after.text))
    guard let path = new.first, new.count == 1, old.count <= 1 else { return }
    let way = path.map { FieldStep.key($0) }
    guard let now = values.after.own?.node(at: way[...])?.scalar else { return }
    if let former = old.first, former != path {
        let was = former.map { FieldStep.key($0) }
        let layersBefore = [values.before.own] + values.before.others.map(\.root)
        let layersAfter = [values.after.own] + values.after.others.map(\.root)
        let isSame =
            layersBefore.count == layersAfter.count
            && zip(layersBefore, layersAfter).allSatisfy { old, new in
                switch (old?.node(at: was[...]), new?.node(at: way[...])) {
                case (nil, nil): true
                case (let a?, let b?): isSameValue(a, b)
                default: false
                }
            }
        guard rest(of: before.text) == rest(of: after.text) else { return }
        guard isSame else {
            try findForgottenName(in: &change, (was, way), values, folder, charts)
            return
        }
        change.innocence = Evidence(
            kind: "consistent_rename",
            text: "the values say the same under the new name", weight: -0.9)
    } else if old.isEmpty, !before.isTemplated, rest(of: after.text).isEmpty, before.text == now.text,
        values.after.others.allSatisfy({ file in
            file.root.node(at: way[...]).map { $0.text == now.text } ?? true
        })
    {
        change.innocence = Evidence(
            kind: "same_value", text: "the values say what stood here before", weight: -0.9)
    }
}

/// F6: a template takes a value under a new name that a file of values does not have; told here where the old name stays
/// in the defaults, else where it went.
private func findForgottenName(
    in change: inout FoundChange, _ names: (old: FieldPath, new: FieldPath),
    _ values: (before: ValuesLayers, after: ValuesLayers), _ folder: String, _ charts: ChangedCharts
) throws {
    let defaults = (before: values.before.own, after: values.after.own)
    guard defaults.before?.node(at: names.old[...]) == nil || defaults.after?.node(at: names.old[...]) != nil,
        let chart = try charts.chart(folder).after
    else { return }
    let still = try charts.uses(of: names.old, in: chart)
    guard still.isComplete, still.uses.isEmpty,
        let text = forgottenName(
            names.old, renamed: names.new, defaults: defaults, before: values.before.others,
            after: values.after.others)
    else { return }
    change.findings.append(FaultFinding(.renamedUnread, text))
}

/// The values that a text names, by their ways.
private func valuesNamed(in text: String) -> [[String]] {
    text.split(separator: ".Values.", omittingEmptySubsequences: false).dropFirst().map { tail in
        tail.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }.split(separator: ".").map(
            String.init)
    }.filter { !$0.isEmpty }
}

/// What a text says besides the name of a value and how it is quoted.
private func rest(of text: String) -> String {
    let named = valuesNamed(in: text).first.map { ".Values." + $0.joined(separator: ".") } ?? ""
    var plain = named.isEmpty ? text : text.split(separator: named, omittingEmptySubsequences: false).joined()
    for word in ["{{-", "-}}", "{{", "}}", "| quote", "| squote", "| int", "quote"] {
        plain = plain.split(separator: word, omittingEmptySubsequences: false).joined()
    }
    return plain.filter { !$0.isWhitespace }
}

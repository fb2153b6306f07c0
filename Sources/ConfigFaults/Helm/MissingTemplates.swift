import ConfigTree
import DeployModel

/// F5: named templates that are included and that nothing defines, or defines any more: Helm stops at each.
///
/// What charts that are not in the repository may define is not missed unless it was there before.
func findMissingTemplates(in changes: inout [FoundChange], charts: ChangedCharts) throws {
    var told: Set<String> = []
    for changed in charts.templated.sorted() {
        let former = try charts.chart(changed).before?.named ?? [:]
        for user in try charts.users(of: changed) {
            let (before, after) = try charts.chart(user)
            guard let after, let before else { continue }
            lazy var names = SimilarNames(Array(after.named.keys))
            for (name, missing) in after.missing.sorted(by: { $0.key < $1.key })
            where before.missing[name] == nil {
                let isDefined = try charts.defines(name, user)
                guard isDefined != true else { continue }
                let place = former[name]
                if place == nil {
                    // A chart that installs this one may define it.
                    guard user == changed, isDefined == false, try charts.users(of: user).count == 1 else {
                        continue
                    }
                }
                guard told.insert(name).inserted else { continue }
                tell(missing, name, formerly: place, near: names.nearest(to: name), in: &changes)
            }
        }
    }
}

extension ChangedCharts {
    /// Whether the values of a chart have a key somewhere.
    fileprivate func values(of folder: String, haveKey key: String) throws -> Bool {
        func has(_ node: ConfigNode) -> Bool {
            node.entries.contains { $0.key == key || has($0.value) } || node.elements.contains(where: has)
        }
        let values = try defaults(of: folder).after
        return values.own.map(has) ?? false || values.others.contains { has($0.root) }
    }
}

/// F5: `.Values` inside a `range` or a `with`, where the dot is what the block goes through: Helm stops at it.
func findStrayedNames(in changes: inout [FoundChange], charts: ChangedCharts) throws {
    for folder in charts.templated.sorted() {
        let (before, after) = try charts.chart(folder)
        guard let after, !after.strayed.isEmpty else { continue }
        func counts(_ chart: HelmChart?) -> [[String]: Int] {
            (chart?.strayed ?? []).reduce(into: [:]) { $0[[$1.place.path, $1.name], default: 0] += 1 }
        }
        let (old, new) = (counts(before), counts(after))
        let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
        for name in after.strayed.sorted(by: { ($0.place, $0.name) < ($1.place, $1.name) }) {
            let key = [name.place.path, name.name]
            guard old[key, default: 0] < new[key, default: 0],
                try !charts.values(of: folder, haveKey: name.name)
            else {
                continue
            }
            let place = attach(
                FaultFinding(
                    .danglingReference,
                    "\(name.isDirect ? "" : "what it includes asks for ").\(name.name)\(name.isDirect ? " is asked" : "") of what the block goes through, which has no such field: Helm stops there"
                ), line: name.place.line, field: ".\(name.name)", path: name.place.path, among: byPath,
                to: &changes)
            if name.isDirect {
                changes[place].mend =
                    "write $.\(name.name) instead of .\(name.name) at \(name.place.path):\(name.place.line)"
            }
        }
    }
}

private func tell(
    _ missing: MissingTemplate, _ name: String, formerly place: Occurrence?, near: String?,
    in changes: inout [FoundChange]
) {
    let hint = near.map { "; did you mean `\($0)`?" } ?? ""
    let asks = "\(missing.place.path):\(missing.place.line)"
    func finding(_ text: String) -> FaultFinding {
        FaultFinding(.danglingReference, weight: missing.isConditional ? 0.7 : 0.85, text + hint)
    }
    // The stretch of lines that the definition stood in.
    let source = place.flatMap { place in
        changes.indices.filter {
            changes[$0].change.path == place.path
                && changes[$0].change.oldLine.map { $0 <= place.line } ?? false
        }.max { (changes[$0].change.oldLine ?? 0) < (changes[$1].change.oldLine ?? 0) }
    }
    if let source {
        changes[source].findings.append(
            finding("`\(name)` is not defined any more, and \(asks) still includes it: Helm stops there"))
        return
    }
    var found = finding(
        "it includes `\(name)`, which nothing defines\(place == nil ? "" : " any more"): Helm stops there")
    let (path, line) = (missing.place.path, missing.place.line)
    found.line = line
    let covering = changes.indices.filter {
        changes[$0].change.path == path
            && (changes[$0].change.line...changes[$0].change.endLine).contains(line)
    }.min {
        changes[$0].change.endLine - changes[$0].change.line < changes[$1].change.endLine
            - changes[$1].change.line
    }
    if let covering {
        changes[covering].findings.append(found)
        return
    }
    changes.append(
        FoundChange(
            change: FieldChange(
                path: path, line: line, endLine: line, fieldPath: "includes \(name)", before: nil, after: nil),
            path: [], findings: [found], isReachKnown: false))
}

import ConfigTree
import DeployModel

/// F6: what a file of values still says under the old name of a value, so that it counts for nothing there.
///
/// - Parameters:
///   - defaults: what the files are laid over.
///   - before: the other files before the change, `after` those behind it.
/// - Returns: the facts in words; `nil` when no file is left behind, or what it says makes no difference.
func forgottenName(
    _ old: FieldPath, renamed new: FieldPath, defaults: (before: ConfigNode?, after: ConfigNode?),
    before: [ValuesFile], after: [ValuesFile], isSecret: Bool = false
) -> String? {
    for file in after {
        guard let kept = file.root.node(at: old[...]), file.root.node(at: new[...]) == nil else { continue }
        let former = before.first { $0.path == file.path }?.root ?? file.root
        guard let was = ValuesLayers(own: former, defaults: defaults.before).effective(old) else { continue }
        let name = file.path.split(separator: "/").last ?? ""
        let line =
            file.root.node(at: old.dropLast())?.entry(old.last?.name ?? "")?.keyMark.line ?? kept.start.line
        let lead =
            "\(name):\(line) still says \(old.plainWords), which no template uses any more; "
        guard let now = ValuesLayers(own: file.root, defaults: defaults.after).effective(new) else {
            let former = isSecret ? "a secret" : valueText(was, name: old.valueName)
            return lead + "\(new.plainWords) is not set there (was \(former))"
        }
        guard let first = differences(from: was, to: now).first else { continue }
        func shown(_ node: ConfigNode?) -> String {
            node.map { valueText($0, name: isSecret ? secretName : (old + first.path).valueName) }
                ?? "nothing"
        }
        let isKept = isSame(defaults.before?.node(at: old[...]), defaults.after?.node(at: new[...]))
        return lead
            + "\((new + first.path).plainWords) \(isKept ? "stays" : "is") \(shown(first.after)) there"
            + " (was \(shown(first.before)))"
    }
    return nil
}

extension ChangedValues {
    /// What files left behind by a rename still say; told where the file that all are laid over changed.
    func saidUnder(_ way: FieldPath, renamed new: FieldPath, isSecret: Bool) -> String? {
        let (first, second) = isDefaults ? (before.own, after.own) : (before.defaults, after.defaults)
        guard isDefaults || first?.node(at: way[...]) == nil else { return nil }
        return forgottenName(
            way, renamed: new, defaults: (first, second), before: before.others, after: after.others,
            isSecret: isSecret)
    }

    /// The value that fields take now which took another before, whatever it says.
    func successor(of former: [SeenUse], at way: FieldPath) -> FieldPath? {
        for seen in former where seen.way == way && seen.use.path.keys == way {
            let use = seen.use
            guard use.form == .value, use.text.isEmpty, use.landing?.isEmpty == false,
                let object = use.object.map({ seen.chart.objects[$0].manifest.object })
            else { continue }
            let heir = chart.uses.first { other in
                other.file == use.file && other.form == use.form && other.text.isEmpty
                    && other.landing == use.landing && other.path != use.path && other.path.keys != nil
                    && other.object.map { chart.objects[$0].manifest.object == object } ?? false
            }
            if let heir { return heir.path.keys }
        }
        return nil
    }
}

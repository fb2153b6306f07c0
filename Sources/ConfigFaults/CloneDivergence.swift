import ConfigTree
import DeployModel

/// F2: a field that three or more sibling workloads had alike changes in a minority of them.
func findDivergence(in change: inout FoundChange, surroundings: Surroundings) {
    guard let name = change.change.object?.name,
        change.change.object.map({ Manifest.workloadKinds.contains($0.kind) }) ?? false,
        change.path.count >= 2, !isOwnByNature(change.path)
    else { return }
    let siblings = surroundings.before.siblings(of: name)
    let before = surroundings.before.values(at: change.path, of: name, among: siblings)
    guard let old = before[name] else { return }
    let clones = before.filter { $0.value == old }.map(\.key)
    guard clones.count >= 3 else { return }
    let after = surroundings.after.values(at: change.path, of: name, among: siblings)
    let loyal = clones.filter { after[$0] == old }.sorted()
    let strayed = clones.filter { after[$0] != old }.sorted()
    guard strayed.contains(name), loyal.count > strayed.count else { return }
    let share = Double(loyal.count) / Double(clones.count - 1)
    let isVariable = change.path.variable != nil
    let weight = FaultClass.cloneDivergence.weight * min(1, share) * (isVariable ? 1 : 0.5)
    let named =
        loyal.prefix(3).joined(separator: ", ") + (loyal.count > 3 ? " and \(loyal.count - 3) more" : "")
    let value = change.change.before.map { " (\($0))" } ?? ""
    change.findings.append(
        FaultFinding(
            .cloneDivergence, weight: weight,
            "\(named) still agree on this value\(value); "
                + (strayed.count == 1
                    ? "\(name) is the only one that changed" : "\(strayed.joined(separator: ", ")) changed")))
}

/// Fields in which siblings differ by their nature.
func isOwnByNature(_ path: FieldPath) -> Bool {
    let names = path.map(\.name)
    return names.contains("labels") || names.contains("annotations") || names.contains("image")
        || names.contains("replicas") || names.contains("resources") || names.last == "name"
}

import ConfigTree
import DeployModel

/// F4: two variables of one container that read the same entry of a secret, and did not before.
func findSharedSecretKey(in change: inout FoundChange, surroundings: Surroundings) {
    guard let variable = change.path.variable, let container = change.path.container,
        let object = change.change.object
    else { return }
    func entries(_ index: ManifestIndex) -> [String: String] {
        let manifest = index.workloads.first {
            $0.object.name == object.name && $0.object.kind == object.kind
        }
        return manifest.map { secretEntries(of: $0, container: container) } ?? [:]
    }
    let (before, after) = (entries(surroundings.before), entries(surroundings.after))
    guard let entry = after[variable], before[variable] != entry else { return }
    let partners = after.filter { $0.key != variable && $0.value == entry }.map(\.key).sorted()
    guard let partner = partners.first else { return }
    change.findings.append(
        FaultFinding(
            // A new variable is often another name of an old one, for another program.
            .sharedSecretKey, weight: before[variable] == nil ? 0.4 : nil,
            "in container \(container), \(partner) and \(variable) now read the same secret entry, \(entry)"))
}

/// For each variable of a container that reads a secret, which entry.
private func secretEntries(of manifest: Manifest, container: String) -> [String: String] {
    let node = manifest.containers.last { $0["name"]?.text == container }
    var entries: [String: String] = [:]
    for variable in node?["env"]?.elements ?? [] {
        guard let name = variable["name"]?.text, let reference = variable[path: "valueFrom", "secretKeyRef"],
            let secret = reference["name"]?.text, let key = reference["key"]?.text
        else { continue }
        entries[name] = "\(secret)/\(key)"
    }
    return entries
}

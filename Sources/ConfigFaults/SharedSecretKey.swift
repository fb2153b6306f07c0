import ConfigTree
import DeployModel

/// F4: two variables of one container that read the same entry of a secret, and did not before.
func findSharedSecretKey(in change: inout FoundChange, entries: inout SecretEntries) {
    guard let variable = change.path.variable, let container = change.path.container,
        let object = change.change.object
    else { return }
    let (before, after) = entries.entries(of: object, container: container)
    guard let entry = after.ofVariable[variable], before.ofVariable[variable] != entry else { return }
    let readers = after.readers[entry] ?? []
    guard let partner = readers.first(where: { $0 != variable }) else { return }
    change.findings.append(
        FaultFinding(
            // A new variable is often another name of an old one, for another program.
            .sharedSecretKey, weight: before.ofVariable[variable] == nil ? 0.4 : nil,
            "in container \(container), \(partner) and \(variable) now read the same secret entry, \(entry)"))
}

/// Which entries of secrets the variables of a container read, kept from one change to the next: those of one container come in
/// a row.
struct SecretEntries {
    /// Of one container.
    fileprivate struct Entries {
        var ofVariable: [String: String] = [:]
        /// The variables that read an entry, sorted.
        var readers: [String: [String]] = [:]
    }

    private let surroundings: Surroundings
    private var last: (object: ConfigObject, container: String, before: Entries, after: Entries)?

    init(in surroundings: Surroundings) { self.surroundings = surroundings }

    fileprivate mutating func entries(of object: ConfigObject, container: String) -> (
        before: Entries, after: Entries
    ) {
        if let last, last.object == object, last.container == container { return (last.before, last.after) }
        func entries(_ index: ManifestIndex) -> Entries {
            let manifest = index.workloads(named: object.name).first { $0.object.kind == object.kind }
            return manifest.map { Entries(of: $0, container: container) } ?? Entries()
        }
        let (before, after) = (entries(surroundings.before), entries(surroundings.after))
        last = (object, container, before, after)
        return (before, after)
    }
}

extension SecretEntries.Entries {
    fileprivate init(of manifest: Manifest, container: String) {
        let node = manifest.containers.last { $0["name"]?.text == container }
        for variable in node?["env"]?.elements ?? [] {
            guard let name = variable["name"]?.text, let source = variable["valueFrom"],
                let reference = source["secretKeyRef"], let secret = reference["name"]?.text,
                let key = reference["key"]?.text
            else { continue }
            ofVariable[name] = "\(secret)/\(key)"
        }
        readers = Dictionary(grouping: ofVariable.keys.sorted()) { ofVariable[$0] ?? "" }
    }
}

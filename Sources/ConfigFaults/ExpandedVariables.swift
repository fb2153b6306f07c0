import ConfigTree
import DeployModel

/// F37 in Kubernetes: `$(X)` in a command, an argument or a variable is text that nobody replaces, because the container has
/// no such variable.
func findUnexpandedVariables(
    in changes: inout [FoundChange], files: [ChangedFile], surroundings: Surroundings
) {
    var byPath: [String: [Int]]?
    var replaced: Set<String>?
    for file in files {
        guard let after = file.after, after.lines.contains(where: refers) else { continue }
        let path = file.file.path
        let old = Dictionary(
            file.objectsBefore.map { ($0.identity(path: path), $0) },
            uniquingKeysWith: { _, last in last })
        for manifest in file.objectsAfter where manifest.isWorkload {
            let lost = unexpanded(in: manifest, lines: after.lines, index: surroundings.after)
            guard !lost.isEmpty else { continue }
            let before = old[manifest.identity(path: path)].map {
                unexpanded(in: $0, lines: file.before?.lines ?? [], index: surroundings.before)
            }
            let known = Set((before ?? []).map { Unexpanded.Key($0) })
            let byKustomize = replaced ?? surroundings.after.kustomizeVariables
            replaced = byKustomize
            for place in lost
            where !known.contains(Unexpanded.Key(place)) && !byKustomize.contains(place.name) {
                let groups = byPath ?? Dictionary(grouping: changes.indices) { changes[$0].change.path }
                byPath = groups
                let finding = FaultFinding(.unsetVariable, place.text)
                if let removal = (groups[path] ?? []).first(where: {
                    changes[$0].removes(place, of: manifest)
                }) {
                    // It says the same, and by whom.
                    changes[removal].findings.removeAll { $0.fault == .removedStillRead }
                    changes[removal].findings.append(finding)
                } else {
                    attach(
                        finding, line: place.line, field: "$(\(place.name))", path: path, among: groups,
                        to: &changes)
                }
            }
        }
    }
}

/// Whether a line may hold a reference: hardly any does.
private func refers(_ line: String) -> Bool { line.holds("$(") }

/// A reference that stays text.
private struct Unexpanded {
    var container: String
    var name: String
    var line: Int
    var nearest: String?
    /// Whether the container has the variable, but only after the one that refers to it.
    var isLater: Bool

    struct Key: Hashable {
        private let container: String
        private let name: String

        init(_ place: Unexpanded) {
            container = place.container
            name = place.name
        }
    }

    var text: String {
        if isLater {
            return
                "$(\(name)) stays text: container \(container) has \(name) only further down, and variables are read in order"
        }
        let instead = nearest.map { "; there is \($0)" } ?? ""
        return "$(\(name)) stays text: container \(container) has no variable \(name)\(instead)"
    }
}

extension FoundChange {
    /// Whether it takes away the variable that a place refers to.
    fileprivate func removes(_ place: Unexpanded, of manifest: Manifest) -> Bool {
        change.after == nil && change.object?.name == manifest.object.name && path.variable == place.name
            && path.container == place.container
    }
}

/// The references of a workload's containers to variables that they do not have.
private func unexpanded(in manifest: Manifest, lines: [String], index: ManifestIndex) -> [Unexpanded] {
    // An overlay or a base of the same name may have the variables.
    let others = index.manifests(named: manifest.object.name).filter {
        $0.object.kind == manifest.object.kind && $0.path != manifest.path
    }
    var found: [Unexpanded] = []
    for container in manifest.containers {
        guard let name = container["name"]?.text, container["image"] != nil,
            !isFilledIn(container, lines: lines), let supplied = index.keysSupplied(to: container)
        else { continue }
        let twins = others.flatMap(\.containers).filter { $0["name"]?.text == name }
        let suppliedToTwins = twins.compactMap { index.keysSupplied(to: $0) }
        guard suppliedToTwins.count == twins.count else { continue }
        let own = (container["env"]?.elements ?? []).compactMap { $0["name"]?.text }
        let elsewhere = suppliedToTwins.reduce(supplied) { $0.union($1) }.union(
            twins.flatMap { $0["env"]?.elements ?? [] }.compactMap { $0["name"]?.text })
        let all = Set(own).union(elsewhere)
        func add(_ reference: (name: String, line: Int), known: Set<String>) {
            guard !known.contains(reference.name), !elsewhere.contains(reference.name),
                !isSetByCluster(reference.name)
            else { return }
            found.append(
                Unexpanded(
                    container: name, name: reference.name, line: reference.line,
                    nearest: nearestName(to: reference.name, among: Array(all)),
                    isLater: all.contains(reference.name)))
        }
        for field in ["command", "args"] {
            for element in container[field]?.elements ?? [] {
                for reference in expansions(in: element) { add(reference, known: all) }
            }
        }
        var earlier: Set<String> = []
        for variable in container["env"]?.elements ?? [] {
            if let value = variable["value"] {
                for reference in expansions(in: value) { add(reference, known: earlier) }
            }
            if let own = variable["name"]?.text { earlier.insert(own) }
        }
    }
    return found
}

extension ManifestIndex {
    /// The variables that a container takes from whole ConfigMaps and Secrets; `nil` when one of these is not at hand.
    fileprivate func keysSupplied(to container: ConfigNode) -> Set<String>? {
        var keys: Set<String> = []
        for source in container["envFrom"]?.elements ?? [] {
            let isSecret = source["secretRef"] != nil
            guard let name = (source["configMapRef"] ?? source["secretRef"])?["name"]?.text, !name.holds("{")
            else { return nil }
            let entries = manifests(named: name).filter {
                $0.object.kind == (isSecret ? "Secret" : "ConfigMap")
            }
            .flatMap { ($0.root["data"]?.entries ?? []) + ($0.root["stringData"]?.entries ?? []) }
            guard !entries.isEmpty else { return nil }
            keys.formUnion(entries.map { (source["prefix"]?.text ?? "") + $0.key })
        }
        return keys
    }
}

/// Whether a template puts lines of its own into a container, which may be variables.
private func isFilledIn(_ container: ConfigNode, lines: [String]) -> Bool {
    if let env = container["env"], env.scalar != nil, !env.isNull { return true }
    let range = max(1, container.start.line)...max(1, container.start.line, container.lastLine)
    return lines[min(range.lowerBound - 1, lines.count)..<min(range.upperBound, lines.count)].contains {
        line in
        let text = line.drop { $0 == " " }
        return text.hasPrefix("{{")
            && !["if", "else", "end", "/*"].contains { word in
                text.drop { "{-~ ".contains($0) }.hasPrefix(word)
            }
    }
}

extension ManifestIndex {
    /// `vars` of kustomizations, which Kustomize replaces before Kubernetes looks.
    fileprivate var kustomizeVariables: Set<String> {
        Set(manifests.flatMap { $0.root["vars"]?.elements ?? [] }.compactMap { $0["name"]?.text })
    }
}

/// The names that a text refers to as `$(NAME)`, in capitals: `$(date)` is for the shell, and `$$(X)` is escaped.
private func expansions(in node: ConfigNode) -> [(name: String, line: Int)] {
    guard let text = node.text else { return [] }
    let bytes = Array(text.utf8)
    var found: [(name: String, line: Int)] = []
    var index = 0
    while index + 3 < bytes.count, found.count < 1_000 {
        guard bytes[index] == UInt8(ascii: "$") else {
            index += 1
            continue
        }
        guard bytes[index + 1] == UInt8(ascii: "(") else {
            index += bytes[index + 1] == UInt8(ascii: "$") ? 2 : 1
            continue
        }
        let end = bytes[(index + 2)...].firstIndex { !isCapital($0) } ?? bytes.count
        let isName = end > index + 3 && end < bytes.count && bytes[end] == UInt8(ascii: ")")
        if isName, !(0x30...0x39).contains(bytes[index + 2]) {
            found.append((String(decoding: bytes[(index + 2)..<end], as: UTF8.self), node.start.line))
        }
        index = end
    }
    return found
}

private func isCapital(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
}

/// Variables that Kubernetes puts into every container: its own service's and those of the services around.
private func isSetByCluster(_ name: String) -> Bool {
    name.hasPrefix("KUBERNETES_") || name.hasSuffix("_SERVICE_HOST") || name.holds("_SERVICE_PORT")
}

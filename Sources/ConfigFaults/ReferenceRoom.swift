import ConfigTree
import DeployModel

/// What is looked up about references for one change and kept for the next: changes of one object come in a row.
struct ReferenceRoom {
    /// What pods mount.
    struct Mounts {
        /// What is mounted without being a volume.
        var missing: String?
        var names: Set<String>
        /// Where the missing one is mounted.
        var line: Int?
    }

    /// The ports of a container before and after, and those that its probes ask.
    struct Ports {
        var old: Set<String>
        var new: Set<String>
        var askedBefore: [String]
        var asked: [String]
        /// Which probe asks one of them, and where.
        var askers: [String: String]
        /// Those that it gave up.
        var lost: Set<String>
        /// Whether a template decides on one of the new ones.
        var isTemplated: Bool
    }

    private struct Owner: Equatable {
        var path: String
        var object: ConfigObject
        var container: String?

        init(_ manifest: Manifest, container: String? = nil) {
            path = manifest.path
            object = manifest.object
            self.container = container
        }
    }

    private let surroundings: Surroundings
    private var variables: (of: Owner, nodes: [String: ConfigNode])?
    private var lastExpansions: (of: Owner, lines: [String: Int])?
    private var lastKeys: (of: Owner, keys: (old: Set<String>, new: Set<String>)?)?
    private var lastNamed: (of: Owner, objects: [NamedObject])?
    private var lastMounts: (of: Owner, mounts: Mounts)?
    private var lastPorts: (of: Owner, ports: Ports)?
    private var lastDoubled: (of: Owner, list: FieldPath, lines: [String: [Int]])?
    private var lastMissed: (of: Owner, label: (key: String, value: String)?)?
    private var lastContainers: (of: Owner, before: [String?: ConfigNode], after: [String?: ConfigNode])?
    private var namesByKind: [String: SimilarNames] = [:]
    private var keysByObject: [ObjectName: SimilarNames?] = [:]
    private var lastNewNames: (object: ConfigObject, path: String, names: [String: String])?
    private var lastBackend: (of: Owner, backend: Backend?)?
    private var backendsByService: [String: (ingress: Manifest, backend: Backend)]?
    /// The ports of each Service, numbers and names; none where a template decides on some.
    private var portsBefore: [String: Set<String>] = [:], portsAfter: [String: Set<String>] = [:]
    private var selecting: Selecting?
    private var newNamesByFile: [ObjectName: [String]] = [:]
    private var peers: Peers?
    private var lastPeer:
        (of: Owner, lost: (policy: Manifest, line: Int, label: (key: String, value: String))?)?
    private var unheardPorts: (services: [Manifest], byPort: [String: [Int]], ports: [[String]])?

    init(in surroundings: Surroundings) { self.surroundings = surroundings }

    /// A variable in the first container that has it; the last of them there.
    mutating func node(of variable: String, in manifest: Manifest) -> ConfigNode? {
        let owner = Owner(manifest)
        if let variables, variables.of == owner { return variables.nodes[variable] }
        var nodes: [String: ConfigNode] = [:]
        for container in manifest.containers.reversed() {
            for node in container["env"]?.elements ?? [] {
                if let name = node["name"]?.text { nodes[name] = node }
            }
        }
        variables = (owner, nodes)
        return nodes[variable]
    }

    /// The variables that a container fills in (`$(NAME)`) and nothing supplies, with the line of the first place.
    mutating func expansions(in container: String, of manifest: Manifest) -> [String: Int] {
        let owner = Owner(manifest, container: container)
        if let lastExpansions, lastExpansions.of == owner { return lastExpansions.lines }
        var lines: [String: Int] = [:]
        func search(_ node: ConfigNode) {
            if let text = node.text, text.holds("$(") {
                // Two of them are one that stays.
                for part in text.replacing("$$", with: "").split(
                    separator: "$", omittingEmptySubsequences: false
                )
                .dropFirst() {
                    guard part.hasPrefix("("), let end = part.firstIndex(of: ")") else { continue }
                    let name = String(part[part.index(after: part.startIndex)..<end])
                    if lines[name] == nil { lines[name] = node.start.line }
                }
            }
            for entry in node.entries { search(entry.value) }
            for element in node.elements { search(element) }
        }
        for node in manifest.containers where node["name"]?.text == container && node["envFrom"] == nil {
            for field in ["command", "args", "env"] { if let own = node[field] { search(own) } }
            for variable in node["env"]?.elements ?? [] {
                if let name = variable["name"]?.text { lines[name] = nil }
            }
        }
        lastExpansions = (owner, lines)
        return lines
    }

    /// Whether no other file says something of a workload, as patches do.
    func isOnlyOne(_ manifest: Manifest) -> Bool {
        surroundings.after.places(named: manifest.object.name) { $0.object.kind == manifest.object.kind }
            .count == 1
    }

    /// The keys that an object lists which stands for a Secret, before and after.
    mutating func keysListed(before: Manifest, after: Manifest) -> (old: Set<String>, new: Set<String>)? {
        let owner = Owner(after)
        if let lastKeys, lastKeys.of == owner { return lastKeys.keys }
        var keys: (old: Set<String>, new: Set<String>)?
        if let old = MadeSecret.keysListed(before), let new = MadeSecret.keysListed(after) {
            keys = (old, new)
        }
        lastKeys = (owner, keys)
        return keys
    }

    /// The objects that one names.
    mutating func namedObjects(of manifest: Manifest) -> [NamedObject] {
        let owner = Owner(manifest)
        if let lastNamed, lastNamed.of == owner { return lastNamed.objects }
        let objects = ConfigFaults.namedObjects(of: manifest)
        lastNamed = (owner, objects)
        return objects
    }

    mutating func mounts(of manifest: Manifest) -> Mounts {
        let owner = Owner(manifest)
        if let lastMounts, lastMounts.of == owner { return lastMounts.mounts }
        let volumes = Set(
            (manifest.podSpec?["volumes"]?.elements ?? []).compactMap { $0["name"]?.text }
                + (manifest.root[path: "spec", "volumeClaimTemplates"]?.elements ?? []).compactMap {
                    $0[path: "metadata", "name"]?.text
                })
        let mounted = manifest.containers.flatMap { $0["volumeMounts"]?.elements ?? [] }.compactMap { mount in
            mount["name"].flatMap { node in node.text.map { (name: $0, line: node.start.line) } }
        }
        let missing = mounted.first { !volumes.contains($0.name) && !$0.name.contains("{") }
        let mounts = Mounts(missing: missing?.name, names: Set(mounted.map(\.name)), line: missing?.line)
        lastMounts = (owner, mounts)
        return mounts
    }

    mutating func ports(of name: String?, before: Manifest, after: Manifest) -> Ports {
        let owner = Owner(after, container: name)
        if let lastPorts, lastPorts.of == owner { return lastPorts.ports }
        func asked(_ container: ConfigNode?) -> [String] {
            let probes = container?.entries.filter { $0.key.hasSuffix("Probe") } ?? []
            return probes.flatMap { probe in probe.value.entries.compactMap { $0.value["port"]?.text } }
        }
        let (old, new) = containers(named: name, before: before, after: after)
        var askers: [String: String] = [:]
        for probe in new?.entries.filter({ $0.key.hasSuffix("Probe") }) ?? [] {
            for entry in probe.value.entries {
                guard let port = entry.value["port"], let text = port.text, askers[text] == nil else {
                    continue
                }
                askers[text] = "the \(probe.key) (line \(port.start.line))"
            }
        }
        let (oldPorts, newPorts) = (
            Set(old.map(declaredPorts) ?? []), Set(new.map(declaredPorts) ?? [])
        )
        let ports = Ports(
            old: oldPorts, new: newPorts, askedBefore: asked(old), asked: asked(new), askers: askers,
            lost: oldPorts.subtracting(newPorts), isTemplated: newPorts.contains { $0.holds("{") })
        lastPorts = (owner, ports)
        return ports
    }

    /// The variables that have come to stand several times in a list of them, with their lines.
    mutating func doubledVariables(
        in list: FieldPath, before: Manifest?, after: Manifest
    ) -> [String: [Int]] {
        func lines(_ manifest: Manifest?) -> [String: [Int]] {
            var found: [String: [Int]] = [:]
            for element in manifest?.root.node(at: list[...])?.elements ?? [] {
                if let name = element["name"]?.text { found[name, default: []].append(element.start.line) }
            }
            return found.filter { $0.value.count > 1 }
        }
        let owner = Owner(after)
        if let known = lastDoubled, known.of == owner, known.list == list { return known.lines }
        let former = lines(before)
        let doubled = lines(after).filter { former[$0.key] == nil }
        lastDoubled = (owner, list, doubled)
        return doubled
    }

    /// The first label that a workload's selector asks for and its pods do not carry any more.
    mutating func missedLabel(before: Manifest, after: Manifest) -> (key: String, value: String)? {
        let owner = Owner(after)
        if let known = lastMissed, known.of == owner { return known.label }
        let label = ConfigFaults.missedLabel(of: before) == nil ? ConfigFaults.missedLabel(of: after) : nil
        lastMissed = (owner, label)
        return label
    }

    /// The containers of a name, or without one, before and after; of several in a pod the last.
    mutating func containers(named name: String?, before: Manifest, after: Manifest) -> (
        before: ConfigNode?, after: ConfigNode?
    ) {
        func byName(_ manifest: Manifest) -> [String?: ConfigNode] {
            Dictionary(
                manifest.containers.map { ($0["name"]?.text, $0) }, uniquingKeysWith: { _, last in last })
        }
        let owner = Owner(after)
        if let known = lastContainers, known.of == owner { return (known.before[name], known.after[name]) }
        let known = (of: owner, before: byName(before), after: byName(after))
        lastContainers = known
        return (known.before[name], known.after[name])
    }

    /// The names of the objects of a kind that are new in a file.
    mutating func newNames(ofKind kind: String, in path: String) -> [String] {
        let key = ObjectName(kind: kind, name: path)
        if let known = newNamesByFile[key] { return known }
        let before = surroundings.before
        let names = surroundings.after.manifests(ofKind: kind).filter {
            $0.path == path && before.objects(kind, named: $0.object.name).isEmpty
        }.map(\.object.name)
        newNamesByFile[key] = names
        return names
    }

    /// The names of the objects of a kind after the change.
    mutating func names(ofKind kind: String) -> SimilarNames {
        if let known = namesByKind[kind] { return known }
        var all = surroundings.after.manifests(ofKind: kind).map(\.object.name)
        // Those that something in the cluster makes are Secrets as well.
        if kind == "Secret" { all += surroundings.after.madeSecrets.keys }
        let names = SimilarNames(all)
        namesByKind[kind] = names
        return names
    }

    /// The entries of the objects of a kind and a name after the change; `nil` where they have none.
    mutating func keys(of name: ObjectName) -> SimilarNames? {
        if let known = keysByObject[name] { return known }
        let keys = surroundings.after.keys(name.kind, name.name)
        let names = keys.isEmpty ? nil : SimilarNames(keys)
        keysByObject[name] = names
        return names
    }

    /// The first backend of an Ingress whose Service has no such port, and that was not there before.
    mutating func lostBackend(before: Manifest?, after: Manifest) -> Backend? {
        let owner = Owner(after)
        if let known = lastBackend, known.of == owner { return known.backend }
        struct Target: Hashable { var service: String, port: String }
        let former = Set(
            before.map { backends(of: $0).map { Target(service: $0.service, port: $0.port) } } ?? [])
        let lost = backends(of: after).first {
            isPortMissing($0, isAfter: true) && !former.contains(Target(service: $0.service, port: $0.port))
        }
        lastBackend = (owner, lost)
        return lost
    }

    /// The first Ingress that sends to a port which a Service gave up.
    mutating func lostBackend(of service: String) -> (ingress: Manifest, backend: Backend)? {
        if let known = backendsByService { return known[service] }
        var found: [String: (ingress: Manifest, backend: Backend)] = [:]
        for ingress in surroundings.after.manifests(ofKind: "Ingress") {
            for backend in backends(of: ingress)
            where found[backend.service] == nil && isPortMissing(backend, isAfter: true)
                && !isPortMissing(backend, isAfter: false)
            {
                found[backend.service] = (ingress, backend)
            }
        }
        backendsByService = found
        return found[service]
    }

    /// Whether the Service of a backend is kept here, and has other ports.
    private mutating func isPortMissing(_ backend: Backend, isAfter: Bool) -> Bool {
        let side = isAfter ? surroundings.after : surroundings.before
        let ports: Set<String>
        if let known = (isAfter ? portsAfter : portsBefore)[backend.service] {
            ports = known
        } else {
            let services = side.objects("Service", named: backend.service)
            let found = services.flatMap { $0.root[path: "spec", "ports"]?.elements ?? [] }.flatMap {
                [$0["port"]?.text, $0["name"]?.text].compactMap { $0 }
            }
            // What a template decides on may be any.
            ports = found.contains { $0.contains("{") || $0.contains("$") } ? [] : Set(found)
            if isAfter { portsAfter[backend.service] = ports } else { portsBefore[backend.service] = ports }
        }
        return !ports.isEmpty && !ports.contains(backend.port) && !backend.port.contains("{")
            && !backend.port.contains("$")
    }

    /// What an entry of an object is called since the change: the one new entry that has its value.
    mutating func newName(of key: String, in object: ConfigObject, _ path: String) -> String? {
        if let known = lastNewNames, known.object == object, known.path == path { return known.names[key] }
        func entries(_ index: ManifestIndex) -> [String: String] {
            let root = index.object(object.kind, named: object.name, preferring: path)?.root
            let all = ["data", "stringData"].flatMap { root?[$0]?.entries ?? [] }
            return Dictionary(all.map { ($0.key, plainText($0.value)) }) { _, last in last }
        }
        let (before, after) = (entries(surroundings.before), entries(surroundings.after))
        let new = Dictionary(grouping: after.keys.filter { before[$0] == nil }) { after[$0] ?? "" }
        let gone = Dictionary(grouping: before.keys.filter { after[$0] == nil }) { before[$0] ?? "" }
        var names: [String: String] = [:]
        for (value, keys) in gone where keys.count == 1 && !value.isEmpty {
            if let same = new[value], same.count == 1 { names[keys[0]] = same[0] }
        }
        lastNewNames = (object, path, names)
        return names[key]
    }

    /// The first Service, after the change, that sends to one of some ports, none of its pods declaring it; and the port.
    mutating func unheardService(of ports: Set<String>) -> (service: Manifest, port: String)? {
        guard !ports.isEmpty else { return nil }
        let table: (services: [Manifest], byPort: [String: [Int]], ports: [[String]])
        if let unheardPorts {
            table = unheardPorts
        } else {
            let services = surroundings.after.manifests(ofKind: "Service")
            let unheardOf = services.map { unheard(by: $0, surroundings.after) }
            var byPort: [String: [Int]] = [:]
            for (place, ports) in unheardOf.enumerated() {
                for port in Set(ports) { byPort[port, default: []].append(place) }
            }
            table = (services, byPort, unheardOf)
            unheardPorts = table
        }
        guard let place = ports.compactMap({ table.byPort[$0]?.first }).min(),
            let port = table.ports[place].first(where: ports.contains)
        else { return nil }
        return (table.services[place], port)
    }

    /// The pods that network policies let in, by each of the labels that they must carry.
    private struct Peers {
        struct Peer {
            var policy: Manifest
            var line: Int
            var labels: [String: String]
        }

        var byLabel: [String: [Peer]] = [:]

        init(_ policies: [Manifest]) {
            for policy in policies {
                let rules = (policy.root[path: "spec", "ingress"]?.elements ?? []).flatMap {
                    $0["from"]?.elements ?? []
                }
                // Pods of other namespaces are told by these.
                for rule in rules where rule["namespaceSelector"] == nil {
                    guard let selector = rule[path: "podSelector", "matchLabels"] else { continue }
                    let labels = Dictionary(
                        selector.entries.compactMap { entry in entry.value.text.map { (entry.key, $0) } },
                        uniquingKeysWith: { _, last in last })
                    guard !labels.values.contains(where: { $0.contains("{") }) else { continue }
                    let peer = Peer(policy: policy, line: selector.start.line, labels: labels)
                    for (key, value) in labels { byLabel["\(key)=\(value)", default: []].append(peer) }
                }
            }
        }
    }

    /// The first network policy that let a workload's pods through as they were labelled, and does not any more; the line, and the
    /// label that they lost.
    mutating func peerLost(
        before: Manifest, after: Manifest
    ) -> (policy: Manifest, line: Int, label: (key: String, value: String))? {
        let owner = Owner(after)
        if let known = lastPeer, known.of == owner { return known.lost }
        let found = peerLost(from: before.podLabels, to: after.podLabels, in: after.object.namespace)
        lastPeer = (owner, found)
        return found
    }

    private mutating func peerLost(
        from old: [String: String], to new: [String: String], in namespace: String?
    ) -> (policy: Manifest, line: Int, label: (key: String, value: String))? {
        let lost = old.filter { new[$0.key] != $0.value }.sorted { $0.key < $1.key }
        guard !lost.isEmpty else { return nil }
        let known = peers ?? Peers(surroundings.after.manifests(ofKind: "NetworkPolicy"))
        peers = known
        for label in lost {
            let found = known.byLabel["\(label.key)=\(label.value)"]?.first { peer in
                peer.policy.object.namespace == namespace
                    && peer.labels.allSatisfy { old[$0.key] == $0.value }
            }
            if let found { return (found.policy, found.line, label) }
        }
        return nil
    }

    /// Which of the objects that select pods select a workload, by their places.
    private struct Selecting {
        var objects: [Manifest]
        var before: [String: Set<Int>] = [:]
        var after: [String: Set<Int>] = [:]

        init(_ surroundings: Surroundings) {
            let kinds: Set = ["Service", "PodDisruptionBudget", "NetworkPolicy"]
            objects = surroundings.after.manifests.filter { kinds.contains($0.object.kind) }
            for (place, object) in objects.enumerated() {
                for name in surroundings.before.reach(of: object) ?? [] {
                    before[name, default: []].insert(place)
                }
                for name in surroundings.after.reach(of: object) ?? [] {
                    after[name, default: []].insert(place)
                }
            }
        }
    }

    /// The first object that would have selected a workload as it was, and does not select it as it is.
    mutating func selectorLost(before: String, after: String) -> Manifest? {
        let known = selecting ?? Selecting(surroundings)
        selecting = known
        return (known.before[before] ?? []).subtracting(known.after[after] ?? []).min().map {
            known.objects[$0]
        }
    }
}

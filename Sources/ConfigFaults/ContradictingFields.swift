import ConfigTree
import DeployModel

/// F1, F13 and F32 of fields beside each other: two that cannot both hold, or one name twice in a list of variables.
///
/// Only what was not so before counts.
///
/// - Parameter isAlone: whether few fields of the object changed, so that what stands beside each can be looked at.
func findContradictingFields(
    in change: inout FoundChange, of object: JudgedObject?, isAlone: Bool
) {
    guard let object, let after = change.afterNode, object.after.reading == .parsed,
        !change.findings.contains(where: { $0.fault == .refusedType }),
        object.kind != "CustomResourceDefinition"
    else { return }
    var found: FaultFinding?
    func judge(_ mapping: ConfigNode, at path: ArraySlice<FieldStep>) {
        guard found == nil, (2...mostFields).contains(mapping.entries.count),
            let contradiction = Contradiction(in: mapping),
            object.before?.root.node(at: path).flatMap(Contradiction.init(in:)) != contradiction
        else { return }
        var finding = FaultFinding(
            .refusedType, weight: 0.85,
            contradiction.text
                + (object.isKubernetes && object.hasSchema ? ": the API server refuses it" : ""))
        finding.line = contradiction.line
        found = finding
    }
    // The other of the two may stand beside what changed.
    if isAlone, !change.path.isEmpty, change.path.last.map({ fieldsOfPairs.contains($0.name) }) ?? false,
        let around = object.after.root.node(at: change.path.dropLast())
    {
        judge(around, at: change.path.dropLast())
    }
    var visited = 0
    func search(_ node: ConfigNode, at path: FieldPath) {
        visited += 1
        guard found == nil, visited < mostNodes else { return }
        switch node.kind {
        case .scalar: break
        case .mapping(let entries):
            judge(node, at: path[...])
            for entry in entries where !entry.isMerged && entry.value.scalar == nil {
                search(entry.value, at: path + [.key(entry.key)])
            }
        case .sequence(let elements):
            if !object.after.isWorkload, let list = path.last?.name, listsOfVariables.contains(list),
                let name = doubledName(in: elements, before: object.before?.root.node(at: path[...]))
            {
                found = name
            }
            guard elements.count <= mostFields else { return }
            for (step, element) in steps(to: elements, ofList: path.last?.name) where element.scalar == nil {
                search(element, at: path + [step])
            }
        }
    }
    search(after, at: change.path)
    if found == nil, ["HTTPRoute", "Ingress"].contains(object.kind) {
        found = bentPath(after, at: change, of: object)
    }
    // One of the two may be the new one.
    if found == nil, isAlone, !object.after.isWorkload,
        let place = change.path.dropLast().lastIndex(where: { listsOfVariables.contains($0.name) }),
        let list = object.after.root.node(at: change.path[...place])
    {
        found = doubledName(in: list.elements, before: object.before?.root.node(at: change.path[...place]))
    }
    if let found { change.findings.append(found) }
}

/// A path of a route that begins with no slash, which the API server refuses.
private func bentPath(_ node: ConfigNode, at change: FoundChange, of object: JudgedObject) -> FaultFinding? {
    func finding(_ path: ConfigNode, _ type: ConfigNode?) -> FaultFinding? {
        guard let text = path.text, !text.isEmpty, !text.hasPrefix("/"), !text.contains("{"),
            !text.contains("$"),
            ["Prefix", "Exact", "PathPrefix", nil].contains(type?.text)
        else { return nil }
        var finding = FaultFinding(
            .refusedType, "the path `\(text)` begins with no slash: the API server refuses it")
        finding.line = path.start.line
        return finding
    }
    func search(_ node: ConfigNode) -> FaultFinding? {
        if object.kind == "HTTPRoute", let path = node["path"], let value = path["value"],
            let found = finding(value, path["type"])
        {
            return found
        }
        if object.kind == "Ingress", node["backend"] != nil, let path = node["path"],
            let found = finding(path, node["pathType"])
        {
            return found
        }
        for entry in node.entries { if let found = search(entry.value) { return found } }
        for element in node.elements { if let found = search(element) { return found } }
        return nil
    }
    if node.text != nil {
        // Only of the path itself: what stood there before is not this change's.
        guard ["value", "path"].contains(change.path.last?.name ?? "") else { return nil }
        let around = change.path.dropLast(object.kind == "HTTPRoute" ? 2 : 1)
        return object.after.root.node(at: around).flatMap(search)
    }
    guard change.beforeNode.flatMap(search) == nil else { return nil }
    return search(node)
}

/// Beyond so many fields it is data.
private let mostFields = 60, mostNodes = 3_000, mostVariables = 300

private let listsOfVariables: Set = ["env", "extraEnv", "envVars", "extraEnvVars", "environment"]

private let fieldsOfPairs: Set = [
    "minReplicas", "maxReplicas", "minReplicaCount", "maxReplicaCount", "min_size", "max_size",
    "min_capacity", "max_capacity", "runAsUser", "runAsNonRoot", "value", "valueFrom", "type",
    "rollingUpdate",
    "requests", "limits",
]

/// A name that has come to stand twice in a list of variables.
private func doubledName(in elements: [ConfigNode], before: ConfigNode?) -> FaultFinding? {
    func lines(_ elements: [ConfigNode]) -> [String: [Int]] {
        var found: [String: [Int]] = [:], said: [String: Set<String>] = [:]
        for element in elements {
            // What has a condition may be the other's alternative.
            if let name = element["name"]?.text, !name.contains("{"),
                element.entries.allSatisfy({ ["name", "value", "valueFrom"].contains($0.key) })
            {
                found[name, default: []].append(element.start.line)
                said[name, default: []].insert(plainText(element))
            }
        }
        // Twice the same is only untidy.
        return found.filter { $0.value.count > 1 && said[$0.key, default: []].count > 1 }
    }
    guard elements.count <= mostVariables else { return nil }
    let new = lines(elements)
    guard !new.isEmpty else { return nil }
    let old = lines(before?.elements ?? [])
    guard let (name, places) = new.filter({ old[$0.key] == nil }).min(by: { $0.key < $1.key }) else {
        return nil
    }
    let numbers = places.map(String.init).joined(separator: " and ")
    var finding = FaultFinding(
        .duplicateKey, weight: 0.8,
        "\(name) stands \(places.count == 2 ? "twice" : "\(places.count) times") in the list (lines \(numbers)); the last one wins"
    )
    finding.line = places.last
    return finding
}

/// Two fields of a mapping that cannot both hold.
private struct Contradiction: Equatable {
    var text: String
    var line: Int

    /// Which of them it is.
    var kind: String

    /// Two of a kind are one: numbers that cross further cross still.
    static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }

    init?(in mapping: ConfigNode) {
        // What is off, or taken away by a patch, holds nothing.
        guard mapping["enabled"]?.text != "false", mapping["rollingUpdate"]?["$patch"] == nil else {
            return nil
        }
        func number(_ key: String) -> (value: Int, line: Int)? {
            mapping[key].flatMap { node in node.text.flatMap(Int.init).map { ($0, node.start.line) } }
        }
        for (low, high) in [
            ("minReplicas", "maxReplicas"), ("minReplicaCount", "maxReplicaCount"), ("min_size", "max_size"),
            ("min_capacity", "max_capacity"),
        ] {
            guard let least = number(low), let most = number(high), least.value > most.value, most.value > 0
            else {
                continue
            }
            self.text =
                "at least \(least.value) (line \(least.line)) and at most \(most.value) (line \(most.line)) cannot both be"
            line = least.line
            kind = low
            return
        }
        if let user = mapping["runAsUser"], user.text == "0", mapping["runAsNonRoot"]?.text == "true" {
            text =
                "runAsUser is 0, which is root, and runAsNonRoot is true (line \(mapping["runAsNonRoot"]?.start.line ?? 0)): no container starts so"
            line = user.start.line
            kind = "runAsUser"
            return
        }
        if let value = mapping.entry("value"), let from = mapping.entry("valueFrom"),
            mapping["name"]?.text != nil,
            value.value.text?.isEmpty == false
        {
            text =
                "\(mapping["name"]?.text ?? "it") has a value (line \(value.keyMark.line)) and a valueFrom (line \(from.keyMark.line)), of which it may have one"
            line = from.keyMark.line
            kind = "valueFrom"
            return
        }
        if mapping["type"]?.text == "Recreate", let rolling = mapping.entry("rollingUpdate"),
            !rolling.value.isNull
        {
            text = "rollingUpdate (line \(rolling.keyMark.line)) may not stand beside type Recreate"
            line = rolling.keyMark.line
            kind = "rollingUpdate"
            return
        }
        for entry in mapping["requests"]?.entries ?? [] {
            guard let request = entry.value.text, let limit = mapping["limits"]?[entry.key],
                let most = limit.text,
                ["cpu", "memory", "ephemeral-storage"].contains(entry.key), let asked = quantity(request),
                let allowed = quantity(most), asked > allowed
            else { continue }
            text =
                "requests.\(entry.key) is \(request) (line \(entry.value.start.line)), more than the limit of \(most) (line \(limit.start.line))"
            line = limit.start.line
            kind = "limits"
            return
        }
        return nil
    }
}

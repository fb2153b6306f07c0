import ConfigTree
import DeployModel

/// Words of the failures that also stand in few enough changes to tell them apart.
func symptomWords(_ failures: FailureContext, changes: [FoundChange]) -> Set<String> {
    let words = Set(failures.messages.flatMap(tokens))
    return words.filter { word in
        let hits = changes.filter { changeTokens($0).contains { isRelated($0, word) } }.count
        return hits > 0 && hits <= max(3, changes.count / 4)
    }
}

/// Evidence from what the failures say: names that the change touches, and kinds of failure that fit the kind of field.
func symptomEvidence(_ found: FoundChange, words: Set<String>, messages: [String]) -> [Evidence] {
    guard !words.isEmpty || !messages.isEmpty else { return [] }
    var evidence: [Evidence] = []
    let own = changeTokens(found)
    let shared = words.filter { word in own.contains { isRelated($0, word) } }.sorted()
    if !shared.isEmpty {
        evidence.append(
            Evidence(
                kind: "message_words",
                text: "the failures speak of \(shared.prefix(3).joined(separator: ", "))",
                weight: min(0.4, 0.25 * Double(shared.count))))
    }
    let text = messages.joined(separator: " ").lowercased()
    let isDenied = [
        "401", "403", "unauthorized", "unauthorised", "forbidden", "denied", "signature", "credential",
    ]
    .contains { text.contains($0) }
    let isCredential = found.path.contains { step in
        ["secretkeyref", "secret", "password", "token", "credential"].contains {
            step.name.lowercased().contains($0)
        }
    }
    if isDenied, isCredential {
        evidence.append(
            Evidence(
                kind: "denied_credential", text: "the failures look like a refused credential", weight: 0.35))
    }
    return evidence
}

private func changeTokens(_ found: FoundChange) -> Set<String> {
    var names = found.path.map(\.name) + [found.change.before, found.change.after].compactMap { $0 }
    if let node = found.afterNode, node.scalar == nil { names += texts(in: node) }
    return Set(names.flatMap(tokens))
}

/// The keys and values inside a node, up to a limit.
private func texts(in node: ConfigNode) -> [String] {
    var found: [String] = []
    func search(_ node: ConfigNode) {
        guard found.count < 500 else { return }
        if let text = node.text { found.append(text) }
        for entry in node.entries {
            found.append(entry.key)
            search(entry.value)
        }
        for element in node.elements { search(element) }
    }
    search(node)
    return found
}

/// Lowercase words of four letters and more, without those that every configuration is full of.
private func tokens(_ text: String) -> [String] {
    let common: Set = [
        "name", "value", "spec", "template", "containers", "config", "true", "false", "null", "error",
        "failed", "from",
        "with", "deployment", "metadata", "valuefrom", "secretkeyref", "configmapkeyref", "event", "request",
    ]
    return text.lowercased().split { !$0.isLetter }.map(String.init).filter {
        $0.count >= 4 && !common.contains($0)
    }
}

/// Equal, or one the beginning of the other: `push` and `pusher`.
private func isRelated(_ a: String, _ b: String) -> Bool { a == b || a.hasPrefix(b) || b.hasPrefix(a) }

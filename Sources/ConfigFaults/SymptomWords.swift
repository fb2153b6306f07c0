import ConfigTree
import DeployModel

/// What the failures say, compared with what each change says.
struct SymptomWords {
    private let messages: String
    /// What each change says.
    private let said: [Said]
    /// Words, and whole names, of the failures that stand in few enough changes to tell them apart.
    private let words: Set<String>
    private let names: Set<String>

    /// The words and the whole names in a change.
    private struct Said {
        var words: Set<String>
        var names: Set<String>

        init(_ texts: [String]) {
            words = Set(texts.flatMap(ConfigFaults.words))
            names = Set(texts.flatMap(ConfigFaults.names))
        }
    }

    init(_ failures: FailureContext, changes: [FoundChange]) {
        messages = failures.messages.joined(separator: " ").lowercased()
        guard !messages.isEmpty else {
            (said, words, names) = ([], [], [])
            return
        }
        let said = changes.map { Said(texts(of: $0)) }
        let most = max(3, changes.count / 4)
        func isTelling(_ isSaid: (Said) -> Bool) -> Bool {
            let hits = said.reduce(0) { $0 + (isSaid($1) ? 1 : 0) }
            return hits > 0 && hits <= most
        }
        let all = Said(failures.messages)
        // What fails is called so in every change of its own; that these reach it counts already.
        let own = Said(Array(failures.workloads.keys))
        words = all.words.subtracting(own.words).filter { word in
            isTelling { $0.words.contains { isRelated($0, word) } }
        }
        names = all.names.subtracting(own.names).filter { name in isTelling { $0.names.contains(name) } }
        self.said = said
    }

    /// Names that a change touches, and kinds of failure that fit the kind of field.
    ///
    /// - Parameter index: the place of the change among those that this was made of.
    func evidence(for found: FoundChange, at index: Int) -> [Evidence] {
        guard !messages.isEmpty else { return [] }
        var evidence: [Evidence] = []
        let own = said[index]
        let shared = words.filter { word in own.words.contains { isRelated($0, word) } }.sorted()
        let named = names.intersection(own.names)
        if let name = named.max(by: { ($0.count, $1) < ($1.count, $0) }) {
            evidence.append(
                Evidence(kind: "message_name", text: "the failures name \(name)", weight: 0.7))
        } else if !shared.isEmpty {
            evidence.append(
                Evidence(
                    kind: "message_words",
                    text: "the failures speak of \(shared.prefix(3).joined(separator: ", "))",
                    weight: min(0.45, 0.3 * Double(shared.count))))
        }
        if isDenied, isCredential(found) {
            evidence.append(
                Evidence(
                    kind: "denied_credential", text: "the failures look like a refused credential",
                    weight: 0.35))
        }
        return evidence
    }

    private var isDenied: Bool {
        [
            "401", "403", "unauthorized", "unauthorised", "forbidden", "denied", "signature", "credential",
        ]
        .contains(where: messages.holds)
    }

    private func isCredential(_ found: FoundChange) -> Bool {
        found.path.contains { step in
            ["secretkeyref", "secret", "password", "token", "credential"].contains(
                where: step.name.lowercased().holds)
        }
    }
}

/// The keys and values of a change, those inside a new section too, up to a limit.
private func texts(of found: FoundChange) -> [String] {
    var texts = found.path.map(\.name) + [found.change.before, found.change.after].compactMap { $0 }
    func search(_ node: ConfigNode) {
        guard texts.count < 500 else { return }
        if let text = node.text { texts.append(text) }
        for entry in node.entries {
            texts.append(entry.key)
            search(entry.value)
        }
        for element in node.elements { search(element) }
    }
    if let node = found.afterNode, node.scalar == nil { search(node) }
    return texts
}

/// Lowercase words of four letters and more, without those that every configuration is full of.
private func words(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter }.map(String.init).filter {
        $0.count >= 4 && !commonWords.contains($0)
    }
}

private let commonWords: Set = [
    "name", "value", "spec", "template", "containers", "config", "true", "false", "null", "error",
    "failed", "from",
    "with", "deployment", "metadata", "valuefrom", "secretkeyref", "configmapkeyref", "event", "request",
]

/// What can only be a name: `PAYMENTS_URL`, `redis-primary.prod.internal` with its parts, `maxConnections`, in lower case.
private func names(_ text: String) -> [String] {
    func isInside(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "-"
    }
    let parts = text.split { !isInside($0) }
    let hosts = text.split { !isInside($0) && $0 != "." }.map { $0.trimming(".") }.filter { $0.contains(".") }
    return (parts + hosts).filter { name in
        guard name.utf8.count >= 6, name.contains(where: \.isLetter) else { return false }
        return name.dropFirst().dropLast().contains { $0 == "_" || $0 == "-" || $0 == "." }
            || name.contains(where: \.isLowercase) && name.dropFirst().contains(where: \.isUppercase)
    }.map { $0.lowercased() }
}

extension Substring {
    /// Without a character at both ends.
    fileprivate func trimming(_ end: Character) -> Substring {
        var rest = drop { $0 == end }
        while rest.last == end { rest.removeLast() }
        return rest
    }
}

/// Equal, or one the beginning of the other: `push` and `pusher`.
private func isRelated(_ a: String, _ b: String) -> Bool { a == b || a.hasPrefix(b) || b.hasPrefix(a) }

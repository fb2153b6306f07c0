import ConfigTree

/// A node as one short line, secrets masked.
///
/// - Parameter name: the name that the value goes by, which decides whether it is a secret.
func valueText(_ node: ConfigNode, name: String) -> String {
    switch node.kind {
    case .scalar(let scalar): return maskedIfSecret(scalar.text, name: name)
    case .sequence(let elements):
        return "[" + elements.prefix(8).map { valueText($0, name: name) }.joined(separator: ", ")
            + (elements.count > 8 ? ", …]" : "]")
    case .mapping(let entries):
        // A reference reads better as what it refers to.
        for kind in ["secretKeyRef", "configMapKeyRef"] {
            let reference = node[kind] ?? node["valueFrom"]?[kind]
            if let reference, let name = reference["name"]?.text, let key = reference["key"]?.text {
                return "\(kind) \(name)/\(key)"
            }
        }
        if let value = node["value"], let own = node["name"]?.text { return valueText(value, name: own) }
        let own = node["name"]?.text ?? name
        return "{"
            + entries.prefix(4).map {
                "\($0.key): \(valueText($0.value, name: $0.key == "value" ? own : $0.key))"
            }
            .joined(separator: ", ") + (entries.count > 4 ? ", …}" : "}")
    }
}

/// A value with only its length class left, when its name says that it is a secret.
///
/// Names and keys of secrets are no secrets: `secretKeyRef.key` is shown.
func maskedIfSecret(_ text: String, name: String) -> String {
    guard isSecretName(name), !isHarmlessValue(text) else {
        return withoutUserInformation(withoutFlagSecret(text))
    }
    return text.isEmpty ? "" : "••••••"
}

/// A line of a file without the values whose names say that they are secret.
func maskedLine(_ line: some StringProtocol) -> String {
    var name = ""
    let words = line.prefix(400).split(separator: " ").map { word -> String in
        defer { name = String(word) }
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else {
            return maskedIfSecret(String(word), name: name)
        }
        let value = word[word.index(after: equals)...]
        return word[...equals] + maskedIfSecret(String(value), name: String(word[..<equals]))
    }
    return words.joined(separator: " ")
}

/// An argument such as `--db-password=…` without what is behind the sign.
private func withoutFlagSecret(_ text: String) -> String {
    guard text.hasPrefix("-"), let equals = text.firstIndex(of: "="), isSecretName(String(text[..<equals]))
    else { return text }
    return text[...equals] + "••••••"
}

/// A URL without the user and the password before its host (RFC 3986, section 3.2.1).
private func withoutUserInformation(_ text: String) -> String {
    let bytes = Array(text.utf8)
    guard bytes.count > 4,
        let slashes = (0..<bytes.count - 2).first(where: { bytes[$0...].starts(with: "://".utf8) }),
        let at = bytes[(slashes + 3)...].prefix(while: { $0 != UInt8(ascii: "/") }).lastIndex(
            of: UInt8(ascii: "@")),
        bytes[(slashes + 3)..<at].contains(UInt8(ascii: ":"))
    else { return text }
    return String(decoding: bytes[..<(slashes + 3)], as: UTF8.self) + "••••••"
        + String(decoding: bytes[at...], as: UTF8.self)
}

/// A name that stands for what is secret whatever it is called: an entry of a Secret.
let secretName = "password"

private let plainNames: Set = [
    "key", "secretname", "secretkeyref", "secret", "secrets", "tokenpath", "keyref",
]

private let tellingWords: Set = [
    "password", "passwd", "pwd", "secret", "token", "credential", "credentials", "apikey", "private",
    "passphrase", "dockerconfigjson",
]

private func isSecretName(_ name: String) -> Bool {
    let lowered = name.lowercased()
    guard !plainNames.contains(lowered) else { return false }
    let words = FaultWords.split(name)
    if let last = words.last, ["file", "path", "dir", "name", "ref"].contains(last) { return false }
    if words.contains(where: tellingWords.contains) { return true }
    if ["password", "secret", "token", "apikey"].contains(where: lowered.hasSuffix) { return true }
    return words.last == "key" && words.count > 1
}

/// Values that give nothing away whatever they are called: switches, small numbers, references, placeholders, paths.
private func isHarmlessValue(_ text: String) -> Bool {
    text.count <= 2 || ["true", "false", "none", "null"].contains(text.lowercased())
        || text.hasPrefix("${") || text.hasPrefix("{{") || (text.hasPrefix("{") && text.hasSuffix("}"))
}

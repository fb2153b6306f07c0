import ConfigTree
import DeployModel

/// Whether a field of a service of a compose file says the same in two forms: a list or a mapping of what it depends on, a short or
/// a long port or volume, a command as a text or as a list.
///
/// The compose specification, which gives for each short form the long one that it stands for.
func isSameInCompose(_ before: ConfigNode, _ after: ConfigNode, at path: FieldPath) -> Bool {
    guard path.count >= 3, path[0] == .key("services"), case .key(let field) = path[2],
        let old = before.node(at: path[..<3]), let new = after.node(at: path[..<3])
    else { return false }
    let (x, y) = (form(of: old, field), form(of: new, field))
    return x != nil && x == y
}

/// The one form of what a field says; `nil` where there is none for it here.
private func form(of node: ConfigNode, _ field: String) -> [String]? {
    switch field {
    case "depends_on":
        return named(node) { name, value in "\(name) \(value?["condition"]?.text ?? "service_started")" }
    case "networks": return named(node) { name, value in "\(name) \(value.map(plainText) ?? "")" }
    case "env_file", "dns", "tmpfs", "profiles":
        return (node.text.map { [$0] } ?? node.elements.map { $0["path"]?.text ?? plainText($0) })
    case "command", "entrypoint":
        // What a shell would take apart in some other way has no one form.
        guard let text = node.text else { return node.elements.compactMap(\.text) }
        return text.contains { "\"'\\$|&;<>".contains($0) }
            ? nil : text.split(separator: " ").map(String.init)
    case "ports": return node.elements.map(port).sorted()
    case "volumes": return node.elements.map(volume).sorted()
    case "healthcheck": return healthcheck(node)
    case "stop_grace_period": return node.text.map { [duration($0)] }
    default: return nil
    }
}

private func named(_ node: ConfigNode, _ words: (String, ConfigNode?) -> String) -> [String] {
    switch node.kind {
    case .sequence(let elements): elements.map { words($0.text ?? plainText($0), nil) }.sorted()
    case .mapping(let entries): entries.map { words($0.key, $0.value.isNull ? nil : $0.value) }.sorted()
    case .scalar: [plainText(node)]
    }
}

private func port(_ node: ConfigNode) -> String {
    if let text = node.text {
        let (ports, `protocol`) = (
            text.split(separator: "/")[0], text.split(separator: "/").dropFirst().first ?? "tcp"
        )
        let parts = ports.split(separator: ":", omittingEmptySubsequences: false)
        let published = parts.count > 1 ? String(parts[parts.count - 2]) : ""
        let host = parts.dropLast(2).joined(separator: ":")
        return "\(host) \(published) \(parts.last ?? "") \(`protocol`)"
    }
    func said(_ key: String) -> String { node[key]?.text ?? "" }
    guard ["", "ingress"].contains(said("mode")) else { return plainText(node) }
    return
        "\(said("host_ip")) \(said("published")) \(said("target")) \(said("protocol").isEmpty ? "tcp" : said("protocol"))"
}

private func volume(_ node: ConfigNode) -> String {
    if let text = node.text {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1 else { return text }
        let mode = parts.dropFirst(2).joined(separator: ":")
        return "\(parts[0]) \(parts[1]) \(mode == "rw" ? "" : mode)"
    }
    let known: Set = ["type", "source", "target", "read_only"]
    guard node.entries.allSatisfy({ known.contains($0.key) }),
        ["volume", "bind"].contains(node["type"]?.text ?? "")
    else {
        return plainText(node)
    }
    let isReadOnly = node["read_only"]?.text == "true"
    return "\(node["source"]?.text ?? "") \(node["target"]?.text ?? "") \(isReadOnly ? "ro" : "")"
}

private func healthcheck(_ node: ConfigNode) -> [String] {
    node.entries.map { entry in
        guard entry.key == "test" else {
            return "\(entry.key) \(entry.value.text.map(duration) ?? plainText(entry.value))"
        }
        let words = entry.value.elements.compactMap(\.text)
        return "test "
            + (words.first == "CMD-SHELL"
                ? words.dropFirst().joined(separator: " ") : entry.value.text ?? plainText(entry.value))
    }.sorted()
}

/// A duration in milliseconds, or the text that is none.
private func duration(_ text: String) -> String {
    let units: [(String, Double)] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
    var (rest, total) = (text[...], 0.0)
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isNumber || $0 == "." }
        rest = rest.dropFirst(digits.count)
        guard let number = Double(digits), let unit = units.first(where: { rest.hasPrefix($0.0) }) else {
            return text
        }
        total += number * unit.1
        rest = rest.dropFirst(unit.0.count)
    }
    return text.isEmpty ? text : "\(total)"
}

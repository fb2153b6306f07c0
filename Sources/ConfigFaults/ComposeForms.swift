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
    // Where only quotes differ, these matter: `22:22` is a number to some readers.
    guard plainText(old) != plainText(new) else { return false }
    let (x, y) = (form(of: old, field), form(of: new, field))
    return x != nil && x == y
}

/// The one form of what a field says; `nil` where there is none for it here, or where it says something that no form has.
private func form(of node: ConfigNode, _ field: String) -> [String]? {
    guard !node.isNull else { return nil }
    switch field {
    case "depends_on":
        return named(node) { value in
            value.entries.allSatisfy { $0.key == "condition" } ? value["condition"]?.text : nil
        }?.map { $0.value.isEmpty ? "\($0.name) service_started" : "\($0.name) \($0.value)" }.sorted()
    case "networks": return named(node) { $0.isNull ? "" : nil }?.map(\.name).sorted()
    case "env_file", "dns", "tmpfs", "profiles": return node.text.map { [$0] } ?? texts(of: node)
    case "command", "entrypoint":
        // What a shell would take apart in some other way has no one form.
        guard let text = node.text else { return texts(of: node) }
        let isPlain = !text.isEmpty && !text.contains { "\"'\\$|&;<>".contains($0) }
        return isPlain ? text.split(separator: " ").map(String.init) : nil
    case "ports": return all(node, port)
    case "volumes": return all(node, volume)
    case "healthcheck": return healthcheck(node)
    case "stop_grace_period": return node.text.map { [duration($0)] }
    default: return nil
    }
}

/// The elements of a list that holds only texts, and some.
private func texts(of node: ConfigNode) -> [String]? {
    let texts = node.elements.compactMap(\.text)
    return texts.isEmpty || texts.count != node.elements.count ? nil : texts
}

/// The forms of all elements of a list, sorted; `nil` where one has none.
private func all(_ node: ConfigNode, _ form: (ConfigNode) -> String?) -> [String]? {
    let forms = node.elements.compactMap(form)
    return forms.isEmpty || forms.count != node.elements.count ? nil : forms.sorted()
}

/// The names in a list, or the keys of a mapping with what is said of them.
private func named(
    _ node: ConfigNode, _ words: (ConfigNode) -> String?
) -> [(name: String, value: String)]? {
    if let names = texts(of: node) { return names.map { ($0, "") } }
    let pairs = node.entries.compactMap { entry in words(entry.value).map { (name: entry.key, value: $0) } }
    return pairs.isEmpty || pairs.count != node.entries.count ? nil : pairs
}

private func port(_ node: ConfigNode) -> String? {
    if let text = node.text {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        let parts = (halves.first ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count <= 2, let target = parts.last, !target.isEmpty else { return nil }
        let published = parts.count > 1 ? parts[parts.count - 2] : ""
        let host = parts.dropLast(2).joined(separator: ":")
        return "\(host) \(published) \(target) \(halves.count == 2 ? halves[1] : "tcp")"
    }
    let known: Set = ["target", "published", "host_ip", "protocol", "mode"]
    guard !node.entries.isEmpty, node.entries.allSatisfy({ known.contains($0.key) }) else { return nil }
    func said(_ key: String) -> String { node[key]?.text ?? "" }
    guard ["", "ingress"].contains(said("mode")) else { return nil }
    let transport = said("protocol").isEmpty ? "tcp" : said("protocol")
    return "\(said("host_ip")) \(said("published")) \(said("target")) \(transport)"
}

private func volume(_ node: ConfigNode) -> String? {
    if let text = node.text {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || parts.count == 3, let first = parts[0].first else { return nil }
        let mode = parts.count == 3 ? parts[2] : "rw"
        guard mode == "rw" || mode == "ro" else { return nil }
        return "\("./~".contains(first) ? "bind" : "volume") \(parts[0]) \(parts[1]) \(mode)"
    }
    let known: Set = ["type", "source", "target", "read_only"]
    guard node.entries.allSatisfy({ known.contains($0.key) }), let type = node["type"]?.text,
        let source = node["source"]?.text, let target = node["target"]?.text
    else { return nil }
    return "\(type) \(source) \(target) \(node["read_only"]?.text == "true" ? "ro" : "rw")"
}

private func healthcheck(_ node: ConfigNode) -> [String]? {
    guard !node.entries.isEmpty else { return nil }
    return node.entries.map { entry in
        guard entry.key == "test" else {
            return "\(entry.key) \(entry.value.text.map(duration) ?? plainText(entry.value))"
        }
        let words = entry.value.elements.compactMap(\.text)
        let command = words.count == 2 && words[0] == "CMD-SHELL" ? words[1] : entry.value.text
        return "test \(command ?? plainText(entry.value))"
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

import ConfigTree

/// A node as one short line, secrets masked.
///
/// - Parameter name: the name that the value goes by, which decides whether it is a secret.
func valueText(_ node: ConfigNode, name: String) -> String {
    switch node.kind {
    case .scalar(let scalar): return maskedIfSecret(scalar.text, name: name)
    case .sequence(let elements):
        // What follows a bare flag is its value.
        let flags = [""] + elements.map { $0.text.flatMap(bareFlag) ?? "" }
        let shown = zip(elements, flags).prefix(8).map { element, flag in
            valueText(element, name: flag.isEmpty ? name : flag)
        }
        return "[" + shown.joined(separator: ", ") + (elements.count > 8 ? ", …]" : "]")
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

/// `--timeout`, whose value is the next element.
func bareFlag(_ text: String) -> String? {
    text.hasPrefix("--") && !text.contains("=") && !text.contains(" ") ? text : nil
}

import ConfigTree

/// A node as one short line, secrets masked.
///
/// - Parameters:
///   - name: the name that the value goes by, which decides whether it is a secret.
///   - isQuoteShown: whether a single value that is quoted is shown so.
func valueText(_ node: ConfigNode, name: String, isQuoteShown: Bool = false) -> String {
    switch node.kind {
    case .scalar(let scalar):
        let text = maskedIfSecret(scalar.text, name: name)
        return isQuoteShown && scalar.style == .quoted ? "\"\(text)\"" : text
    case .sequence(let elements):
        // What follows a bare flag is its value.
        let flags = [""] + elements.map { $0.text.flatMap(bareFlag) ?? "" }
        let shown = zip(elements, flags).prefix(8).map { element, flag in
            let text = valueText(element, name: flag.isEmpty ? name : flag)
            guard element["value"] != nil, let own = element["name"]?.text else { return text }
            return "\(own)=\(text)"
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

/// Whether two single values differ by their quotes alone, so that they look equal without them.
func isOnlyRequoted(_ a: ConfigNode?, _ b: ConfigNode?) -> Bool {
    guard let a = a?.scalar, let b = b?.scalar else { return false }
    return a.text == b.text && a.style != b.style
}

/// `--timeout`, whose value is the next element.
func bareFlag(_ text: String) -> String? {
    text.hasPrefix("--") && !text.contains("=") && !text.contains(" ") ? text : nil
}

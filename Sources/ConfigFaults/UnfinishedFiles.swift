import ConfigTree
import DeployModel

/// F40: a placeholder in a file that nobody fills in: a whole value, in a field that is not written for people.
func findPlaceholder(in change: inout FoundChange, values: inout PlaceholderValues) {
    guard let after = change.afterNode, values.stand(in: change.change.path) else { return }
    // A real value that became `{X}`, in a file that no template engine is known to read.
    let wasReal = change.beforeNode?.scalar.map { !$0.text.utf8.contains(UInt8(ascii: "{")) } ?? false
    func search(_ node: ConfigNode, _ name: String) -> Int? {
        switch node.kind {
        case .scalar(let scalar):
            let isProse = ["description", "title", "text", "summary", "message", "help", "label"].contains(
                name.lowercased())
            // There are programs called so.
            let isName = scalar.text == "todo" && ["name", "namespace", "namespaces"].contains(name)
            return !isProse && !isName && (isPlaceholder(scalar.text) || wasReal && isBraced(scalar.text))
                ? node.start.line : nil
        case .sequence(let elements): return elements.firstNonNil { search($0, name) }
        case .mapping(let entries): return entries.firstNonNil { search($0.value, $0.key) }
        }
    }
    let name = change.path.last?.name ?? ""
    guard change.beforeNode.flatMap({ search($0, name) }) == nil, let line = search(after, name) else {
        return
    }
    var finding = FaultFinding(.placeholder, "it holds a placeholder where a value should be")
    finding.line = line
    change.findings.append(finding)
}

extension Sequence {
    fileprivate func firstNonNil<Output>(_ transform: (Element) -> Output?) -> Output? {
        for element in self { if let output = transform(element) { return output } }
        return nil
    }
}

/// Whether placeholders in a file take the place of values; known for the file that was asked for last.
struct PlaceholderValues {
    private var path: String?
    private var areValues = false

    mutating func stand(in path: String) -> Bool {
        if path == self.path { return areValues }
        let lowered = path.lowercased()
        let isForPeople = ["locale", "i18n", "translation", "/lang/", "dashboard", "openapi", "swagger"]
            .contains(where: lowered.holds)
        (self.path, areValues) = (
            path, !isTemplatePath(lowered) && !isForPeople && !isPackageManifest(lowered)
        )
        return areValues
    }
}

private let placeholderWords: Set = [
    "changeme", "todo", "fixme", "tbd", "xxx", "xxxx", "replaceme", "placeholder", "yourpasswordhere",
    "inserthere",
]

private let lengthsOfPlaceholders = Set(placeholderWords.map(\.utf8.count))

/// Whether a value has as many letters as one of the words, or an angle bracket, or what is no ASCII: hardly any has.
private func isLikePlaceholder(_ value: String) -> Bool {
    var letters = 0
    for byte in value.utf8 {
        if byte >= 0x80 { return true }
        if (0x61...0x7A).contains(byte | 0x20) { letters += 1 }
    }
    return value.utf8.first == UInt8(ascii: "<")
        // A line end of two bytes counts as one character.
        || value.utf8.count <= letters + 4 && lengthsOfPlaceholders.contains(letters)
}

private func isPlaceholder(_ value: String) -> Bool {
    guard value.utf8.count < 80, isLikePlaceholder(value) else { return false }
    let text = value.lowercased()
    let plain = text.filter { $0.isLetter }
    guard !placeholderWords.contains(plain) || text.count > plain.count + 2 else { return true }
    guard value.hasPrefix("<"), value.hasSuffix(">"), value.count > 4 else { return false }
    return value.dropFirst().dropLast().allSatisfy { $0.isUppercase || "_- ".contains($0) }
}

private func isBraced(_ value: String) -> Bool {
    value.count > 4 && value.hasPrefix("{") && value.hasSuffix("}")
        && value.dropFirst().dropLast().allSatisfy { $0.isUppercase || $0 == "_" || $0.isNumber }
}

private func isTemplatePath(_ path: String) -> Bool {
    let lowered = path.lowercased()
    return [".example", ".sample", ".dist", ".template", ".tmpl", ".tpl", ".j2", ".erb"].contains {
        lowered.hasSuffix($0)
    } || lowered.holds("/templates/")
}

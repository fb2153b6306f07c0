import ConfigTree
import DeployModel
import RealModule

/// F24: a value that named its file's own environment, and names another one now.
func findSwappedEnvironment(in change: inout FoundChange) {
    guard let before = change.change.before, let after = change.change.after,
        let own = environment(of: change.change), ["prod", "staging", "dev"].contains(own),
        environmentNamed(in: before) == own, let named = environmentNamed(in: after), named != own
    else { return }
    change.findings.append(
        FaultFinding(.swappedEnvironment, "this is configuration of \(own), and its value now names \(named)")
    )
}

/// The environment that a value names in so many words; `local`, `live` and their like mean other things in values.
private func environmentNamed(in value: String) -> String? {
    loweredWords(value).lazy.compactMap { environmentsOfValues[$0] }.first
}

private let environmentsOfValues: [String: String] = [
    "prod": "prod", "production": "prod", "prd": "prod", "staging": "staging", "stg": "staging",
    "dev": "dev",
    "development": "dev",
]

/// The runs of letters and digits in a text, in lower case.
private func loweredWords(_ text: String) -> [String] {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
        return text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
    return text.lowercased().utf8.split { byte in
        !(0x61...0x7A).contains(byte) && !(0x30...0x39).contains(byte)
    }.map { String(decoding: $0, as: UTF8.self) }
}

/// F40: a placeholder in a file that nobody fills in: a whole value, in a field that is not written for people.
func findPlaceholder(in change: inout FoundChange) {
    guard let after = change.afterNode else { return }
    let path = change.change.path.lowercased()
    let isForPeople = ["locale", "i18n", "translation", "/lang/", "dashboard", "openapi", "swagger"].contains(
        where: path.holds)
    guard !isTemplatePath(path), !isForPeople, !isPackageManifest(path) else {
        return
    }
    // A real value that became `{X}`, in a file that no template engine is known to read.
    let wasReal = change.beforeNode?.scalar.map { !$0.text.utf8.contains(UInt8(ascii: "{")) } ?? false
    func search(_ node: ConfigNode, _ name: String) -> Bool {
        switch node.kind {
        case .scalar(let scalar):
            let isProse = ["description", "title", "text", "summary", "message", "help", "label"].contains(
                name.lowercased())
            return !isProse && (isPlaceholder(scalar.text) || wasReal && isBraced(scalar.text))
        case .sequence(let elements): return elements.contains { search($0, name) }
        case .mapping(let entries): return entries.contains { search($0.value, $0.key) }
        }
    }
    guard !(change.beforeNode.map { search($0, change.path.last?.name ?? "") } ?? false),
        search(after, change.path.last?.name ?? "")
    else { return }
    change.findings.append(FaultFinding(.placeholder, "it holds a placeholder where a value should be"))
}

private let placeholderWords: Set = [
    "changeme", "todo", "fixme", "tbd", "xxx", "xxxx", "replaceme", "placeholder", "yourpasswordhere",
    "inserthere",
]

/// What each of the placeholders holds: an angle bracket, or one of the letters that are in all of the words.
private func isOfPlaceholders(_ byte: UInt8) -> Bool {
    switch byte | 0x20 {
    case UInt8(ascii: "<") | 0x20, UInt8(ascii: "e"), UInt8(ascii: "o"), UInt8(ascii: "t"), UInt8(ascii: "x"):
        true
    default: byte >= 0x80
    }
}

private func isPlaceholder(_ value: String) -> Bool {
    guard value.utf8.count < 80, value.utf8.contains(where: isOfPlaceholders) else { return false }
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

private let unitsOfQuantities: [String: Double] = [
    "": 1, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576,
    "Gi": 1_073_741_824,
    "ms": 0.001, "s": 1, "h": 3600, "%": 0.01,
]

/// A number with the units of Kubernetes quantities and of durations, as a plain number.
func quantity(_ text: String) -> Double? {
    let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard let number = Double(digits) else { return nil }
    return unitsOfQuantities[String(text.dropFirst(digits.count))].map { $0 * number }
}

/// The environment that a change is of, by its path, else by its namespace: `prod`, `staging`, `dev`, `test`; `nil` when
/// neither says.
func environment(of change: FieldChange) -> String? {
    environment(inValue: change.path) ?? change.object?.namespace.flatMap { environment(inValue: $0) }
}

/// The environment that a path or another text names.
func environment(inValue value: String) -> String? {
    let words = loweredWords(value)
    for (index, word) in words.enumerated() {
        // A smoke test runs where its deployment does.
        if index > 0, word.hasPrefix("test"), kindsOfTests.contains(words[index - 1]) { continue }
        if let found = environmentsOfPlaces[word] { return found }
    }
    return nil
}

private let kindsOfTests: Set = ["smoke", "load", "health", "ab"]

private let environmentsOfPlaces: [String: String] = [
    "prod": "prod", "production": "prod", "prd": "prod", "live": "prod", "staging": "staging",
    "stage": "staging",
    "stg": "staging", "preprod": "staging", "dev": "dev", "development": "dev", "local": "dev",
    "test": "test",
    "tests": "test", "ci": "test", "circleci": "test", "qa": "test", "sandbox": "dev",
    "devcontainer": "dev",
    "travis": "test", "github": "test", "fixtures": "test", "example": "dev", "examples": "dev",
]

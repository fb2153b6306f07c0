import ConfigTree
import DeployModel
import RealModule

/// F39 and F44: a file that parsed before and does not any more; markers of an unfinished merge.
func findUnparsable(_ file: ChangedFile, changes: inout [FoundChange]) {
    guard let after = file.after else { return }
    let path = file.file.path
    func add(_ line: Int, _ finding: FaultFinding, _ field: String) {
        changes.append(
            FoundChange(
                change: FieldChange(
                    path: path, line: line, endLine: line, fieldPath: field, before: nil, after: nil),
                path: [], findings: [finding], isReachKnown: false))
    }
    if let marker = after.lines.firstIndex(where: { $0.hasPrefix("<<<<<<< ") }) {
        add(
            marker + 1,
            FaultFinding(.conflictMarkers, "line \(marker + 1) is a marker of an unfinished merge"),
            "the file")
    }
    guard let before = file.before, !before.documents.contains(where: { $0.problem != nil }),
        let problem = after.documents.compactMap(\.problem).first
    else { return }
    add(
        problem.mark.line,
        FaultFinding(.unparsable, "it parsed before and does not any more: \(problem.text)"), "the file")
}

/// F24: a value that names another environment than its file does.
func findSwappedEnvironment(in change: inout FoundChange, surroundings: Surroundings) {
    guard let after = change.change.after, let own = environment(of: change.change) else { return }
    guard let named = environment(inValue: after), named != own,
        change.change.before.flatMap({ environment(inValue: $0) }) != named
    else { return }
    change.findings.append(
        FaultFinding(.swappedEnvironment, "this is configuration of \(own), and its value now names \(named)")
    )
}

/// F40: a placeholder in a file that nobody fills in.
func findPlaceholder(in change: inout FoundChange) {
    guard let scalar = change.afterNode?.scalar, scalar.text != change.beforeNode?.text,
        !isTemplatePath(change.change.path)
    else { return }
    let text = scalar.text.lowercased()
    let words: Set = [
        "changeme", "change_me", "change-me", "todo", "fixme", "tbd", "xxx", "xxxx", "replaceme",
        "replace_me", "replace-me", "placeholder", "your_password_here", "insert_here", "dummy",
    ]
    let isWord =
        words.contains(text) || text.hasPrefix("<") && text.hasSuffix(">") && text.count > 2
        || text.hasPrefix("your-") || text.hasPrefix("your_")
        || text.hasPrefix("replace") && text.contains("me")
        || text.split(whereSeparator: { !$0.isLetter && $0 != "_" }).contains {
            words.contains(String($0)) && $0.count > 4
        }
    // A real value that became `{X}`, in a file that no template engine is known to read.
    let isFilledIn = change.beforeNode?.scalar.map { !$0.text.contains("{") } ?? false
    let isBraced =
        text.hasPrefix("{") && text.hasSuffix("}")
        && scalar.text.dropFirst().dropLast().allSatisfy { $0.isUppercase || $0 == "_" || $0.isNumber }
    guard isWord || isFilledIn && isBraced && text.count > 4 else { return }
    change.findings.append(FaultFinding(.placeholder, "it holds a placeholder where a value should be"))
}

private func isTemplatePath(_ path: String) -> Bool {
    let lowered = path.lowercased()
    return [".example", ".sample", ".dist", ".template", ".tmpl", ".tpl", ".j2", ".erb"].contains {
        lowered.hasSuffix($0)
    } || lowered.contains("/templates/")
}

/// A number with the units of Kubernetes quantities and of durations, as a plain number.
func quantity(_ text: String) -> Double? {
    let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard let number = Double(digits) else { return nil }
    let units: [String: Double] = [
        "": 1, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576,
        "Gi": 1_073_741_824,
        "ms": 0.001, "s": 1, "h": 3600, "%": 0.01,
    ]
    return units[String(text.dropFirst(digits.count))].map { $0 * number }
}

/// The environment that a change is of, by its path, else by its namespace: `prod`, `staging`, `dev`, `test`; `nil` when
/// neither says.
func environment(of change: FieldChange) -> String? {
    environment(inValue: change.path) ?? change.object?.namespace.flatMap { environment(inValue: $0) }
}

private func environment(inValue value: String) -> String? {
    environment(in: value.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init))
}

private func environment(in words: [String]) -> String? {
    let names: [String: String] = [
        "prod": "prod", "production": "prod", "prd": "prod", "live": "prod", "staging": "staging",
        "stage": "staging",
        "stg": "staging", "preprod": "staging", "dev": "dev", "development": "dev", "local": "dev",
        "test": "test",
        "tests": "test", "ci": "test", "circleci": "test", "qa": "test", "sandbox": "dev",
        "devcontainer": "dev",
        "travis": "test", "github": "test", "fixtures": "test", "example": "dev", "examples": "dev",
    ]
    return words.lazy.compactMap { names[$0] }.first
}

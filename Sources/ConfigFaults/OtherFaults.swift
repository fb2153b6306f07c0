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

/// F17, F19 and F21: numbers and images, by how far they moved.
func findMagnitude(in change: inout FoundChange) {
    guard let before = change.change.before, let after = change.change.after else { return }
    let names = change.path.map { $0.name.lowercased() }
    if names.last == "image" {
        change.findings.append(FaultFinding(.imageChanged, "the image is \(after) now (was \(before))"))
        return
    }
    guard let old = quantity(before), let new = quantity(after), old > 0, new > 0, old != new else { return }
    let steps = Double.log(new / old) / Double.log(2)
    let strength = min(1, abs(steps) / 3)
    let isTiming = names.contains { name in
        ["timeout", "retry", "retries", "pool", "ttl", "deadline"].contains { name.contains($0) }
    }
    if isTiming {
        change.findings.append(
            FaultFinding(.timingChanged, weight: 0.55 * strength, "it went from \(before) to \(after)"))
    } else if steps < 0, names.contains("limits") || names.last == "replicas" || names.last == "maxreplicas" {
        change.findings.append(
            FaultFinding(.limitLowered, weight: 0.6 * strength, "it was lowered from \(before) to \(after)"))
    }
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

import ConfigTree
import DeployModel

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
    let words: [String: String] = [
        "prod": "prod", "production": "prod", "prd": "prod", "staging": "staging", "stg": "staging",
        "dev": "dev",
        "development": "dev",
    ]
    let parts = value.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    return parts.lazy.compactMap { words[$0] }.first
}

/// The environment that a change is of, by its path, else by its namespace: `prod`, `staging`, `dev`, `test`; `nil` when
/// neither says.
func environment(of change: FieldChange) -> String? {
    environment(inValue: change.path) ?? change.object?.namespace.flatMap { environment(inValue: $0) }
}

/// The environment that a path or another text names.
func environment(inValue value: String) -> String? {
    let words = value.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    // A smoke test runs where its deployment does.
    let kinds: Set = ["smoke", "load", "health", "ab"]
    return environment(
        in: words.indices.filter { index in
            !(words[index].hasPrefix("test") && index > 0 && kinds.contains(words[index - 1]))
        }.map { words[$0] })
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
        "sample": "dev", "samples": "dev",
    ]
    return words.lazy.compactMap { names[$0] }.first
}

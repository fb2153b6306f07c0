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
    "sample": "dev", "samples": "dev",
]

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
    "development": "dev", "stage": "staging", "preprod": "staging", "uat": "test", "qa": "test",
    "test": "test", "sandbox": "dev",
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
    environment(inPath: change.path)
        ?? change.object?.namespace.flatMap { environment(inValue: withoutExpressions($0)) }
}

/// A text without what a template fills in: the name of a variable is not its value.
func withoutExpressions(_ text: String) -> String {
    var (rest, kept) = (text[...], "")
    let marks = [("{{", "}}"), ("<%", "%>"), ("${", "}"), ("{", "}")]
    while true {
        let openings = marks.compactMap { opening, closing in rest.place(of: opening).map { ($0, closing) } }
        guard let (opening, closing) = openings.min(by: { $0.0.lowerBound < $1.0.lowerBound }) else {
            return kept + rest
        }
        kept += rest[..<opening.lowerBound]
        guard let end = rest[opening.upperBound...].place(of: closing) else { return kept }
        rest = rest[end.upperBound...]
    }
}

/// The environment that the folders of a path name, or its file; production where several do, else that nearest to the file.
///
/// `tekton-ci` and `test-web` are what something is called: tests, examples and the like must be all of a name, or the last word of a
/// file's.
func environment(inPath path: String) -> String? {
    if isExample(path) { return "dev" }
    if let name = path.split(separator: "/").last, filesOfPipelines.contains(where: name.hasPrefix) {
        return "test"
    }
    var found: [String] = [], isLive = false
    let parts = path.split(separator: "/")
    for (index, part) in parts.enumerated() {
        let isFile = index == parts.count - 1
        // The ending of a file is none of its words, where it is that of a format.
        let dot =
            isFile
            ? part.lastIndex(of: ".").flatMap {
                endings.contains(String(part[part.index(after: $0)...])) ? $0 : nil
            } : nil
        let words = loweredWords(String(dot.map { part[..<$0] } ?? part))
        if !isFile, words.count == 1, let own = foldersOfTests[words[0]] { return own }
        for (place, word) in words.enumerated() {
            guard let environment = environmentsOfPlaces[word] else { continue }
            if place > 0, word.hasPrefix("test"), kindsOfTests.contains(words[place - 1]) { continue }
            let isWhole = words.count == 1
            let isLast = isFile && place == words.count - 1
            if isWhole || isLast && !wordsOfWork.contains(word) || wordsOfNames.contains(word) {
                // A folder of all that lives holds staging as well.
                if word != "live" || isFile { found.append(environment) } else { isLive = true }
            }
        }
    }
    if found.isEmpty, isLive { return "prod" }
    return found.contains("prod") ? "prod" : found.last
}

/// What says how something is tested and built, by the beginning of the file's name.
private let filesOfPipelines = [
    ".gitlab-ci", ".travis", ".drone", "azure-pipelines", "bitbucket-pipelines", "cloudbuild",
]

/// Those that name an environment wherever they stand in a name.
private let wordsOfNames: Set = [
    "prod", "production", "prd", "live", "staging", "stage", "stg", "preprod", "dev", "development", "qa",
]
/// Those that in the name of a file say what it is for.
private let wordsOfWork: Set = ["ci", "example", "sample", "sandbox"]

private let endings: Set = [
    "yaml", "yml", "json", "toml", "tf", "tfvars", "env", "properties", "ini", "conf", "j2", "tpl", "tmpl",
    "template", "erb", "xml",
]

/// Folders of what is there to be tried or copied, whatever is called so inside.
private let foldersOfTests: [String: String] = [
    "tests": "test", "fixtures": "test", "testdata": "test", "examples": "dev", "example": "dev",
    "samples": "dev",
]

/// The environment that a text names.
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

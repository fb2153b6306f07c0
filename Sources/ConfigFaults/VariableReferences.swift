import ConfigTree

/// How a file says that the value of a variable goes somewhere.
enum VariableSyntax: Sendable, Hashable {
    /// Compose: `${X}`, `$X`, `${X:-default}`, `${X:?message}`; `$$` is a dollar.
    case compose
    /// A file of assignments that refer to each other: `URL=http://${HOST}`.
    case assignments
    /// A text that a program such as envsubst fills in: `${NAME}` in capitals.
    case template
    /// Spring: `${db.host}` and `${db.host:default}`, names being keys of the configuration.
    case spring

    /// - Returns: `nil` for a file that has no such references, or none whose meaning is sure.
    init?(path: String, file: ConfigFile?) {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        guard !isPipeline(path), !isPackageManifest(path) else { return nil }
        guard let file else {
            guard name.hasSuffix(".template") else { return nil }
            self = .template
            return
        }
        switch file.format {
        case .hcl: return nil
        case .env: self = .assignments
        case .yaml where file.isCompose: self = .compose
        case .yaml, .properties:
            let isOfSpring = name.hasPrefix("application") || name.hasPrefix("bootstrap")
            self = isOfSpring ? .spring : .template
        case .json, .toml, .ini: self = .template
        }
    }

    /// What becomes of a reference to nothing, in words.
    func consequence(isChecked: Bool) -> String {
        switch self {
        case _ where isChecked: "and it is refused without"
        case .compose, .assignments: "so that nothing stands in its place"
        case .template: "so that nobody fills it in"
        case .spring: "so that the program does not start"
        }
    }
}

extension ConfigFile {
    /// Whether it is a file of services for Compose.
    fileprivate var isCompose: Bool {
        documents.contains { document in
            guard let root = document.root, root["apiVersion"] == nil,
                let first = root["services"]?.entries.first
            else { return false }
            return !first.value.entries.isEmpty
        }
    }
}

/// Files that run steps: what they set comes and goes while they run.
func isPipeline(_ path: String) -> Bool {
    let lowered = path.lowercased()
    return [
        ".github/", ".gitlab-ci", ".gitlab/", ".circleci/", ".travis", "azure-pipelines", "cloudbuild",
        "buildspec", "bitbucket-pipelines", ".drone", ".buildkite/", "jenkinsfile", ".woodpecker", ".tekton/",
        "appveyor", "taskfile",
    ].contains(where: lowered.holds)
}

/// A place that refers to a variable.
struct VariableReference: Sendable, Hashable {
    var name: String
    /// From 1.
    var line: Int
    /// Whether nothing stands in for the variable when it is not set.
    var isRequired: Bool
    /// Whether it is written so that a missing variable is an error: `${X:?message}`.
    var isChecked = false
}

/// The references of a file's lines; comments have none.
func variableReferences(in lines: [String], _ syntax: VariableSyntax) -> [VariableReference] {
    var found: [VariableReference] = []
    for (index, line) in lines.enumerated() where found.count < mostReferences {
        // Hardly any line has one, and taking it apart is slow.
        guard line.holds("$"), line.utf8.count < longestLine else { continue }
        let bytes = Array(line.utf8)
        guard bytes.first(where: { $0 != 0x20 && $0 != 0x09 }) != UInt8(ascii: "#") else { continue }
        // Single quotes keep a dollar what it is.
        if syntax == .assignments, line.holds("='") { continue }
        found += references(in: bytes, line: index + 1, syntax)
    }
    return found
}

private let mostReferences = 5_000
private let longestLine = 4_000

private func references(in bytes: [UInt8], line: Int, _ syntax: VariableSyntax) -> [VariableReference] {
    var found: [VariableReference] = []
    var index = 0
    func byte(_ at: Int) -> UInt8 { at < bytes.count ? bytes[at] : 0 }
    while index < bytes.count {
        guard bytes[index] == UInt8(ascii: "$") else {
            index += 1
            continue
        }
        // `$$` and `\$` are dollars; `${{` belongs to another language.
        let isEscaped = index > 0 && bytes[index - 1] == UInt8(ascii: "\\")
        if byte(index + 1) == UInt8(ascii: "$") || isEscaped {
            index += 2
            continue
        }
        let hasBrace = byte(index + 1) == UInt8(ascii: "{")
        let start = index + (hasBrace ? 2 : 1)
        var end = start
        while isNameByte(byte(end), syntax) { end += 1 }
        index = max(end, index + 1)
        let name = String(decoding: bytes[start..<min(end, bytes.count)], as: UTF8.self)
        guard end > start, !isDigit(byte(start)), isVariable(name, syntax) else { continue }
        if hasBrace {
            let rest = bytes[min(end, bytes.count)...].prefix(2)
            let isChecked = rest.first == UInt8(ascii: "?") || rest.elementsEqual(":?".utf8)
            guard rest.first == UInt8(ascii: "}") || isChecked || ":-+".utf8.contains(rest.first ?? 0)
            else { continue }
            found.append(
                VariableReference(
                    name: name, line: line, isRequired: rest.first == UInt8(ascii: "}") || isChecked,
                    isChecked: isChecked))
            // What stands in for a missing variable is no reference while the variable is there.
            if rest.first != UInt8(ascii: "}") { index = closingBrace(after: end, in: bytes) }
        } else if syntax == .compose, name == name.uppercased() {
            found.append(VariableReference(name: name, line: line, isRequired: true))
        }
    }
    return found
}

private func closingBrace(after start: Int, in bytes: [UInt8]) -> Int {
    var depth = 1
    var index = start
    while index < bytes.count, depth > 0 {
        if bytes[index] == UInt8(ascii: "{") { depth += 1 }
        if bytes[index] == UInt8(ascii: "}") { depth -= 1 }
        index += 1
    }
    return index
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func isNameByte(_ byte: UInt8, _ syntax: VariableSyntax) -> Bool {
    let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    return isLetter || isDigit(byte) || byte == UInt8(ascii: "_")
        || syntax == .spring && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-"))
}

private func isVariable(_ name: String, _ syntax: VariableSyntax) -> Bool {
    switch syntax {
    case .compose: name.utf8.count > 1
    case .assignments, .template: name.utf8.count > 2 && name == name.uppercased()
    case .spring: name.holds(".")
    }
}

/// Names that the platform sets by itself, or that whoever deploys gives with the command: nobody defines them in files.
func isSetByPlatform(_ name: String) -> Bool {
    if namesOfPlatforms.contains(name) { return true }
    if leadsOfPlatforms.contains(where: name.hasPrefix) { return true }
    if name.hasSuffix("_SERVICE_HOST") || name.hasSuffix("_SERVICE_PORT") { return true }
    return FaultWords.split(name).last.map(givenWords.contains) ?? false
}

private let namesOfPlatforms: Set = [
    "HOSTNAME", "PATH", "HOME", "USER", "PWD", "SHELL", "LANG", "TERM", "TMPDIR", "TEMP", "TMP", "UID",
    "GID", "HOST", "PORT", "CI", "NODE_ENV", "RAILS_ENV", "RACK_ENV", "LOGNAME", "OLDPWD", "ENV",
    "ENVIRONMENT", "NAMESPACE", "POD_NAME", "POD_IP", "NODE_NAME", "APPDATA", "USERPROFILE",
]

private let leadsOfPlatforms = [
    "CI_", "GITHUB_", "GITLAB_", "KUBERNETES_", "AWS_", "ECS_", "GOOGLE_", "AZURE_", "RUNNER_",
    "CIRCLE_", "TRAVIS_", "BUILDKITE_", "JENKINS_", "DOCKER_", "COMPOSE_", "XDG_", "LC_", "LAMBDA_",
    "BITBUCKET_", "DRONE_", "HEROKU_", "RENDER_", "VERCEL_", "FLY_",
    "java.", "user.", "os.", "random.", "project.", "spring.", "server.", "management.", "local.",
]

private let givenWords: Set = ["tag", "version", "sha", "commit", "revision", "build", "branch", "digest"]

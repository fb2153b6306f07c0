/// The format a file is read in, told by its name, and for names that say nothing by its contents.
///
/// - Parameters:
///   - path: from the repository's root.
///   - contents: the whole file.
/// - Returns: `nil` when it is not configuration that is read as a tree.
public func configFormat(of path: String, contents: [UInt8]) -> ConfigFormat? {
    // UTF-16 holds NUL bytes too, and is told by its mark.
    let isWide = contents.starts(with: [0xFF, 0xFE]) || contents.starts(with: [0xFE, 0xFF])
    guard isWide || !contents.prefix(8_000).contains(0) else { return nil }
    switch NameClass(path) {
    case .format(let format): return format
    case .bare:
        if holdsAssignments(contents) { return .env }
        return mayBeConfiguration(path: path) && holdsFields(contents) ? .yaml : nil
    case .sections: return holdsSections(contents) ? .ini : nil
    case .other: return nil
    }
}

/// Whether a file may be configuration, by its path alone: cheap, and asked before a blob is read.
public func mayBeConfiguration(path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard let name = parts.last?.lowercased() else { return false }
    let folders = parts.dropLast().map { $0.lowercased() }
    if folders.contains(where: { $0 == "node_modules" || $0.hasSuffix(".lock") }) { return false }
    if isGenerated(name: name) { return false }
    switch NameClass(path) {
    case .format, .sections: return true
    case .bare: return folders.contains(where: configurationFolders.contains)
    case .other: return false
    }
}

/// What the name of a file says about its format.
private enum NameClass {
    case format(ConfigFormat)
    /// No extension: the contents decide.
    case bare
    /// Often sections of `key = value` lines: the contents decide.
    case sections
    case other

    init(_ path: String) {
        var name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        while let suffix = templateSuffixes.first(where: name.hasSuffix), name.count > suffix.count {
            name.removeLast(suffix.count)
        }
        if name == ".env" || name.hasPrefix(".env.") || name == ".envrc" || name.hasSuffix(".env") {
            self = .format(.env)
            return
        }
        guard let dot = name.lastIndex(of: ".") else {
            self = bareNamesOfOtherThings.contains(name) ? .other : .bare
            return
        }
        switch name[dot...] {
        case ".yaml", ".yml": self = .format(.yaml)
        case ".json", ".jsonc": self = .format(.json)
        case ".toml": self = .format(.toml)
        case ".ini": self = .format(.ini)
        case ".properties": self = .format(.properties)
        case ".tf", ".tfvars", ".hcl": self = .format(.hcl)
        case ".cfg", ".conf", ".cnf", ".editorconfig", ".gitconfig": self = .sections
        default: self = .other
        }
    }
}

private let templateSuffixes = [
    ".template", ".tmpl", ".tpl", ".gotmpl", ".j2", ".jinja", ".jinja2", ".erb", ".mustache", ".in", ".dist",
    ".example", ".sample",
]

private let bareNamesOfOtherThings: Set<String> = [
    "makefile", "dockerfile", "gemfile", "rakefile", "vagrantfile", "jenkinsfile", "procfile", "license",
    "licence", "readme", "codeowners", "owners", "notice", "authors", "changelog", "copying", "version",
]

private let configurationFolders: Set<String> = [
    "config", "configs", "configuration", "conf", "conf.d", ".config", "env", "envs", "environment",
    "environments", "etc", "settings", "deploy", "deployment", "deployments", "k8s", "kubernetes",
    "manifests", "helm", "charts", "infra", "infrastructure", "ops",
]

private func isGenerated(name: String) -> Bool {
    name.hasSuffix("-lock.json") || name.hasSuffix("-lock.yaml") || name.hasSuffix(".lock.json")
        || name.hasSuffix(".min.json") || name == "npm-shrinkwrap.json" || name.hasSuffix(".lock.hcl")
}

/// Whether all lines that are not indented are `name: value` or `name:`, comments and blank lines aside, and there are some.
private func holdsFields(_ contents: [UInt8]) -> Bool {
    guard !contents.starts(with: Array("#!".utf8)) else { return false }
    var fields = 0
    for line in contents.split(whereSeparator: { $0 == .lineFeed || $0 == .carriageReturn }) {
        guard let first = line.first, !first.isBlank, first != .hash, !line.elementsEqual("---".utf8) else {
            continue
        }
        // Elements of a list may stand below their key without being indented.
        if fields > 0, line.starts(with: Array("- ".utf8)) { continue }
        let name = line.prefix { byte in
            byte.isCapitalName || byte >= 0x61 && byte <= 0x7A || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
        let rest = line.dropFirst(name.count)
        guard !name.isEmpty, rest.first == UInt8(ascii: ":"), rest.dropFirst().first?.isBlank ?? true else {
            return false
        }
        fields += 1
    }
    return fields > 0
}

/// Whether most lines are `NAME=value` with a name in capitals, comments and blank lines aside.
private func holdsAssignments(_ contents: [UInt8]) -> Bool {
    guard !contents.starts(with: Array("#!".utf8)) else { return false }
    var assignments = 0
    var others = 0
    for line in contents.split(whereSeparator: { $0 == .lineFeed || $0 == .carriageReturn }) {
        var rest = line.drop(while: \.isBlank)
        guard let first = rest.first, first != .hash else { continue }
        if rest.starts(with: Array("export ".utf8)) { rest = rest.dropFirst(7) }
        let name = rest.prefix(while: \.isCapitalName)
        let isNamed = name.first.map { !$0.isDigit } ?? false
        if isNamed, rest.dropFirst(name.count).first == UInt8(ascii: "=") {
            assignments += 1
        } else {
            others += 1
        }
    }
    return assignments > 0 && assignments >= 4 * others
}

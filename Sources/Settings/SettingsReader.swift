import ConfigTree
import DeployModel

/// The names that settings may use, which other modules own.
public struct SettingsVocabulary: Sendable {
    /// Roles of fields.
    public var roles: [String]
    /// Slugs of the fault catalogue.
    public var faults: [String]
    /// Formats of events.
    public var formats: [String]
    /// Whether a text is a time as after `--since`.
    public var isTime: @Sendable (String) -> Bool
    /// Whether a text is a zone as after `--tz`.
    public var isZone: @Sendable (String) -> Bool

    /// A vocabulary.
    public init(
        roles: [String], faults: [String], formats: [String], isTime: @escaping @Sendable (String) -> Bool,
        isZone: @escaping @Sendable (String) -> Bool
    ) {
        self.formats = formats
        self.roles = roles
        self.faults = faults
        self.isTime = isTime
        self.isZone = isZone
    }
}

/// Reads a `.blamedeploy.yml`.
///
/// - Parameters:
///   - contents: the whole file.
///   - source: what it is called in messages.
///   - folder: the folder that its paths start from.
///   - vocabulary: the names it may use.
/// - Throws: at the first thing that is wrong, with its line and what was probably meant.
public func readSettings(
    _ contents: [UInt8], source: String, folder: String, vocabulary: SettingsVocabulary
) throws(SettingsError) -> Settings {
    var reader = SettingsReader(
        settings: Settings(source: source, folder: folder), source: source, vocabulary: vocabulary)
    try reader.read(contents)
    return reader.settings
}

private struct SettingsReader {
    var settings: Settings
    var source: String
    var vocabulary: SettingsVocabulary

    private static let keys = [
        "events", "deploys", "environment", "repositories", "map", "error", "format-in", "symptoms", "causes",
        "since", "tz", "environments", "paths", "ignore",
    ]

    mutating func read(_ contents: [UInt8]) throws(SettingsError) {
        // The name decides that it is read as YAML, whatever the file is called.
        let documents = parseConfig(path: "settings.yaml", contents: contents)?.documents ?? []
        if let problem = documents.compactMap(\.problem).first {
            throw SettingsError(
                "this is not YAML: \(problem.text)", at: place(problem.mark),
                remedy: "`blamedeploy init` writes a file to begin with")
        }
        guard documents.count <= 1 else {
            throw failure(
                "a second document begins here", documents[1].root, "keep one document, without ---")
        }
        guard let root = documents.first?.root, root.plain != nil || root.scalar == nil else { return }
        for entry in try entries(root, of: "the file", known: Self.keys) { try read(entry) }
    }

    private mutating func read(_ entry: ConfigNode.Entry) throws(SettingsError) {
        let value = entry.value
        switch entry.key {
        case "events": settings.events = try texts(value, of: entry.key)
        case "deploys": settings.deploys = try texts(value, of: entry.key)
        case "environment": settings.environment = try text(value, of: entry.key)
        case "repositories":
            for part in try entries(value, of: entry.key, known: nil) {
                settings.repositories.append((part.key, try text(part.value, of: part.key)))
            }
        case "map":
            for part in try entries(value, of: entry.key, known: vocabulary.roles, as: "role") {
                settings.roles.append((part.key, try text(part.value, of: part.key)))
            }
        case "error": settings.error = try text(value, of: entry.key)
        case "format-in":
            settings.format = try text(value, of: entry.key)
            try require(
                vocabulary.formats.contains(value.text ?? ""), value,
                "there is no format '\(value.text ?? "")'",
                hint(for: value.text ?? "", among: vocabulary.formats))
        case "symptoms": settings.symptoms = try texts(value, of: entry.key)
        case "causes": settings.causes = try texts(value, of: entry.key)
        case "since":
            settings.since = try text(value, of: entry.key)
            try require(
                vocabulary.isTime(value.text ?? ""), value, "'\(value.text ?? "")' is no time",
                "write it like 10d or 2026-10-10")
        case "tz":
            settings.zone = try text(value, of: entry.key)
            try require(
                vocabulary.isZone(value.text ?? ""), value, "'\(value.text ?? "")' is no zone",
                "write UTC or an offset such as \"+02:00\"")
        case "environments":
            for part in try entries(value, of: entry.key, known: nil) {
                settings.environments.append(try environment(part))
            }
        case "paths":
            for part in try entries(value, of: entry.key, known: ["only", "except"]) {
                let patterns = try texts(part.value, of: part.key).map { PathPattern($0.text) }
                if part.key == "only" {
                    settings.paths.only = patterns
                } else {
                    settings.paths.except = patterns
                }
            }
        default: try readExemptions(value)
        }
    }

    private func environment(_ entry: ConfigNode.Entry) throws(SettingsError) -> EnvironmentRule {
        var rule = EnvironmentRule(name: entry.key, aliases: [], paths: [])
        for part in try entries(entry.value, of: entry.key, known: ["also", "paths"]) {
            let texts = try texts(part.value, of: part.key).map(\.text)
            if part.key == "also" { rule.aliases = texts } else { rule.paths = texts.map { PathPattern($0) } }
        }
        return rule
    }

    private mutating func readExemptions(_ value: ConfigNode) throws(SettingsError) {
        guard case .sequence(let elements) = value.kind else {
            throw failure(
                "'ignore' takes a list", value, "begin each entry with a dash: - path: k8s/mailer.yaml")
        }
        for element in elements {
            var rule = Exemption(path: nil, fault: nil, reason: "", until: nil, line: element.start.line)
            for part in try entries(element, of: "ignore", known: ["path", "fault", "reason", "until"]) {
                let text = try text(part.value, of: part.key).text
                switch part.key {
                case "path": rule.path = PathPattern(text)
                case "fault":
                    try require(
                        vocabulary.faults.contains(text), part.value, "there is no fault '\(text)'",
                        hint(for: text, among: vocabulary.faults))
                    rule.fault = text
                case "reason": rule.reason = text
                default:
                    guard let day = Instant(rfc3339: text) else {
                        throw failure("'\(text)' is no day", part.value, "write it like 2026-12-31")
                    }
                    // A day is named for its end: what is ignored until then is ignored all of it.
                    rule.until = text.contains(":") ? day : day + 86_400
                }
            }
            try require(
                rule.path != nil || rule.fault != nil, element, "this would ignore everything",
                "name a path, a fault or both")
            try require(
                !rule.reason.isEmpty, element, "an entry of 'ignore' needs a reason",
                "write why, for who reads it in a year: reason: the chart needs it twice")
            settings.exemptions.append(rule)
        }
    }
}

// MARK: Values

extension SettingsReader {
    private func place(_ mark: Mark) -> String { "\(source):\(mark.line):\(mark.column)" }

    private func failure(_ problem: String, _ node: ConfigNode?, _ remedy: String?) -> SettingsError {
        SettingsError(problem, at: node.map { place($0.start) } ?? source, remedy: remedy)
    }

    private func require(
        _ isRight: Bool, _ node: ConfigNode, _ problem: String, _ remedy: String
    ) throws(SettingsError) {
        guard isRight else { throw failure(problem, node, remedy) }
    }

    /// The entries of a mapping, each key once and, where names are given, one of them.
    private func entries(
        _ node: ConfigNode, of name: String, known: [String]?, as kind: String = "key"
    ) throws(SettingsError) -> [ConfigNode.Entry] {
        guard case .mapping(let entries) = node.kind else {
            let subject = name == "the file" ? name : "'\(name)'"
            throw failure(
                "\(subject) takes keys with values", node, "write each on a line of its own: key: value")
        }
        var seen: [String: Int] = [:]
        for entry in entries {
            if let known, !known.contains(entry.key) {
                throw SettingsError(
                    "there is no \(kind) '\(entry.key)'\(name == "the file" ? "" : " in '\(name)'")",
                    at: place(entry.keyMark),
                    remedy: hint(for: entry.key, among: known))
            }
            if let line = seen[entry.key] {
                throw SettingsError(
                    "'\(entry.key)' stands here and on line \(line)", at: place(entry.keyMark),
                    remedy: "keep one of them")
            }
            seen[entry.key] = entry.keyMark.line
        }
        return entries
    }

    private func text(_ node: ConfigNode, of name: String) throws(SettingsError) -> Setting {
        guard let scalar = node.scalar, node.plain != nil, !scalar.text.isEmpty else {
            throw failure(
                "'\(name)' takes one value", node,
                node.scalar == nil
                    ? "write it behind the colon: \(name): value" : "write a value, or leave '\(name)' out")
        }
        return Setting(scalar.text, line: node.start.line)
    }

    /// One text, or a list of them.
    private func texts(_ node: ConfigNode, of name: String) throws(SettingsError) -> [Setting] {
        guard case .sequence(let elements) = node.kind else { return [try text(node, of: name)] }
        var texts: [Setting] = []
        for element in elements { texts.append(try text(element, of: name)) }
        return texts
    }
}

extension ConfigNode {
    /// The text of a scalar that is not null.
    fileprivate var plain: String? {
        guard let scalar, !(scalar.style == .plain && ["", "null", "~"].contains(scalar.text)) else {
            return nil
        }
        return scalar.text
    }
}

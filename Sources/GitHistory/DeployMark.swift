public import DeployModel

/// One deploy as a line of a note tells it.
///
/// A line is an RFC 3339 time, then any of `finished=`, `env=`, `service=`, `id=` and `author=`, then a title. Values with spaces
/// stand between double quotes, in which `\"` and `\\` are what they look like; a title that would be taken for one of the words
/// before it is written as `title="…"`. Lines begin with their times, so that sorting them, as
/// `git notes merge -s cat_sort_uniq` does, leaves them in order.
public struct DeployMark: Sendable, Hashable {
    /// When it began to take effect.
    public var startedAt: Instant
    /// When it had taken effect, where known.
    public var finishedAt: Instant?
    /// The environment, the service, an id of its own, and who made it, where said.
    public var environment: String?, service: String?, id: String?, author: String?
    /// What it is; empty for a commit's own subject.
    public var title: String

    /// A mark.
    public init(
        startedAt: Instant, finishedAt: Instant? = nil, environment: String? = nil, service: String? = nil,
        id: String? = nil, author: String? = nil, title: String = ""
    ) {
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.environment = environment
        self.service = service
        self.id = id
        self.author = author
        self.title = title
    }
}

// MARK: Lines

extension DeployMark {
    /// The mark that a line tells; `nil` where it does not begin with a time, since notes are also for people.
    public init?(line: some StringProtocol) {
        var words = WordReader(String(line))
        guard let first = words.word(), let time = Instant(rfc3339: first) else { return nil }
        self.init(startedAt: time)
        while let (key, value) = words.assignment() {
            switch key {
            case "finished": finishedAt = Instant(rfc3339: value)
            case "env": environment = value
            case "service": service = value
            case "id": id = value
            case "author": author = value
            default: title = value
            }
        }
        let rest = words.rest
        if !rest.isEmpty { title = rest }
    }

    /// The line that tells it.
    public var line: String {
        var parts = [startedAt.description]
        let values = [
            ("finished", finishedAt?.description), ("env", environment), ("service", service), ("id", id),
            ("author", author),
        ]
        for case (let key, let value?) in values where !value.isEmpty {
            parts.append("\(key)=\(Self.written(value))")
        }
        if !title.isEmpty { parts.append(isTitlePlain ? title : "title=\(Self.quoted(title))") }
        return parts.joined(separator: " ")
    }

    /// Whether a title reads back as it is.
    private var isTitlePlain: Bool {
        var words = WordReader(title)
        return words.assignment() == nil && title == words.rest
    }

    private static func written(_ value: String) -> String {
        value.contains { $0 == " " || $0 == "\"" || $0 == "\\" } ? quoted(value) : value
    }

    private static func quoted(_ value: String) -> String {
        "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

/// Reads words, `key=value` and `key="value with spaces"` from the front of a line.
private struct WordReader {
    private var text: Substring

    init(_ text: String) { self.text = text[...] }

    private static let keys: Set<String> = ["finished", "env", "service", "id", "author", "title"]

    /// What is left, without spaces around it.
    var rest: String {
        let head = text.drop { $0 == " " }
        guard let last = head.lastIndex(where: { $0 != " " }) else { return "" }
        return String(head[...last])
    }

    mutating func word() -> String? {
        text = text.drop { $0 == " " }
        let word = text.prefix { $0 != " " }
        text = text[word.endIndex...]
        return word.isEmpty ? nil : String(word)
    }

    /// The next word with its value, where it is one of the known keys; nothing is read otherwise.
    mutating func assignment() -> (key: String, value: String)? {
        let head = text.drop { $0 == " " }
        let key = head.prefix { $0.isLetter }
        guard Self.keys.contains(String(key)), head[key.endIndex...].first == "=" else { return nil }
        text = head[key.endIndex...].dropFirst()
        guard text.first == "\"" else { return (String(key), String(takePrefix { $0 != " " })) }
        text = text.dropFirst()
        var value = ""
        while let character = text.first, character != "\"" {
            text = text.dropFirst()
            if character == "\\", let next = text.first {
                value.append(next)
                text = text.dropFirst()
            } else {
                value.append(character)
            }
        }
        text = text.dropFirst()
        return (String(key), value)
    }

    private mutating func takePrefix(while belongs: (Character) -> Bool) -> Substring {
        let part = text.prefix(while: belongs)
        text = text[part.endIndex...]
        return part
    }
}

// MARK: Deploys

extension DeployMark {
    /// The deploy of a commit that a mark tells of.
    func deploy(of commit: CommitRecord) -> Deploy {
        Deploy(
            id: id ?? commit.id.hex, commit: commit.id, startedAt: startedAt, finishedAt: finishedAt,
            title: title.isEmpty ? commit.subject : title, author: author ?? commit.author,
            environment: environment, service: service, source: .note)
    }

    /// Whether a deploy is the one that it is listed as.
    public func tells(of deploy: Deploy) -> Bool {
        startedAt == deploy.startedAt && finishedAt == deploy.finishedAt && environment == deploy.environment
            && service == deploy.service && (title.isEmpty || title == deploy.title)
    }

    /// The deploy of something that is not in git.
    var changeOutsideGit: Deploy {
        Deploy(
            id: id ?? Self.name(of: title), commit: nil, startedAt: startedAt, finishedAt: finishedAt,
            title: title,
            author: author ?? "", environment: environment, service: service, source: .note)
    }

    /// `push-v2-on` for `Push v2 on`: what a person calls a change that has no id.
    private static func name(of title: String) -> String {
        let words = title.lowercased().split { !$0.isLetter && !$0.isNumber }
        var name = ""
        for word in words {
            guard name.isEmpty || name.count + word.count < 32 else { break }
            name += (name.isEmpty ? "" : "-") + word.prefix(32)
        }
        return name.isEmpty ? "change" : name
    }
}

/// A remark on a line of a file, or on the whole: the form in which every CI shows what was found.
public struct Annotation: Sendable, Hashable {
    /// How bad it is, in the order of badness.
    public enum Level: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// Worth knowing.
        case notice
        /// Worth looking at.
        case warning
        /// What the command ends with 1 for.
        case error

        /// The order of badness.
        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    /// Lines of a file.
    public struct Place: Sendable, Hashable {
        /// The file, from the repository's root.
        public var path: String
        /// The first and the last line, from 1.
        public var line: Int, endLine: Int
    }

    /// What kind of remark it is, as a slug: a class of the fault catalogue, or one of ``RemarkKind``.
    public var rule: String
    /// How bad it is.
    public var level: Level
    /// The remark in one line.
    public var title: String
    /// What there is to say about it, a line each.
    public var details: [String]
    /// Where; `nil` for what has no line.
    public var place: Place?
    /// What it is about besides its rule and its file: the field of an object. Lines move, this stays.
    public var subject: String

    /// The title and the details, a line each, cut to so many characters.
    func message(limit: Int = 1000) -> String {
        let whole = ([title] + details).joined(separator: "\n")
        return whole.count > limit ? String(whole.prefix(limit - 1)) + "…" : whole
    }
}

/// Kinds of remarks that are not in the fault catalogue.
enum RemarkKind: String, CaseIterable {
    case configChange = "config-change"
    case regression
    case sharedBlame = "shared-blame"
    case unexplainedChange = "unexplained-change"
    case inconclusive
    case remark

    var title: String {
        switch self {
        case .configChange: "a change of the configuration"
        case .regression: "the rates changed, and a deploy did it"
        case .sharedBlame: "the rates changed, and several deploys may have done it"
        case .unexplainedChange: "the rates changed, and no deploy explains it"
        case .inconclusive: "it could not be judged"
        case .remark: "what the reader must know"
        }
    }
}

/// What a command found, as remarks, cases of a test report and a page of Markdown.
public struct AnnotatedResult: Sendable {
    /// A line of a test report.
    struct Case: Sendable, Hashable {
        enum Outcome: Sendable, Hashable { case passed, failed, undecided }
        var name: String
        var outcome: Outcome
        var details: [String] = []
        var place: Annotation.Place?
    }

    /// What was asked: `lint`, `diff`, `check` or `investigate`.
    public var command: String
    /// The result in one sentence.
    public var sentence: String
    /// The remarks, the worst first.
    public var annotations: [Annotation]
    /// What each rule says, by its slug.
    public var ruleTitles: [String: String]
    /// The same for people, as Markdown.
    public var markdown: String
    var cases: [Case]

    /// A remark as bad as the worst one, or `nil` when there is none.
    public var worst: Annotation.Level? { annotations.map(\.level).max() }

    /// What a rule says: the catalogue's words, ours, or those of its slug.
    func title(ofRule rule: String) -> String {
        ruleTitles[rule] ?? RemarkKind(rawValue: rule)?.title ?? rule.replacing("-", with: " ")
    }

    /// A fingerprint for each annotation, unique in this result and the same when lines move: of its rule, its file and its
    /// subject, and which one it is of those that are alike in all three.
    func fingerprints() -> [String] {
        var seen: [String: Int] = [:]
        return annotations.map { annotation in
            let identity = [annotation.rule, annotation.place?.path ?? "", annotation.subject]
            let digest = hexDigest(of: identity.joined(separator: "\0"))
            seen[digest, default: 0] += 1
            return "\(digest):\(seen[digest] ?? 1)"
        }
    }
}

/// FNV-1a with 64 bits, as 16 hexadecimal digits (draft-eastlake-fnv): the same in every run and on every machine.
private func hexDigest(of text: String) -> String {
    let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}

/// Text that no agent of a CI takes for a command: none begins a line with `::`, and none has `##` anywhere.
///
/// GitHub's agent obeys lines that begin with `::`, and `##[` anywhere; Azure's obeys `##vso[` and TeamCity's `##teamcity[`.
package func withoutCommands(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var isAtStart = true
    var last: Unicode.Scalar?
    for scalar in text.unicodeScalars {
        if scalar == "#", last == "#" { result.append(" ") }
        if scalar == ":", last == ":", isAtStart { result.append(" ") }
        result.append(scalar)
        // After the first colon of a line it is still its beginning.
        if scalar == "\n" || scalar == "\r" {
            isAtStart = true
        } else if !scalar.properties.isWhitespace, scalar != ":" || last == ":" {
            isAtStart = false
        }
        last = scalar
    }
    return String(result)
}

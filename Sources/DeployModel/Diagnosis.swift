/// An error that tells a person what is wrong, where, and how to mend it.
public protocol Diagnosis: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in one sentence without a full stop.
    var problem: String { get }
    /// Where: a file with its line, a revision, a server; `nil` when the problem names it already.
    var location: String? { get }
    /// How to mend it; `nil` when there is nothing the person can do.
    var remedy: String? { get }
}

extension Diagnosis {
    /// `error: app.yaml:14:7: replicas must be a number, found "three"`, and the remedy indented below.
    public var description: String {
        let place = location.map { "\($0): " } ?? ""
        let help = remedy.map { "\n  help: \($0)" } ?? ""
        return "error: \(place)\(problem)\(help)"
    }
}

/// Something the reader of a report must know about how it came to be.
public struct Warning: Sendable, Hashable, Codable {
    /// A stable slug: `skipped_lines`, `shallow_clone`, …
    public var code: String
    /// What, in one sentence.
    public var text: String
    /// How to mend it, where one can.
    public var remedy: String?

    /// A warning.
    public init(code: String, text: String, remedy: String? = nil) {
        self.code = code
        self.text = text
        self.remedy = remedy
    }
}

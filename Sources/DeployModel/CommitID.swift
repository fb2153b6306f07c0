/// The full object id of a commit, in lowercase hexadecimal.
public struct CommitID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.
    public let hex: String

    /// An id from its digits, or `nil` when they are not 40 or 64 hexadecimal ones.
    public init?(_ text: some StringProtocol) {
        let lowered = text.lowercased()
        guard lowered.utf8.count == 40 || lowered.utf8.count == 64,
            lowered.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        hex = lowered
    }

    /// The first ten digits: what a person reads.
    public var abbreviated: String { String(hex.prefix(10)) }

    /// The full digits.
    public var description: String { hex }

    /// Lexicographic order of the digits.
    public static func < (a: CommitID, b: CommitID) -> Bool { a.hex < b.hex }
}

import ConfigFaults
import DeployModel
import TestSupport
import Testing

/// A text of a file that another one takes the place of.
struct Edit: Sendable, CustomTestStringConvertible {
    var path: String
    var old: String
    var new: String

    init(_ path: String, _ old: String, _ new: String) { (self.path, self.old, self.new) = (path, old, new) }

    var testDescription: String { "\(path): \(old) → \(new)" }
}

/// What is said of a folder after some edits.
struct Said {
    var changes: [RankedChange]

    init(_ files: [String: String], _ edits: Edit...) throws {
        var after = files
        for edit in edits {
            let text = try #require(after[edit.path])
            try #require(text.contains(edit.old), "\(edit)")
            after[edit.path] = text.replacing(edit.old, with: edit.new)
        }
        changes = try ranked(FolderOfTexts(files), FolderOfTexts(after))
    }

    /// `path:line fault text` of the first change, all of its facts joined.
    var first: String {
        guard let first = changes.first else { return "" }
        return "\(first.change.path):\(first.change.line) \(first.fault ?? "-") "
            + first.evidence.map(\.text).joined(separator: "; ")
    }

    var mend: String? { changes.first?.mend }
    var texts: [String] { changes.flatMap(\.evidence).map(\.text) }
    var highest: Double { changes.first?.score ?? 0 }
}

import DeployModel

/// Ranked changes on a page: score and place, before and after, the reasons, the mend; what is hardly suspicious is
/// folded away.
struct PageChanges {
    let changes: [RankedChange]
    /// Whether each says which commit brought it, as they are of several deploys.
    let showsCommit: Bool

    /// Below this a change is most likely innocent.
    private static let unlikely = 10.0
    /// More than this many nobody reads.
    private static let most = 200

    var content: HTML {
        // One that is hardly suspicious is still the most suspicious of all.
        let split = max(1, changes.prefix { $0.score >= Self.unlikely }.count)
        let (likely, rest) = (changes.prefix(split), changes.dropFirst(split).prefix(Self.most))
        return joined {
            for change in likely { content(of: change) }
            if !rest.isEmpty {
                HTML(.details) {
                    HTML(.summary) { "\(Wording.counted(rest.count, "more change")), hardly suspicious" }
                    for change in rest { content(of: change) }
                }
            }
            if changes.count > split + rest.count {
                HTML(.p, .class("note")) {
                    "\(changes.count - split - rest.count) more are left out; the JSON report has them all."
                }
            }
        }
    }

    private func content(of ranked: RankedChange) -> HTML {
        let change = ranked.change
        return HTML(.article, .class("change")) {
            HTML(.p, .class(ranked.score >= 60 ? "score high" : "score")) { Wording.count(ranked.score) }
            HTML(.div) {
                HTML(.h3, .class("place")) {
                    "\(change.path):\(lines(change))"
                    if showsCommit, let commit = ranked.commit {
                        HTML(.span, .class("note")) { commit.abbreviated }
                    }
                }
                HTML(.p, .class("field")) { field(change) }
                values(change)
                if !ranked.evidence.isEmpty {
                    HTML(.ul, .class("reasons")) {
                        for reason in ranked.evidence.prefix(6) { HTML(.li) { reason.text } }
                    }
                }
                if let mend = ranked.mend {
                    HTML(.p, .class("mend")) {
                        HTML(.strong) { "Mend: " }; mend
                    }
                }
                if !ranked.factors.isEmpty { reckoning(ranked) }
            }
        }
    }

    /// The lines; of what is gone those that it stood on, since there is nothing to see where it would stand.
    private func lines(_ change: FieldChange) -> String {
        if change.after == nil, change.before != nil, let old = change.oldLine { return "\(old) before" }
        return change.endLine > change.line ? "\(change.line)–\(change.endLine)" : "\(change.line)"
    }

    private func field(_ change: FieldChange) -> String {
        let object = change.object.map { "\($0.kind)/\($0.name)" }
        return [object, change.object?.container, change.fieldPath].compactMap { $0 }.joined(separator: " ▸ ")
    }

    private func values(_ change: FieldChange) -> HTML {
        let parts = Difference(change.before ?? "", change.after ?? "")
        return HTML(.dl, .class("values")) {
            HTML(.dt) { "before" }
            HTML(.dd, .class("value")) { value(change.before, parts.old, .del, absent: "nothing") }
            HTML(.dt) { "after" }
            HTML(.dd, .class("value")) { value(change.after, parts.new, .ins, absent: "removed") }
        }
    }

    @HTML.Builder private func value(
        _ value: String?, _ part: Difference.Part, _ tag: HTML.Tag, absent: String
    ) -> HTML {
        if let value {
            if value.isEmpty {
                HTML(.em) { "empty" }
            } else {
                HTML(lines: part.start)
                if !part.middle.isEmpty { HTML(tag) { HTML(lines: part.middle) } }
                HTML(lines: part.end)
            }
        } else {
            HTML(.em) { absent }
        }
    }

    /// How the change came to its score: what each fact adds, and what the sum is multiplied by.
    private func reckoning(_ ranked: RankedChange) -> HTML {
        HTML(.details) {
            HTML(.summary) { "How it came to \(Wording.rounded(ranked.score, decimals: 1))" }
            HTML(.table) {
                HTML(.tbody) {
                    for evidence in ranked.suspicions {
                        row(Wording.rounded(evidence.weight, decimals: 3), evidence.kind, evidence.text)
                    }
                    for factor in ranked.factors {
                        row(
                            "× \(Wording.rounded(factor.value, decimals: 3))", factor.kind.rawValue,
                            factor.text)
                    }
                }
            }
        }
    }

    private func row(_ number: String, _ name: String, _ text: String) -> HTML {
        HTML(.tr) {
            HTML(.td, .class("number")) { number }
            HTML(.td) { name.replacing("_", with: " ") }
            HTML(.td) { text }
        }
    }
}

/// Where two values differ: what they begin and end with alike, and the middle of each.
struct Difference: Equatable {
    /// A value in three parts.
    struct Part: Equatable {
        var start: String, middle: String, end: String
    }

    let old: Part, new: Part

    /// Values with little in common, and very long ones, differ as a whole, which is shown without marks.
    init(_ before: String, _ after: String) {
        let (old, new) = (Array(before.prefix(4000)), Array(after.prefix(4000)))
        let alike = zip(old, new).prefix { $0 == $1 }.count
        let start = Self.wholeWords(alike, of: old)
        let end = Self.wholeWords(
            zip(old[alike...].reversed(), new[alike...].reversed()).prefix { $0 == $1 }.count,
            of: old.reversed())
        guard start + end >= 4, before.utf8.count <= 4000, after.utf8.count <= 4000 else {
            (self.old, self.new) = (
                Part(start: before, middle: "", end: ""), Part(start: after, middle: "", end: "")
            )
            return
        }
        func part(_ value: [Character]) -> Part {
            Part(
                start: String(value[..<start]), middle: String(value[start..<(value.count - end)]),
                end: String(value[(value.count - end)...]))
        }
        (self.old, self.new) = (part(old), part(new))
    }

    /// So many characters or fewer, so that no word is cut: a part of a word says nothing.
    private static func wholeWords(_ count: Int, of value: [Character]) -> Int {
        value[..<count].lastIndex { !$0.isLetter && !$0.isNumber }.map { $0 + 1 } ?? 0
    }
}

/// The changes of one deploy, where there are no events to judge by.
///
/// - Parameter commit: whose changes these are, where the page has those of several.
func deployChanges(_ changes: DeployChanges, of commit: CommitID? = nil) -> HTML {
    HTML(.section, .class("changes")) {
        HTML(.h2) {
            if let commit { HTML(.code) { commit.abbreviated } } else { "Configuration changes" }
            HTML(.span, .class("note")) {
                "\(Wording.counted(changes.filesChanged, "file")) changed, \(changes.configFiles) of them configuration"
            }
        }
        if let deploy = changes.deploy { HTML(.p, .class("lede")) { told(deploy) } }
        PageChanges(changes: changes.changes, showsCommit: false).content
    }
}

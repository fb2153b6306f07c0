public import DeployModel

/// The changes of a deploy or a range as Markdown, for a comment on a pull request.
///
/// - Parameters:
///   - command: what was asked: `diff`, or `lint` for contradictions only.
///   - isWhole: whether it may be longer than the 65,536 characters that a comment holds.
public func renderMarkdown(
    _ changes: DeployChanges, command: String = "diff", isWhole: Bool = false
) -> String {
    let range =
        changes.to.map { "`\(changes.from.map(\.abbreviated) ?? "nothing")..\($0.abbreviated)`" }
        ?? "what is staged"
    var lines = [
        "**blamedeploy \(command)** \(range): \(Wording.counted(changes.filesChanged, "file")) changed, \(changes.configFiles) of them configuration",
        "",
    ]
    if changes.changes.isEmpty {
        lines.append(command == "lint" ? "No contradictions." : "No configuration changed in effect.")
    } else {
        lines += changesTable(changes.changes)
    }
    if !changes.otherFiles.isEmpty, command != "lint" {
        let shown = changes.otherFiles.prefix(10).map { Markdown.code($0) }.joined(separator: ", ")
        lines += [
            "",
            "Not configuration, and not ranked: \(shown)\(changes.otherFiles.count > 10 ? " and \(changes.otherFiles.count - 10) more" : "")",
        ]
    }
    return Markdown.fitting(lines, isWhole: isWhole)
}

/// A table of changes, in their order.
func changesTable(_ changes: [RankedChange]) -> [String] {
    ["| score | where | what | before → after | why |", "|---|---|---|---|---|"] + changes.map(row)
}

private func row(_ ranked: RankedChange) -> String {
    let change = ranked.change
    let object = change.object.map { "\($0.kind)/\($0.name) ▸ " } ?? ""
    let values =
        switch (change.before, change.after) {
        case (let before?, let after?): "\(Markdown.code(before)) → \(Markdown.code(after))"
        case (let before?, nil): "\(Markdown.code(before)) → removed"
        case (nil, let after?): "new → \(Markdown.code(after))"
        case (nil, nil): ""
        }
    let mend = ranked.mend.map { "; mend: \($0)" } ?? ""
    let why = (ranked.evidence.first?.text ?? "") + mend
    return
        "| \(Wording.count(ranked.score)) | \(Markdown.code("\(change.path):\(change.line)")) | \(Markdown.text(object + change.fieldPath)) | \(values) | \(Markdown.text(why)) |"
}

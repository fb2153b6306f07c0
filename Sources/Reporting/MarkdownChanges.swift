public import DeployModel

/// The changes of a deploy or a range as Markdown, for a comment on a pull request.
///
/// - Parameter command: what was asked: `diff`, or `lint` for contradictions only.
public func renderMarkdown(_ changes: DeployChanges, command: String = "diff") -> String {
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
        lines += ["| score | where | what | before → after | why |", "|---|---|---|---|---|"]
        lines += changes.changes.map(row)
    }
    if !changes.otherFiles.isEmpty, command != "lint" {
        let shown = changes.otherFiles.prefix(10).map { "`\(cell($0))`" }.joined(separator: ", ")
        lines += [
            "",
            "Not configuration, and not ranked: \(shown)\(changes.otherFiles.count > 10 ? " and \(changes.otherFiles.count - 10) more" : "")",
        ]
    }
    return lines.joined(separator: "\n") + "\n"
}

private func row(_ ranked: RankedChange) -> String {
    let change = ranked.change
    let object = change.object.map { "\($0.kind)/\($0.name) ▸ " } ?? ""
    let values =
        switch (change.before, change.after) {
        case (let before?, let after?): "`\(cell(before))` → `\(cell(after))`"
        case (let before?, nil): "`\(cell(before))` → removed"
        case (nil, let after?): "new → `\(cell(after))`"
        case (nil, nil): ""
        }
    let mend = ranked.mend.map { "; mend: \($0)" } ?? ""
    let why = (ranked.evidence.first?.text ?? "") + mend
    return
        "| \(Wording.count(ranked.score)) | `\(cell(change.path)):\(change.line)` | \(cell(object + change.fieldPath)) | \(values) | \(cell(why)) |"
}

/// Text that breaks neither a table's cell nor code in it.
private func cell(_ text: String) -> String {
    let flat = Wording.harmless(text).replacing("|", with: "\\|").replacing("`", with: "'")
    return flat.count > 160 ? String(flat.prefix(157)) + "…" : flat
}

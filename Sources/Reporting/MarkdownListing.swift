public import DeployModel

/// The answer of `explain` as Markdown.
public func renderMarkdown(_ comparison: WindowComparison) -> String {
    let explanation = comparison.explanation
    let style = TextStyle()
    var lines = [
        "**blamedeploy explain** \(Markdown.text(sentence(explanation)))", "",
        "| | window | events | failing |", "|---|---|---|---|",
    ]
    func row(_ name: String, _ window: TimeWindow, _ rate: Rate) -> String {
        "| \(name) | \(Wording.span(window, style: style)) | \(Wording.count(rate.events)) | \(Wording.percent(rate.value)) |"
    }
    if let baseline = comparison.baseline, let before = explanation.before {
        lines += [
            row("explained", comparison.interest, explanation.during), row("baseline", baseline, before),
        ]
    } else {
        lines.append(row("all events", comparison.interest, explanation.during))
    }
    lines += Markdown.explanation(explanation, showsSymptomsOfCauses: true)
    lines += Markdown.warnings(comparison.warnings)
    return Markdown.fitting(lines)
}

/// The deploys of a window as Markdown.
///
/// - Parameter failed: deploys that failed or were called off; they stand in a list of their own.
public func renderMarkdown(
    deploys: [Deploy], failed: [Deploy] = [], source: String, window: TimeWindow
) -> String {
    let span = Wording.span(window, style: TextStyle())
    let from = source.isEmpty ? "" : " (\(Markdown.text(source)))"
    var lines = [
        "**blamedeploy deploys** \(span), \(Wording.counted(deploys.count, "deploy"))\(from)", "",
    ]
    if deploys.isEmpty {
        lines.append("No deploy in this window.")
    } else {
        lines += table(deploys)
    }
    if !failed.isEmpty { lines += ["", "Failed or called off, and not judged:", ""] + table(failed) }
    return Markdown.fitting(lines)
}

private func table(_ deploys: [Deploy]) -> [String] {
    ["| when | deploy | what | who | configuration files | reaches |", "|---|---|---|---|---|---|"]
        + deploys.map { deploy in
            let place = [deploy.environment, deploy.service].compactMap { $0 }.joined(separator: " ")
            let cells = [
                Wording.moment(deploy.startedAt), Markdown.code(deploy.shortName),
                Markdown.text((deploy.isRollback ? "rollback: " : "") + deploy.title)
                    + (place.isEmpty ? "" : " · " + Markdown.text(place)),
                Markdown.text(deploy.author), deploy.configFiles.map(String.init) ?? "",
                deploy.workloads.map { Markdown.code($0) }.joined(separator: ", "),
            ]
            return "| \(cells.joined(separator: " | ")) |"
        }
}

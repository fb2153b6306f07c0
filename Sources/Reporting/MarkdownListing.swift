public import DeployModel

/// The answer of `explain` as Markdown.
///
/// - Parameter isWhole: whether it may be longer than the 65,536 characters that a comment holds.
public func renderMarkdown(_ comparison: WindowComparison, isWhole: Bool = false) -> String {
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
    return Markdown.fitting(lines, isWhole: isWhole)
}

/// The deploys of a window as Markdown.
///
/// - Parameters:
///   - failed: deploys that failed or were called off; they stand in a list of their own.
///   - isWhole: whether it may be longer than the 65,536 characters that a comment holds.
public func renderMarkdown(
    deploys: [Deploy], failed: [Deploy] = [], source: String, window: TimeWindow, isWhole: Bool = false
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
    return Markdown.fitting(lines, isWhole: isWhole)
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

/// What `lint --each` found as Markdown.
///
/// - Parameters:
///   - judged: how many commits change configuration.
///   - count: how many commits were looked at.
///   - isWhole: whether it may be longer than the 65,536 characters that a comment holds.
public func renderMarkdown(
    commits: [DeployChanges], judged: Int, of count: Int, isWhole: Bool = false
) -> String {
    let found = commits.flatMap { changes in
        renderMarkdown(changes, command: "lint", isWhole: true).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }
    let summary =
        "\(Wording.counted(commits.count, "commit")) with contradictions; \(judged) of \(count) change configuration"
    return Markdown.fitting([summary, ""] + found, isWhole: isWhole)
}

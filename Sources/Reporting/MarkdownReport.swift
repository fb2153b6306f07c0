public import DeployModel

/// A report as Markdown: for the summary of a CI step, an annotation, or a comment.
///
/// - Parameter command: what was asked: `investigate` or `check`.
public func renderMarkdown(_ report: Report, command: String = "investigate") -> String {
    let style = TextStyle()
    let (since, until) = (report.window.since, report.window.until)
    var facts = ["\(Wording.moment(since)) – \(Wording.moment(until)) \(CivilDate(until).year) UTC"]
    if let series = report.series { facts.append("\(Wording.count(series.total.events)) events") }
    facts.append(Wording.counted(report.deploys.count, "deploy"))
    if let repository = report.repository { facts.append("HEAD is `\(repository.head.abbreviated)`") }
    var lines = [
        "**blamedeploy \(command)** \(facts.joined(separator: ", "))", "",
        "\(mark(report.verdict.kind)) \(Markdown.text(report.verdict.text))",
    ]
    if let minutes = report.neededMinutes {
        lines += ["", "It needs about \(Wording.counted(minutes, "more minute")) of such traffic."]
    }
    if !report.findings.isEmpty {
        lines += ["", "| what changed | who | when |", "|---|---|---|"]
        lines += report.findings.map { row($0.incident, of: report, style: style) }
    }
    for finding in report.findings where !finding.changes.isEmpty {
        let whose = finding.incident.blamed.flatMap { suspect in
            report.deploys.first { $0.id == suspect.deploy }
        }
        lines += ["", "Suspicious configuration changes\(whose.map { " of \(named($0))" } ?? ""):", ""]
        lines += changesTable(finding.changes)
    }
    for changes in report.changesByDeploy where !changes.changes.isEmpty {
        lines += ["", "Configuration changes\(changes.deploy.map { " of \(named($0))" } ?? ""):", ""]
        lines += changesTable(changes.changes)
    }
    if !report.warnings.isEmpty { lines.append("") }
    for warning in report.warnings {
        lines.append(
            "- \(Markdown.text(warning.text))\(warning.remedy.map { " – \(Markdown.text($0))" } ?? "")")
    }
    return lines.joined(separator: "\n") + "\n"
}

private func mark(_ kind: Verdict.Kind) -> String {
    switch kind {
    case .blamed: "❌"
    case .noDeploy: "⚠️"
    case .unchanged: "✅"
    case .inconclusive: "❔"
    }
}

private func named(_ deploy: Deploy) -> String {
    "\(Markdown.code(deploy.shortName)) \(Markdown.text(deploy.title))"
}

private func row(_ incident: Incident, of report: Report, style: TextStyle) -> String {
    let blamed = incident.blamed.flatMap { suspect in report.deploys.first { $0.id == suspect.deploy } }
    let who = [
        blamed.map { "\(named($0)), \(Markdown.text($0.author))" },
        Markdown.text(suspicion(incident, report: report, style: style)),
    ].compactMap { $0 }.joined(separator: "; ")
    let when = Markdown.text(course(incident, blamed: blamed, report: report, style: style))
    return "| \(Markdown.text(whatChanged(incident, style: style))) | \(who) | \(when) |"
}

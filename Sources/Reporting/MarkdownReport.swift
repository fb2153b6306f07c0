public import DeployModel

/// A report as Markdown: for the summary of a CI step, an annotation, or a comment.
///
/// - Parameters:
///   - command: what was asked: `investigate` or `check`.
///   - isWhole: whether it may be longer than the 65,536 characters that a comment holds.
public func renderMarkdown(
    _ report: Report, command: String = "investigate", isWhole: Bool = false
) -> String {
    let style = TextStyle()
    var facts = [Wording.span(report.window, style: style)]
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
    lines += chart(report)
    if !report.findings.isEmpty {
        lines += ["", "| what changed | who | when |", "|---|---|---|"]
        lines += report.findings.map { row($0.incident, of: report, style: style) }
    }
    for finding in report.findings {
        lines += Markdown.explanation(finding.explanation)
        guard !finding.changes.isEmpty else { continue }
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
    lines += Markdown.warnings(report.warnings)
    return Markdown.fitting(lines, isWhole: isWhole)
}

/// The time line in a block of code, as wide as comments are without scrolling. Names of deploys are left out where they are foreign
/// text: nothing inside a block can be escaped.
private func chart(_ report: Report) -> [String] {
    guard let series = report.series, series.total.events > 0 else { return [] }
    let timeline = Timeline(
        series: series, window: report.window, isEventful: !report.findings.isEmpty,
        style: TextStyle(width: 98))
    let named = report.namedDeploys
    let ended = Set(report.findings.compactMap(\.incident.endedBy))
    let rows =
        timeline.failing.enumerated().map { index, row in
            let label = index == timeline.failing.count - 1 ? "failing" : "       "
            return "\(label)  \(row)\(index == 0 ? "  peak \(Wording.percent(timeline.peak))" : "")"
        } + ["events   \(timeline.events)"]
        + (report.deploys.isEmpty
            ? []
            : ["deploys  \(timeline.markers(report.deploys, blamed: named.subtracting(ended), ended: ended))"]
                + timeline.names(of: report.deploys.filter { named.contains($0.id) && $0.commit != nil })
                .map { "         \($0)" })
        + [timeline.axis.map { "UTC      \($0)" }].compactMap { $0 }
    return ["", "```text"] + rows.map { String($0.reversed().drop { $0 == " " }.reversed()) } + ["```"]
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

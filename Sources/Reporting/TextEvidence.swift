public import DeployModel

/// How the evidence weighs for each deploy: what it had before looking, what the counts say, and what is left.
func renderEvidence(_ incident: Incident, of report: Report, _ layout: inout TextLayout) {
    let style = layout.style
    layout.blank()
    layout.line("How the evidence weighs   (\(report.seriesExamined) series looked at)", indent: 1, .strong)
    let isNarrow = style.width < 72
    let widths = isNarrow ? [13, 14, 10, 8] : [13, 19, 19, 9]
    let heads =
        isNarrow
        ? ["deploy", "began", "log10", "prior"] : ["deploy", "would have begun", "evidence (log10)", "prior"]
    layout.line(
        zip(heads, widths).map { Wording.padded($0, to: $1) }.joined() + "probability", indent: 3, .dim)
    let shown = style.isFull ? incident.weighed : Array(incident.weighed.prefix(6))
    for cause in shown {
        let name =
            cause.deploy.map { id in report.deploys.first { $0.id == id }?.shortName ?? id } ?? "no deploy"
        // Natural logarithms are for those who compute; powers of ten are for those who read.
        let evidence = Wording.rounded(cause.logBayesFactor / 2.302_585_092_994_046, decimals: 1)
        let cells = [
            Wording.cut(Wording.harmless(name), to: 12, style: style), Wording.moment(cause.onset), evidence,
            Wording.percent(cause.prior),
        ]
        layout.line(
            zip(cells, widths).map { Wording.padded($0, to: $1) }.joined()
                + Wording.probability(cause.probability), indent: 3)
    }
    layout.line(
        zip(["only noise", "", "0", ""], widths).map { Wording.padded($0, to: $1) }.joined()
            + Wording.probability(incident.noneProbability), indent: 3)
}

/// Why it was the deploy that was asked about, or why it was not.
func renderAsked(_ asked: AskedDeploy, _ layout: inout TextLayout) {
    let style = layout.style
    let name = Wording.harmless(asked.deploy.shortName)
    layout.blank()
    layout.line(asked.probability > 0.5 ? "Why \(name)" : "Why not \(name)", indent: 1, .strong)
    layout.wrapped(
        "\(Wording.probability(asked.probability)) \(style.dot) \(Wording.harmless(asked.measure)) in the hour before \(Wording.percent(asked.before.value)), "
            + "in the hour after \(Wording.percent(asked.after.value))", indent: 3)
    for reason in asked.reasons { layout.wrapped(Wording.harmless(reason), indent: 3, hang: 2) }
}

/// The answer of a check, in a line or a few.
public func renderCheck(_ report: Report, style: TextStyle) -> String {
    var layout = TextLayout(style)
    let verdict = report.verdict
    let (mark, tint): (String, TextStyle.Role) =
        switch verdict.kind {
        case .blamed, .noDeploy: (style.glyph(" ✗ ", " x "), .bad)
        case .unchanged: (style.glyph(" ✓ ", " ok "), .good)
        case .inconclusive: (" ? ", .warning)
        }
    layout.marked(mark, tint, Wording.harmless(verdict.text))
    for (index, finding) in report.findings.enumerated() {
        layout.blank()
        render(finding, of: report, isFirst: index == 0, &layout)
    }
    renderWarnings(report.warnings, &layout)
    return layout.text
}

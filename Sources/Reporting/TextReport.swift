public import DeployModel

/// The report as one screen of text.
public func renderText(_ report: Report, style: TextStyle) -> String {
    var layout = TextLayout(style)
    header(report, &layout)
    if let series = report.series, series.total.events > 0 { chart(report, series, &layout) }
    verdict(report, &layout)
    for (index, finding) in report.findings.enumerated() {
        render(finding, of: report, isFirst: index == 0, &layout)
    }
    if report.series == nil, report.changesByDeploy.allSatisfy(\.changes.isEmpty), !report.deploys.isEmpty {
        let shown = style.isFull ? report.deploys : Array(report.deploys.suffix(10))
        listing(shown, &layout)
        if shown.count < report.deploys.count {
            layout.line(
                "and \(report.deploys.count - shown.count) before: --full shows them", indent: 2, .dim)
        }
    }
    for changes in report.changesByDeploy where !changes.changes.isEmpty || style.isFull {
        layout.blank()
        deployTitle(changes.deploy, &layout)
        renderChanges(
            changes.changes, limit: style.isFull ? .max : 3, isBrief: true, at: changes.to, &layout)
    }
    if let asked = report.asked { renderAsked(asked, &layout) }
    renderWarnings(report.warnings, &layout)
    if style.isFull { inputs(report.inputs, &layout) }
    return layout.text
}

private func header(_ report: Report, _ layout: inout TextLayout) {
    let style = layout.style
    let name = report.repository.map { repository in
        let folder = repository.path.split(separator: "/").last.map(String.init) ?? repository.path
        return "\(Wording.harmless(folder)) @ \(repository.head.abbreviated)"
    }
    let window = Wording.span(report.window, style: style)
    let events = report.inputs.isEmpty ? nil : overall(report.series?.total ?? Rate(0, of: 0))
    let deploys =
        "\(Wording.counted(report.deploys.count, "deploy"))\(report.deploySource.isEmpty ? "" : " (\(Wording.harmless(report.deploySource)))")"
    let facts = [name, window, events, deploys].compactMap { $0 }
    let line = facts.joined(separator: "   ")
    let head = style.address(of: report.repository?.head)
    if Wording.columns(line) + 14 <= style.width {
        let rest = facts.dropFirst(name == nil ? 0 : 1).map { "   \($0)" }.joined()
        layout.linkedParts([
            ("blamedeploy", .strong, nil), ("   ", .plain, nil), (name ?? "", .plain, head),
            (name == nil ? String(rest.dropFirst(3)) : rest, .plain, nil),
        ])
    } else {
        layout.linkedParts([
            ("blamedeploy", .strong, nil), ("   ", .plain, nil), (name ?? "", .plain, head),
        ])
        layout.wrapped(
            facts.dropFirst(name == nil ? 0 : 1).joined(separator: " \(style.dot) "), indent: 2, .dim)
    }
    renderAssumptions(report.inputs, &layout)
    layout.blank()
}

/// `146,429 events, 7.1 % failing`.
private func overall(_ rate: Rate) -> String {
    "\(Wording.count(rate.events)) events"
        + (rate.events > 0 ? ", \(Wording.percent(rate.value)) failing" : "")
}

private func chart(_ report: Report, _ series: Series, _ layout: inout TextLayout) {
    let style = layout.style
    let timeline = Timeline(
        series: series, window: report.window, isEventful: !report.findings.isEmpty, style: style)
    let isBad = report.verdict.kind == .blamed || report.verdict.kind == .noDeploy
    for (index, row) in timeline.failing.enumerated() {
        let isTop = index == 0
        let isBase = index == timeline.failing.count - 1
        layout.parts([
            (isBase ? "  failing  " : "           ", .dim), (row, isBad ? .bad : .plain),
            (isTop ? "  peak \(Wording.percent(timeline.peak))" : "", .dim),
        ])
    }
    layout.parts([("  events   ", .dim), (timeline.events, .dim)])
    let named = report.namedDeploys
    let ended = Set(report.findings.compactMap(\.incident.endedBy))
    if !report.deploys.isEmpty {
        let markers = timeline.markers(report.deploys, blamed: named.subtracting(ended), ended: ended)
        layout.parts([("  deploys  ", .dim), (markers, .accent)])
        let names = timeline.names(of: report.deploys.filter { named.contains($0.id) })
        for row in names { layout.parts([("           ", .plain), (row, .accent)]) }
    }
    if let axis = timeline.axis { layout.parts([("  UTC      ", .dim), (axis, .dim)]) }
    layout.blank()
}

private func verdict(_ report: Report, _ layout: inout TextLayout) {
    let style = layout.style
    let verdict = report.verdict
    let text = Wording.harmless(verdict.text)
    switch verdict.kind {
    case .blamed: return
    case .unchanged:
        if verdict.reason == "high_throughout" {
            layout.marked(style.glyph(" ○ ", " o "), .warning, text)
            break
        }
        guard verdict.reason != "no_lasting_change" else {
            layout.marked(style.glyph(" ○ ", " o "), .warning, text)
            layout.line(
                "\(Wording.probability(verdict.probability)) sure that nothing changed for longer than two hours",
                indent: 3, .dim)
            break
        }
        layout.marked(style.glyph(" ✓ ", " ok "), .good, text)
        if verdict.reason == "no_change" {
            layout.line(
                "\(Wording.probability(verdict.probability)) sure that nothing but noise happened",
                indent: 3, .dim)
        }
    case .noDeploy: layout.marked(style.glyph(" ○ ", " o "), .warning, text)
    case .inconclusive:
        layout.parts([
            (" ? ", .warning),
            ("Inconclusive (\(Wording.harmless(verdict.reason)))", .strong),
        ])
        layout.wrapped(text, indent: 3)
    }
    layout.blank()
}

/// What was taken for granted decides the answer, so it is said at once: for each kind of input once.
func renderAssumptions(_ inputs: [InputSummary], _ layout: inout TextLayout) {
    let style = layout.style
    var kinds: [(assumptions: [String], sources: [String])] = []
    for input in inputs where !input.assumptions.isEmpty {
        if let known = kinds.firstIndex(where: { $0.assumptions == input.assumptions }) {
            kinds[known].sources.append(input.source)
        } else {
            kinds.append((input.assumptions, [input.source]))
        }
    }
    let shown = style.isFull ? kinds : Array(kinds.prefix(3))
    for kind in shown {
        let words = kind.assumptions.map(Wording.harmless).joined(separator: " \(style.dot) ")
        let more = kind.sources.count - 1
        let whose =
            kinds.count == 1
            ? "" : "\(Wording.harmless(kind.sources[0]))\(more > 0 ? " and \(more) more" : ""): "
        layout.wrapped(whose + words, indent: 2, hang: 2, .dim)
    }
    if kinds.count > shown.count {
        layout.wrapped(
            "\(kinds.count - shown.count) more kinds of input: --full says how they were read", indent: 2,
            hang: 2, .dim)
    }
}

func renderWarnings(_ warnings: [Warning], _ layout: inout TextLayout) {
    guard !warnings.isEmpty else { return }
    layout.blank()
    for warning in warnings {
        // Only the mark is coloured: yellow on white cannot be read.
        layout.labelled([("! ", .warning)], Wording.harmless(warning.text), indent: 1)
        if let remedy = warning.remedy {
            layout.wrapped("help: \(Wording.harmless(remedy))", indent: 3, hang: 2)
        }
    }
}

private func inputs(_ inputs: [InputSummary], _ layout: inout TextLayout) {
    guard !inputs.isEmpty else { return }
    let style = layout.style
    layout.blank()
    layout.line("Inputs", indent: 1, .strong)
    for input in inputs {
        let facts = [
            Wording.harmless(input.source), input.format, "\(Wording.count(input.events)) events",
            "\(input.skipped) lines skipped",
        ]
        layout.wrapped(facts.joined(separator: " \(style.dot) "), indent: 3, hang: 2)
        for assumption in input.assumptions {
            layout.wrapped(Wording.harmless(assumption), indent: 5, hang: 2, .dim)
        }
    }
}

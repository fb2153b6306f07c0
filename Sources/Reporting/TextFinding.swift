import DeployModel

/// One incident: who, how much, since when, where, what it looks like, and which lines.
func render(_ finding: Finding, of report: Report, isFirst: Bool, _ layout: inout TextLayout) {
    let incident = finding.incident
    if !isFirst {
        layout.blank()
        layout.line("Another incident", indent: 1, .strong)
    }
    let blamed = incident.blamed.flatMap { suspect in report.deploys.first { $0.id == suspect.deploy } }
    if let blamed { deployTitle(blamed, mark: true, &layout) }
    rates(incident, &layout)
    layout.wrapped(
        suspicion(incident, report: report, style: layout.style), indent: 3, hang: 2)
    layout.wrapped(course(incident, blamed: blamed, report: report, style: layout.style), indent: 3, hang: 2)
    if !finding.rollouts.isEmpty {
        let shown = finding.rollouts.prefix(layout.style.isFull ? .max : 3).map {
            "\(Wording.harmless($0.workload)) \(Wording.moment($0.first))"
        }
        let more = finding.rollouts.count - shown.count
        layout.wrapped(
            "new pods first seen: "
                + (shown + (more > 0 ? ["and \(more) more"] : [])).joined(separator: " \(layout.style.dot) "),
            indent: 3, hang: 2, .dim)
    }
    if let blamed, blamed.commit == nil {
        let reason =
            blamed.source == .note
            ? "this change is not in git" : "its record names no commit that is known"
        layout.wrapped("\(reason): there is no configuration to compare", indent: 3, hang: 2, .dim)
    }
    if layout.style.isExplaining { renderEvidence(incident, of: report, &layout) }
    if blamed == nil, incident.externalProbability > 0.5 { nearestDeploys(incident, report: report, &layout) }
    layout.blank()
    renderExplanation(finding.explanation, &layout)
    guard !finding.changes.isEmpty else { return }
    layout.blank()
    let isShared = finding.changes.contains { $0.factors.contains { $0.kind == .deploy } }
    let files =
        isShared
        ? nil : blamed?.configFiles.map { $0 == 1 ? "1 configuration file" : "\($0) configuration files" }
    // Where no deploy is blamed, or not for sure, the reader must hear whose changes these are.
    let owners = finding.changes.compactMap(\.commit).map(\.abbreviated).reduce(into: [String]()) {
        if !$0.contains($1) { $0.append($1) }
    }
    let whose =
        files.map { "   (\($0) changed in this deploy)" }
        ?? "   of \(owners.prefix(3).joined(separator: ", "))\(owners.count > 3 ? ", …" : "")"
    let heading = "Suspicious configuration changes"
    if 1 + Wording.columns(heading + whose) <= layout.style.width {
        layout.parts([(heading, .strong), (whose, .dim)], indent: 1)
    } else {
        layout.parts([(heading, .strong)], indent: 1)
        layout.wrapped(whose, indent: 3, .dim)
    }
    renderChanges(
        finding.changes, limit: layout.style.isFull ? .max : worthReading(finding.changes), isBrief: false,
        showsCommit: owners.count > 1 && whose.hasPrefix("   of"), at: blamed?.commit, &layout)
}

/// How many changes stand on the screen: beside one that explains it those that are innocent only push it out of sight.
private func worthReading(_ changes: [RankedChange]) -> Int {
    let suspicious = changes.prefix { $0.score >= 10 }.count
    return min(5, changes.first.map { $0.score >= 60 } ?? false ? suspicious : max(suspicious, 3))
}

/// `✗ 3df571308c  Merge pull request …      Paul Biggar   22 Jul 13:35`.
func deployTitle(_ deploy: Deploy?, mark: Bool = false, _ layout: inout TextLayout) {
    guard let deploy else { return }
    let style = layout.style
    let name = Wording.harmless(deploy.shortName)
    let tail = "   \(Wording.harmless(deploy.author))   \(Wording.moment(deploy.startedAt))"
    let lead = mark ? style.glyph(" ✗ ", " x ") : "   "
    let rollback = deploy.isRollback ? "rollback: " : ""
    let room = layout.measure - Wording.columns(lead + name + tail) - 2
    let address = style.address(of: deploy.commit)
    let whole = rollback + Wording.harmless(deploy.title)
    guard room < min(30, Wording.columns(whole)) else {
        let title = Wording.cut(whole, to: room, style: style)
        layout.linkedParts([
            (lead, .bad, nil), (name, .accent, address), ("  ", .plain, nil),
            (Wording.padded(title, to: room), .strong, nil), (tail, .dim, nil),
        ])
        return
    }
    // Where there is little room, who and when stand below.
    let beside = style.width - Wording.columns(lead + name) - 2
    layout.linkedParts([
        (lead, .bad, nil), (name, .accent, address), ("  ", .plain, nil),
        (Wording.cut(whole, to: max(12, beside), style: style), .strong, nil),
    ])
    let facts = [deploy.author, Wording.moment(deploy.startedAt)].filter { !$0.isEmpty }
    layout.wrapped(
        facts.map(Wording.harmless).joined(separator: " \(style.dot) "), indent: 5, hang: 2, .dim)
}

private func rates(_ incident: Incident, _ layout: inout TextLayout) {
    let style = layout.style
    let change =
        "\(Wording.percent(incident.baseline.value)) \(style.arrow) \(Wording.percent(incident.during.value))"
    let size =
        "(\(Wording.ratio(incident.ratio, style: style)), 95 % interval \(Wording.range(incident.ratioInterval, style: style)))"
    let name = Wording.harmless(incident.scope.name)
    let place: String? =
        switch incident.scope.kind {
        case .all: nil
        case .error: "counting only \"\(name)\""
        case .workload, .pod, .version: "in \(name) only"
        }
    /// What changed on one line; where there is no room for the rest, it goes below.
    func told(_ parts: [(String, TextStyle.Role)]) {
        let width = 3 + parts.reduce(0) { $0 + Wording.columns($1.0) }
        var rest: [String] = []
        var line = parts
        var used = width
        for text in [size, place].compactMap({ $0 }) {
            if rest.isEmpty, used + 2 + Wording.columns(text) <= style.width {
                line.append(("  " + text, .plain))
                used += 2 + Wording.columns(text)
            } else {
                rest.append(text)
            }
        }
        layout.parts(line, indent: 3)
        for text in rest { layout.wrapped(text, indent: 5) }
    }
    switch incident.signal {
    case .errorRate: told([("failing events ", .plain), (change, .bad)])
    case .latency:
        told([("\(Wording.slowEvents(incident.slowerThan)) ", .plain), (change, .bad)])
    case .volume:
        told([
            ("successful events ", .plain), ("fell to \(Wording.percent(incident.ratio))", .bad),
            (" of what they were", .plain),
        ])
    case .newError:
        layout.wrapped(
            "a kind of error not seen before: \(Wording.harmless(incident.scope.name))", indent: 3, hang: 2,
            .bad)
        layout.line(
            "\(Wording.count(incident.during.errors)) times in \(Wording.count(incident.during.events)) events",
            indent: 3)
    }
}

/// Who may have made it, and how surely, in one line.
func suspicion(_ incident: Incident, report: Report, style: TextStyle) -> String {
    func name(_ suspect: Suspect) -> String {
        Wording.harmless(report.deploys.first { $0.id == suspect.deploy }?.shortName ?? suspect.deploy)
    }
    var parts: [String] = []
    if let first = incident.blamed {
        parts.append("\(Wording.probability(first.probability)) sure it was this deploy")
        if let next = incident.suspects.dropFirst().first, next.probability >= 0.005 {
            parts.append("next: \(name(next)) \(Wording.probability(next.probability))")
        }
        parts.append(
            "none of them \(Wording.probability(incident.externalProbability + incident.noneProbability))")
    } else if report.deploys.isEmpty {
        parts.append("no deploy was looked at")
    } else if incident.externalProbability > 0.5 {
        parts.append("\(Wording.probability(incident.externalProbability)) sure that no deploy did it")
        if let next = incident.suspects.first, next.probability >= 0.005 {
            parts.append("most likely deploy: \(name(next)) \(Wording.probability(next.probability))")
        }
    } else {
        let shared = incident.suspects.prefix(3).filter { $0.probability >= 0.05 }
        parts += shared.map { "\(name($0)) \(Wording.probability($0.probability))" }
        parts.append("something else \(Wording.probability(incident.externalProbability))")
        parts.append("only noise \(Wording.probability(incident.noneProbability))")
    }
    return parts.joined(separator: " \(style.dot) ")
}

/// When it began, whether it ended and by whom, and how much failed, in one line.
func course(_ incident: Incident, blamed: Deploy?, report: Report, style: TextStyle) -> String {
    var began = "began \(Wording.moment(incident.onset))"
    if let blamed {
        began += " (\(relation(of: incident.onset, to: blamed)))"
    } else {
        let (low, high) = (incident.onsetInterval.lower, incident.onsetInterval.upper)
        began += " (between \(Wording.moment(low)) and \(Wording.moment(high)))"
    }
    let end = incident.end ?? report.window.until
    let ender = incident.endedBy.flatMap { id in report.deploys.first { $0.id == id }?.shortName ?? id }
    let ended =
        incident.end.map { "ended \(Wording.moment($0))\(ender.map { " by \(Wording.harmless($0))" } ?? "")" }
        ?? "still going on"
    let lasted = Wording.duration(end.seconds(since: incident.onset))
    let failed =
        switch incident.signal {
        case .volume: "about \(Wording.count(incident.excessErrors)) successes missing"
        case .latency: Wording.counted(incident.during.errors, "slow event")
        case .errorRate, .newError: Wording.counted(incident.during.errors, "failed event")
        }
    return [began, ended, lasted, failed].joined(separator: " \(style.dot) ")
}

/// How long after a deploy something began: `49 min after the commit landed`.
func relation(of onset: Instant, to deploy: Deploy) -> String {
    let lag = onset.seconds(since: deploy.startedAt)
    let clock =
        deploy.source.hasDeployClock
        ? "it started" : deploy.source == .tag ? "the tag" : "the commit landed"
    // Half a minute is less than can be told.
    let relation = abs(lag) <= 30 ? "as" : "\(Wording.duration(lag)) \(lag > 0 ? "after" : "before")"
    return "\(relation) \(clock)"
}

/// Which deploys came before, and how long before: the reader will ask.
private func nearestDeploys(_ incident: Incident, report: Report, _ layout: inout TextLayout) {
    let before = report.deploys.last { $0.startedAt <= incident.onset }
    let after = report.deploys.first { $0.startedAt > incident.onset }
    var parts: [String] = []
    if let before {
        parts.append(
            "\(Wording.harmless(before.shortName)) was \(Wording.duration(incident.onset.seconds(since: before.startedAt))) before"
        )
    }
    if let after {
        parts.append(
            "\(Wording.harmless(after.shortName)) came \(Wording.duration(after.startedAt.seconds(since: incident.onset))) later"
        )
    }
    guard !parts.isEmpty else { return }
    layout.wrapped("the nearest deploys: \(parts.joined(separator: ", "))", indent: 3, hang: 2, .dim)
}

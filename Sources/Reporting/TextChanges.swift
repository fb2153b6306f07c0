public import DeployModel

/// The changes of a deploy or a range as text, ranked by risk.
///
/// - Parameter command: what was asked: `diff`, or `lint` for contradictions only.
public func renderText(
    _ changes: DeployChanges, command: String = "diff", grouping: ChangeGrouping = .rank, style: TextStyle
) -> String {
    var layout = TextLayout(style)
    let range =
        changes.to.map { "\(changes.from.map(\.abbreviated) ?? "nothing")..\($0.abbreviated)" } ?? "staged"
    let files =
        "\(Wording.counted(changes.filesChanged, "file")) changed, \(changes.configFiles) of them configuration"
    let lead = "blamedeploy \(command)   "
    if Wording.columns(lead + range) + 3 + Wording.columns(files) <= style.width {
        layout.parts([(lead, .strong), (range, .accent), ("   \(files)", .dim)])
    } else {
        layout.parts([(lead, .strong), (range, .accent)])
        layout.wrapped(files, indent: 2, .dim)
    }
    layout.blank()
    if let deploy = changes.deploy {
        deployTitle(deploy, &layout)
        if !deploy.workloads.isEmpty {
            layout.wrapped(
                "reaches \(deploy.workloads.map(Wording.harmless).joined(separator: ", "))", indent: 3,
                hang: 2)
        }
        layout.blank()
    }
    if changes.changes.isEmpty { layout.line("No configuration changed in effect.", indent: 1) }
    let limit = style.isFull ? Int.max : 15
    for group in changes.groups(by: grouping) {
        if let title = group.title { layout.parts([(" \(Wording.harmless(title))", .strong)]) }
        renderChanges(group.changes, limit: limit, isBrief: false, at: changes.to, &layout)
    }
    if !changes.otherFiles.isEmpty, command != "lint" {
        let shown = changes.otherFiles.prefix(style.isFull ? .max : 6).map(Wording.harmless).joined(
            separator: ", ")
        let more = style.isFull ? 0 : max(0, changes.otherFiles.count - 6)
        layout.blank()
        layout.wrapped(
            "Not configuration, and not ranked: \(shown)\(more > 0 ? " and \(more) more" : "")", indent: 1,
            hang: 2, .dim)
    }
    renderWarnings(changes.warnings, &layout)
    return layout.text
}

/// How a list of changes is laid out: one list by rank, or a list for each file or workload.
public enum ChangeGrouping: String, Sendable, CaseIterable { case rank, file, pod }

extension DeployChanges {
    /// The changes in groups, the group with the most suspicious change first; one that reaches several workloads stands in
    /// each of their groups.
    func groups(by grouping: ChangeGrouping) -> [(title: String?, changes: [RankedChange])] {
        guard grouping != .rank else { return [(nil, changes)] }
        var order: [String] = []
        var groups: [String: [RankedChange]] = [:]
        for change in changes {
            let reach = change.change.reach.isEmpty ? ["(reaches no pod that is known)"] : change.change.reach
            for title in grouping == .file ? [change.change.path] : reach {
                if groups[title] == nil { order.append(title) }
                groups[title, default: []].append(change)
            }
        }
        return order.map { ($0, groups[$0] ?? []) }
    }
}

/// The deploys of a window as a table.
///
/// - Parameter failed: deploys that failed or were called off; they stand in a list of their own.
public func renderText(
    deploys: [Deploy], failed: [Deploy] = [], source: String, window: TimeWindow, style: TextStyle
) -> String {
    var layout = TextLayout(style)
    layout.headline(
        "blamedeploy deploys",
        "\(Wording.span(window, style: style))   "
            + "\(Wording.counted(deploys.count, "deploy")) (\(Wording.harmless(source)))")
    layout.blank()
    listing(deploys, failed: failed, &layout)
    return layout.text
}

/// Deploys, one a line, with what is known of each.
func listing(_ deploys: [Deploy], failed: [Deploy] = [], _ layout: inout TextLayout) {
    let all = deploys + failed
    let widths = ListingWidths(
        name: min(24, all.map { Wording.columns(Wording.harmless($0.shortName)) }.max() ?? 0),
        title: all.map { Wording.columns(shownTitle($0)) }.max() ?? 0,
        author: min(16, all.map { Wording.columns(Wording.harmless($0.author)) }.max() ?? 0),
        config: all.map { shownConfig($0).utf8.count }.max() ?? 0)
    for deploy in deploys { line(deploy, widths, &layout) }
    if deploys.isEmpty { layout.line("No deploy in this window.", indent: 2) }
    if !failed.isEmpty {
        layout.blank()
        layout.line("Failed or called off, and not judged", indent: 1, .strong)
        for deploy in failed { line(deploy, widths, &layout) }
    }
}

/// How wide the columns of the table need to be.
private struct ListingWidths {
    var name: Int, title: Int, author: Int, config: Int
}

private func shownTitle(_ deploy: Deploy) -> String {
    (deploy.isRollback ? "rollback: " : "") + Wording.harmless(deploy.title)
}

private func shownConfig(_ deploy: Deploy) -> String {
    deploy.configFiles.map { $0 == 0 ? "" : "\($0) config" } ?? (deploy.commit == nil ? "no commit" : "?")
}

/// One deploy of the table.
private func line(_ deploy: Deploy, _ widths: ListingWidths, _ layout: inout TextLayout) {
    let style = layout.style
    let nameWidth = max(10, widths.name)
    let config = shownConfig(deploy)
    let name = Wording.padded(
        Wording.cut(Wording.harmless(deploy.shortName), to: nameWidth, style: style), to: nameWidth)
    let author = Wording.padded(
        Wording.cut(Wording.harmless(deploy.author), to: widths.author, style: style), to: widths.author)
    let left = "  \(Wording.leftPadded(Wording.moment(deploy.startedAt), to: 12))  "
    // Where there is little room, who and how much stand below.
    let isNarrow = style.width < 76
    let right = isNarrow ? "" : "  \(author)  \(Wording.padded(config, to: widths.config))"
    let free = max(10, style.width - Wording.columns(left + name + right) - 2)
    let room = isNarrow ? free : min(free, widths.title)
    let title = Wording.cut(shownTitle(deploy), to: room, style: style)
    layout.linkedParts([
        (left, .plain, nil), (name, .accent, style.address(of: deploy.commit)),
        ("  " + Wording.padded(title, to: room), .plain, nil), (right, .dim, nil),
    ])
    let facts =
        (isNarrow ? [deploy.author, config].filter { !$0.isEmpty } : [])
        .map(Wording.harmless)
        + [
            deploy.environment, deploy.service, deploy.finishedAt.map { "done \(Wording.moment($0))" },
        ].compactMap { $0 }.map(Wording.harmless)
    if !facts.isEmpty { layout.wrapped(facts.joined(separator: " \(style.dot) "), indent: 16, hang: 2, .dim) }
    if !deploy.workloads.isEmpty {
        layout.wrapped(
            "reaches \(deploy.workloads.map(Wording.harmless).joined(separator: ", "))", indent: 16,
            hang: 2, .dim)
    }
}

/// A ranked list: score and place, the field with its values, the reasons, the mend.
///
/// - Parameters:
///   - showsCommit: whether each says which commit brought it, as they are of several deploys.
///   - end: the commit that the changes lead to, for links to lines of changes whose own commit is not known.
func renderChanges(
    _ changes: [RankedChange], limit: Int, isBrief: Bool, showsCommit: Bool = false, at end: CommitID?,
    _ layout: inout TextLayout
) {
    let style = layout.style
    let shown = changes.prefix(limit)
    for (index, ranked) in shown.enumerated() {
        let change = ranked.change
        let rank = Wording.leftPadded("\(index + 1)", to: 2)
        let score = Wording.leftPadded(Wording.count(ranked.score), to: 3)
        let commit = showsCommit ? ranked.commit.map { "   \($0.abbreviated)" } ?? "" : ""
        let lines = place(change)
        let place = Wording.cutPath(
            Wording.harmless(change.path),
            to: max(20, style.width - 13 - lines.utf8.count - commit.utf8.count),
            style: style)
        let isHigh = ranked.score >= 60
        layout.linkedParts([
            (" \(rank) ", .dim, nil), ("\(score)  ", isHigh ? .bad : .plain, nil),
            ("\(place):\(lines)", isHigh ? .strong : .plain, address(of: ranked, at: end, style)),
            (commit, .dim, style.address(of: ranked.commit)),
        ])
        field(change, &layout)
        if style.isExplaining, !ranked.factors.isEmpty {
            renderScore(of: ranked, &layout)
        } else {
            // Beside a fact, what kind of field it is tells nobody anything.
            let facts = ranked.evidence.filter { $0.kind != "kind_of_field" }
            let told = facts.contains { $0.weight > 0 } && !style.isFull ? facts : ranked.evidence
            let evidence = isBrief ? told.prefix(1) : told.prefix(isHigh || style.isFull ? 6 : 1)
            // What weighs nothing is not told for its weight.
            let notes = ranked.evidence.filter { $0.weight == 0 }.prefix(isBrief ? 1 : .max)
            for reason in evidence.filter({ $0.weight != 0 }) + notes {
                layout.wrapped(Wording.harmless(reason.text), indent: 9, hang: 2)
            }
        }
        if let mend = ranked.mend {
            layout.wrapped("mend: \(Wording.harmless(mend))", indent: 9, hang: 2, .good)
        }
    }
    if changes.count > shown.count {
        let next = Wording.count(changes[shown.count].score)
        layout.line(
            "and \(changes.count - shown.count) more, scoring \(next) or less: see --full", indent: 9, .dim)
    }
}

/// Where a change can be looked at: its lines, or, of what is gone, the commit that shows it.
private func address(of ranked: RankedChange, at end: CommitID?, _ style: TextStyle) -> String? {
    let change = ranked.change
    guard let links = style.links, let commit = ranked.commit ?? end else { return nil }
    if change.after == nil, change.before != nil { return links.address(of: commit) }
    // Lines are those of what was deployed, whichever commit of it changed them.
    let first = max(1, change.line)
    return links.address(of: change.path, lines: first...max(first, change.endLine), at: end ?? commit)
}

/// The lines; of what is gone those that it stood on, since there is nothing to see where it would stand.
private func place(_ change: FieldChange) -> String {
    if change.after == nil, change.before != nil, let old = change.oldLine { return "\(old) before" }
    return change.endLine > change.line ? "\(change.line)-\(change.endLine)" : "\(change.line)"
}

private func field(_ change: FieldChange, _ layout: inout TextLayout) {
    let style = layout.style
    let object = change.object.map { object in
        let name = "\(object.kind)/\(object.name)"
        return Wording.harmless(object.container.map { "\(name)\(style.inside)\($0)" } ?? name)
    }
    let path = Wording.harmless(change.fieldPath.replacing(" ▸ ", with: style.inside))
    let subject = [object, path].compactMap { $0 }.joined(separator: style.inside)
    var (old, new) = ("", "")
    switch (change.before, change.after) {
    case (let before?, let after?):
        let (first, second) = told(before, after, style)
        (old, new) = (value(first, style), value(second, style))
    case (let before?, nil): (old, new) = (value(before, style), "(removed)")
    case (nil, let after?): (old, new) = ("(new)", value(after, style))
    case (nil, nil): break
    }
    let values = new.isEmpty ? "" : "\(old) \(style.arrow) \(new)"
    if 9 + Wording.columns(subject) + 3 + Wording.columns(values) <= style.width {
        layout.parts([(subject, .plain), ("   ", .plain), (values, .accent)], indent: 9)
    } else {
        layout.wrapped(subject, indent: 9, hang: 2)
        if 11 + Wording.columns(values) <= style.width {
            layout.line(values, indent: 11, .accent)
        } else {
            // Both must be seen, the new one above all.
            layout.line(old, indent: 11, .accent)
            layout.line("\(style.arrow) \(new)", indent: 11, .accent)
        }
    }
}

/// Two values that are too long to be shown beside each other, without what they begin with alike: the difference must be
/// seen.
private func told(_ before: String, _ after: String, _ style: TextStyle) -> (String, String) {
    let isShort = Wording.columns(before) + Wording.columns(after) + 14 <= style.width
    guard !isShort else { return (before, after) }
    let alike = zip(before, after).prefix { $0 == $1 }.map(\.0)
    // A part of a word says nothing.
    guard let last = alike.lastIndex(where: { "/:,= @".contains($0) }), last >= 12 else {
        return (before, after)
    }
    let dots = style.isASCII ? "..." : "…"
    return (dots + before.dropFirst(last), dots + after.dropFirst(last))
}

private func value(_ text: String, _ style: TextStyle) -> String {
    let harmless = Wording.harmless(text)
    let room = max(style.width - 13, 20)
    return harmless.isEmpty ? "\"\"" : Wording.cut(harmless, to: min(room, 100), style: style)
}

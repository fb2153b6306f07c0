public import DeployModel

/// The answer of `explain` as text.
public func renderText(_ comparison: WindowComparison, style: TextStyle) -> String {
    var layout = TextLayout(style)
    let explanation = comparison.explanation
    let sources = comparison.inputs.map { Wording.harmless($0.source) }
    let shown = sources.prefix(style.isFull ? .max : 3).joined(separator: ", ")
    let line = shown + (sources.count > 3 && !style.isFull ? " and \(sources.count - 3) more" : "")
    layout.headline("blamedeploy explain", line)
    if let before = explanation.before, let baseline = comparison.baseline {
        window("explained", comparison.interest, explanation.during, &layout)
        window("baseline", baseline, before, &layout)
    } else {
        window("all events", comparison.interest, explanation.during, &layout)
    }
    if let whole = comparison.sampledFrom {
        layout.wrapped(
            "compared on a sample that stands for \(Wording.count(whole)) events: counts are estimates",
            indent: 2, .dim)
    }
    renderAssumptions(comparison.inputs, &layout)
    layout.blank()
    switch explanation.outcome {
    case .none: renderNothing(explanation, &layout)
    case .global:
        layout.marked(style.glyph(" ○ ", " o "), .warning, sentence(explanation))
        layout.wrapped(
            "If a field that only describes failures hides the cause, name it with --symptom FIELD.",
            indent: 3, .dim)
    case .causes:
        for (index, cause) in explanation.causes.enumerated() {
            if index > 0 { layout.blank() }
            render(cause, of: explanation, number: index + 1, &layout)
        }
        renderNewFailures(explanation, indent: 1, &layout)
    }
    if explanation.outcome == .global { renderSymptoms(explanation.symptoms, indent: 1, &layout) }
    renderWarnings(comparison.warnings, &layout)
    return layout.text
}

private func renderNothing(_ explanation: Explanation, _ layout: inout TextLayout) {
    let style = layout.style
    if isRiseOfTheUsual(explanation) {
        layout.marked(style.glyph(" ○ ", " o "), .warning, sentence(explanation))
        layout.wrapped(
            "Either there are more of those that fail anyhow, or it began before the baseline ended: choose an earlier time.",
            indent: 3, .dim)
    } else {
        layout.marked(style.glyph(" ✓ ", " ok "), .good, sentence(explanation))
    }
}

/// Whether more events fail and yet none more often than its like did.
private func isRiseOfTheUsual(_ explanation: Explanation) -> Bool {
    guard explanation.during.errors > 0, let before = explanation.before else { return false }
    return explanation.during.value > 1.2 * before.value
}

/// The answer of `explain` in one sentence.
func sentence(_ explanation: Explanation) -> String {
    switch explanation.outcome {
    case .global: return "Failing events are everywhere alike: no field sets them apart."
    case .causes:
        let words = explanation.causes[0].predicates.map { describe($0) }.joined(separator: " and ")
        let count = explanation.causes.count
        return count == 1
            ? "What sets the failing events apart: \(words)."
            : "\(count) things set the failing events apart, first \(words)."
    case .none:
        if explanation.during.errors == 0 { return "None of these events failed." }
        return isRiseOfTheUsual(explanation)
            ? "More of these events fail, but like ones failed as often before."
            : "Failures did not rise: there is nothing to explain."
    }
}

private func window(_ name: String, _ window: TimeWindow, _ rate: Rate, _ layout: inout TextLayout) {
    let span = Wording.span(window, style: layout.style)
    let counts = "\(Wording.count(rate.events)) events   \(Wording.percent(rate.value)) failing"
    let line = "\(Wording.padded(name, to: 12))\(span)"
    if 5 + Wording.columns(line + counts) <= layout.style.width {
        layout.line("\(line)   \(counts)", indent: 2)
    } else {
        layout.line(line, indent: 2)
        layout.line(counts, indent: 14)
    }
}

private func render(
    _ cause: Cause, of explanation: Explanation, number: Int, _ layout: inout TextLayout
) {
    let style = layout.style
    let words = cause.predicates.map { describe($0) }.joined(separator: " and ")
    let label = explanation.causes.count == 1 ? " Where  " : " Where \(number)  "
    let indent = label.count
    if indent + Wording.columns(words) <= style.width {
        layout.parts([(label, .strong), (words, .accent)])
    } else {
        for (index, predicate) in cause.predicates.enumerated() {
            let text = (index == 0 ? "" : "and ") + describe(predicate)
            layout.parts([
                (index == 0 ? label : String(repeating: " ", count: indent), .strong), (text, .accent),
            ])
        }
    }
    let passing = explanation.during.events - explanation.during.errors
    let bars = [
        ("of failing events", explanation.during.errors > 0 ? cause.errors / explanation.during.errors : 0),
        ("of the others", passing > 0 ? (cause.events - cause.errors) / passing : 0),
    ]
    for (index, (name, share)) in bars.enumerated() {
        layout.parts(
            [
                (bar(share, width: min(40, style.width / 3), style), index == 0 ? .bad : .dim),
                ("  \(Wording.padded(Wording.percent(share), to: 7))\(name)", .plain),
            ], indent: indent)
    }
    layout.wrapped(figures(cause, explanation, style), indent: indent)
    if !cause.aliases.isEmpty {
        let shown = style.isFull ? cause.aliases : Array(cause.aliases.prefix(3))
        let more = cause.aliases.count - shown.count
        layout.wrapped(
            "same events as \(shown.map { describe($0) }.joined(separator: ", "))\(more > 0 ? " and \(more) more" : "")",
            indent: indent, hang: 2, .dim)
    }
    if style.isFull, !cause.pods.isEmpty {
        layout.wrapped(
            "pods: \(cause.pods.map(Wording.harmless).joined(separator: ", "))", indent: indent, hang: 2)
    }
    renderSymptoms(cause.symptoms.filter { $0.errors >= 0.01 * cause.errors }, indent: indent, &layout)
}

private func figures(_ cause: Cause, _ explanation: Explanation, _ style: TextStyle) -> String {
    let whole = explanation.before == nil ? "of the failures above the rate elsewhere" : "of the excess"
    let before = cause.rateBefore.map { "\(Wording.percent($0)) \(style.arrow) " } ?? ""
    var parts = [
        "\(Wording.percent(cause.coverage)) \(whole)", "\(before)\(Wording.percent(cause.rateAfter)) fail",
        "\(Wording.count(cause.errors)) of \(Wording.count(cause.events)) events",
    ]
    if !cause.pods.isEmpty {
        parts.append("\(cause.pods.count) \(cause.pods.count == 1 ? "pod" : "pods")")
    }
    return parts.joined(separator: " \(style.dot) ")
}

/// A bar as long as a share, in eighths of a column where the style has them.
private func bar(_ share: Double, width: Int, _ style: TextStyle) -> String {
    let eighths = Int((share.clamped(to: 0...1) * Double(width) * 8).rounded())
    let (full, rest) = (eighths / 8, eighths % 8)
    guard !style.isASCII else {
        let marks = (eighths + 4) / 8
        return String(repeating: "#", count: marks) + String(repeating: ".", count: width - marks)
    }
    let tip = rest == 0 ? "" : String(Array("▏▎▍▌▋▊▉")[rest - 1])
    return Wording.padded(String(repeating: "█", count: full) + tip, to: width)
}

/// By what few new failures were told from the others.
func renderNewFailures(_ explanation: Explanation, indent: Int, _ layout: inout TextLayout) {
    guard explanation.areNewFailuresFew else { return }
    let looks = explanation.newFailures.prefix(3).map {
        "\(Wording.harmless($0.field)) \"\(Wording.harmless($0.value))\""
    }
    let count = Wording.count(explanation.newFailures.reduce(0) { $0 + $1.errors })
    layout.wrapped(
        "Told by the \(count) failures that look new: \(looks.joined(separator: ", "))",
        indent: indent, hang: 2, .dim)
}

/// What failures look like, one line each.
func renderSymptoms(_ symptoms: [Symptom], indent: Int, _ layout: inout TextLayout) {
    let style = layout.style
    let shown = symptoms.prefix(style.isFull ? 20 : 2)
    let digits = shown.map { Wording.count($0.errors).count }.max() ?? 0
    for (index, symptom) in shown.enumerated() {
        let count =
            "\(Wording.leftPadded(Wording.count(symptom.errors), to: digits)) \(style.glyph("×", "x"))  "
        let text = "\(Wording.harmless(symptom.field)) \"\(Wording.harmless(symptom.value))\""
        let label = index == 0 ? "Looks like  " : "            "
        layout.labelled(
            [(label, .strong), (count, .dim)],
            Wording.cut(text, to: 2 * (layout.measure - indent - 12 - count.count), style: style),
            indent: indent)
    }
}

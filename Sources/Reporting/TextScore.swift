import DeployModel

/// How a change came to its score: what each fact adds, what the sum is multiplied by, and the reckoning in one line.
func renderScore(of ranked: RankedChange, _ layout: inout TextLayout) {
    let style = layout.style
    let (times, minus) = (style.glyph("×", "x"), style.glyph("−", "-"))
    let names =
        ranked.evidence.filter { $0.weight >= 0 }.map { words($0.kind) } + ranked.factors.map(\.kind.rawValue)
    // A kind that is unusually long pushes its own text aside, not everybody's.
    let longest = min(names.map(Wording.columns).max() ?? 0, style.width < 80 ? 14 : 20)
    func row(_ mark: String, _ number: String, _ name: String, _ text: String, _ role: TextStyle.Role) {
        let label = "\(Wording.padded(mark, to: 2))\(Wording.padded(number, to: 6))"
        let column = 8 + max(longest, Wording.columns(name)) + 2
        layout.labelled(label + name, to: column, Wording.harmless(text), indent: 9, role)
    }
    for evidence in ranked.suspicions {
        row("", shown(evidence.weight), words(evidence.kind), evidence.text, .plain)
    }
    for note in ranked.evidence where note.weight == 0 {
        row("", "", words(note.kind), note.text, .dim)
    }
    for factor in ranked.factors where !isIdle(factor) {
        row(times, shown(factor.value), factor.kind.rawValue, factor.text, .dim)
    }
    let innocent = ranked.suspicions.map { shown(1 - $0.weight) }.joined(separator: " \(times) ")
    let factors = ranked.factors.filter { !isIdle($0) }.map { " \(times) \(shown($0.value))" }.joined()
    let suspicion = innocent.isEmpty ? "0" : "(1 \(minus) \(innocent))"
    layout.labelled(
        "= \(Wording.rounded(ranked.score, decimals: 1))", to: 8, "100 \(times) \(suspicion)\(factors)",
        indent: 9,
        .accent)
}

/// What explains nothing away is not worth a line.
private func isIdle(_ factor: ScoreFactor) -> Bool {
    factor.kind == .innocence && factor.value == 1
}

private func words(_ slug: String) -> String { Wording.harmless(slug.replacing("_", with: " ")) }

private func shown(_ value: Double) -> String { Wording.rounded(value, decimals: 3) }

import DeployModel

/// Which events fail, and what the failures look like.
func renderExplanation(_ explanation: Explanation, _ layout: inout TextLayout) {
    let style = layout.style
    switch explanation.outcome {
    case .none: break
    case .global:
        layout.labelled(
            [("Where       ", .strong)], "everywhere alike: no field sets \(explanation.ones) apart",
            indent: 1)
    case .causes:
        for (index, cause) in explanation.causes.enumerated() {
            let words = cause.predicates.map { describe($0) }.joined(separator: " and ")
            let share = "\(Wording.percent(cause.coverage)) of the excess"
            let rates =
                "\(cause.rateBefore.map { Wording.percent($0) + " " + style.arrow + " " } ?? "")\(Wording.percent(cause.rateAfter)) \(explanation.verb)"
            let pods =
                cause.pods.isEmpty
                ? "" : " \(style.dot) \(cause.pods.count) \(cause.pods.count == 1 ? "pod" : "pods")"
            let tail = "   \(share) \(style.dot) \(rates)\(pods)"
            let label = index == 0 ? "Where       " : "            "
            if 13 + Wording.columns(words + tail) <= style.width {
                layout.parts([(label, .strong), (words, .accent), (tail, .plain)], indent: 1)
            } else {
                layout.parts([(label, .strong), (words, .accent)], indent: 1)
                layout.wrapped(String(tail.dropFirst(3)), indent: 13)
            }
            if !cause.aliases.isEmpty {
                let names = cause.aliases.prefix(3).map { describe($0) }.joined(separator: ", ")
                layout.line("same events as \(names)", indent: 13, .dim)
            }
        }
    }
    renderSymptoms(explanation.symptoms, indent: 1, &layout)
    renderNewFailures(explanation, indent: 13, &layout)
}

extension Explanation {
    /// What the explained events do.
    var verb: String { isOfSlowEvents ? "are slow" : "fail" }
    /// What they are.
    var ones: String { isOfSlowEvents ? "the slow ones" : "the failures" }
}

/// `k8s.pod.name begins with qw-deployment-`.
func describe(_ predicate: Predicate) -> String {
    let field = Wording.harmless(predicate.field)
    return switch predicate.comparison {
    case .equals(let value): "\(field) = \(Wording.harmless(value.text))"
    case .isIn(let values): "\(field) in \(values.map { Wording.harmless($0.text) }.joined(separator: ", "))"
    case .above(let number): "\(field) > \(FieldValue.number(number).text)"
    case .atMost(let number): "\(field) <= \(FieldValue.number(number).text)"
    case .isNull: "\(field) is missing"
    case .hasPrefix(let prefix): "\(field) begins with \(Wording.harmless(prefix))"
    case .contains(let value): "\(field) contains \(Wording.harmless(value.text))"
    }
}

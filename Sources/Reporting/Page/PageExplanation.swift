import DeployModel

/// What sets the failing events apart, on a page: each statement with its share of the failing events and of the others.
struct PageExplanation {
    let explanation: Explanation
    /// Whether what the failures of each cause say stands with the cause.
    var showsSymptomsOfCauses = false

    var content: HTML {
        joined {
            if explanation.outcome == .global {
                HTML(.p) { "Everywhere alike: no field sets \(explanation.ones) apart." }
            }
            for cause in explanation.causes { content(of: cause) }
            if explanation.areNewFailuresFew { newFailures }
            if !explanation.symptoms.isEmpty, !(showsSymptomsOfCauses && explanation.outcome == .causes) {
                table(of: explanation.symptoms)
            }
        }
    }

    /// By what few new failures were told from the others.
    private var newFailures: HTML {
        HTML(.p, .class("note")) {
            "Told by the \(Wording.count(explanation.newFailures.reduce(0) { $0 + $1.errors })) failures that look new: "
            for look in explanation.newFailures.prefix(3) {
                "\(look.field) "
                HTML(.code) { look.value }
                " "
            }
        }
    }

    private func content(of cause: Cause) -> HTML {
        let all = explanation.during
        let passing = all.events - all.errors
        return HTML(.div, .class("cause")) {
            HTML(.h3) { HTML(.code) { cause.predicates.map { describe($0) }.joined(separator: " and ") } }
            HTML(.p, .class("note")) { figures(cause) }
            if all.errors > 0, passing > 0 {
                HTML(.table, .class("bars")) {
                    HTML(.tbody) {
                        row(
                            explanation.isOfSlowEvents ? "of the slow events" : "of the failing events",
                            cause.errors / all.errors, isMost: true)
                        row("of the others", (cause.events - cause.errors) / passing, isMost: false)
                    }
                }
            }
            if !cause.aliases.isEmpty {
                HTML(.p, .class("note")) {
                    "same events as \(cause.aliases.prefix(6).map { describe($0) }.joined(separator: ", "))\(cause.aliases.count > 6 ? " and \(cause.aliases.count - 6) more" : "")"
                }
            }
            if showsSymptomsOfCauses, !cause.symptoms.isEmpty { table(of: cause.symptoms) }
            if !cause.pods.isEmpty {
                HTML(.details) {
                    HTML(.summary) { Wording.counted(cause.pods.count, "pod") }
                    HTML(.p) {
                        for pod in cause.pods.prefix(200) {
                            HTML(.code) { pod }
                            " "
                        }
                        cause.pods.count > 200 ? "…" : ""
                    }
                }
            }
        }
    }

    private func figures(_ cause: Cause) -> String {
        let before = cause.rateBefore.map { "\(Wording.percent($0)) → " } ?? ""
        return [
            "\(Wording.percent(cause.coverage)) of the excess",
            "\(before)\(Wording.percent(cause.rateAfter)) \(explanation.verb)",
            "\(Wording.count(cause.errors)) of \(Wording.count(cause.events)) events",
        ].joined(separator: " · ")
    }

    private func row(_ name: String, _ share: Double, isMost: Bool) -> HTML {
        HTML(.tr) {
            HTML(.td) { name }
            HTML(.td, .class("track")) { bar(share, isMost: isMost) }
            HTML(.td, .class("number")) { Wording.percent(share) }
        }
    }

    private func table(of symptoms: [Symptom]) -> HTML {
        HTML(.div, .class("cause")) {
            HTML(.h3) { explanation.isOfSlowEvents ? "What the slow ones say" : "What the failures say" }
            HTML(.table) {
                HTML(.tbody) {
                    for symptom in symptoms.prefix(8) {
                        HTML(.tr) {
                            HTML(.td, .class("when note")) { brief(symptom.field) }
                            HTML(.td) { HTML(.code) { symptom.value } }
                            HTML(.td, .class("number")) { Wording.count(symptom.errors) }
                        }
                    }
                }
            }
        }
    }
}

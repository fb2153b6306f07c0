public import DeployModel

/// The answer of `explain` as a page.
public func renderHTML(_ comparison: WindowComparison, version: String) -> String {
    let explanation = comparison.explanation
    let title = sentence(explanation)
    return document(title: title) {
        HTML(.header) {
            HTML(.ul, .class("facts")) {
                HTML(.li) { HTML(.strong) { "blamedeploy explain" } }
                HTML(.li) { Wording.span(comparison.interest, style: TextStyle()) }
                HTML(.li) { "\(Wording.count(explanation.during.events)) events" }
            }
            HTML(.h1) { title }
        }
        HTML(.main) {
            compared(comparison)
            if explanation.outcome != .none {
                HTML(.section) {
                    HTML(.h2) { "Where" }
                    PageExplanation(explanation: explanation, showsSymptomsOfCauses: true).content
                }
            }
            if !comparison.inputs.isEmpty { inputs(comparison.inputs) }
            if !comparison.warnings.isEmpty { warnings(comparison.warnings) }
        }
        HTML(.footer) { "blamedeploy \(version) · all times are UTC" }
    }
}

private func compared(_ comparison: WindowComparison) -> HTML {
    let explanation = comparison.explanation
    return HTML(.section) {
        HTML(.h2) {
            "What was compared"
            if let whole = comparison.sampledFrom {
                HTML(.span, .class("note")) {
                    "on a sample that stands for \(Wording.count(whole)) events: counts are estimates"
                }
            }
        }
        HTML(.table) {
            HTML(.tbody) {
                if let baseline = comparison.baseline, let before = explanation.before {
                    row("explained", comparison.interest, explanation.during)
                    row("baseline", baseline, before)
                } else {
                    row("all events", comparison.interest, explanation.during)
                }
            }
        }
    }
}

private func row(_ name: String, _ window: TimeWindow, _ rate: Rate) -> HTML {
    HTML(.tr) {
        HTML(.td) { name }
        HTML(.td, .class("wide")) { Wording.span(window, style: TextStyle()) }
        HTML(.td, .class("number")) { "\(Wording.count(rate.events)) events" }
        HTML(.td, .class("number")) { "\(Wording.percent(rate.value)) failing" }
    }
}

/// The deploys of a window as a page.
///
/// - Parameter failed: deploys that failed or were called off; they stand in a list of their own.
public func renderHTML(
    deploys: [Deploy], failed: [Deploy] = [], source: String, window: TimeWindow, version: String
) -> String {
    let title = deploys.isEmpty ? "No deploy in this window" : Wording.counted(deploys.count, "deploy")
    let span = Wording.span(window, style: TextStyle())
    return document(title: "\(title), \(span)") {
        HTML(.header) {
            HTML(.ul, .class("facts")) {
                HTML(.li) { HTML(.strong) { "blamedeploy deploys" } }
                HTML(.li) { span }
                if !source.isEmpty { HTML(.li) { source } }
            }
            HTML(.h1) { title }
        }
        HTML(.main) {
            if !deploys.isEmpty {
                HTML(.section) {
                    HTML(.h2) { "Deploys" }
                    deployTable(deploys.enumerated().map { (place: $0.offset, deploy: $0.element) })
                }
            }
            if !failed.isEmpty {
                HTML(.section) {
                    HTML(.h2) { "Failed or called off, and not judged" }
                    deployTable(
                        failed.enumerated().map { (place: deploys.count + $0.offset, deploy: $0.element) })
                }
            }
        }
        HTML(.footer) { "blamedeploy \(version) · all times are UTC" }
    }
}

/// What `lint --each` found as a page: the contradictions of each commit that brings some in.
///
/// - Parameters:
///   - judged: how many commits change configuration.
///   - count: how many commits were looked at.
public func renderHTML(commits: [DeployChanges], judged: Int, of count: Int, version: String) -> String {
    let title =
        commits.isEmpty
        ? "No contradictions" : "\(Wording.counted(commits.count, "commit")) with contradictions"
    return document(title: title) {
        HTML(.header) {
            HTML(.ul, .class("facts")) {
                HTML(.li) { HTML(.strong) { "blamedeploy lint" } }
                HTML(.li) { "\(Wording.counted(count, "commit")) looked at" }
                HTML(.li) { "\(judged) of them change configuration" }
            }
            HTML(.h1) { title }
        }
        HTML(.main) { for changes in commits { deployChanges(changes, of: changes.to) } }
        HTML(.footer) { "blamedeploy \(version) · all times are UTC" }
    }
}

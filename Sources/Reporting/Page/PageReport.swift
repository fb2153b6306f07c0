public import DeployModel

/// The report as one self-contained page: no network, light and dark, printable, readable on a telephone and without
/// its script.
public func renderHTML(_ report: Report, version: String) -> String {
    document(title: report.verdict.text) {
        head(report)
        HTML(.main) {
            if let series = report.series, series.slice(report.window).total.events > 0 {
                PageChart(report: report, series: series).figure
            }
            for (index, finding) in report.findings.enumerated() {
                PageFinding(finding: finding, report: report, number: index).section
            }
            for changes in report.changesByDeploy where !changes.changes.isEmpty {
                deployChanges(changes)
            }
            if let asked = report.asked { section(on: asked) }
            if !report.deploys.isEmpty { deploys(report) }
            if !report.findings.isEmpty { reasoning(report) }
            if !report.inputs.isEmpty { inputs(report.inputs) }
            if !report.warnings.isEmpty { warnings(report.warnings) }
        }
        HTML(.footer) { "blamedeploy \(version) · all times are UTC" }
    }
}

/// The changes of a deploy or a range as a page.
///
/// - Parameter command: what was asked: `diff`, or `lint` for contradictions only.
public func renderHTML(_ changes: DeployChanges, command: String = "diff", version: String) -> String {
    let range =
        changes.to.map { "\(changes.from.map(\.abbreviated) ?? "nothing")..\($0.abbreviated)" } ?? "staged"
    let what =
        command == "lint"
        ? Wording.counted(changes.changes.count, "contradiction")
        : Wording.counted(changes.changes.count, "configuration change")
    return document(title: "\(what), \(range)") {
        HTML(.header) {
            HTML(.ul, .class("facts")) {
                HTML(.li) { HTML(.strong) { "blamedeploy \(command)" } }
                HTML(.li) { HTML(.code) { range } }
            }
            HTML(.h1) { what }
        }
        HTML(.main) {
            deployChanges(changes)
            if !changes.otherFiles.isEmpty, command != "lint" {
                HTML(.section) {
                    HTML(.h2) { "Not configuration, and not ranked" }
                    HTML(.ul, .class("reasons")) {
                        for path in changes.otherFiles.prefix(200) { HTML(.li) { HTML(.code) { path } } }
                        if changes.otherFiles.count > 200 {
                            HTML(.li) { "and \(changes.otherFiles.count - 200) more" }
                        }
                    }
                }
            }
            if !changes.warnings.isEmpty { warnings(changes.warnings) }
        }
        HTML(.footer) { "blamedeploy \(version) · all times are UTC" }
    }
}

/// A document with our style and script, and a policy that admits nothing else.
func document(title: String, @HTML.Builder body: () -> HTML) -> String {
    HTML.document(
        head: joined {
            HTML(.meta, .word(.charset, "utf-8")) {}
            HTML(.meta, .word(.policy, "Content-Security-Policy"), .text(.content, PageAsset.policy)) {}
            HTML(.meta, .word(.name, "viewport"), .word(.content, "width=device-width, initial-scale=1")) {}
            HTML(.meta, .word(.name, "referrer"), .word(.content, "no-referrer")) {}
            HTML(.title) { HTML(text: title, limit: 200) }
            HTML(PageAsset.style)
        },
        body: joined {
            body()
            HTML(PageAsset.script)
        })
}

func joined(@HTML.Builder _ parts: () -> HTML) -> HTML { parts() }

// MARK: The head

@HTML.Builder private func head(_ report: Report) -> HTML {
    HTML(.header) {
        HTML(.ul, .class("facts")) {
            HTML(.li) { HTML(.strong) { "blamedeploy" } }
            if let repository = report.repository {
                HTML(.li) {
                    "\(repository.path.split(separator: "/").last.map(String.init) ?? repository.path) @ "
                    HTML(.code) { repository.head.abbreviated }
                }
            }
            HTML(.li) { Wording.span(report.window, style: TextStyle()) }
            if !report.inputs.isEmpty {
                HTML(.li) { "\(Wording.count(report.series?.total.events ?? 0)) events" }
            }
            HTML(.li) {
                "\(Wording.counted(report.deploys.count, "deploy"))\(report.deploySource.isEmpty ? "" : " (\(report.deploySource))")"
            }
            if !report.warnings.isEmpty {
                HTML(.li) {
                    HTML(.a, .link(to: HTML.Anchor("warnings"))) {
                        Wording.counted(report.warnings.count, "warning")
                    }
                }
            }
        }
        HTML(.p, .class(report.verdict.kind == .blamed ? "verdict blamed" : "verdict")) {
            kind(report.verdict)
        }
        HTML(.h1) { report.verdict.text }
        if let deploy = report.deploys.first(where: { $0.id == report.verdict.deploy }) {
            HTML(.p, .class("lede")) { told(deploy) }
        }
        if let minutes = report.neededMinutes {
            HTML(.p, .class("lede")) {
                "It needs \(Wording.counted(minutes, "more minute")) of such traffic."
            }
        }
    }
}

private func kind(_ verdict: Verdict) -> String {
    let probability = Wording.probability(verdict.probability)
    return switch verdict.kind {
    case .blamed: "A deploy is to blame, \(probability) sure"
    case .noDeploy: "No deploy is to blame, \(probability) sure"
    case .unchanged: "Nothing changed, \(probability) sure"
    case .inconclusive: "It cannot be told (\(verdict.reason.replacing("_", with: " ")))"
    }
}

/// `3df571308c  Merge pull request …, Paul Biggar, 22 Jul 13:35`.
@HTML.Builder func told(_ deploy: Deploy) -> HTML {
    HTML(.code) { deploy.shortName }
    " \(deploy.isRollback ? "rollback: " : "")\(deploy.title)\(deploy.title.isEmpty ? "" : " · ")"
    "\(deploy.author)\(deploy.author.isEmpty ? "" : " · ")"
    HTML(.span, .class("when")) { Wording.moment(deploy.startedAt) }
}

/// A name where there is little room.
func brief(_ name: String) -> String {
    Wording.cut(Wording.harmless(String(name.prefix(200))), to: 18, style: TextStyle())
}

// MARK: What was looked at

private func deploys(_ report: Report) -> HTML {
    HTML(.section) {
        HTML(.h2) {
            "Deploys"
            HTML(.span, .class("note")) { omitted(report) }
        }
        deployTable(report.deploysToTell)
    }
}

/// Deploys as a table.
///
/// - Parameter deploys: each with its place among all, which its row is named by.
func deployTable(_ deploys: [(place: Int, deploy: Deploy)]) -> HTML {
    HTML(.table) {
        HTML(.thead) {
            HTML(.tr) {
                HTML(.th, .word(.scope, "col")) { "when" }
                HTML(.th, .word(.scope, "col")) { "what" }
                HTML(.th, .class("number wide"), .word(.scope, "col")) { "configuration files" }
            }
        }
        HTML(.tbody) {
            for (index, deploy) in deploys {
                HTML(.tr, .id(HTML.Anchor("deploy", index))) {
                    HTML(.td, .class("when")) { Wording.moment(deploy.startedAt) }
                    HTML(.td) {
                        HTML(.code) { deploy.shortName }
                        " \(deploy.isRollback ? "rollback: " : "")\(deploy.title)"
                        HTML(.span, .class("note")) { facts(deploy) }
                    }
                    HTML(.td, .class("number wide")) { deploy.configFiles.map(String.init) ?? "" }
                }
            }
        }
    }
}

/// What the table leaves out is told.
private func omitted(_ report: Report) -> String {
    let count = report.deploys.count - report.deploysToTell.count
    return count == 0
        ? report.deploySource
        : "\(report.deploySource); \(count) others are left out, the JSON report has them all"
}

private func facts(_ deploy: Deploy) -> String {
    let reach = deploy.workloads.isEmpty ? nil : "reaches \(deploy.workloads.joined(separator: ", "))"
    let facts = [
        deploy.author, deploy.environment, deploy.service,
        deploy.finishedAt.map { "done \(Wording.moment($0))" }, reach,
    ].compactMap { $0 }.filter { !$0.isEmpty }
    return facts.isEmpty ? "" : " " + facts.joined(separator: " · ")
}

func inputs(_ inputs: [InputSummary]) -> HTML {
    HTML(.section) {
        HTML(.h2) { "What was read" }
        for input in inputs {
            HTML(.h3) { HTML(.code) { input.source } }
            HTML(.p, .class("note")) {
                "\(input.format) · \(Wording.count(input.events)) events · \(Wording.counted(input.skipped, "record")) skipped"
                if let first = input.first, let last = input.last {
                    " · \(Wording.moment(first)) – \(Wording.moment(last))"
                }
            }
            if !input.assumptions.isEmpty {
                HTML(.ul, .class("reasons")) {
                    for assumption in input.assumptions { HTML(.li) { assumption } }
                }
            }
        }
    }
}

func warnings(_ warnings: [Warning]) -> HTML {
    HTML(.section, .id(HTML.Anchor("warnings"))) {
        HTML(.h2) { "Warnings" }
        HTML(.ul, .class("plain warnings")) {
            for warning in warnings {
                HTML(.li) {
                    warning.text
                    if let remedy = warning.remedy { HTML(.p, .class("note")) { "help: \(remedy)" } }
                }
            }
        }
    }
}

private func section(on asked: AskedDeploy) -> HTML {
    HTML(.section) {
        HTML(.h2) { "\(asked.probability > 0.5 ? "Why" : "Why not") \(asked.deploy.shortName)" }
        HTML(.p) {
            "\(Wording.probability(asked.probability)) · \(asked.measure) in the hour before \(Wording.percent(asked.before.value)), in the hour after \(Wording.percent(asked.after.value))"
        }
        HTML(.ul, .class("reasons")) { for reason in asked.reasons { HTML(.li) { reason } } }
    }
}

// MARK: How we know

private func reasoning(_ report: Report) -> HTML {
    HTML(.section) {
        HTML(.h2) {
            "How we know"
            HTML(.span, .class("note")) { "\(report.seriesExamined) series looked at" }
        }
        HTML(.p) {
            "Each deploy, something else at any time, and nothing but noise are weighed against each other: what each is worth before looking, times how much likelier it makes the counts. The probabilities sum to one."
        }
        for (index, finding) in report.findings.enumerated() where !finding.incident.weighed.isEmpty {
            weighing(
                finding.incident, of: report, title: report.findings.count > 1 ? "Incident \(index + 1)" : nil
            )
        }
    }
}

private func weighing(_ incident: Incident, of report: Report, title: String?) -> HTML {
    HTML(.details, .word(.open, "")) {
        HTML(.summary) { "\(title.map { "\($0): the" } ?? "The") reckoning" }
        HTML(.table) {
            HTML(.thead) {
                HTML(.tr) {
                    HTML(.th, .word(.scope, "col")) { "who" }
                    HTML(.th, .class("wide"), .word(.scope, "col")) { "would have begun" }
                    HTML(.th, .class("number"), .word(.scope, "col")) { "evidence, powers of ten" }
                    HTML(.th, .class("number wide"), .word(.scope, "col")) { "before looking" }
                    HTML(.th, .class("number"), .word(.scope, "col")) { "after" }
                }
            }
            HTML(.tbody) {
                for cause in incident.weighed.prefix(12) {
                    HTML(.tr) {
                        HTML(.td) {
                            if let id = cause.deploy {
                                HTML(.code) { report.deploys.first { $0.id == id }?.shortName ?? id }
                            } else {
                                "no deploy"
                            }
                        }
                        HTML(.td, .class("when wide")) { Wording.moment(cause.onset) }
                        HTML(.td, .class("number")) {
                            // Natural logarithms are for those who compute; powers of ten are for those who read.
                            Wording.rounded(cause.logBayesFactor / 2.302_585_092_994_046, decimals: 1)
                        }
                        HTML(.td, .class("number wide")) { Wording.percent(cause.prior) }
                        HTML(.td, .class("number")) { Wording.probability(cause.probability) }
                    }
                }
                HTML(.tr) {
                    HTML(.td) { "only noise" }
                    HTML(.td, .class("wide")) {}
                    HTML(.td, .class("number")) { "0" }
                    HTML(.td, .class("wide")) {}
                    HTML(.td, .class("number")) { Wording.probability(incident.noneProbability) }
                }
            }
        }
    }
}

import DeployModel

/// One incident on a page: how much, how sure, where, and which lines.
struct PageFinding {
    let finding: Finding
    let report: Report
    /// From 0.
    let number: Int

    private var incident: Incident { finding.incident }

    private var blamed: Deploy? {
        incident.suspects.first.flatMap { suspect in
            suspect.probability > 0.5 ? report.deploys.first { $0.id == suspect.deploy } : nil
        }
    }

    private func deploy(_ id: String) -> Deploy? { report.deploys.first { $0.id == id } }

    var section: HTML {
        joined {
            HTML(.section, .id(HTML.Anchor("incident", number))) {
                HTML(.h2) {
                    report.findings.count > 1 ? "Incident \(number + 1)" : "The incident"
                    if incident.scope != .all {
                        HTML(.span, .class("note")) { "in \(incident.scope.description) only" }
                    }
                }
                if let blamed, number > 0 { HTML(.p, .class("lede")) { told(blamed) } }
                figures
            }
            HTML(.section) {
                HTML(.h2) { "Which deploy" }
                suspects
            }
            if finding.explanation.outcome != .none {
                HTML(.section) {
                    HTML(.h2) { "Where" }
                    PageExplanation(explanation: finding.explanation).content
                }
            }
            if !finding.changes.isEmpty { changes }
        }
    }

    // MARK: How much and since when

    private var figures: HTML {
        HTML(.dl, .class("figures")) {
            HTML(.div) {
                HTML(.dt) { measure }
                HTML(.dd, .class("failing")) { change }
                HTML(.dd, .class("note")) { size }
            }
            HTML(.div) {
                HTML(.dt) { "began" }
                HTML(.dd) { Wording.moment(incident.onset) }
                HTML(.dd, .class("note")) {
                    if let blamed {
                        relation(of: incident.onset, to: blamed)
                    } else {
                        "between \(Wording.moment(incident.onsetInterval.lower)) and \(Wording.moment(incident.onsetInterval.upper))"
                    }
                }
            }
            HTML(.div) {
                HTML(.dt) { "lasted" }
                HTML(.dd) {
                    Wording.duration((incident.end ?? report.window.until).seconds(since: incident.onset))
                }
                HTML(.dd, .class("note")) { ended }
            }
            HTML(.div) {
                HTML(.dt) { harm.what }
                HTML(.dd) { harm.count }
                HTML(.dd, .class("note")) { harm.of }
            }
        }
    }

    private var measure: String {
        switch incident.signal {
        case .errorRate: "failing events"
        case .latency: Wording.slowEvents(incident.slowerThan)
        case .volume: "successful events"
        case .newError: "a kind of error not seen before"
        }
    }

    private var change: String {
        switch incident.signal {
        case .errorRate, .latency:
            "\(Wording.percent(incident.baseline.value)) → \(Wording.percent(incident.during.value))"
        case .volume: "fell to \(Wording.percent(incident.ratio))"
        case .newError: incident.scope.name
        }
    }

    private var size: String {
        let style = TextStyle()
        return switch incident.signal {
        case .newError: "in \(Wording.count(incident.during.events)) events"
        default:
            "\(Wording.ratio(incident.ratio, style: style)), 95 % interval \(Wording.range(incident.ratioInterval, style: style))"
        }
    }

    private var ended: String {
        guard let end = incident.end else { return "still going on" }
        let ender = incident.endedBy.map { " by \(deploy($0)?.shortName ?? $0)" } ?? ""
        return "ended \(Wording.moment(end))\(ender)"
    }

    private var harm: (what: String, count: String, of: String) {
        let (errors, excess) = (Wording.count(incident.during.errors), Wording.count(incident.excessErrors))
        return switch incident.signal {
        case .volume: ("successes missing", "about \(excess)", "of what came before")
        case .latency: ("slow events", errors, "\(excess) more than before")
        case .errorRate, .newError: ("failed events", errors, "\(excess) more than before")
        }
    }

    // MARK: Who

    private var suspects: HTML {
        joined {
            HTML(.table, .class("bars")) {
                HTML(.tbody) {
                    for suspect in incident.suspects.prefix(5) where suspect.probability >= 0.005 {
                        row(suspect.probability, isMost: suspect.probability > 0.5) {
                            HTML(.code) { deploy(suspect.deploy)?.shortName ?? suspect.deploy }
                            HTML(.span, .class("note wide")) { " \(deploy(suspect.deploy)?.title ?? "")" }
                        }
                    }
                    row(incident.externalProbability) { "something else, no deploy" }
                    row(incident.noneProbability) { "nothing but noise" }
                }
            }
            if !finding.rollouts.isEmpty {
                HTML(.p, .class("note")) {
                    "New pods first seen: \(finding.rollouts.prefix(8).map { "\($0.workload) \(Wording.moment($0.first))" }.joined(separator: ", "))\(finding.rollouts.count > 8 ? " and \(finding.rollouts.count - 8) more" : "")."
                }
            }
            if let blamed, blamed.commit == nil {
                HTML(.p, .class("note")) {
                    "\(blamed.source == .note ? "This change is not in git" : "Its record names no commit that is known"): there is no configuration to compare."
                }
            }
        }
    }

    private func row(_ probability: Double, isMost: Bool = false, @HTML.Builder name: () -> HTML) -> HTML {
        HTML(.tr) {
            HTML(.td, content: name)
            HTML(.td, .class("track")) { bar(probability, isMost: isMost) }
            HTML(.td, .class("number")) { Wording.probability(probability) }
        }
    }

    // MARK: Which lines

    private var changes: HTML {
        let commits = finding.changes.compactMap(\.commit).reduce(into: [CommitID]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        let isShared = finding.changes.contains { $0.factors.contains { $0.kind == .deploy } }
        return HTML(.section, .class("changes")) {
            HTML(.h2) {
                "Suspicious configuration changes"
                HTML(.span, .class("note")) {
                    if let files = blamed?.configFiles, !isShared {
                        "\(Wording.counted(files, "configuration file")) changed in this deploy"
                    } else {
                        "of \(commits.prefix(3).map(\.abbreviated).joined(separator: ", "))\(commits.count > 3 ? ", …" : "")"
                    }
                }
            }
            PageChanges(changes: finding.changes, showsCommit: commits.count > 1).content
        }
    }
}

/// A bar as long as a share.
func bar(_ share: Double, isMost: Bool) -> HTML {
    HTML(.svg, .class(isMost ? "bar most" : "bar"), .word(.isHidden, "true")) {
        HTML(.rect, .share(.width, share.clamped(to: 0...1)), .share(.height, 1)) {}
    }
}

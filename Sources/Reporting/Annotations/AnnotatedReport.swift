public import DeployModel

extension AnnotatedResult {
    /// What an investigation or a check found: a remark for each incident, and one for each line that may have made it.
    ///
    /// - Parameters:
    ///   - command: `investigate`, or `check`, where whatever changed is an error.
    ///   - ruleTitles: what each fault class says, by its slug.
    public init(_ report: Report, command: String, ruleTitles: [String: String] = [:]) {
        let isCheck = command == "check"
        var marked: [Annotation] = []
        var unexplained: [Annotation] = []
        var blame: [String: [Annotation]] = [:]
        for finding in report.findings {
            let told = Annotation(finding.incident, of: report, isCheck: isCheck)
            marked.append(told)
            if let deploy = finding.incident.blamed?.deploy {
                blame[deploy, default: []].append(told)
            } else {
                unexplained.append(told)
            }
            marked += finding.changes.compactMap { change in
                guard var annotation = Annotation(ranked: change) else { return nil }
                annotation.details.append(told.title)
                return annotation
            }
        }
        marked += report.changesByDeploy.flatMap(\.changes).compactMap(Annotation.init(ranked:))
        let verdict = report.verdict
        let isUndecided = verdict.kind == .inconclusive && report.findings.isEmpty
        if isUndecided {
            let minutes = report.neededMinutes.map { ["needs about \($0) more minutes of such traffic"] }
            marked.append(
                Annotation(
                    rule: RemarkKind.inconclusive.rawValue, level: .warning,
                    title: Wording.harmless(verdict.text), details: minutes ?? [], place: nil,
                    subject: verdict.reason))
        }
        self.command = command
        self.ruleTitles = ruleTitles
        sentence = Wording.harmless(verdict.text)
        annotations = (marked + report.warnings.map(Annotation.init)).worstFirst()
        markdown = renderMarkdown(report, command: command, isWhole: true)
        cases = report.deploys.map { deploy in
            let failures = blame[deploy.id] ?? []
            return Case(
                name: Wording.harmless("deploy \(deploy.shortName) \(deploy.title)"),
                outcome: failures.isEmpty ? .passed : .failed, details: failures.flatMap(\.lines))
        }
        cases.append(
            Case(
                name: "nothing changed that no deploy explains",
                outcome: unexplained.isEmpty ? .passed : .failed, details: unexplained.flatMap(\.lines)))
        cases.append(
            Case(
                name: "enough is known to judge", outcome: isUndecided ? .undecided : .passed,
                details: isUndecided ? [sentence] : []))
    }
}

extension Annotation {
    fileprivate var lines: [String] { [title] + details }

    fileprivate init(_ incident: Incident, of report: Report, isCheck: Bool) {
        let style = TextStyle()
        let blamed = incident.blamed.flatMap { suspect in report.deploys.first { $0.id == suspect.deploy } }
        let kind: RemarkKind =
            incident.blamed != nil
            ? .regression : incident.externalProbability > 0.5 ? .unexplainedChange : .sharedBlame
        let who = blamed.map {
            "deploy \(Wording.harmless($0.shortName)) \(Wording.harmless($0.title)) (\(Wording.harmless($0.author)))"
        }
        let scope = incident.scope
        self.init(
            rule: kind.rawValue, level: kind == .regression || isCheck ? .error : .warning,
            title: whatChanged(incident, style: style),
            details: [who].compactMap { $0 } + [
                suspicion(incident, report: report, style: style),
                course(incident, blamed: blamed, report: report, style: style),
            ],
            place: nil,
            subject: [incident.signal.rawValue, scope.kind.rawValue, scope.name].joined(separator: "\0"))
    }
}

/// What changed, by how much and where, in one line.
func whatChanged(_ incident: Incident, style: TextStyle) -> String {
    let name = Wording.harmless(incident.scope.name)
    let place = incident.scope == .all ? "" : " in \(name) only"
    let change =
        "\(Wording.percent(incident.baseline.value)) \(style.arrow) \(Wording.percent(incident.during.value))"
    let size =
        "(\(Wording.ratio(incident.ratio, style: style)), 95 % interval \(Wording.range(incident.ratioInterval, style: style)))"
    return switch incident.signal {
    case .errorRate: "failing events \(change) \(size)\(place)"
    case .latency: "slow events \(change) \(size)\(place)"
    case .volume: "successful events fell to \(Wording.percent(incident.ratio)) of what they were\(place)"
    case .newError: "a kind of error not seen before: \(name)"
    }
}

public import DeployModel

/// From this score on a change is worth a warning.
private let warningScore = 60.0
/// Below this score a change is innocent, and no line is marked for it.
private let innocentScore = 20.0

extension AnnotatedResult {
    /// What `lint` or `diff` found.
    ///
    /// - Parameters:
    ///   - command: `lint`, where every change is an error, or `diff`, where the score decides: a warning from 60 on, a notice
    ///     from 20 on, and none below.
    ///   - ruleTitles: what each fault class says, by its slug.
    public init(_ changes: DeployChanges, command: String, ruleTitles: [String: String] = [:]) {
        self.init(
            [changes], command: command, ruleTitles: ruleTitles,
            markdown: renderMarkdown(changes, command: command, isWhole: true),
            nothing:
                "no contradictions in \(Wording.counted(changes.configFiles, "configuration file"))")
    }

    /// What `lint --each` found.
    ///
    /// - Parameter judged: how many commits were judged.
    public init(commits: [DeployChanges], judged: Int, ruleTitles: [String: String] = [:]) {
        let markdown = commits.map { renderMarkdown($0, command: "lint", isWhole: true) + "\n" }.joined()
        let told = "\(commits.count) with contradictions, of \(Wording.counted(judged, "commit"))"
        self.init(
            commits, command: "lint", ruleTitles: ruleTitles, markdown: markdown + told + "\n",
            nothing: "no contradictions in \(Wording.counted(judged, "commit"))")
    }

    private init(
        _ list: [DeployChanges], command: String, ruleTitles: [String: String], markdown: String,
        nothing: String
    ) {
        let isLint = command == "lint"
        let ranked = list.flatMap(\.changes)
        let marked = ranked.compactMap { change in
            isLint ? Annotation(change, level: .error) : Annotation(ranked: change)
        }
        let remarks = Set(list.flatMap(\.warnings)).sorted { ($0.code, $0.text) < ($1.code, $1.text) }
        self.command = command
        self.ruleTitles = ruleTitles
        self.markdown = markdown
        annotations = (marked + remarks.map(Annotation.init)).worstFirst()
        if isLint {
            sentence = marked.isEmpty ? nothing : Wording.counted(marked.count, "contradiction")
        } else {
            sentence =
                "\(Wording.counted(ranked.count, "configuration change")), \(marked.count) of them worth a look"
        }
        cases = marked.map { annotation in
            Case(
                name: annotation.title, outcome: isLint ? .failed : .passed, details: annotation.details,
                place: annotation.place)
        }
        if cases.isEmpty { cases = [Case(name: isLint ? nothing : sentence, outcome: .passed)] }
    }
}

extension Annotation {
    /// A change that is not innocent.
    init?(ranked: RankedChange) {
        guard ranked.score >= innocentScore else { return nil }
        self.init(ranked, level: ranked.score >= warningScore ? .warning : .notice)
    }

    /// A change: what became what, why it is suspicious, how to mend it.
    init(_ ranked: RankedChange, level: Level, details more: [String] = []) {
        let change = ranked.change
        let object = change.object.map { object in
            let name = "\(object.kind)/\(object.name)"
            return object.container.map { "\(name) ▸ \($0)" } ?? name
        }
        let field = [object, change.fieldPath].compactMap { $0 }.filter { !$0.isEmpty }.joined(
            separator: " ▸ ")
        let values =
            switch (change.before, change.after) {
            case (let before?, let after?): ": \(shortened(before)) → \(shortened(after))"
            case (let before?, nil): ": \(shortened(before)) → (removed)"
            case (nil, let after?): ": (new) → \(shortened(after))"
            case (nil, nil): ""
            }
        let reasons = ranked.evidence.filter { $0.weight >= 0 }.prefix(4).map { Wording.harmless($0.text) }
        let mend = ranked.mend.map { ["mend: \(Wording.harmless($0))"] } ?? []
        let line = max(1, change.line)
        self.init(
            rule: ranked.fault ?? RemarkKind.configChange.rawValue, level: level,
            title: Wording.harmless(field) + values, details: reasons + mend + more,
            place: Place(path: change.path, line: line, endLine: max(line, change.endLine)),
            subject: [change.object?.namespace ?? "", field].joined(separator: "\0"))
    }

    /// What the reader must know.
    init(_ warning: Warning) {
        self.init(
            rule: RemarkKind.remark.rawValue, level: .notice, title: Wording.harmless(warning.text),
            details: warning.remedy.map { ["help: \(Wording.harmless($0))"] } ?? [], place: nil,
            subject: "\(warning.code)\0\(warning.text)")
    }
}

private func shortened(_ value: String) -> String {
    let harmless = Wording.harmless(value)
    return harmless.isEmpty ? "\"\"" : harmless.count > 120 ? String(harmless.prefix(119)) + "…" : harmless
}

extension [Annotation] {
    /// The worst first, otherwise in the order that they have: those who show only some show these.
    func worstFirst() -> [Annotation] {
        Annotation.Level.allCases.sorted(by: >).flatMap { level in filter { $0.level == level } }
    }
}

public import DeployModel

/// Which field plays which role, and how failing is told.
public struct RoleAssignment: Sendable {
    /// How an event is told to have failed.
    package enum FailureRule: Sendable {
        /// A flag, or a text that is there only on failures.
        case flag
        /// A status of 500 and above.
        case status
        /// A level of error, fatal, critical, alert or emergency.
        case level
        /// The word failure or error.
        case outcome
        /// A flag that is false on failures.
        case successFlag
        /// The expression of `--error`.
        case expression
        /// Counts of a pre-aggregated row.
        case counts
    }

    /// The field of each role.
    public internal(set) var fields: [FieldRole: String] = [:]
    /// How times are written.
    public internal(set) var timeFormat: TimeFormat
    package internal(set) var failure: FailureRule
    package internal(set) var expression: ErrorExpression?
    /// The fields that failing is told by where an expression tells it.
    public var outcomeFields: [String] { expression?.fields ?? [] }
    /// Whether each record is one event, and neither a row of counts nor one event that stands for several.
    package var countsEachRecordOnce: Bool {
        failure != .counts && fields[.weight] == nil && fields[.count] == nil
    }
    /// One sentence for each thing that was taken for granted.
    public internal(set) var assumptions: [String] = []

    /// Chooses fields by name and content; what the user mapped comes first, and must be there.
    init(_ survey: FieldSurvey, options: IngestOptions, source: String) throws(IngestError) {
        fields = options.roleFields
        let time =
            fields[.time] ?? FieldNames.first(.time, in: survey) { $0.timeFormat != nil }
            ?? survey.fields.first { $0.timeFormat != nil && $0.count * 10 >= survey.records * 9 }?.name
        guard let time, let format = survey.field(time)?.timeFormat else {
            throw IngestError(
                .missingRole, "no field says when an event happened", at: source,
                remedy: "name it with --map time=FIELD; \(seenFields(survey))")
        }
        fields[.time] = time
        timeFormat = format
        failure = .flag
        expression = try options.errorExpression.map { (text) throws(IngestError) in try ErrorExpression(text)
        }
        try chooseFailure(survey, source: source)
        for role in [FieldRole.weight, .workload, .pod, .message, .version, .duration]
        where fields[role] == nil {
            fields[role] = FieldNames.first(role, in: survey) { field in
                switch role {
                case .weight, .duration: field.isNumeric
                case .message: field.name != fields[.error] && !field.isNumeric
                default: field.booleans == 0
                }
            }
        }
        if fields[.workload] == nil, fields[.pod] == nil {
            fields[.workload] = FieldNames.services.lazy.compactMap { survey.matching($0)?.name }.first
        }
        assumptions = sentences(options: options)
    }

    private mutating func chooseFailure(_ survey: FieldSurvey, source: String) throws(IngestError) {
        if expression != nil {
            failure = .expression
            return
        }
        if try chooseCounts(survey, source: source) { return }
        if let mapped = fields[.error], let field = survey.field(mapped) {
            failure = Self.rule(for: field) ?? .flag
            return
        }
        for name in FieldNames.names(.error) {
            guard let field = survey.matching(name), let rule = Self.rule(for: field) else { continue }
            fields[.error] = field.name
            failure = rule
            return
        }
        throw IngestError(
            .missingRole, "no field says whether an event failed", at: source,
            remedy: "name it with --map error=FIELD, or say --error 'status >= 500'; \(seenFields(survey))")
    }

    /// Pre-aggregated rows: a count of failures beside a count of successes or of all.
    private mutating func chooseCounts(_ survey: FieldSurvey, source: String) throws(IngestError) -> Bool {
        let isMapped = fields[.errors] != nil || fields[.successes] != nil || fields[.count] != nil
        func numeric(_ role: FieldRole) -> String? { FieldNames.first(role, in: survey) { $0.isNumeric } }
        let errors = fields[.errors] ?? numeric(.errors)
        let successes = fields[.successes] ?? (fields[.count] == nil ? numeric(.successes) : nil)
        let count = fields[.count] ?? (successes == nil ? numeric(.count) : nil)
        guard let errors, successes != nil || count != nil, fields[.error] == nil || isMapped else {
            guard !isMapped else {
                throw IngestError(
                    .missingRole, "counts need both failures and successes (or all)", at: source,
                    remedy: "say --map errors=FIELD --map successes=FIELD (or --map count=FIELD)",
                    about: [FieldRole.errors, .successes, .count].first { fields[$0] != nil }.map {
                        .role($0)
                    })
            }
            return false
        }
        // A flag beside a count is no row of counts: `error: 0 or 1` with `count: 5` is an event of weight 5.
        let isCount = isMapped || (survey.field(errors)?.beyondFlag ?? 0) > 0 || successes != nil
        guard isCount else { return false }
        fields[.errors] = errors
        fields[.successes] = successes
        fields[.count] = count
        fields[.error] = nil
        failure = .counts
        if fields[.errorKinds] == nil {
            fields[.errorKinds] = FieldNames.first(.errorKinds, in: survey) { _ in true }
        }
        return true
    }

    private static func rule(for field: FieldSurvey.Field) -> FailureRule? {
        let last = (field.name.split(separator: ".").last.map(String.init) ?? field.name).lowercased()
        if field.count == 0 { return last.contains("err") || last.contains("exception") ? .flag : nil }
        if field.booleans == field.count {
            return last.hasPrefix("success") || last == "ok" ? .successFlag : .flag
        }
        if field.isNumeric {
            if field.statuses == field.count { return .status }
            return field.beyondFlag == 0 ? (last.hasPrefix("success") ? .successFlag : .flag) : nil
        }
        let words = Set(field.texts.map { $0.lowercased() })
        if !words.isDisjoint(with: ["info", "warn", "warning", "debug", "notice", "critical", "fatal"]) {
            return .level
        }
        if !words.isDisjoint(with: ["success", "failure", "ok", "failed", "succeeded", "unset"]) {
            return .outcome
        }
        if ["level", "severity", "severitytext"].contains(last) { return .level }
        if words.contains("true") || words.contains("false") { return .flag }
        // A text such as an error's message or type, there only on failures.
        return last.contains("err") || last.contains("exception") ? .flag : nil
    }

    func sentences(options: IngestOptions) -> [String] {
        var sentences = ["time = \(fields[.time] ?? "") (\(timeFormat.words))"]
        let field = fields[.error] ?? ""
        switch failure {
        case .flag: sentences.append("failing = \(field) is set")
        case .status: sentences.append("failing = \(field) of 500 and above")
        case .level: sentences.append("failing = \(field) of error and above")
        case .outcome: sentences.append("failing = \(field) is a failure")
        case .successFlag: sentences.append("failing = \(field) is false")
        case .expression: sentences.append("failing = \(options.errorExpression ?? "")")
        case .counts:
            let rest = fields[.successes].map { "successes = \($0)" } ?? "all = \(fields[.count] ?? "")"
            sentences.append("rows are counts: errors = \(fields[.errors] ?? ""), \(rest)")
        }
        if fields[.workload] == nil, fields[.pod] != nil { sentences.append("workload from pod names") }
        if failure != .counts, let count = fields[.count] {
            sentences.append("each row stands for \(count) events")
        }
        for role in [FieldRole.workload, .pod, .version, .message, .weight] {
            if let name = fields[role] { sentences.append("\(role.rawValue) = \(name)") }
        }
        return sentences
    }
}

extension FieldSurvey {
    /// The field that a name of the lists means: exactly, behind `data.`, else whatever the case, else inside an envelope.
    func matching(_ name: String) -> Field? {
        if let exact = field(name) ?? field("data.\(name)") { return exact }
        let lowered = name.lowercased()
        // Which field came first depends on the order of the events.
        func first(_ fits: (Field) -> Bool) -> Field? { fields.filter(fits).min { $0.name < $1.name } }
        return first { $0.name.lowercased() == lowered }
            ?? first { Envelope.contents(of: $0.name).lowercased() == lowered }
    }
}

func seenFields(_ survey: FieldSurvey) -> String {
    let names = survey.names.sorted()
    return "fields seen: \(names.prefix(30).joined(separator: ", "))\(names.count > 30 ? ", …" : "")"
}

/// The known name with the fewest edits to a mistyped one, if it is near.
func nearest(to name: String, among known: [String]) -> String? {
    let scored = known.map {
        (name: $0, distance: editDistance(name.lowercased(), $0.lowercased()))
    }
    let best = scored.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return best.flatMap { $0.distance <= max(2, name.count / 3) ? $0.name : nil }
}

import DeployModel

/// One event as counted: a raw event, or a row of counts.
struct CountedEvent {
    var time: Instant
    var events: Double
    var errors: Double
    /// Whether it is a row of counts, which stands for all the time until the next one.
    var isRow = false
    var isFailing: Bool { errors > 0 }
}

/// What failing events say of themselves, in any case of letters.
package enum FailureWords {
    /// As a level.
    package static let levels = [
        "error", "err", "fatal", "critical", "crit", "alert", "emergency", "emerg", "panic",
    ]
    /// As an outcome.
    package static let outcomes = ["failure", "failed", "error", "fail", "err"]
    /// The lowest status that says so.
    package static let leastStatus = 500.0
    /// Texts that count as no where a field alone is asked for, besides the empty one.
    package static let negative = ["false", "False", "FALSE", "0", "null", "none", "None", "-"]
}

/// Reads the roles out of records whose fields were read for it.
package struct EventReading {
    /// The place of each role's field in a record, or −1 when no field has that role.
    struct Places {
        var time = -1, error = -1, errors = -1, successes = -1, count = -1, errorKinds = -1, weight = -1
        var workload = -1, pod = -1, message = -1, version = -1, duration = -1
    }

    /// How much of each event is looked at.
    enum Depth {
        /// When it happened and whether it failed.
        case outcome
        /// Also which scopes it is counted in.
        case scopes
    }

    /// The names of the fields that records must be read for.
    let wanted: [String]
    private let roles: RoleAssignment
    let places: Places
    private let expressionPlaces: [Int]
    private var dates = DateCache()
    /// For each field of the expression whether some record had it.
    private var isSeen: [Bool]
    /// The fields of the expression that some record had.
    var seen: Set<String> {
        Set(zip(roles.expression?.fields ?? [], isSeen).filter(\.1).map(\.0))
    }

    /// A text of more letters is no number.
    package static let longestNumber = 400

    /// Beyond this a double cannot count.
    package static let largestCount = 9_007_199_254_740_992.0

    init(_ roles: RoleAssignment, depth: Depth) {
        self.roles = roles
        var outcome: [FieldRole] = [.time, .count]
        switch roles.failure {
        case .counts: outcome += [.errors, .successes]
        case .expression: outcome += [.weight]
        case .flag, .status, .level, .outcome, .successFlag: outcome += [.weight, .error]
        }
        let scopes: [FieldRole] = [.workload, .pod, .duration, .version, .errorKinds, .message]
        let read = Set(depth == .outcome ? outcome : outcome + scopes)
        let names = FieldRole.allCases.filter(read.contains).compactMap { roles.fields[$0] }
        wanted = names + (roles.expression?.fields ?? [])
        let fields = WantedFields(wanted)
        func place(_ role: FieldRole) -> Int {
            read.contains(role) ? roles.fields[role].flatMap { fields.place(of: $0) } ?? -1 : -1
        }
        places = Places(
            time: place(.time), error: place(.error), errors: place(.errors), successes: place(.successes),
            count: place(.count), errorKinds: place(.errorKinds), weight: place(.weight),
            workload: place(.workload), pod: place(.pod), message: place(.message), version: place(.version),
            duration: place(.duration))
        expressionPlaces = (roles.expression?.fields ?? []).map { fields.place(of: $0) ?? -1 }
        isSeen = expressionPlaces.map { _ in false }
    }

    /// Reads a record, or says why it is none.
    mutating func read(_ record: Record) -> Result<CountedEvent, RecordFailure> {
        let time = record[places.time]
        guard time.isPresent else {
            return .failure(RecordFailure(reason: "it has no \(roles.fields[.time] ?? "time")"))
        }
        guard let instant = roles.timeFormat.instant(time, cache: &dates) else {
            return .failure(
                RecordFailure(
                    reason:
                        "its time '\(time.string.prefix(40))' is not \(roles.timeFormat.words) like the others"
                ))
        }
        if roles.failure == .counts { return counts(record, at: instant) }
        var weightField = record[places.weight]
        if !weightField.isPresent { weightField = record[places.count] }
        let weight = weightField.isPresent ? Self.number(weightField) ?? 1 : 1
        guard weight > 0, weight <= Self.largestCount else {
            return .failure(RecordFailure(reason: "its weight is not a positive number below 2^53"))
        }
        return .success(CountedEvent(time: instant, events: weight, errors: isFailing(record) ? weight : 0))
    }

    private mutating func counts(_ record: Record, at time: Instant) -> Result<CountedEvent, RecordFailure> {
        let errors = Self.number(record[places.errors]) ?? 0
        let successes = Self.number(record[places.successes])
        let all = Self.number(record[places.count])
        guard let events = successes.map({ $0 + errors }) ?? all, errors >= 0, events >= errors,
            events <= Self.largestCount
        else {
            return .failure(
                RecordFailure(
                    reason: "its counts are not numbers up to 2^53, or there are more errors than events"))
        }
        return .success(CountedEvent(time: time, events: events, errors: errors, isRow: true))
    }

    private mutating func isFailing(_ record: Record) -> Bool {
        if let expression = roles.expression {
            for (index, place) in expressionPlaces.enumerated() where record[place].kind != .missing {
                isSeen[index] = true
            }
            return expression.holds { record[expressionPlaces[$0]] }
        }
        let field = record[places.error]
        guard field.isPresent else { return false }
        switch roles.failure {
        case .flag: return isTruthy(field)
        case .successFlag: return !isTruthy(field)
        case .status: return (Self.number(field) ?? 0) >= FailureWords.leastStatus
        case .level: return FailureWords.levels.contains { matchesIgnoringCase(field.text, $0) }
        case .outcome: return FailureWords.outcomes.contains { matchesIgnoringCase(field.text, $0) }
        case .expression, .counts: return false
        }
    }

    static func number(_ field: RecordField) -> Double? {
        switch field.kind {
        case .number, .bool: field.number
        case .string: parseNumber(field.text)
        case .missing, .null, .array: nil
        }
    }
}

private func matchesIgnoringCase(_ text: UnsafeRawBufferPointer, _ word: String) -> Bool {
    text.count == word.utf8.count && zip(text, word.utf8).allSatisfy { ($0 | 0x20) == $1 }
}

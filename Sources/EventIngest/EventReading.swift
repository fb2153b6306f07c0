import DeployModel

/// One event as counted: a raw event, or a row of counts.
struct CountedEvent {
    var time: Instant
    var events: Double
    var errors: Double
    var isFailing: Bool { errors > 0 }
}

/// Reads the roles out of records, remembering where in the record each field was the last time.
struct EventReading {
    private let roles: RoleAssignment
    private var slots: [Slot]
    private var expressionSlots: [Slot]
    private var dates = DateCache()
    /// For each field of the expression whether some record had it.
    private var isSeen: [Bool]
    /// The fields of the expression that some record had.
    var seen: Set<String> {
        Set(zip(roles.expression?.fields ?? [], isSeen).filter(\.1).map(\.0))
    }

    /// Where a field was found last.
    private struct Slot {
        let path: [UInt8]
        var position = 0

        mutating func find(_ fields: [RecordField]) -> RecordField? {
            if position < fields.count, fields[position].isNamed(path) { return fields[position] }
            for index in fields.indices where fields[index].isNamed(path) {
                position = index
                return fields[index]
            }
            return nil
        }
    }

    private static let order = FieldRole.allCases
    /// Beyond this a double cannot count.
    private static let largestCount = 9_007_199_254_740_992.0

    init(_ roles: RoleAssignment) {
        self.roles = roles
        slots = Self.order.map { Slot(path: Array((roles.fields[$0] ?? "").utf8)) }
        expressionSlots = roles.expression?.fields.map { Slot(path: Array($0.utf8)) } ?? []
        isSeen = expressionSlots.map { _ in false }
    }

    /// The field of a role in a record; `nil` when it has none, or a null.
    mutating func field(_ role: FieldRole, of record: Record) -> RecordField? {
        guard roles.fields[role] != nil, let slot = Self.order.firstIndex(of: role) else { return nil }
        return slots[slot].find(record.fields).flatMap { $0.kind == .null ? nil : $0 }
    }

    /// Reads a record, or says why it is none.
    mutating func read(_ record: Record) -> Result<CountedEvent, RecordFailure> {
        guard let time = field(.time, of: record) else {
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
        let weight =
            (field(.weight, of: record) ?? field(.count, of: record)).flatMap(Self.number) ?? 1
        guard weight > 0, weight <= Self.largestCount else {
            return .failure(RecordFailure(reason: "its weight is not a positive number below 2^53"))
        }
        return .success(CountedEvent(time: instant, events: weight, errors: isFailing(record) ? weight : 0))
    }

    private mutating func counts(_ record: Record, at time: Instant) -> Result<CountedEvent, RecordFailure> {
        let errors = field(.errors, of: record).flatMap(Self.number) ?? 0
        let successes = field(.successes, of: record).flatMap(Self.number)
        let all = field(.count, of: record).flatMap(Self.number)
        guard let events = successes.map({ $0 + errors }) ?? all, errors >= 0, events >= errors,
            events <= Self.largestCount
        else {
            return .failure(
                RecordFailure(
                    reason: "its counts are not numbers up to 2^53, or there are more errors than events"))
        }
        return .success(CountedEvent(time: time, events: events, errors: errors))
    }

    private mutating func isFailing(_ record: Record) -> Bool {
        if let expression = roles.expression {
            let values = expressionSlots.indices.map { expressionSlots[$0].find(record.fields) }
            for index in values.indices where values[index] != nil { isSeen[index] = true }
            return expression.holds(values)
        }
        guard let field = field(.error, of: record) else { return false }
        switch roles.failure {
        case .flag: return isTruthy(field)
        case .successFlag: return !isTruthy(field)
        case .status: return (Self.number(field) ?? 0) >= 500
        case .level:
            return ["error", "err", "fatal", "critical", "crit", "alert", "emergency", "emerg", "panic"]
                .contains {
                    matchesIgnoringCase(field.text, $0)
                }
        case .outcome:
            return ["failure", "failed", "error", "fail", "err"].contains {
                matchesIgnoringCase(field.text, $0)
            }
        case .expression, .counts: return false
        }
    }

    static func number(_ field: RecordField) -> Double? {
        switch field.kind {
        case .number, .bool: field.number
        case .string: parseNumber(field.text)
        default: nil
        }
    }
}

private func matchesIgnoringCase(_ text: UnsafeRawBufferPointer, _ word: String) -> Bool {
    text.count == word.utf8.count && zip(text, word.utf8).allSatisfy { ($0 | 0x20) == $1 }
}

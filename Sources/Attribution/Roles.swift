import DeployModel

/// What each field can be: a candidate for a cause, a symptom, or neither.
struct Roles {
    /// Indices of fields whose values may be causes.
    private(set) var candidates: [Int] = []
    /// Indices of fields that describe failures.
    private(set) var symptoms: [Int] = []
    /// For each field the odds, as a logarithm, that it describes failures, before any event was looked at.
    private(set) var suspicion: [Double] = []
    /// For each field, whether its values come and go with deploys.
    private(set) var isDeployIdentity: [Bool] = []

    init(of sample: Sample, in table: EventTable, options: AttributionOptions) {
        let described = [FieldRole.message, .duration, .errorKinds].compactMap { table.roles[$0] }
        let clock = Clock(sample.interest.times)
        for (index, field) in sample.fields.enumerated() {
            let name = FieldName(field.name)
            let settled = options.causeFields.contains(field.name)
            let isTold =
                options.symptomFields.contains(field.name) || described.contains(field.name)
                || options.outcomeFields.contains(field.name) && !name.isKnownBefore
            let isOrigin =
                name.isKnownBefore || field.holdsPods
                || [.pod, .workload, .version].contains { table.roles[$0] == field.name }
            suspicion.append(settled ? -.infinity : Self.prior(field, isOrigin: isOrigin))
            isDeployIdentity.append(name.isDeployIdentity || field.holdsPods)
            if !settled {
                let restates = isTold || name.isSymptom || !isOrigin && Outcome.isRestated(by: field, sample)
                if restates {
                    symptoms.append(index)
                    continue
                }
                if Self.isIdentifier(field, sample) || clock.isTold(by: field) { continue }
            }
            if Self.varies(field) { candidates.append(index) }
        }
    }

    /// Whether a field holds numbers that may have been taken after the event ended.
    func isMeasurement(_ field: Int) -> Bool { suspicion[field] > Self.suspicionOfLabels }

    /// Moves a field from the candidates to the symptoms.
    mutating func convict(_ field: Int) {
        candidates.removeAll { $0 == field }
        if !symptoms.contains(field) { symptoms.append(field) }
    }

    private static let suspicionOfLabels = -4.0

    /// Measurements describe events more often than labels do.
    private static func prior(_ field: Field, isOrigin: Bool) -> Double {
        if isOrigin { return field.isNumeric ? -6 : -8 }
        guard field.isNumeric else { return suspicionOfLabels }
        return field.ascending.count > 30 ? -1 : -1.5
    }

    private static func varies(_ field: Field) -> Bool {
        guard let first = field.codes.first else { return false }
        return field.codes.contains { $0 != first }
    }

    /// A text that is another in most events, and in no group of failing ones the same.
    private static func isIdentifier(_ field: Field, _ sample: Sample) -> Bool {
        guard !field.isNumeric, field.elements.isEmpty else { return false }
        var rows = [Int](repeating: 0, count: field.values.count + 1)
        var errors = [Double](repeating: 0, count: field.values.count + 1)
        for row in field.codes.indices {
            rows[Int(field.codes[row])] += 1
            errors[Int(field.codes[row])] += sample.interest.errorWeights[row]
        }
        let present = field.codes.count - rows[Int(field.missing)]
        let distinct = rows.dropLast().reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
        let heaviest = errors.dropLast().max() ?? 0
        return Double(distinct) > 0.5 * Double(present) && heaviest < max(5, 0.02 * sample.errors)
    }
}

/// Recognises fields that only tell the time: timestamps, offsets, sequence numbers.
private struct Clock {
    let isLate: [Bool]

    init(_ times: [Instant]) {
        let middle = times.isEmpty ? Instant(seconds: 0) : times.sorted()[times.count / 2]
        isLate = times.map { $0 >= middle }
    }

    /// A number that is above its median in the later half of the events, and only there.
    func isTold(by field: Field) -> Bool {
        guard field.ascending.count > 100 else { return false }
        var rows = [Int](repeating: 0, count: field.values.count + 1)
        for code in field.codes { rows[Int(code)] += 1 }
        let present = field.ascending.reduce(0) { $0 + rows[Int($1)] }
        guard present > 100 else { return false }
        var isHigh = [Bool](repeating: false, count: field.values.count + 1)
        var below = 0
        for code in field.ascending {
            isHigh[Int(code)] = 2 * below >= present
            below += rows[Int(code)]
        }
        var agreeing = 0
        for row in field.codes.indices where field.codes[row] != field.missing {
            if isHigh[Int(field.codes[row])] == isLate[row] { agreeing += 1 }
        }
        return Double(agreeing) > 0.98 * Double(present)
    }
}

/// Recognises fields that restate how an event ended.
private enum Outcome {
    static func isRestated(by field: Field, _ sample: Sample) -> Bool {
        let now = Tally(field.codes, field.values.count, sample.interest)
        if isFilledOnFailure(now, sample.interest) { return true }
        // The time before is the better witness: no cause of this incident was at work then.
        let before = Tally(field.baselineCodes, field.values.count, sample.baseline)
        if sample.baseline.errors >= 10 { return before.isPure(share: 0.5, field) }
        return Tally(now, before).isPure(share: 0.9, field)
    }

    /// Present in less than 0.5 % of the passing and in more than 20 % of the failing events.
    private static func isFilledOnFailure(_ tally: Tally, _ rows: Sample.Rows) -> Bool {
        let missing = tally.events.count - 1
        let (events, errors) = (rows.events, rows.errors)
        let present = events - tally.events[missing]
        let failing = errors - tally.errors[missing]
        guard events > errors else { return false }
        return present - failing < 0.005 * (events - errors) && failing > 0.2 * errors
    }

    struct Tally {
        var events: [Double]
        var errors: [Double]

        init(_ codes: [Int32], _ distinct: Int, _ rows: Sample.Rows) {
            events = Array(repeating: 0, count: distinct + 1)
            errors = events
            for row in codes.indices {
                events[Int(codes[row])] += rows.weights[row]
                errors[Int(codes[row])] += rows.errorWeights[row]
            }
        }

        init(_ a: Tally, _ b: Tally) {
            events = zip(a.events, b.events).map { $0 + $1 }
            errors = zip(a.errors, b.errors).map { $0 + $1 }
        }

        /// Whether values that (nearly) only failing events have hold this share of the failing events.
        func isPure(share: Double, _ field: Field) -> Bool {
            guard field.ascending.count <= 200 else { return false }
            var held = 0.0
            for code in events.indices where (errors[code] + 0.5) / (events[code] + 1) >= 0.9 {
                held += errors[code]
            }
            return held > 0 && held >= share * errors.reduce(0, +)
        }
    }
}

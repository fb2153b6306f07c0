import DeployModel
import Parallel

/// One field of the rows that are looked at, dictionary-encoded; a missing field has the code ``missing``.
struct Field {
    let name: String
    let values: [FieldValue]
    /// A code for each row of the window of interest.
    let codes: [Int32]
    /// A code for each row of the baseline.
    let baselineCodes: [Int32]
    /// The elements of the values that are arrays, by code.
    let elements: [Int32: [FieldValue]]
    /// The number that each value is, not-a-number for other values; empty when the field is not numeric.
    let numbers: [Double]
    /// Whether some of the numbers are written as text.
    let hasNumericTexts: Bool
    /// The codes of a numeric field's numbers in ascending order; empty when the field is not numeric.
    let ascending: [Int32]
    /// Whether half of the values end as the names of pods do, a tenth of them with a template's hash, whatever the field is called:
    /// an ordinal alone, as in `err-12`, makes no pod.
    let holdsPods: Bool

    init(_ column: EventTable.Column, interest: [Int], baseline: [Int]) {
        name = column.name
        values = column.values
        let missing = Int32(column.values.count)
        elements = column.elements
        let codeOf = Self.unified(column.values)
        codes = interest.map { column.codes[$0] < 0 ? missing : codeOf[Int(column.codes[$0])] }
        baselineCodes = baseline.map { column.codes[$0] < 0 ? missing : codeOf[Int(column.codes[$0])] }
        let used = column.values.indices.filter { codeOf[$0] == Int32($0) }
        let parsed = column.values.map(number)
        let numeric = used.filter { parsed[$0] == parsed[$0] }
        if numeric.count >= 3, Double(numeric.count) >= 0.9 * Double(used.count) {
            numbers = parsed
            ascending = numeric.sorted { parsed[$0] < parsed[$1] }.map(Int32.init)
        } else {
            numbers = []
            ascending = []
        }
        hasNumericTexts =
            !ascending.isEmpty
            && ascending.contains { if case .string = column.values[Int($0)] { true } else { false } }
        holdsPods = ascending.isEmpty && elements.isEmpty && Self.holdsPods(column.values)
    }

    private static func holdsPods(_ values: [FieldValue]) -> Bool {
        guard (3...20_000).contains(values.count) else { return false }
        var (pods, hashed) = (0, 0)
        for case .string(let text) in values {
            let pod = PodName(text)
            if pod.controller != .none { pods += 1 }
            if pod.templateHash != nil { hashed += 1 }
        }
        return 2 * pods >= values.count && 10 * hashed >= values.count
    }

    /// The code of each value, where one program wrote `7` and another `"7"` the same for both.
    private static func unified(_ values: [FieldValue]) -> [Int32] {
        var plain: [String: Int32] = [:]
        var hasText = false
        for (code, value) in values.enumerated() {
            if case .string = value { hasText = true } else { plain[value.text] = Int32(code) }
        }
        guard hasText, !plain.isEmpty else { return values.indices.map(Int32.init) }
        return values.enumerated().map { code, value in
            if case .string(let text) = value { plain[text] ?? Int32(code) } else { Int32(code) }
        }
    }

    /// The code of a missing field.
    var missing: Int32 { Int32(values.count) }

    /// Whether thresholds make sense.
    var isNumeric: Bool { !ascending.isEmpty }
}

/// The number that a value is, or that a text is the decimal form of; else not a number.
private func number(_ value: FieldValue) -> Double {
    switch value {
    case .number(let number): return number
    case .bool: return .nan
    case .string(let text):
        let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }
        return isDecimal && text.utf8.count <= 24 ? Double(text) ?? .nan : .nan
    }
}

/// The rows of both windows.
///
/// Weights are rounded to a multiple of a power of two (whole weights stay as they are), so that their sums are
/// exact and the same in every order.
struct Sample {
    /// The rows of the window of interest.
    var interest: Rows
    /// The rows of the baseline; empty without one.
    var baseline: Rows
    /// Whether every row stands for a whole number of events.
    let hasWholeWeights: Bool
    /// The fields of the table, in its order, those that only carry time, outcome or counts left out.
    let fields: [Field]
    /// What the values of fields look like.
    let looks = Looks()
    /// How many threads may work at once.
    let workers: Int
    /// Whether the weights come from sampling: then a row of weight 10 is one witness, not ten.
    private let isSampled: Bool
    /// What log-likelihood ratios are multiplied by: 1, or less when the weights come from sampling.
    private(set) var evidence = 1.0
    /// What the variance of an event count is multiplied by when the weights come from sampling.
    var dispersion = 1.0

    struct Rows {
        var weights: [Double]
        /// The weight of a failing row, 0 for another.
        var errorWeights: [Double]
        var times: [Instant]

        var count: Int { weights.count }
        var events: Double { weights.reduce(0, +) }
        var errors: Double { errorWeights.reduce(0, +) }

        init(_ table: EventTable, at indices: [Int], weights all: [Double]) {
            weights = indices.map { all[$0] }
            errorWeights = indices.map { table.failing[$0] ? all[$0] : 0 }
            times = indices.map { table.times[$0] }
        }
    }

    init(_ table: EventTable, interest window: TimeWindow, baseline: TimeWindow?, workers: Int) {
        self.workers = workers
        let weights = exact(table.weights)
        let inside = table.times.indices.filter { window.contains(table.times[$0]) && weights[$0] > 0 }
        let before = table.times.indices.filter {
            weights[$0] > 0 && !window.contains(table.times[$0])
                && baseline?.contains(table.times[$0]) ?? false
        }
        hasWholeWeights = weights.allSatisfy { $0 == $0.rounded() }
        interest = Rows(table, at: inside, weights: weights)
        self.baseline = Rows(table, at: before, weights: weights)
        let outcome: [FieldRole] = [.time, .error, .errors, .successes, .count, .weight]
        let hidden = Set(outcome.compactMap { table.roles[$0] })
        fields = concurrentMap(table.columns.filter { !hidden.contains($0.name) }, workers: workers) {
            Field($0, interest: inside, baseline: before)
        }
        isSampled = table.sampledFrom != nil || table.roles[.weight] != nil
        evidence = evidence(of: interest.errorWeights)
        if isSampled { dispersion = 1 / evidence(of: interest.weights) }
    }

    /// What a log-likelihood ratio of rows of these weights is multiplied by, from above 0 to 1: there are as many witnesses
    /// as Kish's effective sample size, (Σw)² / Σw², says.
    func evidence(of weights: [Double]) -> Double {
        isSampled ? min(1, ratio(weights.reduce(0, +), weights.reduce(0) { $0 + $1 * $1 })) : 1
    }

    /// The same events, of which only those fail that the codes of a field say.
    func failing(only members: [Bool], of field: Field) -> Sample {
        var sample = self
        for row in field.codes.indices where !members[Int(field.codes[row])] {
            sample.interest.errorWeights[row] = 0
        }
        for row in field.baselineCodes.indices where !members[Int(field.baselineCodes[row])] {
            sample.baseline.errorWeights[row] = 0
        }
        sample.evidence = evidence(of: sample.interest.errorWeights)
        return sample
    }

    /// Failing events of the window of interest.
    var errors: Double { interest.errors }

    /// Whether there is a time before to compare with.
    var hasBaseline: Bool { baseline.count > 0 }

    /// How many times the baseline's events the events of the window of interest are.
    var growth: Double { ratio(interest.events, baseline.events) }

    /// The field that names pods: the one with that role, or the first whose name says so.
    func podField(in table: EventTable) -> Int? {
        fields.firstIndex { $0.name == table.roles[.pod] } ?? fields.firstIndex { FieldName($0.name).isPod }
    }
}

/// Weights as multiples of 1/1024 unless all are whole; negative and undefined ones become 0.
private func exact(_ weights: [Double]) -> [Double] {
    weights.map { weight in
        guard weight > 0, weight < 1e12 else { return 0 }
        return (weight * 1024).rounded() / 1024
    }
}

/// A quotient, 1 when it is undefined.
func ratio(_ a: Double, _ b: Double) -> Double { b > 0 ? a / b : 1 }

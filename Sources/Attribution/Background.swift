import DeployModel
import RealModule

/// The failures that the baseline lets expect of each event.
///
/// Routes and services fail at rates of their own. Up to three fields that predict the failures of the baseline
/// best cut it into strata; the rate of a stratum is shrunk
/// towards the rate of the stratum around it.
struct Background {
    /// The expected failures of each row of the window of interest, for one event of it.
    private(set) var rates: [Double]
    /// The same for each row of the baseline.
    private(set) var baselineRates: [Double]
    /// The names of the fields that make the strata.
    private(set) var strata: [String] = []
    private var quantum = 0x1p-20

    /// A rate counts as much as this many events of the wider stratum.
    private static let shrinkage = 30.0

    init(of sample: Sample, candidates: [Int]) {
        let base = sample.baseline
        guard base.count > 0 else {
            rates = Array(repeating: 0, count: sample.interest.count)
            baselineRates = []
            return
        }
        let overall = (base.errors + 0.5) / (base.events + 1)
        rates = Array(repeating: overall, count: sample.interest.count)
        baselineRates = Array(repeating: overall, count: base.count)
        var keys = Keys(interest: sample.interest.count, baseline: base.count)
        if base.errors >= 30, base.events >= 500 {
            let usable = candidates.filter { Self.canMakeStrata(sample.fields[$0]) }
            for field in Self.choose(usable, sample) {
                keys.refine(by: sample.fields[field])
                apply(keys, base)
                strata.append(sample.fields[field].name)
            }
        }
        // Multiples of a power of two: their weighted sums are exact, and the same in every order of the rows.
        quantum = Double.exp2(
            Double.log2(max(sample.interest.events, base.events)).rounded(.up)
                - (sample.hasWholeWeights ? 51 : 41))
        rates = rates.map { ($0 / quantum).rounded() * quantum }
        baselineRates = baselineRates.map { ($0 / quantum).rounded() * quantum }
    }

    /// Raises the expectation of some rows to a rate that was theirs in the baseline.
    mutating func raise(_ rows: RowSet, to rate: Double) {
        let fine = (rate / quantum).rounded() * quantum
        for row in rows.indices() { rates[Int(row)] = max(rates[Int(row)], fine) }
    }

    /// Whether the failures of the window are more than the baseline and chance account for.
    func hasRisen(_ sample: Sample) -> Bool {
        guard sample.hasBaseline else { return sample.errors > 0 }
        var expected = 0.0
        for row in rates.indices { expected += rates[row] * sample.interest.weights[row] }
        let variance = expected * (1 + sample.growth) / min(sample.evidence, 1) + 1
        return sample.errors - expected > 3.5 * Double.sqrt(variance) && sample.errors > 1.1 * expected
    }

    /// A stratum must be known before the outcome and exist in both windows.
    private static func canMakeStrata(_ field: Field) -> Bool {
        guard !field.isNumeric, (2...200).contains(field.values.count) else { return false }
        var seen = [Bool](repeating: false, count: field.values.count + 1)
        for code in field.baselineCodes { seen[Int(code)] = true }
        let unseen = field.codes.reduce(0) { $0 + (seen[Int($1)] ? 0 : 1) }
        return Double(unseen) <= 0.02 * Double(field.codes.count)
    }

    private mutating func apply(_ keys: Keys, _ base: Sample.Rows) {
        var events = [Double](repeating: 0, count: keys.count)
        var errors = events
        for row in base.weights.indices {
            events[keys.baseline[row]] += base.weights[row]
            errors[keys.baseline[row]] += base.errorWeights[row]
        }
        func shrunk(_ key: Int, _ parent: Double) -> Double {
            (errors[key] + Self.shrinkage * parent) / (events[key] + Self.shrinkage)
        }
        for row in rates.indices { rates[row] = shrunk(keys.interest[row], rates[row]) }
        for row in baselineRates.indices {
            baselineRates[row] = shrunk(keys.baseline[row], baselineRates[row])
        }
    }

    /// Forward selection of up to three fields.
    private static func choose(_ usable: [Int], _ sample: Sample) -> [Int] {
        var chosen: [Int] = []
        var keys = Keys(interest: 0, baseline: sample.baseline.count)
        var best = criterion(keys, sample.baseline)
        while chosen.count < 3 {
            var winner: (field: Int, keys: Keys, value: Double)?
            for field in usable where !chosen.contains(field) {
                var refined = keys
                refined.refineBaseline(by: sample.fields[field])
                guard refined.count <= 1 << 17 else { continue }
                let value = criterion(refined, sample.baseline)
                if value > (winner?.value ?? best + 3) { winner = (field, refined, value) }
            }
            guard let winner else { break }
            chosen.append(winner.field)
            keys = winner.keys
            best = winner.value
        }
        return chosen
    }

    /// The log-likelihood of the baseline's outcomes by stratum, less two for each stratum. Akaike's criterion (1974) takes one, and
    /// Schwarz's so much that a field whose values fail at rates of their own is left out where failures are few, which
    /// then look like the incident's; the shrinkage keeps too many strata from doing harm.
    private static func criterion(_ keys: Keys, _ base: Sample.Rows) -> Double {
        var counts = [Counts](repeating: Counts(), count: keys.count)
        for row in base.weights.indices {
            counts[keys.baseline[row]].events += base.weights[row]
            counts[keys.baseline[row]].errors += base.errorWeights[row]
        }
        let overall = base.errors / base.events
        // Sorted, because codes depend on the order of the rows and rounding on the order of a sum.
        let terms = counts.filter { $0.events > 0 }.map { cell in
            let rate = min((cell.errors + 20 * overall) / (cell.events + 20), 1 - 1e-12)
            return cell.errors * Double.log(rate) + (cell.events - cell.errors) * Double.log(1 - rate)
        }.sorted()
        return terms.reduce(0, +) - 2 * Double(terms.count)
    }
}

/// The stratum of each row as a number.
private struct Keys {
    var interest: [Int]
    var baseline: [Int]
    var count = 1

    init(interest: Int, baseline: Int) {
        self.interest = Array(repeating: 0, count: interest)
        self.baseline = Array(repeating: 0, count: baseline)
    }

    mutating func refine(by field: Field) {
        let width = field.values.count + 1
        for row in interest.indices { interest[row] = interest[row] * width + Int(field.codes[row]) }
        refineBaseline(by: field)
    }

    mutating func refineBaseline(by field: Field) {
        let width = field.values.count + 1
        for row in baseline.indices { baseline[row] = baseline[row] * width + Int(field.baselineCodes[row]) }
        count *= width
    }
}

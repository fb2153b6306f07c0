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
    /// The stratum of each row of the window of interest.
    private var stratum: [Int] = []
    /// How well the rate of each stratum is known: the shape of its gamma distribution, about the failures that tell it.
    private var certainty: [Double] = []

    /// Shapes that are tried for the distribution of the strata's rates; the relative spread of the rates is the
    /// reciprocal of the square root.
    private static let shapes = [0.25, 1, 4, 16]
    /// What strata must explain better than none, as a logarithm: they are the best of dozens.
    private static let conviction = 4.0

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
        stratum = keys.interest
        certainty = [base.errors + 0.5]
        if base.errors >= 30, base.events >= 500 {
            var usable = candidates.filter { Self.canMakeStrata(sample.fields[$0]) }
            while strata.count < 3, let next = refinement(of: keys, by: usable, sample) {
                keys.refine(by: sample.fields[next.field])
                apply(keys, base, shape: next.shape)
                stratum = keys.interest
                strata.append(sample.fields[next.field].name)
                usable.removeAll { $0 == next.field }
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

    /// The shape of the gamma distribution that tells how many failures the baseline lets expect of some rows.
    ///
    /// Of one stratum it is that stratum's; over several the variances add up.
    func certainty(of rows: RowSet, _ weights: [Double]) -> Double {
        var expected: [Int: Double] = [:]
        for row in rows.indices() {
            expected[stratum[Int(row)], default: 0] += rates[Int(row)] * weights[Int(row)]
        }
        let sum = expected.values.sorted().reduce(0, +)
        let variance = expected.map { $1 * $1 / certainty[$0] }.sorted().reduce(0, +)
        return variance > 0 ? sum * sum / variance : .infinity
    }

    /// Failures of the window of interest that the baseline lets expect.
    func expectedFailures(of sample: Sample) -> Double {
        rates.indices.reduce(0) { $0 + rates[$1] * sample.interest.weights[$1] }
    }

    /// Whether the failures of the window are more than the baseline and chance account for.
    func hasRisen(_ sample: Sample) -> Bool {
        guard sample.hasBaseline else { return sample.errors > 0 }
        let expected = expectedFailures(of: sample)
        let variance = expected * (1 + sample.growth) / min(sample.evidence, 1) + 1
        return sample.errors - expected > 3.5 * Double.sqrt(variance) && sample.errors > 1.1 * expected
    }

    /// A stratum must be known before the outcome and exist in both windows.
    private static func canMakeStrata(_ field: Field) -> Bool {
        guard !field.isNumeric || field.hasNumericTexts, (2...200).contains(field.values.count) else {
            return false
        }
        var seen = [Bool](repeating: false, count: field.values.count + 1)
        for code in field.baselineCodes { seen[Int(code)] = true }
        let unseen = field.codes.reduce(0) { $0 + (seen[Int($1)] ? 0 : 1) }
        return Double(unseen) <= 0.02 * Double(field.codes.count)
    }

    /// The posterior mean of each row's rate: its stratum's, drawn towards that of the wider stratum.
    private mutating func apply(_ keys: Keys, _ base: Sample.Rows, shape: Double) {
        let cells = Self.cells(keys, base, rates: baselineRates)
        certainty = cells.map { $0.errors + shape }
        func posterior(_ key: Int, _ rate: Double) -> Double {
            rate * (cells[key].errors + shape) / (cells[key].background + shape)
        }
        for row in rates.indices { rates[row] = min(posterior(keys.interest[row], rates[row]), 1) }
        for row in baselineRates.indices {
            baselineRates[row] = min(posterior(keys.baseline[row], baselineRates[row]), 1)
        }
    }

    /// What each stratum of the baseline counts; ``Counts/background`` is what `rates` let expect.
    private static func cells(_ keys: Keys, _ base: Sample.Rows, rates: [Double]) -> [Counts] {
        var cells = [Counts](repeating: Counts(), count: keys.count)
        for row in base.weights.indices {
            let weight = base.weights[row]
            cells[keys.baseline[row]] += Counts(
                events: weight, errors: base.errorWeights[row], background: rates[row] * weight)
        }
        return cells
    }

    /// How strata made by one more field explain the baseline.
    private struct Refinement {
        var field: Int
        var shape: Double
        /// The logarithm of the Bayes factor against strata that all keep the rate of the wider one.
        var evidence: Double
    }

    /// The field whose strata explain the baseline's failures best, if any does convincingly.
    private func refinement(of keys: Keys, by usable: [Int], _ sample: Sample) -> Refinement? {
        var best: Refinement?
        for field in usable {
            var refined = keys
            refined.refineBaseline(by: sample.fields[field])
            guard refined.count <= 1 << 17 else { continue }
            let cells = Self.cells(refined, sample.baseline, rates: baselineRates).filter { $0.events > 0 }
            for shape in Self.shapes {
                let evidence = sample.evidence * Self.evidence(cells, shape: shape)
                if evidence > best?.evidence ?? Self.conviction {
                    best = Refinement(field: field, shape: shape, evidence: evidence)
                }
            }
        }
        return best
    }

    /// The Bayes factor, as a logarithm, of failures that follow the gamma-Poisson model (Greenwood and Yule, 1920): each
    /// stratum's rate is the wider one's times a gamma variable of mean 1 and the given shape; against no such variable.
    private static func evidence(_ cells: [Counts], shape: Double) -> Double {
        // Sorted, because codes depend on the order of the rows and rounding on the order of a sum.
        let terms = cells.map { cell in
            let (errors, expected) = (cell.errors, cell.background)
            let rising = errors > 0 ? Double.logGamma(errors + shape) - Double.logGamma(shape) : 0
            return rising - shape * Double.log(onePlus: expected / shape)
                - errors * Double.log(expected + shape) + expected
        }.sorted()
        return terms.reduce(0, +)
    }
}

/// Events, and the failures that the time before lets expect of them.
struct Evidence {
    let sample: Sample
    var background: Background
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

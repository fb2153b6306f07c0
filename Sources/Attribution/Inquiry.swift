import RealModule

/// Takes one cause after the other out of the events until nothing is left that stands out.
struct Inquiry {
    let sample: Sample
    var background: Background
    let options: AttributionOptions

    private static let rounds = 24
    /// How sure a symptom must be to be kept out even when nothing else explains the failures.
    private static let certainty = 8.0
    /// What a slice's score must exceed after its penalty when its expected failures are uncertain.
    /// Above 0, because the gamma distribution that stands for a background and a known rise has a shorter tail than the background's.
    private static let minimumCertainScore = 2.0
    /// One in a thousand, by the chi-squared distribution with one degree of freedom.
    private static let significantRise = 10.83

    init(sample: Sample, background: Background, options: AttributionOptions) {
        self.sample = sample
        self.background = background
        self.options = options
    }

    /// The causes, best first; fields that turn out to be symptoms are marked so in `roles`.
    mutating func run(roles: inout Roles, podField: Int?) -> [Slice] {
        let everything = Population(sample, background, without: nil)
        let total = everything.yardstick.total
        let excess = max(total.errors - total.background, 1)
        let minimumErrors = max(5 / max(sample.evidence, 0.05), 0.02 * excess)
        let source = AtomSource(sample, candidates: roles.candidates, podField: podField)
        var found: [Slice] = []
        var removed: RowSet?
        var doubtful: Slice?
        for _ in 0..<Self.rounds where found.count < options.maximumCauses {
            let population = Population(sample, background, without: removed)
            guard population.yardstick.total.errors >= 8 else { break }
            let search = Search(
                source, population, candidates: roles.candidates, width: options.beamWidth,
                minimumErrors: minimumErrors)
            guard let slice = search.best(), slice.net >= options.minimumScore else { break }
            let trial = Trial(sample, search, background, roles)
            if let verdict = trial.symptom(in: slice) {
                if verdict.odds < Self.certainty, doubtful == nil, found.isEmpty { doubtful = slice }
                roles.convict(verdict.field)
                continue
            }
            if let rate = unchangedRate(slice, source, population) {
                // A measurement that tells failing events as well as it did before describes them. To expect as many among the
                // events that it picks now would excuse the failures of all causes.
                if let measured = slice.atoms.first(where: { roles.isMeasurement($0.field) }) {
                    roles.convict(measured.field)
                } else {
                    background.raise(slice.rows, to: rate)
                }
                continue
            }
            let part = (slice.counts.errors - slice.counts.background) / excess
            guard part >= options.minimumCoverage else { break }
            guard !found.contains(where: { repeats($0, slice) }) else { break }
            let named = search.centred(slice)
            found.append(named)
            removed = removed?.union(named.explained) ?? named.explained
        }
        if found.isEmpty, let doubtful { found = [doubtful] }
        return found
    }

    private func repeats(_ a: Slice, _ b: Slice) -> Bool {
        a.rows.jaccard(b.rows, sample.interest.weights) >= 0.8
    }

    /// The rate of a slice that may fail no more than it did before, or `nil` when it has become worse or there is
    /// nothing to compare with.
    private func unchangedRate(
        _ slice: Slice, _ source: AtomSource, _ population: Population
    ) -> Double? {
        guard sample.hasBaseline else { return nil }
        var rows = RowSet(count: sample.baseline.count)
        for atom in slice.atoms { rows = rows.intersection(source.baselineRows(atom)) }
        let (events, errors) = (rows.sum(sample.baseline.weights), rows.sum(sample.baseline.errorWeights))
        let now = slice.counts
        // What hardly occurred before has no rate of its own to go by.
        guard events >= 30, events * sample.growth >= 0.25 * now.events else { return nil }
        let hasRisen =
            now.errors * events > errors * now.events
            && rise(from: errors, of: events, to: now) >= Self.significantRise
        if hasRisen, standsOut(slice, population) { return nil }
        // Both windows together say what the rate is; below that of now it could win again.
        let rate = (errors + now.errors) / (events + now.events)
        return max(rate, now.errors / max(now.events, 1))
    }

    /// The likelihood-ratio test of two proportions (G), as in Sokal and Rohlf's *Biometry*.
    private func rise(from errors: Double, of events: Double, to now: Counts) -> Double {
        2 * sample.evidence
            * (gain(errors, events) + gain(now.errors, now.events)
                - gain(errors + now.errors, events + now.events))
    }

    /// Whether a slice still stands out when its expected failures are known no better than the baseline tells them: a
    /// route that failed once in an hour may well fail five times in the next.
    private func standsOut(_ slice: Slice, _ population: Population) -> Bool {
        let certainty = background.certainty(of: slice.rows, sample.interest.weights)
        let score = population.yardstick.score(slice.counts, certainty: certainty)
        return slice.net - slice.score + score >= Self.minimumCertainScore
    }

    /// The log-likelihood of a proportion at its best value.
    private func gain(_ part: Double, _ whole: Double) -> Double {
        func term(_ x: Double) -> Double { x > 0 ? x * Double.log(x / whole) : 0 }
        return term(part) + term(whole - part)
    }
}

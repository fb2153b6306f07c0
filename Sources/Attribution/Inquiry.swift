import RealModule

/// Takes one cause after the other out of the events until nothing is left that stands out.
struct Inquiry {
    /// The failures that are to be explained.
    private var looked: Evidence
    /// All failures: what describes failures is known by what it held before as well.
    private let whole: Evidence
    private let options: AttributionOptions

    private var sample: Sample { looked.sample }
    /// Whether failures are left out because they look as they always did.
    private let isFocused: Bool

    private static let rounds = 24
    /// How sure a symptom must be to be kept out even when nothing else explains the failures.
    private static let certainty = 8.0
    /// What a slice's score must exceed after its penalty when its expected failures are uncertain.
    /// Above 0, because the gamma distribution that stands for a background and a known rise has a shorter tail than the background's.
    private static let minimumCertainScore = 2.0
    /// One in a thousand, by the chi-squared distribution with one degree of freedom.
    private static let significantRise = 10.83
    /// What two causes in the place of one must explain better, beyond the penalties of their claims.
    private static let marginOfParts = 3.0
    /// The part of the second one's failures that must lie in the slice, and of the slice's that neither may explain.
    private static let (partInside, partLeft) = (0.8, 0.1)

    init(_ looked: Evidence, of whole: Evidence, options: AttributionOptions) {
        self.looked = looked
        self.whole = whole
        self.options = options
        isFocused = looked.sample.errors < whole.sample.errors
    }

    /// The causes, best first; fields that turn out to be symptoms are marked so in `roles`.
    mutating func run(roles: inout Roles, podField: Int?) -> [Slice] {
        let everything = Population(sample, looked.background, without: nil)
        let total = everything.yardstick.total
        let excess = max(total.errors - total.background, 1)
        let minimumErrors = max(5 / max(sample.evidence, 0.05), 0.02 * excess)
        let source = AtomSource(sample, candidates: roles.candidates, podField: podField)
        var found: [Slice] = []
        var removed: RowSet?
        var doubtful: Slice?
        for _ in 0..<Self.rounds where found.count < options.maximumCauses {
            let population = Population(sample, looked.background, without: removed)
            guard population.yardstick.total.errors >= 8 else { break }
            let search = Search(
                source, population, candidates: roles.candidates, width: options.beamWidth,
                minimumErrors: minimumErrors)
            guard let slice = search.best(), slice.net >= options.minimumScore else { break }
            let trial = Trial(
                looked, search, all: whole, Population(whole.sample, whole.background, without: removed),
                roles)
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
                    looked.background.raise(slice.rows, to: rate)
                }
                continue
            }
            let coverage = (slice.counts.errors - slice.counts.background) / excess
            guard coverage >= options.minimumCoverage else { break }
            guard !found.contains(where: { repeats($0, slice) }) else { break }
            var first = slice
            if let part = part(of: slice, search, minimumErrors: minimumErrors, removed: removed),
                trial.symptom(in: part) == nil, unchangedRate(part, source, population) == nil,
                !found.contains(where: { repeats($0, part) })
            {
                first = part
            }
            let named = search.centred(first)
            found.append(named)
            removed = removed?.union(named.explained) ?? named.explained
        }
        // A last resort, when all failures were looked at.
        if found.isEmpty, !isFocused, let doubtful { found = [doubtful] }
        return found
    }

    /// The better beginning, where a slice is only what two causes have in common: the service of a bad node and of a bad
    /// route. The failures of the slice then lie in two parts of it, and what is left fails hardly more than it should.
    private func part(
        of slice: Slice, _ search: Search, minimumErrors: Double, removed: RowSet?
    ) -> Slice? {
        func searched(without rows: RowSet) -> Search {
            Search(
                search.source,
                Population(sample, looked.background, without: removed?.union(rows) ?? rows),
                candidates: search.candidates, width: options.beamWidth, minimumErrors: minimumErrors)
        }
        let outside = RowSet(count: sample.interest.count).subtracting(slice.rows)
        guard let core = searched(without: outside).best(), core.net >= options.minimumScore else {
            return nil
        }
        // Without what it was looked for in, or with it: whichever says more of all events.
        let narrower =
            core.atoms + slice.atoms.filter { atom in !core.atoms.contains { $0.field == atom.field } }
        let begun = [core.atoms, narrower].filter { $0.count <= Search.longest }.map(search.slice)
            .min(by: search.precedes)
        guard let begun else { return nil }
        let further = searched(without: begun.explained)
        guard let next = further.best(), next.net >= options.minimumScore else { return nil }
        let population = search.population
        let shared = further.population.count(next.rows.intersection(slice.rows))
        let left = population.count(slice.rows.subtracting(begun.rows).subtracting(next.rows))
        let excess = slice.counts.errors - slice.counts.background
        // The slice without its worst part is no second cause.
        guard next.rows.jaccard(slice.rows, further.population.weights) < 0.5,
            shared.errors >= Self.partInside * next.counts.errors,
            left.errors - left.background <= Self.partLeft * excess,
            population.yardstick.net(of: [begun, next]) > slice.net + Self.marginOfParts
        else { return nil }
        return begun
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
        let certainty = looked.background.certainty(of: slice.rows, sample.interest.weights)
        let score = population.yardstick.score(slice.counts, certainty: certainty)
        return slice.net - slice.score + score >= Self.minimumCertainScore
    }

    /// The log-likelihood of a proportion at its best value.
    private func gain(_ part: Double, _ whole: Double) -> Double {
        func term(_ x: Double) -> Double { x > 0 ? x * Double.log(x / whole) : 0 }
        return term(part) + term(whole - part)
    }
}

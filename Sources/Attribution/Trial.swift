import RealModule

/// Tells slices that describe failures from slices that made them.
///
/// A cause is known before an event ends: how many events a slice has does not depend on how they end, so its
/// failures are missing among its passing events. A symptom is put on an event by its failure: the slice grows by
/// just its failures, and its passing events stay as many as they were. The same holds inside every other slice,
/// where it shows more clearly. Two slices that share their failures often accuse each other; then the one that
/// the time before, its own growth and its kind speak against is the symptom.
struct Trial {
    /// A field found to describe failures, with the odds that it does, as a logarithm.
    struct Verdict {
        var field: Int
        var odds: Double
    }

    private let sample: Sample
    private let search: Search
    /// All failures of the time before, whether or not they look like those that are to be explained.
    private let all: Evidence
    private let population: Population
    private let roles: Roles
    private let everywhere: Stratum

    /// Odds beyond which a slice is taken for a symptom.
    private static let conviction = 3.0
    private static let witnesses = 40

    init(_ looked: Evidence, _ search: Search, all: Evidence, _ population: Population, _ roles: Roles) {
        sample = looked.sample
        self.search = search
        self.all = all
        self.population = population
        self.roles = roles
        everywhere = Stratum(
            now: RowSet(count: sample.interest.count), before: RowSet(count: sample.baseline.count))
    }

    /// The most suspicious of the slice's fields, when one is a symptom.
    func symptom(in slice: Slice) -> Verdict? {
        guard sample.hasBaseline else { return nil }
        var worst: Verdict?
        for (index, atom) in slice.atoms.enumerated() {
            var others = slice.atoms
            others.remove(at: index)
            guard let odds = odds(of: atom, besides: others), odds > worst?.odds ?? Self.conviction else {
                continue
            }
            worst = Verdict(field: atom.field, odds: odds)
        }
        return worst
    }

    private struct Stratum {
        var now: RowSet
        var before: RowSet
    }

    /// The odds that an atom is a symptom, or `nil` when no evidence beyond its kind speaks for it.
    private func odds(of atom: Atom, besides others: [Atom]) -> Double? {
        let prior = roles.suspicion[atom.field]
        guard prior > -.infinity else { return nil }
        let suspect = stratum(atom)
        let growth = growth(atom, suspect, within: everywhere)
        let before = before(suspect)
        // What held failures before has its usual size with them: that it did not grow says nothing then.
        let own = prior + before + (before > 3 ? max(0, growth) : growth)
        if max(growth, before) > 3, own > Self.conviction { return own }
        var best: Double?
        let ownErrors = suspect.now.sum(search.population.errorWeights)
        for witness in others + search.beam.prefix(Self.witnesses) {
            guard witness.field != atom.field, witness.score >= witness.penalty + 6 else { continue }
            let place = stratum(witness)
            let shared = place.now.intersection(suspect.now)
            guard shared.sum(search.population.errorWeights) >= 0.5 * ownErrors,
                place.now.jaccard(suspect.now, search.population.weights) < 0.9
            else { continue }
            let moved = self.growth(atom, suspect, within: place)
            guard moved > 3 else { continue }
            let odds = own + min(moved, 8)
            guard odds > best ?? Self.conviction else { continue }
            let otherPrior = roles.suspicion[witness.field]
            let other =
                otherPrior + self.growth(witness, place, within: everywhere) + self.before(place)
            if own > other + 1 { best = odds }
        }
        return best
    }

    private func stratum(_ atom: Atom) -> Stratum {
        Stratum(now: search.source.rows(atom), before: search.source.baselineRows(atom))
    }

    /// How much better "its failures were put into it" explains the size of a slice than "it has the size it has
    /// anyway", as a logarithm; 0 when neither explains it.
    private func growth(_ atom: Atom, _ suspect: Stratum, within place: Stratum) -> Double {
        if !atom.isThreshold, roles.isDeployIdentity[atom.field] { return 0 }
        let population = search.population
        let now = population.count(suspect.now.intersection(place.now))
        let around = population.count(place.now)
        let before = suspect.before.intersection(place.before).sum(sample.baseline.weights)
        let beforeAround = place.before.sum(sample.baseline.weights)
        var (share, trust) = (ratio(before + 0.25, beforeAround + 0.5), beforeAround)
        if beforeAround < 100 {
            // The place is new: the slice's share of the passing events elsewhere stands in.
            let elsewhere = population.count(everywhere.now.subtracting(place.now))
            let outside = population.count(suspect.now.subtracting(place.now))
            trust = elsewhere.events - elsewhere.errors
            share = ratio(outside.events - outside.errors + 0.25, trust + 0.5)
        }
        guard trust > 0 else { return 0 }
        let failures = max(0, now.errors - now.background)
        let natural = share * around.events
        let moved = natural + failures * (1 - share)
        let variance =
            sample.dispersion * (natural * (1 + around.events / trust) + 1)
            + 0.0009 * natural * natural
        // One time in twenty the size changes for a reason of its own, by any amount.
        let anything = 0.05 / (max(now.events, moved) + 10)
        func likelihood(_ mean: Double) -> Double {
            let distance = now.events - mean
            return 0.95 * Double.exp(-distance * distance / (2 * variance))
                / Double.sqrt(2 * Double.pi * variance) + anything
        }
        return Double.log(likelihood(moved) / likelihood(natural))
    }

    /// Whether the slice held failures of the time before, too, beyond what their strata let expect. Up to 4 when it held more;
    /// up to 12 when it held the same share of them as now, which the cause of an incident does not.
    private func before(_ suspect: Stratum) -> Double {
        let base = all.sample.baseline
        let errors = suspect.before.sum(base.errorWeights)
        var expected = 0.0
        for row in suspect.before.indices() {
            expected += all.background.baselineRates[Int(row)] * base.weights[Int(row)]
        }
        guard errors > 2 * expected else { return 0 }
        let statistic = scanStatistic(observed: errors, expected: expected, total: base.errors)
        let now =
            (suspect.now.sum(population.errorWeights) + 0.5) / (population.yardstick.total.errors + 1)
        let usual = min(max(expected / base.errors, 1e-6), 1 - 1e-6)
        let same =
            errors * Double.log(now / usual) + (base.errors - errors) * Double.log((1 - now) / (1 - usual))
        return max(min(4, statistic * all.sample.evidence), min(12, same * all.sample.evidence))
    }
}

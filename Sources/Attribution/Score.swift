import RealModule

/// What is counted of a slice of the events; every count is a sum over rows, so that counts add up.
struct Counts {
    /// All events.
    var events = 0.0
    /// Failing events.
    var errors = 0.0
    /// Failing events that the baseline lets expect.
    var background = 0.0

    static func += (a: inout Counts, b: Counts) {
        a.events += b.events
        a.errors += b.errors
        a.background += b.background
    }

    static func - (a: Counts, b: Counts) -> Counts {
        Counts(
            events: a.events - b.events, errors: a.errors - b.errors, background: a.background - b.background)
    }
}

/// Kulldorff's spatial scan statistic for a Poisson model (1997, eq. 4), one-sided: how much better "this slice has
/// a rate of its own" explains `total` failures than "all have the expected rate" does, as a logarithm.
///
/// - Parameters:
///   - observed: failures inside the slice.
///   - expected: failures inside the slice when `total` failures are spread as expected.
///   - certainty: how well `expected` is known: the shape of its gamma distribution. The inside is then judged by the
///     negative binomial distribution, of which Poisson's is the limit.
func scanStatistic(observed: Double, expected: Double, total: Double, certainty: Double = .infinity) -> Double
{
    let inside = max(expected, 1e-9)
    guard observed > inside else { return 0 }
    let outside = total - observed
    let rest = outside > 0 ? outside * Double.log(outside / max(total - inside, 1e-9)) : 0
    let poisson = observed * Double.log(observed / inside) + rest
    guard certainty < .infinity else { return poisson }
    let spread = (observed + certainty) * Double.log((observed + certainty) / (inside + certainty))
    return poisson + (observed - inside) - spread
}

/// How a slice's failures are judged: against the background plus an excess that is spread evenly.
///
/// The excess is added and not multiplied, or an outage of everything would make the quiet slices look guilty.
struct Yardstick {
    let total: Counts
    /// Failures beyond the background, for each event.
    let excess: Double
    /// Makes the expected failures of all events as many as there are.
    let scale: Double
    /// See ``Sample/evidence``.
    let evidence: Double

    init(total: Counts, evidence: Double) {
        self.total = total
        self.evidence = evidence
        excess = max(0, (total.errors - total.background) / max(total.events, 1))
        let expected = total.background + excess * total.events
        scale = expected > 0 ? total.errors / expected : 0
    }

    func expected(_ counts: Counts) -> Double {
        scale * (counts.background + excess * counts.events)
    }

    /// The log-likelihood ratio of a slice.
    ///
    /// - Parameter certainty: how well the background is known, as the shape of its gamma distribution. The evenly spread excess is
    ///   known, so that a slice of which the background is a small part is known better than that.
    func score(_ counts: Counts, certainty: Double = .infinity) -> Double {
        let expected = expected(counts)
        let part = expected > 0 ? scale * counts.background / expected : 1
        return evidence
            * scanStatistic(
                observed: counts.errors, expected: expected, total: total.errors,
                certainty: part > 0 ? certainty / (part * part) : .infinity)
    }

    /// The log-likelihood ratio of slices that share no events, each with a rate of its own, less the penalties of their claims.
    func net(of slices: [Slice]) -> Double {
        var (observed, expected, sum) = (0.0, 0.0, 0.0)
        for slice in slices {
            let natural = max(self.expected(slice.counts), 1e-9)
            observed += slice.counts.errors
            expected += natural
            sum +=
                slice.counts.errors > 0 ? slice.counts.errors * Double.log(slice.counts.errors / natural) : 0
        }
        let outside = total.errors - observed
        if outside > 0 { sum += outside * Double.log(outside / max(total.errors - expected, 1e-9)) }
        let penalties = slices.reduce(0) { $0 + $1.atoms.reduce(0) { $0 + $1.penalty } }
        return evidence * sum - penalties
    }

    /// The same when some events are left out.
    func without(_ counts: Counts) -> Yardstick { Yardstick(total: total - counts, evidence: evidence) }
}

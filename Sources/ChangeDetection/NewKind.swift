import DeployModel
import RealModule

/// A kind of error that was not there before, judged: since when, and since which deploy.
///
/// Until the onset the kind does not occur at all; from it on it occurs at an unknown rate λ per event, with a gamma prior,
/// so that with Y occurrences and the exposure E of a shape f (events times height, summed) the evidence is
/// Γ(a+Y)/Γ(a)·bᵃ/(b+E)^(a+Y)·Π f(tᵢ). Against it stands that the kind was always there and rare, which has the same form
/// with all exposure. Counts that clump more than Poisson's are worth less: log evidence is divided by their index of
/// dispersion (McCullagh & Nelder, *Generalized Linear Models*, 9.2, quasi-likelihood).
struct NewKindJudgement {
    let series: Series
    let penalty: Double
    let logOdds: Double
    /// Whether it is taken for new: more is asked than of even odds, as a rise of its rate explains nearly as much.
    var isNew: Bool { logOdds - penalty > 2 }
    private let candidates: [Candidate]
    private let shares: [Double]
    private let posterior: OnsetPosterior
    private let end: Instant?

    /// - Returns: `nil` unless the kind begins within the window, occurs at least three times and goes on for a while.
    init?(
        _ series: Series, penalty: Double, candidates: [Candidate], rollouts: RolloutIndex
    ) {
        self.series = series
        self.penalty = penalty
        self.candidates = candidates
        guard let first = series.errors.firstIndex(where: { $0 > 0 }),
            let last = series.errors.lastIndex(where: { $0 > 0 }), series.total.errors >= 3
        else { return nil }
        let exposure = Exposure(series)
        // Two hundredths of all events must have gone by without it; and a burst is nobody's fault.
        guard exposure.before(first) >= 0.02 * exposure.total else { return nil }
        let width = Double(series.bucketSeconds)
        let isOver = exposure.total - exposure.before(last + 1) > 0.1 * exposure.total
        guard !isOver || Double(last - first) * width >= Double(PriorWeight.transientSeconds) else {
            return nil
        }

        let occurrences = series.total.errors
        let dispersion = indexOfDispersion(series, from: first, exposure: exposure)
        func logEvidence(_ count: Double, _ exposure: Double, _ dispersion: Double) -> Double {
            -(0.5 + count) / dispersion * Double.log(0.5 * unit + exposure)
        }
        /// The gamma prior's b: half an occurrence in as much exposure as one occurrence stands for.
        let unit = exposure.total / occurrences
        // That it was always there is weighed over as much exposure after the first occurrence as before it, so that a
        // later change of its rate says nothing.
        let even = exposure.bucket(after: 2 * exposure.before(first))
        let occurrencesEven = series.errors[first..<max(even, first + 1)].reduce(0, +)
        let exposureEven = exposure.before(max(even, first + 1))
        let always = logEvidence(occurrencesEven, exposureEven, dispersion)

        // The place of the onset is settled by the first occurrences; what comes later only says that it lasts.
        let horizon = exposure.horizon(from: first, occurrences: 40, seconds: 6 * 3600)
        let early = series.errors[first..<horizon].reduce(0, +)
        let local = max(
            1, 1 + (indexOfDispersion(series, from: first, exposure: exposure, hours: 0.25) - 1) * 0.5)
        func lasting(from onset: Int) -> Double {
            let far = logEvidence(occurrencesEven, exposureEven - exposure.before(first), dispersion)
            let near = logEvidence(early, exposure.before(horizon) - exposure.before(onset), local)
            return far - always + near
                - logEvidence(early, exposure.before(horizon) - exposure.before(first), local)
        }
        let ended =
            isOver
            ? logEvidence(occurrences, exposure.before(last + 1) - exposure.before(first), dispersion)
                - logEvidence(occurrences, exposure.total - exposure.before(first), dispersion)
            : -Double.infinity
        let endFactor = logSumExp([
            Double.log(PriorWeight.lasting),
            ended + Double.log(PriorWeight.endedByDeploy / Double(max(4, candidates.count))),
        ])
        end =
            ended + Double.log(PriorWeight.endedByDeploy / Double(max(4, candidates.count)))
                > Double.log(PriorWeight.lasting)
            ? series.start + (last + 1) * series.bucketSeconds : nil

        // Minutes in the four hours before the first occurrence, quarters of an hour before.
        var edges: [Int] = []
        let fineFrom = max(0, first - Int(14_400 / width))
        edges += stride(from: 0, to: fineFrom, by: max(1, Int(900 / width)))
        edges += fineFrom...first + 1
        let cells = zip(edges, edges.dropFirst()).map {
            TimeWindow(
                since: series.start + $0 * series.bucketSeconds,
                until: series.start + $1 * series.bucketSeconds)
        }
        let steps = edges.dropLast().map { lasting(from: $0) + endFactor }
        let total = max(series.window.seconds, 1)
        let other = zip(cells, steps).map { $1 + Double.log(PriorWeight.external * $0.seconds / total) }
        let shares = candidateShares(candidates, scope: series.scope)
        self.shares = shares
        let deploys = zip(candidates, shares).map { candidate, weight -> [Double] in
            let share = Double.log(PriorWeight.deploy * weight)
            let distribution = OnsetDistribution(
                candidate, rollouts: rollouts.relevant(to: candidate, scope: series.scope))
            let rampShare = candidate.rampShare
            var values = zip(distribution.masses(in: cells), steps).map {
                $0 > 0 ? $1 + share + Double.log($0 * (1 - rampShare)) : -700
            }
            guard rampShare > 0 else { return values }
            let start = candidate.startedAt.seconds(since: series.start)
            for way in candidate.ramps {
                let shape = EffectShape(onset: start + way.lag, ramp: way.length)
                let bucket = Int(((start + way.lag) / width).rounded(.down))
                guard bucket <= first, bucket >= 0,
                    let cell = edges.lastIndex(where: { $0 <= bucket }).map({ min($0, cells.count - 1) })
                else { continue }
                guard let ramped = exposure.under(shape, from: bucket, to: horizon, counts: series.errors)
                else { continue }
                let evidence =
                    lasting(from: bucket)
                    - logEvidence(early, exposure.before(horizon) - exposure.before(bucket), local)
                    + logEvidence(early, ramped.exposure, local) + ramped.logHeights / local + endFactor
                values[cell] = logSumExp([
                    values[cell], evidence + share + Double.log(rampShare * way.weight),
                ])
            }
            return values
        }
        posterior = OnsetPosterior(cells: cells, deploys: deploys, other: other)
        logOdds = posterior.total - Double.log(PriorWeight.none)
    }

    /// The incident that the new kind is.
    func incident() -> Incident {
        let onset = posterior.cells[posterior.mode].since
        let odds = logOdds - penalty
        let none = 1 / (1 + Double.exp(min(odds, 700)))
        let (suspects, external) = posterior.shares(of: candidates.map(\.id), remaining: 1 - none)
        let before = series.total(
            in: series.buckets(in: TimeWindow(since: series.window.since, until: onset)))
        let during = series.total(
            in: series.buckets(in: TimeWindow(since: onset, until: end ?? series.window.until)))
        let ratio = ((during.errors + 0.5) / (during.events + 1)) / (0.5 / (before.events + 1))
        // Of the logarithm of a ratio of counts, with half a count before.
        let error = (1 / (during.errors + 0.5) + 2).squareRoot()
        return Incident(
            signal: .newError, scope: series.scope, onset: onset, onsetInterval: posterior.interval, end: end,
            endedBy: nil, baseline: before, during: during, ratio: ratio,
            ratioInterval: Interval(ratio * Double.exp(-1.96 * error), ratio * Double.exp(1.96 * error)),
            excessErrors: during.errors, suspects: suspects, noneProbability: none,
            externalProbability: external,
            weighed: posterior.weighed(
                candidates.map(\.id), shares: shares, external: PriorWeight.external, penalty: penalty,
                remaining: 1 - none))
    }
}

/// Sums of events up to each bucket.
private struct Exposure {
    private let sums: [Double]
    private let bucketSeconds: Int
    private let errors: [Double]

    init(_ series: Series) {
        var sums = [0.0]
        for events in series.events { sums.append(sums[sums.count - 1] + events) }
        self.sums = sums
        bucketSeconds = series.bucketSeconds
        errors = series.errors
    }

    var total: Double { sums[sums.count - 1] }

    /// Events in the buckets before one.
    func before(_ bucket: Int) -> Double { sums[min(max(bucket, 0), sums.count - 1)] }

    /// The first bucket by whose end so many events had gone by.
    func bucket(after events: Double) -> Int {
        sums.dropFirst().firstIndex { $0 >= events } ?? sums.count - 1
    }

    /// The bucket by which so many occurrences were seen, or so long was waited, whichever is later.
    func horizon(from first: Int, occurrences: Double, seconds: Int) -> Int {
        var seen = 0.0
        var bucket = first
        while bucket < errors.count, seen < occurrences || (bucket - first) * bucketSeconds < seconds {
            seen += errors[bucket]
            bucket += 1
        }
        return bucket
    }

    /// The exposure under a shape, and the sum of the logs of its heights at the occurrences; `nil` when an occurrence lies
    /// where the shape is 0.
    func under(_ shape: EffectShape, from first: Int, to last: Int, counts: [Double]) -> (
        exposure: Double, logHeights: Double
    )? {
        let width = Double(bucketSeconds)
        var exposure = 0.0, logHeights = 0.0
        let rampEnd = min(last, Int(((shape.onset + shape.ramp) / width).rounded(.up)) + 1)
        for bucket in first..<max(first, rampEnd) {
            let height = shape.mean(from: Double(bucket) * width, to: Double(bucket + 1) * width)
            exposure += height * (sums[bucket + 1] - sums[bucket])
            if counts[bucket] > 0 {
                guard height > 0 else { return nil }
                logHeights += counts[bucket] * Double.log(height)
            }
        }
        return (exposure + before(last) - before(max(first, rampEnd)), logHeights)
    }
}

/// How much more occurrences clump than Poisson's: the variance of hourly counts about their expectation over their mean.
private func indexOfDispersion(_ series: Series, from first: Int, exposure: Exposure, hours: Double = 1)
    -> Double
{
    let width = max(1, Int(hours * 3600) / series.bucketSeconds)
    let span = exposure.total - exposure.before(first)
    guard span > 0 else { return 1 }
    let rate = series.errors[first...].reduce(0, +) / span
    var chi = 0.0, stretches = 0.0
    var start = first
    while start + width <= series.count {
        let expected = rate * (exposure.before(start + width) - exposure.before(start))
        if expected > 0.2 {
            let seen = series.errors[start..<start + width].reduce(0, +)
            chi += (seen - expected) * (seen - expected) / expected
            stretches += 1
        }
        start += width
    }
    return stretches >= 3 ? max(1, chi / stretches) : 1
}

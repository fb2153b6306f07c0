import DeployModel
import RealModule

/// One quantity of one series, judged.
struct ScopeJudgement {
    let series: Series
    let signal: Signal
    let penalty: Double
    let transients: [TimeWindow]
    private let candidates: [Candidate]
    private let settled: [TimeWindow]
    private let distributions: [OnsetDistribution]
    private let hypotheses: Hypotheses
    /// The time between regular points of the grid.
    private let gridSeconds: Double
    private let posterior: ChannelPosterior

    /// - Parameters:
    ///   - settled: when changes that are already known held.
    ///   - setAside: bursts of the whole, which are nobody's fault in its parts either.
    /// - Returns: `nil` when the series holds too little to judge.
    init?(
        _ series: Series, signal: Signal, penalty: Double, candidates: [Candidate],
        rollouts: RolloutIndex,
        settled: [TimeWindow], setAside: [TimeWindow]
    ) {
        guard
            var channel = Channel(
                series, quantity: signal == .volume ? .successes : .failures,
                binSeconds: binSeconds(for: series),
                settled: settled)
        else { return nil }
        for burst in setAside { channel.mask(channel.bins(of: burst)) }
        self.series = series
        self.signal = signal
        self.penalty = penalty
        self.candidates = candidates
        self.settled = settled
        let distributions = candidates.map { candidate in
            OnsetDistribution(
                candidate, rollouts: rollouts.relevant(to: candidate, scope: series.scope))
        }
        self.distributions = distributions
        let shares = candidateShares(candidates, scope: series.scope)
        let spacing = gridSpacing(channel, scope: series.scope, isFirstLook: settled.isEmpty)
        gridSeconds = Double(spacing * channel.binSeconds)
        let grid = OnsetGrid(
            channel: channel, candidates: series.scope.kind == .pod ? [] : candidates,
            distributions: distributions,
            spacing: spacing, range: 0..<max(1, channel.count - 1))
        func scanned(_ channel: Channel) -> (HypothesisScan, ChannelPosterior) {
            let scan = HypothesisScan(Hypotheses(channel: channel, grid: grid, candidateShares: shares))
            return (scan, scan.posterior())
        }
        // Short bursts are masked, so that what remains is judged without them: those that outweigh every lasting change, and
        // those that are left when the likeliest lasting change is seen past. The first look is at a loose expansion; once
        // it is known what stands out, the scatter is learnt with that seen past, and all is looked at again.
        var (scan, posterior) = scanned(channel)
        var transients: [TimeWindow] = []
        func likeliestChange() -> (start: Int, end: Int?)? {
            guard posterior.logOdds > 0 else { return nil }
            let mode = OnsetPosterior(scan.hypotheses, posterior: posterior).mode
            return (mode, posterior.onsetEvidence.bestEnd[mode])
        }
        for isAdapted in [false, true] {
            if isAdapted {
                guard posterior.logOdds > -3 || series.scope.kind == .all else { break }
                let width = Double(channel.binSeconds)
                channel.adapt(
                    to: likeliestChange().map { change in
                        EffectShape(
                            onset: Double(grid.bins[change.start]) * width,
                            end: change.end.map { Double(grid.bins[$0]) * width })
                    })
                (scan, posterior) = scanned(channel)
            }
            for _ in 0..<4 {
                let lasting = max(logSumExp(posterior.deploys), posterior.external, posterior.none)
                let change = likeliestChange()
                let found =
                    posterior.transient > lasting
                    ? scan.transients(above: lasting)
                    : change.map { change in
                        scan.burst(mistakenFor: change).map { [$0] }
                            ?? scan.transients(above: posterior.none, given: change, awayFrom: 4500)
                    } ?? []
                guard !found.isEmpty else { break }
                for bins in found.prefix(20) {
                    transients.append(
                        TimeWindow(
                            since: channel.time(ofBin: bins.lowerBound),
                            until: channel.time(ofBin: bins.upperBound)))
                    channel.mask(max(0, bins.lowerBound - 1)..<bins.upperBound + 2)
                }
                (scan, posterior) = scanned(channel)
            }
        }
        self.transients = transients + setAside
        hypotheses = scan.hypotheses
        self.posterior = posterior
    }

    /// Whether it is about the failures of all events.
    var isOfAllFailures: Bool { series.scope == .all && signal == .errorRate }

    /// log of the odds that something happened, before paying for the number of series.
    var logOdds: Double { posterior.logOdds }

    /// log of the odds that something happened here and only here. A single pod must stand out further the more the
    /// whole stands out, because every pod shares in a change of the whole.
    func standing(allOdds: Double) -> Double {
        posterior.logOdds - penalty - (series.scope.kind == .pod ? 0.2 * allOdds : 0)
    }

    /// The incident that this series shows.
    func incident() -> Incident {
        let located = located()
        let refined = located.posterior
        let logOdds = refined.total - posterior.none - penalty
        let onset = located.onset
        let end = located.end
        let counts = ChangeCounts(series, onset: onset, end: end, others: settled, bursts: transients)
        let none = 1 / (1 + Double.exp(min(logOdds, 700)))
        let (suspects, external) = refined.shares(of: candidates.map(\.id), remaining: 1 - none)
        // Next to nothing to go by still gives a finite interval.
        let error = min(located.effectError, 10)
        let ratio = signal == .volume ? Double.exp(located.effect) : counts.ratio
        return Incident(
            signal: signal, scope: series.scope, onset: onset, onsetInterval: refined.interval,
            end: end, endedBy: end.flatMap { deployThatEnded($0, since: onset) }, baseline: counts.before,
            during: counts.during, ratio: ratio,
            ratioInterval: Interval(ratio * Double.exp(-1.96 * error), ratio * Double.exp(1.96 * error)),
            excessErrors: counts.excess(of: signal, ratio: ratio), suspects: suspects,
            noneProbability: none, externalProbability: external,
            weighed: refined.weighed(
                candidates.map(\.id), shares: hypotheses.candidateShares, external: hypotheses.externalWeight,
                penalty: penalty, remaining: 1 - none),
            slowerThan: series.slowerThan)
    }

    /// The id of the deploy after the onset that best explains an end; `nil` when none does better than a quarter of chance,
    /// which deploys without a clock of their own seldom do.
    private func deployThatEnded(_ end: Instant, since onset: Instant) -> String? {
        let reach = max(600, 2 * hypotheses.channel.binSeconds)
        let window = TimeWindow(since: end - reach, until: end + reach)
        let later = candidates.indices.filter { candidates[$0].startedAt > onset }
        let masses = later.map { distributions[$0].mass(in: window) }
        guard let best = masses.indices.max(by: { masses[$0] < masses[$1] }) else { return nil }
        let chance = window.seconds / max(series.window.seconds, 1)
        let isLikely = masses[best] > chance * Double(max(1, candidates.count)) * 0.25
        return isLikely ? candidates[later[best]].id : nil
    }

    /// A change with its neighbourhood looked at closely.
    private struct Located {
        var posterior: OnsetPosterior
        var onset: Instant
        var end: Instant?
        var effect: Double
        var effectError: Double
    }

    private func located() -> Located {
        let coarse = OnsetPosterior(hypotheses, posterior: posterior)
        let sign = hypotheses.channel.quantity.prior.sign
        let reach = max(5400, 3 * gridSeconds)
        func end(of mode: Int) -> Instant? {
            posterior.onsetEvidence.bestEnd[mode].map {
                hypotheses.channel.time(ofBin: hypotheses.grid.bins[$0])
            }
        }
        let size = HypothesisScan(hypotheses).effect(
            from: coarse.mode, to: posterior.onsetEvidence.bestEnd[coarse.mode])
        var result = Located(
            posterior: coarse, onset: coarse.cells[coarse.mode].middle, end: end(of: coarse.mode),
            effect: sign * size.logRatio, effectError: size.standardError)
        // The likeliest stretch first; further ones only while they hold more than a fiftieth of all there is.
        var stretches: [(window: TimeWindow, mode: Int)] = []
        while stretches.count < 3 {
            let unexplored = coarse.probabilities(outside: stretches.map(\.window))
            guard let peak = unexplored.indices.max(by: { unexplored[$0] < unexplored[$1] }) else { break }
            let middle = stretches.isEmpty ? coarse.cells[coarse.mode].middle : coarse.cells[peak].middle
            let around = TimeWindow(since: middle.after(-reach), until: middle.after(0.75 * reach))
            let held = unexplored.indices.reduce(0) {
                $0 + (around.contains(coarse.cells[$1].middle) ? unexplored[$1] : 0)
            }
            guard stretches.isEmpty || held > 0.02 else { break }
            stretches.append((around, nearestGridIndex(to: middle)))
        }
        guard
            let near = Neighbourhood(
                series, channel: hypotheses.channel,
                stretches: stretches.map { stretch in
                    (
                        stretch.window.since.seconds(
                            since: series.start)...stretch.window.until.seconds(since: series.start),
                        end(of: stretch.mode)?.seconds(since: series.start)
                    )
                })
        else { return result }
        var best = -Double.infinity, bestAtMode = -Double.infinity
        var fine: [(window: TimeWindow, posterior: OnsetPosterior)] = []
        for (index, stretch) in stretches.enumerated() {
            let found = finePosterior(near, stretch: index, coarseMode: stretch.mode, best: best)
            guard !found.posterior.cells.isEmpty else { continue }
            fine.append((found.posterior.window, found.posterior))
            if index == 0 { bestAtMode = found.best }
            guard found.best > best else { continue }
            best = found.best
            result.effect = found.effect
            result.effectError = found.effectError
        }
        // What the scan says of the rest of time is on its own scale; at the mode the two must agree.
        let shift = bestAtMode - posterior.onsetEvidence.withBestEnd[stretches[0].mode]
        result.posterior = coarse.shifted(by: shift)
        // The likeliest stretch comes last: where two overlap, its fits hold.
        for part in fine.reversed() {
            result.posterior = result.posterior.replacing(part.window, by: part.posterior)
        }
        result.onset = result.posterior.cells[result.posterior.mode].middle
        let holder =
            stretches.first { $0.window.contains(result.onset) }?.mode ?? nearestGridIndex(to: result.onset)
        result.end = end(of: holder)
        return result
    }

    private func nearestGridIndex(to instant: Instant) -> Int {
        let bin = hypotheses.channel.bin(of: instant)
        return hypotheses.grid.bins.indices.min {
            abs(hypotheses.grid.bins[$0] - bin) < abs(hypotheses.grid.bins[$1] - bin)
        } ?? 0
    }

    /// Every hypothesis about an onset in one stretch of the neighbourhood, fitted; and the best one's log Bayes factor.
    private func finePosterior(_ near: Neighbourhood, stretch: Int, coarseMode: Int, best known: Double) -> (
        posterior: OnsetPosterior, best: Double, effect: Double, effectError: Double
    ) {
        let onsetEvidence = posterior.onsetEvidence
        // How a change may end was weighed by the scan; the fits share its best end.
        let byDeploy = onsetEvidence.byDeploy[coarseMode] - onsetEvidence.withBestEnd[coarseMode]
        let byOther = onsetEvidence.byOther[coarseMode] - onsetEvidence.withBestEnd[coarseMode]
        let moments = near.moments(of: stretch)
        let end = near.stretches[stretch].end
        let steps = near.steps(of: stretch, best: known)
        let spacing = moments.count > 1 ? moments[1] - moments[0] : 60
        let cells = moments.map { moment in
            TimeWindow(
                since: series.start.after(moment - spacing / 2),
                until: series.start.after(moment + spacing / 2))
        }
        let whole = max(series.window.seconds, 1)
        let external = Double.log(hypotheses.externalWeight) + byOther
        let other = steps.map { $0.logEvidence + external + Double.log(spacing / whole) }
        var best = steps.max { $0.logEvidence < $1.logEvidence } ?? LogRateFit(wander: [], coefficients: [])
        let deploys = candidates.indices.map { index -> [Double] in
            let share = Double.log(PriorWeight.deploy * hypotheses.candidateShares[index]) + byDeploy
            let rampShare = candidates[index].rampShare
            let masses = distributions[index].masses(in: cells)
            var values = moments.indices.map { cell in
                masses[cell] > 0
                    ? steps[cell].logEvidence + share + Double.log(masses[cell] * (1 - rampShare)) : -700
            }
            guard rampShare > 0 else { return values }
            let start = candidates[index].startedAt.seconds(since: series.start)
            let ways = candidates[index].ramps.filter {
                near.stretches[stretch].reach.contains(start + $0.lag)
            }
            let fits = near.logBayesFactors(
                ways.map { EffectShape(onset: start + $0.lag, ramp: $0.length, end: end) })
            for (way, fit) in zip(ways, fits) {
                let cell = min(
                    moments.count - 1,
                    Int((start + way.lag - near.stretches[stretch].reach.lowerBound) / spacing))
                values[cell] = logSumExp([
                    values[cell], fit.logEvidence + share + Double.log(rampShare * way.weight),
                ])
                if fit.logEvidence > best.logEvidence { best = fit }
            }
            return values
        }
        return (
            OnsetPosterior(cells: cells, deploys: deploys, other: other), best.logEvidence, best.effect,
            best.effectError
        )
    }
}

/// Bins of five minutes, or of whatever keeps a series below a limit; a single pod's counts are thin, so wider bins lose
/// nothing there and cost little.
private func binSeconds(for series: Series) -> Int {
    let seconds = series.count * series.bucketSeconds
    let limit = series.scope.kind == .pod ? 500 : 2100
    let widths = [60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400]
    // Beyond that days, and over years several of them: a row at a mistaken time makes decades of any export.
    let wanted = widths.first { seconds / $0 <= limit } ?? 86_400 * (seconds / 86_400 / limit + 1)
    return max(series.bucketSeconds, seconds >= 43_200 ? max(wanted, 300) : wanted)
}

/// Every bin, or what keeps a grid at 850 points; at 700 for traffic and for further changes, whose pairs of begin and
/// end cost as much and decide less, and at 250 for a pod.
private func gridSpacing(_ channel: Channel, scope: Scope, isFirstLook: Bool) -> Int {
    let limit =
        scope.kind == .pod ? 250 : channel.quantity == .successes || !isFirstLook ? 700 : 850
    return max(1, (channel.count + limit - 1) / limit)
}

/// Prior weights of the candidates, summing to 1: one whose configuration changes reach the scope's workload counts
/// three times as much as one of which that is not known, since most deploys touch what they break.
func candidateShares(_ candidates: [Candidate], scope: Scope) -> [Double] {
    let owner: String? =
        switch scope.kind {
        case .workload: scope.name
        case .pod: PodName(scope.name).workload
        default: nil
        }
    let weights = candidates.map { candidate in
        guard let owner, !candidate.workloads.isEmpty else { return 1.0 }
        return candidate.workloads.contains(owner) ? 3.0 : 0.7
    }
    let total = weights.reduce(0, +)
    return total > 0 ? weights.map { $0 / total } : weights
}

extension TimeWindow {
    /// The instant half way.
    var middle: Instant { Instant(milliseconds: (since.milliseconds + until.milliseconds) / 2) }
}

extension Instant {
    /// The instant so many seconds later, to the millisecond.
    func after(_ seconds: Double) -> Instant {
        Instant(milliseconds: milliseconds + Int64((seconds * 1000).rounded()))
    }
}

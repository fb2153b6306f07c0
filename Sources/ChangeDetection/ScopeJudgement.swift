import DeployModel
import RealModule

/// One series, judged.
struct ScopeJudgement {
    let series: Series
    let penalty: Double
    let transients: [TimeWindow]
    private let candidates: [Candidate]
    private let distributions: [OnsetDistribution]
    private let scan: HypothesisScan
    private let posterior: ChannelPosterior

    /// - Returns: `nil` when the series holds too little to judge.
    init?(
        _ series: Series, penalty: Double, candidates: [Candidate], rollouts: [ObservedRollout],
        setAside: [TimeWindow]
    ) {
        guard var channel = Channel(series, binSeconds: binSeconds(for: series)) else { return nil }
        for window in setAside {
            channel.mask(max(0, channel.bin(of: window.since))..<max(0, channel.bin(of: window.until) + 1))
        }
        self.series = series
        self.penalty = penalty
        self.candidates = candidates
        distributions = candidates.map { candidate in
            OnsetDistribution(
                candidate, rollouts: relevantRollouts(rollouts, scope: series.scope, of: candidate))
        }
        let shares = candidateShares(candidates, scope: series.scope)
        let grid = OnsetGrid(
            channel: channel, candidates: candidates, distributions: distributions,
            spacing: max(1, channel.count / 240), range: 0..<max(1, channel.count - 1))
        // Short bursts are found one by one and masked, so that what remains is judged without them.
        var scan = HypothesisScan(channel: channel, grid: grid, candidateShares: shares)
        var posterior = scan.posterior()
        var transients: [TimeWindow] = []
        while transients.count < 7,
            posterior.transient > max(logSumExp(posterior.deploys), posterior.external, posterior.none)
        {
            let bins = posterior.transientBins
            transients.append(
                TimeWindow(
                    since: channel.time(ofBin: bins.lowerBound), until: channel.time(ofBin: bins.upperBound)))
            channel.mask(max(0, bins.lowerBound - 1)..<bins.upperBound + 2)
            scan = HypothesisScan(channel: channel, grid: grid, candidateShares: shares)
            posterior = scan.posterior()
        }
        self.transients = transients
        self.scan = scan
        self.posterior = posterior
    }

    /// log of the odds that something happened, before paying for the number of series.
    var logOdds: Double { posterior.logOdds }

    /// log of the odds that something happened here and only here. A single pod must stand out further the more the
    /// whole stands out, because every pod shares in a change of the whole.
    func standing(allOdds: Double) -> Double {
        posterior.logOdds - penalty - (series.scope.kind == .pod ? 0.2 * allOdds : 0)
    }

    /// The incident that this series shows.
    func incident(penalised logOdds: Double) -> Incident {
        let refined = refinedPosterior()
        let onsetIndex = refined.mode
        let onset = refined.cells[onsetIndex].middle
        let coarseOnset = nearestGridIndex(to: onset)
        let endIndex = posterior.onsetEvidence.bestEnd[coarseOnset]
        let end = endIndex.map { scan.channel.time(ofBin: scan.grid.bins[$0]) }
        let (before, during) = counts(onset: onset, end: end)
        let none = 1 / (1 + Double.exp(min(logOdds, 700)))
        let (suspects, external) = refined.shares(of: candidates.map(\.id), remaining: 1 - none)
        let ratio = smoothed(during) / smoothed(before)
        // Next to nothing to go by still gives a finite interval.
        let error = min(scan.effect(from: coarseOnset, to: endIndex).standardError, 10)
        return Incident(
            signal: .errorRate, scope: series.scope, onset: onset, onsetInterval: refined.interval,
            end: end, endedBy: end.flatMap(deployThatEnded), baseline: before, during: during, ratio: ratio,
            ratioInterval: Interval(ratio * Double.exp(-1.96 * error), ratio * Double.exp(1.96 * error)),
            excessErrors: max(0, during.errors - before.value * during.events), suspects: suspects,
            noneProbability: none, externalProbability: external)
    }

    /// The counts before the onset and from it to the end; when there is no time before, what comes after the end.
    private func counts(onset: Instant, end: Instant?) -> (before: Rate, during: Rate) {
        let whole = series.window
        let during = series.total(
            in: series.buckets(in: TimeWindow(since: onset, until: end ?? whole.until)))
        var before = series.total(in: series.buckets(in: TimeWindow(since: whole.since, until: onset)))
        if before.events == 0, let end {
            before = series.total(in: series.buckets(in: TimeWindow(since: end, until: whole.until)))
        }
        return (before, during)
    }

    private func smoothed(_ rate: Rate) -> Double { (rate.errors + 0.5) / (rate.events + 1) }

    /// The id of the deploy that best explains an end; `nil` when none does better than chance.
    private func deployThatEnded(_ end: Instant) -> String? {
        let reach = max(600, 2 * scan.channel.binSeconds)
        let window = TimeWindow(since: end - reach, until: end + reach)
        let masses = distributions.map { $0.mass(in: window) }
        guard let best = masses.indices.max(by: { masses[$0] < masses[$1] }) else { return nil }
        let chance = window.seconds / max(series.window.seconds, 1)
        return masses[best] > chance * Double(max(1, candidates.count)) * 0.25 ? candidates[best].id : nil
    }

    private func nearestGridIndex(to instant: Instant) -> Int {
        let bin = scan.channel.bin(of: instant)
        return scan.grid.bins.indices.min {
            abs(scan.grid.bins[$0] - bin) < abs(scan.grid.bins[$1] - bin)
        } ?? 0
    }

    /// The posterior over causes and onsets with the neighbourhood of the onset looked at in the series' own buckets.
    ///
    /// Within the neighbourhood the evidence of the coarse bins is replaced by that of the fine ones, scaled so that the
    /// evidence of the neighbourhood as a whole stays what it was.
    private func refinedPosterior() -> OnsetPosterior {
        let coarse = OnsetPosterior(
            cells: scan.grid.cells, byDeploy: posterior.onsetEvidence.byDeploy,
            byOther: posterior.onsetEvidence.byOther, onsetMass: scan.grid.onsetMass,
            uniformMass: scan.grid.bins.indices.map(scan.grid.uniformMass),
            candidateShares: scan.candidateShares)
        let stride = max(1, scan.channel.count / 240)
        guard series.bucketSeconds < scan.channel.binSeconds || stride > 1 else { return coarse }
        let middle = coarse.cells[coarse.mode].middle
        let end = posterior.onsetEvidence.bestEnd[coarse.mode].map {
            scan.channel.time(ofBin: scan.grid.bins[$0])
        }
        let spacing = scan.channel.binSeconds * stride
        let near = TimeWindow(since: middle - max(2700, 2 * spacing), until: middle + max(2700, 2 * spacing))
        let wide = TimeWindow(since: middle - 28_800, until: min(end ?? series.window.until, middle + 28_800))
        let local = series.slice(wide)
        let fineSeconds = max(series.bucketSeconds, 60)
        guard let channel = Channel(local, binSeconds: fineSeconds, wander: scan.channel.wander) else {
            return coarse
        }
        let range = max(1, channel.bin(of: near.since))..<min(channel.count - 1, channel.bin(of: near.until))
        guard range.count >= 3 else { return coarse }
        let grid = OnsetGrid(
            channel: channel, candidates: [], distributions: distributions, spacing: 1, range: range)
        let evidence = ChangeEvidence(channel, grid: grid.bins)
        let fine = grid.bins.indices.map { evidence.logBayesFactor(from: $0, to: nil) }
        return coarse.refined(
            cells: grid.cells, evidence: fine,
            onsetMass: distributions.map { distribution in grid.cells.map { distribution.mass(in: $0) } })
    }
}

/// Bins of five minutes, or of whatever keeps a series below three thousand of them; a single pod's counts are thin, so
/// wider bins lose nothing there and cost little: at most five hundred.
private func binSeconds(for series: Series) -> Int {
    let seconds = series.count * series.bucketSeconds
    let limit = series.scope.kind == .pod ? 500 : 3000
    let widths = [60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400]
    let wanted = widths.first { seconds / $0 <= limit } ?? 86_400
    return max(series.bucketSeconds, seconds >= 43_200 ? max(wanted, 300) : wanted)
}

/// The first events of new templates of the workloads that a scope and a deploy share.
private func relevantRollouts(_ rollouts: [ObservedRollout], scope: Scope, of candidate: Candidate)
    -> [Instant]
{
    guard !candidate.workloads.isEmpty else { return [] }
    let owner = scope.kind == .pod ? PodName(scope.name).workload : scope.name
    return rollouts.filter { rollout in
        candidate.workloads.contains(rollout.workload) && (scope.kind == .all || rollout.workload == owner)
            && rollout.first > candidate.startedAt - 600
    }.map(\.first)
}

/// Prior weights of the candidates, summing to 1: one whose configuration changes reach the scope's workload counts
/// three times as much as one of which that is not known, since most deploys touch what they break.
private func candidateShares(_ candidates: [Candidate], scope: Scope) -> [Double] {
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

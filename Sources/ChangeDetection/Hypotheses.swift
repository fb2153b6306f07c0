import DeployModel
import RealModule

/// What may have happened to one channel, with prior weights that need not sum to 1 (the posterior normalises).
///
/// Nothing has the largest weight, because false blame is the worst this tool can do; a deploy has four times that of
/// something else, and each of many deploys less; besides these there are any number of short transients, which are nobody's
/// fault and are set aside.
enum PriorWeight {
    static let deploy = 0.136
    static let external = 0.034
    /// Of traffic, which falls for a thousand reasons that are no deploy's.
    static let externalFall = 0.34
    static let none = 0.83
    static let transient = 0.45
    /// Of changes that a deploy made: lasting, ended by a later deploy, ended at any time.
    static let lasting = 0.7, endedByDeploy = 0.25, endedAnyhow = 0.05
    /// Of changes that no deploy made.
    static let externalLasting = 0.33
    /// Shorter changes than this without a deploy at their start and end are transients.
    static let transientSeconds = 7200
    /// A change that a deploy made and a later one ended lasts at least this long.
    static let shortestSeconds = 1500
}

/// The posterior of one channel.
struct ChannelPosterior {
    /// log of prior × evidence: for each candidate, for something else, for nothing, for a transient.
    var deploys: [Double]
    var external: Double
    var none: Double
    var transient: Double
    /// For each grid point log of evidence of a change that begins there, by how it ends, priors of ends included.
    var onsetEvidence: OnsetEvidence

    /// log of the odds that something happened.
    var logOdds: Double { max(logSumExp(deploys), external) == -.infinity ? -.infinity : changed - none }
    var changed: Double { logSumExp([logSumExp(deploys), external]) }
}

/// log evidence of each onset, summed over ends.
struct OnsetEvidence {
    /// For a change that a deploy made.
    var byDeploy: [Double]
    /// For a change that something else made.
    var byOther: [Double]
    /// The most probable end for each onset as a grid index; `nil` for none.
    var bestEnd: [Int?]
    /// log evidence of a change with that end, without any prior.
    var withBestEnd: [Double]
}

/// The grid of moments at which a change may begin or end, and what the deploys say about each.
struct OnsetGrid {
    let bins: [Int]
    /// The stretch of time that each grid point stands for.
    let cells: [TimeWindow]
    /// For each candidate the probability that its effect begins in each cell.
    let onsetMass: [[Double]]
    /// The cells in which that is more than nothing, for each candidate.
    let support: [Range<Int>]

    /// - Parameter spacing: bins between regular grid points; near recorded deploys the grid is as fine as the bins.
    init(
        channel: Channel, candidates: [Candidate], distributions: [OnsetDistribution], spacing: Int,
        range: Range<Int>
    ) {
        var chosen = Set(stride(from: range.lowerBound, to: range.upperBound, by: max(1, spacing)))
        for candidate in candidates where candidate.hasDeployClock {
            let first = channel.bin(of: candidate.startedAt)
            let last = channel.bin(of: candidate.finishedAt ?? candidate.startedAt) + 2
            for bin in first...max(first, min(last, first + 2)) where range.contains(bin) {
                chosen.insert(bin)
            }
        }
        let bins = chosen.sorted()
        let width = Int64(channel.binSeconds) * 500
        cells = bins.indices.map { index in
            let here = channel.time(ofBin: bins[index]).milliseconds
            let before = index == 0 ? here - 2 * width : channel.time(ofBin: bins[index - 1]).milliseconds
            let after =
                index + 1 == bins.count ? here + 2 * width : channel.time(ofBin: bins[index + 1]).milliseconds
            // Half way to the neighbours: what begins within a bin shows from that bin or the next one on.
            return TimeWindow(
                since: Instant(milliseconds: (before + here) / 2),
                until: Instant(milliseconds: (here + after) / 2))
        }
        self.bins = bins
        let cells = cells
        let onsetMass = distributions.map { $0.masses(in: cells) }
        support = onsetMass.map { masses in
            let first = masses.firstIndex { $0 > 1e-12 } ?? 0
            return first..<max(first, (masses.lastIndex { $0 > 1e-12 } ?? -1) + 1)
        }
        self.onsetMass = onsetMass
    }

    /// The share of the whole grid's time that a cell stands for.
    func uniformMass(_ index: Int) -> Double {
        let total = (cells.last?.until ?? .init(seconds: 0)).seconds(
            since: cells.first?.since ?? .init(seconds: 0))
        return total > 0 ? cells[index].seconds / total : 0
    }
}

/// What may have happened to a channel.
struct Hypotheses {
    let channel: Channel
    let grid: OnsetGrid
    /// The prior weight of each candidate, summing to 1 over candidates.
    let candidateShares: [Double]
    /// The prior weight of something else than a deploy.
    let externalWeight: Double

    init(channel: Channel, grid: OnsetGrid, candidateShares: [Double]) {
        externalWeight = channel.quantity == .successes ? PriorWeight.externalFall : PriorWeight.external
        self.channel = channel
        self.grid = grid
        self.candidateShares = candidateShares
    }
}

/// Weighs every hypothesis on a channel. It takes megabytes, and is quicker made again than kept.
struct HypothesisScan {
    let hypotheses: Hypotheses
    private let evidence: ChangeEvidence

    init(_ hypotheses: Hypotheses) {
        self.hypotheses = hypotheses
        evidence = ChangeEvidence(hypotheses.channel, grid: hypotheses.grid.bins)
    }

    private var channel: Channel { hypotheses.channel }
    private var grid: OnsetGrid { hypotheses.grid }

    func effect(from start: Int, to end: Int?) -> (logRatio: Double, standardError: Double) {
        evidence.effect(from: start, to: end)
    }

    /// The short changes, in bins, that are likelier than `level` (a log weight), the likeliest first, no two of which overlap;
    /// with a change taken for granted if one is named. Nothing within so many seconds of its start and end counts: what a
    /// ramp has before and after the step that it was taken for is no burst.
    func transients(
        above level: Double, given change: (start: Int, end: Int?)? = nil, awayFrom distance: Int = 0
    )
        -> [Range<Int>]
    {
        let edges = change.map { [grid.bins[$0.start]] + ($0.end.map { [grid.bins[$0]] } ?? []) } ?? []
        let apart = distance / channel.binSeconds
        let evidence = change.map { self.evidence.given(from: $0.start, to: $0.end) } ?? self.evidence
        let count = grid.bins.count
        var found: [(value: Double, bins: Range<Int>)] = []
        let prior = Double.log(PriorWeight.transient / Double(max(1, count)))
        for start in 0..<count {
            var end = start + 1
            var ends: [(value: Double, end: Int)] = []
            while end < count, seconds(start, end) < PriorWeight.transientSeconds {
                let (information, score) = evidence.rise(from: start, to: end)
                if score > 0, score * score > 6 * information {
                    ends.append((evidence.logBayesFactor(from: start, to: end), end))
                }
                end += 1
            }
            guard let best = ends.max(by: { $0.value < $1.value }) else { continue }
            let weighted = best.value + prior - Double.log(Double(max(1, end - start - 1)))
            let isApart = edges.allSatisfy {
                grid.bins[best.end] + apart < $0 || $0 + apart < grid.bins[start]
            }
            if weighted > level, isApart { found.append((weighted, grid.bins[start]..<grid.bins[best.end])) }
        }
        found.sort { ($0.value, $1.bins.lowerBound) > ($1.value, $0.bins.lowerBound) }
        var kept: [Range<Int>] = []
        for candidate in found
        where !kept.contains(where: {
            $0.overlaps(candidate.bins.lowerBound - 2..<candidate.bins.upperBound + 2)
        }) {
            kept.append(candidate.bins)
        }
        return kept
    }

    /// The burst, in bins, that a change began with only because a later change was taken to begin there.
    ///
    /// A burst and, after a pause, a change explain more than one change that begins with the burst would, if the pause
    /// holds enough events.
    func burst(mistakenFor change: (start: Int, end: Int?)) -> Range<Int>? {
        let count = grid.bins.count
        let prior = Double.log(PriorWeight.transient / Double(max(1, count)))
        let alone = evidence.logBayesFactor(from: change.start, to: change.end)
        var best: (value: Double, bins: Range<Int>)?
        for start in max(0, change.start - 3)..<min(count, change.start + 4) {
            var end = start + 1
            while end < count, seconds(start, end) < PriorWeight.transientSeconds {
                let burst = evidence.logBayesFactor(from: start, to: end) + prior
                var pause = end + 1
                while pause < count, seconds(end, pause) < Self.shortestPause { pause += 1 }
                func joint(_ starts: Range<Int>) -> Double {
                    burst
                        + evidence.bestLogBayesFactor(from: starts, to: change.end, given: (start, end))
                }
                let value = joint(pause..<max(pause, count))
                let isApart = value > max(alone, joint(max(0, start - 6)..<min(pause, count))) + 3
                if isApart, burst > prior, value > best?.value ?? -.infinity {
                    best = (value, grid.bins[start]..<grid.bins[end])
                }
                end += 1
            }
        }
        return best?.bins
    }

    /// Less than this between a burst and a change, in seconds, and they may be one ramp.
    private static let shortestPause = 600

    private func seconds(_ start: Int, _ end: Int) -> Int {
        (grid.bins[end] - grid.bins[start]) * channel.binSeconds
    }

    /// How many bins make so many seconds at least.
    private func binsReaching(_ seconds: Int) -> Int {
        (seconds + channel.binSeconds - 1) / channel.binSeconds
    }

    func posterior() -> ChannelPosterior {
        let grid = grid
        let count = grid.bins.count
        let (transientBins, shortestBins) = (
            binsReaching(PriorWeight.transientSeconds), binsReaching(PriorWeight.shortestSeconds)
        )
        // The probability that some later deploy ends a change in each cell, were all equally likely to.
        let endMass = (0..<count).map { cell in grid.onsetMass.reduce(0) { $0 + $1[cell] } }
        let logEndMass = endMass.map { Double.log(max($0, 1e-300)) }
        var laterMass = [Double](repeating: 0, count: count + 1)
        for cell in (0..<count).reversed() { laterMass[cell] = laterMass[cell + 1] + endMass[cell] }
        var onset = OnsetEvidence(
            byDeploy: .init(repeating: -.infinity, count: count),
            byOther: .init(repeating: -.infinity, count: count),
            bestEnd: .init(repeating: nil, count: count),
            withBestEnd: .init(repeating: -.infinity, count: count))
        var transient = -Double.infinity
        let transientPrior = Double.log(PriorWeight.transient / Double(max(1, count)))
        let (lastingPrior, endedByDeploy, endedAnyhow) = (
            Double.log(PriorWeight.lasting), Double.log(PriorWeight.endedByDeploy),
            Double.log(PriorWeight.endedAnyhow)
        )
        // What is this far below the best says nothing, and need not be worked out.
        var hopeless = (0..<count).reduce(0) { max($0, evidence.logBayesFactor(from: $1, to: nil)) } - 35
        for start in 0..<count {
            let lasting = evidence.logBayesFactor(from: start, to: nil)
            var best = (value: lasting + lastingPrior, end: Int?.none, raw: lasting)
            let logLaterMass = Double.log(max(1, laterMass[start]))
            let logLaterCells = Double.log(Double(max(1, count - start)))
            var byDeployEnd: [Double] = [], byAnyEnd: [Double] = [], short: [Double] = []
            let (bin, row) = (grid.bins[start], evidence.row(of: start))
            let firstLong = grid.bins.partitioningIndex { $0 - bin >= transientBins }
            let shortCells = max(0, min(firstLong, count) - start - 1)
            for end in start + 1..<max(start + 1, count) {
                let (information, score) = evidence.rise(in: row, to: end)
                // A change the other way, or one of less than two standard deviations, counts for nothing; skipping it is
                // what makes the scan quick.
                guard score > 0, score * score > max(4, 2 * hopeless) * information else { continue }
                let factor = evidence.logBayesFactor(information: information, score: score)
                hopeless = max(hopeless, factor - 35)
                if grid.bins[end] - bin >= shortestBins, endMass[end] > 0 {
                    let weighted = factor + logEndMass[end] - logLaterMass
                    byDeployEnd.append(weighted)
                    if weighted + endedByDeploy > best.value {
                        best = (weighted + endedByDeploy, end, factor)
                    }
                }
                if end >= firstLong {
                    let weighted = factor - logLaterCells
                    byAnyEnd.append(weighted)
                    if weighted + endedAnyhow > best.value { best = (weighted + endedAnyhow, end, factor) }
                } else {
                    short.append(factor)
                }
            }
            transient = logSumExp([
                transient, logSumExp(short) + transientPrior - Double.log(Double(max(1, shortCells))),
            ])
            let deployEnds = logSumExp(byDeployEnd), anyEnds = logSumExp(byAnyEnd)
            onset.byDeploy[start] = logSumExp([
                lasting + lastingPrior, deployEnds + endedByDeploy, anyEnds + endedAnyhow,
            ])
            onset.byOther[start] = logSumExp([
                lasting + Double.log(PriorWeight.externalLasting), anyEnds + Double.log(0.5),
                deployEnds + Double.log(1 - PriorWeight.externalLasting - 0.5),
            ])
            onset.bestEnd[start] = best.end
            onset.withBestEnd[start] = best.raw
        }
        let deploys = grid.onsetMass.indices.map { candidate in
            logSumExp(
                grid.support[candidate].lazy.map {
                    onset.byDeploy[$0] + Double.log(max(grid.onsetMass[candidate][$0], 1e-300))
                }) + Double.log(PriorWeight.deploy * hypotheses.candidateShares[candidate])
        }
        let external =
            logSumExp(grid.bins.indices.lazy.map { onset.byOther[$0] + Double.log(grid.uniformMass($0)) })
            + Double.log(hypotheses.externalWeight)
        return ChannelPosterior(
            deploys: deploys, external: external, none: Double.log(PriorWeight.none), transient: transient,
            onsetEvidence: onset)
    }
}

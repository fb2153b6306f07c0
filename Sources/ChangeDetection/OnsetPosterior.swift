import DeployModel
import RealModule

/// The joint posterior of cause and onset on a partition of time.
struct OnsetPosterior {
    /// The stretches of time, ascending; they may differ in width.
    private(set) var cells: [TimeWindow]
    /// log of prior × evidence of each candidate having its effect begin in each cell.
    private(set) var deploys: [[Double]]
    /// The same for something else.
    private(set) var other: [Double]
    /// log of the sum over causes in each cell.
    private let byCell: [Double]

    /// What the scan of a whole channel says.
    init(_ hypotheses: Hypotheses, posterior: ChannelPosterior) {
        let onset = posterior.onsetEvidence
        let grid = hypotheses.grid
        let deploys = grid.onsetMass.indices.map { candidate -> [Double] in
            let share = Double.log(PriorWeight.deploy * hypotheses.candidateShares[candidate])
            var values = [Double](repeating: -700, count: grid.bins.count)
            for cell in grid.support[candidate] {
                values[cell] =
                    onset.byDeploy[cell] + Double.log(max(grid.onsetMass[candidate][cell], 1e-300)) + share
            }
            return values
        }
        let other = grid.bins.indices.map {
            onset.byOther[$0] + Double.log(max(grid.uniformMass($0), 1e-300))
                + Double.log(hypotheses.externalWeight)
        }
        self.init(cells: grid.cells, deploys: deploys, other: other)
    }

    init(cells: [TimeWindow], deploys: [[Double]], other: [Double]) {
        self.cells = cells
        self.deploys = deploys
        self.other = other
        var largest = other
        for values in deploys {
            for cell in values.indices { largest[cell] = max(largest[cell], values[cell]) }
        }
        var sums = zip(other, largest).map { Double.exp($0 - $1) }
        for values in deploys {
            // What is forty below the largest does not change the sum.
            for cell in values.indices where values[cell] > largest[cell] - 40 {
                sums[cell] += Double.exp(values[cell] - largest[cell])
            }
        }
        byCell = zip(largest, sums).map { $0 + Double.log($1) }
    }

    /// What the cells cover.
    var window: TimeWindow {
        TimeWindow(
            since: cells.first?.since ?? Instant(seconds: 0), until: cells.last?.until ?? Instant(seconds: 0))
    }

    /// The same with all evidence multiplied by one factor, given by its logarithm.
    func shifted(by shift: Double) -> OnsetPosterior {
        OnsetPosterior(
            cells: cells, deploys: deploys.map { $0.map { $0 + shift } }, other: other.map { $0 + shift })
    }

    /// The same with the cells of one stretch replaced by others.
    func replacing(_ stretch: TimeWindow, by finer: OnsetPosterior) -> OnsetPosterior {
        let before = cells.indices.filter { cells[$0].middle < stretch.since }
        let after = cells.indices.filter { cells[$0].middle >= stretch.until }
        func joined<Value>(_ old: [Value], _ new: [Value]) -> [Value] {
            before.map { old[$0] } + new + after.map { old[$0] }
        }
        return OnsetPosterior(
            cells: joined(cells, finer.cells),
            deploys: deploys.indices.map { joined(deploys[$0], finer.deploys[$0]) },
            other: joined(other, finer.other))
    }

    /// log of the sum over everything.
    var total: Double { logSumExp(byCell) }

    /// The share of everything that each cell holds; 0 for cells inside the windows.
    func probabilities(outside windows: [TimeWindow]) -> [Double] {
        let values = byCell
        let total = logSumExp(values)
        return cells.indices.map { cell in
            windows.contains { $0.contains(cells[cell].middle) } ? 0 : Double.exp(values[cell] - total)
        }
    }

    /// The index of the most probable cell, by density.
    var mode: Int {
        let values = byCell
        return cells.indices.max {
            values[$0] - Double.log(cells[$0].seconds) < values[$1] - Double.log(cells[$1].seconds)
        } ?? 0
    }

    /// The shortest run of cells around the mode that holds 95 % of the onset's probability.
    var interval: Interval<Instant> {
        let values = byCell
        let total = logSumExp(values)
        let probabilities = values.map { Double.exp($0 - total) }
        var (low, high) = (mode, mode)
        var held = probabilities[mode]
        while held < 0.95, low > 0 || high + 1 < cells.count {
            let left = low > 0 ? probabilities[low - 1] / max(cells[low - 1].seconds, 1e-9) : -1
            let right =
                high + 1 < cells.count ? probabilities[high + 1] / max(cells[high + 1].seconds, 1e-9) : -1
            if left >= right {
                low -= 1
                held += probabilities[low]
            } else {
                high += 1
                held += probabilities[high]
            }
        }
        return Interval(cells[low].since, cells[high].until)
    }

    /// Every cause weighed, the most probable first.
    ///
    /// - Parameters:
    ///   - shares: the prior weight of each candidate, summing to 1.
    ///   - external: the prior weight of something else.
    ///   - penalty: what is paid for there being other series, in log odds.
    ///   - remaining: the probability that something happened.
    func weighed(_ ids: [String], shares: [Double], external: Double, penalty: Double, remaining: Double)
        -> [WeighedCause]
    {
        let total = total
        func cause(_ id: String?, _ values: [Double], prior: Double) -> WeighedCause {
            let sum = logSumExp(values)
            let best = values.indices.max { values[$0] < values[$1] } ?? 0
            return WeighedCause(
                deploy: id, prior: prior, logBayesFactor: sum - Double.log(prior) - penalty,
                onset: cells[best].middle, probability: remaining * Double.exp(sum - total))
        }
        var causes = ids.indices.map { cause(ids[$0], deploys[$0], prior: PriorWeight.deploy * shares[$0]) }
        causes.append(cause(nil, other, prior: external))
        return causes.sorted { ($0.probability, $1.deploy ?? "") > ($1.probability, $0.deploy ?? "") }
    }

    /// The probability of each candidate and of something else, given that something happened, times `remaining`.
    ///
    /// Candidates below one in ten thousand are left out, and what they had is spread over the rest.
    func shares(of ids: [String], remaining: Double) -> (suspects: [Suspect], external: Double) {
        let logs = deploys.map { logSumExp($0) }
        let external = logSumExp(other)
        let total = logSumExp(logs + [external])
        let kept = logs.indices.map { (id: ids[$0], share: Double.exp(logs[$0] - total)) }.filter {
            $0.share >= 1e-4
        }
        let externalShare = Double.exp(external - total)
        let scale = remaining / (externalShare + kept.reduce(0) { $0 + $1.share })
        let suspects = kept.map { Suspect(deploy: $0.id, probability: $0.share * scale) }
            .sorted { ($0.probability, $1.deploy) > ($1.probability, $0.deploy) }
        return (suspects, externalShare * scale)
    }
}

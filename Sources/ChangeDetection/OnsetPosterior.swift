import DeployModel
import RealModule

/// The joint posterior of cause and onset on a partition of time.
struct OnsetPosterior {
    /// The stretches of time, ascending; they may differ in width.
    private(set) var cells: [TimeWindow]
    /// log of prior × evidence for each candidate in each cell.
    private var deploys: [[Double]]
    /// The same for something else.
    private var other: [Double]
    private let evidence: (byDeploy: [Double], byOther: [Double])
    private let candidateShares: [Double]
    private let windowSeconds: Double

    init(
        cells: [TimeWindow], byDeploy: [Double], byOther: [Double], onsetMass: [[Double]],
        uniformMass: [Double],
        candidateShares: [Double]
    ) {
        self.cells = cells
        self.candidateShares = candidateShares
        evidence = (byDeploy, byOther)
        windowSeconds = cells.reduce(0) { $0 + $1.seconds }
        deploys = onsetMass.enumerated().map { candidate, masses in
            let share = Double.log(PriorWeight.deploy * candidateShares[candidate])
            return masses.indices.map { byDeploy[$0] + Double.log(max(masses[$0], 1e-300)) + share }
        }
        other = uniformMass.indices.map {
            byOther[$0] + Double.log(max(uniformMass[$0], 1e-300)) + Double.log(PriorWeight.external)
        }
    }

    /// The same posterior with finer cells in one stretch.
    ///
    /// - Parameters:
    ///   - cells: the fine cells, adjoining.
    ///   - evidence: log evidence of an onset in each of them, on any scale.
    ///   - onsetMass: for each candidate the probability that its effect begins in each fine cell.
    func refined(cells fine: [TimeWindow], evidence fineEvidence: [Double], onsetMass: [[Double]])
        -> OnsetPosterior
    {
        guard let first = fine.first, let last = fine.last else { return self }
        let stretch = TimeWindow(since: first.since, until: last.until)
        let inside = cells.indices.filter { stretch.contains(cells[$0].middle) }
        guard !inside.isEmpty else { return self }
        // The mean evidence per second of the stretch is kept; only its shape inside is new.
        func mean(_ values: [Double], _ windows: [TimeWindow]) -> Double {
            logSumExp(zip(values, windows).map { $0 + Double.log(max($1.seconds, 1e-9)) })
                - Double.log(windows.reduce(0) { $0 + $1.seconds })
        }
        let coarseCells = inside.map { cells[$0] }
        let fineMean = mean(fineEvidence, fine)
        let shiftDeploy = mean(inside.map { evidence.byDeploy[$0] }, coarseCells) - fineMean
        let shiftOther = mean(inside.map { evidence.byOther[$0] }, coarseCells) - fineMean
        let before = cells.indices.filter { cells[$0].middle < stretch.since }
        let after = cells.indices.filter { cells[$0].middle >= stretch.until }

        var result = self
        result.cells = before.map { cells[$0] } + fine + after.map { cells[$0] }
        result.deploys = deploys.enumerated().map { candidate, values in
            let share = Double.log(PriorWeight.deploy * candidateShares[candidate])
            let middle = fine.indices.map {
                fineEvidence[$0] + shiftDeploy + Double.log(max(onsetMass[candidate][$0], 1e-300)) + share
            }
            return before.map { values[$0] } + middle + after.map { values[$0] }
        }
        let otherMiddle = fine.indices.map {
            fineEvidence[$0] + shiftOther + Double.log(fine[$0].seconds / windowSeconds)
                + Double.log(PriorWeight.external)
        }
        result.other = before.map { other[$0] } + otherMiddle + after.map { other[$0] }
        return result
    }

    /// log of the sum over causes in each cell.
    private var byCell: [Double] {
        cells.indices.map { cell in logSumExp([other[cell]] + deploys.map { $0[cell] }) }
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

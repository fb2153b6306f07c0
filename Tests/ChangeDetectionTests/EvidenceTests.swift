import ChangeDetection
import DeployModel
import RealModule
import TestSupport
import Testing

@Suite("The fast formulas against slow literal ones")
struct EvidenceTests {
    @Test("a tridiagonal solve undoes the product")
    func tridiagonal() {
        let diagonal = [4.0, 5, 6, 5, 4], off = -1.5
        let solution = [1.0, -2, 0.5, 3, -1]
        var product = diagonal.indices.map { diagonal[$0] * solution[$0] }
        for index in diagonal.indices {
            if index > 0 { product[index] += off * solution[index - 1] }
            if index + 1 < diagonal.count { product[index] += off * solution[index + 1] }
        }
        Tridiagonal(diagonal: diagonal, offDiagonal: off).solve(&product)
        for (found, expected) in zip(product, solution) { #expect(abs(found - expected) < 1e-12) }
    }

    @Test("beyond its diagonal the inverse of a tridiagonal matrix follows from its neighbours")
    func semiseparable() {
        let diagonal = [4.0, 5, 6, 5, 4, 7], off = -1.5
        let matrix = Tridiagonal(diagonal: diagonal, offDiagonal: off)
        let inverse = diagonal.indices.map { column -> [Double] in
            var unit = diagonal.map { _ in 0.0 }
            unit[column] = 1
            matrix.solve(&unit)
            return unit
        }
        for j in diagonal.indices {
            #expect(abs(matrix.inverseDiagonal[j] - inverse[j][j]) < 1e-12)
            for i in 0..<j {
                #expect(abs(inverse[j][i] - matrix.downward[j] * inverse[j - 1][i]) < 1e-12)
                #expect(abs(inverse[j][i] - matrix.upward[i + 1] * inverse[j][i + 1]) < 1e-12)
            }
        }
    }

    @Test("at equal steps both ways to the precision of the wander agree")
    func unequalSteps() {
        let wander = Wander(variance: 0.4, timeConstantSeconds: 5000)
        let (diagonal, beside) = wander.precision(at: (0..<7).map { Double($0) * 600 })
        var product = [1.0, 0, 2, -1, 0, 3, 1]
        let solution = product
        product = diagonal.indices.map { index in
            diagonal[index] * solution[index] + (index > 0 ? beside[index - 1] * solution[index - 1] : 0)
                + (index + 1 < 7 ? beside[index] * solution[index + 1] : 0)
        }
        wander.precision(plus: Array(repeating: 0, count: 7), stepSeconds: 600).solve(&product)
        for (found, expected) in zip(product, solution) { #expect(abs(found - expected) < 1e-9) }
    }

    @Test(
        "a shape's mean over a stretch is its integral",
        arguments: [
            EffectShape(onset: 100, ramp: 0), EffectShape(onset: 100, ramp: 37),
            EffectShape(onset: 90, ramp: 10, end: 130),
            EffectShape(onset: 0, ramp: 500, end: 160), EffectShape(onset: 300, ramp: 5),
        ])
    func shapes(shape: EffectShape) {
        for (from, to) in [(80.0, 120.0), (95, 101), (0, 400), (150, 170), (125, 126)] {
            // The definition, by midpoints of a million slices.
            let slices = 1_000_000
            let width = (to - from) / Double(slices)
            let sum = (0..<slices).reduce(0.0) { sum, slice in
                let time = from + (Double(slice) + 0.5) * width
                guard time >= shape.onset, time < shape.end ?? .infinity else { return sum }
                return sum + (shape.ramp > 0 ? min(1, (time - shape.onset) / shape.ramp) : 1)
            }
            #expect(abs(shape.mean(from: from, to: to) - sum / Double(slices)) < 1e-5)
        }
    }

    @Test(
        "Laplace's evidence of a change is close to the integral over level and effect",
        arguments: [(4.0, 30.0), (12, 18), (40, 300), (1, 6)])
    func evidence(before: Double, after: Double) {
        let bins = BinnedCounts(
            edges: [0, 3600, 7200], counts: [before, after], exposure: [1000, 1000], weights: [1, 1])
        let scatter = Scatter(
            overdispersionSeconds: 0.01 * 3600, wander: Wander(variance: 1e-6, timeConstantSeconds: 3600))
        let level = -4.0
        let model = LogRateModel(
            bins, scatter: scatter, columns: [[1, 1]], precisions: [0.01], means: [level], offset: [0, 0])
        let shape = EffectShape(onset: 3600)
        let found = model.fit(shape, prior: .rise(scale: 1.5)).logEvidence - model.fit().logEvidence
        // The same integrals as sums over a fine grid; u is as good as 0.
        func likelihood(_ b: Double, _ beta: Double) -> Double {
            zip([before, after], [0, beta]).reduce(0) { sum, pair in
                let mean = 1000 * Double.exp(b + pair.1)
                return sum + pair.0 * Double.log(mean) - (pair.0 + 100) * Double.log(1 + 0.01 * mean)
            }
        }
        let step = 0.02
        let levels = stride(from: -12.0, through: 2, by: step)
        let none = logSumExp(levels.map { likelihood($0, 0) - 0.005 * ($0 - level) * ($0 - level) })
        let some = logSumExp(
            levels.map { b in
                logSumExp(
                    stride(from: step / 2, through: 8, by: step).map { beta in
                        likelihood(b, beta) - 0.005 * (b - level) * (b - level)
                            + Double.log(beta / 2.25) - beta * beta / 4.5 + Double.log(step)
                    })
            })
        #expect(abs(found - (some - none)) < 0.12, "\(found) against \(some - none)")
    }

    @Test(
        "columns that are nowhere anything change nothing", arguments: [1, 5, 6, 13])
    func emptyColumns(extra: Int) {
        var noise = SeededNoise(seed: 12)
        let count = 60
        let bins = BinnedCounts(
            edges: (0...count).map { Double($0) * 300 },
            counts: (0..<count).map { Double(noise.poisson($0 < 40 ? 4 : 9)) },
            exposure: Array(repeating: 500, count: count), weights: Array(repeating: 1, count: count))
        let scatter = Scatter(
            overdispersionSeconds: 6, wander: Wander(variance: 0.04, timeConstantSeconds: 6000))
        func fit(_ columns: Int) -> LogRateFit {
            LogRateModel(
                bins, scatter: scatter,
                columns: [Array(repeating: 1, count: count)]
                    + Array(repeating: Array(repeating: 0, count: count), count: columns),
                precisions: [0.01] + Array(repeating: 4, count: columns),
                means: [-4.5] + Array(repeating: 0, count: columns), offset: Array(repeating: 0, count: count)
            ).fit(EffectShape(onset: 40 * 300))
        }
        let (alone, beside) = (fit(0), fit(extra))
        #expect(alone.effect > 0.3)
        #expect(abs(alone.effect - beside.effect) < 1e-9)
        #expect(abs(alone.effectError - beside.effectError) < 1e-9)
        #expect(abs(alone.logEvidence - beside.logEvidence) < 1e-7)
    }

    @Test("the precision of the wander is the inverse of its covariance")
    func wanderPrecision() {
        let wander = Wander(variance: 0.7, timeConstantSeconds: 900)
        let count = 6
        let precision = wander.precision(plus: Array(repeating: 0, count: count), stepSeconds: 300)
        for column in 0..<count {
            // The covariance's column, through the precision, must give a unit vector: solve(e_j) = covariance column.
            var unit = [Double](repeating: 0, count: count)
            unit[column] = 1
            precision.solve(&unit)
            for row in 0..<count {
                let distance = Double(abs(row - column)) * 300
                var covariance = 0.7
                // exp(−d/900) by repeated multiplication with exp(−1/3).
                for _ in 0..<Int(distance / 300) { covariance *= 0.716_531_310_573_789_3 }
                #expect(abs(unit[row] - covariance) < 1e-9)
            }
        }
    }

    @Test("log-sum-exp keeps its footing far from zero")
    func logSums() {
        #expect(abs(logSumExp([-1000.0, -1000]) - (-1000 + 0.693_147_180_559_945_3)) < 1e-12)
        #expect(logSumExp([Double]()) == -.infinity)
    }

    @Test("overdispersion of Poisson counts is small, of gamma-mixed counts near the truth")
    func overdispersion() {
        var noise = SeededNoise(seed: 5)
        let exposure = [Double](repeating: 1000, count: 2000)
        let poisson = exposure.map { _ in Double(noise.poisson(20)) }
        #expect(estimateOverdispersion(counts: poisson, exposure: exposure) < 0.05)
        // A mean that is half or one and a half times 20 has φ = 0.25.
        let mixed = exposure.map { _ in Double(noise.poisson(Bool.random(using: &noise) ? 10 : 30)) }
        let estimate = estimateOverdispersion(counts: mixed, exposure: exposure)
        #expect((0.17...0.36).contains(estimate), "\(estimate)")
    }

    @Test("an onset distribution holds all its mass, most of it where the lag is usual")
    func onsetMass() {
        let start = Instant(seconds: 1_600_000_000)
        let far = TimeWindow(since: start - 86_400, until: start + 40 * 86_400)
        let commit = OnsetDistribution(
            Candidate(id: "c", startedAt: start, hasDeployClock: false), rollouts: [])
        let record = OnsetDistribution(
            Candidate(id: "r", startedAt: start, finishedAt: start + 300, hasDeployClock: true), rollouts: [])
        let hours = TimeWindow(since: start + 600, until: start + 4 * 3600)
        #expect(abs(commit.mass(in: far) - 1) < 1e-3)
        #expect(abs(record.mass(in: far) - 1) < 1e-3)
        #expect(commit.mass(in: hours) > 0.8)
        #expect(record.mass(in: TimeWindow(since: start, until: start + 900)) > 0.75)
        #expect(commit.mass(in: TimeWindow(since: start - 3600, until: start)) == 0)
    }
}

import ChangeDetection
import DeployModel
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

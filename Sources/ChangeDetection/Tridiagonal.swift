import RealModule

/// A symmetric positive definite tridiagonal matrix, factored once as L·D·Lᵀ and solved many times in O(n).
///
/// Golub & Van Loan, *Matrix Computations*, 4.3.6.
package struct Tridiagonal {
    private let inversePivots: [Double]
    private let multipliers: [Double]

    /// - Parameters:
    ///   - diagonal: n entries.
    ///   - offDiagonal: the one value beside the diagonal; all are equal here.
    package init(diagonal: [Double], offDiagonal: Double) {
        var pivots = diagonal
        var multipliers = [Double](repeating: 0, count: diagonal.count)
        for index in diagonal.indices.dropFirst() {
            multipliers[index] = offDiagonal / pivots[index - 1]
            pivots[index] -= multipliers[index] * offDiagonal
        }
        inversePivots = pivots.map { 1 / $0 }
        self.multipliers = multipliers
        // The same from the other end.
        var mirrored = diagonal
        var downward = [Double](repeating: 0, count: diagonal.count)
        for index in stride(from: diagonal.count - 2, through: 0, by: -1) {
            downward[index + 1] = -offDiagonal / mirrored[index + 1]
            mirrored[index] += downward[index + 1] * offDiagonal
        }
        self.downward = downward
        upward = multipliers.map { -$0 }
        inverseDiagonal = diagonal.indices.map { 1 / (pivots[$0] + mirrored[$0] - diagonal[$0]) }
    }

    /// The diagonal of the inverse M.
    package let inverseDiagonal: [Double]
    /// M_ij / M_i,j−1 for all i < j, at index j.
    package let downward: [Double]
    /// M_i−1,j / M_ij for all i ≤ j, at index i.
    package let upward: [Double]

    /// Replaces `vector` by the solution x of A·x = `vector`.
    package func solve(_ vector: inout [Double]) {
        let count = vector.count
        guard count > 0 else { return }
        for index in 1..<count { vector[index] -= multipliers[index] * vector[index - 1] }
        for index in 0..<count { vector[index] *= inversePivots[index] }
        for index in stride(from: count - 2, through: 0, by: -1) {
            vector[index] -= multipliers[index + 1] * vector[index + 1]
        }
    }
}

/// A stationary Ornstein-Uhlenbeck process sampled at equal steps: how a log rate wanders by itself.
package struct Wander: Sendable, Equatable {
    /// Its variance.
    package var variance: Double
    /// The time in which its correlation falls to 1/e, in seconds.
    package var timeConstantSeconds: Double

    package init(variance: Double, timeConstantSeconds: Double) {
        self.variance = variance
        self.timeConstantSeconds = timeConstantSeconds
    }

    /// The precision matrix over `count` steps of `stepSeconds`, with `weights` added to its diagonal, factored.
    ///
    /// With r = exp(−step/τ) and q = 1/(σ²(1−r²)) the precision is tridiagonal: q(1+r²) on the diagonal (q at
    /// both ends), −qr beside it. Rue & Held, *Gaussian Markov Random Fields*, 1.1.
    package func precision(plus weights: [Double], stepSeconds: Double) -> Tridiagonal {
        let r = min(Double.exp(-stepSeconds / timeConstantSeconds), 0.999_999)
        let q = 1 / (variance * (1 - r * r))
        var diagonal = weights.map { $0 + q * (1 + r * r) }
        if !diagonal.isEmpty {
            diagonal[0] -= q * r * r
            if diagonal.count > 1 { diagonal[diagonal.count - 1] -= q * r * r }
        }
        return Tridiagonal(diagonal: diagonal, offDiagonal: -q * r)
    }

    /// The precision matrix at moments that need not be equally far apart: its diagonal, and what is beside it.
    ///
    /// Each moment given the one before is normal with mean r·u and variance σ²(1 − r²), r = exp(−distance/τ).
    package func precision(at moments: [Double]) -> (diagonal: [Double], beside: [Double]) {
        var diagonal = [Double](repeating: 0, count: moments.count)
        var beside = [Double](repeating: 0, count: max(0, moments.count - 1))
        if !diagonal.isEmpty { diagonal[0] = 1 / variance }
        // Most are as far apart as those before.
        var (distance, r, q) = (-1.0, 0.0, 0.0)
        for index in beside.indices {
            let own = moments[index + 1] - moments[index]
            if own != distance {
                distance = own
                r = min(Double.exp(-own / timeConstantSeconds), 0.999_999)
                q = 1 / (variance * (1 - r * r))
            }
            diagonal[index] += q * r * r
            diagonal[index + 1] += q
            beside[index] = -q * r
        }
        return (diagonal, beside)
    }

    /// The variance of the difference between the means of two adjacent stretches of `seconds` each, for a
    /// process of variance 1. The integral of the covariance exp(−|t|/τ) over two boxes.
    func differenceVariance(ofStretches seconds: Double) -> Double {
        let u = seconds / timeConstantSeconds
        let decay = Double.exp(-u)
        let within = 2 / (u * u) * (u - 1 + decay)
        let across = (1 - decay) * (1 - decay) / (u * u)
        return 2 * (within - across)
    }
}

import RealModule

/// The evidence that a channel's rate rose at one point of a grid and, perhaps, fell back at another.
///
/// With Σ the covariance of the responses (counting noise plus wander) and f a step, everything a Bayes factor needs
/// is fᵀΣ⁻¹f and fᵀΣ⁻¹z. One tridiagonal solve a grid point gives Σ⁻¹f, and suffix sums of it the products with all
/// other steps, so all pairs of start and end cost O(grid × bins). The overall level and a daily rhythm are projected
/// out (the rhythm with a prior, so that a short record cannot call a change a rhythm).
struct ChangeEvidence {
    /// The bins at which a change may begin or end, ascending.
    let grid: [Int]
    private let gram: [Double]
    private let projection: [Double]

    /// Scale σ of the prior of β, the log of the ratio: density ∝ β² exp(−β²/2σ²) for β > 0, which vanishes at no effect,
    /// so that a change too small to matter counts for none (Johnson & Rossell, "On the use of non-local prior densities in
    /// Bayesian hypothesis tests", 2010). Its mode is a ratio of exp(√2·σ).
    static let effectScale = 1.0

    init(_ channel: Channel, grid: [Int]) {
        self.grid = grid
        let bins = channel.count
        let weights = channel.weights
        let factor = channel.wander.precision(plus: weights, stepSeconds: Double(channel.binSeconds))
        /// Σ⁻¹v = Wv − W(A + W)⁻¹Wv, by the Woodbury identity with A the precision of the wander.
        func inverse(_ vector: [Double]) -> [Double] {
            var inner = vector
            for bin in 0..<bins { inner[bin] *= weights[bin] }
            let weighted = inner
            factor.solve(&inner)
            return (0..<bins).map { weighted[$0] - weights[$0] * inner[$0] }
        }
        let nuisance = Nuisance(channel, inverse: inverse)
        let weightedResponse = inverse(channel.response)
        let responseProducts = suffixSums(weightedResponse, at: grid)
        let responseNuisance = nuisance.coefficients(of: weightedResponse)

        var gram = [Double](repeating: 0, count: grid.count * grid.count)
        var projection = [Double](repeating: 0, count: grid.count)
        var loadings: [[Double]] = []
        for (row, bin) in grid.enumerated() {
            var step = [Double](repeating: 0, count: bins)
            for index in bin..<bins { step[index] = 1 }
            let weightedStep = inverse(step)
            loadings.append(nuisance.loading(of: weightedStep))
            for (column, product) in suffixSums(weightedStep, at: grid).enumerated() {
                gram[row * grid.count + column] = product
            }
            projection[row] = responseProducts[row] - dot(loadings[row], responseNuisance)
        }
        let solved = loadings.map { nuisance.solve($0) }
        for row in grid.indices {
            for column in grid.indices {
                gram[row * grid.count + column] -= dot(loadings[row], solved[column])
            }
        }
        self.gram = gram
        self.projection = projection
    }

    /// What the data say about a rise that begins at grid point `start` and ends at grid point `end` (or never).
    func rise(from start: Int, to end: Int?) -> (information: Double, score: Double) {
        let own = gram[start * grid.count + start]
        guard let end else { return (max(own, 1e-9), projection[start]) }
        let cross = gram[start * grid.count + end] + gram[end * grid.count + start]
        return (max(own - cross + gram[end * grid.count + end], 1e-9), projection[start] - projection[end])
    }

    /// The log Bayes factor of a rise against no change, β integrated out.
    ///
    /// log BF = log 2 + ½ log v − 3 log σ + m²/2v + log((m² + v)Φ(z) + m√v·φ(z)), with v = 1/(information + 1/σ²),
    /// m = v·score and z = m/√v: the second moment of a normal distribution cut off at 0.
    func logBayesFactor(from start: Int, to end: Int?) -> Double {
        let (information, score) = rise(from: start, to: end)
        let prior = Self.effectScale * Self.effectScale
        let variance = 1 / (information + 1 / prior)
        let mean = variance * score
        let z = mean / variance.squareRoot()
        // The data speak against any rise: how strongly no longer matters.
        guard z > -6 else { return -40 }
        let density = Double.exp(-0.5 * z * z) / (2 * Double.pi).squareRoot()
        let moment = variance * ((z * z + 1) * 0.5 * Double.erfc(-z / 2.0.squareRoot()) + z * density)
        return Double.log(2) + 0.5 * Double.log(variance) - 3 * Double.log(Self.effectScale) + 0.5 * z * z
            + Double.log(max(moment, 1e-300))
    }

    /// The log of the ratio of rates and its standard error, by generalised least squares.
    func effect(from start: Int, to end: Int?) -> (logRatio: Double, standardError: Double) {
        let (information, score) = rise(from: start, to: end)
        return (score / information, 1 / information.squareRoot())
    }
}

/// What is projected out of every comparison: the level, and where the record spans two days, a daily rhythm.
private struct Nuisance {
    private let columns: [[Double]]
    private let inverse: [[Double]]

    init(_ channel: Channel, inverse apply: ([Double]) -> [Double]) {
        let bins = channel.count
        var columns = [[Double](repeating: 1, count: bins)]
        var precision = [1e-4]
        if Double(bins * channel.binSeconds) >= 2 * 86_400 {
            for harmonic in [1.0, 2.0] {
                let turn = 2 * Double.pi * harmonic * Double(channel.binSeconds) / 86_400
                columns.append((0..<bins).map { Double.cos(turn * Double($0)) })
                columns.append((0..<bins).map { Double.sin(turn * Double($0)) })
                precision += [25 * harmonic, 25 * harmonic]
            }
        }
        self.columns = columns
        let weighted = columns.map(apply)
        var matrix = columns.map { column in weighted.map { dot(column, $0) } }
        for index in columns.indices { matrix[index][index] += precision[index] }
        inverse = invertedSymmetric(matrix)
    }

    /// ZᵀΣ⁻¹v, given Σ⁻¹v.
    func loading(of weighted: [Double]) -> [Double] { columns.map { dot($0, weighted) } }

    /// (ZᵀΣ⁻¹Z + prior)⁻¹ times a loading.
    func solve(_ loading: [Double]) -> [Double] { inverse.map { dot($0, loading) } }

    /// The coefficients that fit a vector, given Σ⁻¹ of it.
    func coefficients(of weighted: [Double]) -> [Double] { solve(loading(of: weighted)) }
}

/// The sums of `values` from each grid point to the end.
private func suffixSums(_ values: [Double], at grid: [Int]) -> [Double] {
    var sums = [Double](repeating: 0, count: grid.count)
    var running = 0.0
    var bin = values.count
    for index in grid.indices.reversed() {
        while bin > grid[index] {
            bin -= 1
            running += values[bin]
        }
        sums[index] = running
    }
    return sums
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
}

/// The inverse of a small symmetric positive definite matrix, by Gauss-Jordan elimination.
private func invertedSymmetric(_ matrix: [[Double]]) -> [[Double]] {
    let size = matrix.count
    var work = matrix
    var inverse = (0..<size).map { row in (0..<size).map { $0 == row ? 1.0 : 0.0 } }
    for pivot in 0..<size {
        let scale = 1 / work[pivot][pivot]
        for column in 0..<size {
            work[pivot][column] *= scale
            inverse[pivot][column] *= scale
        }
        for row in 0..<size where row != pivot {
            let factor = work[row][pivot]
            guard factor != 0 else { continue }
            for column in 0..<size {
                work[row][column] -= factor * work[pivot][column]
                inverse[row][column] -= factor * inverse[pivot][column]
            }
        }
    }
    return inverse
}

/// log(Σ exp(values)); −∞ for none.
package func logSumExp(_ values: some Sequence<Double>) -> Double {
    var largest = -Double.infinity
    for value in values where value > largest { largest = value }
    guard largest > -.infinity else { return largest }
    var sum = 0.0
    for value in values { sum += Double.exp(value - largest) }
    return largest + Double.log(sum)
}

import RealModule

/// The evidence that a channel's rate changed at one point of a grid and, perhaps, changed back at another.
///
/// With Σ the covariance of the responses (counting noise plus wander) and f a step, everything a Bayes factor needs
/// is fᵀΣ⁻¹f and fᵀΣ⁻¹z. One tridiagonal solve a grid point gives Σ⁻¹f, and suffix sums of it the products with all
/// other steps, so all pairs of start and end cost O(grid × bins). What the channel's columns explain is projected out,
/// each with its prior, so that a short record cannot call a change a rhythm.
struct ChangeEvidence {
    /// The bins at which a change may begin or end, ascending.
    let grid: [Int]
    private var gram: [Double]
    private var projection: [Double]
    private let scale: Double

    init(_ channel: Channel, grid: [Int]) {
        self.grid = grid
        let sign = channel.quantity.prior.sign
        scale = channel.quantity.prior.scale
        let bins = channel.count
        let weights = channel.weights
        let factor = channel.scatter.wander.precision(plus: weights, stepSeconds: Double(channel.binSeconds))
        /// Σ⁻¹v = Wv − W(A + W)⁻¹Wv, by the Woodbury identity with A the precision of the wander, of a vector that is 0
        /// before a bin.
        func inverse(_ vector: [Double], from first: Int = 0) -> [Double] {
            var result = vector
            for bin in first..<bins { result[bin] *= weights[bin] }
            factor.solve(&result, from: first)
            for bin in 0..<bins { result[bin] = weights[bin] * (vector[bin] - result[bin]) }
            return result
        }
        let nuisance = Nuisance(channel) { inverse($0) }
        let weightedResponse = inverse(channel.response.map { $0 * sign })
        let responseProducts = suffixSums(weightedResponse, at: grid)
        let responseNuisance = nuisance.coefficients(of: weightedResponse)

        let size = grid.count
        var gram = [Double](repeating: 0, count: size * size)
        var projection = [Double](repeating: 0, count: size)
        var loadings: [[Double]] = []
        for (row, bin) in grid.enumerated() {
            var step = [Double](repeating: 0, count: bins)
            for index in bin..<bins { step[index] = 1 }
            let weightedStep = inverse(step, from: bin)
            loadings.append(nuisance.loading(of: weightedStep))
            let sums = suffixSums(weightedStep, at: grid)
            for column in 0..<size { gram[row * size + column] = sums[column] }
            projection[row] = responseProducts[row] - dot(loadings[row], responseNuisance)
        }
        let solved = loadings.map { nuisance.solve($0) }
        let width = nuisance.count
        for row in 0..<size {
            for column in 0..<size {
                var explained = 0.0
                for k in 0..<width { explained += loadings[row][k] * solved[column][k] }
                gram[row * size + column] -= explained
            }
        }
        self.gram = gram
        self.projection = projection
    }

    /// The evidence that is left when one change is taken for granted, its size unknown: a rank-one update.
    func given(from start: Int, to end: Int?) -> ChangeEvidence {
        var rest = self
        let size = grid.count
        let (information, score) = rise(from: start, to: end)
        let total = information + 1 / (scale * scale)
        let shared = (0..<size).map { column -> Double in
            let first = 0.5 * (gram[start * size + column] + gram[column * size + start])
            guard let end else { return first }
            return first - 0.5 * (gram[end * size + column] + gram[column * size + end])
        }
        for row in 0..<size {
            let factor = shared[row] / total
            rest.projection[row] -= factor * score
            for column in 0..<size { rest.gram[row * size + column] -= factor * shared[column] }
        }
        return rest
    }

    /// What the data say about a change that begins at grid point `start` and ends at grid point `end` (or never).
    func rise(from start: Int, to end: Int?) -> (information: Double, score: Double) {
        let own = gram[start * grid.count + start]
        guard let end else { return (max(own, 1e-9), projection[start]) }
        let cross = gram[start * grid.count + end] + gram[end * grid.count + start]
        return (max(own - cross + gram[end * grid.count + end], 1e-9), projection[start] - projection[end])
    }

    /// The log Bayes factor of a change against none, its size integrated out.
    ///
    /// With the Rayleigh prior of ``EffectPrior/rise(scale:)``: log BF = ½ log v − 2 log σ + ½z² + log(√v·φ(z) + mΦ(z)) + ½ log 2π, v = 1/(information + 1/σ²), m = v·score
    /// and z = m/√v: the mean of a normal distribution cut off at 0.
    func logBayesFactor(from start: Int, to end: Int?) -> Double {
        let (information, score) = rise(from: start, to: end)
        let variance = 1 / (information + 1 / (scale * scale))
        let deviation = variance.squareRoot()
        let z = deviation * score
        // The data speak against any change: how strongly no longer matters.
        guard z > -6 else { return -40 }
        let density = Double.exp(-0.5 * z * z) / (2 * Double.pi).squareRoot()
        let moment = density + z * 0.5 * Double.erfc(-z / 2.0.squareRoot())
        return 2 * Double.log(deviation / scale) + 0.5 * z * z + Double.log(max(moment, 1e-300))
            + 0.5 * Double.log(2 * Double.pi)
    }

    /// The log of the ratio of rates and its standard error, by generalised least squares.
    func effect(from start: Int, to end: Int?) -> (logRatio: Double, standardError: Double) {
        let (information, score) = rise(from: start, to: end)
        return (score / information, 1 / information.squareRoot())
    }
}

/// What is projected out of every comparison: the channel's columns.
private struct Nuisance {
    private let columns: [[Double]]
    private let inverse: [[Double]]
    var count: Int { columns.count }

    init(_ channel: Channel, inverse apply: ([Double]) -> [Double]) {
        columns = channel.columns
        let weighted = columns.map(apply)
        var matrix = columns.map { column in weighted.map { dot(column, $0) } }
        for index in columns.indices { matrix[index][index] += channel.precisions[index] }
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

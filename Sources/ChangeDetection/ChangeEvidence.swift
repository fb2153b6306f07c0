import RealModule

/// The evidence that a channel's rate changed at one point of a grid and, perhaps, changed back at another.
///
/// With Σ the covariance of the responses (counting noise plus wander) and f a step, everything a Bayes factor needs
/// is fᵀΣ⁻¹f and fᵀΣ⁻¹z. Σ⁻¹ is W − W(A+W)⁻¹W (Woodbury) with A + W tridiagonal, whose inverse M is semiseparable:
/// beyond the diagonal each entry is a known multiple of its neighbour (Vandebril, Van Barel & Mastronardi, *Matrix
/// Computations and Semiseparable Matrices*, 2008). So all products of steps cost O(bins + grid²). What the channel's
/// columns explain is projected out, each with its prior, so that a short record cannot call a change a rhythm.
struct ChangeEvidence {
    /// The bins at which a change may begin or end, ascending.
    let grid: [Int]
    /// fᵀΣ⁻¹f of each step f.
    private var squares: [Double]
    /// fᵀΣ⁻¹g of each pair of steps, those that begin with the same one in one row, from itself to the last.
    private let products: [Double]
    private var projection: [Double]
    /// What a change that is taken for granted takes off a product of two steps: the product of their entries; empty for none.
    private var taken: [Double] = []
    private let scale: Double

    init(_ channel: Channel, grid: [Int]) {
        self.grid = grid
        let sign = channel.quantity.prior.sign
        scale = channel.quantity.prior.scale
        let weights = channel.weights
        let factor = channel.scatter.wander.precision(plus: weights, stepSeconds: Double(channel.binSeconds))
        func inverse(_ vector: [Double]) -> [Double] {
            var result = zip(vector, weights).map { $0 * $1 }
            factor.solve(&result)
            for bin in result.indices { result[bin] = weights[bin] * (vector[bin] - result[bin]) }
            return result
        }
        let nuisance = Nuisance(channel, inverse: inverse)
        let weightedResponse = inverse(channel.response.map { $0 * sign })
        let responseNuisance = nuisance.coefficients(of: weightedResponse)
        let loadings = nuisance.stepLoadings(at: grid)

        let size = grid.count
        projection = suffixSums(weightedResponse, at: grid)
        for row in 0..<size { projection[row] -= dot(loadings[row], responseNuisance) }
        let steps = StepProducts(weights: weights, factor: factor, grid: grid)
        let width = nuisance.count
        let solved = loadings.flatMap { nuisance.solve($0) }
        var products = [Double](repeating: 0, count: size * (size + 1) / 2)
        /// Where row `row` would begin, were its first column 0.
        func start(ofRow row: Int) -> Int { row * (2 * size - row - 1) / 2 }
        // Eight rows at a time, because each step of the recursion waits for the one before it.
        for first in stride(from: 0, to: size, by: 8) {
            let rows = first..<min(first + 8, size)
            var q = SIMD8<Double>()
            for row in rows {
                var own = 0.0
                for column in row..<rows.upperBound {
                    if column > row { own = steps.decay[column] * own + steps.gain[column] }
                    var explained = 0.0
                    for k in 0..<width { explained += loadings[row][k] * solved[column * width + k] }
                    products[start(ofRow: row) + column] =
                        steps.own[column] - steps.reach[column] * own - explained
                }
                q[row - first] = own
            }
            let starts = rows.map(start)
            let lanes = (0..<width).map { k in
                rows.reduce(into: SIMD8<Double>()) { $0[$1 - first] = loadings[$1][k] }
            }
            for column in rows.upperBound..<max(size, rows.upperBound) {
                q = steps.decay[column] * q + steps.gain[column]
                var explained = SIMD8<Double>()
                for k in 0..<width { explained += lanes[k] * solved[column * width + k] }
                let all = steps.own[column] - steps.reach[column] * q - explained
                for lane in starts.indices { products[starts[lane] + column] = all[lane] }
            }
        }
        self.products = products
        squares = []
        squares = (0..<size).map { products[place(of: $0, $0)] }
    }

    /// Where the product of two steps is kept.
    private func place(of one: Int, _ other: Int) -> Int {
        let row = min(one, other)
        return row * (2 * grid.count - row - 1) / 2 + max(one, other)
    }

    /// The evidence that is left when one change is taken for granted, its size unknown: a rank-one update.
    ///
    /// One of several: what is left is not asked the same once more.
    func given(from start: Int, to end: Int?) -> ChangeEvidence {
        precondition(taken.isEmpty, "a second change taken for granted")
        var rest = self
        let (information, score) = rise(from: start, to: end)
        let total = information + 1 / (scale * scale)
        let root = total.squareRoot()
        rest.taken = grid.indices.map { column in
            (products[place(of: start, column)] - (end.map { products[place(of: $0, column)] } ?? 0)) / root
        }
        for row in grid.indices {
            rest.projection[row] -= rest.taken[row] / root * score
            rest.squares[row] -= rest.taken[row] * rest.taken[row]
        }
        return rest
    }

    /// The largest log Bayes factor of a change that begins at one of some grid points and ends as given, when another one is
    /// taken for granted: ``given(from:to:)`` for those alone.
    func bestLogBayesFactor(
        from starts: Range<Int>, to end: Int?, given other: (start: Int, end: Int)
    ) -> Double {
        let (otherInformation, otherScore) = rise(from: other.start, to: other.end)
        let total = otherInformation + 1 / (scale * scale)
        func shared(_ point: Int) -> Double {
            products[place(of: point, other.start)] - products[place(of: point, other.end)]
        }
        let sharedEnd = end.map(shared) ?? 0
        var best = -Double.infinity
        for start in starts where end.map({ $0 > start }) ?? true {
            let (information, score) = rise(from: start, to: end)
            let factor = (shared(start) - sharedEnd) / total
            let rest = (
                max(information - factor * factor * total, 1e-9), score - factor * otherScore
            )
            best = max(best, logBayesFactor(information: rest.0, score: rest.1))
        }
        return best
    }

    /// What the data say about a change that begins at grid point `start` and ends at grid point `end` (or never).
    func rise(from start: Int, to end: Int?) -> (information: Double, score: Double) {
        guard let end else { return (max(squares[start], 1e-9), projection[start]) }
        var product = products[place(of: start, end)]
        if !taken.isEmpty { product -= taken[start] * taken[end] }
        return (
            max(squares[start] - 2 * product + squares[end], 1e-9), projection[start] - projection[end]
        )
    }

    /// What does not change while the end does.
    struct Row {
        fileprivate var place: Int
        fileprivate var square: Double
        fileprivate var projection: Double
    }

    func row(of start: Int) -> Row {
        Row(
            place: place(of: start, start) - start, square: squares[start], projection: projection[start])
    }

    /// ``rise(from:to:)`` for a later end, where nothing is taken for granted.
    func rise(in row: Row, to end: Int) -> (information: Double, score: Double) {
        (
            max(row.square - 2 * products[row.place + end] + squares[end], 1e-9),
            row.projection - projection[end]
        )
    }

    /// The log Bayes factor of a change against none, its size integrated out.
    ///
    /// With the Rayleigh prior of ``EffectPrior/rise(scale:)``: log BF = ½ log v − 2 log σ + ½z² + log(√v·φ(z) + mΦ(z)) + ½ log 2π, v = 1/(information + 1/σ²), m = v·score
    /// and z = m/√v: the mean of a normal distribution cut off at 0.
    func logBayesFactor(from start: Int, to end: Int?) -> Double {
        let (information, score) = rise(from: start, to: end)
        return logBayesFactor(information: information, score: score)
    }

    func logBayesFactor(information: Double, score: Double) -> Double {
        let variance = 1 / (information + 1 / (scale * scale))
        let deviation = variance.squareRoot()
        let z = deviation * score
        // The data speak against any change: how strongly no longer matters.
        guard z > -6 else { return -40 }
        // Beyond five standard deviations the cut at 0 is no longer felt.
        let moment = z > 5 ? z : density(z) + z * 0.5 * Double.erfc(-z / 2.0.squareRoot())
        return Double.log(max(moment, 1e-300) * variance * 2.506_628_274_631_000_5 / (scale * scale)) + 0.5
            * z * z
    }

    /// The log of the ratio of rates and its standard error, by generalised least squares.
    func effect(from start: Int, to end: Int?) -> (logRatio: Double, standardError: Double) {
        let (information, score) = rise(from: start, to: end)
        return (score / information, 1 / information.squareRoot())
    }
}

/// What fᵀΣ⁻¹g is made of for steps f and g that begin at grid points r ≤ c.
///
/// It is Σ_{j≥c} w_j − Σ_{i≥r, j≥c} w_i M_ij w_j. With k(c) = Σ_{j≥c} M_cj w_j the double sum is T(c) + k(c)·Q(r, c), where T
/// is the part with i ≥ c and Q(r, c) = Σ_{r≤i<c} w_i M_ic/M_cc obeys a recursion in c: decay · Q + gain.
private struct StepProducts {
    /// Σ_{j≥c} w_j − T(c).
    var own: [Double]
    /// k(c).
    var reach: [Double]
    /// From one grid point to the next.
    var decay: [Double], gain: [Double]

    init(weights: [Double], factor: Tridiagonal, grid: [Int]) {
        let bins = weights.count, size = grid.count
        let variances = factor.inverseDiagonal
        var later = 0.0, within = 0.0, run = 0.0
        var owns = [Double](repeating: 0, count: bins + 1), reaches = owns
        for bin in (0..<bins).reversed() {
            // Σ_{j≥c} w_j M_cj/M_cc, then k(c), then T(c).
            run = weights[bin] + (bin + 1 < bins ? factor.downward[bin + 1] * run : 0)
            reaches[bin] = variances[bin] * run
            later += weights[bin]
            within += weights[bin] * (2 * reaches[bin] - weights[bin] * variances[bin])
            owns[bin] = later - within
        }
        own = grid.map { owns[$0] }
        reach = grid.map { reaches[$0] }
        decay = [Double](repeating: 1, count: size)
        gain = [Double](repeating: 0, count: size)
        for index in 1..<max(1, size) {
            for bin in grid[index - 1]..<grid[index] {
                gain[index] = factor.upward[bin + 1] * (gain[index] + weights[bin])
                decay[index] *= factor.upward[bin + 1]
            }
        }
    }
}

/// The density of the standard normal distribution.
private func density(_ z: Double) -> Double { Double.exp(-0.5 * z * z) * 0.398_942_280_401_432_7 }

/// What is projected out of every comparison: the channel's columns.
private struct Nuisance {
    private let columns: [[Double]]
    private let weighted: [[Double]]
    private let inverse: [[Double]]
    var count: Int { columns.count }

    init(_ channel: Channel, inverse apply: ([Double]) -> [Double]) {
        let columns = channel.columns
        let weighted = columns.map(apply)
        self.columns = columns
        self.weighted = weighted
        var matrix = columns.map { column in weighted.map { dot(column, $0) } }
        for index in columns.indices { matrix[index][index] += channel.precisions[index] }
        inverse = invertedSymmetric(matrix)
    }

    /// ZᵀΣ⁻¹f for the steps that begin at grid points.
    func stepLoadings(at grid: [Int]) -> [[Double]] {
        let sums = weighted.map { suffixSums($0, at: grid) }
        return grid.indices.map { row in sums.map { $0[row] } }
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

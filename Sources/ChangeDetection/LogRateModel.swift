import RealModule

/// The shape that a change gives the rate in time: nothing before the onset, a straight ramp, all of it until the end.
///
/// Times are in seconds on the axis of the bins. A rollout that replaces pods one by one gives a ramp as long as itself.
package struct EffectShape: Sendable, Equatable {
    /// Where the effect begins.
    package var onset: Double
    /// How long it takes to reach its full size; 0 for a step.
    package var ramp: Double
    /// Where the effect ends; `nil` when it goes on.
    package var end: Double?

    package init(onset: Double, ramp: Double = 0, end: Double? = nil) {
        self.onset = onset
        self.ramp = ramp
        self.end = end
    }

    /// The mean height of the shape, from 0 to 1, over a stretch.
    package func mean(from: Double, to: Double) -> Double {
        let last = min(to, end ?? to)
        guard last > from, to > onset else { return 0 }
        return max(0, area(before: last) - area(before: from)) / (to - from)
    }

    /// The integral of the shape, its end disregarded, up to a time.
    private func area(before time: Double) -> Double {
        let since = time - onset
        guard since > 0 else { return 0 }
        guard since < ramp else { return since - ramp / 2 }
        return since * since / (2 * ramp)
    }
}

/// Counts in bins that may differ in width: y failing of n events, or y events of n expected ones.
package struct BinnedCounts: Sendable {
    /// The edges of the bins in seconds, ascending, one more than bins.
    package var edges: [Double]
    /// What is counted.
    package var counts: [Double]
    /// What the counts are a rate of.
    package var exposure: [Double]
    /// How much of each bin's log likelihood counts, from 0 (set aside) to 1.
    package var weights: [Double]

    package init(edges: [Double], counts: [Double], exposure: [Double], weights: [Double]) {
        self.edges = edges
        self.counts = counts
        self.exposure = exposure
        self.weights = weights
    }

    package var count: Int { counts.count }

    /// The middles of the bins, in seconds.
    var middles: [Double] { (0..<count).map { 0.5 * (edges[$0] + edges[$0 + 1]) } }
}

/// How counts scatter about their rate and how the rate wanders by itself.
package struct Scatter: Sendable, Equatable {
    /// Overdispersion of a bin of one second: a bin of w seconds has φ = this / w.
    package var overdispersionSeconds: Double
    /// How the log rate wanders.
    package var wander: Wander

    package init(overdispersionSeconds: Double, wander: Wander) {
        self.overdispersionSeconds = overdispersionSeconds
        self.wander = wander
    }
}

/// What is believed about the size of a change before looking.
package enum EffectPrior: Sendable, Equatable {
    /// The log of the ratio has a Rayleigh density, β/σ²·exp(−β²/2σ²) for β > 0: it vanishes at no effect, so that a
    /// change too small to matter counts for none, as non-local priors do (Johnson & Rossell, 2010), and is broad beyond.
    case rise(scale: Double)
    /// The same for the negative of the log ratio.
    case fall(scale: Double)
    /// The log of the ratio is normal about 0.
    case either(scale: Double)

    var sign: Double { if case .fall = self { -1 } else { 1 } }

    var isOneSided: Bool { if case .either = self { false } else { true } }

    /// σ of the density.
    var scale: Double {
        switch self {
        case .rise(let scale), .fall(let scale), .either(let scale): scale
        }
    }

    /// log density, and its first and second derivative, at a size > 0.
    func logDensity(_ size: Double) -> (value: Double, slope: Double, curvature: Double) {
        switch self {
        case .rise(let scale), .fall(let scale):
            let precision = 1 / (scale * scale)
            return (
                Double.log(size * precision) - 0.5 * size * size * precision, 1 / size - size * precision,
                -1 / (size * size) - precision
            )
        case .either(let scale):
            let precision = 1 / (scale * scale)
            return (
                0.5 * Double.log(precision / (2 * Double.pi)) - 0.5 * size * size * precision,
                -size * precision,
                -precision
            )
        }
    }
}

/// A fit of the model to counts: the mode of everything unknown, and the evidence.
package struct LogRateFit: Sendable {
    /// The wander at each bin.
    package var wander: [Double]
    /// The coefficients of the columns; the level first.
    package var coefficients: [Double]
    /// The log of the ratio of rates that the change made, signed; 0 without a change.
    package var effect = 0.0
    /// Its standard error.
    package var effectError = 0.0
    /// log of the probability of the counts under the model, up to what all fits to the same counts share.
    package var logEvidence = -Double.infinity
}

/// Counts whose log rate has a level, columns of known shape, wander, and perhaps one change.
///
/// Model: y ~ negative binomial with mean μ = n·exp(offset + Z·c + u)·(1 + (e^β − 1)f) and variance μ + φμ²; u is a
/// ``Wander``, the c are normal with given precisions, and f is an ``EffectShape``. The evidence is Laplace's
/// approximation at the joint mode of u, c and β (Rue, Martino & Chopin, "Approximate Bayesian inference for latent
/// Gaussian models", 2009), found by Newton's method with expected information; u costs one tridiagonal factorisation a
/// step and the rest is eliminated by its Schur complement, so a fit is linear in the bins.
package struct LogRateModel: Sendable {
    let bins: BinnedCounts
    /// The columns, one bin after the other.
    private let design: [Double]
    private let columns: Range<Int>
    private let precisions: [Double]
    private let means: [Double]
    private let offset: [Double]
    private let overdispersion: [Double]
    private var diagonal: [Double]
    private var beside: [Double]
    /// The logarithm of the exposure, and the known part of the log rate.
    private let base: [Double]

    /// - Parameters:
    ///   - columns: as many values each as there are bins; the first one should be all ones.
    ///   - precisions: of the columns' coefficients, a priori.
    ///   - means: of the same.
    ///   - offset: a known part of the log rate.
    package init(
        _ bins: BinnedCounts, scatter: Scatter, columns: [[Double]], precisions: [Double], means: [Double],
        offset: [Double]
    ) {
        self.bins = bins
        self.columns = columns.indices
        var design = [Double](repeating: 0, count: bins.count * columns.count)
        for (place, column) in columns.enumerated() {
            for bin in 0..<bins.count { design[bin * columns.count + place] = column[bin] }
        }
        self.design = design
        self.precisions = precisions
        self.means = means
        self.offset = offset
        let count = bins.count
        overdispersion = (0..<count).map {
            min(scatter.overdispersionSeconds / (bins.edges[$0 + 1] - bins.edges[$0]), 3)
        }
        base = zip(bins.exposure, offset).map { ($0 > 0 ? Double.log($0) : 0) + $1 }
        (diagonal, beside) = scatter.wander.precision(at: bins.middles)
    }

    /// The same model with another wander.
    func wandering(_ wander: Wander) -> LogRateModel {
        var model = self
        (model.diagonal, model.beside) = wander.precision(at: bins.middles)
        return model
    }

    /// The fit without a change, or with one of a given shape.
    ///
    /// - Parameter start: a fit to begin from; one of a similar shape saves steps.
    package func fit(
        _ shape: EffectShape? = nil, prior: EffectPrior = .rise(scale: 1.5), from start: LogRateFit? = nil
    ) -> LogRateFit {
        let count = bins.count
        var heights: [Double] = []
        if let shape {
            heights.reserveCapacity(count)
            for bin in 0..<count {
                heights.append(shape.mean(from: bins.edges[bin], to: bins.edges[bin + 1]))
            }
        }
        let hasEffect = shape != nil
        let width = columns.count + (hasEffect ? 1 : 0)
        let sign = prior.sign

        var u = start?.wander ?? [Double](repeating: 0, count: count)
        var c = start?.coefficients ?? means
        var size = start.map { $0.effect * sign } ?? 0
        if hasEffect, prior.isOneSided, !(size > 0.05) { size = 0.7 }

        var pull = [Double](repeating: 0, count: count)
        var information = pull
        var slopes = pull
        var logMeans = pull
        var system = [Double](repeating: 0, count: count * (1 + width))
        var pivots = pull
        var fit = LogRateFit(wander: u, coefficients: c)

        for step in 0..<14 {
            // Scores and information at the present point.
            let growth = Double.exp(sign * size) - 1
            for bin in 0..<count {
                let n = bins.exposure[bin], r = bins.weights[bin]
                guard n > 0, r > 0 else {
                    pull[bin] = 0
                    information[bin] = 0
                    if hasEffect { slopes[bin] = 0 }
                    continue
                }
                var eta = base[bin] + u[bin]
                for column in columns { eta += c[column] * design[bin * columns.count + column] }
                if hasEffect {
                    let height = heights[bin]
                    if height > 0 {
                        let lift = 1 + growth * height
                        eta += height == 1 ? sign * size : Double.log(lift)
                        slopes[bin] = sign * (growth + 1) * height / lift
                    } else {
                        slopes[bin] = 0
                    }
                }
                eta = min(max(eta, -40), 60)
                let mean = Double.exp(eta), y = bins.counts[bin], phi = overdispersion[bin]
                let spread = 1 + phi * mean
                pull[bin] = r * (y - mean) / spread
                information[bin] = r * mean / spread
                logMeans[bin] = eta
            }
            let isLast = step == 13
            // (A + W) with its factors; right-hand sides: the score of u, and W times each column.
            var previous = 0.0
            var logPivots = 0.0
            var product = 1.0
            var quadratic = 0.0
            // What the coming step will add to the log posterior, to second order: half of score · step.
            var gain = 0.0
            for bin in 0..<count {
                var au = diagonal[bin] * u[bin]
                if bin > 0 { au += beside[bin - 1] * u[bin - 1] }
                if bin + 1 < count { au += beside[bin] * u[bin + 1] }
                quadratic += u[bin] * au
                let place = bin * (1 + width)
                system[place] = pull[bin] - au
                let w = information[bin]
                for column in columns {
                    system[place + 1 + column] = w * design[bin * columns.count + column]
                }
                if hasEffect { system[place + width] = w * slopes[bin] }
                var pivot = diagonal[bin] + w
                if bin > 0 {
                    let multiplier = beside[bin - 1] / previous
                    pivot -= multiplier * beside[bin - 1]
                    let before = place - 1 - width
                    for k in 0...width { system[place + k] -= multiplier * system[before + k] }
                }
                pivots[bin] = pivot
                previous = pivot
                gain += system[place] * system[place] / pivot
                product *= pivot
                if product > 1e150 || product < 1e-150 {
                    logPivots += Double.log(product)
                    product = 1
                }
            }
            logPivots += Double.log(product)
            for bin in stride(from: count - 1, through: 0, by: -1) {
                let place = bin * (1 + width)
                let inverse = 1 / pivots[bin]
                if bin + 1 < count {
                    let next = place + 1 + width
                    let off = beside[bin]
                    for k in 0...width {
                        system[place + k] = (system[place + k] - off * system[next + k]) * inverse
                    }
                } else {
                    for k in 0...width { system[place + k] *= inverse }
                }
            }
            // Schur complement and the gradient of the coefficients.
            var schur = [Double](repeating: 0, count: width * width)
            var gradient = [Double](repeating: 0, count: width)
            var row = [Double](repeating: 0, count: width)
            for bin in 0..<count {
                let w = information[bin]
                guard w > 0 else { continue }
                let place = bin * (1 + width)
                for column in columns { row[column] = design[bin * columns.count + column] }
                if hasEffect { row[width - 1] = slopes[bin] }
                let residual = pull[bin] - w * system[place]
                for a in 0..<width {
                    let z = row[a]
                    guard z != 0 else { continue }
                    gradient[a] += z * residual
                    let wz = w * z
                    for b in 0...a { schur[a * width + b] += wz * (row[b] - system[place + 1 + b]) }
                }
            }
            var logPrior = 0.0
            for column in columns {
                let miss = c[column] - means[column]
                gradient[column] -= precisions[column] * miss
                schur[column * width + column] += precisions[column]
                logPrior += 0.5 * (Double.log(precisions[column]) - precisions[column] * miss * miss)
            }
            if hasEffect {
                let density = prior.logDensity(size)
                gradient[width - 1] += density.slope
                schur[width * width - 1] += max(-density.curvature, 1e-3)
                logPrior += density.value + 0.5 * Double.log(2 * Double.pi)
            }
            let (change, logDeterminant, lastVariance) = solveSymmetric(schur, gradient, width: width)
            for a in 0..<width { gain += gradient[a] * change[a] }
            let logPosterior =
                -0.5 * quadratic + logPrior - 0.5 * logPivots - 0.5 * logDeterminant + 0.5 * gain
            if hasEffect { fit.effectError = lastVariance.squareRoot() }
            func finished() -> LogRateFit {
                fit.logEvidence = logPosterior + logLikelihood(logMeans)
                return fit
            }
            if isLast { return finished() }
            // The step, kept within what the expansion is good for.
            var largest = 0.0
            for a in 0..<width { largest = max(largest, abs(change[a])) }
            let damping = largest > 1.5 ? 1.5 / largest : 1
            var moved = 0.0
            for bin in 0..<count {
                let place = bin * (1 + width)
                var delta = system[place]
                for a in 0..<width { delta -= system[place + 1 + a] * change[a] }
                delta = min(max(delta * damping, -2), 2)
                u[bin] += delta
                moved = max(moved, abs(delta))
            }
            for column in columns { c[column] += damping * change[column] }
            if hasEffect {
                let target = size + damping * change[width - 1]
                size = min(max(target, prior.isOneSided ? size * 0.3 : -15), 15)
            }
            fit.wander = u
            fit.coefficients = c
            fit.effect = hasEffect ? sign * size : 0
            // A step that adds next to nothing to the log posterior changes the evidence by less.
            if gain < 0.02 || max(moved, damping * largest) < 0.02 { return finished() }
        }
        return fit
    }

    /// log of the probability of the counts, given the logarithms of their means, up to what does not depend on these.
    private func logLikelihood(_ logMeans: [Double]) -> Double {
        var sum = 0.0
        for bin in logMeans.indices where bins.exposure[bin] > 0 && bins.weights[bin] > 0 {
            let count = bins.counts[bin], phi = overdispersion[bin]
            let spread = Double.log(onePlus: phi * Double.exp(logMeans[bin]))
            sum += bins.weights[bin] * (count * logMeans[bin] - (count + 1 / phi) * spread)
        }
        return sum
    }

    /// The log rate of each bin at a fit, wander and change included, offset excluded; and the expected information.
    func expansion(at fit: LogRateFit, shape: EffectShape?) -> (response: [Double], weights: [Double]) {
        let count = bins.count
        var response = [Double](repeating: 0, count: count)
        var weights = response
        let growth = Double.exp(fit.effect) - 1
        for bin in 0..<count where bins.exposure[bin] > 0 && bins.weights[bin] > 0 {
            let height = shape?.mean(from: bins.edges[bin], to: bins.edges[bin + 1]) ?? 0
            let lift = height > 0 ? Double.log(1 + growth * height) : 0
            var eta = offset[bin] + fit.wander[bin] + lift
            for column in columns { eta += fit.coefficients[column] * design[bin * columns.count + column] }
            let mean = bins.exposure[bin] * Double.exp(min(max(eta, -30), 30))
            weights[bin] = bins.weights[bin] * mean / (1 + overdispersion[bin] * mean)
            response[bin] =
                fit.wander[bin] + lift + min(max((bins.counts[bin] - mean) / max(mean, 1e-9), -5), 50)
        }
        return (response, weights)
    }
}

/// Solves a small symmetric positive definite system, of which the lower half is given; also log of its determinant and the last diagonal entry of its inverse.
private func solveSymmetric(_ matrix: [Double], _ right: [Double], width: Int) -> (
    solution: [Double], logDeterminant: Double, lastVariance: Double
) {
    var lower = matrix
    var logDeterminant = 0.0
    // Cholesky's factor in place.
    for column in 0..<width {
        for row in column..<width {
            var value = lower[row * width + column]
            for k in 0..<column { value -= lower[row * width + k] * lower[column * width + k] }
            if row == column {
                let root = max(value, 1e-12).squareRoot()
                lower[row * width + column] = root
                logDeterminant += 2 * Double.log(root)
            } else {
                lower[row * width + column] = value / lower[column * width + column]
            }
        }
    }
    var solution = right
    for row in 0..<width {
        for k in 0..<row { solution[row] -= lower[row * width + k] * solution[k] }
        solution[row] /= lower[row * width + row]
    }
    for row in stride(from: width - 1, through: 0, by: -1) {
        for k in row + 1..<max(row + 1, width) { solution[row] -= lower[k * width + row] * solution[k] }
        solution[row] /= lower[row * width + row]
    }
    let last = lower[width * width - 1]
    return (solution, logDeterminant, 1 / (last * last))
}

import DeployModel
import RealModule

/// One series as the model sees it: counts in bins, how far they scatter, and a Gaussian stand-in for their
/// log rate.
///
/// Model: errors y ~ negative binomial with mean N·exp(b + u + β·f) and variance μ + φμ²; u is a ``Wander``; f is
/// the shape of a change. Around the mode of u the log likelihood is replaced by its second-order expansion, so
/// every bin becomes a noisy observation ``response`` of the log rate with precision ``weights``, and the evidence
/// of a change has a closed form.
struct Channel {
    /// Width of a bin in seconds.
    let binSeconds: Int
    /// The start of bin 0.
    let start: Instant
    /// Failing events and exposure (all events) per bin.
    let errors: [Double], exposure: [Double]
    /// Overdispersion φ of the counts within a bin.
    let overdispersion: Double
    /// How the log rate wanders.
    let wander: Wander
    /// The log rate that each bin shows, less the overall level.
    private(set) var response: [Double]
    /// The precision of each bin's ``response``; 0 where it says nothing.
    private(set) var weights: [Double]

    var count: Int { errors.count }

    /// - Returns: `nil` when the series holds too little to say anything: fewer than 4 bins, no errors, or no events.
    ///
    /// - Parameter wander: how the log rate wanders, where that is known from a longer record than this one.
    init?(_ series: Series, binSeconds: Int, wander known: Wander? = nil) {
        let factor = max(1, binSeconds / series.bucketSeconds)
        let coarse = series.coarsened(by: factor)
        let total = coarse.total
        guard coarse.count >= 4, total.errors > 0, total.events > 0 else { return nil }
        self.binSeconds = coarse.bucketSeconds
        start = coarse.start
        errors = coarse.errors
        exposure = coarse.events
        overdispersion = estimateOverdispersion(errors: errors, exposure: exposure)
        wander =
            known
            ?? estimateWander(
                errors: errors, exposure: exposure, overdispersion: overdispersion,
                binSeconds: coarse.bucketSeconds)
        (response, weights) = linearised(
            errors: errors, exposure: exposure, overdispersion: overdispersion, wander: wander,
            binSeconds: coarse.bucketSeconds)
        downweightBursts()
    }

    /// The start of a bin.
    func time(ofBin bin: Int) -> Instant { start + bin * binSeconds }

    /// The bin that an instant lies in, which may be before the first or after the last.
    func bin(of instant: Instant) -> Int {
        Int((instant.seconds(since: start) / Double(binSeconds)).rounded(.down))
    }

    /// Takes bins out of the account, because something that is nobody's fault happened there.
    mutating func mask(_ bins: Range<Int>) {
        for bin in bins.clamped(to: 0..<count) { weights[bin] = 0 }
    }

    /// Gives bins that stand out from the hour around them the weight of a Huber estimate with cut 3.5: a burst of
    /// a few minutes must not look like a change.
    private mutating func downweightBursts() {
        let reach = max(1, 1800 / binSeconds)
        let medians = runningMedian(response, weights: weights, reach: reach)
        let cut = 3.5
        for bin in weights.indices where weights[bin] > 0 {
            let scale = (weights[bin] / (1 + weights[bin] * wander.variance * 0.3)).squareRoot()
            let residual = abs(response[bin] - medians[bin]) * scale
            if residual > cut { weights[bin] *= (cut / residual) * (cut / residual) }
        }
    }
}

/// The Gaussian stand-in: `response` and `weights` of ``Channel``.
///
/// The mode of u is found by Newton steps under a deliberately wide prior, so that a real change is followed by u
/// and the expansion happens at the local rate on both sides of it.
private func linearised(
    errors: [Double], exposure: [Double], overdispersion: Double, wander: Wander, binSeconds: Int
) -> (response: [Double], weights: [Double]) {
    let count = errors.count
    let level = Double.log((errors.reduce(0, +) + 0.5) / (exposure.reduce(0, +) + 1))
    let wide = Wander(
        variance: max(wander.variance, 0.3) + 1, timeConstantSeconds: wander.timeConstantSeconds * 4)
    var mode = [Double](repeating: 0, count: count)
    var weights = mode
    func expand() -> [Double] {
        var response = [Double](repeating: 0, count: count)
        for bin in 0..<count {
            guard exposure[bin] > 0 else {
                weights[bin] = 0
                continue
            }
            let mean = max(exposure[bin] * Double.exp(min(max(level + mode[bin], -25), 3)), 1e-9)
            weights[bin] = mean / (1 + overdispersion * mean)
            response[bin] = mode[bin] + min(max((errors[bin] - mean) / mean, -5), 50)
        }
        return response
    }
    for _ in 0..<5 {
        let response = expand()
        var next = (0..<count).map { weights[$0] * response[$0] }
        wide.precision(plus: weights, stepSeconds: Double(binSeconds)).solve(&next)
        mode = next
    }
    return (expand(), weights)
}

/// The median of each bin's neighbours within `reach` bins, itself included; bins of weight 0 do not count.
private func runningMedian(_ values: [Double], weights: [Double], reach: Int) -> [Double] {
    values.indices.map { center in
        let near = (max(0, center - reach)...min(values.count - 1, center + reach))
        let sorted = near.filter { weights[$0] > 0 }.map { values[$0] }.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}

import DeployModel
import RealModule

/// What is counted of a series.
enum Quantity {
    /// Failing events among all events, looking for a rise.
    case failures
    /// Successful events a second, looking for a fall.
    case successes

    /// What is believed about the size of a change.
    var prior: EffectPrior {
        switch self {
        case .failures: .rise(scale: 1.5)
        case .successes: .fall(scale: 1.2)
        }
    }
}

/// One series as the model sees it: counts in equal bins, how far they scatter, and a Gaussian stand-in for their log
/// rate, in which the evidence of every change has a closed form.
///
/// Around the mode of a ``LogRateModel`` the log likelihood is replaced by its second-order expansion, so that every bin
/// becomes a noisy observation ``response`` of the log rate with precision ``weights``.
struct Channel {
    let quantity: Quantity
    /// Width of a bin in seconds.
    let binSeconds: Int
    /// The start of bin 0.
    let start: Instant
    /// The counts; their weights are those of bursts and of what is set aside.
    private(set) var bins: BinnedCounts
    /// The level, the daily rhythm and what else has a known shape, and how precisely each coefficient is known to be 0.
    let columns: [[Double]]
    let precisions: [Double]
    /// The level's coefficient, roughly.
    let level: Double
    /// How far the counts scatter.
    private(set) var scatter: Scatter
    /// The log rate that each bin shows, less the overall level.
    private(set) var response: [Double] = []
    /// The precision of each bin's ``response``; 0 where it says nothing.
    private(set) var weights: [Double] = []
    /// The mode that the stand-in was expanded at, and its coefficients of ``columns``.
    private(set) var mode: LogRateFit?

    var count: Int { bins.count }

    /// - Parameters:
    ///   - settled: changes that are already known and must be seen past.
    /// - Returns: `nil` when the series holds too little to say anything: fewer than 4 bins, or nothing counted.
    init?(_ series: Series, quantity: Quantity, binSeconds: Int, settled: [TimeWindow] = []) {
        let factor = max(1, binSeconds / series.bucketSeconds)
        let coarse = series.coarsened(by: factor)
        let total = coarse.total
        guard coarse.count >= 4, total.errors > 0 || quantity == .successes, total.events > 0 else {
            return nil
        }
        self.quantity = quantity
        self.binSeconds = coarse.bucketSeconds
        start = coarse.start
        bins = counted(coarse, quantity: quantity)
        if quantity == .successes { bins.leaveOutFloods() }
        (columns, precisions) = knownShapes(
            start: start, edges: bins.edges, quantity: quantity,
            settled: settled.map { $0.shape(from: coarse.start) })
        level = Double.log((bins.counts.reduce(0, +) + 0.5) / (bins.exposure.reduce(0, +) + 1))
        let overdispersion = estimateOverdispersion(
            counts: bins.counts, exposure: bins.exposure, floor: quantity == .failures ? 0.01 : 0.0005)
        scatter = Scatter(
            overdispersionSeconds: overdispersion * Double(coarse.bucketSeconds),
            wander: estimateWander(
                counts: bins.counts, exposure: bins.exposure, overdispersion: overdispersion,
                binSeconds: coarse.bucketSeconds))
        expandLoosely()
        downweightBursts()
    }

    /// The start of a bin.
    func time(ofBin bin: Int) -> Instant { start + bin * binSeconds }

    /// The bin that an instant lies in, which may be before the first or after the last.
    func bin(of instant: Instant) -> Int {
        Int((instant.seconds(since: start) / Double(binSeconds)).rounded(.down))
    }

    /// The bins that a window touches, and one on either side.
    func bins(of window: TimeWindow) -> Range<Int> {
        let first = bin(of: window.since) - 1
        return first..<max(first, bin(of: window.until) + 2)
    }

    /// Takes bins out of the account, because something that is nobody's fault happened there.
    mutating func mask(_ range: Range<Int>) {
        for bin in range.clamped(to: 0..<count) {
            bins.weights[bin] = 0
            weights[bin] = 0
        }
    }

    /// The model of these counts.
    func model(_ scatter: Scatter) -> LogRateModel {
        LogRateModel(
            bins, scatter: scatter, columns: columns, precisions: precisions,
            means: [level] + Array(repeating: 0, count: columns.count - 1),
            offset: Array(repeating: 0, count: count))
    }

    /// Learns how the rate wanders with a change seen past, and expands the stand-in about that fit.
    ///
    /// Empirical Bayes: the standard deviation and the time constant with the highest evidence, times a prior that
    /// keeps a short or quiet record from claiming that nothing ever drifts.
    mutating func adapt(to shape: EffectShape?) {
        let plain = model(scatter)
        var best: (value: Double, scatter: Scatter, fit: LogRateFit)?
        func consider(_ deviation: Double, _ timeConstant: Double) -> Double {
            var trial = scatter
            trial.wander = Wander(variance: deviation * deviation, timeConstantSeconds: timeConstant)
            let fit = plain.wandering(trial.wander).fit(shape, prior: quantity.prior, from: best?.fit)
            let remoteness = (Double.log(deviation) - Double.log(0.18)) / 0.7
            let determinant = 0.5 * logDeterminant(trial.wander)
            let value = fit.logEvidence + determinant - 0.5 * remoteness * remoteness
            if value > best?.value ?? -.infinity { best = (value, trial, fit) }
            return value
        }
        for timeConstant in quantity == .failures ? [2400.0, 6000, 14_400] : [2400.0, 7200] {
            var deviation = best?.scatter.wander.variance.squareRoot() ?? 0.15
            var value = consider(deviation, timeConstant)
            for factor in [1.5, 1 / 1.5] {
                var next = deviation * factor
                while (0.08...1.2).contains(next) {
                    let nextValue = consider(next, timeConstant)
                    guard nextValue > value else { break }
                    (value, deviation) = (nextValue, next)
                    next *= factor
                }
            }
        }
        guard let best else { return }
        scatter = best.scatter
        mode = best.fit
        (response, weights) = plain.expansion(at: best.fit, shape: shape)
    }

    /// log |A| of the wander's precision over the bins, which fits leave out.
    private func logDeterminant(_ wander: Wander) -> Double {
        let r = min(Double.exp(-Double(binSeconds) / wander.timeConstantSeconds), 0.999_999)
        return -Double.log(wander.variance) - Double(count - 1) * Double.log(wander.variance * (1 - r * r))
    }

    /// The stand-in before anything is known: the mode of the wander under a deliberately wide prior, so that a real
    /// change is followed and the expansion happens at the local rate on both sides of it.
    private mutating func expandLoosely() {
        var wide = scatter
        wide.wander = Wander(
            variance: max(scatter.wander.variance, 0.3) + 1,
            timeConstantSeconds: scatter.wander.timeConstantSeconds * 4)
        let loose = LogRateModel(
            bins, scatter: wide, columns: [columns[0]], precisions: [precisions[0]], means: [level],
            offset: Array(repeating: 0, count: count))
        (response, weights) = loose.expansion(at: loose.fit(), shape: nil)
    }

    /// Gives bins that stand out from the hour around them the weight of a Huber estimate with cut 3.5: a burst of
    /// a few minutes must not look like a change.
    private mutating func downweightBursts() {
        let medians = runningMedian(response, weights: weights, reach: max(1, 1800 / binSeconds))
        let cut = 3.5
        for bin in weights.indices where weights[bin] > 0 {
            let scale = (weights[bin] / (1 + weights[bin] * scatter.wander.variance * 0.3)).squareRoot()
            let residual = abs(response[bin] - medians[bin]) * scale
            if residual > cut {
                bins.weights[bin] = (cut / residual) * (cut / residual)
                weights[bin] *= bins.weights[bin]
            }
        }
    }
}

extension BinnedCounts {
    /// Takes bins with twenty times the rate that nine tenths of all bins stay below out of the account: a replayed backlog, or
    /// a total in one row, is no measurement of traffic, and no daily rhythm goes so far.
    fileprivate mutating func leaveOutFloods() {
        let rates = (0..<count).filter { exposure[$0] > 0 }.map { counts[$0] / exposure[$0] }.sorted()
        guard let usual = rates.dropFirst(rates.count * 9 / 10).first, usual > 0 else { return }
        for bin in 0..<count where counts[bin] > 20 * usual * exposure[bin] {
            (counts[bin], exposure[bin], weights[bin]) = (0, 0, 0)
        }
    }
}

/// The counts of a series as the model takes them.
func counted(_ series: Series, quantity: Quantity, edges: [Double]? = nil) -> BinnedCounts {
    let edges = edges ?? (0...series.count).map { Double($0 * series.bucketSeconds) }
    let count = edges.count - 1
    var counts = [Double](repeating: 0, count: count)
    var exposure = counts
    let width = Double(series.bucketSeconds)
    // A minute of a busy series without a single event is a hole in the record rather than a fall to nothing.
    let isBusy = series.total.events >= 5 * Double(series.count)
    for bin in 0..<count {
        let first = Int((edges[bin] / width).rounded()), last = Int((edges[bin + 1] / width).rounded())
        for bucket in first..<max(first, min(last, series.count)) {
            switch quantity {
            case .failures:
                counts[bin] += series.errors[bucket]
                exposure[bin] += series.events[bucket]
            case .successes where isBusy && series.events[bucket] == 0: break
            case .successes:
                counts[bin] += max(0, series.events[bucket] - series.errors[bucket])
                exposure[bin] += width
            }
        }
    }
    return BinnedCounts(
        edges: edges, counts: counts, exposure: exposure, weights: Array(repeating: 1, count: count))
}

/// The level, a daily rhythm where the record spans two days, for traffic a weekend where it holds one, and the changes
/// that are settled; with the precision of each one's coefficient.
func knownShapes(start: Instant, edges: [Double], quantity: Quantity, settled: [EffectShape]) -> (
    columns: [[Double]], precisions: [Double]
) {
    let middles = (0..<edges.count - 1).map { 0.5 * (edges[$0] + edges[$0 + 1]) }
    var columns = [[Double](repeating: 1, count: middles.count)]
    var precisions = [1e-2]
    let seconds = (edges.last ?? 0) - (edges.first ?? 0)
    if seconds >= 2 * 86_400 {
        let harmonics = quantity == .failures ? 2 : 6
        for harmonic in 1...harmonics {
            let turn = 2 * Double.pi * Double(harmonic) / 86_400
            columns.append(middles.map { Double.cos(turn * $0) })
            columns.append(middles.map { Double.sin(turn * $0) })
            let precision = quantity == .failures ? 25.0 : 2.0
            precisions += [precision * Double(harmonic), precision * Double(harmonic)]
        }
    }
    if quantity == .successes {
        // 1 January 1970 was a Thursday.
        let weekend = middles.map { middle -> Double in
            let day = Int(((start.seconds + middle) / 86_400).rounded(.down)) + 3
            return (day % 7 + 7) % 7 >= 5 ? 1 : 0
        }
        let share = weekend.reduce(0, +) / Double(max(1, weekend.count))
        if share > 0.02, share < 0.98 {
            columns.append(weekend)
            precisions.append(6)
        }
    }
    for shape in settled {
        columns.append((0..<middles.count).map { shape.mean(from: edges[$0], to: edges[$0 + 1]) })
        precisions.append(0.1)
    }
    return (columns, precisions)
}

extension TimeWindow {
    /// The shape of a change that holds during this window, in seconds after `origin`.
    func shape(from origin: Instant) -> EffectShape {
        EffectShape(onset: since.seconds(since: origin), end: until.seconds(since: origin))
    }
}

/// The median of each bin's neighbours within `reach` bins, itself included; bins of weight 0 do not count.
private func runningMedian(_ values: [Double], weights: [Double], reach: Int) -> [Double] {
    values.indices.map { center in
        let near = (max(0, center - reach)...min(values.count - 1, center + reach))
        let sorted = near.filter { weights[$0] > 0 }.map { values[$0] }.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}

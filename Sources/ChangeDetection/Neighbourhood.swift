import DeployModel
import RealModule

/// The hours around a change in fine bins, where every hypothesis about its onset is fitted in full.
///
/// Bins are as fine as the series near the change and widen away from it, because what is far off only settles the
/// level. Each hypothesis costs one fit of the ``LogRateModel``.
struct Neighbourhood {
    /// The stretches in which the onset is looked for, in seconds after the start of the series, and the end that all
    /// hypotheses about an onset in one share.
    let stretches: [(reach: ClosedRange<Double>, end: Double?)]
    private let model: LogRateModel
    private let prior: EffectPrior
    private let baseline: LogRateFit
    /// The time between moments that are tried: a minute, or a tenth of a wide bucket, a part of which may have changed.
    private let step: Double
    /// How many moments a stretch has at most.
    private static let mostMoments = 2000.0
    /// A stretch of months, in seconds: so little is known of its onset that fewer moments tell the same.
    private static let long = 90 * 86_400.0
    private static let mostMomentsOfLong = 500.0

    /// - Returns: `nil` when the series is shorter than what is asked for.
    init?(_ series: Series, channel: Channel, stretches wanted: [(reach: ClosedRange<Double>, end: Double?)])
    {
        let length = Double(series.count * series.bucketSeconds)
        // Over years the stretches are weeks long: then a moment and a bin are minutes.
        let longest = wanted.map { $0.reach.upperBound - $0.reach.lowerBound }.max() ?? 0
        let most = longest > Self.long ? Self.mostMomentsOfLong : Self.mostMoments
        let least = (longest / most / 60).rounded(.up) * 60
        let resolution = max(Double(max(series.bucketSeconds, 60)), least)
        step = max(60, resolution / 10, least)
        let last = length - resolution
        guard last > resolution else { return nil }
        // Moments are whole minutes after the start, so that those at the edges of buckets are among them.
        let step = step
        stretches = wanted.map { stretch in
            let reach = stretch.reach.clamped(to: 0...last)
            return (
                reach: (reach.lowerBound / step).rounded(.down) * step...reach.upperBound, end: stretch.end
            )
        }
        let edges = gradedEdges(
            length: length, bucket: Double(series.bucketSeconds), resolution: resolution, stretches: stretches
        )
        var bins = counted(series, quantity: channel.quantity, edges: edges)
        let width = Double(channel.binSeconds)
        var offset = [Double](repeating: 0, count: bins.count)
        for bin in 0..<bins.count {
            let coarse = min(Int(0.5 * (edges[bin] + edges[bin + 1]) / width), channel.count - 1)
            bins.weights[bin] = channel.bins.weights[coarse]
            guard let mode = channel.mode else { continue }
            for column in channel.columns.indices.dropFirst() {
                offset[bin] += mode.coefficients[column] * channel.columns[column][coarse]
            }
        }
        prior = channel.quantity.prior
        model = LogRateModel(
            bins, scatter: channel.scatter, columns: [Array(repeating: 1, count: bins.count)],
            precisions: [channel.precisions[0]], means: [channel.level], offset: offset)
        baseline = model.fit()
    }

    /// The moments of a stretch at which a step is tried.
    func moments(of stretch: Int) -> [Double] {
        let reach = stretches[stretch].reach
        return Array(stride(from: reach.lowerBound, through: reach.upperBound, by: step))
    }

    /// The fits of steps at all moments of a stretch. Every fourth is fitted; those between two that are far from the best
    /// are taken from a straight line between them.
    ///
    /// - Parameter best: the log evidence of the best fit that is known already.
    func steps(of stretch: Int, best known: Double) -> [LogRateFit] {
        let moments = moments(of: stretch)
        let shapes = moments.map { EffectShape(onset: $0, end: stretches[stretch].end) }
        let sparse = Array(Set(stride(from: 0, to: moments.count, by: 4)).union([moments.count - 1])).sorted()
        var fits = [LogRateFit?](repeating: nil, count: moments.count)
        for (index, fit) in zip(sparse, logBayesFactors(sparse.map { shapes[$0] })) { fits[index] = fit }
        let best = sparse.reduce(known) { max($0, fits[$1]?.logEvidence ?? known) }
        for (first, last) in zip(sparse, sparse.dropFirst()) where last > first + 1 {
            guard let low = fits[first], let high = fits[last] else { continue }
            let between = Array(first + 1..<last)
            if max(low.logEvidence, high.logEvidence) > best - 10 {
                for (index, fit) in zip(between, logBayesFactors(between.map { shapes[$0] })) {
                    fits[index] = fit
                }
            } else {
                for index in between {
                    let weight = Double(index - first) / Double(last - first)
                    var fit = low
                    fit.logEvidence = (1 - weight) * low.logEvidence + weight * high.logEvidence
                    fits[index] = fit
                }
            }
        }
        return fits.compactMap { $0 }
    }

    /// The log Bayes factors of changes of several shapes against none, and how the last one looks.
    func logBayesFactors(_ shapes: [EffectShape]) -> [LogRateFit] {
        var previous: (shape: EffectShape, fit: LogRateFit)?
        return shapes.map { shape in
            var fit: LogRateFit
            if let previous, isAlike(previous.shape, shape) {
                fit = previous.fit
            } else {
                fit = model.fit(shape, prior: prior, from: previous?.fit)
                if !fit.logEvidence.isFinite { fit = model.fit(shape, prior: prior) }
            }
            previous = (shape, fit)
            fit.logEvidence -= baseline.logEvidence
            return fit
        }
    }

    /// Whether two steps differ only where nothing was counted, as in a gap of months: no count tells them apart.
    private func isAlike(_ a: EffectShape, _ b: EffectShape) -> Bool {
        guard a.ramp == 0, b.ramp == 0, a.end == b.end else { return false }
        let (first, last) = (min(a.onset, b.onset), max(a.onset, b.onset))
        let edges = model.bins.edges
        let begin = max(edges.partitioningIndex { $0 > first } - 1, 0)
        let end = min(edges.partitioningIndex { $0 >= last }, model.bins.count)
        return begin >= end || model.bins.exposure[begin..<end].allSatisfy { $0 == 0 }
    }
}

/// Edges as fine as the resolution in and around the stretches and the ends, five minutes up to four hours away from them,
/// twenty minutes up to two days, an hour up to four days, and three hours beyond.
private func gradedEdges(
    length: Double, bucket: Double, resolution: Double,
    stretches: [(reach: ClosedRange<Double>, end: Double?)]
) -> [Double] {
    let fine = stretches.map { ($0.reach.lowerBound - 600)...($0.reach.upperBound + 1800) }
    let near = stretches.compactMap { $0.end.map { ($0 - 900)...($0 + 900) } }
    func distance(_ time: Double, _ range: ClosedRange<Double>) -> Double {
        max(range.lowerBound - time, time - range.upperBound, 0)
    }
    var edges = [0.0]
    while let last = edges.last, last < length {
        let toFine = fine.map { distance(last, $0) }.min() ?? 0
        let toNear = near.map { distance(last, $0) }.min() ?? .infinity
        let wanted: Double =
            if toFine <= 0 {
                resolution
            } else {
                switch min(toFine, toNear) {
                case ..<14_400: max(resolution, 300)
                case ..<172_800: max(resolution, 1200)
                case ..<345_600: max(resolution, 3600)
                default: max(resolution, 10_800, length / 2000)
                }
            }
        // A wide bin must not swallow the beginning of the fine ones.
        var next = last + wanted
        if let start = fine.map(\.lowerBound).filter({ $0 > last && $0 < next }).min() {
            next = max(last + resolution, (start / bucket).rounded(.down) * bucket)
        }
        edges.append(min(length, (next / bucket).rounded() * bucket))
    }
    return edges
}

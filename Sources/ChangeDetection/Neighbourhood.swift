import DeployModel
import RealModule

/// The hours around a change in fine bins, where every hypothesis about its onset is fitted in full.
///
/// Bins are as fine as the series near the change and widen away from it, because what is far off only settles the
/// level. Each hypothesis costs one fit of the ``LogRateModel``.
struct Neighbourhood {
    /// The stretch in which the onset is looked for, in seconds after the start of the series.
    let reach: ClosedRange<Double>
    /// The end that all hypotheses share.
    let end: Double?
    private let model: LogRateModel
    private let prior: EffectPrior
    private let baseline: LogRateFit
    private let resolution: Double

    /// - Parameters:
    ///   - middle: where the change is about, in seconds after the start of the series.
    ///   - seconds: how far around it the onset is looked for.
    init?(_ series: Series, channel: Channel, middle: Double, seconds: Double, end: Double?) {
        let length = Double(series.count * series.bucketSeconds)
        resolution = Double(max(series.bucketSeconds, 60))
        reach = max(0, middle - seconds)...min(length - resolution, middle + seconds * 0.75)
        guard reach.upperBound > reach.lowerBound else { return nil }
        let edges = gradedEdges(
            length: length, bucket: Double(series.bucketSeconds), resolution: resolution, reach: reach, end: end)
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
        self.end = end
        prior = channel.quantity.prior
        model = LogRateModel(
            bins, scatter: channel.scatter, columns: [Array(repeating: 1, count: bins.count)],
            precisions: [channel.precisions[0]], means: [channel.level], offset: offset)
        baseline = model.fit()
    }

    /// The moments at which a step is tried: every one that the resolution tells apart.
    var moments: [Double] {
        Array(stride(from: reach.lowerBound, through: reach.upperBound, by: resolution))
    }

    /// The log Bayes factors of changes of several shapes against none, and how the last one looks.
    func logBayesFactors(_ shapes: [EffectShape]) -> [LogRateFit] {
        var previous: LogRateFit?
        return shapes.map { shape in
            var fit = model.fit(shape, prior: prior, from: previous)
            if !fit.logEvidence.isFinite { fit = model.fit(shape, prior: prior) }
            previous = fit
            fit.logEvidence -= baseline.logEvidence
            return fit
        }
    }
}

/// Edges as fine as the resolution in and around the reach and the end, five minutes up to four hours away from it,
/// twenty minutes up to two days, and an hour beyond.
private func gradedEdges(
    length: Double, bucket: Double, resolution: Double, reach: ClosedRange<Double>, end: Double?
) -> [Double] {
    var edges = [0.0]
    while let last = edges.last, last < length {
        var distance = max(reach.lowerBound - 600 - last, last - reach.upperBound - 1800, 0)
        if let end { distance = min(distance, max(abs(last - end) - 900, 0) + 300) }
        let wanted: Double =
            switch distance {
            case 0: resolution
            case ..<14_400: max(resolution, 300)
            case ..<172_800: max(resolution, 1200)
            default: max(resolution, 3600)
            }
        // A wide bin must not swallow the beginning of the fine ones.
        var next = last + wanted
        if last < reach.lowerBound - 600, next > reach.lowerBound - 600 {
            next = max(last + resolution, ((reach.lowerBound - 600) / bucket).rounded(.down) * bucket)
        }
        edges.append(min(length, ((next / bucket).rounded()) * bucket))
    }
    return edges
}

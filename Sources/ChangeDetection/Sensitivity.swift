public import DeployModel
import RealModule

/// What the counts since a moment say about a change of the failure rate at it, whether there is one or not.
public struct Sensitivity: Sendable, Equatable {
    /// How many times the earlier rate the later one is, and the interval that holds it with 90 % probability.
    public var ratio: Double, interval: Interval<Double>
    /// What failed before the moment and since.
    public var before: Rate, after: Rate
    /// How many minutes more would do to rule a change of the asked size out, if there is none and the traffic goes on as it
    /// is; 0 when it is ruled out already, `nil` when not even four days would do.
    public var neededMinutes: Int?
}

/// What a series can say about a change at a moment.
///
/// The ratio comes from a fit of the ``LogRateModel`` with a normal prior of standard deviation 1.5 on its logarithm. What
/// more minutes would bring is found by appending them with the counts that the rate and the traffic so far lead one to
/// expect, and fitting again, so that wander and overdispersion count as they do in the judgement.
///
/// - Parameters:
///   - series: counts up to now.
///   - onset: when the change would have begun.
///   - ratio: the smallest ratio that is worth knowing of, above 1.
/// - Returns: `nil` when there is nothing before the moment or nothing after it.
public func sensitivity(of series: Series, to onset: Instant, ratio: Double) -> Sensitivity? {
    let after = series.buckets(in: TimeWindow(since: onset, until: series.window.until))
    let (earlier, later) = (series.total(in: 0..<after.lowerBound), series.total(in: after))
    guard !after.isEmpty, after.lowerBound > 0, earlier.events > 0, later.events > 0 else { return nil }
    let width = max(series.bucketSeconds, series.window.seconds > 86_400 ? 300 : 60)
    guard let now = estimate(series, onset: onset, binSeconds: width) else { return nil }
    let quantile = 1.645
    func interval(_ effect: Double, _ error: Double) -> Interval<Double> {
        Interval(Double.exp(effect - quantile * error), Double.exp(effect + quantile * error))
    }
    var result = Sensitivity(
        ratio: Double.exp(now.effect), interval: interval(now.effect, now.error), before: earlier,
        after: later, neededMinutes: nil)
    // Where nothing ever fails there is no rate to compare; so many passes bound it by one in a thousand (the rule of three).
    let passes = earlier.errors + later.errors == 0 ? Double(passesWithoutFailure) : 0
    guard result.interval.upper >= ratio, later.events < passes || passes == 0 else {
        result.neededMinutes = 0
        return result
    }
    let hour = max(1, min(series.count, 3600 / series.bucketSeconds))
    let perBucket = series.total(in: series.count - hour..<series.count).events / Double(hour)
    if passes > 0 {
        let buckets = perBucket > 0 ? ((passes - later.events) / perBucket).rounded(.up) : .infinity
        let minutes = buckets * Double(series.bucketSeconds) / 60
        result.neededMinutes = minutes <= 5760 ? Int(minutes.rounded(.up)) : nil
        return result
    }
    for minutes in [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880, 5760] {
        var longer = series
        let more = max(1, (minutes * 60 + series.bucketSeconds - 1) / series.bucketSeconds)
        longer.events += Array(repeating: perBucket, count: more)
        longer.errors += Array(repeating: perBucket * earlier.value, count: more)
        guard let then = estimate(longer, onset: onset, binSeconds: width) else { continue }
        if interval(then.effect, then.error).upper < ratio {
            result.neededMinutes = more * series.bucketSeconds / 60
            break
        }
    }
    return result
}

/// So many events without a failure keep the rate below one in a thousand in 95 of 100 cases.
private let passesWithoutFailure = 3000

private func estimate(_ series: Series, onset: Instant, binSeconds: Int) -> (effect: Double, error: Double)? {
    // A series without a single failure is judged as if half a one had been seen.
    var series = series
    if series.total.errors == 0, let first = series.events.firstIndex(where: { $0 > 0 }) {
        series.errors[first] = 0.5
    }
    guard var channel = Channel(series, quantity: .failures, binSeconds: binSeconds) else { return nil }
    let shape = EffectShape(onset: onset.seconds(since: series.start))
    channel.adapt(to: shape)
    let fit = channel.model(channel.scatter).fit(shape, prior: .either(scale: 1.5), from: channel.mode)
    return fit.logEvidence.isFinite ? (fit.effect, fit.effectError) : nil
}

import DeployModel
import RealModule

/// What a series counts before a change and while it lasted.
struct ChangeCounts {
    /// From the start to the onset; when there is no time before, what comes after the end.
    let before: Rate
    /// From the onset to the end.
    let during: Rate

    /// - Parameters:
    ///   - others: other changes of the same events. Only buckets in which each of them held as it did at the onset are
    ///     counted: what another one added is its own excess.
    ///   - bursts: short bursts that are nobody's fault, which are no baseline.
    init(_ series: Series, onset: Instant, end: Instant?, others: [TimeWindow], bursts: [TimeWindow]) {
        let whole = series.window
        func held(at instant: Instant) -> [Bool] { others.map { $0.contains(instant) } }
        let alike = held(at: onset)
        func total(since: Instant, until: Instant, without bursts: [TimeWindow] = []) -> Rate {
            let buckets = series.buckets(in: TimeWindow(since: since, until: until))
            guard !others.isEmpty || !bursts.isEmpty else { return series.total(in: buckets) }
            return buckets.reduce(into: Rate(0, of: 0)) { sum, bucket in
                let start = series.start + bucket * series.bucketSeconds
                guard held(at: start) == alike, !bursts.contains(where: { $0.contains(start) }) else {
                    return
                }
                sum.events += series.events[bucket]
                sum.errors += series.errors[bucket]
            }
        }
        during = total(since: onset, until: end ?? whole.until)
        let earlier = total(since: whole.since, until: onset, without: bursts)
        let later = end.map { total(since: $0, until: whole.until, without: bursts) }
        before = earlier.events > 0 ? earlier : later ?? earlier
    }

    /// How many times the rate before the rate during is; half a failure is added to both, so that none is no zero.
    var ratio: Double {
        func smoothed(_ rate: Rate) -> Double { (rate.errors + 0.5) / (rate.events + 1) }
        return smoothed(during) / smoothed(before)
    }

    /// What is beyond the rate before; of traffic, the successes that are missing, by the ratio of then and before.
    func excess(of signal: Signal, ratio: Double) -> Double {
        switch signal {
        case .volume: max(0, (during.events - during.errors) * (1 / max(ratio, 1e-6) - 1))
        case .newError: during.errors
        case .errorRate, .latency: max(0, during.errors - before.value * during.events)
        }
    }
}

extension Incident {
    /// The same change with what belongs to others left out of its counts.
    func recounted(in series: Series, others: [TimeWindow], bursts: [TimeWindow]) -> Incident {
        let counts = ChangeCounts(series, onset: onset, end: end, others: others, bursts: bursts)
        var incident = self
        (incident.baseline, incident.during) = (counts.before, counts.during)
        if signal == .errorRate || signal == .latency {
            incident.ratio = counts.ratio
            let scale = counts.ratio / ratio
            incident.ratioInterval = Interval(ratioInterval.lower * scale, ratioInterval.upper * scale)
        }
        incident.excessErrors = counts.excess(of: signal, ratio: incident.ratio)
        return incident
    }
}

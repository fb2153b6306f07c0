import DeployModel

/// Failures that are many from the beginning of a window to its end.
///
/// A window that begins inside an outage shows no change, and must not look like a quiet one.
struct FailingThroughout {
    var scope: Scope
    var rate: Rate

    /// Of all events so many failing, or of those of one workload so many, are more than a service lives with.
    private static let highShare = 0.1, highShareOfWorkload = 0.25

    /// The whole where it fails that much, else the workload with the most failures that does; `nil` where none does.
    ///
    /// - Parameter observations: those of a window in which nothing changed.
    init?(_ observations: Observations) {
        func isHigh(_ series: Series, _ share: Double) -> Bool {
            series.total.errors >= 20 && series.total.value >= share
        }
        let whole = observations.whole.flatMap { isHigh($0, Self.highShare) ? $0 : nil }
        let workload = observations.series
            .filter {
                $0.scope.kind == .workload && $0.slowerThan == nil && isHigh($0, Self.highShareOfWorkload)
            }
            .max { ($0.total.errors, $1.scope) < ($1.total.errors, $0.scope) }
        guard let series = whole ?? workload else { return nil }
        (scope, rate) = (series.scope, series.total)
    }

    /// `80 % of events fail from the beginning of the window to its end`.
    var words: String {
        let place = scope == .all ? "" : " in \(scope.name)"
        return "\(percent(rate.value)) of events\(place) fail from the beginning of the window to its end"
    }

    /// What the reader must know, where the verdict does not say it already.
    func warning(besides verdict: Verdict) -> Warning {
        Warning(
            code: "high_throughout",
            text: verdict.reason == "high_throughout"
                ? "The window shows nothing of what was before."
                : "\(words): it may begin inside an incident.",
            remedy: "choose an earlier --since, or export events from before it began")
    }
}

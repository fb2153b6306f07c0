import ArgumentParser
import DeployModel

/// Which stretch of time is looked at.
struct WindowOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "From when: 90s 15m 36h 3d 2w before the end, 2020-07-22, RFC 3339 or Unix seconds.",
            valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Until when, in the same forms.", valueName: "time"))
    var until: String?

    @OptionGroup var zone: ZoneOptions

    /// Seconds east of Greenwich of times that name no zone; `nil` when nothing was said.
    var offsetSeconds: Int? { zone.offsetSeconds }

    func validate() throws {
        for (name, text) in [("--since", since), ("--until", until)] {
            guard let text, TimeExpression(text, offsetSeconds: offsetSeconds ?? 0) == nil else { continue }
            throw ValidationError("\(name) takes \(TimeExpression.forms), not '\(text)'")
        }
    }

    /// The window asked for.
    ///
    /// - Parameters:
    ///   - span: where the events lie; `nil` without events.
    ///   - now: the clock, which durations count back from without events.
    ///   - isLive: whether a server is asked: then they count back from the clock too, and the window does not depend on the events.
    func window(span: TimeWindow?, now: Instant, isLive: Bool = false) -> TimeWindow {
        let span = isLive ? nil : span
        let end = expression(until)?.resolved(from: span?.until ?? now) ?? span?.until ?? now
        let start = expression(since)?.resolved(from: end) ?? span?.since ?? end - Self.defaultSeconds
        return TimeWindow(since: start, until: end)
    }

    /// How far back to look when neither events nor `--since` say.
    static let defaultSeconds = 7 * 86_400

    private func expression(_ text: String?) -> TimeExpression? {
        text.flatMap { TimeExpression($0, offsetSeconds: offsetSeconds ?? 0) }
    }
}

import ArgumentParser
import DeployModel

/// Which events are explained, and which they are compared with.
struct ComparisonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "When it began: what follows is explained, what came before is the baseline.", valueName: "time"))
    var after: String?

    @Option(help: ArgumentHelp("When it ended, with --after.", valueName: "time"))
    var before: String?

    @Option(
        help: ArgumentHelp("The window that is explained, instead of --after: A..B.", valueName: "range"))
    var window: String?

    @Option(help: ArgumentHelp("What --window is compared with: C..D.", valueName: "range"))
    var baseline: String?

    @OptionGroup var zone: ZoneOptions

    /// Seconds east of Greenwich of times that name no zone; `nil` when nothing was said.
    var offsetSeconds: Int? { zone.offsetSeconds }

    func validate() throws {
        for (name, text) in [("--after", after), ("--before", before)] {
            guard let text, time(text) == nil else { continue }
            throw ValidationError("\(name) takes \(TimeExpression.forms), not '\(text)'")
        }
        for (name, text) in [("--window", window), ("--baseline", baseline)] {
            guard let text, range(text) == nil else { continue }
            throw ValidationError(
                "\(name) takes two times, A..B, each \(TimeExpression.forms), not '\(text)'")
        }
        guard window == nil || after == nil else { throw ValidationError("choose --after or --window") }
        guard before == nil || after != nil else { throw ValidationError("--before goes with --after") }
        guard baseline == nil || window != nil else { throw ValidationError("--baseline goes with --window") }
    }

    /// The window that is explained and the one that it is compared with.
    ///
    /// - Parameters:
    ///   - span: where the events lie.
    ///   - last: the last event; durations count back from it.
    func windows(span: TimeWindow, last: Instant) -> (interest: TimeWindow, baseline: TimeWindow?) {
        func instant(_ text: String) -> Instant? { time(text)?.resolved(from: last) }
        func resolved(_ text: String) -> TimeWindow? {
            guard let ends = range(text) else { return nil }
            return TimeWindow(
                since: ends.since.resolved(from: last), until: ends.until.resolved(from: last))
        }
        if let window = window.flatMap(resolved) { return (window, baseline.flatMap(resolved)) }
        guard let begin = after.flatMap(instant) else { return (span, nil) }
        return (
            TimeWindow(since: begin, until: before.flatMap(instant) ?? span.until),
            TimeWindow(since: min(span.since, begin), until: begin)
        )
    }

    /// What servers are asked for: all that is compared, and a week where nothing says.
    func asked(now: Instant) -> TimeWindow {
        let week = TimeWindow(since: now - WindowOptions.defaultSeconds, until: now)
        guard after == nil else {
            let (interest, _) = windows(span: week, last: now)
            return TimeWindow(since: interest.since - WindowOptions.defaultSeconds, until: interest.until)
        }
        let (interest, baseline) = windows(span: week, last: now)
        return TimeWindow(
            since: min(interest.since, baseline?.since ?? interest.since),
            until: max(interest.until, baseline?.until ?? interest.until))
    }

    private func time(_ text: String) -> TimeExpression? {
        TimeExpression(text, offsetSeconds: offsetSeconds ?? 0)
    }

    private func range(_ text: String) -> (since: TimeExpression, until: TimeExpression)? {
        guard let dots = text.firstRange(of: ".."), let since = time(String(text[..<dots.lowerBound])),
            let until = time(String(text[dots.upperBound...]))
        else { return nil }
        return (since, until)
    }
}

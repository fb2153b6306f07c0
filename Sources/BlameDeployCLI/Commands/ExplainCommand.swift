import ArgumentParser
import Attribution
import DeployModel
import EventIngest
import GitHistory
import Reporting
import Settings

/// `blamedeploy explain EVENTS…`: what sets failing events apart; no repository needed.
struct ExplainCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract:
            "What sets failing events apart, between two windows or from the rest; no repository needed.",
        discussion: """
            EXAMPLES
              blamedeploy explain events.ndjson                    failing events against the rest
              blamedeploy explain events.ndjson --after 2h         the last two hours against before
              blamedeploy explain events.ndjson --failing 'duration_ms > 2000'
              blamedeploy explain events.ndjson --export html=explained.html

            Without windows the failing events are set against all others. With --after T those since T are compared with
            what came before it; --window A..B and --baseline C..D set both by hand.
            """)

    @OptionGroup(title: "Events") var events: EventOptions
    @OptionGroup(title: "Windows") var comparison: ComparisonOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Settings") var config: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Which events to explain, instead of those that failed: 'duration_ms > 2000'.", valueName: "expr")
    )
    var failing: String?

    func execute(on terminal: Terminal) throws -> ExitStatus {
        events.bindWorkers()
        let renderings: Renderings<WindowComparison> = [
            .text: { renderText($0, style: $1) }, .json: { compared, _ in renderJSON(compared) },
            .markdown: { compared, style in renderMarkdown(compared, isWhole: style.isFull) },
            .html: { compared, _ in renderHTML(compared, version: BlameDeploy.version) },
        ]
        try output.require(renderings.keys)
        let settings = try config.read(for: try? Repository(discovering: "."))
        var command = self
        command.events = events.over(settings)
        command.comparison.zone.zone = comparison.zone.zone ?? settings?.zone?.text
        let access = network.access(typed: events.events)
        let compared = try settings.placing(besides: TypedOptions(events: events, failing: failing)) {
            try command.compared(
                typed: events, settings, now: terminal.now, access: access, progress: terminal.progress)
        }
        try output.tell(compared, as: renderings, on: terminal)
        let isFound = output.findingIsFailure && compared.explanation.outcome != .none
        return isFound ? .found : .success
    }

    private func compared(
        typed: EventOptions, _ settings: Settings?, now: Instant, access: ServerAccess, progress: Progress
    ) throws -> WindowComparison {
        guard !events.events.isEmpty else {
            throw CommandError.usage(
                "explain needs events", remedy: "name an export: blamedeploy explain events.ndjson")
        }
        var options = events.ingestOptions(offsetSeconds: comparison.offsetSeconds)
        options.errorExpression = failing ?? options.errorExpression
        options.countsScopes = false
        let supply = try EventSupply(
            events.events, window: comparison.asked(now: now), now: now, options: options, access: access,
            progress: progress)
        let summary = try supply.summary(options)
        let span = summary.span ?? TimeWindow(since: Instant(seconds: 0), until: Instant(seconds: 0))
        let last =
            events.areLive ? now : min(summary.inputs.compactMap(\.last).max() ?? span.until, span.until)
        let (interest, baseline) = comparison.windows(span: span, last: last)
        try requireOrder(interest, baseline)
        let table = try supply.table(
            summary, interest: interest, baseline: baseline, options: options,
            keeping: Set(events.symptoms + events.causes))
        for (window, name) in [(interest, "to explain"), (baseline ?? interest, "to compare with")]
        where !table.times.contains(where: window.contains) {
            throw CommandError(
                "no event \(name) lies between \(window.since) and \(window.until)",
                remedy: "the events lie between \(span.since) and \(span.until)")
        }
        let names = FieldNameCheck(typed: typed, settings: settings)
        try names.require(in: table)
        let explanation = try supply.recounted(
            explain(
                table, interest: interest, baseline: baseline,
                options: AttributionOptions(
                    symptomFields: Set(events.symptoms), causeFields: Set(events.causes),
                    outcomeFields: Set(summary.roles.outcomeFields)), workers: events.workers),
            of: table, interest: interest, baseline: baseline)
        return WindowComparison(
            inputs: summary.inputs, interest: interest, baseline: baseline, explanation: explanation,
            sampledFrom: table.sampledFrom,
            warnings: summary.warnings + table.warnings + names.warnings(in: table))
    }

    private func requireOrder(_ interest: TimeWindow, _ baseline: TimeWindow?) throws {
        for window in [interest, baseline ?? interest] where window.since >= window.until {
            throw CommandError(
                "the window from \(window.since) to \(window.until) ends before it begins",
                remedy: "give the earlier time first")
        }
        if let baseline, baseline.intersection(interest) != nil {
            throw CommandError(
                "the two windows overlap, so that events would be compared with themselves",
                remedy: "choose a --baseline that ends before --window begins, or begins after it")
        }
    }
}

import ArgumentParser
import ConfigFaults
import DeployModel
import EventIngest
import GitHistory
import Investigation
import Reporting
import Settings

/// `blamedeploy [EVENTS…]`: which deploy, where, which line.
struct InvestigateCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "investigate",
        abstract: "Which deploy changed the error rate, which events, and which line (the default).",
        discussion: """
            EXAMPLES
              blamedeploy events.ndjson --since 10d            the last ten days
              blamedeploy events.ndjson --deploy 4f2c9d1       why this one, or not
              blamedeploy --since 3d                           without events
            """)

    @OptionGroup(title: "Events") var events: EventOptions
    @OptionGroup(title: "Deploys") var repository: RepositoryOptions
    @OptionGroup(title: "Window") var window: WindowOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Settings") var config: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Say why it was this deploy, or why it was not: an id or a commit.", valueName: "id"))
    var deploy: String?

    @Option(
        name: .customLong("min-effect"),
        help: ArgumentHelp("Changes of less than this ratio count for none: 1.5.", valueName: "ratio"))
    var minEffect = 1.0

    @Flag(help: "Show how the evidence weighs for each deploy, and how each change came to its score.")
    var explain = false

    func validate() throws {
        guard minEffect >= 1, minEffect <= 1000 else {
            throw ValidationError("--min-effect takes a ratio from 1 to 1000, such as 1.5")
        }
    }

    func execute(on terminal: Terminal) throws -> ExitStatus {
        events.bindWorkers()
        try output.require(renderings.keys)
        try requireNoMisspelling()
        let opened = try repository.open()
        let settings = try config.read(for: opened)
        let access = network.access(typed: events.events + repository.deploys)
        let report = try settings.placing(besides: TypedOptions(events: events, repository: repository)) {
            try over(settings).investigation(
                typed: events, now: terminal.now, settings: settings, access: access,
                progress: terminal.progress)
        }
        try output.tell(report, as: renderings, about: opened, on: terminal)
        return status(of: report)
    }

    private var renderings: Renderings<Report> {
        let readable: Renderings<Report> = [
            .markdown: { report, style in renderMarkdown(report, isWhole: style.isFull) },
            .text: { report, style in
                var style = style
                style.isExplaining = explain
                return renderText(report, style: style)
            },
            .json: { report, _ in renderJSON(report, version: BlameDeploy.version, explaining: explain) },
            .html: { report, _ in renderHTML(report, version: BlameDeploy.version) },
        ]
        return readable.withAnnotations {
            AnnotatedResult($0, command: "investigate", ruleTitles: faultTitles())
        }
    }

    func status(of report: Report) -> ExitStatus {
        switch report.verdict.kind {
        case .inconclusive: .undecided
        case .blamed, .noDeploy: output.findingIsFailure ? .found : .success
        case .unchanged: .success
        }
    }

    /// The command with what the settings say where the arguments say nothing.
    private func over(_ settings: Settings?) throws -> InvestigateCommand {
        var command = self
        command.events = events.over(settings)
        command.repository = try repository.over(settings)
        command.window = window.over(settings)
        return command
    }

    /// The report on what the options ask.
    private func investigation(
        typed: EventOptions, now: Instant, settings: Settings?, access: ServerAccess, progress: Progress
    ) throws -> Report {
        let opened = try repository.open()
        let rules = ProjectRules(settings, now: now)
        guard !events.events.isEmpty else {
            return try withoutEvents(
                opened, now: now, settings: settings, access: access, progress: progress)
        }
        let options = ingestOptions
        let supply = try EventSupply(
            events.events, window: window.window(span: nil, now: now), now: now, options: options,
            access: access, progress: progress)
        let summary = try supply.summary(options)
        let asked = window.window(span: summary.span, now: now, isLive: events.areLive)
        guard let span = summary.span, let window = span.intersection(asked) else {
            return noOverlap(opened, summary: summary, asked: asked)
        }
        // A deploy shortly before the window may take effect inside it.
        let listing = try repository.listDeploys(
            opened, window: TimeWindow(since: window.since - Self.lookBackSeconds, until: window.until),
            offsetSeconds: self.window.offsetSeconds, settings: settings, access: access)
        let series = summary.series.map { $0.slice(window) }
        let names = FieldNameCheck(typed: typed, settings: settings)
        let sightings = FieldSightings()
        let evidence = CollectedEvidence(
            repository: opened, code: try repository.openCode(), rules: rules, progress: progress,
            workers: events.workers, supply: supply
        ) { during, before in
            let table = try supply.table(
                summary, interest: during, baseline: before, options: options,
                keeping: Set(events.symptoms + events.causes))
            sightings.note(table)
            return table
        }
        evidence.compareAhead(listing.deploys)
        let found = try investigate(
            deploys: listing.deploys,
            observations: Observations(window: window, series: series, rollouts: summary.rollouts),
            source: evidence,
            attribution: FieldPreferences(
                symptoms: Set(events.symptoms), causes: Set(events.causes),
                outcome: Set(summary.roles.outcomeFields)),
            question: Question(
                deploy: deploy.map { listing.name(of: $0, in: opened) }, minEffect: minEffect),
            workers: events.workers)
        if let deploy, found.asked == nil { throw unknownDeploy(deploy, among: listing) }
        return Report(
            window: window, repository: try repository.summary(of: opened), inputs: summary.inputs,
            deploys: found.deploys,
            deploySource: listing.source, series: series.first { $0.scope == .all },
            verdict: qualified(found.verdict, by: summary.inputs),
            findings: found.findings,
            warnings: summary.warnings + listing.warnings + noDeployWarning(listing) + found.warnings
                + names.warnings(sightings),
            seriesExamined: found.seriesExamined, asked: found.asked)
    }

    /// A command that is misspelled is taken for a file, as this one is the default.
    private func requireNoMisspelling() throws {
        guard let word = events.events.first, !exists(word), word.allSatisfy({ $0.isLetter || $0 == "-" })
        else { return }
        let names = BlameDeploy.configuration.subcommands.compactMap { $0.configuration.commandName }
        let near = names.map { (name: $0, distance: editDistance(word.lowercased(), $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let near, near.distance <= max(1, word.count / 3) else { return }
        throw CommandError.usage(
            "there is no such command, file or folder", at: word,
            remedy: "did you mean `blamedeploy \(near.name)`?")
    }

    static let lookBackSeconds = 6 * 3600

    private var ingestOptions: IngestOptions { events.ingestOptions(offsetSeconds: window.offsetSeconds) }

    private func noDeployWarning(_ listing: DeployListing) -> [Warning] {
        guard listing.deploys.isEmpty else { return [] }
        return [
            Warning(
                code: "no_deploys", text: "No deploy was found in the window (\(listing.source)).",
                remedy: "choose another source with --deploys, or another window with --since and --until")
        ]
    }

    /// Without events the deploys' own changes, ranked by risk, are still worth reading.
    private func withoutEvents(
        _ opened: Repository?, now: Instant, settings: Settings?, access: ServerAccess, progress: Progress
    ) throws -> Report {
        let window = window.window(span: nil, now: now)
        let listing = try repository.listDeploys(
            opened, window: window, offsetSeconds: self.window.offsetSeconds, settings: settings,
            access: access)
        let evidence = CollectedEvidence(
            repository: opened, code: try repository.openCode(), rules: ProjectRules(settings, now: now),
            progress: progress, workers: events.workers
        ) { _, _ in
            EventTable(times: [], failing: [], weights: [], columns: [])
        }
        evidence.willCompare(listing.deploys)
        let changes = try listing.deploys.compactMap {
            try rankedChanges(of: $0, source: evidence, base: opened?.base(of: $0))
        }
        return Report(
            window: window, repository: try repository.summary(of: opened), inputs: [],
            deploys: changes.compactMap(\.deploy).isEmpty ? listing.deploys : changes.compactMap(\.deploy),
            deploySource: listing.source, series: nil,
            verdict: Verdict(
                kind: .inconclusive, probability: 1, reason: "no_events",
                text: "Without events it cannot be told whether a deploy changed anything."),
            findings: [], changesByDeploy: changes,
            warnings: listing.warnings + noDeployWarning(listing) + told(changes.flatMap(\.warnings)) + [
                Warning(
                    code: "no_events", text: "No events were given.",
                    remedy: "export events as NDJSON or CSV and name the file: blamedeploy events.ndjson")
            ])
    }

    /// Each warning once, though several deploys have it.
    private func told(_ warnings: [Warning]) -> [Warning] {
        Set(warnings).sorted { ($0.code, $0.text) < ($1.code, $1.text) }
    }

    private func noOverlap(_ opened: Repository?, summary events: EventSummary, asked: TimeWindow) -> Report {
        let lie =
            events.span.map { "the events lie between \($0.since) and \($0.until)" } ?? "there are no events"
        let isReversed = asked.until <= asked.since && window.until != nil
        // Without --until the window ends with the events, and one that begins later ends before that.
        let asked =
            asked.until <= asked.since && !isReversed
            ? TimeWindow(since: asked.since, until: asked.since) : asked
        return Report(
            window: asked, repository: try? repository.summary(of: opened), inputs: events.inputs,
            deploys: [],
            deploySource: "", series: nil,
            verdict: Verdict(
                kind: .inconclusive, probability: 1, reason: "no_overlap",
                text: isReversed
                    ? "The window ends (\(asked.until)) before it begins (\(asked.since))."
                    : asked.until == asked.since
                        ? "No event is as late as \(asked.since): \(lie)."
                        : "No event lies between \(asked.since) and \(asked.until): \(lie)."),
            findings: [],
            warnings: events.warnings + [
                Warning(
                    code: "no_overlap",
                    text: isReversed
                        ? "Nothing lies between --since and --until."
                        : "The window and the events do not overlap: \(lie).",
                    remedy: isReversed
                        ? "exchange --since and --until"
                        : "leave --since and --until out, or choose them inside the span of the events")
            ])
    }
}

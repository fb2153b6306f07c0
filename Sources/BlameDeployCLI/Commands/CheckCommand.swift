import ArgumentParser
import ConfigFaults
import DeployModel
import EventIngest
import GitHistory
import Investigation
import Reporting
import Settings

/// `blamedeploy check [EVENTS…]`: did the newest deploy regress?
struct CheckCommand: ParsableCommand, TellingCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Did the newest deploy regress? For CI after a deploy, and for cron.",
        discussion: """
            EXAMPLES
              blamedeploy check events.ndjson                  the newest deploy
              blamedeploy check events.ndjson --deploy HEAD    this one only
              blamedeploy check events.ndjson --format junit   as a test report

            Ends with 1 when there is a regression or a new kind of error, with 0 when there was enough traffic to see a
            change of --min-effect and there is none, and with 2 when it cannot tell yet. With --deploy only that deploy's
            doing counts; without it whatever still goes on.
            """)

    @OptionGroup(title: "Events") var events: EventOptions
    @OptionGroup(title: "Deploys") var repository: RepositoryOptions
    @OptionGroup(title: "Window") var window: WindowOptions
    @OptionGroup(title: "Network") var network: NetworkOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Settings") var config: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "The deploy to check: an id or a commit; the newest one by default.", valueName: "id"))
    var deploy: String?

    @Option(
        name: .customLong("min-effect"),
        help: ArgumentHelp("The smallest ratio of failure rates that matters.", valueName: "ratio"))
    var minEffect = 2.0

    func validate() throws {
        guard minEffect > 1, minEffect <= 1000 else {
            throw ValidationError("--min-effect takes a ratio above 1 and up to 1000, such as 1.5")
        }
    }

    func execute(on terminal: Terminal) throws -> ExitStatus {
        events.bindWorkers()
        try output.require(renderings.keys)
        let opened = try repository.open()
        let settings = try config.read(for: opened)
        var command = self
        command.events = events.over(settings)
        command.repository = try repository.over(settings)
        command.window = window.over(settings)
        let access = network.access(typed: events.events + repository.deploys)
        let report = try settings.placing(besides: TypedOptions(events: events, repository: repository)) {
            try command.checked(
                typed: events, now: terminal.now, settings: settings, access: access,
                progress: terminal.progress)
        }
        try output.tell(report, as: renderings, about: opened, on: terminal)
        switch report.verdict.kind {
        case .blamed, .noDeploy: return .found
        case .unchanged: return .success
        // Several deploys share the blame: which one cannot be told, but that something broke can.
        case .inconclusive: return report.verdict.reason == "tied" ? .found : .undecided
        }
    }

    private var renderings: Renderings<Report> {
        let readable: Renderings<Report> = [
            .markdown: { report, style in
                renderMarkdown(report, command: "check", isWhole: style.isFull)
            },
            .text: { renderCheck($0, style: $1) },
            .json: { report, _ in renderJSON(report, version: BlameDeploy.version) },
            .html: { report, _ in renderHTML(report, version: BlameDeploy.version) },
        ]
        return readable.withAnnotations { AnnotatedResult($0, command: "check", ruleTitles: faultTitles()) }
    }

    private func checked(
        typed: EventOptions, now: Instant, settings: Settings?, access: ServerAccess, progress: Progress
    ) throws -> Report {
        let opened = try repository.open()
        guard !events.events.isEmpty else {
            throw CommandError.usage(
                "check needs events",
                remedy: "name an export that reaches past the deploy: blamedeploy check events.ndjson")
        }
        let options = events.ingestOptions(offsetSeconds: window.offsetSeconds)
        let supply = try EventSupply(
            events.events, window: window.window(span: nil, now: now), now: now, options: options,
            access: access, progress: progress)
        let summary = try supply.summary(options)
        let wanted = window.window(span: summary.span, now: now, isLive: events.areLive)
        guard let span = summary.span, let window = span.intersection(wanted) else {
            throw CommandError(
                "no event lies between \(wanted.since) and \(wanted.until)",
                remedy: "choose --since and --until inside the span of the events")
        }
        let isOpenEnded = self.window.until == nil && !events.areLive && window.until < now
        // What is named may be a pipe or a server, and is asked once.
        let isListedOnce = !repository.deploys.isEmpty
        var listing = try listDeploys(
            opened, window: window, until: isListedOnce && isOpenEnded ? now + 1 : window.until,
            settings: settings, access: access)
        var later = listing.deploys.filter { $0.startedAt >= window.until }
        listing.deploys.removeAll { $0.startedAt >= window.until }
        if isOpenEnded, !isListedOnce {
            let found = try repository.listDeploys(
                opened, window: TimeWindow(since: window.until, until: now + 1),
                offsetSeconds: self.window.offsetSeconds, settings: settings, access: access)
            // Where marks are the deploys, a commit that nobody marked is none.
            if listing.deploys.isEmpty || found.source == listing.source { later = found.deploys }
        }
        let deploy = deploy.map { listing.name(of: $0, in: opened) }
        if let deploy, listing.deploys.named(deploy) == nil {
            if let late = later.named(deploy) {
                throw CommandError(
                    "the events end at \(window.until), before the deploy \(late.shortName) at \(late.startedAt)",
                    remedy: "export events that reach past it")
            }
            throw unknownDeploy(deploy, among: listing)
        }
        let names = FieldNameCheck(typed: typed, settings: settings)
        let sightings = FieldSightings()
        let evidence = CollectedEvidence(
            repository: opened, code: try repository.openCode(), rules: ProjectRules(settings, now: now),
            progress: progress, workers: events.workers, supply: supply
        ) { during, before in
            let table = try supply.table(
                summary, interest: during, baseline: before, options: options,
                keeping: Set(events.symptoms + events.causes))
            sightings.note(table)
            return table
        }
        evidence.compareAhead(listing.deploys)
        let (deploys, comparisons) = try align(listing.deploys, source: evidence)
        let asked: CheckedDeploy =
            deploy.flatMap { deploys.named($0) }.map { .named($0) } ?? deploys.last.map { .latest($0) }
            ?? .none
        let series = summary.series.map { $0.slice(window) }
        let observations = Observations(window: window, series: series, rollouts: summary.rollouts)
        let found = try check(
            asked, among: deploys, observations: observations, minEffect: minEffect, workers: events.workers
        ) {
            try weighed(
                $0, by: comparisons, observations: observations, source: evidence,
                attribution: FieldPreferences(
                    symptoms: Set(events.symptoms), causes: Set(events.causes),
                    outcome: Set(summary.roles.outcomeFields)), workers: events.workers)
        }
        return Report(
            window: window, repository: try repository.summary(of: opened),
            inputs: summary.inputs, deploys: deploys, deploySource: listing.source,
            series: series.first { $0.scope == .all }, verdict: qualified(found.verdict, by: summary.inputs),
            findings: found.incidents.map {
                Finding(
                    incident: $0, explanation: Explanation(outcome: .none, causes: [], symptoms: []),
                    changes: [])
            },
            warnings: summary.warnings + listing.warnings
                + (deploy == nil ? [unseen(later)].compactMap(\.self) : [])
                + found.warnings + names.warnings(sightings),
            seriesExamined: found.seriesExamined,
            neededMinutes: found.neededMinutes)
    }

    /// Says that the deploy that was checked is not the newest there is: nobody should take its good health for that of the others.
    private func unseen(_ later: [Deploy]) -> Warning? {
        guard let newest = later.last else { return nil }
        let count = later.count
        return Warning(
            code: "unseen_deploys",
            text:
                "\(Wording.counted(count, "deploy")) began after the last event, the newest at \(newest.startedAt) (\(newest.shortName)): nothing is said of \(count == 1 ? "it" : "them")",
            remedy: "export events that reach past \(count == 1 ? "it" : "the newest"), and check again")
    }

    /// The deploys of the window and the hours before it; where there is none, those of the month before, because the last one
    /// is what is asked about.
    ///
    /// - Parameter end: those that began after the window are listed as well, up to here.
    private func listDeploys(
        _ opened: Repository?, window: TimeWindow, until end: Instant, settings: Settings?,
        access: ServerAccess
    ) throws -> DeployListing {
        let near = try repository.listDeploys(
            opened,
            window: TimeWindow(
                since: window.since - InvestigateCommand.lookBackSeconds, until: end),
            offsetSeconds: self.window.offsetSeconds, settings: settings, access: access)
        guard near.deploys.allSatisfy({ $0.startedAt >= window.until }) else { return near }
        return try repository.listDeploys(
            opened, window: TimeWindow(since: window.since - 30 * 86_400, until: end),
            offsetSeconds: self.window.offsetSeconds, settings: settings, access: access)
    }
}

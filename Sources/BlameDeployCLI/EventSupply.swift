import Connectors
import DeployModel
import EventIngest

/// What events are read from, and how they are counted and looked at again: the one place where files and servers part.
struct EventSupply {
    /// Files, and answers of servers that are kept as files are; `nil` where only tables are named.
    private var sources: EventSources?
    /// Tables that are counted where they are, in ``window``.
    private var tables: [ClickHouseEvents] = []
    private let window: TimeWindow
    /// What was noticed while asking.
    private var warnings: [Warning] = []
    private let progress: Progress

    /// Finds the files and asks the servers.
    ///
    /// - Parameters:
    ///   - inputs: paths and addresses, as they were named.
    ///   - window: what servers are asked for.
    ///   - now: the clock: some servers keep only the latest days.
    ///   - options: how the events will be read: what they are grouped by follows from it.
    ///   - progress: is told what is read and asked.
    init(
        _ inputs: [String], window: TimeWindow, now: Instant, options: IngestOptions, access: ServerAccess,
        progress: Progress
    ) throws {
        (self.window, self.progress) = (window, progress)
        // What is named twice happened once.
        var known: Set<String> = []
        let inputs = inputs.filter { known.insert($0).inserted }
        var kept: [EventInput] = []
        if inputs.contains("-") { progress.begin("reading standard input") }
        var noticed: [Warning] = []
        for text in inputs {
            guard let server = try EventServer(text) else {
                kept.append(.path(text))
                continue
            }
            let connection = try access.connection(to: text, place: server.name)
            switch server {
            case .clickHouse(let table):
                progress.begin("asking ClickHouse")
                tables.append(try ClickHouseEvents(table, over: connection, options: options))
            case .prometheus(let source):
                kept.append(
                    .answers(name: server.name) { file in
                        progress.begin("asking Prometheus")
                        noticed += try source.ask(window, over: connection, into: file)
                    })
            case .honeycomb(let source):
                kept.append(
                    .answers(name: server.name) { file in
                        progress.begin("asking Honeycomb")
                        var api = try HoneycombAPI(dataset: source.dataset, over: connection)
                        noticed += try api.ask(source, window, now: now, options: options, into: file)
                    })
            }
        }
        if !kept.isEmpty || tables.isEmpty {
            sources = try EventSources(kept, onRead: { progress.advance(by: $0) })
        }
        warnings = noticed
    }

    /// All events, counted.
    func summary(_ options: IngestOptions) throws -> EventSummary {
        var summary: EventSummary?
        if let sources {
            progress.begin("reading events", of: sources.byteCount, then: "reading events")
            summary = try summarize(sources, options: options)
        }
        for table in tables {
            progress.begin("counting in ClickHouse")
            let counted = try table.summary(in: window)
            summary = summary.map { $0.joined(with: counted) } ?? counted
        }
        guard var summary else { throw CommandError("there are no events to read") }
        summary.warnings += warnings
        return summary
    }

    /// The events of two windows, to be looked at field by field.
    ///
    /// - Parameter keeping: fields that the user speaks of, and that are not left out whatever they hold.
    func table(
        _ summary: EventSummary, interest: TimeWindow, baseline: TimeWindow?, options: IngestOptions,
        keeping: Set<String>
    ) throws -> EventTable {
        progress.begin("looking at the failing events")
        let read = try sources.map {
            try sampleTable($0, summary: summary, interest: interest, baseline: baseline, options: options)
        }
        return try tables.reduce(
            read ?? EventTable(times: [], failing: [], weights: [], columns: [])
        ) { whole, table in
            whole.joined(with: try table.table(interest: interest, baseline: baseline, keeping: keeping))
        }
    }

    /// What a table explained, with exact counts where they can be had.
    func recounted(
        _ explanation: Explanation, of table: EventTable, interest: TimeWindow, baseline: TimeWindow?
    ) throws -> Explanation {
        // Of several sources each would count only its own.
        guard sources == nil, tables.count == 1 else { return explanation }
        return try tables[0].recounted(explanation, of: table, interest: interest, baseline: baseline)
    }
}

extension EventOptions {
    /// Whether a server is among what is read: then the window counts back from now, and not from the last event.
    var areLive: Bool { events.contains(where: EventServer.isAddress) }
}

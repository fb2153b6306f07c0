import Connectors
import DeployModel
import EventIngest

/// What events are read from, and how they are counted and looked at again: the one place where files and servers part.
enum EventSupply {
    /// Files, and answers of servers that are kept as files are; with what was noticed while asking.
    case sources(EventSources, warnings: [Warning])
    /// A table that is counted where it is, in this window.
    case table(ClickHouseEvents, window: TimeWindow)

    /// Finds the files and asks the servers.
    ///
    /// - Parameters:
    ///   - inputs: paths and addresses, as they were named.
    ///   - window: what servers are asked for.
    ///   - now: the clock: some servers keep only the latest days.
    ///   - options: how the events will be read: what they are grouped by follows from it.
    init(
        _ inputs: [String], window: TimeWindow, now: Instant, options: IngestOptions, access: ServerAccess
    ) throws {
        // What is named twice happened once.
        var known: Set<String> = []
        let inputs = inputs.filter { known.insert($0).inserted }
        var warnings: [Warning] = []
        let servers = try inputs.map { (text: $0, server: try EventServer($0)) }
        for case (let text, .clickHouse(let table)) in servers {
            guard servers.count == 1 else {
                throw CommandError(
                    "a table of ClickHouse is counted on its server, and cannot be read together with other events",
                    at: table.name, remedy: "name the table alone, or make a view of all of them there")
            }
            let connection = try access.connection(to: text, place: table.name)
            self = .table(
                try ClickHouseEvents(table, over: connection, options: options), window: window)
            return
        }
        let sources = try EventSources(
            servers.map { text, server in
                guard let server else { return .path(text) }
                return .answers(name: server.name) { file in
                    let connection = try access.connection(to: text, place: server.name)
                    switch server {
                    // Tables stay where they are: see above.
                    case .clickHouse: break
                    case .prometheus(let source):
                        warnings += try source.ask(window, over: connection, into: file)
                    case .honeycomb(let source):
                        var api = try HoneycombAPI(dataset: source.dataset, over: connection)
                        warnings += try api.ask(source, window, now: now, options: options, into: file)
                    }
                }
            })
        self = .sources(sources, warnings: warnings)
    }

    /// All events, counted.
    func summary(_ options: IngestOptions) throws -> EventSummary {
        switch self {
        case .sources(let sources, let warnings):
            var summary = try summarize(sources, options: options)
            summary.warnings += warnings
            return summary
        case .table(let events, let window): return try events.summary(in: window)
        }
    }

    /// The events of two windows, to be looked at field by field.
    ///
    /// - Parameter keeping: fields that the user speaks of, and that are not left out whatever they hold.
    func table(
        _ summary: EventSummary, interest: TimeWindow, baseline: TimeWindow?, options: IngestOptions,
        keeping: Set<String>
    ) throws -> EventTable {
        switch self {
        case .sources(let sources, _):
            try sampleTable(
                sources, summary: summary, interest: interest, baseline: baseline, options: options)
        case .table(let events, _): try events.table(interest: interest, baseline: baseline, keeping: keeping)
        }
    }

    /// What a table explained, with exact counts where they can be had.
    func recounted(
        _ explanation: Explanation, of table: EventTable, interest: TimeWindow, baseline: TimeWindow?
    ) throws -> Explanation {
        switch self {
        case .sources: explanation
        case .table(let events, _):
            try events.recounted(explanation, of: table, interest: interest, baseline: baseline)
        }
    }
}

extension EventOptions {
    /// Whether a server is among what is read: then the window counts back from now, and not from the last event.
    var areLive: Bool { events.contains(where: EventServer.isAddress) }
}

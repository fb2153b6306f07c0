import Connectors
import DeployModel
import EventIngest

/// What events are read from, and how they are counted and looked at again: the one place where files and servers part.
enum EventSupply {
    /// Files, and answers of servers that are kept as files are; with what was noticed while asking.
    case sources(EventSources, warnings: [Warning])

    /// Finds the files and asks the servers.
    ///
    /// - Parameters:
    ///   - inputs: paths and addresses, as they were named.
    ///   - window: what servers are asked for.
    init(_ inputs: [String], window: TimeWindow, access: ServerAccess) throws {
        var warnings: [Warning] = []
        let servers = try inputs.map { (text: $0, server: try EventServer($0)) }
        let sources = try EventSources(
            servers.map { text, server in
                guard let server else { return .path(text) }
                return .answers(name: server.name) { file in
                    let connection = try access.connection(to: text, place: server.name)
                    switch server {
                    case .prometheus(let source):
                        warnings += try source.ask(window, over: connection, into: file)
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
        }
    }

    /// The events of two windows, to be looked at field by field.
    func table(
        _ summary: EventSummary, interest: TimeWindow, baseline: TimeWindow?, options: IngestOptions
    ) throws -> EventTable {
        switch self {
        case .sources(let sources, _):
            try sampleTable(
                sources, summary: summary, interest: interest, baseline: baseline, options: options)
        }
    }
}

extension EventOptions {
    /// Whether a server is among what is read: then the window counts back from now, and not from the last event.
    var areLive: Bool { events.contains(where: EventServer.isAddress) }
}

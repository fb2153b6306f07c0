import ArgumentParser
import Connectors

/// Whether servers may be asked.
struct NetworkOptions: ParsableArguments {
    @Flag(help: "Ask no server; where one is named, that is an error.")
    var offline = false

    /// How servers are asked.
    ///
    /// - Parameter typed: what the command line names: keys go to these servers, and to others only where the environment says so.
    func access(typed: [String]) -> ServerAccess { ServerAccess(isOffline: offline, typed: Set(typed)) }
}

/// How servers are asked: whether they may be, and which of them the person at the keyboard named.
struct ServerAccess {
    var isOffline: Bool
    var typed: Set<String>

    /// A connection to a server.
    ///
    /// - Parameters:
    ///   - address: as it was named.
    ///   - place: as messages show it.
    func connection(to address: String, place: String) throws -> ServerConnection {
        try ServerConnection(
            userAgent: "blamedeploy/\(BlameDeploy.version)", isOffline: isOffline,
            isNamedByUser: typed.contains(address), for: place)
    }
}

extension ServerAccess {
    /// The records of deploys that a server keeps.
    ///
    /// - Parameter address: as it was named.
    func markers(of server: EventServer, named address: String) throws -> [UInt8] {
        guard case .honeycomb(let source) = server else {
            throw CommandError(
                "this server keeps no records of deploys", at: server.name,
                remedy: "name a file of records, or the markers of a dataset: --deploys honeycomb://DATASET")
        }
        let connection = try connection(to: address, place: server.name)
        return try HoneycombAPI(dataset: source.dataset, over: connection).markers()
    }
}

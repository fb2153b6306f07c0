import DeployModel

/// What asking a server needs: the client, the keys, and whether it may be done at all.
public struct ServerConnection {
    /// Asks.
    public var client: HTTPClient
    /// Where keys come from.
    public var credentials: Credentials
    /// How long, how often, how much.
    public var limits: HTTPRequest.Limits
    /// Whether the person who runs this named the server, rather than a file of settings.
    private let isNamedByUser: Bool

    /// A connection over which servers are asked.
    ///
    /// - Parameters:
    ///   - userAgent: what servers are told of who asks: `blamedeploy/1.0.0`.
    ///   - isOffline: whether the network is forbidden.
    ///   - isNamedByUser: whether the person who runs this named the server, rather than a file of settings, which anybody may have
    ///     written: keys go to such servers only where ``hostsVariable`` lists them.
    ///   - place: what would be asked, for the message.
    /// - Throws: ``ConnectorError`` where the network is forbidden.
    public init(
        userAgent: String, credentials: Credentials = Credentials(), isOffline: Bool,
        isNamedByUser: Bool = true, for place: String
    ) throws(ConnectorError) {
        guard !isOffline else {
            throw ConnectorError(
                .offline, "--offline forbids to ask a server", at: place,
                remedy: "leave --offline out, or name an export that is a file")
        }
        self.credentials = credentials
        self.isNamedByUser = isNamedByUser
        limits = try Self.limits(credentials)
        client = try HTTPClient(userAgent: userAgent, credentials: credentials)
    }

    /// The usual limits, with the patience that `BLAMEDEPLOY_TIMEOUT` asks for.
    private static func limits(_ credentials: Credentials) throws(ConnectorError) -> HTTPRequest.Limits {
        var limits = HTTPRequest.Limits()
        guard let text = credentials.setting(timeoutVariable) else { return limits }
        guard let seconds = Int(text), (1...3600).contains(seconds) else {
            throw ConnectorError(
                .badAddress, "\(timeoutVariable) takes seconds from 1 to 3600, not '\(text)'",
                remedy: "say how long a server may be silent: \(timeoutVariable)=120")
        }
        limits.silentSeconds = seconds
        limits.connectSeconds = min(limits.connectSeconds, seconds)
        limits.totalSeconds = 5 * seconds
        return limits
    }

    static let timeoutVariable = "BLAMEDEPLOY_TIMEOUT"
    static let hostsVariable = "BLAMEDEPLOY_KEY_HOSTS"

    /// A key for a server; `nil` where none is set.
    ///
    /// - Parameters:
    ///   - name: of the variable, as ``Credentials/key(_:)`` takes it.
    ///   - address: the server that it would be sent to.
    /// - Throws: ``ConnectorError`` where the key must not go to that server, or cannot be read.
    public func key(_ name: String, for address: ServerAddress) throws(ConnectorError) -> String? {
        guard let key = try credentials.key(name) else { return nil }
        let hosts = credentials.setting(Self.hostsVariable)?.split { $0 == "," || $0.isWhitespace } ?? []
        guard isNamedByUser || address.isLoopback || hosts.contains(where: { $0 == address.host }) else {
            throw ConnectorError(
                .noKey, "\(name) is not sent to a server that only the settings file names",
                at: address.place,
                remedy:
                    "name the server on the command line, or trust it with \(Self.hostsVariable)=\(address.host)"
            )
        }
        return key
    }

    /// Says that a key travels where others can read it.
    func warnings(ofKeyTo address: ServerAddress, isSent: Bool) -> [Warning] {
        guard isSent, !address.isEncrypted, !address.isLoopback else { return [] }
        return [
            Warning(
                code: "key_in_clear",
                text: "The key for \(address.origin) was sent over a connection without encryption.",
                remedy: "name the server with https")
        ]
    }
}

/// A server that events are read from, told by the scheme of its address.
///
/// The one place that knows the schemes: a further server is a case, and a line in ``init(_:)``.
public enum EventServer: Sendable, Hashable {
    /// `prometheus+http://` and `prometheus+https://`.
    case prometheus(PrometheusSource)
    /// `clickhouse+http://` and `clickhouse+https://`.
    case clickHouse(ClickHouseTable)
    /// `honeycomb://`.
    case honeycomb(HoneycombSource)

    /// Reads an address.
    ///
    /// - Returns: `nil` when the text names no server but a file.
    /// - Throws: ``ConnectorError`` where the address cannot be understood.
    public init?(_ text: String) throws(ConnectorError) {
        guard let (scheme, _) = text.cut(at: "://"), !scheme.contains("/") else { return nil }
        switch scheme.lowercased() {
        case "prometheus+http", "prometheus+https":
            self = .prometheus(
                try PrometheusSource(ServerAddress(String(text.dropFirst("prometheus+".count)))))
        case "clickhouse+http", "clickhouse+https": self = .clickHouse(try ClickHouseTable(text))
        case "honeycomb": self = .honeycomb(try HoneycombSource(text))
        default:
            throw ConnectorError(
                .badAddress, "there is no kind of server '\(scheme)'", at: "\(scheme)://",
                remedy:
                    "the kinds are prometheus+http, clickhouse+http, each also with https, and honeycomb: docs/servers.md says what each takes"
            )
        }
    }

    /// Whether the text is the address of a server rather than a path.
    public static func isAddress(_ text: String) -> Bool {
        text.cut(at: "://").map { !$0.0.contains("/") } ?? false
    }

    /// How the server is called in reports and messages; nothing secret is in it.
    public var name: String {
        switch self {
        case .prometheus(let source): source.name
        case .clickHouse(let table): table.name
        case .honeycomb(let source): source.name
        }
    }
}

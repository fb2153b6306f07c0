public import DeployModel
public import EventIngest

/// The events of a table of ClickHouse. They stay where they are: the server counts them, and hands over counts, and of the
/// events of an incident a sample.
public final class ClickHouseEvents {
    let server: ClickHouseServer
    let queries: EventQueries
    let options: IngestOptions
    /// As reports name the source.
    let source: String
    /// The columns that are neither read nor compared, with their types.
    private let leftOut: [(name: String, type: String)]
    /// How many bytes a row has, unpacked.
    let surveyedRowBytes: Double
    /// The columns that tell rows apart best, for choosing a sample.
    let keys: [EventField]

    /// What was noticed while asking.
    let remarks: [Warning]

    /// Looks at a table: its columns, and some rows of it to choose roles by.
    ///
    /// Who asks is read from `CLICKHOUSE_USER` and `CLICKHOUSE_PASSWORD` (or `CLICKHOUSE_PASSWORD_FILE`).
    ///
    /// - Throws: ``ConnectorError``; ``IngestError`` where no roles can be chosen.
    public init(_ table: ClickHouseTable, over connection: ServerConnection, options: IngestOptions) throws {
        let user = connection.credentials.setting("CLICKHOUSE_USER")
        let password = try connection.key("CLICKHOUSE_PASSWORD", for: table.server)
        var headers: [HTTPRequest.Header] = []
        if user != nil || password != nil {
            headers.append(
                .init("Authorization", "Basic \(base64("\(user ?? "default"):\(password ?? "")"))"))
        }
        remarks = connection.warnings(ofKeyTo: table.server, isSent: password != nil)
        let server = ClickHouseServer(
            table.server, client: connection.client, headers: headers, limits: connection.limits)
        self.server = server
        self.options = options
        source = table.name
        try server.chooseBinding()
        let columns = try server.rows("DESCRIBE TABLE \(table.sql)", columns: 2).map { cells in
            EventField(name: cells[0].string ?? "", type: ColumnType(cells[1].string ?? ""))
        }
        leftOut = columns.filter { $0.type.kind == .other }.map { ($0.name, $0.type.name) }
        try Self.requireNone(of: leftOut, in: options, table: table)
        let surveyed = columns.filter { $0.type.kind != .other }
        let answer = try server.rows(
            survey(of: table.sql, surveyed, rows: Self.surveyedRows), columns: surveyed.count)
        let (fields, rows) = Self.withKeys(surveyed, answer)
        let roles = try RoleAssignment(
            ofRows: rows, columns: fields.map(\.name),
            times: Dictionary(
                uniqueKeysWithValues: fields.filter(\.type.isTime).map { ($0.name, $0.type.name) }),
            options: options, source: source)
        queries = try EventQueries(table: table.sql, fields: fields, roles: roles, place: source)
        keys = Self.keys(fields, rows)
        let bytes = answer.reduce(0) { $0 + JSONNode.array($1).json.utf8.count }
        surveyedRowBytes = Double(bytes) / Double(max(answer.count, 1))
    }

    /// A column that is not read must not be spoken of: nothing would fail by it.
    private static func requireNone(
        of leftOut: [(name: String, type: String)], in options: IngestOptions, table: ClickHouseTable
    ) throws {
        for name in try options.roleFields.values.sorted() + options.expressionFields {
            guard
                let column = leftOut.first(where: { name == $0.name || name.hasPrefix("\($0.name).") })
            else { continue }
            let isTuple = column.type.hasPrefix("Tuple(")
            let part = isTuple ? "tupleElement(\(column.name), 1)" : "(what you mean of \(column.name))"
            throw ConnectorError(
                .badAnswer, "column '\(column.name)' is a \(column.type), and such columns are not read",
                at: table.name,
                remedy: "name a view that has the part you mean in a column of its own: "
                    + "CREATE VIEW … AS SELECT *, \(part) AS \(column.name)_part FROM …")
        }
    }

    private static let surveyedRows = 1000

    /// The fields with a field for each key of maps, and their cells.
    private static func withKeys(
        _ columns: [EventField], _ answer: [[JSONNode]]
    ) -> (fields: [EventField], rows: [[JSONNode]]) {
        var fields: [EventField] = []
        var rows = answer.map { _ in [JSONNode]() }
        for (index, column) in columns.enumerated() {
            guard let type = column.type.mapValue else {
                fields.append(column)
                for row in rows.indices { rows[row].append(column.plain(answer[row][index])) }
                continue
            }
            let keys = Set(answer.flatMap { $0[index].members.map(\.key) }).sorted()
            for key in keys.prefix(mostKeys) {
                let field = EventField(key: key, of: column, type: type)
                fields.append(field)
                for row in rows.indices {
                    rows[row].append(field.plain(answer[row][index][key] ?? .null))
                }
            }
        }
        return (fields, rows)
    }

    /// How many keys of a map become fields.
    private static let mostKeys = 200

    /// Up to six columns with the most different values.
    private static func keys(_ fields: [EventField], _ rows: [[JSONNode]]) -> [EventField] {
        let distinct = fields.indices.map { index in Set(rows.lazy.compactMap { $0[index].text }).count }
        let order = fields.indices.filter { fields[$0].type.kind != .array && distinct[$0] > 1 }
            .sorted { (distinct[$1], fields[$0].name) < (distinct[$0], fields[$1].name) }
        return order.prefix(6).map { fields[$0] }
    }

    /// Which field plays which role.
    public var roles: RoleAssignment { queries.roles }

    /// How many bytes all answers took on the wire so far.
    package var receivedBytes: Int { server.receivedBytes }

    /// The whole minutes from the first event to the last one; `nil` without events.
    public func span() throws -> TimeWindow? { try overview(nil).span }

    /// What is known of a window before anything is counted by time.
    struct Overview {
        var events: Rate
        var skipped: Int
        var first: Instant?, last: Instant?

        var span: TimeWindow? {
            guard let first, let last else { return nil }
            let minute: Int64 = 60_000
            return TimeWindow(
                since: Instant(milliseconds: floorDiv(first.milliseconds, minute) * minute),
                until: Instant(milliseconds: (floorDiv(last.milliseconds, minute) + 1) * minute))
        }
    }

    func overview(_ window: TimeWindow?) throws -> Overview {
        try server.row(queries.overview(of: window), columns: 6) { cells in
            let (all, counted) = (try cells.integer(0), try cells.integer(1))
            return Overview(
                events: Rate(try cells.number(3), of: try cells.number(2)), skipped: all - counted,
                first: counted == 0 ? nil : try cells.instant(4),
                last: counted == 0 ? nil : try cells.instant(5))
        }
    }

    /// What the reader of a report must know about the table.
    func warnings(_ overview: Overview) -> [Warning] {
        var warnings = remarks + onlyFailures(overview.events)
        if overview.skipped > 0 {
            warnings.append(
                Warning(
                    code: "skipped_rows",
                    text:
                        "\(overview.skipped) \(overview.skipped == 1 ? "row" : "rows") of \(source) cannot be counted: "
                        + "without a time, or with counts that are none.",
                    remedy: "look at those where \(roles.fields[.time] ?? "the time") is empty"))
        }
        if let first = leftOut.first {
            warnings.append(
                Warning(
                    code: "fields_left_out",
                    text: "Columns with parts of their own are not compared: \(leftOut.count) "
                        + "\(leftOut.count == 1 ? "was" : "were") left out, the first is \(first.name) (\(first.type)).",
                    remedy: "make a view that has what may matter in columns of its own"))
        }
        return warnings
    }
}

extension EventField {
    /// A cell as the field's type has it: numbers of 64 bits stand in quotes where settings could not be sent along.
    func plain(_ cell: JSONNode) -> JSONNode {
        if type.isNumber, case .string(let digits) = cell { return .number(digits) }
        return cell
    }
}

/// A table of ClickHouse by its address.
public struct ClickHouseTable: Sendable, Hashable {
    let server: ServerAddress
    /// Database and table, quoted.
    let sql: SQL
    /// The address as reports name it.
    public let name: String

    /// Reads an address.
    ///
    /// - Parameter url: `clickhouse+http://HOST:PORT/DATABASE/TABLE`, or with `https`.
    /// - Throws: ``ConnectorError`` where it is no such address.
    public init(_ url: String) throws(ConnectorError) {
        let address = try ServerAddress(String(url.dropFirst("clickhouse+".count)))
        let parts = address.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count == 2, address.parameters.isEmpty,
            let database = parts.first?.percentDecoded, let table = parts.last?.percentDecoded,
            !database.isEmpty, !table.isEmpty
        else { throw Self.unreadable(url) }
        var server = address
        server.path = "/"
        self.server = server
        sql = "\(name: database).\(name: table)"
        name = "clickhouse+\(address.place)"
    }

    private static func unreadable(_ url: String) -> ConnectorError {
        ConnectorError(
            .badAddress, "this is no address of a table of ClickHouse",
            at: String(url.prefix { $0 != "?" && $0 != "@" }),
            remedy:
                "write it as clickhouse+http://HOST:PORT/DATABASE/TABLE; settings and passwords do not belong into it"
        )
    }
}

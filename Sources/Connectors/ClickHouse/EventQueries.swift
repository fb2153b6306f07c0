import DeployModel
import EventIngest

/// The questions of both passes, as SQL.
///
/// Aliases begin with `bd_`: in ClickHouse an alias hides the column of the same name, also from conditions.
struct EventQueries: Sendable {
    let table: SQL
    let fields: [EventField]
    let roles: RoleAssignment
    let time: EventTime
    /// How many events a row stands for, and how many of them failed; of no meaning where ``isCounted`` does not hold.
    let events: SQL, errors: SQL
    /// Whether a row stands for one event.
    let isOneEvent: Bool
    private let isFailing: SQL
    /// Whether a row can be counted; never null.
    let isCounted: SQL

    init(
        table: SQL, fields: [EventField], roles: RoleAssignment, place: String
    ) throws(ConnectorError) {
        self.table = table
        self.fields = fields
        self.roles = roles
        func field(_ name: String) -> EventField? { fields.first { $0.name == name } }
        func field(of role: FieldRole) -> EventField? { roles.fields[role].flatMap(field) }
        guard let timeField = field(of: .time) else {
            throw ConnectorError(
                .badAddress, "no column says when an event happened", at: place,
                remedy: "name it with --map time=COLUMN")
        }
        time = try EventTime(timeField, format: roles.timeFormat, place: place)
        isFailing = try failurePredicate(roles, field: field, place: place)
        let largest: SQL = "\(EventReading.largestCount)"
        let none: SQL = "CAST(NULL AS Nullable(Float64))"
        if roles.failure == .counts {
            isOneEvent = false
            errors = "ifNull(\(field(of: .errors)?.number ?? none), 0)"
            let successes = field(of: .successes)?.number ?? none
            events =
                "coalesce(\(successes) + \(errors), \(field(of: .count)?.number ?? none), -1)"
            isCounted =
                "(\(time.isValid) AND \(errors) >= 0 AND \(events) >= \(errors) AND \(events) <= \(largest))"
        } else {
            let weights = [FieldRole.weight, .count].compactMap { field(of: $0) }
            isOneEvent = weights.isEmpty
            // A weight that is there and no number counts as one, whatever stands in the field of counts.
            events = weights.reversed().reduce("1") { "if(\($1.isPresent), ifNull(\($1.number), 1), \($0))" }
            errors = "(\(events)) * \(isFailing)"
            isCounted =
                isOneEvent
                ? time.isValid : "(\(time.isValid) AND \(events) > 0 AND \(events) <= \(largest))"
        }
    }

    func field(_ name: String) -> EventField? { fields.first { $0.name == name } }

    func field(of role: FieldRole) -> EventField? { roles.fields[role].flatMap(field) }

    /// All events and failing ones, summed.
    var sums: SQL {
        isOneEvent
            ? "count(), countIf(\(isFailing))" : "sum(toFloat64(\(events))), sum(toFloat64(\(errors)))"
    }

    var eventSum: SQL { isOneEvent ? "count()" : "sum(toFloat64(\(events)))" }

    func eventSum(where condition: SQL) -> SQL {
        isOneEvent ? "countIf(\(condition))" : "sumIf(toFloat64(\(events)), \(condition))"
    }

    func rows(of window: TimeWindow?, where condition: SQL = "1") -> SQL {
        let inside = window.map { time.isInside($0) } ?? "1"
        return "FROM \(table) WHERE \(inside) AND \(isCounted) AND \(condition)"
    }

    /// How many rows there are, how many can be counted, their events and failing events, the first and the last instant.
    func overview(of window: TimeWindow?) -> SQL {
        let instant = time.milliseconds
        let inside = window.map { time.isInside($0) } ?? "1"
        let all: SQL =
            isOneEvent
            ? "countIf(\(isCounted)), countIf(\(isCounted) AND \(isFailing))"
            : "sumIf(toFloat64(\(events)), \(isCounted)), sumIf(toFloat64(\(errors)), \(isCounted))"
        return """
            SELECT count(), countIf(\(isCounted)), \(all), minIf(\(instant), \(isCounted)), maxIf(\(instant), \(isCounted)) \
            FROM \(table) WHERE \(inside)
            """
    }

    /// The index of an event's bucket on a grid; its first bucket is 0.
    func bucket(_ grid: ServerGrid) -> SQL {
        """
        intDiv(intDiv(\(time.milliseconds), \(EventAggregator.bucketSeconds * 1000)) - \(grid.firstMinute), \
        \(grid.factor))
        """
    }

    /// For each bucket that is not empty: its index, events, failing events.
    func series(_ grid: ServerGrid, in window: TimeWindow?) -> SQL {
        "SELECT \(bucket(grid)), \(sums) \(rows(of: window)) GROUP BY \(bucket(grid))"
    }

    /// The values of a field with the most failing events: each value, its events and failing events, its first and last instant.
    func heaviest(_ field: EventField, limit: Int, in window: TimeWindow?) -> SQL {
        """
        SELECT \(field.text), \(sums), min(\(time.milliseconds)), max(\(time.milliseconds)) \
        \(rows(of: window, where: field.isPresent)) GROUP BY \(field.text) \
        ORDER BY \(isOneEvent ? "countIf(\(isFailing))" : "sum(toFloat64(\(errors)))") DESC, \
        \(isOneEvent ? "count()" : "sum(toFloat64(\(events)))") DESC, \(field.text) LIMIT \(limit)
        """
    }

    /// The most frequent messages of failing events, alike but for numbers and identifiers, with their failing events.
    func heaviestMessages(_ field: EventField, limit: Int, in window: TimeWindow?) -> SQL {
        let message = alike(field)
        let sum: SQL = isOneEvent ? "count()" : "sum(toFloat64(\(errors)))"
        return """
            SELECT \(message), \(sum) \(rows(of: window, where: "\(field.isPresent) AND \(errors) > 0")) \
            GROUP BY \(message) ORDER BY \(sum) DESC, \(message) LIMIT \(limit)
            """
    }

    /// The kinds of error of rows of counts, `kind:n;kind:n`, with the most failing events: each kind and how many it has.
    func heaviestKinds(_ field: EventField, limit: Int, in window: TimeWindow?) -> SQL {
        let number = kindCount
        return """
            SELECT \(kind), sum(\(number)) FROM (\(kinds(field, window))) WHERE \(number) > 0 \
            GROUP BY \(kind) ORDER BY sum(\(number)) DESC, \(kind) LIMIT \(limit)
            """
    }

    /// Numbered kinds of error by bucket; all of their events failed.
    func kindSeries(
        _ field: EventField, _ names: [String], _ grid: ServerGrid, in window: TimeWindow?
    ) -> SQL {
        let number: SQL = "transform(\(kind), \(texts: names), \(Array(1...max(names.count, 1))), 0)"
        return dense(
            """
            SELECT \(number) AS bd_number, bd_bucket_of_row AS bd_bucket, sum(\(kindCount)) AS bd_events, \
            sum(\(kindCount)) AS bd_errors FROM (\(kinds(field, window, bucket: bucket(grid)))) \
            WHERE \(kindCount) > 0 AND \(number) > 0 GROUP BY \(number), bd_bucket_of_row
            """, grid)
    }

    /// A row for each part of a row's kinds. Of a `Distributed` table they are put together where the query is sent to: rows of
    /// counts are few.
    private func kinds(_ field: EventField, _ window: TimeWindow?, bucket: SQL = "0") -> SQL {
        """
        SELECT arrayJoin(splitByChar(';', \(field.text))) AS bd_part, \(bucket) AS bd_bucket_of_row \
        \(rows(of: window, where: field.isPresent))
        """
    }

    private var kind: SQL { "extract(bd_part, \(text: "^([^:]+):[^:]+$"))" }
    private var kindCount: SQL { "toFloat64OrZero(extract(bd_part, \(text: "^[^:]+:([^:]+)$")))" }

    /// A message with 0 for each part that ``MessageTemplate`` replaces by a star whatever it holds: what is alike has the same
    /// template.
    private func alike(_ field: EventField) -> SQL {
        let hexadecimal = "[0-9a-fA-F]"
        let changing =
            #"\b(\#(hexadecimal){8}-\#(hexadecimal){4}-\#(hexadecimal){4}-\#(hexadecimal){4}-\#(hexadecimal){12}"#
            + #"|\#(hexadecimal){12,}|[0-9]{4,}|[0-9]{1,2}|[06-9][0-9]{2})\b"#
        return "replaceRegexpAll(\(field.text), \(text: changing), '0')"
    }

    /// Values with the number, from 1, of the series that each is counted in.
    struct Numbering: Sendable {
        /// What the values are of.
        enum Of: Sendable { case field(EventField), messages(EventField) }
        let of: Of
        let values: [String]
        let numbers: [Int]
    }

    private func text(_ of: Numbering.Of) -> SQL {
        switch of {
        case .field(let field): field.text
        case .messages(let field): alike(field)
        }
    }

    private func condition(_ numbering: Numbering) -> SQL {
        switch numbering.of {
        case .field(let field): "\(field.isPresent) AND \(number(numbering)) > 0"
        case .messages(let field): "\(field.isPresent) AND \(errors) > 0 AND \(number(numbering)) > 0"
        }
    }

    func number(_ numbering: Numbering) -> SQL {
        "transform(\(text(numbering.of)), \(texts: numbering.values), \(numbering.numbers), 0)"
    }

    /// For each number its events and failing events by bucket, all buckets of the grid.
    func series(_ numbering: Numbering, _ grid: ServerGrid, in window: TimeWindow?) -> SQL {
        let (number, bucket) = (number(numbering), bucket(grid))
        return dense(
            """
            SELECT \(number) AS bd_number, \(bucket) AS bd_bucket, \(sums(as: "bd_events", "bd_errors")) \
            \(rows(of: window, where: condition(numbering))) GROUP BY \(number), \(bucket)
            """, grid)
    }

    private func sums(as events: SQL, _ errors: SQL) -> SQL {
        isOneEvent
            ? "count() AS \(events), countIf(\(isFailing)) AS \(errors)"
            : "sum(toFloat64(\(self.events))) AS \(events), sum(toFloat64(\(self.errors))) AS \(errors)"
    }

    func dense(_ sparse: SQL, _ grid: ServerGrid) -> SQL {
        """
        SELECT bd_number, groupArrayInsertAt(0., \(grid.count))(toFloat64(bd_events), toUInt32(bd_bucket)), \
        groupArrayInsertAt(0., \(grid.count))(toFloat64(bd_errors), toUInt32(bd_bucket)) \
        FROM (\(sparse)) GROUP BY bd_number ORDER BY bd_number
        """
    }
}

/// The buckets of all series of a table.
struct ServerGrid: Sendable, Hashable {
    /// The minute since 1970 that bucket 0 begins in.
    var firstMinute: Int
    /// How many minutes a bucket has.
    var factor: Int
    /// How many buckets there are.
    var count: Int

    func empty(_ scope: Scope) -> Series {
        let none = [Double](repeating: 0, count: count)
        return Series(
            scope: scope, start: Instant(seconds: firstMinute * EventAggregator.bucketSeconds),
            bucketSeconds: EventAggregator.bucketSeconds * factor, events: none, errors: none)
    }
}

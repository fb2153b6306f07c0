import DeployModel
import EventIngest

extension EventQueries {
    /// Events of one outcome in one window.
    struct RowClass: Sendable, Hashable {
        var window: TimeWindow
        var isFailing: Bool
    }

    private func weight(_ isFailing: Bool) -> SQL {
        isFailing ? "toFloat64(\(errors))" : "toFloat64(\(events) - \(errors))"
    }

    private func rows(of rowClass: RowClass) -> SQL {
        rows(of: rowClass.window, where: "\(weight(rowClass.isFailing)) > 0")
    }

    /// How many rows a class has, and how many events they stand for.
    func size(of rowClass: RowClass) -> SQL {
        "SELECT count(), sum(\(weight(rowClass.isFailing))) \(rows(of: rowClass))"
    }

    /// Rows of a class: instant, events, and the cells of some columns.
    ///
    /// - Parameters:
    ///   - keys: the columns that decide, with the instant, which rows are in the sample.
    ///   - share: the part of all possible keys that is taken, half open, from 0 to 1: rows whose keys hash into it.
    func rows(
        of rowClass: RowClass, columns: [EventField], keys: [EventField], share: Range<Double>, limit: Int
    ) -> SQL {
        let cells = ([time.milliseconds, weight(rowClass.isFailing)] + columns.map(\.cell)).joined(", ")
        let key: SQL = "cityHash64(\(([time.milliseconds] + keys.map(\.text)).joined(", ")))"
        let bounds = (Self.bound(share.lowerBound), Self.bound(share.upperBound))
        let isChosen: SQL =
            share == 0..<1
            ? "1"
            : share.upperBound >= 1
                ? "\(key) >= toUInt64(\(bounds.0))"
                : "\(key) >= toUInt64(\(bounds.0)) AND \(key) < toUInt64(\(bounds.1))"
        return """
            SELECT \(cells) \(rows(of: rowClass)) AND \(isChosen) \
            ORDER BY \(time.milliseconds), \(key) LIMIT \(limit)
            """
    }

    /// A part of all 64-bit numbers.
    private static func bound(_ share: Double) -> UInt64 {
        share >= 1 ? .max : UInt64(max(share, 0) * 0x1p64)
    }
}

/// Rows to choose roles by; times of the server's own types are milliseconds since 1970.
func survey(of table: SQL, _ fields: [EventField], rows: Int) -> SQL {
    let cells = fields.map { $0.type.isTime ? $0.typedMilliseconds : $0.cell }
    return "SELECT \(cells.joined(", ")) FROM \(table) LIMIT \(rows)"
}

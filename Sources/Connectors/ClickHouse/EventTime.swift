import DeployModel
import EventIngest

/// When an event of a table happened, as SQL.
struct EventTime: Sendable {
    /// Milliseconds since 1970; never null, of no meaning where ``isValid`` does not hold.
    let milliseconds: SQL
    /// Whether a row has a time; never null.
    let isValid: SQL
    private let field: EventField

    /// - Throws: ``ConnectorError`` where times are written in a way that cannot be read on the server.
    init(_ field: EventField, format: TimeFormat, place: String) throws(ConnectorError) {
        self.field = field
        switch (field.type.kind, format) {
        case (.day, _), (.seconds, _), (.fractions, _):
            milliseconds =
                field.type.isNullable ? "ifNull(\(field.typedMilliseconds), 0)" : field.typedMilliseconds
            isValid = field.isPresent
        case (_, .unix(let perSecond)):
            let seconds: SQL = "(\(field.number) / \(perSecond))"
            // As numbers beyond these are not taken for times in files.
            isValid = "ifNull(\(seconds) >= 1e8 AND \(seconds) < 1e11, 0)"
            let isWhole = field.type.kind == .exact && perSecond >= 1000
            milliseconds =
                isWhole
                ? "ifNull(intDiv(toInt64(\(field.column)) + \(perSecond / 2000), \(perSecond / 1000)), 0)"
                : "ifNull(toInt64(round(if(\(isValid), \(seconds), 0) * 1000)), 0)"
        case (.text, .rfc3339), (.text, .withoutZone), (.paddedText, .rfc3339), (.paddedText, .withoutZone):
            var offset = 0
            if case .withoutZone(let seconds) = format { offset = seconds }
            let parsed: SQL = "parseDateTimeBestEffortOrNull(\(field.text), 'UTC')"
            let fraction: SQL =
                "toInt64(toUInt16OrZero(substring(concat(extract(\(field.text), \(text: #":[0-9]{2}\.([0-9]{1,3})"#)), '000'), 1, 3)))"
            milliseconds =
                "ifNull((toInt64(toUnixTimestamp(\(parsed))) - \(offset)) * 1000 + \(fraction), 0)"
            isValid = "isNotNull(\(parsed))"
        default:
            throw ConnectorError(
                .badAddress,
                "the times of column '\(field.name)' are \(format.words), which cannot be read on the server",
                at: place,
                remedy:
                    "name a column of type DateTime with --map time=COLUMN, or export the table and read the file"
            )
        }
    }

    /// Whether an event lies inside of a window, in a way that lets the server pass over what does not.
    func isInside(_ window: TimeWindow) -> SQL {
        let column = field.column
        switch field.type.kind {
        case .seconds where !field.type.isNullable:
            func seconds(_ instant: Instant) -> Int64 {
                min(max(-floorDiv(-instant.milliseconds, 1000), 0), Int64(UInt32.max))
            }
            return
                "(\(column) >= toDateTime(\(seconds(window.since))) AND \(column) < toDateTime(\(seconds(window.until))))"
        case .fractions where !field.type.isNullable:
            return """
                (\(column) >= fromUnixTimestamp64Milli(\(window.since.milliseconds)) AND \
                \(column) < fromUnixTimestamp64Milli(\(window.until.milliseconds)))
                """
        default:
            return
                "(\(milliseconds) >= \(window.since.milliseconds) AND \(milliseconds) < \(window.until.milliseconds))"
        }
    }
}

import EventIngest

/// A column as a field of events: the same questions as are asked of the fields of records, as SQL.
///
/// What a column holds is what the server's own `JSONEachRow` shows of it, so that a table and an export of it are judged alike.
struct EventField: Sendable, Hashable {
    let name: String
    let type: ColumnType
    /// The value, as its type has it.
    let column: SQL

    /// A column.
    init(name: String, type: ColumnType) {
        self.name = name
        self.type = type
        column = "\(name: name)"
    }

    /// A key of a column that holds maps.
    init(key: String, of map: EventField, type: ColumnType) {
        name = "\(map.name).\(key)"
        self.type = type
        column = "if(mapContains(\(map.column), \(text: key)), \(map.column)[\(text: key)], NULL)"
    }

    /// The value as it is handed over in an answer.
    var cell: SQL {
        switch type.kind {
        case .paddedText: type.isNullable ? "if(isNull(\(column)), NULL, \(text))" : text
        default: column
        }
    }

    /// A time of the server's own types as milliseconds since 1970; null where there is none.
    var typedMilliseconds: SQL {
        switch type.kind {
        case .day: "toInt64(toUnixTimestamp(toDateTime(\(column), 'UTC'))) * 1000"
        case .fractions: "toUnixTimestamp64Milli(toDateTime64(\(column), 3))"
        default: "toInt64(toUnixTimestamp(\(column))) * 1000"
        }
    }

    /// Whether an event has the field; never null.
    var isPresent: SQL {
        switch type.kind {
        case .float: "ifNull(isFinite(\(column)), 0)"
        default: type.isNullable ? "isNotNull(\(column))" : "1"
        }
    }

    /// The value as text, empty where there is none; never null.
    var text: SQL {
        let text: SQL =
            switch type.kind {
            case .paddedText: "toStringCutToZero(\(column))"
            // A function of a dictionary's values would have a dictionary again.
            case .text where type.isLowCardinality:
                "CAST(\(column) AS \(type.isNullable ? "Nullable(String)" : "String"))"
            case .text where type.name == "String": column
            default: "toString(\(column))"
            }
        return type.isNullable ? "ifNull(\(text), '')" : text
    }

    /// The value as a number, also where it is a text that is one; null where it is none.
    var number: SQL {
        switch type.kind {
        case .exact, .bool: "toFloat64(\(column))"
        case .float: "if(\(isPresent), toFloat64(\(column)), NULL)"
        case .text, .paddedText:
            "if(match(\(text), \(text: Self.decimal)) AND length(\(text)) <= \(EventReading.longestNumber), toFloat64OrNull(replaceRegexpOne(\(text), \(text: "^[+]"), '')), NULL)"
        case .day, .seconds, .fractions, .array, .map, .other: "CAST(NULL AS Nullable(Float64))"
        }
    }

    /// What a text must look like to count as a number: as in the readers of files.
    private static let decimal = #"^([+-]?[0-9]+\.?[0-9]*|[+-]\.[0-9]+)([eE][+-]?[0-9]+)?$"#

    /// Whether the field alone counts as yes; never null.
    var isTruthy: SQL {
        switch type.kind {
        case .exact, .bool: "ifNull(\(column) != 0, 0)"
        case .float: "(\(isPresent) AND ifNull(\(column) != 0, 0))"
        case .array, .map, .other: "notEmpty(\(column))"
        case .text, .paddedText, .day, .seconds, .fractions:
            "(\(text) NOT IN (\(Self.list([""] + FailureWords.negative))))"
        }
    }

    /// Whether the text is one of some words, whatever the case of their letters; never null.
    func isWord(_ words: [String]) -> SQL {
        "(lower(\(text)) IN (\(Self.list(words))))"
    }

    private static func list(_ texts: [String]) -> SQL {
        texts.map { "\(text: $0)" as SQL }.joined(", ")
    }
}

/// What a column of ClickHouse holds, as far as events are concerned.
package struct ColumnType: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Whole numbers and decimals.
        case exact
        /// Floating point; infinities and not-a-number count as missing, as they do in JSON.
        case float
        case bool
        /// Texts, and what reads as one: `Enum8`, `UUID`, addresses.
        case text
        /// Texts filled up with zero bytes: `FixedString`.
        case paddedText
        /// A day, and the times with whole seconds and with parts of them.
        case day, seconds, fractions
        /// An array of the kinds above.
        case array
        /// A map from texts to the kinds above but arrays: each of its keys is a field.
        case map
        /// What has other parts: tuples, JSON, states of aggregation.
        case other
    }

    package let kind: Kind
    package let isNullable: Bool
    /// Whether the values are kept in a dictionary.
    let isLowCardinality: Bool
    /// As the server writes it.
    let name: String

    /// Reads a type as the server writes it: `LowCardinality(Nullable(String))`.
    package init(_ name: String) {
        self.name = name
        var inner = Substring(name)
        var (isNullable, isLowCardinality) = (false, false)
        while true {
            if let content = Self.content(of: "LowCardinality", inner) {
                (inner, isLowCardinality) = (content, true)
            } else if let content = Self.content(of: "Nullable", inner) {
                (inner, isNullable) = (content, true)
            } else if let content = Self.content(of: "SimpleAggregateFunction", inner),
                let comma = content.firstIndex(of: ",")
            {
                inner = content[content.index(after: comma)...].drop { $0 == " " }
            } else {
                break
            }
        }
        self.isNullable = isNullable
        self.isLowCardinality = isLowCardinality
        kind = Self.kind(inner)
    }

    private static func kind(_ name: Substring) -> Kind {
        if let element = content(of: "Array", name) {
            switch ColumnType(String(element)).kind {
            case .array, .map, .other: return .other
            default: return .array
            }
        }
        if let value = mapValue(name) {
            switch value.kind {
            case .array, .map, .other: return .other
            default: return .map
            }
        }
        let base = name.prefix { $0 != "(" }
        return switch base {
        case "String", "Enum8", "Enum16", "UUID", "IPv4", "IPv6": .text
        case "FixedString": .paddedText
        case "Float32", "Float64", "BFloat16": .float
        case "Bool": .bool
        case "Date", "Date32": .day
        case "DateTime": .seconds
        case "DateTime64": .fractions
        case "Decimal", "Decimal32", "Decimal64", "Decimal128", "Decimal256": .exact
        case "Int8", "Int16", "Int32", "Int64", "Int128", "Int256",
            "UInt8", "UInt16", "UInt32", "UInt64", "UInt128", "UInt256":
            .exact
        default: .other
        }
    }

    /// The type of the values of a map whose keys are texts, null where a map lacks the key.
    var mapValue: ColumnType? {
        guard let value = Self.mapValue(Substring(name)) else { return nil }
        guard !value.isNullable else { return value }
        let inner = Self.content(of: "LowCardinality", Substring(value.name))
        return ColumnType(
            inner.map { "LowCardinality(Nullable(\($0)))" } ?? "Nullable(\(value.name))")
    }

    private static func mapValue(_ name: Substring) -> ColumnType? {
        guard let content = content(of: "Map", name), let (key, value) = String(content).cut(at: ", "),
            ["String", "LowCardinality(String)"].contains(key)
        else { return nil }
        return ColumnType(value)
    }

    private static func content(of wrapper: String, _ name: Substring) -> Substring? {
        guard name.hasPrefix("\(wrapper)("), name.hasSuffix(")") else { return nil }
        return name.dropFirst(wrapper.count + 1).dropLast()
    }

    /// Whether the type itself says that the values are times.
    var isTime: Bool { [.day, .seconds, .fractions].contains(kind) }

    /// Whether the values are numbers, which JSON may show in quotes where they have 64 bits.
    var isNumber: Bool { kind == .exact || kind == .float }
}

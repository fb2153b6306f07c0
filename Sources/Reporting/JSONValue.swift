/// JSON as a value, its members in a fixed order, and its one way of being written: the same value, the same bytes.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    /// Written with six significant digits; what is not finite is written as null.
    case number(Double)
    /// Written so that reading it gives the same number: a value of the events' own, a threshold.
    case exact(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    static func == (a: JSONValue, b: JSONValue) -> Bool { a.written() == b.written() }

    /// A string, or null.
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// The value with an indentation of two spaces and a newline at the end.
    func document() -> String {
        var text = ""
        write(to: &text, indent: 0)
        return text + "\n"
    }

    private func written() -> String { document() }

    private func write(to text: inout String, indent: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        case .number(let number): text += Self.digits(number)
        case .exact(let number): text += number.isFinite ? Self.shortest(number) : "null"
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            // Lists of plain values read better on one line.
            let isPlain = elements.allSatisfy {
                if case .array = $0 { false } else if case .object = $0 { false } else { true }
            }
            Self.writeList(elements.map { ("", $0) }, "[", "]", isShort: isPlain, to: &text, indent: indent)
        case .object(let members):
            let named = members.map { (key: JSONValue.string($0.key).inline + ": ", value: $0.value) }
            Self.writeList(named, "{", "}", isShort: false, to: &text, indent: indent)
        }
    }

    private var inline: String {
        var text = ""
        write(to: &text, indent: 0)
        return text
    }

    private static func writeList(
        _ parts: [(key: String, value: JSONValue)], _ open: String, _ close: String, isShort: Bool,
        to text: inout String, indent: Int
    ) {
        guard !parts.isEmpty else {
            text += open + close
            return
        }
        let lead = isShort ? "" : "\n" + String(repeating: "  ", count: indent + 1)
        text += open
        for (index, part) in parts.enumerated() {
            if index > 0 { text += isShort ? ", " : "," }
            text += lead + part.key
            part.value.write(to: &text, indent: indent + 1)
        }
        text += (isShort ? "" : "\n" + String(repeating: "  ", count: indent)) + close
    }

    /// Six significant digits, without an exponent between a millionth and a quadrillion.
    private static func digits(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        guard number != 0 else { return "0" }
        if number == number.rounded() { return shortest(number) }
        var scale = 1.0
        var magnitude = abs(number)
        while magnitude < 100_000, scale < 1e12 {
            magnitude *= 10
            scale *= 10
        }
        let rounded = (number * scale).rounded() / scale
        guard rounded != 0 else { return "0" }
        if rounded == rounded.rounded() { return shortest(rounded) }
        guard abs(rounded) < 0.0001 else { return "\(rounded)" }
        // Small numbers would be printed with an exponent: write the zeros.
        let places = Int((rounded.magnitude * 1e12).rounded())
        let padded = String(repeating: "0", count: max(0, 12 - String(places).count)) + String(places)
        let trimmed = padded.reversed().drop { $0 == "0" }.reversed()
        return (rounded < 0 ? "-" : "") + "0." + String(trimmed)
    }

    /// The fewest digits that give the same number again; whole ones below a quadrillion without an exponent.
    private static func shortest(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || isInvisible(scalar):
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

/// Characters that change how others are shown: separators of lines, controls of direction, C1 controls, the byte order mark.
func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x80...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: false
    }
}

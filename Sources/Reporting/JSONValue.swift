import Parallel

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
    /// As many elements, none of them plain, each made when it is written: of a long list no more than a few are there at once.
    case list(count: Int, element: @Sendable (Int) -> JSONValue)
    case object([(key: String, value: JSONValue)])

    static func == (a: JSONValue, b: JSONValue) -> Bool { a.written() == b.written() }

    /// A string, or null.
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// The value with an indentation of two spaces and a newline at the end.
    func document() -> String {
        var text: [UInt8] = []
        write(to: &text, indent: 0)
        text.append(UInt8(ascii: "\n"))
        return String(decoding: text, as: UTF8.self)
    }

    private func written() -> String { document() }

    private func write(to text: inout [UInt8], indent: Int) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let flag): text += (flag ? "true" : "false").utf8
        case .integer(let number): text += String(number).utf8
        case .number(let number): text += Self.digits(number).utf8
        case .exact(let number): text += (number.isFinite ? Self.shortest(number) : "null").utf8
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            // Lists of plain values read better on one line.
            let isPlain = elements.allSatisfy {
                switch $0 {
                case .array, .list, .object: false
                default: true
                }
            }
            Self.writeList(elements, "[", "]", isShort: isPlain, to: &text, indent: indent) { element, text in
                element.write(to: &text, indent: indent + 1)
            }
        case .list(let count, let element):
            Self.writeList(count: count, to: &text, indent: indent, element)
        case .object(let members):
            Self.writeList(members, "{", "}", isShort: false, to: &text, indent: indent) { member, text in
                Self.write(member.key, to: &text)
                text += ": ".utf8
                member.value.write(to: &text, indent: indent + 1)
            }
        }
    }

    private static func writeList<Part>(
        _ parts: [Part], _ open: Unicode.Scalar, _ close: Unicode.Scalar, isShort: Bool,
        to text: inout [UInt8], indent: Int, _ write: (Part, inout [UInt8]) -> Void
    ) {
        text.append(UInt8(ascii: open))
        defer { text.append(UInt8(ascii: close)) }
        guard !parts.isEmpty else { return }
        for (index, part) in parts.enumerated() {
            if index > 0 {
                text.append(UInt8(ascii: ","))
                if isShort { text.append(UInt8(ascii: " ")) }
            }
            if !isShort { breakLine(indent + 1, to: &text) }
            write(part, &text)
        }
        if !isShort { breakLine(indent, to: &text) }
    }

    /// Writes a long list in pieces, several at a time.
    private static func writeList(
        count: Int, to text: inout [UInt8], indent: Int, _ element: @Sendable (Int) -> JSONValue
    ) {
        text.append(UInt8(ascii: "["))
        defer { text.append(UInt8(ascii: "]")) }
        guard count > 0 else { return }
        let starts = Array(stride(from: 0, to: count, by: elementsOfPiece))
        let pieces = concurrentMap(starts, workers: availableCores()) { start in
            var piece: [UInt8] = []
            for index in start..<min(start + elementsOfPiece, count) {
                if index > 0 { piece.append(UInt8(ascii: ",")) }
                breakLine(indent + 1, to: &piece)
                element(index).write(to: &piece, indent: indent + 1)
            }
            return piece
        }
        text.reserveCapacity(text.count + pieces.reduce(0) { $0 + $1.count })
        for piece in pieces { text += piece }
        breakLine(indent, to: &text)
    }

    private static let elementsOfPiece = 500

    private static func breakLine(_ indent: Int, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\n"))
        for _ in 0..<2 * indent { text.append(UInt8(ascii: " ")) }
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

    private static func write(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        // Most texts stand for themselves.
        if isPlain(string.utf8.span) {
            text += string.utf8
        } else {
            var last: Unicode.Scalar?
            for scalar in string.unicodeScalars {
                // Agents of a CI that read along obey `##vso[` and the like anywhere in a line.
                if scalar == "#", last == "#" { text += "\\u0023".utf8 } else { write(scalar, to: &text) }
                last = scalar
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        var isPlain = true
        for index in bytes.indices {
            let byte = bytes[index]
            isPlain =
                isPlain && byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"")
                && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "#")
        }
        return isPlain
    }

    private static func write(_ scalar: Unicode.Scalar, to text: inout [UInt8]) {
        switch scalar {
        case "\"": text += "\\\"".utf8
        case "\\": text += "\\\\".utf8
        case "\n": text += "\\n".utf8
        case "\r": text += "\\r".utf8
        case "\t": text += "\\t".utf8
        case _ where scalar.value < 0x20 || scalar.value == 0x7F || isInvisible(scalar):
            let hex = String(scalar.value, radix: 16)
            text += "\\u".utf8
            text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, 4 - hex.utf8.count)))
            text += hex.utf8
        case _ where scalar.isASCII: text.append(UInt8(scalar.value))
        default: text.append(contentsOf: String(scalar).utf8)
        }
    }
}

/// Characters that change how others are shown: separators of lines, controls of direction, C1 controls, the byte order mark.
func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x80...0x9F, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
    default: false
    }
}

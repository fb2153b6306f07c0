/// The text of a failure with its changing parts replaced by `*`.
///
/// Numbers, addresses, hexadecimal and random identifiers and quoted texts change from event to event; words stay, and so
/// do three digits that may be a status, because `401` says more about a failure than the words around it.
public struct MessageTemplate: Sendable, Hashable {
    /// The text with stars, cut at 200 bytes.
    public let text: String

    private static let longest = 200

    /// The template of a message.
    public init(_ message: String) {
        let bytes = Array(message.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(min(bytes.count, Self.longest) + 16)
        var index = 0
        var follows = false
        while index < bytes.count, output.count < Self.longest {
            let byte = bytes[index]
            let kind = kinds[Int(byte)]
            if !follows, let end = Self.endOfQuote(bytes, from: index) ?? Self.endOfUUID(bytes, from: index) {
                Self.appendStar(to: &output)
                index = end
            } else if kind.contains(.word) {
                index = Self.appendWord(of: bytes, from: index, to: &output)
            } else {
                output.append(byte == 0x0A || byte == 0x0D || byte == 0x09 ? 0x20 : byte)
                index += 1
            }
            follows = index > 0 && kinds[Int(bytes[index - 1])].contains(.word)
        }
        // The last word may reach beyond; a character is not cut in two.
        var end = min(output.count, Self.longest)
        while end < output.count, end > 0, output[end] & 0xC0 == 0x80 { end -= 1 }
        text = String(decoding: output[..<end], as: UTF8.self)
    }

    /// One star for a run of changing parts: `10.0.0.7:5432` is one, as is `3f2b-77c1`.
    private static func appendStar(to output: inout [UInt8]) {
        var end = output.count
        while end > 0, kinds[Int(output[end - 1])].contains(.joint) { end -= 1 }
        if end > 0, output[end - 1] == UInt8(ascii: "*") {
            output.removeLast(output.count - end)
        } else {
            output.append(UInt8(ascii: "*"))
        }
    }

    /// A run of letters and digits: kept, replaced, or its digits replaced.
    ///
    /// - Returns: where it ends.
    private static func appendWord(of bytes: [UInt8], from start: Int, to output: inout [UInt8]) -> Int {
        var (end, digits, changes, isHexadecimal) = (start, 0, 0, true)
        var wasDigit = false
        while end < bytes.count {
            let kind = kinds[Int(bytes[end])]
            guard kind.contains(.word) else { break }
            let isDigit = kind.contains(.digit)
            if isDigit { digits += 1 }
            if end > start, isDigit != wasDigit { changes += 1 }
            if !kind.contains(.hexadecimal) { isHexadecimal = false }
            wasDigit = isDigit
            end += 1
        }
        let count = end - start
        let isStatus =
            digits == 3 && count == 3 && (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(bytes[start])
        guard !isStatus, digits > 0 || isHexadecimal && count >= 12 else {
            output += bytes[start..<end]
            return end
        }
        let firstDigit = bytes[start..<end].firstIndex { kinds[Int($0)].contains(.digit) } ?? end
        if digits == count || isHexadecimal && count >= 7 || changes >= 2 {
            appendStar(to: &output)
        } else if digits == 1 {
            // `http2`, `ipv4`: names of things.
            output += bytes[start..<end]
        } else if firstDigit == start {
            appendStar(to: &output)
            output += bytes[start..<end].drop { kinds[Int($0)].contains(.digit) }
        } else {
            output += bytes[start..<firstDigit]
            appendStar(to: &output)
        }
        return end
    }

    /// The index after the closing quote, when a quoted text begins here.
    private static func endOfQuote(_ bytes: [UInt8], from start: Int) -> Int? {
        let quote = bytes[start]
        guard quote == 0x22 || quote == 0x27 || quote == 0x60 else { return nil }
        var index = start + 1
        while index < bytes.count, index - start <= 300 {
            let isLast = index + 1 == bytes.count || !kinds[Int(bytes[index + 1])].contains(.word)
            if bytes[index] == quote, isLast { return index + 1 }
            index += 1
        }
        return nil
    }

    /// The index after a UUID (RFC 9562: 8-4-4-4-12 hexadecimal digits), when one begins here.
    private static func endOfUUID(_ bytes: [UInt8], from start: Int) -> Int? {
        guard start + 36 <= bytes.count, bytes[start + 8] == UInt8(ascii: "-") else { return nil }
        for offset in 0..<36 {
            let isFit =
                [8, 13, 18, 23].contains(offset)
                ? bytes[start + offset] == UInt8(ascii: "-")
                : kinds[Int(bytes[start + offset])].contains(.hexadecimal)
            if !isFit { return nil }
        }
        let end = start + 36
        return end < bytes.count && kinds[Int(bytes[end])].contains(.word) ? nil : end
    }
}

/// What a byte can be in a message.
private struct ByteKind: OptionSet {
    let rawValue: UInt8
    /// A letter, a digit, or any byte of a character beyond ASCII.
    static let word = ByteKind(rawValue: 1)
    static let digit = ByteKind(rawValue: 2)
    static let hexadecimal = ByteKind(rawValue: 4)
    /// What stands between parts of one changing thing.
    static let joint = ByteKind(rawValue: 8)
}

/// By byte.
private let kinds: [ByteKind] = (0...255).map { (byte: UInt8) in
    var kind: ByteKind = []
    let isDigit = (0x30...0x39).contains(byte)
    if isDigit { kind.insert(.digit) }
    if isDigit || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80 {
        kind.insert(.word)
    }
    if isDigit || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte) { kind.insert(.hexadecimal) }
    if ".:,-/+".utf8.contains(byte) { kind.insert(.joint) }
    return kind
}

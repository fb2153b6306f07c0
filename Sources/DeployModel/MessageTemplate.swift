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
        var output: [UInt8] = []
        let bytes = Array(message.utf8)
        var index = 0
        while index < bytes.count, output.count < Self.longest {
            let byte = bytes[index]
            let follows = index > 0 && Self.isWord(bytes[index - 1])
            if !follows, let end = Self.endOfQuote(bytes, from: index) {
                Self.appendStar(to: &output)
                index = end
            } else if !follows, let end = Self.endOfUUID(bytes, from: index) {
                Self.appendStar(to: &output)
                index = end
            } else if Self.isWord(byte) {
                var end = index
                while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
                Self.append(bytes[index..<end], to: &output)
                index = end
            } else {
                output.append(byte == 0x0A || byte == 0x0D || byte == 0x09 ? 0x20 : byte)
                index += 1
            }
        }
        // The last word may reach beyond; a character is not cut in two.
        var end = min(output.count, Self.longest)
        while end < output.count, end > 0, output[end] & 0xC0 == 0x80 { end -= 1 }
        text = String(decoding: output[..<end], as: UTF8.self)
    }

    /// One star for a run of changing parts: `10.0.0.7:5432` is one, as is `3f2b-77c1`.
    private static func appendStar(to output: inout [UInt8]) {
        var end = output.count
        while end > 0, [UInt8](".:,-/+".utf8).contains(output[end - 1]) { end -= 1 }
        if end > 0, output[end - 1] == UInt8(ascii: "*"), end < output.count || end == output.count {
            output.removeLast(output.count - end)
        } else {
            output.append(UInt8(ascii: "*"))
        }
    }

    /// A run of letters and digits: kept, replaced, or its digits replaced.
    private static func append(_ word: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let digits = word.reduce(0) { $0 + (isDigit($1) ? 1 : 0) }
        let changes = zip(word, word.dropFirst()).reduce(0) { $0 + (isDigit($1.0) != isDigit($1.1) ? 1 : 0) }
        let isHexadecimal = word.allSatisfy(isHexDigit)
        let isStatus =
            digits == 3 && word.count == 3
            && (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(word[word.startIndex])
        guard !isStatus, digits > 0 || isHexadecimal && word.count >= 12 else {
            output += word
            return
        }
        if digits == word.count || isHexadecimal && word.count >= 7 || changes >= 2 {
            appendStar(to: &output)
        } else if digits == 1 {
            // `http2`, `ipv4`: names of things.
            output += word
        } else if word.first.map(isDigit) == true {
            appendStar(to: &output)
            output += word.drop(while: isDigit)
        } else {
            output += word.prefix { !isDigit($0) }
            appendStar(to: &output)
        }
    }

    /// The index after the closing quote, when a quoted text begins here.
    private static func endOfQuote(_ bytes: [UInt8], from start: Int) -> Int? {
        let quote = bytes[start]
        guard quote == 0x22 || quote == 0x27 || quote == 0x60 else { return nil }
        var index = start + 1
        while index < bytes.count, index - start <= 300 {
            let isLast = index + 1 == bytes.count || !isWord(bytes[index + 1])
            if bytes[index] == quote, isLast { return index + 1 }
            index += 1
        }
        return nil
    }

    /// The index after a UUID (RFC 9562: 8-4-4-4-12 hexadecimal digits), when one begins here.
    private static func endOfUUID(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        for (group, length) in [8, 4, 4, 4, 12].enumerated() {
            if group > 0 {
                guard index < bytes.count, bytes[index] == UInt8(ascii: "-") else { return nil }
                index += 1
            }
            guard index + length <= bytes.count, bytes[index..<index + length].allSatisfy(isHexDigit) else {
                return nil
            }
            index += length
        }
        return index < bytes.count && isWord(bytes[index]) ? nil : index
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
    }

    /// Letters, digits, and every byte of a character beyond ASCII.
    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80
    }
}

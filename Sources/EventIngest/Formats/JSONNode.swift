/// A JSON value as a tree: one element of an export. Numbers keep their digits, because nanoseconds do not fit a double.
package indirect enum JSONNode: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([Member])

    package struct Member: Equatable {
        package var key: String
        package var value: JSONNode

        package init(key: String, value: JSONNode) {
            self.key = key
            self.value = value
        }
    }

    /// An object of these members.
    package static func object(_ members: KeyValuePairs<String, JSONNode>) -> JSONNode {
        .object(members.map { Member(key: $0.key, value: $0.value) })
    }

    /// A whole number.
    package static func number(_ number: Int) -> JSONNode { .number("\(number)") }

    /// A member of an object.
    package subscript(key: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The first of some members that is there and not null.
    func first(_ keys: String...) -> JSONNode? {
        keys.lazy.compactMap { self[$0] }.first { $0 != .null }
    }

    package var elements: [JSONNode] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// A scalar as text; `nil` for null and for what has parts.
    package var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A number, also one that is written as a string.
    package var double: Double? {
        switch self {
        case .number(let text), .string(let text): Double(text)
        case .null, .bool, .array, .object: nil
        }
    }

    var isNumber: Bool {
        guard case .number = self else { return false }
        return true
    }
}

extension JSONNode {
    /// Reads one value, all of the bytes.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Result<JSONNode, RecordFailure> {
        var reader = JSONNodeReader(bytes)
        do throws(RecordFailure) {
            let node = try reader.value(depth: 0)
            reader.skipSpace()
            guard reader.isAtEnd else {
                return .failure(RecordFailure(reason: "there is more behind the JSON value"))
            }
            return .success(node)
        } catch {
            return .failure(error)
        }
    }

    /// The value of a text that is JSON; `nil` when it is none.
    package static func parse(_ text: String) -> JSONNode? {
        var text = text
        return text.withUTF8 { try? parse(UnsafeRawBufferPointer($0)).get() }
    }
}

private struct JSONNodeReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private static let deepest = 64

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }
    private var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func failure(_ what: String) -> RecordFailure { RecordFailure(reason: "it is no JSON: \(what)") }

    mutating func value(depth: Int) throws(RecordFailure) -> JSONNode {
        guard depth < Self.deepest else { throw failure("nested deeper than \(Self.deepest)") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(RecordFailure) -> JSONNode {
        position += 1
        var members: [JSONNode.Member] = []
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("a key is no string") }
            let key = try string()
            guard take(":") else { throw failure("a colon is missing") }
            members.append(JSONNode.Member(key: key, value: try value(depth: depth + 1)))
            if take("}") { return .object(members) }
            guard take(",") else { throw failure("a comma is missing") }
        }
    }

    private mutating func array(depth: Int) throws(RecordFailure) -> JSONNode {
        position += 1
        var elements: [JSONNode] = []
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("a comma is missing") }
        }
    }

    private mutating func word(_ word: StaticString, _ node: JSONNode) throws(RecordFailure) -> JSONNode {
        for index in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[index] else { throw failure("an unknown word") }
            position += 1
        }
        return node
    }

    private mutating func number() throws(RecordFailure) -> JSONNode {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            guard byte &- 0x30 < 10 || [0x2B, 0x2D, 0x2E].contains(byte) || byte | 0x20 == 0x65 else { break }
            position += 1
        }
        let digits = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        guard digits.first != UInt8(ascii: "+"), parseNumber(digits) != nil else {
            throw failure("an unknown value")
        }
        return .number(String(decoding: digits, as: UTF8.self))
    }

    private mutating func string() throws(RecordFailure) -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
            bytes[position] != UInt8(ascii: "\\")
        {
            guard bytes[position] >= 0x20 else { throw failure("a control character in a string") }
            position += 1
        }
        if next == UInt8(ascii: "\"") {
            position += 1
            return String(decoding: bytes[start..<position - 1], as: UTF8.self)
        }
        var content = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
            guard byte >= 0x20 else { throw failure("a control character in a string") }
            guard byte == UInt8(ascii: "\\") else {
                content.append(byte)
                continue
            }
            let escape = next
            position += 1
            switch escape {
            case UInt8(ascii: "n"): content.append(0x0A)
            case UInt8(ascii: "t"): content.append(0x09)
            case UInt8(ascii: "r"): content.append(0x0D)
            case UInt8(ascii: "b"): content.append(0x08)
            case UInt8(ascii: "f"): content.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(escape)
            case UInt8(ascii: "u"): content += Array(String(try scalar()).utf8)
            default: throw failure("an unknown escape")
            }
        }
        throw failure("a string is not closed")
    }

    /// The character of `\uXXXX`, or of two such that are a surrogate pair; half a pair is U+FFFD.
    private mutating func scalar() throws(RecordFailure) -> Character {
        let high = try hexadecimal()
        guard (0xD800..<0xDC00).contains(high) else { return Character(Unicode.Scalar(high) ?? "\u{FFFD}") }
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        position += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { return "\u{FFFD}" }
        return Character(Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}")
    }

    private mutating func hexadecimal() throws(RecordFailure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(next)).hexDigitValue else {
                throw failure("an unknown escape")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

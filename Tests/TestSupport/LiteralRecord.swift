public import DeployModel

/// An object of JSON on one line, read byte by byte as RFC 8259 is written: what a fast reader must find in it too.
public struct LiteralRecord {
    /// The values that hold no objects, by the keys down to them, joined by dots; `nil` for null. Of those that share a path the
    /// last one counts.
    public private(set) var values: [String: FieldValue?] = [:]
    /// Whether a path has more than one value.
    public private(set) var isRepeating = false

    private let bytes: [UInt8]
    private var at = 0

    private struct NoRecord: Error {}

    /// Reads a line without its newline; `nil` when it is no object, or one of which readers may differ: nested more than 60
    /// deep, with numbers of more than 400 letters or beyond those of a double, with halves of surrogate pairs.
    public init?(_ line: [UInt8]) {
        bytes = line
        do {
            skipSpace()
            try readObject(below: "", depth: 0)
            skipSpace()
        } catch { return nil }
        if at < bytes.count { return nil }
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0D].contains(byte) { at += 1 }
    }

    private mutating func pass(_ text: StaticString) throws {
        let wanted = Array("\(text)".utf8)
        guard bytes[at...].starts(with: wanted) else { throw NoRecord() }
        at += wanted.count
    }

    /// Passes what stands between brackets, separated by commas.
    private mutating func readMembers(
        _ opening: StaticString, _ closing: StaticString, _ member: (inout Self) throws -> Void
    ) throws {
        try pass(opening)
        skipSpace()
        if (try? pass(closing)) != nil { return }
        while true {
            try member(&self)
            skipSpace()
            if (try? pass(closing)) != nil { return }
            try pass(",")
            skipSpace()
        }
    }

    private mutating func readObject(below path: String, depth: Int) throws {
        guard depth < 60 else { throw NoRecord() }
        try readMembers("{", "}") { record in
            let key = try record.readString()
            record.skipSpace()
            try record.pass(":")
            record.skipSpace()
            let own = path.isEmpty ? key : "\(path).\(key)"
            if record.next == UInt8(ascii: "{") {
                return try record.readObject(below: own, depth: depth + 1)
            }
            let value = try record.readValue(depth: depth + 1)
            if record.values.updateValue(value, forKey: own) != nil { record.isRepeating = true }
        }
    }

    private mutating func readValue(depth: Int) throws -> FieldValue? {
        switch next {
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"):
            try pass("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try pass("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try pass("null")
            return nil
        case UInt8(ascii: "["):
            let start = at
            try readArray(depth: depth)
            return .string(String(decoding: bytes[start..<at], as: UTF8.self))
        default: return try readNumber()
        }
    }

    private mutating func readArray(depth: Int) throws {
        guard depth < 60 else { throw NoRecord() }
        try readMembers("[", "]") { record in
            if record.next == UInt8(ascii: "[") { return try record.readArray(depth: depth + 1) }
            guard record.next == UInt8(ascii: "{") else { return _ = try record.readValue(depth: depth) }
            // What objects in arrays hold are no fields of the record.
            let outer = record.values
            let wasRepeating = record.isRepeating
            try record.readObject(below: "", depth: depth + 1)
            (record.values, record.isRepeating) = (outer, wasRepeating)
        }
    }

    private mutating func passDigits() -> Int {
        let start = at
        while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
        return at - start
    }

    private mutating func readNumber() throws -> FieldValue {
        let start = at
        try? pass("-")
        let isZero = next == UInt8(ascii: "0")
        let whole = passDigits()
        guard whole > 0, !isZero || whole == 1 else { throw NoRecord() }
        if (try? pass(".")) != nil, passDigits() == 0 { throw NoRecord() }
        if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
            at += 1
            if let sign = next, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(sign) { at += 1 }
            guard passDigits() > 0 else { throw NoRecord() }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard text.utf8.count <= 400, let number = Double(text), number.isFinite else { throw NoRecord() }
        // A double would change whole numbers beyond 2^53.
        return abs(number) > 0x1p53 ? .string(text) : .number(number)
    }

    private mutating func readString() throws -> String {
        try pass("\"")
        var text: [UInt8] = []
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw NoRecord() }
                return string
            case UInt8(ascii: "\\"): text += try readEscape()
            case 0..<0x20: throw NoRecord()
            default: text.append(byte)
            }
        }
        throw NoRecord()
    }

    private mutating func readEscape() throws -> [UInt8] {
        guard let letter = next else { throw NoRecord() }
        at += 1
        let plain: [Character: UInt8] = [
            "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 0x08, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09,
        ]
        if letter != UInt8(ascii: "u") {
            guard let byte = plain[Character(Unicode.Scalar(letter))] else { throw NoRecord() }
            return [byte]
        }
        var scalar = try readUnit()
        if (0xD800..<0xDC00).contains(scalar) {
            try pass("\\u")
            let low = try readUnit()
            guard (0xDC00..<0xE000).contains(low) else { throw NoRecord() }
            scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(scalar) else { throw NoRecord() }
        return Array(String(scalar).utf8)
    }

    private mutating func readUnit() throws -> UInt32 {
        let digits = bytes[at...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw NoRecord() }
        at += 4
        return unit
    }
}

extension LiteralRecord {
    /// What a row of a table says otherwise than the record.
    ///
    /// - Parameter isLeftOut: whether a field has no column.
    public func differences(fromRow row: Int, of table: EventTable, except isLeftOut: (String) -> Bool)
        -> [String]
    {
        var differences: [String] = []
        var found = 0
        for column in table.columns where column.codes[row] >= 0 {
            found += 1
            let read = column.values[Int(column.codes[row])]
            if let value = values[column.name], value == read { continue }
            differences.append("\(column.name) is read as \(read)")
        }
        let wanted = values.filter { $0.value != nil && !isLeftOut($0.key) }
        if found != wanted.count { differences.append("\(found) fields are read, there are \(wanted.count)") }
        return differences
    }
}

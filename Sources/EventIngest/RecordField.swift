import DeployModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One value of a record, borrowed while the record is looked at.
struct RecordField {
    enum Kind: UInt8 { case missing, null, bool, number, string, array }

    private(set) var kind: Kind
    /// The unescaped string, the digits of a number, `true` or `false`, or the JSON of an array.
    let text: UnsafeRawBufferPointer
    /// The value of a number, 1 or 0 for a boolean; not a number for anything else.
    private(set) var number = Double.nan

    static var missing: RecordField {
        RecordField(kind: .missing, text: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// A value whose kind is known by how it begins; whether it is well-formed shows in ``isWellFormed``.
    init(kind: Kind, text: UnsafeRawBufferPointer) {
        self.kind = kind
        self.text = text
        switch kind {
        case .number: number = parseNumber(text) ?? .nan
        case .bool: number = boolean(text)
        case .missing, .null, .string, .array: break
        }
    }

    /// Whether a number or a boolean is written as one.
    var isWellFormed: Bool { number == number || kind != .number && kind != .bool }

    /// A cell of delimited text: what it is shows only in its text.
    init(cell: UnsafeRawBufferPointer) {
        text = cell
        guard let first = cell.first else {
            kind = .null
            return
        }
        if canBeginNumber(first), let parsed = parseNumber(cell) {
            kind = .number
            number = parsed
        } else if let flag = flag(cell) {
            kind = .bool
            number = flag ? 1 : 0
        } else {
            kind = .string
        }
    }

    /// Whether it says anything.
    var isPresent: Bool { kind.rawValue > Kind.null.rawValue }

    var string: String { String(decoding: text, as: UTF8.self) }

    /// The value as the table keeps it; whole numbers beyond 2^53 stay text, because a double would change them.
    var value: FieldValue? {
        switch kind {
        case .missing, .null: return nil
        case .bool: return .bool(number != 0)
        case .string, .array: return .string(string)
        case .number:
            return abs(number) > 9_007_199_254_740_992 || !number.isFinite ? .string(string) : .number(number)
        }
    }
}

/// 1 for `true`, 0 for `false`, not a number for anything else.
private func boolean(_ text: UnsafeRawBufferPointer) -> Double {
    guard text.count == 4 || text.count == 5 else { return .nan }
    // Both words have four letters to compare at once; the first one has no fifth.
    let head = UInt32(littleEndian: text.loadUnaligned(as: UInt32.self))
    if text.count == 4 { return head == 0x6575_7274 ? 1 : .nan }
    return head == 0x736C_6166 && text[4] == UInt8(ascii: "e") ? 0 : .nan
}

/// Whether a cell says true or false as programs of various languages write it: `true`, `True` or `TRUE`.
private func flag(_ cell: UnsafeRawBufferPointer) -> Bool? {
    func isSpelled(_ lower: StaticString, _ upper: StaticString) -> Bool {
        guard let bytes = cell.baseAddress, cell.count == lower.utf8CodeUnitCount else { return false }
        return memcmp(bytes, upper.utf8Start, cell.count) == 0
            || (bytes.load(as: UInt8.self) == lower.utf8Start[0]
                || bytes.load(as: UInt8.self) == upper.utf8Start[0])
                && memcmp(bytes + 1, lower.utf8Start + 1, cell.count - 1) == 0
    }
    switch cell.first {
    case UInt8(ascii: "t"), UInt8(ascii: "T"): return isSpelled("true", "TRUE") ? true : nil
    case UInt8(ascii: "f"), UInt8(ascii: "F"): return isSpelled("false", "FALSE") ? false : nil
    default: return nil
    }
}

private func canBeginNumber(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2B }

/// Powers of ten that a double holds exactly.
private let exactPowers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20,
    1e21, 1e22,
]

/// A decimal number such as `-12.5e3`, all of the bytes; `nil` for anything else.
///
/// Digits that make a whole number up to 2^53, and a power of ten that a double holds, have a quotient that is rounded once
/// and hence right (Clinger 1990); the standard library reads the others.
func parseNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
    guard let first = bytes.first, bytes.count <= EventReading.longestNumber, canBeginNumber(first) else {
        return nil
    }
    // Numbers are short and many: no index is checked twice.
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    let end = start + bytes.count
    var at = first == 0x2D || first == 0x2B ? start + 1 : start
    var mantissa: UInt64 = 0
    func passDigits() -> Int {
        let from = at
        while at < end, at.pointee &- 0x30 < 10 {
            mantissa = mantissa &* 10 &+ UInt64(at.pointee &- 0x30)
            at += 1
        }
        return at - from
    }
    let whole = passDigits()
    var decimals = 0
    if at < end, whole > 0, at.pointee == 0x2E {
        at += 1
        decimals = passDigits()
    }
    let digits = whole + decimals
    if at == end, digits > 0, digits <= 18, mantissa <= 9_007_199_254_740_992 {
        let magnitude = decimals == 0 ? Double(mantissa) : Double(mantissa) / exactPowers[decimals]
        return first == 0x2D ? -magnitude : magnitude
    }
    // What follows the digits of a number that is short enough to be read whole begins its exponent: `2020.7.1` is none.
    if at < end, digits > 0, digits <= 18, at.pointee | 0x20 != 0x65 { return nil }
    guard bytes.allSatisfy({ $0 &- 0x30 < 10 || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E || $0 | 0x20 == 0x65 })
    else { return nil }
    return Double(String(decoding: bytes, as: UTF8.self))
}

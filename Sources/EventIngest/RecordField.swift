internal import CSimdjson
import DeployModel

/// One leaf of a record, borrowed while the record is looked at.
struct RecordField {
    enum Kind { case null, bool, number, string, array }

    /// The keys down to it, joined by dots.
    var path: UnsafeRawBufferPointer
    var kind: Kind
    /// The unescaped string, the digits of a number, or the JSON of an array.
    var text: UnsafeRawBufferPointer
    /// The value of a number; 1 or 0 for a boolean.
    var number: Double

    init(_ field: bd_field) {
        path = UnsafeRawBufferPointer(start: field.path, count: field.path_length)
        text = UnsafeRawBufferPointer(start: field.text, count: field.length)
        number = field.number
        kind =
            switch Int(field.kind) {
            case BD_FIELD_BOOL: .bool
            case BD_FIELD_NUMBER: .number
            case BD_FIELD_STRING: .string
            case BD_FIELD_ARRAY: .array
            default: .null
            }
    }

    /// A cell of delimited text: what it is shows only in its text.
    init(path: UnsafeRawBufferPointer, cell: UnsafeRawBufferPointer) {
        self.path = path
        text = cell
        number = 0
        if cell.isEmpty {
            kind = .null
        } else if let parsed = parseNumber(cell) {
            kind = .number
            number = parsed
        } else if cell.elementsEqual("true".utf8) || cell.elementsEqual("True".utf8)
            || cell.elementsEqual("TRUE".utf8)
        {
            kind = .bool
            number = 1
        } else if cell.elementsEqual("false".utf8) || cell.elementsEqual("False".utf8)
            || cell.elementsEqual("FALSE".utf8)
        {
            kind = .bool
        } else {
            kind = .string
        }
    }

    var name: String { String(decoding: path, as: UTF8.self) }
    var string: String { String(decoding: text, as: UTF8.self) }

    /// The value as the table keeps it; whole numbers beyond 2^53 stay text, because a double would change them.
    var value: FieldValue? {
        switch kind {
        case .null: nil
        case .bool: .bool(number != 0)
        case .string, .array: .string(string)
        case .number:
            abs(number) > 9_007_199_254_740_992 || !number.isFinite ? .string(string) : .number(number)
        }
    }

    func isNamed(_ other: [UInt8]) -> Bool { path.count == other.count && path.elementsEqual(other) }
}

/// A decimal number such as `-12.5e3`, all of the bytes; `nil` for anything else.
func parseNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
    guard let first = bytes.first, bytes.count <= 40,
        (0x30...0x39).contains(first) || first == 0x2D || first == 0x2B
    else { return nil }
    // Whole numbers of up to fifteen digits, the usual case, without making a string.
    if bytes.count <= 15, (0x30...0x39).contains(first) {
        var whole = 0
        var isWhole = true
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else {
                isWhole = false
                break
            }
            whole = whole * 10 + Int(byte - 0x30)
        }
        if isWhole { return Double(whole) }
    }
    guard bytes.allSatisfy({ (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) })
    else { return nil }
    return Double(String(decoding: bytes, as: UTF8.self))
}

/// What a reader of YAML 1.1 makes of a text without quotes.
struct PlainReading: Sendable, Hashable {
    /// The type of a value.
    enum Kind: Sendable, Hashable {
        case text
        case null
        case boolean
        case integer
        case number
        case date
    }

    var kind: Kind
    /// The value as it is read: `true` for `on`, `511` for `0777`.
    var value: String
    /// Whether who wrote it may not have meant that.
    var isSurprising = false
    /// How it came to that value, where that is not obvious.
    var note = ""
    /// Whether clusters read it so as well: to Go's reader numbers of base sixty and dates are text.
    var isOfClusters = true

    /// Reads a text.
    init(_ text: String) {
        self =
            Self.word(text) ?? Self.date(text) ?? Self.baseSixty(text) ?? Self.number(text)
            ?? PlainReading(.text, text)
    }

    /// What is text whatever it says, because it stands in quotes.
    static func asText(_ text: String) -> PlainReading { PlainReading(.text, text) }

    private init(
        _ kind: Kind, _ value: String, isSurprising: Bool = false, note: String = "",
        isOfClusters: Bool = true
    ) {
        self.kind = kind
        self.value = value
        self.isSurprising = isSurprising
        self.note = note
        self.isOfClusters = isOfClusters
    }

    /// Whether it is a number without a fraction, however it is written.
    var isWhole: Bool { kind == .integer || kind == .number && Int(value) != nil }

    /// What it is read as, in words.
    var words: String {
        switch kind {
        case .text: "text"
        case .null: "nothing"
        case .boolean: "the boolean \(value)"
        case .integer, .number: "the number \(value)\(note)"
        case .date: "a date"
        }
    }

    /// The same without the value, which may be a secret.
    var kindWords: String {
        switch kind {
        case .text, .null, .date: words
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        }
    }

    private static func word(_ text: String) -> PlainReading? {
        switch text {
        case "", "~", "null", "Null", "NULL": PlainReading(.null, "", isSurprising: !text.isEmpty)
        case "true", "True", "TRUE": PlainReading(.boolean, "true")
        case "false", "False", "FALSE": PlainReading(.boolean, "false")
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
            PlainReading(.boolean, "true", isSurprising: true)
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
            PlainReading(.boolean, "false", isSurprising: true)
        default: nil
        }
    }

    private static func date(_ text: String) -> PlainReading? {
        let bytes = Array(text.utf8)
        guard bytes.count == 10 else { return nil }
        let isDate = bytes.enumerated().allSatisfy { index, byte in
            index == 4 || index == 7 ? byte == UInt8(ascii: "-") : byte.isDigit
        }
        return isDate ? PlainReading(.date, text, isOfClusters: false) : nil
    }

    /// `22:22`: minutes and seconds, once upon a time.
    private static func baseSixty(_ text: String) -> PlainReading? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.count < 6, let first = parts.first, first.utf8.count < 9,
            first.first != "0",
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isDigit) }),
            parts.dropFirst().allSatisfy({ $0.utf8.count <= 2 && (Int($0) ?? 60) < 60 })
        else { return nil }
        let value = parts.reduce(0) { $0 * 60 + (Int($1) ?? 0) }
        return PlainReading(
            .integer, String(value), isSurprising: true, note: " (base sixty)", isOfClusters: false)
    }

    private static func number(_ text: String) -> PlainReading? {
        let hasSign = text.hasPrefix("+") || text.hasPrefix("-")
        let body = hasSign ? text.dropFirst() : text[...]
        guard let first = body.utf8.first, first.isDigit || first == UInt8(ascii: ".") else { return nil }
        let minus = text.hasPrefix("-") ? "-" : ""
        let digits = String(body.filter { $0 != "_" })
        let isOdd = digits.utf8.count < body.utf8.count || text.hasPrefix("+")
        for (prefix, radix, note) in [
            ("0x", 16, " (hexadecimal)"), ("0o", 8, " (octal)"), ("0b", 2, " (binary)"),
        ]
        where digits.lowercased().hasPrefix(prefix) {
            return Int(digits.dropFirst(2), radix: radix).map {
                PlainReading(.integer, "\(minus)\($0)", isSurprising: true, note: note)
            }
        }
        guard digits.utf8.allSatisfy(\.isDigit) else { return decimal(digits, minus: minus, isOdd: isOdd) }
        if digits.hasPrefix("0"), digits.utf8.count > 1, let value = Int(digits, radix: 8) {
            return PlainReading(.integer, "\(minus)\(value)", isSurprising: true, note: " (octal)")
        }
        if let value = Int(digits) {
            // `08` is no octal number; what readers make of it differs.
            let hasZero = digits.hasPrefix("0") && digits.utf8.count > 1
            return PlainReading(
                hasZero ? .number : .integer, "\(minus)\(value)", isSurprising: isOdd || hasZero)
        }
        return Double(digits).map { PlainReading(.number, "\(minus)\($0)", isSurprising: true) }
    }

    /// A number with a fraction or an exponent.
    private static func decimal(_ digits: String, minus: String, isOdd: Bool) -> PlainReading? {
        let lowered = digits.lowercased()
        guard lowered.utf8.allSatisfy({ $0.isDigit || ".e+-".utf8.contains($0) }),
            lowered.utf8.contains(where: \.isDigit), let value = Double(lowered)
        else { return nil }
        let isShortened = lowered.hasSuffix("0") || lowered.hasSuffix(".") || lowered.hasPrefix(".")
        let isWhole = value.rounded() == value && value.magnitude < 1e15
        return PlainReading(
            .number, minus + (isWhole ? String(Int(value)) : "\(value)"),
            isSurprising: isOdd || isShortened || lowered.contains("e"))
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}

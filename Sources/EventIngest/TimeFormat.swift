import DeployModel

/// How a column of times is written; decided once for the column.
public enum TimeFormat: Sendable, Hashable {
    /// RFC 3339 with a zone.
    case rfc3339
    /// A date and time without a zone; the seconds east of Greenwich that were assumed.
    case withoutZone(offsetSeconds: Int)
    /// A number of these per second since 1970.
    case unix(perSecond: Int)

    /// In words, for the list of assumptions.
    var words: String {
        switch self {
        case .rfc3339: "RFC 3339"
        case .withoutZone(0): "without a zone, taken for UTC"
        case .withoutZone(let seconds): "without a zone, taken for \(seconds / 60) minutes east of Greenwich"
        case .unix(1): "Unix seconds"
        case .unix(1000): "Unix milliseconds"
        case .unix(1_000_000): "Unix microseconds"
        case .unix: "Unix nanoseconds"
        }
    }

    /// What a value looks like; `nil` when it is no time.
    ///
    /// A bare number is told by its size: ten digits before the point are seconds, thirteen milliseconds, sixteen
    /// microseconds, nineteen nanoseconds. That holds from 2001 to 2286.
    init?(_ field: RecordField, offsetSeconds: Int?) {
        if let number = Self.number(field) {
            switch number.magnitude {
            case 1e8..<1e11: self = .unix(perSecond: 1)
            case 1e11..<1e14: self = .unix(perSecond: 1000)
            case 1e14..<1e17: self = .unix(perSecond: 1_000_000)
            case 1e17..<1e20: self = .unix(perSecond: 1_000_000_000)
            default: return nil
            }
            return
        }
        guard field.kind == .string, field.text.count >= 10, field.text.count <= 64 else { return nil }
        let text = field.string
        if Instant(rfc3339: text, assumingOffsetSeconds: nil) != nil {
            self = .rfc3339
        } else if Instant(rfc3339: text, assumingOffsetSeconds: 0) != nil {
            self = .withoutZone(offsetSeconds: offsetSeconds ?? 0)
        } else {
            return nil
        }
    }

    private static func number(_ field: RecordField) -> Double? {
        switch field.kind {
        case .number: field.number
        case .string: parseNumber(field.text)
        default: nil
        }
    }

    /// Reads a value of the column; `nil` when it is not written like the others.
    func instant(_ field: RecordField, cache: inout DateCache) -> Instant? {
        switch self {
        case .rfc3339, .withoutZone:
            guard field.kind == .string else { return nil }
            if let instant = cache.instant(field.text, format: self) { return instant }
            guard case .withoutZone(let offset) = self else {
                return Instant(rfc3339: field.string, assumingOffsetSeconds: nil)
            }
            return Instant(rfc3339: field.string, assumingOffsetSeconds: offset)
        case .unix(let perSecond):
            guard let number = Self.number(field) else { return nil }
            let seconds = number / Double(perSecond)
            guard (1e8..<1e11).contains(seconds.magnitude) else { return nil }
            return Instant(clampingSeconds: seconds)
        }
    }
}

/// Remembers the last date, because neighbouring events mostly share it: `2020-07-22T` is parsed once, and only the time
/// of day of the others.
struct DateCache {
    private var prefix: [UInt8] = []
    private var midnight: Int64 = 0

    /// Reads `YYYY-MM-DDThh:mm:ss[.fff…]` followed by `Z` or, where the format has no zone, by nothing; `nil` for anything
    /// else, which the slow way then reads.
    mutating func instant(_ text: UnsafeRawBufferPointer, format: TimeFormat) -> Instant? {
        guard text.count >= 19, text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":") else {
            return nil
        }
        func pair(_ index: Int) -> Int? {
            let (tens, ones) = (text[index] &- 0x30, text[index + 1] &- 0x30)
            return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : nil
        }
        guard let hour = pair(11), let minute = pair(14), let second = pair(17), hour < 24, minute < 60,
            second < 60
        else { return nil }
        var milliseconds = 0
        var end = 19
        if end < text.count, text[end] == UInt8(ascii: ".") {
            end += 1
            var scale = 100
            while end < text.count, text[end] &- 0x30 < 10 {
                milliseconds += Int(text[end] &- 0x30) * scale
                scale /= 10
                end += 1
            }
        }
        var offset = 0
        switch format {
        case .rfc3339: guard end + 1 == text.count, text[end] == UInt8(ascii: "Z") else { return nil }
        case .withoutZone(let seconds):
            guard end == text.count else { return nil }
            offset = seconds
        case .unix: return nil
        }
        if !(prefix.count == 11 && text.starts(with: prefix)) {
            let date = String(decoding: text.prefix(10), as: UTF8.self)
            guard let day = Instant(rfc3339: date) else { return nil }
            prefix = Array(text.prefix(11))
            midnight = day.milliseconds
        }
        let ofDay = Int64(hour * 3600 + minute * 60 + second - offset) * 1000 + Int64(milliseconds)
        return Instant(milliseconds: midnight + ofDay)
    }
}

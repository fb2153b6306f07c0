import DeployModel

/// How a column of times is written; decided once for the column.
public enum TimeFormat: Sendable, Hashable {
    /// RFC 3339 with a zone.
    case rfc3339
    /// A date and time without a zone; the seconds east of Greenwich that were assumed.
    case withoutZone(offsetSeconds: Int)
    /// A number of these per second since 1970.
    case unix(perSecond: Int)
    /// `Oct 10, 2026 @ 14:03:07.512`, as Kibana writes it, or `2026-10-10 14:03:07 UTC`, as BigQuery does; the seconds east of
    /// Greenwich that were assumed of the first.
    case worded(offsetSeconds: Int)
    /// A time of a server's own type, which it hands over as milliseconds since 1970.
    case typed(String)

    /// In words, for the list of assumptions.
    package var words: String {
        switch self {
        case .rfc3339: "RFC 3339"
        case .withoutZone(0): "without a zone, taken for UTC"
        case .worded(0): "in words, taken for UTC"
        case .worded(let seconds): "in words, taken for \(Self.zone(seconds))"
        case .withoutZone(let seconds): "without a zone, taken for \(Self.zone(seconds))"
        case .unix(1): "Unix seconds"
        case .unix(1000): "Unix milliseconds"
        case .unix(1_000_000): "Unix microseconds"
        case .unix: "Unix nanoseconds"
        case .typed(let type): type
        }
    }

    /// `+02:00` for 7,200 seconds.
    private static func zone(_ seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        let digits = { (number: Int) in (number < 10 ? "0" : "") + String(number) }
        return (seconds < 0 ? "-" : "+") + digits(minutes / 60) + ":" + digits(minutes % 60)
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
        // Most texts are no times, which shows at once.
        let isDashed = field.text[4] == UInt8(ascii: "-") && field.text[7] == UInt8(ascii: "-")
        guard isDashed || field.text.contains(UInt8(ascii: "@")) else { return nil }
        let text = field.string
        if isDashed, Instant(rfc3339: text, assumingOffsetSeconds: nil) != nil {
            self = .rfc3339
        } else if isDashed, Instant(rfc3339: text, assumingOffsetSeconds: 0) != nil {
            self = .withoutZone(offsetSeconds: offsetSeconds ?? 0)
        } else if TextTime.worded(text, offsetSeconds: 0) != nil {
            self = .worded(offsetSeconds: offsetSeconds ?? 0)
        } else {
            return nil
        }
    }

    private static func number(_ field: RecordField) -> Double? {
        field.kind == .bool ? nil : EventReading.number(field)
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
        case .worded(let offset):
            return field.kind == .string ? TextTime.worded(field.string, offsetSeconds: offset) : nil
        case .typed: return TimeFormat.unix(perSecond: 1000).instant(field, cache: &cache)
        case .unix(let perSecond):
            guard let number = Self.number(field) else { return nil }
            let seconds = number / Double(perSecond)
            guard (1e8..<1e11).contains(seconds.magnitude) else { return nil }
            return Instant(clampingSeconds: seconds)
        }
    }
}

/// Remembers the last minute, because neighbouring events mostly share it: `2020-07-22T10:15` is parsed once, and of the
/// others only the seconds.
struct DateCache {
    private var head: UInt64 = 0, tail: UInt64 = 0
    private var minute: Int64 = 0
    /// The last day, which other minutes share: its last two bytes, and when it began.
    private var dayTail = UInt16.max
    private var day: Int64 = 0

    /// Reads `YYYY-MM-DDThh:mm:ss[.fff…]` followed by `Z` or an offset or, where the format has no zone, by nothing; `nil` for
    /// anything else, which the slow way then reads.
    mutating func instant(_ text: UnsafeRawBufferPointer, format: TimeFormat) -> Instant? {
        guard text.count >= 19, text[16] == UInt8(ascii: ":"), let second = Self.pair(text, 17), second < 60,
            isMinute(text)
        else { return nil }
        var milliseconds = second * 1000
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
        switch format {
        case .rfc3339:
            if end + 1 == text.count, text[end] == UInt8(ascii: "Z") { break }
            guard end + 6 == text.count, text[end + 3] == UInt8(ascii: ":"),
                let hours = Self.pair(text, end + 1),
                let minutes = Self.pair(text, end + 4), hours < 24, minutes < 60
            else { return nil }
            let offset = (hours * 60 + minutes) * 60_000
            switch text[end] {
            case UInt8(ascii: "+"): milliseconds -= offset
            case UInt8(ascii: "-"): milliseconds += offset
            default: return nil
            }
        case .withoutZone(let seconds):
            guard end == text.count else { return nil }
            milliseconds -= seconds * 1000
        case .unix, .worded, .typed: return nil
        }
        return Instant(milliseconds: minute + Int64(milliseconds))
    }

    /// Whether the first sixteen bytes are a minute, which is then ``minute``.
    private mutating func isMinute(_ text: UnsafeRawBufferPointer) -> Bool {
        let own = (
            text.loadUnaligned(as: UInt64.self), text.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        )
        if own == (head, tail) { return true }
        guard text[13] == UInt8(ascii: ":"),
            [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(text[10]),
            let hours = Self.pair(text, 11), let minutes = Self.pair(text, 14), hours < 24, minutes < 60
        else { return false }
        let ownDay = text.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
        if own.0 != head || ownDay != dayTail {
            guard let read = Instant(rfc3339: String(decoding: text.prefix(10), as: UTF8.self)) else {
                return false
            }
            (dayTail, day) = (ownDay, read.milliseconds)
        }
        (head, tail) = own
        minute = day + Int64(hours * 60 + minutes) * 60_000
        return true
    }

    /// The two digits at an index.
    private static func pair(_ text: UnsafeRawBufferPointer, _ index: Int) -> Int? {
        let (tens, ones) = (text[index] &- 0x30, text[index + 1] &- 0x30)
        return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : nil
    }
}

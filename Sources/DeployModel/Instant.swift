/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
///
/// Events carry times in seconds, milliseconds, microseconds or nanoseconds; a millisecond is finer than any
/// question this program asks, and an `Int64` of them reaches 292 million years, so arithmetic on hostile
/// input cannot overflow once the value was clamped by ``init(clampingSeconds:)``.
public struct Instant: Sendable, Hashable, Comparable, Codable {
    /// Milliseconds since the Unix epoch.
    public var milliseconds: Int64

    /// An instant a number of milliseconds after the Unix epoch.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// An instant a whole number of seconds after the Unix epoch.
    public init(seconds: Int) { milliseconds = Int64(seconds) * 1000 }

    /// An instant a fractional number of seconds after the Unix epoch, clamped to the years 0 to 9999;
    /// not-a-number becomes the epoch.
    public init(clampingSeconds seconds: Double) {
        guard seconds == seconds else {
            milliseconds = 0
            return
        }
        let limited = min(max(seconds * 1000, Self.writable.lowerBound), Self.writable.upperBound)
        milliseconds = Int64(limited.rounded())
    }

    /// Milliseconds of the years 0 to 9999.
    private static let writable = -62_167_219_200_000.0...253_402_300_799_999.0

    /// Seconds since the Unix epoch, with a fraction.
    public var seconds: Double { Double(milliseconds) / 1000 }

    /// Earlier or later.
    public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

    /// The instant a number of seconds later (or earlier, when negative).
    public static func + (instant: Instant, seconds: Int) -> Instant {
        Instant(milliseconds: instant.milliseconds + Int64(seconds) * 1000)
    }

    /// The instant a number of seconds earlier.
    public static func - (instant: Instant, seconds: Int) -> Instant { instant + -seconds }

    /// Seconds from `earlier` to this instant, with a fraction.
    public func seconds(since earlier: Instant) -> Double {
        Double(milliseconds - earlier.milliseconds) / 1000
    }
}

// MARK: RFC 3339

extension Instant: CustomStringConvertible {
    /// RFC 3339 in UTC: `2020-07-22T13:35:42Z`, with milliseconds only where they are not zero.
    public var description: String {
        let date = CivilDate(self)
        let fraction = Int(floorMod(milliseconds, 1000))
        let tail = fraction == 0 ? "" : ".\(padded(fraction, to: 3))"
        return "\(date.day)T\(date.time)\(tail)Z"
    }

    /// Reads RFC 3339 and the forms near it: `T`, `t` or a space between date and time, any number of
    /// fractional digits, `Z`, `±hh:mm`, `±hhmm` or `±hh`; seconds may be missing.
    ///
    /// - Parameters:
    ///   - text: the characters, without surrounding space.
    ///   - offsetSeconds: the zone that holds when the text names none; `nil` refuses such a text.
    /// - Returns: `nil` when the text is anything else, or names a date that does not exist.
    public init?(rfc3339 text: some StringProtocol, assumingOffsetSeconds offsetSeconds: Int? = 0) {
        var reader = DigitReader(text.utf8)
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"),
            let day = reader.digits(2), let days = daysFromCivil(year: year, month: month, day: day)
        else { return nil }
        var total = Int64(days) * 86_400_000
        var offset = offsetSeconds
        if reader.take("T") || reader.take("t") || reader.take(" ") {
            guard let hour = reader.digits(2), hour < 24, reader.take(":"), let minute = reader.digits(2),
                minute < 60
            else { return nil }
            var second = 0
            var fraction = 0
            if reader.take(":") {
                guard let read = reader.digits(2), read <= 60 else { return nil }
                second = read
                if reader.take(".") || reader.take(",") {
                    guard let read = reader.fraction() else { return nil }
                    fraction = read
                }
            }
            total += Int64(hour * 3600 + minute * 60 + second) * 1000 + Int64(fraction)
            _ = reader.take(" ")
            if reader.take("Z") || reader.take("z") {
                offset = 0
            } else if let sign = reader.takeSign() {
                guard let hours = reader.digits(2), hours < 24 else { return nil }
                _ = reader.take(":")
                let minutes = reader.isAtEnd ? 0 : reader.digits(2)
                guard let minutes, minutes < 60 else { return nil }
                offset = sign * (hours * 3600 + minutes * 60)
            }
        }
        guard reader.isAtEnd, let offset else { return nil }
        // The zone may lead out of the years that can be written.
        let milliseconds = total - Int64(offset) * 1000
        guard Self.writable.contains(Double(milliseconds)) else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

/// A date and time of day in UTC, in the proleptic Gregorian calendar.
public struct CivilDate: Sendable, Equatable {
    /// Year, month (1 to 12) and day of the month (1 to 31).
    public var year: Int, month: Int, dayOfMonth: Int
    /// Hour, minute and second of the day.
    public var hour: Int, minute: Int, second: Int
    /// Day of the week, 0 for Sunday.
    public var weekday: Int

    /// The date and time of an instant, its fraction of a second dropped.
    public init(_ instant: Instant) {
        let days = Int(floorDiv(instant.milliseconds, 86_400_000))
        let ofDay = Int(floorMod(instant.milliseconds, 86_400_000)) / 1000
        (year, month, dayOfMonth) = civilFromDays(days)
        (hour, minute, second) = (ofDay / 3600, ofDay / 60 % 60, ofDay % 60)
        weekday = Int(floorMod(Int64(days) + 4, 7))
    }

    /// `2020-07-22`.
    public var day: String { "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(dayOfMonth, to: 2))" }

    /// `13:35:42`.
    public var time: String { "\(clock):\(padded(second, to: 2))" }

    /// `13:35`.
    public var clock: String { "\(padded(hour, to: 2)):\(padded(minute, to: 2))" }

    /// `22 Jul`.
    public var shortDay: String { "\(dayOfMonth) \(Self.monthNames[month - 1])" }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

/// Days since 1970-01-01 of a date, or `nil` when the month has no such day.
/// Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
func daysFromCivil(year: Int, month: Int, day: Int) -> Int? {
    guard (1...12).contains(month), day >= 1 else { return nil }
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    // A day past the end of its month comes back as another date.
    return civilFromDays(days) == (year, month, day) ? days : nil
}

/// The inverse of ``daysFromCivil(year:month:day:)``, from the same source.
func civilFromDays(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}

package func floorDiv(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : (a - b + 1) / b }
func floorMod(_ a: Int64, _ b: Int64) -> Int64 { a - floorDiv(a, b) * b }

func padded(_ number: Int, to width: Int) -> String {
    let digits = String(abs(number))
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (number < 0 ? "-" : "") + zeros + digits
}

/// Reads fixed-width decimal fields from the front of a text.
private struct DigitReader {
    private var rest: ArraySlice<UInt8>

    /// Of an array, which reads several times as fast as views of text do.
    init(_ bytes: some Sequence<UInt8>) { rest = Array(bytes)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func takeSign() -> Int? {
        if take("+") { return 1 }
        return take("-") ? -1 : nil
    }

    mutating func digits(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The digits after a decimal point, as whole milliseconds, finer ones dropped.
    mutating func fraction() -> Int? {
        guard var value = digit() else { return nil }
        var count = 1
        while let next = digit() {
            if count < 3 { value = value * 10 + next }
            count += 1
        }
        while count < 3 {
            value *= 10
            count += 1
        }
        return value
    }

    private mutating func digit() -> Int? {
        guard let first = rest.first, (0x30...0x39).contains(first) else { return nil }
        rest = rest.dropFirst()
        return Int(first) - 0x30
    }
}

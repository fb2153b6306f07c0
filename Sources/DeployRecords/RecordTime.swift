import DeployModel

/// A moment as a record writes it.
struct RecordTime: Hashable {
    var instant: Instant
    /// Whether the text names no zone, so that UTC, or what the reader said, was assumed.
    var assumesZone = false
}

extension RecordTime {
    /// RFC 3339 and what is near it, the forms of Go programs, or a Unix time whose unit follows from its size:
    /// seconds until the year 5138, then milliseconds, microseconds and nanoseconds. Numbers before 1973 are no
    /// times but something else.
    init?(_ text: String) {
        if let instant = Instant(rfc3339: text, assumingOffsetSeconds: nil) {
            self.init(instant: instant)
        } else if let instant = Instant(rfc3339: text) {
            self.init(instant: instant, assumesZone: true)
        } else if let instant = Self.withZoneName(text) {
            self.init(instant: instant)
        } else if let instant = Self.dateOfC(text) {
            self.init(instant: instant, assumesZone: true)
        } else if let number = Double(text), number >= 1e8, number < 1e20 {
            let scale = number < 1e11 ? 1 : number < 1e14 ? 1e3 : number < 1e17 ? 1e6 : 1e9
            self.init(instant: Instant(clampingSeconds: number / scale))
        } else {
            return nil
        }
    }

    /// `2026-10-10 16:02:11.4 +0200 CEST`: how Go prints a time. The offset is what counts.
    private static func withZoneName(_ text: String) -> Instant? {
        let words = text.split(separator: " ")
        guard words.count >= 4, words[2].hasPrefix("+") || words[2].hasPrefix("-") else { return nil }
        return Instant(rfc3339: words[..<3].joined(separator: " "), assumingOffsetSeconds: nil)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sat Oct 10 14:02:11 2026`: the form of `asctime`, which names no zone.
    private static func dateOfC(_ text: String) -> Instant? {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 5, let month = months.firstIndex(of: words[1]), let day = Int(words[2]) else {
            return nil
        }
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return Instant(rfc3339: "\(words[4])-\(two(month + 1))-\(two(day))T\(words[3])")
    }

    /// The same reading on the clock of another zone, where the text named none.
    func shifted(byOffsetSeconds offset: Int) -> RecordTime {
        assumesZone ? RecordTime(instant: instant - offset) : self
    }
}

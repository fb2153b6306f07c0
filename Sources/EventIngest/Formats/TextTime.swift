import DeployModel

/// Dates as programs write them in English, whatever the language of the machine.
enum TextTime {
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    static func month(_ name: some StringProtocol) -> Int? {
        guard name.count >= 3 else { return nil }
        return months.firstIndex(of: name.prefix(3).lowercased()).map { $0 + 1 }
    }

    /// `10/Oct/2026:14:03:07 +0000`, the time of an access log.
    static func accessLog(_ text: some StringProtocol) -> Instant? {
        let parts = text.split { $0 == "/" || $0 == ":" || $0 == " " }
        guard parts.count == 7 || parts.count == 6, let month = month(parts[1]), parts[0].count <= 2 else {
            return nil
        }
        let day = parts[0].count == 1 ? "0\(parts[0])" : String(parts[0])
        return Instant(
            rfc3339:
                "\(parts[2])-\(two(month))-\(day)T\(parts[3]):\(parts[4]):\(parts[5])\(parts.count == 7 ? parts[6] : "Z")",
            assumingOffsetSeconds: nil)
    }

    /// `Oct 10 14:03:07`, the time of BSD's syslog, which says neither year nor zone: the last such time before another instant.
    static func syslog(
        month name: some StringProtocol, day: some StringProtocol, time: some StringProtocol, before: Instant,
        offsetSeconds: Int
    ) -> Instant? {
        guard let month = month(name), let day = Int(day) else { return nil }
        let year = CivilDate(before).year
        // A day later than the file itself belongs to the year before; a zone may make it a day late.
        return [year + 1, year, year - 1, year - 4].lazy.compactMap {
            Instant(
                rfc3339: "\($0)-\(two(month))-\(two(day))T\(time)", assumingOffsetSeconds: offsetSeconds)
        }.first { $0 <= before + 86_400 }
    }

    /// `Oct 10, 2026 @ 14:03:07.512`, as Kibana writes it, or `2026-10-10 14:03:07 UTC`, as BigQuery does.
    static func worded(_ text: String, offsetSeconds: Int) -> Instant? {
        if text.hasSuffix(" UTC") { return Instant(rfc3339: text.dropLast(4), assumingOffsetSeconds: 0) }
        let parts = text.split { $0 == " " || $0 == "," }
        guard parts.count == 5, parts[3] == "@", let month = month(parts[0]), let day = Int(parts[1]) else {
            return nil
        }
        return Instant(
            rfc3339: "\(parts[2])-\(two(month))-\(two(day))T\(parts[4])", assumingOffsetSeconds: offsetSeconds
        )
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

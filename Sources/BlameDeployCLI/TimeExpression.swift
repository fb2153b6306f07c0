package import DeployModel

/// A time as typed after `--since` or `--until`.
///
/// The grammar is strict, because git's own reads `3d` as the third of the month: a duration that counts back
/// (`90s`, `15m`, `36h`, `3d`, `2w`), a day (`2020-07-22`, its first instant), RFC 3339, or Unix seconds.
package enum TimeExpression: Equatable {
    /// So many seconds before the end of the window.
    case ago(seconds: Int)
    /// A fixed instant.
    case at(Instant)

    /// The forms, for messages.
    static let forms = "90s, 15m, 36h, 3d, 2w, a day (2020-07-22), RFC 3339 or Unix seconds"

    /// - Parameter offsetSeconds: the zone of times that name none.
    /// - Returns: `nil` when the text is none of the forms.
    package init?(_ text: String, offsetSeconds: Int = 0) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        if let unit = text.last.flatMap({ units[$0] }), let count = Self.whole(text.dropLast()),
            count < 100_000_000
        {
            self = .ago(seconds: count * unit)
        } else if let seconds = Self.whole(text[...]), text.utf8.count >= 9, text.utf8.count <= 11 {
            self = .at(Instant(seconds: seconds))
        } else if let instant = Instant(rfc3339: text, assumingOffsetSeconds: offsetSeconds) {
            self = .at(instant)
        } else {
            return nil
        }
    }

    /// The instant meant, when durations count back from `end`.
    package func resolved(from end: Instant) -> Instant {
        switch self {
        case .ago(let seconds): end - seconds
        case .at(let instant): instant
        }
    }

    private static func whole(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}

/// The zone named by `--tz`: `UTC`, `Z`, or an offset such as `+02:00`, as seconds east of Greenwich.
package func zoneOffsetSeconds(_ text: String) -> Int? {
    if ["utc", "z", "gmt"].contains(text.lowercased()) { return 0 }
    guard let instant = Instant(rfc3339: "1970-01-01T00:00:00\(text)", assumingOffsetSeconds: nil) else {
        return nil
    }
    return -Int(instant.seconds)
}

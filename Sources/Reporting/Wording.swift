import DeployModel

/// Numbers, times and foreign text as people read them.
package enum Wording {
    /// `1 file`, `2 files`.
    package static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `slow events (over 256)`.
    ///
    /// - Parameter limit: what they took longer than; infinite where each workload has a limit of its own.
    static func slowEvents(_ limit: Double?) -> String {
        guard let limit else { return "slow events" }
        return limit.isFinite
            ? "slow events (over \(rounded(limit, decimals: 3)))"
            : "slow events (over nine tenths of their workload's)"
    }

    /// `1 failed event`, `146,429 failed events`.
    static func counted(_ number: Double, _ noun: String) -> String {
        let count = count(number)
        return "\(count) \(noun)\(count == "1" ? "" : "s")"
    }

    /// `146,429`.
    package static func count(_ number: Double) -> String {
        let digits = String(Int(number.rounded().clamped(to: -1e15...1e15)))
        var grouped = ""
        for (index, digit) in digits.reversed().enumerated() {
            if index > 0, index % 3 == 0, digit != "-" { grouped.append(",") }
            grouped.append(digit)
        }
        return String(grouped.reversed())
    }

    /// `0.31 %`, `7.4 %`, `48 %`: two significant digits; `< 0.001 %` instead of a misleading zero.
    static func percent(_ share: Double) -> String {
        let value = share * 100
        guard value > 0 else { return "0 %" }
        guard value >= 0.001 else { return "< 0.001 %" }
        if value >= 10 { return "\(Int(value.rounded())) %" }
        return "\(rounded(value, decimals: value >= 1 ? 1 : value >= 0.1 ? 2 : 3)) %"
    }

    /// A probability in whole per cents; what is nearly certain never reads as certain.
    static func probability(_ value: Double) -> String {
        if value > 0.995 {
            return value >= 0.9995 ? "> 99.9 %" : "\(rounded(value * 100, decimals: 1)) %"
        }
        if value < 0.005 { return "< 1 %" }
        return "\(Int((value * 100).rounded())) %"
    }

    /// `×24`, `×3.1`, `×0.4`.
    static func ratio(_ value: Double, style: TextStyle) -> String {
        let times = style.glyph("×", "x")
        return value >= 10 ? times + count(value) : times + rounded(value, decimals: value >= 1 ? 1 : 2)
    }

    /// `22–26`.
    static func range(_ interval: Interval<Double>, style: TextStyle) -> String {
        let number = { (value: Double) in
            value >= 10 ? count(value) : rounded(value, decimals: value >= 1 ? 1 : 2)
        }
        return "\(number(interval.lower))\(style.glyph("–", "-"))\(number(interval.upper))"
    }

    /// `39 min`, `3 h 20 min`, `5 d 2 h`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.magnitude.rounded())
        switch whole {
        case ..<90: return "\(whole) s"
        case ..<5400: return "\((whole + 30) / 60) min"
        case ..<172_800:
            let minutes = (whole + 30) / 60
            return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
        default:
            let hours = (whole + 1800) / 3600
            return hours % 24 == 0 ? "\(hours / 24) d" : "\(hours / 24) d \(hours % 24) h"
        }
    }

    /// `22 Jul 13:35`.
    static func moment(_ instant: Instant) -> String {
        let date = CivilDate(instant)
        return "\(date.shortDay) \(date.clock)"
    }

    /// `22 Jul 13:35 – 27 Jul 13:35 UTC 2020`; with both years where they differ.
    static func span(_ window: TimeWindow, style: TextStyle) -> String {
        let (since, until) = (CivilDate(window.since), CivilDate(window.until))
        let dash = style.glyph("–", "-")
        guard since.year != until.year else {
            return "\(moment(window.since)) \(dash) \(moment(window.until)) UTC \(until.year)"
        }
        return
            "\(since.shortDay) \(since.year) \(since.clock) \(dash) \(until.shortDay) \(until.year) \(until.clock) UTC"
    }

    /// A number with so many decimals, without trailing zeros.
    static func rounded(_ value: Double, decimals: Int) -> String {
        let scale = [1.0, 10, 100, 1000][decimals]
        let number = (value * scale).rounded() / scale
        return number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
    }

    /// Foreign text made harmless: on one line, every control character and every character that changes the direction
    /// of others shown as what it is.
    package static func harmless(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D: result += " "
            case 0..<0x20: result.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "?")
            case 0x7F: result += "␡"
            case _ where isInvisible(scalar): result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// How many columns a text takes: none for combining marks, two for East Asian wide characters and emoji.
    static func columns(_ text: String) -> Int { text.reduce(0) { $0 + columns($1) } }

    private static func columns(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.value {
        case 0x300...0x36F, 0x200B...0x200D, 0xFE00...0xFE0F: return 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// Cuts a text at the end to so many columns, with an ellipsis.
    static func cut(_ text: String, to width: Int, style: TextStyle) -> String {
        guard columns(text) > width else { return text }
        var result = ""
        var used = columns(style.ellipsis)
        for character in text {
            used += columns(character)
            if used > width { break }
            result.append(character)
        }
        return result + style.ellipsis
    }

    /// Cuts a path at the front, so that the file's name stays.
    static func cutPath(_ path: String, to width: Int, style: TextStyle) -> String {
        guard columns(path) > width else { return path }
        var parts = path.split(separator: "/").map(String.init)
        while parts.count > 1, columns(style.ellipsis + "/" + parts.joined(separator: "/")) > width {
            parts.removeFirst()
        }
        return style.ellipsis + "/" + parts.joined(separator: "/")
    }

    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - columns(text)))
    }

    static func leftPadded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - columns(text))) + text
    }
}

extension Comparable {
    func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}

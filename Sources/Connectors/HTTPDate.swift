import DeployModel

/// A time as headers of HTTP write it, in seconds since 1970: `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the two older forms that
/// every reader must know (RFC 9110, 5.6.7).
///
/// - Returns: `nil` when the text is anything else, or names a date that does not exist.
func httpDate(_ text: String) -> Int? {
    let words = text.split { " ,-".contains($0) }.map(String.init)
    guard words.count == 5 || words.count == 6 else { return nil }
    // Sun Nov  6 08:49:37 1994
    let isOldest = words.count == 5
    let (dayWord, monthWord) = isOldest ? (words[2], words[1]) : (words[1], words[2])
    let (yearWord, clock) = isOldest ? (words[4], words[3]) : (words[3], words[4])
    guard isOldest || ["GMT", "UTC"].contains(words[5]), let day = Int(dayWord), let year = Int(yearWord),
        let month = months.firstIndex(of: monthWord)
    else { return nil }
    // Sunday, 06-Nov-94 08:49:37 GMT: a year of two digits is the one that is near.
    let whole = yearWord.count == 2 ? year + (year < 70 ? 2000 : 1900) : year
    func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let instant = Instant(
        rfc3339: "\(padded(whole, 4))-\(padded(month + 1, 2))-\(padded(day, 2))T\(clock)Z")
    return instant.map { Int($0.milliseconds / 1000) }
}

private let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

import DeployModel

/// Events that lie so far from all others that their times are mistaken: a clock at zero, a year mistyped. One of them
/// stretches the span over decades, in buckets too wide to tell anything.
struct StrayTimes: Equatable {
    /// How many buckets of time they fill.
    var buckets: Int
    /// The first and the last of them.
    var first: Instant, last: Instant

    /// At most this part of the filled buckets is astray, or two; and at most this part of the events, though three always may be and
    /// more than ten never. More are no mistake of a clock, but another time that somebody wants to know of.
    private static let mostShare = 0.001
    private static let mostEvents = (always: 3.0, ever: 10.0)
    /// They lie this many times the others' span away, and so many days.
    private static let leastSpans = 10
    private static let leastDays = 30

    /// The filled buckets without those that are astray; all where none is.
    ///
    /// - Parameters:
    ///   - filled: ascending.
    ///   - bucketSeconds: how wide a bucket is.
    static func kept(_ filled: [Int], bucketSeconds: Int) -> ArraySlice<Int> {
        guard filled.count >= 20 else { return filled[...] }
        let most = max(2, Int(Double(filled.count) * mostShare))
        // What the bulk spans is told without its outermost hundredths, among which the strays are.
        let (low, high) = (max(most, filled.count / 100), filled.count - 1 - max(most, filled.count / 100))
        let span = max(filled[high] - filled[low], 1)
        let least = max(leastSpans * span, leastDays * 86_400 / bucketSeconds)
        let head = (0..<min(most, low)).last { filled[$0 + 1] - filled[$0] >= least }
        let tail = (max(filled.count - most, high + 1)..<filled.count).first {
            filled[$0] - filled[$0 - 1] >= least
        }
        return filled[(head.map { $0 + 1 } ?? 0)..<(tail ?? filled.count)]
    }
}

extension StrayTimes {
    /// Whether events are few enough to be left out for their times.
    static func areFew(_ events: Double, of all: Double) -> Bool {
        events <= min(mostEvents.ever, max(mostEvents.always, mostShare * all))
    }

    /// What the reader is told.
    var warning: Warning {
        let places = first == last ? "at \(first)" : "from \(first) to \(last)"
        return Warning(
            code: "stray_times",
            text:
                "The events of \(buckets) \(buckets == 1 ? "minute" : "minutes"), \(places), lie far from all others and were left out.",
            remedy: "mend their times, or leave them out of the export")
    }
}

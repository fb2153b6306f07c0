import DeployModel
import EventIngest

extension EventQueries {
    /// The class of a duration, as ``DurationCounts`` has them. The logarithm may be off by one near the start of a class, which
    /// the exact starts mend.
    private func durationClass(_ duration: SQL) -> SQL {
        let starts: SQL = "\(DurationCounts.starts)"
        let first = DurationCounts.starts[0]
        let last = DurationCounts.classes - 2
        // Starts are counted from 1 as arrays are, so that the class is the number of the last start that is not above.
        let near: SQL =
            "least(greatest(toInt32(floor(log2(\(duration) / \(first)) * 4)) + 1, 1), \(last + 1))"
        return """
            if(\(duration) < \(first), 0, \(near) \
            + (\(near) <= \(last) AND \(duration) >= arrayElement(\(starts), least(\(near) + 1, \(last + 1)))) \
            - (\(duration) < arrayElement(\(starts), \(near))))
            """
    }

    /// Events by scope and class of duration: the number of the scope, the class, events. Values without a number are in scope 0.
    func durations(
        _ duration: EventField, by scopes: Numbering?, in window: TimeWindow?
    ) -> SQL {
        let (scope, kind) = (scope(scopes), durationClass(duration.number))
        return """
            SELECT \(scope), \(kind), \(eventSum) \(rows(of: window, where: isTimed(duration))) \
            GROUP BY \(scope), \(kind)
            """
    }

    /// Timed and slow events of each scope by bucket.
    ///
    /// - Parameter limits: for each number the class above which an event is slow.
    func slow(
        _ duration: EventField, by scopes: Numbering?, limits: [Int], _ grid: ServerGrid,
        in window: TimeWindow?
    ) -> SQL {
        let (scope, bucket) = (scope(scopes), bucket(grid))
        let isSlow: SQL = "\(durationClass(duration.number)) > arrayElement(\(limits), \(scope) + 1)"
        return dense(
            """
            SELECT \(scope) AS bd_number, \(bucket) AS bd_bucket, \(eventSum) AS bd_events, \
            \(eventSum(where: isSlow)) AS bd_errors \(rows(of: window, where: isTimed(duration))) \
            GROUP BY \(scope), \(bucket)
            """, grid)
    }

    /// Newer servers take a plain number to group by for the place of a column.
    private func scope(_ scopes: Numbering?) -> SQL { scopes.map(number) ?? "toUInt8(0)" }

    private func isTimed(_ duration: EventField) -> SQL {
        "ifNull(\(duration.number) >= 0 AND isFinite(\(duration.number)), 0)"
    }
}

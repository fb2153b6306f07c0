import DeployModel

/// The chart: failing share and volume over time, with the deploys under them.
struct Timeline {
    let series: Series
    let window: TimeWindow
    let width: Int
    let style: TextStyle

    /// The share of failing events in each column, its largest value at full height where it stands out.
    var failing: String {
        let rates = columnTotals.map { $0.events > 0 ? $0.value : nil }
        let sorted = rates.compactMap { $0 }.sorted()
        // A rate that hardly moves is drawn low, not as a wall.
        let usual = sorted.isEmpty ? 0 : sorted[sorted.count / 4]
        return bars(rates, top: max(sorted.last ?? 0, 2 * usual))
    }

    /// The number of events in each column.
    var events: String {
        let counts: [Double?] = columnTotals.map(\.events)
        return bars(counts, top: counts.compactMap { $0 }.max() ?? 0)
    }

    /// The largest share of failing events of any column.
    var peak: Double { columnTotals.map(\.value).max() ?? 0 }

    /// The column of an instant; `nil` outside the window.
    func column(of instant: Instant) -> Int? {
        guard window.contains(instant), window.seconds > 0 else { return nil }
        return min(width - 1, Int(instant.seconds(since: window.since) / window.seconds * Double(width)))
    }

    private var columnTotals: [Rate] {
        (0..<width).map { column in
            let step = window.seconds / Double(width)
            let since = Instant(milliseconds: window.since.milliseconds + Int64(Double(column) * step * 1000))
            let until = Instant(
                milliseconds: window.since.milliseconds + Int64(Double(column + 1) * step * 1000))
            return series.total(in: series.buckets(in: TimeWindow(since: since, until: until)))
        }
    }

    /// A column without events stays empty.
    private func bars(_ values: [Double?], top: Double) -> String {
        let steps = Array(style.isASCII ? "_.-:=+*#" : "▁▂▃▄▅▆▇█")
        return String(
            values.map { value -> Character in
                guard let value else { return " " }
                guard top > 0 else { return steps[0] }
                return steps[min(steps.count - 1, Int(value / top * Double(steps.count)))]
            })
    }

    /// The markers of deploys: `·` for each, `▲` for the blamed one, `▼` for the one that ended it.
    func markers(_ deploys: [Deploy], blamed: Set<String>, ended: Set<String>) -> String {
        var row = [Character](repeating: " ", count: width)
        for deploy in deploys where !blamed.contains(deploy.id) && !ended.contains(deploy.id) {
            if let column = column(of: deploy.startedAt) { row[column] = style.isASCII ? "." : "·" }
        }
        for deploy in deploys where ended.contains(deploy.id) {
            if let column = column(of: deploy.startedAt) { row[column] = style.isASCII ? "v" : "▼" }
        }
        for deploy in deploys where blamed.contains(deploy.id) {
            if let column = column(of: deploy.startedAt) { row[column] = style.isASCII ? "^" : "▲" }
        }
        return String(row)
    }
}

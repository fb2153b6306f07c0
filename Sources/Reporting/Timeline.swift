import DeployModel

/// The chart: failing share and volume over time, with the deploys and the days under them.
struct Timeline {
    let window: TimeWindow
    let style: TextStyle
    /// Whether something changed. Where nothing did, noise is drawn low.
    private let isEventful: Bool
    private let totals: [Rate]
    /// Events of each column, for each bucket in it: columns hold one more or less, which must not show.
    private let traffic: [Double]

    /// What the labels before it and the peak behind it leave.
    private static let margins = 26

    init(series: Series, window: TimeWindow, isEventful: Bool, style: TextStyle) {
        (self.window, self.isEventful, self.style) = (window, isEventful, style)
        let width = style.width - Self.margins
        let step = window.seconds / Double(width)
        let buckets = (0..<width).map { column -> Range<Int> in
            let since = Instant(milliseconds: window.since.milliseconds + Int64(Double(column) * step * 1000))
            let until = Instant(
                milliseconds: window.since.milliseconds + Int64(Double(column + 1) * step * 1000))
            let inside = series.buckets(in: TimeWindow(since: since, until: until))
            guard inside.isEmpty else { return inside }
            // Where there are more columns than buckets, several show the same one.
            let place = Int(
                (since.seconds(since: series.start) / Double(series.bucketSeconds)).rounded(.down))
            return (0..<series.count).contains(place) ? place..<place + 1 : inside
        }
        totals = buckets.map { series.total(in: $0) }
        traffic = zip(totals, buckets).map { $0.events / Double(max($1.count, 1)) }
    }

    var width: Int { totals.count }

    /// The share of failing events in each column, its largest value at full height where it stands out; the more rows the wider
    /// the screen, from the top.
    var failing: [String] {
        let rates = totals.map { $0.events > 0 ? $0.value : nil }
        guard isEventful else {
            let all = totals.reduce(Rate(0, of: 0)) { $0 + $1 }
            return bars(rates, top: max(height(rates), 6 * all.value), rows: 1)
        }
        return bars(rates, top: height(rates), rows: style.width < 90 ? 1 : style.width < 150 ? 3 : 5)
    }

    /// What full height stands for. What hardly moves is drawn low, not as a wall.
    private func height(_ values: [Double?]) -> Double {
        let sorted = values.compactMap { $0 }.sorted()
        return sorted.isEmpty ? 0 : max(sorted[sorted.count - 1], 2 * sorted[sorted.count / 4])
    }

    /// The number of events in each column.
    var events: String {
        let counts: [Double?] = traffic
        // A gap below what fails keeps the two apart.
        return bars(counts, top: height(counts), rows: 1, spare: 1)[0]
    }

    /// The largest share of failing events of any column.
    var peak: Double { totals.map(\.value).max() ?? 0 }

    /// The column of an instant; `nil` outside the window.
    func column(of instant: Instant) -> Int? {
        guard window.contains(instant), window.seconds > 0 else { return nil }
        return min(width - 1, Int(instant.seconds(since: window.since) / window.seconds * Double(width)))
    }

    /// Bars over several rows, the top one first. A column without events stays empty.
    ///
    /// - Parameter spare: how many eighths of a row stay free above the largest value.
    private func bars(_ values: [Double?], top: Double, rows: Int, spare: Int = 0) -> [String] {
        let steps = Array((style.isASCII ? "_.-:=+*#" : "▁▂▃▄▅▆▇█").dropLast(spare))
        let levels = steps.count * rows
        return (0..<rows).reversed().map { row in
            String(
                values.map { value -> Character in
                    guard let value else { return " " }
                    let level = top > 0 ? min(levels - 1, Int(value / top * Double(levels))) : 0
                    let inside = level - row * steps.count
                    return inside < 0 ? " " : steps[min(inside, steps.count - 1)]
                })
        }
    }

    /// The markers of deploys: `·` for each, `▲` for those that share the blame, `▼` for the one that ended it.
    func markers(_ deploys: [Deploy], blamed: Set<String>, ended: Set<String>) -> String {
        var row = [Character](repeating: " ", count: width)
        func mark(_ marker: Character, where isMarked: (Deploy) -> Bool) {
            for deploy in deploys where isMarked(deploy) {
                if let column = column(of: deploy.startedAt) { row[column] = marker }
            }
        }
        mark(style.isASCII ? "." : "·") { _ in true }
        mark(style.isASCII ? "v" : "▼") { ended.contains($0.id) }
        mark(style.isASCII ? "^" : "▲") { blamed.contains($0.id) }
        return String(row)
    }

    /// The names of deploys below their marks; those that a row has no room for stand in the next one, and some not at all.
    func names(of deploys: [Deploy]) -> [String] {
        var rows: [String] = []
        for deploy in deploys {
            guard let column = column(of: deploy.startedAt) else { continue }
            let name = Wording.cut(Wording.harmless(deploy.shortName), to: 24, style: style)
            let place = max(0, min(column, width - Wording.columns(name)))
            let row = rows.firstIndex { Wording.columns($0) < place } ?? rows.count
            guard row < 3 else { continue }
            if row == rows.count { rows.append("") }
            rows[row] = Wording.padded(rows[row], to: place) + name
        }
        return rows
    }

    /// Days or hours, as many as there is room for; `nil` where none begins inside the window.
    var axis: String? {
        guard window.seconds > 0 else { return nil }
        let room = 10.0
        let columns = { (seconds: Int) in Double(seconds) / window.seconds * Double(width) }
        guard let step = Self.steps.first(where: { columns($0) >= room }) else { return nil }
        let first = -floorDiv(-window.since.milliseconds, Int64(step) * 1000)
        let last = floorDiv(window.until.milliseconds, Int64(step) * 1000)
        guard first <= last else { return nil }
        var row = ""
        for tick in first...last {
            let instant = Instant(milliseconds: tick * Int64(step) * 1000)
            let date = CivilDate(instant)
            let label =
                style.glyph("╵", "|")
                + (step >= 86_400 || date.clock == "00:00" ? date.shortDay : date.clock)
            guard let column = column(of: instant), column + Wording.columns(label) <= width,
                column > Wording.columns(row) || row.isEmpty
            else { continue }
            row = Wording.padded(row, to: column) + label
        }
        return row.isEmpty ? nil : row
    }

    private static let steps = [
        60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 3 * 86_400,
        5 * 86_400, 7 * 86_400, 14 * 86_400,
        30 * 86_400, 91 * 86_400, 365 * 86_400,
    ]
}

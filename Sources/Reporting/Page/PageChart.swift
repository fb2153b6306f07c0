import DeployModel

/// The time line of a page: the failing share over time, the traffic below it, deploys as marks, incidents shaded.
///
/// Places in time are shares of the drawing's width, so that it is as wide as the page; heights are pixels.
struct PageChart {
    let report: Report
    let series: Series
    private let named: Set<String>

    init(report: Report, series: Series) {
        (self.report, self.series, named) = (report, series, report.namedDeploys)
    }

    /// A stretch of time with what happened in it.
    private struct Column {
        /// Where it begins and ends, from 0 to 1.
        var from: Double, to: Double
        var rate: Rate
        /// Events in each second.
        var traffic: Double
    }

    private enum Row {
        static let top = 26.0
        static let base = 176.0
        static let volumeTop = 186.0
        static let volumeBase = 212.0
        static let marks = 226.0
        static let labels = 254.0
        static let height = 262.0
    }

    var figure: HTML {
        let columns = columns
        let peak = columns.map(\.rate.value).max() ?? 0
        // A rate that hardly moves is drawn low, not as a wall.
        let usual = columns.map(\.rate.value).sorted()[columns.count / 4]
        let top = Self.roundedUp(max(peak, 2 * usual, 0.0001))
        return HTML(.figure) {
            HTML(.svg, .class("timeline"), .word(.role, "group"), .text(.label, summary(peak: peak))) {
                grid(top: top)
                HTML(.svg, .class("plot"), .number(.x, 0), .share(.width, 1), .number(.height, Row.height)) {
                    for (index, finding) in report.findings.enumerated() {
                        shade(finding.incident, number: index)
                    }
                    volume(columns)
                    rates(columns, top: top)
                    axis
                    for (index, deploy) in report.deploysToTell { mark(deploy, number: index) }
                }
            }
            HTML(.figcaption) {
                HTML(.span) {
                    "Failing share, peak \(Wording.percent(peak)); below it the traffic, and each deploy as a mark. UTC."
                }
                HTML(.span, .class("closer hidden")) {}
            }
        }
    }

    private func summary(peak: Double) -> String {
        "Failing share of events from \(Wording.moment(report.window.since)) to \(Wording.moment(report.window.until)), peak \(Wording.percent(peak))"
    }

    // MARK: Counts

    /// As many columns as can be told from each other: a share of a handful of events says nothing.
    private var columns: [Column] {
        let inside = series.slice(report.window)
        let wanted = Int((inside.total.events / 60).clamped(to: 24...160))
        let coarse = inside.coarsened(by: max(1, (inside.count + wanted - 1) / wanted))
        return (0..<coarse.count).map { index in
            let since = max(coarse.start + index * coarse.bucketSeconds, report.window.since)
            let until = min(coarse.start + (index + 1) * coarse.bucketSeconds, report.window.until)
            let rate = coarse.total(in: index..<index + 1)
            return Column(
                from: place(since), to: place(until), rate: rate,
                traffic: rate.events / max(1, until.seconds(since: since)))
        }
    }

    /// The place of an instant, from 0 to 1; what lies outside is at the edge.
    private func place(_ instant: Instant) -> Double {
        guard report.window.seconds > 0 else { return 0 }
        return (instant.seconds(since: report.window.since) / report.window.seconds).clamped(to: 0...1)
    }

    /// The next number whose half is easy to read, too; never above 1.
    private static func roundedUp(_ share: Double) -> Double {
        var step = 1e-5
        while step < 1 {
            for factor in [1.0, 1.5, 2, 3, 4, 5, 6, 8] where step * factor >= share {
                return min(1, step * factor)
            }
            step *= 10
        }
        return 1
    }

    // MARK: Drawing

    @HTML.Builder private func grid(top: Double) -> HTML {
        for part in [0.5, 1.0] {
            let y = Row.base - part * (Row.base - Row.top)
            HTML(.line, .class("grid"), .number(.x1, 0), .share(.x2, 1), .number(.y1, y), .number(.y2, y)) {}
            HTML(.text, .class("halo"), .number(.x, 0), .number(.y, y - 4)) { Wording.percent(part * top) }
        }
        HTML(
            .line, .class("base"), .number(.x1, 0), .share(.x2, 1), .number(.y1, Row.base),
            .number(.y2, Row.base)
        ) {}
    }

    /// What stretches with the page: outlines have no places in shares.
    private func stretched(_ height: Double, at y: Double, @HTML.Builder content: () -> HTML) -> HTML {
        HTML(
            .svg, .word(.viewBox, "0 0 1000 100"), .word(.preserveAspectRatio, "none"), .number(.x, 0),
            .number(.y, y), .share(.width, 1), .number(.height, height), content: content)
    }

    private func rates(_ columns: [Column], top: Double) -> HTML {
        var line: [HTML.Outline] = []
        var area: [HTML.Outline] = []
        var isOpen = false
        for column in columns where column.to > column.from {
            let (from, to) = (column.from * 1000, column.to * 1000)
            guard column.rate.events > 0 else {
                isOpen = false
                continue
            }
            let y = 100 - 100 * column.rate.value / top
            line.append(isOpen ? .line(from, y) : .move(from, y))
            line.append(.line(to, y))
            area += [.move(from, 100), .line(from, y), .line(to, y), .line(to, 100), .close]
            isOpen = true
        }
        return stretched(Row.base - Row.top, at: Row.top) {
            HTML(.path, .class("area"), .outline(area)) {}
            HTML(.path, .class("line"), .outline(line)) {}
        }
    }

    private func volume(_ columns: [Column]) -> HTML {
        let most = max(columns.map(\.traffic).max() ?? 0, 1e-12)
        let area = columns.flatMap { column -> [HTML.Outline] in
            let (from, to, y) = (column.from * 1000, column.to * 1000, 100 - 100 * column.traffic / most)
            return [.move(from, 100), .line(from, y), .line(to, y), .line(to, 100), .close]
        }
        return stretched(Row.volumeBase - Row.volumeTop, at: Row.volumeTop) {
            HTML(.path, .class("volume"), .outline(area)) {}
        }
    }

    @HTML.Builder private func shade(_ incident: Incident, number: Int) -> HTML {
        let (from, to) = (place(incident.onset), place(incident.end ?? report.window.until))
        // Closer means the incident with a quarter of its length on both sides, and never less than its onset's doubt.
        let margin = max(0.25 * (to - from), 0.01)
        let onset = (place(incident.onsetInterval.lower), place(incident.onsetInterval.upper))
        HTML(
            .a, .class("shade"), .link(to: HTML.Anchor("incident", number)),
            .text(.label, "Incident from \(Wording.moment(incident.onset))"),
            .share(.from, max(0, from - margin)), .share(.to, min(1, to + margin))
        ) {
            HTML(
                .rect, .class("incident"), .share(.x, from), .number(.y, Row.top), .share(.width, to - from),
                .number(.height, Row.volumeBase - Row.top)
            ) {
                HTML(.title) {
                    "\(Wording.moment(incident.onset)) – \(incident.end.map(Wording.moment) ?? "still going on")"
                }
            }
            HTML(
                .rect, .class("onset"), .share(.x, onset.0), .number(.y, Row.top),
                .share(.width, onset.1 - onset.0), .number(.height, 4)
            ) {
                HTML(.title) {
                    "Began between \(Wording.moment(incident.onsetInterval.lower)) and \(Wording.moment(incident.onsetInterval.upper)), 95 %"
                }
            }
        }
    }

    /// A mark below the chart; of the deploys that the answer speaks of a line through it and a name above it.
    @HTML.Builder private func mark(_ deploy: Deploy, number: Int) -> HTML {
        if report.window.contains(deploy.startedAt) {
            let isNamed = named.contains(deploy.id)
            let x = place(deploy.startedAt)
            HTML(
                .a, .class(isNamed ? "deploy chosen" : "deploy"), .link(to: HTML.Anchor("deploy", number)),
                .text(
                    .label, "Deploy \(deploy.shortName), \(Wording.moment(deploy.startedAt)): \(deploy.title)"
                )
            ) {
                HTML(.title) { "\(Wording.moment(deploy.startedAt))  \(deploy.shortName)  \(deploy.title)" }
                if isNamed {
                    HTML(
                        .line, .share(.x1, x), .share(.x2, x), .number(.y1, Row.top - 8),
                        .number(.y2, Row.marks)
                    ) {}
                    if let anchoring = anchoring(ofNameAt: x) {
                        HTML(.text, .class(anchoring), .share(.x, x), .number(.y, 12)) {
                            brief(deploy.shortName)
                        }
                    }
                }
                HTML(.svg, .class("point"), .share(.x, x), .number(.y, Row.marks)) {
                    HTML(.path, .outline(isNamed ? Self.triangle : Self.tick)) {}
                    HTML(.rect, .number(.x, -7), .number(.y, -6), .number(.width, 14), .number(.height, 20)) {
                    }
                }
            }
        }
    }

    /// On which side of its line a name stands: neighbours keep out of each other's way, and one between two has no room.
    private func anchoring(ofNameAt x: Double) -> StaticString? {
        let others = report.deploys.filter {
            named.contains($0.id) && report.window.contains($0.startedAt)
        }.map { place($0.startedAt) }
        let isAfterOne = others.contains { $0 < x && $0 > x - 0.22 }
        let isBeforeOne = others.contains { $0 > x && $0 < x + 0.22 }
        guard !(isAfterOne && isBeforeOne) else { return nil }
        if isBeforeOne || (x > 0.85 && !isAfterOne) { return "named halo end" }
        return isAfterOne || x < 0.15 ? "named halo" : "named halo middle"
    }

    private static let triangle: [HTML.Outline] = [.move(0, 0), .line(5.5, 9), .line(-5.5, 9), .close]
    private static let tick: [HTML.Outline] = [.move(-1, 0), .line(1, 0), .line(1, 9), .line(-1, 9), .close]

    // MARK: Time

    /// Days, hours or minutes, whatever makes at most a dozen of them; four times as many for those who look closer.
    @HTML.Builder private var axis: HTML {
        let coarse = Self.steps.first { report.window.seconds / Double($0) <= 11 } ?? 86_400 * 365
        let fine = Self.steps.first { report.window.seconds / Double($0) <= 44 } ?? coarse
        for (index, instant) in ticks(every: coarse).enumerated() {
            label(instant, step: coarse, class: index % 2 == 0 ? "middle coarse" : "middle coarse odd")
        }
        for (index, instant) in ticks(every: fine).enumerated() {
            label(instant, step: fine, class: index % 4 == 0 ? "middle fine" : "middle fine odd")
        }
    }

    private static let steps = [
        60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400, 14 * 86_400,
        30 * 86_400,
        91 * 86_400,
    ]

    private func ticks(every step: Int) -> [Instant] {
        let first = -floorDiv(-report.window.since.milliseconds, Int64(step) * 1000)
        let last = floorDiv(report.window.until.milliseconds, Int64(step) * 1000)
        guard first <= last, last - first < 200 else { return [] }
        return (first...last).map { Instant(milliseconds: $0 * Int64(step) * 1000) }
    }

    /// A label that would stick out at an edge is left out.
    @HTML.Builder private func label(_ instant: Instant, step: Int, class name: StaticString) -> HTML {
        let (x, date) = (place(instant), CivilDate(instant))
        if x >= 0.06, x <= 0.94 {
            HTML(.text, .class(name), .share(.x, x), .number(.y, Row.labels)) {
                step >= 86_400 || date.clock == "00:00" ? date.shortDay : date.clock
            }
        }
    }
}

extension Report {
    /// The deploys with their places in the list; of very many those that the answer speaks of and the ones nearest to it.
    var deploysToTell: [(place: Int, deploy: Deploy)] {
        let most = 400
        let all = deploys.enumerated().map { (place: $0.offset, deploy: $0.element) }
        guard all.count > most else { return all }
        let middle = findings.first?.incident.onset ?? window.until
        func distance(_ deploy: Deploy) -> Double { abs(deploy.startedAt.seconds(since: middle)) }
        let named = namedDeploys
        let nearest = all.sorted { distance($0.deploy) < distance($1.deploy) }.prefix(most).map(\.place)
        let kept = Set(nearest)
        return all.filter { kept.contains($0.place) || named.contains($0.deploy.id) }
    }

    /// The deploys that the answer speaks of: those that share the blame, and those that ended it.
    var namedDeploys: Set<String> {
        let suspects = findings.flatMap(\.incident.suspects).filter { $0.probability >= 0.2 }.map(\.deploy)
        return Set(suspects + findings.compactMap(\.incident.endedBy) + [verdict.deploy].compactMap { $0 })
    }
}

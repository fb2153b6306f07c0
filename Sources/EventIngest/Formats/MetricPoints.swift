import DeployModel

/// What the values of a metric are.
public enum MetricKind: String, Sendable, Hashable, CaseIterable {
    /// How many so far; falls back to zero when a process starts anew.
    case counter
    /// How many in the interval.
    case count
    /// How many per second.
    case rate
}

/// The points of an export of metrics, gathered until it can be decided, once for all of them, what they count.
///
/// Series that differ only in how their events ended, or a series of failures and one of all, become rows of counts. Counters
/// are differenced; where one falls it began anew.
struct MetricPoints {
    /// Whether a point's time is when its interval begins or when it ends.
    enum Stamp { case begin, end }

    private struct Point: Equatable {
        var milliseconds: Int64
        var value: Double
        /// When counting began, where the format says so.
        var start: Int64?
    }

    private struct Series {
        var name: String
        var labels: [String: String]
        var kind: MetricKind?
        var line: Int
        var points: [Point] = []

        /// Puts the points in order of time, each once: pages of an answer overlap, and one may be there twice.
        mutating func sort() {
            points.sort { ($0.milliseconds, $0.value) < ($1.milliseconds, $1.value) }
            var kept: [Point] = []
            kept.reserveCapacity(points.count)
            for point in points where point != kept.last { kept.append(point) }
            points = kept
        }
    }

    private let stamp: Stamp
    private let context: ExportContext
    private var series: [Series] = []
    private var index: [String: Int] = [:]
    /// The series of each name.
    private var byName: [String: [Int]] = [:]
    private var count = 0
    /// The time between points, where it is known; else it is told by the points.
    var stepMilliseconds: Int64?
    /// How many points are held at most: 100 MB of them.
    static let largestCount = 4_000_000

    init(_ context: ExportContext, stamp: Stamp) {
        self.context = context
        self.stamp = stamp
    }

    var isEmpty: Bool { series.isEmpty }
    var seriesCount: Int { series.count }

    /// How many series have this name.
    func count(of name: String) -> Int { byName[name]?.count ?? 0 }

    /// Adds series without points, with the labels that those of another name have.
    mutating func addEmpty(_ name: String, beside other: String) {
        for own in series where own.name == other {
            _ = self.series(name, own.labels, kind: own.kind, line: own.line)
        }
    }

    /// The series of a name and labels, which may come in several parts.
    mutating func series(_ name: String, _ labels: [String: String], kind: MetricKind? = nil, line: Int)
        -> Int
    {
        let key = ([name] + labels.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }).joined(
            separator: "\u{1F}")
        if let known = index[key] { return known }
        index[key] = series.count
        byName[name, default: []].append(series.count)
        series.append(Series(name: name, labels: labels, kind: kind, line: line))
        return series.count - 1
    }

    /// Adds a point; a value that is no number is a gap, and one that cannot be a count is refused.
    mutating func add(
        _ value: Double?, at time: Result<Instant, RecordFailure>, since start: Instant? = nil,
        to number: Int,
        line: Int, _ emit: ExportSink
    ) throws {
        let milliseconds: Int64
        switch time {
        case .failure(let failure): return try emit(.rejected(failure.reason), line)
        case .success(let time): milliseconds = time.milliseconds
        }
        guard let value, value == value else { return }
        guard value >= 0, value.isFinite else {
            return try emit(.rejected("\(written(value)) cannot be a count"), line)
        }
        count += 1
        guard count <= Self.largestCount else {
            throw IngestError(
                .unreadable, "there are more than \(Self.largestCount) points in it", at: context.name,
                remedy:
                    "add them up where they are: sum by (pod, code) (increase(METRIC[1m])), or ask for a longer step"
            )
        }
        series[number].points.append(
            Point(milliseconds: milliseconds, value: value, start: start?.milliseconds))
    }

    // MARK: The decisions

    /// Hands over rows of counts, and says what was taken for what.
    mutating func finish(_ emit: ExportSink) throws -> ExportRemarks {
        var remarks = ExportRemarks()
        for position in series.indices { series[position].sort() }
        guard series.contains(where: { !$0.points.isEmpty }) else {
            throw IngestError(
                .nothingReadable, "there is not one point in it", at: context.name,
                remedy: "check the query and its time range")
        }
        try requireSeveralInstants()
        let plan = try plan()
        remarks.assumptions.append(plan.words)
        var steps: Set<Int> = []
        let byIdentity = Dictionary(grouping: plan.parts) { part in
            plan.identity(series[part.series].labels).sorted { $0.key < $1.key }.flatMap {
                [$0.key, $0.value]
            }
            .joined(separator: "\u{1F}")
        }
        let first = series.compactMap { $0.points.first?.milliseconds }.min() ?? 0
        var kinds: [String: (kind: MetricKind, step: Int64)] = [:]
        for (name, parts) in Dictionary(grouping: plan.parts, by: { series[$0.series].name }) {
            let own = parts.map(\.series)
            kinds[name] = (kind(of: own), step(of: own))
        }
        for (_, parts) in byIdentity.sorted(by: { $0.key < $1.key }) {
            var rows: [Int64: Row] = [:]
            for part in parts {
                let own = series[part.series]
                guard let (kind, step) = kinds[own.name] else { continue }
                steps.insert(Int(step))
                for (time, value) in counts(own, kind: kind, step: step, firstOfAll: first) where value > 0 {
                    rows[time, default: Row()].add(value, part)
                }
            }
            let labels = plan.identity(series[parts[0].series].labels)
            try emitRows(rows, labels: labels, line: series[parts[0].series].line, plan, emit)
        }
        remarks.assumptions += kinds.sorted { $0.key < $1.key }.map {
            Self.words(name: $0, $1.kind, step: $1.step)
        }
        return remarks
    }

    /// The same of what must hold something.
    ///
    /// - Throws: what is wrong, and how to mend it, where there is no series.
    mutating func finish(_ emit: ExportSink, orElse problem: String, remedy: String) throws -> ExportRemarks {
        guard !isEmpty else { throw IngestError(.empty, problem, at: context.name, remedy: remedy) }
        return try finish(emit)
    }

    private static func words(name: String, _ kind: MetricKind, step: Int64) -> String {
        let name = name.isEmpty ? "values" : name
        return switch kind {
        case .counter: "\(name): counters, of which the differences count"
        case .count: "\(name): counts of each interval"
        case .rate: "\(name): rates per second, times \(step / 1000) s"
        }
    }

    private func requireSeveralInstants() throws(IngestError) {
        let times = series.lazy.flatMap { $0.points.lazy.map(\.milliseconds) }
        guard let first = times.first(where: { _ in true }), !times.allSatisfy({ $0 == first }) else {
            throw IngestError(
                .nothingReadable, "all values are of one instant, which cannot show a change",
                at: context.name,
                remedy: "export a range of time: for Prometheus /api/v1/query_range with start, end and step")
        }
    }

    /// One series and what it contributes.
    private struct Part {
        var series: Int
        var outcome: Outcome
        /// What kind of failure it counts.
        var errorKind: String?

        init(series: Int, outcome: Outcome, errorKind: String? = nil) {
            self.series = series
            self.outcome = outcome
            self.errorKind = errorKind
        }
    }

    private struct Plan {
        var parts: [Part]
        /// The labels that tell rows apart.
        var identityLabels: Set<String>?
        var without: Set<String>
        /// Whether rows say how many failed; else `--error` tells it of the labels of each.
        var isJoined = true
        var words: String

        func identity(_ labels: [String: String]) -> [String: String] {
            labels.filter { !without.contains($0.key) && identityLabels?.contains($0.key) ?? true }
        }
    }

    private func plan() throws -> Plan {
        let names = Set(series.map(\.name))
        let mapped = context.options.roleFields
        for role in [FieldRole.errors, .successes, .count] {
            if let name = mapped[role] { try requireName(name, among: names, as: role) }
        }
        if context.options.errorExpression != nil {
            let named = mapped[.count] ?? Self.preferred(among: names, events: events)
            let parts = numbers(of: named).map { Part(series: $0, outcome: .all) }
            return Plan(
                parts: parts, identityLabels: nil, without: [], isJoined: false,
                words: "each row stands for the events of \(named.isEmpty ? "its series" : named)")
        }
        if let errors = mapped[.errors] {
            return try namedPlan(
                failing: errors, rest: mapped[.successes] ?? mapped[.count], isAll: mapped[.successes] == nil)
        }
        if let label = outcomeLabel(
            of: mapped[.count].map { [$0] } ?? names)
        {
            let named =
                mapped[.count]
                ?? Self.preferred(among: names.filter { hasLabel(label, name: $0) }, events: events)
            let parts = numbers(of: named).map { position in
                let value = series[position].labels[label]
                let outcome = value.flatMap { Outcome(label: label, value: $0) } ?? .passed
                let isKind =
                    outcome == .failed && value?.lowercased() != "true" && value?.lowercased() != "false"
                return Part(series: position, outcome: outcome, errorKind: isKind ? value : nil)
            }
            let others = names.subtracting([named]).sorted()
            let rest =
                others.isEmpty
                ? "" : "; \(others.count) other metrics are left out, --map count=NAME takes another"
            return Plan(
                parts: parts, identityLabels: nil, without: [label],
                words: "failing = \(label) of \(named.isEmpty ? "the series" : named)\(rest)")
        }
        return try plan(byNames: names)
    }

    /// The places of the series of a name.
    private func numbers(of name: String) -> [Int] { byName[name] ?? [] }

    private func events(_ name: String) -> Double {
        numbers(of: name).reduce(0) { sum, number in
            let series = series[number]
            guard let first = series.points.first, let last = series.points.last else { return sum }
            return sum + max(last.value - first.value, 0) + (series.kind == .counter ? 0 : last.value)
        }
    }

    private func hasLabel(_ label: String, name: String) -> Bool {
        let own = numbers(of: name)
        let known = own.count { series[$0].labels[label].flatMap { Outcome(label: label, value: $0) } != nil }
        return known > 0 && (known * 10 >= own.count * 9 || label == "error.type")
    }

    /// The label that says how events ended.
    private func outcomeLabel(of names: Set<String>) -> String? {
        Outcome.labels.first { label in names.contains { hasLabel(label, name: $0) } }
    }

    /// Metrics that count requests, by the conventions of those who name them.
    private static let requestCounters = [
        "http.server.request.duration", "http_server_request_duration_seconds_count", "http.server.duration",
        "rpc.server.call.duration", "rpc.server.duration", "http_requests_total",
        "http_server_requests_seconds_count",
        "istio_requests_total", "nginx_ingress_controller_requests", "envoy_cluster_upstream_rq",
        "traces.span.metrics.calls",
        "traces_spanmetrics_calls_total", "calls_total", "grpc_server_handled_total", "requests_total",
    ]

    private static func preferred(among names: Set<String>, events: (String) -> Double) -> String {
        if let known = requestCounters.first(where: names.contains) { return known }
        return names.sorted().map { (name: $0, events: events($0)) }.max { $0.events < $1.events }?.name ?? ""
    }

    /// Failures under one name, all or the successes under another.
    private func plan(byNames names: Set<String>) throws -> Plan {
        let told = names.map { (name: $0, outcome: Outcome(name: $0)) }
        func named(_ outcome: Outcome) -> [String] {
            told.filter { $0.outcome == outcome }.map(\.name).sorted()
        }
        let (failing, passing, all) = (named(.failed), named(.passed), named(.all))
        if failing.count == 1, passing.count == 1 || all.count == 1 {
            return try namedPlan(
                failing: failing[0], rest: all.count == 1 ? all[0] : passing[0], isAll: all.count == 1)
        }
        let seen = names.sorted().filter { !$0.isEmpty }
        let list = seen.isEmpty ? "" : "; names seen: \(seen.prefix(20).joined(separator: ", "))"
        let labels = Set(series.flatMap(\.labels.keys)).sorted()
        let labelList = labels.isEmpty ? "" : "; labels seen: \(labels.prefix(20).joined(separator: ", "))"
        guard !failing.isEmpty, !passing.isEmpty || !all.isEmpty else {
            throw IngestError(
                .missingRole,
                failing.isEmpty
                    ? "these series do not say how many of their events failed"
                    : "these series say how many events failed, but not of how many", at: context.name,
                remedy:
                    "export one query that keeps the status, such as sum by (pod, code) (increase(http_requests_total[1m])), "
                    + "or a series called errors beside one called total\(list)\(labelList)")
        }
        throw IngestError(
            .missingRole, "several series could be the failures, or all events", at: context.name,
            remedy: "name them: --map errors=NAME --map count=NAME\(list)")
    }

    private func namedPlan(failing: String, rest: String?, isAll: Bool) throws -> Plan {
        guard let rest else {
            throw IngestError(
                .missingRole, "counts need both failures and all (or successes)", at: context.name,
                remedy: "say --map errors=NAME --map count=NAME (or --map successes=NAME)",
                about: .role(.errors))
        }
        var shared: Set<String>?
        var parts: [Part] = []
        for (position, own) in series.enumerated() where own.name == failing || own.name == rest {
            let keys = Set(own.labels.keys)
            shared = shared?.intersection(keys) ?? keys
            parts.append(
                Part(series: position, outcome: own.name == failing ? .failed : isAll ? .all : .passed))
        }
        return Plan(
            parts: parts, identityLabels: shared ?? [], without: [],
            words: "errors = \(failing), \(isAll ? "all" : "successes") = \(rest)")
    }

    private func requireName(
        _ name: String, among names: Set<String>, as role: FieldRole
    ) throws(IngestError) {
        guard !names.contains(name) else { return }
        let seen = names.sorted().filter { !$0.isEmpty }
        throw IngestError(
            .missingRole, "there is no series called '\(name)'", at: context.name,
            remedy: nearest(to: name, among: seen).map { "did you mean \($0)?" }
                ?? "names seen: \(seen.prefix(20).joined(separator: ", "))", about: .role(role))
    }

    // MARK: From points to counts

    private struct Row {
        var failed = 0.0, passed = 0.0
        var all: Double?
        var kinds: [String: Double] = [:]

        mutating func add(_ value: Double, _ part: Part) {
            switch part.outcome {
            case .failed: failed += value
            case .passed, .other: passed += value
            case .all: all = (all ?? 0) + value
            }
            if let kind = part.errorKind { kinds[kind, default: 0] += value }
        }
    }

    /// The most common time between neighbouring points, in milliseconds.
    private func step(of own: [Int]) -> Int64 {
        if let stepMilliseconds { return stepMilliseconds }
        var counts: [Int64: Int] = [:]
        for position in own {
            let points = series[position].points
            for (a, b) in zip(points, points.dropFirst()) {
                counts[b.milliseconds - a.milliseconds, default: 0] += 1
            }
        }
        counts[0] = nil
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 60_000
    }

    /// What the values of a metric are: as the format says, as its name says, or as the values look.
    private func kind(of own: [Int]) -> MetricKind {
        if let forced = context.options.metricKind { return forced }
        if let told = own.lazy.compactMap({ series[$0].kind }).first { return told }
        let name = own.first.map { series[$0].name } ?? ""
        if ["_total", "_count", "_sum", "_bucket"].contains(where: name.hasSuffix) { return .counter }
        var rises = 0, falls = 0, isWhole = true
        for position in own {
            let points = series[position].points
            isWhole = isWhole && points.allSatisfy { $0.value == $0.value.rounded() }
            for (a, b) in zip(points, points.dropFirst()) {
                if b.value > a.value { rises += 1 }
                // A process that starts anew falls to nearly nothing.
                if b.value < a.value { falls += b.value < a.value / 2 ? 1 : 1000 }
            }
        }
        if rises >= 10, falls * 20 <= rises { return .counter }
        return isWhole ? .count : .rate
    }

    /// How many events began at each time.
    private func counts(_ series: Series, kind: MetricKind, step: Int64, firstOfAll: Int64) -> [(
        Int64, Double
    )] {
        let shift = stamp == .end ? step : 0
        switch kind {
        case .count: return series.points.map { ($0.start ?? $0.milliseconds - shift, $0.value) }
        case .rate: return series.points.map { ($0.milliseconds - shift, $0.value * Double(step) / 1000) }
        case .counter:
            var counts: [(Int64, Double)] = []
            var before: Point?
            for point in series.points {
                defer { before = point }
                guard let before else {
                    // A series that appears later began at nothing, and so did one that says when it began.
                    let began =
                        point.start ?? (point.milliseconds > firstOfAll ? point.milliseconds - step : nil)
                    if let began, began >= firstOfAll - step {
                        counts.append((max(began, point.milliseconds - step), point.value))
                    }
                    continue
                }
                let isNew = point.value < before.value || (point.start ?? 0) > (before.start ?? .max)
                let rise = isNew ? point.value : point.value - before.value
                counts.append((max(before.milliseconds, point.milliseconds - step), rise))
            }
            return counts
        }
    }

    private func emitRows(
        _ rows: [Int64: Row], labels: [String: String], line: Int, _ plan: Plan, _ emit: ExportSink
    ) throws {
        let mapped = context.options.roleFields
        for (time, row) in rows.sorted(by: { $0.key < $1.key }) {
            var record = ExportRecord(at: Instant(milliseconds: time))
            for (label, value) in labels.sorted(by: { $0.key < $1.key }) { record.add(label, value) }
            guard plan.isJoined else {
                record.add("weight", row.all)
                try emit(.record(record), line)
                continue
            }
            let successes = row.all.map { $0 - row.failed } ?? row.passed
            // Rates that were rounded on their own may leave a little less than nothing.
            guard successes > -0.01 * row.failed - 1e-6 else {
                try emit(
                    .rejected("at \(Instant(milliseconds: time)) more events failed than there were"), line)
                continue
            }
            record.add(mapped[.errors] ?? "errors", row.failed)
            record.add("successes", max(successes, 0))
            if let name = mapped[.successes] { record.add(name, max(successes, 0)) }
            if let name = mapped[.count] { record.add(name, max(successes, 0) + row.failed) }
            if !row.kinds.isEmpty {
                let kinds = row.kinds.sorted { $0.key < $1.key }.map {
                    "\(String($0.key.map { $0 == ":" || $0 == ";" ? " " : $0 })):\(written($0.value))"
                }
                record.add("error_kinds", kinds.joined(separator: ";"))
            }
            try emit(.record(record), line)
        }
    }
}

/// A legend taken apart: `errors{pod="a"}`, `5xx checkout-7d9f-abcde`, `checkout 500`.
///
/// A word that says how events ended becomes the name, or the label `code` where it is a status; the rest says where.
func legend(_ text: String) -> (name: String, labels: [String: String]) {
    if let brace = text.firstIndex(of: "{"), text.hasSuffix("}") {
        let labels = labelPairs(text[text.index(after: brace)...].dropLast())
        return (String(text[..<brace]).trimmed, labels)
    }
    var name = "", labels: [String: String] = [:]
    var rest: [Substring] = []
    for word in text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "|" }) {
        if word.count == 3, let status = Int(word), (100..<600).contains(status), labels["code"] == nil {
            labels["code"] = String(word)
        } else if name.isEmpty, let outcome = Outcome(name: String(word)),
            PodName(String(word)).templateHash == nil
        {
            if case .other = outcome { labels["code"] = String(word) } else { name = String(word) }
        } else {
            rest.append(word)
        }
    }
    let place = rest.joined(separator: " ")
    if !place.isEmpty { labels[PodName(place).controller == .none ? "series" : "pod"] = place }
    return (name, labels)
}

/// The pairs of `a="b",c="d"`; quotes may be missing.
func labelPairs(_ text: some StringProtocol) -> [String: String] {
    var labels: [String: String] = [:]
    var key = "", value = ""
    var isKey = true, isQuoted = false, isEscaped = false
    func finish() {
        if !key.trimmed.isEmpty, !isKey { labels[key.trimmed] = value }
        (key, value, isKey) = ("", "", true)
    }
    for character in text {
        if isEscaped {
            value.append(character == "n" ? "\n" : character)
            isEscaped = false
        } else if isQuoted, character == "\\" {
            isEscaped = true
        } else if character == "\"" {
            isQuoted.toggle()
        } else if isQuoted {
            value.append(character)
        } else if isKey, character == "=" || character == ":" {
            isKey = false
        } else if character == "," {
            finish()
        } else if isKey {
            key.append(character)
        } else if character != " " || !value.isEmpty {
            value.append(character)
        }
    }
    finish()
    return labels
}

extension StringProtocol {
    /// Without space at its ends.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}

public import DeployModel
public import EventIngest

extension ClickHouseEvents {
    /// Counts all events of a window: the first pass.
    ///
    /// - Parameter window: all there is when `nil`.
    /// - Throws: ``ConnectorError``.
    public func summary(in window: TimeWindow? = nil) throws -> EventSummary {
        let overview = try overview(window)
        var input = InputSummary(
            source: source, format: "clickhouse", events: overview.events.events, skipped: overview.skipped,
            first: overview.first, last: overview.last, assumptions: roles.assumptions)
        guard var span = overview.span else {
            return EventSummary(
                inputs: [input], span: nil, series: [], rollouts: [], roles: roles,
                warnings: warnings(overview))
        }
        var count = ScopeCount(server: server, queries: queries, window: window, span: span)
        try count.run()
        if count.rowBuckets > 1 {
            let seconds = count.rowBuckets * EventAggregator.bucketSeconds
            span.until = span.until + seconds - EventAggregator.bucketSeconds
            input.assumptions.append(coverage(seconds))
        }
        return EventSummary(
            inputs: [input], span: span, series: count.series, rollouts: count.rollouts, roles: roles,
            warnings: warnings(overview) + count.warnings)
    }
}

/// The counts of a table by scope and bucket, asked for one kind of scope after the other.
private struct ScopeCount {
    let server: ClickHouseServer
    let queries: EventQueries
    let window: TimeWindow?
    private(set) var grid: ServerGrid
    private(set) var rowBuckets = 1
    private(set) var series: [Series] = []
    private(set) var rollouts: [ObservedRollout] = []
    private var leftOut: Set<Scope.Kind> = []

    /// How many values are named in one query: the text of a query has a limit on the server, 256 KiB by default.
    private static let valuesAtOnce = 1000
    /// How many cells all series may have together: what goes over the wire is about two bytes for each.
    private static let mostCells = 3_000_000
    /// How many kinds of message are looked at; rarer ones count in the whole only.
    private static let mostMessages = 2000

    init(server: ClickHouseServer, queries: EventQueries, window: TimeWindow?, span: TimeWindow) {
        (self.server, self.queries, self.window) = (server, queries, window)
        let minute = Int64(EventAggregator.bucketSeconds) * 1000
        let (start, end) = (
            Int(floorDiv(span.since.milliseconds, minute)), Int(floorDiv(span.until.milliseconds, minute))
        )
        grid = ServerGrid(firstMinute: start, factor: 1, count: end - start)
    }

    /// A value with what it counts.
    private struct Counted {
        var name: String
        var events: Double, errors: Double
        var first: Instant, last: Instant
    }

    /// A series to be, and the values that it counts.
    private struct Wanted {
        var scope: Scope
        var values: [String]
    }

    mutating func run() throws {
        if queries.roles.failure == .counts {
            var filled: [Int] = []
            try server.ask(queries.series(grid, in: window), columns: 3) { filled.append(try $0.integer(0)) }
            rowBuckets = EventAggregator.rowBuckets(filled: filled.sorted())
        }
        let workloads = try counted(.workload)
        let pods = try counted(.pod)
        let versions = try counted(.version)
        let kinds = try errorKinds()
        let messages = kinds == nil ? try templates() : []
        rollouts = Self.rollouts(pods)
        var wanted: [(of: EventQueries.Numbering.Of, series: [Wanted])] = []
        if let field = queries.field(of: .workload) {
            wanted.append((.field(field), heaviest(.workload, workloads)))
        }
        if let field = queries.field(of: .pod) {
            if queries.field(of: .workload) == nil { wanted.append((.field(field), ownWorkloads(pods))) }
            wanted.append((.field(field), heaviest(.pod, pods)))
        }
        if let field = queries.field(of: .version) {
            wanted.append((.field(field), heaviest(.version, versions)))
        }
        if let field = queries.field(of: .message) { wanted.append((.messages(field), messages)) }
        widenBuckets(series: 1 + (kinds?.count ?? 0) + wanted.reduce(0) { $0 + $1.series.count })
        let whole = try whole()
        series = [whole]
        for (of, group) in wanted { series += try counts(of, group, whole: whole) }
        if let kinds, !kinds.isEmpty { series += try kindCounts(kinds, whole: whole) }
        series += try slow(workloads)
    }

    /// Coarse buckets where there would be too many cells; they begin at multiples of their width, as those of files do.
    private mutating func widenBuckets(series: Int) {
        let (start, end) = (grid.firstMinute, grid.firstMinute + grid.count)
        var factor = rowBuckets
        while (end - start) / factor > EventAggregator.longestSeries
            || (end - start) / factor * series > Self.mostCells
        {
            factor *= 2
        }
        let first = rowBuckets > 1 ? start : start - (start % factor + factor) % factor
        grid = ServerGrid(firstMinute: first, factor: factor, count: (end - first + factor - 1) / factor)
    }

    private func whole() throws -> Series {
        var series = grid.empty(.all)
        try server.ask(queries.series(grid, in: window), columns: 3) { cells in
            let bucket = try cells.integer(0)
            // An event may have come in since the span was told.
            guard series.events.indices.contains(bucket) else { return }
            series.events[bucket] = try cells.number(1)
            series.errors[bucket] = try cells.number(2)
        }
        return series
    }

    /// The values of a role's field with the most failing events.
    private mutating func counted(_ kind: Scope.Kind) throws -> [Counted] {
        let roles: [Scope.Kind: FieldRole] = [.workload: .workload, .pod: .pod, .version: .version]
        guard let field = roles[kind].flatMap(queries.field(of:)) else { return [] }
        let limit = EventAggregator.limits[kind] ?? 0
        var values: [Counted] = []
        try server.ask(queries.heaviest(field, limit: limit + 1, in: window), columns: 5) { cells in
            values.append(
                Counted(
                    name: cells[0].text ?? "", events: try cells.number(1), errors: try cells.number(2),
                    first: try cells.instant(3), last: try cells.instant(4)))
        }
        if values.count > limit { leftOut.insert(kind) }
        return Array(values.prefix(limit))
    }

    /// The values with the most failing events as series of their own, by name.
    private func heaviest(_ kind: Scope.Kind, _ values: [Counted]) -> [Wanted] {
        values.prefix(EventAggregator.seriesLimits[kind] ?? 0).sorted { $0.name < $1.name }
            .map { Wanted(scope: Scope(kind, $0.name), values: [$0.name]) }
    }

    /// The workloads that pods belong to by their names.
    private func ownWorkloads(_ pods: [Counted]) -> [Wanted] {
        var workloads: [String: (events: Double, errors: Double, pods: [String])] = [:]
        for pod in pods {
            var workload = workloads[PodName(pod.name).workload] ?? (0, 0, [])
            workload.events += pod.events
            workload.errors += pod.errors
            workload.pods.append(pod.name)
            workloads[PodName(pod.name).workload] = workload
        }
        let heaviest = workloads.sorted { a, b in
            (a.value.errors, a.value.events, b.key) > (b.value.errors, b.value.events, a.key)
        }.prefix(EventAggregator.seriesLimits[.workload] ?? 0)
        return heaviest.sorted { $0.key < $1.key }.map {
            Wanted(scope: Scope(.workload, $0.key), values: $0.value.pods)
        }
    }

    /// Kinds of error: the templates of the messages of failing events.
    private mutating func templates() throws -> [Wanted] {
        guard let field = queries.field(of: .message), field.type.kind == .text else { return [] }
        var templates: [String: (errors: Double, messages: [String])] = [:]
        let query = queries.heaviestMessages(field, limit: Self.mostMessages + 1, in: window)
        var count = 0
        try server.ask(query, columns: 2) { cells in
            count += 1
            guard count <= Self.mostMessages, let message = cells[0].string else { return }
            var template = templates[MessageTemplate(message).text] ?? (0, [])
            template.errors += try cells.number(1)
            template.messages.append(message)
            templates[MessageTemplate(message).text] = template
        }
        if count > Self.mostMessages { leftOut.insert(.error) }
        let heaviest = templates.sorted { ($0.value.errors, $1.key) > ($1.value.errors, $0.key) }
            .prefix(EventAggregator.seriesLimits[.error] ?? 0)
        return heaviest.sorted { $0.key < $1.key }.map {
            Wanted(scope: Scope(.error, $0.key), values: $0.value.messages)
        }
    }

    /// The kinds of error that rows of counts name, by name; `nil` where they name none.
    private mutating func errorKinds() throws -> [String]? {
        guard let field = queries.field(of: .errorKinds), queries.roles.failure == .counts else { return nil }
        let limit = EventAggregator.limits[.error] ?? 0
        let kinds = try server.rows(queries.heaviestKinds(field, limit: limit + 1, in: window), columns: 2)
            .map { $0[0].text ?? "" }
        if kinds.count > limit { leftOut.insert(.error) }
        return kinds.prefix(EventAggregator.seriesLimits[.error] ?? 0).sorted()
    }

    private func kindCounts(_ kinds: [String], whole: Series) throws -> [Series] {
        guard let field = queries.field(of: .errorKinds) else { return [] }
        var series = kinds.map { grid.empty(Scope(.error, $0)) }
        try ask(queries.kindSeries(field, kinds, grid, in: window)) { number, events, errors in
            try series.add(events, errors, at: number)
            series[number - 1].events = whole.events
        }
        return series
    }

    /// The series of some scopes, some values at a time.
    private func counts(_ of: EventQueries.Numbering.Of, _ wanted: [Wanted], whole: Series) throws -> [Series]
    {
        var series = wanted.map { grid.empty($0.scope) }
        var values: [(value: String, number: Int)] = []
        for (index, own) in wanted.enumerated() { values += own.values.map { ($0, index + 1) } }
        for start in stride(from: 0, to: values.count, by: Self.valuesAtOnce) {
            let some = values[start..<min(start + Self.valuesAtOnce, values.count)]
            let numbering = EventQueries.Numbering(
                of: of, values: some.map(\.value), numbers: some.map(\.number))
            try ask(queries.series(numbering, grid, in: window)) { number, events, errors in
                try series.add(events, errors, at: number)
            }
        }
        for index in series.indices where series[index].scope.kind == .error {
            series[index].events = whole.events
        }
        return series
    }

    /// Asks for dense series.
    private func ask(_ query: SQL, _ body: (Int, [Double], [Double]) throws -> Void) throws {
        try server.ask(query, columns: 3) { cells in
            let number = try cells.integer(0)
            let (events, errors) = (cells[1].elements, cells[2].elements)
            guard events.count == grid.count, errors.count == grid.count else {
                throw CompactAnswer.Damage(
                    reason: "a series has \(events.count) buckets rather than \(grid.count)")
            }
            try body(
                number, try events.indices.map { try events.number($0) },
                try errors.indices.map { try errors.number($0) })
        }
    }

    /// Slow events of all, and of each of the heaviest workloads.
    private func slow(_ workloads: [Counted]) throws -> [Series] {
        guard let duration = queries.field(of: .duration) else { return [] }
        let timed = workloads.sorted { ($0.events, $1.name) > ($1.events, $0.name) }
            .prefix(EventAggregator.durationLimit - 1).map(\.name).sorted()
        var scopes: EventQueries.Numbering?
        if let field = queries.field(of: .workload), !timed.isEmpty {
            scopes = EventQueries.Numbering(
                of: .field(field), values: timed, numbers: Array(1...timed.count))
        }
        // By scope, 0 being all other workloads.
        var classes = [[Double]](
            repeating: Array(repeating: 0, count: DurationCounts.classes), count: timed.count + 1)
        try server.ask(queries.durations(duration, by: scopes, in: window), columns: 3) { cells in
            let (scope, own) = (try cells.integer(0), try cells.integer(1))
            guard classes.indices.contains(scope), classes[scope].indices.contains(own) else {
                throw CompactAnswer.Damage(reason: "it names a class of durations that there is not")
            }
            classes[scope][own] += try cells.number(2)
        }
        let all = (0..<DurationCounts.classes).map { index in classes.reduce(0) { $0 + $1[index] } }
        var found: [Series] = []
        if let limit = DurationCounts.lastOrdinaryClass(all) {
            var series = grid.empty(.all)
            series.slowerThan = DurationCounts.end(ofClass: limit)
            try ask(queries.slow(duration, by: nil, limits: [limit], grid, in: window)) { _, events, slow in
                series.add(events, slow)
            }
            found.append(series)
        }
        let limits = classes.map { DurationCounts.lastOrdinaryClass($0) ?? -1 }
        guard let scopes, limits.dropFirst().contains(where: { $0 >= 0 }) else { return found }
        var own = timed.enumerated().map { index, name in
            var series = grid.empty(Scope(.workload, name))
            series.slowerThan = DurationCounts.end(ofClass: limits[index + 1])
            return series
        }
        try ask(queries.slow(duration, by: scopes, limits: limits, grid, in: window)) {
            number, events, slow in
            if number > 0 { try own.add(events, slow, at: number) }
        }
        return found + own.indices.filter { limits[$0 + 1] >= 0 }.map { own[$0] }
    }

    /// Pod templates by workload and first event.
    private static func rollouts(_ pods: [Counted]) -> [ObservedRollout] {
        var found: [String: ObservedRollout] = [:]
        for pod in pods {
            let name = PodName(pod.name)
            guard let hash = name.templateHash else { continue }
            var rollout =
                found["\(name.workload)/\(hash)"]
                ?? ObservedRollout(
                    workload: name.workload, hash: hash, first: pod.first, last: pod.last, pods: 0)
            rollout.first = min(rollout.first, pod.first)
            rollout.last = max(rollout.last, pod.last)
            rollout.pods += 1
            found["\(name.workload)/\(hash)"] = rollout
        }
        return found.values.sorted { ($0.workload, $0.first, $0.hash) < ($1.workload, $1.first, $1.hash) }
    }

    var warnings: [Warning] {
        leftOut.sorted { $0.rawValue < $1.rawValue }.map(EventAggregator.tooManyValues)
    }
}

extension Series {
    fileprivate mutating func add(_ events: [Double], _ errors: [Double]) {
        for index in self.events.indices {
            self.events[index] += events[index]
            self.errors[index] += errors[index]
        }
    }
}

extension [Series] {
    /// Adds to the series of a number, which count from 1.
    fileprivate mutating func add(
        _ events: [Double], _ errors: [Double], at number: Int
    ) throws(CompactAnswer.Damage) {
        guard indices.contains(number - 1) else {
            throw CompactAnswer.Damage(reason: "it has a series that was not asked for")
        }
        self[number - 1].add(events, errors)
    }
}

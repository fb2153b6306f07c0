public import DeployModel

/// What is asked of reading events.
public struct IngestOptions: Sendable {
    /// Fields of roles, as `--map` says.
    public var roleFields: [FieldRole: String]
    /// Which events failed, as `--error` says.
    public var errorExpression: String?
    /// The format, when it is not to be recognised.
    public var formatIn: EventFormat?
    /// Seconds east of Greenwich of times without a zone; UTC when `nil`.
    public var offsetSeconds: Int?

    /// Options; by default everything is recognised.
    public init(
        roleFields: [FieldRole: String] = [:], errorExpression: String? = nil, formatIn: EventFormat? = nil,
        offsetSeconds: Int? = nil
    ) {
        self.roleFields = roleFields
        self.errorExpression = errorExpression
        self.formatIn = formatIn
        self.offsetSeconds = offsetSeconds
    }
}

/// All events, counted.
public struct EventSummary: Sendable {
    /// Each input as it was read.
    public var inputs: [InputSummary]
    /// The whole minutes from the first event to the last one; `nil` without events.
    public var span: TimeWindow?
    /// Counts by scope, all on the same buckets.
    public var series: [Series]
    /// New pod templates, by workload and time.
    public var rollouts: [ObservedRollout]
    /// Which field plays which role.
    public var roles: RoleAssignment
    /// The first few lines that are no records.
    public var rejected: [RejectedLine]
    /// What the reader must know.
    public var warnings: [Warning]
}

/// Counts all events of some files: one pass, in memory that depends on the number of scopes and buckets only.
///
/// - Throws: ``IngestError`` when there is nothing to count.
public func summarize(_ sources: EventSources, options: IngestOptions) throws -> EventSummary {
    let roles = try surveyedRoles(sources, options: options)
    var aggregator = EventAggregator(roles)
    var inputs: [InputSummary] = []
    var rejected: [RejectedLine] = []
    var skipped = 0
    var seen: Set<String> = []
    for source in sources.sources {
        let before = aggregator.total
        var reading = EventReading(roles)
        var span = EventSpan()
        var skippedHere = 0
        func reject(_ line: Int, _ reason: String) {
            skippedHere += 1
            if rejected.count < 5 {
                rejected.append(RejectedLine(source: source.name, line: line, reason: reason))
            }
        }
        let shape = try source.forEachRecord(
            forced: options.formatIn,
            accept: { record in
                switch reading.read(record) {
                case .failure(let failure): reject(record.line, failure.reason)
                case .success(let event):
                    span.add(event.time)
                    aggregator.add(event, of: record, with: &reading)
                }
            }, reject: reject)
        skipped += skippedHere
        seen.formUnion(reading.seen)
        inputs.append(
            InputSummary(
                source: source.name, format: shape.words, events: aggregator.total.events - before.events,
                skipped: skippedHere, first: span.first, last: span.last, assumptions: roles.assumptions))
    }
    try requireFields(roles.expression?.requiredFields ?? [], seen: seen, of: sources)
    guard var span = aggregator.span.window else {
        throw IngestError(
            .nothingReadable, "not one event could be read",
            at: rejected.first.map { "\($0.source):\($0.line)" },
            remedy: rejected.first.map { "the first line that could not: \($0.reason)" }
                ?? "check that the export holds events")
    }
    let rowSeconds = aggregator.rowBuckets * EventAggregator.bucketSeconds
    if rowSeconds > EventAggregator.bucketSeconds {
        span.until = span.until + rowSeconds - EventAggregator.bucketSeconds
        for index in inputs.indices { inputs[index].assumptions.append(coverage(rowSeconds)) }
    }
    var warnings = aggregator.warnings
    if let first = rejected.first {
        warnings.append(
            Warning(
                code: "skipped_lines",
                text:
                    "\(skipped) \(skipped == 1 ? "line" : "lines") could not be read; the first is \(first.source):\(first.line): \(first.reason)",
                remedy: "mend or export these lines again; they are not counted"))
    }
    return EventSummary(
        inputs: inputs, span: span, series: aggregator.series(), rollouts: aggregator.rollouts(),
        roles: roles,
        rejected: rejected, warnings: warnings)
}

/// An expression about a field that no event has holds for none, or for all: a mistyped name must not clear everybody.
private func requireFields(_ names: [String], seen: Set<String>, of sources: EventSources) throws(IngestError)
{
    guard let missing = names.first(where: { !seen.contains($0) }) else { return }
    throw IngestError(
        .missingRole, "no event has a field '\(missing)', which the expression speaks of",
        at: sources.sources.first?.name,
        remedy:
            "check its name; `blamedeploy explain FILE` without an expression says which fields it took for what"
    )
}

/// `each row covers the 10 min from its time on`.
private func coverage(_ seconds: Int) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600)
    return "each row covers the \(hours * 3600 == seconds ? "\(hours) h" : "\(minutes) min") from its time on"
}

/// Looks at the first records to choose roles.
private func surveyedRoles(_ sources: EventSources, options: IngestOptions) throws -> RoleAssignment {
    struct Enough: Error {}
    var survey = FieldSurvey(offsetSeconds: options.offsetSeconds)
    var firstReason: String?
    var emptyError: IngestError?
    for source in sources.sources {
        do {
            _ = try source.forEachRecord(
                forced: options.formatIn,
                accept: { record in
                    survey.add(record)
                    if survey.records == FieldSurvey.wanted { throw Enough() }
                },
                reject: { line, reason in firstReason = firstReason ?? "\(source.name):\(line): \(reason)" })
        } catch is Enough {
            break
        } catch let error as IngestError where error.code == .empty && sources.sources.count > 1 {
            emptyError = error
        }
    }
    guard survey.records > 0 else {
        if let emptyError { throw emptyError }
        throw IngestError(
            .nothingReadable, "there is not one event in it", at: sources.sources.first?.name,
            remedy: firstReason.map { "the first line that could not be read: \($0)" }
                ?? "check the export: it should hold one event a line")
    }
    return try RoleAssignment(survey, options: options, source: sources.sources.first?.name ?? "")
}

/// The first and the last of some instants.
struct EventSpan: Sendable, Equatable {
    var first: Instant?
    var last: Instant?

    mutating func add(_ instant: Instant) {
        if first.map({ instant < $0 }) ?? true { first = instant }
        if last.map({ instant > $0 }) ?? true { last = instant }
    }

    /// Whole minutes that hold both, so that every bucket lies inside; a window is half open.
    var window: TimeWindow? {
        guard let first, let last else { return nil }
        let minute: Int64 = 60_000
        func whole(_ milliseconds: Int64) -> Int64 {
            milliseconds >= 0 ? milliseconds / minute : (milliseconds + 1) / minute - 1
        }
        return TimeWindow(
            since: Instant(milliseconds: whole(first.milliseconds) * minute),
            until: Instant(milliseconds: (whole(last.milliseconds) + 1) * minute))
    }
}

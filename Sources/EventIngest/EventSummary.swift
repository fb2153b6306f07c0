public import DeployModel
import Parallel
import Synchronization

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
    /// What the values of metrics are, when it is not to be told by their names and looks.
    public var metricKind: MetricKind?
    /// How many threads may read at once; the result is the same for any number.
    public var jobs: Int
    /// Whether events are counted by workload, pod, version, message and duration too, and not only by when they happened and
    /// whether they failed.
    public var countsScopes = true
    /// Into how many bytes the input is cut, whatever the number of threads and however it is packed: results do not depend on
    /// either. What is unpacked, or looked through for cells, should still be in the caches when it is read.
    package var partBytes = 8 << 20

    /// Options; by default everything is recognised, by a single thread.
    public init(
        roleFields: [FieldRole: String] = [:], errorExpression: String? = nil, formatIn: EventFormat? = nil,
        offsetSeconds: Int? = nil, metricKind: MetricKind? = nil, jobs: Int = 1
    ) {
        self.roleFields = roleFields
        self.errorExpression = errorExpression
        self.formatIn = formatIn
        self.offsetSeconds = offsetSeconds
        self.metricKind = metricKind
        self.jobs = jobs
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
    /// Which field plays which role in the source with the most events.
    public var roles: RoleAssignment { sourceRoles[mainSource] }
    /// Which field plays which role in each source.
    var sourceRoles: SourceRoles
    /// The first few lines that are no records.
    public var rejected: [RejectedLine]
    /// What the reader must know.
    public var warnings: [Warning]
    /// How each source was read, and what it turned out to be.
    var plans: [ReadingPlan]
    var shapes: [SourceShape]
    /// For each source the blocks with their times, so that the second pass reads only some.
    var blocks: [[BlockSpan]]
    /// Where records are that may be looked at again, when each record is one event.
    var addresses: AddressSample?
    /// Where the bytes of those are that cannot be read again from their files.
    var spool: SampleSpool?
    /// How many events and failing events there were in each minute.
    var minutes: BucketCounts

    /// The number of the source with the most events.
    private var mainSource: Int {
        inputs.indices.max { (inputs[$0].events, $1) < (inputs[$1].events, $0) } ?? 0
    }
}

/// A block of records with the time between its first and its last event.
struct BlockSpan: Sendable {
    var range: Range<Int>
    var span: EventSpan
}

/// The fold over the records of a part of the input.
private struct CountedPart: RecordSink {
    var aggregator: EventAggregator
    var reading: EventReading
    var skipped = 0
    /// The first few lines that are no records, numbered from the beginning of the part.
    var rejected: [(line: Int, reason: String)] = []
    /// How many lines the part has, where they are numbered within it.
    var lines = 0
    /// What an export said of itself.
    var shape: SourceShape?
    var blocks: [BlockSpan] = []
    /// Where records are, for looking at some of them again.
    var addresses: AddressSample?
    private var writer: SampleWriter?
    /// Whether the place for them ran out.
    private(set) var hasLostAddresses = false
    private let source: Int16
    /// The times of the current block.
    private var span = EventSpan()

    static let rejectedLimit = 5

    /// - Parameter spool: where records are kept that cannot be read again from where they are.
    init(
        _ part: InputPart, reading: EventReading, aggregator: EventAggregator, addresses: AddressSample?,
        spool: SampleSpool?
    ) {
        self.addresses = addresses
        writer = addresses == nil ? nil : spool.map(SampleWriter.init)
        source = Int16(truncatingIfNeeded: part.source)
        self.aggregator = aggregator
        self.reading = reading
    }

    /// Reads the part.
    mutating func read(
        _ extent: InputPart.Extent, _ bytes: inout PartBytes, of source: EventSources.Source,
        plan: ReadingPlan, options: IngestOptions
    ) throws {
        let wanted = WantedFields(reading.wanted)
        switch extent {
        case .range(let range): lines = try source.read(range, wanted, into: &self)
        case .cut: lines = try plan.read(bytes, wanted, into: &self)
        case .whole:
            guard let cutter = try plan.cutter(of: source, sizes: PartSizes(each: options.partBytes)) else {
                shape = try source.read(wanted, options: options, into: &self)
                break
            }
            while try cutter.next(into: &bytes) {
                lines += try plan.read(bytes, wanted, firstLine: lines + 1, into: &self)
            }
        }
        aggregator.settle()
        do { try writer?.finish() } catch { loseAddresses() }
    }

    /// A full disk is no reason not to count: what would have been kept is looked for once more.
    private mutating func loseAddresses() {
        (addresses, writer, hasLostAddresses) = (nil, nil, true)
    }

    mutating func accept(_ record: Record, line: Int) throws {
        switch reading.read(record) {
        case .failure(let failure): reject(line: line, reason: failure.reason)
        case .success(let event):
            span.add(event.time)
            aggregator.add(event, of: record, with: reading.places)
            guard addresses != nil else { return }
            let key = sampleKey(record.bytes, at: event.time)
            guard addresses?.wants(key, isFailing: event.isFailing) ?? false else { return }
            let offset: Int
            do { offset = try writer?.add(record.bytes) ?? record.offset } catch { return loseAddresses() }
            addresses?.add(
                RecordAddress(
                    key: key, time: event.time, offset: offset,
                    length: Int32(truncatingIfNeeded: record.bytes.count), source: source,
                    isFailing: event.isFailing))
        }
    }

    mutating func reject(line: Int, reason: String) {
        skipped += 1
        if rejected.count < Self.rejectedLimit { rejected.append((line, reason)) }
    }

    mutating func endBlock(at range: Range<Int>) {
        blocks.append(BlockSpan(range: range, span: span))
        span = EventSpan()
        addresses?.prune()
    }
}

/// How many parts are counted before others may know what they counted. The first part comes alone, so that the others begin
/// with its scopes; the next round is short, so that soon all know the scopes of more. How many threads there are does not
/// change it.
private func partsAtOnce(round: Int) -> Int { [1, 4, 32][min(round, 2)] }

/// All that was counted so far, the parts added in their order.
private struct CountedInput: Sendable {
    private(set) var aggregator = EventAggregator()
    private(set) var addresses: AddressSample?
    private(set) var inputs: [InputSummary]
    private(set) var shapes: [SourceShape]
    private(set) var blocks: [[BlockSpan]]
    private(set) var warnings: [Warning] = []
    private(set) var rejected: [RejectedLine] = []
    /// For each kind of source the fields of the expression that some record had.
    private(set) var seen: [Set<String>]
    private let roles: SourceRoles
    /// How many lines of each source were counted.
    private var lines: [Int]

    init(
        _ sources: [EventSources.Source], roles: SourceRoles, shapes: [SourceShape],
        addresses: AddressSample?
    ) {
        self.roles = roles
        self.shapes = shapes
        self.addresses = addresses
        inputs = sources.enumerated().map { number, source in
            InputSummary(
                source: source.name, format: "", events: 0, skipped: 0, first: nil, last: nil,
                assumptions: roles[number].assumptions)
        }
        lines = [Int](repeating: 0, count: sources.count)
        blocks = [[BlockSpan]](repeating: [], count: sources.count)
        seen = [Set<String>](repeating: [], count: roles.kinds.count)
    }

    mutating func add(_ part: CountedPart, of source: Int) {
        aggregator.merge(part.aggregator)
        seen[roles.kindOfSource[source]].formUnion(part.reading.seen)
        blocks[source] += part.blocks
        if part.hasLostAddresses { addresses = nil }
        if let own = part.addresses { addresses?.merge(own) }
        for (line, reason) in part.rejected where rejected.count < CountedPart.rejectedLimit {
            rejected.append(
                RejectedLine(source: inputs[source].source, line: lines[source] + line, reason: reason))
        }
        lines[source] += part.lines
        if let shape = part.shape { shapes[source] = shape }
        inputs[source].add(part.aggregator, skipped: part.skipped, shape: shapes[source])
        for warning in shapes[source].remarks.warnings where !warnings.contains(warning) {
            warnings.append(warning)
        }
    }
}

/// Counts all events of some files: one pass, in memory that depends on the number of scopes and buckets only.
///
/// - Throws: ``IngestError`` when there is nothing to count.
public func summarize(_ sources: EventSources, options: IngestOptions) throws -> EventSummary {
    let roles = try SourceRoles(sources, options: options)
    let all = sources.sources
    let plans = try all.map { try ReadingPlan($0, options: options) }
    let shapes = zip(plans, all).map {
        $0.shape(of: $1) ?? SourceShape(format: .ndjson, compression: .none)
    }
    let arePacked = plans.contains { $0.compression != .none }
    // Without a place for them they are looked for once more, by reading all of the file.
    let spool = arePacked ? try? SampleSpool() : nil
    let isAddressable =
        plans.allSatisfy(\.isOfRecords) && roles.kinds.allSatisfy(\.roles.countsEachRecordOnce)
        && all.count < Int16.max && (spool != nil || !arePacked)
    let fold = Mutex(
        CountedInput(all, roles: roles, shapes: shapes, addresses: isAddressable ? AddressSample() : nil))
    let bounds = Mutex(isAddressable ? AddressSample() : nil)
    let allParts = InputParts(all, plans, partBytes: options.partBytes)
    // Whole files are long: one that went first alone would keep the others waiting.
    let start = allParts.areWhole ? 2 : 0
    let parts = Mutex(allParts)
    for round in start... {
        let empty = fold.withLock { $0.aggregator.emptied }
        let limit = partsAtOnce(round: round)
        let count = try concurrentFold(
            upTo: limit, workers: options.jobs, room: PartBytes.init,
            taking: { bytes in try parts.withLock { try $0.next(into: &bytes) } },
            { part, bytes in
                let plan = plans[part.source]
                // The bounds only ever become smaller, and the last ones do not depend on these.
                let noAddresses = bounds.withLock(\.self)
                var counted = CountedPart(
                    part,
                    reading: EventReading(
                        roles[part.source], depth: options.countsScopes ? .scopes : .outcome),
                    aggregator: empty, addresses: noAddresses,
                    spool: plan.compression == .none ? nil : spool)
                do {
                    try counted.read(
                        part.extent, &bytes, of: all[part.source], plan: plan, options: options)
                } catch let error as IngestError where error.code == .empty && all.count > 1 {
                    return (source: part.source, counted: CountedPart?.none)
                }
                return (source: part.source, counted: counted)
            },
            into: { source, counted in
                guard let counted else { return }
                let left = fold.withLock { fold in
                    fold.add(counted, of: source)
                    return fold.addresses?.emptied
                }
                bounds.withLock { $0 = left }
            })
        if count < limit { break }
    }
    var (aggregator, inputs, warnings, rejected) = fold.withLock {
        ($0.aggregator, $0.inputs, $0.warnings, $0.rejected)
    }
    let (seen, read, blocks, addresses) = fold.withLock { ($0.seen, $0.shapes, $0.blocks, $0.addresses) }
    for index in inputs.indices where inputs[index].format.isEmpty { inputs[index].format = "empty" }
    let fieldWarnings = try requireFields(of: roles, seen: seen, in: sources)
    let strays = aggregator.setStraysAside()
    guard var span = aggregator.span.window else {
        throw IngestError(
            .nothingReadable, "not one event could be read",
            at: rejected.first.map { "\($0.source):\($0.line)" },
            remedy: rejected.first.map { "the first line that could not: \($0.reason)" }
                ?? "check that the export holds events")
    }
    let rowSeconds = aggregator.rowBuckets * EventAggregator.bucketSeconds
    if rowSeconds > EventAggregator.bucketSeconds {
        span.until = max(span.until, aggregator.rowsEnd ?? span.until)
        for index in inputs.indices where roles[index].failure == .counts {
            inputs[index].assumptions.append(coverage(rowSeconds))
        }
    }
    return EventSummary(
        inputs: inputs, span: span, series: aggregator.series(workers: options.jobs),
        rollouts: aggregator.rollouts(),
        sourceRoles: roles, rejected: rejected,
        warnings: warnings + emptySources(inputs) + copies(sources.copies) + fieldWarnings
            + idleExpression(options, aggregator.total)
            + (try endWarnings(inputs, of: sources, roles: roles))
            + onlyFailures(aggregator.total)
            + aggregator.warnings + [strays?.warning].compactMap { $0 }
            + skippedLines(inputs.reduce(0) { $0 + $1.skipped }, first: rejected.first),
        plans: plans, shapes: read, blocks: blocks, addresses: addresses, spool: spool,
        minutes: aggregator.minutes)
}

/// A file that holds nothing is no reason not to read the others, but its author may not know.
private func emptySources(_ inputs: [InputSummary]) -> [Warning] {
    let empty = inputs.filter { $0.first == nil && $0.skipped == 0 }
    guard let first = empty.first else { return [] }
    let others = empty.count > 1 ? ", and \(empty.count - 1) more files" : ""
    return [
        Warning(
            code: "empty_source",
            text: "There is not one event in \(first.source)\(others): nothing was read there.",
            remedy: "export it again if something should be in it")
    ]
}

private func copies(_ copies: [(name: String, of: String)]) -> [Warning] {
    guard let first = copies.first else { return [] }
    let others = copies.count > 1 ? ", and \(copies.count - 1) more files are copies" : ""
    return [
        Warning(
            code: "same_content",
            text: "\(first.name) holds the same as \(first.of)\(others): what is in both was counted once.",
            remedy: "leave one of them out; if both count, put them into one file")
    ]
}

extension InputSummary {
    /// Adds what was counted in a part of the input.
    fileprivate mutating func add(_ part: EventAggregator, skipped: Int, shape: SourceShape) {
        format = shape.words
        events += part.total.events
        self.skipped += skipped
        first = [first, part.span.first].compactMap { $0 }.min()
        last = [last, part.span.last].compactMap { $0 }.max()
        assumptions += shape.remarks.assumptions
    }
}

/// What the ends of files say: that an export was cut off, or may have been.
private func endWarnings(
    _ inputs: [InputSummary], of sources: EventSources, roles: SourceRoles
) throws -> [Warning] {
    var warnings: [Warning] = []
    for (number, (input, source)) in zip(inputs, sources.sources).enumerated()
    where ["csv", "ndjson"].contains(input.format) {
        // A query that fails midway has its error behind the rows that were sent already.
        if try endsWithServerError(source.tail()) {
            throw IngestError(
                .damagedCompression, "the export ends with an error of ClickHouse: it is not all",
                at: input.source,
                remedy:
                    "mend the query and export again; wait_end_of_query=1 makes the server tell it at once")
        }
        guard input.format == "csv", roles[number].countsEachRecordOnce, input.skipped == 0 else { continue }
        warnings += capWarning(
            Int(input.events), caps: [1000, 5000, 10_000, 30_000], of: "rows",
            remedy:
                "downloads of web pages end there (Honeycomb at 1,000, Datadog at 5,000, Kibana and CloudWatch at 10,000, "
                + "Azure at 30,000): export with the API, or count on the server")
    }
    return warnings
}

/// Whether the last line is an error of ClickHouse rather than an event that tells of one.
private func endsWithServerError(_ tail: String) -> Bool {
    let last = tail.split(whereSeparator: \.isNewline).last ?? ""
    return last.contains("DB::Exception") && (last.hasPrefix("Code: ") || last.contains("__exception__"))
        || tail.contains("__exception__")
}

/// Without those that went well nothing can be said of how many failed.
package func onlyFailures(_ total: Rate) -> [Warning] {
    guard total.events >= 20, total.errors == total.events else { return [] }
    return [
        Warning(
            code: "only_failures", text: "Every event failed, so that their share cannot have changed.",
            remedy:
                "export the events that went well too; an error tracker knows only failures, access logs know both"
        )
    ]
}

private func skippedLines(_ count: Int, first: RejectedLine?) -> [Warning] {
    guard let first else { return [] }
    return [
        Warning(
            code: "skipped_lines",
            text:
                "\(count) \(count == 1 ? "line" : "lines") could not be read; the first is \(first.source):\(first.line): \(first.reason)",
            remedy: "mend or export these lines again; they are not counted")
    ]
}

/// An expression that never holds may be meant, or mistyped.
private func idleExpression(_ options: IngestOptions, _ total: Rate) -> [Warning] {
    guard let expression = options.errorExpression, total.events > 0, total.errors == 0 else { return [] }
    return [
        Warning(
            code: "nothing_fails", text: "Not one event fails by the expression '\(expression.prefix(200))'.",
            remedy: "where failures are known, check the names and values that it asks for")
    ]
}

/// An expression about a field that no event has holds for none, or for all: a mistyped name must not clear everybody.
///
/// - Returns: what is said where only some sources have the field.
private func requireFields(
    of roles: SourceRoles, seen: [Set<String>], in sources: EventSources
) throws(IngestError) -> [Warning] {
    let all = seen.reduce(into: Set<String>()) { $0.formUnion($1) }
    var warnings: [Warning] = []
    for (kind, seen) in zip(roles.kinds, seen) {
        for name in kind.roles.expression?.requiredFields ?? [] where !seen.contains(name) {
            guard all.contains(name) else {
                throw IngestError(
                    .missingRole, "no event has a field '\(name)', which the expression speaks of",
                    at: sources.sources.first?.name,
                    remedy:
                        "check its name; `blamedeploy explain FILE` without an expression says which fields it took for what",
                    about: .expression)
            }
            let source = sources.sources[kind.sources[0]].name
            warnings.append(
                Warning(
                    code: "field_not_in_source",
                    text: "No event of \(source) has a field '\(name)', which the expression speaks of.",
                    remedy: "name the field that it has beside it: '\(name) … or …'"))
        }
    }
    return warnings
}

/// `each row covers the 10 min from its time on`.
package func coverage(_ seconds: Int) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600)
    return "each row covers the \(hours * 3600 == seconds ? "\(hours) h" : "\(minutes) min") from its time on"
}

/// The first and the last of some instants.
struct EventSpan: Sendable, Equatable {
    var first: Instant?
    var last: Instant?

    mutating func add(_ instant: Instant) {
        guard let first, let last else {
            self = EventSpan(first: instant, last: instant)
            return
        }
        if instant < first { self.first = instant }
        if instant > last { self.last = instant }
    }

    mutating func merge(_ other: EventSpan) {
        if let first = other.first { add(first) }
        if let last = other.last { add(last) }
    }

    /// The part inside a window that both its ends may lie outside of.
    func clamped(to window: TimeWindow) -> EventSpan {
        let end = Instant(milliseconds: window.until.milliseconds - 1)
        func inside(_ instant: Instant) -> Instant { min(max(instant, window.since), end) }
        return EventSpan(first: first.map(inside), last: last.map(inside))
    }

    /// Whether it has a time in common with a window.
    func overlaps(_ window: TimeWindow) -> Bool {
        guard let first, let last else { return false }
        return first < window.until && last >= window.since
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

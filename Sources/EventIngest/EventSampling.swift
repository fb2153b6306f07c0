public import DeployModel
import Parallel
import Synchronization

/// Reads the events of two windows into a table, for comparison: the second pass.
///
/// When a class of events (failing or not, in the window of interest or in the baseline) has more than `limit`, the ones
/// with the smallest ``sampleKey(_:at:)`` are kept and stand for the others: neither the order of the events nor how they
/// are split into files changes the choice. All are kept where the windows have few altogether. The first pass noted where such events are, so that of a long window only they
/// are read; the blocks of a short one are read whole.
public func sampleTable(
    _ sources: EventSources, summary: EventSummary, interest: TimeWindow, baseline: TimeWindow?,
    options: IngestOptions, limit: Int? = nil
) throws -> EventTable {
    let windows = [interest, baseline].compactMap { $0 }
    let limit = limit ?? rowLimit(windows, of: summary)
    var kept = windows.flatMap { window in
        [true, false].map { KeptRecords(isFailing: $0, limit: limit, window: window) }
    }
    var unread: [Int] = []
    let chosen = concurrentMap(windows.flatMap { [($0, true), ($0, false)] }, workers: options.jobs) {
        choice(summary, window: $0.0, isFailing: $0.1, limit: limit)
    }
    for index in windows.indices {
        guard let failing = chosen[2 * index], let passing = chosen[2 * index + 1] else {
            unread.append(index)
            continue
        }
        kept[2 * index].keep(failing.addresses, standingFor: failing.count)
        kept[2 * index + 1].keep(passing.addresses, standingFor: passing.count)
    }
    var shapes = summary.shapes
    if !unread.isEmpty {
        try readWindows(
            unread.map { (windows[$0], [2 * $0, 2 * $0 + 1]) }, of: sources, summary: summary,
            options: options,
            into: &kept, shapes: &shapes)
    }
    return try table(&kept, of: sources, shapes: shapes, summary: summary, jobs: options.jobs)
}

/// How many events of a class are compared: all where there are few, else so many that what is left to chance does not show.
private func rowLimit(_ windows: [TimeWindow], of summary: EventSummary) -> Int {
    // Rows that stand for many events are not told from them here, and there are never as many.
    guard summary.sourceRoles.kinds.allSatisfy(\.roles.countsEachRecordOnce) else { return 20_000 }
    let few = 40_000
    let width = Int64(EventAggregator.bucketSeconds) * 1000
    let events = windows.reduce(0) { sum, window in
        let first = Int(floorDiv(window.since.milliseconds, width))
        let last = Int(floorDiv(window.until.milliseconds - 1, width))
        return sum + summary.minutes.total(in: first..<max(first, last) + 1).events
    }
    return events <= Double(few) ? few : 10_000
}

/// The addresses of a class in a window, at most `limit` or so, and how many events they stand for; `nil` when those that the
/// first pass noted are too few, or too many of them alike.
private func choice(_ summary: EventSummary, window: TimeWindow, isFailing: Bool, limit: Int) -> (
    addresses: [RecordAddress], count: Double
)? {
    guard let sample = summary.addresses else { return nil }
    let noted = isFailing ? sample.failing : sample.passing
    var inside = noted.addresses.filter { window.contains($0.time) }
    guard noted.isComplete || inside.count >= limit else { return nil }
    let count =
        noted.isComplete
        ? Double(inside.count)
        : summary.minutes.count(in: window, isFailing: isFailing, of: noted.addresses)
    if inside.count > limit {
        let bound = smallest(inside.map(\.key), limit)
        inside.removeAll { $0.key > bound }
    }
    // Where many records are alike, each would be read again; together they are one with their weight.
    guard inside.count < 100 || Set(inside.map(\.key)).count * 10 >= inside.count * 9 else { return nil }
    return (inside, count)
}

extension BucketCounts {
    /// How many events happened in a window: exact but for the minutes at its ends, which are shared out as the noted ones are.
    fileprivate func count(in window: TimeWindow, isFailing: Bool, of noted: [RecordAddress]) -> Double {
        let minute = Int64(EventAggregator.bucketSeconds) * 1000
        func number(_ range: Range<Int>) -> Double {
            let rate = total(in: range)
            return isFailing ? rate.errors : rate.events - rate.errors
        }
        let (first, last) = (
            floorDiv(window.since.milliseconds, minute), floorDiv(window.until.milliseconds, minute)
        )
        var count = number(Int(first)..<Int(max(last, first + 1)))
        for end in Set([first, last]) {
            let bucket = TimeWindow(
                since: Instant(milliseconds: end * minute), until: Instant(milliseconds: (end + 1) * minute))
            let all = noted.filter { bucket.contains($0.time) }
            let inside = all.filter { window.contains($0.time) }
            let share = all.isEmpty ? 0 : Double(inside.count) / Double(all.count)
            let own = number(Int(end)..<Int(end) + 1)
            count += end == first ? own * (share - 1) : own * share
        }
        return count
    }
}

/// The `rank`-th smallest of some numbers: by parting them around one of them until only one is left (Hoare 1961).
private func smallest(_ numbers: [UInt64], _ rank: Int) -> UInt64 {
    var (numbers, rank) = (numbers, rank)
    while true {
        let pivot = numbers[numbers.count / 2]
        let below = numbers.filter { $0 < pivot }
        if rank <= below.count {
            numbers = below
            continue
        }
        let equal = numbers.count { $0 == pivot }
        guard rank > below.count + equal else { return pivot }
        rank -= below.count + equal
        numbers.removeAll { $0 <= pivot }
    }
}

/// Chooses among all events of some windows, each with the places of its two classes in `kept`.
private func readWindows(
    _ windows: [(window: TimeWindow, classes: [Int])], of sources: EventSources, summary: EventSummary,
    options: IngestOptions, into kept: inout [KeptRecords], shapes: inout [SourceShape]
) throws {
    let all = sources.sources
    let parts = Mutex(WindowParts(all, summary, windows: windows.map(\.window), options: options))
    // Each part may hold the bytes of tens of thousands of records until it is merged.
    let limit = options.jobs + 1
    while true {
        // Each round knows what the ones before it found, and keeps less.
        let empty = windows.flatMap { $0.classes.map { kept[$0].emptied } }
        let found = try concurrentMap(
            upTo: limit, workers: options.jobs, room: PartBytes.init,
            taking: { bytes in try parts.withLock { try $0.next(into: &bytes) } },
            { part, bytes in
                let plan = summary.plans[part.source]
                var own = SampledPart(
                    kept: empty, reading: EventReading(summary.sourceRoles[part.source], depth: .outcome),
                    source: part.source, isPlain: plan.isOfRecords && plan.compression == .none)
                let shape = try own.read(
                    part.extent, &bytes, of: all[part.source], plan: plan, options: options)
                return (part: part, kept: own.kept, shape: shape)
            })
        for (part, own, shape) in found {
            for (place, records) in zip(windows.flatMap(\.classes), own) { kept[place].merge(records) }
            if let shape { shapes[part.source] = shape }
        }
        if found.count < limit { return }
    }
}

/// The parts of the input that may hold events of some windows, one after the other.
private final class WindowParts {
    private let windows: [TimeWindow]
    private let blocks: [[BlockSpan]]
    /// Neighbouring blocks of plain files together, up to a size.
    private var ranges: ArraySlice<InputPart>
    /// All parts of the other files.
    private let others: InputParts

    private static let rangeBytes = 8 << 20

    init(
        _ sources: [EventSources.Source], _ summary: EventSummary, windows: [TimeWindow],
        options: IngestOptions
    ) {
        self.windows = windows
        blocks = summary.blocks
        var ranges: [InputPart] = []
        for (source, blocks) in summary.blocks.enumerated() {
            guard case .ranges = summary.plans[source] else { continue }
            var last: Range<Int>?
            for block in blocks where windows.contains(where: block.span.overlaps) {
                if let range = last, range.upperBound == block.range.lowerBound,
                    range.count < Self.rangeBytes
                {
                    let range = range.lowerBound..<block.range.upperBound
                    ranges[ranges.count - 1].extent = .range(range)
                    last = range
                } else {
                    ranges.append(InputPart(source: source, extent: .range(block.range)))
                    last = block.range
                }
            }
        }
        self.ranges = ranges[...]
        let plans = summary.plans.map { if case .ranges = $0 { ReadingPlan.ranges(size: 0) } else { $0 } }
        let empty = summary.inputs.indices.filter { summary.inputs[$0].first == nil }
        others = InputParts(sources, plans, partBytes: options.partBytes, except: Set(empty))
    }

    func next(into bytes: inout PartBytes) throws -> InputPart? {
        if let range = ranges.popFirst() { return range }
        while let part = try others.next(into: &bytes) {
            guard case .cut = part.extent else { return part }
            let range = bytes.offset..<bytes.offset + bytes.length
            let all = blocks[part.source]
            // They are in order.
            let first = all.partitioningIndex { $0.range.upperBound > range.lowerBound }
            let own = all[first...].prefix { $0.range.lowerBound < range.upperBound }
            if own.contains(where: { block in self.windows.contains(where: block.span.overlaps) }) {
                return part
            }
        }
        return nil
    }
}

/// The fold that chooses events of a part of the input.
private struct SampledPart: RecordSink {
    var kept: [KeptRecords]
    var reading: EventReading
    let source: Int
    /// Whether records can be read again from where they are.
    let isPlain: Bool

    /// - Returns: what an export said of itself.
    mutating func read(
        _ extent: InputPart.Extent, _ bytes: inout PartBytes, of source: EventSources.Source,
        plan: ReadingPlan, options: IngestOptions
    ) throws -> SourceShape? {
        let wanted = WantedFields(reading.wanted)
        switch extent {
        case .range(let range): _ = try source.read(range, wanted, into: &self)
        case .cut: _ = try plan.read(bytes, wanted, into: &self)
        case .whole:
            guard let cutter = try plan.cutter(of: source, sizes: PartSizes(each: options.partBytes)) else {
                return try source.read(wanted, options: options, into: &self)
            }
            while try cutter.next(into: &bytes) { _ = try plan.read(bytes, wanted, into: &self) }
        }
        return nil
    }

    mutating func accept(_ record: Record, line: Int) {
        guard case .success(let event) = reading.read(record) else { return }
        var key: UInt64?
        for index in kept.indices where kept[index].window.contains(event.time) {
            let weight = kept[index].isFailing ? event.errors : event.events - event.errors
            guard weight > 0 else { continue }
            let own = key ?? sampleKey(record.bytes, at: event.time)
            key = own
            kept[index].add(
                record, source: source, isPlain: isPlain, key: own, time: event.time, weight: weight)
        }
    }
}

/// The records of a class with the smallest keys, at most `limit`; equal records are one of them with the weight of all.
///
/// A record that stays in the end had a key below the bound from its first copy on, so that all its copies were counted.
struct KeptRecords: Sendable {
    struct Kept: Sendable {
        var key: UInt64
        /// Of all bytes; 0 for a record that was not looked at yet.
        var hash: UInt64 = 0
        var time: Instant
        var weight: Double
        var source: Int
        /// Where it is in a plain file.
        var offset: Int, length: Int
        /// Its bytes, when it can only be read from the start of its file.
        var bytes: [UInt8] = []

        fileprivate var order: (UInt64, UInt64) { (key, hash) }
    }

    let isFailing: Bool
    let limit: Int
    let window: TimeWindow
    /// Where each hash is in ``kept``.
    private var byHash: [UInt64: Int] = [:]
    private(set) var kept: [Kept] = []
    private(set) var weight = 0.0
    /// The places in ``kept``, once there are as many as may be; a heap with the largest key on top.
    private var heap: [Int] = []
    /// Keys beyond this are not kept.
    private var bound = UInt64.max

    init(isFailing: Bool, limit: Int, window: TimeWindow) {
        self.isFailing = isFailing
        self.limit = limit
        self.window = window
    }

    /// The same bound without the records.
    var emptied: KeptRecords {
        var copy = KeptRecords(isFailing: isFailing, limit: limit, window: window)
        copy.bound = bound
        return copy
    }

    /// Keeps records that were chosen already, and that stand for so many events.
    mutating func keep(_ addresses: [RecordAddress], standingFor count: Double) {
        weight += count
        kept += addresses.map {
            Kept(
                key: $0.key, time: $0.time, weight: 1, source: Int($0.source), offset: $0.offset,
                length: Int($0.length))
        }
    }

    mutating func add(
        _ record: Record, source: Int, isPlain: Bool, key: UInt64, time: Instant, weight: Double
    ) {
        self.weight += weight
        guard key <= bound else { return }
        let hash = hashed(record.bytes)
        if let known = byHash[hash] {
            kept[known].weight += weight
            return
        }
        keep(
            Kept(
                key: key, hash: hash, time: time, weight: weight, source: source, offset: record.offset,
                length: record.bytes.count, bytes: isPlain ? [] : Array(record.bytes)))
    }

    /// Adds what was kept of another part of the input.
    mutating func merge(_ other: KeptRecords) {
        weight += other.weight
        for record in other.kept where record.key <= bound {
            if let known = byHash[record.hash] { kept[known].weight += record.weight } else { keep(record) }
        }
    }

    private mutating func keep(_ record: Kept) {
        if let top = heap.first {
            guard record.order < kept[top].order else { return }
            byHash[kept[top].hash] = nil
            kept[top] = record
            byHash[record.hash] = top
            sink(0)
        } else {
            byHash[record.hash] = kept.count
            kept.append(record)
            guard kept.count == limit else { return }
            heap = Array(kept.indices)
            for index in (0..<limit / 2).reversed() { sink(index) }
        }
        bound = heap.first.map { kept[$0].key } ?? bound
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var largest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && kept[heap[child]].order > kept[heap[largest]].order {
                largest = child
            }
            guard largest != parent else { return }
            heap.swapAt(parent, largest)
            parent = largest
        }
    }

    /// What one kept event's weight must be multiplied by to stand for all.
    var scale: Double {
        let own = kept.reduce(0) { $0 + $1.weight }
        return own > 0 ? weight / own : 1
    }
}

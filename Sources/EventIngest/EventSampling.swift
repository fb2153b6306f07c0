public import DeployModel

/// Reads the events of two windows into a table, for comparison: the second pass.
///
/// When a class of events (failing or not, in the window of interest or in the baseline) has more than `limit`, the ones
/// with the smallest hash of their bytes are kept and stand for the others: neither the order of the events nor how they
/// are split into files changes the choice.
public func sampleTable(
    _ sources: EventSources, summary: EventSummary, interest: TimeWindow, baseline: TimeWindow?,
    options: IngestOptions, limit: Int = 30_000
) throws -> EventTable {
    var classes = (0..<4).map { _ in KeptRecords(limit: limit) }
    var headers: [[String]] = []
    for (file, source) in sources.sources.enumerated() {
        var reading = EventReading(summary.roles)
        headers.append([])
        let shape = try source.forEachRecord(
            forced: options.formatIn,
            accept: { record in
                guard case .success(let event) = reading.read(record) else { return }
                let isInterest = interest.contains(event.time)
                guard isInterest || baseline?.contains(event.time) ?? false else { return }
                let hash = hashed(record.bytes)
                let first = isInterest ? 0 : 2
                for (offset, weight) in [(0, event.errors), (1, event.events - event.errors)] where weight > 0
                {
                    classes[first + offset].add(
                        hash, record.bytes, file: file, time: event.time, weight: weight)
                }
            }, reject: { _, _ in })
        headers[file] = shape.format == .csv ? shape.header : []
    }
    return try table(&classes, headers: headers, roles: summary.roles)
}

/// A multiplicative hash of eight bytes at a time, mixed at the end as in MurmurHash3's finaliser (Appleby, 2008), so
/// that the smallest hashes are a fair sample. The same bytes have the same hash on every machine.
private func hashed(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    func mixed(_ value: UInt64) -> UInt64 {
        var hash = value
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
    var hash = UInt64(bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
        offset += 8
    }
    var rest: UInt64 = 0
    for byte in bytes[offset...] { rest = rest << 8 | UInt64(byte) }
    return mixed(mixed(hash ^ rest))
}

/// The records of a class with the smallest hashes, at most `limit`; equal records are one of them with the weight of all.
///
/// A record that stays in the end had a hash below the limit from its first copy on, so that all its copies were counted.
private struct KeptRecords {
    struct Kept {
        var hash: UInt64
        var time: Instant
        var weight: Double
        var file: Int
        var bytes: [UInt8]
    }

    let limit: Int
    private var byHash: [UInt64: Kept] = [:]
    private(set) var weight = 0.0
    /// The hashes that are kept, once there are as many as may be; a heap with the largest on top.
    private var heap: [UInt64] = []

    init(limit: Int) { self.limit = limit }

    var kept: some Collection<Kept> { byHash.values }

    mutating func add(
        _ hash: UInt64, _ bytes: UnsafeRawBufferPointer, file: Int, time: Instant, weight: Double
    ) {
        self.weight += weight
        if let top = heap.first, hash > top { return }
        if byHash[hash] != nil {
            byHash[hash]?.weight += weight
            return
        }
        if let top = heap.first {
            byHash[top] = nil
            heap[0] = hash
            sink(0)
        }
        byHash[hash] = Kept(hash: hash, time: time, weight: weight, file: file, bytes: Array(bytes))
        guard heap.isEmpty, byHash.count == limit else { return }
        heap = Array(byHash.keys)
        for index in (0..<limit / 2).reversed() { sink(index) }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var largest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child] > heap[largest] {
                largest = child
            }
            guard largest != parent else { return }
            heap.swapAt(parent, largest)
            parent = largest
        }
    }

    /// What one kept event's weight must be multiplied by to stand for all.
    var scale: Double {
        let own = byHash.values.reduce(0) { $0 + $1.weight }
        return own > 0 ? weight / own : 1
    }
}

/// The table of the kept records, which are given up one by one as they enter it: both together would not fit.
private func table(_ classes: inout [KeptRecords], headers: [[String]], roles: RoleAssignment) throws
    -> EventTable
{
    var rows: [(kept: KeptRecords.Kept, isFailing: Bool, weight: Double)] = []
    let seen = classes.reduce(0) { $0 + $1.weight }
    var isSample = false
    for (position, records) in classes.enumerated() {
        let scale = records.scale
        isSample = isSample || scale > 1.000_001
        rows += records.kept.map { ($0, position % 2 == 0, $0.weight * scale) }
    }
    classes = []
    rows.sort { a, b in
        if a.kept.time != b.kept.time { return a.kept.time < b.kept.time }
        return (a.kept.hash, a.isFailing ? 0 : 1) < (b.kept.hash, b.isFailing ? 0 : 1)
    }
    let parser = try JSONRecordParser()
    var builder = ColumnsBuilder(leavingOut: Set([roles.fields[.time]].compactMap { $0 }))
    let columns = headers.map(ColumnNames.init)
    for row in rows.indices {
        let entry = rows[row]
        rows[row].kept.bytes = []
        if columns[entry.kept.file].isEmpty {
            var padded = entry.kept.bytes
            padded.append(contentsOf: repeatElement(0, count: JSONRecordParser.padding))
            padded.withUnsafeBytes { buffer in
                let line = UnsafeRawBufferPointer(rebasing: buffer[..<entry.kept.bytes.count])
                if case .success(let fields) = parser.parse(line) { builder.add(fields, row: row) }
            }
        } else {
            try columns[entry.kept.file].withRecord(entry.kept.bytes, line: 0) {
                builder.add($0.fields, row: row)
            }
        }
    }
    let counts: Set<FieldRole> = [.errors, .successes, .count, .errorKinds, .weight]
    let countFields = Set(roles.fields.filter { counts.contains($0.key) }.values)
    return EventTable(
        times: rows.map(\.kept.time), failing: rows.map(\.isFailing), weights: rows.map(\.weight),
        columns: builder.columns(rows: rows.count).filter { !countFields.contains($0.name) },
        roles: roles.fields, sampledFrom: isSample ? seen : nil)
}

/// Puts fields of rows into columns with dictionaries.
private struct ColumnsBuilder {
    private struct Building {
        var name: String
        var path: [UInt8]
        var values: [FieldValue] = []
        var codes: [Int32] = []
        var index: [FieldValue: Int32] = [:]
    }

    private static let limit = 500
    private let leftOut: Set<String>
    private var building: [Building] = []
    private var positions: [String: Int] = [:]
    /// For each position in a record the column it was the last time.
    private var guesses: [Int] = []

    init(leavingOut: Set<String>) { leftOut = leavingOut }

    mutating func add(_ fields: [RecordField], row: Int) {
        for (slot, field) in fields.enumerated() {
            guard let value = field.value, let column = column(of: field, slot: slot) else { continue }
            // Rows without the field so far, and a field that stands twice in a row: the last one counts.
            while building[column].codes.count < row { building[column].codes.append(-1) }
            if building[column].codes.count > row { building[column].codes.removeLast() }
            let code = building[column].index[value] ?? Int32(building[column].values.count)
            if Int(code) == building[column].values.count {
                building[column].values.append(value)
                building[column].index[value] = code
            }
            building[column].codes.append(code)
        }
    }

    private mutating func column(of field: RecordField, slot: Int) -> Int? {
        if slot < guesses.count, guesses[slot] >= 0, field.isNamed(building[guesses[slot]].path) {
            return guesses[slot]
        }
        let name = field.name
        guard !leftOut.contains(name) else { return nil }
        let position: Int
        if let known = positions[name] {
            position = known
        } else {
            guard building.count < Self.limit else { return nil }
            position = building.count
            positions[name] = position
            building.append(Building(name: name, path: Array(name.utf8)))
        }
        while guesses.count <= slot { guesses.append(-1) }
        guesses[slot] = position
        return position
    }

    func columns(rows: Int) -> [EventTable.Column] {
        building.map { column in
            let missing = repeatElement(Int32(-1), count: rows - column.codes.count)
            return EventTable.Column(name: column.name, values: column.values, codes: column.codes + missing)
        }.sorted { $0.name < $1.name }
    }
}

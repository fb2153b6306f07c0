import DeployModel
import Parallel
import Synchronization

/// A row of the table before its fields are read.
private struct Row: Sendable {
    var kept: KeptRecords.Kept
    var isFailing: Bool
    var weight: Double
}

/// The table of kept records: rows in order of time, read a few thousand at a time, the columns shared out to threads.
func table(
    _ classes: inout [KeptRecords], of sources: EventSources, shapes: [SourceShape],
    summary: EventSummary, jobs: Int
) throws -> EventTable {
    let seen = classes.reduce(0) { $0 + $1.weight }
    var isSample = false
    var rows: [Row] = []
    for records in classes {
        let scale = records.scale
        isSample = isSample || scale > 1.000_001
        rows += records.kept.map { Row(kept: $0, isFailing: records.isFailing, weight: $0.weight * scale) }
    }
    classes = []
    // What cannot be read again from its file was kept.
    let files = zip(sources.sources, summary.plans).map { source, plan in
        guard let spool = summary.spool, plan.compression != .none else { return source }
        return EventSources.Source(name: source.name, path: spool.path)
    }
    rows = try ordered(rows, of: files, workers: jobs)
    let (times, failing, weights) = (rows.map(\.kept.time), rows.map(\.isFailing), rows.map(\.weight))
    let columns = Columns(rows: rows.count)
    var pieces = pieces(of: rows)
    rows = []
    while !pieces.isEmpty {
        // What was read is let go before more is.
        let slabs = try concurrentMap(Array(pieces.prefix(32)), workers: jobs) {
            try Slab($0, of: files, shapes: shapes)
        }
        pieces.removeFirst(slabs.count)
        try columns.add(slabs, workers: jobs)
    }
    let counts: Set<FieldRole> = [.errors, .successes, .count, .errorKinds, .weight]
    let kinds = summary.sourceRoles.kinds.map(\.roles.fields)
    let leftOut = Set(kinds.flatMap { $0.filter { $0.key == .time || counts.contains($0.key) }.values })
    var table = EventTable(
        times: times, failing: failing, weights: weights,
        columns: columns.finished().filter { !leftOut.contains($0.name) }.sorted { $0.name < $1.name },
        roles: kinds.reduce(summary.roles.fields) { $0.merging($1) { main, _ in main } },
        sampledFrom: isSample ? seen : nil)
    table.fieldsLeftOut = columns.leftOut.count
    return table
}

/// Cuts rows into pieces that fit into the caches: of at most 512 and a megabyte or so.
private func pieces(of rows: [Row]) -> [Piece] {
    var pieces: [Piece] = []
    var bytes = 0
    for (index, row) in rows.enumerated() {
        if pieces.isEmpty || pieces[pieces.count - 1].rows.count == 512 || bytes > 1 << 20 {
            pieces.append(Piece(first: index, rows: []))
            bytes = 0
        }
        pieces[pieces.count - 1].rows.append(row)
        bytes += row.kept.length
    }
    return pieces
}

/// Neighbouring rows.
private struct Piece: Sendable {
    /// The index of the first one.
    var first: Int
    var rows: [Row]
}

/// Rows in order of time, then of their content: the same whatever the order of the input.
private func ordered(_ rows: [Row], of sources: [EventSources.Source], workers: Int) throws -> [Row] {
    struct Place: Comparable {
        var time: Int64, key: UInt64, hash: UInt64, isPassing: Int, index: Int
        static func < (a: Place, b: Place) -> Bool {
            if a.time != b.time { return a.time < b.time }
            return (a.key, a.hash, a.isPassing, a.index) < (b.key, b.hash, b.isPassing, b.index)
        }
    }
    // The standard library's sort finds what is in order already.
    let size = max(rows.count / 8, 1000)
    let sorted = concurrentMap(Array(stride(from: 0, to: rows.count, by: size)), workers: workers) { start in
        (start..<min(start + size, rows.count)).map { index in
            let kept = rows[index].kept
            return Place(
                time: kept.time.milliseconds, key: kept.key, hash: kept.hash,
                isPassing: rows[index].isFailing ? 0 : 1, index: index)
        }.sorted()
    }
    var places = sorted.flatMap(\.self)
    places.sort()
    // Rows that agree in time and key are told apart by all of their bytes.
    var isTied = false
    for next in places.indices.dropFirst()
    where places[next].key == places[next - 1].key && places[next].time == places[next - 1].time {
        isTied = true
        for place in [next - 1, next] where places[place].hash == 0 {
            let bytes = try rows[places[place].index].kept.read(of: sources)
            places[place].hash = bytes.withUnsafeBytes(hashed)
        }
    }
    if isTied { places.sort() }
    return places.map { rows[$0.index] }
}

extension KeptRecords.Kept {
    /// The bytes of the record.
    func read(of sources: [EventSources.Source]) throws -> [UInt8] {
        guard bytes.isEmpty else { return bytes }
        let file = try FileDescriptor(reading: sources[source].path)
        var bytes = [UInt8](repeating: 0, count: length)
        let filled = try bytes.withUnsafeMutableBytes {
            try file.read(into: $0, at: offset, path: sources[source].name)
        }
        guard filled == length else { throw fileBecameShorter(sources[source]) }
        return bytes
    }
}

/// Some rows, read: the values of each field, spelled as in their records.
private struct Slab: Sendable {
    /// A field of the rows.
    struct Column: Sendable {
        /// The spellings of its values in order of first appearance; those of different kinds are different.
        private(set) var spellings = NameTable()
        private(set) var kinds: [RecordField.Kind] = []
        /// For each row of the slab the number of its spelling, or −1 where it has no such field.
        private(set) var numbers: [Int32]

        init(rows: Int) { numbers = Array(repeating: -1, count: rows) }

        mutating func add(_ field: RecordField, row: Int) {
            let number = spellings.number(adding: field.text, mark: field.kind.rawValue)
            if number == kinds.count { kinds.append(field.kind) }
            numbers[row] = Int32(number)
        }
    }

    /// Neighbouring records of one shape.
    private struct Run: Sendable {
        var bytes: Range<Int>, rows: Range<Int>
        var shape: SourceShape
    }

    /// The index of the first row.
    let first: Int
    private let rowCount: Int
    /// The names of the fields in order of first appearance.
    private(set) var names: [String] = []
    private(set) var columns: [Column] = []
    /// Names for which there was no room.
    private(set) var leftOut: Set<String> = []
    /// The records, one after the other, where there was no room for a field.
    private var bytes: [UInt8] = []
    private var runs: [Run] = []

    /// More than a table has columns: which of them it has is known only where all rows are.
    private static let fieldLimit = 2048

    init(_ piece: Piece, of sources: [EventSources.Source], shapes: [SourceShape]) throws {
        first = piece.first
        rowCount = piece.rows.count
        let length = piece.rows.reduce(0) { $0 + $1.kept.length + 1 }
        bytes = Array(repeating: 0x0A, count: length + PartBytes.padding)
        var files = OpenFiles(sources)
        var start = 0
        for row in piece.rows {
            try bytes.withUnsafeMutableBytes {
                try files.fetch(
                    row.kept,
                    into: UnsafeMutableRawBufferPointer(rebasing: $0[start..<start + row.kept.length]))
            }
            start += row.kept.length + 1
        }
        var rows = piece.rows[...]
        start = 0
        while let next = rows.first {
            let shape = shapes[next.kept.source]
            // The names of delimited text stand in the header of its file.
            let run = rows.prefix {
                shapes[$0.kept.source].format == shape.format
                    && (shape.format != .csv || $0.kept.source == next.kept.source)
            }
            let end = run.reduce(start) { $0 + $1.kept.length + 1 }
            runs.append(Run(bytes: start..<end, rows: run.startIndex..<run.endIndex, shape: shape))
            start = end
            rows = rows[run.endIndex...]
        }
        try read(WantedFields(upTo: Self.fieldLimit))
        if leftOut.isEmpty { (bytes, runs) = ([], []) }
    }

    /// Reads the records, of all fields some.
    private mutating func read(_ wanted: WantedFields) throws {
        var sink = SlabSink(rows: rowCount, wanted)
        var lines = try JSONLines(wanted)
        for run in runs {
            sink.rows = run.rows
            try bytes.withUnsafeBytes { bytes in
                let block = UnsafeRawBufferPointer(rebasing: bytes[run.bytes])
                if run.shape.format == .csv {
                    var records = DelimitedRecords(
                        header: run.shape.header, delimiter: run.shape.delimiter, wanted: wanted)
                    try records.readWhole(block, into: &sink)
                } else {
                    var line = 0
                    try lines.read(block, line: &line, into: &sink)
                }
            }
        }
        sink.makeRoom()
        (names, columns, leftOut) = (wanted.names, sink.columns, wanted.leftOut)
    }

    /// Reads the records once more where there was no room for a field that is wanted.
    mutating func complete(_ wanted: [String]) throws {
        guard !leftOut.isEmpty, !Set(wanted).isSubset(of: names) else { return }
        let known = leftOut
        try read(WantedFields(ofAll: wanted))
        leftOut = known
    }
}

/// Files from which records are fetched.
private struct OpenFiles {
    private let sources: [EventSources.Source]
    private var files: [Int: OpenFile] = [:]

    private final class OpenFile {
        let descriptor: FileDescriptor
        init(_ source: EventSources.Source) throws { descriptor = try FileDescriptor(reading: source.path) }
    }

    init(_ sources: [EventSources.Source]) { self.sources = sources }

    mutating func fetch(_ record: KeptRecords.Kept, into room: UnsafeMutableRawBufferPointer) throws {
        guard record.bytes.isEmpty else { return room.copyBytes(from: record.bytes) }
        let source = sources[record.source]
        // Systems allow a process a few hundred open files.
        if files[record.source] == nil, files.count >= 16 { files = [:] }
        let file = try files[record.source] ?? OpenFile(source)
        files[record.source] = file
        guard try file.descriptor.read(into: room, at: record.offset, path: source.name) == room.count else {
            throw fileBecameShorter(source)
        }
    }
}

/// Takes the values of records while these are in the caches.
private struct SlabSink: RecordSink {
    private(set) var columns: [Slab.Column] = []
    /// The rows of the records that follow.
    var rows = 0..<0
    private let rowCount: Int
    private let wanted: WantedFields

    init(rows: Int, _ wanted: WantedFields) {
        rowCount = rows
        self.wanted = wanted
    }

    // A record may span several lines, so that they are counted by themselves.
    mutating func accept(_ record: Record, line: Int) {
        // A file that is written anew meanwhile may have more of them.
        guard let row = rows.popFirst() else { return }
        makeRoom()
        for place in columns.indices {
            let field = record.fields[place]
            if field.isPresent { columns[place].add(field, row: row) }
        }
    }

    mutating func reject(line: Int, reason: String) { _ = rows.popFirst() }

    /// A column for each field that is known by now.
    mutating func makeRoom() {
        while columns.count < wanted.names.count { columns.append(Slab.Column(rows: rowCount)) }
    }
}

/// The columns of a table while rows are added, each of them by one thread at a time.
private final class Columns {
    private let rowCount: Int
    private var names: [String] = []
    private var building: [Building] = []
    private var places: [String: Int] = [:]
    /// Names for which there was no room; no more than are counted.
    private(set) var leftOut: Set<String> = []

    private static let fieldLimit = 500

    private final class Building: Sendable {
        let column: Mutex<ColumnBuilder>
        init(rows: Int) { column = Mutex(ColumnBuilder(rows: rows)) }
    }

    init(rows: Int) { rowCount = rows }

    func add(_ slabs: [Slab], workers: Int) throws {
        for slab in slabs { for name in slab.names { _ = place(of: name) } }
        var slabs = slabs
        for slab in slabs.indices { try slabs[slab].complete(names) }
        // For each column where its values are.
        var fields = [[(slab: Int, field: Int)]](repeating: [], count: building.count)
        for (number, slab) in slabs.enumerated() {
            for (field, name) in slab.names.enumerated() {
                guard let place = places[name] else { continue }
                fields[place].append((number, field))
            }
            for name in slab.leftOut where places[name] == nil { leave(name) }
        }
        let (building, read) = (building, slabs)
        _ = concurrentMap(Array(fields.enumerated()), workers: workers) { place, fields in
            building[place].column.withLock { column in
                for (slab, field) in fields { column.add(read[slab].columns[field], from: read[slab].first) }
            }
        }
    }

    private func place(of name: String) -> Int? {
        if let known = places[name] { return known }
        guard names.count < Self.fieldLimit else {
            leave(name)
            return nil
        }
        places[name] = names.count
        names.append(name)
        building.append(Building(rows: rowCount))
        return names.count - 1
    }

    private func leave(_ name: String) {
        if leftOut.count < WantedFields.leftOutLimit { leftOut.insert(name) }
    }

    func finished() -> [EventTable.Column] {
        zip(names, building).compactMap { name, building in
            building.column.withLock { column in
                guard !column.values.isEmpty else { return nil }
                return EventTable.Column(
                    name: name, values: column.values, codes: column.codes, elements: column.elements)
            }
        }
    }
}

/// One column with its dictionary.
private struct ColumnBuilder {
    private(set) var values: [FieldValue] = []
    private(set) var codes: [Int32]
    private(set) var elements: [Int32: [FieldValue]] = [:]
    /// Made for the first array.
    private var arrays: JSONRecordParser?
    /// The spellings met so far and the code of each: `7` and `7.0` are one value.
    private var spellings = NameTable()
    private var codesOfSpellings: [Int32] = []
    private var numbers: [Double: Int32] = [:]

    /// Of an array only so many distinct elements are kept.
    private static let elementLimit = 100

    init(rows: Int) { codes = Array(repeating: -1, count: rows) }

    /// Adds neighbouring rows.
    mutating func add(_ column: Slab.Column, from first: Int) {
        let known = spellings.add(column.spellings)
        for (number, spelling) in known.enumerated() where spelling == codesOfSpellings.count {
            column.spellings.withText(of: number) { addSpelling(column.kinds[number], $0) }
        }
        for (row, number) in column.numbers.enumerated() where number >= 0 {
            codes[first + row] = codesOfSpellings[known[Int(number)]]
        }
    }

    private mutating func addSpelling(_ kind: RecordField.Kind, _ text: UnsafeRawBufferPointer) {
        let field = RecordField(kind: kind, text: text)
        // Delimited text has `True` and `FALSE` as well.
        let value = kind == .bool ? .bool(text.first.map { $0 | 0x20 } == 0x74) : field.value
        let code = value.map { self.code(of: $0) } ?? -1
        codesOfSpellings.append(code)
        if kind == .array { note(field, code) }
    }

    /// An array of labels is kept as its text, with its elements.
    private mutating func note(_ array: RecordField, _ code: Int32) {
        if arrays == nil { arrays = try? JSONRecordParser() }
        let found = arrays?.elements(of: array.text).prefix(Self.elementLimit) ?? []
        if !found.isEmpty { elements[code] = Array(found) }
    }

    private mutating func code(of value: FieldValue) -> Int32 {
        let next = Int32(values.count)
        if case .number(let number) = value {
            if let known = numbers[number] { return known }
            numbers[number] = next
        }
        values.append(value)
        return next
    }
}

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
    rows = try ordered(rows, of: files)
    let (times, failing, weights) = (rows.map(\.kept.time), rows.map(\.isFailing), rows.map(\.weight))
    let shareCount = max(1, min(jobs, 8))
    let shares = try (0..<shareCount).map { try ColumnShare(rows: rows.count, share: ($0, shareCount)) }
    var pieces = pieces(of: rows)
    rows = []
    while !pieces.isEmpty {
        // What was read is let go before more is.
        let slabs = try concurrentMap(Array(pieces.prefix(8)), workers: jobs) {
            try Slab($0, of: files, shapes: shapes)
        }
        pieces.removeFirst(slabs.count)
        _ = try concurrentMap(shares, workers: jobs) { try $0.read(slabs) }
    }
    let counts: Set<FieldRole> = [.errors, .successes, .count, .errorKinds, .weight]
    let kinds = summary.sourceRoles.kinds.map(\.roles.fields)
    let leftOut = Set(kinds.flatMap { $0.filter { $0.key == .time || counts.contains($0.key) }.values })
    let columns = shares.flatMap { $0.columns() }.filter { !leftOut.contains($0.name) }
    var table = EventTable(
        times: times, failing: failing, weights: weights, columns: columns.sorted { $0.name < $1.name },
        roles: kinds.reduce(summary.roles.fields) { $0.merging($1) { main, _ in main } },
        sampledFrom: isSample ? seen : nil)
    table.fieldsLeftOut = shares.first?.fieldsLeftOut ?? 0
    return table
}

/// Cuts rows into pieces of at most 1024 and four megabytes or so.
private func pieces(of rows: [Row]) -> [Piece] {
    var pieces: [Piece] = []
    var bytes = 0
    for (index, row) in rows.enumerated() {
        if pieces.isEmpty || pieces[pieces.count - 1].rows.count == 1024 || bytes > 4 << 20 {
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
private func ordered(_ rows: [Row], of sources: [EventSources.Source]) throws -> [Row] {
    struct Place: Comparable {
        var time: Int64, key: UInt64, hash: UInt64, isPassing: Int, index: Int
        static func < (a: Place, b: Place) -> Bool {
            (a.time, a.key, a.hash, a.isPassing, a.index) < (b.time, b.key, b.hash, b.isPassing, b.index)
        }
    }
    var places = rows.enumerated().map { index, row in
        Place(
            time: row.kept.time.milliseconds, key: row.kept.key, hash: row.kept.hash,
            isPassing: row.isFailing ? 0 : 1,
            index: index)
    }.sorted()
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

/// Some rows, one record after the other, of one shape.
private struct Slab: Sendable {
    struct Block: Sendable {
        var shape: SourceShape
        /// Whose records these are, where their names stand in a header.
        var source: Int
        var bytes: [UInt8] = []
        var rows: [Int] = []
    }

    private(set) var blocks: [Block] = []

    init(_ piece: Piece, of sources: [EventSources.Source], shapes: [SourceShape]) throws {
        var files: [Int: Int] = [:]
        var descriptors: [OpenFile] = []
        for (row, entry) in piece.rows.enumerated() {
            let record = entry.kept
            let shape = shapes[record.source]
            if blocks.last.map({
                $0.shape.format != shape.format || shape.format == .csv && $0.source != record.source
            })
                ?? true
            {
                blocks.append(Block(shape: shape, source: record.source))
            }
            let last = blocks.count - 1
            blocks[last].rows.append(piece.first + row)
            if record.bytes.isEmpty {
                let known = files[record.source]
                if known == nil {
                    // Systems allow a process a few hundred open files.
                    if descriptors.count >= 16 { (descriptors, files) = ([], [:]) }
                    files[record.source] = descriptors.count
                    descriptors.append(try OpenFile(sources[record.source]))
                }
                try descriptors[known ?? descriptors.count - 1].append(record, to: &blocks[last].bytes)
            } else {
                blocks[last].bytes += record.bytes
            }
            blocks[last].bytes.append(0x0A)
        }
        for block in blocks.indices {
            blocks[block].bytes.append(contentsOf: repeatElement(0, count: PartBytes.padding))
        }
    }

    /// A file from which records are fetched.
    private final class OpenFile {
        private let file: FileDescriptor
        private let source: EventSources.Source

        init(_ source: EventSources.Source) throws {
            file = try FileDescriptor(reading: source.path)
            self.source = source
        }

        func append(_ record: KeptRecords.Kept, to bytes: inout [UInt8]) throws {
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: record.length))
            let filled = try bytes.withUnsafeMutableBytes {
                try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]), at: record.offset,
                    path: source.name)
            }
            guard filled == record.length else { throw fileBecameShorter(source) }
        }
    }
}

/// The columns that one thread builds.
private final class ColumnShare: Sendable {
    private let builder: Mutex<ColumnsBuilder>

    init(rows: Int, share: (remainder: Int, of: Int)) throws {
        builder = Mutex(try ColumnsBuilder(rows: rows, share: share))
    }

    func read(_ slabs: [Slab]) throws {
        try builder.withLock { builder in
            for slab in slabs {
                for block in slab.blocks { try builder.read(block) }
            }
        }
    }

    func columns() -> [EventTable.Column] { builder.withLock { $0.columns() } }

    var fieldsLeftOut: Int { builder.withLock { $0.fieldsLeftOut } }
}

/// Puts fields of rows into columns with dictionaries.
private struct ColumnsBuilder: RecordSink {
    private static let fieldLimit = 500
    private let rowCount: Int
    private let wanted: WantedFields
    private let arrays: JSONRecordParser
    /// By place.
    private var building: [ColumnBuilder] = []
    /// The rows that are being read, in their order, and how many of them were.
    private var rows: [Int] = [], next = 0

    init(rows: Int, share: (remainder: Int, of: Int)) throws {
        rowCount = rows
        arrays = try JSONRecordParser()
        wanted = WantedFields(upTo: Self.fieldLimit, share: share)
    }

    mutating func read(_ block: Slab.Block) throws {
        (rows, next) = (block.rows, 0)
        try block.bytes.withUnsafeBytes { bytes in
            let lines = UnsafeRawBufferPointer(rebasing: bytes.dropLast(PartBytes.padding))
            if block.shape.format == .csv {
                var records = DelimitedRecords(
                    header: block.shape.header, delimiter: block.shape.delimiter, wanted: wanted)
                try records.readWhole(lines, into: &self)
            } else {
                var records = try JSONLines(wanted)
                var line = 0
                try records.read(lines, line: &line, into: &self)
            }
        }
    }

    // A record may span several lines, so that they are counted by themselves.
    mutating func accept(_ record: Record, line: Int) {
        guard next < rows.count else { return }
        while building.count < wanted.names.count {
            building.append(ColumnBuilder(rows: rowCount, arrays: arrays))
        }
        for place in building.indices {
            let field = record[place]
            if field.isPresent { building[place].add(field, row: rows[next]) }
        }
        next += 1
    }

    mutating func reject(line: Int, reason: String) { next += 1 }

    /// Every share meets all names, so that each knows of all that were left out.
    var fieldsLeftOut: Int { wanted.leftOut.count }

    func columns() -> [EventTable.Column] {
        zip(wanted.names, building).filter { !$0.1.values.isEmpty }.map { name, column in
            EventTable.Column(
                name: name, values: column.values, codes: column.codes, elements: column.elements)
        }
    }
}

/// One column with its dictionary.
private struct ColumnBuilder {
    private(set) var values: [FieldValue] = []
    private(set) var codes: [Int32]
    private(set) var elements: [Int32: [FieldValue]] = [:]
    private let arrays: JSONRecordParser
    /// The spellings met so far and the code of each: `7` and `7.0` are one value.
    private var spellings = NameTable()
    private var codesOfSpellings: [Int32] = []
    private var numbers: [Double: Int32] = [:]

    /// Of an array only so many distinct elements are kept.
    private static let elementLimit = 100

    init(rows: Int, arrays: JSONRecordParser) {
        codes = Array(repeating: -1, count: rows)
        self.arrays = arrays
    }

    mutating func add(_ field: RecordField, row: Int) {
        let spelling = spellings.number(adding: field.text, mark: field.kind.rawValue)
        if spelling == codesOfSpellings.count {
            guard let value = field.value else { return }
            codesOfSpellings.append(code(of: value))
            if field.kind == .array { note(field, codesOfSpellings[spelling]) }
        }
        codes[row] = codesOfSpellings[spelling]
    }

    /// An array of labels is kept as its text, with its elements.
    private mutating func note(_ array: RecordField, _ code: Int32) {
        let found = arrays.elements(of: array.text).prefix(Self.elementLimit)
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

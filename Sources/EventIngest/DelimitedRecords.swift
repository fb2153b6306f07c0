import DelimitedText

/// Reads delimited text as records whose fields are named by the header.
struct DelimitedRecords {
    private(set) var header: [String] = []
    private var names = ColumnNames([])
    private var scanner: DelimitedScanner
    private var cells: [DelimitedCell] = []
    /// What was read and not yet cut into records, the record that a block ended in first.
    private var pending: [UInt8] = []
    private var position: Int

    /// - Parameter start: the first block, from which the separator is told.
    init(start: UnsafeRawBufferPointer) {
        let head = Array(start.prefix(1 << 16))
        let dialect = DelimitedDialect(sniffing: head.span)
        scanner = DelimitedScanner(delimiter: dialect.delimiter, line: dialect.headerLine)
        position = dialect.preambleLength
    }

    mutating func read(
        _ block: UnsafeRawBufferPointer, accept: (Record) throws -> Void, reject: (Int, String) -> Void
    ) throws {
        pending.append(contentsOf: block)
        try cut(isLast: false, accept: accept, reject: reject)
        if pending.count > LineReader.longestLine {
            reject(scanner.nextLine, "the record is longer than 16 MiB")
            let bytes = pending
            if case .malformed(_, let end) = scanner.skipLine(in: bytes.span, from: 0) { position = end }
        }
    }

    mutating func finish(accept: (Record) throws -> Void, reject: (Int, String) -> Void) throws {
        try cut(isLast: true, accept: accept, reject: reject)
    }

    private mutating func cut(
        isLast: Bool, accept: (Record) throws -> Void, reject: (Int, String) -> Void
    ) throws {
        let bytes = pending
        loop: while true {
            switch scanner.next(in: bytes.span, from: position, isLast: isLast, cells: &cells) {
            case .record(let end):
                position = end
                try take(bytes, accept: accept, reject: reject)
            case .malformed(let reason, let end):
                position = end
                reject(scanner.line, reason)
            case .incomplete, .end: break loop
            }
        }
        pending = Array(bytes.dropFirst(position))
        position = 0
    }

    private mutating func take(
        _ bytes: [UInt8], accept: (Record) throws -> Void, reject: (Int, String) -> Void
    ) throws {
        guard !header.isEmpty else {
            header = cells.map { $0.text(in: bytes.span) }
            names = ColumnNames(header)
            return
        }
        // A separator at the end of each line makes empty cells beyond the header.
        while cells.count > header.count, let last = cells.last, last.start == last.end { cells.removeLast() }
        guard cells.count == header.count else {
            reject(scanner.line, "it has \(cells.count) cells, the header has \(header.count)")
            return
        }
        var joined: [UInt8] = []
        for cell in cells {
            cell.append(to: &joined, from: bytes.span)
            joined.append(RecordBytes.separator)
        }
        try names.withRecord(joined, line: scanner.line, accept)
    }
}

/// The names of a header's columns, one after the other in one buffer.
struct ColumnNames {
    private let bytes: [UInt8]
    private let ranges: [Range<Int>]

    init(_ header: [String]) {
        var bytes: [UInt8] = []
        ranges = header.map { name in
            let start = bytes.count
            bytes += name.utf8
            return start..<bytes.count
        }
        self.bytes = bytes
    }

    var isEmpty: Bool { ranges.isEmpty }

    /// Makes a record of cells that lie one after the other, a separator behind each: the form in which a record is also
    /// kept for reading it again.
    func withRecord(_ cells: [UInt8], line: Int, _ accept: (Record) throws -> Void) throws {
        try bytes.withUnsafeBytes { names in
            try cells.withUnsafeBytes { cells in
                var fields: [RecordField] = []
                fields.reserveCapacity(ranges.count)
                var start = 0
                for range in ranges {
                    let rest = UnsafeRawBufferPointer(rebasing: cells[start...])
                    let length = rest.firstIndex(of: RecordBytes.separator) ?? rest.count
                    fields.append(
                        RecordField(
                            path: UnsafeRawBufferPointer(rebasing: names[range]),
                            cell: UnsafeRawBufferPointer(rebasing: rest[..<length])))
                    start = min(start + length + 1, cells.count)
                }
                try accept(Record(line: line, fields: fields, bytes: cells))
            }
        }
    }
}

/// The form in which a record of delimited text is kept.
enum RecordBytes {
    /// Stands behind each cell. A cell that holds it is cut there, which no export of text is known to do.
    static let separator: UInt8 = 0x1F
}

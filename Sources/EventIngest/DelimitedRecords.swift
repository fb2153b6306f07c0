import DelimitedText

/// Reads delimited text as records whose fields are named by the header.
struct DelimitedRecords {
    private(set) var header: [String] = []
    private var paths: [[UInt8]] = []
    private var reader: DelimitedReader
    private let preamble: DelimitedPreamble
    private var skip: Int

    init(start: UnsafeRawBufferPointer) {
        preamble = DelimitedPreamble(ArraySlice(start.prefix(1 << 16)))
        reader = DelimitedReader(delimiter: preamble.delimiter)
        skip = preamble.skippedBytes
    }

    mutating func read(
        _ block: UnsafeRawBufferPointer, accept: (Record) throws -> Void, reject: (Int, String) -> Void
    ) throws {
        let bytes = ArraySlice(block.dropFirst(skip))
        skip = 0
        var names = (header: header, paths: paths)
        try reader.read(bytes) { try Self.take($0, &names, preamble.skippedLines, accept, reject) }
        (header, paths) = names
    }

    mutating func finish(accept: (Record) throws -> Void, reject: (Int, String) -> Void) throws {
        var names = (header: header, paths: paths)
        try reader.finish { try Self.take($0, &names, preamble.skippedLines, accept, reject) }
        (header, paths) = names
    }

    private static func take(
        _ record: DelimitedReader.Record, _ names: inout (header: [String], paths: [[UInt8]]),
        _ skippedLines: Int,
        _ accept: (Record) throws -> Void, _ reject: (Int, String) -> Void
    ) throws {
        guard !names.paths.isEmpty else {
            names = (record.cells, record.cells.map { Array($0.utf8) })
            return
        }
        let line = record.line + skippedLines
        guard record.count == names.paths.count else {
            reject(line, "it has \(record.count) cells, the header has \(names.paths.count)")
            return
        }
        try withRecord(cells: record.bytes, ends: record.ends, paths: names.paths, line: line, accept)
    }

    /// Makes a record of cells that lie one after the other in `bytes`. Its own bytes are the cells with a unit separator
    /// behind each, which ``RecordBytes`` reads again.
    static func withRecord(
        cells bytes: [UInt8], ends: [Int], paths: [[UInt8]], line: Int, _ accept: (Record) throws -> Void
    ) throws {
        var joined: [UInt8] = []
        joined.reserveCapacity(bytes.count + ends.count)
        var start = 0
        for end in ends {
            joined.append(contentsOf: bytes[start..<end])
            joined.append(RecordBytes.separator)
            start = end
        }
        // One buffer for the names, one for the cells: both are borrowed for the length of the call.
        let names = paths.flatMap { $0 }
        try names.withUnsafeBytes { names in
            try joined.withUnsafeBytes { cells in
                var fields: [RecordField] = []
                var (cell, name, start) = (0, 0, 0)
                for (index, end) in ends.enumerated() {
                    let length = end - start
                    fields.append(
                        RecordField(
                            path: UnsafeRawBufferPointer(rebasing: names[name..<name + paths[index].count]),
                            cell: UnsafeRawBufferPointer(rebasing: cells[cell..<cell + length])))
                    cell += length + 1
                    name += paths[index].count
                    start = end
                }
                try accept(Record(line: line, fields: fields, bytes: cells))
            }
        }
    }
}

/// The bytes of a record, kept for reading it again.
enum RecordBytes {
    static let separator: UInt8 = 0x1F

    /// Cells and where they end, from bytes that ``DelimitedRecords`` made.
    static func cells(_ bytes: [UInt8]) -> (bytes: [UInt8], ends: [Int]) {
        var cells: [UInt8] = []
        var ends: [Int] = []
        for byte in bytes {
            if byte == separator { ends.append(cells.count) } else { cells.append(byte) }
        }
        return (cells, ends)
    }
}

/// Reads delimited text (CSV and its relatives) from blocks of bytes, a record at a time.
///
/// RFC 4180, read leniently: quotes with `""` inside them, newlines inside quotes, `\r\n` or `\n`, a byte order mark,
/// a `sep=;` line as spreadsheets write it. A record keeps the line it began on.
public struct DelimitedReader: Sendable {
    /// One record; its cells lie one after the other in ``bytes``.
    public struct Record: Sendable, Equatable {
        /// The line it began on, from 1.
        public var line: Int
        /// The bytes of all cells, unquoted.
        public var bytes: [UInt8]
        /// Where each cell ends in ``bytes``.
        public var ends: [Int]

        /// How many cells.
        public var count: Int { ends.count }

        /// The bytes of a cell.
        public subscript(cell: Int) -> ArraySlice<UInt8> {
            bytes[(cell == 0 ? 0 : ends[cell - 1])..<ends[cell]]
        }

        /// The text of a cell; what is not UTF-8 is replaced.
        public func text(_ cell: Int) -> String { String(decoding: self[cell], as: UTF8.self) }

        /// The texts of all cells.
        public var cells: [String] { (0..<count).map(text) }
    }

    private enum State: Sendable { case cellStart, plain, quoted, quoteInQuoted }

    private let delimiter: UInt8
    private var state = State.cellStart
    private var line = 1
    private var record: Record

    /// A reader for text whose cells are separated by one byte.
    public init(delimiter: UInt8) {
        self.delimiter = delimiter
        record = Record(line: 1, bytes: [], ends: [])
    }

    /// Reads a block; `body` is handed each record that ends in it. Lines without anything are passed over.
    public mutating func read(_ block: ArraySlice<UInt8>, _ body: (Record) throws -> Void) rethrows {
        for byte in block {
            if byte == UInt8(ascii: "\n") { line += 1 }
            switch state {
            case .quoted:
                if byte == UInt8(ascii: "\"") { state = .quoteInQuoted } else { record.bytes.append(byte) }
                continue
            case .quoteInQuoted where byte == UInt8(ascii: "\""):
                record.bytes.append(byte)
                state = .quoted
                continue
            case .cellStart where byte == UInt8(ascii: "\""):
                state = .quoted
                continue
            default: break
            }
            if byte == delimiter {
                record.ends.append(record.bytes.count)
                state = .cellStart
            } else if byte == UInt8(ascii: "\n") {
                try finishRecord(body)
            } else if byte != UInt8(ascii: "\r") {
                record.bytes.append(byte)
                if state == .cellStart { state = .plain }
            }
        }
    }

    /// Says that there is no more text; a last record without a newline is handed on.
    public mutating func finish(_ body: (Record) throws -> Void) rethrows { try finishRecord(body) }

    private mutating func finishRecord(_ body: (Record) throws -> Void) rethrows {
        if !record.bytes.isEmpty || !record.ends.isEmpty || state != .cellStart {
            record.ends.append(record.bytes.count)
            try body(record)
        }
        record.bytes.removeAll(keepingCapacity: true)
        record.ends.removeAll(keepingCapacity: true)
        record.line = line
        state = .cellStart
    }
}

/// What the first bytes of delimited text say about the rest.
public struct DelimitedPreamble: Sendable, Equatable {
    /// The byte between cells.
    public var delimiter: UInt8
    /// How many bytes to skip before the header: a byte order mark, a `sep=` line.
    public var skippedBytes: Int
    /// How many lines those bytes are.
    public var skippedLines: Int

    /// Looks at the beginning of a text: the separator is the one of `,` `;` tab and `|` that the first line has most of,
    /// outside quotes.
    public init(_ start: ArraySlice<UInt8>) {
        var rest = start
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        skippedLines = 0
        if rest.starts(with: Array("sep=".utf8)), let separator = rest.dropFirst(4).first {
            rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
            skippedLines = 1
            delimiter = separator
        } else {
            var counts: [UInt8: Int] = [:]
            var isQuoted = false
            for byte in rest.prefix(while: { $0 != UInt8(ascii: "\n") }) {
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if !isQuoted { counts[byte, default: 0] += 1 }
            }
            let known = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")]
            delimiter = known.max { (counts[$0] ?? 0, $1) < (counts[$1] ?? 0, $0) } ?? UInt8(ascii: ",")
        }
        skippedBytes = rest.startIndex - start.startIndex
    }
}

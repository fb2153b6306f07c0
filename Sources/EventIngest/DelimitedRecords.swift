import DelimitedText

/// Reads the wanted fields of delimited text, whose names are in the header.
struct DelimitedRecords: ~Copyable {
    private(set) var header: [String]
    /// What separates cells.
    let delimiter: UInt8
    private let wanted: WantedFields
    /// The place of each column's field, or −1.
    private var places: [Int] = []
    private var scanner: DelimitedScanner
    private var cells: [DelimitedCell] = []
    /// What was read and not yet cut into records, the record that a block ended in first.
    private var pending: [UInt8] = []
    private var position: Int
    private let fields: UnsafeMutableBufferPointer<RecordField>
    /// Room for the cells of one record that are not simply their bytes.
    private var plain = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 12)

    /// - Parameter start: the first block, from which the separator is told.
    init(start: UnsafeRawBufferPointer, wanted: WantedFields) {
        let head = Array(start.prefix(1 << 16))
        let dialect = DelimitedDialect(sniffing: head.span)
        self.init(header: [], delimiter: dialect.delimiter, line: dialect.headerLine, wanted: wanted)
        position = dialect.preambleLength
    }

    /// - Parameter header: the names of the columns; when empty the first record has them.
    init(header: [String], delimiter: UInt8, line: Int = 1, wanted: WantedFields) {
        self.header = header
        self.delimiter = delimiter
        self.wanted = wanted
        scanner = DelimitedScanner(delimiter: delimiter, line: line)
        position = 0
        fields = .allocate(capacity: wanted.capacity)
        fields.initialize(repeating: .missing)
        places = header.map { wanted.place(adding: $0) ?? -1 }
    }

    deinit {
        fields.deallocate()
        plain.deallocate()
    }

    mutating func read<Sink: RecordSink>(_ block: UnsafeRawBufferPointer, into sink: inout Sink) throws {
        pending.append(contentsOf: block)
        try cut(isLast: false, into: &sink)
        if pending.count > LineBlocks.longestLine {
            sink.reject(line: scanner.nextLine, reason: "the record is longer than 16 MiB")
            let bytes = pending
            if case .malformed(_, let end) = scanner.skipLine(in: bytes.span, from: 0) { position = end }
        }
    }

    mutating func finish<Sink: RecordSink>(into sink: inout Sink) throws {
        try cut(isLast: true, into: &sink)
    }

    private mutating func cut<Sink: RecordSink>(isLast: Bool, into sink: inout Sink) throws {
        let bytes = pending
        loop: while true {
            switch scanner.next(in: bytes.span, from: position, isLast: isLast, cells: &cells) {
            case .record(let end):
                let record = position..<end
                position = end
                try bytes.withUnsafeBytes { try take($0, record, into: &sink) }
            case .malformed(let reason, let end):
                position = end
                sink.reject(line: scanner.line, reason: reason)
            case .incomplete, .end: break loop
            }
        }
        pending = Array(bytes.dropFirst(position))
        position = 0
    }

    private mutating func take<Sink: RecordSink>(
        _ bytes: UnsafeRawBufferPointer, _ record: Range<Int>, into sink: inout Sink
    ) throws {
        guard !header.isEmpty else {
            let start = bytes.bindMemory(to: UInt8.self)
            header = cells.map { $0.text(in: start.span) }
            places = header.map { wanted.place(adding: $0) ?? -1 }
            return
        }
        // A separator at the end of each line makes empty cells beyond the header.
        while cells.count > header.count, let last = cells.last, last.start == last.end { cells.removeLast() }
        guard cells.count == header.count else {
            sink.reject(
                line: scanner.line, reason: "it has \(cells.count) cells, the header has \(header.count)")
            return
        }
        if record.count > plain.count {
            plain.deallocate()
            plain = .allocate(capacity: record.count * 2)
        }
        var plainCount = 0
        for (column, place) in places.enumerated() where place >= 0 {
            let cell = cells[column]
            var text = UnsafeRawBufferPointer(rebasing: bytes[cell.start..<cell.end])
            if cell.hasDoubledQuotes {
                let start = plainCount
                var index = 0
                while index < text.count {
                    plain[plainCount] = text[index]
                    plainCount += 1
                    index += text[index] == UInt8(ascii: "\"") ? 2 : 1
                }
                text = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: plain[start..<plainCount]))
            }
            fields[place] = RecordField(cell: text)
        }
        var content = bytes[record]
        while let first = content.first, first == 0x0A || first == 0x0D { content = content.dropFirst() }
        while let last = content.last, last == 0x0A || last == 0x0D { content = content.dropLast() }
        try sink.accept(
            Record(fields: fields, bytes: UnsafeRawBufferPointer(rebasing: content), offset: 0),
            line: scanner.line)
    }
}

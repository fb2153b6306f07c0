import DelimitedText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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
        _ bytes: UnsafeRawBufferPointer, _ record: Range<Int>, offset: Int = 0, into sink: inout Sink
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
            sink.reject(line: scanner.line, reason: wrongCount(cells.count))
            return
        }
        makeRoom(record.count)
        var plainCount = 0
        for (column, place) in places.enumerated() where place >= 0 {
            note(cells[column], of: bytes, at: place, &plainCount)
        }
        try accept(bytes, record, offset: offset, line: scanner.line, into: &sink)
    }

    private func wrongCount(_ count: Int) -> String {
        "it has \(count) cells, the header has \(header.count)"
    }

    private mutating func makeRoom(_ count: Int) {
        guard count > plain.count else { return }
        plain.deallocate()
        plain = .allocate(capacity: count * 2)
    }

    @inline(__always)
    private func note(
        _ cell: DelimitedCell, of bytes: UnsafeRawBufferPointer, at place: Int, _ plainCount: inout Int
    ) {
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

    @inline(__always)
    private func accept<Sink: RecordSink>(
        _ bytes: UnsafeRawBufferPointer, _ record: Range<Int>, offset: Int, line: Int, into sink: inout Sink
    ) throws {
        var (start, end) = (record.lowerBound, record.upperBound)
        while start < end, bytes[start] == 0x0A || bytes[start] == 0x0D { start += 1 }
        while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        try sink.accept(
            Record(
                fields: fields, bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
                offset: offset + start),
            line: line)
    }
}

extension DelimitedRecords {
    /// Reads a part of a text; the names of the columns are known.
    mutating func read<Sink: RecordSink>(_ part: PartBytes, into sink: inout Sink) throws {
        guard part.cells.areKnown else { return try readSlowly(part, into: &sink) }
        try part.bytes.withUnsafeBytes {
            try walk(
                UnsafeRawBufferPointer(rebasing: $0[..<part.length]), part.cells, offset: part.offset,
                line: part.line, into: &sink)
        }
    }

    /// Reads whole records; the names of the columns are known.
    ///
    /// - Parameter block: ``PartBytes/padding`` more bytes behind it must be readable.
    mutating func readWhole<Sink: RecordSink>(_ block: UnsafeRawBufferPointer, into sink: inout Sink) throws {
        var cells = CellEnds()
        cells.restart()
        let found = cells.find(in: block, delimiter: delimiter, target: block.count, isLast: true)
        guard case .records = found else { return try read(block, into: &sink) }
        try walk(block, cells, offset: 0, line: 1, into: &sink)
    }

    /// Goes from cell to cell; quotes stand only where they belong.
    private mutating func walk<Sink: RecordSink>(
        _ bytes: UnsafeRawBufferPointer, _ cells: CellEnds, offset: Int, line: Int, into sink: inout Sink
    ) throws {
        try cells.separators.withUnsafeBufferPointer { separators in
            try cells.ends.withUnsafeBufferPointer {
                try walk(
                    bytes, separators, ends: UnsafeBufferPointer(rebasing: $0[..<cells.count]),
                    areLinesQuoted: cells.areLinesQuoted, offset: offset, line: line, into: &sink)
            }
        }
    }

    private mutating func walk<Sink: RecordSink>(
        _ bytes: UnsafeRawBufferPointer, _ separators: UnsafeBufferPointer<UInt32>,
        ends: UnsafeBufferPointer<UInt32>, areLinesQuoted: Bool, offset: Int, line: Int,
        into sink: inout Sink
    ) throws {
        let columns = places.indices.filter { places[$0] >= 0 }
        var (start, first, line) = (0, 0, line)
        for end in ends {
            let last = Int(end) - 1
            let record = start..<Int(separators[last])
            defer {
                if areLinesQuoted { line += bytes[record].count { $0 == 0x0A } }
                line += 1
                start = min(record.upperBound + 1, bytes.count)
                first = last + 1
            }
            let isBlank = record.isEmpty || record.count == 1 && bytes[start] == 0x0D
            if isBlank, last == first, record.upperBound < bytes.count { continue }
            func cell(_ column: Int) -> DelimitedCell {
                let position = first + column
                var from = column == 0 ? start : Int(separators[position - 1]) + 1
                var to = Int(separators[position])
                if position == last, to > from, bytes[to - 1] == 0x0D { to -= 1 }
                guard from < to, bytes[from] == 0x22 else {
                    return DelimitedCell(start: from, end: to, hasDoubledQuotes: false)
                }
                (from, to) = (from + 1, to - 1)
                let isDoubled = bytes.baseAddress.map { memchr($0 + from, 0x22, to - from) != nil } ?? false
                return DelimitedCell(start: from, end: to, hasDoubledQuotes: isDoubled)
            }
            let count = last - first + 1
            // A separator at the end of each line makes empty cells beyond the header.
            guard
                count == header.count
                    || count > header.count
                        && (header.count..<count).allSatisfy({ cell($0).start == cell($0).end })
            else {
                var told = count
                while told > header.count, cell(told - 1).start == cell(told - 1).end { told -= 1 }
                sink.reject(line: line, reason: wrongCount(told))
                continue
            }
            makeRoom(record.count)
            var plainCount = 0
            for column in columns { note(cell(column), of: bytes, at: places[column], &plainCount) }
            try accept(bytes, record, offset: offset, line: line, into: &sink)
        }
    }

    /// Looks at each byte, as ``DelimitedCutter`` did to find the end of the part.
    private mutating func readSlowly<Sink: RecordSink>(_ part: PartBytes, into sink: inout Sink) throws {
        scanner = DelimitedScanner(delimiter: delimiter, line: part.line)
        var position = 0
        while position < part.length {
            let bytes = part.bytes.span.extracting(0..<part.length)
            switch scanner.next(in: bytes, from: position, isLast: part.isLast, cells: &cells) {
            case .record(let end):
                let record = position..<end
                position = end
                try part.bytes.withUnsafeBytes { try take($0, record, offset: part.offset, into: &sink) }
            case .malformed(let reason, let end):
                position = end
                sink.reject(line: scanner.line, reason: reason)
            case .incomplete:
                // The cutter saw further, and gave the record up as well.
                let step = scanner.next(in: bytes, from: position, isLast: true, cells: &cells)
                guard case .malformed(let reason, let end) = step else { return }
                position = end
                sink.reject(
                    line: scanner.line, reason: part.isNearEnd ? reason : "the record is longer than 16 MiB")
            case .end: return
            }
        }
    }
}

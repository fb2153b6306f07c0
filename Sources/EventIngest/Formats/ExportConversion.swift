import DelimitedText

/// Turns the bytes of an export into records, as its shape says.
struct ExportConversion {
    private enum Cutting {
        case json(JSONCutter, any JSONExportReader)
        case lines(LineBlocks, any LineExportReader)
        case rows(RowCutter, any RowExportReader)
    }

    private let name: String
    private var cutting: Cutting
    private var line = 1

    init(_ shape: ExportShape, _ context: ExportContext) throws(IngestError) {
        name = context.name
        switch shape.reading {
        case .json(let descends, let isLines, let make):
            let isByLine = !context.head.spansLines && (isLines || context.head.isComplete)
            cutting = .json(JSONCutter(descends: descends, isLines: isByLine), make(context))
        case .lines(let make): cutting = .lines(LineBlocks(), make(context))
        case .rows(let make): cutting = .rows(RowCutter(), make(context))
        case .refused(let problem, let remedy):
            throw IngestError(.unknownFormat, problem, at: context.name, remedy: remedy)
        }
    }

    /// Reads the next bytes.
    mutating func read(_ block: UnsafeRawBufferPointer, _ emit: ExportSink) throws {
        switch cutting {
        case .json(var cutter, let reader):
            try whole { try cutter.read(block) { try Self.take($0, reader, emit) } }
            cutting = .json(cutter, reader)
        case .lines(var blocks, let reader):
            var line = line
            try blocks.read(block) { try Self.take($0, reader, line: &line, emit) }
            self.line = line
            cutting = .lines(blocks, reader)
        case .rows(var cutter, let reader):
            try cutter.read(block, isLast: false, reader, emit)
            cutting = .rows(cutter, reader)
        }
    }

    /// - Returns: what the reader of the format has to say.
    mutating func finish(_ emit: ExportSink) throws -> ExportRemarks {
        switch cutting {
        case .json(var cutter, let reader):
            try whole { try cutter.finish { try Self.take($0, reader, emit) } }
            return try reader.finish(emit)
        case .lines(var blocks, let reader):
            var line = line
            try blocks.finish { try Self.take($0, reader, line: &line, emit) }
            return try reader.finish(emit)
        case .rows(var cutter, let reader):
            try cutter.read(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, reader, emit)
            return try reader.finish(emit)
        }
    }

    /// Half a document is worse than none: what is missing may be what matters.
    private func whole(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let unfinished as JSONCutter.Unfinished {
            let place = "\(name):\(unfinished.line)"
            guard let reason = unfinished.reason else {
                throw IngestError(
                    .damagedCompression, "the JSON document ends too early: the file is cut off", at: place,
                    remedy: "export it again; half an export would be judged as if it were all")
            }
            throw IngestError(
                .unknownFormat, "it could not be read as JSON: \(reason)", at: place,
                remedy: "check the file with jq . \(name)")
        }
    }

    private static func take(_ piece: JSONCutter.Piece, _ reader: any JSONExportReader, _ emit: ExportSink)
        throws
    {
        switch piece {
        case .value(let path, let bytes, let line): try reader.take(bytes, at: path, line: line, emit)
        case .broken(let reason, let line): try emit(.rejected(reason), line)
        }
    }

    private static func take(
        _ piece: LineBlocks.Piece, _ reader: any LineExportReader, line: inout Int, _ emit: ExportSink
    ) throws {
        guard case .lines(let block) = piece else {
            try emit(.rejected("the line is longer than 16 MiB"), line)
            line += 1
            return
        }
        var start = 0
        while start < block.count {
            let end = nextNewline(block, from: start) ?? block.count
            var text = block[start..<end]
            if text.last == 0x0D { text = text.dropLast() }
            try reader.take(String(decoding: text, as: UTF8.self), line: line, emit)
            start = end + 1
            line += 1
        }
    }
}

/// Cuts delimited text into rows, block by block.
private struct RowCutter {
    private var scanner: DelimitedScanner?
    private var pending: [UInt8] = []
    private var cells: [DelimitedCell] = []

    mutating func read(
        _ block: UnsafeRawBufferPointer, isLast: Bool, _ reader: any RowExportReader, _ emit: ExportSink
    ) throws {
        pending.append(contentsOf: block)
        let bytes = pending
        var position = 0
        if scanner == nil {
            let dialect = DelimitedDialect(sniffing: bytes.span)
            scanner = DelimitedScanner(delimiter: dialect.delimiter, line: dialect.headerLine)
            position = dialect.preambleLength
        }
        guard var scanner else { return }
        defer { self.scanner = scanner }
        loop: while true {
            switch scanner.next(in: bytes.span, from: position, isLast: isLast, cells: &cells) {
            case .record(let end):
                position = end
                var texts = cells.map { $0.text(in: bytes.span) }
                if texts.count > 1, texts.last?.isEmpty == true, !isHeaderWide(texts.count) {
                    texts.removeLast()
                }
                width = width ?? texts.count
                try reader.take(texts, line: scanner.line, emit)
            case .malformed(let reason, let end):
                position = end
                try emit(.rejected(reason), scanner.line)
            case .incomplete, .end: break loop
            }
        }
        pending = Array(bytes.dropFirst(position))
        guard pending.count > LineBlocks.longestLine else { return }
        throw IngestError(.unreadable, "a record is longer than 16 MiB", at: "line \(scanner.nextLine)")
    }

    /// How many cells the header has.
    private var width: Int?

    /// Whether a last, empty cell has a column.
    private func isHeaderWide(_ count: Int) -> Bool { width.map { $0 >= count } ?? true }
}

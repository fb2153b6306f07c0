import DelimitedText

/// Turns the bytes of an export into records, as its shape says.
struct ExportConversion: ~Copyable {
    /// One of the three is used, for the reader that is there.
    private var document: JSONCutter
    private var blocks = LineBlocks()
    private var rows = RowCutter()
    private let values: (any JSONExportReader)?
    private let texts: (any LineExportReader)?
    private let cells: (any RowExportReader)?
    private let name: String
    private var line = 1

    init(_ shape: ExportShape, _ context: ExportContext) throws(IngestError) {
        name = context.name
        switch shape.reading {
        case .json(let descends, let isLines, let make):
            let isByLine = !context.head.spansLines && (isLines || context.head.isComplete)
            document = JSONCutter(descends: descends, isLines: isByLine)
            (values, texts, cells) = (make(context), nil, nil)
        case .lines(let make):
            document = JSONCutter(descends: [], isLines: false)
            (values, texts, cells) = (nil, make(context), nil)
        case .rows(let make):
            document = JSONCutter(descends: [], isLines: false)
            (values, texts, cells) = (nil, nil, make(context))
        case .refused(let problem, let remedy):
            throw IngestError(.unknownFormat, problem, at: context.name, remedy: remedy)
        }
    }

    /// Reads the next bytes.
    mutating func read(_ block: UnsafeRawBufferPointer, _ emit: ExportSink) throws {
        if let values {
            var position = 0
            while let piece = try nextPiece(in: block, from: &position) { try take(piece, values, emit) }
        } else if let texts {
            var number = line
            try blocks.read(block) { try Self.take($0, texts, line: &number, emit) }
            line = number
        } else if let cells {
            try rows.read(block, isLast: false, cells, emit)
        }
    }

    /// - Returns: what the reader of the format has to say.
    mutating func finish(_ emit: ExportSink) throws -> ExportRemarks {
        if let values {
            if let piece = try lastPiece() { try take(piece, values, emit) }
            return try values.finish(emit)
        } else if let texts {
            var number = line
            try blocks.finish { try Self.take($0, texts, line: &number, emit) }
            return try texts.finish(emit)
        }
        try rows.read(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, cells, emit)
        return try cells?.finish(emit) ?? ExportRemarks()
    }

    /// Half a document is worse than none: what is missing may be what matters.
    private func incomplete(_ unfinished: JSONCutter.Unfinished) -> IngestError {
        let place = "\(name):\(unfinished.line)"
        guard let reason = unfinished.reason else {
            return IngestError(
                .damagedCompression, "the JSON document ends too early: the file is cut off", at: place,
                remedy: "export it again; half an export would be judged as if it were all")
        }
        return IngestError(
            .unknownFormat, "it could not be read as JSON: \(reason)", at: place,
            remedy: "check the file with jq . \(name)")
    }

    private mutating func nextPiece(
        in block: UnsafeRawBufferPointer, from position: inout Int
    ) throws(IngestError) -> JSONCutter.Piece? {
        do throws(JSONCutter.Unfinished) {
            return try document.next(in: block, from: &position)
        } catch {
            throw incomplete(error)
        }
    }

    private mutating func lastPiece() throws(IngestError) -> JSONCutter.Piece? {
        do throws(JSONCutter.Unfinished) {
            return try document.finish()
        } catch {
            throw incomplete(error)
        }
    }

    private func take(_ piece: JSONCutter.Piece, _ reader: any JSONExportReader, _ emit: ExportSink) throws {
        switch piece {
        case .value(let path, let line):
            try document.captured.withUnsafeBytes { try reader.take($0, at: path, line: line, emit) }
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
        _ block: UnsafeRawBufferPointer, isLast: Bool, _ reader: (any RowExportReader)?, _ emit: ExportSink
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
                try reader?.take(texts, line: scanner.line, emit)
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

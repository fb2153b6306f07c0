internal import CSimdjson
import DelimitedText
import DeployModel

/// Why a line is not a record.
public struct RejectedLine: Sendable, Hashable {
    /// The file, as the user named it.
    public var source: String
    /// The line, from 1.
    public var line: Int
    /// Why.
    public var reason: String
}

/// What a file turned out to be.
struct SourceShape: Sendable {
    var format: EventFormat
    var compression: Compression
    /// The names of the columns of delimited text.
    var header: [String] = []
    /// What separates its cells.
    var delimiter = UInt8(ascii: ",")
    /// How an export that is turned into records is read; `nil` for lines of JSON and delimited text.
    var export: ExportShape?
    /// What the reader of the export said at the end.
    var remarks = ExportRemarks()

    var words: String {
        compression == .none ? format.rawValue : "\(format.rawValue)+\(compression.rawValue)"
    }
}

/// A parser of one JSON object, which looks at every byte.
final class JSONRecordParser {
    fileprivate let parser: OpaquePointer
    private var fields: [NamedField] = []
    static let padding = bd_padding()

    init() throws(IngestError) {
        guard let parser = bd_parser_create() else { throw IngestError(.unreadable, "memory is short") }
        self.parser = parser
    }

    deinit { bd_parser_free(parser) }

    /// - Parameter line: one object; ``padding`` more bytes behind it must be readable.
    func parse(_ line: UnsafeRawBufferPointer) -> Result<[NamedField], RecordFailure> {
        let count = bd_parser_parse(parser, line.baseAddress?.assumingMemoryBound(to: CChar.self), line.count)
        guard count >= 0 else {
            return .failure(RecordFailure(reason: String(cString: bd_parser_error(parser))))
        }
        fields.removeAll(keepingCapacity: true)
        if let start = bd_parser_fields(parser) {
            for index in 0..<count { fields.append(NamedField(start[index])) }
        }
        return .success(fields)
    }
}

extension JSONRecordParser {
    /// The elements of an array of scalars, each once; empty for an array of anything else.
    ///
    /// - Parameter json: the text of the array.
    func elements(of json: UnsafeRawBufferPointer) -> [FieldValue] {
        var bytes = [UInt8](json)
        bytes.append(contentsOf: repeatElement(0, count: Self.padding))
        return bytes.withUnsafeBytes { bytes in
            let count = bd_parser_parse_array(
                parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), json.count)
            guard count > 0, let start = bd_parser_fields(parser) else { return [] }
            var seen: Set<FieldValue> = []
            return (0..<count).compactMap { NamedField(start[$0]).field.value }
                .filter { seen.insert($0).inserted }
        }
    }
}

/// A value with the keys down to it, joined by dots.
struct NamedField {
    var path: UnsafeRawBufferPointer
    var field: RecordField

    fileprivate init(_ field: bd_field) {
        path = UnsafeRawBufferPointer(start: field.path, count: field.path_length)
        let kind: RecordField.Kind =
            switch Int(field.kind) {
            case BD_FIELD_BOOL: .bool
            case BD_FIELD_NUMBER: .number
            case BD_FIELD_STRING: .string
            case BD_FIELD_ARRAY: .array
            default: .null
            }
        self.field = RecordField(
            kind: kind, text: UnsafeRawBufferPointer(start: field.text, count: field.length))
    }

    var name: String { String(decoding: path, as: UTF8.self) }
}

/// Why a record could not be read.
package struct RecordFailure: Error { package var reason: String }

extension EventSources.Source {
    /// Hands over every record of the source, from the first to the last.
    ///
    /// - Parameter isOnlyHead: whether of a stream that comes only once no more than the first bytes are wanted.
    func read<Sink: RecordSink>(
        _ wanted: WantedFields, options: IngestOptions, isOnlyHead: Bool = false, into sink: inout Sink
    ) throws -> SourceShape {
        var lines = LineBlocks()
        var line = 1
        var shape: SourceShape?
        var json = try JSONLines(wanted)
        var delimited: DelimitedRecords?
        var conversion: ExportConversion?
        func consume(_ piece: LineBlocks.Piece) throws {
            try json.read(piece, line: &line, into: &sink)
        }
        var scratch: [UInt8] = []
        func emit(_ output: ExportOutput, _ origin: Int) throws {
            scratch.removeAll(keepingCapacity: true)
            switch output {
            case .rejected(let reason): return sink.reject(line: origin, reason: reason)
            case .record(let record): record.write(to: &scratch)
            case .object(let bytes): scratch.append(contentsOf: bytes)
            }
            scratch.append(0x0A)
            let length = scratch.count
            scratch.append(contentsOf: repeatElement(0, count: JSONRecordParser.padding))
            var line = origin
            try scratch.withUnsafeBytes {
                try json.read(UnsafeRawBufferPointer(rebasing: $0[..<length]), line: &line, into: &sink)
            }
        }
        let compression = try read(isOnlyHead: isOnlyHead) { block in
            guard !block.isEmpty else { return }
            if shape == nil {
                let head = FileHead(block, name: name)
                let found = try recognised(block, head: head, forced: options.formatIn)
                shape = found
                conversion = try found.export.map { export in
                    try ExportConversion(
                        export,
                        ExportContext(name: name, head: head, options: options, modified: try modified))
                }
            }
            if conversion != nil {
                try conversion?.read(block, emit)
            } else if shape?.format == .csv {
                if delimited == nil { delimited = DelimitedRecords(start: block, wanted: wanted) }
                try delimited?.read(block, into: &sink)
            } else {
                try lines.read(block, consume)
            }
        }
        guard var shape else {
            throw IngestError(
                .empty, "the file is empty", at: name,
                remedy: "check the export: it should hold one event a line")
        }
        try lines.finish(consume)
        try delimited?.finish(into: &sink)
        if let remarks = try conversion?.finish(emit) { shape.remarks = remarks }
        if let header = delimited?.header { shape.header = header }
        if let delimiter = delimited?.delimiter { shape.delimiter = delimiter }
        // What we packed ourselves came plain.
        shape.compression = live == nil ? compression : .none
        return shape
    }

    /// Hands over the records that begin in a range of a plain file of JSON lines.
    ///
    /// - Parameter range: offsets of bytes; the lines are numbered from 1 within it.
    /// - Returns: how many lines begin in the range.
    func read<Sink: RecordSink>(_ range: Range<Int>, _ wanted: WantedFields, into sink: inout Sink) throws
        -> Int
    {
        var json = try JSONLines(wanted)
        var line = 1
        try forEachBlock(in: range) { piece, offsets in
            try json.read(piece, offset: offsets.lowerBound, line: &line, into: &sink)
            // A mark of byte order belongs to the first block, so that it is met again at its place.
            sink.endBlock(at: (offsets.lowerBound == 3 ? 0 : offsets.lowerBound)..<offsets.upperBound)
        }
        return line - 1
    }

    /// What the first bytes say about the format.
    func recognised(
        _ block: UnsafeRawBufferPointer, head: FileHead, forced: EventFormat?
    ) throws(IngestError) -> SourceShape {
        if block.starts(with: [0xFF, 0xFE]) || block.starts(with: [0xFE, 0xFF]) {
            throw IngestError(
                .unknownFormat, "this is UTF-16 text", at: name,
                remedy: "convert it: iconv -f utf-16 -t utf-8")
        }
        if let forced, forced == .ndjson || forced == .csv {
            return SourceShape(format: forced, compression: .none)
        }
        let start = block.prefix(4096)
        if start.contains(0)
            || start.filter({ $0 < 0x09 || (0x0E..<0x20).contains($0) && $0 != 0x1B && $0 != 0x1E }).count
                > start.count / 50
        {
            throw IngestError(
                .unknownFormat, "this is binary data, not events", at: name,
                remedy:
                    "export it as text or JSON, plain, gzip or zstd: docs/inputs.md has a table of what is read"
            )
        }
        if let export = ExportShape.recognised(head, forced: forced) {
            return SourceShape(format: export.format, compression: .none, export: export)
        }
        if let forced { throw .notThisFormat(forced, at: name) }
        if head.outline[""] == "[" {
            throw IngestError(
                .unknownFormat, "this is a JSON array of something else than objects", at: name,
                remedy: "export an object for each event: docs/inputs.md has a table of what is read")
        }
        guard head.isJSON || head.header.count > 1 else {
            throw IngestError(
                .unknownFormat, "this is text of no format that is known", at: name,
                remedy: "docs/inputs.md has a table of what is read; --format-in says which of them it is")
        }
        return SourceShape(format: head.isJSON ? .ndjson : .csv, compression: .none)
    }
}

extension ReadingPlan {
    /// Hands over the records of a part.
    ///
    /// - Parameter firstLine: the number of its first line, where the part does not know.
    /// - Returns: how many lines there were, where the part does not know.
    func read<Sink: RecordSink>(
        _ part: PartBytes, _ wanted: WantedFields, firstLine: Int = 1, into sink: inout Sink
    ) throws -> Int {
        if case .delimited(let head, _) = self {
            var records = DelimitedRecords(header: head.header, delimiter: head.delimiter, wanted: wanted)
            try records.read(part, into: &sink)
            sink.endBlock(at: part.offset..<part.offset + part.length)
            return 0
        }
        var json = try JSONLines(wanted)
        var line = firstLine
        try part.forEachBlock { piece, offsets in
            try json.read(piece, offset: offsets.lowerBound, line: &line, into: &sink)
            sink.endBlock(at: offsets)
        }
        return line - firstLine
    }
}

extension JSONLines {
    fileprivate mutating func read<Sink: RecordSink>(
        _ piece: LineBlocks.Piece, offset: Int = 0, line: inout Int, into sink: inout Sink
    ) throws {
        switch piece {
        case .lines(let block): try read(block, offset: offset, line: &line, into: &sink)
        case .tooLong:
            sink.reject(line: line, reason: "the line is longer than 16 MiB")
            line += 1
        }
    }
}

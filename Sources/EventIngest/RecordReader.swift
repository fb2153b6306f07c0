internal import CSimdjson
import DelimitedText

/// The leaves of a record with the line it came from; borrowed while it is looked at.
struct Record {
    var line: Int
    var fields: [RecordField]
    /// Bytes that stand for the record: equal records have equal bytes, and they can be read again.
    var bytes: UnsafeRawBufferPointer
}

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
struct SourceShape {
    var format: EventFormat
    var compression: Compression
    /// The names of the columns of delimited text.
    var header: [String] = []

    var words: String {
        compression == .none ? format.rawValue : "\(format.rawValue)+\(compression.rawValue)"
    }
}

/// A parser of one JSON object, reused for all.
final class JSONRecordParser {
    private let parser: OpaquePointer
    private var fields: [RecordField] = []
    static let padding = bd_padding()

    init() throws(IngestError) {
        guard let parser = bd_parser_create() else { throw IngestError(.unreadable, "memory is short") }
        self.parser = parser
    }

    deinit { bd_parser_free(parser) }

    /// - Parameter line: one object; ``padding`` more bytes behind it must be readable.
    func parse(_ line: UnsafeRawBufferPointer) -> Result<[RecordField], RecordFailure> {
        let count = bd_parser_parse(parser, line.baseAddress?.assumingMemoryBound(to: CChar.self), line.count)
        guard count >= 0 else {
            return .failure(RecordFailure(reason: String(cString: bd_parser_error(parser))))
        }
        fields.removeAll(keepingCapacity: true)
        if let start = bd_parser_fields(parser) {
            for index in 0..<count { fields.append(RecordField(start[index])) }
        }
        return .success(fields)
    }
}

/// Why a record could not be read.
struct RecordFailure: Error { var reason: String }

extension EventSources.Source {
    /// Hands every record to `accept` and every line that is none to `reject`.
    func forEachRecord(
        forced: EventFormat?, accept: (Record) throws -> Void, reject: (_ line: Int, _ reason: String) -> Void
    ) throws -> SourceShape {
        var lines = LineReader()
        var shape: SourceShape?
        var delimited: DelimitedRecords?
        let parser = try JSONRecordParser()
        func consume(_ line: UnsafeRawBufferPointer, _ number: Int) throws {
            guard line.contains(where: { $0 > 0x20 }) else { return }
            switch parser.parse(line) {
            case .success(let fields): try accept(Record(line: number, fields: fields, bytes: line))
            case .failure(let failure): reject(number, failure.reason)
            }
        }
        let compression = try read { block in
            if shape == nil { shape = try recognised(block, forced: forced) }
            guard shape?.format == .csv else {
                try lines.read(block, consume, tooLong: { reject($0, "the line is longer than 16 MiB") })
                return
            }
            var reader = delimited ?? DelimitedRecords(start: block)
            try reader.read(block, accept: accept, reject: reject)
            delimited = reader
        }
        guard var shape else {
            throw IngestError(
                .empty, "the file is empty", at: name,
                remedy: "check the export: it should hold one event a line")
        }
        try lines.finish(consume)
        if var reader = delimited {
            try reader.finish(accept: accept, reject: reject)
            shape.header = reader.header
        }
        shape.compression = compression
        return shape
    }

    /// What the first bytes say about the format.
    private func recognised(_ block: UnsafeRawBufferPointer, forced: EventFormat?) throws(IngestError)
        -> SourceShape
    {
        if block.starts(with: [0xFF, 0xFE]) || block.starts(with: [0xFE, 0xFF]) {
            throw IngestError(
                .unknownFormat, "this is UTF-16 text", at: name,
                remedy: "convert it: iconv -f utf-16 -t utf-8")
        }
        if let forced { return SourceShape(format: forced, compression: .none) }
        let start = block.prefix(4096)
        if start.contains(0)
            || start.filter({ $0 < 0x09 || (0x0E..<0x20).contains($0) }).count > start.count / 50
        {
            throw IngestError(
                .unknownFormat, "this is binary data, not events", at: name,
                remedy: "events are read as NDJSON or CSV, plain, gzip or zstd: export them as one of these")
        }
        let text = start.starts(with: [0xEF, 0xBB, 0xBF]) ? start.dropFirst(3) : start
        let first = text.first { $0 > 0x20 }
        if first == UInt8(ascii: "[") {
            throw IngestError(
                .unknownFormat, "this is one JSON array, not one object a line", at: name,
                remedy: "split it: jq -c '.[]' \(name) > events.ndjson")
        }
        return SourceShape(format: first == UInt8(ascii: "{") ? .ndjson : .csv, compression: .none)
    }
}

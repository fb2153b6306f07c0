import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keeps records that may be looked at again, where their file could only be read from its start: a file below `TMPDIR`, which is
/// gone when this is freed.
final class SampleSpool: Sendable {
    private let file: TemporaryFile
    private let end = Atomic(0)

    /// Where it can be opened, by this process.
    var path: String { file.path }

    init() throws(IngestError) { file = try TemporaryFile() }

    fileprivate func reserve(_ count: Int) -> Int { end.add(count, ordering: .relaxed).oldValue }

    fileprivate func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(IngestError) {
        var written = 0
        while written < bytes.count, let start = bytes.baseAddress {
            let count = pwrite(
                file.descriptor, start + written, bytes.count - written, off_t(offset + written))
            guard count >= 0 || errno == EINTR else {
                throw IngestError(
                    .unreadable,
                    "what must be read twice cannot be kept: \(String(cString: strerror(errno)))",
                    at: path, remedy: AnswerFile.remedy)
            }
            written += max(count, 0)
        }
    }
}

/// Writes what one thread keeps.
struct SampleWriter {
    private let spool: SampleSpool
    private var stretch: [UInt8] = []
    /// Where the stretch goes, and how much room it has there.
    private var start = 0, room = 0

    private static let stretchBytes = 1 << 18

    init(_ spool: SampleSpool) { self.spool = spool }

    /// - Returns: where the record will be.
    mutating func add(_ record: UnsafeRawBufferPointer) throws -> Int {
        if stretch.count + record.count > room {
            try finish()
            room = max(Self.stretchBytes, record.count)
            start = spool.reserve(room)
            stretch.reserveCapacity(room)
        }
        let offset = start + stretch.count
        stretch.append(contentsOf: record)
        return offset
    }

    /// Writes what was not written yet.
    mutating func finish() throws {
        let (spool, start) = (spool, start)
        try stretch.withUnsafeBytes { try spool.write($0, at: start) }
        stretch.removeAll(keepingCapacity: true)
        room = 0
    }
}

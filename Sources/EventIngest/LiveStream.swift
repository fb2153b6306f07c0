internal import CZstd
import Parallel
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What can be read only once, such as standard input: what is read is kept compressed in a file below `TMPDIR`, so that it can be
/// read again.
final class LiveStream: Sendable {
    private let state: Mutex<State>
    /// Where it is kept, for messages and for reading it again.
    let path: String

    /// How many bytes are looked at before anything is kept: what is shorter is kept as it is, and read as a file.
    static let headBytes = 16 << 20

    private struct State: ~Copyable {
        let stream: FileDescriptor
        let keeper: CompressedSpool
        /// The first bytes, until they were read.
        var head: [UInt8]
        var headRead = 0
        var tail: [UInt8] = []
        var isBegun = false, isAtEnd = false

        /// The next bytes, some at least unless nothing is left.
        mutating func read(upTo count: Int) throws -> [UInt8] {
            if headRead < head.count {
                let next = Array(head[headRead..<min(headRead + count, head.count)])
                headRead += next.count
                if headRead == head.count { (head, headRead) = ([], 0) }
                return next
            }
            guard !isAtEnd else { return [] }
            let next = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                filled = try stream.read(into: UnsafeMutableRawBufferPointer(buffer), path: "standard input")
            }
            isAtEnd = next.isEmpty
            if isAtEnd { try keeper.finish() } else { try next.withUnsafeBytes { try keep($0) } }
            return next
        }

        mutating func keep(_ bytes: UnsafeRawBufferPointer) throws {
            try keeper.write(bytes)
            tail = Array((tail + bytes.suffix(LiveStream.tailBytes)).suffix(LiveStream.tailBytes))
        }
    }

    fileprivate static let tailBytes = 2048
    private static let blockBytes = 1 << 18

    /// - Parameter head: the bytes that were read of it already.
    init(_ stream: consuming FileDescriptor, head: [UInt8]) throws {
        let keeper = try CompressedSpool()
        path = keeper.path
        var state = State(stream: stream, keeper: keeper, head: head)
        try head.withUnsafeBytes { try state.keep($0) }
        self.state = Mutex(state)
    }

    /// Whether this is the first to read all of it; who comes later reads what was kept.
    func begin() -> Bool {
        state.withLock { state in
            defer { state.isBegun = true }
            return !state.isBegun
        }
    }

    /// The next bytes, none at the end. For the one that began.
    func next() throws -> [UInt8] { try state.withLock { try $0.read(upTo: Self.blockBytes) } }

    /// The first bytes; `nil` once somebody began to read.
    var head: [UInt8]? { state.withLock { $0.isBegun ? nil : $0.head } }

    /// The last bytes, once it was read.
    var tail: [UInt8] { state.withLock { $0.tail } }

    /// Reads what is left of it, so that all of it is kept.
    func drain() throws {
        _ = begin()
        while try !next().isEmpty {}
    }
}

/// Compresses what is written to it into a file below `TMPDIR`, which is gone when this is freed.
private final class CompressedSpool {
    private let temporary: TemporaryFile
    private let file: AnswerFile
    private let stream: OpaquePointer
    private var output = [UInt8](repeating: 0, count: 1 << 18)

    init() throws {
        temporary = try TemporaryFile()
        guard let stream = ZSTD_createCCtx() else {
            throw IngestError(.unreadable, "zstd cannot start: memory is short")
        }
        // The fastest of the plain levels, in threads of its own; a library without threads says no and does it here.
        ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, 1)
        ZSTD_CCtx_setParameter(stream, ZSTD_c_nbWorkers, Int32(clamping: min(availableCores(), 4)))
        self.stream = stream
        file = AnswerFile(descriptor: temporary.descriptor, path: temporary.path)
    }

    /// Where it can be opened, by this process.
    var path: String { temporary.path }

    deinit { ZSTD_freeCCtx(stream) }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try compress(bytes, ZSTD_e_continue) }

    func finish() throws { try compress(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end) }

    private func compress(_ bytes: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            let (left, made) = output.withUnsafeMutableBytes { bytes in
                var sink = ZSTD_outBuffer(dst: bytes.baseAddress, size: bytes.count, pos: 0)
                return (ZSTD_compressStream2(stream, &sink, &input, directive), sink.pos)
            }
            guard ZSTD_isError(left) == 0 else {
                throw IngestError(
                    .unreadable,
                    "what must be read twice cannot be compressed: \(String(cString: ZSTD_getErrorName(left)))",
                    at: path)
            }
            try output.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<made])) }
            if directive == ZSTD_e_end ? left == 0 : input.pos == input.size { return }
        }
    }
}

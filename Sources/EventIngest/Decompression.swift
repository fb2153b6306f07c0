internal import CZlib
internal import CZstd

/// Turns compressed bytes into plain ones, a piece at a time.
protocol Decompressor: ~Copyable {
    /// Hands the plain bytes of `input` to `body`.
    mutating func decompress(
        _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws

    /// Whether the compressed stream ended where it said it would.
    var isComplete: Bool { get }
}

/// gzip, also several members one after the other (RFC 1952).
struct GzipDecompressor: ~Copyable, Decompressor {
    private let stream: UnsafeMutablePointer<z_stream>
    private var output = [UInt8](repeating: 0, count: 1 << 18)
    private(set) var isComplete = false

    init() throws(IngestError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 more to ask for the gzip wrapper.
        guard blamedeploy_inflate_init(stream, 15 + 16) == Z_OK else {
            stream.deallocate()
            throw IngestError(.damagedCompression, "zlib cannot start: memory is short")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    mutating func decompress(
        _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let start = input.bindMemory(to: UInt8.self).baseAddress else { return }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
        stream.pointee.avail_in = UInt32(input.count)
        while stream.pointee.avail_in > 0 {
            if isComplete {
                inflateReset(stream)
                isComplete = false
            }
            let (result, count) = output.withUnsafeMutableBufferPointer { buffer in
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(buffer.count)
                let result = inflate(stream, Z_NO_FLUSH)
                return (result, buffer.count - Int(stream.pointee.avail_out))
            }
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw IngestError(.damagedCompression, "the gzip data are damaged")
            }
            isComplete = result == Z_STREAM_END
            try output.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}

/// zstd, also several frames one after the other (RFC 8878).
struct ZstdDecompressor: ~Copyable, Decompressor {
    private let stream: OpaquePointer
    private var output = [UInt8](repeating: 0, count: 1 << 18)
    private(set) var isComplete = false

    init() throws(IngestError) {
        guard let stream = ZSTD_createDStream() else {
            throw IngestError(.damagedCompression, "zstd cannot start: memory is short")
        }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    mutating func decompress(
        _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var isFull = false
        while source.pos < source.size || isFull {
            let (result, count) = output.withUnsafeMutableBytes { buffer in
                var sink = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
                return (ZSTD_decompressStream(stream, &sink, &source), sink.pos)
            }
            guard ZSTD_isError(result) == 0 else {
                throw IngestError(.damagedCompression, "the zstd data are damaged")
            }
            isComplete = result == 0
            isFull = count == output.count
            try output.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}

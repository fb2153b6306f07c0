internal import CZlib
internal import CZstd

/// Turns compressed bytes into plain ones, a piece at a time.
protocol Decompressor: AnyObject {
    /// Decompresses some of `input` into some of `output`; what was made earlier and had no room comes first.
    ///
    /// - Returns: how many bytes were used up and how many were made. Neither when the stream ended and there is no more input.
    func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        throws(IngestError) -> (consumed: Int, produced: Int)

    /// Whether the compressed stream ended where it said it would.
    var isComplete: Bool { get }
}

/// gzip, also several members one after the other (RFC 1952).
final class GzipDecompressor: Decompressor {
    private let stream: UnsafeMutablePointer<z_stream>
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

    func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        throws(IngestError) -> (consumed: Int, produced: Int)
    {
        if isComplete {
            guard !input.isEmpty else { return (0, 0) }
            inflateReset(stream)
            isComplete = false
        }
        let (available, room) = (UInt32(clamping: input.count), UInt32(clamping: output.count))
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = available
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = room
        let result = inflate(stream, Z_NO_FLUSH)
        guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
            throw IngestError(.damagedCompression, "the gzip data are damaged")
        }
        isComplete = result == Z_STREAM_END
        return (Int(available - stream.pointee.avail_in), Int(room - stream.pointee.avail_out))
    }
}

/// zstd, also several frames one after the other (RFC 8878).
final class ZstdDecompressor: Decompressor {
    private let stream: OpaquePointer
    private(set) var isComplete = false

    init() throws(IngestError) {
        guard let stream = ZSTD_createDStream() else {
            throw IngestError(.damagedCompression, "zstd cannot start: memory is short")
        }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    func decompress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        throws(IngestError) -> (consumed: Int, produced: Int)
    {
        if isComplete, input.isEmpty { return (0, 0) }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var sink = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(stream, &sink, &source)
        guard ZSTD_isError(result) == 0 else {
            throw IngestError(.damagedCompression, "the zstd data are damaged")
        }
        isComplete = result == 0
        return (source.pos, sink.pos)
    }
}

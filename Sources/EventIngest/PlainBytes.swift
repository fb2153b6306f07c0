/// The bytes of a file from the first to the last, decompressed where it is compressed.
struct PlainBytes: ~Copyable {
    let compression: Compression
    private let file: FileDescriptor
    /// As the user named it.
    private let name: String
    private let decompressor: (any Decompressor)?
    /// What was read of the file and not yet handed on.
    private var input = [UInt8](repeating: 0, count: 1 << 18)
    private var unread = 0..<0
    /// Whether the decompressor may hold more than there was room for.
    private var isHeldBack = false

    init(_ source: EventSources.Source) throws {
        let file = try FileDescriptor(reading: source.path)
        let filled = try Self.fill(&input, from: file, name: source.name)
        let compression = Compression(magic: input.prefix(filled))
        let decompressor: (any Decompressor)? =
            switch compression {
            case .none: nil
            case .gzip: try GzipDecompressor()
            case .zstd: try ZstdDecompressor()
            }
        self.file = file
        name = source.name
        self.compression = compression
        self.decompressor = decompressor
        unread = 0..<filled
    }

    /// Fills a buffer; only the end of the file leaves some of it as it was.
    ///
    /// - Returns: how many bytes there are.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let decompressor else { return try readPlain(into: buffer) }
        var filled = 0
        while filled < buffer.count {
            if unread.isEmpty, !isHeldBack {
                unread = 0..<(try Self.fill(&input, from: file, name: name))
                if unread.isEmpty { break }
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let (used, made) = try input.withUnsafeBytes { bytes in
                try decompressor.decompress(UnsafeRawBufferPointer(rebasing: bytes[unread]), into: room)
            }
            unread = unread.lowerBound + used..<unread.upperBound
            filled += made
            isHeldBack = made == room.count
        }
        if filled < buffer.count, !decompressor.isComplete {
            throw IngestError(
                .damagedCompression, "the \(compression.rawValue) data end too early: the file is cut off",
                at: name, remedy: "fetch it again, and check it with \(compression.rawValue) -t \(name)")
        }
        return filled
    }

    private mutating func readPlain(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = min(unread.count, buffer.count)
        for index in 0..<filled { buffer[index] = input[unread.lowerBound + index] }
        unread = unread.lowerBound + filled..<unread.upperBound
        while filled < buffer.count {
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), path: name)
            guard count > 0 else { break }
            filled += count
        }
        return filled
    }

    private static func fill(
        _ block: inout [UInt8], from file: borrowing FileDescriptor, name: String
    ) throws -> Int {
        try block.withUnsafeMutableBytes { bytes in
            try file.read(into: bytes, path: name)
        }
    }
}

/// The bytes of a source from the first to the last, decompressed where it is compressed.
struct PlainBytes: ~Copyable {
    /// How the source is compressed where it can be read again.
    let compression: Compression
    /// What is read; nothing where all that is wanted was read already.
    private let file: OpenFile?
    /// What is read instead the first time.
    private let live: LiveStream?
    /// As the user named it.
    private let name: String
    private let onRead: @Sendable (Int) -> Void
    private let decompressor: (any Decompressor)?
    /// What was read of the file and not yet handed on.
    private var input: [UInt8]
    private var unread: Range<Int>
    /// Whether the decompressor may hold more than there was room for.
    private var isHeldBack: Bool
    /// What keeps a small file from unpacking without end; nothing for what we packed ourselves.
    private var meter: UnpackingMeter?

    /// - Parameter isOnlyHead: whether of a stream that comes only once no more than the first bytes are wanted; reading all of it
    ///   the first time is for one reader.
    init(_ source: EventSources.Source, isOnlyHead: Bool = false) throws {
        var input: [UInt8]
        var filled = 0
        var (file, live): (OpenFile?, LiveStream?) = (nil, nil)
        var compression = Compression.zstd
        var decompressor: (any Decompressor)?
        if isOnlyHead, let head = source.live?.head {
            input = head
            filled = head.count
        } else if let own = source.live, own.begin() {
            live = own
            input = []
        } else {
            try source.live?.drain()
            let opened = try OpenFile(source.path)
            input = [UInt8](repeating: 0, count: 1 << 18)
            filled = try opened.fill(&input, name: source.name)
            file = opened
            compression = Compression(magic: input.prefix(filled))
            switch compression {
            case .none: break
            case .gzip: decompressor = try GzipDecompressor()
            case .zstd: decompressor = try ZstdDecompressor()
            }
        }
        name = source.name
        onRead = source.onRead
        self.input = input
        unread = 0..<filled
        isHeldBack = false
        meter = source.live == nil ? UnpackingMeter(source.allowance) : nil
        self.file = file
        self.live = live
        self.compression = compression
        self.decompressor = decompressor
    }

    /// Fills a buffer; only the end of the file leaves some of it as it was.
    ///
    /// - Returns: how many bytes there are.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let decompressor else { return try readPlain(into: buffer) }
        var filled = 0
        while filled < buffer.count {
            if unread.isEmpty, !isHeldBack {
                unread = 0..<(try file?.fill(&input, name: name) ?? 0)
                if unread.isEmpty { break }
                onRead(unread.count)
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let (used, made) = try input.withUnsafeBytes { bytes in
                try decompressor.decompress(UnsafeRawBufferPointer(rebasing: bytes[unread]), into: room)
            }
            unread = unread.lowerBound + used..<unread.upperBound
            filled += made
            isHeldBack = made == room.count
            if meter?.count(packed: used, plain: made) == false {
                throw UnpackingAllowance.exhausted(by: name, packedWith: compression)
            }
        }
        if filled < buffer.count, !decompressor.isComplete {
            throw IngestError(
                .damagedCompression, "the \(compression.rawValue) data end too early: the file is cut off",
                at: name, remedy: "fetch it again, and check it with \(compression.rawValue) -t \(name)")
        }
        return filled
    }

    private mutating func readPlain(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var filled = takeUnread(into: buffer)
        while let live, filled < buffer.count {
            input = try live.next()
            unread = 0..<input.count
            if input.isEmpty { break }
            filled += takeUnread(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        }
        while let file, filled < buffer.count {
            let count = try file.descriptor.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), path: name)
            guard count > 0 else { break }
            filled += count
            onRead(count)
        }
        return filled
    }

    /// Hands on what was read already.
    private mutating func takeUnread(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let taken = unread.prefix(buffer.count)
        input.withUnsafeBytes { input in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[taken]))
        }
        unread = taken.upperBound..<unread.upperBound
        return taken.count
    }

    private final class OpenFile {
        let descriptor: FileDescriptor

        init(_ path: String) throws { descriptor = try FileDescriptor(reading: path) }

        func fill(_ block: inout [UInt8], name: String) throws -> Int {
            try block.withUnsafeMutableBytes { try descriptor.read(into: $0, path: name) }
        }
    }
}

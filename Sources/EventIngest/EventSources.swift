import DeployModel

/// What events are read from.
public enum EventInput {
    /// A file, a folder (every file in it and in the folders inside, sorted by name), or `-` for standard input.
    case path(String)
    /// What a server answers: its name for messages, and a closure that asks and writes the answers down.
    case answers(name: String, (AnswerFile) throws -> Void)
}

/// The files that events are read from. They are read twice: once to count, once to look at an incident's events.
///
/// Standard input, and what servers answered, is kept in a temporary file until this is freed.
public final class EventSources {
    struct Source: Sendable {
        /// As the user named it.
        var name: String
        /// Where its bytes are.
        var path: String
        /// What they are read from the first time, where they come only once.
        var live: LiveStream?
        /// Is told how many bytes of the file were read.
        var onRead: @Sendable (Int) -> Void = { _ in }
        /// How much more it may unpack to than its size lets expect.
        var allowance = UnpackingAllowance()
    }

    let sources: [Source]
    /// Files that hold the same bytes as one before them, and are not read.
    let copies: [(name: String, of: String)]
    private let spools: [SpoolFile]

    /// Finds the files.
    ///
    /// - Parameter inputs: files, folders (every file in them and in the folders inside, sorted by name), or `-` for standard input.
    public convenience init(_ inputs: [String]) throws { try self.init(inputs.map(EventInput.path)) }

    /// Finds the files, and asks the servers.
    ///
    /// - Parameters:
    ///   - inputs: what is read, in this order.
    ///   - onRead: is told how many bytes of the files were read, on any thread.
    public convenience init(
        _ inputs: [EventInput], onRead: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        try self.init(inputs, headBytes: LiveStream.headBytes, onRead: onRead)
    }

    /// - Parameters:
    ///   - headBytes: streams that are no longer are kept as they are.
    ///   - allowance: what all compressed files together may unpack to beyond what their sizes let expect.
    package init(
        _ inputs: [EventInput], headBytes: Int = LiveStream.headBytes,
        allowance: UnpackingAllowance = UnpackingAllowance(),
        onRead: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        var sources: [Source] = []
        var spools: [SpoolFile] = []
        for input in inputs {
            let path: String
            switch input {
            case .path(let named): path = named
            case .answers(let name, let ask):
                let kept = try SpoolFile(filledBy: ask)
                spools.append(kept)
                sources.append(Source(name: name, path: kept.path, onRead: onRead))
                continue
            }
            if path == "-" {
                guard !sources.contains(where: { $0.name == "-" }) else { continue }
                sources.append(
                    try Self.kept(
                        FileDescriptor(standardInput: ()), name: "-", headBytes, onRead, &spools))
                continue
            }
            switch kind(of: path) {
            case .file: sources.append(Source(name: path, path: path, onRead: onRead))
            case .stream:
                // What can be read only once is kept, as standard input is.
                sources.append(
                    try Self.kept(FileDescriptor(reading: path), name: path, headBytes, onRead, &spools))
            case .missing:
                throw IngestError(
                    .unreadable, "there is no such file or folder", at: path,
                    remedy: "check the path; it is read from the current folder")
            case .folder:
                let files = try files(inFolder: path, depth: 0)
                guard !files.isEmpty else {
                    throw IngestError(.empty, "there is no file in this folder", at: path)
                }
                sources += files.map { Source(name: $0, path: $0, onRead: onRead) }
            }
        }
        // What is named twice, as a file and by its folder, happened once.
        var known: Set<String> = []
        let named = sources.filter { known.insert($0.path.replacing("//", with: "/")).inserted }
        let (kept, copies) = try withoutCopies(named)
        sources = kept
        for index in sources.indices { sources[index].allowance = allowance }
        (self.sources, self.copies) = (sources, copies)
        self.spools = spools
    }

    /// What can be read only once, as something that can be read again: a file when it is short or compressed.
    private static func kept(
        _ stream: consuming FileDescriptor, name: String, _ headBytes: Int,
        _ onRead: @escaping @Sendable (Int) -> Void, _ spools: inout [SpoolFile]
    ) throws -> Source {
        var head = [UInt8](repeating: 0, count: headBytes)
        var filled = 0
        while filled < head.count {
            let count = try head.withUnsafeMutableBytes {
                try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]), path: name)
            }
            guard count > 0 else { break }
            filled += count
        }
        if filled == headBytes, Compression(magic: head) == .none {
            let live = try LiveStream(stream, head: head)
            return Source(name: name, path: live.path, live: live, onRead: onRead)
        }
        let spool = try SpoolFile { file in
            while filled > 0 {
                try head.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<filled])) }
                filled = try head.withUnsafeMutableBytes { try stream.read(into: $0, path: name) }
            }
        }
        spools.append(spool)
        return Source(name: name, path: spool.path, onRead: onRead)
    }

    /// How many bytes the files have, as they lie there.
    public var byteCount: Int { sources.reduce(0) { $0 + (size(ofFile: $1.path) ?? 0) } }
}

extension EventSources.Source {
    /// Hands the plain bytes to `body`, decompressed where the file is compressed.
    ///
    /// - Parameter isOnlyHead: whether of a stream that comes only once no more than the first bytes are wanted.
    /// - Returns: how it was compressed.
    @discardableResult
    func read(isOnlyHead: Bool = false, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Compression
    {
        var bytes = try PlainBytes(self, isOnlyHead: isOnlyHead)
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let filled = try block.withUnsafeMutableBytes { try bytes.read(into: $0) }
            if filled > 0 {
                try block.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<filled])) }
            }
            if filled < block.count { return bytes.compression }
        }
    }

    /// Hands over the lines that begin in a range of a plain file, a block of whole lines at a time.
    ///
    /// - Parameter body: is handed the lines, padding readable behind them, and their offsets.
    func forEachBlock(in range: Range<Int>, _ body: (LineBlocks.Piece, Range<Int>) throws -> Void) throws {
        let file = try FileDescriptor(reading: path)
        var buffer = [UInt8](repeating: 0, count: Self.blockSize + JSONRecordParser.padding)
        var offset = range.lowerBound
        // The line that a range begins in belongs to the one before, unless it begins just there.
        var isSkipping = offset > 0
        if isSkipping { offset -= 1 }
        while offset < range.upperBound {
            var room = buffer.count - JSONRecordParser.padding
            let filled = try buffer.withUnsafeMutableBytes {
                try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]), at: offset, path: name)
            }
            guard filled > 0 else { throw fileBecameShorter(self) }
            let isLast = filled < room
            let consumed = try buffer.withUnsafeBytes { bytes -> Int in
                let bytes = UnsafeRawBufferPointer(rebasing: bytes[..<filled])
                var start = 0
                if isSkipping {
                    guard let newline = nextNewline(bytes, from: 0) else { return filled }
                    isSkipping = false
                    start = newline + 1
                } else if offset == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
                    start = 3
                }
                // The last line of the range is the one that its last byte is in.
                var end = lastNewline(bytes).map { $0 + 1 } ?? 0
                if isLast { end = filled }
                if offset + end >= range.upperBound {
                    let last = max(range.upperBound - 1 - offset, 0)
                    end = nextNewline(bytes, from: last).map { $0 + 1 } ?? end
                }
                guard end > start else { return start }
                let lines = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                try body(.lines(lines), offset + start..<offset + end)
                return end
            }
            offset += consumed
            onRead(consumed)
            guard consumed == 0 else { continue }
            if room < LineBlocks.longestLine {
                room = min(room * 4, LineBlocks.longestLine)
                buffer = [UInt8](repeating: 0, count: room + JSONRecordParser.padding)
            } else {
                try body(.tooLong, offset..<offset + filled)
                isSkipping = true
                offset += filled
            }
        }
    }

    private static let blockSize = 1 << 19

    /// The last bytes of the file as text.
    func tail() throws -> String {
        if let live { return String(decoding: live.tail, as: UTF8.self) }
        let file = try FileDescriptor(reading: path)
        var bytes = [UInt8](repeating: 0, count: 2048)
        let offset = max((file.size ?? 0) - bytes.count, 0)
        let filled = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: offset, path: name) }
        return String(decoding: bytes.prefix(filled), as: UTF8.self)
    }

    /// When the file was last written; standard input has just been.
    var modified: Instant? { get throws { try FileDescriptor(reading: path).modified } }
}

/// What was exported once and saved under two names happened once, too.
private func withoutCopies(
    _ sources: [EventSources.Source]
) throws -> (kept: [EventSources.Source], copies: [(name: String, of: String)]) {
    var kept: [EventSources.Source] = []
    var copies: [(name: String, of: String)] = []
    var bySize: [Int: [EventSources.Source]] = [:]
    for source in sources {
        // What comes only once is not there yet.
        let size = source.live == nil ? size(ofFile: source.path) ?? 0 : 0
        if size > 0, let original = try bySize[size]?.first(where: { try haveSameBytes($0, source) }) {
            copies.append((source.name, original.name))
        } else {
            kept.append(source)
            bySize[size, default: []].append(source)
        }
    }
    return (kept, copies)
}

/// Whether two files of one size hold the same; mostly the first bytes differ.
private func haveSameBytes(_ a: EventSources.Source, _ b: EventSources.Source) throws -> Bool {
    let oneFile = try FileDescriptor(reading: a.path)
    let otherFile = try FileDescriptor(reading: b.path)
    var blocks = ([UInt8](repeating: 0, count: 1 << 16), [UInt8](repeating: 0, count: 1 << 16))
    var offset = 0
    while true {
        let first = try blocks.0.withUnsafeMutableBytes {
            try oneFile.read(into: $0, at: offset, path: a.name)
        }
        let second = try blocks.1.withUnsafeMutableBytes {
            try otherFile.read(into: $0, at: offset, path: b.name)
        }
        guard first == second, blocks.0.prefix(first) == blocks.1.prefix(first) else { return false }
        guard first == blocks.0.count else { return true }
        offset += first
    }
}

/// What is thrown when what was there is not there any more.
func fileBecameShorter(_ source: EventSources.Source) -> IngestError {
    IngestError(
        .unreadable, "the file became shorter while it was read", at: source.name,
        remedy: "wait until it is written, or read a copy")
}

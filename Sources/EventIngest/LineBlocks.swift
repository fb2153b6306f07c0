#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Cuts a stream of bytes into blocks of whole lines.
struct LineBlocks {
    static let longestLine = 16 << 20

    /// A block as it is handed on: how many whole lines, or one that is too long to be looked at.
    enum Piece {
        case lines(UnsafeRawBufferPointer)
        case tooLong
    }

    /// What stands behind the last newline; room for padding is kept behind it.
    private var pending: [UInt8] = []
    private var isSkipping = false
    private var isFirst = true

    /// - Parameter body: is handed whole lines, as many bytes as a parser wants for padding readable behind them.
    mutating func read(_ block: UnsafeRawBufferPointer, _ body: (Piece) throws -> Void) rethrows {
        var rest = block[...]
        if isFirst, block.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        isFirst = false
        if isSkipping {
            guard let newline = rest.firstIndex(of: 0x0A) else { return }
            rest = rest[(newline + 1)...]
            isSkipping = false
        }
        guard let newline = lastNewline(UnsafeRawBufferPointer(rebasing: rest)) else {
            pending.append(contentsOf: rest)
            if pending.count > Self.longestLine {
                isSkipping = true
                pending.removeAll()
                try body(.tooLong)
            }
            return
        }
        let end = rest.startIndex + newline + 1
        pending.append(contentsOf: rest[..<end])
        try handOver(body)
        pending.append(contentsOf: rest[end...])
    }

    /// Hands on a last line without a newline.
    mutating func finish(_ body: (Piece) throws -> Void) rethrows {
        guard !pending.isEmpty else { return }
        try handOver(body)
    }

    private mutating func handOver(_ body: (Piece) throws -> Void) rethrows {
        let length = pending.count
        pending.append(contentsOf: repeatElement(0, count: JSONRecordParser.padding))
        defer { pending.removeAll(keepingCapacity: true) }
        try pending.withUnsafeBytes { try body(.lines(UnsafeRawBufferPointer(rebasing: $0[..<length]))) }
    }
}

/// Where the last newline stands; `nil` without one.
func lastNewline(_ bytes: UnsafeRawBufferPointer) -> Int? { bytes.lastIndex(of: 0x0A) }

/// Where the first newline at or behind an offset stands; `nil` without one.
func nextNewline(_ bytes: UnsafeRawBufferPointer, from offset: Int) -> Int? {
    guard let start = bytes.baseAddress, offset < bytes.count else { return nil }
    return memchr(start + offset, 0x0A, bytes.count - offset).map { UnsafeRawPointer($0) - start }
}

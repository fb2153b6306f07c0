#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Cuts blocks of bytes into lines. A line that lies within one block and has room behind it is handed on where it is;
/// others are put together in a buffer of their own.
struct LineReader {
    static let longestLine = 16 << 20

    private var pending: [UInt8] = []
    private var isSkipping = false
    private var line = 0

    /// - Parameters:
    ///   - body: is handed each whole line with its number, without the newline; as many bytes as a parser wants for
    ///     padding are readable behind it.
    ///   - tooLong: is told the number of a line that is passed over because of its length.
    mutating func read(
        _ block: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Int) throws -> Void,
        tooLong: (Int) -> Void
    ) rethrows {
        var start = 0
        if line == 0, pending.isEmpty, block.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        while start < block.count {
            let rest = UnsafeRawBufferPointer(rebasing: block[start...])
            guard let length = lengthOfLine(rest) else {
                keep(rest, tooLong: tooLong)
                return
            }
            line += 1
            let end = start + length
            if isSkipping {
                isSkipping = false
            } else if pending.isEmpty, end + JSONRecordParser.padding <= block.count {
                try body(UnsafeRawBufferPointer(rebasing: block[start..<end]), line)
            } else {
                pending.append(contentsOf: rest[..<length])
                try handOver(body)
            }
            start = end + 1
        }
    }

    /// Hands on a last line without a newline.
    mutating func finish(_ body: (UnsafeRawBufferPointer, Int) throws -> Void) rethrows {
        guard !pending.isEmpty else { return }
        line += 1
        try handOver(body)
    }

    private mutating func keep(_ rest: UnsafeRawBufferPointer, tooLong: (Int) -> Void) {
        guard !isSkipping else { return }
        guard pending.count + rest.count <= Self.longestLine else {
            isSkipping = true
            pending.removeAll()
            tooLong(line + 1)
            return
        }
        pending.append(contentsOf: rest)
    }

    private mutating func handOver(_ body: (UnsafeRawBufferPointer, Int) throws -> Void) rethrows {
        let length = pending.count
        pending.append(contentsOf: repeatElement(0, count: JSONRecordParser.padding))
        defer { pending.removeAll(keepingCapacity: true) }
        try pending.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<length]), line) }
    }
}

/// How many bytes stand before the first newline; `nil` without one. The C library looks at many bytes at once.
private func lengthOfLine(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let found = memchr(start, 0x0A, bytes.count) else { return nil }
    return UnsafeRawPointer(found) - start
}

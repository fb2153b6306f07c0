/// Whole records of a stream, in memory: what one thread cuts off and another one reads.
struct PartBytes {
    /// The bytes, ``padding`` more of them behind.
    private(set) var bytes: [UInt8] = []
    /// How many bytes of the stream there are, those of the next part included.
    private(set) var filled = 0
    /// Where the first byte is in the stream.
    var offset = 0
    /// How many bytes the records take.
    var length = 0
    /// Whether a line that is too long to be looked at follows the records.
    var isCutLong = false
    /// Whether nothing follows; whether the end was in sight when it was cut.
    var isLast = false, isNearEnd = false
    /// The cells of delimited text.
    var cells = CellEnds()
    /// The line of the file that the first record begins on, where it is known.
    var line = 1

    /// How many bytes behind those that are read must be there.
    static let padding = max(64, JSONRecordParser.padding)

    /// Begins anew with some bytes.
    mutating func restart(with held: [UInt8], at offset: Int) {
        filled = 0
        reserve(held.count)
        bytes.replaceSubrange(0..<held.count, with: held)
        filled = held.count
        self.offset = offset
        (length, isCutLong, isLast, isNearEnd, line) = (0, false, false, false, 1)
        cells.restart()
    }

    /// Reads on until there are so many bytes, or no more.
    ///
    /// - Returns: whether that was all there is.
    mutating func fill(to count: Int, from stream: inout PlainBytes) throws -> Bool {
        guard filled < count else { return false }
        reserve(count)
        let start = filled
        let read = try bytes.withUnsafeMutableBytes { bytes in
            try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[start..<count]))
        }
        filled += read
        return filled < count
    }

    /// Looks for the cells of delimited text among the bytes.
    mutating func findCells(delimiter: UInt8, target: Int, isLast: Bool) -> CellEnds.Finding {
        bytes.withUnsafeBytes {
            cells.find(
                in: UnsafeRawBufferPointer(rebasing: $0[..<filled]), delimiter: delimiter, target: target,
                isLast: isLast)
        }
    }

    /// The bytes behind the records, which belong to the next part.
    var rest: [UInt8] { Array(bytes[length..<filled]) }

    private mutating func reserve(_ count: Int) {
        guard bytes.count < count + Self.padding else { return }
        var more = [UInt8](repeating: 0, count: max(count, bytes.count + bytes.count / 2) + Self.padding)
        more.replaceSubrange(0..<filled, with: bytes[..<filled])
        bytes = more
    }
}

/// Cuts a stream into parts, each of the records that begin in so many bytes of it.
protocol PartCutter: AnyObject {
    /// Fills the next part.
    ///
    /// - Returns: whether there is one.
    func next(into part: inout PartBytes) throws -> Bool
}

/// Cuts lines.
final class LineCutter: PartCutter {
    private var stream: PlainBytes
    private let sizes: PartSizes
    private var held: [UInt8] = []
    private var offset = 0, number = 0
    private var isAtEnd = false
    /// Whether a line that is too long has not ended yet.
    private var isSkipping = false

    /// How much is read beyond the end of a part, so that the line it ends in mostly ends there as well.
    static let lookAhead = 1 << 16

    init(_ source: EventSources.Source, sizes: PartSizes) throws {
        stream = try PlainBytes(source)
        self.sizes = sizes
    }

    func next(into part: inout PartBytes) throws -> Bool {
        part.restart(with: held, at: offset)
        if isSkipping { try skip(&part) }
        guard part.filled > 0 || !isAtEnd else { return false }
        number += 1
        let target = sizes.end(of: number) - offset
        if target > 0 { try cut(&part, at: target) }
        held = part.rest
        offset = part.offset + part.length
        if part.isCutLong {
            offset += held.count
            held = []
            isSkipping = true
        }
        part.isLast = isAtEnd && held.isEmpty
        return part.length > 0 || part.isCutLong || !part.isLast
    }

    private func cut(_ part: inout PartBytes, at target: Int) throws {
        if !isAtEnd { isAtEnd = try part.fill(to: target + Self.lookAhead, from: &stream) }
        var searched = target - 1
        while true {
            let filled = part.filled
            let newline = part.bytes.withUnsafeBytes {
                nextNewline(UnsafeRawBufferPointer(rebasing: $0[..<filled]), from: searched)
            }
            if let newline {
                part.length = newline + 1
                return
            }
            guard !isAtEnd else {
                part.length = part.filled
                return
            }
            let start = part.bytes.withUnsafeBytes {
                lastNewline(UnsafeRawBufferPointer(rebasing: $0[..<filled])).map { $0 + 1 } ?? 0
            }
            if part.filled - start >= LineBlocks.longestLine {
                part.length = start
                part.isCutLong = true
                return
            }
            searched = part.filled
            isAtEnd = try part.fill(to: part.filled + (1 << 20), from: &stream)
        }
    }

    /// Leaves out what is left of a line.
    private func skip(_ part: inout PartBytes) throws {
        while true {
            let filled = part.filled
            let newline = part.bytes.withUnsafeBytes {
                nextNewline(UnsafeRawBufferPointer(rebasing: $0[..<filled]), from: 0)
            }
            let end = newline.map { $0 + 1 } ?? filled
            offset += end
            part.length = end
            part.restart(with: part.rest, at: offset)
            if newline != nil || isAtEnd { break }
            isAtEnd = try part.fill(to: 1 << 20, from: &stream)
        }
        isSkipping = false
    }
}

extension PartBytes {
    /// Hands over blocks of whole lines, with where each begins in the stream.
    func forEachBlock(_ body: (LineBlocks.Piece, Range<Int>) throws -> Void) throws {
        let size = 1 << 19
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            if offset == 0, length >= 3, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
            while start < length {
                var end = min(start + size, length)
                if end < length {
                    let block = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    let lines = UnsafeRawBufferPointer(rebasing: bytes[..<length])
                    end =
                        lastNewline(block).map { start + $0 + 1 }
                        ?? nextNewline(lines, from: end).map { $0 + 1 } ?? length
                }
                try body(
                    .lines(UnsafeRawBufferPointer(rebasing: bytes[start..<end])),
                    offset + start..<offset + end)
                start = end
            }
        }
        if isCutLong { try body(.tooLong, offset + length..<offset + length) }
    }
}

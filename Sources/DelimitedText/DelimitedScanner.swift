/// Where a cell lies in the bytes that were scanned, its quotes left out.
public struct DelimitedCell: Sendable, Hashable {
    /// The offset of the first byte.
    public var start: Int
    /// The offset after the last byte.
    public var end: Int
    /// Whether the cell holds doubled quotes, so that its text is not simply its bytes.
    public var hasDoubledQuotes: Bool

    /// A cell between two offsets.
    @inlinable
    public init(start: Int, end: Int, hasDoubledQuotes: Bool) {
        self.start = start
        self.end = end
        self.hasDoubledQuotes = hasDoubledQuotes
    }

    /// The text of the cell, doubled quotes undone and broken UTF-8 repaired.
    public func text(in bytes: Span<UInt8>) -> String {
        var content: [UInt8] = []
        content.reserveCapacity(end - start)
        append(to: &content, from: bytes)
        return String(decoding: content, as: UTF8.self)
    }

    /// Appends the bytes of the cell, doubled quotes undone.
    public func append(to content: inout [UInt8], from bytes: Span<UInt8>) {
        var index = start
        while index < end {
            let byte = bytes[index]
            content.append(byte)
            index += hasDoubledQuotes && byte == UInt8(ascii: "\"") ? 2 : 1
        }
    }
}

/// Cuts delimited text into records and cells, block by block, as RFC 4180 has it.
///
/// The caller owns the bytes and moves on by the offsets it is given; nothing is copied. Records end at `\n` or
/// `\r\n`; a quoted cell may hold both and the delimiter. Empty lines are passed over. What RFC 4180 does not
/// allow (text after a closing quote, a quote that is never closed) is told as one malformed record, and reading goes on
/// at the line after the one on which that record began, so that a stray quote costs one line.
public struct DelimitedScanner: Sendable {
    /// What a step found; the offset is where the next one begins.
    public enum Step: Sendable, Equatable {
        /// A record whose cells are filled in.
        case record(end: Int)
        /// A record that cannot be read, and why.
        case malformed(reason: String, end: Int)
        /// The bytes end inside a record: call again with more of them.
        case incomplete
        /// Nothing is left.
        case end
    }

    /// The line on which the last record began, counted from 1.
    public private(set) var line: Int
    /// The line on which the next record begins.
    public private(set) var nextLine: Int
    private let delimiter: UInt8

    /// A scanner whose first record begins on a line.
    public init(delimiter: UInt8, line: Int) {
        self.delimiter = delimiter
        self.line = line
        nextLine = line
    }

    /// Reads the record that begins at an offset.
    ///
    /// - Parameters:
    ///   - bytes: the bytes at hand.
    ///   - position: where the record begins.
    ///   - isLast: whether nothing follows `bytes`.
    ///   - cells: filled with the cells of the record.
    public mutating func next(
        in bytes: Span<UInt8>, from position: Int, isLast: Bool, cells: inout [DelimitedCell]
    ) -> Step {
        let lineBefore = nextLine
        let step = scan(bytes, from: position, isLast: isLast, cells: &cells)
        // An incomplete record is read again from the same offset, empty lines before it included.
        if step == .incomplete { nextLine = lineBefore }
        return step
    }

    private mutating func scan(
        _ bytes: Span<UInt8>, from position: Int, isLast: Bool, cells: inout [DelimitedCell]
    ) -> Step {
        cells.removeAll(keepingCapacity: true)
        let start = afterEmptyLines(bytes, from: position)
        guard start < bytes.count else { return isLast ? .end : .incomplete }
        line = nextLine
        var index = start
        var newlines = 0
        while true {
            let cell: DelimitedCell
            if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                guard let closed = quotedCell(bytes, from: index, newlines: &newlines) else {
                    guard isLast else { return .incomplete }
                    return malformed("a quote is never closed", in: bytes, from: start)
                }
                // Without the byte after it, a quote at the end of a block may yet be the first of two.
                guard closed.end + 1 < bytes.count || isLast else { return .incomplete }
                cell = closed
                index = closed.end + 1
                if index + 1 < bytes.count, bytes[index] == 0x0D, bytes[index + 1] == 0x0A { index += 1 }
                if index + 1 == bytes.count, bytes[index] == 0x0D {
                    guard isLast else { return .incomplete }
                    index += 1
                }
            } else {
                let end = unquotedEnd(bytes, from: index)
                guard end < bytes.count || isLast else { return .incomplete }
                let endsLine = end == bytes.count || bytes[end] == 0x0A
                let trimmed = endsLine && end > index && bytes[end - 1] == 0x0D ? end - 1 : end
                cell = DelimitedCell(start: index, end: trimmed, hasDoubledQuotes: false)
                index = end
            }
            cells.append(cell)
            guard index < bytes.count, bytes[index] != 0x0A else {
                nextLine += newlines + 1
                return .record(end: min(index + 1, bytes.count))
            }
            guard bytes[index] == delimiter else {
                return malformed("text after a closing quote", in: bytes, from: start)
            }
            index += 1
        }
    }

    /// Gives the record at an offset up, and goes on at the next line.
    ///
    /// For a record that grew past what the caller is willing to hold.
    public mutating func skipLine(in bytes: Span<UInt8>, from position: Int) -> Step {
        malformed("the record is too long", in: bytes, from: position)
    }

    private mutating func malformed(_ reason: String, in bytes: Span<UInt8>, from start: Int) -> Step {
        var index = start
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        nextLine += 1
        return .malformed(reason: reason, end: min(index + 1, bytes.count))
    }

    private mutating func afterEmptyLines(_ bytes: Span<UInt8>, from position: Int) -> Int {
        var index = position
        while index < bytes.count {
            if bytes[index] == 0x0A {
                nextLine += 1
                index += 1
            } else if bytes[index] == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A {
                nextLine += 1
                index += 2
            } else {
                break
            }
        }
        return index
    }

    private func unquotedEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == delimiter || byte == 0x0A { break }
            index += 1
        }
        return index
    }

    /// The cell whose opening quote stands at `start`; its closing quote stands at the cell's end.
    private func quotedCell(_ bytes: Span<UInt8>, from start: Int, newlines: inout Int) -> DelimitedCell? {
        var index = start + 1
        var hasDoubledQuotes = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\"") else {
                    return DelimitedCell(start: start + 1, end: index, hasDoubledQuotes: hasDoubledQuotes)
                }
                hasDoubledQuotes = true
                index += 1
            } else if byte == 0x0A {
                newlines += 1
            }
            index += 1
        }
        return nil
    }
}

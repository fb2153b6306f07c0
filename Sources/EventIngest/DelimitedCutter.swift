import DelimitedText

/// What the beginning of delimited text says: how its cells are separated, and what its columns are called.
struct DelimitedHead: Sendable {
    var header: [String]
    var delimiter: UInt8
    /// Where the first record below the header begins, and the line it is on.
    var length: Int, line: Int

    /// - Returns: `nil` where the header is not whole or not well-formed in the first bytes.
    init?(_ block: UnsafeRawBufferPointer, isLast: Bool) {
        let head = Array(block.prefix(1 << 16))
        let dialect = DelimitedDialect(sniffing: head.span)
        var scanner = DelimitedScanner(delimiter: dialect.delimiter, line: dialect.headerLine)
        var cells: [DelimitedCell] = []
        let step = scanner.next(
            in: head.span, from: dialect.preambleLength, isLast: isLast && head.count == block.count,
            cells: &cells)
        guard case .record(let end) = step else { return nil }
        header = cells.map { $0.text(in: head.span) }
        delimiter = dialect.delimiter
        length = end
        line = scanner.nextLine
    }
}

/// Cuts delimited text, where a record may span several lines.
///
/// Quotes that stand where RFC 4180 has them are told from the bytes around them, 64 at a time; where one stands elsewhere the
/// part is scanned byte after byte, with the same result.
final class DelimitedCutter: PartCutter {
    private var stream: PlainBytes
    private let head: DelimitedHead
    private let sizes: PartSizes
    private var held: [UInt8] = []
    private var offset = 0, number = 0, line: Int
    private var isAtEnd = false

    init(_ source: EventSources.Source, _ head: DelimitedHead, sizes: PartSizes) throws {
        stream = try PlainBytes(source)
        self.head = head
        self.sizes = sizes
        line = head.line
    }

    func next(into part: inout PartBytes) throws -> Bool {
        if number == 0 {
            part.restart(with: [], at: 0)
            isAtEnd = try part.fill(to: head.length, from: &stream)
            offset = part.filled
        }
        part.restart(with: held, at: offset)
        guard part.filled > 0 || !isAtEnd else { return false }
        number += 1
        part.line = line
        let target = sizes.end(of: number) - offset
        if target > 0 { try cut(&part, at: target) }
        held = part.rest
        offset = part.offset + part.length
        (part.isLast, part.isNearEnd) = (isAtEnd && held.isEmpty, isAtEnd)
        return part.length > 0 || !part.isLast
    }

    private func cut(_ part: inout PartBytes, at target: Int) throws {
        if !isAtEnd { isAtEnd = try part.fill(to: target + LineCutter.lookAhead, from: &stream) }
        while true {
            switch part.findCells(delimiter: head.delimiter, target: target - 1, isLast: isAtEnd) {
            case .records(let length):
                part.length = length
                line += part.cells.lineCount
                return
            case .irregular: return try cutSlowly(&part, at: target)
            case .incomplete(let length):
                if part.filled - length > LineBlocks.longestLine { return try cutSlowly(&part, at: target) }
                isAtEnd = try part.fill(to: part.filled + (1 << 20), from: &stream)
            }
        }
    }

    private func cutSlowly(_ part: inout PartBytes, at target: Int) throws {
        part.cells.restart()
        var scanner = DelimitedScanner(delimiter: head.delimiter, line: line)
        var cells: [DelimitedCell] = []
        var position = 0
        while position < target {
            // The bytes behind those that were read are none of the text.
            let filled = part.filled
            let step = scanner.next(
                in: part.bytes.span.extracting(0..<filled), from: position, isLast: isAtEnd, cells: &cells)
            switch step {
            case .record(let end), .malformed(_, let end): position = end
            case .end:
                position = filled
                part.length = position
                line = scanner.nextLine
                return
            case .incomplete:
                if filled - position > LineBlocks.longestLine {
                    let skipped = scanner.skipLine(
                        in: part.bytes.span.extracting(0..<filled), from: position)
                    if case .malformed(_, let end) = skipped { position = end }
                } else {
                    isAtEnd = try part.fill(to: filled + (1 << 20), from: &stream)
                }
            }
        }
        part.length = position
        line = scanner.nextLine
    }
}

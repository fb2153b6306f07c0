internal import CDelimited
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
    private let partBytes: Int
    private var held: [UInt8] = []
    private var offset = 0, number = 0, line: Int
    private var isAtEnd = false
    private var separators = [UInt32](repeating: 0, count: 1 << 12)
    private var ends = [UInt32](repeating: 0, count: 1 << 12)

    init(_ source: EventSources.Source, _ head: DelimitedHead, partBytes: Int) throws {
        stream = try PlainBytes(source)
        self.head = head
        self.partBytes = partBytes
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
        let target = number * partBytes - offset
        if target > 0 { try cut(&part, at: target) }
        held = part.rest
        offset = part.offset + part.length
        part.isLast = isAtEnd && held.isEmpty
        return part.length > 0 || !part.isLast
    }

    private func cut(_ part: inout PartBytes, at target: Int) throws {
        if !isAtEnd { isAtEnd = try part.fill(to: target + LineCutter.lookAhead, from: &stream) }
        var state = bd_delimited_state(inside: 0, is_start: 1, is_closed: 0, is_returned: 0, newlines: 0)
        var scan = bd_delimited_scan()
        // A quote as a separator would be both.
        if [0x22, 0x0D, 0x0A].contains(head.delimiter) { return try cutSlowly(&part, at: target) }
        while true {
            find(in: part, target: target - 1, &state, &scan)
            switch Int(scan.reason) {
            case BD_DELIMITED_TARGET:
                part.length = scan.offset
            case BD_DELIMITED_FULL:
                separators.append(contentsOf: repeatElement(0, count: separators.count))
                ends.append(contentsOf: repeatElement(0, count: ends.count))
                continue
            case BD_DELIMITED_IRREGULAR: return try cutSlowly(&part, at: target)
            default:
                let lastEnd = scan.ends == 0 ? 0 : Int(separators[Int(ends[scan.ends - 1]) - 1]) + 1
                guard isAtEnd else {
                    if part.filled - lastEnd > LineBlocks.longestLine {
                        return try cutSlowly(&part, at: target)
                    }
                    isAtEnd = try part.fill(to: part.filled + (1 << 20), from: &stream)
                    continue
                }
                // A quote that is never closed.
                if state.inside != 0 { return try cutSlowly(&part, at: target) }
                part.length = part.filled
                if lastEnd < part.filled {
                    if scan.separators == separators.count { separators.append(0) }
                    if scan.ends == ends.count { ends.append(0) }
                    separators[scan.separators] = UInt32(part.filled)
                    ends[scan.ends] = UInt32(scan.separators + 1)
                    scan.separators += 1
                    scan.ends += 1
                }
            }
            part.cells = CellEnds(
                separators: Array(separators[..<scan.separators]), ends: Array(ends[..<scan.ends]),
                areLinesQuoted: state.newlines > scan.ends)
            line += state.newlines
            return
        }
    }

    private func find(
        in part: PartBytes, target: Int, _ state: inout bd_delimited_state, _ scan: inout bd_delimited_scan
    ) {
        let (delimiter, filled, isLast) = (head.delimiter, part.filled, isAtEnd)
        part.bytes.withUnsafeBufferPointer { bytes in
            separators.withUnsafeMutableBufferPointer { separators in
                ends.withUnsafeMutableBufferPointer { ends in
                    bd_delimited_find(
                        bytes.baseAddress, filled, delimiter, target, isLast ? 1 : 0, &state,
                        separators.baseAddress, separators.count, ends.baseAddress, ends.count, &scan)
                }
            }
        }
    }

    private func cutSlowly(_ part: inout PartBytes, at target: Int) throws {
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

/// How a delimited text separates its cells, and where its header begins.
public struct DelimitedDialect: Sendable, Hashable {
    /// The byte between two cells: `,`, `;`, tab or `|`, or whatever a `sep=` line names.
    public var delimiter: UInt8
    /// How many bytes stand before the header: a byte order mark and a `sep=` line.
    public var preambleLength: Int
    /// The line on which the header begins, counted from 1.
    public var headerLine: Int

    /// A dialect with a known delimiter and no preamble.
    public init(delimiter: UInt8, preambleLength: Int = 0, headerLine: Int = 1) {
        self.delimiter = delimiter
        self.preambleLength = preambleLength
        self.headerLine = headerLine
    }

    /// Recognises the dialect from the beginning of a text.
    ///
    /// A `sep=` line settles it. Otherwise the delimiter is the candidate that cuts most of the first records into as
    /// many cells as the header; among equals the one that makes more cells, then the order `, ; tab |`. A text without
    /// any of them has one column.
    public init(sniffing head: Span<UInt8>) {
        var start = 0
        if head.count >= 3, head[0] == 0xEF, head[1] == 0xBB, head[2] == 0xBF { start = 3 }
        if let named = Self.separatorLine(head, from: start) {
            self.init(delimiter: named.delimiter, preambleLength: named.end, headerLine: 2)
            return
        }
        var best = (delimiter: UInt8(ascii: ","), agreeing: 0, cells: 1)
        for candidate in [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|")] {
            let counts = Self.cellCounts(head, from: start, delimiter: candidate)
            guard let cells = counts.first, cells > 1 else { continue }
            let agreeing = counts.count { $0 == cells }
            if (agreeing, cells) > (best.agreeing, best.cells) { best = (candidate, agreeing, cells) }
        }
        self.init(delimiter: best.delimiter, preambleLength: start)
    }

    /// The delimiter that a first line `sep=;` names, and where the next line begins.
    private static func separatorLine(_ head: Span<UInt8>, from start: Int) -> (delimiter: UInt8, end: Int)? {
        let key: [UInt8] = [0x73, 0x65, 0x70, 0x3D]
        guard head.count >= start + 6 else { return nil }
        for offset in 0..<4 where head[start + offset] | 0x20 != key[offset] | 0x20 { return nil }
        var end = start + 5
        if head[end] == UInt8(ascii: "\r"), end + 1 < head.count { end += 1 }
        return head[end] == UInt8(ascii: "\n") ? (head[start + 4], end + 1) : nil
    }

    /// How many cells each of the first records has with a delimiter; a last, cut record is left out.
    private static func cellCounts(_ head: Span<UInt8>, from start: Int, delimiter: UInt8) -> [Int] {
        var scanner = DelimitedScanner(delimiter: delimiter, line: 1)
        var cells: [DelimitedCell] = []
        var counts: [Int] = []
        var position = start
        while counts.count < 20 {
            switch scanner.next(in: head, from: position, isLast: false, cells: &cells) {
            case .record(let end):
                counts.append(cells.count)
                position = end
            case .malformed(_, let end):
                position = end
            case .incomplete, .end:
                if counts.isEmpty,
                    case .record = scanner.next(in: head, from: position, isLast: true, cells: &cells)
                {
                    counts.append(cells.count)
                }
                return counts
            }
        }
        return counts
    }
}

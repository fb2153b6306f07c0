/// A delimited text read as a whole: for files that fit in memory, such as a list of deploys.
public struct DelimitedTable: Sendable, Hashable {
    /// A record below the header.
    public struct Row: Sendable, Hashable {
        /// The line on which it begins, counted from 1.
        public var line: Int
        /// One text for each column of the header.
        public var cells: [String]

        /// A row.
        public init(line: Int, cells: [String]) {
            self.line = line
            self.cells = cells
        }
    }

    /// A record that could not be read.
    public struct Rejection: Sendable, Hashable {
        /// The line on which it begins, counted from 1.
        public var line: Int
        /// What is wrong with it.
        public var reason: String

        /// A rejected record.
        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    /// The names of the columns, without surrounding space; empty when the text holds no record at all.
    public var header: [String]
    /// The records, in the order of the text.
    public var rows: [Row]
    /// The records that were passed over: badly quoted, or with another number of cells than the header.
    public var rejected: [Rejection]

    /// A table.
    public init(header: [String], rows: [Row], rejected: [Rejection] = []) {
        self.header = header
        self.rows = rows
        self.rejected = rejected
    }
}

/// Reading delimited text whole.
public enum DelimitedText {
    /// Reads a text with a header: RFC 4180 with `,`, `;`, tab or `|`, a byte order mark and a `sep=` line allowed.
    ///
    /// Never fails: a record that cannot be read is told in ``DelimitedTable/rejected``. Empty cells beyond the header
    /// (a trailing delimiter) are dropped.
    public static func table(_ contents: [UInt8]) -> DelimitedTable {
        let bytes = contents.span
        let dialect = DelimitedDialect(sniffing: bytes)
        var scanner = DelimitedScanner(delimiter: dialect.delimiter, line: dialect.headerLine)
        var table = DelimitedTable(header: [], rows: [])
        var cells: [DelimitedCell] = []
        var position = dialect.preambleLength
        while true {
            switch scanner.next(in: bytes, from: position, isLast: true, cells: &cells) {
            case .record(let end):
                position = end
                table.append(cells.map { $0.text(in: bytes) }, line: scanner.line)
            case .malformed(let reason, let end):
                position = end
                table.rejected.append(DelimitedTable.Rejection(line: scanner.line, reason: reason))
            case .incomplete, .end:
                return table
            }
        }
    }
}

extension DelimitedTable {
    fileprivate mutating func append(_ texts: [String], line: Int) {
        guard !header.isEmpty else {
            header = texts.map(trimmed)
            return
        }
        let isTail = texts.dropFirst(header.count).allSatisfy(\.isEmpty)
        guard texts.count >= header.count, isTail else {
            let reason = "\(texts.count) cells where the header has \(header.count)"
            rejected.append(Rejection(line: line, reason: reason))
            return
        }
        rows.append(Row(line: line, cells: Array(texts.prefix(header.count))))
    }
}

/// The text without spaces and tabs at its ends.
private func trimmed(_ text: String) -> String {
    let bytes = text.utf8
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
        let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(text[first...last])
}

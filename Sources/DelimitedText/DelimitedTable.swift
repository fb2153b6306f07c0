/// A whole table in memory.
public struct DelimitedTable: Sendable, Hashable {
    /// One record after the header.
    public struct Row: Sendable, Hashable {
        /// The line it began on, from 1.
        public var line: Int
        /// As many cells as the header has.
        public var cells: [String]
    }

    /// A record that does not fit the header.
    public struct Rejection: Sendable, Hashable {
        /// The line it began on, from 1.
        public var line: Int
        /// What is wrong with it.
        public var reason: String
    }

    /// The names of the columns.
    public var header: [String]
    /// The records that fit them.
    public var rows: [Row]
    /// The others.
    public var rejected: [Rejection]

    /// Reads a whole text; the first record is the header. Empty cells beyond it, as a trailing separator makes them, are
    /// dropped.
    public init(_ contents: [UInt8]) {
        let preamble = DelimitedPreamble(contents[...])
        var reader = DelimitedReader(delimiter: preamble.delimiter)
        var header: [String]?
        var rows: [Row] = []
        var rejected: [Rejection] = []
        let collect = { (record: DelimitedReader.Record) in
            var cells = record.cells
            guard let names = header else {
                header = cells
                return
            }
            while cells.count > names.count, cells.last == "" { cells.removeLast() }
            let line = record.line + preamble.skippedLines
            if cells.count == names.count {
                rows.append(Row(line: line, cells: cells))
            } else {
                rejected.append(
                    Rejection(
                        line: line, reason: "it has \(cells.count) cells, the header has \(names.count)"))
            }
        }
        reader.read(contents.dropFirst(preamble.skippedBytes), collect)
        reader.finish(collect)
        self.header = header ?? []
        self.rows = rows
        self.rejected = rejected
    }
}

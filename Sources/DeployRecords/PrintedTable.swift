/// A table that a program prints for people: columns under the words of a header, two spaces or a tab apart.
struct PrintedTable {
    /// A line below the header.
    struct Row {
        var line: Int
        private var cells: [String: String]

        init(line: Int, cells: [String: String]) {
            self.line = line
            self.cells = cells
        }

        subscript(name: String) -> String? { cells[name] }
    }

    private(set) var header: [String] = []
    private(set) var rows: [Row] = []

    /// - Returns: `nil` where the first line is no such header.
    init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.firstIndex(where: { !Self.isHeading($0) }) else { return nil }
        header = Self.cells(lines[first])
        guard header.count > 1, header.allSatisfy({ !$0.contains(",") && !$0.contains(";") }) else {
            return nil
        }
        for index in lines.index(after: first)..<lines.endIndex where !Self.isHeading(lines[index]) {
            let cells = Self.cells(lines[index])
            guard cells != header else { continue }
            rows.append(
                Row(
                    line: index + 1,
                    cells: Dictionary(
                        zip(header, cells).filter { !$0.1.isEmpty }, uniquingKeysWith: { first, _ in first }))
            )
        }
    }

    /// Whether a line stands above a table: nothing, or what the table is of.
    private static func isHeading(_ line: Substring) -> Bool {
        line.allSatisfy(\.isWhitespace)
            || ["SOURCE ", "deployment.apps/", "statefulset.apps/", "daemonset.apps/"].contains {
                line.hasPrefix($0)
            }
    }

    /// The cells of a line, which tabs part or, where there are none, two spaces: cells hold single ones.
    private static func cells(_ line: Substring) -> [String] {
        let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard parts.count == 1 else { return parts.map { String($0).trimmed } }
        var cells: [String] = []
        var rest = line
        while let gap = rest.firstRange(of: "  ") {
            cells.append(String(rest[..<gap.lowerBound]).trimmed)
            rest = rest[gap.upperBound...]
        }
        cells.append(String(rest).trimmed)
        return cells.filter { !$0.isEmpty }
    }
}

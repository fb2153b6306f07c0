import DelimitedText
import Testing

@Suite("Delimited text")
struct DelimitedTextTests {
    @Test(
        "reads what RFC 4180 allows, and the dialects people have",
        arguments: [
            ("a,b\n1,2\n", [["1", "2"]]),
            ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
            ("\u{FEFF}a;b\n1,5;2\n", [["1,5", "2"]]),
            ("sep=|\r\na|b\n1|2\n", [["1", "2"]]),
            ("a\tb\n1\t\n", [["1", ""]]),
            ("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", [["x, y", "say \"hi\""]]),
            ("a,b\n\"two\nlines\",2\n", [["two\nlines", "2"]]),
            ("a,b\n\"x\",\"y\"\r\n\n1,2,\n", [["x", "y"], ["1", "2"]]),
            ("a,b\n,\"\"", [["", ""]]),
            ("only\n1\n2\n", [["1"], ["2"]]),
        ])
    func dialects(text: String, rows: [[String]]) {
        let table = DelimitedText.table([UInt8](text.utf8))
        #expect(table.rows.map(\.cells) == rows)
        #expect(table.rejected.isEmpty)
    }

    @Test("numbers lines, those inside quotes too, and names what it rejects")
    func lines() {
        let text = "a,b\n\"1\n1\",2\n\n1,2,3\n\"x\"y,2\n5,6\n\"open,7\n8,9\n"
        let table = DelimitedText.table([UInt8](text.utf8))
        #expect(table.header == ["a", "b"])
        #expect(table.rows.map(\.line) == [2, 7, 9])
        #expect(
            table.rejected == [
                .init(line: 5, reason: "3 cells where the header has 2"),
                .init(line: 6, reason: "text after a closing quote"),
                .init(line: 8, reason: "a quote is never closed"),
            ])
    }

    @Test("gives the same records however the text is cut into blocks", arguments: 1..<30)
    func blocks(size: Int) {
        let text = [UInt8]("a,b\r\n\"x\r\n\",\"q\"\"q\"\r\n\r\n1,\"2\"\r\n3,4".utf8)
        var scanner = DelimitedScanner(delimiter: UInt8(ascii: ","), line: 1)
        var held: [UInt8] = []
        var rest = text[...]
        var cells: [DelimitedCell] = []
        var records: [[String]] = []
        var lines: [Int] = []
        while true {
            let step = scanner.next(in: held.span, from: 0, isLast: rest.isEmpty, cells: &cells)
            if case .record(let end) = step {
                records.append(cells.map { $0.text(in: held.span) })
                lines.append(scanner.line)
                held.removeFirst(end)
            } else if step == .incomplete {
                held += rest.prefix(size)
                rest = rest.dropFirst(size)
            } else {
                break
            }
        }
        #expect(records == [["a", "b"], ["x\r\n", "q\"q"], ["1", "2"], ["3", "4"]])
        #expect(lines == [1, 2, 5, 6])
    }
}

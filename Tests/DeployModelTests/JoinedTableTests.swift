import DeployModel
import TestSupport
import Testing

/// Rows of some columns, a row a second; a value that is `nil` is a field that the event lacks.
private func table(
    _ columns: [String: [FieldValue?]], weight: Double = 1, sampledFrom: Double? = nil
) -> EventTable {
    let count = columns.values.first?.count ?? 0
    return EventTable(
        times: (0..<count).map { Instant(seconds: 1_600_000_000 + $0) },
        failing: (0..<count).map { $0 % 2 == 0 }, weights: Array(repeating: weight, count: count),
        columns: columns.sorted { $0.key < $1.key }.map { name, cells in
            var values: [FieldValue] = []
            let codes = cells.map { cell -> Int32 in
                guard let cell else { return -1 }
                if let known = values.firstIndex(of: cell) { return Int32(known) }
                values.append(cell)
                return Int32(values.count - 1)
            }
            return EventTable.Column(name: name, values: values, codes: codes)
        }, sampledFrom: sampledFrom)
}

extension EventTable {
    /// The cells of a column, as they were before they were numbered.
    fileprivate func cells(_ name: String) -> [FieldValue?]? {
        column(name).map { column in column.codes.map { $0 < 0 ? nil : column.values[Int($0)] } }
    }
}

private func texts(_ cells: String?...) -> [FieldValue?] { cells.map { $0.map(FieldValue.string) } }
private func numbers(_ cells: Double?...) -> [FieldValue?] { cells.map { $0.map(FieldValue.number) } }

@Suite("Events of two files as one table")
struct JoinedTableTests {
    @Test("a field of both is one column, a field of one has gaps in the other")
    func columns() {
        let first = table(["pod": texts("a-0", "b-0", nil), "status": numbers(200, 503, 200)])
        let second = table(["pod": texts("b-0", "c-0"), "zone": texts("z1", nil)])
        let joined = first.joined(with: second)
        #expect(joined.columns.map(\.name) == ["pod", "status", "zone"])
        #expect(joined.cells("pod") == texts("a-0", "b-0", nil, "b-0", "c-0"))
        #expect(joined.cells("status") == numbers(200, 503, 200, nil, nil))
        #expect(joined.cells("zone") == texts(nil, nil, nil, "z1", nil))
        #expect(
            joined.times == first.times + second.times && joined.failing == first.failing + second.failing)
        // The values that both have are numbered once.
        #expect(joined.column("pod")?.values.map(\.text) == ["a-0", "b-0", "c-0"])
    }

    @Test("what is joined with nothing stays as it is")
    func nothing() {
        let some = table(["pod": texts("a-0")])
        #expect(some.joined(with: table([:])) == some)
        #expect(table([:]).joined(with: some) == some)
    }

    @Test("any two tables, cut apart and joined, say of each event what they said", arguments: 1...20)
    func cutAndJoined(seed: Int) {
        var noise = SeededNoise(seed: UInt64(seed))
        func cells(_ count: Int) -> [FieldValue?] {
            (0..<count).map { _ in
                switch noise.next() % 5 {
                case 0: nil
                case 1: .bool(noise.next() % 2 == 0)
                case 2: .number(Double(noise.next() % 3))
                default: .string("v\(noise.next() % 4)")
                }
            }
        }
        let (a, b) = (cells(7), cells(5))
        let joined = table(["x": a]).joined(with: table(["x": b]))
        #expect(joined.cells("x") == a + b)
        let values = joined.column("x")?.values ?? []
        #expect(Set(values).count == values.count)
    }

    @Test("elements of arrays follow their values to their new numbers")
    func elements() {
        var (first, second) = (table(["tags": texts("[1]")]), table(["tags": texts("[2]", "[1]")]))
        first.columns[0].elements = [0: [.number(1)]]
        second.columns[0].elements = [0: [.number(2)], 1: [.number(1)]]
        let tags = first.joined(with: second).column("tags")
        #expect(tags?.codes == [0, 1, 0])
        #expect(tags?.elements == [0: [.number(1)], 1: [.number(2)]])
    }

    @Test("a sample and a whole are a sample of both")
    func samples() {
        let sample = table(["pod": texts("a-0", "a-0")], weight: 50, sampledFrom: 100)
        let whole = table(["pod": texts("b-0")])
        #expect(sample.joined(with: whole).sampledFrom == 101)
        #expect(whole.joined(with: sample).sampledFrom == 101)
        #expect(whole.joined(with: whole).sampledFrom == nil)
        var cut = whole
        cut.fieldsLeftOut = 3
        #expect(cut.joined(with: cut).fieldsLeftOut == 6)
        #expect(cut.warnings.map(\.code) == ["fields_left_out"] && whole.warnings.isEmpty)
    }
}

@Suite("Values of fields")
struct FieldValueTests {
    @Test(
        "are written as a person types them",
        arguments: [
            (FieldValue.string("a b"), "a b"), (.bool(true), "true"), (.bool(false), "false"),
            (.number(503), "503"), (.number(-0.5), "-0.5"), (.number(1e20), "1e+20"), (.number(.nan), "nan"),
        ])
    func text(value: FieldValue, text: String) { #expect(value.text == text) }

    @Test("have one order: truths, numbers, texts")
    func order() {
        let ordered: [FieldValue] = [
            .bool(false), .bool(true), .number(-1), .number(2), .number(10), .string("10"), .string("2"),
            .string("a"),
        ]
        for (index, value) in ordered.enumerated() {
            for (other, more) in ordered.enumerated() { #expect((value < more) == (index < other)) }
        }
        #expect(ordered.shuffled().sorted() == ordered)
    }
}

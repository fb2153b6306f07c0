import Attribution
public import DeployModel
import EventIngest

extension ClickHouseEvents {
    /// The events of two windows as a table, for comparison: the second pass.
    ///
    /// When a class of events (failing or not, in the window of interest or in the baseline) has more than `limit` rows, those
    /// whose content hashes into a part of all numbers stand for the others, their weights corrected by the exact count of the
    /// class. The choice depends neither on the order of the rows nor on how they are spread over servers.
    ///
    /// - Parameters:
    ///   - limit: the most rows of a class, about.
    ///   - wireBytes: the most bytes that the rows may take on the wire, about; fewer rows are taken when they would take more.
    ///     By default what keeps all answers together below 20 MB.
    ///   - keeping: columns that are compared though they are another in each row.
    /// - Throws: ``ConnectorError``.
    public func table(
        interest: TimeWindow, baseline: TimeWindow?, limit: Int = 20_000, wireBytes: Int? = nil,
        keeping: Set<String> = []
    ) throws -> EventTable {
        let wireBytes = Double(
            wireBytes ?? max(1 << 20, min(Self.mostRowBytes, (Self.mostBytes - receivedBytes) / 2)))
        let classes = try [interest, baseline].compactMap { $0 }.flatMap { window in
            try [true, false].map { isFailing in
                let rowClass = EventQueries.RowClass(window: window, isFailing: isFailing)
                return try server.row(queries.size(of: rowClass), columns: 2) { cells in
                    SampledClass(
                        rowClass, rows: try cells.number(0), weight: try cells.number(1), limit: limit)
                }
            }
        }.filter { $0.rows > 0 }
        let hidden = EventTable.countingFields(roles.fields)
        let columns = queries.fields.filter { !hidden.contains($0.name) }
        var rows = SampledRows(
            columns: Array(columns.prefix(Self.mostColumns)), classes: classes.map(\.weight))
        func fetch(_ part: Range<Double>) throws {
            guard !part.isEmpty else { return }
            for (index, sampled) in classes.enumerated() {
                try self.fetch(sampled, index, part: part, into: &rows)
            }
        }
        let wanted = classes.reduce(0) { $0 + min($1.rows, Double(limit)) }
        if wanted <= Self.fewRows, wanted * surveyedRowBytes <= wireBytes {
            try fetch(0..<1)
        } else {
            // A first part says how large rows are when they are packed, and which columns only tell them apart. Parts are
            // eighths and the like, so that they are the same though answers differ by some bytes.
            let first =
                Self.firstParts.first { $0 * wanted * surveyedRowBytes <= wireBytes }
                ?? Self.firstParts[Self.firstParts.count - 1]
            let before = receivedBytes
            try fetch(0..<first)
            rows.dropIdentifiers(keeping: keeping.union(roles.fields.values))
            let affordable = first * wireBytes / Double(max(receivedBytes - before, 1))
            try fetch(first..<min(max(first, (affordable * 8).rounded(.down) / 8), 1))
        }
        return rows.table(roles: roles.fields, fieldsLeftOut: max(0, columns.count - Self.mostColumns))
    }

    /// What the rows of one table may take on the wire, and what all answers may.
    private static let mostRowBytes = 8 << 20, mostBytes = 18 << 20
    /// As many columns are compared as of files.
    private static let mostColumns = 500
    /// So many rows are fetched at once.
    private static let fewRows = 8000.0
    /// The parts that are tried first, the largest that is surely affordable.
    private static let firstParts = [1.0 / 8, 1.0 / 16, 1.0 / 32, 1.0 / 64, 1.0 / 128]

    /// A class of events, and the part of its rows that is wanted.
    private struct SampledClass {
        let rowClass: EventQueries.RowClass
        let rows: Double, weight: Double
        let share: Double
        let limit: Int

        init(_ rowClass: EventQueries.RowClass, rows: Double, weight: Double, limit: Int) {
            (self.rowClass, self.rows, self.weight, self.limit) = (rowClass, rows, weight, limit)
            share = min(1, Double(limit) / max(rows, 1))
        }
    }

    /// - Parameter part: of the rows that are wanted of the class.
    private func fetch(
        _ sampled: SampledClass, _ index: Int, part: Range<Double>, into rows: inout SampledRows
    ) throws {
        let share = part.lowerBound * sampled.share..<part.upperBound * sampled.share
        // Rows that are alike are chosen together, so that there may be a few more than are wanted.
        let query = queries.rows(
            of: sampled.rowClass, columns: rows.columns, keys: keys, share: share, limit: sampled.limit * 2)
        try server.ask(query, columns: rows.columns.count + 2) {
            try rows.add($0, isFailing: sampled.rowClass.isFailing, of: index)
        }
    }
}

/// Rows as columns with dictionaries.
private struct SampledRows {
    private(set) var columns: [EventField]
    /// How many events each class has.
    private let classWeights: [Double]
    private var times: [Instant] = []
    private var failing: [Bool] = []
    private var weights: [Double] = []
    private var classes: [Int] = []
    private var dictionaries: [Dictionary]

    /// Of an array only so many distinct elements are kept.
    private static let elementLimit = 100

    private struct Dictionary {
        var values: [FieldValue] = []
        var codes: [Int32] = []
        var elements: [Int32: [FieldValue]] = [:]
        private var known: [FieldValue: Int32] = [:]

        mutating func add(_ cell: JSONNode) {
            guard let value = cell.fieldValue else { return codes.append(-1) }
            if let code = known[value] { return codes.append(code) }
            let code = Int32(values.count)
            known[value] = code
            values.append(value)
            codes.append(code)
            guard case .array(let cells) = cell else { return }
            var seen: Set<FieldValue> = []
            let own = cells.compactMap(\.fieldValue).filter { seen.insert($0).inserted }
            if !own.isEmpty { elements[code] = Array(own.prefix(SampledRows.elementLimit)) }
        }
    }

    init(columns: [EventField], classes: [Double]) {
        self.columns = columns
        classWeights = classes
        dictionaries = columns.map { _ in Dictionary() }
    }

    /// - Parameter cells: instant, weight, and a cell for each column.
    mutating func add(_ cells: [JSONNode], isFailing: Bool, of index: Int) throws(CompactAnswer.Damage) {
        times.append(try cells.instant(0))
        weights.append(try cells.number(1))
        failing.append(isFailing)
        classes.append(index)
        for place in columns.indices { dictionaries[place].add(columns[place].plain(cells[place + 2])) }
    }

    /// Forgets columns whose texts are another one in nearly every row: they say which event it was, and nothing of why it failed.
    ///
    /// - Parameter keeping: columns that stay whatever they hold.
    mutating func dropIdentifiers(keeping: Set<String>) {
        let isKept = columns.indices.map { place in
            let dictionary = dictionaries[place]
            guard !keeping.contains(columns[place].name), !describesFailures(columns[place].name),
                columns[place].type.kind == .text || columns[place].type.kind == .paddedText
            else { return true }
            var rows = [Int](repeating: 0, count: dictionary.values.count)
            for code in dictionary.codes where code >= 0 { rows[Int(code)] += 1 }
            let present = rows.reduce(0, +)
            // What many failing events share may be the cause of them, however many others there are.
            return Double(rows.count) < 0.9 * Double(present) || (rows.max() ?? 0) > 5
                || Double(present) < 0.2 * Double(times.count)
        }
        dictionaries = zip(dictionaries, isKept).filter(\.1).map(\.0)
        columns = zip(columns, isKept).filter(\.1).map(\.0)
    }

    func table(roles: [FieldRole: String], fieldsLeftOut: Int) -> EventTable {
        var own = [Double](repeating: 0, count: classWeights.count)
        for row in times.indices { own[classes[row]] += weights[row] }
        let scales = zip(classWeights, own).map { $1 > 0 ? $0 / $1 : 1 }
        let isSample = scales.contains { $0 > 1.000_001 }
        var table = EventTable(
            times: times, failing: failing,
            weights: weights.indices.map { weights[$0] * scales[classes[$0]] },
            columns: zip(columns, dictionaries).filter { !$1.values.isEmpty }.map { column, dictionary in
                EventTable.Column(
                    name: column.name, values: dictionary.values, codes: dictionary.codes,
                    elements: dictionary.elements)
            }.sorted { $0.name < $1.name },
            roles: roles, sampledFrom: isSample ? classWeights.reduce(0, +) : nil)
        table.fieldsLeftOut = fieldsLeftOut
        return table
    }
}

extension JSONNode {
    /// The value as tables keep it; `nil` for null.
    fileprivate var fieldValue: FieldValue? {
        switch self {
        case .null: return nil
        case .bool(let flag): return .bool(flag)
        case .number(let digits): return FieldValue(digits: digits)
        case .string(let text): return .string(text)
        case .array, .object: return .string(json)
        }
    }
}

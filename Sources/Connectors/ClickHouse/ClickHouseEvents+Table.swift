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
    /// - Throws: ``ConnectorError``.
    public func table(
        interest: TimeWindow, baseline: TimeWindow?, limit: Int = 30_000, wireBytes: Int = 12 << 20
    ) throws -> EventTable {
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
        let wanted = classes.reduce(0) { $0 + min($1.rows, Double(limit)) }
        guard wanted > Self.fewRows else {
            for (index, sampled) in classes.enumerated() {
                try fetch(sampled, index, part: 0..<1, into: &rows)
            }
            return rows.table(roles: roles.fields, fieldsLeftOut: max(0, columns.count - Self.mostColumns))
        }
        // A first part says how large rows are, and which columns only tell them apart.
        let before = receivedBytes
        for (index, sampled) in classes.enumerated() {
            try fetch(sampled, index, part: 0..<Self.firstPart, into: &rows)
        }
        let taken = Double(max(receivedBytes - before, 1))
        rows.dropIdentifiers(keeping: Set(roles.fields.values))
        let rest = (Double(wireBytes) - taken) / (taken / Self.firstPart)
        let part = min(Self.firstPart + max(rest, 0), 1)
        for (index, sampled) in classes.enumerated() {
            try fetch(sampled, index, part: Self.firstPart..<part, into: &rows)
        }
        return rows.table(roles: roles.fields, fieldsLeftOut: max(0, columns.count - Self.mostColumns))
    }

    /// As many columns are compared as of files.
    private static let mostColumns = 500
    /// So many rows are fetched at once.
    private static let fewRows = 8000.0
    private static let firstPart = 0.125

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
        guard !part.isEmpty else { return }
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

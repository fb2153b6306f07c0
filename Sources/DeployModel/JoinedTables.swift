extension EventTable {
    /// The events of this table and of another one: fields of one name are one column, and events that lack a field have none.
    public func joined(with other: EventTable) -> EventTable {
        guard other.count > 0 else { return self }
        guard count > 0 else { return other }
        let names = Set(columns.map(\.name) + other.columns.map(\.name)).sorted()
        let isSample = sampledFrom != nil || other.sampledFrom != nil
        var table = EventTable(
            times: times + other.times, failing: failing + other.failing, weights: weights + other.weights,
            columns: names.map { name in
                Self.joined(name, column(name), of: count, other.column(name), of: other.count)
            },
            roles: roles.merging(other.roles) { own, _ in own },
            sampledFrom: isSample ? whole + other.whole : nil)
        table.fieldsLeftOut = fieldsLeftOut + other.fieldsLeftOut
        return table
    }

    /// How many events it stands for.
    private var whole: Double { sampledFrom ?? weights.reduce(0, +) }

    private static func joined(
        _ name: String, _ first: Column?, of firstCount: Int, _ second: Column?, of secondCount: Int
    ) -> Column {
        var column = first ?? Column(name: name, values: [], codes: Array(repeating: -1, count: firstCount))
        guard let second else {
            column.codes += Array(repeating: -1, count: secondCount)
            return column
        }
        var known = Dictionary(
            column.values.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { own, _ in own })
        let codes = second.values.enumerated().map { index, value -> Int32 in
            let code = known[value] ?? Int32(column.values.count)
            if known.updateValue(code, forKey: value) == nil { column.values.append(value) }
            if let elements = second.elements[Int32(index)] { column.elements[code] = elements }
            return code
        }
        column.codes += second.codes.map { $0 < 0 ? -1 : codes[Int($0)] }
        return column
    }
}

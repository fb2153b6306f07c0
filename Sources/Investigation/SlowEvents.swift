import DeployModel

extension EventTable {
    /// The same events, of which those fail that took longer than a limit, so that what sets slow ones apart is found as what sets
    /// failing ones apart.
    ///
    /// - Parameters:
    ///   - limit: in the unit of the data.
    ///   - workload: only its events may be slow; `nil` for those of all.
    /// - Returns: `nil` where no field says how long events took.
    func failingWhereSlow(over limit: Double, in workload: String?) -> EventTable? {
        guard let durations = roles[.duration].flatMap(column) else { return nil }
        var isSlow = durations.values.map { value in
            switch value {
            case .number(let number): number > limit
            case .string(let text): Double(text).map { $0 > limit } ?? false
            case .bool: false
            }
        }
        // A row without the field has the code −1.
        isSlow.append(false)
        let own = workload.flatMap(rows)
        var table = self
        table.failing = durations.codes.indices.map { row in
            isSlow[durations.codes[row] < 0 ? isSlow.count - 1 : Int(durations.codes[row])]
                && own?[row] ?? true
        }
        return table
    }

    /// For each row whether a workload served it; `nil` where no field tells.
    private func rows(of workload: String) -> [Bool]? {
        func rows(_ role: FieldRole, _ isOwn: (String) -> Bool) -> [Bool]? {
            guard let column = roles[role].flatMap(column) else { return nil }
            let own = column.values.map { isOwn($0.text) }
            return column.codes.map { $0 >= 0 && own[Int($0)] }
        }
        return rows(.workload) { $0 == workload } ?? rows(.pod) { PodName($0).workload == workload }
    }
}

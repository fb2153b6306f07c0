import DeployModel

/// What an event must take longer than to be slow, in the unit of the data.
enum SlowLimits {
    /// Any event.
    case ofAll(Double)
    /// An event of one of these workloads; others are never slow.
    case ofWorkloads([String: Double])
}

extension EventTable {
    /// The same events, of which those fail that are slow, so that what sets slow ones apart is found as what sets failing ones
    /// apart.
    ///
    /// - Returns: `nil` where no field says how long events took, or which workload served them where that is asked.
    func failingWhereSlow(_ limits: SlowLimits) -> EventTable? {
        guard let durations = roles[.duration].flatMap(column), let limits = byRow(limits) else { return nil }
        let numbers = durations.values.map { value -> Double in
            switch value {
            case .number(let number): number
            case .string(let text): Double(text) ?? 0
            case .bool: 0
            }
        }
        var table = self
        table.failing = durations.codes.indices.map { row in
            durations.codes[row] >= 0 && numbers[Int(durations.codes[row])] > limits[row]
        }
        return table
    }

    /// The limit of each row, infinite where it has none.
    private func byRow(_ limits: SlowLimits) -> [Double]? {
        switch limits {
        case .ofAll(let limit): return times.map { _ in limit }
        case .ofWorkloads(let own):
            func rows(_ role: FieldRole, _ workload: (String) -> String) -> [Double]? {
                guard let column = roles[role].flatMap(column) else { return nil }
                let limits = column.values.map { own[workload($0.text)] ?? .infinity }
                return column.codes.map { $0 >= 0 ? limits[Int($0)] : .infinity }
            }
            return rows(.workload) { $0 } ?? rows(.pod) { PodName($0).workload }
        }
    }
}

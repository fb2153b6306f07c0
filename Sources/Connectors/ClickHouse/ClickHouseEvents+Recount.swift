public import DeployModel
import EventIngest

extension ClickHouseEvents {
    /// The same explanation with exact counts: of a sample the pure code can only estimate how many events a cause has.
    ///
    /// What was expected, and the part of the excess, follow from the sample in proportion.
    ///
    /// - Throws: ``ConnectorError``.
    public func recounted(
        _ explanation: Explanation, of table: EventTable, interest: TimeWindow, baseline: TimeWindow?
    ) throws -> Explanation {
        guard table.sampledFrom != nil else { return explanation }
        var exact = explanation
        for (index, cause) in explanation.causes.enumerated() {
            guard let condition = queries.condition(cause.predicates) else { continue }
            let now = try count(interest, where: condition)
            guard now.events > 0, cause.events > 0 else { continue }
            exact.causes[index].events = now.events
            exact.causes[index].errors = now.errors
            exact.causes[index].rateAfter = now.value
            if let baseline {
                let before = try count(baseline, where: condition)
                exact.causes[index].rateBefore = before.events > 0 ? before.value : nil
            }
            let expected = cause.expectedErrors * now.events / cause.events
            exact.causes[index].expectedErrors = expected
            let excess = cause.errors - cause.expectedErrors
            guard excess > 0 else { continue }
            exact.causes[index].coverage = min(
                1, max(0, cause.coverage * (now.errors - expected) / excess))
        }
        return exact
    }

    private func count(_ window: TimeWindow, where condition: SQL) throws -> Rate {
        try server.row(queries.count(in: window, where: condition), columns: 2) { cells in
            Rate(try cells.number(1), of: try cells.number(0))
        }
    }
}

extension EventQueries {
    /// Events and failing events of a window that a condition holds for.
    func count(in window: TimeWindow, where condition: SQL) -> SQL {
        "SELECT \(sums) \(rows(of: window, where: condition))"
    }

    /// Claims about fields as a condition that is never null; `nil` where one cannot be asked on the server.
    func condition(_ predicates: [Predicate]) -> SQL? {
        let conditions = predicates.map { predicate in
            field(predicate.field).flatMap { condition($0, predicate.comparison) }
        }
        guard !conditions.contains(nil) else { return nil }
        return "(\(conditions.compactMap(\.self).joined(" AND ")))"
    }

    private func condition(_ field: EventField, _ comparison: Predicate.Comparison) -> SQL? {
        switch comparison {
        case .equals(.number(let number)): return "ifNull(\(field.number) = \(number), 0)"
        case .equals(.bool(let flag)): return "ifNull(\(field.number) = \(flag ? 1 : 0), 0)"
        case .equals(.string(let text)):
            guard field.type.kind != .array else { return nil }
            return "(\(field.isPresent) AND \(field.text) = \(text: text))"
        case .isIn(let values):
            let each = values.map { condition(field, .equals($0)) }
            guard !each.contains(nil) else { return nil }
            return "(\(each.compactMap(\.self).joined(" OR ")))"
        case .above(let number): return "ifNull(\(field.number) > \(number), 0)"
        case .atMost(let number): return "ifNull(\(field.number) <= \(number), 0)"
        case .isNull: return "(NOT \(field.isPresent))"
        case .hasPrefix(let prefix):
            return "(substring(\(field.text), 1, \(prefix.utf8.count)) = \(text: prefix))"
        case .contains(let element):
            return """
                arrayExists(bd_element -> ifNull(toString(bd_element) = \(text: element.text), 0), \(field.column))
                """
        }
    }
}

import DeployModel
import EventIngest

/// Which rows are failing events, as SQL that is never null.
///
/// The meaning is that of the same rule, or the same `--error` and `--failing`, on an export of the table.
///
/// - Throws: ``ConnectorError`` where the rule asks of a column what cannot be asked on the server.
func failurePredicate(
    _ roles: RoleAssignment, field: @escaping (String) -> EventField?, place: String
) throws(ConnectorError) -> SQL {
    if let expression = roles.expression {
        return try PredicateTranslation(expression: expression, field: field, place: place)
            .translate(expression.root)
    }
    guard let field = roles.fields[.error].flatMap(field) else { return "0" }
    return switch roles.failure {
    case .flag: field.isTruthy
    case .successFlag: "(\(field.isPresent) AND NOT \(field.isTruthy))"
    case .status: "ifNull(\(field.number) >= \(FailureWords.leastStatus), 0)"
    case .level: field.isWord(FailureWords.levels)
    case .outcome: field.isWord(FailureWords.outcomes)
    case .expression, .counts: "0"
    }
}

private struct PredicateTranslation {
    let expression: ErrorExpression
    let field: (String) -> EventField?
    let place: String

    func translate(_ node: ErrorExpression.Node) throws(ConnectorError) -> SQL {
        switch node {
        case .or(let a, let b): "(\(try translate(a)) OR \(try translate(b)))"
        case .and(let a, let b): "(\(try translate(a)) AND \(try translate(b)))"
        case .not(let inner): "(NOT \(try translate(inner)))"
        case .truthy(let number): field(expression.fields[number])?.isTruthy ?? "0"
        case .compares(let number, let comparison, let literal):
            try compare(expression.fields[number], comparison, literal)
        }
    }

    private func compare(
        _ name: String, _ comparison: ErrorExpression.Comparison, _ literal: ErrorExpression.Literal
    ) throws(ConnectorError) -> SQL {
        // A field that is not there equals null, and is unequal to all else.
        guard let field = field(name) else {
            return comparison == (literal == .null ? .equal : .unequal) ? "1" : "0"
        }
        switch literal {
        case .null:
            switch comparison {
            case .equal: return "(NOT \(field.isPresent))"
            case .unequal: return field.isPresent
            default: return "0"
            }
        case .number(let number):
            return "ifNull(\(field.number) \(comparison.sql) \(number), \(comparison == .unequal ? 1 : 0))"
        case .text(let text):
            guard field.type.kind != .array, field.type.kind != .other else {
                throw ConnectorError(
                    .badAddress,
                    "the column '\(name)' of type \(field.type.name) cannot be compared with a text on the server",
                    at: place,
                    remedy: "compare another column, or export the table and ask of the file")
            }
            switch comparison {
            case .equal: return "(\(field.isPresent) AND \(field.text) = \(text: text))"
            case .unequal: return "(NOT (\(field.isPresent) AND \(field.text) = \(text: text)))"
            default: return "0"
            }
        }
    }
}

extension ErrorExpression.Comparison {
    fileprivate var sql: SQL {
        switch self {
        case .equal: "="
        case .unequal: "!="
        case .atLeast: ">="
        case .atMost: "<="
        case .above: ">"
        case .below: "<"
        }
    }
}

import DeployModel

/// The fields of a store that say how events ended, where they happened and of which version they are, for whoever must name the
/// fields that a query groups by.
package struct KnownFields: Sendable, Equatable {
    /// The field that says how events ended.
    package var outcome: String?
    /// The field of the pod, or what is nearest to it.
    package var pod: String?
    /// The field of the workload, or of the service.
    package var workload: String?
    /// The field of the version.
    package var version: String?

    /// Chooses among the names of fields as reading events does; what the options map to a role comes first.
    package init(among names: [String], options: IngestOptions) {
        let byLowercase = Dictionary(
            names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        func first(_ candidates: [String]) -> String? {
            candidates.lazy.compactMap { byLowercase[$0.lowercased()] }.first
        }
        func field(_ role: FieldRole) -> String? {
            options.roleFields[role] ?? first(FieldNames.names(role))
        }
        outcome = options.roleFields[.error] ?? first(["error"] + Outcome.labels)
        pod = field(.pod)
        workload = field(.workload) ?? first(FieldNames.services)
        version = field(.version)
    }
}

extension IngestOptions {
    /// The fields that the error expression speaks of; none without one.
    package var expressionFields: [String] {
        get throws { try errorExpression.map { try ErrorExpression($0).fields } ?? [] }
    }
}

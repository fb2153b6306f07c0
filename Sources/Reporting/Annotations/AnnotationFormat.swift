/// A form that a CI or a reviewing tool reads.
public enum AnnotationFormat: String, Sendable, CaseIterable {
    case sarif, github, gitlab, junit, rdjson, buildkite, azure, teamcity
}

/// What was found, in the form that a CI reads.
///
/// - Parameter version: of this program, where the form has a place for it.
public func render(_ result: AnnotatedResult, as format: AnnotationFormat, version: String) -> String {
    switch format {
    case .sarif: renderSARIF(result, version: version)
    case .github: renderGitHub(result)
    case .gitlab: renderCodeQuality(result)
    case .junit: renderJUnit(result)
    case .rdjson: renderReviewdog(result)
    case .buildkite: renderBuildkite(result)
    case .azure: renderAzure(result)
    case .teamcity: renderTeamCity(result)
    }
}

public import ConfigFaults
public import DeployModel

/// The deploys with what their configuration changes reach, and the comparisons that say so.
///
/// A deploy without commits at hand stays as it is: its reach is not known, which the model takes for "anything".
public func align(
    _ deploys: [Deploy], source: some InvestigationSource
) throws -> (deploys: [Deploy], comparisons: [String: ConfigComparison]) {
    var comparisons: [String: ConfigComparison] = [:]
    let aligned = try deploys.map { deploy in
        guard let comparison = try source.comparison(of: deploy) else { return deploy }
        comparisons[deploy.id] = comparison
        return described(deploy, by: comparison)
    }
    return (aligned, comparisons)
}

/// The deploy with the number of its configuration files and the workloads that they reach.
///
/// - Parameter isShown: whether this is for people: of some workloads of charts only the end of the name is known, which no
///   event has; they stand there as `*-web`.
public func described(_ deploy: Deploy, by comparison: ConfigComparison, isShown: Bool = false) -> Deploy {
    var deploy = deploy
    deploy.configFiles = comparison.configFiles
    let partial = Set(comparison.workloads.filter(\.isNamePartial).map(\.name))
    let reached = Set(comparison.changes.flatMap(\.change.reach))
    let unfinished = isShown ? reached.intersection(partial).map { "*-\($0)" } : []
    deploy.workloads = reached.subtracting(partial).union(unfinished).sorted()
    return deploy
}

/// The configuration changes of a deploy, ranked by risk alone, as there are no events to compare with.
///
/// - Parameter base: the commit that the deploy is compared with, for the record.
/// - Returns: `nil` when the deploy's commits are not at hand.
public func rankedChanges(
    of deploy: Deploy, source: some InvestigationSource, base: CommitID?
) throws -> DeployChanges? {
    guard let commit = deploy.commit, let comparison = try source.comparison(of: deploy) else { return nil }
    var origins = Origins(of: deploy)
    let changes = try rankChanges(comparison, failures: .unknown).map { change in
        var change = change
        change.commit = try origins.origin(of: change.change.path, source: source) ?? commit
        return change
    }
    return DeployChanges(
        deploy: described(deploy, by: comparison, isShown: true), from: base, to: commit, changes: changes,
        filesChanged: comparison.filesChanged, configFiles: comparison.configFiles,
        otherFiles: comparison.otherFiles,
        warnings: comparison.warnings)
}

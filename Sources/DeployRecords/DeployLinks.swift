public import DeployModel

/// Fills in which commit ran before each deploy, and which deploys went back to an earlier one.
///
/// Deploys of one environment and service follow one another; those of another have a line of their own. A
/// deploy is a rollback when its record says so, or when its commit ran before and another one ran since.
///
/// - Parameter deploys: in order of time.
/// - Returns: the same deploys with ``Deploy/previous`` and ``Deploy/isRollback`` set anew.
public func linkDeploys(_ deploys: [Deploy]) -> [Deploy] {
    var lines: [DeployLine: DeployLine.State] = [:]
    return deploys.map { deploy in
        var deploy = deploy
        let line = DeployLine(environment: deploy.environment, service: deploy.service)
        var state = lines[line, default: DeployLine.State()]
        deploy.previous = state.last
        if let commit = deploy.commit {
            if state.seen.contains(commit), state.last != commit { deploy.isRollback = true }
            state.seen.insert(commit)
        }
        state.last = deploy.commit
        lines[line] = state
        return deploy
    }
}

/// Where deploys replace one another.
private struct DeployLine: Hashable {
    struct State {
        /// The commit of the deploy before; `nil` when it is not known.
        var last: CommitID?
        var seen: Set<CommitID> = []
    }

    var environment: String?
    var service: String?
}

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
        let line = DeployLine(environment: deploy.environment, service: deploy.service)
        return lines[line, default: DeployLine.State()].follow(deploy)
    }
}

/// Where deploys replace one another.
private struct DeployLine: Hashable {
    struct State {
        /// The commit of the deploy before; `nil` when it is not known.
        var last: CommitID?
        var seen: Set<CommitID> = []

        /// The deploy with what came before it. In place: a copy of the set for each deploy would make long
        /// histories quadratic.
        mutating func follow(_ deploy: Deploy) -> Deploy {
            var deploy = deploy
            deploy.previous = last
            if let commit = deploy.commit {
                if !seen.insert(commit).inserted, last != commit { deploy.isRollback = true }
            }
            last = deploy.commit
            return deploy
        }
    }

    var environment: String?
    var service: String?
}

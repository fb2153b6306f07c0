import DeployModel

/// Which commits of a deploy last touched its files, each file asked about once: a file may hold thousands of changes.
struct Origins {
    private let deploy: Deploy
    private var known: [String: CommitID?] = [:]

    init(of deploy: Deploy) { self.deploy = deploy }

    /// The commit that last touched a file; `nil` when that cannot be told.
    mutating func origin(of path: String, source: some InvestigationSource) throws -> CommitID? {
        if let found = known[path] { return found }
        let origin = try source.origin(of: path, in: deploy)
        known[path] = .some(origin)
        return origin
    }
}

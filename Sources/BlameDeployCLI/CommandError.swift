import DeployModel

/// What the command line asked for cannot be done.
struct CommandError: Diagnosis {
    var problem: String
    var location: String?
    var remedy: String?

    init(_ problem: String, at location: String? = nil, remedy: String? = nil) {
        self.problem = problem
        self.location = location
        self.remedy = remedy
    }
}

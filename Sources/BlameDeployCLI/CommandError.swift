import DeployModel

/// What the command line asked for cannot be done.
struct CommandError: Diagnosis {
    var problem: String
    var location: String?
    var remedy: String?
    /// Whether the command line itself is wrong, whatever it is about.
    var isUsage = false

    init(_ problem: String, at location: String? = nil, remedy: String? = nil) {
        self.problem = problem
        self.location = location
        self.remedy = remedy
    }

    /// A wrong command line.
    static func usage(_ problem: String, at location: String? = nil, remedy: String) -> CommandError {
        var error = CommandError(problem, at: location, remedy: remedy)
        error.isUsage = true
        return error
    }
}

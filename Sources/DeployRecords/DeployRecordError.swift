public import DeployModel

/// Why a file of deploy records cannot be used at all.
public struct DeployRecordError: Diagnosis, Sendable {
    /// The kind of failure; more kinds may be added.
    public struct Code: Sendable, Hashable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// The file holds no records.
        public static let empty = Code("empty")
        /// The file is in none of the formats that are read.
        public static let unreadable = Code("unreadable")
        /// Not one record says when.
        public static let noTimes = Code("no_times")
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, in one sentence without a full stop.
    public var problem: String
    /// The file, with line and column where they are known.
    public var location: String?
    /// How to mend it.
    public var remedy: String?

    /// A failure.
    public init(code: Code, problem: String, location: String?, remedy: String?) {
        self.code = code
        self.problem = problem
        self.location = location
        self.remedy = remedy
    }
}

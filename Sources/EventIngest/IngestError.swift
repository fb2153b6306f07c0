public import DeployModel

/// Why events could not be read at all. A record that cannot be read is no error: it is counted.
public struct IngestError: Diagnosis {
    /// The kind of failure. Open: more kinds may come.
    public struct Code: Sendable, Hashable {
        let name: String
        /// A file or folder cannot be opened or read.
        public static let unreadable = Code(name: "unreadable")
        /// There is nothing in it.
        public static let empty = Code(name: "empty")
        /// It is not a format that is read.
        public static let unknownFormat = Code(name: "unknown_format")
        /// Compressed data end early or are damaged.
        public static let damagedCompression = Code(name: "damaged_compression")
        /// Compressed data unpack to far more than any telemetry does.
        public static let unpacksTooFar = Code(name: "unpacks_too_far")
        /// No field says when an event happened, or whether it failed.
        public static let missingRole = Code(name: "missing_role")
        /// Not one record could be read.
        public static let nothingReadable = Code(name: "nothing_readable")
        /// An expression cannot be understood.
        public static let badExpression = Code(name: "bad_expression")
    }

    /// What of the options it is about, where it is about one: they may come from elsewhere than the command line.
    public enum Subject: Sendable, Hashable {
        /// The field or series that plays a role.
        case role(FieldRole)
        /// The expression that says which events failed.
        case expression
        /// The format that is asked for.
        case format
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong.
    public var problem: String
    /// Where.
    public var location: String?
    /// How to mend it.
    public var remedy: String?

    /// Which option it is about.
    public var subject: Subject?

    init(
        _ code: Code, _ problem: String, at location: String? = nil, remedy: String? = nil,
        about subject: Subject? = nil
    ) {
        self.subject = subject
        self.code = code
        self.problem = problem
        self.location = location
        self.remedy = remedy
    }
}

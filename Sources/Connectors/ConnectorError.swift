public import DeployModel

/// Why a server could not be asked, or why its answer is none.
///
/// No text in it holds a key, a password or the part of an address that may hold them.
public struct ConnectorError: Diagnosis {
    /// The kind of failure. Open: more kinds may come.
    public struct Code: Sendable, Hashable {
        let name: String
        /// The address cannot be understood, or asks for what there is not.
        public static let badAddress = Code(name: "bad_address")
        /// The network was forbidden.
        public static let offline = Code(name: "offline")
        /// A key is missing or cannot be read.
        public static let noKey = Code(name: "no_key")
        /// Nobody answers there, or its name is not known.
        public static let unreachable = Code(name: "unreachable")
        /// The server is not who it says, or its certificate cannot be checked.
        public static let untrusted = Code(name: "untrusted")
        /// No answer, or no end of one, came in time.
        public static let timedOut = Code(name: "timed_out")
        /// The connection broke before the answer was whole.
        public static let brokenOff = Code(name: "broken_off")
        /// The server refuses: a key is missing or wrong.
        public static let refused = Code(name: "refused")
        /// The server asks for fewer questions.
        public static let throttled = Code(name: "throttled")
        /// The server answered with an error.
        public static let serverError = Code(name: "server_error")
        /// The answer is not what was asked for.
        public static let badAnswer = Code(name: "bad_answer")
        /// The answer is larger than was allowed.
        public static let tooLarge = Code(name: "too_large")
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong.
    public var problem: String
    /// Where: the address without what may be secret.
    public var location: String?
    /// How to mend it.
    public var remedy: String?
    /// The HTTP status, where the server answered with one that is an error.
    public var status: Int?

    /// An error of a server, or on the way to it.
    public init(
        _ code: Code, _ problem: String, at location: String? = nil, remedy: String? = nil,
        status: Int? = nil
    ) {
        self.code = code
        self.problem = problem
        self.location = location
        self.remedy = remedy
        self.status = status
    }
}

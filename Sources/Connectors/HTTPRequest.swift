/// One question to a server over HTTP.
public struct HTTPRequest: Sendable {
    /// What is asked of the server.
    public enum Method: String, Sendable {
        /// To tell.
        case get = "GET"
        /// To take the body.
        case post = "POST"
    }

    /// A header line.
    public struct Header: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its value; it may be a key, and is never printed.
        public var value: String

        /// A header line.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// How long to wait, how often to try, how much to take.
    public struct Limits: Sendable, Hashable {
        /// Seconds until a connection stands.
        public var connectSeconds = 10
        /// Seconds without one byte, also before the first one, after which the server is taken for stuck.
        public var silentSeconds = 120
        /// Seconds for everything: all attempts and what is waited between them.
        public var totalSeconds = 600
        /// How often to ask; 1 is not to repeat.
        public var attempts = 4
        /// Milliseconds before the second attempt; each further one waits twice as long.
        public var firstWaitMilliseconds = 500
        /// The longest that a server may ask to wait before it is asked again, in seconds; one that wants more is an error now.
        public var longestWaitSeconds = 90
        /// The most bytes of an answer, unpacked.
        public var largestBytes = 512 << 20

        /// The usual limits.
        public init() {}
    }

    /// What is asked.
    public var method: Method
    /// Whom.
    public var address: ServerAddress
    /// Header lines besides those that every request has.
    public var headers: [Header]
    /// What is sent along.
    public var body: [UInt8]?
    /// Whether asking twice does no harm: a query that is sent by POST, say.
    public var isRepeatable: Bool
    /// How long, how often, how much.
    public var limits = Limits()

    /// A request to be told something.
    public init(get address: ServerAddress, headers: [Header] = []) {
        (method, self.address, self.headers, isRepeatable) = (.get, address, headers, true)
    }

    /// A request to take a body.
    ///
    /// - Parameter isRepeatable: whether sending it twice does no harm.
    public init(
        post body: [UInt8], to address: ServerAddress, headers: [Header] = [], isRepeatable: Bool
    ) {
        (method, self.address, self.headers, self.body) = (.post, address, headers, body)
        self.isRepeatable = isRepeatable
    }
}

/// What a server answered, without the body.
public struct HTTPResponse: Sendable {
    /// The status: 200.
    public var status: Int
    /// The header lines of the answer.
    public var headers: [HTTPRequest.Header]
    /// How many bytes came over the wire: headers, and the body as it was packed.
    public var receivedBytes: Int

    /// The value of a header; names are the same in any case of letters.
    public func header(_ name: String) -> String? {
        headers.last { $0.name.lowercased() == name.lowercased() }?.value
    }
}

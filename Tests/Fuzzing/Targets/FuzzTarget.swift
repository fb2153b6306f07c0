/// A reader or parser, with what must hold of whatever it is given.
public struct FuzzTarget: Sendable {
    /// What it is called on the command line, and in the names of kept cases.
    public let name: String
    /// Inputs to begin with.
    public let seeds: @Sendable () -> [[UInt8]]
    /// The longest input that is tried.
    public let longest: Int
    private let body: @Sendable ([UInt8]) throws -> Void

    init(
        _ name: String, seeds: @escaping @Sendable () -> [[UInt8]], longest: Int = 4096,
        _ body: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.longest = longest
        self.body = body
    }

    /// Reads an input.
    ///
    /// - Throws: ``BrokenPromise``. A refusal that says what is wrong is no broken promise.
    public func run(_ input: [UInt8]) throws { try body(input) }

    /// All of them, by what they read.
    public static let all: [FuzzTarget] =
        [events, lines, packed, investigation, records, delimited] + [
            configuration, templates, difference, kustomize,
        ]
        + [expressions, times, settings, notes, addresses, names]
}

/// What ought to hold and does not.
public struct BrokenPromise: Error, CustomStringConvertible {
    /// What was found, and where.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless a promise was kept.
func promise(_ isKept: Bool, _ promise: @autoclosure () -> String) throws {
    guard isKept else { throw BrokenPromise(promise()) }
}

public import DeployModel

/// Why a text is not what its format asks for, and where.
public struct ParseFailure: Diagnosis, Sendable {
    /// The kind of failure; more kinds may be added.
    public struct Code: Sendable, Hashable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// The text breaks the grammar.
        public static let syntax = Code("syntax")
        /// The text nests deeper than ``depthLimit``.
        public static let tooDeep = Code("too_deep")
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, in one sentence without a full stop.
    public var problem: String
    /// Where in the text.
    public var mark: Mark
    /// `line:column`.
    public var location: String? { "\(mark.line):\(mark.column)" }
    /// How to mend it, where that follows from the kind.
    public var remedy: String? { code == .tooDeep ? "nest at most \(depthLimit) levels" : nil }

    /// A failure.
    public init(_ problem: String, at mark: Mark, code: Code = .syntax) {
        self.code = code
        self.problem = problem
        self.mark = mark
    }
}

extension ParseProblem {
    init(_ failure: ParseFailure, lineOffset: Int = 0) {
        let mark = Mark(line: failure.mark.line + lineOffset, column: failure.mark.column)
        self.init(text: failure.problem, mark: mark)
    }
}

/// How deep a tree may nest. Trees are walked by recursion everywhere, so the depth is a bound on the stack.
public let depthLimit = 200

/// How many values the aliases of one document may stand for, so that a short text cannot grow without bound.
public let aliasLimit = 100_000

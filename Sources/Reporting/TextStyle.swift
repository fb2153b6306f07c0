import DeployModel

/// How text is laid out and coloured.
public struct TextStyle: Sendable, Equatable {
    /// Columns to use, 60 to 200.
    public var width: Int
    /// Whether only ASCII characters may be drawn with.
    public var isASCII: Bool
    /// Whether to colour; colour says nothing that the text does not.
    public var isColored: Bool
    /// Whether to show everything instead of one screen.
    public var isFull: Bool
    /// Whether to show how the evidence weighs for each deploy, and how each change came to its score.
    public var isExplaining = false
    /// Where commits and lines can be looked at; `nil` to write no links.
    public var links: HostedRepository?

    /// A style; widths outside 60 to 200 are brought inside.
    public init(width: Int = 100, isASCII: Bool = false, isColored: Bool = false, isFull: Bool = false) {
        self.width = min(max(width, 60), 200)
        self.isASCII = isASCII
        self.isColored = isColored
        self.isFull = isFull
    }

    /// What a piece of text is, for colouring it.
    enum Role: String {
        case plain = ""
        case strong = "1"
        case dim = "2"
        case bad = "1;31"
        case good = "32"
        case accent = "36"
        case warning = "33"
    }

    func paint(_ text: String, _ role: Role) -> String {
        isColored && role != .plain && !text.isEmpty ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Text that a terminal opens an address with (OSC 8). Terminals that do not know it show the text alone.
    func linked(_ painted: String, to address: String?) -> String {
        guard let address, !painted.isEmpty else { return painted }
        return "\u{1B}]8;;\(address)\u{1B}\\\(painted)\u{1B}]8;;\u{1B}\\"
    }

    /// The page of a commit, where links are wanted.
    func address(of commit: CommitID?) -> String? { commit.flatMap { links?.address(of: $0) } }

    /// The drawing characters of the style.
    func glyph(_ unicode: String, _ ascii: String) -> String { isASCII ? ascii : unicode }

    var arrow: String { glyph("→", "->") }
    var inside: String { glyph(" ▸ ", " > ") }
    var dot: String { glyph("·", "-") }
    var ellipsis: String { glyph("…", "...") }
}

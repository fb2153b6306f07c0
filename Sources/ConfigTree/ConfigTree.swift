/// A place in a text: line and column, both from 1, the column in characters of the source.
public struct Mark: Sendable, Hashable, Comparable {
    /// The line, from 1.
    public var line: Int
    /// The column, from 1.
    public var column: Int

    /// A place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// By line, then by column.
    public static func < (a: Mark, b: Mark) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// One value of a configuration file, with the place it was read from.
///
/// Nothing is lost on the way: duplicate keys are kept in order, a template's expressions stay in the text of
/// the scalars they stand in, and an alias carries the tree it stands for.
public struct ConfigNode: Sendable, Hashable {
    /// What a node is.
    public enum Kind: Sendable, Hashable {
        /// A single value.
        case scalar(Scalar)
        /// Entries in the order of the file, duplicates included.
        case mapping([Entry])
        /// Elements in the order of the file.
        case sequence([ConfigNode])
    }

    /// A single value as written.
    public struct Scalar: Sendable, Hashable {
        /// How a scalar was written.
        public enum Style: Sendable, Hashable {
            /// Without quotes: its type depends on its text.
            case plain
            /// In quotes of any kind, or as a literal or folded block: text whatever it says.
            case quoted
        }

        /// The text, quotes and escapes resolved; a masked template expression stands here as it was written.
        public var text: String
        /// How it was written.
        public var style: Style
        /// Whether the text holds a template expression (`{{ … }}`, `${X}`, `{X}`, `<%= … %>`).
        public var isTemplated: Bool

        /// A scalar.
        public init(text: String, style: Style, isTemplated: Bool = false) {
            self.text = text
            self.style = style
            self.isTemplated = isTemplated
        }
    }

    /// A key with its value.
    public struct Entry: Sendable, Hashable {
        /// The key's text; a key that is not a scalar appears as the text of its source.
        public var key: String
        /// Where the key stands.
        public var keyMark: Mark
        /// The value.
        public var value: ConfigNode
        /// The branch of a template conditional that the entry stands in, 0 outside any: two equal keys in
        /// different branches are not duplicates.
        public var branch: Int
        /// Whether the entry came in through a merge key (`<<`) or an alias, rather than being written here.
        public var isMerged: Bool

        /// An entry.
        public init(key: String, keyMark: Mark, value: ConfigNode, branch: Int = 0, isMerged: Bool = false) {
            self.key = key
            self.keyMark = keyMark
            self.value = value
            self.branch = branch
            self.isMerged = isMerged
        }
    }

    /// What it is.
    public var kind: Kind { didSet { index = Self.index(of: kind) } }
    /// Where it begins.
    public var start: Mark
    /// The last character that belongs to it.
    public var end: Mark

    /// The entry that counts for each key of a large mapping; `nil` for what is searched as fast without.
    private var index: [String: Int]?

    /// A node.
    public init(_ kind: Kind, start: Mark, end: Mark) {
        self.kind = kind
        self.start = start
        self.end = end
        index = Self.index(of: kind)
    }

    private static func index(of kind: Kind) -> [String: Int]? {
        guard case .mapping(let entries) = kind, entries.count >= 16 else { return nil }
        var index = [String: Int](minimumCapacity: entries.count)
        for position in entries.indices {
            let entry = entries[position]
            if entry.isMerged, let known = index[entry.key], !entries[known].isMerged { continue }
            index[entry.key] = position
        }
        return index
    }

    /// Equal when they say the same at the same places.
    public static func == (a: ConfigNode, b: ConfigNode) -> Bool {
        a.start == b.start && a.end == b.end && a.kind == b.kind
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(start)
        hasher.combine(end)
    }
}

extension ConfigNode {
    /// The entries of a mapping; none for anything else.
    public var entries: [Entry] {
        guard case .mapping(let entries) = kind else { return [] }
        return entries
    }

    /// The elements of a sequence; none for anything else.
    public var elements: [ConfigNode] {
        guard case .sequence(let elements) = kind else { return [] }
        return elements
    }

    /// The scalar, where it is one.
    public var scalar: Scalar? {
        guard case .scalar(let scalar) = kind else { return nil }
        return scalar
    }

    /// The text of a scalar.
    public var text: String? { scalar?.text }

    /// The entry that counts for a key: the last one written here, else the last one merged in.
    public func entry(_ key: String) -> Entry? {
        if let index { return index[key].map { entries[$0] } }
        return entries.last { $0.key == key && !$0.isMerged } ?? entries.last { $0.key == key }
    }

    /// The effective value of a key: the last one wins.
    public subscript(key: String) -> ConfigNode? { entry(key)?.value }

    /// The effective value at the end of a path of keys.
    public subscript(path keys: String...) -> ConfigNode? {
        keys.reduce(Optional(self)) { node, key in node?[key] }
    }
}

/// The formats that are read as trees.
public enum ConfigFormat: String, Sendable, Hashable, CaseIterable {
    /// YAML 1.1, as clusters read it.
    case yaml
    /// JSON, with comments and trailing commas as met.
    case json
    /// `NAME=value` lines.
    case env
    /// TOML 1.0.
    case toml
    /// Sections of `key = value` lines.
    case ini
    /// Java properties.
    case properties
    /// HCL 2, as Terraform reads it.
    case hcl
}

/// One document of a file.
public struct ConfigDocument: Sendable, Hashable {
    /// How the tree was got, and so how far it can be believed.
    public enum Reading: Sendable, Hashable {
        /// Parsed as the format says.
        case parsed
        /// Recovered from indentation alone, because the document does not parse.
        case outlined
    }

    /// The tree; `nil` for a document that is empty or cannot even be outlined.
    public var root: ConfigNode?
    /// How the tree was got.
    public var reading: Reading
    /// The first and the last line of the document.
    public var lines: ClosedRange<Int>
    /// Why it does not parse, where it does not.
    public var problem: ParseProblem?

    /// A document.
    public init(root: ConfigNode?, reading: Reading, lines: ClosedRange<Int>, problem: ParseProblem? = nil) {
        self.root = root
        self.reading = reading
        self.lines = lines
        self.problem = problem
    }
}

/// Why a document does not parse.
public struct ParseProblem: Sendable, Hashable {
    /// What the parser says, in one sentence.
    public var text: String
    /// Where.
    public var mark: Mark

    /// A problem.
    public init(text: String, mark: Mark) {
        self.text = text
        self.mark = mark
    }
}

/// A configuration file as a tree, or as several.
public struct ConfigFile: Sendable, Hashable {
    /// The path, from the repository's root.
    public var path: String
    /// The format it was read as.
    public var format: ConfigFormat
    /// Whether template expressions were masked.
    public var isTemplate: Bool
    /// The documents, in order.
    public var documents: [ConfigDocument]
    /// The lines of the file as they stand, without line ends.
    public var lines: [String]

    /// A file.
    public init(
        path: String, format: ConfigFormat, isTemplate: Bool, documents: [ConfigDocument], lines: [String]
    ) {
        self.path = path
        self.format = format
        self.isTemplate = isTemplate
        self.documents = documents
        self.lines = lines
    }
}

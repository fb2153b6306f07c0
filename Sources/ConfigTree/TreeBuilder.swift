/// How deep the trees of INI, TOML and HCL files may nest: no file that people write comes near it.
let nestingLimit = 64

/// Turns places in the bytes of a text into marks.
///
/// Places asked for in the order of the text cost one pass over it, however long its lines are. A copy goes on
/// from where it was made, which is how a parser that goes back keeps that promise.
struct PlaceMarks {
    private let lines: SourceLines
    private var line = 0
    private var position = 0
    private var column = 1

    init(_ lines: SourceLines) { self.lines = lines }

    /// The mark of a place; one among line ends counts as the end of the line before it.
    mutating func mark(_ place: Int) -> Mark {
        guard lines.count > 0 else { return Mark(line: 1, column: 1) }
        if place < position { goBack(to: place) }
        while line + 1 < lines.count, place >= lines.ranges[line + 1].lowerBound { enter(line + 1) }
        let target = min(place, lines.ranges[line].upperBound)
        while position < target {
            if lines.bytes[position] & 0xC0 != 0x80 { column += 1 }
            position += 1
        }
        return Mark(line: line + 1, column: column)
    }

    /// The mark of the last character before a place on the same line.
    mutating func mark(before place: Int) -> Mark {
        let after = mark(place)
        return Mark(line: after.line, column: max(1, after.column - 1))
    }

    private mutating func enter(_ index: Int) {
        line = index
        position = lines.ranges[index].lowerBound
        column = 1
    }

    private mutating func goBack(to place: Int) { enter(lines.line(at: place)) }
}

extension SourceLines {
    /// The line (from 0) that a place is on, line ends included.
    func line(at place: Int) -> Int {
        var (low, high) = (0, max(0, count - 1))
        while low < high {
            let middle = (low + high + 1) / 2
            if ranges[middle].lowerBound <= place { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

/// Grows a tree of mappings that a text may come back to: sections, tables, blocks with labels.
///
/// Mappings are named by number, and each finds its keys by hash, so that a text costs one pass whatever order
/// its parts come in. Nothing is replaced: a key that is written again is a further entry.
struct TreeBuilder {
    /// A key with the place it was read from.
    struct Key {
        var text: String
        var mark: Mark
        var branch: Int
    }

    private enum Slot {
        case value(ConfigNode)
        case mapping(Int)
        case sequence(Int)
    }

    private struct Mapping {
        var entries: [(key: Key, slot: Slot)] = []
        /// The last entry of each key.
        var latest: [String: Int] = [:]
        /// How many levels are above it.
        var depth: Int
        /// Whether only the paths of other mappings have named it so far.
        var isImplied = false
        /// Where it begins, unless at its first key.
        var start: Mark?
        /// A place that it reaches at least.
        var end: Mark
    }

    private struct Sequence {
        var elements: [Int]
        /// Whether a single element stands for itself.
        var isUnwrapped: Bool
    }

    /// The mapping that holds all others.
    static let root = 0

    private var mappings = [Mapping(depth: 0, end: Mark(line: 1, column: 1))]
    private var sequences: [Sequence] = []

    /// How many levels are above a mapping.
    func depth(of mapping: Int) -> Int { mappings[mapping].depth }

    /// A mapping of its own, for a value that is put into the tree when it is complete.
    mutating func detached(depth: Int, at start: Mark) -> Int {
        mappings.append(Mapping(depth: depth, start: start, end: start))
        return mappings.count - 1
    }

    /// Adds a key with a value that is complete.
    mutating func add(_ key: Key, _ value: ConfigNode, to mapping: Int) {
        append(key, .value(value), to: mapping)
    }

    /// Adds a key with a mapping of its own, whatever is there already.
    mutating func addMapping(_ key: Key, to mapping: Int) -> Int {
        mappings.append(Mapping(depth: mappings[mapping].depth + 1, end: key.mark))
        append(key, .mapping(mappings.count - 1), to: mapping)
        return mappings.count - 1
    }

    /// The mapping that a key has already, else a new one; where elements count, that is the last one of them.
    mutating func openMapping(_ key: Key, in mapping: Int, countsElements: Bool = false) -> Int {
        switch slot(key, in: mapping) {
        case .mapping(let found): return found
        case .sequence(let index):
            guard countsElements, let last = sequences[index].elements.last else { break }
            return last
        case .value, nil: break
        }
        let added = addMapping(key, to: mapping)
        mappings[added].isImplied = true
        return added
    }

    /// The mapping of a key that was only implied so far, else a new one.
    mutating func defineMapping(_ key: Key, in mapping: Int) -> Int {
        guard case .mapping(let found) = slot(key, in: mapping), mappings[found].isImplied else {
            return addMapping(key, to: mapping)
        }
        mappings[found].isImplied = false
        return found
    }

    /// A new mapping at the end of the sequence of a key.
    ///
    /// - Parameter isUnwrapped: whether a sequence of one mapping is that mapping.
    mutating func addElement(_ key: Key, to mapping: Int, isUnwrapped: Bool) -> Int {
        mappings.append(Mapping(depth: mappings[mapping].depth + 2, end: key.mark))
        let element = mappings.count - 1
        if case .sequence(let index) = slot(key, in: mapping) {
            sequences[index].elements.append(element)
        } else {
            sequences.append(Sequence(elements: [element], isUnwrapped: isUnwrapped))
            append(key, .sequence(sequences.count - 1), to: mapping)
        }
        return element
    }

    /// Says where a mapping begins, when that is not at its first key.
    mutating func begin(_ mapping: Int, at start: Mark) { mappings[mapping].start = start }

    /// Says that a mapping reaches as far as a place.
    mutating func extend(_ mapping: Int, to end: Mark) {
        mappings[mapping].end = max(mappings[mapping].end, end)
    }

    /// The whole tree; `nil` when nothing was added.
    func tree() -> ConfigNode? { mappings[Self.root].entries.isEmpty ? nil : node(Self.root) }

    /// A mapping as a tree.
    func node(_ mapping: Int) -> ConfigNode {
        let grown = mappings[mapping]
        let entries = grown.entries.map { key, slot in
            ConfigNode.Entry(key: key.text, keyMark: key.mark, value: node(slot), branch: key.branch)
        }
        let start = grown.start ?? entries.first?.keyMark ?? grown.end
        let end = entries.reduce(grown.end) { max($0, $1.value.end) }
        return ConfigNode(.mapping(entries), start: start, end: end)
    }

    private func node(_ slot: Slot) -> ConfigNode {
        switch slot {
        case .value(let value): return value
        case .mapping(let mapping): return node(mapping)
        case .sequence(let index):
            let elements = sequences[index].elements.map { node($0) }
            let first = Mark(line: 1, column: 1)
            if sequences[index].isUnwrapped, elements.count == 1, let only = elements.first { return only }
            return ConfigNode(
                .sequence(elements), start: elements.first?.start ?? first,
                end: elements.last?.end ?? first)
        }
    }

    private func slot(_ key: Key, in mapping: Int) -> Slot? {
        mappings[mapping].latest[key.text].map { mappings[mapping].entries[$0].slot }
    }

    private mutating func append(_ key: Key, _ slot: Slot, to mapping: Int) {
        mappings[mapping].latest[key.text] = mappings[mapping].entries.count
        mappings[mapping].entries.append((key, slot))
    }
}

extension TemplateMask {
    /// Whether a line holds masked expressions and nothing else, so that it says nothing in any format.
    func isAlone(_ line: ArraySlice<UInt8>) -> Bool {
        guard let first = line.first(where: { !$0.isBlank }), first >= 0xEE else { return false }
        let text = String(decoding: line, as: UTF8.self)
        let isMasked = text.unicodeScalars.allSatisfy {
            $0.value >= 0xF0000 || $0 == "\u{E000}" || $0 == " " || $0 == "\t" || $0 == "\r"
        }
        return isMasked && restored(text).isTemplated
    }
}

/// The number that some hexadecimal digits at a place say; `nil` when they are not all there.
func hexadecimalNumber(_ bytes: [UInt8], at start: Int, digits: Int) -> UInt32? {
    guard start >= 0, start + digits <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[start..<start + digits] {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
        value = value << 4 | UInt32(digit)
    }
    return value
}

extension [UInt8] {
    /// Appends a character by its number, U+FFFD where there is no such character.
    mutating func append(scalar value: UInt32) {
        append(contentsOf: String(Character(Unicode.Scalar(value) ?? "\u{FFFD}")).utf8)
    }
}

extension ArraySlice<UInt8> {
    /// Without the blanks at its end.
    var trimmedEnd: ArraySlice<UInt8> {
        var trimmed = self
        while let last = trimmed.last, last.isBlank { trimmed = trimmed.dropLast() }
        return trimmed
    }
}

extension UInt8 {
    /// Whether a line ends here.
    var isLineEnd: Bool { self == .lineFeed || self == .carriageReturn }
}

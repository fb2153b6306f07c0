/// Reads INI files: sections of `key = value` and `key: value` lines, with comments and indented continuations.
///
/// A section that occurs twice is one mapping whose entries go on; duplicate keys are kept.
struct INILines {
    /// A key with the lines of its value so far.
    private struct Pending {
        var key: TreeBuilder.Key
        /// How far the key's line is indented: what continues it is indented further.
        var indent: Int
        var value: ConfigNode.Scalar
        var start: Mark
        var end: Mark
    }

    private let lines: SourceLines
    private let mask: TemplateMask?
    private var builder = TreeBuilder()
    private var section = TreeBuilder.root
    private var pending: Pending?
    private var followsBlank = false
    private var problem: ParseProblem?

    /// How many bytes a value over several lines may have.
    private static let longestValue = 1 << 20

    init(_ lines: SourceLines, mask: TemplateMask?) {
        self.lines = lines
        self.mask = mask
    }

    /// The file as one document; none when it is empty.
    mutating func document() -> ConfigDocument? {
        guard lines.count > 0 else { return nil }
        for index in 0..<lines.count { read(index) }
        flush()
        return ConfigDocument(
            root: builder.tree(), reading: .parsed, lines: 1...lines.count, problem: problem)
    }

    private mutating func read(_ index: Int) {
        let line = lines.bytes[lines.ranges[index]]
        let rest = line.drop(while: \.isBlank).trimmedEnd
        guard let first = rest.first else {
            followsBlank = true
            return
        }
        defer { followsBlank = false }
        guard first != .hash, first != UInt8(ascii: ";"), mask?.isAlone(line) != true else { return }
        let indent = rest.startIndex - line.startIndex
        let isHeader = first == UInt8(ascii: "[")
        // An indented section after a blank line is a section, anything else of that kind a list in a value.
        if let current = pending, indent > current.indent, !(isHeader && followsBlank) {
            carryOn(rest, line: index)
            return
        }
        flush()
        if isHeader {
            openSection(rest, line: index)
        } else {
            assign(rest, indent: indent, line: index)
        }
    }

    private mutating func openSection(_ line: ArraySlice<UInt8>, line index: Int) {
        var header = line.withoutComment.trimmedEnd
        if header.last != UInt8(ascii: "]") {
            note("the section's name is not closed", line.endIndex, line: index)
            header = header.prefix { $0 != UInt8(ascii: "]") }
        } else {
            header = header.dropLast()
        }
        let name = header.dropFirst().drop(while: \.isBlank).trimmedEnd
        section = builder.openMapping(key(name, line: index), in: TreeBuilder.root)
        builder.extend(section, to: mark(max(line.startIndex, name.endIndex - 1), line: index))
    }

    private mutating func assign(_ line: ArraySlice<UInt8>, indent: Int, line index: Int) {
        let separator = line.firstIndex { $0 == UInt8(ascii: "=") || $0 == .colon }
        let name = (separator.map { line[..<$0] } ?? line.withoutComment).trimmedEnd
        guard !name.isEmpty, separator != nil || name.allSatisfy({ $0.isName || $0 == .dash || $0 >= 0x80 })
        else {
            note("line is neither a section nor key = value", line.startIndex, line: index)
            return
        }
        let key = key(name, line: index)
        guard let separator else {
            // A key alone switches something on.
            let end = mark(name.endIndex - 1, line: index)
            pending = Pending(
                key: key, indent: indent, value: ConfigNode.Scalar(text: "", style: .plain), start: end,
                end: end)
            return
        }
        let (text, style) = Self.value(line[(separator + 1)...].drop(while: \.isBlank))
        let (restored, isTemplated) = restored(text)
        let quotes = style == .quoted ? 1 : 0
        let start = mark(text.isEmpty ? separator + 1 : text.startIndex - quotes, line: index)
        let width = text.characterCount + 2 * quotes
        pending = Pending(
            key: key, indent: indent,
            value: ConfigNode.Scalar(text: restored, style: style, isTemplated: isTemplated), start: start,
            end: Mark(line: start.line, column: start.column + max(0, width - 1)))
    }

    /// Adds an indented line to the value above it.
    private mutating func carryOn(_ line: ArraySlice<UInt8>, line index: Int) {
        guard var current = pending, current.value.text.utf8.count < Self.longestValue else { return }
        let text = line.withoutComment.trimmedEnd
        let (restored, isTemplated) = restored(text)
        let start = mark(text.startIndex, line: index)
        pending = nil
        if current.value.text.isEmpty {
            current.start = start
        } else {
            current.value.text += "\n"
        }
        current.value.text += restored
        current.value.isTemplated = current.value.isTemplated || isTemplated
        current.end = Mark(line: start.line, column: start.column + max(0, text.characterCount - 1))
        pending = current
    }

    private mutating func flush() {
        guard let done = pending else { return }
        builder.add(
            done.key, ConfigNode(.scalar(done.value), start: done.start, end: done.end), to: section)
        pending = nil
    }

    /// The text of a value with how it is written: comments and quotes taken off.
    private static func value(_ value: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ConfigNode.Scalar.Style) {
        if let quote = value.first, quote == .doubleQuote || quote == .singleQuote,
            let close = value.dropFirst().firstIndex(of: quote)
        {
            let rest = value[(close + 1)...].drop(while: \.isBlank)
            if rest.isEmpty || rest.first == .hash || rest.first == UInt8(ascii: ";") {
                return (value[(value.startIndex + 1)..<close], .quoted)
            }
        }
        // A colour is a value, a comment behind the sign is not.
        if let first = value.first, first == .hash || first == UInt8(ascii: ";"),
            value.dropFirst().first?.isBlank ?? true
        {
            return (value.prefix(0), .plain)
        }
        return (value.withoutComment.trimmedEnd, .plain)
    }

    private func key(_ name: ArraySlice<UInt8>, line index: Int) -> TreeBuilder.Key {
        TreeBuilder.Key(
            text: restored(name).text, mark: mark(name.startIndex, line: index),
            branch: mask?.branch(ofLine: index + 1) ?? 0)
    }

    private mutating func note(_ text: String, _ position: Int, line index: Int) {
        if problem == nil { problem = ParseProblem(text: text, mark: mark(position, line: index)) }
    }

    private func mark(_ position: Int, line index: Int) -> Mark {
        lines.mark(position, line: index)
    }

    private func restored(_ bytes: ArraySlice<UInt8>) -> (text: String, isTemplated: Bool) {
        let text = String(decoding: bytes, as: UTF8.self)
        return mask?.restored(text) ?? (text, false)
    }
}

/// Whether the most part of a file is sections and `key = value` lines: names like `.conf` do not say so.
func holdsSections(_ contents: [UInt8]) -> Bool {
    var known = 0
    var others = 0
    for line in contents.split(whereSeparator: { $0 == .lineFeed || $0 == .carriageReturn }) {
        let rest = line.drop(while: \.isBlank).trimmedEnd
        guard let first = rest.first, first != .hash, first != UInt8(ascii: ";") else { continue }
        // Blocks in braces are another format, even where what is in them assigns.
        guard rest.last != UInt8(ascii: "{"), first != UInt8(ascii: "}") else { return false }
        if first == UInt8(ascii: "[") {
            known += rest.withoutComment.trimmedEnd.last == UInt8(ascii: "]") ? 1 : 0
            continue
        }
        let name = rest.prefix { $0.isName || $0 == .dash || $0 == UInt8(ascii: ".") || $0 >= 0x80 }
        let after = rest[name.endIndex...].drop(while: \.isBlank)
        if !name.isEmpty, after.first == UInt8(ascii: "=") {
            known += 1
        } else if !name.isEmpty, after.first == .colon || after.isEmpty {
            // As good as a key, but not a sign of one.
            continue
        } else if !line[..<rest.startIndex].isEmpty {
            // What is indented goes on with a value.
            continue
        } else {
            others += 1
        }
    }
    return known > 0 && known >= 4 * others
}

// MARK: Properties

/// Reads Java properties: keys stay flat as written, escapes are resolved, duplicates are kept.
struct PropertyLines {
    /// A line with those that continue it, and where each of its bytes stands.
    private struct Logical {
        var bytes: [UInt8] = []
        var places: [Place] = []
        /// The place after the last byte.
        var end: Place
    }

    private struct Place {
        var position: Int
        var line: Int
    }

    private let lines: SourceLines
    private let mask: TemplateMask?
    private var entries: [ConfigNode.Entry] = []
    private var problem: ParseProblem?

    init(_ lines: SourceLines, mask: TemplateMask?) {
        self.lines = lines
        self.mask = mask
    }

    /// The file as one document; none when it is empty.
    mutating func document() -> ConfigDocument? {
        guard lines.count > 0 else { return nil }
        var index = 0
        while index < lines.count { index = read(index) }
        var root: ConfigNode?
        if let first = entries.first, let last = entries.last {
            root = ConfigNode(.mapping(entries), start: first.keyMark, end: last.value.end)
        }
        return ConfigDocument(root: root, reading: .parsed, lines: 1...lines.count, problem: problem)
    }

    /// Reads the line at an index with those that continue it, and answers the index to go on with.
    private mutating func read(_ index: Int) -> Int {
        let line = lines.bytes[lines.ranges[index]]
        let rest = line.drop(while: \.isPropertySpace)
        guard let first = rest.first, first != .hash, first != UInt8(ascii: "!"), mask?.isAlone(line) != true
        else { return index + 1 }
        let (logical, next) = logical(index)
        let bytes = logical.bytes
        let nameEnd = Self.endOfName(bytes)
        var start = nameEnd
        while start < bytes.count, bytes[start].isPropertySpace { start += 1 }
        if start < bytes.count, bytes[start] == UInt8(ascii: "=") || bytes[start] == .colon {
            start += 1
            while start < bytes.count, bytes[start].isPropertySpace { start += 1 }
        }
        let keyMark = mark(logical.places.first ?? logical.end)
        guard nameEnd > 0 else {
            note("line has no key", keyMark)
            return next
        }
        let key = text(logical, 0..<nameEnd)
        let (value, isTemplated) = text(logical, start..<bytes.count)
        let isEmpty = start == bytes.count
        let valueMark = mark(isEmpty ? logical.end : logical.places[start])
        let after = mark(logical.end)
        let end = isEmpty ? after : Mark(line: after.line, column: max(1, after.column - 1))
        let scalar = ConfigNode.Scalar(text: value, style: .plain, isTemplated: isTemplated)
        entries.append(
            ConfigNode.Entry(
                key: key.text, keyMark: keyMark,
                value: ConfigNode(.scalar(scalar), start: valueMark, end: end),
                branch: mask?.branch(ofLine: keyMark.line) ?? 0))
        return next
    }

    /// Puts a line together with those that continue it: each ends in a backslash that is not itself escaped.
    private func logical(_ first: Int) -> (Logical, next: Int) {
        var logical = Logical(end: Place(position: lines.ranges[first].lowerBound, line: first))
        var index = first
        while index < lines.count {
            let line = lines.bytes[lines.ranges[index]].drop(while: \.isPropertySpace)
            let backslashes = line.reversed().prefix { $0 == .backslash }.count
            let goesOn = !backslashes.isMultiple(of: 2)
            let content = goesOn ? line.dropLast() : line
            logical.bytes.append(contentsOf: content)
            for position in content.indices {
                logical.places.append(Place(position: position, line: index))
            }
            if !content.isEmpty || index == first {
                logical.end = Place(position: content.endIndex, line: index)
            }
            index += 1
            guard goesOn else { break }
        }
        return (logical, index)
    }

    /// Where the name ends: before the first `=`, `:` or space that is not escaped.
    private static func endOfName(_ bytes: [UInt8]) -> Int {
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "=") || byte == .colon || byte.isPropertySpace { return position }
            position += byte == .backslash ? 2 : 1
        }
        return bytes.count
    }

    /// The text of some bytes, escapes resolved; a `\u` without its digits stays as written.
    private mutating func text(
        _ logical: Logical, _ range: Range<Int>
    ) -> (text: String, isTemplated: Bool) {
        let bytes = logical.bytes
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var position = range.lowerBound
        while position < range.upperBound {
            let byte = bytes[position]
            guard byte == .backslash, position + 1 < range.upperBound else {
                text.append(byte)
                position += 1
                continue
            }
            let escaped = bytes[position + 1]
            switch escaped {
            case UInt8(ascii: "t"): text.append(.tab)
            case UInt8(ascii: "n"): text.append(.lineFeed)
            case UInt8(ascii: "r"): text.append(.carriageReturn)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "u"):
                guard let (value, length) = Self.unicode(bytes, at: position, end: range.upperBound) else {
                    note("expected four hexadecimal digits", mark(logical.places[position]))
                    text += [.backslash, escaped]
                    break
                }
                text.append(scalar: value)
                position += length
                continue
            default: text.append(escaped)
            }
            position += 2
        }
        let decoded = String(decoding: text, as: UTF8.self)
        return mask?.restored(decoded) ?? (decoded, false)
    }

    /// Reads `\uXXXX`, or two of them that make one character.
    private static func unicode(_ bytes: [UInt8], at start: Int, end: Int) -> (value: UInt32, length: Int)? {
        guard start + 6 <= end, let first = hexadecimalNumber(bytes, at: start + 2, digits: 4) else {
            return nil
        }
        guard (0xD800..<0xDC00).contains(first), start + 12 <= end, bytes[start + 6] == .backslash,
            bytes[start + 7] == UInt8(ascii: "u"),
            let second = hexadecimalNumber(bytes, at: start + 8, digits: 4),
            (0xDC00...0xDFFF).contains(second)
        else { return (first, 6) }
        return (0x10000 + (first - 0xD800) << 10 + (second - 0xDC00), 12)
    }

    private func mark(_ place: Place) -> Mark { lines.mark(place.position, line: place.line) }

    private mutating func note(_ text: String, _ mark: Mark) {
        if problem == nil { problem = ParseProblem(text: text, mark: mark) }
    }
}

// MARK: Lines

extension SourceLines {
    /// The mark of a place on a line (from 0).
    fileprivate func mark(_ position: Int, line index: Int) -> Mark {
        let start = ranges[index].lowerBound
        return Mark(line: index + 1, column: bytes[start..<max(start, position)].characterCount + 1)
    }
}

extension ArraySlice<UInt8> {
    /// Up to a `#` or `;` that stands behind a blank.
    fileprivate var withoutComment: ArraySlice<UInt8> {
        var previous = UInt8(ascii: "x")
        for index in indices {
            if previous.isBlank, self[index] == .hash || self[index] == UInt8(ascii: ";") {
                return self[..<index]
            }
            previous = self[index]
        }
        return self
    }
}

extension UInt8 {
    /// What properties take for space.
    fileprivate var isPropertySpace: Bool { isBlank || self == 0x0C }
}

/// What indentation alone says of a document that does not parse: keys, list dashes, values to the line's end.
struct Outline {
    /// A key or a dash with what follows it on its line.
    private struct Item {
        var column: Int
        /// `nil` for a dash.
        var key: String?
        var mark: Mark
        var value: ConfigNode?
    }

    private let lines: SourceLines
    private let mask: TemplateMask?
    private var items: [Item] = []
    private var position = 0

    private static let longestKey = 200
    /// How deep brackets on a line may be nested.
    private static let deepestFlow = 16

    /// The tree of some lines (indices from 0); `nil` when not one of them has a key or a dash.
    static func tree(_ lines: SourceLines, _ indices: Range<Int>, mask: TemplateMask?) -> ConfigNode? {
        var outline = Outline(lines: lines, mask: mask)
        outline.collect(indices)
        return outline.root()
    }

    private init(lines: SourceLines, mask: TemplateMask?) {
        self.lines = lines
        self.mask = mask
    }
}

// MARK: Lines to items

extension Outline {
    private mutating func collect(_ indices: Range<Int>) {
        var index = indices.lowerBound
        while index < indices.upperBound {
            let range = lines.ranges[index]
            var start = range.lowerBound
            while start < range.upperBound, lines.bytes[start].isBlank { start += 1 }
            var dashes = 0
            while start < range.upperBound, isDash(start, range), dashes < depthLimit {
                dashes += 1
                items.append(item(nil, at: start, line: index))
                start += 1
                while start < range.upperBound, lines.bytes[start].isBlank { start += 1 }
            }
            let isElement = items.last.map { $0.key == nil && $0.mark.line == index + 1 } ?? false
            let column = start - range.lowerBound
            if let colon = keyEnd(start, range) {
                var entry = item(key(lines.bytes[start..<colon]), at: start, line: index)
                let rest = lines.bytes[(colon + 1)..<range.upperBound].drop(while: \.isBlank)
                if Self.opensBlock(rest) {
                    let last = lastLine(ofBlockAt: index, deeperThan: column, indices)
                    entry.value = block(index + 1...max(index + 1, last), line: index)
                    index = last
                } else {
                    entry.value = value(rest, line: index)
                }
                items.append(entry)
            } else if isElement {
                items[items.count - 1].value = value(lines.bytes[start..<range.upperBound], line: index)
            }
            index += 1
        }
    }

    private func item(_ key: String?, at position: Int, line index: Int) -> Item {
        let start = lines.ranges[index].lowerBound
        return Item(column: position - start, key: key, mark: mark(position, line: index))
    }

    private func mark(_ position: Int, line index: Int) -> Mark {
        let start = lines.ranges[index].lowerBound
        return Mark(line: index + 1, column: lines.bytes[start..<position].characterCount + 1)
    }

    private func isDash(_ position: Int, _ range: Range<Int>) -> Bool {
        lines.bytes[position] == .dash
            && (position + 1 == range.upperBound || lines.bytes[position + 1].isBlank)
    }

    /// Where the colon after a key is, if the text begins with a key.
    private func keyEnd(_ start: Int, _ range: Range<Int>) -> Int? {
        guard start < range.upperBound, lines.bytes[start] != .hash else { return nil }
        var position = start
        let quote = lines.bytes[start]
        if quote == .doubleQuote || quote == .singleQuote {
            position += 1
            while position < range.upperBound, lines.bytes[position] != quote { position += 1 }
        }
        let limit = min(range.upperBound, start + Self.longestKey)
        while position < limit {
            let byte = lines.bytes[position]
            if byte == .hash, position > start, lines.bytes[position - 1].isBlank { return nil }
            let isEnd = position + 1 == range.upperBound || lines.bytes[position + 1].isBlank
            if byte == .colon, position > start, isEnd { return position }
            position += 1
        }
        return nil
    }

    private func key(_ bytes: ArraySlice<UInt8>) -> String {
        var key = bytes
        while let last = key.last, last.isBlank { key = key.dropLast() }
        if let quote = key.first, quote == .doubleQuote || quote == .singleQuote, key.count > 1,
            key.last == quote
        {
            key = key.dropFirst().dropLast()
        }
        return restored(key).text
    }

    private func restored(_ bytes: ArraySlice<UInt8>) -> (text: String, isTemplated: Bool) {
        let text = String(decoding: bytes, as: UTF8.self)
        return mask?.restored(text) ?? (text, false)
    }

    /// The rest of a line as a value: its quotes, comment, anchor and JSON's comma set aside.
    private func value(_ bytes: ArraySlice<UInt8>, line index: Int) -> ConfigNode? {
        var rest = bytes
        if rest.first == UInt8(ascii: "&") {
            rest = rest.drop { !$0.isBlank }.drop(while: \.isBlank)
        }
        guard let first = rest.first, first != .hash else { return nil }
        var style = ConfigNode.Scalar.Style.plain
        if first == .doubleQuote || first == .singleQuote, let end = rest.dropFirst().firstIndex(of: first) {
            rest = rest[(rest.startIndex + 1)..<end]
            style = .quoted
        } else {
            if let comment = rest.indices.first(where: { rest[$0] == .hash && rest[$0 - 1].isBlank }) {
                rest = rest[..<comment]
            }
            while let last = rest.last, last.isBlank || last == UInt8(ascii: ",") { rest = rest.dropLast() }
            // A bracket left open has its members on the lines below.
            let opens = rest.count == 1 && (first == UInt8(ascii: "{") || first == UInt8(ascii: "["))
            guard !rest.isEmpty, !opens else { return nil }
            if first == UInt8(ascii: "{") && !rest.starts(with: "{{".utf8) || first == UInt8(ascii: "[") {
                var position = rest.startIndex
                return flow(rest, from: &position, line: index, depth: 0)
            }
        }
        let (text, isTemplated) = restored(rest)
        let start = mark(rest.startIndex, line: index)
        let end = mark(rest.endIndex, line: index)
        return ConfigNode(
            .scalar(ConfigNode.Scalar(text: text, style: style, isTemplated: isTemplated)), start: start,
            end: max(start, Mark(line: end.line, column: max(1, end.column - 1))))
    }

    // MARK: Values between brackets

    /// A value between brackets, or a single one inside them; what is left open at the end of the line ends there.
    private func flow(
        _ text: ArraySlice<UInt8>, from position: inout Int, line index: Int, depth: Int
    ) -> ConfigNode? {
        skipBlanks(text, &position)
        guard position < text.endIndex, depth < Self.deepestFlow else { return nil }
        let start = position
        switch text[position] {
        case UInt8(ascii: "{"):
            var entries: [ConfigNode.Entry] = []
            flowParts(text, &position, until: UInt8(ascii: "}")) { position in
                guard let key = flowScalar(text, from: &position, line: index, isKey: true) else { return }
                var value: ConfigNode?
                if position < text.endIndex, text[position] == .colon {
                    position += 1
                    value = flow(text, from: &position, line: index, depth: depth + 1)
                }
                entries.append(
                    ConfigNode.Entry(
                        key: key.text ?? "", keyMark: key.start, value: value ?? Self.empty(at: key.start),
                        branch: mask?.branch(ofLine: index + 1) ?? 0))
            }
            return node(.mapping(entries), text, start..<position, line: index)
        case UInt8(ascii: "["):
            var elements: [ConfigNode] = []
            flowParts(text, &position, until: UInt8(ascii: "]")) { position in
                if let element = flow(text, from: &position, line: index, depth: depth + 1) {
                    elements.append(element)
                }
            }
            return node(.sequence(elements), text, start..<position, line: index)
        default: return flowScalar(text, from: &position, line: index, isKey: false)
        }
    }

    /// Reads parts with commas between them, behind the bracket that closes them.
    private func flowParts(
        _ text: ArraySlice<UInt8>, _ position: inout Int, until close: UInt8, _ part: (inout Int) -> Void
    ) {
        position += 1
        while true {
            skipBlanks(text, &position)
            guard position < text.endIndex else { return }
            if text[position] == close {
                position += 1
                return
            }
            let before = position
            if text[position] != UInt8(ascii: ",") { part(&position) }
            // A comma, or what fits nowhere.
            if position == before || position < text.endIndex && text[position] == UInt8(ascii: ",") {
                position += 1
            }
        }
    }

    private func flowScalar(
        _ text: ArraySlice<UInt8>, from position: inout Int, line index: Int, isKey: Bool
    ) -> ConfigNode? {
        skipBlanks(text, &position)
        guard let first = position < text.endIndex ? text[position] : nil else { return nil }
        var range = position..<position
        var style = ConfigNode.Scalar.Style.plain
        if first == .doubleQuote || first == .singleQuote {
            let end = text[(position + 1)...].firstIndex(of: first) ?? text.endIndex
            range = position + 1..<end
            position = min(end + 1, text.endIndex)
            style = .quoted
            skipBlanks(text, &position)
        } else {
            while position < text.endIndex, !isFlowEnd(text, position, isKey: isKey) { position += 1 }
            var end = position
            while end > range.lowerBound, text[end - 1].isBlank { end -= 1 }
            range = range.lowerBound..<end
        }
        guard !range.isEmpty || style == .quoted else { return nil }
        let (restored, isTemplated) = restored(text[range])
        return node(
            .scalar(ConfigNode.Scalar(text: restored, style: style, isTemplated: isTemplated)), text, range,
            line: index)
    }

    /// Whether a plain value between brackets ends here: at a comma or a bracket, and a key at its colon.
    private func isFlowEnd(_ text: ArraySlice<UInt8>, _ position: Int, isKey: Bool) -> Bool {
        let byte = text[position]
        if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { return true }
        guard isKey, byte == .colon else { return false }
        return position + 1 == text.endIndex || text[position + 1].isBlank
            || [UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "{"), UInt8(ascii: "[")].contains(
                text[position + 1])
    }

    private func skipBlanks(_ text: ArraySlice<UInt8>, _ position: inout Int) {
        while position < text.endIndex, text[position].isBlank { position += 1 }
    }

    private func node(
        _ kind: ConfigNode.Kind, _ text: ArraySlice<UInt8>, _ range: Range<Int>, line index: Int
    ) -> ConfigNode {
        let start = mark(range.lowerBound, line: index)
        let end = mark(range.upperBound, line: index)
        return ConfigNode(
            kind, start: start, end: max(start, Mark(line: end.line, column: max(1, end.column - 1))))
    }

    private static func opensBlock(_ rest: ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, first == UInt8(ascii: "|") || first == UInt8(ascii: ">") else {
            return false
        }
        return rest.dropFirst().prefix { !$0.isBlank }.allSatisfy {
            $0 == .dash || $0 == UInt8(ascii: "+") || $0.isDigit
        }
    }

    private func lastLine(ofBlockAt index: Int, deeperThan column: Int, _ indices: Range<Int>) -> Int {
        var last = index
        var next = index + 1
        while next < indices.upperBound {
            if !lines.isBlank(next) {
                guard lines.indent(next) > column else { break }
                last = next
            }
            next += 1
        }
        return last
    }

    private func block(_ range: ClosedRange<Int>, line index: Int) -> ConfigNode? {
        guard range.upperBound < lines.count, range.lowerBound <= range.upperBound else { return nil }
        let indent = range.filter { !lines.isBlank($0) }.map(lines.indent).min() ?? 0
        let text = range.map {
            String(decoding: lines.bytes[lines.ranges[$0]].dropFirst(indent), as: UTF8.self)
        }
        let joined = text.joined(separator: "\n") + "\n"
        let (restored, isTemplated) = mask?.restored(joined) ?? (joined, false)
        return ConfigNode(
            .scalar(ConfigNode.Scalar(text: restored, style: .quoted, isTemplated: isTemplated)),
            start: Mark(line: range.lowerBound + 1, column: indent + 1),
            end: Mark(line: range.upperBound + 1, column: max(1, lines.width(range.upperBound))))
    }
}

// MARK: Items to a tree

extension Outline {
    /// The whole tree; what a second top-level list or mapping holds joins the first of its kind.
    private mutating func root() -> ConfigNode? {
        var root: ConfigNode?
        while position < items.count {
            let node = node(deeperThan: -1, depth: 0)
            guard let known = root else {
                root = node
                continue
            }
            switch (known.kind, node.kind) {
            case (.mapping(let a), .mapping(let b)):
                root = ConfigNode(.mapping(a + b), start: known.start, end: node.end)
            case (.sequence(let a), .sequence(let b)):
                root = ConfigNode(.sequence(a + b), start: known.start, end: node.end)
            default: break
            }
        }
        return root
    }

    /// The list or mapping at the current item; always takes at least that item.
    private mutating func node(deeperThan limit: Int, depth: Int) -> ConfigNode {
        items[position].key == nil
            ? sequence(deeperThan: limit, depth: depth) : mapping(deeperThan: limit, depth: depth)
    }

    private mutating func sequence(deeperThan limit: Int, depth: Int) -> ConfigNode {
        let start = items[position].mark
        var elements: [ConfigNode] = []
        while position < items.count, items[position].key == nil, items[position].column > limit {
            let item = items[position]
            position += 1
            let child = child(deeperThan: item.column, depth: depth)
            elements.append(child ?? bounded(item.value, depth) ?? Self.empty(at: item.mark))
        }
        return ConfigNode(.sequence(elements), start: start, end: elements.last?.end ?? start)
    }

    private mutating func mapping(deeperThan limit: Int, depth: Int) -> ConfigNode {
        let start = items[position].mark
        var entries: [ConfigNode.Entry] = []
        while position < items.count, items[position].column > limit, let key = items[position].key {
            let item = items[position]
            position += 1
            var lost: [ConfigNode.Entry] = []
            var value = bounded(item.value, depth)
            if let written = value {
                // A line deeper than a key that has its value is most likely one indented by mistake.
                lost = child(deeperThan: item.column, depth: depth)?.entries ?? []
                value = written
            } else if position < items.count, items[position].key == nil,
                items[position].column == item.column
            {
                value = sequence(deeperThan: item.column - 1, depth: min(depth + 1, depthLimit))
            } else {
                value = child(deeperThan: item.column, depth: depth)
            }
            entries.append(
                ConfigNode.Entry(
                    key: key, keyMark: item.mark, value: value ?? Self.empty(at: item.mark),
                    branch: mask?.branch(ofLine: item.mark.line) ?? 0))
            entries += lost
        }
        return ConfigNode(.mapping(entries), start: start, end: entries.last?.value.end ?? start)
    }

    /// What stands below an item, unless the tree is as deep as it may be; then it is passed over.
    private mutating func child(deeperThan column: Int, depth: Int) -> ConfigNode? {
        guard position < items.count, items[position].column > column else { return nil }
        guard depth < depthLimit - 1 else {
            while position < items.count, items[position].column > column { position += 1 }
            return nil
        }
        return node(deeperThan: column, depth: depth + 1)
    }

    /// A value, unless what it holds would make the tree deeper than it may be.
    private func bounded(_ value: ConfigNode?, _ depth: Int) -> ConfigNode? {
        value.flatMap { $0.scalar == nil && depth >= depthLimit - Self.deepestFlow ? nil : $0 }
    }

    private static func empty(at mark: Mark) -> ConfigNode {
        ConfigNode(.scalar(ConfigNode.Scalar(text: "", style: .plain)), start: mark, end: mark)
    }
}

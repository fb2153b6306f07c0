/// One `{{ … }}` of a Go template.
public struct TemplateAction: Sendable, Hashable {
    /// What stands between the braces, without the marks that trim blanks; empty for a comment.
    public var code: String
    /// Where its first brace stands.
    public var start: Mark
    /// The line of its last brace.
    public var endLine: Int
    /// The bytes that it takes.
    public var range: Range<Int>
}

/// The actions of a Go template in the order of the text. What is never closed is none.
public func templateActions(in contents: [UInt8]) -> [TemplateAction] {
    var actions: [TemplateAction] = []
    var search = ActionSearch(contents)
    var place = PlaceInText()
    var position = 0
    while position + 1 < contents.count {
        guard contents.isPair(of: UInt8(ascii: "{"), at: position), let end = search.end(from: position + 2)
        else {
            position += 1
            continue
        }
        place.move(to: position, in: contents)
        let start = place.mark
        place.move(to: end, in: contents)
        actions.append(
            TemplateAction(
                code: code(contents[position + 2..<end - 2]), start: start, endLine: place.mark.line,
                range: position..<end))
        position = end
    }
    return actions
}

/// A place in a text that only moves on, so that a long line is not counted anew for each action on it.
private struct PlaceInText {
    private(set) var mark = Mark(line: 1, column: 1)
    private var position = 0

    mutating func move(to next: Int, in contents: [UInt8]) {
        let passed = contents[position..<next]
        if let last = passed.lastIndex(of: .lineFeed) {
            mark.line += passed.reduce(0) { $0 + ($1 == .lineFeed ? 1 : 0) }
            mark.column = 1 + contents[(last + 1)..<next].characterCount
        } else {
            mark.column += passed.characterCount
        }
        position = next
    }
}

extension [UInt8] {
    fileprivate func isPair(of byte: UInt8, at place: Int) -> Bool {
        place + 1 < count && self[place] == byte && self[place + 1] == byte
    }
}

/// Looks for the ends of actions, for a time that is in proportion to the text even where nothing is ever closed.
private struct ActionSearch {
    private let contents: [UInt8]
    /// How far the end of an action is looked for.
    private var longestAction = 16_384
    /// How many bytes were looked at in vain.
    private var wasted = 0
    /// The first closing pair at or behind the last place that was asked for.
    private var nextClose = 0

    private static let mostWasted = 4 << 20

    init(_ contents: [UInt8]) { self.contents = contents }

    /// The place behind the closing braces of the action whose content begins at a place.
    mutating func end(from start: Int) -> Int? {
        if nextClose < start {
            nextClose = start
            while nextClose < contents.count, !contents.isPair(of: UInt8(ascii: "}"), at: nextClose) {
                nextClose += 1
            }
        }
        guard nextClose < min(contents.count, start + longestAction) else { return nil }
        let limit = min(contents.count - 1, start + longestAction)
        if let end = endOfAction(from: start, limit: limit) { return end }
        wasted += limit - start
        // Of a text that opens so much and closes nothing, further actions are taken to be short.
        if wasted > Self.mostWasted { longestAction = 256 }
        return nil
    }

    private func endOfAction(from start: Int, limit: Int) -> Int? {
        var position = start
        if position < limit, contents[position] == .dash { position += 1 }
        while position < limit, contents[position] <= .space { position += 1 }
        let isComment = contents[min(position, limit)...].starts(with: "/*".utf8)
        var quote: UInt8?
        while position < limit {
            let byte = contents[position]
            if isComment {
                if byte == UInt8(ascii: "*"), contents[position + 1] == UInt8(ascii: "/") {
                    return contents[position..<limit + 1].firstPair(of: UInt8(ascii: "}"))
                }
            } else if let open = quote {
                if byte == .backslash, open != UInt8(ascii: "`") { position += 1 }
                if byte == open || byte == .lineFeed && open != UInt8(ascii: "`") { quote = nil }
            } else if byte == .doubleQuote || byte == .singleQuote || byte == UInt8(ascii: "`") {
                quote = byte
            } else if byte == UInt8(ascii: "}"), contents[position + 1] == byte {
                return position + 2
            }
            position += 1
        }
        return nil
    }
}

private func code(_ inner: ArraySlice<UInt8>) -> String {
    var code = inner
    if code.first == .dash, code.dropFirst().first.map({ $0 <= .space }) ?? true { code = code.dropFirst() }
    if code.last == .dash, code.dropLast().last.map({ $0 <= .space }) ?? true { code = code.dropLast() }
    code = code.drop { $0 <= .space }
    while let last = code.last, last <= .space { code = code.dropLast() }
    return code.starts(with: "/*".utf8) ? "" : String(decoding: code, as: UTF8.self)
}

extension ArraySlice<UInt8> {
    /// The place behind the first two equal bytes.
    fileprivate func firstPair(of byte: UInt8) -> Int? {
        var place = startIndex
        while place + 1 < endIndex {
            if self[place] == byte, self[place + 1] == byte { return place + 2 }
            place += 1
        }
        return nil
    }
}

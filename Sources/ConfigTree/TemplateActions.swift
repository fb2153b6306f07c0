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
    var line = 1
    var lineStart = 0
    var position = 0
    func isBrace(_ place: Int, _ brace: UInt8) -> Bool {
        place + 1 < contents.count && contents[place] == brace && contents[place + 1] == brace
    }
    while position + 1 < contents.count {
        if contents[position] == .lineFeed {
            line += 1
            lineStart = position + 1
        }
        guard isBrace(position, UInt8(ascii: "{")), let end = endOfAction(contents, from: position + 2) else {
            position += 1
            continue
        }
        let start = Mark(line: line, column: contents[lineStart..<position].characterCount + 1)
        for place in position..<end where contents[place] == .lineFeed {
            line += 1
            lineStart = place + 1
        }
        actions.append(
            TemplateAction(
                code: code(contents[position + 2..<end - 2]), start: start, endLine: line,
                range: position..<end))
        position = end
    }
    return actions
}

/// How far the end of an action is looked for.
private let longestAction = 16_384

/// The place behind the closing braces.
private func endOfAction(_ contents: [UInt8], from start: Int) -> Int? {
    let limit = min(contents.count - 1, start + longestAction)
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

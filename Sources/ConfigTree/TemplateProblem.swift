/// Why a Go template does not compile, where it does not: an action that is never closed or that says nothing, parentheses and
/// quotes that do not match, a block without its end.
///
/// A text that another engine reads (Jinja, ERB, Handlebars, the expressions of workflows) has none.
public func templateProblem(in contents: [UInt8]) -> ParseProblem? {
    guard isGoTemplate(contents) else { return nil }
    let actions = templateActions(in: contents)
    if let open = unclosedAction(contents, actions) { return open }
    var blocks: [(word: String, mark: Mark)] = []
    for action in actions {
        if let problem = problem(of: action, in: contents) { return problem }
        switch action.code.prefix(while: \.isLetter) {
        case "if", "range", "with", "define", "block":
            blocks.append((String(action.code.prefix(while: \.isLetter)), action.start))
        case "else" where blocks.isEmpty:
            return ParseProblem(text: "{{ else }} stands in no block", mark: action.start)
        case "end":
            guard blocks.popLast() != nil else {
                return ParseProblem(text: "{{ end }} ends no block", mark: action.start)
            }
        default: break
        }
    }
    return blocks.last.map {
        ParseProblem(text: "the block {{ \($0.word) }} has no {{ end }}", mark: $0.mark)
    }
}

/// Whether the actions of a text are those of a Go template: statements are among them, and signs of no other engine.
private func isGoTemplate(_ contents: [UInt8]) -> Bool {
    var isStated = false
    for position in contents.indices.dropLast(2) where contents[position] == UInt8(ascii: "{") {
        switch contents[position + 1] {
        case UInt8(ascii: "%"): return false
        case UInt8(ascii: "{"):
            if position > 0, contents[position - 1] == UInt8(ascii: "$") { return false }
            let code = contents[(position + 2)...].drop { $0 <= .space || $0 == .dash }
            if let first = code.first, first == .hash || first == UInt8(ascii: "^") { return false }
            let isComment = code.dropFirst().first == UInt8(ascii: "*")
            if code.first == UInt8(ascii: "/"), !isComment { return false }
            let word = code.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            isStated = isStated || ["if", "range", "with", "define"].contains { word.elementsEqual($0.utf8) }
        default: break
        }
    }
    return isStated
}

/// The first opening that no action takes up.
private func unclosedAction(_ contents: [UInt8], _ actions: [TemplateAction]) -> ParseProblem? {
    var next = actions.startIndex
    var position = 0
    var (line, lineStart) = (1, 0)
    while position + 1 < contents.count {
        if next < actions.endIndex, position == actions[next].range.lowerBound {
            for place in actions[next].range where contents[place] == .lineFeed {
                (line, lineStart) = (line + 1, place + 1)
            }
            position = actions[next].range.upperBound
            next += 1
            continue
        }
        if contents[position] == UInt8(ascii: "{"), contents[position + 1] == UInt8(ascii: "{") {
            // One that is closed further on than is looked is no problem.
            guard !closes(contents[(position + 2)...]) else { return nil }
            let column = contents[lineStart..<position].characterCount + 1
            return ParseProblem(
                text: "an action {{ is never closed", mark: Mark(line: line, column: column))
        }
        if contents[position] == .lineFeed { (line, lineStart) = (line + 1, position + 1) }
        position += 1
    }
    return nil
}

/// How far the end of an action is looked for.
private let usualLength = 16_384

/// Whether two braces that close stand behind more than an action's usual length.
private func closes(_ rest: ArraySlice<UInt8>) -> Bool {
    let far = rest.dropFirst(usualLength)
    return far.indices.dropLast().contains {
        far[$0] == UInt8(ascii: "}") && far[$0 + 1] == UInt8(ascii: "}")
    }
}

/// What is wrong inside one action.
private func problem(of action: TemplateAction, in contents: [UInt8]) -> ParseProblem? {
    func found(_ text: String) -> ParseProblem { ParseProblem(text: text, mark: action.start) }
    var depth = 0
    var quote: UInt8?
    let bytes = contents[(action.range.lowerBound + 2)..<(action.range.upperBound - 2)]
    let inner = bytes.drop { $0 <= .space || $0 == .dash }
    guard !inner.starts(with: "/*".utf8) else { return nil }
    guard inner.contains(where: { $0 > .space && $0 != .dash }) else {
        return found("an action {{ }} says nothing")
    }
    var position = bytes.startIndex
    while position < bytes.endIndex {
        let byte = bytes[position]
        if let open = quote {
            if byte == .backslash, open != UInt8(ascii: "`") { position += 1 }
            if byte == .lineFeed, open == .doubleQuote { return found("a quote in an action is not closed") }
            if byte == open { quote = nil }
        } else {
            switch byte {
            case .doubleQuote, .singleQuote, UInt8(ascii: "`"): quote = byte
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "{") where position + 1 < bytes.endIndex && bytes[position + 1] == byte:
                return found("an action is opened before the one here is closed")
            default: break
            }
            if depth < 0 { return found("a closing parenthesis too many in an action") }
        }
        position += 1
    }
    if quote != nil { return found("a quote in an action is not closed") }
    return depth > 0 ? found("a closing parenthesis is missing in an action") : nil
}

/// Why a text that is meant as JSON is none, where it is none; the places of template expressions are passed over.
///
/// Comments are met with patience, commas before a closing bracket are not. A text with template statements is not judged,
/// because they may write what is missing.
public func jsonProblem(in text: String) -> ParseProblem? {
    let source = SourceLines(Array(text.utf8))
    var scanner = TemplateScanner(source.bytes, spansLines: false)
    guard !scanner.scan().contains(where: \.isControl) else { return nil }
    let mask = TemplateMask(source, format: .json)
    var parser = JSONParser(
        mask?.lines.bytes ?? source.bytes, isLenient: true, mask: mask, allowsSlips: false)
    do throws(ParseFailure) {
        guard try parser.nextValue() != nil else { return nil }
        guard try parser.isAtEnd() else { throw parser.failure("text goes on after the value") }
        return nil
    } catch {
        return ParseProblem(error)
    }
}

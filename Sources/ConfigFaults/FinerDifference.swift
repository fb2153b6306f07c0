import ConfigTree

/// What changed inside a value that is a text of many lines, or a list of plain values: each stretch of changed lines, each
/// changed element on its own, so that a reader is led to the line rather than to the key far above it.
///
/// - Returns: the difference itself where it cannot be told more finely, or where too much of it changed to be told apart.
func finer(_ difference: FieldDifference, before: ConfigFile?, after: ConfigFile?) -> [FieldDifference] {
    guard let old = difference.before, let new = difference.after else { return [difference] }
    switch (old.kind, new.kind) {
    case (.scalar(let x), .scalar(let y)):
        guard let before, let after, x.text.contains("\n"), y.text.contains("\n"),
            let oldLine = difference.beforeLine, let newLine = difference.afterLine
        else { return [difference] }
        let parts = stretches(
            of: difference, old: Block(old, keyLine: oldLine, of: before),
            new: Block(new, keyLine: newLine, of: after))
        return parts.isEmpty || parts.count > mostParts ? [difference] : parts
    case (.sequence(let x), .sequence(let y)):
        guard (x + y).allSatisfy({ $0.scalar != nil }) else { return [difference] }
        let parts = elements(of: difference, old: x, new: y)
        return parts.isEmpty || parts.count > mostParts
            ? [difference] : parts.flatMap { finer($0, before: before, after: after) }
    default: return [difference]
    }
}

/// More than this is another text, or another list.
private let mostParts = 40

// MARK: Lines

/// A text of many lines as it stands in its file.
private struct Block {
    /// The lines of the file.
    let lines: ArraySlice<String>

    init(_ node: ConfigNode, keyLine: Int, of file: ConfigFile) {
        let end = min(max(node.lastLine, keyLine), file.lines.count)
        lines = file.lines[min(keyLine, end)..<end]
    }

    /// What they say: blank lines, comments and indentation aside.
    func said(_ range: Range<Int>) -> [String] {
        lines[(lines.startIndex + range.lowerBound)..<(lines.startIndex + range.upperBound)]
            .map { String($0.trimmed) }.filter { !$0.isEmpty && !$0.hasPrefix("#") && !$0.hasPrefix("//") }
    }

    /// The line of the file, from 1, of a place in the block.
    func line(_ index: Int) -> Int { lines.startIndex + index + 1 }
}

private func stretches(of difference: FieldDifference, old: Block, new: Block) -> [FieldDifference] {
    let lines = LineDifference(Array(old.lines), Array(new.lines))
    return lines.stretches(newCount: new.lines.count).compactMap { stretch in
        let (before, after) = (old.said(stretch.old), new.said(stretch.new))
        guard before != after else { return nil }
        let place = new.line(min(stretch.new.lowerBound, max(new.lines.count - 1, 0)))
        func node(_ said: [String], from first: Int, to last: Int) -> ConfigNode? {
            guard !said.isEmpty else { return nil }
            return ConfigNode(
                .scalar(.init(text: said.joined(separator: "\n"), style: .quoted)),
                start: Mark(line: first, column: 1), end: Mark(line: max(first, last), column: 1))
        }
        var part = FieldDifference(
            path: difference.path + [.element("line \(stretch.new.lowerBound + 1)")],
            before: node(
                before, from: old.line(stretch.old.lowerBound), to: old.line(stretch.old.upperBound - 1)),
            after: node(after, from: place, to: new.line(stretch.new.upperBound - 1)),
            beforeLine: before.isEmpty ? nil : old.line(stretch.old.lowerBound),
            afterLine: place)
        part.isLines = true
        if before.count == 1, after.count == 1, let (name, x) = setting(before[0]),
            let (other, y) = setting(after[0]), name == other
        {
            part.path[part.path.count - 1] = .element(name)
            part.before?.kind = .scalar(.init(text: x, style: .quoted))
            part.after?.kind = .scalar(.init(text: y, style: .quoted))
            part.isLines = false
        }
        return part
    }
}

/// `name: value`, `name = value` and `name value;` in a line of any language.
private func setting(_ line: String) -> (name: String, value: String)? {
    let start = line.drop { $0 == "-" || $0 == " " || $0 == "\"" }
    let name = start.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "-" }
    let rest = start[name.endIndex...].drop { $0 == " " || $0 == "\"" }
    guard name.count >= 2, let sign = rest.first, sign == ":" || sign == "=" else { return nil }
    let value = rest.dropFirst().trimmed
    return value.isEmpty || value.hasPrefix("=") || value.hasPrefix("/") ? nil : (String(name), String(value))
}

// MARK: Elements

private func elements(of difference: FieldDifference, old: [ConfigNode], new: [ConfigNode])
    -> [FieldDifference]
{
    let (before, after) = (old.map { $0.text ?? "" }, new.map { $0.text ?? "" })
    // Another order of the same is told as the whole list; and that an element is a number, or no text any more, shows only
    // beside the others.
    let isText = new.allSatisfy { $0.scalar.map { $0.style == .quoted || !isTypedPlain($0.text) } ?? false }
    guard before.sorted() != after.sorted(), isText else { return [] }
    let stretches = LineDifference(before, after).stretches(newCount: after.count)
    // Too many are not told apart, and finding the pairs among them takes long.
    guard stretches.reduce(0, { $0 + max($1.old.count, $1.new.count) }) <= mostParts else { return [] }
    return stretches.flatMap { stretch in
        paired(Array(old[stretch.old]), Array(new[stretch.new])).enumerated().map { place, pair in
            let own = (pair.after ?? pair.before)?.text.flatMap(flagName)
            let name = own ?? flag(before: pair.after, in: new) ?? flag(before: pair.before, in: old)
            return FieldDifference(
                path: difference.path + [name.map { .element($0) } ?? .index(stretch.new.lowerBound + place)],
                before: pair.before, after: pair.after, beforeLine: pair.before?.start.line,
                afterLine: pair.after?.start.line)
        }
    }
}

/// The flag that an element is the value of.
private func flag(before element: ConfigNode?, in list: [ConfigNode]) -> String? {
    guard let element, let place = list.firstIndex(where: { $0.start == element.start }), place > 0 else {
        return nil
    }
    return list[place - 1].text.flatMap(bareFlag)
}

/// Elements that follow each other: those of one flag belong together, the others in their order.
private func paired(_ old: [ConfigNode], _ new: [ConfigNode]) -> [(before: ConfigNode?, after: ConfigNode?)] {
    var rest = old
    var found: [(before: ConfigNode?, after: ConfigNode?)] = new.map { node in
        guard let name = node.text.flatMap(flagName),
            let place = rest.firstIndex(where: { $0.text.flatMap(flagName) == name })
        else { return (nil, node) }
        return (rest.remove(at: place), node)
    }
    for index in found.indices where found[index].before == nil && !rest.isEmpty {
        // A flag becomes no other flag, and no value.
        guard found[index].after?.text.flatMap(flagName) == nil, rest[0].text.flatMap(flagName) == nil else {
            continue
        }
        found[index].before = rest.removeFirst()
    }
    return found + rest.map { ($0, nil) }
}

/// `--timeout` of `--timeout=30s`.
private func flagName(_ text: String) -> String? {
    guard text.hasPrefix("-"), !text.contains("\n") else { return nil }
    let name = text.prefix { $0 != "=" && $0 != " " }
    return name.count > 1 && name.contains(where: \.isLetter) ? String(name) : nil
}

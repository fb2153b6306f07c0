import ConfigTree
import DeployModel

/// The statements of a template, of Go, Jinja or ERB, that change: its conditions, its loops, its variables. They leave nothing in the tree, and
/// decide what of it is there.
func statementChanges(of file: ChangedFile, beside changes: [FoundChange], in surroundings: Surroundings)
    -> [FoundChange]
{
    guard let before = file.before, let after = file.after, after.isTemplate, before.isTemplate else {
        return []
    }
    let lines = file.lines
    let path = file.file.path
    let told = CoveredLines(
        changes.filter { $0.change.path == path && $0.change.after != nil }.map {
            $0.change.line...$0.change.endLine
        })
    let objects = manifests(of: after)
    let images = after.lines.filter { $0.holds("image") && $0.holds("$") }
    var found: [FoundChange] = []
    for stretch in lines.stretches(newCount: after.lines.count) {
        let old = before.lines[stretch.old].compactMap(Statement.init)
        let new = after.lines[stretch.new].compactMap(Statement.init)
        guard old != new else { continue }
        let places = stretch.new.filter { Statement(after.lines[$0]) != nil }
        let line = (places.first ?? stretch.new.lowerBound) + 1
        // What is new as a whole is told as a whole.
        if old.isEmpty, told.contains(line) { continue }
        let around = after.documents.filter { $0.lines.contains(line) }
        let owner = objects.first { manifest in
            around.contains { $0.lines.contains(manifest.root.start.line) }
        }
        let reach = owner.flatMap { surroundings.after.reach(of: $0) }
        var change = FoundChange(
            change: FieldChange(
                path: path, line: min(line, max(after.lines.count, 1)),
                endLine: min(max(line, (places.last ?? 0) + 1), max(after.lines.count, 1)),
                oldLine: old.isEmpty ? nil : stretch.old.lowerBound + 1, object: owner?.object,
                fieldPath: "template",
                before: old.isEmpty ? nil : old.map { masked($0.text) }.joined(separator: " ⏎ "),
                after: new.isEmpty ? nil : new.map { masked($0.text) }.joined(separator: " ⏎ "),
                reach: reach ?? []),
            path: [.key("template")], isReachKnown: reach != nil, changedLines: lines.count)
        if old.count == 1, new.count == 1, let name = new[0].variable, old[0].variable == name {
            change.change.fieldPath = "$\(name)"
            change.path = [.key(name)]
            if images.contains(where: { $0.holds("$\(name)") }) {
                change.findings.append(
                    FaultFinding(.imageChanged, "an image takes its version from $\(name)"))
            }
        }
        found.append(change)
    }
    return found
}

/// F37 in Go templates: the name of one of the template's variables outside of braces, where it stays text.
func findBareVariables(in file: ChangedFile, changes: inout [FoundChange]) {
    guard let after = file.after, after.isTemplate,
        after.lines.contains(where: { $0.holds("{{") && $0.holds("$") })
    else { return }
    let contents = Array(after.lines.joined(separator: "\n").utf8)
    let actions = templateActions(in: contents)
    let variables = Set(actions.flatMap { TemplateStatement($0.code).variables }).subtracting([""])
    guard !variables.isEmpty else { return }
    let new = Set(file.lines.stretches(newCount: after.lines.count).flatMap { $0.new })
    let path = file.file.path
    let own = [path: changes.indices.filter { changes[$0].change.path == path }]
    for line in new.sorted() {
        // Of several in a line the same one is told every time.
        guard !after.lines[line].holds("`"),
            let name = withoutActions(after.lines[line]).namesBehindDollars.filter(variables.contains).min()
        else { continue }
        attach(
            FaultFinding(
                .unsetVariable, weight: 0.8,
                "$\(name) is a variable of the template, and stands outside of {{ }}: it stays text"),
            line: line + 1, field: "$\(name)", path: path, among: own, to: &changes)
    }
}

/// F39 in Go templates: a brace too many behind an action, which stays text.
func findSpareBraces(in file: ChangedFile, changes: inout [FoundChange]) {
    guard let after = file.after, after.isTemplate, after.format == .yaml else { return }
    let path = file.file.path
    let own = [path: changes.indices.filter { changes[$0].change.path == path }]
    for line in file.lines.stretches(newCount: after.lines.count).flatMap({ $0.new }) {
        let text = after.lines[line]
        guard text.holds("}}}"), !text.holds("{{{"), !text.holds("{\""), !text.holds("`"),
            !withoutActions(text).contains("{")
        else { continue }
        attach(
            FaultFinding(.unparsable, weight: 0.6, "a brace too many behind an action stays text"),
            line: line + 1, field: "template", path: path, among: own, to: &changes)
    }
}

/// A line that is one statement.
private struct Statement: Equatable {
    var text: String
    /// The variable that it sets.
    var variable: String?

    init?(_ line: String) {
        let trimmed = line.trimmed
        if let foreign = foreignStatement(trimmed) {
            text = foreign
            return
        }
        guard trimmed.hasPrefix("{{"), trimmed.hasSuffix("}}"), !String(trimmed.dropFirst(2)).holds("{{")
        else { return nil }
        var code = trimmed.dropFirst(2).dropLast(2).drop { $0 == "-" || $0 == " " }
        while let last = code.last, last == "-" || last == " " { code.removeLast() }
        let inner = String(code)
        let statement = TemplateStatement(inner)
        switch statement.keyword {
        case .condition, .with, .range: break
        case .alternative where statement.alternative != nil: break
        case .assignment: variable = statement.variables.count == 1 ? statement.variables[0] : nil
        default: return nil
        }
        text = inner
    }
}

/// The statement of Jinja or ERB that a line is.
private func foreignStatement(_ line: Substring) -> String? {
    for (opening, closing) in [("{%", "%}"), ("<%", "%>")]
    where line.hasPrefix(opening) && line.hasSuffix(closing) {
        let inner = line.dropFirst(2).dropLast(2)
        guard !String(inner).holds(opening), !inner.hasPrefix("=") else { return nil }
        var code = inner.drop { "-+ ".contains($0) }
        while let last = code.last, "-+ ".contains(last) { code.removeLast() }
        let word = code.prefix(while: \.isLetter)
        let words = ["if", "elif", "elsif", "unless", "for", "set", "with", "while", "until", "case", "when"]
        return words.contains { $0 == word } || opening == "<%" && code.hasSuffix("|") ? String(code) : nil
    }
    return nil
}

/// The first block of Jinja that is not closed, or the first end that closes none; by its line, from 1.
///
/// Comments and what is raw hold no statements; blocks that other engines and extensions have are passed over with their ends.
func unclosedBlock(in lines: [String]) -> (line: Int, text: String)? {
    guard lines.contains(where: { $0.holds("{%") }) else { return nil }
    let known: Set = ["if", "for", "macro", "block", "filter", "call", "raw", "set"]
    var open: [(word: String, line: Int)] = []
    var rest = lines.joined(separator: "\n")[...]
    var line = 1
    func pass(to place: Range<Substring.Index>) {
        line += rest[..<place.upperBound].utf8.count { $0 == UInt8(ascii: "\n") }
        rest = rest[place.upperBound...]
    }
    while let start = rest.place(of: "{%") {
        if let comment = rest.place(of: "{#"), comment.lowerBound < start.lowerBound, open.last?.word != "raw"
        {
            guard let end = rest[comment.upperBound...].place(of: "#}") else { return nil }
            pass(to: end)
            continue
        }
        pass(to: start)
        let own = line
        guard let end = rest.place(of: "%}") else { return nil }
        let code = rest[..<end.lowerBound].drop { "-+ \n".contains($0) }
        pass(to: end)
        let word = String(code.prefix { $0.isLetter || $0 == "_" })
        if open.last?.word == "raw", word != "endraw" { continue }
        if known.contains(word), word != "set" || !code.contains("=") {
            open.append((word, own))
        } else if word.hasPrefix("end"), known.contains(String(word.dropFirst(3))) {
            guard open.last?.word == String(word.dropFirst(3)) else {
                return open.last.map { ($0.line, "the block {% \($0.word) %} has no {% end\($0.word) %}") }
                    ?? (own, "{% \(word) %} ends no block")
            }
            open.removeLast()
        }
    }
    return open.last.map { ($0.line, "the block {% \($0.word) %} has no {% end\($0.word) %}") }
}

private func withoutActions(_ line: String) -> String {
    guard line.holds("{{") else { return line }
    var rest = line[...]
    var outside = ""
    while let open = rest.place(of: "{{") {
        outside += rest[..<open.lowerBound]
        rest = rest[open.upperBound...].place(of: "}}").map { rest[$0.upperBound...] } ?? ""
    }
    return outside + rest
}

extension String {
    /// The names that stand behind a `$`.
    fileprivate var namesBehindDollars: [String] {
        guard holds("$") else { return [] }
        return split(separator: "$", omittingEmptySubsequences: false).dropFirst().map { rest in
            String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        }
    }
}

/// Lines that ranges cover.
private struct CoveredLines {
    /// Ascending, none overlapping another.
    private var ranges: [ClosedRange<Int>] = []

    init(_ all: [ClosedRange<Int>]) {
        for range in all.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    func contains(_ line: Int) -> Bool {
        let next = ranges.partitioningIndex { $0.lowerBound > line }
        return next > 0 && ranges[next - 1].contains(line)
    }
}

import ConfigTree
import DeployModel

/// A file among the templates of a chart: what it renders, and the named templates that it defines.
struct TemplateFile: Sendable {
    var path: String
    var main: TemplateSection
    var defines: [String: TemplateSection] = [:]

    init(path: String, contents: [UInt8]) {
        self.path = path
        let actions = templateActions(in: contents).map { ($0, TemplateStatement($0.code)) }
        var own: [TemplateInstruction] = []
        var rest = contents
        var index = 0
        while index < actions.count {
            let (action, statement) = actions[index]
            guard statement.keyword == .define else {
                own.append(TemplateInstruction(action, statement, text: []))
                index += 1
                continue
            }
            let end = Self.end(of: index, actions.map(\.1.keyword))
            let close = end < actions.count ? actions[end].0.range : contents.count..<contents.count
            let inside = action.range.upperBound..<max(action.range.upperBound, close.lowerBound)
            var text = inside.lowerBound
            let instructions = actions[min(index + 1, end)..<end].map { action, statement in
                defer { text = action.range.upperBound }
                return TemplateInstruction(
                    action, statement, text: contents[text..<max(text, action.range.lowerBound)])
            }
            let tail = Self.trimmed(contents[min(text, inside.upperBound)..<inside.upperBound])
            defines[statement.name] = TemplateSection(
                path: path, instructions: instructions, tail: tail, contents: contents[inside],
                firstLine: action.endLine)
            for place in action.range.lowerBound..<close.upperBound where rest[place] > 0x20 {
                rest[place] = 0x20
            }
            index = end + 1
        }
        main = TemplateSection(path: path, instructions: own, tail: "", contents: rest[...], firstLine: 1)
    }

    /// The action that closes the block which another one opens.
    private static func end(of start: Int, _ keywords: [TemplateStatement.Keyword]) -> Int {
        var depth = 0
        for index in start..<keywords.count {
            switch keywords[index] {
            case .condition, .with, .range, .define: depth += 1
            case .end:
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
        }
        return keywords.count
    }

    /// What stands between two actions, as far as it may be part of a name.
    fileprivate static func trimmed(_ text: ArraySlice<UInt8>) -> String {
        var kept = text.prefix(400).drop { $0 <= 0x20 }
        while let last = kept.last, last <= 0x20 { kept = kept.dropLast() }
        return String(decoding: kept, as: UTF8.self)
    }
}

/// An action where it stands.
struct TemplateInstruction: Sendable {
    var statement: TemplateStatement
    var mark: Mark
    /// How many columns its result is indented by, where it says so.
    var indent: Int?
    /// The text between the action before and this one, blanks at its ends left out.
    var text: String
    /// Where its result lands in the trees of its section; `nil` where there is none.
    var place: TemplatePlace?

    init(_ action: TemplateAction, _ statement: TemplateStatement, text: ArraySlice<UInt8>) {
        self.statement = statement
        mark = action.start
        self.text = TemplateFile.trimmed(text)
        for command in statement.pipeline.commands {
            guard case .function(let name)? = command.first, name == "nindent" || name == "indent",
                command.count > 1, case .literal(let number) = command[1]
            else { continue }
            indent = Int(number)
        }
    }
}

/// A field of a tree that something lands in.
struct TemplatePlace: Sendable {
    var document: Int
    var path: FieldPath
    /// The single value that it is a part of.
    var scalar: ConfigNode?
}

/// A template, or a named one, with the trees that its text is.
struct TemplateSection: Sendable {
    var path: String
    var instructions: [TemplateInstruction]
    /// The text behind the last action.
    var tail: String
    var documents: [ConfigDocument]
    /// The line of the file that its text begins on.
    var firstLine: Int

    /// - Parameter firstLine: the line of the file that the contents begin on.
    init(
        path: String, instructions: [TemplateInstruction], tail: String, contents: ArraySlice<UInt8>,
        firstLine: Int
    ) {
        self.path = path
        self.tail = tail
        self.firstLine = firstLine
        let documents = parseConfig(path: "template.yaml", contents: Array(contents))?.documents ?? []
        self.documents = documents
        var known: [ListPlace: ListFacts] = [:]
        self.instructions = instructions.map { instruction in
            var placed = instruction
            placed.place = Self.place(
                of: instruction, in: documents, lineOffset: firstLine - 1, known: &known)
            return placed
        }
    }

    private static func place(
        of instruction: TemplateInstruction, in documents: [ConfigDocument], lineOffset: Int,
        known: inout [ListPlace: ListFacts]
    ) -> TemplatePlace? {
        let line = instruction.mark.line - lineOffset
        guard let document = documents.lastIndex(where: { $0.lines.lowerBound <= line }),
            let root = documents[document].root
        else { return nil }
        let search = PlaceSearch(line: line, column: instruction.mark.column, indent: instruction.indent)
        let (path, scalar) = search.place(in: root, document: document, at: [], known: &known)
        return TemplatePlace(document: document, path: path, scalar: scalar)
    }
}

/// Finds the field that a place of a template is inside of: the nearest key above that is indented less.
private struct PlaceSearch {
    var line: Int
    /// From 1.
    var column: Int
    /// The column, from 0, that the text goes to, where that is not the place itself.
    var indent: Int?

    private func isBefore(_ mark: Mark) -> Bool {
        mark.line < line || mark.line == line && mark.column <= column
    }

    /// The column from 0 that decides what the text belongs to.
    private var depth: Int { indent ?? column - 1 }

    func place(
        in node: ConfigNode, document: Int, at path: FieldPath, known: inout [ListPlace: ListFacts]
    ) -> (FieldPath, ConfigNode?) {
        switch node.kind {
        case .scalar: return (path, node)
        case .mapping(let entries):
            let facts = facts(of: node, document: document, known: &known) {
                ListFacts(isInOrder: isAscending(entries.map(\.keyMark)))
            }
            let index = last(of: entries.count, facts, at: { entries[$0].keyMark }) {
                !entries[$0].isMerged && entries[$0].keyMark.column - 1 < depth
            }
            guard let index else { return (path, nil) }
            let entry = entries[index]
            // What stands behind a single value belongs beside it.
            if entry.value.scalar != nil, entry.value.lastLine < line, entry.keyMark.line < line {
                return (path, nil)
            }
            let own = path + [.key(entry.key)]
            guard case .sequence = entry.value.kind else {
                return place(in: entry.value, document: document, at: own, known: &known)
            }
            return element(of: entry.value, list: entry.key, document: document, at: own, known: &known)
        case .sequence: return element(of: node, list: nil, document: document, at: path, known: &known)
        }
    }

    private func element(
        of list: ConfigNode, list name: String?, document: Int, at path: FieldPath,
        known: inout [ListPlace: ListFacts]
    ) -> (FieldPath, ConfigNode?) {
        let elements = list.elements
        let facts = facts(of: list, document: document, known: &known) {
            ListFacts(
                isInOrder: isAscending(elements.map(\.start)),
                identity: identityKey(ofList: name, elements: elements))
        }
        let index = last(of: elements.count, facts, at: { elements[$0].start }) {
            elements[$0].start.column - 1 <= depth
        }
        guard let index else { return (path, nil) }
        let name = facts.identity.flatMap { elements[index][$0]?.text }
        let step = name.map { FieldStep.element($0) } ?? .index(index)
        return place(in: elements[index], document: document, at: path + [step], known: &known)
    }

    private func facts(
        of list: ConfigNode, document: Int, known: inout [ListPlace: ListFacts], make: () -> ListFacts
    ) -> ListFacts {
        let place = ListPlace(document: document, start: list.start, isMapping: list.elements.isEmpty)
        if let facts = known[place] { return facts }
        let facts = make()
        known[place] = facts
        return facts
    }

    /// The last of some marks that stands before the place and fits.
    private func last(
        of count: Int, _ facts: ListFacts, at mark: (Int) -> Mark, where fits: (Int) -> Bool
    ) -> Int? {
        let indices = 0..<count
        let end = facts.isInOrder ? indices.partitioningIndex { !isBefore(mark($0)) } : count
        return indices.prefix(end).last { isBefore(mark($0)) && fits($0) }
    }
}

/// Where a list or a mapping begins.
private struct ListPlace: Hashable {
    var document: Int
    var start: Mark
    var isMapping: Bool
}

/// What is found out once about a list or a mapping, many places being looked for in it.
private struct ListFacts {
    /// Whether each begins behind the one before it; what an alias stands for does not.
    var isInOrder: Bool
    /// What the elements are known by.
    var identity: String?
}

private func isAscending(_ marks: [Mark]) -> Bool { zip(marks, marks.dropFirst()).allSatisfy { $0 < $1 } }

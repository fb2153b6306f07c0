import ConfigTree
import DeployModel

/// A named template that is asked for and not there.
struct MissingTemplate: Sendable {
    /// Where it is asked for.
    var place: Occurrence
    /// Whether that is inside a block with a condition everywhere.
    var isConditional: Bool
}

/// A name that the top of a template has, asked of something else.
struct StrayedName: Sendable, Hashable {
    /// Where the template asks, or includes what asks.
    var place: Occurrence
    var name: String
    /// Whether it stands there itself.
    var isDirect: Bool
}

/// Goes through the templates of a chart and notes where values are used. Nothing is rendered: both branches of a condition
/// are gone through, what a `range` goes through is gone through once.
struct TemplateReading {
    private(set) var uses: [ValueUse] = []
    private(set) var objects: [ChartObject] = []
    /// Whether something in the templates is beyond what is followed here, so that any value may be used.
    private(set) var isOpaque = false
    /// Whether values, or files beside the templates, are rendered as templates themselves.
    private(set) var rendersValues = false
    private(set) var rendersFiles = false

    /// The named templates that the chart's own files define, and where.
    private(set) var named: [String: Occurrence] = [:]
    /// What is included and nothing that was read defines, once a name.
    private(set) var missing: [String: MissingTemplate] = [:]

    /// Where what only the top has (`.Values`) is asked of an element that a block goes through.
    private(set) var strayed: Set<StrayedName> = []

    /// The blocks of templates that depend on values.
    private(set) var blocks: [TemplateBlock] = []

    private let chart: String
    /// The action that is being read.
    private var current = Occurrence(path: "", line: 0)
    private var defines: [String: TemplateSection] = [:]
    private var seen: Set<ValueUse> = []
    private var isRecording = true
    private var steps = 0
    private var depth = 0
    private var conditions: [Condition] = []

    private static let mostSteps = 100_000
    private static let mostUses = 20_000
    private static let mostBlocks = 5_000
    private static let deepest = 8

    /// What a block depends on.
    private struct Condition {
        var paths: [ValuesPath]
        var isUncertain: Bool
        var expression: TemplateCondition
    }

    /// Where the results of a template go.
    private struct Site {
        var file: String
        /// The line of the outermost action, where there is one.
        var line: Int?
        var firstObject: Int
        var object: Int?
        var lead: [LandingStep]?
        /// Whether it stands in a mapping or a list, and not where a single value does.
        var isBeside = false
    }

    private struct Scope {
        var dot: TemplateValue
        var variables: [String: TemplateValue]

        /// What is at hand at the top of a template.
        init(chart: String) { self.init(.context(chart: chart)) }

        init(_ dot: TemplateValue) {
            self.dot = dot
            variables = ["": dot]
        }
    }

    /// Reads templates.
    ///
    /// - Parameters:
    ///   - chart: its name.
    ///   - files: its templates.
    ///   - texts: values and files that are rendered as templates themselves.
    init(chart: String, files: [TemplateFile], shared: [TemplateFile], texts: [TemplateFile]) {
        self.chart = chart
        for file in shared + files { defines.merge(file.defines) { _, last in last } }
        for file in files {
            for (name, section) in file.defines {
                named[name] = Occurrence(path: section.path, line: section.firstLine)
            }
        }
        for file in files {
            let first = objects.count
            objects += file.main.documents.map { ChartObject(manifest: Manifest(path: file.path, $0)) }
            let site = Site(file: file.path, firstObject: first, lead: [])
            _ = run(file.main, Scope(chart: chart), site)
        }
        for file in texts {
            let site = Site(file: file.path, firstObject: objects.count, lead: nil)
            for section in [file.main] + file.defines.values {
                _ = run(section, Scope(chart: chart), site)
            }
        }
    }
}

extension Manifest {
    /// A document of a template.
    fileprivate init(path: String, _ document: ConfigDocument) {
        let root =
            document.root
            ?? ConfigNode(.mapping([]), start: Mark(line: 1, column: 1), end: Mark(line: 1, column: 1))
        let object = ConfigObject(
            kind: root["kind"]?.text ?? "", name: root[path: "metadata", "name"]?.text ?? "")
        self.init(path: path, object: object, root: root, reading: document.reading, ordinal: 0)
    }
}

// MARK: Going through

extension TemplateReading {
    private struct Block {
        var keyword: TemplateStatement.Keyword
        var scope: Scope
        var conditions: Int
        /// Where its text begins, and what the branches before it came to.
        var start: Int
        /// The line that it, or its last branch, begins on.
        var line: Int
        /// What the branches before asked.
        var former: [TemplateCondition] = []
        /// The value that is asked for, where that is all.
        var asked: ValuesPath?
        var first: [TextPiece]?
    }

    /// - Returns: the text that comes out, as far as it may be a name.
    private mutating func run(_ section: TemplateSection, _ scope: Scope, _ site: Site) -> [TextPiece] {
        var scope = scope
        var blocks: [Block] = []
        var text: [TextPiece] = []
        for instruction in section.instructions {
            steps += 1
            guard steps < Self.mostSteps else {
                isOpaque = true
                return [.unknown]
            }
            if !instruction.text.isEmpty { text.append(.literal(instruction.text)) }
            current = Occurrence(path: section.path, line: instruction.mark.line)
            let statement = instruction.statement
            let place = instruction.place
            let here = inner(site, section, instruction, place, scope)
            switch statement.keyword {
            case .output, .call:
                let value =
                    statement.keyword == .call
                    ? include(statement.name, evaluate(statement.pipeline, scope, here), here)
                    : evaluate(statement.pipeline, scope, here)
                let isWhole = place?.scalar?.text.map { isOneAction($0) } ?? true
                let pieces = isWhole ? [] : place?.scalar?.text.map { self.pieces(of: $0, scope, here) } ?? []
                note(
                    value, at: here, form: nil, isQuoted: place?.scalar?.scalar?.style == .quoted,
                    text: pieces)
                text += value.pieces
            case .assignment:
                let value = evaluate(statement.pipeline, scope, here)
                if statement.variables == ["_"] { note(value, at: here, form: .part) }
                for name in statement.variables { scope.variables[name] = value }
                // A variable of an outer block that is set inside one stays set behind it.
                for index in blocks.indices {
                    for name in statement.variables where blocks[index].scope.variables[name] != nil {
                        blocks[index].scope.variables[name] = value
                    }
                }
            case .condition, .with, .range:
                blocks.append(
                    Block(
                        keyword: statement.keyword, scope: scope, conditions: conditions.count,
                        start: text.count, line: instruction.mark.line))
                open(statement, as: statement.keyword, &scope, here, &blocks[blocks.count - 1])
            case .alternative:
                guard var block = blocks.popLast() else { continue }
                scope.dot = block.scope.dot
                close(block, at: instruction.mark.line, of: site)
                block.line = instruction.mark.line
                block.former += conditions.last.map { [.not($0.expression)] } ?? []
                if block.first == nil { block.first = Array(text[min(block.start, text.count)...]) }
                text.removeSubrange(min(block.start, text.count)...)
                conditions.removeSubrange(min(block.conditions, conditions.count)...)
                conditions.append(
                    Condition(paths: [], isUncertain: true, expression: .all(block.former)))
                if let kind = statement.alternative { open(statement, as: kind, &scope, here, &block) }
                blocks.append(block)
            case .end:
                guard let block = blocks.popLast() else { continue }
                scope = block.scope
                close(block, at: instruction.mark.line, of: site)
                conditions.removeSubrange(min(block.conditions, conditions.count)...)
                if block.keyword == .range { text = [.unknown] }
                guard let asked = block.asked, let first = block.first, first.count == 1,
                    case .value(asked, _) = first[0]
                else { continue }
                let other = Array(text[min(block.start, text.count)...])
                text.removeSubrange(min(block.start, text.count)...)
                text.append(.value(asked, default: other))
            case .define, .nothing: break
            }
        }
        if !section.tail.isEmpty { text.append(.literal(section.tail)) }
        return text
    }

    /// The header of a block.
    private mutating func open(
        _ statement: TemplateStatement, as keyword: TemplateStatement.Keyword, _ scope: inout Scope,
        _ site: Site, _ block: inout Block
    ) {
        let value = evaluate(statement.pipeline, scope, site)
        note(value, at: site, form: .condition, isAsked: keyword != .range)
        let asked = value.references
        let isPlain = asked.count == 1 && !asked[0].isTransformed && !asked[0].path.isEmpty
        if block.asked == nil, isPlain, block.first == nil { block.asked = asked[0].path }
        conditions.append(
            Condition(
                paths: isPlain ? [asked[0].path] : [], isUncertain: !isPlain && keyword == .condition,
                expression: condition(statement.pipeline, scope, site)))
        switch keyword {
        case .with:
            scope.dot = value.mapped { $0.hasDefault = true }
            for name in statement.variables { scope.variables[name] = scope.dot }
        case .range:
            scope.dot = value.element
            if let last = statement.variables.last { scope.variables[last] = scope.dot }
            if statement.variables.count == 2 {
                let path = scope.dot.references.first?.path
                scope.variables[statement.variables[0]] =
                    path.map { .text([.key($0)]) } ?? .unknown
            }
        default:
            for name in statement.variables { scope.variables[name] = value }
        }
    }

    /// Notes a block, or a branch of one, that ends.
    private mutating func close(_ block: Block, at line: Int, of site: Site) {
        guard depth == 0, isRecording, block.line < line, blocks.count < Self.mostBlocks else { return }
        let expressions = conditions.map(\.expression)
        guard expressions.contains(where: { $0 != .unknown }) else { return }
        var found = TemplateBlock(file: site.file, lines: block.line...line, conditions: expressions)
        for index in site.firstObject..<max(site.firstObject, objects.count) {
            let root = objects[index].manifest.root
            guard root.start.line < line, root.lastLine > block.line else { continue }
            if root.start.line > block.line, root.lastLine < line {
                found.objects.append(index)
            } else if let name = root.firstKey(between: block.line, and: line) {
                found.field = (index, name)
            }
        }
        if !found.objects.isEmpty || found.field != nil { blocks.append(found) }
    }

    /// Where the results of an action go, seen from the outermost template.
    private mutating func inner(
        _ site: Site, _ section: TemplateSection, _ instruction: TemplateInstruction,
        _ place: TemplatePlace?, _ scope: Scope
    ) -> Site {
        var here = site
        if here.line == nil {
            here.line = instruction.mark.line
            here.object = place.map { site.firstObject + $0.document }.flatMap {
                $0 < objects.count ? $0 : nil
            }
        }
        guard isRecording, let lead = site.lead else { return here }
        // What a variable holds lands where the variable is written.
        guard let place, instruction.statement.keyword != .assignment else {
            here.lead = depth > 0 && place == nil ? lead : nil
            return here
        }
        here.isBeside = place.scalar == nil
        here.lead =
            lead
            + place.path.map { step in
                guard step.name.contains("{{") else { return LandingStep(step: step) }
                return LandingStep(step: step, name: pieces(of: step.name, scope, here))
            }
        if depth == 0, let object = here.object, objects[object].name == nil,
            place.path == [.key("metadata"), .key("name")]
        {
            objects[object].name = pieces(of: objects[object].manifest.object.name, scope, here)
        }
        return here
    }

    /// A text with the expressions in it as pieces.
    private mutating func pieces(of text: String, _ scope: Scope, _ site: Site) -> [TextPiece] {
        let wasRecording = isRecording
        isRecording = false
        defer { isRecording = wasRecording }
        let bytes = Array(text.utf8)
        var pieces: [TextPiece] = []
        var last = 0
        for action in templateActions(in: bytes) {
            if last < action.range.lowerBound {
                pieces.append(
                    .literal(String(decoding: bytes[last..<action.range.lowerBound], as: UTF8.self)))
            }
            last = action.range.upperBound
            let statement = TemplateStatement(action.code)
            switch statement.keyword {
            case .output: pieces += evaluate(statement.pipeline, scope, site).pieces
            case .nothing: break
            default: pieces.append(.unknown)
            }
        }
        if last < bytes.count { pieces.append(.literal(String(decoding: bytes[last...], as: UTF8.self))) }
        return pieces
    }

    private func isOneAction(_ text: String) -> Bool {
        let actions = templateActions(in: Array(text.utf8))
        return actions.count == 1 && actions[0].range == 0..<text.utf8.count
    }

    /// Notes the values that show at a place.
    private mutating func note(
        _ value: TemplateValue, at site: Site, form: ValueUse.Form?, isQuoted: Bool = false,
        isAsked: Bool = false, text: [TextPiece] = []
    ) {
        guard isRecording else { return }
        for reference in value.references.prefix(40) {
            guard uses.count < Self.mostUses else {
                isOpaque = true
                return
            }
            if reference.isTemplate { rendersValues = true }
            let own: ValueUse.Form =
                form
                ?? (reference.isTree
                    ? .tree : reference.isTransformed || reference.path.isEmpty ? .part : .value)
            let use = ValueUse(
                path: reference.path, file: site.file, line: site.line ?? 0, object: site.object,
                // A single value that is no field's value is a key, or stands between the lines.
                landing: own != .tree && site.isBeside ? nil : site.lead, form: own,
                isQuoted: isQuoted || reference.isQuoted,
                isAsked: isAsked && !reference.isTransformed,
                hasDefault: reference.hasDefault || form == .condition, isRequired: reference.isRequired,
                guards: conditions.flatMap(\.paths),
                conditions: conditions.map(\.expression).filter { $0 != .unknown },
                isUncertain: conditions.contains(where: \.isUncertain), text: text)
            if seen.insert(use).inserted { uses.append(use) }
        }
    }
}

// MARK: Conditions

extension TemplateReading {
    /// What a pipeline asks, where it stands in an `if` or a `with`.
    private mutating func condition(
        _ pipeline: TemplatePipeline, _ scope: Scope, _ site: Site
    ) -> TemplateCondition {
        let wasRecording = isRecording
        isRecording = false
        defer { isRecording = wasRecording }
        return asked(pipeline, scope, site)
    }

    private mutating func asked(
        _ pipeline: TemplatePipeline, _ scope: Scope, _ site: Site
    ) -> TemplateCondition {
        if pipeline.commands.count == 1, pipeline.commands[0].count == 1,
            case .nested(let inner, let fields) = pipeline.commands[0][0], fields.isEmpty
        {
            return asked(inner, scope, site)
        }
        guard let command = pipeline.commands.last, case .function(let name)? = command.first else {
            return operand(pipeline, scope, site).map { .truth($0) } ?? .unknown
        }
        // What is piped in is the last argument.
        var arguments = command.dropFirst().map { TemplatePipeline(commands: [[$0]]) }
        let piped = TemplatePipeline(commands: Array(pipeline.commands.dropLast()))
        if !piped.commands.isEmpty { arguments.append(piped) }
        switch name {
        case "and": return .all(arguments.prefix(20).map { asked($0, scope, site) })
        case "or": return .any(arguments.prefix(20).map { asked($0, scope, site) })
        case "not", "empty": return arguments.count == 1 ? .not(asked(arguments[0], scope, site)) : .unknown
        case "eq", "ne":
            let operands = arguments.prefix(20).map { operand($0, scope, site) ?? .unknown }
            guard let first = operands.first, operands.count > 1 else { return .unknown }
            let alike = TemplateCondition.any(operands.dropFirst().map { .equal(first, $0) })
            return name == "eq" ? alike : .not(alike)
        case "lt", "le", "gt", "ge":
            guard arguments.count == 2, let comparison = TemplateCondition.Comparison(rawValue: name) else {
                return .unknown
            }
            return .ordered(
                operand(arguments[0], scope, site) ?? .unknown, comparison,
                operand(arguments[1], scope, site) ?? .unknown)
        case "hasKey":
            guard arguments.count == 2, case .value(let path, _)? = operand(arguments[0], scope, site),
                case .text(let key)? = operand(arguments[1], scope, site)
            else { return .unknown }
            return .presence(path + [.key(key)])
        default: return operand(pipeline, scope, site).map { .truth($0) } ?? .unknown
        }
    }

    /// - Returns: `nil` for what is more than a value.
    private mutating func operand(
        _ pipeline: TemplatePipeline, _ scope: Scope, _ site: Site
    ) -> TemplateCondition.Operand? {
        if pipeline.commands.count == 1, pipeline.commands[0].count == 1,
            case .nested(let inner, let fields) = pipeline.commands[0][0], fields.isEmpty
        {
            return operand(inner, scope, site)
        }
        guard let command = pipeline.commands.last, case .function(let name)? = command.first else {
            return evaluate(pipeline, scope, site).operand
        }
        switch name {
        case "quote", "squote", "toString", "int", "int64", "float64", "len":
            var arguments = command.dropFirst().map { TemplatePipeline(commands: [[$0]]) }
            let piped = TemplatePipeline(commands: Array(pipeline.commands.dropLast()))
            if !piped.commands.isEmpty { arguments.append(piped) }
            guard arguments.count == 1, let inner = operand(arguments[0], scope, site) else { return nil }
            switch name {
            case "quote", "squote": return .quoted(inner)
            case "toString": return .written(inner)
            case "len": return .length(inner)
            default: return .number(inner, isWhole: name != "float64")
            }
        case "default", "index", "get", "dig": return evaluate(pipeline, scope, site).operand
        // What asks is no value that can be looked up.
        default: return nil
        }
    }
}

extension TemplateValue {
    /// As what a condition compares; `nil` when it is not known.
    fileprivate var operand: TemplateCondition.Operand? {
        switch self {
        case .reference(let reference):
            guard !reference.isTransformed, !reference.isTree, !reference.path.isEmpty else { return nil }
            guard !reference.fallback.isEmpty else { return .value(reference.path, default: nil) }
            guard reference.fallback.count == 1, case .literal(let text) = reference.fallback[0] else {
                return .value(reference.path, default: .unknown)
            }
            return .value(reference.path, default: reference.isFallbackWord ? .word(text) : .text(text))
        case .word(let word): return .word(word)
        case .text(let pieces):
            guard pieces.count <= 1 else { return nil }
            switch pieces.first {
            case .literal(let text)?: return .text(text)
            case nil: return .text("")
            default: return nil
            }
        default: return nil
        }
    }
}

extension ConfigNode {
    /// The first key inside it that stands on lines between two others, the outermost first.
    fileprivate func firstKey(between first: Int, and last: Int) -> String? {
        switch kind {
        case .scalar: return nil
        case .mapping(let entries):
            for entry in entries where !entry.isMerged {
                if entry.keyMark.line > first, entry.keyMark.line < last { return entry.key }
                guard entry.keyMark.line <= first, entry.value.lastLine > first else { continue }
                if let found = entry.value.firstKey(between: first, and: last) { return found }
            }
            return nil
        case .sequence(let elements):
            for element in elements where element.lastLine > first && element.start.line < last {
                if element.start.line > first { return element["name"]?.text }
                if let found = element.firstKey(between: first, and: last) { return found }
            }
            return nil
        }
    }
}

// MARK: Expressions

extension TemplateReading {
    private mutating func evaluate(
        _ pipeline: TemplatePipeline, _ scope: Scope, _ site: Site
    ) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands.prefix(40) { value = evaluate(command, piped: value, scope, site) }
        return value ?? .unknown
    }

    private mutating func evaluate(
        _ command: [TemplateTerm], piped: TemplateValue?, _ scope: Scope, _ site: Site
    ) -> TemplateValue {
        steps += 1
        guard let first = command.first, steps < Self.mostSteps else { return .unknown }
        let arguments = command.dropFirst().map { evaluate($0, scope, site) } + (piped.map { [$0] } ?? [])
        if case .function(let name) = first { return call(name, arguments, site) }
        if !arguments.isEmpty {
            // A method: `.Files.Get "x"`.
            note(.list(arguments.filter { $0 != .context(chart: chart) }), at: site, form: .part)
            if case .dot(let fields) = first, fields.contains("Files") { return .files }
            if case .variable(_, let fields) = first, fields.contains("Files") { return .files }
        }
        return evaluate(first, scope, site)
    }

    private mutating func evaluate(_ term: TemplateTerm, _ scope: Scope, _ site: Site) -> TemplateValue {
        switch term {
        case .dot(let fields):
            if isRecording, fields.count > 1, let first = fields.first,
                ["Values", "Release"].contains(first),
                case .reference(let reference) = scope.dot, !reference.path.isEmpty
            {
                let place = Occurrence(path: site.file, line: site.line ?? current.line)
                strayed.insert(StrayedName(place: place, name: first, isDirect: depth == 0))
            }
            return fields.reduce(scope.dot) { $0.field($1) }
        case .variable(let name, let fields):
            return fields.reduce(scope.variables[name] ?? .unknown) { $0.field($1) }
        case .text(let text): return .text([.literal(text)])
        case .literal(let word): return .word(word)
        case .function(let name): return call(name, [], site)
        case .nested(let pipeline, let fields):
            return fields.reduce(evaluate(pipeline, scope, site)) { $0.field($1) }
        }
    }

    private mutating func include(_ name: String, _ argument: TemplateValue, _ site: Site) -> TemplateValue {
        guard depth < Self.deepest, let section = defines[name] else {
            if defines[name] == nil, isRecording, missing[name] == nil || conditions.isEmpty {
                missing[name] = MissingTemplate(place: current, isConditional: !conditions.isEmpty)
            }
            // What another chart defines may use anything that it is given.
            note(argument, at: site, form: .part)
            if argument.isWhole { isOpaque = true }
            return .unknown
        }
        let caller = current
        depth += 1
        defer {
            depth -= 1
            current = caller
        }
        let text = run(section, Scope(argument), site)
        let isName = text.allSatisfy { piece in
            guard case .literal(let literal) = piece else { return true }
            return !literal.contains { $0.isWhitespace || $0 == ":" }
        }
        return isName ? .included(text) : .unknown
    }

    private mutating func call(_ name: String, _ arguments: [TemplateValue], _ site: Site) -> TemplateValue {
        let last = arguments.last ?? .unknown
        let first = arguments.first ?? .unknown
        switch name {
        case "include":
            guard let text = first.ownPieces?.text(for: [], [], value: { _ in nil })
            else {
                // `include (print $.Template.BasePath "/configmap.yaml") .` renders a template of this chart.
                if case .literal(let end)? = first.ownPieces?.last, end.contains(".") {
                    return .unknown
                }
                note(last, at: site, form: .part)
                if last.isWhole { isOpaque = true }
                return .unknown
            }
            return include(text, arguments.count > 1 ? last : .unknown, site)
        case "tpl":
            if first == .files { rendersFiles = true }
            return first.mapped { $0.isTemplate = true }
        case "default":
            guard arguments.count == 2 else { return last }
            let isWord = if case .word = first { true } else { false }
            let value = last.mapped { reference in
                reference.hasDefault = true
                reference.fallback = first.pieces
                reference.isFallbackWord = isWord
            }
            if value == .unknown || value == .files { return first }
            return first.references.isEmpty ? value : .several([first, value])
        case "coalesce": return .several(arguments.map { $0.mapped { $0.hasDefault = true } })
        case "or":
            return .several(
                arguments.dropLast().map { $0.mapped { $0.hasDefault = true } } + arguments.suffix(1))
        case "and":
            for argument in arguments.dropLast() {
                note(argument, at: site, form: .condition, isAsked: true)
            }
            return last
        case "ternary":
            note(last, at: site, form: .condition)
            return .several(arguments.dropLast())
        case "required": return last.mapped { $0.isRequired = true }
        case "quote", "squote": return last.mapped { $0.isQuoted = true }
        case "toYaml", "toYamlPretty", "toJson", "toPrettyJson", "toRawJson", "mustToJson", "toToml":
            if case .reference = last { return last.mapped { $0.isTree = true } }
            return transformed(arguments) { $0.isTree = true }
        case "fromYaml", "fromJson", "fromYamlArray", "fromJsonArray":
            return last.mapped { $0.isTree = false }
        case "nindent", "indent", "trim", "trunc", "trimSuffix", "trimPrefix", "trimAll", "toString", "int",
            "int64", "float64", "deepCopy", "mustDeepCopy", "uniq", "sortAlpha", "compact", "mustCompact",
            "mustUniq", "rest", "initial", "reverse":
            return last
        case "printf": return formatted(arguments, site)
        case "print":
            note(.list(arguments), at: site, form: .part)
            return .text(arguments.flatMap(\.pieces))
        case "index", "get":
            return arguments.dropFirst().reduce(first) { value, key in
                self.entry(of: value, key, at: site)
            }
        case "dig":
            guard arguments.count > 2 else { return .unknown }
            let found = arguments.dropLast(2).reduce(last) { self.entry(of: $0, $1, at: site) }
            return found.mapped { $0.hasDefault = true }
        case "pluck":
            let found = arguments.dropFirst().map { entry(of: $0, first, at: site) }
            return .list(found.map { $0.mapped { $0.hasDefault = true } })
        case "hasKey":
            guard arguments.count == 2 else { return .unknown }
            return entry(of: first, last, at: site)
        case "dict": return dictionary(arguments)
        case "list", "tuple": return .list(arguments)
        case "append", "prepend", "concat", "mustAppend", "mustPrepend":
            return .list(
                arguments.flatMap { argument -> [TemplateValue] in
                    if case .list(let elements) = argument { return elements }
                    return [name == "concat" ? argument.element : argument]
                })
        case "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite": return .several(arguments)
        case "set":
            note(last, at: site, form: .part)
            return first
        case "pick", "omit":
            return first
        case "first", "last", "mustFirst", "mustLast": return last.element
        case "not", "empty":
            note(.list(arguments), at: site, form: .condition, isAsked: true)
            return .unknown
        case "eq", "ne", "lt", "le", "gt", "ge", "len", "kindIs", "typeIs", "kindOf",
            "typeOf",
            "contains", "hasPrefix", "hasSuffix", "regexMatch", "semverCompare", "fail", "has":
            note(.list(arguments), at: site, form: .condition)
            return .unknown
        default: return transformed(arguments) { $0.isTransformed = true }
        }
    }

    private func transformed(
        _ arguments: [TemplateValue], _ change: (inout ValuesReference) -> Void
    ) -> TemplateValue {
        let references = arguments.flatMap(\.references).prefix(40).map { reference in
            var reference = reference
            change(&reference)
            return TemplateValue.reference(reference)
        }
        return references.isEmpty ? .unknown : references.count == 1 ? references[0] : .several(references)
    }

    private mutating func entry(
        of value: TemplateValue, _ key: TemplateValue, at site: Site
    ) -> TemplateValue {
        if let pieces = key.ownPieces, case .literal(let name)? = pieces.first, pieces.count == 1 {
            return Int(name) == nil ? value.field(name) : value.element
        }
        note(key, at: site, form: .condition)
        return value.element
    }

    private func dictionary(_ arguments: [TemplateValue]) -> TemplateValue {
        var entries: [String: TemplateValue] = [:]
        for index in stride(from: 0, to: arguments.count - 1, by: 2) {
            guard let pieces = arguments[index].ownPieces, pieces.count == 1,
                case .literal(let name) = pieces[0]
            else { continue }
            entries[name] = arguments[index + 1]
        }
        return .dictionary(entries)
    }

    private mutating func formatted(_ arguments: [TemplateValue], _ site: Site) -> TemplateValue {
        note(.list(arguments), at: site, form: .part)
        guard let format = arguments.first?.ownPieces, format.count == 1,
            case .literal(let text) = format[0]
        else { return .unknown }
        var pieces: [TextPiece] = []
        var literal = ""
        var rest = arguments.dropFirst()
        var isVerb = false
        for character in text {
            guard isVerb else {
                if character == "%" { isVerb = true } else { literal.append(character) }
                continue
            }
            guard !character.isNumber, !"-+#. ".contains(character) else { continue }
            isVerb = false
            guard character != "%" else {
                literal.append("%")
                continue
            }
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
            pieces += rest.popFirst()?.pieces ?? [.unknown]
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return .text(pieces)
    }
}

/// One step of a way through the values of a chart.
enum ValuesStep: Sendable, Hashable {
    case key(String)
    /// Whatever stands there: a template goes through all of them, or looks one up by a name that is not known.
    case each
}

/// A way through the values of a chart.
typealias ValuesPath = [ValuesStep]

extension ValuesPath {
    /// `web.env.*`.
    var words: String {
        map { step in
            switch step {
            case .key(let key): key
            case .each: "*"
            }
        }.joined(separator: ".")
    }
}

/// A part of a text that a template makes.
enum TextPiece: Sendable, Hashable {
    case literal(String)
    /// The name of the release, which only who installs the chart knows.
    case release
    /// The key that a `range` stands at: the way to what it goes through, and behind it `each`.
    case key(ValuesPath)
    /// A value, with what takes its place where it is missing.
    case value(ValuesPath, default: [TextPiece])
    case unknown
}

/// What is known of a value inside a template without rendering it.
indirect enum TemplateValue: Sendable, Hashable {
    /// All that the templates of a chart are given: `.` at the top, `$` everywhere.
    case context(chart: String)
    case chart(String)
    case release
    case files
    case reference(ValuesReference)
    case dictionary([String: TemplateValue])
    case list([TemplateValue])
    case text([TextPiece])
    /// A number, `true`, `false` or `nil` as the template has it.
    case word(String)
    /// What a named template comes to, with the texts of all its branches: a text, but not this one.
    case included([TextPiece])
    /// One of several.
    case several([TemplateValue])
    case unknown
}

/// A value of the chart on its way through a template.
struct ValuesReference: Sendable, Hashable {
    var path: ValuesPath
    /// Whether something takes its place where it is missing.
    var hasDefault = false
    /// Whether the template refuses to be rendered without it.
    var isRequired = false
    /// Whether it is put between quotes.
    var isQuoted = false
    /// Whether it is written as a tree of its own (`toYaml`).
    var isTree = false
    /// Whether what comes out is no longer the value itself.
    var isTransformed = false
    /// Whether it may hold expressions itself, which are replaced (`tpl`).
    var isTemplate = false
    /// What takes its place.
    var fallback: [TextPiece] = []
    /// Whether that is a number or a word such as `false`, and not a text.
    var isFallbackWord = false

    init(_ path: ValuesPath) { self.path = path }
}

extension TemplateValue {
    /// The values of the chart that it may be.
    var references: [ValuesReference] {
        switch self {
        case .reference(let reference): [reference]
        case .several(let values), .list(let values): values.flatMap(\.references)
        case .dictionary(let entries): entries.keys.sorted().flatMap { entries[$0]?.references ?? [] }
        case .text(let pieces), .included(let pieces):
            pieces.flatMap { piece -> [ValuesReference] in
                guard case .value(let path, _) = piece else { return [] }
                var reference = ValuesReference(path)
                // It was noted with all that is known of it when it was put into the text.
                reference.isTransformed = true
                reference.hasDefault = true
                return [reference]
            }
        case .context: [ValuesReference([])]
        case .chart, .release, .files, .word, .unknown: []
        }
    }

    /// Whether anything in it gives the whole values away.
    var isWhole: Bool { references.contains { $0.path.isEmpty } }

    /// The value with its references changed.
    func mapped(_ change: (inout ValuesReference) -> Void) -> TemplateValue {
        switch self {
        case .reference(var reference):
            change(&reference)
            return .reference(reference)
        case .several(let values): return .several(values.map { $0.mapped(change) })
        default: return self
        }
    }

    /// A field of it.
    func field(_ name: String) -> TemplateValue {
        switch self {
        case .context(let chart):
            switch name {
            case "Values": return .reference(ValuesReference([]))
            case "Chart": return .chart(chart)
            case "Release": return .release
            case "Files": return .files
            default: return .unknown
            }
        case .chart(let own): return name == "Name" ? .text([.literal(own)]) : .unknown
        case .release: return name == "Name" ? .text([.release]) : .unknown
        case .reference(let reference):
            var child = ValuesReference(reference.path + [.key(name)])
            child.hasDefault = reference.hasDefault
            return .reference(child)
        case .dictionary(let entries): return entries[name] ?? .unknown
        case .several(let values):
            let found = values.map { $0.field(name) }.filter { $0 != .unknown }
            return found.count == 1 ? found[0] : found.isEmpty ? .unknown : .several(found)
        case .files, .list, .text, .word, .included, .unknown: return .unknown
        }
    }

    /// Any of its elements or entries.
    var element: TemplateValue {
        switch self {
        case .reference(let reference):
            var child = ValuesReference(reference.path + [.each])
            child.hasDefault = true
            return .reference(child)
        case .list(let values): return values.count == 1 ? values[0] : .several(values)
        case .dictionary(let entries): return .several(entries.keys.sorted().compactMap { entries[$0] })
        case .several(let values): return .several(values.map(\.element))
        default: return .unknown
        }
    }

    /// As a text that a name may be made of.
    var pieces: [TextPiece] {
        switch self {
        case .text(let pieces), .included(let pieces): pieces
        case .word(let word): [.literal(word)]
        case .reference(let reference): [.value(reference.path, default: reference.fallback)]
        case .several(let values): values.last?.pieces ?? [.unknown]
        default: [.unknown]
        }
    }

    /// The pieces of what is a text by itself; `nil` for anything else.
    var ownPieces: [TextPiece]? {
        switch self {
        case .text(let pieces), .included(let pieces): pieces
        case .word(let word): [.literal(word)]
        default: nil
        }
    }
}

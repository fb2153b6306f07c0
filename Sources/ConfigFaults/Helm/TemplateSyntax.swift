/// What an action of a Go template says.
struct TemplateStatement: Sendable, Hashable {
    enum Keyword: Sendable, Hashable {
        case output, condition, with, range, alternative, end, define, call, assignment, nothing
    }

    var keyword: Keyword
    /// The variables that it declares or sets, without their dollars.
    var variables: [String] = []
    /// Of `define` and `template`, the name.
    var name = ""
    /// Of an alternative, whether it has a condition of its own, and which kind.
    var alternative: Keyword?
    var pipeline = TemplatePipeline(commands: [])
}

/// Commands, each taking the result of the one before as its last argument.
struct TemplatePipeline: Sendable, Hashable {
    var commands: [[TemplateTerm]]
}

/// An operand, or the function that a command begins with.
indirect enum TemplateTerm: Sendable, Hashable {
    /// `.a.b`, `.` without fields.
    case dot([String])
    /// `$x.a`; `$` is the variable without a name.
    case variable(String, [String])
    case text(String)
    /// A number, `true`, `nil`.
    case literal(String)
    case function(String)
    case nested(TemplatePipeline, [String])
}

extension TemplateStatement {
    /// Reads the code of an action. What makes no sense says nothing.
    init(_ code: String) {
        var parser = TemplateParser(code)
        self = parser.statement()
    }
}

private enum TemplateToken: Equatable {
    case word(String), field(String), variable(String), text(String), number(String)
    case open, close, pipe, comma, assign
    /// A dot on its own.
    case dot
}

private struct TemplateParser {
    private var tokens: [TemplateToken] = []
    /// For each token, whether it follows the one before without a blank.
    private var isAttached: [Bool] = []
    private var position = 0
    private static let deepest = 30

    init(_ code: String) { scan(Array(code.utf8)) }

    mutating func statement() -> TemplateStatement {
        guard let first = tokens.first else { return TemplateStatement(keyword: .nothing) }
        if case .word(let word) = first {
            position = 1
            switch word {
            case "if": return declared(.condition)
            case "with": return declared(.with)
            case "range": return declared(.range)
            case "end": return TemplateStatement(keyword: .end)
            case "else":
                var statement = TemplateStatement(keyword: .alternative)
                if case .word(let kind)? = peek, kind == "if" || kind == "with" {
                    position += 1
                    statement = declared(.alternative)
                    statement.alternative = kind == "if" ? .condition : .with
                }
                return statement
            case "define", "block", "template":
                guard case .text(let name)? = peek else { return TemplateStatement(keyword: .nothing) }
                position += 1
                let keyword: TemplateStatement.Keyword = word == "template" ? .call : .define
                return TemplateStatement(keyword: keyword, name: name, pipeline: pipeline(depth: 0))
            case "break", "continue": return TemplateStatement(keyword: .nothing)
            default: position = 0
            }
        }
        var statement = declared(.output)
        if !statement.variables.isEmpty { statement.keyword = .assignment }
        return statement
    }

    private var peek: TemplateToken? { position < tokens.count ? tokens[position] : nil }

    /// `$k, $v := …`, or what comes without.
    private mutating func declared(_ keyword: TemplateStatement.Keyword) -> TemplateStatement {
        let start = position
        var names: [String] = []
        while case .variable(let name)? = peek {
            names.append(name)
            position += 1
            guard peek == .comma else {
                break
            }
            position += 1
        }
        if peek == .assign {
            position += 1
        } else {
            names = []
            position = start
        }
        return TemplateStatement(keyword: keyword, variables: names, pipeline: pipeline(depth: 0))
    }

    private mutating func pipeline(depth: Int) -> TemplatePipeline {
        var commands: [[TemplateTerm]] = []
        var command: [TemplateTerm] = []
        while let token = peek, token != .close {
            position += 1
            switch token {
            case .pipe:
                commands.append(command)
                command = []
            case .open where depth < Self.deepest:
                let inner = pipeline(depth: depth + 1)
                if peek == .close { position += 1 }
                command.append(.nested(inner, fields()))
            case .dot: command.append(.dot([]))
            case .field(let name): command.append(.dot([name] + fields()))
            case .variable(let name): command.append(.variable(name, fields()))
            case .text(let text): command.append(.text(text))
            case .number(let text): command.append(.literal(text))
            case .word(let name):
                let isLiteral = ["true", "false", "nil"].contains(name)
                command.append(isLiteral ? .literal(name) : .function(name))
            case .open, .close, .comma, .assign: break
            }
        }
        return TemplatePipeline(commands: (commands + [command]).filter { !$0.isEmpty })
    }

    /// The fields that follow without a blank.
    private mutating func fields() -> [String] {
        var names: [String] = []
        while case .field(let name)? = peek, isAttached[position] {
            names.append(name)
            position += 1
        }
        return names
    }

    private mutating func scan(_ code: [UInt8]) {
        var place = 0
        var isAttachedHere = false
        func isPart(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || byte >= 0x80 || (0x30...0x39).contains(byte)
                || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        func word(from start: Int) -> String {
            let end = code[start...].firstIndex { !isPart($0) } ?? code.endIndex
            return String(decoding: code[start..<end], as: UTF8.self)
        }
        while place < code.count {
            let byte = code[place]
            guard byte > 0x20 else {
                isAttachedHere = false
                place += 1
                continue
            }
            let token: TemplateToken?
            switch byte {
            case UInt8(ascii: "("): (token, place) = (.open, place + 1)
            case UInt8(ascii: ")"): (token, place) = (.close, place + 1)
            case UInt8(ascii: "|"): (token, place) = (.pipe, place + 1)
            case UInt8(ascii: ","): (token, place) = (.comma, place + 1)
            case UInt8(ascii: ":"), UInt8(ascii: "="):
                (token, place) = (.assign, place + (code[place...].starts(with: ":=".utf8) ? 2 : 1))
            case UInt8(ascii: "."):
                let name = word(from: place + 1)
                token = name.isEmpty ? .dot : .field(name)
                place += 1 + name.utf8.count
            case UInt8(ascii: "$"):
                let name = word(from: place + 1)
                token = .variable(name)
                place += 1 + name.utf8.count
            case UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "'"):
                (token, place) = Self.text(code, from: place)
            case UInt8(ascii: "-"), UInt8(ascii: "+"), 0x30...0x39:
                let number = Self.number(code, from: place)
                token = .number(number)
                place += number.utf8.count
            default:
                let name = word(from: place)
                token = name.isEmpty ? nil : .word(name)
                place += max(1, name.utf8.count)
            }
            if let token {
                tokens.append(token)
                isAttached.append(isAttachedHere)
            }
            isAttachedHere = true
        }
    }

    /// `-1`, `0.5`, `1e3`, `0x1F`.
    private static func number(_ code: [UInt8], from start: Int) -> String {
        var place = start + 1
        while place < code.count {
            let byte = code[place]
            let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            guard
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                    || isSign && code[place - 1] | 0x20 == UInt8(ascii: "e")
            else { break }
            place += 1
        }
        return String(decoding: code[start..<place], as: UTF8.self)
    }

    private static func text(_ code: [UInt8], from start: Int) -> (TemplateToken, Int) {
        let quote = code[start]
        var text: [UInt8] = []
        var place = start + 1
        while place < code.count, code[place] != quote {
            if code[place] == UInt8(ascii: "\\"), quote != UInt8(ascii: "`"), place + 1 < code.count {
                place += 1
            }
            text.append(code[place])
            place += 1
        }
        return (.text(String(decoding: text, as: UTF8.self)), place + 1)
    }
}

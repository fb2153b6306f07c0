/// A piece of SQL. The texts that it compares with are kept apart from it: they reach the server as query parameters where it
/// knows them, else as literals, and are never spliced in by hand.
///
/// ```swift
/// let query: SQL = "SELECT count() FROM \(name: table) WHERE \(name: column) = \(text: value)"
/// ```
package struct SQL: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// How texts reach the server.
    package enum Binding: Sendable {
        /// As parameters of the request, which servers know since 2019.
        case parameters
        /// As literals inside the query.
        case literals
    }

    fileprivate enum Part: Sendable, Hashable {
        case code(String)
        case text(String)
        case texts([String])
    }

    private var parts: [Part]

    package init(stringLiteral code: String) { parts = [.code(code)] }

    package init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ code: String) { parts.append(.code(code)) }

        package mutating func appendInterpolation(_ sql: SQL) { parts += sql.parts }

        /// The name of a database, a table or a column.
        package mutating func appendInterpolation(name: String) {
            parts.append(.code(quoted(name, by: "`")))
        }

        package mutating func appendInterpolation(text: String) { parts.append(.text(text)) }

        package mutating func appendInterpolation(texts: [String]) { parts.append(.texts(texts)) }

        package mutating func appendInterpolation(_ number: some BinaryInteger) {
            parts.append(.code(number < 0 ? "(\(number))" : "\(number)"))
        }

        /// Any number but not-a-number, which compares with nothing.
        package mutating func appendInterpolation(_ number: Double) {
            parts.append(.code(number < 0 ? "(\(number))" : "\(number)"))
        }

        package mutating func appendInterpolation(_ numbers: [Int]) { parts.append(.code("\(numbers)")) }

        package mutating func appendInterpolation(_ numbers: [Double]) { parts.append(.code("\(numbers)")) }
    }

    /// The query as it is sent, and the values of its parameters in ClickHouse's escaped form, named `p1`, `p2`, … in the query.
    package func rendered(_ binding: Binding) -> (query: String, parameters: [(name: String, value: String)])
    {
        var query = ""
        var parameters: [(name: String, value: String)] = []
        func bind(_ type: String, _ value: String) {
            let name = "p\(parameters.count + 1)"
            parameters.append((name, value))
            query += "{\(name):\(type)}"
        }
        for part in parts {
            switch (part, binding) {
            case (.code(let code), _): query += code
            case (.text(let text), .literals): query += quoted(text, by: "'")
            case (.texts(let texts), .literals): query += list(texts)
            case (.text(let text), .parameters): bind("String", escaped(text, quote: nil))
            case (.texts(let texts), .parameters): bind("Array(String)", list(texts))
            }
        }
        return (query, parameters)
    }
}

extension Sequence<SQL> {
    package func joined(_ separator: SQL) -> SQL {
        var sum: SQL?
        for part in self { sum = sum.map { "\($0)\(separator)\(part)" } ?? part }
        return sum ?? ""
    }
}

private func list(_ texts: [String]) -> String {
    "[\(texts.map { quoted($0, by: "'") }.joined(separator: ","))]"
}

private func quoted(_ text: String, by quote: Character) -> String {
    "\(quote)\(escaped(text, quote: quote))\(quote)"
}

/// A text with the escapes of ClickHouse's literals, which are also those of its tab-separated values.
private func escaped(_ text: String, quote: Character?) -> String {
    var result = ""
    // Scalars: a carriage return and the line feed behind it are one character.
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\0": result += "\\0"
        default:
            if Character(scalar) == quote { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

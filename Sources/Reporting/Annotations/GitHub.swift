/// GitHub shows so many annotations of a level from one step, and drops the others silently.
private let shownOfEachLevel = 10

/// Workflow commands of GitHub Actions, a line each, and the result in a sentence.
///
/// Escaping is that of actions/toolkit, `packages/core/src/command.ts`.
func renderGitHub(_ result: AnnotatedResult) -> String {
    var lines: [String] = []
    for level in Annotation.Level.allCases.reversed() {
        let annotations = result.annotations.filter { $0.level == level }
        lines += annotations.prefix(shownOfEachLevel).map(command)
        let rest = annotations.count - shownOfEachLevel
        if rest > 0 { lines.append("\(Wording.counted(rest, "more \(level)")) in the summary of this step") }
    }
    lines.append(withoutCommands("blamedeploy \(result.command)   \(result.sentence)"))
    return lines.joined(separator: "\n") + "\n"
}

private func command(_ annotation: Annotation) -> String {
    var properties: [(String, String)] = []
    if let place = annotation.place {
        properties = [
            ("file", place.path), ("line", String(place.line)), ("endLine", String(place.endLine)),
        ]
    }
    properties.append(("title", "blamedeploy: \(annotation.rule)"))
    let told = properties.map { "\($0)=\(escaped($1, also: ":,"))" }.joined(separator: ",")
    return "::\(annotation.level) \(told)::\(escaped(annotation.message()))"
}

/// - Parameter also: what else ends a value.
private func escaped(_ text: String, also others: String = "") -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "%", "\r", "\n": result += percentEncoded(scalar)
        case _ where others.unicodeScalars.contains(scalar): result += percentEncoded(scalar)
        // A path may have any character but null in it; a message has none of these.
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// `%0A`: a character as its UTF-8 bytes in upper case, RFC 3986 section 2.1.
func percentEncoded(_ scalar: Unicode.Scalar) -> String {
    String(scalar).utf8.map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return "%" + (digits.utf8.count < 2 ? "0" : "") + digits
    }.joined()
}

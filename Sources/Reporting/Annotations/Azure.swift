/// Logging commands of Azure Pipelines, a line each, and the result in a sentence. There is no level below a warning: what is
/// less is told in plain lines.
///
/// Escaping is that of VstsTaskSdk, `LoggingCommandFunctions.ps1`.
func renderAzure(_ result: AnnotatedResult) -> String {
    var lines = result.annotations.map { annotation in
        annotation.level == .notice ? withoutCommands(plain(annotation)) : command(annotation)
    }
    lines.append(withoutCommands("blamedeploy \(result.command)   \(result.sentence)"))
    return lines.joined(separator: "\n") + "\n"
}

private func plain(_ annotation: Annotation) -> String {
    let place = annotation.place.map { "\(Wording.harmless($0.path)):\($0.line): " } ?? ""
    return "note: \(place)\(annotation.message().replacing("\n", with: "; "))"
}

private func command(_ annotation: Annotation) -> String {
    var properties = [("type", annotation.level == .error ? "error" : "warning")]
    if let place = annotation.place {
        properties += [
            ("sourcepath", place.path), ("linenumber", String(place.line)), ("columnnumber", "1"),
        ]
    }
    properties.append(("code", annotation.rule))
    let told = properties.map { "\($0)=\(escaped($1, also: ";]"));" }.joined()
    return "##vso[task.logissue \(told)]\(escaped(withoutCommands(annotation.message())))"
}

/// The agent turns `%` with two digits back into a character, and `%AZP25` into `%`. A `%` that it leaves alone is left alone
/// here too, because older agents show the long form as it is.
private func escaped(_ text: String, also others: String = "") -> String {
    var result = ""
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
        switch scalar {
        case "\r", "\n": result += percentEncoded(scalar)
        case _ where others.unicodeScalars.contains(scalar): result += percentEncoded(scalar)
        case "%" where scalars[index...].dropFirst().first?.properties.isASCIIHexDigit ?? false:
            result += "%AZP25"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Service messages of TeamCity: an inspection for what has a line, a problem of the build or a message for what has none.
///
/// Escaping and limits are those of "Service Messages" in its documentation.
func renderTeamCity(_ result: AnnotatedResult) -> String {
    let placed = result.annotations.filter { $0.place != nil }
    var lines = Set(placed.map(\.rule)).sorted().map { rule in
        let title = result.title(ofRule: rule)
        return message(
            "inspectionType",
            [("id", rule), ("name", title), ("description", title), ("category", "blamedeploy")])
    }
    lines += zip(result.annotations, result.fingerprints()).map(told)
    lines.append(message("message", [("text", "blamedeploy \(result.command)   \(result.sentence)")]))
    return lines.joined(separator: "\n") + "\n"
}

private func told(_ annotation: Annotation, fingerprint: String) -> String {
    let text = annotation.message()
    if let place = annotation.place {
        return message(
            "inspection",
            [
                ("typeId", annotation.rule), ("message", text), ("file", place.path),
                ("line", String(place.line)), ("SEVERITY", severity(annotation.level)),
            ])
    }
    switch annotation.level {
    case .error:
        return message("buildProblem", [("description", text), ("identity", "blamedeploy.\(fingerprint)")])
    case .warning: return message("message", [("text", text), ("status", "WARNING")])
    case .notice: return message("message", [("text", text), ("status", "NORMAL")])
    }
}

private func severity(_ level: Annotation.Level) -> String {
    switch level {
    case .notice: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    }
}

private func message(_ name: String, _ attributes: [(String, String)]) -> String {
    "##teamcity[\(name) \(attributes.map { "\($0)='\(escaped($1))'" }.joined(separator: " "))]"
}

private func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "|", "'", "[", "]": result += "|\(scalar)"
        case "\n": result += "|n"
        case "\r": result += "|r"
        case _ where scalar.value < 0x20 || scalar.value > 0x7E:
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16, uppercase: true)
                result += "|0x" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

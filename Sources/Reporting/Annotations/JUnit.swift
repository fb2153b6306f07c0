/// A test report in JUnit's XML: a case for each deploy of an investigation, for each contradiction of `lint`, for each change
/// of `diff`.
func renderJUnit(_ result: AnnotatedResult) -> String {
    let failures = result.cases.count { $0.outcome == .failed }
    let errors = result.cases.count { $0.outcome == .undecided }
    let counts = "tests=\"\(result.cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
    var lines = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "<testsuites name=\"blamedeploy\" \(counts) time=\"0\">",
        "  <testsuite name=\"blamedeploy \(result.command)\" \(counts) skipped=\"0\" time=\"0\">",
    ]
    var seen: [String: Int] = [:]
    for testCase in result.cases {
        seen[testCase.name, default: 0] += 1
        // Readers take cases of one name for one case.
        let number = seen[testCase.name].map { $0 > 1 ? " (\($0))" : "" } ?? ""
        lines += element(testCase, name: testCase.name + number, command: result.command)
    }
    let remarks = result.annotations.filter { $0.rule == RemarkKind.remark.rawValue }
    if !remarks.isEmpty {
        let text = remarks.map { $0.message() }.joined(separator: "\n")
        lines.append("    <system-out>\(escaped(text))</system-out>")
    }
    lines += ["  </testsuite>", "</testsuites>"]
    return lines.joined(separator: "\n") + "\n"
}

private func element(_ testCase: AnnotatedResult.Case, name: String, command: String) -> [String] {
    let place =
        testCase.place.map { " file=\"\(escaped($0.path))\" line=\"\($0.line)\"" } ?? ""
    let open =
        "    <testcase classname=\"blamedeploy.\(command)\" name=\"\(escaped(name))\"\(place) time=\"0\""
    let text = escaped(testCase.details.joined(separator: "\n"))
    let message = escaped(testCase.details.first ?? testCase.name)
    switch testCase.outcome {
    case .passed where text.isEmpty: return [open + "/>"]
    case .passed: return [open + "><system-out>\(text)</system-out></testcase>"]
    case .failed: return [open + "><failure message=\"\(message)\">\(text)</failure></testcase>"]
    case .undecided: return [open + "><error message=\"\(message)\">\(text)</error></testcase>"]
    }
}

/// Text between tags and in attributes. What XML 1.0 does not allow (section 2.2) becomes a replacement character; the second of
/// two colons or hash signs is written as a number, so that no agent that reads along takes a line for a command.
private func escaped(_ text: String) -> String {
    var result = ""
    var last: Unicode.Scalar?
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&apos;"
        case "\r": result += "&#13;"
        case "\t": result += "&#9;"
        case "#" where last == "#": result += "&#35;"
        case ":" where last == ":": result += "&#58;"
        case "\n": result += "\n"
        case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
            result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
        last = scalar
    }
    return result
}

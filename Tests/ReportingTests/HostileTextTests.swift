import DeployModel
import Foundation
import Reporting
import TestSupport
import Testing

/// What people who mean harm write into subjects, paths and values.
private let fragments = [
    "::error::", "::", "\n::add-mask::x", "\r\n::stop-commands::x", "::set-output name=a::b",
    " ::warning file=a,line=1::b",
    "##vso[task.setvariable variable=x]y", "##vso[task.complete result=Failed;]", "##[error]",
    "##[add-path]/tmp",
    "##", "#", "##teamcity[buildStop comment='x']", "\n##teamcity[buildStatus text='x']", "]]>", "</failure>",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "-->", "&lt;", "&#10;", "\"", "'",
    "\" x=\"",
    "|", "||", "|n", "\\|", "\\", "\\\\", "`", "``", "]", "[", ";", ",", "=", "%0A", "%0D%0A::error::", "%",
    "%25", "%AZP25",
    "\u{1B}[31m", "\u{1B}]0;x\u{7}", "\u{202E}", "\u{2066}", "\0", "\u{FEFF}", "\u{2028}", "\u{85}",
    "\u{FFFE}", "\u{1}",
    "@everyone", "@octocat", "#12", "GH-12", "https://evil.example/", "http://x", "www.evil.example",
    "a@evil.example",
    "![x](http://x)", "[x](javascript:alert(1))", "*", "_x_", "~~x~~", "$x$", ":boom:", "- ", "1. ", "> ",
    "--- ", "    x",
    "{\"a\":1}", "}", "{{7*7}}", "$(reboot)", "👩‍🚀", "漢字", "é", " ", "\t", "\n", "\r", "x", "key: value",
]

/// A thousand strings, the same in every run.
private let hostileTexts: [String] = {
    var noise = SeededNoise(seed: 7)
    return (0..<1000).map { index in
        if index < fragments.count { return fragments[index] }
        return (0..<Int.random(in: 1...6, using: &noise)).map { _ in
            fragments[Int.random(in: 0..<fragments.count, using: &noise)]
        }.joined()
    }
}()

/// A change with a text wherever files have a say.
private func change(saying text: String) -> RankedChange {
    var ranked = SampleReports.fault
    ranked.change.path = text
    ranked.change.object = ConfigObject(kind: text, name: text, namespace: text, container: text)
    ranked.change.fieldPath = text
    ranked.change.before = text
    ranked.change.after = text
    ranked.change.reach = [text]
    ranked.evidence[0].text = text
    ranked.evidence[1].text = text
    ranked.mend = text
    return ranked
}

/// Each text in one kind of result, in turns.
private let hostileResults = hostileTexts.enumerated().map { index, text in
    (text: text, kind: index % 3, result: results(saying: text)[index % 3])
}

private func results(saying text: String) -> [AnnotatedResult] {
    let warning = Warning(code: "skipped_lines", text: text, remedy: text)
    var report = SampleReports.report("two-incidents")
    for index in report.deploys.indices {
        report.deploys[index].title = text
        report.deploys[index].author = text
    }
    report.deploys[0].commit = nil
    report.deploys[0].id = text
    report.verdict.text = text
    report.findings[0].incident.endedBy = text
    report.findings[0].incident.suspects[1].deploy = text
    report.findings[0].changes = [change(saying: text), change(saying: text)]
    report.findings[1].incident.scope = Scope(.workload, text)
    report.warnings = [warning]
    var found = SampleResults.lint
    found.deploy = report.deploys[0]
    found.changes = [change(saying: text)]
    found.otherFiles = [text]
    found.warnings = [warning]
    return [
        AnnotatedResult(report, command: "investigate"), AnnotatedResult(found, command: "lint"),
        AnnotatedResult(found, command: "diff"),
    ]
}

/// What a reader makes of an output, without the texts in it: the commands, tags, members or cells.
private func shape(of output: String, as format: AnnotationFormat) throws -> [String] {
    switch format {
    case .github: return lines(output).map(githubCommand)
    case .azure: return lines(output).map(azureCommand)
    case .teamcity: return lines(output).map(teamcityCommand)
    case .sarif, .gitlab:
        return members(of: try JSONSerialization.jsonObject(with: Data(output.utf8)), at: "")
    case .rdjson:
        // Its messages become comments.
        let document = try JSONSerialization.jsonObject(with: Data(output.utf8))
        let diagnostics = (document as? [String: Any])?["diagnostics"] as? [[String: Any]] ?? []
        let messages = diagnostics.compactMap { $0["message"] as? String }
        return members(of: document, at: "") + messages.flatMap(lines).map(markdownMarks)
    case .junit: return try xmlElements(output).map { "\($0.name) \($0.attributes.keys.sorted())" }
    case .buildkite: return lines(output).map(markdownMarks)
    }
}

private func lines(_ text: String) -> [String] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }.map(String.init)
}

/// As the runner of GitHub reads a line: `ActionCommand.TryParseV2`, and the older form anywhere in it.
private func githubCommand(_ line: String) -> String {
    let trimmed = line.drop { $0.isWhitespace }
    guard trimmed.hasPrefix("::"), let end = trimmed.dropFirst(2).firstRange(of: "::") else {
        return line.contains("##[") ? "old command" : "text"
    }
    let command = trimmed[trimmed.index(trimmed.startIndex, offsetBy: 2)..<end.lowerBound]
    let parts = command.split(separator: " ", maxSplits: 1)
    let properties = (parts.count > 1 ? parts[1] : "").split(separator: ",").map { $0.prefix { $0 != "=" } }
    return "\(parts[0]) \(properties.joined(separator: " "))"
}

/// As the agent of Azure reads a line: the first command anywhere in it, up to the first bracket.
private func azureCommand(_ line: String) -> String {
    guard let begin = line.lowercased().firstRange(of: "##vso[") else {
        return line.contains("##[") ? "format" : "text"
    }
    let inside = line.dropFirst(
        line.lowercased().distance(from: line.lowercased().startIndex, to: begin.upperBound)
    )
    .prefix { $0 != "]" }
    let parts = inside.split(separator: " ", maxSplits: 1)
    let properties = (parts.count > 1 ? parts[1] : "").split(separator: ";").map { $0.prefix { $0 != "=" } }
    return "\(parts[0]) \(properties.joined(separator: " "))"
}

/// As TeamCity reads a line: names, each with a value in quotes, whose characters are escaped with bars.
private func teamcityCommand(_ line: String) -> String {
    guard line.contains("##teamcity[") else { return "text" }
    guard
        let match = line.wholeMatch(
            of: #/##teamcity\[(\w+)((?: \w+='(?:[^|'\[\]\n\r]|\|['nr|\[\]]|\|0x[0-9A-F]{4})*')*)\]/#)
    else { return "broken" }
    let names = match.output.2.matches(of: #/(?:^| )(\w+)='(?:[^|']|\|.)*'/#).map { String($0.output.1) }
    return "\(match.output.1) \(names.joined(separator: " "))"
}

private func members(of value: Any, at path: String) -> [String] {
    switch value {
    case let object as [String: Any]:
        object.keys.sorted().flatMap { members(of: object[$0] ?? NSNull(), at: "\(path)/\($0)") }
    case let array as [Any]:
        ["\(path) \(array.count)"] + array.enumerated().flatMap { members(of: $1, at: "\(path)/\($0)") }
    default: [path]
    }
}

/// The characters of a line that Markdown gives a meaning: none that is escaped, and of those in code only the bars of a table,
/// which reads escapes before it reads code.
private func markdownMarks(_ line: String) -> String {
    var marks = ""
    var isCode = false
    let characters = Array(
        line.replacing("<!-- -->", with: "\u{1}").replacing(#/&(?:amp|lt|gt);/#, with: "").unicodeScalars)
    var index = 0
    while index < characters.count {
        let scalar = characters[index]
        let next = index + 1 < characters.count ? characters[index + 1] : " "
        defer { index += 1 }
        if scalar == "|" { marks += "|" }
        if scalar == "\\",
            next == "|" || (!isCode && next.isASCII && !next.properties.isAlphabetic && next != " ")
        {
            index += 1
            continue
        }
        if scalar == "`" {
            isCode.toggle()
            marks += "`"
        } else if !isCode, "<>[]*_~!$&{}".unicodeScalars.contains(scalar) {
            marks.unicodeScalars.append(scalar)
        } else if !isCode, scalar == "@" || scalar == "#", next != "\u{1}" {
            marks.unicodeScalars.append(scalar)
        } else if !isCode, scalar == ":", next != " " {
            marks += ":"
        }
    }
    if line.lowercased().contains("www.") && !line.contains("`") { marks += "www" }
    return marks + (isCode ? " open" : "")
}

@Suite("Nothing that repositories and events say escapes its place")
struct HostileTextTests {
    @Test(
        "a thousand hostile strings leave the shape of an output as it is",
        arguments: AnnotationFormat.allCases)
    func shapes(format: AnnotationFormat) throws {
        let plain = try results(saying: "word").map {
            try shape(of: render($0, as: format, version: "1"), as: format)
        }
        for (text, kind, result) in hostileResults {
            let expected = plain[kind]
            let output = render(result, as: format, version: "1")
            let found = try shape(of: output, as: format)
            try #require(found == expected, "\(text.debugDescription) in \(result.command):\n\(output)")
            if format != .github, format != .azure, format != .teamcity {
                // What is no list of commands is printed in logs too, which agents read.
                #expect(!output.contains("##"), "\(text.debugDescription):\n\(output)")
                for line in lines(output) { #expect(!line.drop { $0.isWhitespace }.hasPrefix("::")) }
            }
            for scalar in output.unicodeScalars where scalar != "\n" {
                try #require(
                    scalar.value >= 0x20 || format == .github || format == .azure,
                    "\(text.debugDescription)")
            }
        }
    }

    @Test("a path with anything in it comes out of GitHub's command as it went in")
    func paths() throws {
        for (text, _, result) in hostileResults where result.command == "lint" {
            let output = render(result, as: .github, version: "1")
            let path = try #require(output.firstMatch(of: #/^::error file=([^,]*),line=/#)).output.1
            #expect(decoded(path.utf8) == Array(text.utf8))
        }
    }

    /// What stands for two digits after a `%` is one byte.
    private func decoded(_ text: Substring.UTF8View) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    @Test("the readers of this test see commands where there are some")
    func readers() throws {
        #expect(
            githubCommand("  ::add-mask::x") == "add-mask "
                && githubCommand("x ##[add-path]y") == "old command")
        #expect(azureCommand("x ##vso[task.complete result=Failed;]y") == "task.complete result")
        #expect(teamcityCommand("x##teamcity[a b='|'']") == "broken")
        #expect(teamcityCommand("##teamcity[a b='|'' c='x']") == "a b c")
        #expect(markdownMarks("| <b> \\| `|` [x](y) @z |") == "|<>`|`[]@|")
    }
}

import DeployModel
import Foundation
import Reporting
import TestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

private func json(_ text: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(text.utf8))
}

@Suite("What a CI is told")
struct AnnotationTests {
    @Test("looks as it should", arguments: AnnotationFormat.allCases, SampleResults.names)
    func golden(format: AnnotationFormat, name: String) throws {
        try expectGolden(
            render(SampleResults.result(name), as: format, version: "1.2.3"),
            matches: "ci/\(name).\(format.rawValue)")
    }

    @Test("GitHub gets ten remarks of a level, the worst first, and hears of the others")
    func limit() {
        var changes = SampleResults.lint
        changes.changes = (1...25).map { number in
            var change = SampleReports.fault
            change.change.line = number
            change.change.endLine = number
            return change
        }
        let text = render(AnnotatedResult(changes, command: "lint"), as: .github, version: "1")
        let lines = text.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("::error ") } == 10)
        #expect(lines.contains { $0.contains("line=10,") } && !text.contains("line=11,"))
        #expect(lines.contains("15 more errors in the summary of this step"))
    }

    @Test(
        "fingerprints stay when lines move, and differ when fields do",
        arguments: [.sarif, .gitlab] as [AnnotationFormat])
    func fingerprints(format: AnnotationFormat) throws {
        var changes = SampleResults.lint
        func prints() throws -> [String] {
            let text = render(AnnotatedResult(changes, command: "lint"), as: format, version: "1")
            let pattern = #/"(?:primaryLocationLineHash|fingerprint)": "([0-9a-f]{16}:\d+)"/#
            return text.matches(of: pattern).map { String($0.output.1) }
        }
        let first = try prints()
        #expect(Set(first).count == 2)
        changes.changes[0].change.line += 7
        changes.changes[0].change.endLine += 7
        changes.changes[0].commit = SampleReports.commit(4)
        changes.changes[0].score = 80
        #expect(try prints() == first)
        changes.changes[0].change.fieldPath += "s"
        #expect(try prints()[0] != first[0])
        changes.changes[1] = changes.changes[0]
        #expect(Set(try prints()).count == 2, "two that are alike still have one each")
    }

    @Test("a change that is innocent marks no line; lint marks every one")
    func levels() {
        var changes = SampleResults.lint
        changes.changes[0].score = 59
        changes.changes[1].score = 19
        let diff = AnnotatedResult(changes, command: "diff")
        #expect(diff.annotations.map(\.level) == [.notice])
        #expect(AnnotatedResult(changes, command: "lint").annotations.map(\.level) == [.error, .error])
    }

    @Test("in a check, whatever changed is an error; in an investigation, what a deploy did")
    func checks() {
        for (name, level) in [
            ("no-deploy", Annotation.Level.warning), ("tied", .warning), ("blamed", .error),
        ] {
            let report = SampleReports.report(name)
            #expect(AnnotatedResult(report, command: "investigate").annotations.first?.level == level)
            #expect(AnnotatedResult(report, command: "check").annotations.first?.level == .error)
        }
    }

    @Test("an annotation of Buildkite keeps below its limit, and says what is missing")
    func buildkiteLimit() {
        var changes = SampleResults.lint
        changes.changes = Array(repeating: SampleReports.fault, count: 6000)
        let text = render(AnnotatedResult(changes, command: "lint"), as: .buildkite, version: "1")
        #expect(text.utf8.count <= 900 << 10)
        #expect(text.hasSuffix("|\n\nThe rest is left out: there was no room for it.\n"))
    }

    @Test(
        "no text is taken for a command",
        arguments: [
            ("::error::x", ": :error::x"), ("  ::set-env x\n ::y", "  : :set-env x\n : :y"),
            ("std::vector and [::1]", "std::vector and [::1]"), ("##vso[x]", "# #vso[x]"),
            ("a ####[x", "a # # # #[x"), (":::x", ": ::x"), ("a\r::b", "a\r: :b"), ("", ""),
        ])
    func withoutCommand(text: String, shown: String) { #expect(withoutCommands(text) == shown) }
}

@Suite("What a CI is told keeps to the rules of its format")
struct AnnotationSchemaTests {
    @Test("SARIF 2.1.0, and what GitHub asks on top", arguments: SampleResults.names)
    func sarif(name: String) throws {
        let text = render(SampleResults.result(name), as: .sarif, version: "1.2.3")
        let log = try #require(try json(text) as? [String: Any])
        #expect(log["version"] as? String == "2.1.0" && log["$schema"] is String)
        let run = try #require((log["runs"] as? [[String: Any]])?.first)
        let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
        #expect(driver["name"] as? String == "blamedeploy")
        #expect((driver["semanticVersion"] as? String)?.wholeMatch(of: #/\d+\.\d+\.\d+/#) != nil)
        let rules = try #require(driver["rules"] as? [[String: Any]])
        for rule in rules {
            #expect(rule["id"] is String)
            for text in ["shortDescription", "fullDescription", "help"] {
                let length = ((rule[text] as? [String: Any])?["text"] as? String)?.count ?? 0
                #expect((1...1024).contains(length), "\(text) of \(rule)")
            }
        }
        let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
        #expect(invocation["executionSuccessful"] is Bool)
        for notification in (invocation["toolExecutionNotifications"] as? [[String: Any]]) ?? [] {
            #expect((notification["message"] as? [String: Any])?["text"] is String)
        }
        let results = try #require(run["results"] as? [[String: Any]])
        for result in results {
            #expect(["none", "note", "warning", "error"].contains(result["level"] as? String))
            #expect((result["message"] as? [String: Any])?["text"] is String)
            let index = try #require(result["ruleIndex"] as? Int)
            #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
            let locations = try #require(result["locations"] as? [[String: Any]])
            let physical = try #require(locations.first?["physicalLocation"] as? [String: Any])
            let uri = try #require((physical["artifactLocation"] as? [String: Any])?["uri"] as? String)
            #expect(
                uri.wholeMatch(of: #/(?:[A-Za-z0-9\-._~\/]|%[0-9A-F]{2})+/#) != nil && !uri.hasPrefix("/"))
            let region = try #require(physical["region"] as? [String: Int])
            let (start, end) = (try #require(region["startLine"]), try #require(region["endLine"]))
            #expect(start >= 1 && end >= start && region["startColumn"] == 1)
            let prints = try #require(result["partialFingerprints"] as? [String: String])
            #expect(prints["primaryLocationLineHash"]?.isEmpty == false)
        }
        // A file of lint's sample has everything in its name that a URI may not have.
        #expect(name != "lint" || text.contains("deploy/100%25%20of%20it/web%2C%20api%3B%20%5Bb%5D.yaml"))
    }

    @Test("GitLab's Code Quality", arguments: SampleResults.names)
    func codeQuality(name: String) throws {
        let text = render(SampleResults.result(name), as: .gitlab, version: "1")
        #expect(!text.hasPrefix("\u{FEFF}"))
        let issues = try #require(try json(text) as? [[String: Any]])
        for issue in issues {
            #expect((issue["description"] as? String)?.isEmpty == false && issue["check_name"] is String)
            #expect(["info", "minor", "major", "critical", "blocker"].contains(issue["severity"] as? String))
            let location = try #require(issue["location"] as? [String: Any])
            let path = try #require(location["path"] as? String)
            #expect(!path.hasPrefix("/") && !path.hasPrefix("./"))
            #expect(((location["lines"] as? [String: Int])?["begin"] ?? 0) >= 1)
        }
        #expect(Set(issues.map { $0["fingerprint"] as? String ?? "" }).count == issues.count)
    }

    @Test("Reviewdog's rdjson", arguments: SampleResults.names)
    func reviewdog(name: String) throws {
        let text = render(SampleResults.result(name), as: .rdjson, version: "1")
        let result = try #require(try json(text) as? [String: Any])
        #expect((result["source"] as? [String: Any])?["name"] as? String == "blamedeploy")
        for diagnostic in try #require(result["diagnostics"] as? [[String: Any]]) {
            #expect(diagnostic["message"] is String)
            #expect(["ERROR", "WARNING", "INFO"].contains(diagnostic["severity"] as? String))
            let location = try #require(diagnostic["location"] as? [String: Any])
            let range = try #require(location["range"] as? [String: [String: Int]])
            #expect(location["path"] is String)
            #expect((range["start"]?["line"] ?? 0) >= 1)
            #expect((range["end"]?["line"] ?? 0) >= (range["start"]?["line"] ?? 0))
        }
    }

    @Test("JUnit's XML: counts that are true, and no name twice", arguments: SampleResults.names)
    func junit(name: String) throws {
        let elements = try xmlElements(render(SampleResults.result(name), as: .junit, version: "1"))
        let suites = elements.filter { $0.name == "testsuite" || $0.name == "testsuites" }
        #expect(suites.count == 2)
        for suite in suites {
            for (count, element) in [("tests", "testcase"), ("failures", "failure"), ("errors", "error")] {
                #expect(suite.attributes[count] == String(elements.count { $0.name == element }))
            }
        }
        let cases = elements.filter { $0.name == "testcase" }
        #expect(!cases.isEmpty)
        let pairs = cases.map { "\($0.attributes["classname"] ?? "")\0\($0.attributes["name"] ?? "")" }
        #expect(Set(pairs).count == cases.count && !pairs.contains { $0.hasSuffix("\0") })
        let isUndecided = name == "no-events"
        #expect(elements.contains { $0.name == "error" } == isUndecided)
        #expect(
            elements.contains { $0.name == "failure" } == !["unchanged", "no-events", "lint-nothing", "diff"]
                .contains(name))
    }
}

/// The elements of an XML text in the order of their beginnings.
func xmlElements(_ text: String) throws -> [XMLElementRead] {
    let reader = ElementReader()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = reader
    try #require(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") \(text)")
    return reader.elements
}

/// An element's name and its attributes.
struct XMLElementRead: Equatable {
    var name: String
    var attributes: [String: String]
}

private final class ElementReader: NSObject, XMLParserDelegate {
    var elements: [XMLElementRead] = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        elements.append(XMLElementRead(name: name, attributes: attributes))
    }
}

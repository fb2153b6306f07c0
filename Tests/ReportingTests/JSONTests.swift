import DeployModel
import Foundation
import Reporting
import TestSupport
import Testing

@Suite("The JSON report")
struct JSONTests {
    private let schema: SchemaCheck

    init() throws {
        schema = try SchemaCheck.ofReports()
    }

    private func parsed(_ text: String) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("every report keeps to the schema and looks as it should", arguments: SampleReports.names)
    func report(name: String) throws {
        let text = renderJSON(SampleReports.report(name), version: "0.0.0")
        #expect(schema.faults(of: try parsed(text), as: "report").isEmpty)
        try expectGolden(text, matches: "reports/\(name).json")
    }

    @Test("deploys and changes keep to the schema")
    func commands() throws {
        let deploys = try parsed(renderJSON(deploys: SampleReports.deploys))
        #expect(schema.faults(of: deploys, as: "deploysDocument").isEmpty)
        for deploy in [SampleReports.deploys[2], nil] {
            let changes = DeployChanges(
                deploy: deploy, from: nil, to: SampleReports.commit(3), changes: [SampleReports.fault],
                filesChanged: 1,
                configFiles: 1)
            #expect(schema.faults(of: try parsed(renderJSON(changes)), as: "changesDocument").isEmpty)
        }
    }

    @Test("what lint --each finds keeps to the schema", arguments: [0, 2])
    func commits(count: Int) throws {
        let found = [DeployChanges](repeating: SampleResults.lint, count: count)
        let document = try parsed(renderJSON(commits: found, judged: 5))
        #expect(schema.faults(of: document, as: "commitsDocument").isEmpty)
    }

    @Test("every document of the schema is one that a command prints, and only one")
    func documents() throws {
        let choices = try #require(schema.root["oneOf"] as? [[String: String]])
        let names = choices.compactMap { $0["$ref"]?.split(separator: "/").last.map(String.init) }
        let printed = [
            renderJSON(SampleReports.report("blamed"), version: "0"),
            renderJSON(deploys: SampleReports.deploys),
            renderJSON(SampleResults.lint), renderJSON(commits: [SampleResults.lint], judged: 5),
            renderJSON(SampleReports.comparison(hasBaseline: true)),
        ]
        #expect(names.count == printed.count)
        for text in printed {
            let document = try parsed(text)
            #expect(names.count { schema.faults(of: document, as: $0).isEmpty } == 1, "\(text.prefix(200))")
        }
    }

    @Test(
        "what sets failing events apart keeps to the schema, with every digit of a threshold",
        arguments: [true, false])
    func explanation(hasBaseline: Bool) throws {
        let text = renderJSON(SampleReports.comparison(hasBaseline: hasBaseline))
        #expect(schema.faults(of: try parsed(text), as: "explanationDocument").isEmpty)
        #expect(text.contains("\"value\": 1234567.25"))
    }

    @Test("the schema check can fail")
    func checkCanFail() throws {
        var report = try parsed(renderJSON(SampleReports.report("blamed"), version: "0"))
        report["verdict"] = ["kind": "guilty"]
        let faults = schema.faults(of: report, as: "report")
        #expect(faults.contains { $0.contains("verdict/kind") })
        #expect(faults.contains { $0.contains("probability") })
    }

    @Test(
        "numbers survive, and what is no number becomes null",
        arguments: [
            (0.0, "0"), (1.0, "1"), (0.972, "0.972"), (1.0 / 3, "0.333333"), (146_429.0, "146429"),
            (23.456789, "23.4568"),
            (0.000_012_345, "0.000012345"), (-2.5, "-2.5"), (Double.nan, "null"), (Double.infinity, "null"),
        ])
    func numbers(number: Double, text: String) throws {
        var report = SampleReports.report("blamed")
        report.findings[0].incident.excessErrors = number
        #expect(renderJSON(report, version: "0").contains("\"excess_errors\": \(text),"))
    }

    @Test(
        "any text survives a parser",
        arguments: [
            "quotes \" and \\ and /", "\u{0}\u{1}\u{1F}\u{7F}", "\u{2028}\u{202E}", "emoji 👩‍🚀 é 漢字",
            "]]></script>",
        ])
    func strings(text: String) throws {
        var report = SampleReports.report("blamed")
        report.verdict.text = text
        let rendered = renderJSON(report, version: "0")
        let verdict = try #require(parsed(rendered)["verdict"] as? [String: Any])
        #expect(verdict["text"] as? String == text)
        #expect(!rendered.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }
}

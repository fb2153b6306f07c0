import DeployModel
import Foundation
import Reporting
import TestSupport
import Testing

@Suite("The JSON report")
struct JSONTests {
    private let schema: SchemaCheck

    init() throws {
        let text = try Data(contentsOf: URL(filePath: "\(packageRoot)/docs/report.schema.json"))
        schema = SchemaCheck(root: try #require(JSONSerialization.jsonObject(with: text) as? [String: Any]))
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

/// The keywords of JSON Schema 2020-12 that our schema uses, checked literally.
struct SchemaCheck {
    let root: [String: Any]

    /// Where and how a value breaks a definition; empty when it keeps to it.
    func faults(of value: Any, as definition: String) -> [String] {
        faults(value, ["$ref": "#/$defs/\(definition)"], at: "")
    }

    private func faults(_ value: Any, _ schema: [String: Any], at place: String) -> [String] {
        var found: [String] = []
        for (keyword, rule) in schema {
            switch (keyword, rule) {
            case ("$ref", let reference as String):
                let name = String(reference.split(separator: "/").last ?? "")
                guard let target = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else {
                    found.append("\(place): no definition \(name)")
                    continue
                }
                found += faults(value, target, at: place)
            case ("type", let name as String):
                if !has(value, [name]) { found.append("\(place): not \(name)") }
            case ("type", let names as [String]):
                if !has(value, names) { found.append("\(place): not one of \(names)") }
            case ("const", _): if "\(value)" != "\(rule)" { found.append("\(place): not \(rule)") }
            case ("enum", let allowed as [String]):
                if !allowed.contains(value as? String ?? "") {
                    found.append("\(place): \(value) is none of \(allowed)")
                }
            case ("pattern", let pattern as String):
                if let text = value as? String, text.range(of: pattern, options: .regularExpression) == nil {
                    found.append("\(place): \(text) does not match \(pattern)")
                }
            case ("minimum", let least as Double):
                if let number = value as? Double, number < least {
                    found.append("\(place): \(number) < \(least)")
                }
            case ("maximum", let most as Double):
                if let number = value as? Double, number > most {
                    found.append("\(place): \(number) > \(most)")
                }
            case ("minItems", let least as Int):
                if let items = value as? [Any], items.count < least {
                    found.append("\(place): too few items")
                }
            case ("maxItems", let most as Int):
                if let items = value as? [Any], items.count > most {
                    found.append("\(place): too many items")
                }
            case ("items", let rule as [String: Any]):
                for (index, item) in ((value as? [Any]) ?? []).enumerated() {
                    found += faults(item, rule, at: "\(place)/\(index)")
                }
            case ("required", let names as [String]):
                guard let object = value as? [String: Any] else { continue }
                found += names.filter { object[$0] == nil }.map { "\(place): \($0) is missing" }
            case ("properties", let rules as [String: [String: Any]]):
                guard let object = value as? [String: Any] else { continue }
                for (name, rule) in rules {
                    if let member = object[name] { found += faults(member, rule, at: "\(place)/\(name)") }
                }
            case ("additionalProperties", _):
                guard let object = value as? [String: Any], let known = schema["properties"] as? [String: Any]
                else { continue }
                found += object.keys.filter { known[$0] == nil }.map { "\(place): \($0) is not known" }
            case ("oneOf", let choices as [[String: Any]]):
                let fitting = choices.filter { faults(value, $0, at: place).isEmpty }.count
                if fitting != 1 { found.append("\(place): fits \(fitting) of \(choices.count) choices") }
            default: continue
            }
        }
        return found
    }

    private func has(_ value: Any, _ names: [String]) -> Bool {
        names.contains { name in
            switch name {
            case "null": value is NSNull
            case "string": value is String
            case "array": value is [Any]
            case "object": value is [String: Any]
            case "boolean":
                (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? (value is Bool)
            case "integer": (value as? Double).map { $0 == $0.rounded() } ?? false
            case "number": value is Double
            default: false
            }
        }
    }
}

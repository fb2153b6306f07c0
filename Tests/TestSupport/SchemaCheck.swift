import Foundation

/// The keywords of JSON Schema 2020-12 that our schema uses, checked literally.
public struct SchemaCheck {
    public let root: [String: Any]

    /// The schema as it was parsed.
    public init(root: [String: Any]) { self.root = root }

    /// The schema of reports, as it is published.
    public static func ofReports() throws -> SchemaCheck {
        let text = try Data(contentsOf: URL(filePath: "\(packageRoot)/docs/report.schema.json"))
        return SchemaCheck(root: try JSONSerialization.jsonObject(with: text) as? [String: Any] ?? [:])
    }

    /// Where and how a value breaks a definition; empty when it keeps to it.
    public func faults(of value: Any, as definition: String) -> [String] {
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

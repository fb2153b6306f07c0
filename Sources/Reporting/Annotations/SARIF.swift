/// SARIF 2.1.0 (OASIS), as GitHub's code scanning wants it.
///
/// What has no line is a notification of the tool, because results without a location are refused there. The last column of a
/// region is left out: SARIF takes that for the end of the line (3.30.8).
func renderSARIF(_ result: AnnotatedResult, version: String) -> String {
    let placed = zip(result.annotations, result.fingerprints()).filter { $0.0.place != nil }
    let rules = Set(placed.map(\.0.rule)).sorted()
    let driver = JSONValue.object([
        ("name", .string("blamedeploy")), ("semanticVersion", .string(version)),
        ("rules", .array(rules.map { rule($0, of: result) })),
    ])
    let isUndecided = result.cases.contains { $0.outcome == .undecided }
    let run = JSONValue.object([
        ("tool", .object([("driver", driver)])),
        ("automationDetails", .object([("id", .string("blamedeploy/\(result.command)/"))])),
        (
            "invocations",
            .array([
                .object([
                    ("executionSuccessful", .bool(!isUndecided)),
                    (
                        "toolExecutionNotifications",
                        .array(result.annotations.filter { $0.place == nil }.map(notification))
                    ),
                ])
            ])
        ),
        ("columnKind", .string("utf16CodeUnits")),
        (
            "results",
            .array(
                placed.map { annotation, fingerprint in
                    finding(annotation, fingerprint, index: rules.firstIndex(of: annotation.rule) ?? -1)
                })
        ),
    ])
    return JSONValue.object([
        ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")), ("version", .string("2.1.0")),
        ("runs", .array([run])),
    ]).document()
}

private func rule(_ rule: String, of result: AnnotatedResult) -> JSONValue {
    let title = result.title(ofRule: rule)
    return .object([
        ("id", .string(rule)), ("shortDescription", message(title)),
        ("fullDescription", message("blamedeploy \(result.command): \(title)")),
        (
            "help",
            message(
                "See docs/config-diff.md for what is looked at, and docs/settings.md for setting a finding aside."
            )
        ),
        ("properties", .object([("tags", .array([.string("reliability"), .string("configuration")]))])),
    ])
}

private func finding(_ annotation: Annotation, _ fingerprint: String, index: Int) -> JSONValue {
    let place = annotation.place ?? Annotation.Place(path: "", line: 1, endLine: 1)
    let region = JSONValue.object([
        ("startLine", .integer(place.line)), ("startColumn", .integer(1)),
        ("endLine", .integer(place.endLine)),
    ])
    let location = JSONValue.object([
        (
            "physicalLocation",
            .object([
                ("artifactLocation", .object([("uri", .string(relativeURI(place.path)))])),
                ("region", region),
            ])
        )
    ])
    return .object([
        ("ruleId", .string(annotation.rule)), ("ruleIndex", .integer(index)),
        ("level", .string(level(annotation))), ("message", message(annotation.message())),
        ("locations", .array([location])),
        ("partialFingerprints", .object([("primaryLocationLineHash", .string(fingerprint))])),
    ])
}

private func notification(_ annotation: Annotation) -> JSONValue {
    .object([
        ("descriptor", .object([("id", .string(annotation.rule))])), ("level", .string(level(annotation))),
        ("message", message(annotation.message())),
    ])
}

/// Brackets before a parenthesis would be a link (3.11.6).
private func message(_ text: String) -> JSONValue {
    .object([("text", .string(text.replacing("](", with: "] (")))])
}

private func level(_ annotation: Annotation) -> String {
    switch annotation.level {
    case .notice: "note"
    case .warning: "warning"
    case .error: "error"
    }
}

/// A path as a relative reference (RFC 3986 section 4.2): everything but letters, digits, `-._~` and the slashes is encoded, so
/// that no first part reads as a scheme.
func relativeURI(_ path: String) -> String {
    var result = ""
    for scalar in path.unicodeScalars {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~", "/": result.unicodeScalars.append(scalar)
        default: result += percentEncoded(scalar)
        }
    }
    return result
}

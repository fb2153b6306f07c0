/// Reviewdog's Diagnostic Format (`rdjson`, its `proto/rdf/reviewdog.proto`); a range without columns is of whole lines.
///
/// An incident without a line has no place in it. Reviewdog's comments are Markdown, so that foreign text must mean nothing there.
func renderReviewdog(_ result: AnnotatedResult) -> String {
    let source = JSONValue.object([("name", .string("blamedeploy"))])
    let diagnostics = result.annotations.compactMap { annotation in
        annotation.place.map { place in
            JSONValue.object([
                ("message", .string(comment(annotation.message()))),
                (
                    "location",
                    .object([
                        ("path", .string(place.path)),
                        (
                            "range",
                            .object([
                                ("start", .object([("line", .integer(place.line))])),
                                ("end", .object([("line", .integer(place.endLine))])),
                            ])
                        ),
                    ])
                ),
                ("severity", .string(severity(annotation.level))),
                ("code", .object([("value", .string(annotation.rule))])),
            ])
        }
    }
    return JSONValue.object([
        ("source", source), ("severity", .string(severity(result.worst ?? .notice))),
        ("diagnostics", .array(diagnostics)),
    ]).document()
}

private func comment(_ message: String) -> String {
    message.split(separator: "\n").map { Markdown.text(String($0), limit: 1000) }.joined(separator: "\n")
}

private func severity(_ level: Annotation.Level) -> String {
    switch level {
    case .notice: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    }
}

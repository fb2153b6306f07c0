/// Reviewdog's Diagnostic Format (`rdjson`, its `proto/rdf/reviewdog.proto`); a range without columns is of whole lines.
///
/// An incident without a line has no place in it.
func renderReviewdog(_ result: AnnotatedResult) -> String {
    let source = JSONValue.object([("name", .string("blamedeploy"))])
    let diagnostics = result.annotations.compactMap { annotation in
        annotation.place.map { place in
            JSONValue.object([
                ("message", .string(annotation.message())),
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

private func severity(_ level: Annotation.Level) -> String {
    switch level {
    case .notice: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    }
}

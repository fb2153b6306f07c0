/// A report of GitLab's Code Quality: an array of what was found on lines; empty when nothing was.
///
/// An incident without a line has no place in it.
func renderCodeQuality(_ result: AnnotatedResult) -> String {
    let issues = zip(result.annotations, result.fingerprints()).compactMap { annotation, fingerprint in
        annotation.place.map { place in
            JSONValue.object([
                ("description", .string(annotation.message())),
                ("check_name", .string("blamedeploy/\(annotation.rule)")),
                ("fingerprint", .string(fingerprint)),
                ("severity", .string(severity(annotation.level))),
                (
                    "location",
                    .object([
                        ("path", .string(place.path)),
                        (
                            "lines",
                            .object([("begin", .integer(place.line)), ("end", .integer(place.endLine))])
                        ),
                    ])
                ),
            ])
        }
    }
    return JSONValue.array(issues).document()
}

private func severity(_ level: Annotation.Level) -> String {
    switch level {
    case .notice: "info"
    case .warning: "minor"
    case .error: "major"
    }
}

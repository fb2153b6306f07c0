import ArgumentParser
import Reporting

/// The formats that a result is told in: the one list behind `--format` and `--export`.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json, markdown, html
    case sarif, github, gitlab, junit, rdjson, buildkite, azure, teamcity

    /// The name, or the short one that the format's files end with.
    init?(argument: String) {
        self.init(rawValue: argument == "md" ? "markdown" : argument)
    }
}

/// How a command tells its result: each format that it writes, with what it makes of the result.
typealias Renderings<Result> = [OutputFormat: (Result, TextStyle) -> String]

extension Dictionary {
    /// What a command writes besides, and the formats that CI systems and reviewing tools read.
    func withAnnotations<Result>(
        _ annotated: @escaping (Result) -> AnnotatedResult
    ) -> Renderings<Result> where Key == OutputFormat, Value == (Result, TextStyle) -> String {
        var renderings = self
        for format in AnnotationFormat.allCases {
            guard let name = OutputFormat(rawValue: format.rawValue) else { continue }
            renderings[name] = { result, _ in
                render(annotated(result), as: format, version: BlameDeploy.version)
            }
        }
        return renderings
    }
}

/// One `--export FORMAT=FILE`.
struct Export: Equatable {
    var format: OutputFormat
    var path: String

    /// - Throws: a `ValidationError` that says what is wrong with the argument.
    init(argument: String) throws {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw ValidationError("--export takes FORMAT=FILE, such as html=report.html, not '\(argument)'")
        }
        guard let format = OutputFormat(argument: String(parts[0])) else {
            let known = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--export knows \(known), not '\(parts[0])'")
        }
        guard parts[1] != "-" else {
            throw ValidationError(
                "--export writes files; --format \(format.rawValue) writes to standard output")
        }
        (self.format, path) = (format, String(parts[1]))
    }
}

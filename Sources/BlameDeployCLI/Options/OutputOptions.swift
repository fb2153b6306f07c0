import ArgumentParser
import DeployModel
import Reporting

/// How the result is told.
struct OutputOptions: ParsableArguments {
    enum Color: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    @Option(
        help: ArgumentHelp("text, json or html; diff and lint also markdown.", valueName: "format"))
    var format = OutputFormat.text

    @Option(
        name: .customLong("export"),
        help: ArgumentHelp(
            "Write the result to a file as well: html=report.html. May be given again.",
            valueName: "format=file"))
    var exportArguments: [String] = []

    @Option(help: ArgumentHelp("auto, always or never.", valueName: "when"))
    var color = Color.auto

    @Flag(help: "Draw with ASCII characters only.")
    var ascii = false

    @Flag(help: "Show everything instead of one screen.")
    var full = false

    @Flag(name: .customLong("exit-code"), help: "End with 1 when something is found.")
    var findingIsFailure = false

    func validate() throws {
        let paths = try exports().map(\.path)
        if let twice = paths.first(where: { path in paths.filter { $0 == path }.count > 1 }) {
            throw ValidationError("--export names '\(twice)' twice: one would write over the other")
        }
    }

    /// Refuses formats that a command does not write, before it goes to work.
    func require(_ formats: some Collection<OutputFormat>) throws {
        guard let wrong = try ([format] + exports().map(\.format)).first(where: { !formats.contains($0) })
        else { return }
        let known = OutputFormat.allCases.filter(formats.contains).map(\.rawValue)
        throw CommandError.usage(
            "this command does not write \(wrong.rawValue)",
            remedy: "choose \(known.joined(separator: " or "))")
    }

    /// Writes the files that were asked for, each as a whole, and then the result to standard output: where a file fails,
    /// nothing stands there.
    func tell<Result>(_ result: Result, as renderings: Renderings<Result>, on terminal: Terminal) throws {
        try require(renderings.keys)
        let plain = TextStyle(width: 100, isASCII: ascii, isFull: full)
        let files = try exports().map { (path: $0.path, text: renderings[$0.format]?(result, plain) ?? "") }
        for file in files { try writeFile(Array(file.text.utf8), to: file.path) }
        try terminal.print(renderings[format]?(result, style(for: terminal)) ?? "")
    }

    private func exports() throws -> [Export] { try exportArguments.map(Export.init) }

    private func style(for terminal: Terminal) -> TextStyle {
        let isColored = color == .always || (color == .auto && terminal.welcomesColor)
        return TextStyle(
            width: min(max(terminal.width, 60), 200), isASCII: ascii || !terminal.isUnicode,
            isColored: isColored,
            isFull: full)
    }
}

import ArgumentParser
import DeployModel
import Reporting

/// How the result is told.
struct OutputOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, markdown }
    enum Color: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    @Option(help: ArgumentHelp("text or json; diff and lint also markdown.", valueName: "format"))
    var format = Format.text

    @Option(help: ArgumentHelp("auto, always or never.", valueName: "when"))
    var color = Color.auto

    @Flag(help: "Draw with ASCII characters only.")
    var ascii = false

    @Flag(help: "Show everything instead of one screen.")
    var full = false

    @Flag(name: .customLong("exit-code"), help: "End with 1 when something is found.")
    var findingIsFailure = false

    /// What commands say that do not write Markdown.
    static let noMarkdown = CommandError.usage(
        "only diff and lint write markdown", remedy: "choose --format text or --format json")

    func style(for terminal: Terminal) -> TextStyle {
        let isColored = color == .always || (color == .auto && terminal.welcomesColor)
        return TextStyle(
            width: min(max(terminal.width, 60), 200), isASCII: ascii || !terminal.isUnicode,
            isColored: isColored,
            isFull: full)
    }
}

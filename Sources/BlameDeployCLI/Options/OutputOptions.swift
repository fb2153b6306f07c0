import ArgumentParser
import DeployModel
import GitHistory
import Reporting

/// How the result is told.
struct OutputOptions: ParsableArguments {
    enum Wish: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    @Option(
        help: ArgumentHelp(
            "text, json, markdown or html; for a CI sarif, github, gitlab, junit, rdjson, buildkite, azure or teamcity. By default text; what their logs are read for on GitHub Actions, Azure Pipelines and TeamCity.",
            valueName: "format"))
    var format: OutputFormat?

    @Option(
        name: .customLong("export"),
        help: ArgumentHelp(
            "Write the result to a file as well: html=report.html. May be given again.",
            valueName: "format=file"))
    var exportArguments: [String] = []

    @Option(help: ArgumentHelp("auto, always or never.", valueName: "when"))
    var color = Wish.auto

    @Option(
        help: ArgumentHelp(
            "Links to commits and lines on GitHub, GitLab, Bitbucket or Gitea: auto, always or never. By default in terminals that open them.",
            valueName: "when"))
    var hyperlinks = Wish.auto

    @Flag(help: "Draw with ASCII characters only.")
    var ascii = false

    @Flag(help: "Show everything instead of one screen.")
    var full = false

    @Flag(name: .customLong("exit-code"), help: "End with 1 when something is found.")
    var findingIsFailure = false

    @Flag(name: .shortAndLong, help: "Tell no progress on standard error.")
    var quiet = false

    func validate() throws {
        let paths = try exports().map(\.path)
        if let twice = paths.first(where: { path in paths.filter { $0 == path }.count > 1 }) {
            throw ValidationError("--export names '\(twice)' twice: one would write over the other")
        }
    }

    /// Refuses formats that a command does not write, before it goes to work.
    func require(_ formats: some Collection<OutputFormat>) throws {
        guard
            let wrong = try ([format].compactMap(\.self) + exports().map(\.format)).first(where: {
                !formats.contains($0)
            })
        else { return }
        let known = OutputFormat.allCases.filter(formats.contains).map(\.rawValue)
        throw CommandError.usage(
            "this command does not write \(wrong.rawValue)",
            remedy: "choose \(known.joined(separator: " or "))")
    }

    /// Writes the files that were asked for, each as a whole, and then the result to standard output: where a file fails,
    /// nothing stands there.
    ///
    /// - Parameter repository: what is spoken of, for links.
    func tell<Result>(
        _ result: Result, as renderings: Renderings<Result>, about repository: Repository? = nil,
        on terminal: Terminal
    ) throws {
        try require(renderings.keys)
        let plain = TextStyle(width: 100, isASCII: ascii, isFull: full)
        let files = try exports().map { (path: $0.path, text: renderings[$0.format]?(result, plain) ?? "") }
        for file in files { try writeFile(Array(file.text.utf8), to: file.path) }
        let format = chosenFormat(among: renderings.keys, on: terminal)
        let told = renderings[format]?(result, style(for: terminal, about: repository)) ?? ""
        try terminal.print(told, isForPeople: format == .text || format == .markdown)
        // The summary holds more than a comment.
        let whole = TextStyle(width: 100, isASCII: ascii, isFull: true)
        if format == .github, let page = renderings[.markdown]?(result, whole) {
            addToSummary(page, on: terminal)
        }
    }

    /// The format that was asked for; else the one that the CI's log is read for, if the command writes it; else text.
    func chosenFormat(among formats: some Collection<OutputFormat>, on terminal: Terminal) -> OutputFormat {
        if let format { return format }
        guard !terminal.isInteractive, let usual = terminal.continuousIntegration?.system.format else {
            return .text
        }
        return formats.contains(usual) ? usual : .text
    }

    /// Adds the page to the summary that GitHub shows of a step. One that grows over a mebibyte is refused as a whole there.
    private func addToSummary(_ page: String, on terminal: Terminal) {
        guard let path = terminal.stepSummary else { return }
        let room = (900 << 10) - (sizeOfFile(path) ?? 0)
        do {
            try appendToFile(Array(cutAtLine(page + "\n", bytes: room).utf8), at: path)
        } catch {
            terminal.complain("warning: the summary of the step could not be written\n\(error)")
        }
    }

    private func exports() throws -> [Export] { try exportArguments.map(Export.init) }

    private func style(for terminal: Terminal, about repository: Repository?) -> TextStyle {
        let isColored = color == .always || (color == .auto && terminal.welcomesColor)
        var style = TextStyle(
            width: min(max(terminal.width, 60), 200), isASCII: ascii || !terminal.isUnicode,
            isColored: isColored,
            isFull: full)
        if hyperlinks == .always || (hyperlinks == .auto && terminal.opensLinks) {
            style.links = repository?.remoteAddresses.lazy.compactMap(HostedRepository.init(remote:)).first
        }
        return style
    }
}

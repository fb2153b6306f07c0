import Foundation

/// What the program says of itself with `--experimental-dump-help`.
struct HelpDump: Decodable {
    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var arguments: [Argument]?
        var subcommands: [Command]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
            var spelling: String { (kind == "short" ? "-" : "--") + name }
        }
        var kind: String
        var abstract: String?
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var sectionTitle: String?
        var isRepeating: Bool
        var shouldDisplay: Bool
    }

    var command: Command
}

/// A page for `man` from the same definitions that `--help` is made of, in the `man` macros of troff.
func manualPage(_ dump: HelpDump, version: String) -> String {
    let command = dump.command
    var lines = [
        ".\\\" Written from --experimental-dump-help by ManualPageTests: UPDATE_GOLDEN=1 swift test --filter ManualPage",
        ".TH BLAMEDEPLOY 1 \"\" \"blamedeploy \(version)\" \"User Commands\"", ".SH NAME",
        "blamedeploy \\- \(roff(command.abstract ?? ""))", ".SH SYNOPSIS", ".B blamedeploy",
        "[\\fIcommand\\fR] [\\fIoption\\fR ...] [\\fIargument\\fR ...]", ".PP", ".B git blamedeploy",
        "where a link \\fIgit-blamedeploy\\fR to the program is on the path", ".SH EXAMPLES",
    ]
    lines += discussion(command.discussion ?? "")
    lines.append(".SH COMMANDS")
    let subcommands = (command.subcommands ?? []).filter { $0.commandName != "help" }
    for subcommand in subcommands {
        lines += [".TP", ".B \(roff(subcommand.commandName))", roff(subcommand.abstract ?? "")]
    }
    // Options that all commands share are told once.
    for subcommand in subcommands {
        lines += [".SH \(subcommand.commandName.uppercased())", roff(subcommand.abstract ?? "")]
        lines += discussion(subcommand.discussion ?? "")
        var section: String?
        for argument in (subcommand.arguments ?? []) where argument.shouldDisplay {
            if argument.names?.contains(where: { ["help", "version"].contains($0.name) }) ?? false {
                continue
            }
            if argument.sectionTitle != section {
                section = argument.sectionTitle
                if let section { lines.append(".SS \(roff(section))") }
            }
            lines += [".TP", heading(argument), roff(told(argument))]
        }
    }
    lines += [
        ".SH EXIT STATUS", ".TP", ".B 0", "judged, or done", ".TP", ".B 1",
        "something was found: always for \\fBcheck\\fR and \\fBlint\\fR, elsewhere with \\fB\\-\\-exit\\-code\\fR",
        ".TP",
        ".B 2", "it could not be judged, or it failed", ".TP", ".B 64", "the command line was wrong",
    ]
    return lines.joined(separator: "\n") + "\n"
}

private func heading(_ argument: HelpDump.Argument) -> String {
    let names = (argument.names ?? []).map { "\\fB\(roff($0.spelling))\\fR" }.joined(separator: ", ")
    let value = argument.valueName.map { "\\fI\(roff($0))\\fR" } ?? ""
    switch argument.kind {
    case "flag": return names
    case "positional": return value + (argument.isRepeating ? " ..." : "")
    default: return "\(names) \(value)"
    }
}

private func told(_ argument: HelpDump.Argument) -> String {
    let usual =
        argument.defaultValue.map { argument.kind == "flag" || $0.isEmpty ? "" : " Default: \($0)." } ?? ""
    return (argument.abstract ?? "") + usual
}

/// Indented lines are examples, shown as they are; others are paragraphs.
private func discussion(_ text: String) -> [String] {
    var lines: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) where line != "EXAMPLES" {
        if line.hasPrefix("  ") {
            if lines.last != ".EE" { lines += [".PP", ".EX"] } else { lines.removeLast() }
            lines += [roff(String(line)), ".EE"]
        } else if line.isEmpty {
            lines.append(".PP")
        } else {
            lines.append(roff(String(line)))
        }
    }
    return lines
}

/// Text in troff: backslashes, hyphens and quotes stand for themselves, and no line begins with a request.
private func roff(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\n", with: " ")
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
}

import ArgumentParser
import DeployModel
import EventIngest
import Reporting

/// The program: reads the command line, runs the command, and turns whatever happens into a status.
public enum Program {
    /// Runs on the process's own arguments and ends it.
    public static func main() -> Never {
        let terminal = Terminal()
        terminal.exit(run(Array(CommandLine.arguments.dropFirst()), on: terminal))
    }

    /// Runs on other arguments, and leaves the process as it is.
    ///
    /// - Returns: the status that it would have ended with.
    package static func run(_ arguments: [String]) -> Int32 { run(arguments, on: Terminal()).rawValue }

    static func run(_ arguments: [String], on terminal: Terminal) -> ExitStatus {
        do {
            var command = try BlameDeploy.parseAsRoot(arguments)
            if let command = command as? any TellingCommand, command.output.quiet {
                terminal.progress.silence()
            }
            if let command = command as? any Executable {
                return try command.execute(on: terminal)
            }
            try command.run()
            return .success
        } catch let failure as any Diagnosis {
            terminal.complain(withoutControls(failure.description))
            let isUsage =
                (failure as? CommandError)?.isUsage ?? ((failure as? IngestError)?.code == .badExpression)
            return isUsage ? .usage : .undecided
        } catch let failure as Terminal.WriteFailure {
            terminal.complain(failure.description)
            return .undecided
        } catch {
            return explainUsage(error, on: terminal)
        }
    }

    /// What files and servers say stands in messages too, and must not steer the terminal.
    private static func withoutControls(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { Wording.harmless(String($0)) }
            .joined(separator: "\n")
    }

    /// Help and version texts arrive as errors too; they are results, and go to standard output.
    private static func explainUsage(_ error: any Error, on terminal: Terminal) -> ExitStatus {
        let message = BlameDeploy.fullMessage(for: error)
        guard BlameDeploy.exitCode(for: error).isSuccess else {
            terminal.complain(message)
            return BlameDeploy.exitCode(for: error) == .validationFailure ? .usage : .undecided
        }
        do {
            try terminal.print(message + "\n")
            return .success
        } catch {
            terminal.complain("\(error)")
            return .undecided
        }
    }
}

/// A command that says with which status it ends.
protocol Executable {
    func execute(on terminal: Terminal) throws -> ExitStatus
}

/// One whose result is told as the options of output say.
protocol TellingCommand: Executable {
    var output: OutputOptions { get }
}

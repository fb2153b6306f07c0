import DeployModel
import Reporting

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The only place that writes to the standard streams or ends the process.
///
/// Every write is checked: a full disk must not look like success. A reader that goes away (`| head`) is no error.
struct Terminal {
    /// Why output could not be written.
    struct WriteFailure: Error, CustomStringConvertible {
        var reason: String
        var description: String {
            "error: standard output: \(reason)\n  help: free the space or choose another place"
        }
    }

    private let environment: (String) -> String?
    /// What long work is at, told on standard error where that is a terminal that somebody looks at.
    let progress: Progress
    /// The CI that runs the program, if one does. Its agent reads along.
    let continuousIntegration: ContinuousIntegration?

    init(environment: @escaping (String) -> String? = { name in getenv(name).map { String(cString: $0) } }) {
        self.environment = environment
        continuousIntegration = ContinuousIntegration(environment: environment)
        let isWatched =
            isatty(STDERR_FILENO) == 1 && continuousIntegration == nil && (environment("CI") ?? "").isEmpty
            && environment("TERM") != "dumb"
        progress = Progress(
            isSilent: !isWatched, columns: { columns(of: STDERR_FILENO) ?? 80 },
            clock: {
                var time = timespec()
                clock_gettime(CLOCK_MONOTONIC, &time)
                return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            }, write: { _ = writeAll($0, to: STDERR_FILENO) })
        signal(SIGPIPE, SIG_IGN)
    }

    /// Writes a result to standard output. A closed pipe ends the process with status 0.
    ///
    /// - Parameter isForPeople: whether it is prose, which the agent of a CI must not take for commands. What is written for programs is
    ///   written so that nothing in it is one.
    func print(_ text: String, isForPeople: Bool = true) throws(WriteFailure) {
        let told = isForPeople && continuousIntegration != nil ? withoutCommands(text) : text
        progress.end()
        switch writeAll(told, to: STDOUT_FILENO) {
        case 0: return
        case EPIPE: exit(.success)
        case let code: throw WriteFailure(reason: String(cString: strerror(code)))
        }
    }

    /// Writes to standard error; what cannot be written there cannot be complained about either.
    func complain(_ text: String) {
        let told = continuousIntegration == nil ? text : withoutCommands(text)
        progress.end()
        _ = writeAll(told.hasSuffix("\n") ? told : told + "\n", to: STDERR_FILENO)
    }

    /// Ends the process.
    func exit(_ status: ExitStatus) -> Never {
        progress.end()
        _exit(status.rawValue)
    }

    /// Whether standard output is a terminal.
    var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal; 100 where there is none.
    var width: Int {
        if let columns = environment("COLUMNS").flatMap(Int.init), columns > 0 { return columns }
        return isInteractive ? columns(of: STDOUT_FILENO) ?? 100 : 100
    }

    /// Whether colour is welcome: a terminal that is not dumb, and nobody said `NO_COLOR`.
    var welcomesColor: Bool {
        isInteractive && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    /// Whether links may be written: somebody looks, not the log of a CI, and the terminal opens them or passes over them.
    ///
    /// Those known to show the bytes instead are left out; of others one learns only by trying.
    var opensLinks: Bool {
        let term = environment("TERM") ?? ""
        guard isInteractive, continuousIntegration == nil, (environment("CI") ?? "").isEmpty,
            !["", "dumb", "linux"].contains(term), !term.hasPrefix("vt"),
            environment("INSIDE_EMACS") == nil, environment("TERM_PROGRAM") != "Apple_Terminal"
        else { return false }
        if let version = environment("VTE_VERSION").flatMap(Int.init), version < 5000 { return false }
        if environment("TERM_PROGRAM") == "tmux" {
            let parts = (environment("TERM_PROGRAM_VERSION") ?? "").split { !$0.isNumber }.compactMap {
                Int($0)
            }
            return parts.count >= 2 && (parts[0], parts[1]) >= (3, 4)
        }
        // GNU screen, and a tmux that is too old to say its name.
        return !term.hasPrefix("screen")
    }

    /// Whether the locale promises characters beyond ASCII.
    var isUnicode: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
        return !isInteractive || locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
    }

    /// The file that GitHub shows as the summary of this step; `nil` elsewhere.
    var stepSummary: String? { environment("GITHUB_STEP_SUMMARY").flatMap { $0.isEmpty ? nil : $0 } }

    /// The clock.
    var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

}

/// - Returns: 0, or the number of the error.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                return errno
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return 0
    }
}

/// How wide the terminal behind a descriptor is.
private func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
}

/// What the shell is told. The meaning of each number is in `docs/exit-status.md`.
public enum ExitStatus: Int32, Sendable {
    /// Judged, or done.
    case success = 0
    /// Something was found, where finding was asked for.
    case found = 1
    /// It could not be judged (the report is printed all the same), or it failed (nothing on standard output).
    case undecided = 2
    /// The command line was wrong.
    case usage = 64
}

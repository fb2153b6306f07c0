import Dispatch
import Synchronization

/// What long work is at, told in one line that is erased afterwards.
///
/// Nothing is told within the first second: what is over by then needs no progress. ``Terminal`` says who is told, and
/// clears the line before anything else is written.
final class Progress: Sendable {
    private struct State {
        var line: ProgressLine?
        /// When the first work of this stretch began.
        var began = 0.0
        var isShown = false
        /// Counts the stretches, so that the ticks of one that is over end.
        var stretch = 0
        var isSilent: Bool
    }

    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "progress")
    private let write: @Sendable (String) -> Void
    private let columns: @Sendable () -> Int
    private let clock: @Sendable () -> Double

    /// - Parameters:
    ///   - isSilent: whether nobody is told anything.
    ///   - columns: how wide a line may be.
    ///   - clock: seconds that only run forward.
    ///   - write: writes to where it is shown.
    init(
        isSilent: Bool, columns: @escaping @Sendable () -> Int, clock: @escaping @Sendable () -> Double,
        write: @escaping @Sendable (String) -> Void
    ) {
        state = Mutex(State(isSilent: isSilent))
        (self.columns, self.clock, self.write) = (columns, clock, write)
    }

    /// Nothing is told from now on.
    func silence() { state.withLock { $0.isSilent = true } }

    /// Work begins.
    ///
    /// - Parameters:
    ///   - work: what is done, as people say it: `reading events`.
    ///   - total: how much there is of it, in any unit; `nil` where that is not known.
    ///   - next: what comes when all of it is done, where nobody will say.
    func begin(_ work: String, of total: Int? = nil, then next: String? = nil) {
        let now = clock()
        let started: Int? = state.withLock { state in
            guard !state.isSilent else { return nil }
            let isFirst = state.line == nil
            state.line = ProgressLine(work: work, next: next, total: total, began: now)
            guard isFirst else { return nil }
            state.began = now
            state.stretch += 1
            return state.stretch
        }
        if let started { tick(of: started, after: ProgressLine.patienceSeconds) }
    }

    /// So much more is done.
    func advance(by amount: Int = 1) { state.withLock { $0.line?.done += amount } }

    /// Erases the line; it comes again only with new work.
    func end() {
        state.withLock { state in
            if state.isShown { write("\r\u{1B}[K") }
            state.isShown = false
            state.line = nil
        }
    }

    private func tick(of stretch: Int, after seconds: Double) {
        queue.asyncAfter(deadline: .now() + seconds) { [weak self] in
            guard let self, draw(stretch) else { return }
            tick(of: stretch, after: 0.2)
        }
    }

    /// - Returns: whether the stretch still goes on.
    func draw(_ stretch: Int? = nil) -> Bool {
        state.withLock { state in
            guard let line = state.line, stretch ?? state.stretch == state.stretch, !state.isSilent else {
                return false
            }
            if let text = line.text(at: clock(), since: state.began, columns: columns()) {
                write("\r\(text)\u{1B}[K")
                state.isShown = true
            }
            return true
        }
    }
}

/// The line as it stands at one time.
struct ProgressLine: Equatable {
    var work: String
    var next: String?
    var total: Int?
    var done = 0
    /// When this work began, in seconds.
    var began: Double

    /// What is over within this time is not told.
    static let patienceSeconds = 1.0

    /// `reading events  ████████········  42 %  12 s left`; `nil` before a second has passed.
    ///
    /// - Parameters:
    ///   - start: when the first of several works began.
    ///   - columns: of the terminal; the last one stays free, since some begin a new line there.
    func text(at now: Double, since start: Double, columns: Int) -> String? {
        guard now - start >= Self.patienceSeconds else { return nil }
        let elapsed = now - began
        guard let total, total > 0 else { return cut("\(work)  \(Int(now - start)) s", columns) }
        let share = min(1, Double(done) / Double(total))
        if share == 1, let next { return cut("\(next)  \(Int(now - start)) s", columns) }
        let percent = "\(Int(share * 100)) %"
        // The first moments foretell nothing.
        let left =
            share >= 0.05 && elapsed >= 1
            ? "  \(Self.duration(elapsed * (1 - share) / share)) left" : ""
        let room = min(24, columns - 1 - work.count - percent.count - left.count - 4)
        guard room >= 8 else { return cut("\(work)  \(percent)\(left)", columns) }
        let full = Int(share * Double(room))
        let bar = String(repeating: "#", count: full) + String(repeating: ".", count: room - full)
        return "\(work)  \(bar)  \(percent)\(left)"
    }

    private func cut(_ text: String, _ columns: Int) -> String { String(text.prefix(max(columns - 1, 0))) }

    private static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        return whole < 90 ? "\(whole) s" : "\((whole + 59) / 60) min"
    }
}

import Synchronization
import TestSupport
import Testing

@testable import BlameDeployCLI

@Suite("Progress on long work")
struct ProgressTests {
    private func line(_ done: Int, of total: Int?, then next: String? = nil) -> ProgressLine {
        ProgressLine(work: "reading events", next: next, total: total, done: done, began: 10)
    }

    @Test("is not told within a second, from the first work on")
    func patience() {
        let half = line(50, of: 100)
        #expect(half.text(at: 10.9, since: 10, columns: 80) == nil)
        #expect(half.text(at: 10.1, since: 9, columns: 80) != nil)
    }

    @Test(
        "says how much is done, and how long it will take",
        arguments: [
            (25, 14.0, "reading events  ######..................  25 %  12 s left"),
            (50, 250.0, "reading events  ############............  50 %  4 min left"),
            (1, 14.0, "reading events  ........................  1 %"),
            (200, 14.0, "reading events  ########################  100 %  0 s left"),
        ])
    func share(done: Int, now: Double, text: String) {
        #expect(line(done, of: 100).text(at: now, since: 10, columns: 80) == text)
    }

    @Test("counts seconds where nobody knows how much there is")
    func unknown() {
        #expect(line(7, of: nil).text(at: 15.5, since: 10, columns: 80) == "reading events  5 s")
        #expect(line(100, of: 100, then: "judging").text(at: 13, since: 10, columns: 80) == "judging  3 s")
    }

    @Test("stays on one line", arguments: [1, 10, 20, 30, 40, 60])
    func width(columns: Int) throws {
        for line in [line(50, of: 100), line(3, of: nil)] {
            let text = try #require(line.text(at: 100, since: 10, columns: columns))
            #expect(text.count < columns)
        }
    }

    /// What is written, with a clock that is set by hand.
    private final class Screen: Sendable {
        let written = Mutex("")
        let seconds = Mutex(0.0)

        func progress(isSilent: Bool = false) -> Progress {
            Progress(
                isSilent: isSilent, columns: { 80 }, clock: { self.seconds.withLock { $0 } },
                write: { text in self.written.withLock { $0 += text } })
        }

        var text: String { written.withLock { $0 } }
        func set(_ seconds: Double) { self.seconds.withLock { $0 = seconds } }
    }

    @Test("is erased, and only where something stands")
    func erased() {
        let screen = Screen()
        let progress = screen.progress()
        progress.begin("reading events", of: 100)
        progress.end()
        #expect(screen.text.isEmpty)
        progress.begin("reading events", of: 100)
        progress.advance(by: 30)
        screen.set(2)
        #expect(progress.draw())
        progress.end()
        #expect(screen.text.hasPrefix("\rreading events  #######"))
        #expect(screen.text.hasSuffix("\u{1B}[K\r\u{1B}[K"))
        let before = screen.text
        #expect(!progress.draw())
        #expect(screen.text == before)
    }

    @Test("goes on from work to work without waiting anew")
    func stretches() {
        let screen = Screen()
        let progress = screen.progress()
        progress.begin("reading events", of: 100)
        screen.set(0.8)
        progress.begin("judging")
        screen.set(1.2)
        #expect(progress.draw())
        #expect(screen.text == "\rjudging  1 s\u{1B}[K")
    }

    @Test("is silent where nobody looks, and when it is asked to be", arguments: [true, false])
    func silent(fromStart: Bool) {
        let screen = Screen()
        let progress = screen.progress(isSilent: fromStart)
        progress.begin("reading events", of: 100)
        progress.silence()
        screen.set(5)
        #expect(!progress.draw())
        progress.end()
        #expect(screen.text.isEmpty)
    }
}

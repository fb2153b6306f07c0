import TestSupport
import Testing

@testable import ConfigFaults

@Suite("Which objects some lines have a say in")
struct ObjectLinesTests {
    @Test("of short and of long stretches those that overlap are found")
    func overlapping() {
        var noise = SeededNoise(seed: 3)
        // 64 lines are the longest stretch that is looked up rather than looked at.
        let lengths = [1, 2, 3, 30, 63, 64, 65, 200]
        for _ in 0..<200 {
            let sources = (0..<40).map { object in
                let first = Int.random(in: 1...300, using: &noise)
                return (
                    lines: first...first + (lengths.randomElement(using: &noise) ?? 1) - 1, object: object
                )
            }
            let index = ObjectLines(sources)
            let start = Int.random(in: 1...320, using: &noise)
            let lines = start...start + Int.random(in: 0...70, using: &noise)
            #expect(
                index.objects(on: lines).sorted()
                    == sources.filter { $0.lines.overlaps(lines) }.map(\.object))
        }
        let endless = ObjectLines([(lines: 1...Int.max, object: 7), (lines: 5...5, object: 8)])
        #expect(endless.objects(on: 9...9) == [7] && endless.objects(on: 5...5).sorted() == [7, 8])
    }
}

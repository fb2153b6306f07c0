import DeployModel
import TestSupport
import Testing

@testable import ConfigFaults

@Suite("Near names")
struct NearNamesTests {
    /// Every name measured: the fewest edits, of several names the first.
    private func measured(_ name: String, among known: [String]) -> String? {
        known.map { (name: $0, edits: editDistance(name, $0)) }
            .filter { $0.edits <= (name.count < 8 ? 1 : 2) }
            .min { ($0.edits, $0.name) < ($1.edits, $1.name) }?.name
    }

    @Test("passing over what cannot be near finds what measuring all of them does")
    func shortcuts() {
        var noise = SeededNoise(seed: 8)
        func name(_ length: Int, _ letters: [Character]) -> String {
            String((0..<length).map { _ in letters.randomElement(using: &noise) ?? "a" })
        }
        var found = 0
        for round in 0..<400 {
            // Few letters, so that many names are near; in some rounds letters of several bytes.
            let letters = Array(round % 5 == 0 ? "abé_" : "ab_")
            let known = (0..<30).map { _ in name(Int.random(in: 1...11, using: &noise), letters) }
            for wanted in [name(Int.random(in: 1...11, using: &noise), letters), known[round % 30]] {
                let nearest = SimilarNames(known).nearest(to: wanted)
                #expect(nearest == measured(wanted, among: known), "\(wanted) among \(known)")
                if nearest != nil { found += 1 }
            }
        }
        #expect(found > 400)
    }
}

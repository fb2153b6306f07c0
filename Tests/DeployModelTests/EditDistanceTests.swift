import DeployModel
import TestSupport
import Testing

@Suite("Edits between names")
struct EditDistanceTests {
    @Test(
        "each edit counts once, neighbours that changed places too",
        arguments: [
            ("", "", 0), ("", "abc", 3), ("image", "image", 0), ("image", "imag", 1),
            ("imagePullPolcy", "imagePullPolicy", 1),
            ("replcias", "replicas", 1), ("kitten", "sitting", 3), ("é", "e", 1),
        ])
    func distances(a: String, b: String, edits: Int) {
        #expect(editDistance(a, b) == edits)
        #expect(editDistance(b, a) == edits)
    }

    @Test("counting by columns of bits gives what the definition says", arguments: [true, false])
    func definition(isPlain: Bool) {
        var noise = SeededNoise(seed: 5)
        // Letters of several bytes, and half of a line end, are counted otherwise.
        let letters = Array(isPlain ? "abcd_" : "ab_é\r")
        func letter() -> Character { letters.randomElement(using: &noise) ?? "a" }
        func word(_ length: Int) -> String { String((0..<length).map { _ in letter() }) }
        // 64 is how many a column of bits holds.
        let lengths = [0, 1, 2, 7, 8, 20, 33, 62, 63, 64, 65, 70]
        for _ in 0..<60 {
            for length in lengths {
                let a = word(length)
                // What is made of the word by a few edits, and any other one.
                var near = Array(a)
                for _ in 0..<Int.random(in: 0...4, using: &noise) where near.count > 1 {
                    let place = Int.random(in: 0..<near.count - 1, using: &noise)
                    switch Int.random(in: 0..<4, using: &noise) {
                    case 0: near.remove(at: place)
                    case 1: near.insert(letter(), at: place)
                    case 2: near[place] = letter()
                    default: near.swapAt(place, place + 1)
                    }
                }
                for b in [String(near), word(lengths.randomElement(using: &noise) ?? 3)] {
                    #expect(editDistance(a, b) == literalDistance(a, b), "\(a) \(b)")
                }
            }
        }
    }
}

/// The whole table, cell by cell.
private func literalDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var table = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count {
        for j in 0...b.count {
            guard i > 0, j > 0 else {
                table[i][j] = i + j
                continue
            }
            table[i][j] = min(
                table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            )
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
            }
        }
    }
    return table[a.count][b.count]
}

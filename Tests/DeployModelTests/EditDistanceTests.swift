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

    @Test("counting by columns of bits gives what the definition says")
    func definition() {
        var random = SeededNoise(seed: 5)
        let letters = Array("abcd_é\r")
        func word() -> String {
            String(
                (0..<Int.random(in: 0...70, using: &random)).map { _ in letters.randomElement(using: &random)!
                })
        }
        for _ in 0..<2000 {
            let a = word()
            // What is made of the word by a few edits, and any other one.
            var near = Array(a)
            for _ in 0..<Int.random(in: 0...4, using: &random) where near.count > 1 {
                let place = Int.random(in: 0..<near.count - 1, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: near.remove(at: place)
                case 1: near.insert(letters.randomElement(using: &random)!, at: place)
                case 2: near[place] = letters.randomElement(using: &random)!
                default: near.swapAt(place, place + 1)
                }
            }
            for b in [String(near), word()] {
                #expect(editDistance(a, b) == literalDistance(a, b), "\(a) \(b)")
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

/// How many characters must be put in, taken out, replaced or swapped with their neighbour to make one text of another: the
/// optimal string alignment distance (Damerau 1964).
package func editDistance(_ a: String, _ b: String) -> Int { WordDistance(from: a).edits(to: b) }

/// The edit distances from one word to others, as ``editDistance(_:_:)`` counts.
///
/// A column of the table of distances is kept as the differences between neighbours, one bit each, so that a letter costs a few
/// operations on words of 64 bits (Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003).
package struct WordDistance {
    private let word: String
    /// For each byte where it stands in the word; `nil` for words with more than 64 bytes or with letters that take several.
    private let places: [UInt64]?

    package init(from word: String) {
        self.word = word
        guard (1...64).contains(word.utf8.count), isSimple(word) else {
            places = nil
            return
        }
        var places = [UInt64](repeating: 0, count: 128)
        for (place, byte) in word.utf8.enumerated() { places[Int(byte)] |= 1 << UInt64(place) }
        self.places = places
    }

    package func edits(to other: String) -> Int {
        guard let places, isSimple(other) else { return alignmentDistance(Array(word), Array(other)) }
        let last = UInt64(1) << UInt64(word.utf8.count - 1)
        var distance = word.utf8.count
        // Where the distance grows, and where it falls, from one letter of the word to the next.
        var (grows, falls) = (UInt64.max, UInt64(0))
        var (diagonal, before) = (UInt64(0), UInt64(0))
        for byte in other.utf8 {
            let same = places[Int(byte)]
            let swapped = ((~diagonal & same) << 1) & before
            diagonal = ((same & grows) &+ grows) ^ grows | same | falls | swapped
            var rises = falls | ~(diagonal | grows)
            var sinks = diagonal & grows
            if rises & last != 0 { distance += 1 }
            if sinks & last != 0 { distance -= 1 }
            rises = rises << 1 | 1
            sinks <<= 1
            grows = sinks | ~(diagonal | rises)
            falls = rises & diagonal
            before = same
        }
        return distance
    }
}

/// Whether each byte is a letter of its own; a carriage return may be half of one.
private func isSimple(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\r") }
}

/// The distance by its definition.
private func alignmentDistance(_ a: [Character], _ b: [Character]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var rows = [Array(0...b.count)]
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            let isSame = a[i - 1] == b[j - 1]
            var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (isSame ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                best = min(best, rows[i - 2][j - 2] + 1)
            }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}

/// A set of rows, one bit for each.
struct RowSet {
    private(set) var words: [UInt64]

    /// The rows whose code is a member.
    init(_ codes: [Int32], members: [Bool]) {
        words = Array(repeating: 0, count: (codes.count + 63) / 64)
        var word: UInt64 = 0
        for index in codes.indices {
            if members[Int(codes[index])] { word |= 1 << UInt64(index & 63) }
            if index & 63 == 63 {
                words[index >> 6] = word
                word = 0
            }
        }
        if codes.count & 63 != 0 { words[words.count - 1] = word }
    }

    /// All rows up to a count.
    init(count: Int) {
        words = Array(repeating: .max, count: (count + 63) / 64)
        if count & 63 != 0 { words[words.count - 1] = (1 << UInt64(count & 63)) - 1 }
    }

    func intersection(_ other: RowSet) -> RowSet {
        var result = self
        for index in words.indices { result.words[index] &= other.words[index] }
        return result
    }

    func union(_ other: RowSet) -> RowSet {
        var result = self
        for index in words.indices { result.words[index] |= other.words[index] }
        return result
    }

    func subtracting(_ other: RowSet) -> RowSet {
        var result = self
        for index in words.indices { result.words[index] &= ~other.words[index] }
        return result
    }

    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    func contains(_ row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }

    /// The rows in ascending order.
    func indices() -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(count)
        for (index, start) in words.enumerated() {
            var word = start
            while word != 0 {
                result.append(Int32(index << 6 + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
        return result
    }

    /// The sum of a weight over the rows.
    func sum(_ weights: [Double]) -> Double {
        var total = 0.0
        for (index, start) in words.enumerated() {
            var word = start
            while word != 0 {
                total += weights[index << 6 + word.trailingZeroBitCount]
                word &= word - 1
            }
        }
        return total
    }

    /// The weight of the common rows over the weight of all rows of either set.
    func jaccard(_ other: RowSet, _ weights: [Double]) -> Double {
        let either = union(other).sum(weights)
        return either > 0 ? intersection(other).sum(weights) / either : 0
    }
}

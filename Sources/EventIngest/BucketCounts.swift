import DeployModel

/// Counts in time buckets, sparse, in any order of time.
struct BucketCounts {
    /// How many buckets a chunk holds.
    private static let chunkSize = 64

    private var chunks: [Int: [Double]] = [:]
    private(set) var total = Rate(0, of: 0)

    mutating func add(_ bucket: Int, events: Double, errors: Double) {
        let chunk = bucket >> 6
        let slot = (bucket & 63) * 2
        total.events += events
        total.errors += errors
        chunks[chunk, default: Array(repeating: 0, count: Self.chunkSize * 2)][slot] += events
        if errors != 0 { chunks[chunk]?[slot + 1] += errors }
    }

    mutating func merge(_ other: BucketCounts) {
        total = total + other.total
        for (chunk, counts) in other.chunks {
            guard let own = chunks[chunk] else {
                chunks[chunk] = counts
                continue
            }
            chunks[chunk] = zip(own, counts).map { $0 + $1 }
        }
    }

    /// The buckets that hold events, ascending.
    var filled: [Int] {
        chunks.keys.sorted().flatMap { chunk in
            (0..<Self.chunkSize).filter { chunks[chunk]?[2 * $0] != 0 }.map { chunk * Self.chunkSize + $0 }
        }
    }

    /// The counts of buckets from `first` on, dense.
    func series(_ scope: Scope, first: Int, count: Int, bucketSeconds: Int) -> Series {
        var series = Series(
            scope: scope, start: Instant(seconds: first * bucketSeconds), bucketSeconds: bucketSeconds,
            events: Array(repeating: 0, count: count), errors: Array(repeating: 0, count: count))
        for (chunk, counts) in chunks {
            for slot in 0..<Self.chunkSize {
                let index = chunk * Self.chunkSize + slot - first
                guard index >= 0, index < count else { continue }
                series.events[index] = counts[slot * 2]
                series.errors[index] = counts[slot * 2 + 1]
            }
        }
        return series
    }
}

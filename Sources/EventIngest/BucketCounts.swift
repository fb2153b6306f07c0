import DeployModel

/// Counts in time buckets, sparse, in any order of time.
struct BucketCounts {
    /// How many buckets a chunk holds: events and errors of each, one after the other.
    private static let chunkSize = 64

    /// Where each chunk begins in ``counts``.
    private var starts: [Int: Int] = [:]
    private var counts: [Double] = []
    /// The chunk used last; neighbouring events mostly share it.
    private var lastChunk = Int.min, lastStart = 0
    private(set) var total = Rate(0, of: 0)

    mutating func add(_ bucket: Int, events: Double, errors: Double) {
        let chunk = bucket >> 6
        if chunk != lastChunk { find(chunk) }
        let slot = lastStart + (bucket & 63) * 2
        total.events += events
        counts[slot] += events
        if errors != 0 {
            total.errors += errors
            counts[slot + 1] += errors
        }
    }

    private mutating func find(_ chunk: Int) {
        lastChunk = chunk
        if let start = starts[chunk] {
            lastStart = start
            return
        }
        lastStart = counts.count
        starts[chunk] = lastStart
        counts.append(contentsOf: repeatElement(0, count: Self.chunkSize * 2))
    }

    mutating func merge(_ other: BucketCounts) {
        total = total + other.total
        for (chunk, start) in other.starts {
            find(chunk)
            for slot in 0..<Self.chunkSize * 2 { counts[lastStart + slot] += other.counts[start + slot] }
        }
    }

    /// The counts of some buckets, summed.
    func total(in buckets: Range<Int>) -> Rate {
        var sum = Rate(0, of: 0)
        for (chunk, start) in starts {
            for slot in 0..<Self.chunkSize where buckets.contains(chunk * Self.chunkSize + slot) {
                sum.events += counts[start + slot * 2]
                sum.errors += counts[start + slot * 2 + 1]
            }
        }
        return sum
    }

    /// The buckets that hold events, ascending.
    var filled: [Int] {
        starts.sorted { $0.key < $1.key }.flatMap { chunk, start in
            (0..<Self.chunkSize).filter { counts[start + 2 * $0] != 0 }.map { chunk * Self.chunkSize + $0 }
        }
    }

    /// Forgets what lies outside of some buckets.
    mutating func keep(_ buckets: ClosedRange<Int>) {
        total = Rate(0, of: 0)
        for (chunk, start) in starts {
            for slot in 0..<Self.chunkSize {
                let (events, errors) = (start + 2 * slot, start + 2 * slot + 1)
                if !buckets.contains(chunk * Self.chunkSize + slot) {
                    (counts[events], counts[errors]) = (0, 0)
                }
                total = total + Rate(counts[errors], of: counts[events])
            }
        }
    }

    /// The counts as a series, dense.
    func series(_ scope: Scope, on grid: BucketGrid) -> Series {
        var series = grid.series(scope)
        for (chunk, start) in starts.sorted(by: { $0.key < $1.key }) {
            for slot in 0..<Self.chunkSize {
                guard let index = grid.index(of: chunk * Self.chunkSize + slot) else { continue }
                series.events[index] += counts[start + slot * 2]
                series.errors[index] += counts[start + slot * 2 + 1]
            }
        }
        return series
    }
}

/// The buckets of a series: each holds some neighbouring buckets of the counts.
struct BucketGrid {
    /// The first bucket of the counts, and how many there are.
    var first: Int, count: Int
    /// How many of them are one.
    var factor: Int
    var bucketSeconds: Int

    func index(of bucket: Int) -> Int? {
        bucket >= first && bucket - first < count ? (bucket - first) / factor : nil
    }

    /// A series without events.
    func series(_ scope: Scope, slowerThan: Double? = nil) -> Series {
        let none = [Double](repeating: 0, count: (count + factor - 1) / factor)
        return Series(
            scope: scope, start: Instant(seconds: first * bucketSeconds),
            bucketSeconds: bucketSeconds * factor,
            events: none, errors: none, slowerThan: slowerThan)
    }
}

import DeployModel
import RealModule

/// How long events took, counted by time bucket and by class of duration, four classes to a doubling.
package struct DurationCounts {
    package static let classes = 256
    private static let perDoubling = 4.0
    /// The class of a duration of 1.
    private static let one = 80
    /// A block counts sixteen buckets by eight classes; a row has the blocks of sixteen buckets.
    private static let blockSize = 16 * 8, blocksPerRow = classes / 8

    /// Where the row of each sixteen buckets begins in ``blocks``.
    private var rows: [Int: Int] = [:]
    /// Where each block begins in ``counts``, or −1.
    private var blocks: [Int32] = []
    private var counts: [Double] = []
    /// The row used last; neighbouring events mostly share it.
    private var lastGroup = Int.min, lastRow = 0
    private(set) var total = 0.0

    mutating func add(_ bucket: Int, duration: Double, events: Double) {
        guard duration >= 0, duration.isFinite else { return }
        total += events
        counts[place(bucket, Self.class(of: duration))] += events
    }

    private mutating func place(_ bucket: Int, _ class: Int) -> Int {
        if bucket >> 4 != lastGroup { find(bucket >> 4) }
        let block = lastRow + `class` >> 3
        if blocks[block] < 0 {
            blocks[block] = Int32(counts.count)
            counts.append(contentsOf: repeatElement(0, count: Self.blockSize))
        }
        return Int(blocks[block]) + (bucket & 15) << 3 + `class` & 7
    }

    private mutating func find(_ group: Int) {
        lastGroup = group
        if let row = rows[group] {
            lastRow = row
            return
        }
        lastRow = blocks.count
        rows[group] = lastRow
        blocks.append(contentsOf: repeatElement(-1, count: Self.blocksPerRow))
    }

    /// Hands over each count with its bucket and class, always in the same order.
    private func forEach(_ body: (_ bucket: Int, _ class: Int, _ events: Double) -> Void) {
        for (group, row) in rows.sorted(by: { $0.key < $1.key }) {
            for block in 0..<Self.blocksPerRow where blocks[row + block] >= 0 {
                for slot in 0..<Self.blockSize {
                    let events = counts[Int(blocks[row + block]) + slot]
                    if events != 0 { body(group << 4 + slot >> 3, block << 3 + slot & 7, events) }
                }
            }
        }
    }

    mutating func merge(_ other: DurationCounts) {
        total += other.total
        other.forEach { counts[place($0, $1)] += $2 }
    }

    /// Slow events among all with a duration: those above the class in which nine tenths of all lie.
    ///
    /// - Returns: `nil` when hardly any event says how long it took, or all took about as long.
    func series(_ scope: Scope, on grid: BucketGrid) -> Series? {
        var byClass = [Double](repeating: 0, count: Self.classes)
        forEach { byClass[$1] += $2 }
        guard let limit = Self.lastOrdinaryClass(byClass) else { return nil }
        var series = grid.series(scope, slowerThan: Self.end(ofClass: limit))
        forEach { bucket, duration, events in
            guard let index = grid.index(of: bucket) else { return }
            series.events[index] += events
            if duration > limit { series.errors[index] += events }
        }
        return series
    }

    /// The class in which nine tenths of all end; `nil` when hardly any event says how long it took, or all took about as long.
    package static func lastOrdinaryClass(_ byClass: [Double]) -> Int? {
        let total = byClass.reduce(0, +)
        guard total >= 200 else { return nil }
        var sum = 0.0
        let limit = byClass.indices.first { index in
            sum += byClass[index]
            return sum >= 0.9 * total
        }
        return sum < total ? limit : nil
    }

    /// The duration that a class ends before.
    package static func end(ofClass index: Int) -> Double {
        Double.exp2(Double(index + 1 - one) / perDoubling)
    }

    /// The shortest duration of each class but the first, which has all that are shorter.
    package static let starts: [Double] = (1..<classes).map { index in
        let quarter = [1, firstQuarter, half, lastQuarter][index & 3]
        return Double(sign: .plus, exponent: (index - one) >> 2, significand: quarter)
    }

    /// Where the quarters of a doubling begin.
    private static let firstQuarter = 1.189_207_115_002_721, half = 1.414_213_562_373_095_1
    private static let lastQuarter = 1.681_792_830_507_429

    /// The quarter of the doubling that a duration lies in, from its exponent and three thresholds.
    private static func `class`(of duration: Double) -> Int {
        guard duration > 0 else { return 0 }
        let significand = duration.significand
        let quarter =
            (significand >= firstQuarter ? 1 : 0) + (significand >= half ? 1 : 0)
            + (significand >= lastQuarter ? 1 : 0)
        return min(max(Int(duration.exponent) * 4 + quarter + one, 0), classes - 1)
    }
}

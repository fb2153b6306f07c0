/// Which lines of a text are gone from the next version, and where the others went.
struct LineDifference {
    /// For each line before (from 0) its index after; `nil` when it is gone.
    let destination: [Int?]
    /// The stretches of lines that are gone, as ranges of lines before.
    let removals: [Range<Int>]
    /// For each line before, where the nearest line above it that is still there went (from 0); 0 when there is none.
    let above: [Int]
    /// How many lines are gone or new.
    let count: Int

    /// Longest common subsequence of what lies between the common beginning and end; beyond a million cells of its table
    /// everything in between counts as replaced.
    init(_ before: [String], _ after: [String]) {
        var destination = [Int?](repeating: nil, count: before.count)
        var head = 0
        while head < before.count, head < after.count, before[head] == after[head] {
            destination[head] = head
            head += 1
        }
        var tail = 0
        while tail < before.count - head, tail < after.count - head,
            before[before.count - 1 - tail] == after[after.count - 1 - tail]
        {
            destination[before.count - 1 - tail] = after.count - 1 - tail
            tail += 1
        }
        let old = before[head..<before.count - tail]
        let new = after[head..<after.count - tail]
        if !old.isEmpty, !new.isEmpty, old.count * new.count <= 1_000_000 {
            for (i, j) in Self.common(Array(old), Array(new)) { destination[head + i] = head + j }
        }
        self.destination = destination
        var removals: [Range<Int>] = []
        for index in destination.indices where destination[index] == nil {
            if let last = removals.last, last.upperBound == index {
                removals[removals.count - 1] = last.lowerBound..<index + 1
            } else {
                removals.append(index..<index + 1)
            }
        }
        self.removals = removals
        var last = 0
        above = destination.map { target in
            defer { last = target ?? last }
            return last
        }
        let kept = destination.reduce(0) { $0 + ($1 == nil ? 0 : 1) }
        count = before.count + after.count - 2 * kept
    }

    private static func common(_ a: [String], _ b: [String]) -> [(Int, Int)] {
        let width = b.count + 1
        var lengths = [Int32](repeating: 0, count: (a.count + 1) * width)
        for i in a.indices.reversed() {
            for j in b.indices.reversed() {
                lengths[i * width + j] =
                    a[i] == b[j]
                    ? lengths[(i + 1) * width + j + 1] + 1
                    : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var pairs: [(Int, Int)] = []
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            if a[i] == b[j] {
                pairs.append((i, j))
                i += 1
                j += 1
            } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
                i += 1
            } else {
                j += 1
            }
        }
        return pairs
    }
}

extension LineDifference {
    /// The stretches of lines that differ, before and after.
    func stretches(newCount: Int) -> [(old: Range<Int>, new: Range<Int>)] {
        var found: [(old: Range<Int>, new: Range<Int>)] = []
        var (old, new) = (0, 0)
        func close(_ oldEnd: Int, _ newEnd: Int) {
            if oldEnd > old || newEnd > new { found.append((old..<oldEnd, new..<newEnd)) }
        }
        for (index, target) in destination.enumerated() {
            guard let target else { continue }
            close(index, target)
            (old, new) = (index + 1, target + 1)
        }
        close(destination.count, newCount)
        return found
    }
}

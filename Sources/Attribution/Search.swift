import Parallel

/// A conjunction of claims with the rows that all of them hold for.
struct Slice {
    /// The claims, sorted by field.
    var atoms: [Atom]
    /// Its rows in the window of interest, those of earlier causes included.
    var rows: RowSet
    /// What it counts among the rows that are still to be explained.
    var counts: Counts
    /// Its log-likelihood ratio.
    var score: Double
    /// What is added to the score because some events lack a field that it speaks of: see ``Search/extendedDespiteGaps(_:)``.
    var allowance = 0.0
    /// Rows that it explains though they lack such a field.
    var gaps: RowSet?

    /// The rows whose failures need no other cause.
    var explained: RowSet { gaps.map(rows.union) ?? rows }

    /// The score less what the number of possible statements of this length takes away.
    var net: Double { score + allowance - atoms.reduce(0) { $0 + $1.penalty } }
}

/// Finds the slice that explains the failures best: single claims, then pairs and triples of the best of them, then
/// each of the best slices improved claim by claim.
struct Search {
    let source: AtomSource
    let population: Population
    let candidates: [Int]
    let minimumErrors: Double
    /// The single claims that pairs are made of, best first, (nearly) equal ones left out.
    let beam: [Atom]
    /// The rows of each claim of the beam.
    let beamRows: [RowSet]

    /// A further claim must gain this much beyond its penalty.
    private static let marginOfChild = 1.5
    /// Claims whose rows overlap this much, by Jaccard's measure, say the same.
    static let sameRows = 0.98
    /// Claims of one slice, at most.
    static let longest = 3
    private static let polished = 8

    init(
        _ source: AtomSource, _ population: Population, candidates: [Int], width: Int, minimumErrors: Double
    ) {
        self.source = source
        self.population = population
        self.candidates = candidates
        self.minimumErrors = minimumErrors
        var atoms = concurrentMap(candidates, workers: source.sample.workers) {
            source.atoms(of: $0, in: nil, population, minimumErrors: minimumErrors)
        }.flatMap { $0 }
        atoms.sort(by: source.precedes)
        (beam, beamRows) = Self.fold(atoms, source, population, width)
    }

    /// The first `width` atoms that no better one says already.
    private static func fold(
        _ atoms: [Atom], _ source: AtomSource, _ population: Population, _ width: Int
    ) -> ([Atom], [RowSet]) {
        var beam: [Atom] = []
        var sets: [RowSet] = []
        var thresholds: [Int: Int] = [:]
        for atom in atoms {
            guard beam.count < width else { break }
            if atom.isThreshold, thresholds[atom.field, default: 0] >= 6 { continue }
            let near = beam.indices.filter {
                let (small, large) = (atom.counts.events, beam[$0].counts.events)
                return min(small, large) >= sameRows * max(small, large)
            }
            let rows = source.rows(atom)
            if near.contains(where: { sets[$0].jaccard(rows, population.weights) >= sameRows }) { continue }
            if atom.isThreshold { thresholds[atom.field, default: 0] += 1 }
            beam.append(atom)
            sets.append(rows)
        }
        return (beam, sets)
    }

    /// The best slice, or `nil` when no claim is worth anything.
    func best() -> Slice? {
        var starts: [Slice] = []
        for combination in combinations() {
            guard starts.count < Self.polished else { break }
            starts.append(slice(combination.map { beam[$0] }))
        }
        return concurrentMap(starts, workers: source.sample.workers) { polish($0) }.min(by: precedes)
    }

    /// The better slice first; of equal ones the shorter, then the one whose claims come first.
    func precedes(_ a: Slice, _ b: Slice) -> Bool {
        if a.net != b.net { return a.net > b.net }
        if a.atoms.count != b.atoms.count { return a.atoms.count < b.atoms.count }
        for (x, y) in zip(a.atoms, b.atoms) where x.field != y.field || x.claim != y.claim {
            if x.field != y.field { return x.field < y.field }
            return source.precedes(x, y)
        }
        return false
    }

    /// The slice that some claims make.
    func slice(_ atoms: [Atom]) -> Slice {
        let sorted = atoms.sorted { a, b in a.field != b.field ? a.field < b.field : source.precedes(a, b) }
        var rows = RowSet(count: population.weights.count)
        for atom in sorted { rows = rows.intersection(source.rows(atom)) }
        let counts = population.count(rows)
        return Slice(atoms: sorted, rows: rows, counts: counts, score: population.yardstick.score(counts))
    }
}

// MARK: Pairs and triples

extension Search {
    /// Claims of the beam, alone and together, best first.
    private func combinations() -> [[Int]] {
        let table = signatures()
        let yardstick = population.yardstick
        var found: [(net: Double, members: [Int])] = beam.indices.map {
            (beam[$0].score - beam[$0].penalty, [$0])
        }
        var pairs: [(net: Double, members: [Int])] = []
        let width = beam.count
        var joint = [Counts](repeating: Counts(), count: width * width)
        for (mask, counts) in table {
            for a in Bits(mask) {
                for b in Bits(mask & ~((2 << UInt64(a)) &- 1)) { joint[a * width + b] += counts }
            }
        }
        for a in 0..<width {
            for b in (a + 1)..<max(width, a + 1) where canJoin(beam[a], beam[b]) {
                let counts = joint[a * width + b]
                guard counts.errors >= minimumErrors else { continue }
                let net = yardstick.score(counts) - beam[a].penalty - beam[b].penalty
                pairs.append((net, [a, b]))
            }
        }
        pairs.sort(by: Self.inOrder)
        let best = Array(pairs.prefix(60))
        let longer = concurrentMap(best, workers: source.sample.workers) { triples(from: $0.members, table) }
        found += best + longer.flatMap(\.self)
        return found.sorted(by: Self.inOrder).map(\.members)
    }

    private func triples(
        from pair: [Int], _ table: [(mask: UInt64, counts: Counts)]
    ) -> [(net: Double, members: [Int])] {
        var joint = [Counts](repeating: Counts(), count: beam.count)
        let both: UInt64 = 1 << UInt64(pair[0]) | 1 << UInt64(pair[1])
        for (mask, counts) in table where mask & both == both {
            for third in Bits(mask & ~both) { joint[third] += counts }
        }
        let penalty = beam[pair[0]].penalty + beam[pair[1]].penalty
        return joint.indices.compactMap { third in
            guard joint[third].errors >= minimumErrors, !pair.contains(third),
                pair.allSatisfy({ canJoin(beam[$0], beam[third]) })
            else { return nil }
            let net = population.yardstick.score(joint[third]) - penalty - beam[third].penalty
            return (net, (pair + [third]).sorted())
        }
    }

    private static func inOrder(_ a: (net: Double, members: [Int]), _ b: (net: Double, members: [Int]))
        -> Bool
    {
        a.net != b.net ? a.net > b.net : a.members.lexicographicallyPrecedes(b.members)
    }

    /// Two claims about one field contradict or repeat each other, but for the two ends of a range and for elements of an array.
    private func canJoin(_ a: Atom, _ b: Atom) -> Bool {
        guard a.field == b.field else { return true }
        switch (a.claim, b.claim) {
        case (.above(let low), .atMost(let high)), (.atMost(let high), .above(let low)): return low < high
        case (.contains(let one), .contains(let other)): return one != other
        default: return false
        }
    }

    /// What the rows count that the same claims of the beam hold for: all that pairs and triples need.
    private func signatures() -> [(mask: UInt64, counts: Counts)] {
        var masks = [UInt64](repeating: 0, count: population.weights.count)
        for (index, rows) in beamRows.enumerated() {
            for row in rows.indices() { masks[Int(row)] |= 1 << UInt64(index) }
        }
        var table: [UInt64: Counts] = [:]
        for row in masks.indices where population.weights[row] > 0 {
            table[masks[row], default: Counts()] += population.row(row)
        }
        // The order does not matter: sums are exact.
        return table.map { (mask: $0.key, counts: $0.value) }
    }
}

/// The positions of the bits that are set.
private struct Bits: Sequence, IteratorProtocol {
    private var rest: UInt64

    init(_ mask: UInt64) { rest = mask }

    mutating func next() -> Int? {
        guard rest != 0 else { return nil }
        defer { rest &= rest - 1 }
        return rest.trailingZeroBitCount
    }
}

// MARK: Polish

extension Search {
    /// Improves a slice until nothing helps: exact thresholds, claims that are not needed, claims that are missing.
    private func polish(_ start: Slice) -> Slice {
        var current = start
        for _ in 0..<5 {
            let candidates =
                (retuned(current) + reduced(current) + extended(current) + extendedDespiteGaps(current))
                .sorted(by: precedes)
            guard let better = candidates.first, better.net > current.net + 1e-9 else { break }
            current = better
        }
        return current
    }

    /// With one claim about a number moved to the best value.
    private func retuned(_ slice: Slice) -> [Slice] {
        slice.atoms.indices.compactMap { index in
            let atom = slice.atoms[index]
            guard atom.isThreshold else { return nil }
            let others = slice.atoms.indices.filter { $0 != index }.map { slice.atoms[$0] }
            let context = others.isEmpty ? nil : self.slice(others).rows.indices()
            let same = source.atoms(of: atom.field, in: context, population, minimumErrors: minimumErrors)
                .filter { isSameDirection($0, atom) }
            guard let best = same.min(by: source.precedes), best.claim != atom.claim else { return nil }
            return self.slice(others + [best])
        }
    }

    /// With each threshold in the middle of those that explain the failures about as well.
    ///
    /// The best one lies at the outermost failing event, and hence nearly always inside the true one: by as many events as there
    /// are to a failure. The median of the thresholds, each weighed by its likelihood, lies to either side.
    func centred(_ slice: Slice) -> Slice {
        var atoms = slice.atoms
        for index in atoms.indices where atoms[index].isThreshold {
            let others = atoms.indices.filter { $0 != index }.map { atoms[$0] }
            let context = others.isEmpty ? nil : self.slice(others).rows.indices()
            atoms[index] = source.median(of: atoms[index], in: context, population)
        }
        var centred = self.slice(atoms)
        (centred.allowance, centred.gaps) = (slice.allowance, slice.gaps)
        return centred
    }

    private func isSameDirection(_ a: Atom, _ b: Atom) -> Bool {
        switch (a.claim, b.claim) {
        case (.above, .above), (.atMost, .atMost): true
        default: false
        }
    }

    /// Without one claim, where the claim did not earn its margin.
    private func reduced(_ slice: Slice) -> [Slice] {
        guard slice.atoms.count > 1 else { return [] }
        return slice.atoms.indices.map { index in
            self.slice(slice.atoms.indices.filter { $0 != index }.map { slice.atoms[$0] })
        }
    }

    /// With one more claim, which may be one that is worth nothing alone.
    private func extended(_ slice: Slice) -> [Slice] {
        guard slice.atoms.count < Self.longest else { return [] }
        let context = slice.rows.indices()
        var best: Atom?
        for field in candidates {
            let atoms = source.atoms(of: field, in: context, population, minimumErrors: minimumErrors)
            for atom in atoms where slice.atoms.allSatisfy({ canJoin($0, atom) }) {
                let isBetter =
                    best.map { best in
                        let (a, b) = (atom.score - atom.penalty, best.score - best.penalty)
                        return a != b ? a > b : source.precedes(atom, best)
                    } ?? true
                if isBetter { best = atom }
            }
        }
        guard let best, best.score > slice.score + best.penalty + Self.marginOfChild else { return [] }
        return [self.slice(slice.atoms + [best])]
    }

    /// With one more value of a field that a part of the slice's events lack.
    ///
    /// Such events are no evidence against the value: where it is missing at random, a part of them have it unseen. So the
    /// claim is weighed among the events that have the field, provided that those without fail no more than such a
    /// mixture would.
    private func extendedDespiteGaps(_ slice: Slice) -> [Slice] {
        guard slice.atoms.count < Self.longest, slice.gaps == nil else { return [] }
        let context = slice.rows.indices()
        var best: (gain: Double, atom: Atom)?
        for index in candidates where !slice.atoms.contains(where: { $0.field == index }) {
            let field = source.sample.fields[index]
            var cells = [Counts](repeating: Counts(), count: field.values.count + 1)
            population.tally(field.codes, context, into: &cells)
            let missing = cells[field.values.count]
            guard (0.1...0.6).contains(missing.events / slice.counts.events), missing.errors > 0 else {
                continue
            }
            let present = slice.counts - missing
            let yardstick = population.yardstick.without(missing)
            for code in 0..<field.values.count
            where cells[code].errors >= minimumErrors && field.elements[Int32(code)] == nil {
                let own = cells[code]
                let excess = max(0, own.errors - own.background) / own.events
                let mixture =
                    missing.background + excess * missing.events * own.events / present.events
                guard missing.errors <= 2 * mixture + 3 else { continue }
                let gain = yardstick.score(own) - yardstick.score(present)
                guard let atom = source.value(of: index, Int32(code), own, population) else { continue }
                let net = gain - atom.penalty - Self.marginOfChild
                let isBetter =
                    best.map { net != $0.gain ? net > $0.gain : source.precedes(atom, $0.atom) } ?? (net > 0)
                if isBetter { best = (net, atom) }
            }
        }
        guard let best else { return [] }
        var longer = self.slice(slice.atoms + [best.atom])
        let gain = best.gain + best.atom.penalty + Self.marginOfChild
        longer.allowance = slice.score + gain - longer.score
        let field = source.sample.fields[best.atom.field]
        var isMissing = [Bool](repeating: false, count: field.values.count + 1)
        isMissing[field.values.count] = true
        longer.gaps = slice.rows.intersection(RowSet(field.codes, members: isMissing))
        return [longer]
    }
}

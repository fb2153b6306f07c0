import DeployModel
import RealModule

/// A claim about one field, with what it counts.
struct Atom {
    enum Claim: Hashable {
        /// The value with this code.
        case value(Int32)
        /// No such field.
        case missing
        /// Numbers above this one.
        case above(Double)
        /// Numbers up to this one.
        case atMost(Double)
        /// Texts that begin so.
        case prefix(String)
        /// Arrays with this element.
        case contains(FieldValue)
    }

    let field: Int
    let claim: Claim
    var counts: Counts
    /// The log-likelihood ratio, before any penalty.
    var score: Double
    /// The logarithm of how many claims could have been made instead.
    var penalty: Double

    var isThreshold: Bool {
        switch claim {
        case .above, .atMost: true
        default: false
        }
    }
}

/// The claims that can be made of the fields.
struct AtomSource {
    let sample: Sample
    /// Claims that several values of a field share: the pods of a workload or of a template, arrays with the same element.
    private let groups: [Int: Groups]
    /// What a claim about each field pays: that it has a value, or lacks one; and that it is above or below a number.
    private var penalties: [Double], cutPenalties: [Double]
    /// Of fields whose values come and go with deploys: the values that came with the incident, and what a claim about one pays.
    private var arrivals: [Int: Arrivals] = [:]

    private struct Groups {
        var list: [(claim: Atom.Claim, members: [Int32])] = []
        var positions: [Atom.Claim: Int] = [:]

        mutating func add(_ claim: Atom.Claim, _ members: [Int32]) {
            positions[claim] = list.count
            list.append((claim, members))
        }

        subscript(claim: Atom.Claim) -> [Int32] { positions[claim].map { list[$0].members } ?? [] }
    }

    private struct Arrivals {
        let isNew: [Bool]
        let penalty: Double
    }

    /// The part of the values of one field that is kept, best first.
    private static let kept = 40
    /// Thresholds come from this many stretches of equal weight, the best of each.
    private static let stretches = 18

    init(_ sample: Sample, candidates: [Int], podField: Int?) {
        self.sample = sample
        var groups: [Int: Groups] = [:]
        for index in candidates {
            let field = sample.fields[index]
            var own = Groups()
            if index == podField || FieldName(field.name).isPod || field.holdsPods {
                for (prefix, members) in Self.podPrefixes(field) { own.add(.prefix(prefix), members) }
            }
            for (element, members) in Self.byElement(field) { own.add(.contains(element), members) }
            if !own.list.isEmpty { groups[index] = own }
        }
        self.groups = groups
        penalties = Array(repeating: 0, count: sample.fields.count)
        cutPenalties = penalties
        let names = candidates.map { FieldName(sample.fields[$0].name) }
        // What was known before an event ended makes it fail more often than what somebody called by a name of their own.
        let chances = names.map { $0.isKnownBefore ? 3.0 : 1.0 }
        let all = chances.reduce(0, +)
        for (position, index) in candidates.enumerated() {
            let field = sample.fields[index]
            var failing = [Bool](repeating: false, count: field.values.count + 1)
            for row in field.codes.indices where sample.interest.errorWeights[row] > 0 {
                failing[Int(field.codes[row])] = true
            }
            let values = failing.indices.reduce(0) {
                $0 + (failing[$1] && field.elements[Int32($1)] == nil ? 1 : 0)
            }
            // Neighbouring thresholds pick nearly the same events: a field has about as many independent ones as
            // there are stretches, both ways.
            let cuts = min(2 * field.ascending.count, 2 * Self.stretches)
            let options = values + (groups[index]?.list.count ?? 0)
            let choice = Double.log(max(all, 2) / chances[position])
            penalties[index] = choice + Double.log(Double(max(options, 2)))
            // A cut is put where it fits best, and fewer causes are sizes than names.
            cutPenalties[index] = choice + Double.log(Double(max(cuts, 2))) + 2
            if names[position].isDeployIdentity, sample.hasBaseline {
                arrivals[index] = Self.arrivals(field, failing: failing, in: sample, choice: choice)
            }
        }
    }

    /// The values of a field that hardly occurred before. What came just then is suspected first: it is one of a few, and twice as
    /// likely as what was always there.
    private static func arrivals(_ field: Field, failing: [Bool], in sample: Sample, choice: Double)
        -> Arrivals
    {
        var now = [Double](repeating: 0, count: field.values.count + 1)
        var before = now
        for row in field.codes.indices { now[Int(field.codes[row])] += sample.interest.weights[row] }
        for row in field.baselineCodes.indices {
            before[Int(field.baselineCodes[row])] += sample.baseline.weights[row]
        }
        let growth = sample.growth
        let isNew = now.indices.map { code in
            code < field.values.count && before[code] * growth <= 0.05 * now[code]
        }
        let count = isNew.indices.reduce(0) { $0 + (isNew[$1] && failing[$1] ? 1 : 0) }
        return Arrivals(
            isNew: isNew, penalty: choice + Double.log(Double(max(count, 2))) - Double.log(2))
    }

    private func penalty(_ field: Int, _ claim: Atom.Claim) -> Double {
        let isNew: Bool
        switch claim {
        case .above, .atMost: return cutPenalties[field]
        case .missing: return penalties[field]
        case .value(let code): isNew = arrivals[field]?.isNew[Int(code)] ?? false
        case .prefix, .contains:
            let members = groups[field]?[claim] ?? []
            isNew = arrivals[field].map { known in members.allSatisfy { known.isNew[Int($0)] } } ?? false
        }
        guard let arrivals = arrivals[field] else { return penalties[field] }
        return isNew ? min(arrivals.penalty, penalties[field]) : penalties[field]
    }

    /// The promising claims about one field, for the rows given (all when `nil`).
    func atoms(
        of index: Int, in rows: [Int32]?, _ population: Population, minimumErrors: Double
    ) -> [Atom] {
        let field = sample.fields[index]
        var cells = [Counts](repeating: Counts(), count: field.values.count + 1)
        population.tally(field.codes, rows, into: &cells)
        var claims: [(Atom.Claim, Counts)] = []
        for code in 0..<field.values.count
        where cells[code].errors >= minimumErrors && field.elements[Int32(code)] == nil {
            claims.append((.value(Int32(code)), cells[code]))
        }
        if cells[field.values.count].errors >= minimumErrors {
            claims.append((.missing, cells[field.values.count]))
        }
        for (claim, members) in groups[index]?.list ?? [] {
            var sum = Counts()
            for code in members { sum += cells[Int(code)] }
            if sum.errors >= minimumErrors { claims.append((claim, sum)) }
        }
        var atoms = claims.compactMap { make(index, $0.0, $0.1, population) }
        atoms.sort(by: precedes)
        if atoms.count > Self.kept { atoms.removeLast(atoms.count - Self.kept) }
        return atoms + thresholds(of: index, cells, population, minimumErrors)
    }

    /// For each stretch of a numeric field and each direction the best threshold: exact values, no grid.
    private func thresholds(
        of index: Int, _ cells: [Counts], _ population: Population, _ minimumErrors: Double
    ) -> [Atom] {
        let field = sample.fields[index]
        guard field.isNumeric, FieldName(field.name).hasOrder else { return [] }
        var all = Counts()
        for code in field.ascending { all += cells[Int(code)] }
        var best: [Atom?] = Array(repeating: nil, count: 2 * Self.stretches)
        var below = Counts()
        for code in field.ascending.dropLast() where cells[Int(code)].events > 0 {
            below += cells[Int(code)]
            let above = all - below
            let number = field.numbers[Int(code)]
            let position = Int(Double(Self.stretches) * below.events / all.events)
            let stretch = min(position, Self.stretches - 1)
            for (slot, claim, counts) in [
                (stretch, Atom.Claim.above(number), above),
                (Self.stretches + stretch, .atMost(number), below),
            ] where counts.errors >= minimumErrors {
                guard let atom = make(index, claim, counts, population) else { continue }
                if atom.score > (best[slot]?.score ?? 0) { best[slot] = atom }
            }
        }
        return best.compactMap(\.self)
    }

    /// A threshold moved to the median of all thresholds of its direction, each weighed by its likelihood among the rows given
    /// (all when `nil`).
    func median(of atom: Atom, in rows: [Int32]?, _ population: Population) -> Atom {
        let field = sample.fields[atom.field]
        var cells = [Counts](repeating: Counts(), count: field.values.count + 1)
        population.tally(field.codes, rows, into: &cells)
        let all = field.ascending.reduce(into: Counts()) { $0 += cells[Int($1)] }
        var isAbove = false
        if case .above = atom.claim { isAbove = true }
        var below = Counts()
        var cuts: [(code: Int32, score: Double)] = []
        for code in field.ascending.dropLast() where cells[Int(code)].events > 0 {
            below += cells[Int(code)]
            cuts.append((code, population.yardstick.score(isAbove ? all - below : below)))
        }
        let best = cuts.map(\.score).max() ?? 0
        // Before anything failed a threshold may have been between any two events.
        let weights = cuts.map { cells[Int($0.code)].events * Double.exp($0.score - best) }
        let half = weights.reduce(0, +) / 2
        var sum = 0.0
        for (cut, weight) in zip(cuts, weights) {
            sum += weight
            guard sum >= half else { continue }
            let number = field.numbers[Int(cut.code)]
            return Atom(
                field: atom.field, claim: isAbove ? .above(number) : .atMost(number), counts: atom.counts,
                score: cut.score, penalty: atom.penalty)
        }
        return atom
    }

    /// The claim that a field has one value; `nil` when it is worth nothing.
    func value(of field: Int, _ code: Int32, _ counts: Counts, _ population: Population) -> Atom? {
        make(field, .value(code), counts, population)
    }

    private func make(_ field: Int, _ claim: Atom.Claim, _ counts: Counts, _ population: Population) -> Atom?
    {
        let score = population.yardstick.score(counts)
        guard score > 0, counts.events <= 0.97 * population.yardstick.total.events else { return nil }
        return Atom(
            field: field, claim: claim, counts: counts, score: score, penalty: penalty(field, claim))
    }

    /// For each code of the field whether the claim holds.
    func members(_ atom: Atom) -> [Bool] {
        let field = sample.fields[atom.field]
        var members = [Bool](repeating: false, count: field.values.count + 1)
        switch atom.claim {
        case .value(let code): members[Int(code)] = true
        case .missing: members[field.values.count] = true
        case .above(let number):
            for code in field.ascending where field.numbers[Int(code)] > number { members[Int(code)] = true }
        case .atMost(let number):
            for code in field.ascending where field.numbers[Int(code)] <= number { members[Int(code)] = true }
        case .prefix, .contains:
            for code in groups[atom.field]?[atom.claim] ?? [] { members[Int(code)] = true }
        }
        return members
    }

    /// The rows of the window of interest that a claim holds for.
    func rows(_ atom: Atom) -> RowSet { RowSet(sample.fields[atom.field].codes, members: members(atom)) }

    /// The rows of the baseline that a claim holds for.
    func baselineRows(_ atom: Atom) -> RowSet {
        RowSet(sample.fields[atom.field].baselineCodes, members: members(atom))
    }

    /// The claim in words that others understand.
    func predicate(_ atom: Atom) -> Predicate {
        let field = sample.fields[atom.field]
        return switch atom.claim {
        case .value(let code): Predicate(field.name, .equals(field.values[Int(code)]))
        case .missing: Predicate(field.name, .isNull)
        case .above(let number): Predicate(field.name, .above(number))
        case .atMost(let number): Predicate(field.name, .atMost(number))
        case .prefix(let prefix): Predicate(field.name, .hasPrefix(prefix))
        case .contains(let element): Predicate(field.name, .contains(element))
        }
    }

    /// The better score first; of equal ones the field, then the value, that comes first.
    func precedes(_ a: Atom, _ b: Atom) -> Bool {
        if a.score != b.score { return a.score > b.score }
        if a.field != b.field { return a.field < b.field }
        return order(a) < order(b)
    }

    private func order(_ atom: Atom) -> (Int, FieldValue) {
        let field = sample.fields[atom.field]
        return switch atom.claim {
        case .value(let code): (0, field.values[Int(code)])
        case .prefix(let prefix): (1, .string(prefix))
        case .above(let number): (2, .number(number))
        case .atMost(let number): (3, .number(number))
        case .missing: (4, .bool(false))
        case .contains(let element): (5, element)
        }
    }

    /// The arrays that each element is in.
    private static func byElement(_ field: Field) -> [(element: FieldValue, members: [Int32])] {
        var members: [FieldValue: [Int32]] = [:]
        for (code, elements) in field.elements.sorted(by: { $0.key < $1.key }) {
            for element in elements { members[element, default: []].append(code) }
        }
        return members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// `workload-` and `workload-hash-` of the pod names that have such parts, where more than one pod has them.
    private static func podPrefixes(_ field: Field) -> [(prefix: String, members: [Int32])] {
        var texts: [(code: Int32, text: String)] = []
        var prefixes: Set<String> = []
        for (code, value) in field.values.enumerated() {
            guard case .string(let text) = value else { continue }
            texts.append((Int32(code), text))
            let pod = PodName(text)
            if pod.controller == .none { continue }
            prefixes.insert(pod.workload + "-")
            if let hash = pod.templateHash { prefixes.insert("\(pod.workload)-\(hash)-") }
        }
        guard texts.count <= 20_000 else { return [] }
        texts.sort { $0.text < $1.text }
        return prefixes.sorted().compactMap { prefix in
            var low = 0
            var high = texts.count
            while low < high {
                let middle = (low + high) / 2
                if texts[middle].text < prefix { low = middle + 1 } else { high = middle }
            }
            let members = texts[low...].prefix { $0.text.hasPrefix(prefix) }.map(\.code)
            return members.count > 1 ? (prefix, members) : nil
        }
    }
}

/// The rows that are still to be explained.
struct Population {
    private(set) var weights: [Double]
    private(set) var errorWeights: [Double]
    private(set) var background: [Double]
    private(set) var yardstick: Yardstick
    private let evidence: Double

    init(_ sample: Sample, _ background: Background, without removed: RowSet?) {
        weights = sample.interest.weights
        errorWeights = sample.interest.errorWeights
        if let removed {
            for row in removed.indices() {
                weights[Int(row)] = 0
                errorWeights[Int(row)] = 0
            }
        }
        self.background = zip(background.rates, weights).map { $0 * $1 }
        evidence = sample.evidence
        yardstick = Yardstick(total: Counts(), evidence: evidence)
        let all = count(RowSet(count: weights.count))
        yardstick = Yardstick(total: all, evidence: evidence)
    }

    func row(_ index: Int) -> Counts {
        Counts(events: weights[index], errors: errorWeights[index], background: background[index])
    }

    func count(_ rows: RowSet) -> Counts {
        var total = Counts()
        for (index, start) in rows.words.enumerated() {
            var word = start
            while word != 0 {
                total += row(index << 6 + word.trailingZeroBitCount)
                word &= word - 1
            }
        }
        return total
    }

    func tally(_ codes: [Int32], _ rows: [Int32]?, into cells: inout [Counts]) {
        if let rows {
            for row in rows { cells[Int(codes[Int(row)])] += self.row(Int(row)) }
        } else {
            for row in codes.indices { cells[Int(codes[row])] += self.row(row) }
        }
    }
}

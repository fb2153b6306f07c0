import DeployModel

/// Puts slices into words: predicates that people know, other names of the same events, workload and pods.
struct Witness {
    private let sample: Sample
    private let roles: Roles
    private let source: AtomSource
    private let everything: Population
    /// The failures that were explained: all, or those that look new.
    private let looked: Population
    private let podField: Int?
    private let workloadField: Int?
    /// Failures that nobody need explain, for each event; only without a baseline.
    private let rateElsewhere: Double
    private let excess: Double

    init(
        of whole: Evidence, _ evidence: Evidence, table: EventTable, roles: Roles, slices: [Slice]
    ) {
        sample = whole.sample
        self.roles = roles
        podField = sample.podField(in: table)
        workloadField = sample.fields.firstIndex { $0.name == table.roles[.workload] }
        source = AtomSource(sample, candidates: roles.candidates, podField: podField)
        everything = Population(sample, whole.background, without: nil)
        looked = Population(evidence.sample, evidence.background, without: nil)
        let total = looked.yardstick.total
        let explained = slices.dropFirst().reduce(slices.first?.rows) { $0?.union($1.rows) }
        let inside = explained.map(looked.count) ?? Counts()
        rateElsewhere =
            sample.hasBaseline ? 0 : max(0, ratio(total.errors - inside.errors, total.events - inside.events))
        excess =
            sample.hasBaseline
            ? total.errors - total.background : total.errors - rateElsewhere * total.events
    }

    /// The cause that a slice is.
    func describe(_ slice: Slice) -> Cause {
        var shown: [Atom] = []
        var aliases: [Atom] = []
        for atom in slice.atoms {
            let (first, others) = names(of: atom)
            shown.append(first)
            aliases += others
        }
        // Counted by the claims that are shown, so that the reader can check them.
        let rows = shown.reduce(RowSet(count: sample.interest.count)) { $0.intersection(source.rows($1)) }
        let counts = everything.count(rows)
        let expected = sample.hasBaseline ? counts.background : rateElsewhere * counts.events
        let share = looked.count(rows)
        let usual = sample.hasBaseline ? share.background : expected
        let before = shown.reduce(RowSet(count: sample.baseline.count)) {
            $0.intersection(source.baselineRows($1))
        }
        let eventsBefore = before.sum(sample.baseline.weights)
        let rateBefore = eventsBefore > 0 ? before.sum(sample.baseline.errorWeights) / eventsBefore : nil
        return Cause(
            predicates: shown.map(source.predicate), errors: counts.errors, events: counts.events,
            expectedErrors: expected,
            coverage: min(1, max(0, (share.errors - usual) / max(excess, 1e-9))),
            rateBefore: rateBefore, rateAfter: counts.events > 0 ? counts.errors / counts.events : 0,
            aliases: aliases.map(source.predicate), workload: workload(of: shown + aliases),
            pods: pods(in: rows), symptoms: describeSymptoms(of: sample, roles: roles, in: rows))
    }

    /// The claims that hold for (nearly) the same events as an atom, the one that people know best first.
    private func names(of atom: Atom) -> (Atom, [Atom]) {
        guard !atom.isThreshold else { return (atom, []) }
        let rows = source.rows(atom)
        let counts = looked.count(rows)
        let score = looked.yardstick.score(counts)
        var same: [(atom: Atom, score: Double)] = [(atom, score)]
        for field in roles.candidates where field != atom.field {
            let atoms = source.atoms(
                of: field, in: nil, looked, minimumErrors: 0.9 * counts.errors)
            // Of one field, the claim that comes nearest.
            let best = atoms.lazy.filter { !$0.isThreshold }
                .filter {
                    min($0.counts.events, counts.events) >= 0.98 * max($0.counts.events, counts.events)
                }
                .map { ($0, source.rows($0).jaccard(rows, sample.interest.weights)) }
                .filter { $0.1 >= Search.sameRows }
                .max { $0.1 != $1.1 ? $0.1 < $1.1 : source.precedes($1.0, $0.0) }
            if let best { same.append((best.0, best.0.score)) }
        }
        // An alias that explains noticeably less is told, but not shown first.
        let floor = score - max(2, 0.02 * score)
        let order = same.sorted { a, b in
            let (isGood, isOtherGood) = (a.score >= floor, b.score >= floor)
            if isGood != isOtherGood { return isGood }
            if rank(a.atom) != rank(b.atom) { return rank(a.atom) < rank(b.atom) }
            return a.atom.field != b.atom.field
                ? a.atom.field < b.atom.field : source.precedes(a.atom, b.atom)
        }.map(\.atom)
        return (order[0], Array(order.dropFirst()))
    }

    /// Equality is easier to read than a prefix, and a prefix than absence.
    private func rank(_ atom: Atom) -> Int {
        let name = FieldName(sample.fields[atom.field].name)
        let field = atom.field == workloadField ? 0 : name.rank
        switch atom.claim {
        case .missing: return field + 100
        default: return field
        }
    }

    /// The workload, where a claim names one: the value of a workload field, or a prefix that only one workload's pods
    /// have.
    private func workload(of atoms: [Atom]) -> String? {
        let ranked = atoms.sorted { rank($0) != rank($1) ? rank($0) < rank($1) : $0.field < $1.field }
        for atom in ranked {
            let field = sample.fields[atom.field]
            switch atom.claim {
            case .value(let code):
                if atom.field == workloadField || FieldName(field.name).isWorkload {
                    return field.values[Int(code)].text
                }
            case .prefix:
                let members = source.members(atom)
                let names = Set(
                    members.indices.filter { members[$0] }.map { PodName(field.values[$0].text).workload })
                if names.count == 1, let name = names.first { return name }
            default: break
            }
        }
        return nil
    }

    /// At most this many pods are named.
    private static let podsNamed = 200

    private func pods(in rows: RowSet) -> [String] {
        guard let podField else { return [] }
        let field = sample.fields[podField]
        var codes: Set<Int32> = []
        for row in rows.indices() where sample.interest.errorWeights[Int(row)] > 0 {
            let code = field.codes[Int(row)]
            if code != field.missing { codes.insert(code) }
        }
        return Array(codes.map { field.values[Int($0)].text }.sorted().prefix(Self.podsNamed))
    }
}

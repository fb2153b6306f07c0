import DeployModel
import Parallel
import Synchronization

/// What the failing events look like: for each symptom field the values that they have more often than others.
///
/// - Parameter rows: whose failures are described; all by default.
func describeSymptoms(of sample: Sample, roles: Roles, in rows: RowSet? = nil) -> [Symptom] {
    var counts: [Counts] = sample.interest.weights.indices.map {
        Counts(
            events: sample.interest.weights[$0], errors: sample.interest.errorWeights[$0], background: 0)
    }
    // The failures of other slices belong to neither side.
    if let rows {
        for row in counts.indices where counts[row].errors > 0 && !rows.contains(row) {
            counts[row] = Counts()
        }
    }
    let all = counts.reduce(into: Counts()) { $0 += $1 }
    let symptoms = roles.symptoms.flatMap { index in
        let field = sample.fields[index]
        var cells = [Counts](repeating: Counts(), count: field.values.count + 1)
        for row in field.codes.indices { cells[Int(field.codes[row])] += counts[row] }
        return field.ascending.count > 50
            ? measurement(field, cells, of: all, evidence: sample.evidence)
            : labels(field, sample.looks.texts(of: index, in: sample), cells, of: all)
    }
    return symptoms.sorted { a, b in
        if a.errors != b.errors { return a.errors > b.errors }
        return (a.field, a.value) < (b.field, b.value)
    }
}

/// How many values of a field are told.
private let valuesTold = 5

/// The values of fields as texts, their changing parts left out: made when they are first asked for.
final class Looks: Sendable {
    private let known = Mutex<[Int: [String]]>([:])

    /// By code, the texts of a field of a sample.
    func texts(of field: Int, in sample: Sample) -> [String] {
        if let texts = known.withLock({ $0[field] }) { return texts }
        let values = sample.fields[field].values
        let pieces = stride(from: 0, to: values.count, by: 1024).map {
            values[$0..<min($0 + 1024, values.count)]
        }
        let texts = concurrentMap(pieces, workers: sample.workers) { piece in
            piece.map { if case .string(let text) = $0 { MessageTemplate(text).text } else { $0.text } }
        }.flatMap(\.self)
        known.withLock { $0[field] = texts }
        return texts
    }
}

/// The most frequent texts, their changing parts left out.
private func labels(_ field: Field, _ texts: [String], _ cells: [Counts], of all: Counts) -> [Symptom] {
    var byText: [String: Counts] = [:]
    for (code, text) in texts.enumerated() where cells[code].events > 0 {
        byText[text, default: Counts()] += cells[code]
    }
    let passing = all.events - all.errors
    return byText.filter { _, counts in
        let share = counts.errors / all.errors
        let otherwise = passing > 0 ? (counts.events - counts.errors) / passing : 0
        return counts.errors > 0 && share > 1.5 * otherwise
    }
    .sorted { a, b in a.value.errors != b.value.errors ? a.value.errors > b.value.errors : a.key < b.key }
    .prefix(valuesTold)
    .map { Symptom(field: field.name, value: $0.key, errors: $0.value.errors) }
}

/// The threshold that tells failing events from the others best, when one does.
private func measurement(_ field: Field, _ cells: [Counts], of all: Counts, evidence: Double) -> [Symptom] {
    let yardstick = Yardstick(total: all, evidence: evidence)
    let present = field.ascending.reduce(into: Counts()) { $0 += cells[Int($1)] }
    var below = Counts()
    var best: (score: Double, symptom: Symptom)?
    for code in field.ascending.dropLast() where cells[Int(code)].events > 0 {
        below += cells[Int(code)]
        let above = present - below
        let number = FieldValue.number(field.numbers[Int(code)]).text
        for (sign, counts) in [(">", above), ("<=", below)] {
            let score = yardstick.score(counts)
            guard score > best?.score ?? 10 else { continue }
            best = (score, Symptom(field: field.name, value: "\(sign) \(number)", errors: counts.errors))
        }
    }
    return best.map { [$0.symptom] } ?? []
}

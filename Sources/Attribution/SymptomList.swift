import DeployModel

/// What the failing events look like: for each symptom field the values that they have more often than others.
func describeSymptoms(of sample: Sample, roles: Roles) -> [Symptom] {
    let symptoms = roles.symptoms.flatMap { index in
        let field = sample.fields[index]
        return field.ascending.count > 50 ? measurement(field, sample) : labels(field, sample)
    }
    return symptoms.sorted { a, b in
        if a.errors != b.errors { return a.errors > b.errors }
        return (a.field, a.value) < (b.field, b.value)
    }
}

/// How many values of a field are told.
private let valuesTold = 5

/// The most frequent texts, their changing parts left out.
private func labels(_ field: Field, _ sample: Sample) -> [Symptom] {
    var cells = [Counts](repeating: Counts(), count: field.values.count + 1)
    for row in field.codes.indices {
        cells[Int(field.codes[row])].events += sample.interest.weights[row]
        cells[Int(field.codes[row])].errors += sample.interest.errorWeights[row]
    }
    var byText: [String: Counts] = [:]
    for (code, value) in field.values.enumerated() where cells[code].events > 0 {
        // A passing event's text costs time to template and matters only where failing ones share it.
        let text = if case .string(let text) = value { MessageTemplate(text).text } else { value.text }
        byText[text, default: Counts()] += cells[code]
    }
    let passing = sample.interest.events - sample.errors
    return byText.filter { _, counts in
        let share = counts.errors / sample.errors
        let otherwise = passing > 0 ? (counts.events - counts.errors) / passing : 0
        return counts.errors > 0 && share > 1.5 * otherwise
    }
    .sorted { a, b in a.value.errors != b.value.errors ? a.value.errors > b.value.errors : a.key < b.key }
    .prefix(valuesTold)
    .map { Symptom(field: field.name, value: $0.key, errors: $0.value.errors) }
}

/// The threshold that tells failing events from the others best, when one does.
private func measurement(_ field: Field, _ sample: Sample) -> [Symptom] {
    var cells = [Counts](repeating: Counts(), count: field.values.count + 1)
    var all = Counts()
    for row in field.codes.indices {
        let counts = Counts(
            events: sample.interest.weights[row], errors: sample.interest.errorWeights[row], background: 0)
        cells[Int(field.codes[row])] += counts
        all += counts
    }
    let yardstick = Yardstick(total: all, evidence: sample.evidence)
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

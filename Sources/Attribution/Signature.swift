import DeployModel
import Parallel
import RealModule

/// What the failures of an incident look like and those before it did not: values of one symptom, such as a new error message.
///
/// Failures that look as they always did are what the background makes. Set aside, they cannot drown the
/// few that are new.
struct Signature {
    /// The field that tells new failures from old ones best.
    let field: Int
    /// For each code of the field, the missing one included, whether failures with it are new ones.
    let isNew: [Bool]
    /// The values that are new, their changing parts left out, with the failures that have them; most frequent first.
    let looks: [Symptom]

    /// How much more often failures of one look must occur than the baseline lets expect.
    private static let growth = 2.5
    /// What the growth of one look must be beyond chance, as a log-likelihood ratio, after the number of looks is paid for.
    private static let conviction = 2.0
    /// Numbers with more values than this are measurements, of which no single value says anything.
    private static let labels = 50
    /// A signature must set aside this part of the failures that the baseline lets expect: else it changes little.
    private static let leastSetAside = 0.3
    /// Failures that are set aside may be more than expected by this many standard deviations: beyond that they are
    /// part of what happened.
    private static let tolerance = 2.5
    private static let looksTold = 20

    /// The signature of a window's failures; `nil` when they look as they did before, when those that do rose as well, or when hardly
    /// any would be set aside.
    ///
    /// - Parameters:
    ///   - symptoms: fields that describe failures.
    ///   - expected: failures of the window that the baseline lets expect.
    init?(of sample: Sample, symptoms: [Int], expected: Double) {
        let unit = 1 / sample.evidence(of: sample.baseline.errorWeights)
        guard sample.hasBaseline, sample.baseline.errors >= 5 * unit else { return nil }
        let price = Self.conviction + Double.log(Double(max(symptoms.count, 1)))
        // Measurements have no looks.
        let labelled = symptoms.filter { sample.fields[$0].ascending.count <= Self.labels }
        for field in labelled { _ = sample.looks.texts(of: field, in: sample) }
        let found = concurrentMap(labelled, workers: sample.workers) {
            Self.news(in: $0, sample, expected: expected, unit: unit, price: price)
        }
        var best: (field: Int, news: News)?
        for case (let field, let news?) in zip(labelled, found) where news.gain > best?.news.gain ?? 0 {
            best = (field, news)
        }
        guard let best else { return nil }
        (field, isNew) = (best.field, best.news.isNew)
        looks = Array(best.news.looks.prefix(Self.looksTold))
    }

    /// The new looks of one field.
    private struct News {
        var isNew: [Bool]
        var looks: [Symptom] = []
        /// How much better they are explained by having become more frequent, as a log-likelihood ratio.
        var gain = 0.0
    }

    /// Failures of one look.
    private struct Look {
        var codes: [Int] = []
        var now = 0.0
        var squares = 0.0
        var before = 0.0
    }

    /// - Parameters:
    ///   - unit: events that one failing row of the baseline stands for.
    ///   - price: what a field must be paid for.
    private static func news(
        in index: Int, _ sample: Sample, expected: Double, unit: Double, price: Double
    ) -> News? {
        let field = sample.fields[index]
        let (errors, before) = (sample.interest.errorWeights, sample.baseline.errorWeights)
        let now = sums(field.codes, field, errors)
        let squares = sums(field.codes, field, errors.map { $0 * $0 })
        let past = sums(field.baselineCodes, field, before)
        var looks: [String: Look] = [:]
        // What lacks the field has no look: some services never write it.
        for (code, text) in sample.looks.texts(of: index, in: sample).enumerated()
        where now[code] > 0 || past[code] > 0 {
            looks[text, default: Look()].codes.append(code)
            looks[text]?.now += now[code]
            looks[text]?.squares += squares[code]
            looks[text]?.before += past[code]
        }
        let known = sample.baseline.errors / unit
        let price = price + Double.log(Double(max(looks.count, 1)))
        var news = News(isNew: [Bool](repeating: false, count: now.count))
        var (observed, usual) = (0.0, 0.0)
        // In order: sums of fractions depend on it.
        for (text, look) in looks.sorted(by: { $0.key < $1.key }) {
            // How often a look occurs is known no better than the failures before tell it.
            let certainty = look.before / unit + 0.5
            let natural = expected * certainty / (known + 1)
            guard look.now > growth * natural else { continue }
            // Sampled failures count as often as there are witnesses.
            let evidence = sample.evidence < 1 ? min(1, ratio(look.now, look.squares)) : 1
            let gain =
                evidence * look.now * Double.log(look.now / natural)
                - (evidence * look.now + certainty)
                * Double.log((evidence * look.now + certainty) / (evidence * natural + certainty))
            guard gain > price else { continue }
            news.gain += gain
            news.looks.append(Symptom(field: field.name, value: text, errors: look.now))
            observed += look.now
            usual += natural
            for code in look.codes { news.isNew[code] = true }
        }
        let aside = (observed: sample.errors - observed, expected: max(expected - usual, 0))
        let variance = (aside.expected * (1 + sample.growth) + 1) / sample.evidence
        guard !news.looks.isEmpty, aside.expected >= leastSetAside * expected,
            aside.observed - aside.expected <= tolerance * Double.sqrt(variance)
        else { return nil }
        news.looks.sort { a, b in a.errors != b.errors ? a.errors > b.errors : a.value < b.value }
        return news
    }

    private static func sums(_ codes: [Int32], _ field: Field, _ weights: [Double]) -> [Double] {
        var sums = [Double](repeating: 0, count: field.values.count + 1)
        for row in codes.indices { sums[Int(codes[row])] += weights[row] }
        return sums
    }
}

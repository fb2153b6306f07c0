import RealModule

/// The overdispersion φ of negative binomial counts (variance μ + φμ²), from differences of adjacent bins.
///
/// Differences do not see the level, so neither a change nor slow wander inflates the estimate; the widest 3 % of
/// them are left out, because bursts and changes sit there, and what that cuts off is given back by a factor.
/// Moment estimator: E[(a/n − b/m)²] = r(1/n + 1/m) + 2φr².
package func estimateOverdispersion(counts errors: [Double], exposure: [Double], floor: Double = 0.01)
    -> Double
{
    struct Difference {
        var standardised: Double
        var moment: Double
        var weight: Double
    }
    var differences: [Difference] = []
    for bin in errors.indices.dropLast() where exposure[bin] > 0 && exposure[bin + 1] > 0 {
        let (n, m) = (exposure[bin], exposure[bin + 1])
        let rate = (errors[bin] + errors[bin + 1]) / (n + m)
        guard rate > 0 else { continue }
        let difference = errors[bin] / n - errors[bin + 1] / m
        let squared = difference * difference
        let sampling = rate * (1 / n + 1 / m)
        let scale = 1 / (rate * n) + 0.3
        differences.append(
            Difference(
                standardised: squared / sampling, moment: (squared - sampling) / (2 * rate * rate),
                weight: 1 / (scale * scale)))
    }
    guard differences.count >= 20 else { return 0.3 }
    differences.sort { $0.standardised < $1.standardised }
    let kept = differences.prefix(max(20, Int(Double(differences.count) * 0.97)))
    let weight = kept.reduce(0) { $0 + $1.weight }
    let moment = kept.reduce(0) { $0 + $1.moment * $1.weight } / weight
    return min(max(moment * 1.25, floor), 1.5)
}

/// How the log rate wanders, from differences between the means of adjacent stretches of half an hour to four hours.
///
/// For each candidate time constant the variance that explains the observed differences (less what counting and
/// overdispersion account for) is found; the time constant whose variances agree best over the lengths is taken.
/// The floor of 0.12 keeps the model from calling a drift of a tenth an incident; the factor 1.3 on the standard
/// deviation guards against the shortness of the record.
func estimateWander(counts errors: [Double], exposure: [Double], overdispersion: Double, binSeconds: Int)
    -> Wander
{
    let floor = 0.12
    let lengths = [1800, 3600, 7200, 14_400].filter {
        $0 >= binSeconds && errors.count * binSeconds >= 8 * $0
    }
    let observed = lengths.compactMap { length in
        excessDifferenceVariance(
            errors: errors, exposure: exposure, overdispersion: overdispersion, binsEach: length / binSeconds
        ).map { (seconds: Double(length), variance: $0) }
    }
    guard !observed.isEmpty else { return Wander(variance: floor * floor * 4, timeConstantSeconds: 7200) }
    var best = (misfit: Double.infinity, wander: Wander(variance: floor * floor, timeConstantSeconds: 7200))
    for timeConstant in [3600.0, 7200, 10_800] {
        let unit = Wander(variance: 1, timeConstantSeconds: timeConstant)
        let gains = observed.map { unit.differenceVariance(ofStretches: $0.seconds) }
        let variance = max(
            0,
            zip(observed, gains).reduce(0) { $0 + $1.0.variance * $1.1 } / gains.reduce(0) { $0 + $1 * $1 })
        let misfit = zip(observed, gains).reduce(0) { sum, pair in
            let error = pair.0.variance - variance * pair.1
            return sum + error * error
        }
        if misfit < best.misfit {
            best = (misfit, Wander(variance: variance, timeConstantSeconds: timeConstant))
        }
    }
    best.wander.variance = max(1.69 * best.wander.variance, floor * floor)
    return best.wander
}

/// The variance of the difference of log rates between adjacent stretches beyond what counting explains, from the
/// middle 94 % of the differences; `nil` with fewer than four usable ones.
private func excessDifferenceVariance(
    errors: [Double], exposure: [Double], overdispersion: Double, binsEach: Int
) -> Double? {
    var excesses: [(size: Double, excess: Double)] = []
    let stretches = errors.count / binsEach
    func sums(_ stretch: Int) -> (errors: Double, exposure: Double) {
        (stretch * binsEach..<(stretch + 1) * binsEach).reduce(into: (0, 0)) { sum, bin in
            sum.0 += errors[bin]
            sum.1 += exposure[bin]
        }
    }
    for stretch in 0..<max(0, stretches - 1) {
        let (before, after) = (sums(stretch), sums(stretch + 1))
        guard before.errors >= 3, after.errors >= 3, before.exposure > 0, after.exposure > 0 else { continue }
        let difference =
            Double.log(after.errors / after.exposure) - Double.log(before.errors / before.exposure)
        let counting =
            1 / before.errors + 1 / after.errors + 2 * overdispersion / Double(binsEach)
        excesses.append((abs(difference), difference * difference - counting))
    }
    guard excesses.count >= 4 else { return nil }
    excesses.sort { $0.size < $1.size }
    let kept = excesses.prefix(max(4, Int(Double(excesses.count) * 0.94)))
    return kept.reduce(0) { $0 + $1.excess } / Double(kept.count)
}

/// A seeded source of randomness for tests: SplitMix64 (Steele, Lea & Flood, 2014).
public struct SeededNoise: RandomNumberGenerator {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A Poisson count: by multiplication for small means (Knuth), by summing halves for large ones.
    public mutating func poisson(_ mean: Double) -> Int {
        guard mean > 0 else { return 0 }
        guard mean < 30 else { return poisson(mean / 2) + poisson(mean / 2) }
        var product = Double.random(in: 0..<1, using: &self)
        var count = 0
        var limit = 1.0
        // exp(−mean) without a mathematics library: by repeated squaring of a short series.
        var term = 1.0
        for power in 1...40 {
            term *= -mean / 64 / Double(power)
            limit += term
        }
        for _ in 0..<6 { limit *= limit }
        while product > limit {
            product *= Double.random(in: 0..<1, using: &self)
            count += 1
        }
        return count
    }
}

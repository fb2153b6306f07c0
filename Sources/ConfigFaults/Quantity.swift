private let unitsOfQuantities: [String: Double] = [
    "": 1, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576,
    "Gi": 1_073_741_824,
    "ms": 0.001, "s": 1, "h": 3600, "%": 0.01,
]

/// A number with the units of Kubernetes quantities and of durations, as a plain number.
func quantity(_ text: String) -> Double? {
    let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard let number = Double(digits) else { return nil }
    return unitsOfQuantities[String(text.dropFirst(digits.count))].map { $0 * number }
}

import DeployModel

/// The known name with the fewest edits, if it is near: one edit, or two from eight letters on.
func nearestName(to name: String, among known: [String]) -> String? {
    SimilarNames(known).nearest(to: name)
}

/// Names among which near ones are looked for; what cannot be near is passed over without counting edits.
struct SimilarNames {
    private struct Known {
        var name: String
        /// Which bytes are in it; `nil` when letters take several bytes.
        var bytes: UInt64?

        init(_ name: String) {
            self.name = name
            var bytes: UInt64 = 0
            for byte in name.utf8 {
                guard byte < 128 else { return }
                bytes |= 1 << UInt64(byte & 63)
            }
            self.bytes = bytes
        }

        func mayBeNear(_ other: Known, edits: Int) -> Bool {
            guard let bytes, let others = other.bytes else { return true }
            // An edit takes at most one byte away and brings one in.
            return abs(name.utf8.count - other.name.utf8.count) <= edits
                && (bytes ^ others).nonzeroBitCount <= 2 * edits
        }
    }

    /// By name.
    private let known: [Known]

    init(_ names: [String]) { known = names.sorted().map { Known($0) } }

    /// The nearest name, if it is near: one edit, or two from eight letters on; of several the first by name.
    func nearest(to name: String) -> String? {
        let place = known.partitioningIndex { $0.name >= name }
        if known.indices.contains(place), known[place].name == name { return known[place].name }
        let (wanted, distance) = (Known(name), WordDistance(from: name))
        var edits = name.count < 8 ? 1 : 2
        var nearest: String?
        for candidate in known where candidate.mayBeNear(wanted, edits: edits) {
            let needed = distance.edits(to: candidate.name)
            guard needed <= edits else { continue }
            nearest = candidate.name
            // No other name takes less than one.
            guard needed > 1 else { break }
            edits = needed - 1
        }
        return nearest
    }
}

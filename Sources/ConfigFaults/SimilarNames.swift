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

    private let known: [Known]

    init(_ names: [String]) { known = names.map { Known($0) } }

    /// The nearest name, if it is near: one edit, or two from eight letters on.
    func nearest(to name: String) -> String? {
        let edits = name.count < 8 ? 1 : 2
        let wanted = Known(name)
        return known.lazy.filter { $0.mayBeNear(wanted, edits: edits) }
            .map { (name: $0.name, distance: editDistance(name, $0.name)) }
            .filter { $0.distance <= edits }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }
}

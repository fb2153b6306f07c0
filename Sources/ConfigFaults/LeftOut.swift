public import DeployModel

/// The slugs of the fault catalogue (`docs/config-diff.md`), by number.
public let faultSlugs: [String] = FaultClass.all.map(\.slug)

extension ConfigComparison {
    /// Leaves out what a reader has looked at already, or does not want looked at.
    ///
    /// - Parameter isLeftOut: asked of every change (without a fault), and of every fault of those that stay.
    /// - Returns: what was left out: changes, and faults of changes. A change whose every fault is left out goes with them.
    @discardableResult
    public mutating func leaveOut(
        _ isLeftOut: (_ change: FieldChange, _ fault: String?) -> Bool
    ) -> [(change: FieldChange, fault: String?)] {
        var leftOut: [(change: FieldChange, fault: String?)] = []
        changes = changes.compactMap { found in
            guard !isLeftOut(found.change, nil) else {
                leftOut.append((found.change, nil))
                return nil
            }
            var found = found
            let faults = found.findings.filter { isLeftOut(found.change, $0.fault.slug) }
            guard !faults.isEmpty else { return found }
            leftOut += faults.map { (found.change, $0.fault.slug) }
            found.findings.removeAll { finding in faults.contains { $0.fault == finding.fault } }
            return found.findings.isEmpty ? nil : found
        }
        return leftOut
    }
}

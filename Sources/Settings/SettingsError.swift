public import DeployModel

/// What is wrong in a `.blamedeploy.yml`, and on which line.
public struct SettingsError: Diagnosis, Sendable {
    /// What is wrong, in one sentence without a full stop.
    public var problem: String
    /// The file with line and column.
    public var location: String?
    /// How to mend it: the nearest name that would be right, where one is near.
    public var remedy: String?

    /// An error.
    public init(_ problem: String, at location: String, remedy: String?) {
        self.problem = problem
        self.location = location
        self.remedy = remedy
    }
}

/// The name that was probably meant: the nearest one, where it is near for its length.
func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let lowered = name.lowercased()
    let ranked = names.map { (name: $0, distance: editDistance(lowered, $0.lowercased())) }
    guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
    return best.distance <= max(1, name.count / 3) ? best.name : nil
}

/// The help for an unknown name: the nearest one, else all.
func hint(for name: String, among names: [String]) -> String {
    if let near = nearest(to: name, among: names) { return "did you mean '\(near)'?" }
    return names.count <= 24
        ? "known are \(names.joined(separator: ", "))"
        : "docs/config-diff.md lists the \(names.count) known ones"
}

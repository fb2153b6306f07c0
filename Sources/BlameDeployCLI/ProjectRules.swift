import ConfigFaults
import DeployModel
import Reporting
import Settings

/// What the settings of a project leave out of comparisons, at a time.
struct ProjectRules: Sendable {
    private let settings: Settings
    private let now: Instant

    /// - Returns: `nil` without settings.
    init?(_ settings: Settings?, now: Instant) {
        guard let settings else { return nil }
        self.settings = settings
        self.now = now
    }

    /// Whether findings that people set aside may take changes with them.
    var setFindingsAside: Bool { !settings.exemptions.isEmpty }

    /// Leaves out files that do not count, those that other environments run, and findings that people set aside; the warnings
    /// say what was set aside and why.
    func narrow(_ comparison: inout ConfigComparison, environment: String?) {
        let passedOver = comparison.leaveOut { change, fault in
            fault == nil && !settings.counts(path: change.path, in: environment)
        }
        if comparison.changes.isEmpty, let first = passedOver.first {
            comparison.warnings.append(
                Warning(
                    code: "all_left_out",
                    text:
                        "all \(Wording.counted(passedOver.count, "change")) of configuration left out by 'paths' or 'environments' of \(settings.source), the first in \(first.change.path)",
                    remedy: "see whether the patterns mean what they should; --no-config sets the file aside")
            )
        }
        for rule in settings.exemptions {
            let place = "\(settings.source):\(rule.line)"
            guard rule.holds(at: now) else {
                var copy = comparison
                let meant = copy.leaveOut { rule.means(path: $0.path, fault: $1) }
                guard let first = meant.first else { continue }
                comparison.warnings.append(
                    Warning(
                        code: "expired_exemption",
                        text:
                            "\(place): this entry of 'ignore' holds no more, so \(first.change.path) is told again (\(rule.reason))",
                        remedy: "mend what it ignored, or give it a later day with a reason"))
                continue
            }
            let leftOut = comparison.leaveOut { rule.means(path: $0.path, fault: $1) }
            guard !leftOut.isEmpty else { continue }
            let paths = Set(leftOut.map(\.change.path)).sorted()
            let what = leftOut.count == 1 ? "1 finding" : "\(leftOut.count) findings"
            comparison.warnings.append(
                Warning(
                    code: "ignored_findings",
                    text:
                        "\(what) in \(paths[0])\(paths.count > 1 ? " and \(paths.count - 1) more" : "") left out by \(place): \(rule.reason)"
                ))
        }
    }
}

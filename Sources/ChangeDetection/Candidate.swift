public import DeployModel
import RealModule

/// A deploy as the model sees it: when its effect may have begun, and whom it can touch.
public struct Candidate: Sendable, Equatable {
    /// The deploy's id.
    public var id: String
    /// When it started, by its own clock.
    public var startedAt: Instant
    /// When it was finished, where known.
    public var finishedAt: Instant?
    /// Whether the clock is the deploy's, or only that of a commit that some later job deployed.
    public var hasDeployClock: Bool
    /// The workloads that its configuration changes reach; empty when it has none or they are not known.
    public var workloads: Set<String>

    /// A candidate.
    public init(
        id: String, startedAt: Instant, finishedAt: Instant? = nil, hasDeployClock: Bool,
        workloads: Set<String> = []
    ) {
        self.id = id
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.hasDeployClock = hasDeployClock
        self.workloads = workloads
    }

    /// The candidate that a deploy is.
    public init(_ deploy: Deploy) {
        self.init(
            id: deploy.id, startedAt: deploy.startedAt, finishedAt: deploy.finishedAt,
            hasDeployClock: deploy.source.hasDeployClock, workloads: Set(deploy.workloads))
    }
}

extension Candidate {
    /// How long it took by its own clock, in seconds; 0 when that is not known.
    var length: Double { max(0, finishedAt?.seconds(since: startedAt) ?? 0) }

    /// The probability that an effect grows while the deploy runs, from its start to its end, rather than at once.
    var rampShare: Double {
        guard hasDeployClock else { return 0 }
        guard finishedAt != nil else { return 0.4 }
        return length >= 120 ? 0.75 : 0
    }

    /// The ways in which an effect may grow: how long after the deploy's start it begins to, and for how long it does, both
    /// in seconds, with probabilities. Where the end was not recorded, it may have come in ten minutes or in an hour.
    var ramps: [(lag: Double, length: Double, weight: Double)] {
        guard finishedAt == nil else { return Self.rampLags.map { ($0.seconds, length, $0.weight) } }
        return [(600.0, 0.4), (1800, 0.35), (3600, 0.25)].flatMap { length, share in
            [(0.0, 0.5), (180, 0.25), (600, 0.25)].map { (lag: $0, length: length, weight: share * $1) }
        }
    }

    /// How long after the start such a growth begins, with probabilities.
    private static let rampLags: [(seconds: Double, weight: Double)] = [
        (0, 0.4), (60, 0.12), (120, 0.12), (180, 0.06), (300, 0.12), (420, 0.05), (600, 0.1), (900, 0.03),
    ]
}

/// The probability that a deploy's effect had begun by a time: a mixture over ways a deploy reaches its pods.
package struct OnsetDistribution {
    private enum Way {
        /// Any time between two, in seconds after the deploy's start.
        case uniform(from: Double, to: Double)
        /// A delay after a moment, exponential.
        case exponential(after: Double, mean: Double)
        /// A delay after the start, log-normal.
        case logNormal(median: Double, spread: Double)
    }

    private let origin: Instant
    private var ways: [(weight: Double, way: Way)]
    /// Seconds after the origin beyond which nothing is expected.
    private let latest: Int

    /// - Parameters:
    ///   - candidate: the deploy.
    ///   - rollouts: when pods of a workload in the scope first carried a new template after the deploy. A deploy that
    ///     changes the template takes effect just then, so most of the mass goes there.
    ///
    /// A recorded deploy takes effect while it runs, within minutes of its end, rarely a little before its recorded
    /// start (clocks differ) or an hour later (caches, cron jobs). A commit on the main line takes effect after a build
    /// and a rollout: 45 minutes is the median taken here, with a long tail for what waits for a job or a person.
    package init(_ candidate: Candidate, rollouts: [Instant]) {
        origin = candidate.startedAt
        latest = candidate.hasDeployClock ? 86_400 + Int(candidate.length) : 14 * 86_400
        if candidate.hasDeployClock {
            let length = candidate.length
            ways = [
                (0.28, .uniform(from: 0, to: 60)),
                (0.18, .exponential(after: 0, mean: 300)),
                (0.16, .uniform(from: 0, to: 660)),
                (0.16, .uniform(from: 0, to: length + 240)),
                (0.06, .uniform(from: -600, to: 0)),
                (0.12, .exponential(after: length, mean: 900)),
                (0.04, .logNormal(median: 3600, spread: 1)),
            ]
        } else {
            ways = [
                (0.85, .logNormal(median: 2700, spread: 0.9)), (0.15, .logNormal(median: 14_400, spread: 1)),
            ]
        }
        let seen = rollouts.map { $0.seconds(since: origin) }.filter { $0 >= -600 && $0 < 86_400 }.min()
        guard let seen else { return }
        ways = ways.map { (weight: $0.weight * 0.3, way: $0.way) }
        ways.append((0.05, .uniform(from: seen - 300, to: seen)))
        ways.append((0.65, .exponential(after: seen, mean: 300)))
    }

    /// The probability that the effect began in a window.
    package func mass(in window: TimeWindow) -> Double {
        let from = window.since.seconds(since: origin)
        let to = window.until.seconds(since: origin)
        return ways.reduce(0) { sum, part in
            sum + part.weight * max(0, Self.cumulative(part.way, to) - Self.cumulative(part.way, from))
        }
    }

    /// The probability that the effect began in each of some windows that adjoin, ascending.
    package func masses(in windows: [TimeWindow]) -> [Double] {
        // Nothing begins ten minutes before, and next to nothing a day (of a commit, a fortnight) after.
        let reach = TimeWindow(since: origin - 3600, until: origin + latest)
        var previous: (edge: Instant, sum: Double)?
        return windows.map { window in
            guard window.until > reach.since, window.since < reach.until else { return 0 }
            let low = previous?.edge == window.since ? (previous?.sum ?? 0) : sum(before: window.since)
            let high = sum(before: window.until)
            previous = (window.until, high)
            return max(0, high - low)
        }
    }

    private func sum(before instant: Instant) -> Double {
        let seconds = instant.seconds(since: origin)
        return ways.reduce(0) { $0 + $1.weight * Self.cumulative($1.way, seconds) }
    }

    private static func cumulative(_ way: Way, _ seconds: Double) -> Double {
        switch way {
        case .uniform(let from, let to):
            return to > from ? min(max((seconds - from) / (to - from), 0), 1) : (seconds >= from ? 1 : 0)
        case .exponential(let after, let mean):
            return seconds > after ? 1 - Double.exp(-(seconds - after) / mean) : 0
        case .logNormal(let median, let spread):
            guard seconds > 0 else { return 0 }
            return 0.5 * Double.erfc(-(Double.log(seconds / median) / spread) / 2.0.squareRoot())
        }
    }
}

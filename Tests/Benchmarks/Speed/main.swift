import ChangeDetection
import DeployModel
import EventIngest
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How long the statistics take, and how that grows: `swift run -c release Speed`.
///
/// One thread, made-up counts in buckets of a minute: a fleet whose traffic has a day's rhythm, whose rate of failures
/// wanders and has a burst a day, and one deploy that triples it. Each line is the median and the largest of ten cases that
/// differ by their seed.
struct Fleet {
    var days = 14, pods = 12, deploys = 100
    var seed: UInt64 = 1

    private static let start = Instant(seconds: 1_600_041_600)

    /// The counts of all pods, of each pod and of two kinds of error.
    var series: [Series] {
        var noise = SeededNoise(seed: seed)
        let minutes = days * 1440
        var all = Series(scope: .all, start: Self.start, bucketSeconds: 60, events: [], errors: [])
        all.events = Array(repeating: 0, count: minutes)
        all.errors = all.events
        var kind = all
        kind.scope = Scope(.error, "timeout")
        let culprit = minutes * 3 / 5
        let wander = wander(minutes, &noise)
        let each = (0..<pods).map { pod -> Series in
            var own = all
            own.scope = Scope(.pod, "web-\(pod)")
            for minute in 0..<minutes {
                let hour = Double(abs(minute % 1440 - 720)) / 720
                let events = Double(noise.poisson(20 * (1 - 0.7 * hour * hour)))
                let rate = (minute >= culprit ? 0.009 : 0.003) * wander[minute]
                own.events[minute] = events
                own.errors[minute] = min(events, Double(noise.poisson(events * rate)))
            }
            return own
        }
        for own in each {
            for minute in 0..<minutes {
                all.events[minute] += own.events[minute]
                all.errors[minute] += own.errors[minute]
            }
        }
        kind.events = all.events
        kind.errors = all.errors.map { ($0 / 2).rounded(.down) }
        return [all, kind] + each
    }

    /// A factor for each minute: steps of half an hour that forget half of themselves, and a burst of half an hour a day.
    private func wander(_ minutes: Int, _ noise: inout SeededNoise) -> [Double] {
        var factors: [Double] = [], level = 0.0
        while factors.count < minutes {
            level = 0.5 * level + Double.random(in: -0.3...0.3, using: &noise)
            let burst: Double = Int.random(in: 0..<48, using: &noise) == 0 ? 6 : 1
            factors += Array(repeating: (1 + level) * burst, count: 30)
        }
        return factors
    }

    /// Records spread over the window, one of them where the failures rise.
    var candidates: [Candidate] {
        var noise = SeededNoise(seed: seed &+ 77)
        let minutes = days * 1440
        return (0..<deploys).map { index in
            let minute = index == 0 ? minutes * 3 / 5 : Int.random(in: 0..<minutes, using: &noise)
            return Candidate(
                id: "d\(index)", startedAt: Self.start + minute * 60,
                finishedAt: Self.start + (minute + 6) * 60, hasDeployClock: true)
        }
    }
}

func measure(_ title: String, _ fleet: Fleet) {
    var seconds: [Double] = [], right = 0
    for seed in 1...10 {
        var fleet = fleet
        fleet.seed = UInt64(seed)
        let (series, candidates) = (fleet.series, fleet.candidates)
        var judgement: Judgement?
        let clock = ContinuousClock()
        let elapsed = clock.measure {
            judgement = judge(series: series, candidates: candidates, rollouts: [])
        }
        seconds.append(Double(elapsed.components.attoseconds) / 1e18 + Double(elapsed.components.seconds))
        if judgement?.incidents.first?.suspects.first?.deploy == "d0" { right += 1 }
    }
    seconds.sort()
    let milliseconds = seconds.map { Int(($0 * 1000).rounded()) }
    print("\(title): median \(milliseconds[5]) ms, largest \(milliseconds[9]) ms; \(right) of 10 right")
}

/// The speed of the statistics, or made-up input for measuring the whole.
switch CommandLine.arguments.dropFirst().first {
case "telemetry":
    var telemetry = Telemetry()
    let count = CommandLine.arguments.dropFirst(2).first.flatMap(Int.init) ?? 2_000_000
    telemetry.export(count, as: CommandLine.arguments.contains("csv") ? .csv : .ndjson) {
        writeToStandardOutput($0)
    }
case "scan":
    // The first pass alone: every event read and counted, with `outcome` by time and outcome only, as `explain` does.
    let arguments = Array(CommandLine.arguments.dropFirst(2))
    let clock = ContinuousClock()
    do {
        let sources = try EventSources(Array(arguments.prefix(1)))
        var options = IngestOptions(jobs: arguments.dropFirst().first.flatMap(Int.init) ?? 1)
        options.countsScopes = !arguments.contains("outcome")
        var events = 0.0
        let elapsed = try clock.measure {
            events = try summarize(sources, options: options).inputs.reduce(0) { $0 + $1.events }
        }
        print("\(Int(events)) events in \(elapsed)")
    } catch {
        print(error)
    }
case "deploys":
    writeToStandardOutput(Array(Telemetry.records.utf8))
default:
    measure("14 days, 12 pods, 100 deploys", Fleet())
    for days in [3, 7, 28, 56] { measure("\(days) days", Fleet(days: days)) }
    for deploys in [25, 50, 200, 400] { measure("\(deploys) deploys", Fleet(deploys: deploys)) }
    for pods in [1, 4, 48] { measure("\(pods) pods", Fleet(pods: pods)) }
}

/// The print of the standard library is too slow for a gigabyte.
func writeToStandardOutput(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
        guard written > 0 else { return }
        rest = rest.dropFirst(written)
    }
}

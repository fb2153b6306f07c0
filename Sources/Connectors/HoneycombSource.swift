import DeployModel
import EventIngest

/// A dataset of Honeycomb: `honeycomb://DATASET`, with `?by=FIELD,FIELD` to choose what its events are grouped by.
public struct HoneycombSource: Sendable, Hashable {
    /// The slug of the dataset; `__all__` for all of an environment.
    public let dataset: String
    /// The fields that were asked for; empty to have them chosen.
    public let fields: [String]

    /// - Parameter text: `honeycomb://DATASET`, perhaps with parameters.
    /// - Throws: ``ConnectorError`` where it is no such address.
    public init(_ text: String) throws(ConnectorError) {
        let rest = text.cut(at: "://")?.1 ?? text
        let (name, query) = rest.cut(at: "?") ?? (rest, "")
        let slug = name.hasSuffix("/") ? String(name.dropLast()) : name
        guard let dataset = slug.percentDecoded, !dataset.isEmpty, !dataset.contains("/"),
            !dataset.contains("@")
        else {
            throw ConnectorError(
                .badAddress, "this names no dataset", at: "honeycomb://",
                remedy:
                    "write honeycomb://DATASET with the name that stands in the address of the dataset's page"
            )
        }
        var fields: [String] = []
        for pair in query.split(separator: "&") {
            guard let (name, value) = pair.cut(at: "="), name == "by", let list = value.percentDecoded else {
                throw ConnectorError(
                    .badAddress, "there is no parameter '\(pair.prefix { $0 != "=" })'",
                    at: "honeycomb://\(dataset)",
                    remedy: "the parameter is by=FIELD,FIELD: what events are grouped by")
            }
            fields += list.split(separator: ",").map { String($0) }
        }
        self.dataset = dataset
        self.fields = fields
    }

    /// How the source is called in reports.
    public var name: String { "honeycomb://\(dataset)" }

    // MARK: What is asked

    /// How far back Honeycomb answers, in seconds.
    static let keptSeconds = 7 * 86_400
    /// The most groups that come with their series.
    static let mostGroups = 1000

    /// One query: a stretch of time and the width of its buckets.
    struct Stretch: Equatable {
        /// Unix seconds; the end is the start of what follows.
        var since: Int, until: Int
        var granularitySeconds: Int
    }

    /// What the API can be asked of a window: none of it may be older than seven days.
    ///
    /// A window that begins just there, as `--since 7d` does, is shortened by a few minutes: it would be too old by the time that
    /// it is asked for.
    ///
    /// - Throws: ``ConnectorError`` where more than that is too old.
    func askable(_ window: TimeWindow, now: Instant) throws(ConnectorError) -> TimeWindow {
        let oldest = now - Self.keptSeconds
        guard window.since >= oldest - 600, window.until > oldest else {
            throw ConnectorError(
                .badAddress,
                "Honeycomb answers for the last 7 days, and the window begins at \(window.since)", at: name,
                remedy: "say --since 7d, or give a query result that was downloaded in time as a file")
        }
        return TimeWindow(
            since: max(window.since, oldest + 300), until: max(min(window.until, now), oldest + 301))
    }

    /// The queries for a window. Honeycomb cuts the ends of a query to whole minutes up to 6 hours, to 5 minutes up to 2 days,
    /// and to half hours beyond: none is longer than 2 days, so that onsets are told to 5 minutes. A bucket that the window ends in
    /// is left out, because half of one would look like a fall of traffic.
    func stretches(_ window: TimeWindow) -> [Stretch] {
        let seconds = Int(window.until.seconds - window.since.seconds)
        let bucket = seconds <= 6 * 3600 ? 60 : 300
        let since = Int(floorDiv(Int64(window.since.seconds), Int64(bucket))) * bucket
        let until = max(Int(floorDiv(Int64(window.until.seconds), Int64(bucket))) * bucket, since + bucket)
        let count = max((until - since + 2 * 86_400 - 1) / (2 * 86_400), 1)
        let buckets = max((until - since) / bucket, 1)
        return (0..<count).map { index in
            let (first, last) = (
                since + buckets * index / count * bucket, since + buckets * (index + 1) / count * bucket
            )
            // Between a thousandth and a tenth of the range.
            return Stretch(
                since: first, until: last, granularitySeconds: min(bucket, max((last - first) / 10, 1)))
        }
    }

    /// The lists of fields to group by, the one that tells the most first: a shorter one is for stores where that makes too many
    /// groups.
    func groupings(columns: [String], options: IngestOptions) throws -> [[String]] {
        let expression = try options.expressionFields
        guard fields.isEmpty else { return [fields + expression.filter { !fields.contains($0) }] }
        let known = KnownFields(among: columns, options: options)
        let outcome = expression.isEmpty ? [known.outcome].compactMap { $0 } : expression
        guard !outcome.isEmpty else {
            throw ConnectorError(
                .badAnswer, "no column of the dataset says how events ended", at: name,
                remedy: "say which does with --map error=COLUMN, or --error 'COLUMN >= 500'; columns: "
                    + columns.sorted().prefix(20).joined(separator: ", "))
        }
        let lists = [
            [known.pod, known.workload, known.version], [known.workload, known.version], [known.workload], [],
        ].map { more in
            more.compactMap { $0 }.reduce(into: outcome) { if !$0.contains($1) { $0.append($1) } }
        }
        return lists.enumerated().filter { lists.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }

    /// The query as Honeycomb takes it.
    func specification(_ stretch: Stretch, by grouping: [String]) -> JSONNode {
        .object([
            "calculations": .array([.object(["op": .string("COUNT")])]),
            "breakdowns": .array(grouping.map { .string($0) }),
            "orders": .array([.object(["op": .string("COUNT"), "order": .string("descending")])]),
            "start_time": .number(stretch.since), "end_time": .number(stretch.until),
            "granularity": .number(stretch.granularitySeconds), "limit": .number(Self.mostGroups),
        ])
    }
}

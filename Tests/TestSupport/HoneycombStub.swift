public import DeployModel
import Foundation
import Synchronization

/// What Honeycomb's API answers, as far as its documentation says, with its limits: there is no server of it to be had.
///
/// It keeps what it was asked. Seven days back, seven days a query, ten query results a minute, a thousand groups with a series.
public final class HoneycombStub: Sendable {
    /// The key that it takes.
    public static let key = "hc-test-key"

    /// An event: its columns, all as texts, numbers or flags of JSON.
    public struct Event: Sendable {
        var time: Instant
        var columns: [String: String]

        /// - Parameter columns: values written as JSON.
        public init(time: Instant, columns: [String: String]) {
            self.time = time
            self.columns = columns
        }
    }

    /// How many query results it creates in how many seconds.
    public struct Allowance: Sendable {
        var results: Int
        var seconds: Double

        /// So many results in so many seconds.
        public init(results: Int, seconds: Double) {
            self.results = results
            self.seconds = seconds
        }
    }

    fileprivate struct State {
        /// As they were sent.
        var queries: [String: String] = [:]
        var results: [String: (query: String, withSeries: Bool, polls: Int)] = [:]
        var created: [Double] = []
        /// As they were sent, with an id.
        var markers: [String] = []
        var refusals: [Int] = []
    }

    fileprivate final class Store: Sendable {
        let events: [Event]
        let allowance: Allowance
        let state = Mutex(State())

        init(events: [Event], allowance: Allowance) {
            self.events = events
            self.allowance = allowance
        }
    }

    private let store: Store
    private let server: ScriptedServer

    /// Starts it.
    public init(events: [Event], allowance: Allowance = Allowance(results: 10, seconds: 60)) throws {
        let store = Store(events: events, allowance: allowance)
        self.store = store
        server = try ScriptedServer { request, _ in
            let (status, body) = store.answer(to: request)
            return [.answer(status, body)]
        }
    }

    /// The traffic of a test as events.
    public convenience init(
        _ traffic: ExportedTraffic, allowance: Allowance = Allowance(results: 10, seconds: 60)
    ) throws {
        try self.init(
            events: traffic.requests.map {
                Event(
                    time: $0.time, columns: ["k8s.pod.name": "\"\($0.pod)\"", "status_code": "\($0.status)"])
            }, allowance: allowance)
    }

    /// Its address.
    public var address: String { server.address }
    /// What it was asked.
    public var received: [ReceivedRequest] { server.received }
    /// The statuses of its refusals.
    public var refusals: [Int] { store.state.withLock { $0.refusals } }
    /// The markers that it holds, as JSON.
    public var markers: [String] { store.state.withLock { $0.markers } }

    /// The variables that point a command at it.
    public var environment: [String: String] {
        ["HONEYCOMB_API_ENDPOINT": address, "HONEYCOMB_API_KEY": Self.key]
    }
}

extension HoneycombStub.Store {
    fileprivate func answer(to request: ReceivedRequest) -> (Int, String) {
        guard request.headers["x-honeycomb-team"] == HoneycombStub.key else {
            return refuse(401, "unknown API key - check your credentials")
        }
        let parts = request.target.split(separator: "/").map(String.init)
        guard parts.count >= 3, parts[0] == "1" else { return refuse(404, "not found") }
        let body = (try? JSONSerialization.jsonObject(with: Data(request.body.utf8))) as? [String: Any] ?? [:]
        switch (request.method, parts[1], parts.count) {
        case _ where parts[2] != "shop": return refuse(404, "Dataset not found")
        case ("GET", "columns", 3):
            let names = Set(events.flatMap(\.columns.keys)).sorted()
            return (200, Self.json(names.map { ["key_name": $0, "type": "string"] }))
        case ("GET", "markers", 3): return (200, "[\(state.withLock { $0.markers }.joined(separator: ","))]")
        case ("POST", "markers", 3):
            let members = request.body.dropFirst()
            return state.withLock { state in
                let marker = "{\"id\":\"m\(state.markers.count)\",\(members)"
                state.markers.append(marker)
                return (201, marker)
            }
        case ("POST", "queries", 3): return create(query: body, text: request.body)
        case ("POST", "query_results", 3): return run(body)
        case ("GET", "query_results", 4): return result(parts[3])
        default: return refuse(404, "not found")
        }
    }

    private static func json(_ value: Any) -> String {
        String(decoding: (try? JSONSerialization.data(withJSONObject: value)) ?? Data(), as: UTF8.self)
    }

    private func refuse(_ status: Int, _ error: String) -> (Int, String) {
        state.withLock { $0.refusals.append(status) }
        return (status, Self.json(["error": error]))
    }

    private func create(query: [String: Any], text: String) -> (Int, String) {
        let now = Date().timeIntervalSince1970
        guard let start = query["start_time"] as? Double, let end = query["end_time"] as? Double, end > start,
            let granularity = query["granularity"] as? Double, let limit = query["limit"] as? Double
        else { return refuse(400, "invalid query") }
        guard start >= now - 7 * 86_400 else { return refuse(400, "start_time is more than 7 days ago") }
        guard end - start <= 7 * 86_400 else { return refuse(400, "time range is longer than 7 days") }
        guard granularity >= (end - start) / 1000, granularity <= (end - start) / 10 else {
            return refuse(400, "granularity out of range")
        }
        guard limit <= 1000 else { return refuse(400, "limit is larger than 1000") }
        return state.withLock { state in
            let id = "q\(state.queries.count)"
            state.queries[id] = text
            return (200, "{\"id\":\"\(id)\"}")
        }
    }

    private func run(_ body: [String: Any]) -> (Int, String) {
        let now = Date().timeIntervalSince1970
        let query = body["query_id"] as? String ?? ""
        let withSeries = body["disable_series"] as? Bool == false
        let id: String? = state.withLock { state in
            state.created.removeAll { $0 <= now - allowance.seconds }
            guard state.created.count < allowance.results else { return nil }
            state.created.append(now)
            let id = "r\(state.results.count)"
            state.results[id] = (query, withSeries, 0)
            return id
        }
        guard let id else { return refuse(429, "request rate limit exceeded") }
        return (201, Self.json(["id": id, "complete": false]))
    }

    /// The first poll finds the query still at work.
    private func result(_ id: String) -> (Int, String) {
        let found: (query: String, withSeries: Bool, polls: Int)? = state.withLock { state in
            guard let result = state.results[id], let query = state.queries[result.query] else { return nil }
            state.results[id]?.polls += 1
            return (query, result.withSeries, result.polls)
        }
        guard let found else { return refuse(404, "no such result") }
        let query = (try? JSONSerialization.jsonObject(with: Data(found.query.utf8))) as? [String: Any] ?? [:]
        guard found.polls > 0 else { return (200, Self.json(["id": id, "complete": false])) }
        return (
            200, "{\"id\":\"\(id)\",\"complete\":true,\"data\":\(data(query, withSeries: found.withSeries))}"
        )
    }

    private func data(_ query: [String: Any], withSeries: Bool) -> String {
        let start = Int(query["start_time"] as? Double ?? 0), end = Int(query["end_time"] as? Double ?? 0)
        let granularity = max(Int(query["granularity"] as? Double ?? 60), 1)
        let fields = query["breakdowns"] as? [String] ?? []
        var totals: [String: Int] = [:], buckets: [String: [Int: Int]] = [:]
        for event in events {
            let second = Int(event.time.seconds.rounded(.down))
            guard second >= start, second < end else { continue }
            let group = fields.compactMap { field in event.columns[field].map { ",\"\(field)\":\($0)" } }
                .joined()
            totals[group, default: 0] += 1
            buckets[group, default: [:]][second / granularity * granularity, default: 0] += 1
        }
        let kept = totals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(
            withSeries ? 1000 : 10_000)
        let results = kept.map { "{\"data\":{\"COUNT\":\($0.value)\($0.key)}}" }.joined(separator: ",")
        guard withSeries else { return "{\"results\":[\(results)]}" }
        let series = kept.flatMap { group, _ in
            (buckets[group] ?? [:]).map {
                "{\"time\":\"\(Instant(seconds: $0.key))\",\"data\":{\"COUNT\":\($0.value)\(group)}}"
            }
        }.joined(separator: ",")
        return "{\"series\":[\(series)],\"results\":[\(results)]}"
    }
}

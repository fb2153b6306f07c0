import DeployModel
import TestSupport

/// Made-up wide events in order of time: 22 fields, about 525 bytes an event, ten deploys, one of which breaks a workload.
///
/// ```
/// swift run -c release Speed telemetry 2000000 > events.ndjson
/// swift run -c release Speed telemetry 2000000 csv > events.csv
/// swift run -c release Speed deploys > deploys.json
/// ```
struct Telemetry {
    enum Form { case ndjson, csv }

    private static let start = Instant(seconds: 1_600_041_600)
    private static let seconds = 7 * 86_400
    private static let deploys = 10
    /// The deploy after which one workload fails.
    private static let culprit = 7

    private static let services = [
        "api", "checkout", "search", "queue-worker", "mailer", "reports", "auth", "images",
    ]
    private static let routes = [
        "/api/orders/:id", "/api/orders", "/api/customers/:id/basket", "/api/search", "/healthz",
        "/api/login",
        "/api/pictures/:id", "/api/reports/daily",
    ]

    var noise = SeededNoise(seed: 20_200_722)
    private var line: [UInt8] = []
    private var form = Form.ndjson
    private var isFirst = true

    /// The records of the deploys, in the plain form that `--deploys` reads.
    static var records: String {
        let entries = (0..<deploys).map { index in
            let at = start + seconds * (index + 1) / (deploys + 1)
            return
                "{\"id\":\"d\(index)\",\"startedAt\":\"\(at)\",\"finishedAt\":\"\(at + 240)\",\"title\":\"Deploy \(index)\"}"
        }
        return "[\(entries.joined(separator: ",\n"))]\n"
    }

    /// Hands `count` events to `write`, a megabyte or so at a time.
    mutating func export(_ count: Int, as form: Form, _ write: ([UInt8]) -> Void) {
        self.form = form
        var buffer: [UInt8] = []
        buffer.reserveCapacity(1 << 21)
        let hashes = (0...Self.deploys).map { _ in hexadecimal(9) }
        if form == .csv { buffer += Array(Self.header.utf8) }
        for index in 0..<count {
            let offset = Int64(Double(index) / Double(count) * Double(Self.seconds) * 1000)
            event(at: Self.start.milliseconds + offset, hashes)
            buffer += line
            if buffer.count > 1 << 20 {
                write(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        write(buffer)
    }

    private static let header =
        "timestamp,trace_id,span_id,service.name,service.version,k8s.pod.name,k8s.node.name,"
        + "cloud.region,http.method,http.route,http.status_code,http.url,agent,customer.id,"
        + "customer.plan,duration_ms,db.duration_ms,db.rows,cache.hit,queue.depth,error,error.message\n"

    private mutating func event(at milliseconds: Int64, _ hashes: [String]) {
        line.removeAll(keepingCapacity: true)
        isFirst = true
        let elapsed = Int(milliseconds - Self.start.milliseconds) / 1000
        let release = min(Self.deploys, elapsed * (Self.deploys + 1) / Self.seconds)
        let service = Int(noise.next() % 8), pod = Int(noise.next() % 6)
        let isBroken = release > Self.culprit && service == 3 && noise.next() % 100 < 30
        let isFailing = isBroken || noise.next() % 1000 < 4
        let number = noise.next() % 10_000_000
        let route = Self.routes[Int(noise.next() % 8)]
        let name = Self.services[service]
        text("timestamp", Instant(milliseconds: milliseconds).description)
        text("trace_id", hexadecimal(32))
        text("span_id", hexadecimal(16))
        text("service.name", name)
        text("service.version", "2020.7.\(release)")
        text("k8s.pod.name", "\(name)-\(hashes[release])-\("bcdfgh".map { "\($0)x7k\($0)" }[pod])")
        text("k8s.node.name", "ip-10-0-\(pod)-\(noise.next() % 12)")
        text("cloud.region", ["eu-west-1", "us-east-1", "ap-south-1"][Int(noise.next() % 3)])
        text("http.method", ["GET", "POST", "PUT"][Int(noise.next() % 3)])
        text("http.route", route)
        plain("http.status_code", isFailing ? "500" : "200")
        text("http.url", "\(route)?q=\(number)")
        text(
            "agent",
            "Firefox/\(60 + noise.next() % 20).0")
        text("customer.id", "c\(noise.next() % 50_000)")
        text("customer.plan", ["free", "team", "enterprise"][Int(noise.next() % 3)])
        plain("duration_ms", "\(5 + noise.next() % 400).\(noise.next() % 10)")
        plain("db.duration_ms", "\(noise.next() % 90).\(noise.next() % 100)")
        plain("db.rows", "\(noise.next() % 300)")
        plain("cache.hit", noise.next() % 3 == 0 ? "true" : "false")
        plain("queue.depth", "\(noise.next() % 60)")
        plain("error", isFailing ? "true" : "false")
        if isFailing {
            text(
                "error.message",
                isBroken ? "queue credentials rejected for job \(number)" : "timeout after \(number) ms")
        } else if form == .csv {
            plain("error.message", "")
        }
        line += form == .ndjson ? Array("}\n".utf8) : Array("\n".utf8)
    }

    private mutating func text(_ name: String, _ value: String) { append(name, value, quote: true) }
    private mutating func plain(_ name: String, _ value: String) { append(name, value, quote: false) }

    private mutating func append(_ name: String, _ value: String, quote: Bool) {
        let separator: UInt8 = isFirst && form == .ndjson ? UInt8(ascii: "{") : UInt8(ascii: ",")
        if !(isFirst && form == .csv) { line.append(separator) }
        isFirst = false
        if form == .ndjson {
            line.append(UInt8(ascii: "\""))
            line += name.utf8
            line += [UInt8(ascii: "\""), UInt8(ascii: ":")]
        }
        if quote { line.append(UInt8(ascii: "\"")) }
        line += value.utf8
        if quote { line.append(UInt8(ascii: "\"")) }
    }

    private mutating func hexadecimal(_ count: Int) -> String {
        let digits = Array("0123456789abcdef")
        var bits: UInt64 = 0
        return String(
            (0..<count).map { index in
                if index % 16 == 0 { bits = noise.next() }
                defer { bits >>= 4 }
                return digits[Int(bits & 15)]
            })
    }
}

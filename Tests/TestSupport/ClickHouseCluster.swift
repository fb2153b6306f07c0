import Connectors
import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Two servers of ClickHouse on free ports of the loopback, with configuration and data in a temporary folder; they end with the
/// process that started them. Together they are the cluster `two`, for `Distributed` tables.
public final class ClickHouseCluster: Sendable {
    /// Why tests are skipped where there is no server.
    public static let absence =
        "SKIPPED: clickhouse-server is not installed: bash .ci/setup --servers"

    /// Whether the program is there.
    public static let isInstalled = program != nil

    private static let program: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(
            String.init)
        return (folders + ["/usr/sbin", "/usr/bin"]).map { "\($0)/clickhouse-server" }
            .first { access($0, X_OK) == 0 }
    }()

    /// The one cluster of this test run.
    public static let shared = Result { try ClickHouseCluster() }

    /// A user who may only read, and may not change any setting.
    public static let reader = "reader", readerPassword = "it's a \\secret"

    /// The HTTP ports of the servers.
    public let ports: [Int]
    private let folder: String

    private init() throws {
        guard let program = Self.program else { throw POSIXError(.ENOENT) }
        folder =
            FileManager.default.temporaryDirectory.appending(
                path: "blamedeploy-clickhouse-\(UUID().uuidString)"
            ).path
        // All at once, so that no two are alike.
        let free = try (0..<6).map { _ in try ScriptedServer { _, _ in [] } }.map(\.port)
        ports = Array(free[..<2])
        for (index, port) in ports.enumerated() {
            let own = "\(folder)/\(index)"
            try write(Self.users, to: "\(own)/users.xml")
            try write(
                Self.configuration(folder: own, http: port, free: free, server: index),
                to: "\(own)/config.xml")
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            // Reading ends when this process does.
            process.arguments = [
                "-c",
                "\"$0\" --config-file=\"$1\" >/dev/null 2>&1 & cat >/dev/null; kill -9 $!; rm -rf \"$2\"",
                program, "\(own)/config.xml", folder,
            ]
            process.standardInput = Pipe()
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            running.withLock { $0.append(process) }
        }
        for index in ports.indices { try waitUntilItAnswers(index) }
    }

    private func waitUntilItAnswers(_ index: Int) throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            do {
                try execute("SELECT 1", on: index)
                return
            } catch {
                guard ContinuousClock.now < end else { throw error }
                Thread.sleep(forTimeInterval: 0.1)
            }
        }
    }

    /// The address of a table as `blamedeploy` takes it.
    public func url(_ table: String, server: Int = 0) -> String {
        "clickhouse+http://127.0.0.1:\(ports[server])/default/\(table)"
    }

    /// Has a server do something, and returns what it says.
    @discardableResult
    public func execute(_ sql: String, on server: Int = 0) throws -> String {
        let client = try HTTPClient(userAgent: "tests")
        var request = HTTPRequest(
            post: Array(sql.utf8), to: try ServerAddress("http://127.0.0.1:\(ports[server])/"),
            isRepeatable: false)
        request.limits.attempts = 1
        return String(decoding: try client.body(of: request), as: UTF8.self)
    }

    /// Makes a table, anew, and fills it.
    ///
    /// - Parameters:
    ///   - columns: names and types: `ts DateTime, pod String`.
    ///   - rows: JSON objects, one a line.
    public func fill(_ table: String, columns: String, rows: String, on server: Int = 0) throws {
        try execute("DROP TABLE IF EXISTS \(table)", on: server)
        try execute("CREATE TABLE \(table) (\(columns)) ENGINE = MergeTree ORDER BY tuple()", on: server)
        try execute("INSERT INTO \(table) FORMAT JSONEachRow \(rows)", on: server)
    }

    /// Makes a table of both servers' parts of it: every other row lies on the other server.
    public func distribute(_ table: String, columns: String, rows: String) throws {
        let lines = rows.split(separator: "\n")
        for server in ports.indices {
            let own = lines.enumerated().filter { $0.offset % 2 == server }.map(\.element)
            try fill("\(table)_part", columns: columns, rows: own.joined(separator: "\n"), on: server)
        }
        try execute("DROP TABLE IF EXISTS \(table)")
        try execute(
            "CREATE TABLE \(table) (\(columns)) ENGINE = Distributed(two, default, \(table)_part)")
    }

    private static func configuration(folder: String, http: Int, free: [Int], server: Int) -> String {
        let shards = [free[2], free[3]].map {
            "<shard><replica><host>127.0.0.1</host><port>\($0)</port></replica></shard>"
        }.joined()
        return """
            <yandex>
              <logger><level>error</level><log>\(folder)/log</log><errorlog>\(folder)/errors</errorlog></logger>
              <http_port>\(http)</http_port><tcp_port>\(free[2 + server])</tcp_port>
              <interserver_http_port>\(free[4 + server])</interserver_http_port>
              <listen_host>127.0.0.1</listen_host><timezone>UTC</timezone>
              <path>\(folder)/data/</path><tmp_path>\(folder)/tmp/</tmp_path>
              <users_config>\(folder)/users.xml</users_config>
              <default_profile>default</default_profile><default_database>default</default_database>
              <mark_cache_size>67108864</mark_cache_size>
              <remote_servers><two>\(shards)</two></remote_servers>
            </yandex>
            """
    }

    private static let users = """
        <yandex>
          <profiles><default><allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type><date_time_input_format>best_effort</date_time_input_format></default><only_read><readonly>1</readonly></only_read></profiles>
          <quotas><default/></quotas>
          <users>
            <default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
            <reader><password>\(readerPassword)</password><networks><ip>127.0.0.1</ip></networks>
              <profile>only_read</profile><quota>default</quota></reader>
          </users>
        </yandex>
        """
}

/// The shells that wait for the end of this process.
private let running = Mutex<[Process]>([])

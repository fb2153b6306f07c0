import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A real server, started for a test on a port of the loopback and ended with it.
public final class RunningServer {
    /// Where it listens.
    public let port: Int
    private let process = Process()

    /// Starts the server and waits until it answers.
    ///
    /// - Parameters:
    ///   - arguments: for the port that it is to listen on.
    ///   - log: a file for what it writes.
    ///   - folder: where it runs.
    ///   - readyPath: the path that answers with 200 once it is ready; `nil` where it is ready when it listens.
    public init(
        _ program: String, log: String, in folder: String? = nil, readyPath: String?,
        arguments: (Int) -> [String]
    ) throws {
        port = try freePort()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments(port)
        try Data().write(to: URL(filePath: log))
        let output = FileHandle(forWritingAtPath: log)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        try process.run()
        for _ in 0..<300 {
            if let answer = try? ask(port: port, "GET", readyPath ?? "/"),
                readyPath == nil || answer.status == 200
            {
                return
            }
            guard process.isRunning else { break }
            Thread.sleep(forTimeInterval: 0.1)
        }
        let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw ServerFailure(reason: "\(program) does not answer at port \(port): \(said.suffix(2000))")
    }

    deinit {
        guard process.isRunning else { return }
        // Asking politely does not do: a child may inherit that the signal is blocked. Nothing of its data is kept.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

/// A server that did not start, or did not take what it was sent.
public struct ServerFailure: Error, CustomStringConvertible {
    var reason: String
    /// What happened.
    public var description: String { reason }
}

/// A port that nobody listens on.
func freePort() throws -> Int { try ScriptedServer { _, _ in [] }.port }

/// Asks a server of the loopback, as simply as can be.
@discardableResult
public func ask(
    port: Int, _ method: String, _ path: String, body: String = ""
) throws -> (status: Int, body: String) {
    #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = in_port_t(port).bigEndian
    let isConnected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard isConnected else { throw ServerFailure(reason: "nobody listens at port \(port)") }
    var rest = Array(
        "\(method) \(path) HTTP/1.0\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            .utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { throw ServerFailure(reason: "port \(port) takes no more") }
        rest = rest.dropFirst(count)
    }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 14)
    while case let count = recv(descriptor, &block, block.count, 0), count > 0 { bytes += block[..<count] }
    let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")
    let status = parts[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (status ?? 0, parts.dropFirst().joined(separator: "\r\n\r\n"))
}

/// A Prometheus that holds the metrics of an OpenMetrics text and scrapes nothing.
///
/// - Parameter folder: for its data; must stay until the server ends.
public func prometheus(holding openMetrics: String, in folder: String) throws -> RunningServer {
    try write(openMetrics, to: "\(folder)/metrics.txt")
    try write("", to: "\(folder)/prometheus.yml")
    let filled = try run(
        "promtool", ["tsdb", "create-blocks-from", "openmetrics", "\(folder)/metrics.txt", "\(folder)/data"])
    guard filled.status == 0 else { throw ServerFailure(reason: "promtool: \(filled.errors)") }
    return try RunningServer("prometheus", log: "\(folder)/prometheus.log", readyPath: "/-/ready") { port in
        [
            "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/data",
            "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:\(port)",
        ]
    }
}

/// A VictoriaMetrics that holds the metrics of a Prometheus text with times in milliseconds.
///
/// - Parameter folder: for its data; must stay until the server ends.
public func victoriaMetrics(holding text: String, in folder: String) throws -> RunningServer {
    let server = try RunningServer("victoria-metrics", log: "\(folder)/victoria.log", readyPath: "/health") {
        port in
        [
            "-storageDataPath=\(folder)/victoria", "-httpListenAddr=127.0.0.1:\(port)",
            "-retentionPeriod=100y",
        ]
    }
    let taken = try ask(port: server.port, "POST", "/api/v1/import/prometheus", body: text)
    guard taken.status == 204 else { throw ServerFailure(reason: "import: \(taken)") }
    // What was taken is found by queries only once it is written.
    try ask(port: server.port, "GET", "/internal/force_flush")
    return server
}

/// The clock, for servers that only keep the latest days.
public func currentSeconds() -> Int { Int(Date().timeIntervalSince1970) }

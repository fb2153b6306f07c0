import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a server was sent.
public struct ReceivedRequest: Sendable {
    /// The first line: `GET /path HTTP/1.1`.
    public var line: String
    /// The headers, their names in lower case.
    public var headers: [String: String]
    /// What came along.
    public var body: String
    /// Seconds since the server started.
    public var seconds: Double

    /// The method: `GET`.
    public var method: String { String(line.split(separator: " ").first ?? "") }
    /// The target: `/path?query`.
    public var target: String { String(line.split(separator: " ").dropFirst().first ?? "") }
}

/// What a scripted server does once it has a request, byte by byte: servers misbehave in ways that no library would write.
public enum ScriptedStep: Sendable {
    /// Sends bytes as they are.
    case send(String)
    /// Says nothing for so long.
    case wait(seconds: Double)
    /// Closes the connection at once.
    case close
    /// Breaks the connection off, so that the other side gets an error rather than an end.
    case reset
}

extension ScriptedStep {
    /// A whole good answer.
    public static func answer(_ body: String, type: String = "application/json") -> ScriptedStep {
        answer(200, body, type: type)
    }

    /// A whole answer with its length.
    public static func answer(
        _ status: Int, _ body: String, type: String = "application/json",
        headers: [String: String] = [:]
    ) -> ScriptedStep {
        let more = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return .send(
            "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
        )
    }
}

/// An HTTP server on a free port of the loopback that does what a test tells it, and remembers what it was asked.
public final class ScriptedServer: Sendable {
    /// Where it listens.
    public let port: Int
    private let listener: Int32
    private let began = ContinuousClock.now
    private let requests = Mutex<[ReceivedRequest]>([])
    private let script: @Sendable (ReceivedRequest, Int) -> [ScriptedStep]

    /// Starts to listen.
    ///
    /// - Parameter script: what to do about a request; its second argument counts requests from 0.
    public init(_ script: @escaping @Sendable (ReceivedRequest, Int) -> [ScriptedStep]) throws {
        self.script = script
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                guard let server = self else {
                    systemClose(connection)
                    return
                }
                Thread.detachNewThread { server.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        systemClose(listener)
    }

    /// What it was asked so far.
    public var received: [ReceivedRequest] { requests.withLock { $0 } }

    /// Its address.
    public var address: String { "http://127.0.0.1:\(port)" }

    private func serve(_ connection: Int32) {
        signal(SIGPIPE, SIG_IGN)
        defer { systemClose(connection) }
        while let request = read(connection) {
            let number = requests.withLock { requests in
                requests.append(request)
                return requests.count - 1
            }
            for step in script(request, number) {
                switch step {
                case .send(let text):
                    guard write(text, to: connection) else { return }
                case .wait(let seconds): Thread.sleep(forTimeInterval: seconds)
                case .close: return
                case .reset:
                    var now = linger(l_onoff: 1, l_linger: 0)
                    setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
                    return
                }
            }
        }
    }

    private func write(_ text: String, to connection: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func read(_ connection: Int32) -> ReceivedRequest? {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 14)
        func more() -> Bool {
            let count = recv(connection, &block, block.count, 0)
            guard count > 0 else { return false }
            bytes += block[..<count]
            return true
        }
        let end = Array("\r\n\r\n".utf8)
        while bytes.firstRange(of: end) == nil { guard more() else { return nil } }
        guard let head = bytes.firstRange(of: end) else { return nil }
        let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while bytes.count < head.upperBound + length { guard more() else { return nil } }
        return ReceivedRequest(
            line: lines[0], headers: headers,
            body: String(decoding: bytes[head.upperBound..<head.upperBound + length], as: UTF8.self),
            seconds: (ContinuousClock.now - began) / .seconds(1))
    }
}

@discardableResult
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

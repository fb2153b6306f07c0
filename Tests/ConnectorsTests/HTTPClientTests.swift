import Connectors
import DeployModel
import TestSupport
import Testing

/// Limits that a test can wait for.
private let short: HTTPRequest.Limits = {
    var limits = HTTPRequest.Limits()
    limits.connectSeconds = 2
    limits.silentSeconds = 1
    limits.totalSeconds = 20
    limits.attempts = 3
    limits.firstWaitMilliseconds = 10
    limits.longestWaitSeconds = 3
    return limits
}()

private func client(_ credentials: [String: String] = [:]) throws -> HTTPClient {
    try HTTPClient(userAgent: "blamedeploy/test", credentials: Credentials(credentials))
}

private func question(_ server: ScriptedServer, _ path: String = "/data") throws -> HTTPRequest {
    var request = HTTPRequest(
        get: try ServerAddress(server.address + path), headers: [.init("X-Key", "k3y-0f-mine")])
    request.limits = short
    return request
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

@Suite("Asking a server")
struct HTTPClientTests {
    @Test("hands over the answer, and says who asks")
    func whole() throws {
        let server = try ScriptedServer { _, _ in [.answer("{\"ok\":true}")] }
        let client = try client()
        #expect(try text(client.body(of: question(server, "/a%20b?x=1%2B2"))) == "{\"ok\":true}")
        #expect(client.receivedBytes > 11)
        let request = try #require(server.received.first)
        #expect(request.line == "GET /a%20b?x=1%2B2 HTTP/1.1")
        #expect(request.headers["user-agent"] == "blamedeploy/test")
        #expect(request.headers["x-key"] == "k3y-0f-mine")
    }

    @Test("sends a body, an empty one too", arguments: ["", "query=up&step=60"])
    func posts(body: String) throws {
        let server = try ScriptedServer { _, _ in [.answer("{}")] }
        var request = HTTPRequest(
            post: Array(body.utf8), to: try ServerAddress(server.address), isRepeatable: true)
        request.limits = short
        _ = try client().body(of: request)
        #expect(server.received.map(\.method) == ["POST"])
        #expect(server.received.map(\.body) == [body])
    }

    @Test("keeps the connection for the next question")
    func keepsConnection() throws {
        let server = try ScriptedServer { request, _ in [.answer(request.target)] }
        let client = try client()
        #expect(try text(client.body(of: question(server, "/1"))) == "/1")
        #expect(try text(client.body(of: question(server, "/2"))) == "/2")
    }

    @Test("hands over pieces as they come")
    func pieces() throws {
        let server = try ScriptedServer { _, _ in
            [
                .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"),
                .wait(seconds: 0.2),
                .send("6\r\nsecond\r\n0\r\n\r\n"),
            ]
        }
        var pieces: [String] = []
        let response = try client().send(question(server)) {
            pieces.append(String(decoding: $0, as: UTF8.self))
        }
        #expect(response.status == 200)
        #expect(pieces == ["first", "second"])
    }

    @Test("what reads the answer may end it with an error of its own")
    func readerThrows() throws {
        struct Enough: Error {}
        let server = try ScriptedServer { _, _ in [.answer("{}")] }
        #expect(throws: Enough.self) { try client().send(question(server)) { _ in throw Enough() } }
        #expect(server.received.count == 1)
    }
}

/// A server that does not do what it should, and what is said of it.
private struct Misbehaviour: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var steps: [ScriptedStep]
    var code: ConnectorError.Code
    var problem: String
    /// How often it is asked.
    var attempts = 1
}

private let misbehaviours = [
    Misbehaviour(
        testDescription: "dies before it answers", steps: [.close], code: .brokenOff,
        problem: "the connection broke after 0 bytes of the answer", attempts: 3),
    Misbehaviour(
        testDescription: "dies in the middle of an answer",
        steps: [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":["), .close], code: .brokenOff,
        problem: "the connection broke after 9 bytes of the answer", attempts: 3),
    Misbehaviour(
        testDescription: "dies in the middle of a chunked answer",
        steps: [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"data\":["), .close],
        code: .brokenOff,
        problem: "the connection broke after 9 bytes of the answer", attempts: 3),
    Misbehaviour(
        testDescription: "breaks the connection off", steps: [.reset], code: .brokenOff,
        problem: "the connection broke after 0 bytes of the answer", attempts: 3),
    Misbehaviour(
        testDescription: "hangs", steps: [.wait(seconds: 30)], code: .timedOut, problem: "no answer within "),
    Misbehaviour(
        testDescription: "hangs in the middle of an answer",
        steps: [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":["), .wait(seconds: 30)],
        code: .timedOut,
        problem: "the answer stopped after 9 bytes, and did not go on within "),
    Misbehaviour(
        testDescription: "is busy for good", steps: [.answer(429, "slow down", type: "text/plain")],
        code: .throttled,
        problem: "it asks for fewer questions (status 429): slow down", attempts: 3),
    Misbehaviour(
        testDescription: "asks to wait for an hour",
        steps: [.answer(429, "", headers: ["Retry-After": "3600"])], code: .throttled,
        problem: "it asks for fewer questions (status 429)"),
    Misbehaviour(
        testDescription: "asks to wait for ever",
        steps: [.answer(503, "", headers: ["Retry-After": "9223372036854775807"])], code: .serverError,
        problem: "it cannot answer now (status 503)"),
    Misbehaviour(
        testDescription: "fails", steps: [.answer(500, "{\"error\":\"boom\"}")], code: .serverError,
        problem: "it answered with an error (status 500): boom"),
    Misbehaviour(
        testDescription: "is overloaded",
        steps: [.answer(503, "{\"errorType\":\"timeout\",\"error\":\"query timed out\"}")],
        code: .serverError, problem: "it cannot answer now (status 503): timeout: query timed out",
        attempts: 3),
    Misbehaviour(
        testDescription: "wants a key", steps: [.answer(401, "<html>Sign in</html>", type: "text/html")],
        code: .refused,
        problem: "it refuses (status 401)"),
    Misbehaviour(
        testDescription: "shows a page to sign in",
        steps: [.answer("<html>Sign in</html>", type: "text/html; charset=utf-8")],
        code: .badAnswer, problem: "it answered with a web page rather than data"),
    Misbehaviour(
        testDescription: "shows a page and calls it data", steps: [.answer("\n<!DOCTYPE html><p>Hello")],
        code: .badAnswer,
        problem: "it answered with a web page rather than data"),
    Misbehaviour(
        testDescription: "sends elsewhere",
        steps: [.answer(302, "", headers: ["Location": "https://other.example/login?token=abc"])],
        code: .badAddress,
        problem: "it sends to https://other.example/login (status 302)"),
    Misbehaviour(
        testDescription: "knows no such path",
        steps: [.answer(404, "404 page not found", type: "text/plain")],
        code: .badAddress, problem: "there is no such thing (status 404): 404 page not found"),
    Misbehaviour(
        testDescription: "is no web server", steps: [.send("220 mail ready\r\n"), .close], code: .badAnswer,
        problem: "it does not speak HTTP"),
    Misbehaviour(
        testDescription: "packs wrongly",
        steps: [.answer(200, "no gzip", headers: ["Content-Encoding": "gzip"])], code: .badAnswer,
        problem: "the answer is packed in a way that cannot be unpacked"),
    Misbehaviour(
        testDescription: "sends without end",
        steps: [.send("HTTP/1.1 200 OK\r\n\r\n\(String(repeating: "x", count: 3 << 20))"), .close],
        code: .tooLarge,
        problem: "the answer is larger than 1 MiB"),
]

@Suite("A server that does not do what it should")
struct MisbehavingServerTests {
    @Test("is an error that says what, where and how to mend it, in time", arguments: misbehaviours)
    private func says(misbehaviour: Misbehaviour) throws {
        let server = try ScriptedServer { _, _ in misbehaviour.steps }
        var request = try question(server)
        request.limits.largestBytes = 1 << 20
        let error = try #require(throws: ConnectorError.self) { try client().body(of: request) }
        #expect(error.code == misbehaviour.code)
        #expect(error.problem.hasPrefix(misbehaviour.problem), "\(error.problem)")
        #expect(error.location == "\(server.address)/data")
        #expect(error.remedy != nil)
        #expect(!error.description.contains("k3y"))
        #expect(!error.description.contains("token"))
        #expect(server.received.count == misbehaviour.attempts)
    }

    @Test(
        "is asked again, and then believed",
        arguments: [
            [.answer(429, "", headers: ["Retry-After": "1"])], [.answer(503, "")], [.close],
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"), .close],
        ] as [[ScriptedStep]])
    func recovers(first: [ScriptedStep]) throws {
        let server = try ScriptedServer { _, number in number == 0 ? first : [.answer("whole")] }
        #expect(try text(client().body(of: question(server))) == "whole")
        #expect(server.received.count == 2)
    }

    @Test("is waited for as long as it asks")
    func waits() throws {
        let server = try ScriptedServer { _, number in
            [number == 0 ? .answer(429, "", headers: ["Retry-After": "1"]) : .answer("whole")]
        }
        _ = try client().body(of: question(server))
        let times = server.received.map(\.seconds)
        #expect(times[1] - times[0] >= 1)
    }

    @Test("is not asked again once a part of its answer was handed over")
    func noSecondHalf() throws {
        let server = try ScriptedServer { _, _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), .close]
        }
        var pieces: [String] = []
        #expect(throws: ConnectorError.self) {
            try client().send(question(server)) { pieces.append(String(decoding: $0, as: UTF8.self)) }
        }
        #expect(pieces == ["half"])
        #expect(server.received.count == 1)
    }

    @Test("is not told twice what may be told only once", arguments: [(503, 1), (429, 3)])
    func notRepeatable(status: Int, attempts: Int) throws {
        let server = try ScriptedServer { _, _ in [.answer(status, "")] }
        var request = HTTPRequest(post: [1], to: try ServerAddress(server.address), isRepeatable: false)
        request.limits = short
        #expect(throws: ConnectorError.self) { try client().body(of: request) }
        #expect(server.received.count == attempts)
    }

    @Test("that is not there is an error")
    func absent() throws {
        // A port that was free a moment ago.
        let port = try ScriptedServer { _, _ in [] }.port
        var request = HTTPRequest(get: try ServerAddress("http://127.0.0.1:\(port)"))
        request.limits = short
        let error = try #require(throws: ConnectorError.self) { try client().body(of: request) }
        #expect(error.code == .unreachable)
        #expect(error.problem == "nobody answers at http://127.0.0.1:\(port)")
    }

    @Test("whose name is not known is an error")
    func unknownName() throws {
        var request = HTTPRequest(get: try ServerAddress("http://no-such-host.invalid/"))
        request.limits = short
        let error = try #require(throws: ConnectorError.self) { try client().body(of: request) }
        #expect(error.code == .unreachable)
        #expect(error.problem.contains("no-such-host.invalid"))
    }
}

/// It knows `version` rather than `--version`.
private let hasOpenSSL = (try? run("openssl", ["version"]).status) == 0

@Suite("An encrypted connection")
struct EncryptedConnectionTests {
    /// Says a page to whoever trusts the certificate that is made for it.
    @Test(
        "stands only where the certificate is trusted",
        .enabled(if: hasOpenSSL, "SKIPPED: openssl makes the certificate and serves it"))
    func trust() throws {
        try withTemporaryFolder { folder in
            let (key, certificate) = ("\(folder)/key.pem", "\(folder)/cert.pem")
            let made = try run(
                "openssl",
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
                ])
            #expect(made.status == 0, "\(made.errors)")
            try write("{\"whole\":true}", to: "\(folder)/answer.json")
            let server = try RunningServer(
                "openssl", log: "\(folder)/log", in: folder, readyPath: nil
            ) { ["s_server", "-accept", "\($0)", "-cert", certificate, "-key", key, "-WWW", "-quiet"] }
            func ask(_ host: String, trusting variables: [String: String]) throws -> [UInt8] {
                var request = HTTPRequest(
                    get: try ServerAddress("https://\(host):\(server.port)/answer.json"))
                request.limits = short
                return try client(variables).body(of: request)
            }
            let error = try #require(throws: ConnectorError.self) { try ask("localhost", trusting: [:]) }
            #expect(error.code == .untrusted)
            #expect(error.remedy?.contains("SSL_CERT_FILE") == true)
            let trusting = ["SSL_CERT_FILE": certificate]
            #expect(try text(ask("localhost", trusting: trusting)) == "{\"whole\":true}")
            // The certificate is of another name.
            let other = try #require(throws: ConnectorError.self) { try ask("127.0.0.1", trusting: trusting) }
            #expect(other.code == .untrusted)
        }
    }
}

internal import CCurl

/// Asks servers over HTTP, one question at a time, over a connection that is kept.
///
/// Certificates are always verified. The proxies of the environment (`https_proxy`, `http_proxy`, `no_proxy`) are used.
/// No redirection is followed: it would carry the key of one server to another.
public final class HTTPClient {
    private let userAgent: String
    private let certificates: String?
    private let handle: CurlHandle
    /// How many bytes all answers took on the wire.
    public private(set) var receivedBytes = 0

    /// A client.
    ///
    /// - Parameters:
    ///   - userAgent: what servers are told of who asks: `blamedeploy/1.0.0`.
    ///   - credentials: where `SSL_CERT_FILE` is read from, a file of further certificates to trust.
    public init(userAgent: String, credentials: Credentials = Credentials()) throws(ConnectorError) {
        self.userAgent = userAgent
        // libcurl, unlike the program curl, knows only the certificates that it was built with.
        certificates = credentials.setting("SSL_CERT_FILE")
        handle = try CurlHandle()
    }

    /// Asks, and hands over the body of a good answer piece by piece, as it comes.
    ///
    /// An answer that is an error, a redirection or a web page is never handed over. What `body` was handed before this throws is
    /// part of an answer and must not be believed. A request is repeated only as long as `body` was handed nothing.
    ///
    /// - Throws: ``ConnectorError``, or what `body` throws.
    @discardableResult
    public func send(
        _ request: HTTPRequest, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> HTTPResponse {
        try repeated(request, body, startAnew: nil)
    }

    /// Asks, and hands over the body of a good answer piece by piece, to someone who can forget what was handed over.
    ///
    /// - Parameter startAnew: forgets it: the answer broke off, and will come once more.
    /// - Throws: ``ConnectorError``, or what the closures throw.
    @discardableResult
    public func send(
        _ request: HTTPRequest, _ body: (UnsafeRawBufferPointer) throws -> Void, startAnew: () throws -> Void
    ) throws -> HTTPResponse {
        try withoutActuallyEscaping(startAnew) { try repeated(request, body, startAnew: $0) }
    }

    /// Asks, and returns the whole body of a good answer.
    ///
    /// - Throws: ``ConnectorError``.
    public func body(of request: HTTPRequest) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try send(request) {
            bytes.append(contentsOf: $0)
        } startAnew: {
            bytes.removeAll()
        }
        return bytes
    }

    /// - Parameter startAnew: forgets what was handed over; `nil` where that cannot be done.
    private func repeated(
        _ request: HTTPRequest, _ body: (UnsafeRawBufferPointer) throws -> Void,
        startAnew: (() throws -> Void)?
    ) throws -> HTTPResponse {
        let end = monotonicMilliseconds() + Int64(request.limits.totalSeconds) * 1000
        var wait = Int64(request.limits.firstWaitMilliseconds)
        var attempt = 1
        while true {
            let transfer = try perform(request, until: end, body)
            receivedBytes += transfer.response.receivedBytes
            guard let failure = transfer.failure(of: request) else { return transfer.response }
            let pause = max(wait, Int64(failure.askedWaitSeconds ?? 0) * 1000)
            guard failure.mayPass, request.isRepeatable || failure.isUntouched,
                attempt < request.limits.attempts,
                pause <= Int64(request.limits.longestWaitSeconds) * 1000,
                monotonicMilliseconds() + pause < end,
                transfer.deliveredBytes == 0 || startAnew != nil
            else { throw failure.error }
            if transfer.deliveredBytes > 0 { try startAnew?() }
            sleep(milliseconds: pause)
            attempt += 1
            wait *= 2
        }
    }

    /// One attempt.
    private func perform(
        _ request: HTTPRequest, until end: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Transfer {
        try withoutActuallyEscaping(body) { body in
            let transfer = Transfer(largestBytes: request.limits.largestBytes, body: body)
            defer { transfer.forgetBody() }
            try handle.perform(
                request, userAgent: userAgent, certificates: certificates,
                milliseconds: max(end - monotonicMilliseconds(), 1), into: transfer)
            if let error = transfer.thrown { throw error }
            return transfer
        }
    }
}

/// The handle of libcurl, and with it the connections that are kept; freed exactly once.
private struct CurlHandle: ~Copyable {
    private static let started: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))

    private let handle: UnsafeMutableRawPointer

    init() throws(ConnectorError) {
        guard Self.started == CURLE_OK, let handle = curl_easy_init() else {
            throw ConnectorError(
                .unreachable, "libcurl cannot start",
                remedy: "memory is short, or the library does not fit the program")
        }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    func perform(
        _ request: HTTPRequest, userAgent: String, certificates: String?, milliseconds: Int64,
        into transfer: Transfer
    ) throws(ConnectorError) {
        // Connections stay; everything that was set does not.
        curl_easy_reset(handle)
        var lines: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(lines) }
        // Waiting for leave to send the body would only delay it.
        for header in request.headers + [HTTPRequest.Header("Expect", "")] {
            lines = curl_slist_append(
                lines, header.value.isEmpty ? "\(header.name):" : "\(header.name): \(header.value)")
        }
        var results = [
            blamedeploy_curl_only_http(handle),
            set(CURLOPT_NOSIGNAL, 1), set(CURLOPT_FOLLOWLOCATION, 0),
            set(CURLOPT_SSL_VERIFYPEER, 1), set(CURLOPT_SSL_VERIFYHOST, 2),
            set(CURLOPT_URL, request.address.text), set(CURLOPT_USERAGENT, userAgent),
            // All the packings that libcurl knows.
            set(CURLOPT_ACCEPT_ENCODING, ""),
            blamedeploy_curl_set_list(handle, CURLOPT_HTTPHEADER, lines),
            set(CURLOPT_CONNECTTIMEOUT, request.limits.connectSeconds),
            set(CURLOPT_LOW_SPEED_LIMIT, 1), set(CURLOPT_LOW_SPEED_TIME, request.limits.silentSeconds),
            set(CURLOPT_TIMEOUT_MS, Int(milliseconds)),
        ]
        if let certificates { results.append(set(CURLOPT_CAINFO, certificates)) }
        if request.method == .post {
            results.append(set(CURLOPT_POST, 1))
            results.append(
                (request.body ?? []).withUnsafeBytes {
                    blamedeploy_curl_set_body(handle, $0.baseAddress, $0.count)
                })
        }
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        results += [
            blamedeploy_curl_set_pointer(handle, CURLOPT_WRITEDATA, context),
            blamedeploy_curl_set_pointer(handle, CURLOPT_HEADERDATA, context),
            blamedeploy_curl_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                taken(bytes, size * count, context) { $0.take(headerLine: $1) }
            },
            blamedeploy_curl_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                taken(bytes, size * count, context) { $0.take(body: $1) }
            },
        ]
        if let failed = results.first(where: { $0 != CURLE_OK }) {
            throw ConnectorError(
                .badAddress, "the request cannot be made: \(words(failed))", at: request.address.place,
                remedy: "check the address")
        }
        let began = monotonicMilliseconds()
        transfer.result = curl_easy_perform(handle)
        transfer.milliseconds = monotonicMilliseconds() - began
        transfer.isOutOfTime = transfer.milliseconds >= milliseconds
        var status = 0
        var (packed, headers, connected): (curl_off_t, Int, curl_off_t) = (0, 0, 0)
        blamedeploy_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        blamedeploy_curl_get_size(handle, CURLINFO_SIZE_DOWNLOAD_T, &packed)
        blamedeploy_curl_get_long(handle, CURLINFO_HEADER_SIZE, &headers)
        blamedeploy_curl_get_size(handle, CURLINFO_PRETRANSFER_TIME_T, &connected)
        transfer.isConnected = connected > 0
        transfer.response.status = status
        transfer.response.receivedBytes = Int(packed) + headers
    }

    private func set(_ option: CURLoption, _ value: Int) -> CURLcode {
        blamedeploy_curl_set_long(handle, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) -> CURLcode {
        blamedeploy_curl_set_text(handle, option, value)
    }
}

/// What libcurl says of a result.
private func words(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }

/// Hands bytes of libcurl to the transfer that they belong to; less than all of them ends the transfer.
private func taken(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ take: (Transfer, UnsafeRawBufferPointer) -> Bool
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return take(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
}

/// What comes in during one attempt.
private final class Transfer {
    var response = HTTPResponse(status: 0, headers: [], receivedBytes: 0)
    var result = CURLE_OK
    var milliseconds: Int64 = 0
    /// Whether the time for everything ran out, rather than the patience with a silent server.
    var isOutOfTime = false
    var isConnected = false
    /// What the reader of the body threw.
    private(set) var thrown: (any Error)?
    private(set) var deliveredBytes = 0
    private(set) var isTooLarge = false
    /// The beginning of an answer that is not handed over: it says what is wrong.
    private(set) var refusal: [UInt8] = []
    private let largestBytes: Int
    private var body: ((UnsafeRawBufferPointer) throws -> Void)?
    /// Whether the answer turned out to be a web page.
    private(set) var isPage = false

    static let refusalBytes = 1 << 16

    init(largestBytes: Int, body: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.largestBytes = largestBytes
        self.body = body
    }

    func forgetBody() { body = nil }

    func take(headerLine bytes: UnsafeRawBufferPointer) -> Bool {
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // That of a proxy, or one that only says to go on, may come before the answer's own.
            response.headers = []
            response.status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            response.headers.append(HTTPRequest.Header(String(line[..<colon]), trimmed(value)))
        }
        return true
    }

    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        if deliveredBytes == 0, refusal.isEmpty {
            isPage =
                response.header("Content-Type")?.lowercased().hasPrefix("text/html") ?? false
                || looksLikePage(bytes)
        }
        guard (200..<300).contains(response.status), !isPage else {
            refusal.append(contentsOf: bytes.prefix(Self.refusalBytes - refusal.count))
            return refusal.count < Self.refusalBytes
        }
        guard deliveredBytes + bytes.count <= largestBytes else {
            isTooLarge = true
            return false
        }
        deliveredBytes += bytes.count
        do {
            try body?(bytes)
            return true
        } catch {
            thrown = error
            return false
        }
    }

    private func looksLikePage(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = String(decoding: bytes.prefix(64), as: UTF8.self).lowercased().drop { $0.isWhitespace }
        return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
    }
}

/// Why an attempt failed, and whether another one may do better.
private struct Failure {
    var error: ConnectorError
    /// Whether it may be over soon.
    var mayPass = false
    /// Whether the server certainly did nothing.
    var isUntouched = false
    /// Seconds that the server asks to wait.
    var askedWaitSeconds: Int?
}

extension Transfer {
    /// What is wrong with the answer; `nil` when it is whole and good.
    func failure(of request: HTTPRequest) -> Failure? {
        let place = request.address.place
        if isTooLarge {
            return Failure(
                error: ConnectorError(
                    .tooLarge, "the answer is larger than \(largestBytes >> 20) MiB", at: place,
                    remedy: "ask for a shorter window, a longer step or fewer series"))
        }
        // A refusal that is long enough was cut off by us.
        if result != CURLE_OK, !(result == CURLE_WRITE_ERROR && refusal.count == Self.refusalBytes) {
            return broken(request)
        }
        if (200..<300).contains(response.status) {
            guard isPage else { return nil }
            return Failure(
                error: ConnectorError(
                    .badAnswer, "it answered with a web page rather than data", at: place,
                    remedy: "check the address: this may be a login page, a proxy or the server's own pages"))
        }
        return refused(request)
    }

    /// What libcurl says went wrong on the way.
    private func broken(_ request: HTTPRequest) -> Failure {
        let (place, limits) = (request.address.place, request.limits)
        func failure(
            _ code: ConnectorError.Code, _ problem: String, _ remedy: String, mayPass: Bool = false,
            isUntouched: Bool = false
        ) -> Failure {
            Failure(
                error: ConnectorError(code, problem, at: place, remedy: remedy), mayPass: mayPass,
                isUntouched: isUntouched)
        }
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST:
            return failure(
                .unreachable, "the name \(request.address.host) is not known",
                "check the name, and whether this machine may look up names of the network it is in")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return failure(
                .unreachable, "the name of the proxy is not known",
                "check http_proxy, https_proxy and no_proxy in the environment")
        case CURLE_COULDNT_CONNECT:
            return failure(
                .unreachable, "nobody answers at \(request.address.origin)",
                "check host and port, whether the server runs, and whether a proxy of the environment stands between",
                mayPass: true, isUntouched: true)
        case CURLE_OPERATION_TIMEDOUT where !isConnected:
            return failure(
                .timedOut, "no connection within \(seconds)",
                "check host and port, and whether a firewall lies between", isUntouched: true)
        case CURLE_OPERATION_TIMEDOUT:
            let start =
                deliveredBytes > 0
                ? "the answer stopped after \(deliveredBytes) bytes, and did not go on" : "no answer"
            return failure(
                .timedOut, "\(start) within \(seconds)",
                isOutOfTime && limits.totalSeconds > limits.silentSeconds
                    ? "ask for a shorter window or fewer series"
                    : "ask for less, or allow more time with BLAMEDEPLOY_TIMEOUT (seconds)")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            return failure(
                .untrusted, "its certificate cannot be trusted (\(words(result)))",
                "check the name; certificates of your own are trusted where SSL_CERT_FILE names a file with them"
            )
        case CURLE_SSL_CONNECT_ERROR:
            return failure(
                .untrusted, "no encrypted connection came about (\(words(result)))",
                "check that the port speaks https; use http where it does not")
        case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2_STREAM,
            CURLE_HTTP2:
            return failure(
                .brokenOff, "the connection broke after \(deliveredBytes) bytes of the answer",
                "ask again; where it breaks again, the log of the server says why", mayPass: true)
        case CURLE_BAD_CONTENT_ENCODING:
            return failure(.badAnswer, "the answer is packed in a way that cannot be unpacked", "ask again")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return failure(
                .badAnswer, "it does not speak HTTP", "check the port: another server may listen there")
        default:
            return failure(.unreachable, words(result), "check the address, and the network")
        }
    }

    private var seconds: String {
        milliseconds < 10_000 ? "\(Double(milliseconds / 100) / 10) s" : "\(milliseconds / 1000) s"
    }

    /// What a status says that is none of success.
    private func refused(_ request: HTTPRequest) -> Failure {
        let status = response.status
        func failure(_ code: ConnectorError.Code, _ problem: String, _ remedy: String) -> Failure {
            Failure(
                error: ConnectorError(
                    code, problem + (isPage ? "" : said), at: request.address.place, remedy: remedy,
                    status: status))
        }
        switch status {
        case 300..<400:
            let target = response.header("Location").map { String($0.prefix { $0 != "?" }) }
            let shown = target.map { $0.contains("@") ? "another address" : $0 } ?? "another address"
            return failure(
                .badAddress, "it sends to \(shown) (status \(status))",
                "name that address itself: redirections are not followed, since keys would go along")
        case 401, 403, 407:
            return failure(
                .refused, "it refuses (status \(status))",
                status == 407
                    ? "give the proxy's user in https_proxy"
                    : "check the key: docs/servers.md says which variable holds it")
        case 404:
            return failure(
                .badAddress, "there is no such thing (status 404)", "check the path of the address")
        case 429:
            var failed = failure(
                .throttled, "it asks for fewer questions (status 429)", "wait, and ask again")
            failed.mayPass = true
            failed.isUntouched = true
            failed.askedWaitSeconds = response.waitSeconds
            if let seconds = failed.askedWaitSeconds { failed.error.remedy = "ask again in \(seconds) s" }
            return failed
        case 408, 502, 503, 504:
            var failed = failure(
                .serverError, "it cannot answer now (status \(status))", "ask again, or ask for less")
            failed.mayPass = true
            failed.askedWaitSeconds = response.waitSeconds
            return failed
        default:
            return failure(
                .serverError, "it answered with an error (status \(status))",
                "mend the question as it says, or look into the log of the server")
        }
    }

    /// What the body of a refusal says, for the message.
    private var said: String {
        let text = serverMessage(refusal)
        return text.isEmpty ? "" : ": \(text)"
    }
}

extension HTTPResponse {
    /// How many seconds the server asks to wait: `Retry-After` in seconds or as a time, or the `reset` of a `RateLimit` line.
    var waitSeconds: Int? {
        // More than this is for ever.
        askedSeconds.map { min(max($0, 0), 1_000_000) }
    }

    private var askedSeconds: Int? {
        if let asked = header("Retry-After") {
            if let seconds = Int(asked) { return seconds }
            // Counted on the clock of the server, where it tells it: ours may go wrong.
            if let time = httpDate(asked) {
                return time - (header("Date").flatMap(httpDate) ?? wallClockSeconds())
            }
        }
        let parts = header("RateLimit")?.split { $0 == "," || $0 == ";" || $0 == " " } ?? []
        return parts.lazy.compactMap { $0.cut(at: "=") }.first { $0.0.lowercased() == "reset" }
            .flatMap { Int($0.1) }
    }
}

private func trimmed(_ text: Substring) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
        let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
}

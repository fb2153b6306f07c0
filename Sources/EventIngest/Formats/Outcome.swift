/// How the events behind a count ended, told from a label or a name.
enum Outcome: Equatable {
    case failed, passed
    /// Failures and successes together.
    case all
    /// Neither a failure of the service nor a success, such as answers of 4xx beside counts of 2xx and 5xx.
    case other
}

extension Outcome {
    /// Labels that say how events ended, the most telling first: names of client libraries, of meshes and of OpenTelemetry.
    static let labels = [
        "http.response.status_code", "http_response_status_code", "http.status_code", "http_status_code",
        "status_code", "response_code", "code", "http_code", "status", "http_status", "response_status",
        "rpc.response.status_code", "rpc.grpc.status_code", "rpc_grpc_status_code", "grpc_code",
        "grpc_status",
        "grpc_response_status", "envoy_response_code", "envoy_response_code_class", "response_code_class",
        "status_class",
        "code_class", "span.status_code", "otel.status_code", "outcome", "result", "event.outcome",
        "is_error", "error", "failed",
        "success", "succeeded", "error.type", "severity", "level", "detected_level", "log.level",
        "resultCode", "rc",
    ]

    /// What a value of such a label says; `nil` when it is none that is known.
    init?(label: String, value: String) {
        let word = value.lowercased()
        let last = label.lowercased().split { $0 == "." || $0 == "_" }.last.map(String.init) ?? label
        if word == "true" || word == "false" {
            let isGood = last.hasPrefix("success") || last.hasPrefix("succe") || last == "ok"
            self = (word == "true") == isGood ? .passed : .failed
        } else if last == "type" {
            // OpenTelemetry's error.type: there only on failures.
            self = word.isEmpty ? .passed : .failed
        } else if let number = Int(word) {
            self =
                (100..<600).contains(number)
                ? (number >= 500 ? .failed : .passed)
                : label.contains("grpc") || label.hasPrefix("rpc")
                    ? Outcome(grpcCode: number)
                    : number < 10 ? (number == 5 ? .failed : .passed) : .passed
        } else if word.count == 3, word.hasSuffix("xx"), let digit = word.first?.wholeNumberValue {
            self = digit == 5 ? .failed : .passed
        } else if Self.failures.contains(word) || Self.grpcFailures.contains(word.filter { $0 != "_" }) {
            self = .failed
        } else if Self.successes.contains(word) || Self.grpcRefusals.contains(word.filter { $0 != "_" }) {
            self = .passed
        } else {
            return nil
        }
    }

    /// gRPC's codes: those that say that the server, not the caller, is at fault (OpenTelemetry's rule for server spans).
    private init(grpcCode code: Int) { self = [2, 4, 12, 13, 14, 15].contains(code) ? .failed : .passed }

    private static let grpcFailures: Set<String> = [
        "unknown", "deadlineexceeded", "unimplemented", "internal", "unavailable", "dataloss",
    ]
    private static let grpcRefusals: Set<String> = [
        "canceled", "cancelled", "invalidargument", "notfound", "alreadyexists", "permissiondenied",
        "resourceexhausted",
        "failedprecondition", "aborted", "outofrange", "unauthenticated",
    ]
    private static let failures: Set<String> = [
        "failure", "failed", "fail", "error", "errors", "err", "fatal", "critical", "crit", "alert",
        "emergency", "emerg",
        "panic", "ko", "exception", "timeout", "server_error", "status_code_error",
    ]
    private static let successes: Set<String> = [
        "success", "succeeded", "successful", "ok", "pass", "passed", "unset", "info", "information",
        "informational", "warn",
        "warning", "debug", "trace", "notice", "default", "none", "completed", "client_error", "redirection",
        "status_code_ok",
        "status_code_unset", "unknown_level",
    ]

    /// What the words of a name say: `http_errors_total` are failures, `http_requests_total` is all; `nil` when nothing does.
    init?(name: String) {
        let words = nameWords(name)
        if words.contains(where: Self.failureWords.contains) {
            self = .failed
        } else if words.contains(where: Self.successWords.contains) {
            self = .passed
        } else if words.contains(where: ["3xx", "4xx"].contains) {
            self = .other
        } else if words.contains(where: Self.allWords.contains) {
            self = .all
        } else {
            return nil
        }
    }

    private static let failureWords: Set<String> = [
        "error", "errors", "errored", "err", "fail", "failed", "failing", "failure", "failures", "5xx",
        "exception", "exceptions",
        "faults", "fault",
    ]
    private static let successWords: Set<String> = [
        "success", "successes", "successful", "succeeded", "ok", "2xx", "passed", "good",
    ]
    private static let allWords: Set<String> = [
        "total", "requests", "request", "all", "count", "events", "event", "hits", "calls", "invocations",
        "rps", "traffic",
        "throughput", "doc",
    ]
}

/// The words of a name, in lower case: `httpErrors_total` has three.
func nameWords(_ name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var wasLower = false
    for character in name {
        if !character.isLetter && !character.isNumber {
            if !word.isEmpty { words.append(word.lowercased()) }
            word = ""
        } else {
            if character.isUppercase, wasLower {
                words.append(word.lowercased())
                word = ""
            }
            word.append(character)
        }
        wasLower = character.isLowercase
    }
    if !word.isEmpty { words.append(word.lowercased()) }
    return words
}

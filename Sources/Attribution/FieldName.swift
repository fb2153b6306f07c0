import DeployModel

/// What a field's name alone says of it.
///
/// Names are judged by their words, whatever wraps them: `attributes.http.response.status_code` has the words
/// `http response status code`.
struct FieldName {
    let text: String
    let words: [String]

    init(_ text: String) {
        self.text = text
        words = Self.split(Envelope.contents(of: text))
    }

    /// Whether the name says that the field describes how an event ended.
    var isSymptom: Bool {
        if words.contains(where: Self.outcomeWords.contains) { return true }
        if let last = words.last, Self.outcomeEnds.contains(last) { return true }
        let tail = words.suffix(2).joined(separator: " ")
        return Self.outcomeTails.contains(tail) || words.count == 1 && Self.outcomeNames.contains(words[0])
    }

    /// Whether the name says that the field was known before the event ended.
    var isKnownBefore: Bool { !isSymptom && words.contains(where: Self.originWords.contains) }

    /// Whether a larger number of the field may mean something. The number of a build that was deployed is a name; that of a
    /// client's says how new it is.
    var hasOrder: Bool {
        !isDeployIdentity || words.contains("build") && words.contains(where: Self.clientWords.contains)
    }

    /// Whether the values of the field come and go with deploys.
    var isDeployIdentity: Bool { words.contains(where: Self.identityWords.contains) }

    /// Whether the field names the workload that served an event.
    var isWorkload: Bool {
        ["deployment", "workload", "statefulset", "daemonset"].contains { words.contains($0) }
            || ["service name", "service", "app"].contains(words.suffix(2).joined(separator: " "))
    }

    /// Whether the field names the pod that served an event.
    var isPod: Bool {
        guard let position = words.firstIndex(of: "pod") else { return false }
        return position == words.count - 1 || words[words.count - 1] == "name"
    }

    /// Of fields that say the same, the one with the lowest rank is shown.
    var rank: Int {
        let position = Self.preference.firstIndex { words.contains($0) }
        guard let position else { return Self.preference.count }
        // `k8s.pod.uid` and `k8s.pod.ip` say less to a person than `k8s.pod.name`.
        return words.contains("uid") || words.contains("ip")
            || words.contains("id") && words.contains("build")
            ? Self.preference.count + 1 : position
    }

    private static let preference = [
        "deployment", "workload", "statefulset", "daemonset", "service", "version", "sha", "commit", "tag",
        "image", "build", "replicaset", "node", "host", "hostname", "zone", "region", "route", "endpoint",
        "pod",
        "customer", "tenant",
    ]

    private static let outcomeWords: Set<String> = [
        "error", "errors", "err", "errno", "exception", "exceptions", "exc", "failure", "failed", "severity",
        "loglevel", "duration", "latency", "elapsed", "took", "retry", "retries", "retried",
        "attempts", "attempt", "resend", "response", "stacktrace", "traceback", "stack", "outcome",
        "backtrace", "panic", "ttfb",
    ]
    /// Short for level and severity, but also for the level of a service that somebody pays for.
    private static let outcomeEnds: Set<String> = ["lvl", "sev"]
    private static let clientWords: Set<String> = [
        "client", "browser", "agent", "device", "sdk", "os", "platform",
    ]
    private static let outcomeTails: Set<String> = [
        "http status", "otel status", "grpc status", "status code", "status text", "status message",
        "response code", "resp code", "response status", "resp status", "result code", "exit code",
        "return code", "log level", "level name", "response time", "resp time", "time taken", "total time",
        "request time", "span status",
    ]
    private static let outcomeNames: Set<String> = [
        "status", "level", "message", "msg", "result", "code", "fingerprint", "reason", "success", "ok",
        "timeout",
    ]
    private static let originWords: Set<String> = [
        "service", "workload", "deployment", "statefulset", "daemonset", "pod", "node", "host", "hostname",
        "zone", "region", "az", "cluster", "namespace", "container", "replicaset", "version", "sha", "commit",
        "build", "image", "tag", "customer", "tenant", "user", "account", "org", "organization", "team",
        "plan",
        "tier", "route", "endpoint", "path", "method", "operation", "platform", "os", "device", "client",
        "browser", "flag", "feature", "experiment", "variant", "shard", "partition", "topic", "sdk", "locale",
        "country", "currency", "request", "cell", "instance", "runtime", "arch", "url", "uri", "system",
    ]
    private static let identityWords: Set<String> = [
        "version", "sha", "commit", "build", "image", "tag", "replicaset", "pod", "container", "instance",
        "release", "revision", "hash",
    ]

    /// Lowercased words between dots, dashes, underscores and changes to upper case.
    private static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var followsLower = false
        for character in text {
            let isBoundary = !character.isLetter && !character.isNumber
            if isBoundary || character.isUppercase && followsLower {
                if !word.isEmpty { words.append(word.lowercased()) }
                word = ""
            }
            if !isBoundary { word.append(character) }
            followsLower = character.isLowercase || character.isNumber
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }
}

/// Whether the name of a field alone says that it describes how events ended.
package func describesFailures(_ name: String) -> Bool { FieldName(name).isSymptom }

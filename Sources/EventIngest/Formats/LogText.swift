import DeployModel

extension ExportRecord {
    /// Adds what a line of a log says: the members of a JSON object, the pairs of logfmt, the fields of an access log, else the
    /// text itself and the level that it names.
    mutating func add(logText text: String) {
        let text = plain(text)
        if text.first == "{", let node = JSONNode.parse(text) {
            add(members: node)
            return
        }
        if let line = AccessLogLine(text) {
            line.add(to: &self)
            return
        }
        let pairs = logfmtPairs(text)
        if pairs.count > 1 {
            for (key, value) in pairs { add(key, value) }
            return
        }
        add("level", levelWord(text))
        // klog: `E1010 14:03:07.512345       1 pay.go:12] what happened`
        let isHeaded = klogLevel(text) != nil
        let end = isHeaded ? text.firstIndex(of: "]").map { text.index(after: $0) } : nil
        add("message", end.map { text[$0...].trimmed } ?? text)
    }
}

extension ExportRecord {
    /// What ``addOutcome()`` takes for a failure, in words.
    static let outcomeWords = "error = a level of error and above, or a status of 500 and above"

    /// Adds whether it failed, where it has a level or a status; some lines of a log have the one, some the other.
    mutating func addOutcome() {
        guard self["error"] == nil, self["success"] == nil else { return }
        var isFailing: Bool?
        for field in fields {
            let name = field.key.lowercased()
            if let status = field.value.double, (100..<600).contains(status), Self.statuses.contains(name) {
                isFailing = isFailing == true || status >= 500
            } else if let level = field.value.string?.lowercased(), Self.levels.contains(name) {
                isFailing = isFailing == true || failingLevels.contains(level)
            }
        }
        if let isFailing { add("error", .bool(isFailing)) }
    }

    private static let statuses: Set<String> = [
        "status", "status_code", "statuscode", "http.status_code", "http.response.status_code",
        "response_code", "code",
        "http_status", "http.status",
    ]
    private static let levels: Set<String> = [
        "level", "severity", "detected_level", "log.level", "loglevel", "lvl", "levelname", "severity_text",
    ]
}

private let failingLevels: Set<String> = [
    "error", "err", "eror", "fatal", "critical", "crit", "alert", "emergency", "emerg", "panic", "severe",
]

/// A text without the colours of a terminal and without space at its end.
private func plain(_ text: String) -> String {
    guard text.contains("\u{1B}") else {
        return text.last?.isWhitespace == true ? text.trimmedEnd : text
    }
    var plain = ""
    var isEscape = false
    for character in text {
        if character == "\u{1B}" {
            isEscape = true
        } else if isEscape {
            // A control sequence ends with its first letter (ECMA-48, 5.4).
            if character.isLetter { isEscape = false }
        } else {
            plain.append(character)
        }
    }
    return plain.trimmedEnd
}

extension String {
    fileprivate var trimmedEnd: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

/// The pairs of a line such as `level=error msg="no route" status=503`; none when it does not begin with one.
private func logfmtPairs(_ text: String) -> [(String, JSONNode)] {
    var pairs: [(String, JSONNode)] = []
    var rest = text.utf8[...]
    func isKeyByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || [UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "@")].contains(byte)
    }
    while true {
        while rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        let key = rest.prefix(while: isKeyByte)
        guard !key.isEmpty else { break }
        rest = rest[key.endIndex...]
        guard rest.first == UInt8(ascii: "=") else {
            // A word by itself; the first one makes it an ordinary text.
            if pairs.isEmpty { return [] }
            rest = rest.drop { $0 != UInt8(ascii: " ") }
            continue
        }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        if rest.first == UInt8(ascii: "\"") {
            rest = rest.dropFirst()
            while let byte = rest.first, byte != UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                guard byte == UInt8(ascii: "\\"), let escaped = rest.first else {
                    value.append(byte)
                    continue
                }
                value.append(escaped == UInt8(ascii: "n") ? 0x0A : escaped)
                rest = rest.dropFirst()
            }
            rest = rest.dropFirst()
            pairs.append(
                (String(decoding: key, as: UTF8.self), .string(String(decoding: value, as: UTF8.self))))
        } else {
            let word = rest.prefix { $0 != UInt8(ascii: " ") }
            rest = rest[word.endIndex...]
            pairs.append(
                (String(decoding: key, as: UTF8.self), .string(String(decoding: word, as: UTF8.self))))
        }
    }
    return pairs
}

private let levels: [String: String] = [
    "TRACE": "trace", "DEBUG": "debug", "INFO": "info", "INFORMATION": "info", "NOTICE": "notice",
    "WARN": "warning",
    "WARNING": "warning", "ERROR": "error", "ERR": "error", "SEVERE": "error", "FATAL": "fatal",
    "CRITICAL": "critical",
    "CRIT": "critical", "ALERT": "alert", "PANIC": "panic", "EMERG": "emergency", "EMERGENCY": "emergency",
]

/// The level that one of the first words names: `ERROR`, `[error]`, `error:`, or the letter that klog begins a line with.
private func levelWord(_ text: String) -> String? {
    if let level = klogLevel(text) { return level }
    for word in text.prefix(160).split(separator: " ").prefix(6) {
        let name = word.filter(\.isLetter)
        guard name.count >= 3, let level = levels[name.uppercased()] else { continue }
        let isMarked = word.count > name.count && word.allSatisfy { $0.isLetter || "[]():<>|,".contains($0) }
        if name == name.uppercased() || isMarked { return level }
    }
    return nil
}

private func klogLevel(_ text: String) -> String? {
    let start = Array(text.utf8.prefix(6))
    guard start.count == 6, start[1..<5].allSatisfy({ $0 &- 0x30 < 10 }), start[5] == UInt8(ascii: " ") else {
        return nil
    }
    return [
        UInt8(ascii: "I"): "info", UInt8(ascii: "W"): "warning", UInt8(ascii: "E"): "error",
        UInt8(ascii: "F"): "fatal",
    ][start[0]]
}

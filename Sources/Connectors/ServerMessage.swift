import EventIngest

/// What the body of an error says, on one line: the text of the usual members of JSON, else its first line.
func serverMessage(_ body: [UInt8]) -> String {
    let text = String(decoding: body, as: UTF8.self)
    if let node = JSONNode.parse(text) {
        let parts = ["errorType", "error", "message", "detail", "title"].compactMap { node[$0]?.string }
        if !parts.isEmpty { return shortened(parts.joined(separator: ": ")) }
    }
    return shortened(text)
}

func shortened(_ text: String) -> String {
    let line = text.split { $0.isWhitespace }.joined(separator: " ")
    return line.count > 300 ? "\(line.prefix(300))…" : line
}

import EventIngest

/// The scalar members of a JSON object that may be large, without reading what is nested in it.
///
/// - Returns: `nil` when the bytes are not one whole object.
func topLevelMembers(_ bytes: [UInt8]) -> [String: JSONNode]? {
    var members: [String: JSONNode] = [:]
    var depth = 0, position = 0
    /// The first byte of the key or value that is read at the top level.
    var start: Int?
    var key: String?
    var isEnded = false
    func node(_ end: Int) -> JSONNode? {
        start.flatMap { JSONNode.parse(String(decoding: bytes[$0..<end], as: UTF8.self)) }
    }
    while position < bytes.count {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""):
            guard let end = endOfString(bytes, from: position) else { return nil }
            if depth == 1, start == nil { start = position }
            position = end
            continue
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard !isEnded else { return nil }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if depth == 1, let name = key, let value = node(position) { members[name] = value }
            depth -= 1
            guard depth >= 0 else { return nil }
            isEnded = depth == 0
        case UInt8(ascii: ":") where depth == 1:
            key = node(position)?.string
            start = nil
        case UInt8(ascii: ",") where depth == 1:
            if let name = key, let value = node(position) { members[name] = value }
            (key, start) = (nil, nil)
        default:
            if depth == 1, start == nil, byte > 0x20 { start = position }
        }
        position += 1
    }
    return isEnded && bytes.first { $0 > 0x20 } == UInt8(ascii: "{") ? members : nil
}

/// The place behind the quote that closes a string.
private func endOfString(_ bytes: [UInt8], from quote: Int) -> Int? {
    var position = quote + 1
    while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "\\"): position += 2
        case UInt8(ascii: "\""): return position + 1
        default: position += 1
        }
    }
    return nil
}

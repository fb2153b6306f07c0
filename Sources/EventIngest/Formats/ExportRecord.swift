import DeployModel

/// A record that a format was turned into: named values, each name once.
struct ExportRecord: Equatable {
    private(set) var fields: [JSONNode.Member] = []
    /// Where each name is, once there are more than ``fewFields``: among a few it is sooner found by looking.
    private var places: [String: Int] = [:]
    private static let fewFields = 32

    /// A record without fields.
    init() {}

    /// A record of an instant.
    init(at time: Instant) { fields = [JSONNode.Member(key: "timestamp", value: .string("\(time)"))] }

    subscript(name: String) -> JSONNode? {
        guard fields.count > Self.fewFields else { return fields.first { $0.key == name }?.value }
        return places[name].map { fields[$0].value }
    }

    /// Sets a field that is not there yet: what stands further out (the envelope of a log line) holds.
    mutating func add(_ name: String, _ value: JSONNode?) {
        guard let value, value != .null, self[name] == nil else { return }
        fields.append(JSONNode.Member(key: name, value: value))
        guard fields.count > Self.fewFields else { return }
        for place in places.count..<fields.count { places[fields[place].key] = place }
    }

    mutating func add(_ name: String, _ text: (some StringProtocol)?) {
        add(name, text.map { .string(String($0)) })
    }

    mutating func add(_ name: String, _ number: Double?) {
        guard let number, number.isFinite else { return }
        add(name, .number(written(number)))
    }

    /// Adds the members of an object, nested ones under names joined by dots.
    mutating func add(members node: JSONNode?, below prefix: String = "", depth: Int = 0) {
        guard let node, depth < 16 else { return }
        for member in node.members {
            let name = prefix + member.key
            if case .object = member.value {
                add(members: member.value, below: name + ".", depth: depth + 1)
            } else {
                add(name, member.value)
            }
        }
    }

    /// The record as one line of JSON.
    func write(to bytes: inout [UInt8]) {
        JSONNode.object(fields).write(to: &bytes)
    }
}

/// The shortest digits, whole numbers without a point.
func written(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 9_007_199_254_740_992 ? String(Int64(number)) : "\(number)"
}

extension JSONNode {
    /// The value as JSON.
    package var json: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += Array("null".utf8)
        case .bool(let flag): bytes += Array((flag ? "true" : "false").utf8)
        case .number(let digits): bytes += Array(digits.utf8)
        case .string(let text): Self.write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x00..<0x20:
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// Cuts JSON into the values that a format wants to see one by one, however large the document around them is.
///
/// It descends into the containers whose paths it was given and hands over what lies in them, without the space between
/// tokens. A path joins keys with dots, `[]` stands for the elements of an array: `hits.hits[]`. Only one value at a time is
/// in memory. What a value holds is not checked here: who parses it does.
struct JSONCutter {
    enum Piece {
        /// A value that lies in a container that was descended into.
        case value(path: String, bytes: UnsafeRawBufferPointer, line: Int)
        /// What is no JSON; where lines hold one document each, reading goes on behind it.
        case broken(reason: String, line: Int)
    }

    /// A container that was descended into.
    private struct Container {
        var path: String
        var isArray: Bool
        /// The key whose value comes next.
        var key = ""
    }

    private enum Expectation { case document, valueOrEnd, value, keyOrEnd, key, colon, commaOrEnd }
    private enum Capture { case none, key, value, string, scalar }

    private let descends: Set<String>
    /// Whether each document is one line, so that a broken one costs that line only.
    private let isLines: Bool
    private var containers: [Container] = []
    private var expectation = Expectation.document
    private var capture = Capture.none
    /// How many brackets of the captured value are open, and which.
    private var brackets: [UInt8] = []
    private var isInString = false, isEscaped = false
    private var captured: [UInt8] = []
    private var isDamaged = false
    private var isSkipping = false
    private var line = 1
    private var startLine = 1
    private var isFirst = true

    static let longestValue = 64 << 20

    init(descends: Set<String>, isLines: Bool) {
        self.descends = descends
        self.isLines = isLines
    }

    mutating func read(_ block: UnsafeRawBufferPointer, _ body: (Piece) throws -> Void) throws {
        var position = 0
        if isFirst, block.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        isFirst = false
        while position < block.count {
            let byte = block[position]
            if byte == 0x0A {
                line += 1
                if isSkipping {
                    isSkipping = false
                } else if isLines, !isBetweenDocuments {
                    line -= 1
                    try fail("the line ends inside a JSON value", body)
                    isSkipping = false
                    line += 1
                }
            }
            if isSkipping {
                position += 1
                continue
            }
            position = try take(byte, at: position, of: block, body)
            if captured.count > Self.longestValue {
                try fail("a value is longer than 64 MiB", body)
            }
        }
    }

    /// - Throws: when the last document does not end.
    mutating func finish(_ body: (Piece) throws -> Void) throws {
        if capture == .scalar, containers.isEmpty { try endValue(body) }
        guard !isSkipping, !isBetweenDocuments else { return }
        guard isLines else { throw Unfinished(line: line, reason: nil) }
        try fail("the line ends inside a JSON value", body)
    }

    /// A document that cannot be read to its end.
    struct Unfinished: Error {
        var line: Int
        /// What is wrong with it; `nil` when it ends too early.
        var reason: String?
    }

    private var isBetweenDocuments: Bool { containers.isEmpty && capture == .none }

    private mutating func fail(_ reason: String, _ body: (Piece) throws -> Void) throws {
        containers = []
        brackets = []
        captured = []
        (capture, expectation, isInString, isEscaped, isDamaged) = (.none, .document, false, false, false)
        // A document over many lines has no place to go on from.
        guard isLines else { throw Unfinished(line: line, reason: reason) }
        isSkipping = true
        try body(.broken(reason: "it is no JSON: \(reason)", line: line))
    }

    private mutating func take(
        _ byte: UInt8, at position: Int, of block: UnsafeRawBufferPointer, _ body: (Piece) throws -> Void
    ) throws -> Int {
        switch capture {
        case .none:
            if byte > 0x20 && byte != 0x1E { try begin(byte, body) }
            return position + 1
        case .key, .string, .value:
            return try takeCaptured(byte, at: position, of: block, body)
        case .scalar:
            if byte > 0x20, ![UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(byte) {
                captured.append(byte)
                return position + 1
            }
            try endValue(body)
            // The byte that ended it is looked at again.
            return position
        }
    }

    private mutating func begin(_ byte: UInt8, _ body: (Piece) throws -> Void) throws {
        switch expectation {
        case .keyOrEnd where byte == UInt8(ascii: "}"), .commaOrEnd where byte == UInt8(ascii: "}"):
            guard containers.last?.isArray == false else { return try fail("brackets do not match", body) }
            endContainer()
        case .valueOrEnd where byte == UInt8(ascii: "]"), .commaOrEnd where byte == UInt8(ascii: "]"):
            guard containers.last?.isArray == true else { return try fail("brackets do not match", body) }
            endContainer()
        case .commaOrEnd:
            guard byte == UInt8(ascii: ",") else { return try fail("a comma is missing", body) }
            expectation = containers.last?.isArray == true ? .value : .key
        case .keyOrEnd, .key:
            guard byte == UInt8(ascii: "\"") else { return try fail("a key is no string", body) }
            startCapture(.key, byte)
        case .colon:
            guard byte == UInt8(ascii: ":") else { return try fail("a colon is missing", body) }
            expectation = .value
        case .document, .value, .valueOrEnd:
            try beginValue(byte, body)
        }
    }

    /// The path of the value that begins.
    private var path: String {
        guard let container = containers.last else { return "" }
        if container.isArray { return container.path + "[]" }
        return container.path.isEmpty ? container.key : "\(container.path).\(container.key)"
    }

    private mutating func beginValue(_ byte: UInt8, _ body: (Piece) throws -> Void) throws {
        let isOpening = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        if containers.isEmpty, !isOpening { return try fail("it is no JSON object", body) }
        if isOpening, descends.contains(path) {
            let isArray = byte == UInt8(ascii: "[")
            containers.append(Container(path: path, isArray: isArray))
            expectation = isArray ? .valueOrEnd : .keyOrEnd
            return
        }
        if isOpening {
            startCapture(.value, byte)
            brackets = [byte]
        } else {
            startCapture(byte == UInt8(ascii: "\"") ? .string : .scalar, byte)
        }
    }

    private mutating func startCapture(_ kind: Capture, _ byte: UInt8) {
        capture = kind
        captured.removeAll(keepingCapacity: true)
        captured.append(byte)
        isInString = byte == UInt8(ascii: "\"")
        isEscaped = false
        isDamaged = false
        startLine = line
    }

    /// Takes a byte of a captured value, and with it as many as belong to the same string.
    private mutating func takeCaptured(
        _ byte: UInt8, at start: Int, of block: UnsafeRawBufferPointer, _ body: (Piece) throws -> Void
    ) throws -> Int {
        var position = start
        if isInString {
            if isEscaped {
                isEscaped = false
                captured.append(byte)
                return position + 1
            }
            while position < block.count, block[position] != UInt8(ascii: "\""),
                block[position] != UInt8(ascii: "\\"),
                block[position] >= 0x20
            {
                position += 1
            }
            captured.append(contentsOf: block[start..<position])
            guard position < block.count else { return position }
            switch block[position] {
            case UInt8(ascii: "\\"):
                captured.append(block[position])
                isEscaped = true
            case UInt8(ascii: "\""):
                captured.append(block[position])
                isInString = false
                if capture != .value { try endValue(body) }
            default:
                // A newline must be met by the counting of lines.
                if position > start { return position }
                isDamaged = true
            }
            return position + 1
        }
        position += 1
        switch byte {
        case 0...0x20: return position
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): brackets.append(byte)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            // The closing bracket stands two behind the opening one in ASCII.
            guard brackets.last == byte - 2 else {
                try fail("brackets do not match", body)
                return position
            }
            brackets.removeLast()
            if brackets.isEmpty {
                captured.append(byte)
                try endValue(body)
                return position
            }
        default: break
        }
        captured.append(byte)
        return position
    }

    private mutating func endValue(_ body: (Piece) throws -> Void) throws {
        let kind = capture
        capture = .none
        if kind == .key {
            let key = captured.withUnsafeBytes { JSONNode.parse($0) }
            guard case .success(.string(let text)) = key, let last = containers.indices.last else {
                return try fail("a key is no string", body)
            }
            containers[last].key = text
            expectation = .colon
            return
        }
        let path = path
        expectation = containers.isEmpty ? .document : .commaOrEnd
        if isDamaged {
            try body(.broken(reason: "it is no JSON: a control character in a string", line: startLine))
        } else {
            try captured.withUnsafeBytes { try body(.value(path: path, bytes: $0, line: startLine)) }
        }
    }

    private mutating func endContainer() {
        containers.removeLast()
        expectation = containers.isEmpty ? .document : .commaOrEnd
    }
}

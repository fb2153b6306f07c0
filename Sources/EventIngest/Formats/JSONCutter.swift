/// Cuts JSON into the values that a format wants to see one by one, however large the document around them is.
///
/// It descends into the containers whose paths it was given and hands over what lies in them, without the space between
/// tokens. A path joins keys with dots, `[]` stands for the elements of an array: `hits.hits[]`. Only one value at a time is
/// in memory. What a value holds is not checked here: who parses it does.
package struct JSONCutter: ~Copyable {
    package enum Piece {
        /// A value that lies in a container that was descended into.
        case value(path: String, line: Int)
        /// What is no JSON; where lines hold one document each, reading goes on behind it.
        case broken(reason: String, line: Int)
    }

    /// A path that was met, with those below it; its text is made once.
    private struct Place {
        var path: String
        /// Whether containers here are descended into.
        var isOpen: Bool
        /// The keys met here, as they are written, and where they lead.
        var members: [[UInt8]: Int] = [:]
        /// Where the elements of an array are.
        var elements: Int?
    }

    /// A container that was descended into.
    private struct Container {
        var place: Int
        var isArray: Bool
        /// Where the value that comes next is.
        var next: Int
    }

    private enum Expectation { case document, valueOrEnd, value, keyOrEnd, key, colon, commaOrEnd }
    private enum Capture { case none, key, value, string, scalar }

    private let descends: Set<String>
    /// Whether each document is one line, so that a broken one costs that line only.
    private let isLines: Bool
    private var places: [Place]
    private var containers: [Container] = []
    /// Where the captured value is.
    private var place = 0
    private var expectation = Expectation.document
    private var capture = Capture.none
    /// How many brackets of the captured value are open, and which.
    private var brackets: [UInt8] = []
    private var isInString = false, isEscaped = false
    package private(set) var captured: [UInt8] = []
    private var ready: Piece?
    private var isDamaged = false
    private var isSkipping = false
    private var line = 1
    private var startLine = 1
    private var isFirst = true

    static let longestValue = 64 << 20

    package init(descends: Set<String>, isLines: Bool) {
        self.descends = descends
        self.isLines = isLines
        places = [Place(path: "", isOpen: descends.contains(""))]
    }

    /// Reads on until a piece is there; `nil` at the end of the block. The bytes of a value are in ``captured`` until the next call.
    ///
    /// - Parameter position: where to read on, which moves.
    package mutating func next(in block: UnsafeRawBufferPointer, from position: inout Int) throws(Unfinished)
        -> Piece?
    {
        ready = nil
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
                    try fail("the line ends inside a JSON value")
                    isSkipping = false
                    line += 1
                }
            }
            if isSkipping {
                position += 1
                continue
            }
            position = try take(byte, at: position, of: block)
            if captured.count > Self.longestValue {
                try fail("a value is longer than 64 MiB")
            }
            if ready != nil { return ready }
        }
        return nil
    }

    /// - Throws: when the last document does not end.
    package mutating func finish() throws(Unfinished) -> Piece? {
        guard !isSkipping, !isBetweenDocuments else { return nil }
        guard isLines else { throw Unfinished(line: line, reason: nil) }
        ready = nil
        try fail("the line ends inside a JSON value")
        return ready
    }

    /// A document that cannot be read to its end.
    package struct Unfinished: Error {
        package var line: Int
        /// What is wrong with it; `nil` when it ends too early.
        package var reason: String?
    }

    private var isBetweenDocuments: Bool { containers.isEmpty && capture == .none }

    private mutating func fail(_ reason: String) throws(Unfinished) {
        containers = []
        brackets = []
        captured = []
        (capture, expectation, isInString, isEscaped, isDamaged) = (.none, .document, false, false, false)
        // A document over many lines has no place to go on from.
        guard isLines else { throw Unfinished(line: line, reason: reason) }
        isSkipping = true
        ready = .broken(reason: "it is no JSON: \(reason)", line: line)
    }

    private mutating func take(
        _ byte: UInt8, at position: Int, of block: UnsafeRawBufferPointer
    ) throws(Unfinished) -> Int {
        switch capture {
        case .none:
            if byte > 0x20 && byte != 0x1E { try begin(byte) }
            return position + 1
        case .key, .string, .value:
            return try takeCaptured(byte, at: position, of: block)
        case .scalar:
            if byte > 0x20, byte != UInt8(ascii: ","), byte | 0x20 != UInt8(ascii: "}") {
                captured.append(byte)
                return position + 1
            }
            try endValue()
            // The byte that ended it is looked at again, unless it is space.
            return byte > 0x20 ? position : position + 1
        }
    }

    private mutating func begin(_ byte: UInt8) throws(Unfinished) {
        switch expectation {
        case .keyOrEnd where byte == UInt8(ascii: "}"), .commaOrEnd where byte == UInt8(ascii: "}"):
            guard containers.last?.isArray == false else { return try fail("brackets do not match") }
            endContainer()
        case .valueOrEnd where byte == UInt8(ascii: "]"), .commaOrEnd where byte == UInt8(ascii: "]"):
            guard containers.last?.isArray == true else { return try fail("brackets do not match") }
            endContainer()
        case .commaOrEnd:
            guard byte == UInt8(ascii: ",") else { return try fail("a comma is missing") }
            expectation = containers.last?.isArray == true ? .value : .key
        case .keyOrEnd, .key:
            guard byte == UInt8(ascii: "\"") else { return try fail("a key is no string") }
            startCapture(.key, byte)
        case .colon:
            guard byte == UInt8(ascii: ":") else { return try fail("a colon is missing") }
            expectation = .value
        case .document, .value, .valueOrEnd:
            try beginValue(byte)
        }
    }

    /// Makes a path known.
    private mutating func add(_ path: String) -> Int {
        places.append(Place(path: path, isOpen: descends.contains(path)))
        return places.count - 1
    }

    /// Where the elements of an array are.
    private mutating func elements(of place: Int) -> Int {
        if let known = places[place].elements { return known }
        let new = add(places[place].path + "[]")
        places[place].elements = new
        return new
    }

    /// Where the member of an object is whose key was captured; `nil` when the key is no string.
    private mutating func member(of place: Int) -> Int? {
        if let known = places[place].members[captured] { return known }
        guard case .success(.string(let key)) = captured.withUnsafeBytes({ JSONNode.parse($0) }) else {
            return nil
        }
        let path = places[place].path
        let new = add(path.isEmpty ? key : "\(path).\(key)")
        places[place].members[captured] = new
        return new
    }

    private mutating func beginValue(_ byte: UInt8) throws(Unfinished) {
        let isOpening = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        if containers.isEmpty, !isOpening { return try fail("it is no JSON object") }
        place = containers.last?.next ?? 0
        if isOpening, places[place].isOpen {
            let isArray = byte == UInt8(ascii: "[")
            containers.append(
                Container(place: place, isArray: isArray, next: isArray ? elements(of: place) : place))
            expectation = isArray ? .valueOrEnd : .keyOrEnd
            return
        }
        if isOpening {
            startCapture(.value, byte)
            brackets.removeAll(keepingCapacity: true)
            brackets.append(byte)
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
        _ byte: UInt8, at start: Int, of block: UnsafeRawBufferPointer
    ) throws(Unfinished) -> Int {
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
                if capture != .value { try endValue() }
            default:
                // A newline must be met by the counting of lines.
                if position > start { return position }
                isDamaged = true
            }
            return position + 1
        }
        while position < block.count, !isTelling(block[position]) { position += 1 }
        captured.append(contentsOf: block[start..<position])
        guard position < block.count, position == start else { return position }
        position += 1
        switch byte {
        case 0...0x20: return position
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): brackets.append(byte)
        default:
            // The closing bracket stands two behind the opening one in ASCII.
            guard brackets.last == byte - 2 else {
                try fail("brackets do not match")
                return position
            }
            brackets.removeLast()
            if brackets.isEmpty {
                captured.append(byte)
                try endValue()
                return position
            }
        }
        captured.append(byte)
        return position
    }

    private mutating func endValue() throws(Unfinished) {
        let kind = capture
        capture = .none
        if kind == .key {
            guard let last = containers.indices.last, let next = member(of: containers[last].place) else {
                return try fail("a key is no string")
            }
            containers[last].next = next
            expectation = .colon
            return
        }
        expectation = containers.isEmpty ? .document : .commaOrEnd
        if isDamaged {
            ready = .broken(reason: "it is no JSON: a control character in a string", line: startLine)
        } else {
            ready = .value(path: places[place].path, line: startLine)
        }
    }

    private mutating func endContainer() {
        containers.removeLast()
        expectation = containers.isEmpty ? .document : .commaOrEnd
    }
}

/// Whether a byte outside strings says where one is: space, a quote or a bracket. Braces and brackets differ in one bit.
private func isTelling(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == UInt8(ascii: "\"") || byte | 0x20 == UInt8(ascii: "{")
        || byte | 0x20 == UInt8(ascii: "}")
}

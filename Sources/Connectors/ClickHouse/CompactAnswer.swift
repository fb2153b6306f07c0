import DeployModel
import EventIngest

/// Reads an answer in `FORMAT JSONCompact` as it comes in, a row at a time.
///
/// Its end says how many rows it has, so that an answer that was cut off, or that an error broke into, is never taken for whole.
struct CompactAnswer: ~Copyable {
    private var cutter = JSONCutter(descends: ["", "data"], isLines: false)
    private var columns: [String]?
    private var count = 0
    private var declared: Int?
    /// The last bytes, in which an error says what happened.
    private var tail: [UInt8] = []

    /// Why an answer is none.
    struct Damage: Error {
        /// What the server said about it inside of the answer.
        var serverText: String?
        /// What is wrong with it.
        var reason: String
    }

    /// Reads on.
    ///
    /// - Parameter body: is handed the cells of each row; what it made of them must be forgotten when this or ``finish()`` throws.
    mutating func read(_ block: UnsafeRawBufferPointer, _ body: ([JSONNode]) throws -> Void) throws {
        keepTail(block)
        var position = 0
        while let path = try nextPath(in: block, from: &position) { try take(path, body) }
    }

    private mutating func nextPath(
        in block: UnsafeRawBufferPointer, from position: inout Int
    ) throws(Damage) -> String? {
        do {
            switch try cutter.next(in: block, from: &position) {
            case .value(let path, _): return path
            case .broken(let reason, _): throw damage(reason)
            case nil: return nil
            }
        } catch let error as JSONCutter.Unfinished {
            throw damage(error.reason ?? "it ends too early")
        } catch let error as Damage {
            throw error
        } catch {
            throw damage("it is no JSON")
        }
    }

    private mutating func take(_ path: String, _ body: ([JSONNode]) throws -> Void) throws {
        guard path == "data[]" || path == "meta" || path == "rows" || path == "exception" else { return }
        guard case .success(let node) = cutter.captured.withUnsafeBytes({ JSONNode.parse($0) }) else {
            throw damage("a row of it is no JSON")
        }
        switch path {
        case "meta": columns = node.elements.map { $0["name"]?.string ?? "" }
        case "rows": declared = node.double.flatMap { Int(exactly: $0) }
        case "exception": throw Damage(serverText: node.text, reason: "the server gave up")
        default:
            guard node.elements.count == columns?.count else {
                throw damage("a row has \(node.elements.count) cells")
            }
            count += 1
            try body(node.elements)
        }
    }

    /// Takes note of the end.
    mutating func finish() throws {
        do throws(JSONCutter.Unfinished) { _ = try cutter.finish() } catch {
            throw damage("it ends too early")
        }
        guard columns != nil, let declared else { throw damage("it ends too early") }
        guard declared == count else {
            throw damage("it says that it has \(declared) rows and has \(count)")
        }
    }

    private mutating func keepTail(_ block: UnsafeRawBufferPointer) {
        tail.append(contentsOf: block.suffix(4096))
        if tail.count > 4096 { tail.removeFirst(tail.count - 4096) }
    }

    private func damage(_ reason: String) -> Damage {
        Damage(serverText: serverException(in: String(decoding: tail, as: UTF8.self)), reason: reason)
    }
}

extension [JSONNode] {
    /// The number in a cell of a row, also where 64 bits stand in quotes.
    ///
    /// - Throws: `CompactAnswer.Damage` where there is none.
    func number(_ index: Int) throws(CompactAnswer.Damage) -> Double {
        guard let number = self[index].double, number.isFinite else {
            throw CompactAnswer.Damage(reason: "a count in it is no number")
        }
        return number
    }

    /// The same, a whole number.
    func integer(_ index: Int) throws(CompactAnswer.Damage) -> Int {
        guard let number = Int(exactly: try number(index)) else {
            throw CompactAnswer.Damage(reason: "a number in it is not whole")
        }
        return number
    }

    /// Milliseconds since 1970.
    func instant(_ index: Int) throws(CompactAnswer.Damage) -> Instant {
        Instant(milliseconds: Int64(try integer(index)))
    }
}

/// The error of ClickHouse in a text: from `Code: 241` on.
func serverException(in text: String) -> String? {
    guard text.contains("DB::Exception") else { return nil }
    let (_, rest) = text.cut(at: "Code: ") ?? ("", text)
    return "Code: \(rest.split(whereSeparator: \.isNewline).first ?? "")"
}

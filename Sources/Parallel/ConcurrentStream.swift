import Dispatch
import Synchronization

/// Does the same to values that are taken one after the other, several at a time.
///
/// - Parameters:
///   - limit: how many values are taken at most.
///   - workers: how many threads there may be at once; with one, everything happens here and in order.
///   - room: makes what a thread keeps from one value to the next, such as a buffer.
///   - take: takes the next value, `nil` behind the last one; no two threads take at the same time.
///   - body: what to do with it.
/// - Returns: the results in the order in which the values were taken; fewer than `limit` when there are no more.
/// - Throws: the error of the first value that has one, be it in taking it or in what is done with it.
public func concurrentMap<Value: Sendable, Room, Output: Sendable>(
    upTo limit: Int, workers: Int, room makeRoom: @Sendable () -> Room,
    taking take: @Sendable (inout Room) throws -> Value?,
    _ body: @Sendable (Value, inout Room) throws -> Output
) throws -> [Output] {
    let outputs = Mutex([Output]())
    _ = try concurrentFold(upTo: limit, workers: workers, room: makeRoom, taking: take, body) { output in
        outputs.withLock { $0.append(output) }
    }
    return outputs.withLock { $0 }
}

/// The same, each result handed over as soon as all before it were: while one thread does something with it, others go on.
///
/// - Parameter fold: takes the results in the order in which the values were taken, never two at once; none behind one that has
///   an error.
/// - Returns: how many results there were.
public func concurrentFold<Value: Sendable, Room, Output: Sendable>(
    upTo limit: Int, workers: Int, room makeRoom: @Sendable () -> Room,
    taking take: @Sendable (inout Room) throws -> Value?,
    _ body: @Sendable (Value, inout Room) throws -> Output, into fold: @Sendable (Output) -> Void
) throws -> Int {
    let turn = Mutex(Turn())
    let queue = Mutex(InOrder<Result<Output, any Error>>())
    @Sendable func hand(_ result: Result<Output, any Error>, at index: Int) {
        var next = queue.withLock { $0.add(result, at: index) }
        while let result = next {
            if case .success(let output) = result { fold(output) }
            next = queue.withLock { queue in
                if case .failure = result { return queue.end(with: result) }
                return queue.next()
            }
        }
    }
    @Sendable func work() {
        var room = makeRoom()
        while true {
            let taken = turn.withLock { turn -> (index: Int, value: Result<Value, any Error>)? in
                guard !turn.isEnd, turn.count < limit else { return nil }
                let value = Result { try take(&room) }
                let index = turn.count
                switch value {
                case .success(let value?):
                    turn.count += 1
                    return (index, .success(value))
                case .success(nil):
                    turn.isEnd = true
                    return nil
                case .failure(let error):
                    turn.isEnd = true
                    return (index, .failure(error))
                }
            }
            guard let taken else { return }
            let result = taken.value.flatMap { value in Result { try body(value, &room) } }
            if case .failure = result { turn.withLock { $0.isEnd = true } }
            hand(result, at: taken.index)
        }
    }
    if workers > 1, limit > 1 {
        DispatchQueue.concurrentPerform(iterations: min(workers, limit)) { _ in work() }
    } else {
        work()
    }
    return try queue.withLock { queue in
        if case .failure(let error)? = queue.last { throw error }
        return queue.count
    }
}

/// Values that become ready in any order, given back in theirs.
private struct InOrder<Value> {
    private var waiting: [Int: Value] = [:]
    /// How many were given back.
    private(set) var count = 0
    /// The one behind which none is given back.
    private(set) var last: Value?
    private var isBusy = false

    /// - Returns: the value whose turn it is, unless it is not there yet or somebody is busy with the one before.
    mutating func add(_ value: Value, at index: Int) -> Value? {
        waiting[index] = value
        return isBusy ? nil : begin()
    }

    /// What comes behind the value that somebody was busy with.
    mutating func next() -> Value? {
        isBusy = false
        count += 1
        return begin()
    }

    /// Gives none back any more.
    mutating func end(with value: Value) -> Value? {
        last = value
        return nil
    }

    private mutating func begin() -> Value? {
        guard last == nil, let value = waiting.removeValue(forKey: count) else { return nil }
        isBusy = true
        return value
    }
}

/// Whose turn it is.
private struct Turn {
    /// How many values were taken.
    var count = 0
    /// Whether there is none left, or an error ended it.
    var isEnd = false
}
